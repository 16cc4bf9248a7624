//! What was seen of certificates outside the lists of the API, as intervals of each spot.

use std::collections::BTreeMap;

use jiff::Timestamp;
use posture::sighting::{Sight, Sightings, Spot};
use sqlx::SqliteConnection;

use super::commit::ScanCommit;
use super::scans::instant;
use super::{ClusterId, ScanNumber, Scope, StoreError, clusters};

/// An interval in which the same was seen at a spot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SightSpan {
    /// The scan that first saw it.
    pub first_scan: ScanNumber,
    /// When that was.
    pub from: Timestamp,
    /// The scan that saw something else there, or did not look any more; `None` if it still holds.
    pub until_scan: Option<ScanNumber>,
    /// When that was.
    pub until: Option<Timestamp>,
    /// What was seen, or why nothing was.
    pub sight: Sight,
}

/// Ends and begins intervals where something else is seen.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
) -> Result<(), StoreError> {
    let mut seen = BTreeMap::new();
    for (spot, sight) in &commit.sightings.spots {
        seen.insert(written(spot)?, written(sight)?);
    }
    let open = sqlx::query!(
        "select id, spot_json, sight_json from sightings where cluster_id = ? and until_scan is null",
        commit.cluster.0
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in open {
        if seen.get(&row.spot_json) == Some(&row.sight_json) {
            seen.remove(&row.spot_json);
            continue;
        }
        sqlx::query!("update sightings set until_scan = ? where id = ?", scan.0, row.id)
            .execute(&mut *connection)
            .await?;
    }
    for (spot, sight) in seen {
        sqlx::query!(
            "insert into sightings (cluster_id, spot_json, first_scan, sight_json) values (?, ?, ?, ?)",
            commit.cluster.0,
            spot,
            scan.0,
            sight
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// What was seen at a scan, and when.
pub(super) async fn at(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<Sightings, StoreError> {
    let rows = sqlx::query!(
        "select spot_json, sight_json from sightings where cluster_id = ?1 and first_scan <= ?2
         and (until_scan is null or until_scan > ?2)",
        cluster.0,
        scan.0
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut spots = BTreeMap::new();
    for row in rows {
        let spot = serde_json::from_str(&row.spot_json).map_err(StoreError::unreadable("a spot"))?;
        spots.insert(spot, sight(&row.sight_json)?);
    }
    // Whatever is asked for is a spot, if only with the reason why nothing was seen there.
    let reads_secrets = spots.keys().any(|spot| matches!(spot, Spot::Secret { .. }));
    let connects = spots.keys().any(|spot| matches!(spot, Spot::Endpoint { .. }));
    let look = sqlx::query!(
        r#"select looked_at, recalled as "is_recalled: bool" from scans where cluster_id = ?1 and seq = ?2"#,
        cluster.0,
        scan.0
    )
    .fetch_one(connection)
    .await?;
    let looked_at = look.looked_at.map(instant).transpose()?;
    let recalled_from = looked_at.filter(|_| look.is_recalled);
    Ok(Sightings { spots, reads_secrets, connects, looked_at, recalled_from })
}

/// What was seen at the latest scan of a cluster of this name, and when connections were made for it; `None` where none were.
pub async fn latest(
    connection: &mut SqliteConnection,
    cluster: &str,
) -> Result<Option<(Timestamp, Sightings)>, StoreError> {
    let Some(found) = clusters::find(connection, &Scope::All, cluster).await? else { return Ok(None) };
    let Some(scan) = found.latest else { return Ok(None) };
    let seen = at(connection, found.id, scan.number).await?;
    Ok(seen.looked_at.map(|looked_at| (looked_at, seen)))
}

/// What was seen at a spot over time, newest first; of it what history still holds.
pub async fn history(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    spot: &Spot,
) -> Result<Vec<SightSpan>, StoreError> {
    let spot = written(spot)?;
    let rows = sqlx::query!(
        r#"select s.first_scan, s.until_scan, s.sight_json, a.taken_at as from_at, u.taken_at as "until_at?"
           from sightings s
           join scans a on a.cluster_id = s.cluster_id and a.seq = s.first_scan
           left join scans u on u.cluster_id = s.cluster_id and u.seq = s.until_scan
           where s.cluster_id = ?1 and s.spot_json = ?2
           order by s.first_scan desc"#,
        cluster.0,
        spot
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(SightSpan {
                first_scan: ScanNumber(row.first_scan),
                from: instant(row.from_at)?,
                until_scan: row.until_scan.map(ScanNumber),
                until: row.until_at.map(instant).transpose()?,
                sight: sight(&row.sight_json)?,
            })
        })
        .collect()
}

fn written(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::unreadable("a sight"))
}

fn sight(json: &str) -> Result<Sight, StoreError> {
    serde_json::from_str(json).map_err(StoreError::unreadable("a sight"))
}
