//! What checks share about the rules of network policies: who is selected, what they say, and what else may decide.

use std::collections::BTreeMap;

use super::servers::label_sets;
use super::{Context, Evidence, Reference};
use crate::facts::network::{IpBlock, PolicyPeer, PolicyPort, PolicyRule};
use crate::facts::{IntOrString, NetworkPolicy};
use crate::gap::{Gap, Unknown};
use crate::hub::Hub;
use crate::kind::Kind;
use crate::listing::Placed;
use crate::network::{AddressRange, AddressSet, Family};
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;
use crate::text::{Arg, Reason};

/// The kinds of policies outside Kubernetes' own that hold in one namespace.
const NAMESPACED: [Kind; 2] = [Kind::CiliumNetworkPolicy, Kind::CalicoNetworkPolicy];

/// Those that hold everywhere.
const CLUSTER_WIDE: [Kind; 2] = [Kind::CiliumClusterwideNetworkPolicy, Kind::CalicoGlobalNetworkPolicy];

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

/// Where the chart's guide speaks of network policies.
pub const GUIDE: Reference = Reference {
    title: "Zero to JupyterHub: Security, network policies",
    url: "https://z2jh.jupyter.org/en/stable/administrator/security.html",
};

/// Where the chart's values are told.
pub const VALUES: Reference = Reference {
    title: "Zero to JupyterHub: Configuration reference",
    url: "https://z2jh.jupyter.org/en/stable/resources/reference.html",
};

/// Where Kubernetes says what policies mean.
pub const KUBERNETES: Reference = Reference {
    title: "Kubernetes: Network Policies",
    url: "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
};

/// The command that shows the policies of a hub.
pub const SHOW: &[&str] =
    &["kubectl", "--namespace", "<namespace>", "get", "networkpolicies", "--output", "yaml"];

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
    policies_of(context, hub, namespace, labels).filter(|(policy, _)| policy.spec.covers_egress())
}

/// The same for policies of either direction.
fn policies_of<'a>(
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
    policies.filter_map(move |policy| {
        let selector = &policy.spec.pod_selector;
        let is_certain = selector.matches(labels);
        let may_be = hub.user_classes.is_empty() && !parts.iter().any(|part| selector.matches(part));
        (is_certain || may_be).then_some((&**policy, is_certain))
    })
}

/// Looks through the policies that select user servers for what a check calls a fault: empty only if it is proven that there is none.
///
/// Where no server runs, a fault in a policy of which it cannot be seen whom it selects leaves the answer open.
pub fn faults_of_servers(
    context: &Context<'_>,
    hub: &Hub,
    faults: impl Fn(&NetworkPolicy) -> Vec<Evidence>,
) -> Result<Vec<Evidence>, Unknown> {
    let sets = label_sets(hub);
    let (mut found, mut unseen) = (Vec::new(), None);
    for (namespace, labels) in &sets {
        for (policy, is_certain) in policies_of(context, hub, namespace, labels) {
            let here = faults(policy);
            if is_certain {
                found.extend(here);
            } else if let Some(fault) = here.into_iter().next() {
                unseen.get_or_insert(fault.object);
            }
        }
    }
    if !found.is_empty() {
        let mut seen = Vec::new();
        found.retain(|fact: &Evidence| {
            !seen.contains(fact) && {
                seen.push(fact.clone());
                true
            }
        });
        return Ok(found);
    }
    if let Some(policy) = unseen {
        return Err(Reason::new(
            "selects-unseen",
            "{policy} has such a rule, and whether it selects user servers cannot be seen while none runs",
        )
        .with("policy", policy)
        .into());
    }
    for (namespace, _) in &sets {
        context.snapshot.network_policies.complete_in(namespace)?;
    }
    context.derived.servers(hub)?;
    Ok(found)
}

/// A policy as an object.
pub fn object_of(policy: &NetworkPolicy) -> ObjectRef {
    let namespace = policy.metadata.namespace.as_deref().unwrap_or_default();
    ObjectRef::namespaced(Kind::NetworkPolicy, namespace, &policy.metadata.name)
}

/// The egress rules of a policy with their places.
pub fn egress_rules(policy: &NetworkPolicy) -> impl Iterator<Item = (usize, &PolicyRule)> {
    let has_effect = policy.spec.covers_egress();
    policy.spec.egress.iter().flatten().enumerate().filter(move |_| has_effect)
}

/// The ingress rules of a policy with their places.
pub fn ingress_rules(policy: &NetworkPolicy) -> impl Iterator<Item = (usize, &PolicyRule)> {
    let has_effect = policy.spec.covers_ingress();
    policy.spec.ingress.iter().flatten().enumerate().filter(move |_| has_effect)
}

/// The addresses that peers name by blocks; all of them where there is no peer.
pub fn addresses(peers: &[PolicyPeer]) -> AddressSet {
    if peers.is_empty() {
        return AddressSet::new(Family::ALL.into_iter().map(AddressRange::all).collect());
    }
    let of_block = |block: &IpBlock| {
        let except = block.except.iter().filter_map(|text| AddressRange::parse(text)).collect();
        let range = AddressRange::parse(&block.cidr);
        range.map(|range| range.without(&AddressSet::new(except))).unwrap_or_default()
    };
    AddressSet::new(peers.iter().filter_map(|peer| peer.ip_block.as_ref()).flat_map(of_block).collect())
}

/// The ports of a rule in words: `80/TCP, 8000-8010/TCP`, or `all ports`.
pub fn ports_in_words(rule: &PolicyRule) -> String {
    let port = |port: &PolicyPort| {
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        match (&port.port, port.end_port) {
            (None, _) => format!("all/{protocol}"),
            (Some(IntOrString::Int(first)), Some(last)) => format!("{first}-{last}/{protocol}"),
            (Some(IntOrString::Int(first)), None) => format!("{first}/{protocol}"),
            (Some(IntOrString::String(name)), _) => format!("{name}/{protocol}"),
        }
    };
    match rule.ports.as_slice() {
        [] => "all ports".to_owned(),
        ports => ports.iter().map(port).collect::<Vec<_>>().join(", "),
    }
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
