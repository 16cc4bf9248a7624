//! How a cluster came to where it is: open faults and changes over time, and what came back.

use std::collections::{BTreeMap, BTreeSet};

use app::backend::{
    At, CertificateMoment, HistoryMoment, HistorySpan, HistoryView, OpenFaults, OpenedRow, Recurrence,
    TrendPoint, Unseen,
};
use app::error::AppError;
use app::viewer::Viewer;
use jiff::ToSpan;
use posture::gap::GapReason;
use posture::{Timestamp, checks};

use super::{Spot, StoreBackend, failed, hub_name, hubs_of, scope};
use crate::store::coverage::{self, Stretch};
use crate::store::renewals::{self, Happened};
use crate::store::scans::{self, Scan};
use crate::store::trends::{self, FaultPoint, Moment, Span};
use crate::store::{FindingId, Reading, Scope};

/// Into how many parts a span is divided. Each has at most two points: its worst, and its last.
const PARTS: i64 = 200;

/// How many moments are listed.
const MOMENTS: usize = 200;

/// How many findings are listed.
const OPENED: u32 = 20;

pub(super) async fn history(
    backend: &StoreBackend,
    viewer: &Viewer,
    at: At,
    cluster: &str,
    asked: HistorySpan,
) -> Result<HistoryView, AppError> {
    let scope = scope(viewer);
    let reading = &mut backend.read().await?;
    let spot = backend.spot(reading, &scope, at, cluster).await?;
    let mut view = HistoryView {
        cluster: spot.name.clone(),
        now: backend.clock.now(),
        asked,
        span: None,
        is_whole: true,
        points: Vec::new(),
        most: None,
        moments: Vec::new(),
        changes: Vec::new(),
        objects: 0,
        moment_count: 0,
        unseen: Vec::new(),
        certificates: Vec::new(),
        opened: Vec::new(),
    };
    if let Some(to) = spot.scan
        && let Some((from, begins)) = beginning(reading, &spot, to, asked).await?
        && begins < to.taken_at
    {
        view.is_whole = begins == from.taken_at;
        view.span = Some((begins, to.taken_at));
        fill(reading, &spot, (from, to), &scope, &mut view).await?;
        let found = coverage::stretches(reading, spot.id, (from.number, to.number), &scope).await;
        let longest_restart = i64::from(backend.stale_after_seconds);
        if scope == Scope::All {
            view.certificates = certificates(reading, &spot, (from, to), (begins, to.taken_at)).await?;
        }
        view.unseen = unseen(found.map_err(|error| failed(&error))?, (begins, to.taken_at), longest_restart);
    }
    Ok(view)
}

/// What happened to certificates, which belong to the cluster.
async fn certificates(
    reading: &mut Reading,
    spot: &Spot,
    (from, to): (Scan, Scan),
    axis: (Timestamp, Timestamp),
) -> Result<Vec<CertificateMoment>, AppError> {
    let events = renewals::events(reading, spot.id, (from.number, to.number), axis).await;
    let events = events.map_err(|error| failed(&error))?;
    let left_out = events.len().saturating_sub(MOMENTS);
    let moments = events.into_iter().skip(left_out).map(|event| CertificateMoment {
        at: event.at,
        ran_out: event.what == Happened::RanOut,
        place: event.place,
        not_after: event.not_after,
    });
    Ok(moments.collect())
}

/// The scan that a span begins with, and the instant it begins at: that scan's own where nothing older is kept.
async fn beginning(
    reading: &mut Reading,
    spot: &Spot,
    to: Scan,
    asked: HistorySpan,
) -> Result<Option<(Scan, Timestamp)>, AppError> {
    let start = asked.days().and_then(|days| to.taken_at.checked_sub((i64::from(days) * 24).hours()).ok());
    if let Some(start) = start
        && let Some(moment) =
            scans::at(reading, spot.id, Some(start)).await.map_err(|error| failed(&error))?
    {
        return Ok(Some((moment.scan, start)).filter(|(scan, _)| scan.number < to.number));
    }
    let first = scans::first(reading, spot.id).await.map_err(|error| failed(&error))?;
    Ok(first.filter(|first| first.number < to.number).map(|first| (first, first.taken_at)))
}

async fn fill(
    reading: &mut Reading,
    spot: &Spot,
    (from, to): (Scan, Scan),
    scope: &Scope,
    view: &mut HistoryView,
) -> Result<(), AppError> {
    let Some(axis) = view.span else { return Ok(()) };
    let span = (from.number, to.number);
    let faults = trends::faults(reading, spot.id, span, scope).await.map_err(|error| failed(&error))?;
    let faults = whole(faults, from, axis);
    let moments = trends::moments(reading, spot.id, span, scope).await.map_err(|error| failed(&error))?;
    view.points = bounded(&faults, axis);
    view.most = faults
        .iter()
        .max_by_key(|point| (point.open.total(), point.scan))
        .map(|point| (point.at, point.open.total()));
    view.changes = changes(&moments, axis);
    view.objects = moments.iter().map(|moment| moment.objects).sum();
    view.moment_count = moments.len() as u64;
    let shown = moments.len().saturating_sub(MOMENTS);
    view.moments = moments.into_iter().skip(shown).map(|moment| row(moment, &faults)).collect();
    view.opened = opened(reading, spot, span, scope).await?;
    Ok(())
}

