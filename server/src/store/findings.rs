//! Findings: their keys, their verdicts as intervals, and the episodes in which they were open.

mod compared;
mod counts;
mod episodes;
mod history;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use posture::check::Evidence;
use posture::finding::Finding;
use posture::fix::Slots;
use posture::kind::Kind;
use posture::text::Reason;
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::commit::ScanCommit;
use super::coverage::{is_full, kind_key};
use super::hubs::{HubId, HubIds};
use super::{ClusterId, ScanNumber, StoreError};

pub(super) use compared::{Hashes, mark_hashes};
pub use counts::{VerdictCounts, by_severity, counts};
pub use history::{VerdictSpan, history, open_over_time};
pub(super) use views::word;
pub use views::{Episode, FindingId, FindingView, OpenCursor, checklist, of_check, open};

/// What a verdict row keeps beside its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Detail {
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<Reason>,
    /// The facts.
    pub(super) evidence: Vec<Evidence>,
    /// Live values of the fix.
    pub(super) slots: Slots,
}

/// The key of a finding with ids instead of names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    code: String,
    hub: Option<i64>,
    kind: String,
    namespace: String,
    name: String,
}

impl Key {
    fn of(finding: &Finding, hubs: &HubIds) -> Self {
        let subject = finding.key.subject.as_ref();
        Self {
            code: finding.key.code.clone(),
            hub: finding.key.hub.as_ref().and_then(|key| hubs.get(key)).map(|id| id.0),
            kind: subject.map(|s| kind_key(s.kind)).unwrap_or_default(),
            namespace: subject.and_then(|s| s.namespace.clone()).unwrap_or_default(),
            name: subject.map(|s| s.name.clone()).unwrap_or_default(),
        }
    }
}

/// What is stored about a finding, as far as the next verdict depends on it.
struct Stored {
    id: i64,
    open: Option<OpenVerdict>,
    episode: Option<episodes::Open>,
}

struct OpenVerdict {
    id: i64,
    compared: Vec<u8>,
    exact: Vec<u8>,
}

/// Ends and begins intervals of verdicts, and opens and closes episodes: the one place where that happens. Answers the hubs of which
/// something is new.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
    hubs: &HubIds,
) -> Result<BTreeSet<HubId>, StoreError> {
    let mut touched = BTreeSet::new();
    let mut stored = load(connection, commit.cluster).await?;
    for finding in &commit.findings {
        let key = Key::of(finding, hubs);
        let known = match stored.remove(&key) {
            Some(known) => known,
            None => {
                Stored { id: insert_key(connection, commit.cluster, &key).await?, open: None, episode: None }
            }
        };
        if record(connection, scan, &known, finding).await? {
            touched.extend(key.hub.map(HubId));
        }
        episodes::judge(connection, commit.cluster, scan, known.id, known.episode, finding.verdict).await?;
    }
    counts::commit(connection, commit, scan, hubs).await?;
    for (key, known) in stored {
        if let Some(open) = known.open {
            end(connection, open.id, scan).await?;
            touched.extend(key.hub.map(HubId));
        }
        // The verdict may have ended in a gap, long before its subject is proven to be gone.
        if let Some(episode) = known.episode {
            let is_gone = is_subject_gone(commit, hubs, &key);
            episodes::subject_missing(connection, scan, episode, is_gone).await?;
        }
    }
    Ok(touched)
}

/// Whether the subject of a finding that no check spoke about is proven to be gone.
fn is_subject_gone(commit: &ScanCommit, hubs: &HubIds, key: &Key) -> bool {
    let hub = key.hub.and_then(|id| hubs.iter().find(|(_, hub)| hub.0 == id)).map(|(hub_key, _)| hub_key);
    if let Some(hub) = hub
        && !commit.hubs.iter().any(|seen| seen.key == *hub)
    {
        return is_full(&commit.coverage, Kind::Deployment, Some(&hub.namespace));
    }
    // Without an object of its own the subject is the hub or the cluster, which is still there: the check is what is missing.
    let kind = posture::kind::KINDS.iter().map(|info| info.kind).find(|kind| kind_key(*kind) == key.kind);
    let namespace = Some(key.namespace.as_str()).filter(|n| !n.is_empty());
    kind.is_some_and(|kind| is_full(&commit.coverage, kind, namespace))
}

