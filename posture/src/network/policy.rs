//! NetworkPolicies, read once into a form that is quick to ask.

use super::address::AddressRange;
use super::port::{Ports, Protocol};
use super::selector::Selector;
use crate::facts::network::{IpBlock, NetworkPolicySpec, PolicyPeer, PolicyPort, PolicyRule};
use crate::facts::{IntOrString, NetworkPolicy};
use crate::kind::Kind;
use crate::object::ObjectRef;

/// A NetworkPolicy.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) object: ObjectRef,
    pub(super) namespace: String,
    pub(super) pods: Selector,
    /// The rules of a direction, `None` where it does not isolate.
    pub(super) ingress: Option<Vec<Rule>>,
    pub(super) egress: Option<Vec<Rule>>,
}

/// A rule: any of its peers on any of its ports.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// Empty for everybody.
    pub(super) peers: Vec<Peer>,
    /// Empty for all.
    pub(super) ports: Vec<Ports>,
}

/// Whom a rule is about.
#[derive(Debug, Clone)]
pub(super) enum Peer {
    /// Pods; without a selector of namespaces those of the policy's own.
    Pods { namespaces: Option<Selector>, pods: Option<Selector> },
    /// Addresses, without the exceptions.
    Block { range: AddressRange, except: Vec<AddressRange> },
    /// It could not be understood.
    Unread,
}

impl Policy {
    pub(super) fn new(policy: &NetworkPolicy) -> Self {
        let namespace = policy.metadata.namespace.clone().unwrap_or_default();
        let NetworkPolicySpec { pod_selector, ingress, egress, .. } = &policy.spec;
        let rules = |rules: &Option<Vec<PolicyRule>>, peers: fn(&PolicyRule) -> &[PolicyPeer]| {
            rules.iter().flatten().map(|rule| Rule::new(&rule.ports, peers(rule))).collect()
        };
        Self {
            object: ObjectRef::namespaced(Kind::NetworkPolicy, &namespace, &policy.metadata.name),
            pods: Selector::new(pod_selector),
            ingress: policy.spec.covers_ingress().then(|| rules(ingress, |rule| &rule.from)),
            egress: policy.spec.covers_egress().then(|| rules(egress, |rule| &rule.to)),
            namespace,
        }
    }

    /// Every selector of pods and every block of addresses in it.
    pub(super) fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.ingress.iter().chain(&self.egress).flatten().flat_map(|rule| &rule.peers)
    }
}

impl Rule {
    fn new(ports: &[PolicyPort], peers: &[PolicyPeer]) -> Self {
        Self { peers: peers.iter().map(Peer::new).collect(), ports: ports.iter().map(covered).collect() }
    }
}

impl Peer {
    fn new(peer: &PolicyPeer) -> Self {
        match peer {
            PolicyPeer { ip_block: Some(IpBlock { cidr, except }), .. } => {
                let range = AddressRange::parse(cidr);
                let except: Option<Vec<_>> = except.iter().map(|text| AddressRange::parse(text)).collect();
                range.zip(except).map_or(Self::Unread, |(range, except)| Self::Block { range, except })
            }
            // Kubernetes accepts no peer without anything in it.
            PolicyPeer { pod_selector: None, namespace_selector: None, ip_block: None } => Self::Unread,
            PolicyPeer { pod_selector, namespace_selector, .. } => Self::Pods {
                namespaces: namespace_selector.as_ref().map(Selector::new),
                pods: pod_selector.as_ref().map(Selector::new),
            },
        }
    }
}

fn covered(port: &PolicyPort) -> Ports {
    let Some(protocol) = Protocol::parse(port.protocol.as_deref()) else { return Ports::Unread };
    let number = match &port.port {
        None => return Ports::All(protocol),
        Some(IntOrString::Int(number)) => *number,
        Some(IntOrString::String(text)) => match text.parse() {
            Ok(number) => number,
            Err(_) => return Ports::Named(Some(protocol), text.clone()),
        },
    };
    match u16::try_from(number) {
        Ok(first) => Ports::Range(protocol, first, port.end_port.unwrap_or(first)),
        Err(_) => Ports::None,
    }
}
