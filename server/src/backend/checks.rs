//! Checklists, and single checks.

use std::collections::BTreeMap;

use app::backend::{
    At, CheckRow, CheckView, ChecklistView, Elsewhere, FindingView as FindingPart, HistoryRow, HubName,
    LaterCheck, TopicView,
};
use app::error::AppError;
use app::viewer::Viewer;
use posture::check::{Check, Scope as About, Topic, Verdict};
use posture::checks;
use posture::control::{Control, ControlName};
use posture::fix;
use posture::gap::GapReason;
use posture::hub::Support;

use super::overview::counts_of;
use super::{
    Spot, StoreBackend, chart, coverage_of, failed, history, hub_name, hubs_of, is_hub, not_found, scope,
    server_count,
};
use crate::store::findings::{self, FindingView};
use crate::store::hubs::HubView;
use crate::store::scans::Scan;
use crate::store::{HubId, Reading, ScanNumber, Scope, clusters, marks};

/// How many verdicts of the past a check's page shows.
const HISTORY: u32 = 20;

/// The hub of this name, or an error that says nothing about hubs the viewer may not see.
pub(super) async fn hub_of(
    reading: &mut Reading,
    spot: &Spot,
    scope: &Scope,
    name: Option<&HubName>,
) -> Result<Option<HubView>, AppError> {
    let Some(name) = name else { return Ok(None) };
    let hubs = hubs_of(reading, spot, scope).await?;
    hubs.into_iter().find(|hub| is_hub(&hub.key, name)).map(Some).ok_or_else(|| not_found("such hub"))
}

pub(super) async fn checklist(
    backend: &StoreBackend,
    viewer: &Viewer,
    at: At,
    cluster: &str,
    name: Option<&HubName>,
) -> Result<ChecklistView, AppError> {
    let scope = scope(viewer);
    let reading = &mut backend.read().await?;
    let spot = backend.spot(reading, &scope, at, cluster).await?;
    let hub = hub_of(reading, &spot, &scope, name).await?;
    let id = hub.as_ref().map(|hub| hub.id);
    let (mut found, mut controls, mut counts) = (Vec::new(), Vec::new(), BTreeMap::new());
    if let Some(scan) = spot.scan {
        found =
            findings::checklist(reading, spot.id, scan.number, &scope, id).await.map_err(|e| failed(&e))?;
        controls = controls_of(reading, id, scan, &scope).await?;
        counts = findings::counts(reading, spot.id, scan.number, &scope).await.map_err(|e| failed(&e))?;
    }
    let coverage = coverage_of(reading, &spot).await?;
    let user_servers = match &hub {
        Some(hub) => server_count(reading, spot.scan, hub, &coverage).await?,
        None => Err(GapReason::NotRead),
    };
    let later = if spot.scan.is_some() { added_later(at, id, &found) } else { Vec::new() };
    let newest = found.iter().filter_map(|finding| finding.episode).map(|episode| episode.opened_at).max();
    Ok(ChecklistView {
        cluster: spot.name,
        chart: hub.as_ref().map(chart).unwrap_or_default(),
        is_supported: hub.as_ref().is_none_or(|hub| hub.facts.support == Support::ZeroToJupyterHub),
        user_servers,
        hub: hub.map(|hub| hub_name(&hub.key)),
        counts: counts_of(&counts, id),
        topics: topics(found, &controls, &later),
        newest,
        now: backend.clock.now(),
    })
}

async fn controls_of(
    reading: &mut Reading,
    hub: Option<HubId>,
    scan: Scan,
    scope: &Scope,
) -> Result<Vec<Control>, AppError> {
    match hub {
        Some(hub) => marks::at(reading, hub, scan.number, scope).await.map_err(|error| failed(&error)),
        None => Ok(Vec::new()),
    }
}

/// The control that the four questions of a topic are about.
fn control_of(topic: Topic) -> Option<ControlName> {
    match topic {
        Topic::Https => Some(ControlName::Https),
        Topic::CloudMetadata => Some(ControlName::Metadata),
        Topic::ApiAccess => Some(ControlName::ApiAccess),
        Topic::NetworkPolicies => Some(ControlName::Policies),
        Topic::Helm | Topic::Dashboards | Topic::Rbac => None,
    }
}

fn find_control(controls: &[Control], topic: Topic) -> Option<Control> {
    let name = control_of(topic)?;
    controls.iter().find(|control| control.name == name).cloned()
}

