//! Two scans compared: which objects differ in what matters, and which findings have another verdict.

mod certificates;
mod images;
mod restarts;
mod servers;

use jiff::Timestamp;
use posture::check::Verdict;
use posture::kind::Kind;
use posture::object::ObjectRef;
use posture::record::{ContentHash, Record};
use sqlx::SqliteConnection;

use super::findings::word;
use super::scans::instant;
use super::{ClusterId, HubId, ScanNumber, Scope, StoreError};

pub use certificates::certificates;
pub use images::{ImageSpan, ImagesRunning, images};
pub use restarts::restarts;
pub use servers::{ServerShape, server_shapes};

/// How many objects are compared at most; more than that is no drift but another cluster.
const MOST: usize = 1_000;

/// An object that changed between two scans, as it was at each.
#[derive(Debug, Clone, PartialEq)]
pub struct Differing {
    /// As it was; `None` if it was not there.
    pub before: Option<Record>,
    /// As it is; `None` if it is not there.
    pub after: Option<Record>,
    /// The hub it belongs to.
    pub hub: Option<HubId>,
    /// The scan that saw it change last.
    pub scan: ScanNumber,
    /// When that was.
    pub seen_at: Timestamp,
}

/// Objects that changed after one scan and until another, and whether there are more than are compared. Sorted by object.
///
/// What a gap hides at a scan is as it was last seen, and so does not differ.
pub async fn objects(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (before, after): (ScanNumber, ScanNumber),
    scope: &Scope,
) -> Result<(Vec<Differing>, bool), StoreError> {
    let hubs = scope.parameter();
    let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    let rows = sqlx::query!(
        r#"with touched (object_id, seq) as (
             select object_id, max(seq) from (
               select object_id, first_scan as seq from revisions
                 where cluster_id = ?1 and starts_change = 1 and first_scan > ?2 and first_scan <= ?3
               union all
               select object_id, until_scan from revisions
                 where cluster_id = ?1 and ends_change = 1 and until_scan > ?2 and until_scan <= ?3)
             group by object_id)
           select o.hub_id, o.kind, o.namespace, o.name, t.seq as "seq!: i64", s.taken_at,
             a.uid as "before_uid?", a.content as "before_content?", a.drift as "before_drift?",
             a.managed_fields_json as "before_managed?", ca.body as "before_body?",
             b.uid as "after_uid?", b.content as "after_content?", b.drift as "after_drift?",
             b.managed_fields_json as "after_managed?", cb.body as "after_body?"
           from touched t
           join objects o on o.id = t.object_id
           join scans s on s.cluster_id = ?1 and s.seq = t.seq
           left join revisions a on a.object_id = o.id and a.first_scan <= ?2 and (a.until_scan is null or a.until_scan > ?2)
           left join contents ca on ca.id = a.content_id
           left join revisions b on b.object_id = o.id and b.first_scan <= ?3 and (b.until_scan is null or b.until_scan > ?3)
           left join contents cb on cb.id = b.content_id
           where (?4 is null or o.hub_id in (select value from json_each(?4)))
           order by o.kind, o.namespace, o.name limit ?5"#,
        cluster.0,
        before.0,
        after.0,
        hubs,
        limit
    )
    .fetch_all(connection)
    .await?;
    let is_more = rows.len() > MOST;
    let found = rows.into_iter().take(MOST).map(|row| {
        let kind = word::<Kind>(row.kind, "the kind of an object")?;
        let namespace = Some(row.namespace).filter(|namespace| !namespace.is_empty());
        let object = ObjectRef { kind, namespace, name: row.name };
        let side = |uid, content, drift, managed, body| {
            let Some(stored) = Stored::of(uid, content, drift, managed, body) else { return Ok(None) };
            stored.record(object.clone()).map(Some)
        };
        Ok(Differing {
            before: side(
                row.before_uid,
                row.before_content,
                row.before_drift,
                row.before_managed,
                row.before_body,
            )?,
            after: side(
                row.after_uid,
                row.after_content,
                row.after_drift,
                row.after_managed,
                row.after_body,
            )?,
            hub: row.hub_id.map(HubId),
            scan: ScanNumber(row.seq),
            seen_at: instant(row.taken_at)?,
        })
    });
    Ok((found.collect::<Result<_, StoreError>>()?, is_more))
}

/// The columns of a revision.
struct Stored {
    uid: String,
    content: Vec<u8>,
    drift: Vec<u8>,
    managed: String,
    body: String,
}

impl Stored {
    fn of(
        uid: Option<String>,
        content: Option<Vec<u8>>,
        drift: Option<Vec<u8>>,
        managed: Option<String>,
        body: Option<String>,
    ) -> Option<Self> {
        Some(Self { uid: uid?, content: content?, drift: drift?, managed: managed?, body: body? })
    }

    fn record(self, object: ObjectRef) -> Result<Record, StoreError> {
        let hash = |bytes: Vec<u8>| {
            let hash =
                bytes.try_into().map_err(|_| StoreError::Unreadable { what: "a hash", source: None })?;
            Ok::<_, StoreError>(ContentHash(hash))
        };
        Ok(Record {
            object,
            uid: self.uid,
            body: serde_json::from_str(&self.body).map_err(StoreError::unreadable("an object"))?,
            content: hash(self.content)?,
            drift: hash(self.drift)?,
            managed_fields: serde_json::from_str(&self.managed)
                .map_err(StoreError::unreadable("managed fields"))?,
            resource_version: String::new(),
        })
    }
}

/// A finding whose verdict differs between two scans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// The code of its check.
    pub code: String,
    /// The hub; `None` for the cluster.
    pub hub: Option<HubId>,
    /// The verdict before; `None` where it was not asked.
    pub before: Option<Verdict>,
    /// The verdict after; `None` where it was not asked any more.
    pub after: Option<Verdict>,
    /// The scan since which the verdict is this one, whatever its reasons were meanwhile.
    pub scan: ScanNumber,
}

/// Findings that have another verdict at the later scan.
pub async fn verdicts(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (before, after): (ScanNumber, ScanNumber),
    scope: &Scope,
) -> Result<Vec<Turned>, StoreError> {
    let hubs = scope.parameter();
    let rows = sqlx::query!(
        r#"select f.code, f.hub_id, a.verdict as "before?", b.verdict as "after?",
             coalesce(
               (select max(x.until_scan) from verdicts x
                where x.finding_id = f.id and x.until_scan <= ?3 and x.verdict is not b.verdict),
               b.first_scan, a.until_scan) as "seq!: i64"
           from findings f
           left join verdicts a on a.finding_id = f.id and a.first_scan <= ?2 and (a.until_scan is null or a.until_scan > ?2)
           left join verdicts b on b.finding_id = f.id and b.first_scan <= ?3 and (b.until_scan is null or b.until_scan > ?3)
           where f.cluster_id = ?1 and a.verdict is not b.verdict
             and (?4 is null or f.hub_id in (select value from json_each(?4)))
           order by f.hub_id, f.code, f.id"#,
        cluster.0,
        before.0,
        after.0,
        hubs
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let verdict = |word_of: Option<String>| word_of.map(|text| word(text, "a verdict")).transpose();
            Ok(Turned {
                code: row.code,
                hub: row.hub_id.map(HubId),
                before: verdict(row.before)?,
                after: verdict(row.after)?,
                scan: ScanNumber(row.seq),
            })
        })
        .collect()
}
