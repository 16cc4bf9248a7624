//! Findings as pages show them: the verdict at a scan, since when, and whether an episode is open.

use jiff::Timestamp;
use posture::check::{Evidence, Severity, Verdict};
use posture::fix::Slots;
use posture::hub::HubKey;
use posture::kind::Kind;
use posture::object::ObjectRef;
use posture::text::Reason;
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;

use super::super::scans::instant;
use super::super::{ClusterId, HubId, ScanNumber, Scope, StoreError};
use super::Detail;

/// A finding in this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId(pub i64);

/// A finding at a scan.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingView {
    /// The finding.
    pub id: FindingId,
    /// The code of its check.
    pub code: String,
    /// The hub; `None` for a check of the cluster.
    pub hub: Option<(HubId, HubKey)>,
    /// The object it is about, where it is not the hub or the cluster itself.
    pub subject: Option<ObjectRef>,
    /// The raw verdict.
    pub verdict: Verdict,
    /// The raw severity.
    pub severity: Severity,
    /// Why.
    pub reason: Reason,
    /// A remark.
    pub note: Option<Reason>,
    /// The facts.
    pub evidence: Vec<Evidence>,
    /// Live values of the fix.
    pub slots: Slots,
    /// When Perijove first saw it so.
    pub since: Timestamp,
    /// The episode that is open at the scan.
    pub episode: Option<Episode>,
    /// How many episodes there were up to the scan, the open one included.
    pub episodes: u32,
}

/// An episode that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Episode {
    /// When Perijove first saw the fault.
    pub opened_at: Timestamp,
    /// Since when it could not be confirmed, if it could not.
    pub unconfirmed_since: Option<Timestamp>,
}

struct FindingRow {
    id: i64,
    code: String,
    hub_id: Option<i64>,
    hub_namespace: Option<String>,
    hub_release: Option<String>,
    hub_app: Option<String>,
    subject_kind: String,
    subject_namespace: String,
    subject_name: String,
    verdict: String,
    severity: String,
    reason_json: String,
    detail_json: String,
    since: i64,
    opened_at: Option<i64>,
    unconfirmed_since: Option<i64>,
    episodes: i64,
}

/// A value that the database keeps as a word or as JSON.
pub(in crate::store) fn word<T: DeserializeOwned>(word: String, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(StoreError::unreadable(what))
}

impl FindingRow {
    fn into_view(self) -> Result<FindingView, StoreError> {
        let detail: Detail =
            serde_json::from_str(&self.detail_json).map_err(StoreError::unreadable("evidence"))?;
        let subject = if self.subject_kind.is_empty() {
            None
        } else {
            Some(ObjectRef {
                kind: word::<Kind>(self.subject_kind, "the kind of a subject")?,
                namespace: Some(self.subject_namespace).filter(|n| !n.is_empty()),
                name: self.subject_name,
            })
        };
        let key = self.hub_namespace.zip(self.hub_release.zip(self.hub_app));
        let key = key.map(|(namespace, (release, app))| HubKey { namespace, release, app });
        let opened_at = self.opened_at.map(instant).transpose()?;
        let unconfirmed_since = self.unconfirmed_since.map(instant).transpose()?;
        Ok(FindingView {
            id: FindingId(self.id),
            code: self.code,
            hub: self.hub_id.map(HubId).zip(key),
            subject,
            verdict: word(self.verdict, "a verdict")?,
            severity: word(self.severity, "a severity")?,
            reason: serde_json::from_str(&self.reason_json).map_err(StoreError::unreadable("a reason"))?,
            note: detail.note,
            evidence: detail.evidence,
            slots: detail.slots,
            since: instant(self.since)?,
            episode: opened_at.map(|opened_at| Episode { opened_at, unconfirmed_since }),
            episodes: u32::try_from(self.episodes).unwrap_or(u32::MAX),
        })
    }
}

