//! Everything that facts read survives redaction: objects with a value in every field become facts with a value in every field.

use std::collections::BTreeMap;

use posture::Timestamp;
use posture::facts::{Pod, Workload};
use posture::kind::{KINDS, Kind};
use posture::listing::{Listing, Placed};
use posture::redact::{Declared, Names, RedactionKey, Redactor, decode_json, decode_manifests};
use posture::snapshot::{Origin, Snapshot, SnapshotBuilder};
use posture::testing::fact_kinds;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const OBJECTS: &str = include_str!("survival/objects.yaml");

fn redactor() -> Redactor {
    Redactor::new(RedactionKey::new(b"a key for tests"), Names::Hashed)
}

fn now() -> Timestamp {
    "2026-11-02T12:00:00Z".parse().unwrap()
}

/// Anchors reach no further than their document, and the documents share theirs; so they are read as one here.
fn objects() -> BTreeMap<Kind, Value> {
    let mut text = String::new();
    for line in OBJECTS.lines() {
        let entry = if line.starts_with("apiVersion:") { "- " } else { "  " };
        if line != "---" && !line.starts_with('#') {
            text.push_str(entry);
            text.push_str(line);
        }
        text.push('\n');
    }
    let items: Vec<Value> = serde_norway::from_str(&text).unwrap();
    items
        .into_iter()
        .map(|item| {
            let text = |field: &str| item[field].as_str().unwrap().to_owned();
            (Kind::of_manifest(&text("apiVersion"), &text("kind")).unwrap(), item)
        })
        .collect()
}

fn snapshot(objects: &BTreeMap<Kind, Value>) -> Snapshot {
    let redactor = redactor();
    let mut builder = SnapshotBuilder::new(Origin::Observed, "test");
    for (kind, object) in objects {
        builder.apply(&decode_json(object.to_string().as_bytes(), *kind, &redactor).unwrap()).unwrap();
    }
    builder.build(now())
}

/// The paths of a fact at which there is nothing.
fn holes(value: &Value, path: &str, found: &mut Vec<String>) {
    let is_hole = match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_u64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    };
    if is_hole {
        found.push(path.to_owned());
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| holes(item, &format!("{path}[]"), found)),
        Value::Object(fields) => {
            for (name, field) in fields {
                holes(field, &format!("{path}.{name}"), found);
            }
        }
        _ => {}
    }
}

fn only<T: Serialize + Placed>(listing: &Listing<T>) -> Option<Value> {
    listing.present().next().map(|fact| serde_json::to_value(&**fact).unwrap())
}

/// The facts of every kind as JSON.
fn facts(snapshot: &Snapshot) -> BTreeMap<Kind, Value> {
    let found = [
        (Kind::Pod, only(&snapshot.pods)),
        (Kind::Namespace, only(&snapshot.namespaces)),
        (Kind::Node, only(&snapshot.nodes)),
        (Kind::Service, only(&snapshot.services)),
        (Kind::Endpoints, only(&snapshot.endpoints)),
        (Kind::EndpointSlice, only(&snapshot.endpoint_slices)),
        (Kind::ServiceAccount, only(&snapshot.service_accounts)),
        (Kind::PersistentVolumeClaim, only(&snapshot.claims)),
        (Kind::Deployment, only(&snapshot.deployments)),
        (Kind::StatefulSet, only(&snapshot.stateful_sets)),
        (Kind::DaemonSet, only(&snapshot.daemon_sets)),
        (Kind::ReplicaSet, only(&snapshot.replica_sets)),
        (Kind::ReplicationController, only(&snapshot.replication_controllers)),
        (Kind::Job, only(&snapshot.jobs)),
        (Kind::CronJob, only(&snapshot.cron_jobs)),
        (Kind::NetworkPolicy, only(&snapshot.network_policies)),
        (Kind::AdminNetworkPolicy, only(&snapshot.admin_policies)),
        (Kind::BaselineAdminNetworkPolicy, only(&snapshot.baseline_policies)),
        (Kind::Ingress, only(&snapshot.ingresses)),
        (Kind::IngressClass, only(&snapshot.ingress_classes)),
        (Kind::Gateway, only(&snapshot.gateways)),
        (Kind::HttpRoute, only(&snapshot.http_routes)),
        (Kind::Certificate, only(&snapshot.certificates)),
        (Kind::ValidatingWebhookConfiguration, only(&snapshot.validating_webhooks)),
        (Kind::MutatingWebhookConfiguration, only(&snapshot.mutating_webhooks)),
        (Kind::ApiService, only(&snapshot.api_services)),
        (Kind::Role, only(&snapshot.roles)),
        (Kind::ClusterRole, only(&snapshot.cluster_roles)),
        (Kind::RoleBinding, only(&snapshot.role_bindings)),
        (Kind::ClusterRoleBinding, only(&snapshot.cluster_role_bindings)),
    ];
    found.into_iter().filter_map(|(kind, fact)| fact.map(|fact| (kind, fact))).collect()
}

