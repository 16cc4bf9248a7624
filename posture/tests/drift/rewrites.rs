//! Properties: whatever is written in another way is no change, and each single edit is exactly one.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Map;

use super::*;

/// Everything that charts of three generations make, and what stands in the clusters of the fixtures; each object once.
fn material() -> &'static [Record] {
    static MATERIAL: LazyLock<Vec<Record>> = LazyLock::new(|| {
        let texts = [
            include_str!("../bases/chart-4.4.0.yaml"),
            include_str!("../bases/policies-4.4.0.yaml"),
            include_str!("../bases/chart-1.2.0.yaml"),
            include_str!("../bases/policies-1.2.0.yaml"),
            include_str!("../bases/chart-0.6.yaml"),
            include_str!("../bases/ingress-4.4.0.yaml"),
            include_str!("../bases/letsencrypt-4.4.0.yaml"),
            include_str!("../bases/rbac-defaults.yaml"),
            include_str!("../bases/calico.yaml"),
        ];
        let all = texts.into_iter().flat_map(records).filter(|record| record.object.kind != Kind::Pod);
        let numbered = all.enumerate().map(|(number, mut record)| {
            record.object.name = format!("{}-{number}", record.object.name);
            record
        });
        numbered.collect()
    });
    &MATERIAL
}

fn remade(record: &Record, body: Value) -> Record {
    Record::new(record.object.clone(), body, record.managed_fields.clone(), String::new())
}

/// Lists whose order means something.
fn is_ordered(field: &str) -> bool {
    matches!(field, "command" | "args" | "initContainers")
}

/// The same value written in another way: other orders of keys and of sets.
fn rewritten(value: &Value, field: &str, seed: &mut u64) -> Value {
    let mut roll = || {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    };
    match value {
        Value::Object(fields) => {
            let mut entries: Vec<_> = fields.iter().map(|(k, v)| (roll(), k.clone(), v.clone())).collect();
            entries.sort_by_key(|entry| entry.0);
            let entries = entries.into_iter().map(|(_, key, value)| {
                let value = rewritten(&value, &key, seed);
                (key, value)
            });
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            let mut items: Vec<_> = items.iter().map(|item| (roll(), item.clone())).collect();
            if !is_ordered(field) {
                items.sort_by_key(|item| item.0);
            }
            items.into_iter().map(|(_, item)| rewritten(&item, "", seed)).collect()
        }
        other => other.clone(),
    }
}

/// What the API server writes where nothing is written.
fn with_defaults(kind: Kind, mut body: Value) -> Value {
    let fill = |value: &mut Value, field: &str, default: Value| {
        if let Value::Object(fields) = value {
            fields.entry(field.to_owned()).or_insert(default);
        }
    };
    let each = |value: &mut Value, pointer: &str, change: &dyn Fn(&mut Value)| {
        value.pointer_mut(pointer).and_then(Value::as_array_mut).into_iter().flatten().for_each(change);
    };
    if let Some(spec) = body.pointer_mut("/spec/template/spec") {
        for (field, value) in [
            ("dnsPolicy", json!("ClusterFirst")),
            ("restartPolicy", json!("Always")),
            ("schedulerName", json!("default-scheduler")),
            ("serviceAccountName", json!("default")),
            ("securityContext", json!({})),
        ] {
            fill(spec, field, value);
        }
        for list in ["/containers", "/initContainers"] {
            each(spec, list, &|container| {
                each(container, "/ports", &|port| fill(port, "protocol", json!("TCP")));
                each(container, "/volumeMounts", &|mount| fill(mount, "readOnly", json!(false)));
                fill(container, "resources", json!({}));
            });
        }
    }
    match kind {
        Kind::Service => {
            fill(&mut body["spec"], "type", json!("ClusterIP"));
            fill(&mut body["spec"], "clusterIP", json!("10.0.0.7"));
            each(&mut body, "/spec/ports", &|port| {
                let number = port["port"].clone();
                fill(port, "targetPort", number);
                fill(port, "protocol", json!("TCP"));
            });
        }
        Kind::NetworkPolicy => {
            let types = if body
                .pointer("/spec/egress")
                .is_some_and(|e| e.as_array().is_some_and(|e| !e.is_empty()))
            {
                json!(["Ingress", "Egress"])
            } else {
                json!(["Ingress"])
            };
            fill(&mut body["spec"], "policyTypes", types);
            each(&mut body, "/spec/egress", &|rule| {
                each(rule, "/ports", &|port| fill(port, "protocol", json!("TCP")));
            });
        }
        _ => {}
    }
    body
}

