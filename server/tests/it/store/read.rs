//! What pages read, at the latest scan and at earlier ones.

use server::store::changes::{self, Event};
use server::store::{HubId, coverage, findings, hubs, marks, moments, scans};

use super::*;

/// A history with one hub, one fault that came, went and came again, and a gap.
async fn history() -> Place {
    let place = Place::new().await;
    let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Pass, Verdict::Fail, Verdict::Unknown];
    for (minute, verdict) in verdicts.into_iter().enumerate() {
        let mut commit = place.scan(i64::try_from(minute).unwrap());
        commit.hubs.push(hub(prod()));
        commit.findings.push(finding("TLS-01", verdict, 1));
        commit.findings.push(finding("TLS-02", Verdict::Pass, 1));
        if verdict == Verdict::Unknown {
            commit.coverage.insert(Kind::Service, Coverage::gap(GapReason::Forbidden));
        }
        place.commit(commit).await;
    }
    place
}

async fn only_hub(place: &Place) -> HubId {
    let mut reading = place.store.read().await.unwrap();
    let scan = scans::at(&mut reading, place.cluster, None).await.unwrap().unwrap().scan.number;
    hubs::list(&mut reading, place.cluster, scan, &Scope::All).await.unwrap()[0].id
}

async fn scan_at(place: &Place, minute: i64) -> server::store::ScanNumber {
    let mut reading = place.store.read().await.unwrap();
    scans::at(&mut reading, place.cluster, Some(at(minute))).await.unwrap().unwrap().scan.number
}

#[tokio::test]
async fn an_instant_leads_to_the_scan_before_it() {
    let place = history().await;
    let mut reading = place.store.read().await.unwrap();
    let before = scans::at(&mut reading, place.cluster, Some(at(-1))).await.unwrap();
    assert_eq!(before, None);
    let between = Timestamp::from_second(at(2).as_second() + 30).unwrap();
    let moment = scans::at(&mut reading, place.cluster, Some(between)).await.unwrap().unwrap();
    assert_eq!(moment.scan.number.0, 3);
    assert!(!moment.is_latest);
}

#[tokio::test]
async fn an_instant_in_a_pause_says_when_the_pause_ended() {
    let place = Place::new().await;
    place.commit(place.scan(0)).await;
    let mut resumed = place.scan(60);
    resumed.trigger = Trigger::Initial;
    place.commit(resumed).await;
    let mut reading = place.store.read().await.unwrap();
    let mut pause = async |minute| {
        scans::at(&mut reading, place.cluster, Some(at(minute))).await.unwrap().unwrap().paused_until
    };
    assert_eq!(pause(0).await, None);
    assert_eq!(pause(30).await, Some(at(60)));
    assert_eq!(pause(61).await, None);
}

#[tokio::test]
async fn a_machine_that_slept_leaves_a_pause_though_nothing_was_started() {
    let place = Place::new().await;
    for (minute, longest) in [(0, 15), (5, 15), (180, 15), (60, 15), (75, 15), (200, 15 * 60)] {
        let mut commit = place.scan(minute);
        commit.longest_quiet = Some(jiff::SignedDuration::from_mins(longest));
        place.commit(commit).await;
    }
    let mut reading = place.store.read().await.unwrap();
    let mut pause = async |minute| {
        scans::at(&mut reading, place.cluster, Some(at(minute))).await.unwrap().unwrap().paused_until
    };
    assert_eq!(pause(2).await, None);
    assert_eq!(pause(30).await, Some(at(180)));
    // The clock that was set back proves nothing, nor does what is as rare as it is meant to be.
    assert_eq!(pause(62).await, None);
    assert_eq!(pause(170).await, None);
}

