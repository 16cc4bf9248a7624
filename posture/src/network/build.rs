//! Reads the policies of a snapshot, once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::address::{AddressRange, Cuts, parse_address};
use super::admin::{Admin, Pods, Whom};
use super::evaluate::{Place, Trace, is_selected, ranges};
use super::point::{HostPoint, Profile};
use super::policy::{Peer, Policy};
use super::port::named_ports;
use super::selector::{Labels, Selector};
use super::truth::Truth;
use super::{Foreign, Gaps, Network, engine};
use crate::derived::Enforcement;
use crate::derived::enforcement::Weak;
use crate::facts::{AdminPolicy, PodSpec};
use crate::gap::{Gap, GapReason};
use crate::kind::Kind;
use crate::listing::{Listing, Placed};
use crate::object::ObjectRef;
use crate::snapshot::{Origin, Snapshot};

/// Which gaps count.
#[derive(Clone, Copy)]
struct Counting {
    are_files_all: bool,
}

impl Counting {
    fn gap(self, read: Result<(), Gap>) -> Option<Gap> {
        read.err().filter(|gap| !(self.are_files_all && gap.reason == GapReason::NotInFiles))
    }

    /// The gaps of a kind: of namespaces that have a coverage of their own, and of all others.
    fn gaps<T: Placed>(self, listing: &Listing<T>) -> (BTreeMap<String, Option<Gap>>, Option<Gap>) {
        let coverage = listing.coverage();
        let in_namespace = coverage
            .namespaces
            .keys()
            .map(|namespace| (namespace.clone(), self.gap(listing.complete_in(namespace))))
            .collect();
        let everywhere = coverage
            .everywhere
            .clone()
            .map_or(Ok(()), |reason| Err(Gap { kind: listing.kind(), namespace: None, reason }));
        (in_namespace, self.gap(everywhere))
    }
}

impl Network {
    /// Reads the policies of a snapshot. What could not be read keeps answers open.
    pub fn new(snapshot: &Snapshot, enforcement: &Enforcement) -> Self {
        Self::read(snapshot, enforcement, Counting { are_files_all: false })
    }

    /// Reads the policies of files as if the cluster held nothing else: what will be allowed once they are installed into an empty one.
    pub fn of_files(snapshot: &Snapshot, enforcement: &Enforcement) -> Self {
        Self::read(snapshot, enforcement, Counting { are_files_all: true })
    }

    fn read(snapshot: &Snapshot, enforcement: &Enforcement, counting: Counting) -> Self {
        let policies: Vec<_> =
            snapshot.network_policies.present().map(|policy| Policy::new(policy)).collect();
        let mut in_namespace = BTreeMap::<String, (usize, usize)>::new();
        for (index, policy) in policies.iter().enumerate() {
            let range = in_namespace.entry(policy.namespace.clone()).or_insert((index, index));
            range.1 = index + 1;
        }
        let admin = |listing: &Listing<AdminPolicy>| {
            let mut read: Vec<_> =
                listing.present().map(|policy| Admin::new(listing.kind(), policy)).collect();
            read.sort_by_key(|admin| admin.priority);
            read
        };
        let (admin, baseline) = (admin(&snapshot.admin_policies), admin(&snapshot.baseline_policies));
        let (foreign, mut gaps) = foreign(snapshot, counting);
        (gaps.policies, gaps.all_policies) = counting.gaps(&snapshot.network_policies);
        gaps.admin = counting.gap(snapshot.admin_policies.complete());
        gaps.baseline = counting.gap(snapshot.baseline_policies.complete());
        gaps.namespaces = counting.gap(snapshot.namespaces.complete());
        gaps.pods = counting.gap(snapshot.pods.complete());
        gaps.nodes = counting.gap(snapshot.nodes.complete());
        let has_admin =
            !(admin.is_empty() && baseline.is_empty() && gaps.admin.is_none() && gaps.baseline.is_none());
        let cuts = Cuts::new(ranges(policies.iter(), admin.iter().chain(&baseline)).iter());
        let mut network = Self {
            keys: keys(&policies, admin.iter().chain(&baseline)),
            readings: engine::readings(snapshot, enforcement, has_admin),
            in_namespace,
            admin,
            baseline,
            namespaces: namespaces(snapshot),
            of_files: snapshot.origin == Origin::Declared,
            foreign,
            gaps,
            cuts,
            pod_ranges: pod_ranges(snapshot),
            classes: Vec::new(),
            pods: HashMap::new(),
            hosts: hosts(snapshot),
            weak: Weak::of_nodes(enforcement),
            policies,
        };
        network.find_pods(snapshot);
        network
    }

    /// The labels of a namespace, and whether these are all. Every API server since 1.21 has its name among them, which files do not say.
    fn labels_of(&self, namespace: &str) -> (Arc<BTreeMap<String, String>>, bool) {
        match self.namespaces.get(namespace) {
            Some(labels) => (Arc::clone(labels), true),
            None if self.of_files => {
                (Arc::new(BTreeMap::from([(NAME.to_owned(), namespace.to_owned())])), false)
            }
            None => (Arc::default(), false),
        }
    }