/// Whether a field, at this path in a record, is one whose change is none: stated here a second time, on purpose.
fn is_noise(kind: Kind, path: &[String]) -> bool {
    let at = |index: usize| path.get(index).map(String::as_str).unwrap_or_default();
    let last = path.last().map(String::as_str).unwrap_or_default();
    let is_workload = matches!(
        kind,
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Job | Kind::CronJob | Kind::ReplicaSet
    );
    match at(0) {
        "apiVersion" | "kind" => true,
        "status" => !(kind == Kind::Node && at(1) == "nodeInfo"),
        "metadata" => {
            let is_security_label = at(1) == "labels" && at(2).starts_with("pod-security.kubernetes.io/");
            match kind {
                Kind::Namespace => !is_security_label,
                Kind::Service | Kind::Ingress | Kind::PersistentVolumeClaim | Kind::ServiceAccount => {
                    at(1) != "annotations" || at(2).starts_with("meta.helm.sh/")
                }
                _ => true,
            }
        }
        "spec" if kind == Kind::Node => at(1) != "providerID",
        "spec" if is_workload => {
            let is_env_value = path.iter().any(|step| step == "env") && last == "value";
            let is_chart_label = path.iter().any(|step| step == "labels")
                && matches!(last, "chart" | "helm.sh/chart" | "heritage" | "app.kubernetes.io/version");
            (at(1) != "selector" && !path.iter().any(|step| step == "template"))
                || is_env_value
                || is_chart_label
        }
        "spec" if kind == Kind::Service => {
            matches!(at(1), "clusterIP" | "clusterIPs" | "ipFamilies" | "ipFamilyPolicy")
                || last == "nodePort"
        }
        "spec" | "rules" | "roleRef" | "subjects" => false,
        "data" => at(1) == "checksum_hook-image-puller",
        _ => !matches!(kind, Kind::Node | Kind::Namespace) && at(0).is_empty(),
    }
}

/// Every single value of a body that matters, by its path.
fn places(kind: Kind, value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(fields) if fields.contains_key("redacted") => {}
        Value::Object(fields) => {
            for (key, value) in fields {
                path.push(key.clone());
                places(kind, value, path, found);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                places(kind, item, path, found);
                path.pop();
            }
        }
        _ if is_noise(kind, path) => {}
        _ => found.push(path.clone()),
    }
}

/// The body with another value at one place.
fn edited(body: &Value, path: &[String]) -> Value {
    let mut body = body.clone();
    let pointer = path
        .iter()
        .fold(String::new(), |pointer, step| pointer + "/" + &step.replace('~', "~0").replace('/', "~1"));
    let value = body.pointer_mut(&pointer).unwrap();
    *value = match &*value {
        Value::Bool(truth) => json!(!truth),
        Value::Number(number) => json!(number.as_i64().unwrap_or_default() + 1),
        _ => json!("edited"),
    };
    body
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn equivalent_rewrites_are_silent(seed in any::<u64>()) {
        let before = material();
        let mut seed = seed;
        let after: Vec<_> = before
            .iter()
            .map(|record| {
                let body = with_defaults(record.object.kind, record.body.clone());
                let body = rewritten(&body, "", &mut seed);
                remade(record, body)
            })
            .collect();
        let found = compare(before, &after);
        prop_assert!(found.is_empty(), "{:#?}", found.iter().map(|c| &c.fields).collect::<Vec<_>>());
        for (one, other) in before.iter().zip(&after) {
            prop_assert_eq!(one.drift, other.drift);
        }
    }

    #[test]
    fn a_single_edit_is_one_change(index in any::<prop::sample::Index>(), place in any::<prop::sample::Index>()) {
        let before = material();
        let edited_one = index.get(before);
        let kind = edited_one.object.kind;
        let mut found = Vec::new();
        places(kind, &edited_one.body, &mut Vec::new(), &mut found);
        prop_assume!(!found.is_empty());
        let path = place.get(&found);
        let after: Vec<_> = before
            .iter()
            .map(|record| {
                let is_it = record.object == edited_one.object;
                if is_it { remade(record, edited(&record.body, path)) } else { record.clone() }
            })
            .collect();
        let changes = compare(before, &after);
        prop_assert_eq!(changes.len(), 1, "{} {:?}: {:#?}", edited_one.object, path, changes);
        prop_assert_eq!(&changes[0].object, &edited_one.object);
        prop_assert!(!changes[0].sentence().to_string().contains('{'), "{}", changes[0].sentence());
    }

    #[test]
    fn no_change_is_the_same_as_the_same_hash(one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
        let one = one.get(material());
        let alike: Vec<_> = material().iter().filter(|record| record.object.kind == one.object.kind).collect();
        let other = other.get(&alike);
        let moved = Record::new(one.object.clone(), other.body.clone(), Vec::new(), String::new());
        prop_assert_eq!(one.drift == moved.drift, between(Some(one), Some(&moved)).is_none());
    }
}
