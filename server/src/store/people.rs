//! The one table that leads from tokens to names of people.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{Store, StoreError};

/// Writes the names behind tokens; a name that is already known is left alone.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    people: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let seen_at = now.as_millisecond();
    for (token, name) in people {
        sqlx::query!(
            "insert into people (token, name, seen_at) values (?, ?, ?)
             on conflict (token) do update set name = excluded.name where name <> excluded.name",
            token,
            name,
            seen_at
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The name behind a token, for viewers who may see it.
pub async fn find_name(connection: &mut SqliteConnection, token: &str) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!("select name from people where token = ?", token)
        .fetch_optional(connection)
        .await?)
}

/// The token of a name, for viewers who may see names.
pub async fn find_token(connection: &mut SqliteConnection, name: &str) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!("select token from people where name = ?", name)
        .fetch_optional(connection)
        .await?)
}

impl Store {
    /// Forgets the name of one person, by token; the history keeps the token, which then leads nowhere. Says whether it was known.
    ///
    /// The bytes are overwritten in the file and in the WAL.
    pub async fn forget_person(&self, token: &str) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let done = sqlx::query!("delete from people where token = ?", token)
            .execute(&mut *transaction)
            .await
            .map_err(|e| StoreError::from(e).at(self.path()))?;
        self.finish(transaction).await?;
        self.truncate_wal().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Forgets every name, for an installation that changes to hashed names.
    pub async fn forget_everybody(&self) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let done = sqlx::query!("delete from people")
            .execute(&mut *transaction)
            .await
            .map_err(|e| StoreError::from(e).at(self.path()))?;
        self.finish(transaction).await?;
        self.truncate_wal().await?;
        Ok(done.rows_affected())
    }
}
