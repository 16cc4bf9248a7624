//! What a scan adds to the history, and what it leaves alone.

use server::store::{self, Computed, ComputedTable, HubId, ScanNumber, hubs};

use super::*;

/// The tables that grow when something happens in a cluster.
const TABLES: [&str; 11] = [
    "contents",
    "objects",
    "revisions",
    "pods",
    "coverage",
    "hubs",
    "hub_facts",
    "verdicts",
    "episodes",
    "marks",
    "computed",
];

#[tokio::test]
async fn an_unchanged_cluster_adds_only_scan_rows() {
    let place = Place::new().await;
    let object = place.stage(&record(Kind::Service, "jhub", "proxy-public", "a")).await;
    let scan = |minute| {
        let mut commit = place.scan(minute);
        commit.objects.push(object.clone());
        commit.hubs.push(hub(prod()));
        // The count of servers differs in every scan and is not compared.
        commit.findings.push(finding("TLS-01", Verdict::Fail, u64::try_from(minute).unwrap()));
        commit.computed.push(computed(Some(prod()), "one", &minute.to_string()));
        commit
    };
    place.commit(scan(0)).await;
    let mut before = BTreeMap::new();
    for table in TABLES {
        before.insert(table, place.count(table).await);
    }
    for minute in 1..=1000 {
        place.commit(scan(minute)).await;
    }
    for table in TABLES {
        assert_eq!(place.count(table).await, before[table], "rows of {table}");
    }
    assert_eq!(place.count("scans").await, 1001);
}

#[tokio::test]
async fn a_scan_that_found_nothing_new_is_no_change() {
    let place = Place::new().await;
    let object = place.stage(&record(Kind::Service, "jhub", "hub", "a")).await;
    let mut first = place.scan(0);
    first.objects.push(object.clone());
    assert!(place.commit(first).await.is_change);
    let mut second = place.scan(1);
    second.objects.push(object);
    assert!(!place.commit(second).await.is_change);
}

#[tokio::test]
async fn a_scan_names_the_hubs_it_changed_and_no_other() {
    let place = Place::new().await;
    let other = HubKey { release: "other".to_owned(), ..prod() };
    let service = record(Kind::Service, "jhub", "hub", "a");
    let staged = StagedObject { hub: Some(prod()), ..place.stage(&service).await };
    let scan = |minute, verdict, servers| {
        let mut commit = place.scan(minute);
        commit.hubs.extend([hub(prod()), hub(other.clone())]);
        commit.objects.push(staged.clone());
        commit.findings.push(finding("TLS-01", verdict, servers));
        let mut of_other = finding("TLS-01", Verdict::Pass, 1);
        of_other.key.hub = Some(other.clone());
        commit.findings.push(of_other);
        commit
    };
    let first = place.commit(scan(0, Verdict::Pass, 1)).await;
    assert_eq!(first.hubs.len(), 2, "both are new");
    let mut reading = place.store.read().await.unwrap();
    let known =
        server::store::hubs::list(&mut reading, place.cluster, first.scan, &Scope::All).await.unwrap();
    drop(reading);
    let of_prod = BTreeSet::from([known.iter().find(|view| view.key == prod()).unwrap().id]);
    assert!(place.commit(scan(1, Verdict::Pass, 1)).await.hubs.is_empty());
    assert_eq!(place.commit(scan(2, Verdict::Pass, 7)).await.hubs, of_prod, "a count that is shown");
    assert_eq!(place.commit(scan(3, Verdict::Fail, 7)).await.hubs, of_prod, "a verdict");
    let mut gone = scan(4, Verdict::Fail, 7);
    gone.objects.clear();
    gone.removed.push(service.object.clone());
    assert_eq!(place.commit(gone).await.hubs, of_prod, "an object");
    let mut beside = scan(5, Verdict::Fail, 7);
    beside.objects = vec![place.stage(&record(Kind::Service, "kube-system", "dns", "a")).await];
    let beside = place.commit(beside).await;
    assert!(beside.is_change && beside.hubs.is_empty(), "{beside:?}");
}

#[tokio::test]
async fn a_new_content_ends_a_revision_and_a_new_body_does_not() {
    let place = Place::new().await;
    let first = record(Kind::Service, "jhub", "hub", "a");
    let noise = Record { body: json!({"status": "new"}), ..first.clone() };
    let other = record(Kind::Service, "jhub", "hub", "b");
    for (minute, record) in [first, noise, other].iter().enumerate() {
        let mut commit = place.scan(i64::try_from(minute).unwrap());
        commit.objects.push(place.stage(record).await);
        place.commit(commit).await;
        if minute == 1 {
            assert_eq!(place.count("revisions").await, 1);
        }
    }
    assert_eq!(place.count("revisions").await, 2);
    assert_eq!(place.number("select until_scan from revisions where first_scan = 1").await, Some(3));
    assert_eq!(place.number("select starts_change from revisions where first_scan = 3").await, Some(1));
}

