//! What happened in a cluster, newest first, from every table that knows of a change.

use jiff::Timestamp;
use posture::facts::ManagedField;
use posture::hub::{ChartVersion, HubKey};
use posture::kind::Kind;
use posture::object::ObjectRef;
use sqlx::SqliteConnection;

use super::findings::word;
use super::scans::instant;
use super::{ClusterId, FindingId, HubId, ScanNumber, Scope, StoreError};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The scan that saw it.
    pub scan: ScanNumber,
    /// When that was.
    pub taken_at: Timestamp,
    /// The hub it belongs to, where that is known.
    pub hub: Option<HubId>,
    /// What happened.
    pub event: Event,
    cursor: ChangeCursor,
}

impl Change {
    /// Where a list goes on after this one.
    pub fn cursor(&self) -> ChangeCursor {
        self.cursor
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A security-relevant field of an object changed, or the object is new.
    Object {
        /// The object.
        object: ObjectRef,
        /// Whether there was none before.
        is_new: bool,
        /// Who wrote to it.
        managed_fields: Vec<ManagedField>,
    },
    /// An object is gone.
    ObjectGone {
        /// The object.
        object: ObjectRef,
    },
    /// An episode opened.
    Opened {
        /// The finding.
        finding: FindingId,
        /// The code of its check.
        code: String,
    },
    /// An episode closed.
    Closed {
        /// The finding.
        finding: FindingId,
        /// The code of its check.
        code: String,
    },
    /// A hub is new, or its chart version differs.
    Hub {
        /// The hub.
        key: HubKey,
        /// The chart version before, where it was known.
        from: Option<ChartVersion>,
        /// The chart version from then on, where it is known.
        to: Option<ChartVersion>,
    },
}

/// Where a list of changes goes on: the scan, the source and the row of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangeCursor {
    scan: i64,
    source: Source,
    id: i64,
}

impl ChangeCursor {
    /// The text form for a link: `17-2-4`.
    pub fn to_text(self) -> String {
        format!("{}-{}-{}", self.scan, self.source as u8, self.id)
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-').map(str::parse::<i64>);
        let (scan, source, id) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        let source = Source::ALL.into_iter().find(|s| i64::from(*s as u8) == source)?;
        Some(Self { scan, source, id })
    }
}

/// The tables that changes come from, in the order in which one scan's changes are told, last first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Loss = 1,
    Object = 2,
    Hub = 3,
    Closed = 4,
    Opened = 5,
}

impl Source {
    const ALL: [Self; 5] = [Self::Loss, Self::Object, Self::Hub, Self::Closed, Self::Opened];
}

/// One question to one source: events strictly before (`scan`, `id`), as (event scan, row id) pairs.
struct Bound {
    cluster: i64,
    scan: i64,
    id: i64,
    hubs: Option<String>,
    limit: u32,
}

impl Bound {
    /// The bound of one source that together with the others gives everything before the cursor.
    fn new(
        cluster: ClusterId,
        source: Source,
        before: ChangeCursor,
        hubs: Option<String>,
        limit: u32,
    ) -> Self {
        let id = match source.cmp(&before.source) {
            std::cmp::Ordering::Less => i64::MAX,
            std::cmp::Ordering::Equal => before.id,
            std::cmp::Ordering::Greater => 0,
        };
        Self { cluster: cluster.0, scan: before.scan, id, hubs, limit }
    }
}

/// What happened up to a scan, newest first, at most `limit`; `before` goes on after the last one of a page.
///
/// What the first scan of a cluster found was there before, and is not told.
pub async fn changes(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    scope: &Scope,
    before: Option<ChangeCursor>,
    limit: u32,
) -> Result<Vec<Change>, StoreError> {
    let newest = ChangeCursor { scan: scan.0, source: Source::Opened, id: i64::MAX };
    let before = before.filter(|cursor| cursor.scan <= scan.0).unwrap_or(newest);
    let mut all = Vec::new();
    for source in Source::ALL {
        let bound = Bound::new(cluster, source, before, scope.parameter(), limit);
        all.extend(match source {
            Source::Object => objects(connection, &bound).await?,
            Source::Loss => losses(connection, &bound).await?,
            Source::Opened => opened(connection, &bound).await?,
            Source::Closed => closed(connection, &bound).await?,
            Source::Hub => hubs(connection, &bound).await?,
        });
    }
    all.sort_by_key(|change| std::cmp::Reverse(change.cursor));
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all)
}

/// Puts together what every source gives.
fn change(
    source: Source,
    (id, scan, taken_at): (i64, i64, i64),
    hub: Option<i64>,
    event: Event,
) -> Result<Change, StoreError> {
    Ok(Change {
        scan: ScanNumber(scan),
        taken_at: instant(taken_at)?,
        hub: hub.map(HubId),
        event,
        cursor: ChangeCursor { scan, source, id },
    })
}

fn object_ref(kind: String, namespace: String, name: String) -> Result<ObjectRef, StoreError> {
    let kind = word::<Kind>(kind, "the kind of an object")?;
    Ok(ObjectRef { kind, namespace: Some(namespace).filter(|n| !n.is_empty()), name })
}

