//! A second evaluator, written from the rules of Kubernetes in the plainest way: one pair of ends at a time, no classes, no doubt.

use std::collections::BTreeMap;
use std::net::IpAddr;

use posture::facts::admin_policy::{AdminPeer, AdminPods, AdminPort, AdminRule};
use posture::facts::network::{PolicyPeer, PolicyPort, PolicyRule};
use posture::facts::{AdminPolicy, IntOrString, LabelSelector, NetworkPolicy};
use posture::network::{Protocol, Verdict};

pub(crate) type Labels = BTreeMap<String, String>;

/// One end of a connection.
#[derive(Debug, Clone)]
pub(crate) enum End {
    Pod(Pod),
    Node(Node),
    Outside(IpAddr),
}

#[derive(Debug, Clone)]
pub(crate) struct Pod {
    pub(crate) namespace: String,
    pub(crate) namespace_labels: Labels,
    pub(crate) labels: Labels,
    pub(crate) ports: Vec<(String, Protocol, u16)>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) node: IpAddr,
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) address: IpAddr,
    pub(crate) labels: Labels,
}

/// Everything that decides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policies {
    pub(crate) ordinary: Vec<NetworkPolicy>,
    pub(crate) admin: Vec<AdminPolicy>,
    pub(crate) baseline: Option<AdminPolicy>,
}

/// What the plug-in does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plugin {
    pub(crate) blocks_match_pods: bool,
    pub(crate) blocks_match_nodes: bool,
    pub(crate) follows_admin: bool,
}

#[derive(Clone, Copy)]
struct Packet<'a> {
    from: &'a End,
    to: &'a End,
    is_v4: bool,
    protocol: Protocol,
    port: u16,
    plugin: Plugin,
    is_egress: bool,
}

pub(crate) fn verdict(
    policies: &Policies,
    plugins: &[Plugin],
    from: &End,
    to: &End,
    (protocol, port): (Protocol, u16),
) -> Verdict {
    let mut best = Verdict::Denied;
    let has = |end: &End, v4: bool| addresses(end).iter().any(|address| address.is_ipv4() == v4);
    let mut families: Vec<bool> =
        [true, false].into_iter().filter(|v4| has(from, *v4) && has(to, *v4)).collect();
    if families.is_empty() {
        families = [true, false].into_iter().filter(|v4| has(to, *v4)).collect();
    }
    for is_v4 in families {
        let outcome = |plugin: &Plugin| {
            let packet = Packet { from, to, is_v4, protocol, port, plugin: *plugin, is_egress: true };
            passes(policies, packet) && passes(policies, Packet { is_egress: false, ..packet })
        };
        let group = |follows: bool| -> Option<Verdict> {
            let of_group = plugins.iter().filter(|plugin| plugin.follows_admin == follows);
            let outcomes: Vec<bool> = of_group.map(outcome).collect();
            match (outcomes.contains(&true), outcomes.contains(&false)) {
                (true, true) => Some(Verdict::CniDependent),
                (true, false) => Some(Verdict::Allowed),
                (false, true) => Some(Verdict::Denied),
                (false, false) => None,
            }
        };
        let this = match (group(true), group(false)) {
            (Some(with), Some(without)) if with == without => with,
            (Some(_), Some(_)) | (None, None) => Verdict::Unknown,
            (Some(one), None) | (None, Some(one)) => one,
        };
        let order = [Verdict::Denied, Verdict::CniDependent, Verdict::Unknown, Verdict::Allowed];
        let rank = |verdict| order.iter().position(|known| *known == verdict);
        if rank(this) > rank(best) {
            best = this;
        }
    }
    best
}

/// Whether one end's own policies let a packet pass, whatever the other end's say.
pub(crate) fn sends(
    policies: &Policies,
    plugin: Plugin,
    from: &End,
    to: IpAddr,
    (protocol, port): (Protocol, u16),
) -> bool {
    let to = End::Outside(to);
    let is_v4 = addresses(&to)[0].is_ipv4();
    passes(policies, Packet { from, to: &to, is_v4, protocol, port, plugin, is_egress: true })
}

