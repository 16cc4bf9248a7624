//! What checks share about network policies whose paths are not evaluated: who is selected, and what else may decide.

use std::collections::BTreeMap;

use super::Context;
use crate::derived::EnforcementState;
use crate::derived::selection::selecting;
use crate::facts::network::{PolicyPort, PolicyRule};
use crate::facts::{IntOrString, NetworkPolicy};
use crate::gap::{Gap, Unknown};
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::listing::Placed;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;
use crate::text::{Arg, Reason};

/// The kinds of policies outside Kubernetes' own that hold in one namespace.
const NAMESPACED: [Kind; 2] = [Kind::CiliumNetworkPolicy, Kind::CalicoNetworkPolicy];

/// Those that hold everywhere.
const CLUSTER_WIDE: [Kind; 2] = [Kind::CiliumClusterwideNetworkPolicy, Kind::CalicoGlobalNetworkPolicy];

/// The kinds that a check reads which asks [`nothing_blocks_egress`] about user servers.
pub const BARRIERS: &[Kind] = &[
    Kind::Pod,
    Kind::Node,
    Kind::DaemonSet,
    Kind::ConfigMap,
    Kind::NetworkPolicy,
    Kind::CiliumNetworkPolicy,
    Kind::CiliumClusterwideNetworkPolicy,
    Kind::CalicoNetworkPolicy,
    Kind::CalicoGlobalNetworkPolicy,
    Kind::AdminNetworkPolicy,
    Kind::BaselineAdminNetworkPolicy,
];

/// The kinds that a check reads which asks who is selected.
pub const SELECTION: &[Kind] = &[
    Kind::Pod,
    Kind::NetworkPolicy,
    Kind::CiliumNetworkPolicy,
    Kind::CiliumClusterwideNetworkPolicy,
    Kind::CalicoNetworkPolicy,
    Kind::CalicoGlobalNetworkPolicy,
    Kind::AdminNetworkPolicy,
    Kind::BaselineAdminNetworkPolicy,
];

/// Makes sure that no policy outside Kubernetes' own kind can say something else about pods of a namespace: such policies may allow and
/// deny beyond NetworkPolicies, and their rules are not read.
pub fn no_foreign(snapshot: &Snapshot, namespace: &str) -> Result<(), Unknown> {
    let found: Vec<Arg> = foreign(snapshot, namespace)?.into_iter().map(Arg::from).collect();
    if found.is_empty() {
        return Ok(());
    }
    Err(Reason::new(
        "foreign-policies",
        "{policies} may decide it, and policies outside Kubernetes' own kind are not evaluated; look at their rules",
    )
    .with("policies", Arg::List(found))
    .into())
}

fn foreign(snapshot: &Snapshot, namespace: &str) -> Result<Vec<ObjectRef>, Gap> {
    let mut found = Vec::new();
    let listings =
        |kinds: &'static [Kind]| kinds.iter().filter_map(|kind| snapshot.foreign_policies.get(kind));
    for listing in listings(&NAMESPACED) {
        for policy in listing.all_in(namespace)? {
            found.push(ObjectRef::namespaced(policy.kind, namespace, policy.name()));
        }
    }
    for listing in listings(&CLUSTER_WIDE) {
        for policy in listing.all()? {
            found.push(ObjectRef::cluster(policy.kind, policy.name()));
        }
    }
    for listing in [&snapshot.admin_policies, &snapshot.baseline_policies] {
        for policy in listing.all()? {
            found.push(ObjectRef::cluster(listing.kind(), policy.name()));
        }
    }
    Ok(found)
}

