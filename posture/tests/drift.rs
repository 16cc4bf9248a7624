//! What is a change and what is none: equivalent rewrites are silent, and each single edit of what matters is one change.

use std::sync::LazyLock;

use posture::drift::{
    Change, Fate, Hardening, against, against_release, between, compare, events, harder, restart,
};
use posture::hub::HubKey;
use posture::kind::Kind;
use posture::record::Record;
use posture::redact::{Declared, Names, RedactionKey, Redactor, decode_json, decode_manifests};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn redactor() -> Redactor {
    Redactor::new(RedactionKey::new(b"a key for tests"), Names::Hashed)
}

fn record(kind: Kind, object: &Value) -> Record {
    decode_json(object.to_string().as_bytes(), kind, &redactor()).unwrap()
}

fn records(yaml: &str) -> Vec<Record> {
    // Fixtures begin with a document that says how they are read.
    let is_object = |text: &&str| text.lines().any(|line| line.starts_with("apiVersion:"));
    let objects: Vec<_> = yaml.split("\n---\n").filter(is_object).collect();
    let declared = decode_manifests(&objects.join("\n---\n"), "x.yaml", &redactor(), Some("jhub")).unwrap();
    let records = declared.into_iter().filter_map(|declared| match declared {
        Declared::Object { record, .. } => Some(*record),
        Declared::Unsupported { .. } => None,
    });
    records.collect()
}

fn change(kind: Kind, before: &Value, after: &Value) -> Option<Change> {
    between(Some(&record(kind, before)), Some(&record(kind, after)))
}

fn sentences(change: &Change) -> Vec<String> {
    change.fields.iter().map(|field| field.sentence.to_string()).collect()
}

fn policy(spec: &Value) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "singleuser", "namespace": "jhub"}, "spec": spec})
}

#[test]
fn an_object_that_was_deleted_and_made_again_was_replaced() {
    let object = |kind: &str, uid: &str, labels: &Value| json!({"kind": kind, "metadata": {"name": "jhub", "uid": uid, "labels": labels}});
    let of = |kind, uid: &str, labels: &Value| record(kind, &object("x", uid, labels));
    let plain = json!({"kubernetes.io/metadata.name": "jhub"});
    let [before, after] = ["1", "2"].map(|uid| of(Kind::Namespace, uid, &plain));
    let found = compare(std::slice::from_ref(&before), std::slice::from_ref(&after));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].fate, Fate::Replaced);
    assert_eq!(
        sentences(&found[0]),
        [
            "Namespace/jhub was replaced: it was deleted with everything in it, and made again under the same name"
        ]
    );
    assert!(between(Some(&before), Some(&before)).is_none());
    // Where a controller makes an object again as it was, nothing is different.
    let [before, after] = ["1", "2"].map(|uid| of(Kind::ClusterRole, uid, &plain));
    assert!(between(Some(&before), Some(&after)).is_none());
    // What differs comes first, and that it is another one is said behind it.
    let enforced = json!({"pod-security.kubernetes.io/enforce": "privileged"});
    let found = between(Some(&of(Kind::Namespace, "1", &plain)), Some(&of(Kind::Namespace, "2", &enforced)));
    let said = sentences(&found.unwrap());
    assert!(said.len() > 1 && said.last().unwrap().contains("was replaced"), "{said:?}");
}

#[test]
fn a_new_rule_of_a_policy_is_said_as_what_it_allows() {
    let before = policy(&json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": []}));
    let rule = json!({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 80}]});
    let after = policy(&json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]}));
    let found = change(Kind::NetworkPolicy, &before, &after).unwrap();
    assert_eq!(
        sentences(&found),
        ["NetworkPolicy/jhub/singleuser now allows egress to 0.0.0.0/0 on port 80"]
    );
    assert_eq!((found.fields[0].path.as_str(), &found.fields[0].before), ("spec.egress", &None));
    let back = change(Kind::NetworkPolicy, &after, &before).unwrap();
    assert_eq!(
        sentences(&back),
        ["NetworkPolicy/jhub/singleuser no longer allows egress to 0.0.0.0/0 on port 80"]
    );
}

#[test]
fn a_policy_written_in_another_way_is_the_same_policy() {
    let one = policy(&json!({
        "podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": ["Ingress", "Egress"],
        "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.2.0.0/16"]}}], "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}],
        "ingress": []
    }));
    let other = policy(&json!({
        "podSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]},
        "egress": [{"ports": [{"port": 53}, {"port": 53, "protocol": "UDP"}], "to": [{"ipBlock": {"cidr": "10.9.9.9/8", "except": ["10.2.0.0/16", "10.1.7.7/16"]}}]}]
    }));
    assert_eq!(change(Kind::NetworkPolicy, &one, &other), None);
}

