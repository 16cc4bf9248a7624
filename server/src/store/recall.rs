//! The last sight of user servers, for checks that judge a hub while nobody is logged in.

use sqlx::SqliteConnection;

use super::commit::ScanCommit;
use super::hubs::HubIds;
use super::{ScanNumber, StoreError};

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
