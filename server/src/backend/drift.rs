//! What changed between two scans, and the baselines.

mod alone;
mod declared;
mod images;
mod released;
mod servers;

use std::collections::{BTreeMap, BTreeSet};

use app::backend::{
    At, BaselineRow, DriftChange, DriftEvent, DriftView, Earlier, HubName, NewBaseline, TurnedRow,
};
use app::error::AppError;
use app::viewer::{Role, Viewer};
use jiff::ToSpan;
use posture::Timestamp;
use posture::checks;
use posture::drift::{Effect, Event, ReachEffect, between, compare_reach, events};
use posture::gap::{Gap, GapReason};
use posture::kind::Kind;
use posture::object::ObjectRef;
use posture::reach::ReachTable;

use super::{Spot, StoreBackend, failed, hub_name, hubs_of, not_found, scope};
use crate::store::baselines::{self, Baseline, Pinned};
use crate::store::compared::{self, Turned};
use crate::store::scans::{self, Scan};
use crate::store::{Computed, HubId, Reading, ScanNumber, Scope, computed, coverage};

/// How far back the page looks where nothing is pinned and nothing is asked, in days.
const USUAL_DAYS: u16 = 7;

/// How long the name of a baseline and its note may be, in characters.
const LONGEST_NAME: usize = 60;
const LONGEST_NOTE: usize = 500;

pub(super) async fn drift(
    backend: &StoreBackend,
    viewer: &Viewer,
    at: At,
    cluster: &str,
    earlier: &Earlier,
) -> Result<DriftView, AppError> {
    let scope = scope(viewer);
    let reading = &mut backend.read().await?;
    let spot = backend.spot(reading, &scope, at, cluster).await?;
    let pinned = baselines::list(reading, spot.id).await.map_err(|error| failed(&error))?;
    let sides = match spot.scan.filter(|_| !earlier.is_declared()) {
        Some(to) => {
            side(reading, &spot, to, &pinned, earlier).await?.map(|(from, baseline)| (from, baseline, to))
        }
        None => None,
    };
    let mut view = DriftView {
        cluster: spot.name.clone(),
        now: backend.clock.now(),
        from: sides.as_ref().map(|(from, ..)| from.taken_at),
        baseline: sides.as_ref().and_then(|(_, baseline, _)| baseline.clone()),
        to: spot.scan.map(|scan| scan.taken_at),
        events: Vec::new(),
        hardening: Vec::new(),
        images: Vec::new(),
        certificates: Vec::new(),
        restarts: Vec::new(),
        is_more: false,
        unread: Vec::new(),
        turned: Vec::new(),
        reach: Vec::new(),
        suggested: if pinned.is_empty() { suggested(reading, &spot).await? } else { None },
        baselines: pinned.into_iter().map(row).collect(),
        may_pin: may_pin(viewer),
        asked: earlier.clone(),
        files: declared::offered(backend, reading, &spot, &scope).await?,
        releases: released::offered(reading, &spot, &scope).await?,
        declared: None,
        untried: None,
    };
    match earlier {
        Earlier::File(asked) => {
            view.declared = declared::compared(backend, reading, &spot, &scope, asked).await?;
            return Ok(view);
        }
        Earlier::Release(asked) => {
            view.declared = released::compared(backend, reading, &spot, &scope, asked).await?;
            return Ok(view);
        }
        _ => {}
    }
    if let Some((from, _, to)) = sides {
        fill(backend, reading, &spot, (from, to), &scope, &mut view).await?;
    }
    Ok(view)
}

/// Whether a viewer may pin scans.
fn may_pin(viewer: &Viewer) -> bool {
    viewer.role == Role::Admin && scope(viewer) == Scope::All
}

fn row(baseline: Baseline) -> BaselineRow {
    BaselineRow {
        id: baseline.id,
        name: baseline.name,
        note: baseline.note,
        taken_at: baseline.taken_at,
        pinned_at: baseline.pinned_at,
    }
}

/// The earlier scan, and the baseline it is; `None` where there is no earlier one.
async fn side(
    reading: &mut Reading,
    spot: &Spot,
    to: Scan,
    pinned: &[Baseline],
    earlier: &Earlier,
) -> Result<Option<(Scan, Option<BaselineRow>)>, AppError> {
    let baseline = match earlier {
        Earlier::Baseline(id) => {
            let found = pinned.iter().find(|baseline| baseline.id == *id);
            Some(found.ok_or_else(|| not_found("such baseline"))?)
        }
        // The one of the latest scan comes first.
        Earlier::Usual => pinned.iter().find(|baseline| baseline.scan < to.number),
        _ => None,
    };
    if let Some(baseline) = baseline {
        let scan = scans::get(reading, spot.id, baseline.scan).await.map_err(|error| failed(&error))?;
        return Ok(Some((scan, Some(row(baseline.clone())))));
    }
    let first = scans::first(reading, spot.id).await.map_err(|error| failed(&error))?;
    let days = |days: u16| to.taken_at.checked_sub((i64::from(days) * 24).hours()).unwrap_or(Timestamp::MIN);
    let instant = match earlier {
        Earlier::Days(asked) => days(*asked),
        Earlier::Instant(instant) => *instant,
        Earlier::First => Timestamp::MIN,
        Earlier::Usual | Earlier::Baseline(_) | Earlier::File(_) | Earlier::Release(_) => days(USUAL_DAYS),
    };
    let found = scans::at(reading, spot.id, Some(instant)).await.map_err(|error| failed(&error))?;
    let is_of_scan = |scan: &Scan| scan.number < to.number;
    // Before the first scan, everything since the first one is the answer; only an instant that is asked for has none.
    let scan = match earlier {
        Earlier::Instant(_) => found.map(|moment| moment.scan),
        _ => found.map(|moment| moment.scan).or(first),
    };
    Ok(scan.filter(is_of_scan).map(|scan| (scan, None)))
}

