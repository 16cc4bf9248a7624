//! Pruning: what is kept for how long, and how large the file may become.

use jiff::{Timestamp, ToSpan};
use sqlx::SqliteConnection;

use super::{ClusterId, ScanNumber, Store, StoreError, contents, scans};

/// How long things are kept, and how large the file may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How many days intervals are kept after they ended. What still holds is always kept.
    pub history_days: u32,
    /// How many days pods are kept after they ended; after that only their numbers per hour remain.
    pub pod_days: u32,
    /// The size of the file in bytes above which history is shortened, down to [`SHORTEST_HISTORY_DAYS`].
    pub max_bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { history_days: 730, pod_days: 30, max_bytes: 2 << 30 }
    }
}

/// The history that a bound on the size never shortens.
pub const SHORTEST_HISTORY_DAYS: u32 = 30;

/// How many days the resourceVersions of scans are kept; API servers forget them within minutes.
const RESOURCE_VERSION_DAYS: u32 = 7;

/// How many rows one transaction removes, so that scans need not wait long for their turn.
const BATCH: i64 = 2_000;

/// Milliseconds of an hour, the unit in which numbers of pods are kept.
const HOUR: i64 = 3_600_000;

/// What pruning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// How many rows were removed.
    pub rows: u64,
    /// The size of the file afterwards, in bytes.
    pub bytes: u64,
    /// How many days of history are kept, which is less than asked for if the size demanded it.
    pub history_days: u32,
    /// Whether the file is still larger than it may be, although history is as short as it may get. Nothing more is removed then.
    pub is_over_bound: bool,
}

impl Store {
    /// Removes what is older than it is kept, shortens history while the file is too large, and gives free pages back to the disk.
    pub async fn prune(&self, retention: &Retention, now: Timestamp) -> Result<Pruned, StoreError> {
        let mut days = retention.history_days.max(SHORTEST_HISTORY_DAYS);
        let mut rows = 0;
        loop {
            rows += self.prune_to(days, retention.pod_days, now).await?;
            let bytes = self.shrink().await?;
            let is_over_bound = bytes > retention.max_bytes;
            if !is_over_bound || days == SHORTEST_HISTORY_DAYS {
                return Ok(Pruned { rows, bytes, history_days: days, is_over_bound });
            }
            days = (days / 2).max(SHORTEST_HISTORY_DAYS);
        }
    }

    async fn prune_to(&self, days: u32, pod_days: u32, now: Timestamp) -> Result<u64, StoreError> {
        let mut rows = 0;
        for cluster in self.cluster_ids().await? {
            if let Some(end) = self.last_scan_before(cluster, days, now).await? {
                rows += self.prune_history(cluster, end).await?;
            }
            if let Some(end) = self.last_scan_before(cluster, pod_days, now).await? {
                rows += self.prune_pods(cluster, end).await?;
            }
            if let Some(end) = self.last_scan_before(cluster, RESOURCE_VERSION_DAYS, now).await? {
                self.forget_resource_versions(cluster, end).await?;
            }
        }
        Ok(rows + self.collect_unreferenced(contents::collectable_before(now)).await?)
    }

    async fn cluster_ids(&self) -> Result<Vec<ClusterId>, StoreError> {
        let mut reading = self.read().await?;
        let ids = sqlx::query_scalar!("select id from clusters")
            .fetch_all(&mut *reading)
            .await
            .map_err(|e| StoreError::from(e).at(self.path()))?;
        Ok(ids.into_iter().map(ClusterId).collect())
    }

    async fn last_scan_before(
        &self,
        cluster: ClusterId,
        days: u32,
        now: Timestamp,
    ) -> Result<Option<ScanNumber>, StoreError> {
        let mut reading = self.read().await?;
        let instant = now.checked_sub((i64::from(days) * 24).hours()).unwrap_or(Timestamp::MIN);
        scans::last_before(&mut reading, cluster, instant, now).await.map_err(|e| e.at(self.path()))
    }

