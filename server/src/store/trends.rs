//! The history of a cluster in numbers: how many faults were open after each scan that changed it, which scans saw something change, and
//! which findings came back.

use jiff::{SignedDuration, Timestamp};
use posture::check::Severity;
use posture::hub::HubKey;
use sqlx::SqliteConnection;

use super::findings::word;
use super::scans::instant;
use super::{ClusterId, FindingId, HubId, ScanNumber, Scope, StoreError};

/// How many episodes of one finding the median is taken of, the newest.
const EPISODES: u32 = 1000;

/// From the scan that a span begins with to the one it ends with.
pub type Span = (ScanNumber, ScanNumber);

/// How many faults are open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenFaults {
    /// Of each severity, the worst first, as far as the scan saw them.
    pub confirmed: [u32; 5],
    /// Those that the scan could not see, and that nothing proves to be over.
    pub unconfirmed: u32,
}

impl OpenFaults {
    /// All of them.
    pub fn total(&self) -> u32 {
        self.confirmed.iter().sum::<u32>() + self.unconfirmed
    }

    fn add(&mut self, severity: Option<Severity>, step: i64) {
        let counter = match severity {
            Some(severity) => &mut self.confirmed[severity as usize],
            None => &mut self.unconfirmed,
        };
        *counter = u32::try_from(i64::from(*counter) + step).unwrap_or_default();
    }
}

/// How many faults were open after a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultPoint {
    /// The scan.
    pub scan: ScanNumber,
    /// When it was taken.
    pub at: Timestamp,
    /// What was open from then on.
    pub open: OpenFaults,
}

/// How many faults were open after the first scan of a span and after each later one that changed it, oldest first; where nothing was
/// open, nothing is said of the first.
///
/// A fault is open until a scan proves that it is over: one that a gap hides stays open, and is not confirmed.
pub async fn faults(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (from, to): Span,
    scope: &Scope,
) -> Result<Vec<FaultPoint>, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query!(
        r#"with
             held (finding_id, opened, closed) as (
               select e.finding_id, e.opened_scan, e.closed_scan from episodes e
                 where e.cluster_id = ?1 and e.closed_scan is null and e.opened_scan <= ?3
               union all select e.finding_id, e.opened_scan, e.closed_scan from episodes e
                 where e.cluster_id = ?1 and e.closed_scan > ?2 and e.opened_scan <= ?3),
             mine (finding_id, opened, closed) as (
               select w.finding_id, w.opened, w.closed from held w
                 where ?4 is null or (select f.hub_id from findings f where f.id = w.finding_id)
                   in (select value from json_each(?4))),
             seen (severity, begun, ended) as (
               select v.severity, v.first_scan, case when v.until_scan is null then m.closed
                   when m.closed is null then v.until_scan else min(v.until_scan, m.closed) end
                 from mine m join verdicts v on v.finding_id = m.finding_id
                   and v.first_scan >= m.opened and v.first_scan < coalesce(m.closed, ?3 + 1)
                 where v.verdict in ('warn', 'fail') and (v.until_scan is null or v.until_scan > ?2)),
             steps (seq, severity, step) as (
               select max(opened, ?2), null, 1 from mine
               union all select closed, null, -1 from mine where closed is not null
               union all select max(begun, ?2), null, -1 from seen
               union all select max(begun, ?2), severity, 1 from seen
               union all select ended, null, 1 from seen where ended is not null
               union all select ended, severity, -1 from seen where ended is not null)
           select p.seq as "seq!: i64", s.taken_at as "taken_at!: i64", p.severity as "severity?: String",
             sum(p.step) as "step!: i64"
           from steps p join scans s on s.cluster_id = ?1 and s.seq = p.seq
           where p.seq <= ?3
           group by p.seq, p.severity having sum(p.step) <> 0 order by p.seq"#,
        cluster.0,
        from.0,
        to.0,
        hubs
    )
    .fetch_all(connection)
    .await?;
    let mut points: Vec<FaultPoint> = Vec::new();
    for row in rows {
        let severity = row.severity.map(|text| word::<Severity>(text, "a severity")).transpose()?;
        let scan = ScanNumber(row.seq);
        let open = match points.last_mut() {
            Some(last) if last.scan == scan => {
                last.open.add(severity, row.step);
                continue;
            }
            last => last.map(|last| last.open).unwrap_or_default(),
        };
        let mut point = FaultPoint { scan, at: instant(row.taken_at)?, open };
        point.open.add(severity, row.step);
        points.push(point);
    }
    Ok(points)
}

/// A scan that saw something change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The scan.
    pub scan: ScanNumber,
    /// When it was taken.
    pub at: Timestamp,
    /// How many faults it saw first.
    pub opened: u32,
    /// How many faults it proved to be over.
    pub closed: u32,
    /// How many objects changed in what matters, came or went.
    pub objects: u32,
}

