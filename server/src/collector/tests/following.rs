//! After the first scan: changes are judged soon, counts are not, and time passes.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::*;
use crate::collector::{Phase, Trigger};

#[tokio::test(start_paused = true)]
async fn a_change_is_scanned_within_two_seconds() {
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    bench.scan().await;
    let before = Instant::now();
    bench.api.apply(ops(&service("proxy-public", 443)));
    let scan = bench.scan().await;
    assert!(before.elapsed() < Duration::from_secs(2), "{:?}", before.elapsed());
    assert_eq!((scan.trigger, services(&scan)), (Trigger::Change, vec!["proxy-public"]));
    assert_eq!(bench.handed_on(Kind::Service), ["proxy-public"]);
}

#[tokio::test(start_paused = true)]
async fn changes_that_never_pause_are_scanned_all_the_same() {
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    bench.scan().await;
    let before = Instant::now();
    let api = bench.api.clone();
    let busy = tokio::spawn(async move {
        for port in 1.. {
            api.apply(ops(&service("restless", port)));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    bench.scan().await;
    assert!(before.elapsed() < Duration::from_secs(2), "{:?}", before.elapsed());
    busy.abort();
}

#[tokio::test(start_paused = true)]
async fn several_changes_make_one_scan() {
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    bench.scan().await;
    for name in ["a", "b", "c"] {
        bench.api.apply(ops(&service(name, 80)));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let scan = bench.scan().await;
    assert_eq!(services(&scan), ["a", "b", "c"]);
    assert!(bench.is_quiet_for(Duration::from_mins(1)).await);
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_is_removed_once() {
    let documents = format!("{HUB}---\n{}", service("proxy-public", 443));
    let mut bench = Bench::start(&documents, Vec::new(), tuning());
    bench.scan().await;
    bench.api.apply(deleted("v1", "Service", "proxy-public"));
    let scan = bench.scan().await;
    assert_eq!(services(&scan), Vec::<&str>::new());
    assert_eq!(
        scan.removed.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["Service/hub/proxy-public"]
    );
    bench.api.apply(ops(&service("other", 80)));
    assert!(bench.scan().await.removed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_more_server_of_a_known_class_waits_for_the_next_scan() {
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    bench.scan().await;
    bench.api.apply(ops(&server_of("ada")));
    assert_eq!(bench.scan().await.snapshot.pods.present().count(), 1);
    bench.api.apply(ops(&server_of("grace")));
    assert!(bench.is_quiet_for(Duration::from_mins(1)).await);
    assert!(bench.handle.scan_now().await);
    let scan = bench.scan().await;
    assert_eq!(scan.trigger, Trigger::Manual);
    assert_eq!(scan.snapshot.pods.present().count(), 2);
    let people: BTreeSet<String> = scan.people.into_iter().map(|seen| seen.name).collect();
    assert_eq!(people, BTreeSet::from(["grace".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_status_that_is_only_noise_makes_no_scan() {
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    bench.scan().await;
    bench.handed_on(Kind::Namespace);
    // The same object again, with another version: managers write heartbeats all the time.
    let namespace =
        "{apiVersion: v1, kind: Namespace, metadata: {name: hub, uid: 22222222-2222-4222-8222-222222222222}}";
    bench.api.apply(ops(namespace));
    assert!(bench.is_quiet_for(Duration::from_mins(1)).await);
    assert_eq!(bench.handed_on(Kind::Namespace), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_quiet_cluster_is_scanned_on_time_and_stays_fresh() {
    let settings = Settings { tick: Duration::from_mins(15), ..Settings::new("demo") };
    let mut bench = Bench::start_with(HUB, Vec::new(), tuning(), settings, |_| {});
    bench.scan().await;
    let before = Instant::now();
    let scan = bench.scan().await;
    assert_eq!(scan.trigger, Trigger::Tick);
    assert!(before.elapsed() >= Duration::from_secs(899), "{:?}", before.elapsed());
    // Watches ended and began anew meanwhile, and nothing is a gap.
    assert_eq!(scan.snapshot.gaps(), []);
    assert_eq!(bench.handle.status().phase, Phase::Following);
}

#[tokio::test(start_paused = true)]
async fn a_changed_config_map_is_read_again() {
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    bench.scan().await;
    bench.handed_on(Kind::ConfigMap);
    let changed = "{apiVersion: v1, kind: ConfigMap, metadata: {name: hub, namespace: hub}, data: {singleuser: renamed}}";
    bench.api.apply(ops(changed));
    let scan = bench.scan().await;
    assert_eq!(scan.snapshot.config_map("hub", "hub").unwrap().unwrap().text("singleuser"), Some("renamed"));
    assert_eq!(bench.handed_on(Kind::ConfigMap), ["hub"]);
}

#[tokio::test(start_paused = true)]
async fn an_optional_api_that_appears_is_read_from_then_on() {
    let settings = Settings { tick: Duration::from_mins(1), ..Settings::new("demo") };
    let mut bench = Bench::start_with(HUB, Vec::new(), tuning(), settings, |_| {});
    bench.scan().await;
    bench.api.apply(ops("
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: certificates.cert-manager.io}
spec:
  group: cert-manager.io
  names: {kind: Certificate, plural: certificates}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true}]
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: hub-tls, namespace: hub}
spec: {secretName: hub-tls, dnsNames: [hub.example.org]}
"));
    let scan = bench.scan_until(|scan| scan.snapshot.certificates.present().count() == 1).await;
    assert!(scan.snapshot.certificates.complete().is_ok());
}