    /// Removes the intervals that ended at a scan or before.
    async fn prune_history(&self, cluster: ClusterId, end: ScanNumber) -> Result<u64, StoreError> {
        let mut rows = 0;
        loop {
            let mut transaction = self.write().await?;
            let removed =
                remove_ended(&mut transaction, cluster, end).await.map_err(|e| e.at(self.path()))?;
            self.finish(transaction).await?;
            rows += removed;
            if removed == 0 {
                return Ok(rows);
            }
        }
    }

    /// Replaces the pods that ended at a scan or before by their numbers per hour.
    async fn prune_pods(&self, cluster: ClusterId, end: ScanNumber) -> Result<u64, StoreError> {
        let mut rows = 0;
        loop {
            let mut transaction = self.write().await?;
            let removed = fold_pods(&mut transaction, cluster, end).await.map_err(|e| e.at(self.path()))?;
            self.finish(transaction).await?;
            rows += removed;
            if removed == 0 {
                return Ok(rows);
            }
        }
    }

    async fn forget_resource_versions(&self, cluster: ClusterId, end: ScanNumber) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query!(
            "update scans set resource_versions_json = null
             where cluster_id = ? and seq <= ? and resource_versions_json is not null",
            cluster.0,
            end.0
        )
        .execute(&mut *transaction)
        .await
        .map_err(|e| StoreError::from(e).at(self.path()))?;
        self.finish(transaction).await
    }

    /// Gives free pages back to the disk; says how large the file is then.
    async fn shrink(&self) -> Result<u64, StoreError> {
        let located = |e| StoreError::from_sqlx(self.path(), e);
        let mut connection = self.writer.acquire().await.map_err(located)?;
        sqlx::query("pragma incremental_vacuum").execute(&mut *connection).await.map_err(located)?;
        drop(connection);
        self.truncate_wal().await?;
        let mut reading = self.read().await?;
        size(&mut reading).await.map_err(|e| e.at(self.path()))
    }

    /// The size of the database in bytes, without its WAL.
    pub async fn size_bytes(&self) -> Result<u64, StoreError> {
        let mut reading = self.read().await?;
        size(&mut reading).await.map_err(|e| e.at(self.path()))
    }
}

async fn size(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let pages: i64 = sqlx::query_scalar("pragma page_count").fetch_one(&mut *connection).await?;
    let page: i64 = sqlx::query_scalar("pragma page_size").fetch_one(connection).await?;
    Ok(u64::try_from(pages * page).unwrap_or(0))
}

