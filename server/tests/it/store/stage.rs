//! What is written ahead, and who shares it.

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
}

#[tokio::test]
async fn opening_removes_what_was_never_committed() {
    let place = Place::new().await;
    let mut commit = place.scan(0);
    commit.objects.push(place.stage(&record(Kind::Service, "jhub", "hub", "kept")).await);
    place.commit(commit).await;
    place.stage(&record(Kind::Service, "jhub", "hub", "lost")).await;
    let Place { folder, store, .. } = place;
    store.close().await;
    let store = Store::open(&folder.path().join("data/perijove.db")).await.unwrap();
    let mut reading = store.read().await.unwrap();
    let bodies: Vec<String> =
        sqlx::query_scalar("select body from contents").fetch_all(&mut *reading).await.unwrap();
    let bodies: Vec<Value> = bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    assert_eq!(bodies.len(), 1);
    assert_eq!(bodies[0]["spec"]["text"], "kept");
}
