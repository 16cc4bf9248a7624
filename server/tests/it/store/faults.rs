//! Clocks that jump, scans out of order, gaps between full scans, namespaces that are made again, databases that are put back.

use posture::drift::{Fate, between};
use server::store::changes::{self, Event};
use server::store::{Retention, ScanNumber, clusters, compared, moments, scans, trends};

use super::*;

const DAY: i64 = 24 * 60;

/// A scan whose policy has its minute for text.
async fn scan(place: &Place, minute: i64) {
    scan_at(place, at(minute), &minute.to_string()).await;
}

async fn scan_at(place: &Place, instant: Timestamp, text: &str) {
    let mut commit = place.scan(0);
    (commit.taken_at, commit.fresh_at) = (instant, instant);
    commit.objects.push(place.stage(&record(Kind::NetworkPolicy, "jhub", "hub", text)).await);
    place.commit(commit).await;
}

async fn found(place: &Place, instant: Timestamp) -> Option<i64> {
    let mut reading = place.store.read().await.unwrap();
    let moment = scans::at(&mut reading, place.cluster, Some(instant)).await.unwrap();
    moment.map(|moment| moment.scan.number.0)
}

fn days(history_days: u32) -> Retention {
    Retention { history_days, pod_days: 30, max_bytes: u64::MAX }
}

#[tokio::test]
async fn a_clock_that_started_in_1970_takes_no_history_away() {
    let place = Place::new().await;
    for minute in [0, 5, 10] {
        scan(&place, minute).await;
    }
    scan_at(&place, Timestamp::from_second(60).unwrap(), "1970").await;
    scan(&place, 20).await;
    place.store.prune(&days(365), at(30)).await.unwrap();
    assert_eq!(place.count("revisions").await, 5);
    assert_eq!(found(&place, at(7)).await, Some(2));
    // Where the clock is right again, the sequence goes on.
    assert_eq!(found(&place, at(25)).await, Some(5));
}

#[tokio::test]
async fn a_clock_that_ran_a_year_ahead_neither_hides_the_present_nor_keeps_the_past_for_ever() {
    let place = Place::new().await;
    scan(&place, 0).await;
    scan_at(&place, at(400 * DAY), "ahead").await;
    for day in 1..100 {
        scan(&place, day * DAY).await;
    }
    assert_eq!(found(&place, at(DAY / 2)).await, Some(1));
    assert_eq!(found(&place, at(50 * DAY + 5)).await, Some(52));
    assert_eq!(found(&place, at(99 * DAY)).await, Some(101));
    let mut reading = place.store.read().await.unwrap();
    let latest = scans::at(&mut reading, place.cluster, None).await.unwrap().unwrap();
    assert_eq!((latest.scan.number, latest.scan.taken_at), (ScanNumber(101), at(99 * DAY)));
    drop(reading);
    place.store.prune(&days(40), at(100 * DAY)).await.unwrap();
    let oldest = place.number("select min(first_scan) from revisions").await.unwrap();
    assert!((60..=62).contains(&oldest), "{oldest}");
}

#[tokio::test]
async fn of_scans_out_of_order_the_last_at_or_before_an_instant_is_shown() {
    let place = Place::new().await;
    for minute in [0, 30, 60, 20, 40, 70] {
        scan(&place, minute).await;
    }
    for (minute, seq) in [(0, 1), (19, 1), (25, 4), (30, 2), (39, 2), (45, 5), (60, 3), (65, 3), (70, 6)] {
        assert_eq!(found(&place, at(minute)).await, Some(seq), "minute {minute}");
    }
    // What is compared is what was committed, in its order.
    let mut reading = place.store.read().await.unwrap();
    let span = (ScanNumber(3), ScanNumber(4));
    let (differing, _) = compared::objects(&mut reading, place.cluster, span, &Scope::All).await.unwrap();
    let text = |record: &Option<Record>| record.as_ref().unwrap().body["spec"]["text"].clone();
    assert_eq!((text(&differing[0].before), text(&differing[0].after)), (json!("60"), json!("20")));
}

