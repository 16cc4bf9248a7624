//! How much of each kind was read, as intervals.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use posture::gap::{Gap, GapReason};
use posture::kind::Kind;
use posture::listing::Coverage;
use sqlx::SqliteConnection;

use super::commit::{ScanCommit, Trigger};
use super::findings::word;
use super::scans::{self, instant};
use super::{ClusterId, ScanNumber, Scope, StoreError};

/// The kind under which a pause of Perijove itself is kept.
pub(super) const PAUSE: &str = "*";

/// The kind under which ConfigMaps whose data could not be read are kept, each at `namespace/name`.
const CONFIG_DATA: &str = "ConfigMap/data";

/// Coverage by kind and namespace (empty: everywhere else); `None` is complete.
type Places = BTreeMap<(String, String), Option<GapReason>>;

/// Flattens the coverage of a scan to one entry per place.
fn places(commit: &ScanCommit) -> Places {
    let mut places = Places::new();
    for (kind, coverage) in &commit.coverage {
        let kind = kind_key(*kind);
        places.insert((kind.clone(), String::new()), coverage.everywhere.clone());
        for (namespace, reason) in &coverage.namespaces {
            places.insert((kind.clone(), namespace.clone()), reason.clone());
        }
    }
    for ((namespace, name), reason) in &commit.config_gaps {
        places.insert((CONFIG_DATA.to_owned(), format!("{namespace}/{name}")), Some(reason.clone()));
    }
    places
}

/// The permanent name of a kind in the database: the name of the variant.
pub(super) fn kind_key(kind: Kind) -> String {
    format!("{kind:?}")
}

/// Whether a kind is completely read in a namespace (or everywhere, for objects without one).
pub(super) fn is_full(coverage: &BTreeMap<Kind, Coverage>, kind: Kind, namespace: Option<&str>) -> bool {
    full(coverage, kind, namespace).is_ok()
}

/// The same, and if not, why.
pub fn full(
    coverage: &BTreeMap<Kind, Coverage>,
    kind: Kind,
    namespace: Option<&str>,
) -> Result<(), GapReason> {
    let coverage = coverage.get(&kind).ok_or(GapReason::NotRead)?;
    let here = namespace.and_then(|namespace| coverage.namespaces.get(namespace));
    here.unwrap_or(&coverage.everywhere).clone().map_or(Ok(()), Err)
}

struct OpenRow {
    id: i64,
    kind: String,
    namespace: String,
    reason_json: Option<String>,
}

