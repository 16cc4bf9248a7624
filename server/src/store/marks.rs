//! The answers to the four questions about the controls of hubs, as intervals.

use std::collections::{BTreeMap, BTreeSet};

use posture::control::{Answer, Control, ControlName, Mark};
use sqlx::SqliteConnection;

use super::commit::ScanCommit;
use super::findings::{Hashes, mark_hashes, word};
use super::hubs::HubIds;
use super::{ClusterId, HubId, ScanNumber, Scope, StoreError};

/// The permanent word of a control in the database.
pub(super) fn control_key(name: ControlName) -> &'static str {
    match name {
        ControlName::Https => "https",
        ControlName::Metadata => "metadata",
        ControlName::Policies => "policies",
        ControlName::ApiAccess => "api-access",
    }
}

/// The permanent word of a mark in the database.
pub(super) fn mark_key(mark: Mark) -> &'static str {
    match mark {
        Mark::Yes => "yes",
        Mark::No => "no",
        Mark::Unknown => "unknown",
        Mark::NotApplicable => "not-applicable",
    }
}

/// The four questions, in their order, with the answers of a control.
fn questions(control: &Control) -> [(&'static str, &Answer); 4] {
    [
        ("configured", &control.configured),
        ("applied", &control.applied),
        ("enforced", &control.enforced),
        ("observed", &control.observed),
    ]
}

struct OpenRow {
    id: i64,
    compared: Vec<u8>,
    exact: Vec<u8>,
}

/// The hub, the control and the question.
type Place = (i64, String, String);

/// Ends and begins intervals of marks. Answers the hubs of which something is new.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    commit: &ScanCommit,
    scan: ScanNumber,
    hubs: &HubIds,
) -> Result<BTreeSet<HubId>, StoreError> {
    let mut touched = BTreeSet::new();
    let mut open = load(connection, commit.cluster).await?;
    for (key, controls) in &commit.controls {
        let Some(hub) = hubs.get(key) else { continue };
        for control in controls {
            for (question, answer) in questions(control) {
                let place = (hub.0, control_key(control.name).to_owned(), question.to_owned());
                if record(connection, scan, open.remove(&place), &place, answer).await? {
                    touched.insert(*hub);
                }
            }
        }
    }
    for ((hub, ..), row) in open {
        end(connection, row.id, scan).await?;
        touched.insert(HubId(hub));
    }
    Ok(touched)
}

async fn load(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
) -> Result<BTreeMap<Place, OpenRow>, StoreError> {
    let rows = sqlx::query!(
        "select m.id, m.hub_id, m.control, m.question, m.compared, m.exact from marks m
         join hubs h on h.id = m.hub_id where h.cluster_id = ? and m.until_scan is null",
        cluster.0
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| {
            ((r.hub_id, r.control, r.question), OpenRow { id: r.id, compared: r.compared, exact: r.exact })
        })
        .collect())
}

/// Writes what is new about an answer, and says whether anything is.
async fn record(
    connection: &mut SqliteConnection,
    scan: ScanNumber,
    open: Option<OpenRow>,
    (hub, control, question): &Place,
    answer: &Answer,
) -> Result<bool, StoreError> {
    let mark = mark_key(answer.mark);
    let reason = serde_json::to_string(&answer.reason).map_err(StoreError::unreadable("a reason"))?;
    let evidence = serde_json::to_string(&answer.evidence).map_err(StoreError::unreadable("evidence"))?;
    let Hashes { compared, exact } = mark_hashes(mark, answer, &reason, &evidence);
    let (compared, exact) = (&compared[..], &exact[..]);
    if let Some(open) = open {
        if open.compared == compared {
            let is_new = open.exact != exact;
            if is_new {
                sqlx::query!(
                    "update marks set exact = ?, reason_json = ?, evidence_json = ? where id = ?",
                    exact,
                    reason,
                    evidence,
                    open.id
                )
                .execute(connection)
                .await?;
            }
            return Ok(is_new);
        }
        end(connection, open.id, scan).await?;
    }
    sqlx::query!(
        "insert into marks (hub_id, control, question, first_scan, mark, compared, exact, reason_json, evidence_json)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        hub,
        control,
        question,
        scan.0,
        mark,
        compared,
        exact,
        reason,
        evidence
    )
    .execute(connection)
    .await?;
    Ok(true)
}

async fn end(connection: &mut SqliteConnection, id: i64, scan: ScanNumber) -> Result<(), StoreError> {
    sqlx::query!("update marks set until_scan = ? where id = ?", scan.0, id).execute(connection).await?;
    Ok(())
}

/// The controls of a hub at a scan, in their order. A control with a question that was not asked then is left out.
pub async fn at(
    connection: &mut SqliteConnection,
    hub: HubId,
    scan: ScanNumber,
    scope: &Scope,
) -> Result<Vec<Control>, StoreError> {
    if !scope.allows(Some(hub)) {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        "select control, question, mark, reason_json, evidence_json from marks
         where hub_id = ?1 and first_scan <= ?2 and (until_scan is null or until_scan > ?2)",
        hub.0,
        scan.0
    )
    .fetch_all(connection)
    .await?;
    let mut answers: BTreeMap<ControlName, BTreeMap<String, Answer>> = BTreeMap::new();
    for row in rows {
        let answer = Answer {
            mark: word(row.mark, "a mark")?,
            reason: serde_json::from_str(&row.reason_json).map_err(StoreError::unreadable("a reason"))?,
            evidence: serde_json::from_str(&row.evidence_json).map_err(StoreError::unreadable("evidence"))?,
        };
        answers.entry(word(row.control, "a control")?).or_default().insert(row.question, answer);
    }
    let control = |(name, mut answers): (ControlName, BTreeMap<String, Answer>)| {
        Some(Control {
            name,
            configured: answers.remove("configured")?,
            applied: answers.remove("applied")?,
            enforced: answers.remove("enforced")?,
            observed: answers.remove("observed")?,
        })
    };
    Ok(answers.into_iter().filter_map(control).collect())
}
