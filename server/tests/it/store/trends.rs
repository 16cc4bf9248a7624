//! Open faults over time, the moments at which something changed, and what came back.

use posture::object::ObjectRef;
use server::store::moments::Axis;
use server::store::trends::{self, FaultPoint, Moment, OpenFaults};
use server::store::{HubId, ScanNumber};

use super::*;

/// What one check says at each of some scans; `None` is a scan that does not speak of it.
async fn scans(place: &Place, verdicts: &[Option<(Verdict, Severity)>]) {
    for (minute, said) in (0..).zip(verdicts) {
        let mut commit = place.scan(minute);
        commit.hubs.push(hub(prod()));
        if let Some((verdict, severity)) = *said {
            commit.findings = vec![Finding { severity, ..finding("TLS-01", verdict, 1) }];
        }
        place.commit(commit).await;
    }
}

fn span(from: i64, to: i64) -> (ScanNumber, ScanNumber) {
    (ScanNumber(from), ScanNumber(to))
}

/// What is open after each scan that changes it; the first point only where something is open then.
async fn faults(place: &Place, from: i64, to: i64, scope: &Scope) -> Vec<FaultPoint> {
    let mut reading = place.store.read().await.unwrap();
    // A part of the line for each second, so that no two scans share one.
    let axis = Axis { begins: at(0), ends: at(1_000), parts: 60_000 };
    let mut line = trends::line(&mut reading, place.cluster, span(from, to), scope, &axis).await.unwrap();
    if line[0].open == OpenFaults::default() {
        line.remove(0);
    }
    line
}

/// The scans with what is open after each: high, medium, not confirmed.
fn short(points: &[FaultPoint]) -> Vec<(i64, u32, u32, u32)> {
    let open = |open: OpenFaults| (open.confirmed[1], open.confirmed[2], open.unconfirmed);
    points
        .iter()
        .map(|point| {
            let (high, medium, unconfirmed) = open(point.open);
            (point.scan.0, high, medium, unconfirmed)
        })
        .collect()
}

const HIGH: Option<(Verdict, Severity)> = Some((Verdict::Fail, Severity::High));
const MEDIUM: Option<(Verdict, Severity)> = Some((Verdict::Warn, Severity::Medium));
const PASS: Option<(Verdict, Severity)> = Some((Verdict::Pass, Severity::High));
const UNKNOWN: Option<(Verdict, Severity)> = Some((Verdict::Unknown, Severity::High));

#[tokio::test]
async fn a_fault_counts_with_its_severity_of_then_until_it_is_proven_to_be_over() {
    let place = Place::new().await;
    scans(&place, &[PASS, HIGH, HIGH, MEDIUM, PASS, HIGH]).await;
    let found = faults(&place, 1, 6, &Scope::All).await;
    assert_eq!(short(&found), [(2, 1, 0, 0), (4, 0, 1, 0), (5, 0, 0, 0), (6, 1, 0, 0)]);
    assert_eq!(found[0].at, at(1));
}

#[tokio::test]
async fn what_a_gap_hides_stays_open_and_is_not_confirmed() {
    let place = Place::new().await;
    // The fourth scan does not speak of the check, and does not prove that its hub is gone.
    scans(&place, &[HIGH, UNKNOWN, HIGH, None, PASS]).await;
    let found = faults(&place, 1, 5, &Scope::All).await;
    assert_eq!(short(&found), [(1, 1, 0, 0), (2, 0, 0, 1), (3, 1, 0, 0), (4, 0, 0, 1), (5, 0, 0, 0)]);
}

#[tokio::test]
async fn a_span_begins_with_what_was_open_then_and_knows_nothing_of_later() {
    let place = Place::new().await;
    scans(&place, &[HIGH, MEDIUM, MEDIUM, HIGH, PASS]).await;
    assert_eq!(short(&faults(&place, 3, 4, &Scope::All).await), [(3, 0, 1, 0), (4, 1, 0, 0)]);
    // A severity of before the span is not counted beside the one of its beginning.
    assert_eq!(short(&faults(&place, 2, 3, &Scope::All).await), [(2, 0, 1, 0)]);
    assert_eq!(faults(&place, 5, 5, &Scope::All).await, []);
}

