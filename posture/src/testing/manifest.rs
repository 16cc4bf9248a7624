//! Turns the manifests of a fixture into facts.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::facts::{ConfigMap, Meta};
use crate::kind::Kind;

/// Manifests that are known but of which no fact is made.
const IGNORED: [&str; 1] = ["Secret"];

/// The kind of a manifest; `None` for what no fact is made of.
pub(super) fn kind(value: &Value) -> Result<Option<Kind>, String> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let (version, name) = (text("apiVersion"), text("kind"));
    match Kind::of_manifest(version, name) {
        Some(kind) => Ok(Some(kind)),
        None if version == "v1" && IGNORED.contains(&name) => Ok(None),
        None => Err(format!("`{name}` of `{version}` is not a kind that is read")),
    }
}

/// Puts an object that names no namespace into this one.
pub(super) fn place(value: &mut Value, namespace: &str) {
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.entry("namespace").or_insert_with(|| namespace.into());
    }
}

/// The metadata of an object.
pub(super) fn meta(value: &Value) -> Result<Meta, String> {
    read(&value["metadata"], value)
}

/// The facts of one kind; controllers are brought into the one shape they share.
pub(super) fn facts<T: DeserializeOwned>(kind: Kind, values: &[Value]) -> Result<Vec<Arc<T>>, String> {
    values
        .iter()
        .map(|value| {
            let shaped = match kind {
                Kind::Deployment
                | Kind::StatefulSet
                | Kind::DaemonSet
                | Kind::ReplicaSet
                | Kind::ReplicationController
                | Kind::Job
                | Kind::CronJob => workload(kind, value),
                Kind::ConfigMap => json!({ "metadata": value["metadata"] }),
                _ => value.clone(),
            };
            read(&shaped, value).map(Arc::new)
        })
        .collect()
}

fn workload(kind: Kind, value: &Value) -> Value {
    let spec = match kind {
        Kind::CronJob => &value["spec"]["jobTemplate"]["spec"],
        _ => &value["spec"],
    };
    let status = &value["status"];
    let number =
        |names: [&str; 2]| names.iter().find_map(|name| status.get(*name)).cloned().unwrap_or(json!(0));
    // A ReplicationController selects by a plain map, every other controller by a selector.
    let selector = match (kind, &spec["selector"]) {
        (Kind::ReplicationController, Value::Object(labels)) => json!({ "matchLabels": labels }),
        (_, selector) => selector.clone(),
    };
    let template = if spec["template"].is_null() { json!({}) } else { spec["template"].clone() };
    json!({
        "kind": kind,
        "metadata": value["metadata"],
        "template": template,
        "selector": selector,
        "replicas": spec["replicas"],
        "status": {
            "replicas": number(["replicas", "currentNumberScheduled"]),
            "readyReplicas": number(["readyReplicas", "numberReady"]),
            "unavailableReplicas": number(["unavailableReplicas", "numberUnavailable"]),
            "updatedReplicas": number(["updatedReplicas", "updatedNumberScheduled"]),
            "desired": number(["desiredNumberScheduled", "desired"]),
            "conditions": status.get("conditions").cloned().unwrap_or(json!([])),
        },
    })
}

/// A ConfigMap with its data as redaction leaves it: names are kept, files that are understood are parsed, the rest is dropped.
pub(super) fn config_map(value: &Value) -> Result<ConfigMap, String> {
    let data: Map<String, Value> = value["data"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, text)| (key.clone(), entry(key, text.as_str().unwrap_or_default())))
        .collect();
    read(&json!({ "metadata": value["metadata"], "data": data }), value)
}

fn entry(key: &str, text: &str) -> Value {
    let extension = key.rsplit_once('.').map_or("", |(_, extension)| extension);
    let parsed = match extension {
        "yaml" => serde_norway::from_str::<Value>(text).ok(),
        "toml" => toml::from_str::<Value>(text).ok(),
        _ => None,
    };
    match parsed {
        Some(parsed) => json!({ "parsed": parsed }),
        None if extension.is_empty() && !text.contains('\n') => text.into(),
        None => json!({ "redacted": true, "class": "text" }),
    }
}

fn read<T: DeserializeOwned>(shaped: &Value, original: &Value) -> Result<T, String> {
    serde_json::from_value(without_nulls(shaped)).map_err(|error| {
        format!("{} `{}`: {error}", original["kind"], original["metadata"]["name"].as_str().unwrap_or("?"))
    })
}

/// The same without `null`, which records do not have.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, field)| !field.is_null())
            .map(|(key, field)| (key.clone(), without_nulls(field)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(without_nulls).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}
