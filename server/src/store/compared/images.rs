//! Which images ran in the pods of hubs around an earlier scan, and run at a later one.

use std::collections::BTreeSet;

use posture::drift::{Runner, Running, workload_of};
use posture::hub::HubKey;
use serde_json::Value;
use sqlx::SqliteConnection;

use super::super::{ClusterId, HubId, ScanNumber, Scope, StoreError};

/// Scans between which images are compared.
#[derive(Debug, Clone, Copy)]
pub struct ImageSpan {
    /// What ran since then counts as there at the earlier scan, of the servers of users: a kind that nobody used just then was there.
    pub servers_since: ScanNumber,
    /// The same of workloads.
    pub workloads_since: ScanNumber,
    /// The earlier scan.
    pub before: ScanNumber,
    /// The later scan.
    pub after: ScanNumber,
}

/// What ran before, and what runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImagesRunning {
    /// At the earlier scan, or some time before it.
    pub known: BTreeSet<Running>,
    /// At the later scan.
    pub now: BTreeSet<Running>,
}

/// Which images ran in the pods of these hubs.
pub async fn images(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    span: ImageSpan,
    hubs: &[(HubId, HubKey)],
    scope: &Scope,
) -> Result<ImagesRunning, StoreError> {
    let scope = scope.parameter();
    let rows = sqlx::query!(
        // Only servers of users belong to a hub by their row; other pods are of the hub that has their namespace for itself. The bodies
        // come last: grouping sorts every pod, and would carry two along with each.
        r#"with kinds (hub_id, namespace, shape_id, status_id, was_known, is_there) as (
             select p.hub_id, null, p.shape_id, p.status_id, max(p.first_scan <= ?4),
                 max(p.first_scan <= ?5 and (p.until_scan is null or p.until_scan > ?5))
               from hubs h join pods p on p.hub_id = h.id and p.first_scan <= ?5
               where h.cluster_id = ?1 and (p.until_scan is null or p.until_scan > ?2)
                 and (?6 is null or p.hub_id in (select value from json_each(?6)))
               group by p.hub_id, p.shape_id, p.status_id
             union all
             select null, p.namespace, p.shape_id, p.status_id, max(p.first_scan <= ?4),
                 max(p.first_scan <= ?5 and (p.until_scan is null or p.until_scan > ?5))
               from pods p
               where p.cluster_id = ?1 and p.hub_id is null and p.first_scan <= ?5
                 and (p.until_scan is null or p.until_scan > ?3)
                 and p.namespace in (select h.namespace from hubs h where h.cluster_id = ?1
                   and (?6 is null or h.id in (select value from json_each(?6))))
                 and (?6 is null or 1 = (select count(*) from hubs o where o.cluster_id = ?1 and o.namespace = p.namespace))
               group by p.namespace, p.shape_id, p.status_id)
           select k.hub_id as "hub_id?: i64", k.namespace as "namespace?: String", a.body as "shape!: String",
             b.body as "status!: String", k.was_known as "was_known!: bool", k.is_there as "is_there!: bool"
           from kinds k join contents a on a.id = k.shape_id join contents b on b.id = k.status_id"#,
        cluster.0,
        span.servers_since.0,
        span.workloads_since.0,
        span.before.0,
        span.after.0,
        scope
    )
    .fetch_all(connection)
    .await?;
    let mut found = ImagesRunning::default();
    for row in rows {
        let json = |text: &str| serde_json::from_str::<Value>(text).map_err(StoreError::unreadable("a pod"));
        let mut body = json(&row.shape)?;
        body["status"] = json(&row.status)?;
        body["metadata"]["namespace"] = row.namespace.unwrap_or_default().into();
        let runner = match row.hub_id {
            Some(id) => hubs.iter().find(|(hub, _)| hub.0 == id).map(|(_, hub)| Runner::Servers(hub.clone())),
            None => workload_of(&body).map(Runner::Workload),
        };
        for running in runner.iter().flat_map(|runner| Running::of(&body, runner)) {
            if row.was_known {
                found.known.insert(running.clone());
            }
            if row.is_there {
                found.now.insert(running);
            }
        }
    }
    Ok(found)
}
