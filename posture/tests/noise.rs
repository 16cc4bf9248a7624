//! What makes a revision, what makes a change, and what makes neither.

use posture::kind::Kind;
use posture::record::Record;
use posture::redact::{Names, RedactionKey, Redactor, decode_json};
use serde_json::{Value, json};

fn record(kind: Kind, object: &Value) -> Record {
    let redactor = Redactor::new(RedactionKey::new(b"a key for tests"), Names::Hashed);
    decode_json(object.to_string().as_bytes(), kind, &redactor).unwrap()
}

/// The object with another value at a pointer; a missing field is added.
fn with(object: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = object.clone();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    changed.pointer_mut(parent).unwrap()[field.replace("~1", "/")] = value;
    changed
}

fn assert_silent(kind: Kind, object: &Value, changed: &Value) {
    let (one, other) = (record(kind, object), record(kind, changed));
    assert_eq!(one.content, other.content, "a revision");
    assert_eq!(one.drift, other.drift, "a change");
}

fn assert_revision_only(kind: Kind, object: &Value, changed: &Value) {
    let (one, other) = (record(kind, object), record(kind, changed));
    assert_ne!(one.content, other.content, "no revision");
    assert_eq!(one.drift, other.drift, "a change");
}

fn assert_change(kind: Kind, object: &Value, changed: &Value) {
    let (one, other) = (record(kind, object), record(kind, changed));
    assert_ne!(one.content, other.content, "no revision");
    assert_ne!(one.drift, other.drift, "no change");
}

fn deployment() -> Value {
    json!({
        "metadata": {
            "name": "hub", "namespace": "jhub", "uid": "u", "resourceVersion": "1", "generation": 1,
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "managedFields": [{"manager": "helm", "operation": "Update", "time": "2026-10-01T00:00:00Z"}]
        },
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": "jupyterhub"}},
            "template": {
                "metadata": {"labels": {"app": "jupyterhub"}, "annotations": {"checksum/config-map": "aaaa"}},
                "spec": {"serviceAccountName": "hub", "containers": [{
                    "name": "hub", "image": "quay.io/jupyterhub/k8s-hub:4.4.0", "args": ["jupyterhub", "--upgrade-db"],
                    "env": [{"name": "HELM_RELEASE_NAME", "value": "hub"}],
                    "livenessProbe": {"httpGet": {"path": "/hub/health"}}
                }]}
            }
        },
        "status": {"replicas": 1, "readyReplicas": 1, "observedGeneration": 1}
    })
}

#[test]
fn an_unchanged_object_is_silent_whatever_the_api_server_counts() {
    let object = deployment();
    for (pointer, value) in [
        ("/metadata/resourceVersion", json!("2")),
        ("/metadata/generation", json!(2)),
        ("/metadata/managedFields", json!([{"manager": "kubectl-edit", "operation": "Update"}])),
        ("/metadata/annotations/deployment.kubernetes.io~1revision", json!("7")),
        ("/metadata/selfLink", json!("/apis/apps/v1")),
        ("/status/observedGeneration", json!(2)),
        ("/spec/revisionHistoryLimit", json!(3)),
        ("/spec/template/spec/containers/0/livenessProbe", json!({"exec": {"command": ["true"]}})),
        ("/spec/template/spec/terminationGracePeriodSeconds", Value::Null),
    ] {
        assert_silent(Kind::Deployment, &object, &with(&object, pointer, value));
    }
}

#[test]
fn a_restart_and_a_scaling_are_revisions_and_not_changes() {
    let object = deployment();
    for (pointer, value) in [
        ("/status/readyReplicas", json!(0)),
        ("/spec/replicas", json!(3)),
        ("/metadata/labels", json!({"helm.sh/chart": "jupyterhub-4.4.1"})),
        (
            "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt",
            json!("2026-11-01T00:00:00Z"),
        ),
    ] {
        assert_revision_only(Kind::Deployment, &object, &with(&object, pointer, value));
    }
}

#[test]
fn what_runs_is_a_change() {
    let object = deployment();
    for (pointer, value) in [
        ("/spec/template/spec/containers/0/image", json!("quay.io/jupyterhub/k8s-hub:4.4.1")),
        ("/spec/template/spec/containers/0/args", json!(["jupyterhub", "--debug"])),
        ("/spec/template/spec/containers/0/env", json!([{"name": "OTHER", "value": "x"}])),
        ("/spec/template/spec/containers/0/securityContext", json!({"privileged": true})),
        ("/spec/template/spec/serviceAccountName", json!("default")),
        ("/spec/template/metadata/labels", json!({"app": "other"})),
        ("/spec/template/metadata/annotations/checksum~1config-map", json!("bbbb")),
        ("/spec/template/spec/tolerations", json!([{"operator": "Exists"}])),
    ] {
        assert_change(Kind::Deployment, &object, &with(&object, pointer, value));
    }
}

#[test]
fn values_of_the_environment_are_not_compared() {
    let object = deployment();
    let changed = with(&object, "/spec/template/spec/containers/0/env/0/value", json!("other"));
    let (one, other) = (record(Kind::Deployment, &object), record(Kind::Deployment, &changed));
    assert_eq!(one.drift, other.drift);
}

