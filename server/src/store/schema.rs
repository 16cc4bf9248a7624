//! The schema: whether a file is ours, how old it is, and bringing it up to date.

use std::path::Path;

use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions, Connection};

use super::{MIGRATOR, StoreError, meta, reading};

/// Marks the file as ours, in SQLite's header: the letters `Prjv`.
const APPLICATION_ID: i64 = 0x5072_6a76;

/// One migration that this version knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Its number, the instant it was written.
    pub version: i64,
    /// What it does.
    pub description: String,
    /// Whether the database has it.
    pub is_applied: bool,
}

/// What this version's migrations are, and which of them the database has. Reads only, also while another perijove runs.
pub async fn migrations(path: &Path) -> Result<Vec<MigrationState>, StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing { path: path.to_path_buf() });
    }
    let applied = inspect(path).await?;
    Ok(MIGRATOR
        .iter()
        .map(|migration| MigrationState {
            version: migration.version,
            description: migration.description.to_string(),
            is_applied: applied.contains(&migration.version),
        })
        .collect())
}

/// Reads which migrations a database has, and refuses what is not ours or newer than this version, without changing a byte of it.
pub(super) async fn inspect(path: &Path) -> Result<Vec<i64>, StoreError> {
    let mut connection = reading(path).connect().await.map_err(|e| StoreError::from_sqlx(path, e))?;
    let applied = read(&mut connection, path).await.map_err(|e| e.at(path));
    // Nothing depends on how the connection ends: it has only read.
    drop(connection.close().await);
    applied
}

async fn read(connection: &mut SqliteConnection, path: &Path) -> Result<Vec<i64>, StoreError> {
    let id: i64 = sqlx::query_scalar("pragma application_id").fetch_one(&mut *connection).await?;
    let tables: Vec<String> = sqlx::query_scalar("select name from sqlite_schema where type = 'table'")
        .fetch_all(&mut *connection)
        .await?;
    if id != APPLICATION_ID && (id != 0 || !tables.is_empty()) {
        return Err(StoreError::Foreign { path: path.to_path_buf() });
    }
    let has = |name: &str| tables.iter().any(|table| table == name);
    if !has("_sqlx_migrations") {
        return Ok(Vec::new());
    }
    let applied: Vec<i64> =
        sqlx::query_scalar("select version from _sqlx_migrations").fetch_all(&mut *connection).await?;
    if applied.iter().any(|version| !MIGRATOR.version_exists(*version)) {
        let version = if has("meta") { meta::find(connection, meta::VERSION).await? } else { None };
        return Err(StoreError::Newer { path: path.to_path_buf(), version });
    }
    Ok(applied)
}

/// Whether a killed process left a log beside the file. SQLite would mix it into a copy that was put back in the file's place
/// (<https://sqlite.org/howtocorrupt.html>, section 1.4).
fn is_log_left(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|found| found.len() > 0)
}

/// Checks that what a killed process left beside the file fits it, without changing a byte of either.
pub(super) async fn check_log(path: &Path) -> Result<(), StoreError> {
    if !is_log_left(path) {
        return Ok(());
    }
    let mixed = || StoreError::Mixed { path: path.to_path_buf() };
    let mut connection = reading(path).connect().await.map_err(|e| StoreError::from_sqlx(path, e))?;
    let found = sqlx::query_scalar::<_, String>("pragma quick_check(1)").fetch_one(&mut connection).await;
    drop(connection.close().await);
    match found.map_err(|e| StoreError::from_sqlx(path, e)) {
        Ok(said) if said == "ok" => Ok(()),
        Ok(_) | Err(StoreError::Corrupt { .. } | StoreError::Foreign { .. }) => Err(mixed()),
        Err(error) => Err(error),
    }
}

/// Marks the file as ours and brings its schema up to date.
pub(super) async fn prepare(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    // A pragma takes no parameters; a test compares the number with the constant.
    sqlx::query("pragma application_id = 1349675638").execute(&mut *connection).await?;
    MIGRATOR.run(&mut *connection).await.map_err(|e| StoreError::from_migration(path, e))?;
    meta::set(connection, meta::VERSION, env!("CARGO_PKG_VERSION")).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn a_new_file_carries_our_mark() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("perijove.db");
        Store::open(&path).await.unwrap().close().await;
        let header = std::fs::read(&path).unwrap();
        assert_eq!(header[68..72], APPLICATION_ID.to_be_bytes()[4..]);
    }
}
