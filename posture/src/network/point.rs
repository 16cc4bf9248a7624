//! The ends of a connection, and what of a pod policies can tell apart.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::port::NamedPort;
use super::selector::Labels;
use super::truth::Truth;
use crate::text::Reason;

/// One end of a connection. It belongs to the [`Network`](super::Network) that made it, whose policies it knows by their places.
#[derive(Debug, Clone)]
pub enum Point {
    /// A pod with an address of its own.
    Pod(PodPoint),
    /// A node, or a pod that shares a node's network: outside policies.
    Host(HostPoint),
    /// An address that is no pod's and no node's, as far as was seen.
    Address(IpAddr),
}

/// A pod, or pods that no policy tells apart.
#[derive(Debug, Clone)]
pub struct PodPoint {
    pub(super) profile: Arc<Profile>,
    /// Its addresses; empty for a pod that has none yet.
    pub(super) addresses: Vec<IpAddr>,
    /// The addresses of its node, which may always enter; of every node for several pods.
    pub(super) hosts: Vec<IpAddr>,
    /// Why policies may not hold where it runs, or may be placed, although something enforces them elsewhere.
    pub(super) weak: Option<Arc<Reason>>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPoint {
    /// Its addresses; empty for a pod that has no node yet.
    pub(super) addresses: Vec<IpAddr>,
    /// Its labels; `None` if it was not seen.
    pub(super) labels: Option<Arc<BTreeMap<String, String>>>,
}

impl Point {
    /// The addresses of this end.
    pub fn addresses(&self) -> &[IpAddr] {
        match self {
            Self::Pod(pod) => &pod.addresses,
            Self::Host(host) => &host.addresses,
            Self::Address(address) => std::slice::from_ref(address),
        }
    }

    /// Why it is not sure that policies hold for it, although something enforces them elsewhere; `None` for what no policy holds for.
    pub fn weakness(&self) -> Option<&Reason> {
        match self {
            Self::Pod(pod) => pod.weak.as_deref(),
            Self::Host(_) | Self::Address(_) => None,
        }
    }
}

impl PodPoint {
    /// The namespace of the pod.
    pub fn namespace(&self) -> &str {
        &self.profile.namespace
    }

    /// The number of a port that the pod has a name for.
    pub fn named_port(&self, name: &str) -> Option<u16> {
        self.profile.ports.iter().find(|port| port.name == name).map(|port| port.number)
    }
}

impl Profile {
    /// The labels that selectors of pods ask for.
    pub(super) fn labels(&self) -> Labels<'_> {
        Labels { seen: &self.labels, are_all: true }
    }

    /// The labels that selectors of namespaces ask for.
    pub(super) fn labels_of_namespace(&self) -> Labels<'_> {
        Labels { seen: &self.namespace_labels, are_all: self.are_labels_all }
    }
}

/// What policies see of a pod beside its addresses, and the policies that see it.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) namespace: String,
    pub(super) namespace_labels: Arc<BTreeMap<String, String>>,
    /// Whether these are all labels of the namespace.
    pub(super) are_labels_all: bool,
    /// The labels that some selector asks for.
    pub(super) labels: BTreeMap<String, String>,
    pub(super) ports: Vec<NamedPort>,
    /// The NetworkPolicies that select or may select it, by place.
    pub(super) policies: Vec<(usize, Truth)>,
    /// The same for those of administrators, the first to be asked first.
    pub(super) admin: Vec<(usize, Truth)>,
    pub(super) baseline: Vec<(usize, Truth)>,
    /// Whether policies that are not evaluated may hold for it.
    pub(super) is_touched: bool,
}