async fn load(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
) -> Result<BTreeMap<Key, Stored>, StoreError> {
    let rows = sqlx::query!(
        r#"select f.id, f.code, f.hub_id, f.subject_kind, f.subject_namespace, f.subject_name,
             v.id as "verdict_id?", v.compared as "compared?", v.exact as "exact?",
             e.id as "episode_id?", e.unconfirmed_since
           from findings f
           left join verdicts v on v.finding_id = f.id and v.until_scan is null
           left join episodes e on e.finding_id = f.id and e.closed_scan is null
           where f.cluster_id = ?"#,
        cluster.0
    )
    .fetch_all(connection)
    .await?;
    let stored = rows.into_iter().map(|row| {
        let key = Key {
            code: row.code,
            hub: row.hub_id,
            kind: row.subject_kind,
            namespace: row.subject_namespace,
            name: row.subject_name,
        };
        let open = row.verdict_id.zip(row.compared.zip(row.exact));
        let open = open.map(|(id, (compared, exact))| OpenVerdict { id, compared, exact });
        let unconfirmed = row.unconfirmed_since.is_some();
        let episode = row.episode_id.map(|id| episodes::Open { id, is_confirmed: !unconfirmed });
        (key, Stored { id: row.id, open, episode })
    });
    Ok(stored.collect())
}

async fn insert_key(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    key: &Key,
) -> Result<i64, StoreError> {
    let id = sqlx::query_scalar!(
        "insert into findings (cluster_id, code, hub_id, subject_kind, subject_namespace, subject_name)
         values (?, ?, ?, ?, ?, ?) returning id as \"id!\"",
        cluster.0,
        key.code,
        key.hub,
        key.kind,
        key.namespace,
        key.name
    )
    .fetch_one(connection)
    .await?;
    Ok(id)
}

/// Writes what is new about a verdict: nothing, newer counts in the open interval, or an interval of its own. Answers whether anything is.
async fn record(
    connection: &mut SqliteConnection,
    scan: ScanNumber,
    known: &Stored,
    finding: &Finding,
) -> Result<bool, StoreError> {
    let reason = serde_json::to_string(&finding.reason).map_err(StoreError::unreadable("a reason"))?;
    let detail = Detail {
        note: finding.note.clone(),
        evidence: finding.evidence.clone(),
        slots: finding.slots.clone(),
    };
    let detail = serde_json::to_string(&detail).map_err(StoreError::unreadable("evidence"))?;
    let Hashes { compared, exact } = compared::verdict_hashes(finding, &reason, &detail);
    let (compared, exact) = (&compared[..], &exact[..]);
    if let Some(open) = &known.open {
        if open.compared == compared {
            let is_new = open.exact != exact;
            if is_new {
                sqlx::query!(
                    "update verdicts set exact = ?, reason_json = ?, detail_json = ? where id = ?",
                    exact,
                    reason,
                    detail,
                    open.id
                )
                .execute(connection)
                .await?;
            }
            return Ok(is_new);
        }
        end(connection, open.id, scan).await?;
    }
    let (verdict, severity) = (finding.verdict.word(), finding.severity.word());
    sqlx::query!(
        "insert into verdicts (finding_id, first_scan, verdict, severity, compared, exact, reason_json, detail_json)
         values (?, ?, ?, ?, ?, ?, ?, ?)",
        known.id,
        scan.0,
        verdict,
        severity,
        compared,
        exact,
        reason,
        detail
    )
    .execute(connection)
    .await?;
    Ok(true)
}

async fn end(connection: &mut SqliteConnection, id: i64, scan: ScanNumber) -> Result<(), StoreError> {
    sqlx::query!("update verdicts set until_scan = ? where id = ?", scan.0, id).execute(connection).await?;
    Ok(())
}
