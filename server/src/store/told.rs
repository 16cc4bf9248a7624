//! What a Certificate of cert-manager said of its dates over time.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::scans::instant;
use super::{ClusterId, ScanNumber, StoreError};

/// The dates that a Certificate told, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When the scan was taken that saw it first.
    pub seen_at: Timestamp,
    /// From when the certificate holds.
    pub not_before: Option<Timestamp>,
    /// Until when.
    pub not_after: Timestamp,
    /// How many times it was issued.
    pub revision: Option<i64>,
}

/// How many revisions are looked at, the newest first.
const MOST: i64 = 1_000;

/// The dates that a Certificate told up to a scan, the newest first; what told the same is put together.
pub async fn of_certificate(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (namespace, name): (&str, &str),
    until: ScanNumber,
) -> Result<Vec<Told>, StoreError> {
    let rows = sqlx::query!(
        r#"select s.taken_at, c.body ->> '$.status.notBefore' as "not_before: String",
             c.body ->> '$.status.notAfter' as "not_after: String", c.body ->> '$.status.revision' as "revision: i64"
           from objects o
           join revisions r on r.object_id = o.id and r.first_scan <= ?4
           join contents c on c.id = r.content_id
           join scans s on s.cluster_id = r.cluster_id and s.seq = r.first_scan
           where o.cluster_id = ?1 and o.kind = 'Certificate' and o.namespace = ?2 and o.name = ?3
           order by r.first_scan desc limit ?5"#,
        cluster.0,
        namespace,
        name,
        until.0,
        MOST
    )
    .fetch_all(connection)
    .await?;
    let mut told: Vec<Told> = Vec::new();
    for row in rows {
        // Before it is issued for the first time it tells no dates.
        let date = |text: Option<String>| text.and_then(|text| text.parse::<Timestamp>().ok());
        let Some(not_after) = date(row.not_after) else { continue };
        let next = Told {
            seen_at: instant(row.taken_at)?,
            not_before: date(row.not_before),
            not_after,
            revision: row.revision,
        };
        match told.last_mut() {
            Some(last) if (last.not_before, last.not_after) == (next.not_before, next.not_after) => {
                last.seen_at = next.seen_at;
            }
            _ => told.push(next),
        }
    }
    Ok(told)
}
