//! Flags policies that let pods of other namespaces in by labels that anyone there can give them.

use std::collections::BTreeMap;

use crate::check::policies::{KUBERNETES, SELECTION, SHOW, VALUES, ingress_rules, object_of};
use crate::check::{Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Severity, Topic, Verdict};
use crate::facts::NetworkPolicy;
use crate::facts::network::{LabelSelector, PolicyPeer};
use crate::fix::{Fix, FixValue};
use crate::hub::Hub;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-12",
    name: "other-namespaces-accepted",
    title: "Access labels count within the hub's own namespace only",
    fault: "Pods of any namespace gain access by a label that they give themselves",
    severity: Severity::Medium,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "With `interNamespaceAccessLabels: accept` a label opens the hub, the proxy and the user servers to pods of every namespace. Labels \
          are no secret: who may make a pod anywhere may write one.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Unknown],
    needs: SELECTION,
    fixes: &[
        Fix::before(0, 10, "Take the empty `namespaceSelector` out of the rules, or name the one namespace that needs access."),
        Fix::from(
            0,
            10,
            "Let the chart ignore labels of other namespaces; where one namespace needs access, write a rule for it by its name.",
        )
        .values(&[
            ("hub.networkPolicy.interNamespaceAccessLabels", FixValue::Str("ignore")),
            ("proxy.chp.networkPolicy.interNamespaceAccessLabels", FixValue::Str("ignore")),
            ("proxy.traefik.networkPolicy.interNamespaceAccessLabels", FixValue::Str("ignore")),
            ("singleuser.networkPolicy.interNamespaceAccessLabels", FixValue::Str("ignore")),
        ]),
    ],
    kubectl: SHOW,
    references: &[VALUES, KUBERNETES],
    mappings: &[Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Hub(judge),
};

/// What access labels begin with.
const LABEL: &str = "hub.jupyter.org/network-access-";

/// How many carriers are named.
const MOST: usize = 5;

fn judge(context: &Context<'_>, hub: &Hub) -> Judgement {
    let policies = &context.snapshot.network_policies;
    let namespaces = hub.namespaces();
    let found: Vec<Evidence> = namespaces
        .iter()
        .flat_map(|namespace| policies.present_in(namespace))
        .flat_map(|policy| opened(policy))
        .collect();
    let Some(first) = found.first() else {
        for namespace in &namespaces {
            policies.complete_in(namespace)?;
        }
        context.derived.servers(hub)?;
        return Ok(Outcome::pass(Reason::new(
            "own-namespace",
            "Access labels open nothing to pods of any other namespace; those that rules choose by labels of their own aside",
        )));
    };
    let reason = Reason::new("accepted", "{policy} lets pods of any namespace in that carry an access label")
        .with("policy", first.object.clone());
    let outcome = Outcome::warn(reason).because_all(found);
    let carriers = carriers(context, hub);
    Ok(if carriers.is_empty() {
        outcome
    } else {
        outcome.because_all(carriers).note(Reason::new(
            "carriers",
            "Pods or namespaces elsewhere carry such a label now; they are among the facts",
        ))
    })
}

/// The peers of a policy that are chosen by an access label, wherever they are.
fn opened(policy: &NetworkPolicy) -> Vec<Evidence> {
    let peers = ingress_rules(policy).flat_map(|(rule, of_rule)| {
        of_rule.from.iter().enumerate().map(move |(peer, from)| (rule, peer, from))
    });
    peers
        .filter_map(|(rule, peer, from)| {
            let what = accepts(from)?;
            let path = format!("spec.ingress[{rule}].from[{peer}].namespaceSelector");
            Some(
                Evidence::new(object_of(policy), path, Arg::word(what))
                    .wanted(Arg::word("none, or one namespace by its name")),
            )
        })
        .collect()
}

fn accepts(peer: &PolicyPeer) -> Option<&'static str> {
    let namespaces = peer.namespace_selector.as_ref()?;
    if has_label(namespaces) {
        return Some("every namespace with an access label");
    }
    let pods = peer.pod_selector.as_ref()?;
    // A condition that any namespace meets is none: that it has a name, say, or that it is not called so.
    let ordinary =
        BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), "any-other-namespace".to_owned())]);
    (namespaces.matches(&ordinary) && has_label(pods))
        .then_some("every namespace, for pods with an access label")
}

fn has_label(selector: &LabelSelector) -> bool {
    let keys = selector.match_labels.keys();
    keys.chain(selector.match_expressions.iter().map(|expression| &expression.key))
        .any(|key| key.starts_with(LABEL))
}

/// Pods and namespaces elsewhere that carry an access label.
fn carriers(context: &Context<'_>, hub: &Hub) -> Vec<Evidence> {
    let is_hub = |namespace: &str| {
        context.derived.hubs.iter().any(|other| other.key.namespace == namespace)
            || hub.namespaces().contains(namespace)
    };
    let label = |labels: &BTreeMap<String, String>| labels.keys().find(|key| key.starts_with(LABEL)).cloned();
    let namespaces = context.snapshot.namespaces.present().filter_map(|namespace| {
        let label = label(&namespace.metadata.labels)?;
        let object = ObjectRef::cluster(Kind::Namespace, &namespace.metadata.name);
        Some(Evidence::new(object, "metadata.labels", Arg::text(label)))
    });
    let pods = context.snapshot.pods.present().filter_map(|pod| {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let label = label(&pod.metadata.labels).filter(|_| !is_hub(namespace))?;
        let object = ObjectRef::namespaced(Kind::Pod, namespace, &pod.metadata.name);
        Some(Evidence::new(object, "metadata.labels", Arg::text(label)))
    });
    namespaces.chain(pods).take(MOST).collect()
}
