//! The snapshot made again from the store is judged like the one it was stored from.

use posture::check::Recall;
use posture::derived::derive;
use posture::judge::judge;
use posture::kind::{KINDS, Reading};
use posture::redact::{Names, RedactionKey, Redactor, decode_json};
use posture::settings::Settings;
use posture::snapshot::{Origin, Snapshot, SnapshotBuilder};
use server::demo;
use server::store::{ScanNumber, rebuild, recall};

use super::*;

/// The records of a demo cluster as it is now, pods first.
fn records(cluster: &demo::DemoCluster) -> Vec<Record> {
    let redactor = Redactor::new(RedactionKey::new(b"a key for tests"), Names::Resolvable);
    let mut known: Vec<(Kind, Value)> = cluster
        .present()
        .into_iter()
        .filter_map(|object| {
            let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
            Some((Kind::of_manifest(text("apiVersion"), text("kind"))?, object))
        })
        .collect();
    known.sort_by_key(|(kind, _)| *kind);
    known
        .iter()
        .map(|(kind, object)| decode_json(object.to_string().as_bytes(), *kind, &redactor).unwrap())
        .collect()
}

/// The live snapshot, every kind read, with one ConfigMap whose data is refused.
fn live(name: &str, records: &[Record], coverage: &BTreeMap<Kind, Coverage>) -> SnapshotBuilder {
    let mut builder = SnapshotBuilder::new(Origin::Observed, name);
    for record in records {
        builder.apply(record).unwrap();
        if record.object.kind == Kind::ConfigMap {
            builder.config_data(record.object.namespace.as_deref().unwrap(), &record.object.name, Ok(record));
        }
    }
    for (kind, coverage) in coverage {
        builder.cover(*kind, coverage.clone());
    }
    builder
}

fn findings(snapshot: &Snapshot, recall: &Recall) -> Vec<Finding> {
    let settings = Settings::default();
    let derived = derive(snapshot, &settings, snapshot.taken_at);
    judge(snapshot, &derived, recall, &settings, snapshot.taken_at)
}

#[tokio::test]
async fn the_rebuilt_snapshot_is_judged_like_the_live_one() {
    for cluster in demo::clusters(at(0)).unwrap() {
        let place = Place::new().await;
        let records = records(&cluster);
        let mut commit = place.scan(0);
        commit.coverage = KINDS
            .iter()
            .filter(|info| info.reading != Reading::OnDemand)
            .map(|info| (info.kind, Coverage::full()))
            .collect();
        commit.coverage.insert(Kind::Ingress, Coverage::gap(GapReason::Forbidden));
        commit.config_gaps = BTreeMap::from([(("x".to_owned(), "y".to_owned()), GapReason::Forbidden)]);
        let staged = place.store.stage(&records, at(0)).await.unwrap();
        (commit.objects, commit.pods) = (staged.objects, staged.pods);
        let mut builder = live("teaching", &records, &commit.coverage);
        builder.config_data("x", "y", Err(GapReason::Forbidden));
        let live = builder.build(at(0));
        let scan = place.commit(commit).await.scan;
        // What comes later must not shine through.
        let mut later = place.scan(1);
        later.relisted = records.iter().map(|r| (r.object.kind, None)).collect();
        place.commit(later).await;

        let mut reading = place.store.read().await.unwrap();
        let rebuilt = rebuild::snapshot(&mut reading, place.cluster, scan).await.unwrap();
        let recall = recall::before(&mut reading, place.cluster, scan).await.unwrap();
        assert_eq!(rebuilt.gaps(), live.gaps(), "{}", cluster.name);
        assert_eq!(rebuilt.config_data, live.config_data, "{}", cluster.name);
        let (rebuilt_findings, live_findings) = (findings(&rebuilt, &recall), findings(&live, &recall));
        assert!(!live_findings.is_empty());
        assert_eq!(rebuilt_findings, live_findings, "{}", cluster.name);
        let specs = |snapshot: &Snapshot| {
            let pods = snapshot.pods.present();
            pods.map(|pod| (pod.spec.clone(), pod.status.clone(), pod.metadata.labels.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(specs(&rebuilt), specs(&live), "{}", cluster.name);
    }
}

#[tokio::test]
async fn files_are_judged_as_files_again() {
    for cluster in demo::clusters(at(0)).unwrap() {
        let place = Place::new().await;
        let records = records(&cluster);
        let mut commit = place.scan(0);
        commit.origin = Origin::Declared;
        let missing = Coverage::gap(GapReason::NotInFiles);
        let read = KINDS.iter().filter(|info| info.reading != Reading::OnDemand);
        commit.coverage = read.map(|info| (info.kind, missing.clone())).collect();
        let staged = place.store.stage(&records, at(0)).await.unwrap();
        (commit.objects, commit.pods) = (staged.objects, staged.pods);
        let mut builder = SnapshotBuilder::new(Origin::Declared, "teaching");
        for record in &records {
            builder.apply(record).unwrap();
        }
        for (kind, coverage) in &commit.coverage {
            builder.cover(*kind, coverage.clone());
        }
        let live = builder.build(at(0));
        let scan = place.commit(commit).await.scan;
        let mut reading = place.store.read().await.unwrap();
        let rebuilt = rebuild::snapshot(&mut reading, place.cluster, scan).await.unwrap();
        assert_eq!(rebuilt.origin, Origin::Declared);
        let recall = Recall::default();
        assert_eq!(findings(&rebuilt, &recall), findings(&live, &recall), "{}", cluster.name);
    }
}

#[tokio::test]
async fn what_a_check_recalls_is_what_the_scans_before_left() {
    let place = Place::new().await;
    for minute in 0..3 {
        let mut commit = place.scan(minute);
        commit.hubs.push(hub(prod()));
        commit.servers.push(posture::check::RecalledServers {
            hub: prod(),
            seen_at: at(minute),
            barrier: minute < 2,
        });
        place.commit(commit).await;
    }
    let mut reading = place.store.read().await.unwrap();
    let first = recall::before(&mut reading, place.cluster, ScanNumber(1)).await.unwrap();
    assert_eq!(first, Recall::default());
    let third = recall::before(&mut reading, place.cluster, ScanNumber(3)).await.unwrap();
    assert_eq!(third.hubs, [prod()]);
    assert_eq!((third.user_servers[0].seen_at, third.user_servers[0].barrier), (at(1), true));
    let next = recall::latest(&mut reading, place.cluster).await.unwrap();
    assert_eq!(next.user_servers.len(), 1);
    assert_eq!((next.user_servers[0].seen_at, next.user_servers[0].barrier), (at(2), false));
}

#[tokio::test]
async fn a_collector_that_starts_again_learns_what_exists() {
    let place = Place::new().await;
    let mut commit = place.scan(0);
    let staged = place
        .store
        .stage(&[record(Kind::Service, "jhub", "hub", "a"), record(Kind::Pod, "jhub", "hub-0", "b")], at(0))
        .await
        .unwrap();
    (commit.objects, commit.pods) = (staged.objects, staged.pods);
    place.commit(commit).await;
    let mut reading = place.store.read().await.unwrap();
    for (kind, name, content) in [(Kind::Service, "hub", "a"), (Kind::Pod, "hub-0", "b")] {
        let known = rebuild::known_objects(&mut reading, place.cluster, kind).await.unwrap();
        assert_eq!(known.len(), 1);
        assert_eq!((known[0].object.name.as_str(), known[0].content), (name, hash(content)));
    }
}