/// The first scan that saw everything.
async fn suggested(reading: &mut Reading, spot: &Spot) -> Result<Option<Timestamp>, AppError> {
    let Some(scan) = coverage::first_complete(reading, spot.id).await.map_err(|error| failed(&error))? else {
        return Ok(None);
    };
    Ok(scans::get(reading, spot.id, scan).await.ok().map(|scan| scan.taken_at))
}

/// What is known around the change of an object.
#[derive(Debug, Clone)]
struct Around {
    scan: ScanNumber,
    seen_at: Timestamp,
    hub: Option<HubName>,
    alone: Option<Effect>,
}

async fn fill(
    backend: &StoreBackend,
    reading: &mut Reading,
    spot: &Spot,
    (from, to): (Scan, Scan),
    scope: &Scope,
    view: &mut DriftView,
) -> Result<(), AppError> {
    let span = (from.number, to.number);
    let hubs: BTreeMap<HubId, HubName> =
        hubs_of(reading, spot, scope).await?.into_iter().map(|hub| (hub.id, hub_name(&hub.key))).collect();
    let turned = compared::verdicts(reading, spot.id, span, scope).await.map_err(|error| failed(&error))?;
    let mut rows: Vec<(ScanNumber, TurnedRow)> = Vec::new();
    for turned in turned {
        // A finding of a hub that is gone by then has no page to lead to.
        if turned.hub.is_some_and(|hub| !hubs.contains_key(&hub)) {
            continue;
        }
        let at = scans::get(reading, spot.id, turned.scan).await.map_err(|error| failed(&error))?.taken_at;
        rows.push((turned.scan, turned_row(turned, &hubs, at)));
    }
    let (differing, is_more) =
        compared::objects(reading, spot.id, span, scope).await.map_err(|error| failed(&error))?;
    let mut around = BTreeMap::new();
    let mut changes = Vec::new();
    let mut pairs = Vec::new();
    for object in differing {
        let Some(change) = between(object.before.as_ref(), object.after.as_ref()) else { continue };
        let hub = object.hub.and_then(|id| hubs.get(&id)).cloned();
        let place = Around { scan: object.scan, seen_at: object.seen_at, hub, alone: None };
        around.insert(change.object.clone(), place);
        changes.push(change);
        pairs.push((object.before, object.after));
    }
    let alone = alone::effects(backend, reading, spot, from, pairs).await?;
    view.untried = alone.untried;
    for (change, effect) in changes.iter().zip(alone.effects) {
        if let Some(place) = around.get_mut(&change.object) {
            place.alone = Some(alone::within(effect, &hubs, scope));
        }
    }
    view.is_more = is_more;
    view.unread = unread(reading, spot, span, scope).await?;
    view.events = events(changes).into_iter().map(|event| with_around(event, &around, &rows)).collect();
    let restarts = compared::restarts(reading, spot.id, span, scope).await.map_err(|error| failed(&error))?;
    view.restarts = restarts.into_iter().map(|(_, restart)| restart).collect();
    view.hardening = servers::hardening(reading, spot, (from, to), scope, &view.unread).await?;
    view.images = images::moved(reading, spot, (from, to), scope, &view.unread).await?;
    if *scope == Scope::All {
        // They belong to the cluster.
        view.certificates =
            compared::certificates(reading, spot.id, span).await.map_err(|error| failed(&error))?;
    }
    view.reach = reach(reading, spot, span, &hubs, scope).await?;
    view.turned = rows.into_iter().map(|(_, row)| row).collect();
    Ok(())
}

/// What could not be read at one of the scans. Files hold what they hold.
async fn unread(
    reading: &mut Reading,
    spot: &Spot,
    (from, to): (ScanNumber, ScanNumber),
    scope: &Scope,
) -> Result<Vec<Gap>, AppError> {
    let mut found = BTreeSet::new();
    for scan in [from, to] {
        let gaps = coverage::gaps(reading, spot.id, scan, scope).await.map_err(|error| failed(&error))?;
        found.extend(gaps.into_iter().map(|view| view.gap).filter(|gap| gap.reason != GapReason::NotInFiles));
        if coverage::pods_are_folded(reading, spot.id, scan).await.map_err(|error| failed(&error))? {
            found.insert(Gap { kind: Kind::Pod, namespace: None, reason: GapReason::NotKept });
        }
    }
    Ok(found.into_iter().collect())
}