fn addresses(end: &End) -> Vec<IpAddr> {
    match end {
        End::Pod(pod) => pod.addresses.clone(),
        End::Node(node) => vec![node.address],
        End::Outside(address) => vec![*address],
    }
}

fn passes(policies: &Policies, packet: Packet<'_>) -> bool {
    let (own, other) = if packet.is_egress { (packet.from, packet.to) } else { (packet.to, packet.from) };
    let End::Pod(pod) = own else { return true };
    if let (false, End::Node(node)) = (packet.is_egress, other)
        && node.address == pod.node
    {
        return true;
    }
    if packet.plugin.follows_admin {
        let mut ordered: Vec<_> = policies.admin.iter().collect();
        ordered.sort_by_key(|policy| policy.spec.priority);
        for policy in ordered {
            match decide(policy, pod, other, packet) {
                Some("Allow") => return true,
                Some("Deny") => return false,
                Some(_) => break,
                None => {}
            }
        }
    }
    let selecting: Vec<_> = policies
        .ordinary
        .iter()
        .filter(|policy| policy.metadata.namespace.as_deref() == Some(&pod.namespace))
        .filter(|policy| selects(&policy.spec.pod_selector, &pod.labels))
        .filter(|policy| holds_for(policy, packet.is_egress))
        .collect();
    if !selecting.is_empty() {
        return selecting.iter().any(|policy| {
            let rules = if packet.is_egress { &policy.spec.egress } else { &policy.spec.ingress };
            rules.iter().flatten().any(|rule| rule_allows(rule, &pod.namespace, other, packet))
        });
    }
    if packet.plugin.follows_admin
        && let Some(baseline) = &policies.baseline
        && let Some(action) = decide(baseline, pod, other, packet)
    {
        return action == "Allow";
    }
    true
}

fn holds_for(policy: &NetworkPolicy, is_egress: bool) -> bool {
    let types = policy.spec.policy_types.clone().unwrap_or_default();
    if types.is_empty() {
        return !is_egress || policy.spec.egress.is_some();
    }
    types.iter().any(|direction| direction == if is_egress { "Egress" } else { "Ingress" })
}

fn rule_allows(rule: &PolicyRule, namespace: &str, other: &End, packet: Packet<'_>) -> bool {
    let peers = if packet.is_egress { &rule.to } else { &rule.from };
    (peers.is_empty() || peers.iter().any(|peer| is_peer(peer, namespace, other, packet)))
        && (rule.ports.is_empty() || rule.ports.iter().any(|port| is_port(port, packet)))
}

fn is_peer(peer: &PolicyPeer, namespace: &str, other: &End, packet: Packet<'_>) -> bool {
    if let Some(block) = &peer.ip_block {
        let is_matched = match other {
            End::Pod(_) => packet.plugin.blocks_match_pods,
            End::Node(_) => packet.plugin.blocks_match_nodes,
            End::Outside(_) => true,
        };
        return is_matched
            && addresses(other).iter().filter(|address| address.is_ipv4() == packet.is_v4).any(|address| {
                in_range(&block.cidr, *address) && !block.except.iter().any(|hole| in_range(hole, *address))
            });
    }
    let End::Pod(pod) = other else { return false };
    let in_namespace = match &peer.namespace_selector {
        Some(selector) => selects(selector, &pod.namespace_labels),
        None => pod.namespace == namespace,
    };
    in_namespace && peer.pod_selector.as_ref().is_none_or(|selector| selects(selector, &pod.labels))
}

fn is_port(port: &PolicyPort, packet: Packet<'_>) -> bool {
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    if protocol != packet.protocol.to_string() {
        return false;
    }
    match &port.port {
        None => true,
        Some(IntOrString::Int(first)) => {
            let last = port.end_port.map_or(*first, i64::from);
            *first <= i64::from(packet.port) && i64::from(packet.port) <= last
        }
        Some(IntOrString::String(name)) => is_named(name, packet),
    }
}

