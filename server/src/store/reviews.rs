//! The answers about Perijove's own rights, as intervals.

use posture::gap::GapReason;
use posture::snapshot::Reviews;
use sqlx::SqliteConnection;

use super::commit::ScanCommit;
use super::{ClusterId, ScanNumber, StoreError};

/// Ends and begins an interval where the answers differ.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
) -> Result<(), StoreError> {
    let answers = serde_json::to_string(&commit.reviews).map_err(StoreError::unreadable("reviews"))?;
    let open = sqlx::query!(
        "select id, answers_json from reviews where cluster_id = ? and until_scan is null",
        commit.cluster.0
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(row) = open {
        if row.answers_json == answers {
            return Ok(());
        }
        sqlx::query!("update reviews set until_scan = ? where id = ?", scan.0, row.id)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query!(
        "insert into reviews (cluster_id, first_scan, answers_json) values (?, ?, ?)",
        commit.cluster.0,
        scan.0,
        answers
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The answers at a scan.
pub(super) async fn at(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<Result<Reviews, GapReason>, StoreError> {
    let answers = sqlx::query_scalar!(
        "select answers_json from reviews where cluster_id = ?1 and first_scan <= ?2
         and (until_scan is null or until_scan > ?2)",
        cluster.0,
        scan.0
    )
    .fetch_optional(connection)
    .await?;
    answers.map_or(Ok(Err(GapReason::NotRead)), |json| {
        serde_json::from_str(&json).map_err(StoreError::unreadable("reviews"))
    })
}
