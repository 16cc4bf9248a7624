//! The overview of one cluster, or of all.

use std::collections::BTreeMap;

use app::backend::{At, ChangeRow, ChangeWhat, ClusterCard, Counts, HubCard, HubName, OpenRow, OverviewView};
use app::error::AppError;
use app::viewer::Viewer;
use posture::Timestamp;
use posture::check::Verdict;
use posture::checks;
use posture::gap::GapReason;
use posture::hub::Support;

use super::{Spot, StoreBackend, chart, coverage_of, failed, hub_name, hubs_of, scope, server_count};
use crate::store::changes::{self, Change, Event};
use crate::store::findings::{self, FindingView, VerdictCounts};
use crate::store::hubs::HubView;
use crate::store::scans::Scan;
use crate::store::{FindingId, HubId, Reading, Scope};

/// How many open findings of a cluster are looked at; what an overview shows is far less.
const OPEN: u32 = 500;
/// How many rows a list of the overview has.
const ROWS: usize = 8;
/// How many changes of a cluster are looked at: one upgrade changes dozens of objects.
const CHANGES: u32 = 200;

pub(super) async fn overview(
    backend: &StoreBackend,
    viewer: &Viewer,
    at: At,
    cluster: Option<&str>,
) -> Result<OverviewView, AppError> {
    let scope = scope(viewer);
    let reading = &mut backend.read().await?;
    let spots = backend.spots(reading, &scope, at, cluster).await?;
    let mut cards = Vec::new();
    let mut open: Vec<OpenRow> = Vec::new();
    let mut changes = Vec::new();
    for spot in &spots {
        // That a past is being replayed is said once, above everything; it is no trouble with what is shown.
        let trouble = match backend.troubles.replay_of(&spot.name) {
            Some(_) if spot.scan.is_some() => None,
            _ => backend.troubles.of(&spot.name),
        };
        let Some(scan) = spot.scan else {
            cards.push(empty_card(&spot.name, trouble));
            continue;
        };
        let (rows, verdicts) = open_rows(reading, spot, scan, &scope).await?;
        cards.push(card(reading, spot, scan, &scope, &rows, trouble).await?);
        open.extend(rows);
        changes.extend(lately(reading, spot, scan, &scope, &verdicts).await?);
    }
    let seen: Vec<String> = cards.iter().map(|card| card.name.clone()).collect();
    let unseen = backend
        .troubles
        .all()
        .into_iter()
        .filter(|(name, _)| !seen.contains(name) && cluster.is_none_or(|wanted| wanted == name));
    cards.extend(unseen.map(|(name, why)| empty_card(&name, Some(why))));
    open.sort_by(|a, b| (a.severity, a.verdict, b.since).cmp(&(b.severity, b.verdict, a.since)));
    changes.sort_by_key(|row| std::cmp::Reverse(row.at));
    keep_newest(&mut changes);
    cards.sort_by_key(|card| std::cmp::Reverse(faults(card)));
    let undecided = cards.iter().flat_map(|card| card.hubs.iter().map(|h| h.counts).chain([card.counts]));
    let undecided = undecided.map(|counts| counts.unknown).sum();
    let newest = open.iter().max_by_key(|row| row.since).cloned();
    let count = open.len() as u64;
    open.truncate(ROWS);
    Ok(OverviewView {
        clusters: cards,
        open: count,
        next: open,
        changes,
        newest,
        undecided,
        now: backend.clock.now(),
    })
}

fn faults(card: &ClusterCard) -> u64 {
    card.counts.fail + card.hubs.iter().map(|hub| hub.counts.fail).sum::<u64>()
}

fn empty_card(name: &str, trouble: Option<String>) -> ClusterCard {
    ClusterCard {
        name: name.to_owned(),
        counts: Counts::default(),
        worst: Vec::new(),
        gaps: 0,
        is_of_files: false,
        hubs: Vec::new(),
        is_judged: false,
        trouble,
    }
}

/// Keeps as many moments as the list has rows: what changed at once in one place is one row.
fn keep_newest(changes: &mut Vec<ChangeRow>) {
    let mut moments: Vec<(Timestamp, &String, &Option<HubName>)> = Vec::new();
    let mut kept = 0;
    for row in changes.iter() {
        let moment = (row.at, &row.cluster, &row.hub);
        if !moments.contains(&moment) {
            if moments.len() == ROWS {
                break;
            }
            moments.push(moment);
        }
        kept += 1;
    }
    changes.truncate(kept);
}

async fn open_rows(
    reading: &mut Reading,
    spot: &Spot,
    scan: Scan,
    scope: &Scope,
) -> Result<(Vec<OpenRow>, BTreeMap<FindingId, Verdict>), AppError> {
    let (found, _) = findings::open(reading, spot.id, scan.number, scope, None, OPEN)
        .await
        .map_err(|error| failed(&error))?;
    let verdicts = found.iter().map(|finding| (finding.id, finding.verdict)).collect();
    Ok((found.into_iter().map(|finding| open_row(&spot.name, finding)).collect(), verdicts))
}

