//! What is written ahead, and who shares it.

use server::store::Retention;

use super::*;

fn pod(user: &str, ip: &str) -> Record {
    let name = format!("jupyter-{user}");
    let body = json!({
        "metadata": {"name": name, "namespace": "jhub", "uid": format!("uid-{user}"),
            "creationTimestamp": "2026-09-01T08:00:00Z",
            "labels": {"app": "jupyterhub", "hub.jupyter.org/username": user}},
        "spec": {"nodeName": "node-1", "serviceAccountName": "default",
            "volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": format!("claim-{user}")}}]},
        "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]},
    });
    Record { body, uid: format!("uid-{user}"), ..record(Kind::Pod, "jhub", &name, user) }
}

#[tokio::test]
async fn servers_of_one_shape_share_their_contents() {
    let place = Place::new().await;
    let records: Vec<Record> = (0..50).map(|n| pod(&format!("p-{n:010}"), &format!("10.0.0.{n}"))).collect();
    let mut commit = place.scan(0);
    commit.pods = place.store.stage(&records, at(0)).await.unwrap().pods;
    place.commit(commit).await;
    assert_eq!(place.count("pods").await, 50);
    assert_eq!(place.count("contents").await, 2);
    assert_eq!(place.count("staged_pods").await, 0, "what is committed does not wait any more");
}

#[tokio::test]
async fn a_clock_that_jumps_takes_nothing_from_a_scan_that_is_not_committed_yet() {
    let place = Place::new().await;
    let mut commit = place.scan(0);
    let policy = record(Kind::NetworkPolicy, "jhub", "hub", "a");
    commit.objects.push(place.stage(&policy).await);
    commit.pods = place.store.stage(&[pod("p-0000000001", "10.0.0.1")], at(0)).await.unwrap().pods;
    // What was written ahead seems to be years old, and another cluster writes before the commit comes.
    let later = at(90 * 24 * 60);
    place.store.prune(&Retention::default(), later).await.unwrap();
    place.store.stage(&[record(Kind::Service, "jhub", "other", "b")], later).await.unwrap();
    place.commit(commit).await;
    let broken = "select count(*) from revisions r join objects o on o.id = r.object_id join contents c on c.id = r.content_id
        where c.body not like '%' || o.name || '%'";
    assert_eq!(place.number(broken).await, Some(0));
    let pods =
        "select count(*) from pods p join contents c on c.id = p.shape_id where c.body like '%volumes%'";
    assert_eq!(place.number(pods).await, Some(1));
}

#[tokio::test]
async fn of_a_pod_that_was_staged_twice_the_last_one_counts() {
    let place = Place::new().await;
    let mut commit = place.scan(0);
    let records = [pod("p-0000000001", "10.0.0.1"), pod("p-0000000001", "10.0.0.2")];
    commit.pods = place.store.stage(&records, at(0)).await.unwrap().pods;
    place.commit(commit).await;
    let second = place.number("select count(*) from pods where own_json like '%10.0.0.2%'").await;
    assert_eq!((place.count("pods").await, second), (1, Some(1)));
    assert_eq!(place.count("staged_pods").await, 0);
}

#[tokio::test]
async fn another_status_begins_an_interval_and_another_uid_an_incarnation() {
    let place = Place::new().await;
    let first = pod("p-0000000001", "10.0.0.1");
    let changed = Record { content: hash("other"), ..first.clone() };
    let replaced = Record { uid: "uid-other".to_owned(), ..changed.clone() };
    for (minute, record) in [first.clone(), first, changed, replaced].into_iter().enumerate() {
        let mut commit = place.scan(i64::try_from(minute).unwrap());
        commit.pods = place.store.stage(&[record], at(0)).await.unwrap().pods;
        place.commit(commit).await;
    }
    assert_eq!(place.count("pods").await, 3, "the second scan saw nothing new");
    assert_eq!(place.number("select count(*) from pods where is_new = 1").await, Some(2));
    assert_eq!(place.number("select gone from pods where first_scan = 1").await, Some(0));
    assert_eq!(place.number("select gone from pods where first_scan = 3").await, Some(1));
    assert_eq!(
        place.number("select count(*) from pods where first_scan = 4 and until_scan is null").await,
        Some(1)
    );
}

#[tokio::test]
async fn pruning_leaves_pods_that_wait_for_their_commit() {
    let place = Place::new().await;
    let mut commit = place.scan(0);
    commit.pods = place.store.stage(&[pod("p-0000000001", "10.0.0.1")], at(0)).await.unwrap().pods;
    place.commit(commit).await;
    let mut commit = place.scan(1);
    commit.pods = place.store.stage(&[pod("p-0000000002", "10.0.0.2")], at(1)).await.unwrap().pods;
    place.store.prune(&Retention::default(), at(60 * 48)).await.unwrap();
    place.commit(commit).await;
    assert_eq!(place.count("pods").await, 2);
}

#[tokio::test]
async fn opening_removes_what_was_never_committed() {
    let place = Place::new().await;
    let mut commit = place.scan(0);
    commit.objects.push(place.stage(&record(Kind::Service, "jhub", "hub", "kept")).await);
    place.commit(commit).await;
    place.stage(&record(Kind::Service, "jhub", "hub", "lost")).await;
    place.store.stage(&[pod("p-0000000001", "10.0.0.1")], at(0)).await.unwrap();
    assert_eq!(place.count("staged_pods").await, 1);
    let Place { folder, store, .. } = place;
    store.close().await;
    let store = Store::open(&folder.path().join("data/perijove.db")).await.unwrap();
    let mut reading = store.read().await.unwrap();
    let pods: i64 =
        sqlx::query_scalar("select count(*) from staged_pods").fetch_one(&mut *reading).await.unwrap();
    assert_eq!(pods, 0);
    let bodies: Vec<String> =
        sqlx::query_scalar("select body from contents").fetch_all(&mut *reading).await.unwrap();
    let bodies: Vec<Value> = bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    assert_eq!(bodies.len(), 1);
    assert_eq!(bodies[0]["spec"]["text"], "kept");
}
