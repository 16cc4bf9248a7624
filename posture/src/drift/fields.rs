//! The fields of an object whose change is security-relevant, at the paths where the API has them, without noise.

use serde_json::{Map, Value};

use crate::kind::Kind;

/// Annotations that controllers and tools write while they work.
const NOISE: &[&str] = &[
    "autoscaling.alpha.kubernetes.io/conditions",
    "control-plane.alpha.kubernetes.io/leader",
    "deployment.kubernetes.io/",
    "endpoints.kubernetes.io/last-change-trigger-time",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubectl.kubernetes.io/restartedAt",
    "meta.helm.sh/",
    "pv.kubernetes.io/",
    "volume.beta.kubernetes.io/",
    "volume.kubernetes.io/",
];

/// Labels of a pod template that tell the chart's version and nothing of what runs; that a chart changed is told by its release.
const CHART_LABELS: &[&str] = &["chart", "helm.sh/chart", "app.kubernetes.io/version", "heritage"];

/// What of a body counts.
pub(super) fn relevant(kind: Kind, body: &Value) -> Value {
    match kind {
        Kind::Deployment
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::ReplicaSet
        | Kind::ReplicationController
        | Kind::Job => nest(&["spec"], controller(body.get("spec"))),
        Kind::CronJob => {
            let spec = controller(body.pointer("/spec/jobTemplate/spec"));
            nest(&["spec", "jobTemplate", "spec"], spec)
        }
        Kind::Service => service(body),
        Kind::NetworkPolicy
        | Kind::Role
        | Kind::ClusterRole
        | Kind::RoleBinding
        | Kind::ClusterRoleBinding => rest(body),
        Kind::ConfigMap => config_map(body),
        Kind::Namespace => nest(&["metadata", "labels"], pod_security(body)),
        Kind::Node => node(body),
        Kind::Certificate => {
            let mut kept = rest(body);
            if let (Value::Object(kept), Some(end)) = (&mut kept, body.pointer("/status/notAfter")) {
                kept.insert("status".to_owned(), nest(&["notAfter"], end.clone()));
            }
            kept
        }
        Kind::ValidatingWebhookConfiguration | Kind::MutatingWebhookConfiguration | Kind::ApiService => {
            without_authorities(with_annotations(rest(body), body))
        }
        // Addresses of endpoints follow the pods; leases and events are never still; pods are told apart by their shape.
        Kind::Endpoints | Kind::EndpointSlice | Kind::Lease | Kind::Event | Kind::Pod => Value::Null,
        _ => with_annotations(rest(body), body),
    }
}

/// A value below some fields.
fn nest(path: &[&str], value: Value) -> Value {
    path.iter().rev().fold(value, |inner, field| {
        let mut outer = Map::new();
        outer.insert((*field).to_owned(), inner);
        Value::Object(outer)
    })
}

/// Everything but metadata and status.
fn rest(body: &Value) -> Value {
    let fields = body.as_object().into_iter().flatten();
    let kept =
        fields.filter(|(name, _)| !matches!(name.as_str(), "metadata" | "status" | "apiVersion" | "kind"));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn with_annotations(mut kept: Value, body: &Value) -> Value {
    if let Value::Object(fields) = &mut kept {
        let annotations = annotations(body.pointer("/metadata/annotations"));
        fields.insert("metadata".to_owned(), nest(&["annotations"], annotations));
    }
    kept
}

fn annotations(found: Option<&Value>) -> Value {
    entries(found, |key| !NOISE.iter().any(|noise| key.starts_with(noise)))
}

/// The entries of a map whose keys are wanted.
fn entries(found: Option<&Value>, is_wanted: impl Fn(&str) -> bool) -> Value {
    let all = found.and_then(Value::as_object).into_iter().flatten();
    Value::Object(
        all.filter(|(key, _)| is_wanted(key)).map(|(key, value)| (key.clone(), value.clone())).collect(),
    )
}

/// The template of a controller and what decides which pods are its own; not how many there are.
fn controller(spec: Option<&Value>) -> Value {
    let at = |path: &str| spec.and_then(|spec| spec.pointer(path));
    let mut metadata = Map::new();
    let labels = entries(at("/template/metadata/labels"), |key| !CHART_LABELS.contains(&key));
    metadata.insert("labels".to_owned(), labels);
    metadata.insert("annotations".to_owned(), annotations(at("/template/metadata/annotations")));
    let mut template = Map::new();
    template.insert("metadata".to_owned(), Value::Object(metadata));
    template.insert("spec".to_owned(), without_values(at("/template/spec").cloned().unwrap_or_default()));
    let mut kept = Map::new();
    kept.insert("selector".to_owned(), at("/selector").cloned().unwrap_or_default());
    kept.insert("template".to_owned(), Value::Object(template));
    Value::Object(kept)
}

/// A pod's specification without the values of its environment, of which only names and sources count.
fn without_values(mut spec: Value) -> Value {
    for containers in ["containers", "initContainers", "ephemeralContainers"] {
        for container in spec.get_mut(containers).and_then(Value::as_array_mut).into_iter().flatten() {
            for variable in container.get_mut("env").and_then(Value::as_array_mut).into_iter().flatten() {
                if let Value::Object(variable) = variable {
                    variable.shift_remove("value");
                }
            }
        }
    }
    spec
}

/// A Service without the addresses and node ports that the cluster gave it.
fn service(body: &Value) -> Value {
    let mut kept = with_annotations(rest(body), body);
    if let Some(Value::Object(spec)) = kept.get_mut("spec") {
        // `None` is asked for; every other address is given.
        if spec.get("clusterIP").and_then(Value::as_str) != Some("None") {
            spec.shift_remove("clusterIP");
        }
        for assigned in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            spec.shift_remove(assigned);
        }
        for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Value::Object(port) = port {
                port.shift_remove("nodePort");
            }
        }
    }
    kept
}

/// Programs renew the authorities of webhooks and `APIServices` all the time; their ends are told as certificates.
fn without_authorities(mut kept: Value) -> Value {
    let hooks = kept.get_mut("webhooks").and_then(Value::as_array_mut).into_iter().flatten();
    for client in hooks.filter_map(|hook| hook.get_mut("clientConfig")?.as_object_mut()) {
        client.shift_remove("caBundle");
    }
    if let Some(Value::Object(spec)) = kept.get_mut("spec") {
        spec.shift_remove("caBundle");
    }
    kept
}

fn config_map(body: &Value) -> Value {
    let mut kept = rest(body);
    if let Some(Value::Object(data)) = kept.get_mut("data") {
        // It follows the images that the hub's own release pulls.
        data.shift_remove("checksum_hook-image-puller");
    }
    kept
}

fn pod_security(body: &Value) -> Value {
    entries(body.pointer("/metadata/labels"), |key| key.starts_with("pod-security.kubernetes.io/"))
}

fn node(body: &Value) -> Value {
    let at = |path: &str| body.pointer(path).cloned().unwrap_or_default();
    let mut kept = Map::new();
    kept.insert("spec".to_owned(), nest(&["providerID"], at("/spec/providerID")));
    kept.insert("status".to_owned(), nest(&["nodeInfo"], at("/status/nodeInfo")));
    Value::Object(kept)
}
