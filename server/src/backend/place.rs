//! Where a viewer is, and what cannot be read there.

use app::backend::{At, GapRow, GapsView, HubChoice, Place};
use app::error::AppError;
use app::news::Known;
use app::viewer::Viewer;
use posture::check::Verdict;
use posture::checks::CHECKS;
use posture::gap::{Gap, GapReason};
use posture::kind::{KINDS, Reading as KindReading};

use super::past;
use super::{StoreBackend, failed, hub_name, hubs_of, scope};
use crate::store::{clusters, coverage, findings};

/// What the header shows.
pub(super) async fn place(
    backend: &StoreBackend,
    viewer: &Viewer,
    at: At,
    cluster: Option<&str>,
) -> Result<Place, AppError> {
    let scope = scope(viewer);
    let reading = &mut backend.read().await?;
    let mut names: Vec<String> = clusters::list(reading, &scope)
        .await
        .map_err(|error| failed(&error))?
        .into_iter()
        .map(|view| view.name)
        .collect();
    names.extend(backend.troubles.all().into_iter().map(|(name, _)| name));
    names.sort();
    names.dedup();
    let spots = backend.spots(reading, &scope, at, cluster).await?;
    let mut hubs = Vec::new();
    let mut cluster_faults = 0;
    let mut gaps = 0;
    for spot in &spots {
        let Some(scan) = spot.scan else { continue };
        let counts =
            findings::counts(reading, spot.id, scan.number, &scope).await.map_err(|error| failed(&error))?;
        cluster_faults += counts.get(&None).map_or(0, |c| u64::from(c.faults()));
        if cluster.is_some() {
            hubs.extend(hubs_of(reading, spot, &scope).await?.into_iter().map(|hub| HubChoice {
                id: hub.id.0,
                open_faults: counts.get(&Some(hub.id)).map_or(0, |c| u64::from(c.faults())),
                name: hub_name(&hub.key),
            }));
        }
        let found =
            coverage::gaps(reading, spot.id, scan.number, &scope).await.map_err(|error| failed(&error))?;
        gaps += found.iter().filter(|view| view.gap.reason != GapReason::NotInFiles).count() as u64;
    }
    let past = match at {
        At::Now => None,
        At::Past(instant) => Some(past::past(reading, &spots, &scope, instant).await?),
    };
    Ok(Place {
        past,
        clusters: names,
        cluster: cluster.map(str::to_owned),
        hubs,
        heard_at: spots
            .iter()
            .filter(|spot| backend.troubles.replay_of(&spot.name).is_none())
            .filter_map(|spot| spot.scan)
            .map(|scan| scan.fresh_at)
            .min(),
        replays: spots
            .iter()
            .filter_map(|spot| Some((spot.name.clone(), backend.troubles.replay_of(&spot.name)?)))
            .collect(),
        trouble: cluster
            .filter(|name| backend.troubles.replay_of(name).is_none())
            .and_then(|name| backend.troubles.of(name)),
        stale_after_seconds: backend.stale_after_seconds,
        known: spots
            .iter()
            .map(|spot| Known {
                cluster: spot.name.clone(),
                scan: spot.scan.map_or(0, |scan| scan.number.0),
                seen: spot.scan.map(|scan| scan.fresh_at.as_millisecond()),
            })
            .collect(),
        cluster_faults,
        gaps,
        now: backend.clock.now(),
        is_demo: backend.is_demo,
    })
}

/// What cannot be read in a cluster.
pub(super) async fn gaps(
    backend: &StoreBackend,
    viewer: &Viewer,
    at: At,
    cluster: &str,
) -> Result<GapsView, AppError> {
    let scope = scope(viewer);
    let reading = &mut backend.read().await?;
    let spot = backend.spot(reading, &scope, at, cluster).await?;
    let mut rows = Vec::new();
    let mut undecided = 0;
    if let Some(scan) = spot.scan {
        let found =
            coverage::gaps(reading, spot.id, scan.number, &scope).await.map_err(|error| failed(&error))?;
        rows = found
            .into_iter()
            .map(|view| GapRow { affects: affected(&view.gap), since: Some(view.since), gap: view.gap })
            .collect();
        let counts =
            findings::counts(reading, spot.id, scan.number, &scope).await.map_err(|error| failed(&error))?;
        undecided = counts.values().map(|c| u64::from(c.unknown)).sum();
    }
    let read = KINDS.iter().filter(|info| info.reading != KindReading::OnDemand);
    let kinds_read = match spot.scan {
        Some(_) => read
            .filter(|info| rows.iter().all(|row| row.gap.kind != info.kind))
            .map(|info| info.plural.to_owned())
            .collect(),
        None => Vec::new(),
    };
    // What leaves most undecided comes first.
    rows.sort_by_key(|row| std::cmp::Reverse(row.affects.len()));
    Ok(GapsView {
        is_judged: spot.scan.is_some(),
        cluster: spot.name,
        rows,
        undecided,
        kinds_read,
        grant: posture::role::manifest(),
        now: backend.clock.now(),
    })
}

/// The codes of the checks that read the kind of a gap.
fn affected(gap: &Gap) -> Vec<String> {
    CHECKS
        .iter()
        .filter(|check| check.needs.contains(&gap.kind) && check.verdicts.contains(&Verdict::Unknown))
        .map(|check| check.code.to_owned())
        .collect()
}