/// The scans after the first of a span that saw something change, oldest first.
pub async fn moments(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (from, to): Span,
    scope: &Scope,
) -> Result<Vec<Moment>, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query!(
        r#"with
             seen (hub_id) as (select id from hubs where cluster_id = ?1 and ?4 is null
               union all select value from json_each(?4)),
             events (seq, opened, closed, objects) as (
               select e.opened_scan, 1, 0, 0 from episodes e
                 where e.cluster_id = ?1 and e.opened_scan > ?2 and e.opened_scan <= ?3
                   and (?4 is null or (select f.hub_id from findings f where f.id = e.finding_id) in seen)
               union all select e.closed_scan, 0, 1, 0 from episodes e
                 where e.cluster_id = ?1 and e.closed_scan > ?2 and e.closed_scan <= ?3
                   and (?4 is null or (select f.hub_id from findings f where f.id = e.finding_id) in seen)
               union all select r.first_scan, 0, 0, 1 from revisions r
                 where r.cluster_id = ?1 and r.starts_change = 1 and r.first_scan > ?2 and r.first_scan <= ?3
                   and (?4 is null or (select o.hub_id from objects o where o.id = r.object_id) in seen)
               union all select r.until_scan, 0, 0, 1 from revisions r
                 where r.cluster_id = ?1 and r.ends_change = 1 and r.until_scan > ?2 and r.until_scan <= ?3
                   and (?4 is null or (select o.hub_id from objects o where o.id = r.object_id) in seen))
           select p.seq as "seq!: i64", s.taken_at as "taken_at!: i64", sum(p.opened) as "opened!: u32",
             sum(p.closed) as "closed!: u32", sum(p.objects) as "objects!: u32"
           from events p join scans s on s.cluster_id = ?1 and s.seq = p.seq
           group by p.seq order by p.seq"#,
        cluster.0,
        from.0,
        to.0,
        hubs
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let at = instant(row.taken_at)?;
            let (scan, opened, closed, objects) = (ScanNumber(row.seq), row.opened, row.closed, row.objects);
            Ok(Moment { scan, at, opened, closed, objects })
        })
        .collect()
}

/// A finding and how often it was open in a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The finding.
    pub finding: FindingId,
    /// The code of its check.
    pub code: String,
    /// The hub; `None` for the cluster itself.
    pub hub: Option<(HubId, HubKey)>,
}

/// The findings that were open most often in a span, then those that opened last.
pub async fn opened_most(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (from, to): Span,
    scope: &Scope,
    limit: u32,
) -> Result<Vec<Opened>, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query!(
        r#"with
             held (finding_id, opened) as (
               select e.finding_id, e.opened_scan from episodes e
                 where e.cluster_id = ?1 and e.closed_scan is null and e.opened_scan <= ?3
               union all select e.finding_id, e.opened_scan from episodes e
                 where e.cluster_id = ?1 and e.closed_scan > ?2 and e.opened_scan <= ?3),
             ranked (finding_id, times, last) as (
               select w.finding_id, count(*), max(w.opened) from held w
                 where ?4 is null or (select f.hub_id from findings f where f.id = w.finding_id)
                   in (select value from json_each(?4))
                 group by w.finding_id order by 2 desc, 3 desc, 1 limit ?5)
           select f.id, f.code, f.hub_id, h.namespace as "namespace?", h.release as "release?", h.app as "app?"
           from ranked k join findings f on f.id = k.finding_id left join hubs h on h.id = f.hub_id
           order by k.times desc, k.last desc, f.id"#,
        cluster.0,
        from.0,
        to.0,
        hubs,
        limit
    )
    .fetch_all(connection)
    .await?;
    let opened = rows.into_iter().map(|row| {
        let key = row.namespace.zip(row.release.zip(row.app));
        let key = key.map(|(namespace, (release, app))| HubKey { namespace, release, app });
        Opened { finding: FindingId(row.id), code: row.code, hub: row.hub_id.map(HubId).zip(key) }
    });
    Ok(opened.collect())
}

/// How often a finding was open, and for how long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recurrence {
    /// How often.
    pub times: u32,
    /// How often it was proven to be over.
    pub fixes: u32,
    /// How long that took, from the scan that first saw the fault: half of the fixes took less.
    pub median: Option<SignedDuration>,
    /// Since when it is open at the end of the span.
    pub open_since: Option<Timestamp>,
}

/// How often a finding was open in a span, and for how long. What began before the span counts whole.
pub async fn recurrence(
    connection: &mut SqliteConnection,
    finding: FindingId,
    (from, to): Span,
) -> Result<Recurrence, StoreError> {
    let rows = sqlx::query!(
        r#"select o.taken_at as opened_at, c.taken_at as "closed_at?", count(*) over () as "times!: u32"
           from episodes e
           join scans o on o.cluster_id = e.cluster_id and o.seq = e.opened_scan
           left join scans c on c.cluster_id = e.cluster_id and c.seq = e.closed_scan and e.closed_scan <= ?3
           where e.finding_id = ?1 and e.opened_scan <= ?3 and (e.closed_scan is null or e.closed_scan > ?2)
           order by e.opened_scan desc limit ?4"#,
        finding.0,
        from.0,
        to.0,
        EPISODES
    )
    .fetch_all(connection)
    .await?;
    let Some(newest) = rows.first() else { return Ok(Recurrence::default()) };
    let open_since = if newest.closed_at.is_none() { Some(instant(newest.opened_at)?) } else { None };
    let mut lengths: Vec<i64> = rows
        .iter()
        .filter_map(|row| row.closed_at.map(|closed| closed.saturating_sub(row.opened_at).max(0)))
        .collect();
    lengths.sort_unstable();
    Ok(Recurrence {
        times: newest.times,
        fixes: newest.times - u32::from(open_since.is_some()),
        median: median(&lengths).map(SignedDuration::from_millis),
        open_since,
    })
}

/// The middle of a sorted list, or half the way between its two middles.
fn median(sorted: &[i64]) -> Option<i64> {
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = if sorted.len().is_multiple_of(2) { sorted.get(sorted.len() / 2 - 1)? } else { upper };
    Some(lower + (upper - lower) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7]), Some(7));
        assert_eq!(median(&[1, 3]), Some(2));
        assert_eq!(median(&[1, 3, 100]), Some(3));
    }
}
