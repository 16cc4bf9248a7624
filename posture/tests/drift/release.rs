//! What a release of Helm owns beside what its manifest declares.

use posture::drift::against_release;

use super::*;

/// A Service as Helm leaves it: its manifest says nothing of the release, what is there does.
fn service_of(name: &str, release: Option<&str>, owner: &Value) -> Record {
    let annotations = release.map(
        |release| json!({"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": "jhub"}),
    );
    let metadata =
        json!({"name": name, "namespace": "jhub", "annotations": annotations, "ownerReferences": owner});
    let spec = json!({"ports": [{"port": 80}]});
    record(Kind::Service, &json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}))
}

#[test]
fn what_a_release_owns_and_its_manifest_does_not_declare_is_told() {
    let declared = [service_of("hub", None, &Value::Null)];
    let there = [
        service_of("hub", Some("prod"), &Value::Null),
        service_of("left", Some("prod"), &Value::Null),
        service_of("foreign", Some("exam"), &Value::Null),
        service_of("own", None, &Value::Null),
    ];
    let found = against_release(("jhub", "prod"), &declared, &there, |_| None);
    assert_eq!(found.compared, 1);
    let told: Vec<_> = found.changes.iter().map(|change| change.sentence().to_string()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("Service/jhub/left is new"), "{told:?}");
    // A release of the same name elsewhere owns nothing here.
    assert!(against_release(("other", "prod"), &declared, &there, |_| None).changes.is_empty());
    // Files that name no release own nothing.
    assert!(against(&declared, &there, |_| None).changes.is_empty());
}

#[test]
fn what_a_controller_made_with_the_labels_of_a_release_is_not_of_the_release() {
    let of = |controller: bool| json!([{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "hub", "uid": "1", "controller": controller}]);
    let declared = [service_of("hub", Some("prod"), &Value::Null)];
    let found = |controller| {
        let there = [declared[0].clone(), service_of("made", Some("prod"), &of(controller))];
        against(&declared, &there, |_| None).changes.len()
    };
    assert_eq!((found(true), found(false)), (0, 1));
}