/// The points with one at the beginning, and none that a clock set back would place before another. Of a scan whose clock stood outside
/// the span only its place among the others is known.
fn whole(mut faults: Vec<FaultPoint>, from: Scan, (begins, ends): (Timestamp, Timestamp)) -> Vec<FaultPoint> {
    if faults.first().is_none_or(|first| first.scan > from.number) {
        let open = trends::OpenFaults::default();
        faults.insert(0, FaultPoint { scan: from.number, at: begins, open });
    }
    let mut reached = begins;
    for point in &mut faults {
        if (begins..=ends).contains(&point.at) {
            reached = reached.max(point.at);
        }
        point.at = reached;
    }
    faults
}

/// In which part of a span an instant lies.
fn part((begins, ends): (Timestamp, Timestamp), at: Timestamp) -> i64 {
    let length = (ends.as_second() - begins.as_second()).max(1);
    (at.as_second() - begins.as_second()).clamp(0, length) * PARTS / length
}

/// A few hundred points that keep every peak.
fn bounded(faults: &[FaultPoint], axis: (Timestamp, Timestamp)) -> Vec<TrendPoint> {
    let mut kept: Vec<&FaultPoint> = Vec::new();
    for group in faults.chunk_by(|a, b| part(axis, a.at) == part(axis, b.at)) {
        let worst = group.iter().max_by_key(|point| (point.open.total(), point.scan));
        let last = group.last();
        kept.extend(worst);
        kept.extend(last.filter(|last| worst.is_some_and(|worst| worst.scan != last.scan)));
    }
    // How it was at the beginning is what later points are compared with.
    if let Some(first) =
        faults.first().filter(|first| kept.first().is_none_or(|kept| kept.scan != first.scan))
    {
        kept.insert(0, first);
    }
    kept.into_iter().map(|point| TrendPoint { at: point.at, open: open_faults(point.open) }).collect()
}

fn open_faults(open: trends::OpenFaults) -> OpenFaults {
    OpenFaults { confirmed: open.confirmed, unconfirmed: open.unconfirmed }
}

/// How many objects changed in each part of the span.
fn changes(moments: &[Moment], axis: (Timestamp, Timestamp)) -> Vec<(Timestamp, u32)> {
    let mut parts: BTreeMap<i64, (Timestamp, u32)> = BTreeMap::new();
    for moment in moments.iter().filter(|moment| moment.objects > 0) {
        parts.entry(part(axis, moment.at)).or_insert((moment.at, 0)).1 += moment.objects;
    }
    parts.into_values().collect()
}

fn row(moment: Moment, faults: &[FaultPoint]) -> HistoryMoment {
    let later = faults.partition_point(|point| point.scan <= moment.scan);
    let open = later.checked_sub(1).and_then(|at| faults.get(at)).map(|point| point.open.total());
    HistoryMoment {
        at: moment.at,
        opened: moment.opened,
        closed: moment.closed,
        objects: moment.objects,
        open: open.unwrap_or_default(),
    }
}

/// What was not seen in a span. A restart after which nothing counted as stale is no pause, and files have no gaps that end.
fn unseen(found: Vec<Stretch>, (begins, ends): (Timestamp, Timestamp), longest_restart: i64) -> Vec<Unseen> {
    let mut pauses = Vec::new();
    let mut gaps: BTreeMap<(Timestamp, Timestamp), BTreeSet<String>> = BTreeMap::new();
    for stretch in found {
        let from = stretch.from.clamp(begins, ends);
        let to = stretch.to.unwrap_or(ends).clamp(from, ends);
        match stretch.gap {
            None if to.as_second() - from.as_second() > longest_restart => {
                pauses.push(Unseen { from, to, kinds: Vec::new() });
            }
            Some(gap) if gap.reason != GapReason::NotInFiles => {
                let place = gap.namespace.map_or_else(String::new, |namespace| format!(" in {namespace}"));
                gaps.entry((from, to)).or_default().insert(format!("{}{place}", gap.kind.info().names()));
            }
            _ => {}
        }
    }
    let gaps =
        gaps.into_iter().map(|((from, to), kinds)| Unseen { from, to, kinds: kinds.into_iter().collect() });
    let mut all: Vec<Unseen> = pauses.into_iter().chain(gaps).collect();
    all.sort_by_key(|unseen| (unseen.from, unseen.to));
    all
}

