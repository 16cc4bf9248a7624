//! The shapes of user servers at two scans, and around the earlier one.

use serde_json::Value;
use sqlx::SqliteConnection;

use super::super::{ClusterId, HubId, ScanNumber, Scope, StoreError};

/// The shape of servers of a hub.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerShape {
    /// The hub.
    pub hub: HubId,
    /// The body of the pods, with placeholders where each has its own.
    pub body: Value,
    /// Whether such a server ran at the earlier scan, or some time before it.
    pub was_known: bool,
    /// Whether such a server runs at the later scan.
    pub is_there: bool,
}

/// The shapes of the servers of people that ran between `since` and the later scan. `since` is before the earlier scan: a kind of server
/// that nobody used just then was there nevertheless.
pub async fn server_shapes(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    since: ScanNumber,
    (before, after): (ScanNumber, ScanNumber),
    scope: &Scope,
) -> Result<Vec<ServerShape>, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query!(
        // The bodies come last: grouping sorts every pod, and would carry one along with each.
        r#"with shapes (hub_id, shape_id, was_known, is_there) as (
             select p.hub_id, p.shape_id, max(p.first_scan <= ?3),
                 max(p.first_scan <= ?4 and (p.until_scan is null or p.until_scan > ?4))
               from hubs h
               join pods p on p.hub_id = h.id and p.first_scan <= ?4
               where h.cluster_id = ?1 and p.person is not null and (p.until_scan is null or p.until_scan > ?2)
                 and (?5 is null or p.hub_id in (select value from json_each(?5)))
               group by p.hub_id, p.shape_id)
           select s.hub_id as "hub_id!: i64", c.body as "body!: String", s.was_known as "was_known!: bool",
             s.is_there as "is_there!: bool"
           from shapes s join contents c on c.id = s.shape_id
           order by s.hub_id, s.shape_id"#,
        cluster.0,
        since.0,
        before.0,
        after.0,
        hubs
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let body = serde_json::from_str(&row.body).map_err(StoreError::unreadable("a pod"))?;
            Ok(ServerShape { hub: HubId(row.hub_id), body, was_known: row.was_known, is_there: row.is_there })
        })
        .collect()
}
