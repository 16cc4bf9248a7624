//! Two scans compared, and scans that are pinned.

use server::store::baselines::{self, Pinned};
use server::store::compared::{self, Differing};
use server::store::{Retention, ScanNumber, coverage, rebuild};

use super::*;

const DAY: i64 = 24 * 60;

async fn differing(place: &Place, before: i64, after: i64) -> Vec<Differing> {
    let mut reading = place.store.read().await.unwrap();
    let span = (ScanNumber(before), ScanNumber(after));
    compared::objects(&mut reading, place.cluster, span, &Scope::All).await.unwrap().0
}

/// Commits a scan with these objects new or changed, and these gone.
async fn scan(place: &Place, minute: i64, staged: &[Record], removed: &[&Record]) {
    let mut commit = place.scan(minute);
    for record in staged {
        commit.objects.push(place.stage(record).await);
    }
    commit.removed = removed.iter().map(|record| record.object.clone()).collect();
    place.commit(commit).await;
}

fn policy(name: &str, text: &str) -> Record {
    record(Kind::NetworkPolicy, "jhub", name, text)
}

#[tokio::test]
async fn objects_that_changed_came_and_went_are_found_as_they_were_and_are() {
    let place = Place::new().await;
    let [kept, gone, new] = [policy("kept", "one"), policy("gone", "one"), policy("new", "one")];
    scan(&place, 0, &[kept.clone(), gone.clone()], &[]).await;
    scan(&place, 5, &[policy("kept", "two")], &[&gone]).await;
    scan(&place, 10, &[new, policy("kept", "three")], &[]).await;
    let found = differing(&place, 1, 3).await;
    let sides: Vec<_> = found
        .iter()
        .map(|object| {
            let text = |side: &Option<Record>| {
                side.as_ref()
                    .map(|record| record.body.pointer("/spec/text").unwrap().as_str().unwrap().to_owned())
            };
            (text(&object.before), text(&object.after), object.scan.0)
        })
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(sides, [(text("one"), None, 2), (text("one"), text("three"), 3), (None, text("one"), 3)]);
    assert_eq!(differing(&place, 3, 3).await, []);
}

#[tokio::test]
async fn what_came_and_went_in_between_does_not_differ() {
    let place = Place::new().await;
    let brief = policy("brief", "one");
    scan(&place, 0, &[], &[]).await;
    scan(&place, 5, std::slice::from_ref(&brief), &[]).await;
    scan(&place, 10, &[], &[&brief]).await;
    let found = differing(&place, 1, 3).await;
    assert!(found.iter().all(|object| object.before.is_none() && object.after.is_none()));
}

#[tokio::test]
async fn a_gap_between_two_full_scans_removes_nothing() {
    let place = Place::new().await;
    let hidden = policy("hidden", "one");
    scan(&place, 0, std::slice::from_ref(&hidden), &[]).await;
    let mut blind = place.scan(5);
    blind.coverage.insert(Kind::NetworkPolicy, Coverage::gap(GapReason::Forbidden));
    place.commit(blind).await;
    assert_eq!(differing(&place, 1, 2).await, []);
    let mut seeing = place.scan(10);
    seeing.objects.push(place.stage(&hidden).await);
    seeing.relisted.insert((Kind::NetworkPolicy, None));
    place.commit(seeing).await;
    assert_eq!(differing(&place, 1, 3).await, []);
    let mut reading = place.store.read().await.unwrap();
    let first = coverage::first_complete(&mut reading, place.cluster).await.unwrap();
    assert_eq!(first, Some(ScanNumber(1)));
}

#[tokio::test]
async fn a_verdict_dates_from_the_scan_it_turned_at() {
    let place = Place::new().await;
    for (minute, verdict, count) in
        [(0, Verdict::Pass, 1), (5, Verdict::Fail, 1), (10, Verdict::Fail, 2), (15, Verdict::Fail, 3)]
    {
        let mut commit = place.scan(minute);
        commit.hubs.push(hub(prod()));
        commit.findings = vec![finding("TLS-01", verdict, count), finding("TLS-02", Verdict::Pass, 1)];
        place.commit(commit).await;
    }
    let mut reading = place.store.read().await.unwrap();
    let span = (ScanNumber(1), ScanNumber(4));
    let found = compared::verdicts(&mut reading, place.cluster, span, &Scope::All).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].before, found[0].after), (Some(Verdict::Pass), Some(Verdict::Fail)));
    assert_eq!((found[0].code.as_str(), found[0].scan.0), ("TLS-01", 2));
}

