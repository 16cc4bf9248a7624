//! The moments at which something changed, counted: what a line of time marks.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::scans::instant;
use super::{ClusterId, Scope, StoreError};

/// A scan that saw changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When it was taken.
    pub at: Timestamp,
    /// How many changes it saw: objects that changed, came or went, faults that opened or closed, charts of another version.
    pub changes: u64,
}

/// Every moment of a cluster's history at which something changed, oldest first.
///
/// What the first scan of a cluster found was there before, and is no change.
pub async fn all(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scope: &Scope,
) -> Result<Vec<Moment>, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query!(
        r#"with
             seen (hub_id) as (select id from hubs where cluster_id = ?1 and ?2 is null
               union all select value from json_each(?2)),
             events (seq) as (
               select r.first_scan from revisions r
                 where r.cluster_id = ?1 and r.starts_change = 1 and r.first_scan > 1
                   and (?2 is null or (select o.hub_id from objects o where o.id = r.object_id) in seen)
               union all select r.until_scan from revisions r
                 where r.cluster_id = ?1 and r.ends_change = 1 and r.until_scan is not null
                   and (?2 is null or (select o.hub_id from objects o where o.id = r.object_id) in seen)
               union all select e.opened_scan from episodes e
                 where e.cluster_id = ?1 and e.opened_scan > 1
                   and (?2 is null or (select f.hub_id from findings f where f.id = e.finding_id) in seen)
               union all select e.closed_scan from episodes e
                 where e.cluster_id = ?1 and e.closed_scan is not null
                   and (?2 is null or (select f.hub_id from findings f where f.id = e.finding_id) in seen)
               union all select x.first_scan from hub_facts x
                 join hubs h on h.id = x.hub_id
                 left join hub_facts p on p.hub_id = x.hub_id and p.until_scan = x.first_scan
                 where h.cluster_id = ?1 and x.first_scan > 1 and h.id in seen
                   and (p.id is null or p.chart_version is not x.chart_version))
           select s.taken_at as "taken_at!: i64", count(*) as "changes!: i64"
           from events e join scans s on s.cluster_id = ?1 and s.seq = e.seq
           where s.seq >= (select history_from from clusters where id = ?1)
           group by e.seq order by e.seq"#,
        cluster.0,
        hubs
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let changes = u64::try_from(row.changes).unwrap_or_default();
            Ok(Moment { at: instant(row.taken_at)?, changes })
        })
        .collect()
}