#[tokio::test]
async fn what_a_complete_list_does_not_hold_is_gone() {
    let place = Place::new().await;
    let mut first = place.scan(0);
    first.objects.push(place.stage(&record(Kind::NetworkPolicy, "jhub", "hub", "a")).await);
    first.objects.push(place.stage(&record(Kind::NetworkPolicy, "jhub", "proxy", "b")).await);
    first.objects.push(place.stage(&record(Kind::Service, "jhub", "hub", "c")).await);
    place.commit(first).await;
    let mut second = place.scan(1);
    second.objects.push(place.stage(&record(Kind::NetworkPolicy, "jhub", "hub", "a")).await);
    second.relisted = BTreeSet::from([(Kind::NetworkPolicy, None)]);
    place.commit(second).await;
    assert_eq!(place.number("select count(*) from revisions where gone = 1").await, Some(1));
    assert_eq!(place.count("current_objects").await, 2);
}

#[tokio::test]
async fn an_object_that_went_in_a_gap_was_last_confirmed_before_it() {
    let place = Place::new().await;
    let mut first = place.scan(0);
    first.objects.push(place.stage(&record(Kind::Service, "jhub", "hub", "a")).await);
    place.commit(first).await;
    place.commit(place.scan(1)).await;
    for minute in 2..5 {
        let mut blind = place.scan(minute);
        blind.coverage.insert(Kind::Service, Coverage::gap(GapReason::Forbidden));
        place.commit(blind).await;
    }
    let mut last = place.scan(5);
    last.relisted = BTreeSet::from([(Kind::Service, None)]);
    place.commit(last).await;
    assert_eq!(place.number("select last_confirmed from revisions").await, Some(2));
    assert_eq!(place.number("select until_scan from revisions").await, Some(6));
}

#[tokio::test]
async fn what_a_closed_gap_reveals_is_no_change() {
    let place = Place::new().await;
    let mut blind = place.scan(0);
    blind.coverage.insert(Kind::Service, Coverage::gap(GapReason::Forbidden));
    place.commit(blind).await;
    let mut seeing = place.scan(1);
    seeing.objects.push(place.stage(&record(Kind::Service, "jhub", "hub", "a")).await);
    place.commit(seeing).await;
    let mut later = place.scan(2);
    later.objects.push(place.stage(&record(Kind::Service, "jhub", "new", "b")).await);
    place.commit(later).await;
    assert_eq!(place.number("select starts_change from revisions where first_scan = 2").await, Some(0));
    assert_eq!(place.number("select starts_change from revisions where first_scan = 3").await, Some(1));
}

async fn judged(place: &Place, verdicts: &[Option<Verdict>]) {
    for (minute, verdict) in verdicts.iter().enumerate() {
        let mut commit = place.scan(i64::try_from(minute).unwrap());
        commit.hubs.push(hub(prod()));
        commit.findings.extend(verdict.map(|verdict| finding("TLS-01", verdict, 1)));
        place.commit(commit).await;
    }
}

#[tokio::test]
async fn unknown_keeps_an_episode_open_and_says_since_when_it_is_not_confirmed() {
    let place = Place::new().await;
    judged(
        &place,
        &[Some(Verdict::Pass), Some(Verdict::Fail), Some(Verdict::Unknown), Some(Verdict::Unknown)],
    )
    .await;
    assert_eq!(place.number("select opened_scan from episodes where closed_scan is null").await, Some(2));
    assert_eq!(place.number("select unconfirmed_since from episodes").await, Some(3));
}

#[tokio::test]
async fn a_fault_that_is_seen_again_is_the_same_episode_until_a_pass() {
    let place = Place::new().await;
    let verdicts = [Verdict::Fail, Verdict::Unknown, Verdict::Warn, Verdict::Pass, Verdict::Fail];
    judged(&place, &verdicts.map(Some)).await;
    assert_eq!(place.number("select closed_scan from episodes where opened_scan = 1").await, Some(4));
    assert_eq!(place.number("select count(*) from episodes where closed_scan is null").await, Some(1));
    assert_eq!(place.count("verdicts").await, 5);
}

#[tokio::test]
async fn a_check_that_says_nothing_closes_no_episode() {
    let place = Place::new().await;
    judged(&place, &[Some(Verdict::Fail), None]).await;
    assert_eq!(place.number("select count(*) from episodes where closed_scan is null").await, Some(1));
    assert_eq!(place.number("select unconfirmed_since from episodes").await, Some(2));
}

#[tokio::test]
async fn a_hub_is_gone_only_if_its_namespace_was_completely_read() {
    let place = Place::new().await;
    judged(&place, &[Some(Verdict::Fail)]).await;
    let mut blind = place.scan(1);
    blind.coverage.insert(Kind::Deployment, Coverage::gap(GapReason::Silent));
    place.commit(blind).await;
    assert_eq!(place.number("select count(*) from hub_facts where until_scan is null").await, Some(1));
    assert_eq!(place.number("select count(*) from episodes where closed_scan is null").await, Some(1));
    place.commit(place.scan(2)).await;
    assert_eq!(place.number("select until_scan from hub_facts").await, Some(3));
    // The verdict already ended in the gap, so the episode closes with the hub and not with a verdict.
    assert_eq!(place.number("select count(*) from episodes where closed_by = 'gone'").await, Some(1));
}