#[test]
fn who_isolates_no_longer_is_said() {
    let before = policy(&json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let after = policy(&json!({"podSelector": {}, "policyTypes": ["Ingress"]}));
    let found = change(Kind::NetworkPolicy, &before, &after).unwrap();
    assert_eq!(
        sentences(&found),
        [
            "NetworkPolicy/jhub/singleuser no longer restricts egress: everything is let through in that direction"
        ]
    );
}

#[test]
fn rights_are_compared_one_by_one_and_told_together() {
    let role = |rules: Value| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "hub", "namespace": "jhub"}, "rules": rules});
    let whole =
        role(json!([{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"]}]));
    let split = role(json!([
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list", "get"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    ]));
    assert_eq!(change(Kind::Role, &whole, &split), None);
    let less = role(json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]));
    let found = change(Kind::Role, &less, &whole).unwrap();
    assert_eq!(sentences(&found), ["Role/jhub/hub now allows get, list secrets"]);
}

#[test]
fn what_helm_owns_and_a_person_edits_is_called_that() {
    let deployment = |image: &str, manager: &str, time: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": "hub", "namespace": "jhub",
                "annotations": {"meta.helm.sh/release-name": "prod", "meta.helm.sh/release-namespace": "jhub"},
                "managedFields": [
                    {"manager": "helm", "operation": "Update", "time": "2026-10-01T00:00:00Z"},
                    {"manager": manager, "operation": "Update", "time": time}
                ]
            },
            "spec": {"template": {"spec": {"containers": [{"name": "hub", "image": image}]}}}
        })
    };
    let before = deployment("hub:4.4.0", "helm", "2026-10-01T00:00:00Z");
    let by_hand = deployment("hub:evil", "kubectl-edit", "2026-10-05T00:00:00Z");
    let found = change(Kind::Deployment, &before, &by_hand).unwrap();
    assert!(found.is_manual_edit());
    assert_eq!(
        sentences(&found),
        ["Container hub of Deployment/jhub/hub now runs hub:evil, and ran hub:4.4.0"]
    );
    assert_eq!(found.writers[0].manager, "kubectl-edit");
    let by_helm = deployment("hub:4.4.1", "helm", "2026-10-06T00:00:00Z");
    assert!(!change(Kind::Deployment, &before, &by_helm).unwrap().is_manual_edit());
}

#[test]
fn an_upgrade_is_one_event_and_an_edit_beside_it_another() {
    let object = |name: &str, chart: &str, image: &str, manager: &str, time: &str| {
        record(
            Kind::Deployment,
            &json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {
                    "name": name, "namespace": "jhub", "labels": {"helm.sh/chart": chart},
                    "annotations": {"meta.helm.sh/release-name": "prod", "meta.helm.sh/release-namespace": "jhub"},
                    "managedFields": [{"manager": manager, "operation": "Update", "time": time}]
                },
                "spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}
            }),
        )
    };
    let (old, new) = ("2026-10-01T00:00:00Z", "2026-10-02T00:00:0");
    let before: Vec<_> =
        ["hub", "proxy", "edited"].map(|name| object(name, "jupyterhub-4.3.0", "a", "helm", old)).into();
    let after = [
        object("hub", "jupyterhub-4.4.0", "b", "helm", &format!("{new}1Z")),
        object("proxy", "jupyterhub-4.4.0", "b", "helm", &format!("{new}4Z")),
        object("edited", "jupyterhub-4.3.0", "c", "kubectl-patch", "2026-10-03T00:00:00Z"),
    ];
    let events = events(compare(&before, &after));
    assert_eq!(events.iter().map(|event| event.changes.len()).collect::<Vec<_>>(), [2, 1]);
    let upgrade = events[0].upgrade.as_ref().unwrap();
    assert_eq!(upgrade.charts, Some(["jupyterhub-4.3.0".to_owned(), "jupyterhub-4.4.0".to_owned()]));
    assert_eq!(events[1].upgrade, None);
}