#[test]
fn every_field_of_every_fact_survives() {
    let objects = objects();
    let facts = facts(&snapshot(&objects));
    for kind in fact_kinds() {
        if posture::redact::table::rows(kind).is_empty() || kind == Kind::ConfigMap {
            continue;
        }
        let fact = facts.get(&kind).unwrap_or_else(|| panic!("no object of kind {kind}"));
        let mut found = Vec::new();
        holes(fact, "", &mut found);
        // Metadata is the same for all kinds: the Deployment shows it whole. A template has a part of it.
        found.retain(|path| kind == Kind::Deployment || !path.starts_with(".metadata."));
        found.retain(|path| !path.starts_with(".template.metadata."));
        // A pod has one part of the security settings, a container the other.
        let halves = ["securityContext.privileged", "securityContext.allowPrivilegeEscalation"];
        let halves =
            halves.iter().chain(&["securityContext.readOnlyRootFilesystem", "securityContext.capabilities"]);
        let is_half = |path: &str| {
            path.ends_with("s[].securityContext.fsGroup")
                || halves.clone().any(|half| path.ends_with(&format!("spec.{half}")))
        };
        found.retain(|path| !is_half(path));
        let expected: &[&str] = match kind {
            // The node stands beside the shape; a running container only runs; conditions are kept in short.
            Kind::Pod => &[
                ".spec.nodeName",
                ".status.conditions[].lastTransitionTime",
                ".status.conditions[].reason",
                ".status.containerStatuses[].state.running",
                ".status.initContainerStatuses[].state.running",
            ],
            Kind::ClusterRole => &[".metadata.namespace"],
            Kind::NetworkPolicy => &[".spec.ingress[].to", ".spec.egress[].from"],
            // A field of the first version of the API counts by its presence.
            Kind::AdminNetworkPolicy | Kind::BaselineAdminNetworkPolicy => &[
                ".spec.ingress[].to",
                ".spec.egress[].from",
                ".spec.ingress[].from[].nodes",
                ".spec.ingress[].from[].networks",
                ".spec.ingress[].from[].domainNames",
                ".spec.subject.namespaces.namespaceSelector",
                ".spec.subject.pods.namespaces",
                ".spec.ingress[].from[].namespaces.namespaceSelector",
                ".spec.ingress[].from[].pods.namespaces",
                ".spec.egress[].to[].namespaces.namespaceSelector",
                ".spec.egress[].to[].pods.namespaces",
            ],
            Kind::ReplicationController => &[".selector.matchExpressions"],
            // Jobs know no newest template, and a CronJob runs nothing itself.
            Kind::Job => &[".status.unavailableReplicas", ".status.updatedReplicas"],
            Kind::CronJob => &[
                ".selector",
                ".replicas",
                ".status.replicas",
                ".status.readyReplicas",
                ".status.unavailableReplicas",
                ".status.updatedReplicas",
                ".status.conditions",
            ],
            _ => &[],
        };
        found.retain(|path| !expected.contains(&path.as_str()));
        assert!(found.is_empty(), "{kind}: nothing at {found:?}");
    }
}

#[test]
fn facts_of_kubernetes_own_form_are_what_the_object_says() {
    let objects = objects();
    let facts = facts(&snapshot(&objects));
    for (kind, fact) in &facts {
        let Some(plain) = plain(*kind, &objects[kind]) else { continue };
        let (mut fact, mut plain) = (fact.clone(), plain);
        for value in [&mut fact, &mut plain] {
            value["metadata"] = Value::Null;
        }
        assert_eq!(fact, plain, "{kind}");
    }
}