#[tokio::test]
async fn every_point_agrees_with_the_checklist_of_its_scan() {
    use server::store::findings;
    let place = Place::new().await;
    let said = [HIGH, UNKNOWN, MEDIUM, PASS, UNKNOWN, HIGH, None, HIGH, MEDIUM, PASS];
    scans(&place, &said).await;
    for from in 1..=10 {
        for point in faults(&place, from, 10, &Scope::All).await {
            let mut reading = place.store.read().await.unwrap();
            let counts =
                findings::counts(&mut reading, place.cluster, point.scan, &Scope::All).await.unwrap();
            let seen: u32 = counts.values().map(findings::VerdictCounts::faults).sum();
            assert_eq!(point.open.confirmed.iter().sum::<u32>(), seen, "from {from}: {point:?}");
        }
    }
}

/// The points of a line of ten parts over the first hundred minutes: the minute of each, and how many faults are open from then on.
async fn line(place: &Place) -> Vec<(i64, u32)> {
    let mut reading = place.store.read().await.unwrap();
    let axis = Axis { begins: at(0), ends: at(100), parts: 10 };
    let last = place.count("scans").await;
    let line = trends::line(&mut reading, place.cluster, span(1, last), &Scope::All, &axis).await.unwrap();
    line.iter().map(|point| ((point.at.as_second() - at(0).as_second()) / 60, point.open.total())).collect()
}

/// Scans at some minutes, each with the checks of some numbers failed and all others passed.
async fn failing(place: &Place, scans: &[(i64, u32)]) {
    for (minute, faults) in scans {
        let mut commit = place.scan(*minute);
        commit.hubs.push(hub(prod()));
        for number in 1..=9 {
            let verdict = if number <= *faults { Verdict::Fail } else { Verdict::Pass };
            commit.findings.push(finding(&format!("TLS-0{number}"), verdict, 1));
        }
        place.commit(commit).await;
    }
}

#[tokio::test]
async fn a_line_keeps_its_beginning_and_the_peak_and_the_end_of_each_part() {
    let place = Place::new().await;
    failing(&place, &[(0, 5), (1, 6), (2, 4), (50, 9), (51, 2), (52, 3), (90, 1)]).await;
    assert_eq!(line(&place).await, [(0, 5), (1, 6), (2, 4), (50, 9), (52, 3), (90, 1)]);
}

#[tokio::test]
async fn a_clock_that_is_set_back_turns_no_line_around() {
    let place = Place::new().await;
    failing(&place, &[(0, 0), (50, 1), (30, 2)]).await;
    assert_eq!(line(&place).await, [(0, 0), (50, 2)]);
    // One that ran ahead pushes nothing to the end.
    let place = Place::new().await;
    failing(&place, &[(0, 0), (20, 1), (99_999, 2), (45, 3)]).await;
    assert_eq!(line(&place).await, [(0, 0), (20, 2), (45, 3)]);
}

#[tokio::test]
async fn a_moment_counts_faults_and_objects_that_changed() {
    let place = Place::new().await;
    let policy = |text: &str| record(Kind::NetworkPolicy, "jhub", "hub", text);
    for (minute, (verdict, text)) in
        (0..).zip([(HIGH, "one"), (HIGH, "one"), (PASS, "two"), (HIGH, "two"), (HIGH, "two")])
    {
        let mut commit = place.scan(minute);
        commit.hubs.push(hub(prod()));
        commit.findings = verdict.map(|(verdict, _)| finding("TLS-01", verdict, 1)).into_iter().collect();
        commit.objects.push(place.stage(&policy(text)).await);
        place.commit(commit).await;
    }
    let mut reading = place.store.read().await.unwrap();
    let found = trends::newest(&mut reading, place.cluster, span(1, 5), &Scope::All, 99).await.unwrap();
    let moment = |scan: i64, opened, closed, objects| Moment {
        scan: ScanNumber(scan),
        at: at(scan - 1),
        opened,
        closed,
        objects,
    };
    assert_eq!(found, [moment(3, 0, 1, 1), moment(4, 1, 0, 0)], "the first scan changed nothing");
    let found = trends::newest(&mut reading, place.cluster, span(3, 3), &Scope::All, 99).await.unwrap();
    assert_eq!(found, []);
}

