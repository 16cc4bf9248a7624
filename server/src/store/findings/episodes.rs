//! Episodes: from the first warn or fail of a finding to the proof that it is over.

use posture::check::Verdict;
use sqlx::SqliteConnection;

use super::super::{ClusterId, ScanNumber, StoreError};

/// An episode that is not over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) id: i64,
    /// Whether the last scan could still see the fault.
    pub(super) is_confirmed: bool,
}

/// What a verdict does to the episode of its finding.
pub(super) async fn judge(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    finding_id: i64,
    open: Option<Open>,
    verdict: Verdict,
) -> Result<(), StoreError> {
    match (verdict, open) {
        (Verdict::Warn | Verdict::Fail, None) => begin(connection, cluster, scan, finding_id).await,
        (Verdict::Warn | Verdict::Fail, Some(Open { id, is_confirmed: false })) => {
            sqlx::query!("update episodes set unconfirmed_since = null where id = ?", id)
                .execute(connection)
                .await?;
            Ok(())
        }
        (Verdict::Unknown, Some(Open { id, is_confirmed: true })) => lose_sight(connection, scan, id).await,
        (Verdict::Pass, Some(Open { id, .. })) => close(connection, scan, id, "pass").await,
        (Verdict::NotApplicable, Some(Open { id, .. })) => {
            close(connection, scan, id, "not-applicable").await
        }
        _ => Ok(()),
    }
}

/// What it does to an episode that no check spoke about its subject any more.
pub(super) async fn subject_missing(
    connection: &mut SqliteConnection,
    scan: ScanNumber,
    open: Open,
    is_gone: bool,
) -> Result<(), StoreError> {
    if is_gone {
        close(connection, scan, open.id, "gone").await
    } else if open.is_confirmed {
        lose_sight(connection, scan, open.id).await
    } else {
        Ok(())
    }
}

async fn begin(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    finding_id: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into episodes (cluster_id, finding_id, opened_scan) values (?, ?, ?)",
        cluster.0,
        finding_id,
        scan.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn lose_sight(connection: &mut SqliteConnection, scan: ScanNumber, id: i64) -> Result<(), StoreError> {
    sqlx::query!("update episodes set unconfirmed_since = ? where id = ?", scan.0, id)
        .execute(connection)
        .await?;
    Ok(())
}

async fn close(
    connection: &mut SqliteConnection,
    scan: ScanNumber,
    id: i64,
    by: &str,
) -> Result<(), StoreError> {
    sqlx::query!("update episodes set closed_scan = ?, closed_by = ? where id = ?", scan.0, by, id)
        .execute(connection)
        .await?;
    Ok(())
}
