//! What the API server fills in where nothing was written: taken out, so that writing a default is no change.
//!
//! The defaults are those of the API reference: <https://kubernetes.io/docs/reference/kubernetes-api/>.

use serde_json::{Map, Value, json};

use crate::kind::Kind;

/// Takes out of the relevant fields of an object what stands for nothing, and writes in one way what can be written in several.
pub(super) fn settle(kind: Kind, fields: &mut Value) {
    match kind {
        Kind::NetworkPolicy => policy(fields),
        Kind::Service => service(fields),
        Kind::Deployment
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::ReplicaSet
        | Kind::ReplicationController
        | Kind::Job => template(fields.pointer_mut("/spec/template/spec")),
        Kind::CronJob => template(fields.pointer_mut("/spec/jobTemplate/spec/template/spec")),
        Kind::Role | Kind::ClusterRole => role(fields),
        Kind::HorizontalPodAutoscaler => {
            if let Some(spec) = fields.get_mut("spec") {
                drop_if(spec, "minReplicas", &json!(1));
            }
        }
        _ => {}
    }
    selectors(fields);
}

/// Takes out a field that has this value.
fn drop_if(holder: &mut Value, field: &str, value: &Value) {
    if let Value::Object(fields) = holder
        && fields.get(field) == Some(value)
    {
        fields.shift_remove(field);
    }
}

/// The items of a list, or none.
fn items<'a>(holder: Option<&'a mut Value>, field: &str) -> impl Iterator<Item = &'a mut Value> {
    holder.and_then(|holder| holder.get_mut(field)).and_then(Value::as_array_mut).into_iter().flatten()
}

/// A policy isolates the directions it names; if it names none, ingress, and egress where it has rules for it.
fn policy(fields: &mut Value) {
    let Some(spec) = fields.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let has_egress = spec.get("egress").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
    let types = spec.get("policyTypes").and_then(Value::as_array);
    if types.is_none_or(Vec::is_empty) {
        let types = if has_egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
        spec.insert("policyTypes".to_owned(), types);
    }
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        if let Some(Value::Array(rules)) = spec.get_mut(direction) {
            *rules = rules.iter().flat_map(|rule| openings(rule, peers)).collect();
        }
    }
}

/// A rule lets each of its peers through on each of its ports: the single openings it stands for, each a rule of one peer and one port.
fn openings(rule: &Value, peers: &str) -> Vec<Value> {
    let list = |field: &str| rule.get(field).and_then(Value::as_array).filter(|items| !items.is_empty());
    let each = |field: &str| -> Vec<Option<Value>> {
        list(field).map_or_else(|| vec![None], |items| items.iter().cloned().map(Some).collect())
    };
    let (whom, ports) = (each(peers), each("ports"));
    let mut found = Vec::new();
    for mut peer in whom {
        if let Some(block) = peer.as_mut().and_then(|peer| peer.get_mut("ipBlock")) {
            block_of_addresses(block);
        }
        for port in &ports {
            let mut port = port.clone();
            if let Some(port) = &mut port {
                drop_if(port, "protocol", &json!("TCP"));
            }
            let mut opening = Map::new();
            opening.extend(peer.clone().map(|peer| (peers.to_owned(), json!([peer]))));
            opening.extend(port.map(|port| ("ports".to_owned(), json!([port]))));
            found.push(Value::Object(opening));
        }
    }
    found
}

/// Writes ranges by their first address: bits behind the prefix mean nothing.
fn block_of_addresses(block: &mut Value) {
    let plain = |text: &mut Value| {
        if let Some(range) = text.as_str().and_then(crate::network::AddressRange::parse) {
            *text = range.blocks().into_iter().next().unwrap_or_default().into();
        }
    };
    block.get_mut("cidr").into_iter().for_each(plain);
    items(Some(block), "except").for_each(plain);
}

fn service(fields: &mut Value) {
    let Some(spec) = fields.get_mut("spec") else { return };
    drop_if(spec, "type", &json!("ClusterIP"));
    drop_if(spec, "externalTrafficPolicy", &json!("Cluster"));
    for port in items(Some(spec), "ports") {
        drop_if(port, "protocol", &json!("TCP"));
        let number = port.get("port").cloned();
        if let Some(number) = number {
            drop_if(port, "targetPort", &number);
        }
    }
}