#[tokio::test]
async fn a_finding_that_came_back_is_first_and_says_how_long_its_fixes_took() {
    let place = Place::new().await;
    let other = |verdict| Finding { severity: Severity::Low, ..finding("TLS-02", verdict, 1) };
    for (minute, verdict) in [
        (0, Verdict::Fail),
        (10, Verdict::Pass),
        (20, Verdict::Fail),
        (50, Verdict::Pass),
        (60, Verdict::Fail),
    ] {
        let mut commit = place.scan(minute);
        commit.hubs.push(hub(prod()));
        commit.findings = vec![finding("TLS-01", verdict, 1), other(Verdict::Warn)];
        place.commit(commit).await;
    }
    let mut reading = place.store.read().await.unwrap();
    let all = span(1, 5);
    let found = trends::opened_most(&mut reading, place.cluster, all, &Scope::All, 9).await.unwrap();
    let codes: Vec<_> = found.iter().map(|opened| opened.code.as_str()).collect();
    assert_eq!(codes, ["TLS-01", "TLS-02"]);
    assert_eq!(found[0].hub.as_ref().map(|(_, key)| key.clone()), Some(prod()));
    let often = trends::recurrence(&mut reading, found[0].finding, all).await.unwrap();
    assert_eq!((often.times, often.fixes, often.open_since), (3, 2, Some(at(60))));
    assert_eq!(often.median.unwrap().as_mins(), 20, "between ten and thirty minutes");
    // As it was after the second scan: open once, and over.
    let then = trends::recurrence(&mut reading, found[0].finding, span(0, 2)).await.unwrap();
    assert_eq!((then.times, then.fixes, then.open_since), (1, 1, None));
    let one = trends::opened_most(&mut reading, place.cluster, all, &Scope::All, 1).await.unwrap();
    assert_eq!(one.len(), 1);
}

#[tokio::test]
async fn a_viewer_of_hubs_sees_the_history_of_these_hubs_only() {
    let place = Place::new().await;
    let beta = HubKey { namespace: "beta".into(), release: "beta".into(), app: "jupyterhub".into() };
    for (minute, verdict) in [(0, Verdict::Pass), (1, Verdict::Fail)] {
        let mut commit = place.scan(minute);
        commit.hubs = vec![hub(prod()), hub(beta.clone())];
        let of = |hub: Option<&HubKey>| {
            let mut finding = finding("TLS-01", verdict, 1);
            finding.key.hub = hub.cloned();
            finding
        };
        commit.findings = vec![of(None), of(Some(&beta)), of(Some(&prod()))];
        let mut policy = record(Kind::NetworkPolicy, "jhub", "cluster-wide", &minute.to_string());
        policy.object = ObjectRef::namespaced(Kind::NetworkPolicy, "elsewhere", "policy");
        commit.objects.push(place.stage(&policy).await);
        place.commit(commit).await;
    }
    let hub = place.number("select id from hubs where namespace = 'beta'").await.unwrap();
    let scope = Scope::Hubs(BTreeSet::from([HubId(hub)]));
    assert_eq!(short(&faults(&place, 1, 2, &Scope::All).await), [(2, 3, 0, 0)]);
    assert_eq!(short(&faults(&place, 1, 2, &scope).await), [(2, 1, 0, 0)]);
    let mut reading = place.store.read().await.unwrap();
    let moments = trends::newest(&mut reading, place.cluster, span(1, 2), &scope, 99).await.unwrap();
    assert_eq!(moments.iter().map(|moment| (moment.opened, moment.objects)).collect::<Vec<_>>(), [(1, 0)]);
    let opened = trends::opened_most(&mut reading, place.cluster, span(1, 2), &scope, 9).await.unwrap();
    let hubs: Vec<_> = opened.iter().map(|opened| opened.hub.as_ref().map(|(id, _)| id.0)).collect();
    assert_eq!(hubs, [Some(hub)]);
}
