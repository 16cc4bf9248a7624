//! Flags clusters in which nothing enforces network policies.

use std::collections::BTreeSet;

use crate::check::{
    Check, Context, Evidence, Judge, Judgement, Mapping, Outcome, Reference, Severity, Topic, Verdict,
};
use crate::derived::{Enforcement, EnforcementState};
use crate::fix::Fix;
use crate::gap::Unknown;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

pub(super) const CHECK: Check = Check {
    code: "NET-02",
    name: "policies-not-enforced",
    title: "Something enforces network policies",
    fault: "Nothing enforces network policies",
    severity: Severity::High,
    topic: Topic::NetworkPolicies,
    since: "0.1.0",
    why: "Kubernetes stores every policy and enforces none: that is the work of the network plug-in, and some do not. Policies then look \
          right and do nothing. What is seen here is what runs; only a probe proves that it works.",
    verdicts: &[Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Unknown],
    needs: &[Kind::DaemonSet, Kind::Node, Kind::Pod, Kind::ConfigMap],
    fixes: &[Fix::advice(
        "On Amazon EKS set `enableNetworkPolicy` to true in the configuration of the VPC CNI add-on; on AKS create the cluster, or update \
         it, with `--network-policy`; on GKE use Dataplane V2 or turn network policy on. Elsewhere install Calico or Cilium, which \
         work beside or in place of flannel.",
    )],
    kubectl: &["kubectl", "get", "daemonsets", "--all-namespaces", "--output", "wide"],
    references: &[
        Reference {
            title: "Kubernetes: Network Policies, prerequisites",
            url: "https://kubernetes.io/docs/concepts/services-networking/network-policies/#prerequisites",
        },
        Reference {
            title: "Amazon EKS: Limit Pod traffic with Kubernetes network policies",
            url: "https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html",
        },
        Reference {
            title: "Azure AKS: Secure traffic between pods with network policies",
            url: "https://learn.microsoft.com/en-us/azure/aks/use-network-policies",
        },
        Reference {
            title: "Zero to JupyterHub: Security, network policies",
            url: "https://z2jh.jupyter.org/en/stable/administrator/security.html",
        },
    ],
    mappings: &[Mapping::Cis("5.3.1"), Mapping::Nsa("Network separation and hardening")],
    judge: Judge::Cluster(judge),
};

fn judge(context: &Context<'_>) -> Judgement {
    let enforcement = context.derived.enforcement();
    let reason = sentence(&enforcement.reason);
    let facts = enforcement.evidence.clone();
    match enforcement.state {
        EnforcementState::Enforced => enforced(context, enforcement, reason),
        EnforcementState::Likely => Ok(Outcome::warn(reason).severity(Severity::Low).because_all(facts)),
        EnforcementState::NotEnforced => Ok(Outcome::fail(reason).because_all(
            facts.into_iter().map(|fact| fact.wanted(Arg::word("a plug-in that enforces policies"))),
        )),
        EnforcementState::Unknown => Ok(Outcome::unknown(reason).because_all(facts)),
    }
}

/// The plug-in may still fail the nodes where it does not run well.
fn enforced(context: &Context<'_>, enforcement: &Enforcement, reason: Reason) -> Judgement {
    let broken = enforcement.broken_nodes.clone()?;
    let windows = enforcement.windows_nodes.clone()?;
    let facts = enforcement.evidence.clone();
    if broken.is_empty() && windows.is_empty() {
        return Ok(Outcome::pass(reason).because_all(facts));
    }
    let hosts = hosts(context);
    let hosting = |nodes: &[String]| -> Vec<String> {
        nodes.iter().filter(|node| hosts.contains(node.as_str())).cloned().collect()
    };
    let failing = hosting(&broken);
    if !failing.is_empty() {
        let reason =
            Reason::new("not-ready", "{engine} has no ready pod on nodes that run user servers: {nodes}")
                .with("engine", Arg::word(enforcement.engine.unwrap_or("the network plug-in")))
                .with("nodes", list(&failing));
        return Ok(Outcome::fail(reason)
            .because_all(failing.iter().map(|node| not_ready(node)))
            .because_all(facts));
    }
    // A server that cannot be seen may run on one of these nodes.
    every_server_is_seen(context)?;
    let on_windows = hosting(&windows);
    if !on_windows.is_empty() {
        let reason = Reason::new(
            "windows",
            "User servers run on nodes with Windows, where few plug-ins enforce policies: {nodes}",
        )
        .with("nodes", list(&on_windows));
        return Ok(Outcome::warn(reason)
            .severity(Severity::Medium)
            .because_all(on_windows.iter().map(|n| windows_node(n))));
    }
    if broken.is_empty() {
        return Ok(Outcome::pass(reason).because_all(facts));
    }
    let reason = Reason::new(
        "not-ready-elsewhere",
        "{engine} has no ready pod on nodes that run no user server now: {nodes}",
    )
    .with("engine", Arg::word(enforcement.engine.unwrap_or("the network plug-in")))
    .with("nodes", list(&broken));
    Ok(Outcome::warn(reason)
        .severity(Severity::Medium)
        .because_all(broken.iter().map(|node| not_ready(node)))
        .because_all(facts))
}

/// The nodes on which user servers were seen.
fn hosts<'a>(context: &Context<'a>) -> BTreeSet<&'a str> {
    let classes = context.derived.hubs.iter().flat_map(|hub| &hub.user_classes);
    classes.flat_map(|class| &class.pods).filter_map(|pod| pod.node()).collect()
}

fn every_server_is_seen(context: &Context<'_>) -> Result<(), Unknown> {
    context.snapshot.deployments.complete()?;
    for hub in &context.derived.hubs {
        context.derived.servers(hub)?;
    }
    Ok(())
}

fn list(nodes: &[String]) -> Arg {
    Arg::List(nodes.iter().map(Arg::text).collect())
}

fn not_ready(node: &str) -> Evidence {
    let object = ObjectRef::cluster(Kind::Node, node);
    Evidence::new(object, "the plug-in's pod", Arg::word("not ready or missing")).wanted(Arg::word("ready"))
}

fn windows_node(node: &str) -> Evidence {
    let object = ObjectRef::cluster(Kind::Node, node);
    Evidence::new(object, "status.nodeInfo.operatingSystem", Arg::word("windows")).wanted(Arg::word("linux"))
}

/// A clause as a sentence of its own: it begins with a capital, also where a word of ours stands first.
fn sentence(reason: &Reason) -> Reason {
    let mut sentence = reason.clone();
    let slot = sentence
        .template
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'))
        .map(|(name, _)| name.to_owned());
    match slot.and_then(|name| sentence.args.get_mut(&name)) {
        Some(Arg::Word(word)) => capitalise(word),
        _ => capitalise(&mut sentence.template),
    }
    sentence
}

fn capitalise(text: &mut String) {
    if let Some(first) = text.get(..1) {
        let upper = first.to_uppercase();
        text.replace_range(..1, &upper);
    }
}