#[tokio::test]
async fn pruning_keeps_everything_that_a_pinned_scan_needs() {
    let place = Place::new().await;
    for day in 0..200 {
        let mut commit = place.scan(day * DAY);
        commit.hubs.push(hub(prod()));
        commit.findings =
            vec![finding("TLS-01", if day % 2 == 0 { Verdict::Fail } else { Verdict::Pass }, 1)];
        commit.objects.push(place.stage(&policy("hub", &day.to_string())).await);
        place.commit(commit).await;
    }
    let pinned = ScanNumber(11);
    let done = place.store.pin((place.cluster, pinned), "good", "", at(0)).await.unwrap();
    assert!(matches!(done, Pinned::Done(_)));
    let before = {
        let mut reading = place.store.read().await.unwrap();
        rebuild::records(&mut reading, place.cluster, pinned, Kind::NetworkPolicy).await.unwrap()
    };
    assert_eq!(before.len(), 1);
    let retention = Retention { history_days: 40, pod_days: 30, max_bytes: u64::MAX };
    place.store.prune(&retention, at(200 * DAY)).await.unwrap();
    let mut reading = place.store.read().await.unwrap();
    let after = rebuild::records(&mut reading, place.cluster, pinned, Kind::NetworkPolicy).await.unwrap();
    assert_eq!(before, after);
    let next = ScanNumber(pinned.0 + 1);
    let unpinned = rebuild::records(&mut reading, place.cluster, next, Kind::NetworkPolicy).await.unwrap();
    assert_eq!(unpinned, [], "the scan after it is pruned");
    let span = (pinned, ScanNumber(200));
    let turned = compared::verdicts(&mut reading, place.cluster, span, &Scope::All).await.unwrap();
    assert_eq!((turned[0].before, turned[0].after), (Some(Verdict::Fail), Some(Verdict::Pass)));
}

#[tokio::test]
async fn a_name_is_pinned_once_and_a_pin_can_be_taken_out() {
    let place = Place::new().await;
    scan(&place, 0, &[], &[]).await;
    let pin = || place.store.pin((place.cluster, ScanNumber(1)), "good", "after the audit", at(3));
    let Pinned::Done(id) = pin().await.unwrap() else { panic!("the name is free") };
    assert_eq!(pin().await.unwrap(), Pinned::NameTaken);
    {
        let mut reading = place.store.read().await.unwrap();
        let all = baselines::list(&mut reading, place.cluster).await.unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(
            (all[0].note.as_str(), all[0].taken_at, all[0].pinned_at),
            ("after the audit", at(0), at(3))
        );
    }
    assert!(place.store.unpin(place.cluster, id).await.unwrap());
    assert!(!place.store.unpin(place.cluster, id).await.unwrap());
}

#[tokio::test]
async fn hashes_of_other_rules_are_renewed_so_that_nothing_seems_to_change() {
    let place = Place::new().await;
    scan(&place, 0, &[policy("kept", "one")], &[]).await;
    let path = place.store.path().to_path_buf();
    let folder = place.folder;
    place.store.close().await;
    let database = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut raw = sqlx::ConnectOptions::connect(&database).await.unwrap();
    sqlx::query("update meta set value = '1' where key = 'drift-fields'").execute(&mut raw).await.unwrap();
    sqlx::Connection::close(raw).await.unwrap();
    let store = Store::open(&path).await.unwrap();
    let mut reading = store.read().await.unwrap();
    let stored: Vec<u8> =
        sqlx::query_scalar("select drift from revisions").fetch_one(&mut *reading).await.unwrap();
    let kept = policy("kept", "one");
    let renewed = Record::new(kept.object, kept.body, Vec::new(), String::new()).drift;
    assert_eq!(stored, renewed.0);
    drop(folder);
}