    /// What policies see of a pod, and which see it.
    pub(super) fn profile(
        &self,
        namespace: &str,
        labels: &BTreeMap<String, String>,
        spec: &PodSpec,
    ) -> Profile {
        let known = self.keys.iter().filter_map(|key| labels.get_key_value(key));
        let (namespace_labels, are_labels_all) = self.labels_of(namespace);
        let mut profile = Profile {
            namespace: namespace.to_owned(),
            namespace_labels,
            are_labels_all,
            labels: known.map(|(key, value)| (key.clone(), value.clone())).collect(),
            ports: named_ports(spec),
            policies: Vec::new(),
            admin: Vec::new(),
            baseline: Vec::new(),
            is_touched: self.foreign.in_namespace.contains_key(namespace)
                || !self.foreign.everywhere.is_empty()
                || self.gaps.foreign(namespace).is_some(),
        };
        let (start, end) = self.in_namespace.get(namespace).copied().unwrap_or_default();
        let seen = Labels { seen: &profile.labels, are_all: true };
        let selected = |index: usize| (index, self.policies[index].pods.selects(seen));
        profile.policies = (start..end).map(selected).filter(|(_, truth)| truth.can_hold).collect();
        let admin = |admin: &[Admin], place: fn(usize) -> Place| -> Vec<(usize, Truth)> {
            let is_subject = |(index, admin): (usize, &Admin)| {
                let truth = is_selected(&admin.subject, &profile, place(index), &mut Trace::default());
                (index, truth)
            };
            admin.iter().enumerate().map(is_subject).filter(|(_, truth)| truth.can_hold).collect()
        };
        let (first, last) = (admin(&self.admin, Place::Admin), admin(&self.baseline, Place::Baseline));
        Profile { admin: first, baseline: last, ..profile }
    }
}

/// The labels that some selector of pods asks for.
fn keys<'a>(policies: &'a [Policy], admin: impl Iterator<Item = &'a Admin>) -> Vec<String> {
    let mut keys = BTreeSet::new();
    for policy in policies {
        policy.pods.collect_keys(&mut keys);
        for peer in policy.peers() {
            if let Peer::Pods { pods: Some(selector), .. } = peer {
                selector.collect_keys(&mut keys);
            }
        }
    }
    for admin in admin {
        let peers = admin.peers().filter_map(|peer| match peer {
            Whom::Pods(pods) => Some(pods),
            _ => None,
        });
        for pods in peers.chain([&admin.subject]) {
            if let Pods::Select { pods, .. } = pods {
                Selector::collect_keys(pods, &mut keys);
            }
        }
    }
    keys.into_iter().map(str::to_owned).collect()
}

fn foreign(snapshot: &Snapshot, counting: Counting) -> (Foreign, Gaps) {
    let (mut foreign, mut gaps) = (Foreign::default(), Gaps::default());
    for (kind, listing) in &snapshot.foreign_policies {
        for policy in listing.present() {
            match &policy.metadata.namespace {
                Some(namespace) => foreign
                    .in_namespace
                    .entry(namespace.clone())
                    .or_default()
                    .push(ObjectRef::namespaced(*kind, namespace, policy.name())),
                None => foreign.everywhere.push(ObjectRef::cluster(*kind, policy.name())),
            }
        }
        let (in_namespace, everywhere) = counting.gaps(listing);
        gaps.foreign.extend(in_namespace);
        gaps.all_foreign = gaps.all_foreign.take().or(everywhere);
    }
    // A kind may be read in a namespace where another one is hidden: the first gap stands for all.
    for (namespace, gap) in &mut gaps.foreign {
        let hidden = |listing: &Listing<_>| counting.gap(listing.complete_in(namespace));
        *gap = snapshot.foreign_policies.values().find_map(hidden);
    }
    (foreign, gaps)
}

/// The labels of the namespaces that were seen.
fn namespaces(snapshot: &Snapshot) -> BTreeMap<String, Arc<BTreeMap<String, String>>> {
    let seen = snapshot.namespaces.present();
    seen.map(|namespace| (namespace.metadata.name.clone(), labels_of(snapshot.origin, namespace))).collect()
}

fn labels_of(origin: Origin, namespace: &crate::facts::Namespace) -> Arc<BTreeMap<String, String>> {
    let labels = &namespace.metadata.labels;
    if origin == Origin::Observed || labels.contains_key(NAME) {
        return Arc::clone(labels);
    }
    let mut named = (**labels).clone();
    named.insert(NAME.to_owned(), namespace.metadata.name.clone());
    Arc::new(named)
}

/// The label with which the API server says a namespace's name.
const NAME: &str = "kubernetes.io/metadata.name";

fn pod_ranges(snapshot: &Snapshot) -> Vec<AddressRange> {
    let ranges = snapshot.nodes.present().flat_map(|node| &node.spec.pod_cidrs);
    ranges.filter_map(|text| AddressRange::parse(text)).collect()
}

/// The nodes by their addresses, and the addresses that pods name as their nodes'.
fn hosts(snapshot: &Snapshot) -> BTreeMap<IpAddr, HostPoint> {
    let mut hosts = BTreeMap::new();
    for node in snapshot.nodes.present() {
        let addresses: Vec<_> =
            node.status.addresses.iter().filter_map(|known| parse_address(&known.address)).collect();
        let labels = Some(Arc::clone(&node.metadata.labels));
        let host = HostPoint { addresses: addresses.clone(), labels };
        hosts.extend(addresses.into_iter().map(|address| (address, host.clone())));
    }
    for pod in snapshot.pods.present() {
        if let Some(address) = pod.status.host_ip.as_deref().and_then(parse_address) {
            hosts.entry(address).or_insert_with(|| HostPoint { addresses: vec![address], labels: None });
        }
    }
    hosts
}

/// The kinds that an answer rests on.
pub const KINDS: &[Kind] = &[
    Kind::Pod,
    Kind::Namespace,
    Kind::Node,
    Kind::NetworkPolicy,
    Kind::AdminNetworkPolicy,
    Kind::BaselineAdminNetworkPolicy,
    Kind::CiliumNetworkPolicy,
    Kind::CiliumClusterwideNetworkPolicy,
    Kind::CalicoNetworkPolicy,
    Kind::CalicoGlobalNetworkPolicy,
];