/// A role is the set of its single rights: one verb on one resource of one group, or on one path.
fn role(fields: &mut Value) {
    const MOST: usize = 4096;
    let Some(rules) = fields.get("rules").and_then(Value::as_array) else { return };
    let texts = |rule: &Value, field: &str| -> Vec<Value> {
        rule.get(field).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let mut rights = Vec::new();
    for rule in rules {
        let verbs = texts(rule, "verbs");
        let (groups, resources) = (texts(rule, "apiGroups"), texts(rule, "resources"));
        let (names, paths) = (texts(rule, "resourceNames"), texts(rule, "nonResourceURLs"));
        let names: Vec<_> = if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() };
        if verbs.len() * (groups.len() * resources.len() * names.len() + paths.len()) > MOST {
            rights.push(rule.clone());
            continue;
        }
        for verb in &verbs {
            for (group, resource) in groups.iter().flat_map(|g| resources.iter().map(move |r| (g, r))) {
                for name in &names {
                    let mut right = json!({"verb": verb, "apiGroup": group, "resource": resource});
                    if let Some(name) = name {
                        right["resourceName"] = name.clone();
                    }
                    rights.push(right);
                }
            }
            rights.extend(paths.iter().map(|path| json!({"verb": verb, "path": path})));
        }
    }
    fields["rules"] = Value::Array(rights);
}

/// The specification of pods.
fn template(spec: Option<&mut Value>) {
    let Some(spec) = spec else { return };
    for (field, value) in [
        ("serviceAccountName", json!("default")),
        ("restartPolicy", json!("Always")),
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("enableServiceLinks", json!(true)),
        ("hostNetwork", json!(false)),
        ("hostPID", json!(false)),
        ("hostIPC", json!(false)),
        ("hostUsers", json!(true)),
        ("shareProcessNamespace", json!(false)),
    ] {
        drop_if(spec, field, &value);
    }
    if let Some(context) = spec.get_mut("securityContext") {
        drop_if(context, "runAsNonRoot", &json!(false));
    }
    for toleration in items(Some(spec), "tolerations") {
        drop_if(toleration, "operator", &json!("Equal"));
    }
    for volume in items(Some(spec), "volumes") {
        for (source, field, value) in
            [("persistentVolumeClaim", "readOnly", json!(false)), ("hostPath", "type", json!(""))]
        {
            if let Some(source) = volume.get_mut(source) {
                drop_if(source, field, &value);
            }
        }
    }
    let order = |spec: &Value| -> Option<Value> {
        let first = spec.get("initContainers")?.as_array()?;
        Some(first.iter().filter_map(|container| container.get("name").cloned()).collect())
    };
    // They run one after the other: their order means something, and they are told apart by name.
    if let (Some(order), Some(fields)) = (order(spec), spec.as_object_mut()) {
        fields.insert(ORDER.to_owned(), order);
    }
    for list in ["containers", "initContainers"] {
        items(Some(spec), list).for_each(container);
    }
}

/// The field that holds the order in which init containers run.
pub(super) const ORDER: &str = "initContainers (order)";

fn container(container: &mut Value) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let policy = default_pull_policy(image);
    drop_if(container, "imagePullPolicy", &json!(policy));
    for port in items(Some(container), "ports") {
        drop_if(port, "protocol", &json!("TCP"));
    }
    for mount in items(Some(container), "volumeMounts") {
        drop_if(mount, "readOnly", &json!(false));
    }
    for (field, value) in [
        ("privileged", json!(false)),
        ("allowPrivilegeEscalation", json!(true)),
        ("readOnlyRootFilesystem", json!(false)),
        ("procMount", json!("Default")),
    ] {
        if let Some(context) = container.get_mut("securityContext") {
            drop_if(context, field, &value);
        }
    }
}

/// `Always` for an image without a tag or with the tag `latest`, else `IfNotPresent`.
/// <https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting>
fn default_pull_policy(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or_default();
    let is_latest = !name.contains('@') && name.split_once(':').is_none_or(|(_, tag)| tag == "latest");
    if is_latest { "Always" } else { "IfNotPresent" }
}

/// In label selectors, `key in (value)` with one value is the same as `key: value`.
fn selectors(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(selectors);
            single_values(fields);
        }
        Value::Array(items) => items.iter_mut().for_each(selectors),
        _ => {}
    }
}

fn single_values(selector: &mut Map<String, Value>) {
    let Some(Value::Array(expressions)) = selector.get_mut("matchExpressions") else { return };
    let (single, several): (Vec<_>, Vec<_>) =
        std::mem::take(expressions).into_iter().partition(|expression| {
            expression.get("operator").and_then(Value::as_str) == Some("In")
                && expression.get("values").and_then(Value::as_array).is_some_and(|values| values.len() == 1)
        });
    *expressions = several;
    let labels = selector.entry("matchLabels").or_insert_with(|| Value::Object(Map::new()));
    let mut left = Vec::new();
    for expression in single {
        let label = expression.get("key").and_then(Value::as_str).zip(expression.pointer("/values/0"));
        match (label, labels.as_object_mut()) {
            (Some((key, value)), Some(labels)) if labels.get(key).is_none_or(|known| known == value) => {
                labels.insert(key.to_owned(), value.clone());
            }
            // Two different values for one key match nothing; both stay visible.
            _ => left.push(expression),
        }
    }
    if let Some(Value::Array(expressions)) = selector.get_mut("matchExpressions") {
        expressions.extend(left);
    }
}