/// The findings of these ids that had a verdict at a scan, in the order of the ids.
async fn views(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    ids: &[i64],
) -> Result<Vec<FindingView>, StoreError> {
    let list: Vec<String> = ids.iter().map(i64::to_string).collect();
    let list = format!("[{}]", list.join(","));
    let rows = sqlx::query_as!(
        FindingRow,
        r#"select f.id, f.code, f.hub_id, h.namespace as "hub_namespace?", h.release as "hub_release?",
             h.app as "hub_app?", f.subject_kind, f.subject_namespace, f.subject_name,
             v.verdict, v.severity, v.reason_json, v.detail_json, vs.taken_at as since,
             es.taken_at as "opened_at?",
             (select us.taken_at from verdicts w
              join scans us on us.cluster_id = ?1 and us.seq = w.until_scan
              where v.verdict = 'unknown' and w.finding_id = f.id and w.verdict in ('warn', 'fail')
                and w.until_scan <= v.first_scan
              order by w.first_scan desc limit 1) as "unconfirmed_since?: i64",
             (select count(*) from episodes c where c.finding_id = f.id and c.opened_scan <= ?2) as "episodes!: i64"
           from json_each(?3) ids
           join findings f on f.id = ids.value and f.cluster_id = ?1
           join verdicts v on v.id = (select id from verdicts where finding_id = f.id and first_scan <= ?2
                                      order by first_scan desc limit 1)
             and (v.until_scan is null or v.until_scan > ?2)
           join scans vs on vs.cluster_id = ?1 and vs.seq = v.first_scan
           left join hubs h on h.id = f.hub_id
           left join episodes e on e.id = (select id from episodes where finding_id = f.id and opened_scan <= ?2
                                           order by opened_scan desc limit 1)
             and (e.closed_scan is null or e.closed_scan > ?2)
           left join scans es on es.cluster_id = ?1 and es.seq = e.opened_scan
           order by ids.key"#,
        cluster.0,
        scan.0,
        list
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(FindingRow::into_view).collect()
}

/// Every finding of a hub, or with `None` of the cluster's own checks, by code and subject.
///
/// A check that is not in the list was not judged at that scan.
pub async fn checklist(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    scope: &Scope,
    hub: Option<HubId>,
) -> Result<Vec<FindingView>, StoreError> {
    if !scope.allows(hub) {
        return Ok(Vec::new());
    }
    let ids = match hub.map(|hub| hub.0) {
        Some(hub) => {
            sqlx::query_scalar!(
                "select id from findings where hub_id = ? and cluster_id = ?
                 order by code, subject_kind, subject_namespace, subject_name",
                hub,
                cluster.0
            )
            .fetch_all(&mut *connection)
            .await?
        }
        None => {
            sqlx::query_scalar!(
                "select id from findings where cluster_id = ? and hub_id is null
                 order by code, subject_kind, subject_namespace, subject_name",
                cluster.0
            )
            .fetch_all(&mut *connection)
            .await?
        }
    };
    views(connection, cluster, scan, &ids).await
}

/// What one check said in a cluster: of every hub in scope, or of the cluster itself.
pub async fn of_check(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    scope: &Scope,
    code: &str,
) -> Result<Vec<FindingView>, StoreError> {
    let hubs = scope.parameter();
    let ids = sqlx::query_scalar!(
        "select f.id from findings f left join hubs h on h.id = f.hub_id
         where f.cluster_id = ?1 and f.code = ?2
           and (?3 is null or f.hub_id in (select value from json_each(?3)))
         order by h.namespace, h.release, h.app, f.subject_kind, f.subject_namespace, f.subject_name",
        cluster.0,
        code,
        hubs
    )
    .fetch_all(&mut *connection)
    .await?;
    views(connection, cluster, scan, &ids).await
}

/// Where a list of open findings goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenCursor {
    rank: i64,
    opened: i64,
    finding: i64,
}

impl OpenCursor {
    /// The text form for a link: `2-17-4`.
    pub fn to_text(self) -> String {
        format!("{}-{}-{}", self.rank, self.opened, self.finding)
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-').map(str::parse::<i64>);
        let (rank, opened, finding) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        Some(Self { rank, opened, finding })
    }
}

/// The findings whose episode is open at a scan: worst first, then newest.
///
/// Those that can no longer be confirmed are among them; their verdict is `unknown`, or they have none and are left out.
pub async fn open(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
    scope: &Scope,
    after: Option<OpenCursor>,
    limit: u32,
) -> Result<(Vec<FindingView>, Option<OpenCursor>), StoreError> {
    let hubs = scope.parameter();
    let (rank, opened, finding) = after.map_or((-1, 0, 0), |c| (c.rank, c.opened, c.finding));
    let rows = sqlx::query!(
        r#"select finding as "finding!: i64", opened as "opened!: i64", rank as "rank!: i64" from (
             select e.finding_id as finding, e.opened_scan as opened,
               case v.severity when 'critical' then 0 when 'high' then 1 when 'medium' then 2 when 'low' then 3
                 else 4 end * 3 + case v.verdict when 'fail' then 0 when 'warn' then 1 else 2 end as rank
             from (select finding_id, opened_scan from episodes
                     where cluster_id = ?1 and closed_scan is null and opened_scan <= ?2
                   union all
                   select finding_id, opened_scan from episodes
                     where cluster_id = ?1 and closed_scan > ?2 and opened_scan <= ?2) e
             join findings f on f.id = e.finding_id
             join verdicts v on v.id = (select id from verdicts where finding_id = f.id and first_scan <= ?2
                                        order by first_scan desc limit 1)
               and (v.until_scan is null or v.until_scan > ?2)
             where ?3 is null or f.hub_id in (select value from json_each(?3)))
           where (rank, -opened, finding) > (?4, -?5, ?6)
           order by rank, opened desc, finding limit ?7"#,
        cluster.0,
        scan.0,
        hubs,
        rank,
        opened,
        finding,
        limit
    )
    .fetch_all(&mut *connection)
    .await?;
    let is_full = rows.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let next = rows.last().filter(|_| is_full);
    let next = next.map(|r| OpenCursor { rank: r.rank, opened: r.opened, finding: r.finding });
    let ids: Vec<i64> = rows.iter().map(|row| row.finding).collect();
    Ok((views(connection, cluster, scan, &ids).await?, next))
}