fn is_named(name: &str, packet: Packet<'_>) -> bool {
    let End::Pod(to) = packet.to else { return false };
    to.ports.iter().any(|known| *known == (name.to_owned(), packet.protocol, packet.port))
}

/// The action of the first rule of a policy of administrators that applies.
fn decide<'a>(policy: &'a AdminPolicy, pod: &Pod, other: &End, packet: Packet<'_>) -> Option<&'a str> {
    let AdminPods { namespaces, pods } = &policy.spec.subject;
    if !is_among(namespaces.as_ref().map(|found| &found.selector), pods.as_ref(), pod) {
        return None;
    }
    let rules = if packet.is_egress { &policy.spec.egress } else { &policy.spec.ingress };
    rules.iter().find(|rule| applies(rule, other, packet)).map(|rule| rule.action.as_str())
}

fn is_among(
    namespaces: Option<&LabelSelector>,
    pods: Option<&posture::facts::admin_policy::AdminNamespacedPods>,
    pod: &Pod,
) -> bool {
    namespaces.is_some_and(|selector| selects(selector, &pod.namespace_labels))
        || pods.is_some_and(|found| {
            selects(&found.namespace_selector, &pod.namespace_labels)
                && selects(&found.pod_selector, &pod.labels)
        })
}

fn applies(rule: &AdminRule, other: &End, packet: Packet<'_>) -> bool {
    let peers = if packet.is_egress { &rule.to } else { &rule.from };
    let is_port = |port: &AdminPort| {
        let number = port.port_number.as_ref().is_some_and(|one| {
            one.protocol.as_deref().unwrap_or("TCP") == packet.protocol.to_string() && one.port == packet.port
        });
        let range = port.port_range.as_ref().is_some_and(|several| {
            several.protocol.as_deref().unwrap_or("TCP") == packet.protocol.to_string()
                && several.start <= packet.port
                && packet.port <= several.end
        });
        number || range || port.named_port.as_ref().is_some_and(|name| is_named(name, packet))
    };
    peers.iter().any(|peer| is_admin_peer(peer, other, packet))
        && rule.ports.as_ref().is_none_or(|ports| ports.iter().any(is_port))
}

fn is_admin_peer(peer: &AdminPeer, other: &End, packet: Packet<'_>) -> bool {
    let in_network = addresses(other)
        .iter()
        .filter(|address| address.is_ipv4() == packet.is_v4)
        .any(|address| peer.networks.iter().any(|network| in_range(network, *address)));
    let is_found = match other {
        End::Pod(pod) => {
            is_among(peer.namespaces.as_ref().map(|found| &found.selector), peer.pods.as_ref(), pod)
        }
        End::Node(node) => peer.nodes.as_ref().is_some_and(|selector| selects(selector, &node.labels)),
        End::Outside(_) => false,
    };
    in_network || is_found
}

fn selects(selector: &LabelSelector, labels: &Labels) -> bool {
    for (key, value) in &selector.match_labels {
        if labels.get(key) != Some(value) {
            return false;
        }
    }
    for expression in &selector.match_expressions {
        let value = labels.get(&expression.key);
        let is_listed = value.is_some_and(|value| expression.values.contains(value));
        let holds = match expression.operator.as_str() {
            "In" => is_listed,
            "NotIn" => !is_listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            other => panic!("no such operator: {other}"),
        };
        if !holds {
            return false;
        }
    }
    true
}

/// Compares bit by bit.
fn in_range(cidr: &str, address: IpAddr) -> bool {
    let (network, length) = cidr.split_once('/').unwrap();
    let mut length: usize = length.parse().unwrap();
    let mut network: IpAddr = network.parse().unwrap();
    if let IpAddr::V6(v6) = network
        && let Some(v4) = v6.to_ipv4_mapped()
    {
        network = v4.into();
        length -= 96;
    }
    let bits = |address: IpAddr| -> String {
        match address {
            IpAddr::V4(v4) => format!("{:032b}", u32::from(v4)),
            IpAddr::V6(v6) => format!("{:0128b}", u128::from(v6)),
        }
    };
    network.is_ipv4() == address.is_ipv4() && bits(network)[..length] == bits(address)[..length]
}
