//! Calendars that somebody made: what they are called, and whose token opens them.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::scans::instant;
use super::{ClusterId, HubId, Scope, Store, StoreError};

/// A calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its number in the store.
    pub id: i64,
    /// The cluster that it is about.
    pub cluster: ClusterId,
    /// What it is called.
    pub name: String,
    /// What its maker may see.
    pub scope: Scope,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it was asked for last.
    pub used_at: Option<Timestamp>,
}

/// How many calendars a cluster may have.
pub const MOST: usize = 100;

/// How often the instant of the last use is written, in milliseconds: programs may ask often, and each writing takes the lock.
const USE_WRITTEN_EVERY: i64 = 60_000;

struct Row {
    id: i64,
    cluster_id: i64,
    name: String,
    scope_json: Option<String>,
    made_at: i64,
    used_at: Option<i64>,
}

fn feed(row: Row) -> Result<Feed, StoreError> {
    let scope = match row.scope_json {
        None => Scope::All,
        Some(json) => {
            let ids: Vec<i64> = serde_json::from_str(&json).map_err(StoreError::unreadable("a scope"))?;
            Scope::Hubs(ids.into_iter().map(HubId).collect())
        }
    };
    Ok(Feed {
        id: row.id,
        cluster: ClusterId(row.cluster_id),
        name: row.name,
        scope,
        made_at: instant(row.made_at)?,
        used_at: row.used_at.map(instant).transpose()?,
    })
}

fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The calendars of a cluster, the newest first.
pub async fn list(connection: &mut SqliteConnection, cluster: ClusterId) -> Result<Vec<Feed>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select id, cluster_id, name, scope_json, made_at, used_at from feeds where cluster_id = ? order by id desc",
        cluster.0
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(feed).collect()
}

/// The calendar that a token opens. Only hashes are compared, so that comparing tells nothing about the token.
pub async fn find(connection: &mut SqliteConnection, token: &str) -> Result<Option<Feed>, StoreError> {
    let token = digest(token);
    let row = sqlx::query_as!(
        Row,
        "select id, cluster_id, name, scope_json, made_at, used_at from feeds where token = ?",
        token
    )
    .fetch_optional(connection)
    .await?;
    row.map(feed).transpose()
}

impl Store {
    /// Makes a calendar that this token opens; says whether there was room for it.
    pub async fn make_feed(
        &self,
        cluster: ClusterId,
        (name, token): (&str, &str),
        scope: &Scope,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (token, scope, made_at) = (digest(token), scope.parameter(), now.as_millisecond());
        let most = i64::try_from(MOST).unwrap_or(i64::MAX);
        let mut transaction = self.write().await?;
        let done = sqlx::query!(
            "insert into feeds (cluster_id, name, token, scope_json, made_at) select ?1, ?2, ?3, ?4, ?5
             where (select count(*) from feeds where cluster_id = ?1) < ?6",
            cluster.0,
            name,
            token,
            scope,
            made_at,
            most
        )
        .execute(&mut *transaction)
        .await
        .map_err(|e| StoreError::from(e).at(self.path()))?;
        self.finish(transaction).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Remembers that a calendar was asked for.
    pub async fn feed_was_used(&self, feed: &Feed, now: Timestamp) -> Result<(), StoreError> {
        let used_at = now.as_millisecond();
        if feed.used_at.is_some_and(|at| used_at - at.as_millisecond() < USE_WRITTEN_EVERY) {
            return Ok(());
        }
        let mut transaction = self.write().await?;
        sqlx::query!("update feeds set used_at = ? where id = ?", used_at, feed.id)
            .execute(&mut *transaction)
            .await
            .map_err(|e| StoreError::from(e).at(self.path()))?;
        self.finish(transaction).await
    }

    /// Takes a calendar away; says whether there was one.
    pub async fn revoke_feed(&self, cluster: ClusterId, id: i64) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let done = sqlx::query!("delete from feeds where cluster_id = ? and id = ?", cluster.0, id)
            .execute(&mut *transaction)
            .await
            .map_err(|e| StoreError::from(e).at(self.path()))?;
        self.finish(transaction).await?;
        Ok(done.rows_affected() == 1)
    }
}