#[test]
fn what_came_and_went_is_told_and_what_comes_and_goes_by_itself_is_not() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "jhub"}, "spec": {"containers": []}});
    let new = [record(Kind::NetworkPolicy, &policy(&json!({"podSelector": {}}))), record(Kind::Pod, &pod)];
    let found = compare(&[], &new);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].fate, sentences(&found[0])),
        (Fate::Added, vec!["NetworkPolicy/jhub/singleuser is new: it restricts all pods".to_owned()])
    );
    assert_eq!(compare(&new, &[])[0].fate, Fate::Removed);
}

#[test]
fn values_hidden_with_other_keys_are_not_compared() {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "hub", "namespace": "jhub"}, "data": {"x.py": "hunter2"}});
    let other = Redactor::new(RedactionKey::new(b"another key"), Names::Hashed);
    let one = record(Kind::ConfigMap, &map);
    let two = decode_json(map.to_string().as_bytes(), Kind::ConfigMap, &other).unwrap();
    assert_ne!(one.body, two.body);
    assert_eq!(between(Some(&one), Some(&two)), None);
}

/// Everything that charts of three generations make, and what stands in the clusters of the fixtures; each object once.
fn material() -> &'static [Record] {
    static MATERIAL: LazyLock<Vec<Record>> = LazyLock::new(|| {
        let texts = [
            include_str!("bases/chart-4.4.0.yaml"),
            include_str!("bases/policies-4.4.0.yaml"),
            include_str!("bases/chart-1.2.0.yaml"),
            include_str!("bases/policies-1.2.0.yaml"),
            include_str!("bases/chart-0.6.yaml"),
            include_str!("bases/ingress-4.4.0.yaml"),
            include_str!("bases/letsencrypt-4.4.0.yaml"),
            include_str!("bases/rbac-defaults.yaml"),
            include_str!("bases/calico.yaml"),
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

fn restarted(at: &Value, writers: &Value) -> Value {
    let annotations = json!({"kubectl.kubernetes.io/restartedAt": at});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "hub", "namespace": "jhub", "managedFields": writers},
        "spec": {"template": {"metadata": {"annotations": annotations}, "spec": {"containers": [{"name": "hub", "image": "a"}]}}}})
}

#[test]
fn a_restart_is_told_with_who_and_when_and_is_no_change() {
    let helm = json!({"manager": "helm", "operation": "Update", "time": "2026-11-01T00:00:00Z"});
    let hand = json!({"manager": "kubectl-rollout", "operation": "Update", "time": "2026-11-02T09:00:00Z"});
    let before = record(Kind::Deployment, &restarted(&Value::Null, &json!([helm])));
    let after =
        record(Kind::Deployment, &restarted(&json!("2026-11-02T10:00:00+01:00"), &json!([helm, hand])));
    assert_eq!((before.drift, between(Some(&before), Some(&after))), (after.drift, None));
    let found = restart(&before, &after).unwrap();
    assert_eq!(found.sentence().to_string(), "Deployment/jhub/hub was restarted");
    assert_eq!(found.at, "2026-11-02T09:00:00Z".parse().ok());
    assert_eq!(found.writer.unwrap().manager, "kubectl-rollout");
    let again = record(Kind::Deployment, &restarted(&json!("2026-11-03T10:00:00Z"), &json!([helm, hand])));
    assert!(restart(&after, &again).is_some());
    assert_eq!(restart(&after, &after), None);
    assert_eq!(
        restart(&after, &before),
        None,
        "an annotation that went restarts nothing that anybody asked for"
    );
}