#[tokio::test]
async fn a_gap_between_two_full_scans_is_no_change_anywhere() {
    let place = Place::new().await;
    let policy = record(Kind::NetworkPolicy, "jhub", "hub", "one");
    for minute in [0, 5, 10] {
        let mut commit = place.scan(minute);
        commit.hubs.push(hub(prod()));
        if minute == 5 {
            commit.coverage.insert(Kind::NetworkPolicy, Coverage::gap(GapReason::Forbidden));
            commit.findings = vec![finding("TLS-01", Verdict::Unknown, 1)];
        } else {
            commit.objects.push(place.stage(&policy).await);
            commit.relisted.insert((Kind::NetworkPolicy, None));
            commit.findings = vec![finding("TLS-01", Verdict::Fail, 1)];
        }
        place.commit(commit).await;
    }
    let mut reading = place.store.read().await.unwrap();
    for (from, to) in [(1, 2), (2, 3), (1, 3)] {
        let span = (ScanNumber(from), ScanNumber(to));
        let found = compared::objects(&mut reading, place.cluster, span, &Scope::All).await.unwrap();
        assert_eq!(found, (Vec::new(), false), "{from} to {to}");
        let found = trends::newest(&mut reading, place.cluster, span, &Scope::All, 99).await.unwrap();
        assert_eq!(found, [], "{from} to {to}");
    }
    let told = changes::changes(&mut reading, place.cluster, ScanNumber(3), &Scope::All, None, 10).await;
    let told = told.unwrap();
    assert!(told.iter().all(|change| matches!(change.event, Event::Hub { .. })), "{told:?}");
    let axis = moments::Axis { begins: at(0), ends: at(10), parts: 100 };
    assert_eq!(
        moments::along(&mut reading, place.cluster, &Scope::All, &axis, at(0)).await.unwrap(),
        moments::Marked::default()
    );
}

#[tokio::test]
async fn a_namespace_that_was_made_again_is_one_change_and_its_findings_keep_their_keys() {
    let place = Place::new().await;
    for (minute, incarnation) in [(0, "first"), (5, "second")] {
        let mut commit = place.scan(minute);
        commit.hubs.push(hub(prod()));
        commit.findings = vec![finding("TLS-01", Verdict::Fail, 1)];
        let namespace = ObjectRef { kind: Kind::Namespace, namespace: None, name: "jhub".into() };
        let objects = [namespace, ObjectRef::namespaced(Kind::NetworkPolicy, "jhub", "hub")];
        for object in objects {
            let mut made = record(object.kind, "jhub", &object.name, "always the same");
            made.uid = format!("{incarnation}-{}", object.kind);
            made.object = object;
            commit.objects.push(place.stage(&made).await);
        }
        place.commit(commit).await;
    }
    let mut reading = place.store.read().await.unwrap();
    let span = (ScanNumber(1), ScanNumber(2));
    let (found, _) = compared::objects(&mut reading, place.cluster, span, &Scope::All).await.unwrap();
    let told: Vec<_> =
        found.iter().filter_map(|found| between(found.before.as_ref(), found.after.as_ref())).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].object.kind, told[0].fate), (Kind::Namespace, Fate::Replaced));
    let seen = trends::newest(&mut reading, place.cluster, span, &Scope::All, 99).await.unwrap();
    assert_eq!(
        seen.iter().map(|moment| (moment.opened, moment.closed, moment.objects)).collect::<Vec<_>>(),
        [(0, 0, 1)]
    );
    drop(reading);
    // The policy of then and that of now are two revisions, of two incarnations.
    assert_eq!(place.number("select count(distinct uid) from revisions").await, Some(4));
    assert_eq!(place.count("findings").await, 1);
    assert_eq!(place.number("select count(*) from episodes where closed_scan is null").await, Some(1));
}

