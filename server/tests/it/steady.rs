//! A cluster in which nothing happens but noise adds a row per scan to the history, and nothing else.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use server::clock::Clock;
use server::cluster::{Source, Tuning};
use server::demo::{self, Op};
use server::demo_api::DemoApi;

use crate::followed::Followed;

/// How often the cluster is scanned.
const SCANS: i64 = 1_000;

/// What controllers, kubelets and the API server write all the time.
fn noise(object: &Value, round: i64) -> Value {
    let mut object = object.clone();
    let at = format!("2026-11-{:02}T{:02}:{:02}:00Z", 1 + round / 1_440, round / 60 % 24, round % 60);
    object["metadata"]["generation"] = round.into();
    object["metadata"]["managedFields"] =
        json!([{"manager": "kube-controller-manager", "operation": "Update", "time": at}]);
    if object["kind"] == "Deployment" {
        object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = round.to_string().into();
        object["status"]["observedGeneration"] = round.into();
    }
    if let Some(conditions) = object.pointer_mut("/status/conditions").and_then(Value::as_array_mut) {
        for condition in conditions {
            condition["lastHeartbeatTime"] = at.clone().into();
            condition["lastProbeTime"] = at.clone().into();
        }
    }
    object
}

async fn rows(followed: &Followed) -> BTreeMap<String, i64> {
    let mut rows = BTreeMap::new();
    for table in followed.texts("select name from sqlite_schema where type = 'table'").await {
        let count = followed.number(&format!("select count(*) from \"{table}\"")).await;
        rows.insert(table, count);
    }
    rows
}

#[tokio::test]
async fn a_cluster_scanned_a_thousand_times_without_a_change_adds_only_scans() {
    let now = Timestamp::now();
    let cluster = demo::clusters(now).unwrap().remove(0);
    let is_kept = |object: &&Value| {
        let place = object["metadata"]["namespace"].as_str();
        place == Some("jhub") || place.is_none() && object["kind"] != "ClusterRole"
    };
    let objects: Vec<Value> = cluster.present().iter().filter(is_kept).cloned().collect();
    let clock = Clock::at(now);
    let api = DemoApi::new(objects.clone(), Vec::new(), &cluster.kubernetes, clock.clone());
    let tuning = Tuning { requests_per_second: 0, ..Tuning::default() };
    let source = Source::over(api.clone(), "https://demo", tuning, clock);
    let followed = Followed::start(source).await;
    assert!(followed.handle.scan_now().await);
    assert!(followed.handle.scan_now().await);
    let before = rows(&followed).await;
    for table in ["revisions", "pods", "verdicts", "coverage", "hubs", "contents"] {
        assert!(before[table] > 0, "{table} is empty, so that this proves nothing");
    }
    for round in 0..SCANS {
        // Each object makes noise now and then.
        let loud =
            objects.iter().enumerate().filter(|(at, _)| (i64::try_from(*at).unwrap() + round) % 40 == 0);
        api.apply(loud.map(|(_, object)| Op::Put(noise(object, round))).collect());
        assert!(followed.handle.scan_now().await);
    }
    let mut after = rows(&followed).await;
    let scans = after.insert("scans".to_owned(), before["scans"]).unwrap_or_default() - before["scans"];
    assert!(scans >= SCANS, "{scans} scans");
    assert_eq!(after, before);
}