#[test]
fn addresses_and_ports_that_the_cluster_assigns_are_not_changes() {
    let service = json!({
        "metadata": {"name": "proxy-public", "namespace": "jhub", "annotations": {"a": "x"}},
        "spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"],
            "ports": [{"port": 443, "targetPort": "https", "nodePort": 30000}]}
    });
    for (pointer, value) in [
        ("/spec/clusterIP", json!("10.0.0.2")),
        ("/spec/ports/0/nodePort", json!(30001)),
        ("/status", json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}})),
    ] {
        assert_revision_only(Kind::Service, &service, &with(&service, pointer, value));
    }
    for (pointer, value) in [
        ("/spec/type", json!("NodePort")),
        ("/spec/ports/0/targetPort", json!("http")),
        ("/spec/loadBalancerSourceRanges", json!(["192.0.2.0/24"])),
        ("/spec/externalIPs", json!(["192.0.2.9"])),
        ("/metadata/annotations", json!({"b": "x"})),
    ] {
        assert_change(Kind::Service, &service, &with(&service, pointer, value));
    }
}

#[test]
fn rules_are_sets() {
    let policy = |egress: Value| json!({"metadata": {"name": "p", "namespace": "jhub"}, "spec": {"podSelector": {}, "egress": egress}});
    let (dns, web) = (json!({"ports": [{"port": 53}, {"port": 443}]}), json!({"ports": [{"port": 80}]}));
    let turned = json!({"ports": [{"port": 443}, {"port": 53}]});
    let of = |egress| record(Kind::NetworkPolicy, &policy(egress)).drift;
    assert_eq!(of(json!([dns, web])), of(json!([web, turned])));
    assert_ne!(of(json!([dns, web])), of(json!([dns])));
    let role = |verbs: Value| {
        record(
            Kind::Role,
            &json!({"metadata": {"name": "r", "namespace": "n"}, "rules": [
                {"apiGroups": [""], "resources": ["pods"], "verbs": verbs}
            ]}),
        )
        .drift
    };
    assert_eq!(role(json!(["get", "list"])), role(json!(["list", "get"])));
    assert_ne!(role(json!(["get", "list"])), role(json!(["get", "list", "delete"])));
}

#[test]
fn a_config_map_changes_with_each_key_but_the_one_that_follows_images() {
    let map = |key: &str, value: &str| json!({"metadata": {"name": "hub", "namespace": "jhub"}, "data": {"code.py": "a", key: value}});
    assert_change(Kind::ConfigMap, &map("x.py", "one"), &map("x.py", "two"));
    assert_revision_only(
        Kind::ConfigMap,
        &map("checksum_hook-image-puller", "one"),
        &map("checksum_hook-image-puller", "two"),
    );
}

#[test]
fn a_namespace_changes_with_its_pod_security_labels() {
    let namespace = |labels: Value| json!({"metadata": {"name": "jhub", "labels": labels}});
    let plain = namespace(json!({"team": "a"}));
    assert_revision_only(Kind::Namespace, &plain, &namespace(json!({"team": "b"})));
    assert_change(
        Kind::Namespace,
        &plain,
        &namespace(json!({"team": "a", "pod-security.kubernetes.io/enforce": "baseline"})),
    );
}

#[test]
fn a_node_is_silent_about_its_heartbeat() {
    let node = json!({"metadata": {"name": "n"}, "spec": {"providerID": "aws:///a/i-1"}, "status": {
        "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-11-01T00:00:00Z"}],
        "images": [{"names": ["a"]}], "nodeInfo": {"kubeletVersion": "v1.33.4"}
    }});
    let later = json!("2026-11-01T00:05:00Z");
    assert_silent(Kind::Node, &node, &with(&node, "/status/conditions/0/lastHeartbeatTime", later));
    assert_change(Kind::Node, &node, &with(&node, "/status/nodeInfo/kubeletVersion", json!("v1.34.0")));
}

#[test]
fn who_wrote_is_kept_beside_the_hashes_newest_first_for_each_manager() {
    let object = with(
        &deployment(),
        "/metadata/managedFields",
        json!([
            {"manager": "kubectl-edit", "operation": "Update", "time": "2026-10-03T00:00:00Z"},
            {"manager": "helm", "operation": "Update", "time": "2026-10-01T00:00:00Z"},
            {"manager": "helm", "operation": "Update", "time": "2026-10-02T00:00:00Z", "subresource": "status"}
        ]),
    );
    let managers: Vec<_> = record(Kind::Deployment, &object)
        .managed_fields
        .into_iter()
        .map(|field| (field.manager, field.time.unwrap().to_string()))
        .collect();
    assert_eq!(
        managers,
        [
            ("helm".to_owned(), "2026-10-02T00:00:00Z".to_owned()),
            ("kubectl-edit".to_owned(), "2026-10-03T00:00:00Z".to_owned())
        ]
    );
}
