//! What is a change and what is none: equivalent rewrites are silent, and each single edit of what matters is one change.

mod hardening;
mod release;
mod restarts;
mod rewrites;

use posture::drift::{Change, Fate, against, between, compare, events};
use posture::kind::Kind;
use posture::record::Record;
use posture::redact::{Declared, Names, RedactionKey, Redactor, decode_json, decode_manifests};
use serde_json::{Value, json};

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