#[tokio::test]
async fn the_past_is_shown_as_it_was_judged_then() {
    let place = history().await;
    let hub = only_hub(&place).await;
    for (minute, verdict, episodes) in [(0, Verdict::Pass, 0), (1, Verdict::Fail, 1), (3, Verdict::Fail, 2)] {
        let scan = scan_at(&place, minute).await;
        let mut reading = place.store.read().await.unwrap();
        let list =
            findings::checklist(&mut reading, place.cluster, scan, &Scope::All, Some(hub)).await.unwrap();
        assert_eq!(list[0].verdict, verdict, "minute {minute}");
        assert_eq!(list[0].episodes, episodes, "minute {minute}");
        assert_eq!(list[0].episode.map(|e| e.opened_at), (verdict == Verdict::Fail).then(|| at(minute)));
    }
}

#[tokio::test]
async fn an_unknown_finding_stays_open_as_not_confirmed_since() {
    let place = history().await;
    let scan = scan_at(&place, 4).await;
    let mut reading = place.store.read().await.unwrap();
    let (open, next) =
        findings::open(&mut reading, place.cluster, scan, &Scope::All, None, 10).await.unwrap();
    assert_eq!(next, None);
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].verdict, Verdict::Unknown);
    let episode = open[0].episode.unwrap();
    assert_eq!((episode.opened_at, episode.unconfirmed_since), (at(3), Some(at(4))));
}

#[tokio::test]
async fn counts_follow_the_scan_that_is_asked_for() {
    let place = history().await;
    let hub = only_hub(&place).await;
    for (minute, fail, unknown, pass) in [(0, 0, 0, 2), (1, 1, 0, 1), (4, 0, 1, 1)] {
        let scan = scan_at(&place, minute).await;
        let mut reading = place.store.read().await.unwrap();
        let counts = findings::counts(&mut reading, place.cluster, scan, &Scope::All).await.unwrap();
        let counts = counts[&Some(hub)];
        assert_eq!((counts.fail, counts.unknown, counts.pass), (fail, unknown, pass), "minute {minute}");
        assert_eq!(counts.applicable(), 2);
    }
}

#[tokio::test]
async fn the_history_of_a_finding_is_paged_newest_first() {
    let place = history().await;
    let hub = only_hub(&place).await;
    let scan = scan_at(&place, 4).await;
    let mut reading = place.store.read().await.unwrap();
    let list = findings::checklist(&mut reading, place.cluster, scan, &Scope::All, Some(hub)).await.unwrap();
    let first = findings::history(&mut reading, list[0].id, scan, None, 3).await.unwrap();
    let before = first.last().map(|span| span.first_scan);
    let second = findings::history(&mut reading, list[0].id, scan, before, 3).await.unwrap();
    let verdicts: Vec<Verdict> = first.iter().chain(&second).map(|span| span.verdict).collect();
    assert_eq!(verdicts, [Verdict::Unknown, Verdict::Fail, Verdict::Pass, Verdict::Fail, Verdict::Pass]);
    assert_eq!(first[0].until, None);
    assert_eq!(second[1].until, Some(at(1)));
}

#[tokio::test]
async fn open_faults_are_counted_over_time() {
    let place = history().await;
    let mut reading = place.store.read().await.unwrap();
    let instants: Vec<Timestamp> = (0..5).map(at).collect();
    let open = findings::open_over_time(&mut reading, place.cluster, &Scope::All, &instants).await.unwrap();
    assert_eq!(open, [0, 1, 0, 1, 1]);
}