#[tokio::test]
async fn two_clusters_count_their_scans_for_themselves() {
    let place = Place::new().await;
    let other = place.store.register_cluster(&identity("research", Some("uid-2")), at(0)).await.unwrap();
    place.commit(place.scan(0)).await;
    place.commit(place.scan(1)).await;
    let first = place.store.commit_scan(&ScanCommit::new(other, Trigger::Initial, at(2))).await.unwrap();
    assert_eq!(first.scan.0, 1);
}

#[tokio::test]
async fn a_commit_that_fails_leaves_nothing_behind() {
    let place = Place::new().await;
    place.commit(place.scan(0)).await;
    let mut broken = place.scan(1);
    let mut object = place.stage(&record(Kind::Service, "jhub", "hub", "a")).await;
    object.body = server::store::ContentId(4711);
    broken.objects.push(object);
    place.store.commit_scan(&broken).await.unwrap_err();
    assert_eq!(place.count("scans").await, 1);
    assert_eq!(place.count("objects").await, 0);
}

fn computed(hub: Option<HubKey>, body: &str, counts: &str) -> ComputedTable {
    let kind = if hub.is_some() { Computed::Reach } else { Computed::Access };
    ComputedTable { kind, hub, key: String::new(), body: body.to_owned(), counts: counts.to_owned() }
}

#[tokio::test]
async fn a_computed_table_is_an_interval_that_follows_its_body_and_not_its_counts() {
    let place = Place::new().await;
    for (minute, body, counts) in
        [(0, "one", "1"), (1, "one", "1"), (2, "one", "2"), (3, "two", "2"), (4, "one", "3")]
    {
        let mut commit = place.scan(minute);
        commit.hubs.push(hub(prod()));
        commit.computed = vec![computed(Some(prod()), body, counts), computed(None, "access", "{}")];
        let is_change = place.commit(commit).await.is_change;
        assert_eq!(is_change, minute != 1, "at {minute}");
    }
    assert_eq!(place.number("select count(*) from computed where kind = 'reach'").await, Some(3));
    assert_eq!(place.number("select count(*) from computed where kind = 'access'").await, Some(1));
    assert_eq!(place.count("contents").await, 3, "a body that comes again is stored once");
    let mut reading = place.store.read().await.unwrap();
    let hub = hubs::list(&mut reading, place.cluster, ScanNumber(3), &Scope::All).await.unwrap()[0].id;
    let mut seen = Vec::new();
    for scan in 1..=5 {
        let of = (place.cluster, Some(hub));
        let view =
            store::computed::at(&mut reading, of, (Computed::Reach, ""), ScanNumber(scan), &Scope::All);
        let view = view.await.unwrap().unwrap();
        seen.push((view.body, view.counts, view.since.0));
    }
    let row = |body: &str, counts: &str, since| (body.to_owned(), counts.to_owned(), since);
    let first = row("one", "2", 1);
    assert_eq!(seen, [first.clone(), first.clone(), first, row("two", "2", 4), row("one", "3", 5)]);
}

#[tokio::test]
async fn what_a_scan_did_not_compute_is_over_and_a_viewer_of_hubs_sees_only_theirs() {
    let place = Place::new().await;
    for tables in [vec![computed(Some(prod()), "one", "{}"), computed(None, "access", "{}")], Vec::new()] {
        let mut commit = place.scan(0);
        commit.hubs.push(hub(prod()));
        commit.computed = tables;
        place.commit(commit).await;
    }
    let mut reading = place.store.read().await.unwrap();
    let hub = hubs::list(&mut reading, place.cluster, ScanNumber(1), &Scope::All).await.unwrap()[0].id;
    let other = Scope::Hubs(BTreeSet::from([HubId(hub.0 + 1)]));
    let own = Scope::Hubs(BTreeSet::from([hub]));
    let mut is_seen = Vec::new();
    for (hub, kind, scan, scope) in [
        (Some(hub), Computed::Reach, 1, &Scope::All),
        (Some(hub), Computed::Reach, 1, &own),
        (Some(hub), Computed::Reach, 1, &other),
        (Some(hub), Computed::Reach, 2, &Scope::All),
        (None, Computed::Access, 1, &Scope::All),
        (None, Computed::Access, 1, &own),
    ] {
        let of = (place.cluster, hub);
        let view = store::computed::at(&mut reading, of, (kind, ""), ScanNumber(scan), scope).await.unwrap();
        is_seen.push(view.is_some());
    }
    assert_eq!(is_seen, [true, true, false, false, true, false]);
}
