//! The state of the schema, for `perijove migrate`.

use std::path::Path;

use sqlx::ConnectOptions;

use super::{APPLICATION_ID, MIGRATOR, StoreError, reading};

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
    let located = |e| StoreError::from_sqlx(path, e);
    let mut connection = reading(path).connect().await.map_err(located)?;
    let id: i64 =
        sqlx::query_scalar("pragma application_id").fetch_one(&mut connection).await.map_err(located)?;
    if id != APPLICATION_ID {
        return Err(StoreError::Foreign { path: path.to_path_buf() });
    }
    let table = "select count(*) from sqlite_schema where name = '_sqlx_migrations'";
    let tables: i64 = sqlx::query_scalar(table).fetch_one(&mut connection).await.map_err(located)?;
    let applied: Vec<i64> = if tables == 0 {
        Vec::new()
    } else {
        let applied = "select version from _sqlx_migrations where success";
        sqlx::query_scalar(applied).fetch_all(&mut connection).await.map_err(located)?
    };
    if applied.iter().any(|version| !MIGRATOR.version_exists(*version)) {
        return Err(StoreError::Newer { path: path.to_path_buf(), version: None });
    }
    Ok(MIGRATOR
        .iter()
        .map(|migration| MigrationState {
            version: migration.version,
            description: migration.description.to_string(),
            is_applied: applied.contains(&migration.version),
        })
        .collect())
}