/// A user's server, confined in some way.
fn server(token: &str, spec: &Value, context: &Value) -> Hardening {
    let mut pod = json!({
        "metadata": {"name": format!("jupyter-{token}"), "namespace": "jhub", "labels": {"hub.jupyter.org/username": token}},
        "spec": {
            "containers": [{"name": "notebook", "image": "a", "env": [{"name": "JUPYTERHUB_USER", "value": token}], "securityContext": context}],
            "volumes": [{"name": format!("volume-{token}"), "persistentVolumeClaim": {"claimName": format!("claim-{token}")}}]
        }
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        pod["spec"][field] = value.clone();
    }
    Hardening::of(&pod)
}

fn told(known: &[Hardening], now: &[Hardening]) -> Vec<String> {
    let hub = HubKey { namespace: "jhub".into(), release: "prod".into(), app: "jupyterhub".into() };
    harder(&hub, known, now).iter().map(|field| field.sentence.to_string()).collect()
}

const ADA: &str = "p-0123456789";
const BOB: &str = "p-abcdefghjk";

#[test]
fn a_new_user_and_a_profile_that_was_there_before_are_no_change_of_hardening() {
    let strict = json!({"allowPrivilegeEscalation": false, "runAsUser": 1000});
    let none = json!({});
    let gpu = || server(ADA, &json!({"runtimeClassName": "nvidia"}), &strict);
    assert_eq!(told(&[server(ADA, &none, &strict)], &[server(BOB, &none, &strict)]), [""; 0]);
    assert_eq!(told(&[server(ADA, &none, &strict), gpu()], &[gpu()]), [""; 0]);
    assert_eq!(told(&[], &[gpu()]), [""; 0], "the first servers have nothing to be compared with");
    assert_eq!(told(&[gpu()], &[]), [""; 0], "servers that stopped are confined as they were");
    // The default of the API, another person's number and the order of lists mean nothing.
    let [one, other] = [json!(["NET_RAW", "ALL"]), json!(["ALL", "CAP_NET_RAW"])]
        .map(|drop| json!({"privileged": false, "capabilities": {"drop": drop}}));
    assert_eq!(
        told(&[server(ADA, &json!({"hostNetwork": false}), &one)], &[server(BOB, &none, &other)]),
        [""; 0]
    );
}

#[test]
fn weaker_hardening_is_told_once_for_all_servers_of_a_hub() {
    let (none, strict) = (json!({}), json!({"allowPrivilegeEscalation": false, "runAsUser": 1000}));
    let old = server(ADA, &none, &strict);
    let weak = |token| server(token, &none, &json!({"runAsUser": 1000}));
    let sentence = "Servers of hub jhub/prod may now escalate privileges";
    assert_eq!(told(std::slice::from_ref(&old), &[weak(ADA), weak(BOB)]), [sentence]);
    let some = "Some servers of hub jhub/prod may now escalate privileges";
    assert_eq!(told(std::slice::from_ref(&old), &[weak(ADA), old.clone()]), [some]);
    assert_eq!(
        told(&[weak(ADA)], std::slice::from_ref(&old)),
        ["Servers of hub jhub/prod may no longer escalate privileges"]
    );
}

#[test]
fn each_part_of_the_hardening_is_told() {
    let strict = json!({"allowPrivilegeEscalation": false, "runAsUser": 1000});
    let old = server(ADA, &json!({}), &strict);
    let of_pod = [
        (json!({"hostNetwork": true}), "now share the network of their node"),
        (json!({"hostPID": true}), "now see the processes of their node"),
        (json!({"serviceAccountName": "admin"}), "another value for the account: admin, before default"),
        (
            json!({"automountServiceAccountToken": true}),
            "the token of the account: mounted, before mounted unless",
        ),
        (json!({"runtimeClassName": "gvisor"}), "the runtime class: gvisor, before that of the node"),
        (
            json!({"initContainers": [{"name": "x", "image": "y:1", "securityContext": strict}]}),
            "what prepares them: x (y:1), before none",
        ),
        (
            json!({"volumes": [{"name": "a", "hostPath": {"path": "/etc"}}]}),
            "the mounted paths of the node: /etc, before none",
        ),
    ];
    for (spec, sentence) in of_pod {
        let told = told(std::slice::from_ref(&old), &[server(BOB, &spec, &strict)]);
        assert!(told.iter().any(|told| told.contains(sentence)), "{sentence}: {told:?}");
    }
    let of_container = [
        (json!({"privileged": true}), "now run privileged"),
        (json!({"runAsUser": 0}), "now run as root"),
        (json!({"capabilities": {"add": ["SYS_ADMIN"]}}), "the added capabilities: SYS_ADMIN, before none"),
        (json!({"readOnlyRootFilesystem": true}), "may no longer write to their root filesystem"),
        (
            json!({"seccompProfile": {"type": "Unconfined"}}),
            "the seccomp profile: Unconfined, before not set",
        ),
    ];
    for (context, sentence) in of_container {
        let mut changed = strict.clone();
        for (field, value) in context.as_object().unwrap() {
            changed[field] = value.clone();
        }
        let told = told(std::slice::from_ref(&old), &[server(BOB, &json!({}), &changed)]);
        assert!(told.iter().any(|told| told.contains(sentence)), "{sentence}: {told:?}");
    }
    let sidecar = json!({"containers": [
        {"name": "notebook", "securityContext": strict}, {"name": "proxy", "securityContext": {"privileged": true, "runAsUser": 7}}
    ]});
    let told = told(&[old], &[server(BOB, &sidecar, &strict)]);
    assert!(
        told.contains(&"Servers of hub jhub/prod now run privileged in their container proxy".to_owned()),
        "{told:?}"
    );
}

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
