//! Baselines: scans that a person pinned as known to be good.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::scans::instant;
use super::{ClusterId, ScanNumber, Store, StoreError};

/// A pinned scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// Its number in the store.
    pub id: i64,
    /// The scan.
    pub scan: ScanNumber,
    /// When the scan was taken.
    pub taken_at: Timestamp,
    /// What it is called.
    pub name: String,
    /// What was to be remembered about it; may be empty.
    pub note: String,
    /// When it was pinned.
    pub pinned_at: Timestamp,
}

/// What came of pinning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinned {
    /// It is pinned, under this number.
    Done(i64),
    /// Another baseline of the cluster has this name.
    NameTaken,
}

/// The baselines of a cluster, the one of the latest scan first.
pub async fn list(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
) -> Result<Vec<Baseline>, StoreError> {
    let rows = sqlx::query!(
        "select b.id, b.seq, s.taken_at, b.name, b.note, b.pinned_at
         from baselines b join scans s on s.cluster_id = b.cluster_id and s.seq = b.seq
         where b.cluster_id = ? order by b.seq desc, b.id desc",
        cluster.0
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Baseline {
                id: row.id,
                scan: ScanNumber(row.seq),
                taken_at: instant(row.taken_at)?,
                name: row.name,
                note: row.note,
                pinned_at: instant(row.pinned_at)?,
            })
        })
        .collect()
}

impl Store {
    /// Pins a scan under a name.
    pub async fn pin(
        &self,
        (cluster, scan): (ClusterId, ScanNumber),
        name: &str,
        note: &str,
        now: Timestamp,
    ) -> Result<Pinned, StoreError> {
        let mut transaction = self.write().await?;
        let pinned_at = now.as_millisecond();
        let done = sqlx::query!(
            "insert into baselines (cluster_id, seq, name, note, pinned_at) values (?, ?, ?, ?, ?) on conflict do nothing",
            cluster.0,
            scan.0,
            name,
            note,
            pinned_at
        )
        .execute(&mut *transaction)
        .await
        .map_err(|e| StoreError::from(e).at(self.path()))?;
        self.finish(transaction).await?;
        Ok(if done.rows_affected() == 1 { Pinned::Done(done.last_insert_rowid()) } else { Pinned::NameTaken })
    }

    /// Takes a pin out; says whether there was one.
    pub async fn unpin(&self, cluster: ClusterId, id: i64) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let done = sqlx::query!("delete from baselines where cluster_id = ? and id = ?", cluster.0, id)
            .execute(&mut *transaction)
            .await
            .map_err(|e| StoreError::from(e).at(self.path()))?;
        self.finish(transaction).await?;
        Ok(done.rows_affected() == 1)
    }
}