#[tokio::test]
async fn an_old_copy_of_a_database_goes_on_under_its_name() {
    let mut place = Place::new().await;
    scan(&place, 0).await;
    let path = place.store.path().to_path_buf();
    let copy = place.folder.path().join("copy.db");
    place.store.clone().close().await;
    let Place { folder, store, cluster } = place;
    drop(store);
    std::fs::copy(&path, &copy).unwrap();
    place = Place { folder, store: Store::open(&path).await.unwrap(), cluster };
    for minute in [5, 10] {
        scan(&place, minute).await;
    }
    let Place { folder: _folder, store, cluster } = place;
    store.close().await;
    std::fs::copy(&copy, &path).unwrap();
    let store = Store::open(&path).await.unwrap();
    let known = store.register_cluster(&identity("teaching", Some("uid-1")), at(20)).await.unwrap();
    assert_eq!(known, cluster);
    store.commit_scan(&ScanCommit::new(known, Trigger::Initial, at(20))).await.unwrap();
    let mut reading = store.read().await.unwrap();
    let listed = clusters::list(&mut reading, &Scope::All).await.unwrap();
    assert_eq!(listed[0].latest.map(|scan| scan.number), Some(ScanNumber(2)));
    // What was seen meanwhile is lost, and the time without it is a pause.
    let moment = scans::at(&mut reading, known, Some(at(12))).await.unwrap().unwrap();
    assert_eq!((moment.scan.number, moment.paused_until), (ScanNumber(1), Some(at(20))));
}

#[tokio::test]
async fn an_old_copy_beside_the_log_of_a_killed_process_is_refused_and_nothing_is_mixed() {
    let mut place = Place::new().await;
    for minute in 0..20 {
        scan(&place, minute).await;
    }
    let path = place.store.path().to_path_buf();
    let beside = |end: &str| std::path::PathBuf::from(format!("{}{end}", path.display()));
    place.store.clone().close().await;
    let old = std::fs::read(&path).unwrap();
    let Place { folder, store, cluster } = place;
    drop(store);
    place = Place { folder, store: Store::open(&path).await.unwrap(), cluster };
    for minute in 20..400 {
        scan(&place, minute).await;
    }
    // What a killed process leaves: the file, which has taken in a part of the log, and the log.
    let killed = tempfile::tempdir().unwrap();
    let left = killed.path().join("perijove.db");
    let left_log = killed.path().join("perijove.db-wal");
    std::fs::copy(beside("-wal"), &left_log).unwrap();
    std::fs::copy(&path, &left).unwrap();
    let log = std::fs::read(&left_log).unwrap();
    assert!(!log.is_empty());
    Store::open(&left).await.expect("a file and its own log are opened").close().await;
    std::fs::write(&left, &old).unwrap();
    std::fs::write(&left_log, &log).unwrap();
    let error = Store::open(&left).await.unwrap_err().to_string();
    assert!(error.contains("do not fit together") && error.contains("perijove.db-wal"), "{error}");
    assert_eq!(std::fs::read(&left).unwrap(), old, "the copy is as it was");
    assert_eq!(std::fs::read(&left_log).unwrap(), log, "the log is as it was");
    std::fs::remove_file(&left_log).unwrap();
    std::fs::remove_file(killed.path().join("perijove.db-shm")).unwrap_or_default();
    let store = Store::open(&left).await.expect("what the message says to do helps");
    let mut reading = store.read().await.unwrap();
    let latest = scans::at(&mut reading, place.cluster, None).await.unwrap().unwrap();
    assert_eq!(latest.scan.number, ScanNumber(20));
}

#[tokio::test]
async fn a_database_that_was_copied_from_another_cluster_is_refused() {
    let place = Place::new().await;
    scan(&place, 0).await;
    let other = identity("teaching", Some("uid-of-another-cluster"));
    let error = place.store.register_cluster(&other, at(5)).await.unwrap_err().to_string();
    assert!(error.contains("uid-1") && error.contains("uid-of-another-cluster"), "{error}");
    assert!(error.contains("give it another name"), "it says what to do: {error}");
    assert_eq!(place.count("scans").await, 1);
}
