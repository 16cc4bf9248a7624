//! What pruning removes, what it keeps, and what it says.

use server::store::{Computed, ComputedTable, Retention, ScanNumber, coverage, findings, scans};
use sqlx::Connection;

use super::*;

const DAY: i64 = 24 * 60;

fn retention(history_days: u32) -> Retention {
    Retention { history_days, pod_days: 30, max_bytes: u64::MAX }
}

/// A scan a day for a year, each with another content of one object and a verdict that comes and goes.
async fn year() -> Place {
    let place = Place::new().await;
    for day in 0..365 {
        let mut commit = place.scan(day * DAY);
        commit.hubs.push(hub(prod()));
        let verdict = if day % 10 == 0 { Verdict::Fail } else { Verdict::Pass };
        commit.findings = vec![finding("TLS-01", verdict, 1), finding("TLS-02", Verdict::Pass, 1)];
        let text = format!("{day} {}", "x".repeat(2_000));
        let mut object = record(Kind::NetworkPolicy, "jhub", "hub", &text);
        (object.content, object.drift) = (hash(&day.to_string()), hash(&day.to_string()));
        commit.objects.push(place.stage(&object).await);
        commit.objects.push(place.stage(&record(Kind::Service, "jhub", "hub", "always the same")).await);
        commit.resource_versions = BTreeMap::from([(Kind::Service, day.to_string())]);
        place.commit(commit).await;
    }
    place
}

#[tokio::test]
async fn what_ended_long_ago_goes_and_what_still_holds_stays() {
    let place = year().await;
    let pruned = place.store.prune(&retention(100), at(365 * DAY)).await.unwrap();
    assert!(!pruned.is_over_bound);
    assert_eq!(pruned.history_days, 100);
    // The Service and the passed check have held since the first day.
    assert_eq!(place.number("select count(*) from revisions where first_scan = 1").await, Some(1));
    let oldest = place.number("select min(first_scan) from revisions where first_scan > 1").await.unwrap();
    assert!((264..=266).contains(&oldest), "{oldest}");
    assert_eq!(place.count("scans").await, 365);
    let again = place.store.prune(&retention(100), at(365 * DAY)).await.unwrap();
    assert_eq!(again.rows, 0);
}

#[tokio::test]
async fn only_the_latest_scan_keeps_the_resource_versions_it_rests_on() {
    let place = Place::new().await;
    for minute in 0..3 {
        let mut commit = place.scan(minute);
        commit.resource_versions = BTreeMap::from([(Kind::Service, minute.to_string())]);
        place.commit(commit).await;
    }
    let kept = "select min(seq) from scans where resource_versions_json is not null";
    assert_eq!(place.number(kept).await, Some(3));
}

#[tokio::test]
async fn pruning_forgets_the_resource_versions_that_earlier_versions_kept() {
    let place = year().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place.store.path());
    let mut earlier = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("update scans set resource_versions_json = '{}'").execute(&mut earlier).await.unwrap();
    earlier.close().await.unwrap();
    place.store.prune(&retention(365), at(365 * DAY)).await.unwrap();
    assert_eq!(
        place.number("select count(*) from scans where resource_versions_json is not null").await,
        Some(7)
    );
}

#[tokio::test]
async fn a_past_that_is_pruned_is_not_shown_as_if_it_were_whole() {
    let place = year().await;
    place.store.prune(&retention(100), at(365 * DAY)).await.unwrap();
    let mut reading = place.store.read().await.unwrap();
    let pruned = scans::at(&mut reading, place.cluster, Some(at(200 * DAY))).await.unwrap();
    assert_eq!(pruned, None);
    let kept = scans::at(&mut reading, place.cluster, Some(at(300 * DAY))).await.unwrap().unwrap();
    let (open, _) =
        findings::open(&mut reading, place.cluster, kept.scan.number, &Scope::All, None, 10).await.unwrap();
    assert_eq!(open.len(), 1);
}