fn open_row(cluster: &str, finding: FindingView) -> OpenRow {
    let fault =
        checks::find(&finding.code).map_or_else(|| finding.code.clone(), |check| check.fault.to_owned());
    OpenRow {
        cluster: cluster.to_owned(),
        hub: finding.hub.as_ref().map(|(_, key)| hub_name(key)),
        code: finding.code,
        fault,
        verdict: finding.verdict,
        severity: finding.severity,
        reason: finding.reason,
        subject: finding.subject,
        since: finding.episode.map_or(finding.since, |episode| episode.opened_at),
        not_confirmed_since: finding.episode.and_then(|episode| episode.unconfirmed_since),
    }
}

async fn card(
    reading: &mut Reading,
    spot: &Spot,
    scan: Scan,
    scope: &Scope,
    open: &[OpenRow],
    trouble: Option<String>,
) -> Result<ClusterCard, AppError> {
    let counts =
        findings::counts(reading, spot.id, scan.number, scope).await.map_err(|error| failed(&error))?;
    let hubs = hubs_of(reading, spot, scope).await?;
    let gaps = crate::store::coverage::gaps(reading, spot.id, scan.number, scope)
        .await
        .map_err(|error| failed(&error))?;
    let (of_files, gaps): (Vec<_>, Vec<_>) =
        gaps.into_iter().partition(|view| view.gap.reason == GapReason::NotInFiles);
    let coverage = coverage_of(reading, spot).await?;
    let mut servers = BTreeMap::new();
    for hub in &hubs {
        servers.insert(hub.id, server_count(reading, spot.scan, hub, &coverage).await?);
    }
    let worst =
        |hub: Option<&HubName>| open.iter().filter(|row| row.hub.as_ref() == hub).take(3).cloned().collect();
    Ok(ClusterCard {
        name: spot.name.clone(),
        counts: counts_of(&counts, None),
        worst: worst(None),
        gaps: gaps.len() as u64,
        is_of_files: !of_files.is_empty(),
        hubs: hubs
            .iter()
            .map(|hub| {
                let servers = servers.remove(&hub.id).unwrap_or(Err(GapReason::NotRead));
                hub_card(&spot.name, hub, &counts, &worst, servers)
            })
            .collect(),
        is_judged: true,
        trouble,
    })
}

fn hub_card(
    cluster: &str,
    hub: &HubView,
    counts: &BTreeMap<Option<HubId>, VerdictCounts>,
    worst: &impl Fn(Option<&HubName>) -> Vec<OpenRow>,
    user_servers: Result<u64, GapReason>,
) -> HubCard {
    let name = hub_name(&hub.key);
    HubCard {
        cluster: cluster.to_owned(),
        chart: chart(hub),
        is_supported: hub.facts.support == Support::ZeroToJupyterHub,
        counts: counts_of(counts, Some(hub.id)),
        worst: worst(Some(&name)),
        user_servers,
        hub: name,
    }
}

/// The counts of a hub or, with `None`, of the cluster itself.
pub(super) fn counts_of(counts: &BTreeMap<Option<HubId>, VerdictCounts>, hub: Option<HubId>) -> Counts {
    let counts = counts.get(&hub).copied().unwrap_or_default();
    Counts {
        fail: counts.fail.into(),
        warn: counts.warn.into(),
        unknown: counts.unknown.into(),
        pass: counts.pass.into(),
        not_applicable: counts.not_applicable.into(),
    }
}

async fn lately(
    reading: &mut Reading,
    spot: &Spot,
    scan: Scan,
    scope: &Scope,
    verdicts: &BTreeMap<FindingId, Verdict>,
) -> Result<Vec<ChangeRow>, AppError> {
    let hubs: BTreeMap<HubId, HubName> =
        hubs_of(reading, spot, scope).await?.into_iter().map(|hub| (hub.id, hub_name(&hub.key))).collect();
    let found = changes::changes(reading, spot.id, scan.number, scope, None, CHANGES)
        .await
        .map_err(|error| failed(&error))?;
    Ok(found.into_iter().map(|change| change_row(&spot.name, &hubs, verdicts, change)).collect())
}

fn change_row(
    cluster: &str,
    hubs: &BTreeMap<HubId, HubName>,
    verdicts: &BTreeMap<FindingId, Verdict>,
    change: Change,
) -> ChangeRow {
    let at = change.taken_at;
    let words = |code: &str, is_fault: bool| {
        checks::find(code).map_or_else(
            || code.to_owned(),
            |check| if is_fault { check.fault.to_owned() } else { check.title.to_owned() },
        )
    };
    let hub = change.hub.and_then(|id| hubs.get(&id)).cloned();
    let what = match change.event {
        Event::Opened { code, finding } => {
            ChangeWhat::Opened { fault: words(&code, true), code, verdict: verdicts.get(&finding).copied() }
        }
        Event::Closed { code, .. } => ChangeWhat::Closed { title: words(&code, false), code },
        Event::Object { object, is_new, managed_fields } => {
            let newest = managed_fields.into_iter().max_by_key(|field| field.time);
            let manager = newest.map(|field| field.manager).filter(|manager| !manager.is_empty());
            ChangeWhat::Object { object, is_new, manager }
        }
        Event::ObjectGone { object } => ChangeWhat::Gone { object },
        Event::Hub { from, to, .. } => ChangeWhat::Chart {
            from: from.map(|chart| chart.version.to_string()),
            to: to.map(|chart| chart.version.to_string()),
        },
    };
    ChangeRow { at, cluster: cluster.to_owned(), hub, what }
}
