//! Scans: the only thing that makes anything else visible, and the map between scan numbers and instants.

use jiff::Timestamp;
use posture::snapshot::Origin;
use sqlx::SqliteConnection;

use super::commit::{ScanCommit, Trigger};
use super::coverage::PAUSE;
use super::{ClusterId, StoreError};

/// The number of a scan in its cluster, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScanNumber(pub i64);

/// The latest scan of a cluster.
pub(super) async fn latest(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
) -> Result<Option<ScanNumber>, StoreError> {
    let seq =
        sqlx::query_scalar!("select max(seq) as \"seq: i64\" from scans where cluster_id = ?", cluster.0)
            .fetch_one(connection)
            .await?;
    Ok(seq.map(ScanNumber))
}

/// Writes the row of a scan, and forgets which resourceVersions the one before it rested on: nothing goes back to them, and a year of
/// scans that saw no change would consist of little else.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
) -> Result<(), StoreError> {
    let (taken_at, fresh_at) = (commit.taken_at.as_millisecond(), commit.fresh_at.as_millisecond());
    let cause = commit.trigger.as_str();
    let versions = serde_json::to_string(&commit.resource_versions)
        .map_err(StoreError::unreadable("resource versions"))?;
    let is_declared = commit.origin == Origin::Declared;
    let looked_at = commit.sightings.looked_at.map(Timestamp::as_millisecond);
    let releases_at = commit.releases.looked_at.map(Timestamp::as_millisecond);
    let is_recalled = commit.sightings.recalled_from.is_some();
    sqlx::query!(
        "insert into scans (cluster_id, seq, cause, taken_at, fresh_at, resource_versions_json, declared, looked_at, recalled, releases_at)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        commit.cluster.0,
        scan.0,
        cause,
        taken_at,
        fresh_at,
        versions,
        is_declared,
        looked_at,
        is_recalled,
        releases_at
    )
    .execute(&mut *connection)
    .await?;
    let before = scan.0 - 1;
    sqlx::query!(
        "update scans set resource_versions_json = null where cluster_id = ? and seq = ?",
        commit.cluster.0,
        before
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a scan judged a cluster or files.
pub(super) async fn origin(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<Origin, StoreError> {
    let is_declared = sqlx::query_scalar!(
        "select declared as \"declared: bool\" from scans where cluster_id = ? and seq = ?",
        cluster.0,
        scan.0
    )
    .fetch_one(connection)
    .await?;
    Ok(if is_declared { Origin::Declared } else { Origin::Observed })
}

/// The instant of a stored number of milliseconds.
pub(super) fn instant(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds)
        .map_err(|_| StoreError::Unreadable { what: "an instant", source: None })
}

/// A committed scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan {
    /// Its number.
    pub number: ScanNumber,
    /// What caused it.
    pub trigger: Trigger,
    /// The instant it describes.
    pub taken_at: Timestamp,
    /// The oldest of the kinds' last list, event or bookmark.
    pub fresh_at: Timestamp,
}

/// What an instant leads to: the last scan at or before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The scan.
    pub scan: Scan,
    /// Whether no later scan exists.
    pub is_latest: bool,
    /// Set if Perijove was not running at the instant: when the next run began.
    pub paused_until: Option<Timestamp>,
}

struct ScanRow {
    seq: i64,
    cause: String,
    taken_at: i64,
    fresh_at: i64,
}

impl ScanRow {
    fn into_scan(self) -> Result<Scan, StoreError> {
        let trigger = Trigger::parse(&self.cause)
            .ok_or(StoreError::Unreadable { what: "the trigger of a scan", source: None })?;
        Ok(Scan {
            number: ScanNumber(self.seq),
            trigger,
            taken_at: instant(self.taken_at)?,
            fresh_at: instant(self.fresh_at)?,
        })
    }
}

