//! Facts about the file itself.

use sqlx::SqliteConnection;

use super::StoreError;

/// The version of the program that wrote last.
pub(super) const VERSION: &str = "version";

/// The id of the key of hashes, so that hashes of two keys are never compared.
pub(super) const HASH_KEY_ID: &str = "hash-key-id";

/// By which fields the drift hashes of what still holds were made.
pub(super) const DRIFT_FIELDS: &str = "drift-fields";

/// A fact, if it was written.
pub(super) async fn find(connection: &mut SqliteConnection, key: &str) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!("select value from meta where key = ?", key).fetch_optional(connection).await?)
}

/// Writes a fact; one that is already so is left alone.
pub(super) async fn set(connection: &mut SqliteConnection, key: &str, value: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into meta (key, value) values (?, ?)
         on conflict (key) do update set value = excluded.value where value <> excluded.value",
        key,
        value
    )
    .execute(connection)
    .await?;
    Ok(())
}