/// The fact that an object would be without redaction.
fn plain(kind: Kind, object: &Value) -> Option<Value> {
    use posture::facts::*;
    fn read<T: for<'a> Deserialize<'a> + Serialize>(object: &Value) -> Option<Value> {
        serde_json::to_value(T::deserialize(object).unwrap()).ok()
    }
    match kind {
        Kind::Node => read::<Node>(object),
        Kind::Service => read::<Service>(object),
        Kind::Endpoints => read::<Endpoints>(object),
        Kind::EndpointSlice => read::<EndpointSlice>(object),
        Kind::ServiceAccount => read::<ServiceAccount>(object),
        Kind::PersistentVolumeClaim => read::<PersistentVolumeClaim>(object),
        Kind::NetworkPolicy => read::<NetworkPolicy>(object),
        Kind::AdminNetworkPolicy | Kind::BaselineAdminNetworkPolicy => read::<AdminPolicy>(object),
        Kind::Ingress => read::<Ingress>(object),
        Kind::IngressClass => read::<IngressClass>(object),
        Kind::Gateway => read::<Gateway>(object),
        Kind::HttpRoute => read::<HttpRoute>(object),
        Kind::Certificate => read::<Certificate>(object),
        Kind::Role | Kind::ClusterRole => read::<Role>(object),
        Kind::RoleBinding | Kind::ClusterRoleBinding => read::<Binding>(object),
        _ => None,
    }
}

#[test]
fn a_template_survives_as_a_whole() {
    let objects = objects();
    let snapshot = snapshot(&objects);
    let workload: &Workload = snapshot.deployments.present().next().unwrap();
    let plain = posture::facts::PodSpec::deserialize(&objects[&Kind::Pod]["spec"]).unwrap();
    assert_eq!(workload.template.spec, plain);
    let pod: &Pod = snapshot.pods.present().next().unwrap();
    assert_eq!(pod.node(), Some("node-1"));
    assert_eq!(*pod.spec, posture::facts::PodSpec { node_name: None, ..plain });
}

#[test]
fn every_kind_can_be_recorded() {
    let redactor = redactor();
    let mut builder = SnapshotBuilder::new(Origin::Observed, "test");
    for info in KINDS {
        let object = json!({"metadata": {"name": "x", "namespace": "y"}, "spec": {}, "status": {}});
        let record = decode_json(object.to_string().as_bytes(), info.kind, &redactor).unwrap();
        assert_eq!(record.object.namespace.is_some(), info.namespaced);
        builder.apply(&record).unwrap();
    }
}

#[test]
fn files_give_the_same_facts_as_the_api_server() {
    let objects = objects();
    let redactor = redactor();
    let mut builder = SnapshotBuilder::new(Origin::Declared, "test");
    let text = serde_json::to_string(
        &json!({"apiVersion": "v1", "kind": "List", "items": objects.values().collect::<Vec<_>>()}),
    )
    .unwrap();
    let yaml = serde_norway::to_string(&serde_json::from_str::<Value>(&text).unwrap()).unwrap();
    for text in [text, yaml] {
        for declared in decode_manifests(&text, "x", &redactor, None).unwrap() {
            let Declared::Object { record, .. } = declared else { panic!() };
            builder.apply(&record).unwrap();
        }
        assert_eq!(facts(&builder.build(now())), facts(&snapshot(&objects)));
    }
}

#[test]
fn an_object_that_does_not_fit_is_a_gap_as_long_as_it_is_there() {
    let redactor = redactor();
    let mut builder = SnapshotBuilder::new(Origin::Observed, "test");
    builder.cover(Kind::Service, posture::listing::Coverage::full());
    let record = |port: u64| {
        let object =
            json!({"metadata": {"name": "x", "namespace": "y"}, "spec": {"ports": [{"port": port}]}});
        decode_json(object.to_string().as_bytes(), Kind::Service, &redactor).unwrap()
    };
    let misfit = builder.apply(&record(70_000)).unwrap_err();
    assert_eq!(misfit.to_string(), "Service/y/x cannot be understood: a value does not fit its field");
    assert!(builder.build(now()).services.complete_in("y").is_err());
    assert!(builder.build(now()).services.complete_in("z").is_ok());
    builder.begin_list(Kind::Service, None);
    builder.apply(&record(70_000)).unwrap_err();
    builder.finish_list(Kind::Service, None);
    assert!(builder.build(now()).services.complete().is_err());
    builder.apply(&record(80)).unwrap();
    assert!(builder.build(now()).services.complete().is_ok());
}

#[test]
fn what_was_not_read_is_a_gap_of_every_kind() {
    for (origin, reason) in [
        (Origin::Observed, posture::gap::GapReason::NotRead),
        (Origin::Declared, posture::gap::GapReason::NotInFiles),
    ] {
        let gaps = SnapshotBuilder::new(origin, "test").build(now()).gaps();
        for info in KINDS.iter().filter(|info| info.reading != posture::kind::Reading::OnDemand) {
            assert!(gaps.iter().any(|gap| gap.kind == info.kind && gap.reason == reason), "{}", info.kind);
        }
    }
}
