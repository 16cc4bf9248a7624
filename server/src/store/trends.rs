//! The history of a cluster in numbers: how many faults were open after each scan that changed it, which scans saw something change, and
//! which findings came back.

use jiff::{SignedDuration, Timestamp};
use posture::check::Severity;
use posture::hub::HubKey;
use sqlx::SqliteConnection;

use super::findings::word;
use super::moments::Axis;
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

/// How many faults were open at a scan.
///
/// A fault is open until a scan proves that it is over: one that a gap hides stays open, and is not confirmed.
pub async fn open_at(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    scope: &Scope,
) -> Result<OpenFaults, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query!(
        r#"with held (finding_id, opened) as (
             select e.finding_id, e.opened_scan from episodes e
               where e.cluster_id = ?1 and e.closed_scan is null and e.opened_scan <= ?2
             union all select e.finding_id, e.opened_scan from episodes e
               where e.cluster_id = ?1 and e.closed_scan > ?2 and e.opened_scan <= ?2)
           select v.severity as "severity?: String", count(*) as "faults!: u32" from held w
           left join verdicts v on v.finding_id = w.finding_id and v.first_scan >= w.opened and v.first_scan <= ?2
             and (v.until_scan is null or v.until_scan > ?2) and v.verdict in ('warn', 'fail')
           where ?3 is null or (select f.hub_id from findings f where f.id = w.finding_id)
             in (select value from json_each(?3))
           group by v.severity"#,
        cluster.0,
        scan.0,
        hubs
    )
    .fetch_all(connection)
    .await?;
    let mut open = OpenFaults::default();
    for row in rows {
        match row.severity.map(|text| word::<Severity>(text, "a severity")).transpose()? {
            Some(severity) => open.confirmed[severity as usize] = row.faults,
            None => open.unconfirmed = row.faults,
        }
    }
    Ok(open)
}

/// How many faults were open along a line of time: after the first scan of a span, which stands at the beginning, and in each part of the
/// line after the scan with the most and after the last one. Oldest first.
///
/// Where the clock was set back, no point stands before another; of a scan whose clock stood outside the line only its place among the
/// others is known.
pub async fn line(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (from, to): Span,
    scope: &Scope,
    axis: &Axis,
) -> Result<Vec<FaultPoint>, StoreError> {
    let start = open_at(connection, cluster, from, scope).await?;
    let [critical, high, medium, low, info] = start.confirmed;
    let total = start.total();
    let hubs = scope.parameter();
    let (begins, ends) = (axis.begins.as_millisecond(), axis.ends.as_millisecond());
    let (second, length, parts) = (axis.begins.as_second(), axis.seconds(), i64::from(axis.parts));
    let rows = sqlx::query!(
        r#"with
             steps (seq, taken_at, total, critical, high, medium, low, info) as (
               select ?2, ?5, ?10, ?11, ?12, ?13, ?14, ?15
               union all
               select m.seq, max(m.taken_at), sum(m.opened - m.closed), sum(m.critical), sum(m.high), sum(m.medium), sum(m.low),
                   sum(m.info)
                 from moments m
                 where m.cluster_id = ?1 and m.seq > ?2 and m.seq <= ?3
                   and (m.opened <> m.closed or m.critical or m.high or m.medium or m.low or m.info)
                   and (?4 is null or m.hub_id in (select value from json_each(?4)))
                 group by m.seq
                 having sum(m.opened - m.closed) or sum(m.critical) or sum(m.high) or sum(m.medium) or sum(m.low)
                   or sum(m.info)),
             points (seq, taken_at, total, critical, high, medium, low, info) as materialized (
               select seq, max(case when taken_at between ?5 and ?6 then taken_at end) over through, sum(total) over through,
                   sum(critical) over through, sum(high) over through, sum(medium) over through, sum(low) over through,
                   sum(info) over through
                 from steps window through as (order by seq rows unbounded preceding)),
             placed (part, seq, taken_at, total, critical, high, medium, low, info) as (
               select min(max(taken_at / 1000 - ?7, 0), ?8) * ?9 / ?8, seq, taken_at, total, critical, high, medium, low, info
                 from points),
             -- A row of each group is the one of its maximum: SQLite answers bare columns from there.
             kept (seq, taken_at, total, critical, high, medium, low, info) as (
               select seq, taken_at, total, critical, high, medium, low, info from
                 (select *, max(total * 4294967296 + seq) from placed group by part)
               union select seq, taken_at, total, critical, high, medium, low, info from
                 (select max(seq) as seq, taken_at, total, critical, high, medium, low, info from placed group by part)
               union select seq, taken_at, total, critical, high, medium, low, info from points where seq = ?2)
           select seq as "seq!: i64", taken_at as "taken_at!: i64", total as "total!: u32", critical as "critical!: u32",
             high as "high!: u32", medium as "medium!: u32", low as "low!: u32", info as "info!: u32"
           from kept order by seq"#,
        cluster.0,
        from.0,
        to.0,
        hubs,
        begins,
        ends,
        second,
        length,
        parts,
        total,
        critical,
        high,
        medium,
        low,
        info
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let confirmed = [row.critical, row.high, row.medium, row.low, row.info];
            let unconfirmed = row.total.saturating_sub(confirmed.iter().sum());
            Ok(FaultPoint {
                scan: ScanNumber(row.seq),
                at: instant(row.taken_at)?,
                open: OpenFaults { confirmed, unconfirmed },
            })
        })
        .collect()
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

