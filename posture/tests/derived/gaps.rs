//! Removing a permission may only turn a value unknown, whatever it was.

use std::collections::BTreeMap;

use posture::control::{Mark, controls};
use posture::derived::{BarrierState, EnforcementState, Front};
use posture::gap::GapReason;
use posture::testing::{Fixture, fact_kinds};

use crate::scenes::{AUTOHTTPS, Scene, V0_6, V0_9, V4_4, server};

/// Every value as text; `None` is unknown.
fn values(fixture: &Fixture) -> BTreeMap<String, Option<String>> {
    let derived = fixture.derived();
    let mut values = BTreeMap::new();
    let enforcement = derived.enforcement();
    let state = Some(enforcement.state).filter(|state| *state != EnforcementState::Unknown);
    values.insert("enforcement".to_owned(), state.map(|state| format!("{state:?}")));
    values.insert("broken nodes".to_owned(), enforcement.broken_nodes.clone().ok().map(|n| format!("{n:?}")));
    values.insert("clouds".to_owned(), derived.clouds.clone().ok().map(|clouds| format!("{clouds:?}")));
    for hub in &derived.hubs {
        let mut put = |name: &str, value: Option<String>| values.insert(format!("{} {name}", hub.key), value);
        let tls = derived.tls(hub);
        put("tls", tls.as_ref().ok().map(|tls| format!("{:?} {} {:?}", tls.mode, tls.dead_port, tls.secret)));
        let fronts = tls.ok().and_then(|tls| tls.all_fronts().ok());
        let is_decided =
            |fronts: &&[Front]| fronts.iter().flat_map(|f| &f.hosts).all(|host| host.tls.is_ok());
        put("fronts", fronts.filter(is_decided).map(|fronts| format!("{fronts:?}")));
        put("chart", hub.chart.as_ref().ok().map(|chart| chart.version.to_string()));
        put("servers", derived.servers(hub).ok().map(|classes| classes.len().to_string()));
        for (index, (_, barrier)) in derived.barriers(hub).enumerate() {
            let state = Some(&barrier.state).filter(|state| **state != BarrierState::Unconfirmed);
            put(&format!("barrier {index}"), state.map(|state| format!("{state:?}")));
        }
        for control in controls(&fixture.context(&derived), hub) {
            let answers = [
                ("configured", &control.configured),
                ("applied", &control.applied),
                ("enforced", &control.enforced),
                ("observed", &control.observed),
            ];
            for (question, answer) in answers {
                let mark = Some(answer.mark).filter(|mark| *mark != Mark::Unknown);
                put(&format!("{:?} {question}", control.name), mark.map(|mark| format!("{mark:?}")));
            }
        }
        for account in ["default", "hub"] {
            let rights = derived.rights.of_account(&hub.key.namespace, account);
            let predicates = [
                ("admin", rights.is_cluster_admin()),
                ("writes", rights.writes()),
                ("secrets", rights.reads_secrets()),
                ("exec", rights.enters_pods()),
                ("pods", rights.lists_pods()),
                ("powerless", rights.is_powerless()),
            ];
            for (name, answer) in predicates {
                put(&format!("{account} {name}"), answer.ok().map(|answer| answer.to_string()));
            }
        }
    }
    values
}

/// Compares what is left after each removal: one kind and two kinds at a time, everywhere and in one namespace.
fn only_turns_unknown(name: &str, fixture: &Fixture) {
    let mut full = fixture.clone();
    full.recall.hubs = full.derived().hubs.iter().map(|hub| hub.key.clone()).collect();
    let before = values(&full);
    let kinds = fact_kinds();
    for (index, first) in kinds.iter().enumerate() {
        for second in &kinds[index..] {
            let less = full.clone().without(*first).without(*second);
            compare(&format!("{name} without {first} and {second}"), &full, &before, &less);
        }
        for namespace in ["jhub", "kube-system"] {
            let less = full.clone().with_gap(*first, Some(namespace), &GapReason::Forbidden);
            compare(&format!("{name} without {first} in {namespace}"), &full, &before, &less);
        }
    }
}

fn compare(what: &str, full: &Fixture, before: &BTreeMap<String, Option<String>>, less: &Fixture) {
    let derived = less.derived();
    let missing = derived.missing_hubs(&less.recall);
    for hub in &full.recall.hubs {
        let is_accounted_for =
            derived.hub(hub).is_some() || missing.iter().any(|missing| missing.key == *hub);
        assert!(is_accounted_for, "{what}: {hub} is gone");
    }
    for (key, value) in values(less).into_iter().filter(|(_, value)| value.is_some()) {
        assert_eq!(before.get(&key), Some(&value), "{what}: {key} changed");
    }
}

#[test]
fn for_the_oldest_charts() {
    only_turns_unknown("0.6", &Fixture::from_yaml(V0_6));
    only_turns_unknown("0.9.1", &Fixture::from_yaml(V0_9));
}

#[test]
fn for_a_healthy_modern_hub() {
    only_turns_unknown("4.4.0", &Fixture::from_yaml(V4_4));
}

#[test]
fn for_a_modern_hub_full_of_faults() {
    let faulty = V4_4
        .replace("privileged: true", "privileged: false")
        .replace("add: [NET_ADMIN]", "add: []")
        .replace("policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]")
        .replace("calico-node", "kube-flannel")
        .replace("aws:///eu-west-1a/i-0abc", "cn-hangzhou.i-bp1abc");
    let bound = "---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: permissive-binding }
subjects: [{ kind: Group, name: 'system:serviceaccounts' }]
roleRef: { kind: ClusterRole, name: cluster-admin }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: cluster-admin }
rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]
";
    only_turns_unknown("faults", &Fixture::from_yaml(&format!("{faulty}{bound}")));
}

#[test]
fn for_hubs_behind_fronts_and_without_them() {
    let front = "
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: jupyterhub }
spec: { parentRefs: [{ name: edge }], hostnames: [a.example], rules: [{ backendRefs: [{ name: proxy-public }] }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge }
spec: { listeners: [{ name: https, protocol: HTTPS, port: 443 }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: plain }
spec: { rules: [{ host: b.example, http: { paths: [{ backend: { service: { name: proxy-public } } }] } }] }
";
    let inner = Scene { kind: "ClusterIP", ..Scene::new("3.3.8") };
    only_turns_unknown("fronts", &inner.with(front));
    only_turns_unknown("no front", &inner.fixture());
    only_turns_unknown("balancer", &Scene::new("1.2.0").fixture());
    let encrypted =
        Scene { selects: "autohttps", ..Scene::new("0.11.1").ports("[{ port: 443, targetPort: https }]") };
    only_turns_unknown("autohttps", &encrypted.with(AUTOHTTPS));
    only_turns_unknown(
        "per user",
        &Scene::new("4.0.0")
            .with(&server("ada", "{}").replace("metadata:", "metadata:\n  namespace: jhub-ada")),
    );
}