#[tokio::test]
async fn a_viewer_of_one_hub_sees_nothing_of_another() {
    let place = Place::new().await;
    let other = HubKey { namespace: "other".to_owned(), ..prod() };
    let mut commit = place.scan(0);
    commit.hubs = vec![hub(prod()), hub(other.clone())];
    let mut foreign = finding("TLS-01", Verdict::Fail, 1);
    foreign.key.hub = Some(other.clone());
    let mut of_cluster = finding("TIL-01", Verdict::Fail, 1);
    of_cluster.key.hub = None;
    commit.findings = vec![finding("TLS-01", Verdict::Fail, 1), foreign, of_cluster];
    let services = commit.coverage.get_mut(&Kind::Service).unwrap();
    services.namespaces.insert("other".to_owned(), Some(GapReason::Forbidden));
    let scan = place.commit(commit).await.scan;

    let mut reading = place.store.read().await.unwrap();
    let all = hubs::list(&mut reading, place.cluster, scan, &Scope::All).await.unwrap();
    let (mine, theirs) = (all[0].id, all[1].id);
    let scope = Scope::Hubs(BTreeSet::from([mine]));
    assert_eq!(hubs::list(&mut reading, place.cluster, scan, &scope).await.unwrap().len(), 1);
    let counts = findings::counts(&mut reading, place.cluster, scan, &scope).await.unwrap();
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), [Some(mine)]);
    let open = findings::open(&mut reading, place.cluster, scan, &scope, None, 10).await.unwrap().0;
    assert!(open.iter().all(|f| f.hub.as_ref().is_some_and(|(id, _)| *id == mine)));
    assert_eq!(open.len(), 1);
    for hub in [Some(theirs), None] {
        let list = findings::checklist(&mut reading, place.cluster, scan, &scope, hub).await.unwrap();
        assert_eq!(list, []);
    }
    let check = findings::of_check(&mut reading, place.cluster, scan, &scope, "TLS-01").await.unwrap();
    assert_eq!(check.len(), 1);
    assert_eq!(coverage::gaps(&mut reading, place.cluster, scan, &scope).await.unwrap(), []);
    assert_eq!(marks::at(&mut reading, theirs, scan, &scope).await.unwrap(), []);
    let changes = changes::changes(&mut reading, place.cluster, scan, &scope, None, 10).await.unwrap();
    assert!(changes.iter().all(|change| change.hub == Some(mine)));
}

#[tokio::test]
async fn a_moment_counts_what_changed_and_the_first_scan_is_none() {
    let place = Place::new().await;
    for (minute, verdict, text) in
        [(0, Verdict::Pass, "a"), (1, Verdict::Fail, "a"), (2, Verdict::Fail, "b"), (3, Verdict::Fail, "b")]
    {
        let mut commit = place.scan(minute);
        commit.hubs.push(hub(prod()));
        commit.findings = vec![finding("TLS-01", verdict, 1), finding("TLS-02", verdict, 1)];
        commit.objects.push(place.stage(&record(Kind::NetworkPolicy, "jhub", "hub", text)).await);
        place.commit(commit).await;
    }
    let mut reading = place.store.read().await.unwrap();
    let axis = moments::Axis { begins: at(0), ends: at(3), parts: 1000 };
    let all = moments::along(&mut reading, place.cluster, &Scope::All, &axis, at(2)).await.unwrap();
    let told: Vec<_> = all.moments.iter().map(|moment| (moment.at, moment.changes)).collect();
    assert_eq!(told, [(at(1), 2), (at(2), 1)]);
    assert_eq!((all.earlier, all.later), (Some(at(1)), None), "an instant is not next to itself");
    let mine =
        hubs::list(&mut reading, place.cluster, scan_at(&place, 3).await, &Scope::All).await.unwrap()[0].id;
    let scope = Scope::Hubs(BTreeSet::from([mine]));
    let scoped = moments::along(&mut reading, place.cluster, &scope, &axis, at(0)).await.unwrap();
    assert_eq!(
        scoped.moments.iter().map(|moment| moment.at).collect::<Vec<_>>(),
        [at(1)],
        "the policy is the cluster's"
    );
    assert_eq!(scoped.later, Some(at(1)));
    let nothing = Scope::Hubs(BTreeSet::new());
    let none = moments::along(&mut reading, place.cluster, &nothing, &axis, at(0)).await.unwrap();
    assert_eq!(none, moments::Marked::default());
    let span = scans::span(&mut reading, place.cluster).await.unwrap();
    assert_eq!(span, Some((at(0), at(3))));
}