/// Ends and begins intervals so that the open ones say what this scan could read.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
) -> Result<(), StoreError> {
    let cluster = commit.cluster;
    let mut wanted = BTreeMap::new();
    for (place, reason) in places(commit) {
        let reason = reason.as_ref().map(serde_json::to_string).transpose();
        wanted.insert(place, reason.map_err(StoreError::unreadable("a gap"))?);
    }
    let open = sqlx::query_as!(
        OpenRow,
        "select id, kind, namespace, reason_json from coverage
         where cluster_id = ? and until_scan is null and kind <> ?",
        cluster.0,
        PAUSE
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut kept = BTreeSet::new();
    for row in open {
        let place = (row.kind, row.namespace);
        if wanted.get(&place) == Some(&row.reason_json) {
            kept.insert(place);
        } else {
            sqlx::query!("update coverage set until_scan = ? where id = ?", scan.0, row.id)
                .execute(&mut *connection)
                .await?;
        }
    }
    for ((kind, namespace), reason) in wanted.into_iter().filter(|(place, _)| !kept.contains(place)) {
        let state = if reason.is_some() { "gap" } else { "full" };
        sqlx::query!(
            "insert into coverage (cluster_id, kind, namespace, state, reason_json, first_scan)
             values (?, ?, ?, ?, ?, ?)",
            cluster.0,
            kind,
            namespace,
            state,
            reason,
            scan.0
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Notes that nothing was watched between the scan before and this one: it is the first of a run, or comes so late that the machine
/// slept or nothing could be written. A clock that was set back proves nothing.
pub(super) async fn note_pause(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    before: Option<ScanNumber>,
) -> Result<(), StoreError> {
    let Some(before) = before else { return Ok(()) };
    if commit.trigger != Trigger::Initial {
        let Some(longest) = commit.longest_quiet else { return Ok(()) };
        let last = scans::get(connection, commit.cluster, before).await?;
        if commit.taken_at.duration_since(last.taken_at) <= longest {
            return Ok(());
        }
    }
    let scan = before.0 + 1;
    sqlx::query!(
        "insert into coverage (cluster_id, kind, namespace, state, first_scan, until_scan)
         values (?, ?, '', 'not-running', ?, ?)",
        commit.cluster.0,
        PAUSE,
        before.0,
        scan
    )
    .execute(connection)
    .await?;
    Ok(())
}

struct SpanRow {
    namespace: String,
    state: String,
    first_scan: i64,
    until_scan: Option<i64>,
}

/// The latest scan before `before` in which a kind was completely read in a namespace.
pub(super) async fn last_full(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    kind: &str,
    namespace: &str,
    before: ScanNumber,
) -> Result<Option<ScanNumber>, StoreError> {
    let spans = sqlx::query_as!(
        SpanRow,
        "select namespace, state, first_scan, until_scan from coverage
         where cluster_id = ?1 and kind = ?2 and namespace in ('', ?3) and first_scan < ?4
         order by first_scan desc",
        cluster.0,
        kind,
        namespace,
        before.0
    )
    .fetch_all(connection)
    .await?;
    // Coverage changes at the ends of spans only, so the answer is the last scan before one of them, or before `before`.
    let ends = spans.iter().flat_map(|s| [s.first_scan, s.until_scan.unwrap_or(before.0)]);
    let candidates: BTreeSet<i64> = ends.map(|end| end.min(before.0) - 1).collect();
    Ok(candidates.into_iter().rev().find(|scan| was_full(&spans, namespace, *scan)).map(ScanNumber))
}

/// Whether the spans say that the namespace was completely read at a scan; what is said of the namespace itself decides.
fn was_full(spans: &[SpanRow], namespace: &str, scan: i64) -> bool {
    let at = |place: &str| {
        spans.iter().find(|s| {
            s.namespace == place && s.first_scan <= scan && s.until_scan.is_none_or(|until| scan < until)
        })
    };
    at(namespace).or_else(|| at("")).is_some_and(|span| span.state == "full")
}

/// A gap at a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapView {
    /// What could not be read, and why.
    pub gap: Gap,
    /// Since when.
    pub since: Timestamp,
}

/// The first scan that can be gone back to at which nothing was hidden; `None` if something always was.
pub async fn first_complete(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
) -> Result<Option<ScanNumber>, StoreError> {
    // Something stops being hidden only where the interval of a gap ends.
    let seq = sqlx::query_scalar!(
        r#"select min(x.seq) as "seq: i64" from (
             select max(1, history_from) as seq from clusters where id = ?1
             union select until_scan from coverage where cluster_id = ?1 and state = 'gap' and until_scan is not null) x
           where exists (select 1 from scans s where s.cluster_id = ?1 and s.seq = x.seq)
             and x.seq >= (select history_from from clusters where id = ?1)
             and not exists (select 1 from coverage c where c.cluster_id = ?1 and c.state = 'gap' and c.first_scan <= x.seq
               and (c.until_scan is null or c.until_scan > x.seq))"#,
        cluster.0
    )
    .fetch_one(connection)
    .await?;
    Ok(seq.map(ScanNumber))
}

/// What could not be read at a scan, by kind and namespace. A viewer of some hubs sees the gaps of the whole cluster and those of the
/// namespaces of these hubs.
pub async fn gaps(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    scope: &Scope,
) -> Result<Vec<GapView>, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query!(
        r#"select c.kind, c.namespace, c.reason_json as "reason_json!", s.taken_at as since
           from coverage c join scans s on s.cluster_id = c.cluster_id and s.seq = c.first_scan
           where c.cluster_id = ?1 and c.state = 'gap' and c.first_scan <= ?2
             and (c.until_scan is null or c.until_scan > ?2)
             and (?3 is null or c.namespace = '' or exists (select 1 from hubs h
               where h.id in (select value from json_each(?3))
                 and (h.namespace = c.namespace or c.namespace like h.namespace || '/%')))
           order by c.kind, c.namespace"#,
        cluster.0,
        scan.0,
        hubs
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let since = instant(row.since)?;
            Ok(GapView { gap: gap_of(row.kind, row.namespace, &row.reason_json)?, since })
        })
        .collect()
}

/// A stretch of time in which a kind could not be read, or in which nothing was watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// What could not be read, and why; `None` where Perijove was not running.
    pub gap: Option<Gap>,
    /// The first scan that could not read it, or the last one before a pause.
    pub from: Timestamp,
    /// The first scan that could read it again, or the first one after a pause; `None` if that is not before the end of the span.
    pub to: Option<Timestamp>,
}