/// The scan that an instant leads to, or the latest; `None` before the first scan, or where history is pruned.
///
/// Where the clock was set back, the scan closest before the instant by the clock of then is meant.
pub async fn at(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    instant: Option<Timestamp>,
) -> Result<Option<Moment>, StoreError> {
    let Some(latest) = latest(connection, cluster).await? else { return Ok(None) };
    let Some(instant) = instant else {
        return Ok(Some(Moment {
            scan: get(connection, cluster, latest).await?,
            is_latest: true,
            paused_until: None,
        }));
    };
    let milliseconds = instant.as_millisecond();
    let row = sqlx::query_as!(
        ScanRow,
        r#"select seq as "seq!: i64", cause, taken_at, fresh_at from scans
           where cluster_id = ?1 and taken_at <= ?2 and seq >= (select history_from from clusters where id = ?1)
           order by taken_at desc, seq desc limit 1"#,
        cluster.0,
        milliseconds
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(scan) = row.map(ScanRow::into_scan).transpose()? else { return Ok(None) };
    let paused_until =
        if instant > scan.taken_at { pause_after(connection, cluster, scan.number).await? } else { None };
    Ok(Some(Moment { scan, is_latest: scan.number == latest, paused_until }))
}

/// One scan.
pub async fn get(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<Scan, StoreError> {
    let row = sqlx::query_as!(
        ScanRow,
        "select seq, cause, taken_at, fresh_at from scans where cluster_id = ? and seq = ?",
        cluster.0,
        scan.0
    )
    .fetch_optional(connection)
    .await?;
    row.ok_or_else(|| StoreError::NotFound { what: format!("scan {}", scan.0) })?.into_scan()
}

/// The first scan that can be gone back to; `None` before there is one.
pub async fn first(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
) -> Result<Option<Scan>, StoreError> {
    let row = sqlx::query_as!(
        ScanRow,
        r#"select seq as "seq!: i64", cause, taken_at, fresh_at from scans
           where cluster_id = ?1 and seq >= (select history_from from clusters where id = ?1) order by seq limit 1"#,
        cluster.0
    )
    .fetch_optional(connection)
    .await?;
    row.map(ScanRow::into_scan).transpose()
}

/// When the first scan that can be gone back to was taken, and when the latest; `None` before the first.
pub async fn span(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
    let row = sqlx::query!(
        r#"select f.taken_at as "first!: i64", l.taken_at as "last!: i64" from scans f, scans l
           where f.cluster_id = ?1 and f.seq = (select min(s.seq) from scans s join clusters c on c.id = s.cluster_id
               where s.cluster_id = ?1 and s.seq >= c.history_from)
             and l.cluster_id = ?1 and l.seq = (select max(seq) from scans where cluster_id = ?1)"#,
        cluster.0
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((instant(row.first)?, instant(row.last)?))).transpose()
}

/// When the run began that followed a pause after this scan.
async fn pause_after(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<Option<Timestamp>, StoreError> {
    let until = sqlx::query_scalar!(
        "select s.taken_at from coverage c join scans s on s.cluster_id = c.cluster_id and s.seq = c.until_scan
         where c.cluster_id = ? and c.kind = ? and c.namespace = '' and c.first_scan = ?",
        cluster.0,
        PAUSE,
        scan.0
    )
    .fetch_optional(connection)
    .await?;
    until.map(instant).transpose()
}

/// The last scan of those that were taken before an instant, whatever the clock did: the first scan taken since then ends them.
///
/// A scan that was taken before the instant by a clock that was set back, and stands among younger ones, ends nothing: else a machine that
/// starts in 1970 would lose its history. One that was taken after `now` had a clock that ran ahead, and says nothing either.
pub(super) async fn last_before(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    instant: Timestamp,
    now: Timestamp,
) -> Result<Option<ScanNumber>, StoreError> {
    let (from, to) = (instant.as_millisecond(), now.as_millisecond());
    let seq = sqlx::query_scalar!(
        r#"select coalesce(
             (select min(seq) - 1 from scans where cluster_id = ?1 and taken_at between ?2 and ?3),
             (select max(seq) from scans where cluster_id = ?1 and taken_at < ?2)) as "seq: i64""#,
        cluster.0,
        from,
        to
    )
    .fetch_one(connection)
    .await?;
    Ok(seq.filter(|seq| *seq > 0).map(ScanNumber))
}
