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
use crate::store::moments::Axis;
use crate::store::renewals::{self, Happened};
use crate::store::scans::{self, Scan};
use crate::store::trends::{self, Moment, Span};
use crate::store::{FindingId, Reading, Scope};

/// Into how many parts a span is divided. Each has at most two points: its worst, and its last.
const PARTS: u16 = 200;

/// How many moments are listed.
const MOMENTS: u16 = 200;

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
        earlier_certificates: 0,
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
            (view.certificates, view.earlier_certificates) =
                certificates(reading, &spot, (from, to), (begins, to.taken_at)).await?;
        }
        view.unseen = unseen(found.map_err(|error| failed(&error))?, (begins, to.taken_at), longest_restart);
    }
    Ok(view)
}

/// What happened to certificates, which belong to the cluster, and how much more happened before.
async fn certificates(
    reading: &mut Reading,
    spot: &Spot,
    (from, to): (Scan, Scan),
    axis: (Timestamp, Timestamp),
) -> Result<(Vec<CertificateMoment>, u64), AppError> {
    let events = renewals::events(reading, spot.id, (from.number, to.number), axis).await;
    let events = events.map_err(|error| failed(&error))?;
    let left_out = events.len().saturating_sub(usize::from(MOMENTS));
    let moments = events.into_iter().skip(left_out).map(|event| CertificateMoment {
        at: event.at,
        ran_out: event.what == Happened::RanOut,
        place: event.place,
        not_after: event.not_after,
    });
    Ok((moments.collect(), left_out as u64))
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
    let Some((begins, ends)) = view.span else { return Ok(()) };
    let axis = Axis { begins, ends, parts: PARTS };
    let span = (from.number, to.number);
    let points = trends::line(reading, spot.id, span, scope, &axis).await.map_err(|error| failed(&error))?;
    let changed =
        trends::changed(reading, spot.id, span, scope, &axis).await.map_err(|error| failed(&error))?;
    let newest = trends::newest(reading, spot.id, span, scope, MOMENTS.into())
        .await
        .map_err(|error| failed(&error))?;
    view.most = points
        .iter()
        .max_by_key(|point| (point.open.total(), point.scan))
        .map(|point| (point.at, point.open.total()));
    view.changes = changed.parts;
    view.objects = changed.objects;
    view.moment_count = changed.moments;
    view.moments = rows(&newest, points.last().map_or(0, |last| last.open.total()));
    view.points =
        points.into_iter().map(|point| TrendPoint { at: point.at, open: open_faults(point.open) }).collect();
    view.opened = opened(reading, spot, span, scope).await?;
    Ok(())
}

/// The moments with how many faults were open after each, told from how many are open after the last one.
fn rows(moments: &[Moment], open: u32) -> Vec<HistoryMoment> {
    let mut open = open;
    let mut rows: Vec<HistoryMoment> = moments
        .iter()
        .rev()
        .map(|moment| {
            let row = HistoryMoment {
                at: moment.at,
                opened: moment.opened,
                closed: moment.closed,
                objects: moment.objects,
                open,
            };
            open = (open + moment.closed).saturating_sub(moment.opened);
            row
        })
        .collect();
    rows.reverse();
    rows
}

fn open_faults(open: trends::OpenFaults) -> OpenFaults {
    OpenFaults { confirmed: open.confirmed, unconfirmed: open.unconfirmed }
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

    #[test]
    fn a_moment_says_how_many_faults_were_open_after_it() {
        let moment = |scan, opened, closed| Moment {
            scan: ScanNumber(scan),
            at: second(scan),
            opened,
            closed,
            objects: 0,
        };
        let rows = rows(&[moment(1, 3, 0), moment(2, 0, 0), moment(3, 1, 2)], 7);
        let told: Vec<_> = rows.iter().map(|row| (row.at.as_second(), row.open)).collect();
        assert_eq!(told, [(1, 8), (2, 8), (3, 7)]);
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
}
