//! The fields of an object whose change is security-relevant, without noise: what the drift hash is made of.

use serde_json::{Map, Value};

use super::{ContentHash, hash, shape};
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

/// The drift hash of an object.
pub(super) fn hash(kind: Kind, body: &Value) -> ContentHash {
    match kind {
        Kind::Pod => shape::drift(body.get("spec").unwrap_or(&Value::Null), shape::owner(body)),
        _ => hash::canonical(&fields(kind, body)),
    }
}

/// The fields whose change is security-relevant, of everything but pods.
fn fields(kind: Kind, body: &Value) -> Value {
    match kind {
        Kind::Deployment
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::ReplicaSet
        | Kind::ReplicationController
        | Kind::Job => controller(body.get("spec")),
        Kind::CronJob => controller(body.pointer("/spec/jobTemplate/spec")),
        Kind::Service => service(body),
        Kind::NetworkPolicy
        | Kind::Role
        | Kind::ClusterRole
        | Kind::RoleBinding
        | Kind::ClusterRoleBinding => as_set(&rest(body)),
        Kind::ConfigMap => config_map(body),
        Kind::Namespace => only_labels(body, "pod-security.kubernetes.io/"),
        Kind::Node => pick(body, &["/spec/providerID", "/status/nodeInfo"]),
        Kind::Certificate => {
            let mut kept = rest(body);
            if let (Value::Object(kept), Some(end)) = (&mut kept, body.pointer("/status/notAfter")) {
                kept.insert("notAfter".to_owned(), end.clone());
            }
            kept
        }
        // Addresses of endpoints follow the pods; leases and events are never still.
        Kind::Endpoints | Kind::EndpointSlice | Kind::Lease | Kind::Event => Value::Null,
        _ => with_annotations(rest(body), body),
    }
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
        fields.insert("annotations".to_owned(), annotations(body.pointer("/metadata/annotations")));
    }
    kept
}

fn annotations(found: Option<&Value>) -> Value {
    let entries = found.and_then(Value::as_object).into_iter().flatten();
    let kept = entries.filter(|(key, _)| !NOISE.iter().any(|noise| key.starts_with(noise)));
    Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// The template of a controller and what decides which pods are its own; not how many there are.
fn controller(spec: Option<&Value>) -> Value {
    let mut kept = Map::new();
    let at = |path: &str| spec.and_then(|spec| spec.pointer(path)).cloned().unwrap_or(Value::Null);
    kept.insert("selector".to_owned(), at("/selector"));
    kept.insert("labels".to_owned(), at("/template/metadata/labels"));
    kept.insert(
        "annotations".to_owned(),
        annotations(spec.and_then(|spec| spec.pointer("/template/metadata/annotations"))),
    );
    kept.insert("pod".to_owned(), template(&at("/template/spec")));
    Value::Object(kept)
}

/// A pod's specification without the values of its environment, of which only names and sources count.
fn template(spec: &Value) -> Value {
    let mut kept = spec.clone();
    for containers in ["containers", "initContainers", "ephemeralContainers"] {
        for container in kept.get_mut(containers).and_then(Value::as_array_mut).into_iter().flatten() {
            for variable in container.get_mut("env").and_then(Value::as_array_mut).into_iter().flatten() {
                if let Value::Object(variable) = variable {
                    variable.shift_remove("value");
                }
            }
        }
    }
    kept
}

/// A Service without the addresses and node ports that the cluster gave it.
fn service(body: &Value) -> Value {
    let mut kept = with_annotations(rest(body), body);
    if let Some(Value::Object(spec)) = kept.get_mut("spec") {
        for assigned in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
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

fn config_map(body: &Value) -> Value {
    let mut kept = rest(body);
    if let Some(Value::Object(data)) = kept.get_mut("data") {
        // It follows the images that the hub's own release pulls.
        data.shift_remove("checksum_hook-image-puller");
    }
    kept
}

fn only_labels(body: &Value, start: &str) -> Value {
    let labels = body.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    let kept = labels.filter(|(key, _)| key.starts_with(start));
    Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn pick(body: &Value, paths: &[&str]) -> Value {
    paths.iter().map(|path| body.pointer(path).cloned().unwrap_or(Value::Null)).collect()
}

/// The same with every list sorted, for rules whose order means nothing.
fn as_set(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut sorted: Vec<_> = items
                .iter()
                .map(|item| {
                    let item = as_set(item);
                    let mut bytes = Vec::new();
                    hash::write(&item, hash::Whole, &mut bytes);
                    (bytes, item)
                })
                .collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            sorted.into_iter().map(|(_, item)| item).collect()
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, field)| (key.clone(), as_set(field))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_drift_of_a_pod_is_that_of_its_shape_without_values_of_variables() {
        let env =
            json!([{"name": "A", "value": "b"}, {"name": "C", "value": {"redacted": true, "hmac": "1:2"}}]);
        let container = json!({"name": "x", "env": env, "value": "kept", "args": [{"value": "kept"}]});
        let body = json!({
            "metadata": {"name": "jupyter-p-0123456789"},
            "spec": {
                "nodeName": "node", "hostname": "host", "value": "kept",
                "containers": [container], "initContainers": [container], "ephemeralContainers": {"env": env},
                "volumes": [
                    {"name": "volume-p-0123456789", "nodeName": "kept"}, {"name": "kube-api-access-x7k2m"},
                    {"name": "claim-p-abcdefghjk"}
                ],
            },
        });
        let shaped = template(&shape::shape(&body["spec"], shape::owner(&body)));
        assert_eq!(hash(Kind::Pod, &body), hash::canonical(&shaped));
        assert_eq!(hash(Kind::Pod, &json!({})), hash::canonical(&Value::Null));
    }
}
