//! What may connect to what, as the network policies of a cluster decide it: exactly as Kubernetes defines them.
//!
//! [`Network::new`] reads the policies of a snapshot once. [`Network::answer`] then says for two ends and a port whether a connection comes
//! about, and which rules decide; [`Network::reachable_addresses`] says which addresses outside the cluster a pod reaches. Answers hold
//! for a cluster that enforces policies; [`Answer::as_enforced`] takes in what is known of that.
//!
//! Three things make an answer other than yes or no. Network plug-ins differ in whether `ipBlock` matches pods: an answer that depends on
//! it is [`Verdict::CniDependent`] unless the plug-in is known. What could not be read, and policies of Cilium and Calico, which are not
//! evaluated, make it [`Verdict::Unknown`], but only where they could change it. Replies are implied, and a pod's own node is always let in.
//!
//! Pods that no policy tells apart are one class, and so are addresses that no rule tells apart: nothing here goes through pairs of pods.

mod address;
mod admin;
mod answer;
mod build;
mod classes;
mod ends;
mod engine;
mod evaluate;
mod openings;
mod point;
mod policy;
mod port;
mod selector;
mod service;
mod sides;
mod truth;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

pub use address::{AddressRange, AddressSet, Family, parse_address};
pub use answer::{Answer, Basis, Because, Direction, Enforced, RuleRef, Side, Verdict};
pub use build::KINDS;
pub use classes::PodClass;
pub(crate) use ends::carrying;
pub use ends::{Lead, declared_ports};
pub use openings::{OpenPorts, Opening};
pub use point::{HostPoint, PodPoint, Point};
pub use port::Protocol;
pub use service::{Backend, service_at};

use address::Cuts;
use admin::Admin;
use evaluate::Reading;
use policy::Policy;

use crate::derived::enforcement::Weak;
use crate::gap::Gap;
use crate::object::ObjectRef;

/// The policies of a cluster, and the pods and nodes they are about.
#[derive(Debug)]
pub struct Network {
    policies: Vec<Policy>,
    /// Where the policies of a namespace stand: first and behind the last.
    in_namespace: BTreeMap<String, (usize, usize)>,
    /// The lowest priority first.
    admin: Vec<Admin>,
    baseline: Vec<Admin>,
    namespaces: BTreeMap<String, Arc<BTreeMap<String, String>>>,
    /// Whether files are read, in which namespaces need not stand.
    of_files: bool,
    foreign: Foreign,
    gaps: Gaps,
    readings: Vec<Reading>,
    cuts: Cuts,
    /// The labels that some selector asks for.
    keys: Vec<String>,
    pod_ranges: Vec<AddressRange>,
    classes: Vec<PodClass>,
    pods: HashMap<IpAddr, PodPoint>,
    hosts: BTreeMap<IpAddr, HostPoint>,
    /// Nodes on which what enforces policies may not.
    weak: Weak,
}

/// Policies of Cilium and Calico.
#[derive(Debug, Default)]
struct Foreign {
    in_namespace: BTreeMap<String, Vec<ObjectRef>>,
    everywhere: Vec<ObjectRef>,
}

/// What could not be read.
#[derive(Debug, Default)]
struct Gaps {
    /// NetworkPolicies of namespaces that are named, and of those that are not.
    policies: BTreeMap<String, Option<Gap>>,
    all_policies: Option<Gap>,
    /// The same for policies of Cilium and Calico.
    foreign: BTreeMap<String, Option<Gap>>,
    all_foreign: Option<Gap>,
    admin: Option<Gap>,
    baseline: Option<Gap>,
    namespaces: Option<Gap>,
    pods: Option<Gap>,
    nodes: Option<Gap>,
}

impl Gaps {
    fn policies(&self, namespace: &str) -> Option<&Gap> {
        self.policies.get(namespace).unwrap_or(&self.all_policies).as_ref()
    }

    fn foreign(&self, namespace: &str) -> Option<&Gap> {
        self.foreign.get(namespace).unwrap_or(&self.all_foreign).as_ref()
    }
}

impl Network {
    /// Whether an address that is nobody's may be that of a pod that was not seen.
    fn may_hide_pod(&self, address: IpAddr) -> bool {
        self.gaps.pods.is_some()
            && (is_private(address) || self.pod_ranges.iter().any(|range| range.contains(address)))
    }

    /// Whether an address that is nobody's may be that of a node that was not seen.
    fn may_hide_node(&self, address: IpAddr) -> bool {
        self.gaps.nodes.is_some() && is_private(address)
    }

    /// The end that has this address: a pod, a node, or neither. The address of a Service is none of them; see [`service_at`].
    pub fn point_at(&self, address: IpAddr) -> Point {
        let address = address.to_canonical();
        if let Some(pod) = self.pods.get(&address) {
            return Point::Pod(pod.clone());
        }
        self.hosts.get(&address).map_or(Point::Address(address), |host| Point::Host(host.clone()))
    }

    /// The labels of pods that some policy asks for, sorted.
    pub fn label_keys(&self) -> &[String] {
        &self.keys
    }

    /// The pods, put together where no policy tells them apart; sorted by namespace, those on the network of nodes left out.
    pub fn classes(&self) -> &[PodClass] {
        &self.classes
    }
}

/// Whether an address is of a range that clusters take theirs from.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private() || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

/// Whether an address is one of the internet's: none that clusters and providers keep for themselves.
pub fn is_public(address: IpAddr) -> bool {
    !is_private(address)
        && !address.is_loopback()
        && !address.is_unspecified()
        && !address.is_multicast()
        && match address {
            IpAddr::V4(v4) => !v4.is_link_local() && !v4.is_broadcast() && v4.octets()[0] != 0,
            IpAddr::V6(v6) => !v6.is_unicast_link_local(),
        }
}
