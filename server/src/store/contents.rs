//! Redacted bodies, stored once per distinct body.

use jiff::{Timestamp, ToSpan};
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::{Store, StoreError};

/// A stored body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub i64);

/// How old a row's `staged_at` may be before staging the same body again renews it, so that restarts do not rewrite every body.
const RENEW_AFTER_MINUTES: i64 = 60;

/// How long what was written ahead may wait for its commit before it is collected.
pub(super) const COLLECT_AFTER_HOURS: u32 = 24;

/// The first 128 bits of a SHA-256.
pub(super) fn digest(bytes: &[u8]) -> [u8; 16] {
    let full: [u8; 32] = Sha256::digest(bytes).into();
    let mut half = [0; 16];
    half.copy_from_slice(&full[..16]);
    half
}

/// Stores a body unless it is stored already.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    body: &str,
    now: Timestamp,
) -> Result<ContentId, StoreError> {
    let hash = digest(body.as_bytes()).to_vec();
    let staged_at = now.as_millisecond();
    let found = sqlx::query!("select id, staged_at from contents where hash = ?", hash)
        .fetch_optional(&mut *connection)
        .await?;
    if let Some(row) = found {
        if row.staged_at < staged_at - RENEW_AFTER_MINUTES * 60_000 {
            sqlx::query!("update contents set staged_at = ? where id = ?", staged_at, row.id)
                .execute(connection)
                .await?;
        }
        return Ok(ContentId(row.id));
    }
    let id = sqlx::query_scalar!(
        "insert into contents (hash, staged_at, body) values (?, ?, ?) returning id as \"id!\"",
        hash,
        staged_at,
        body
    )
    .fetch_one(connection)
    .await?;
    Ok(ContentId(id))
}

/// The latest instant for which a row that nothing refers to may be collected at `now`.
pub(super) fn collectable_before(now: Timestamp) -> Timestamp {
    now.checked_sub(i64::from(COLLECT_AFTER_HOURS).hours()).unwrap_or(Timestamp::MIN)
}

impl Store {
    /// Removes bodies that nothing refers to, that were written ahead before an instant and do not wait for a commit; gives their number.
    pub(super) async fn collect_unreferenced(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let removed =
            collect(&mut transaction, before, &self.waiting.list()).await.map_err(|e| e.at(self.path()))?;
        self.finish(transaction).await?;
        Ok(removed)
    }
}

async fn collect(
    connection: &mut SqliteConnection,
    before: Timestamp,
    waiting: &str,
) -> Result<u64, StoreError> {
    let before = before.as_millisecond();
    let done = sqlx::query!(
        "delete from contents where staged_at < ?
         and id not in (select value from json_each(?))
         and id not in (select shape_id from staged_pods union all select status_id from staged_pods)
         and not exists (select 1 from revisions where content_id = contents.id)
         and not exists (select 1 from current_objects where content_id = contents.id)
         and not exists (select 1 from pods where shape_id = contents.id)
         and not exists (select 1 from pods where status_id = contents.id)
         and not exists (select 1 from pod_counts where shape_id = contents.id)
         and not exists (select 1 from computed where content_id = contents.id)
         and not exists (select 1 from releases where content_id = contents.id)",
        before,
        waiting
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