/// The checks of a place in the past that its scan did not judge. A scan asks every check that its version of the program knows about
/// every hub, so what is missing was added later.
fn added_later(at: At, hub: Option<HubId>, found: &[FindingView]) -> Vec<&'static Check> {
    if at == At::Now {
        return Vec::new();
    }
    let about = if hub.is_some() { About::Hub } else { About::Cluster };
    let is_missing =
        |check: &&Check| check.scope() == about && !found.iter().any(|finding| finding.code == check.code);
    checks::CHECKS.iter().copied().filter(is_missing).collect()
}

fn topics(found: Vec<FindingView>, controls: &[Control], later: &[&'static Check]) -> Vec<TopicView> {
    let mut rows: BTreeMap<Topic, Vec<CheckRow>> = BTreeMap::new();
    for check in later {
        rows.entry(check.topic).or_default();
    }
    for finding in found {
        // A check that a newer version of the program dropped keeps its history and leaves the list.
        let Some(check) = checks::find(&finding.code) else { continue };
        rows.entry(check.topic).or_default().push(row(check, finding));
    }
    rows.into_iter()
        .map(|(topic, mut rows)| {
            rows.sort_by(|a, b| (a.verdict, a.severity, &a.code).cmp(&(b.verdict, b.severity, &b.code)));
            let later = later.iter().filter(|check| check.topic == topic);
            let later = later.map(|check| LaterCheck { code: check.code, title: check.title }).collect();
            TopicView { topic, control: find_control(controls, topic), rows, later }
        })
        .collect()
}

fn row(check: &Check, finding: FindingView) -> CheckRow {
    CheckRow {
        code: finding.code,
        title: check.title.to_owned(),
        fault: check.fault.to_owned(),
        verdict: finding.verdict,
        severity: finding.severity,
        reason: finding.reason,
        subject: finding.subject,
        since: Some(finding.episode.map_or(finding.since, |episode| episode.opened_at)),
        not_confirmed_since: finding.episode.and_then(|episode| episode.unconfirmed_since),
    }
}

pub(super) async fn check(
    backend: &StoreBackend,
    viewer: &Viewer,
    at: At,
    cluster: &str,
    name: Option<&HubName>,
    code: &str,
) -> Result<CheckView, AppError> {
    let scope = scope(viewer);
    let check = checks::find(code).ok_or_else(|| not_found("such check"))?;
    let reading = &mut backend.read().await?;
    let spot = backend.spot(reading, &scope, at, cluster).await?;
    let hub = hub_of(reading, &spot, &scope, name).await?;
    let id = hub.as_ref().map(|hub| hub.id);
    let (mut parts, mut controls) = (Vec::new(), Vec::new());
    if let Some(scan) = spot.scan {
        let found = findings::of_check(reading, spot.id, scan.number, &scope, code)
            .await
            .map_err(|error| failed(&error))?;
        let own = found.into_iter().filter(|finding| finding.hub.as_ref().map(|(id, _)| *id) == id);
        for finding in own {
            parts.push(part(reading, check, finding, scan).await?);
        }
        parts.sort_by_key(|part| (part.verdict, part.severity));
        controls = controls_of(reading, id, scan, &scope).await?;
    }
    Ok(CheckView {
        chart: hub.as_ref().map(chart).unwrap_or_default(),
        elsewhere: elsewhere(reading, &scope, at, code, (&spot, id)).await?,
        cluster: spot.name,
        hub: hub.map(|hub| hub_name(&hub.key)),
        check,
        findings: parts,
        control: find_control(&controls, check.topic),
        now: backend.clock.now(),
    })
}

async fn part(
    reading: &mut Reading,
    check: &Check,
    finding: FindingView,
    scan: Scan,
) -> Result<FindingPart, AppError> {
    let history = findings::history(reading, finding.id, scan.number, None, HISTORY)
        .await
        .map_err(|error| failed(&error))?
        .into_iter()
        .map(|span| HistoryRow {
            from: span.from,
            to: span.until,
            verdict: span.verdict,
            reason: span.reason,
        })
        .collect();
    let recurrence = history::recurrence(reading, finding.id, (ScanNumber(0), scan.number)).await?;
    let line = fix::command_line(check.kubectl, &finding.slots);
    let is_open = matches!(finding.verdict, Verdict::Fail | Verdict::Warn);
    Ok(FindingPart {
        subject: finding.subject,
        verdict: finding.verdict,
        severity: finding.severity,
        reason: finding.reason,
        note: finding.note,
        evidence: finding.evidence,
        fix: is_open.then(|| fix::for_slots(check.fixes, &finding.slots)).flatten(),
        kubectl: line.refused.map_or(Ok(line.text), Err),
        since: Some(finding.episode.map_or(finding.since, |episode| episode.opened_at)),
        not_confirmed_since: finding.episode.and_then(|episode| episode.unconfirmed_since),
        recurrence,
        history,
    })
}

/// The same check on other hubs and clusters, worst first; one row per hub.
async fn elsewhere(
    reading: &mut Reading,
    scope: &Scope,
    at: At,
    code: &str,
    here: (&Spot, Option<HubId>),
) -> Result<Vec<Elsewhere>, AppError> {
    let mut worst: BTreeMap<(String, Option<HubName>), Verdict> = BTreeMap::new();
    for view in clusters::list(reading, scope).await.map_err(|error| failed(&error))? {
        let spot = Spot::of(reading, view, at).await?;
        let Some(scan) = spot.scan else { continue };
        let found = findings::of_check(reading, spot.id, scan.number, scope, code)
            .await
            .map_err(|error| failed(&error))?;
        for finding in found {
            if spot.id == here.0.id && finding.hub.as_ref().map(|(id, _)| *id) == here.1 {
                continue;
            }
            let key = (spot.name.clone(), finding.hub.as_ref().map(|(_, key)| hub_name(key)));
            let verdict = worst.entry(key).or_insert(finding.verdict);
            *verdict = (*verdict).min(finding.verdict);
        }
    }
    let mut rows: Vec<Elsewhere> =
        worst.into_iter().map(|((cluster, hub), verdict)| Elsewhere { cluster, hub, verdict }).collect();
    rows.sort_by_key(|row| row.verdict);
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use app::backend::Backend as _;
    use posture::Timestamp;
    use posture::check::Severity;
    use posture::finding::{Finding, FindingKey};
    use posture::fix::Slots;
    use posture::text::Reason;

    use super::*;
    use crate::clock::Clock;
    use crate::store::{ClusterIdentity, ScanCommit, Store, Trigger};
    use crate::troubles::Troubles;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test]
    async fn a_check_that_was_added_later_is_on_the_list_of_then_as_not_judged_yet() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("perijove.db")).await.unwrap();
        let address = "https://teaching.invalid".into();
        let identity = ClusterIdentity { name: "teaching".into(), uid: None, address };
        let cluster = store.register_cluster(&identity, second(0)).await.unwrap();
        let of_cluster = || checks::CHECKS.iter().filter(|check| check.scope() == About::Cluster);
        let known = of_cluster().next().unwrap();
        let mut commit = ScanCommit::new(cluster, Trigger::Initial, second(100));
        commit.findings.push(Finding {
            key: FindingKey { cluster: "teaching".into(), code: known.code.into(), hub: None, subject: None },
            verdict: Verdict::Pass,
            severity: Severity::Low,
            reason: Reason::new("seen", "It is so"),
            note: None,
            evidence: Vec::new(),
            slots: Slots::default(),
        });
        store.commit_scan(&commit).await.unwrap();
        let backend = StoreBackend::new(store, Clock::System, Arc::new(Troubles::default()), 900, false);
        let viewer = Viewer::local();
        let list = async |at| backend.checklist(&viewer, at, "teaching", None).await.unwrap().topics;
        let then = list(At::Past(second(200))).await;
        let judged: Vec<_> = then.iter().flat_map(|topic| &topic.rows).map(|row| row.code.as_str()).collect();
        assert_eq!(judged, [known.code]);
        let later: Vec<_> = then.iter().flat_map(|topic| &topic.later).map(|check| check.code).collect();
        assert_eq!(later.len(), of_cluster().count() - 1);
        assert!(!later.contains(&known.code));
        let is_in_its_topic = |topic: &TopicView| {
            topic.later.iter().all(|check| checks::find(check.code).unwrap().topic == topic.topic)
        };
        assert!(then.iter().all(is_in_its_topic));
        let before = list(At::Past(second(50))).await;
        assert!(before.is_empty(), "before the first scan nothing was judged at all");
        assert!(list(At::Now).await.iter().all(|topic| topic.later.is_empty()));
    }
}