fn turned_row(turned: Turned, hubs: &BTreeMap<HubId, HubName>, at: Timestamp) -> TurnedRow {
    let title = checks::said(&turned.code, turned.after);
    TurnedRow {
        code: turned.code,
        title,
        hub: turned.hub.and_then(|id| hubs.get(&id)).cloned(),
        before: turned.before,
        after: turned.after,
        at,
    }
}

/// An event with when each change was seen, and what turned with it.
fn with_around(
    event: Event,
    around: &BTreeMap<ObjectRef, Around>,
    turned: &[(ScanNumber, TurnedRow)],
) -> DriftEvent {
    let changes: Vec<_> = event
        .changes
        .into_iter()
        .filter_map(|change| {
            let Around { scan, seen_at, hub, alone } = around.get(&change.object).cloned()?;
            Some((scan, DriftChange { change, seen_at: Some(seen_at), hub, alone }))
        })
        .collect();
    // A change of one hub does nothing to the checks of another.
    let is_together = |at: ScanNumber, row: &TurnedRow| {
        changes.iter().any(|(scan, change)| {
            *scan == at && (row.hub.is_none() || change.hub.is_none() || row.hub == change.hub)
        })
    };
    let together =
        turned.iter().filter(|(at, row)| is_together(*at, row)).map(|(_, row)| row.clone()).collect();
    let changes = changes.into_iter().map(|(_, change)| change).collect();
    DriftEvent { upgrade: event.upgrade, changes, together }
}

/// What user servers reach differently.
async fn reach(
    reading: &mut Reading,
    spot: &Spot,
    (from, to): (ScanNumber, ScanNumber),
    hubs: &BTreeMap<HubId, HubName>,
    scope: &Scope,
) -> Result<Vec<ReachEffect>, AppError> {
    let mut sides: [Vec<ReachTable>; 2] = Default::default();
    for hub in hubs.keys() {
        for (scan, tables) in [from, to].into_iter().zip(&mut sides) {
            let place = (spot.id, Some(*hub));
            let found = computed::at(reading, place, (Computed::Reach, ""), scan, scope)
                .await
                .map_err(|error| failed(&error))?;
            // A table that another version of the program wrote says nothing here.
            tables.extend(found.and_then(|view| serde_json::from_str(&view.body).ok()));
        }
    }
    Ok(compare_reach(&sides[0], &sides[1]))
}

pub(super) async fn pin(
    backend: &StoreBackend,
    viewer: &Viewer,
    cluster: &str,
    new: &NewBaseline,
) -> Result<i64, AppError> {
    let spot = changeable(backend, viewer, cluster, new.at.map_or(At::Now, At::Past)).await?;
    let (name, note) = (new.name.trim(), new.note.trim());
    let refuse = |what: String| AppError::BadRequest { what };
    if name.is_empty() {
        return Err(refuse("a baseline needs a name; go back and write one".to_owned()));
    }
    if name.chars().count() > LONGEST_NAME || note.chars().count() > LONGEST_NOTE {
        return Err(refuse(format!(
            "the name of a baseline has at most {LONGEST_NAME} characters, and its note {LONGEST_NOTE}; go back and shorten them"
        )));
    }
    let scan = spot.scan.ok_or_else(|| not_found("scan of that instant"))?;
    let now = backend.clock.now();
    let pinned =
        backend.store.pin((spot.id, scan.number), name, note, now).await.map_err(|error| failed(&error))?;
    match pinned {
        Pinned::Done(id) => Ok(id),
        Pinned::NameTaken => Err(refuse(
            "another baseline of this cluster has this name; go back and choose another one".to_owned(),
        )),
    }
}

pub(super) async fn unpin(
    backend: &StoreBackend,
    viewer: &Viewer,
    cluster: &str,
    id: i64,
) -> Result<(), AppError> {
    let spot = changeable(backend, viewer, cluster, At::Now).await?;
    let was_there = backend.store.unpin(spot.id, id).await.map_err(|error| failed(&error))?;
    if was_there { Ok(()) } else { Err(not_found("such baseline")) }
}

/// The cluster, if the viewer may change what is kept about it.
async fn changeable(
    backend: &StoreBackend,
    viewer: &Viewer,
    cluster: &str,
    at: At,
) -> Result<Spot, AppError> {
    if !may_pin(viewer) {
        return Err(AppError::Forbidden { what: "pin or unpin scans of this cluster".to_owned() });
    }
    let reading = &mut backend.read().await?;
    backend.spot(reading, &scope(viewer), at, cluster).await
}
