//! Policies of the cluster's administrators: before all others, in the order of their priorities, and behind all others.

use posture::gap::Unknown;
use posture::network::{Because, Protocol::Tcp, Verdict};

use super::scene::{Scene, engine};

use Verdict::{Allowed, Denied};

fn admin(name: &str, priority: i64, egress: &str) -> String {
    format!(
        "
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {{ name: {name} }}
spec: {{ priority: {priority}, subject: {{ namespaces: {{}} }}, egress: [{egress}] }}
"
    )
}

fn baseline(egress: &str) -> String {
    admin("default", 0, egress)
        .replace("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
        .replace("priority: 0, ", "")
}

const METADATA: &str = "networks: [169.254.169.254/32]";

fn rule(action: &str, peer: &str) -> String {
    format!("{{ action: {action}, to: [{{ {peer} }}] }}")
}

/// A NetworkPolicy that lets user servers send nothing.
const CLOSED: &str = "
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: closed, namespace: jhub }
spec: { podSelector: {}, policyTypes: [Egress] }
";

fn metadata(manifests: &str) -> (Verdict, Because) {
    let scene = Scene::with(&format!("{manifests}{}", engine("antrea")));
    let answer = scene.ask("jupyter-ada", "169.254.169.254", Tcp, 80);
    (answer.verdict, answer.egress.because)
}

#[test]
fn an_administrators_word_comes_before_network_policies() {
    assert_eq!(metadata(&admin("deny", 5, &rule("Deny", METADATA))), (Denied, Because::Admin));
    assert_eq!(
        metadata(&(CLOSED.to_owned() + &admin("allow", 5, &rule("Allow", METADATA)))),
        (Allowed, Because::Admin)
    );
}

#[test]
fn the_lowest_number_decides_and_passing_leaves_it_to_network_policies() {
    let deny = admin("deny", 5, &rule("Deny", METADATA));
    let pass = admin("pass", 3, &rule("Pass", METADATA));
    let allow = admin("allow", 9, &rule("Allow", METADATA));
    assert_eq!(metadata(&format!("{deny}{allow}")), (Denied, Because::Admin));
    assert_eq!(metadata(&format!("{deny}{pass}")), (Allowed, Because::NotIsolated));
    assert_eq!(metadata(&format!("{deny}{pass}{CLOSED}")), (Denied, Because::NoRule));
}

#[test]
fn the_first_rule_that_applies_counts() {
    let rules = format!("{}, {}", rule("Allow", METADATA), rule("Deny", "networks: [0.0.0.0/0]"));
    let scene = Scene::with(&format!("{}{}", admin("both", 5, &rules), engine("antrea")));
    let answer = scene.ask("jupyter-ada", "169.254.169.254", Tcp, 80);
    assert_eq!(answer.decided_by()[0].to_string(), "AdminNetworkPolicy/both spec.egress[0].to[0]");
    assert_eq!(scene.ask("jupyter-ada", "1.1.1.1", Tcp, 80).verdict, Denied);
}

#[test]
fn the_baseline_decides_only_where_no_network_policy_selects_the_pod() {
    let deny = baseline(&rule("Deny", METADATA));
    assert_eq!(metadata(&deny), (Denied, Because::Baseline));
    let open = CLOSED.replace("policyTypes: [Egress]", "policyTypes: [Egress], egress: [{}]");
    assert_eq!(metadata(&format!("{deny}{open}")), (Allowed, Because::Rule));
}

#[test]
fn nodes_are_peers_by_their_labels() {
    let deny =
        admin("deny", 5, &rule("Deny", "nodes: { matchExpressions: [{ key: x, operator: DoesNotExist }] }"));
    let scene = Scene::with(&format!("{deny}{}", engine("antrea")));
    assert_eq!(scene.ask("jupyter-ada", "10.0.9.2", Tcp, 10250).verdict, Denied);
    assert_eq!(scene.ask("jupyter-ada", "kube-system/on-node", Tcp, 80).verdict, Denied);
    assert_eq!(scene.ask("jupyter-ada", "plain", Tcp, 80).verdict, Allowed);
}

#[test]
fn a_plug_in_that_may_not_follow_administrators_leaves_it_open() {
    let deny = admin("deny", 5, &rule("Deny", METADATA));
    let scene = Scene::with(&format!("{deny}{}", engine("calico")));
    let answer = scene.ask("jupyter-ada", "169.254.169.254", Tcp, 80);
    assert_eq!(answer.verdict, Verdict::Unknown);
    assert!(
        matches!(&answer.unknown[..], [Unknown::Reason(reason)] if reason.id == "admin-policies-followed")
    );
    assert_eq!(scene.ask("jupyter-ada", "1.1.1.1", Tcp, 80).verdict, Allowed, "nobody speaks of it");
}

#[test]
fn two_policies_of_one_priority_that_differ_leave_it_open() {
    let deny = admin("deny", 5, &rule("Deny", METADATA));
    let allow = admin("allow", 5, &rule("Allow", METADATA));
    assert_eq!(metadata(&format!("{deny}{allow}")).0, Verdict::Unknown);
    assert_eq!(metadata(&format!("{deny}{}", deny.replace("name: deny", "name: again"))).0, Denied);
}

#[test]
fn a_policy_of_the_first_version_of_the_api_leaves_it_open() {
    let old = admin("old", 5, &rule("Deny", METADATA))
        .replace("namespaces: {}", "namespaces: { namespaceSelector: { matchLabels: { a: b } } }");
    assert_eq!(metadata(&old).0, Verdict::Unknown);
}

#[test]
fn a_rule_about_names_of_hosts_leaves_addresses_open() {
    let named = admin("named", 5, &rule("Deny", "domainNames: ['*.example.org']"));
    assert_eq!(metadata(&named).0, Verdict::Unknown);
}