async fn opened(
    reading: &mut Reading,
    spot: &Spot,
    span: Span,
    scope: &Scope,
) -> Result<Vec<OpenedRow>, AppError> {
    let here: Vec<_> = hubs_of(reading, spot, scope).await?.into_iter().map(|hub| hub.id).collect();
    let found = trends::opened_most(reading, spot.id, span, scope, OPENED).await;
    let mut rows = Vec::new();
    for opened in found.map_err(|error| failed(&error))? {
        let check = checks::find(&opened.code);
        let is_here = opened.hub.as_ref().is_none_or(|(id, _)| here.contains(id));
        rows.push(OpenedRow {
            has_page: is_here && check.is_some(),
            fault: check.map_or_else(|| opened.code.clone(), |check| check.fault.to_owned()),
            code: opened.code,
            hub: opened.hub.map(|(_, key)| hub_name(&key)),
            recurrence: recurrence(reading, opened.finding, span).await?,
        });
    }
    Ok(rows)
}

/// How often a finding was open in a span.
pub(super) async fn recurrence(
    reading: &mut Reading,
    finding: FindingId,
    span: Span,
) -> Result<Recurrence, AppError> {
    let found = trends::recurrence(reading, finding, span).await.map_err(|error| failed(&error))?;
    Ok(Recurrence {
        times: found.times,
        fixes: found.fixes,
        median: found.median.map(|median| median.as_secs()),
        open_since: found.open_since,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ScanNumber;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn point(scan: i64, at: i64, high: u32) -> FaultPoint {
        let open = trends::OpenFaults { confirmed: [0, high, 0, 0, 0], unconfirmed: 0 };
        FaultPoint { scan: ScanNumber(scan), at: second(at), open }
    }

    #[test]
    fn a_year_of_scans_becomes_a_few_hundred_points_that_keep_the_peak_and_the_end() {
        let axis = (second(0), second(105_000 * 300));
        let faults: Vec<_> = (0..105_000)
            .map(|scan| {
                point(scan + 1, scan * 300, if scan == 70_123 { 99 } else { u32::from(scan % 2 == 0) })
            })
            .collect();
        let points = bounded(&faults, axis);
        assert!(points.len() <= 402, "{}", points.len());
        assert!(points.iter().any(|point| point.open.total() == 99));
        assert_eq!(points.last().unwrap().open.total(), 0, "the last scan is odd");
        assert_eq!(points.first().unwrap().open.total(), 1);
        assert!(points.windows(2).all(|pair| pair[0].at <= pair[1].at));
    }

    #[test]
    fn pauses_and_gaps_stay_inside_the_span_and_a_restart_is_none() {
        use posture::gap::Gap;
        use posture::kind::Kind;
        let gap = |kind| Some(Gap { kind, namespace: None, reason: GapReason::Silent });
        let stretch = |gap, from, to: Option<i64>| Stretch { gap, from: second(from), to: to.map(second) };
        let found = unseen(
            vec![
                stretch(gap(Kind::Role), 0, Some(300)),
                stretch(gap(Kind::NetworkPolicy), 0, Some(300)),
                stretch(None, 400, Some(405)),
                stretch(None, 500, Some(600)),
                stretch(gap(Kind::Role), 900, None),
            ],
            (second(100), second(1_000)),
            60,
        );
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.from.as_second(), one.to.as_second(), one.kinds.join(", ")))
            .collect();
        let text = str::to_owned;
        assert_eq!(
            told,
            [(100, 300, text("NetworkPolicies, Roles")), (500, 600, text("")), (900, 1_000, text("Roles"))]
        );
        assert!(found[1].is_pause());
    }

    #[test]
    fn what_a_peak_falls_back_to_is_kept() {
        let faults = [point(1, 0, 5), point(2, 5_000, 9), point(3, 5_001, 2), point(4, 9_000, 3)];
        let totals: Vec<u32> =
            bounded(&faults, (second(0), second(10_000))).iter().map(|point| point.open.total()).collect();
        assert_eq!(totals, [5, 9, 2, 3]);
    }

    #[test]
    fn a_clock_that_is_set_back_turns_no_line_around() {
        use crate::store::Trigger;
        let from = Scan {
            number: ScanNumber(1),
            trigger: Trigger::Tick,
            taken_at: second(100),
            fresh_at: second(100),
        };
        let faults = whole(vec![point(2, 500, 1), point(3, 300, 2)], from, (second(100), second(900)));
        let found: Vec<_> = faults.iter().map(|point| (point.at.as_second(), point.open.total())).collect();
        assert_eq!(found, [(100, 0), (500, 1), (500, 2)]);
        let ahead = whole(
            vec![point(2, 200, 1), point(3, 99_999, 2), point(4, 300, 3)],
            from,
            (second(100), second(900)),
        );
        let found: Vec<_> = ahead.iter().map(|point| point.at.as_second()).collect();
        assert_eq!(found, [100, 200, 200, 300], "a clock that ran ahead pushes nothing to the end");
    }
}
