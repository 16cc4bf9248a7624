//! Policies of the cluster's administrators, read once into a form that is quick to ask.

use super::address::AddressRange;
use super::port::{Ports, Protocol};
use super::selector::Selector;
use crate::facts::AdminPolicy;
use crate::facts::admin_policy::{AdminNamespaces, AdminPeer, AdminPods, AdminPort, AdminRule};
use crate::kind::Kind;
use crate::object::ObjectRef;

/// An `AdminNetworkPolicy` or a `BaselineAdminNetworkPolicy`.
#[derive(Debug, Clone)]
pub(super) struct Admin {
    pub(super) object: ObjectRef,
    pub(super) priority: Option<i64>,
    pub(super) subject: Pods,
    pub(super) ingress: Vec<Ordered>,
    pub(super) egress: Vec<Ordered>,
}

/// A rule that is asked in its turn.
#[derive(Debug, Clone)]
pub(super) struct Ordered {
    pub(super) action: Action,
    pub(super) peers: Vec<Whom>,
    /// `None` for all.
    pub(super) ports: Option<Vec<Ports>>,
}

/// What a rule does with traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Allow,
    Deny,
    /// It leaves it to the NetworkPolicies.
    Pass,
    /// A word that nobody knows.
    Unread,
}

/// Pods.
#[derive(Debug, Clone)]
pub(super) enum Pods {
    Select { namespaces: Selector, pods: Selector },
    Unread,
}

/// Whom a rule is about.
#[derive(Debug, Clone)]
pub(super) enum Whom {
    Pods(Pods),
    Nodes(Selector),
    Networks(Vec<AddressRange>),
    Unread,
}

impl Admin {
    pub(super) fn new(kind: Kind, policy: &AdminPolicy) -> Self {
        let spec = &policy.spec;
        let rules = |rules: &[AdminRule], peers: fn(&AdminRule) -> &[AdminPeer]| {
            rules
                .iter()
                .map(|rule| Ordered {
                    action: action(&rule.action),
                    peers: peers(rule).iter().map(whom).collect(),
                    ports: rule
                        .ports
                        .as_ref()
                        .filter(|ports| !ports.is_empty())
                        .map(|ports| ports.iter().map(covered).collect()),
                })
                .collect()
        };
        Self {
            object: ObjectRef::cluster(kind, &policy.metadata.name),
            priority: spec.priority,
            subject: subject(&spec.subject),
            ingress: rules(&spec.ingress, |rule| &rule.from),
            egress: rules(&spec.egress, |rule| &rule.to),
        }
    }

    /// Everything that its rules are about.
    pub(super) fn peers(&self) -> impl Iterator<Item = &Whom> {
        self.ingress.iter().chain(&self.egress).flat_map(|rule| &rule.peers)
    }
}

fn action(word: &str) -> Action {
    match word {
        "Allow" => Action::Allow,
        "Deny" => Action::Deny,
        "Pass" => Action::Pass,
        _ => Action::Unread,
    }
}

fn subject(pods: &AdminPods) -> Pods {
    match pods {
        AdminPods { namespaces: Some(namespaces), pods: None } => all_of(namespaces),
        AdminPods { namespaces: None, pods: Some(pods) } if pods.namespaces.is_none() => Pods::Select {
            namespaces: Selector::new(&pods.namespace_selector),
            pods: Selector::new(&pods.pod_selector),
        },
        _ => Pods::Unread,
    }
}

/// The first version of the API wrote namespaces in another way, of which only the presence is kept.
fn all_of(namespaces: &AdminNamespaces) -> Pods {
    let is_old = namespaces.namespace_selector.is_some()
        || !namespaces.same_labels.is_empty()
        || !namespaces.not_same_labels.is_empty();
    if is_old {
        return Pods::Unread;
    }
    Pods::Select { namespaces: Selector::new(&namespaces.selector), pods: Selector::default() }
}

fn whom(peer: &AdminPeer) -> Whom {
    match peer {
        AdminPeer { namespaces, pods, nodes: None, networks, domain_names }
            if networks.is_empty() && domain_names.is_empty() =>
        {
            match subject(&AdminPods { namespaces: namespaces.clone(), pods: pods.clone() }) {
                Pods::Unread => Whom::Unread,
                pods @ Pods::Select { .. } => Whom::Pods(pods),
            }
        }
        AdminPeer { namespaces: None, pods: None, nodes: Some(nodes), networks, domain_names }
            if networks.is_empty() && domain_names.is_empty() =>
        {
            Whom::Nodes(Selector::new(nodes))
        }
        AdminPeer { namespaces: None, pods: None, nodes: None, networks, domain_names }
            if domain_names.is_empty() =>
        {
            let ranges: Option<_> = networks.iter().map(|text| AddressRange::parse(text)).collect();
            ranges.map_or(Whom::Unread, Whom::Networks)
        }
        _ => Whom::Unread,
    }
}

fn covered(port: &AdminPort) -> Ports {
    let range = |protocol: Option<&str>, first: u16, last: u16| {
        Protocol::parse(protocol).map_or(Ports::Unread, |protocol| Ports::Range(protocol, first, last))
    };
    match port {
        AdminPort { port_number: Some(one), port_range: None, named_port: None } => {
            range(one.protocol.as_deref(), one.port, one.port)
        }
        AdminPort { port_number: None, port_range: Some(several), named_port: None } => {
            range(several.protocol.as_deref(), several.start, several.end)
        }
        AdminPort { port_number: None, port_range: None, named_port: Some(name) } => {
            Ports::Named(None, name.clone())
        }
        _ => Ports::Unread,
    }
}