/// Makes sure that no policy keeps the servers of a class from an address outside the cluster.
///
/// Policies of a plug-in that enforces none count as absent, and pods on the node's network are outside policies. Whether a policy that
/// selects the servers lets the address through takes an exact evaluation.
pub fn nothing_blocks_egress(context: &Context<'_>, hub: &Hub, class: &UserClass) -> Result<(), Unknown> {
    let is_enforced = context.derived.enforcement_for(hub).state != EnforcementState::NotEnforced;
    if class.spec.host_network || !is_enforced {
        return Ok(());
    }
    let selection = selecting(context.snapshot, &class.namespace, &class.labels);
    if selection.has_egress()? {
        return Err(path_not_evaluated(&selection.egress).into());
    }
    no_foreign(context.snapshot, &class.namespace)
}

/// The policies that restrict what user servers with these labels send, each with whether that is certain.
///
/// Where no server runs, its labels are those that the chart gives. A policy that selects none of the hub's own parts may then select
/// servers that are labelled otherwise.
pub fn egress_policies<'a>(
    context: &Context<'a>,
    hub: &'a Hub,
    namespace: &'a str,
    labels: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = (&'a NetworkPolicy, bool)> {
    let parts: Vec<&BTreeMap<String, String>> =
        [Some(&hub.deployment), hub.proxy.as_ref(), hub.autohttps.as_ref(), hub.binder.as_ref()]
            .into_iter()
            .flatten()
            .map(|part| &*part.template.metadata.labels)
            .collect();
    let policies = context.snapshot.network_policies.present_in(namespace);
    policies.filter(|policy| policy.spec.covers_egress()).filter_map(move |policy| {
        let selector = &policy.spec.pod_selector;
        let is_certain = selector.matches(labels);
        let may_be = hub.user_classes.is_empty() && !parts.iter().any(|part| selector.matches(part));
        (is_certain || may_be).then_some((&**policy, is_certain))
    })
}

/// The sentence for policies whose rules decide.
fn path_not_evaluated(policies: &[ObjectRef]) -> Reason {
    Reason::new(
        "path-not-evaluated",
        "Policy path not evaluated: {policies} may block it, which only its rules and a probe can tell",
    )
    .with("policies", Arg::List(policies.iter().cloned().map(Arg::from).collect()))
}

/// Whether an egress rule opens a TCP port towards its peers; a name means a port of the destination and so no address outside.
pub fn opens_tcp(rule: &PolicyRule, number: u16) -> bool {
    rule.ports.is_empty() || rule.ports.iter().any(|port| covers_tcp(port, number))
}

/// Whether an entry of a rule covers a TCP port.
pub fn covers_tcp(port: &PolicyPort, number: u16) -> bool {
    if !is_tcp(port) {
        return false;
    }
    let Some(first) = &port.port else { return true };
    match (port.end_port, first) {
        (Some(last), IntOrString::Int(first)) => (*first..=i64::from(last)).contains(&i64::from(number)),
        _ => first.is_number(i64::from(number)),
    }
}

/// Whether an entry of a rule is about TCP, the default.
pub fn is_tcp(port: &PolicyPort) -> bool {
    port.protocol.as_deref().is_none_or(|protocol| protocol == "TCP")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(protocol: Option<&str>, first: Option<i64>, last: Option<u16>) -> PolicyPort {
        PolicyPort {
            protocol: protocol.map(str::to_owned),
            port: first.map(IntOrString::Int),
            end_port: last,
        }
    }

    #[test]
    fn a_range_covers_what_lies_in_it() {
        assert!(covers_tcp(&port(None, Some(400), Some(450)), 443));
        assert!(!covers_tcp(&port(None, Some(444), Some(450)), 443));
    }

    #[test]
    fn an_entry_without_a_port_covers_its_protocol() {
        assert!(covers_tcp(&port(None, None, None), 443));
        assert!(!covers_tcp(&port(Some("UDP"), None, None), 443));
    }

    #[test]
    fn a_rule_without_ports_covers_all() {
        assert!(opens_tcp(&PolicyRule::default(), 443));
        let dns = PolicyRule { ports: vec![port(Some("UDP"), Some(53), None)], ..PolicyRule::default() };
        assert!(!opens_tcp(&dns, 443));
    }
}