/// The newest scans after the first of a span that saw something change, oldest first.
pub async fn newest(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (from, to): Span,
    scope: &Scope,
    limit: u32,
) -> Result<Vec<Moment>, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query!(
        r#"select m.seq as "seq!: i64", max(m.taken_at) as "taken_at!: i64", sum(m.opened) as "opened!: u32",
             sum(m.closed) as "closed!: u32", sum(m.objects) as "objects!: u32"
           from moments m
           where m.cluster_id = ?1 and m.seq > ?2 and m.seq <= ?3 and (m.opened > 0 or m.closed > 0 or m.objects > 0)
             and (?4 is null or m.hub_id in (select value from json_each(?4)))
           group by m.seq order by m.seq desc limit ?5"#,
        cluster.0,
        from.0,
        to.0,
        hubs,
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .rev()
        .map(|row| {
            let at = instant(row.taken_at)?;
            let (scan, opened, closed, objects) = (ScanNumber(row.seq), row.opened, row.closed, row.objects);
            Ok(Moment { scan, at, opened, closed, objects })
        })
        .collect()
}

/// How much changed in a span after its first scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// How many scans saw something change.
    pub moments: u64,
    /// How many objects changed.
    pub objects: u32,
    /// How many of them in each part of a line in which any did, with the instant of the first scan that saw one.
    pub parts: Vec<(Timestamp, u32)>,
}

/// How much changed in a span after its first scan, along a line of time.
pub async fn changed(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (from, to): Span,
    scope: &Scope,
    axis: &Axis,
) -> Result<Changed, StoreError> {
    let hubs = scope.parameter();
    let (second, length, parts) = (axis.begins.as_second(), axis.seconds(), i64::from(axis.parts));
    let rows = sqlx::query!(
        r#"select count(distinct m.seq) as "moments!: i64", sum(m.objects) as "objects!: u32",
             -- The instant is that of the row with the least number: SQLite answers bare columns from there.
             min(case when m.objects > 0 then m.seq end) as "first?: i64", m.taken_at as "taken_at!: i64"
           from moments m
           where m.cluster_id = ?1 and m.seq > ?2 and m.seq <= ?3 and (m.opened > 0 or m.closed > 0 or m.objects > 0)
             and (?4 is null or m.hub_id in (select value from json_each(?4)))
           group by min(max(m.taken_at / 1000 - ?5, 0), ?6) * ?7 / ?6
           order by min(max(m.taken_at / 1000 - ?5, 0), ?6) * ?7 / ?6"#,
        cluster.0,
        from.0,
        to.0,
        hubs,
        second,
        length,
        parts
    )
    .fetch_all(connection)
    .await?;
    let mut changed = Changed::default();
    for row in rows {
        changed.moments += u64::try_from(row.moments).unwrap_or_default();
        changed.objects += row.objects;
        if row.first.is_some() {
            changed.parts.push((instant(row.taken_at)?, row.objects));
        }
    }
    Ok(changed)
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