/// Removes one batch of ended intervals from one table after the other.
async fn remove_ended(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    end: ScanNumber,
) -> Result<u64, StoreError> {
    macro_rules! remove {
        ($table:literal, $condition:literal $(, $more:literal)?) => {
            sqlx::query!(
                "delete from "
                    + $table
                    + " where id in (select id from "
                    + $table
                    + " where "
                    + $condition
                    $(+ $more)?
                    + " limit ?3)",
                cluster.0,
                end.0,
                BATCH
            )
            .execute(&mut *connection)
            .await?
            .rows_affected()
        };
    }
    sqlx::query!(
        "update clusters set history_from = ?2 + 1 where id = ?1 and history_from <= ?2",
        cluster.0,
        end.0
    )
    .execute(&mut *connection)
    .await?;
    // An interval that holds at a pinned scan stays.
    macro_rules! remove_unpinned {
        ($table:literal, $condition:literal) => {
            remove!(
                $table,
                $condition,
                " and not exists (select 1 from baselines b where b.cluster_id = ?1 and b.seq >= first_scan and b.seq < until_scan)"
            )
        };
    }
    let mut rows = remove_unpinned!("revisions", "cluster_id = ?1 and until_scan <= ?2");
    rows += remove_unpinned!("coverage", "cluster_id = ?1 and until_scan <= ?2");
    rows += remove_unpinned!("computed", "cluster_id = ?1 and until_scan <= ?2");
    rows += remove_unpinned!("reviews", "cluster_id = ?1 and until_scan <= ?2");
    rows += remove_unpinned!("sightings", "cluster_id = ?1 and until_scan <= ?2");
    rows += remove_unpinned!("releases", "cluster_id = ?1 and until_scan <= ?2");
    rows += remove_unpinned!("verdict_counts", "cluster_id = ?1 and until_scan <= ?2");
    rows += remove_moments(connection, cluster, end).await?;
    rows += remove!("episodes", "cluster_id = ?1 and closed_scan <= ?2");
    rows += remove_unpinned!(
        "verdicts",
        "until_scan <= ?2 and finding_id in (select id from findings where cluster_id = ?1)"
    );
    rows += remove_unpinned!(
        "marks",
        "until_scan <= ?2 and hub_id in (select id from hubs where cluster_id = ?1)"
    );
    rows += remove_unpinned!(
        "hub_facts",
        "until_scan <= ?2 and hub_id in (select id from hubs where cluster_id = ?1)"
    );
    rows += remove_unpinned!(
        "recalled_servers",
        "until_scan <= ?2 and hub_id in (select id from hubs where cluster_id = ?1)"
    );
    rows += remove!(
        "objects",
        "cluster_id = ?1 and ?2 = ?2 and not exists (select 1 from revisions where object_id = objects.id)"
    );
    rows += remove!(
        "findings",
        "cluster_id = ?1 and ?2 = ?2 and not exists (select 1 from verdicts where finding_id = findings.id)
         and not exists (select 1 from episodes where finding_id = findings.id)"
    );
    Ok(rows)
}

/// Removes one batch of what scans up to one changed.
async fn remove_moments(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    end: ScanNumber,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from moments where cluster_id = ?1 and seq <= ?2 and seq <=
           (select max(seq) from (select seq from moments where cluster_id = ?1 order by seq limit ?3))",
        cluster.0,
        end.0,
        BATCH
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Replaces one batch of ended pods by numbers per hour.
async fn fold_pods(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    end: ScanNumber,
) -> Result<u64, StoreError> {
    let last = sqlx::query_scalar!(
        "select max(id) as \"id: i64\" from
           (select id from pods where cluster_id = ? and until_scan <= ? order by id limit ?)",
        cluster.0,
        end.0,
        BATCH
    )
    .fetch_one(&mut *connection)
    .await?;
    let Some(last) = last else { return Ok(0) };
    sqlx::query!("update clusters set pods_from = ?2 where id = ?1 and pods_from < ?2", cluster.0, end.0)
        .execute(&mut *connection)
        .await?;
    // An interval that continues an incarnation begins in the hour that the one before it has counted.
    sqlx::query!(
        "insert into pod_counts (cluster_id, shape_id, namespace, account, hour, hub_id, pods)
         with recursive lives (shape_id, namespace, account, hub_id, hour, last) as (
           select p.shape_id, p.namespace, p.account, p.hub_id, a.taken_at / ?4 + 1 - p.is_new, z.taken_at / ?4
           from pods p
           join scans a on a.cluster_id = p.cluster_id and a.seq = p.first_scan
           join scans z on z.cluster_id = p.cluster_id and z.seq = p.until_scan
           where p.cluster_id = ?1 and p.until_scan <= ?2 and p.id <= ?3
           union all
           select shape_id, namespace, account, hub_id, hour + 1, last from lives where hour < last)
         select ?1, shape_id, namespace, account, hour, max(hub_id), count(*) from lives where hour <= last
         group by shape_id, namespace, account, hour
         on conflict do update set pods = pods + excluded.pods",
        cluster.0,
        end.0,
        last,
        HOUR
    )
    .execute(&mut *connection)
    .await?;
    let done = sqlx::query!(
        "delete from pods where cluster_id = ? and until_scan <= ? and id <= ?",
        cluster.0,
        end.0,
        last
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