#[tokio::test]
async fn gaps_say_since_when() {
    let place = history().await;
    let scan = scan_at(&place, 4).await;
    let mut reading = place.store.read().await.unwrap();
    let gaps = coverage::gaps(&mut reading, place.cluster, scan, &Scope::All).await.unwrap();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].gap.kind, gaps[0].since), (Kind::Service, at(4)));
    let read = coverage::at(&mut reading, place.cluster, scan).await.unwrap();
    assert_eq!(read, {
        let mut all = place.scan(0).coverage;
        all.insert(Kind::Service, Coverage::gap(GapReason::Forbidden));
        all
    });
}

#[tokio::test]
async fn changes_are_paged_without_loss_or_repetition() {
    let place = Place::new().await;
    for minute in 0..6 {
        let mut commit = place.scan(minute);
        commit.hubs.push(hub(prod()));
        let verdict = if minute % 2 == 0 { Verdict::Pass } else { Verdict::Fail };
        commit.findings = vec![finding("TLS-01", verdict, 1), finding("TLS-02", verdict, 1)];
        let text = format!("content {minute}");
        commit.objects.push(place.stage(&record(Kind::NetworkPolicy, "jhub", "hub", &text)).await);
        commit.objects.push(place.stage(&record(Kind::NetworkPolicy, "jhub", &text, &text)).await);
        if minute == 5 {
            commit.removed.push(ObjectRef::namespaced(Kind::NetworkPolicy, "jhub", "content 0"));
        }
        place.commit(commit).await;
    }
    let scan = scan_at(&place, 5).await;
    let mut reading = place.store.read().await.unwrap();
    let whole = changes::changes(&mut reading, place.cluster, scan, &Scope::All, None, 1000).await.unwrap();
    // Five scans with two objects and two episodes each, and one object that is gone; the first scan tells nothing.
    assert_eq!(whole.len(), 5 * 4 + 1);
    assert!(whole.iter().any(|c| matches!(c.event, Event::ObjectGone { .. })));
    assert_eq!(whole.iter().filter(|c| matches!(c.event, Event::Object { is_new: true, .. })).count(), 5);
    for size in [1, 3, 7] {
        let (mut paged, mut before) = (Vec::new(), None);
        loop {
            let page =
                changes::changes(&mut reading, place.cluster, scan, &Scope::All, before, size).await.unwrap();
            let Some(last) = page.last() else { break };
            // Through the text form, as a link carries it.
            before = changes::ChangeCursor::parse(&last.cursor().to_text());
            paged.extend(page);
        }
        assert_eq!(paged, whole, "pages of {size}");
    }
}

#[tokio::test]
async fn open_findings_are_paged_worst_first() {
    let place = Place::new().await;
    let mut commit = place.scan(0);
    commit.hubs.push(hub(prod()));
    for (index, severity) in
        [Severity::Low, Severity::Critical, Severity::Medium, Severity::Critical, Severity::High]
            .into_iter()
            .enumerate()
    {
        let code = format!("X-{index:02}");
        commit.findings.push(Finding { severity, ..finding(&code, Verdict::Fail, 1) });
    }
    let scan = place.commit(commit).await.scan;
    let mut reading = place.store.read().await.unwrap();
    let (mut codes, mut after) = (Vec::new(), None);
    loop {
        let (page, next) =
            findings::open(&mut reading, place.cluster, scan, &Scope::All, after, 2).await.unwrap();
        codes.extend(page.into_iter().map(|f| f.code));
        if next.is_none() {
            break;
        }
        // Through the text form, as a link carries it.
        after = next.and_then(|cursor| findings::OpenCursor::parse(&cursor.to_text()));
    }
    assert_eq!(codes, ["X-01", "X-03", "X-04", "X-02", "X-00"]);
}
