//! Scans: the only thing that makes anything else visible, and the map between scan numbers and instants.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::commit::ScanCommit;
use super::{ClusterId, StoreError};

/// The number of a scan in its cluster, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScanNumber(pub i64);

/// The latest scan of a cluster.
pub(super) async fn latest(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
) -> Result<Option<ScanNumber>, StoreError> {
    let seq =
        sqlx::query_scalar!("select max(seq) as \"seq: i64\" from scans where cluster_id = ?", cluster.0)
            .fetch_one(connection)
            .await?;
    Ok(seq.map(ScanNumber))
}

/// Writes the row of a scan.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
) -> Result<(), StoreError> {
    let (taken_at, fresh_at) = (commit.taken_at.as_millisecond(), commit.fresh_at.as_millisecond());
    let cause = commit.trigger.as_str();
    let versions = serde_json::to_string(&commit.resource_versions)
        .map_err(StoreError::unreadable("resource versions"))?;
    sqlx::query!(
        "insert into scans (cluster_id, seq, cause, taken_at, fresh_at, resource_versions_json)
         values (?, ?, ?, ?, ?, ?)",
        commit.cluster.0,
        scan.0,
        cause,
        taken_at,
        fresh_at,
        versions
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The instant of a stored number of milliseconds.
pub(super) fn instant(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds)
        .map_err(|_| StoreError::Unreadable { what: "an instant", source: None })
}
