//! The past of findings: the verdicts of one, and how many faults were open over time.

use jiff::Timestamp;
use posture::check::{Severity, Verdict};
use posture::text::Reason;
use sqlx::SqliteConnection;

use super::super::scans::instant;
use super::super::{ClusterId, ScanNumber, Scope, StoreError};
use super::views::{FindingId, word};

/// An interval in which a finding had one verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictSpan {
    /// The scan that first saw it, which is also where an older page begins.
    pub first_scan: ScanNumber,
    /// When that was.
    pub from: Timestamp,
    /// When it ended; `None` if it still holds.
    pub until: Option<Timestamp>,
    /// The raw verdict.
    pub verdict: Verdict,
    /// The raw severity.
    pub severity: Severity,
    /// Why.
    pub reason: Reason,
}

/// The verdicts of a finding up to a scan, newest first; `before` goes on after the last span of a page.
pub async fn history(
    connection: &mut SqliteConnection,
    finding: FindingId,
    scan: ScanNumber,
    before: Option<ScanNumber>,
    limit: u32,
) -> Result<Vec<VerdictSpan>, StoreError> {
    let end = before.map_or(scan.0, |before| before.0 - 1);
    let rows = sqlx::query!(
        r#"select v.first_scan, a.taken_at as from_at, u.taken_at as "until_at?", v.verdict, v.severity, v.reason_json
           from verdicts v
           join findings f on f.id = v.finding_id
           join scans a on a.cluster_id = f.cluster_id and a.seq = v.first_scan
           left join scans u on u.cluster_id = f.cluster_id and u.seq = v.until_scan and v.until_scan <= ?2
           where v.finding_id = ?1 and v.first_scan <= ?3
           order by v.first_scan desc limit ?4"#,
        finding.0,
        scan.0,
        end,
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(VerdictSpan {
                first_scan: ScanNumber(row.first_scan),
                from: instant(row.from_at)?,
                until: row.until_at.map(instant).transpose()?,
                verdict: word(row.verdict, "a verdict")?,
                severity: word(row.severity, "a severity")?,
                reason: serde_json::from_str(&row.reason_json).map_err(StoreError::unreadable("a reason"))?,
            })
        })
        .collect()
}

/// How many findings had an open episode at each of some instants, in their order.
pub async fn open_over_time(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scope: &Scope,
    instants: &[Timestamp],
) -> Result<Vec<u32>, StoreError> {
    let Some(earliest) = instants.iter().min() else { return Ok(Vec::new()) };
    let (earliest, hubs) = (earliest.as_millisecond(), scope.parameter());
    let rows = sqlx::query!(
        r#"select o.taken_at as opened_at, c.taken_at as "closed_at?"
           from (select finding_id, opened_scan, closed_scan from episodes
                   where cluster_id = ?1 and closed_scan is null
                 union all
                 select finding_id, opened_scan, closed_scan from episodes
                   where cluster_id = ?1 and closed_scan > coalesce((select seq from scans
                     where cluster_id = ?1 and taken_at <= ?2 order by taken_at desc limit 1), 0)) e
           join findings f on f.id = e.finding_id
           join scans o on o.cluster_id = ?1 and o.seq = e.opened_scan
           left join scans c on c.cluster_id = ?1 and c.seq = e.closed_scan
           where ?3 is null or f.hub_id in (select value from json_each(?3))"#,
        cluster.0,
        earliest,
        hubs
    )
    .fetch_all(connection)
    .await?;
    let count = |instant: &Timestamp| {
        let at = instant.as_millisecond();
        let open = rows.iter().filter(|r| r.opened_at <= at && r.closed_at.is_none_or(|closed| at < closed));
        u32::try_from(open.count()).unwrap_or(u32::MAX)
    };
    Ok(instants.iter().map(count).collect())
}