/// The gaps and pauses that touch a span of scans, oldest first.
pub async fn stretches(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (from, to): (ScanNumber, ScanNumber),
    scope: &Scope,
) -> Result<Vec<Stretch>, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query!(
        r#"select c.kind, c.namespace, c.reason_json, a.taken_at as "begun!: i64", z.taken_at as "ended?: i64"
           -- From the few intervals to their scans: SQLite would walk all scans, and a cross join keeps the order.
           from coverage c
           cross join scans a on a.cluster_id = c.cluster_id and a.seq = c.first_scan
           left join scans z on z.cluster_id = c.cluster_id and z.seq = c.until_scan and z.seq <= ?3
           where c.cluster_id = ?1 and c.state in ('gap', 'not-running') and c.first_scan <= ?3
             and (c.until_scan is null or c.until_scan > ?2)
             and (?4 is null or c.namespace = '' or exists (select 1 from hubs h
               where h.id in (select value from json_each(?4))
                 and (h.namespace = c.namespace or c.namespace like h.namespace || '/%')))
           order by c.first_scan, c.kind, c.namespace"#,
        cluster.0,
        from.0,
        to.0,
        hubs
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let gap = row.reason_json.map(|json| gap_of(row.kind, row.namespace, &json)).transpose()?;
            Ok(Stretch { gap, from: instant(row.begun)?, to: row.ended.map(instant).transpose()? })
        })
        .collect()
}

/// The gap of a row.
fn gap_of(kind: String, place: String, reason: &str) -> Result<Gap, StoreError> {
    let reason = serde_json::from_str(reason).map_err(StoreError::unreadable("a gap"))?;
    if kind == CONFIG_DATA {
        let namespace = place.split('/').next().map(str::to_owned);
        return Ok(Gap { kind: Kind::ConfigMap, namespace, reason });
    }
    let kind = word::<Kind>(kind, "the kind of a gap")?;
    Ok(Gap { kind, namespace: Some(place).filter(|place| !place.is_empty()), reason })
}

/// Whether the single pods of a scan are no longer kept: those that ended soon after it are numbers per hour by now.
pub async fn pods_are_folded(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<bool, StoreError> {
    let from = sqlx::query_scalar!("select pods_from from clusters where id = ?", cluster.0);
    Ok(from.fetch_optional(connection).await?.is_some_and(|from| scan.0 < from))
}

/// How much of each kind was read at a scan, and is still kept.
pub async fn at(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<BTreeMap<Kind, Coverage>, StoreError> {
    let rows = sqlx::query!(
        "select kind, namespace, reason_json from coverage
         where cluster_id = ?1 and kind not in (?3, ?4)
           and first_scan <= ?2 and (until_scan is null or until_scan > ?2)",
        cluster.0,
        scan.0,
        PAUSE,
        CONFIG_DATA
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut all: BTreeMap<Kind, Coverage> = BTreeMap::new();
    for row in rows {
        let reason = row.reason_json.map(|json| serde_json::from_str(&json)).transpose();
        let reason: Option<GapReason> = reason.map_err(StoreError::unreadable("a gap"))?;
        let coverage = all.entry(word(row.kind, "the kind of a gap")?).or_insert_with(Coverage::full);
        if row.namespace.is_empty() {
            coverage.everywhere = reason;
        } else {
            coverage.namespaces.insert(row.namespace, reason);
        }
    }
    if all.contains_key(&Kind::Pod) && pods_are_folded(connection, cluster, scan).await? {
        all.insert(Kind::Pod, Coverage::gap(GapReason::NotKept));
    }
    Ok(all)
}

/// The ConfigMaps, by namespace and name, whose data was to be read at a scan and could not be.
pub async fn config_gaps(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<BTreeMap<(String, String), GapReason>, StoreError> {
    let rows = sqlx::query!(
        r#"select namespace, reason_json as "reason_json!" from coverage
           where cluster_id = ?1 and kind = ?3 and first_scan <= ?2 and (until_scan is null or until_scan > ?2)"#,
        cluster.0,
        scan.0,
        CONFIG_DATA
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let reason = serde_json::from_str(&row.reason_json).map_err(StoreError::unreadable("a gap"))?;
            let (namespace, name) = row
                .namespace
                .split_once('/')
                .ok_or(StoreError::Unreadable { what: "the place of a ConfigMap", source: None })?;
            Ok(((namespace.to_owned(), name.to_owned()), reason))
        })
        .collect()
}