async fn objects(connection: &mut SqliteConnection, bound: &Bound) -> Result<Vec<Change>, StoreError> {
    let rows = sqlx::query!(
        r#"select r.id, r.first_scan, s.taken_at, o.hub_id, o.kind, o.namespace, o.name, r.managed_fields_json,
             not exists (select 1 from revisions p where p.object_id = r.object_id and p.until_scan = r.first_scan
               and p.gone = 0) as "is_new!: bool"
           from revisions r
           join objects o on o.id = r.object_id
           join scans s on s.cluster_id = r.cluster_id and s.seq = r.first_scan
           where r.cluster_id = ?1 and r.starts_change = 1 and (r.first_scan, r.id) < (?2, ?3) and r.first_scan > 1
             and (?4 is null or o.hub_id in (select value from json_each(?4)))
           order by r.first_scan desc, r.id desc limit ?5"#,
        bound.cluster,
        bound.scan,
        bound.id,
        bound.hubs,
        bound.limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|r| {
            let managed_fields = serde_json::from_str(&r.managed_fields_json)
                .map_err(StoreError::unreadable("managed fields"))?;
            let object = object_ref(r.kind, r.namespace, r.name)?;
            let event = Event::Object { object, is_new: r.is_new, managed_fields };
            change(Source::Object, (r.id, r.first_scan, r.taken_at), r.hub_id, event)
        })
        .collect()
}

async fn losses(connection: &mut SqliteConnection, bound: &Bound) -> Result<Vec<Change>, StoreError> {
    let rows = sqlx::query!(
        r#"select r.id, r.until_scan as "until_scan!: i64", s.taken_at, o.hub_id, o.kind, o.namespace, o.name
           from revisions r
           join objects o on o.id = r.object_id
           join scans s on s.cluster_id = r.cluster_id and s.seq = r.until_scan
           where r.cluster_id = ?1 and r.ends_change = 1 and (r.until_scan, r.id) < (?2, ?3)
             and (?4 is null or o.hub_id in (select value from json_each(?4)))
           order by r.until_scan desc, r.id desc limit ?5"#,
        bound.cluster,
        bound.scan,
        bound.id,
        bound.hubs,
        bound.limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|r| {
            let event = Event::ObjectGone { object: object_ref(r.kind, r.namespace, r.name)? };
            change(Source::Loss, (r.id, r.until_scan, r.taken_at), r.hub_id, event)
        })
        .collect()
}

async fn opened(connection: &mut SqliteConnection, bound: &Bound) -> Result<Vec<Change>, StoreError> {
    let rows = sqlx::query!(
        r#"select e.id, e.opened_scan, s.taken_at, f.hub_id, f.code, f.id as finding_id
           from episodes e
           join findings f on f.id = e.finding_id
           join scans s on s.cluster_id = e.cluster_id and s.seq = e.opened_scan
           where e.cluster_id = ?1 and (e.opened_scan, e.id) < (?2, ?3) and e.opened_scan > 1
             and (?4 is null or f.hub_id in (select value from json_each(?4)))
           order by e.opened_scan desc, e.id desc limit ?5"#,
        bound.cluster,
        bound.scan,
        bound.id,
        bound.hubs,
        bound.limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|r| {
            let event = Event::Opened { finding: FindingId(r.finding_id), code: r.code };
            change(Source::Opened, (r.id, r.opened_scan, r.taken_at), r.hub_id, event)
        })
        .collect()
}

async fn closed(connection: &mut SqliteConnection, bound: &Bound) -> Result<Vec<Change>, StoreError> {
    let rows = sqlx::query!(
        r#"select e.id, e.closed_scan as "closed_scan!: i64", s.taken_at, f.hub_id, f.code, f.id as finding_id
           from episodes e
           join findings f on f.id = e.finding_id
           join scans s on s.cluster_id = e.cluster_id and s.seq = e.closed_scan
           where e.cluster_id = ?1 and e.closed_scan is not null and (e.closed_scan, e.id) < (?2, ?3)
             and (?4 is null or f.hub_id in (select value from json_each(?4)))
           order by e.closed_scan desc, e.id desc limit ?5"#,
        bound.cluster,
        bound.scan,
        bound.id,
        bound.hubs,
        bound.limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|r| {
            let event = Event::Closed { finding: FindingId(r.finding_id), code: r.code };
            change(Source::Closed, (r.id, r.closed_scan, r.taken_at), r.hub_id, event)
        })
        .collect()
}

async fn hubs(connection: &mut SqliteConnection, bound: &Bound) -> Result<Vec<Change>, StoreError> {
    let rows = sqlx::query!(
        r#"select x.id as "id!: i64", x.first_scan, s.taken_at, h.id as "hub_id!: i64", h.namespace, h.release, h.app, x.chart_json,
             p.chart_json as before_json
           from hub_facts x
           join hubs h on h.id = x.hub_id
           join scans s on s.cluster_id = h.cluster_id and s.seq = x.first_scan
           left join hub_facts p on p.hub_id = x.hub_id and p.until_scan = x.first_scan
           where h.cluster_id = ?1 and (x.first_scan, x.id) < (?2, ?3) and x.first_scan > 1
             and (p.id is null or p.chart_version is not x.chart_version)
             and (?4 is null or h.id in (select value from json_each(?4)))
           order by x.first_scan desc, x.id desc limit ?5"#,
        bound.cluster,
        bound.scan,
        bound.id,
        bound.hubs,
        bound.limit
    )
    .fetch_all(connection)
    .await?;
    let chart = |json: Option<String>| {
        let chart = json.map(|json| serde_json::from_str::<ChartVersion>(&json)).transpose();
        chart.map_err(StoreError::unreadable("a chart version"))
    };
    rows.into_iter()
        .map(|r| {
            let key = HubKey { namespace: r.namespace, release: r.release, app: r.app };
            let event = Event::Hub { key, from: chart(r.before_json)?, to: chart(r.chart_json)? };
            change(Source::Hub, (r.id, r.first_scan, r.taken_at), Some(r.hub_id), event)
        })
        .collect()
}
