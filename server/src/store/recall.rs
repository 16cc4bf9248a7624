//! The last sight of user servers, for checks that judge a hub while nobody is logged in.

use posture::check::{Recall, RecalledServers};
use posture::hub::HubKey;
use sqlx::SqliteConnection;

use super::commit::ScanCommit;
use super::hubs::HubIds;
use super::scans::instant;
use super::{ClusterId, ScanNumber, StoreError};

/// Moves the instant of the last sight, and begins a new interval where the barrier differs.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
    hubs: &HubIds,
) -> Result<(), StoreError> {
    for servers in &commit.servers {
        let Some(hub) = hubs.get(&servers.hub) else { continue };
        let seen_at = servers.seen_at.as_millisecond();
        let open = sqlx::query!(
            "select id, seen_at, barrier as \"barrier: bool\" from recalled_servers
             where hub_id = ? and until_scan is null",
            hub.0
        )
        .fetch_optional(&mut *connection)
        .await?;
        if let Some(row) = open {
            if row.barrier == servers.barrier {
                sqlx::query!(
                    "update recalled_servers set seen_at = ?1 where id = ?2 and seen_at <> ?1",
                    seen_at,
                    row.id
                )
                .execute(&mut *connection)
                .await?;
                continue;
            }
            sqlx::query!("update recalled_servers set until_scan = ? where id = ?", scan.0, row.id)
                .execute(&mut *connection)
                .await?;
        }
        sqlx::query!(
            "insert into recalled_servers (hub_id, first_scan, seen_at, barrier) values (?, ?, ?, ?)",
            hub.0,
            scan.0,
            seen_at,
            servers.barrier
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// What the checks of a scan recalled: the state that the scans before it left.
pub async fn before(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<Recall, StoreError> {
    let hubs = sqlx::query!(
        "select distinct h.namespace, h.release, h.app from hubs h join hub_facts x on x.hub_id = h.id
         where h.cluster_id = ?1 and x.first_scan < ?2 and (x.until_scan is null or x.until_scan >= ?2)
         order by h.namespace, h.release, h.app",
        cluster.0,
        scan.0
    )
    .fetch_all(&mut *connection)
    .await?;
    let servers = sqlx::query!(
        r#"select h.namespace, h.release, h.app, r.seen_at, r.barrier as "barrier: bool" from recalled_servers r
           join hubs h on h.id = r.hub_id
           where h.cluster_id = ?1 and r.first_scan < ?2 and (r.until_scan is null or r.until_scan >= ?2)
           order by h.namespace, h.release, h.app"#,
        cluster.0,
        scan.0
    )
    .fetch_all(connection)
    .await?;
    let key = |namespace, release, app| HubKey { namespace, release, app };
    let user_servers: Result<_, StoreError> = servers
        .into_iter()
        .map(|r| {
            let seen_at = instant(r.seen_at)?;
            Ok(RecalledServers { hub: key(r.namespace, r.release, r.app), seen_at, barrier: r.barrier })
        })
        .collect();
    Ok(Recall {
        hubs: hubs.into_iter().map(|r| key(r.namespace, r.release, r.app)).collect(),
        user_servers: user_servers?,
    })
}

/// What the checks of the next scan will recall.
pub async fn latest(connection: &mut SqliteConnection, cluster: ClusterId) -> Result<Recall, StoreError> {
    before(connection, cluster, ScanNumber(i64::MAX)).await
}