#[tokio::test]
async fn the_file_shrinks_to_its_bound() {
    let place = year().await;
    let before = place.store.size_bytes().await.unwrap();
    let bound = before / 2;
    // Bodies wait a day for a commit that may still refer to them, so a later day collects them.
    let pruned =
        place.store.prune(&Retention { max_bytes: bound, ..retention(365) }, at(367 * DAY)).await.unwrap();
    assert!(!pruned.is_over_bound, "{pruned:?}");
    assert!(pruned.bytes <= bound);
    assert!(pruned.history_days < 365);
    assert_eq!(std::fs::metadata(place.store.path()).unwrap().len(), pruned.bytes);
}

#[tokio::test]
async fn a_bound_that_cannot_be_met_is_said_and_a_month_is_kept() {
    let place = year().await;
    let pruned =
        place.store.prune(&Retention { max_bytes: 1, ..retention(365) }, at(365 * DAY)).await.unwrap();
    assert!(pruned.is_over_bound);
    assert_eq!(pruned.history_days, server::store::SHORTEST_HISTORY_DAYS);
    let kept = place.number("select count(*) from revisions where until_scan is not null").await;
    assert!(kept.is_some_and(|kept| (28..=31).contains(&kept)), "{kept:?}");
}

#[tokio::test]
async fn pods_become_numbers_per_hour() {
    let place = Place::new().await;
    let pod = |name: &str, text: &str| {
        let mut pod = record(Kind::Pod, "jhub", name, text);
        pod.body =
            json!({"metadata": {"name": name, "namespace": "jhub"}, "spec": {}, "status": {"phase": text}});
        pod
    };
    // One pod lives for three hours and changes its state once; another comes in the second hour and still runs.
    let steps: [(i64, &[Record], &[&str]); 4] = [
        (0, &[pod("short-lived", "Pending")], &[]),
        (1, &[pod("short-lived", "Running")], &[]),
        (61, &[pod("still-there", "Running")], &[]),
        (125, &[], &["short-lived"]),
    ];
    // The tests' time begins at twenty minutes past an hour.
    let start = at(0).as_millisecond() / 3_600_000;
    for (minute, records, gone) in steps {
        let mut commit = place.scan(minute);
        commit.pods = place.store.stage(records, at(minute)).await.unwrap().pods;
        commit.removed = gone.iter().map(|name| ObjectRef::namespaced(Kind::Pod, "jhub", *name)).collect();
        place.commit(commit).await;
    }
    place.store.prune(&retention(365), at(20 * DAY)).await.unwrap();
    assert_eq!(place.count("pods").await, 3, "nothing is folded before its time");
    place.store.prune(&retention(365), at(40 * DAY)).await.unwrap();
    assert_eq!(place.count("pods").await, 1);
    let mut reading = place.store.read().await.unwrap();
    let hours: Vec<(i64, i64)> =
        sqlx::query_as("select hour, sum(pods) from pod_counts group by hour order by hour")
            .fetch_all(&mut *reading)
            .await
            .unwrap();
    assert_eq!(hours, [(start, 1), (start + 1, 1), (start + 2, 1)]);
    for (scan, is_whole) in [(1, false), (3, false), (4, true)] {
        let read = coverage::at(&mut reading, place.cluster, ScanNumber(scan)).await.unwrap();
        let expected = if is_whole { Coverage::full() } else { Coverage::gap(GapReason::NotKept) };
        assert_eq!(read[&Kind::Pod], expected, "the pods of scan {scan}");
        assert_eq!(read[&Kind::Deployment], Coverage::full());
    }
}

#[tokio::test]
async fn a_computed_table_is_kept_as_long_as_an_interval_refers_to_it() {
    let place = Place::new().await;
    for (day, body) in [(0, "old"), (10, "still true"), (200, "still true")] {
        let mut commit = place.scan(day * DAY);
        commit.computed = vec![ComputedTable {
            kind: Computed::Access,
            hub: None,
            key: String::new(),
            body: body.to_owned(),
            counts: "{}".to_owned(),
        }];
        place.commit(commit).await;
    }
    place.store.prune(&retention(100), at(201 * DAY)).await.unwrap();
    assert_eq!(place.count("computed").await, 1);
    assert_eq!(place.number("select count(*) from contents where body = 'still true'").await, Some(1));
    assert_eq!(place.count("contents").await, 1);
}
