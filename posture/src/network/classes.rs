//! The pods of a cluster, put together where no policy can tell them apart.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::Network;
use super::address::{Family, parse_address};
use super::point::{HostPoint, PodPoint, Point, Profile};
use super::port::NamedPort;
use crate::facts::{Pod, PodSpec, PodTemplate};
use crate::snapshot::Snapshot;
use crate::text::Reason;

/// Pods that no policy tells apart: what is said of one holds for all.
#[derive(Debug, Clone)]
pub struct PodClass {
    /// The pods as one end of a connection.
    pub point: PodPoint,
    /// The pods, by namespace and name.
    pub pods: Vec<Arc<Pod>>,
}

/// What tells classes apart: the profile, by place, the pieces of the address space that their addresses lie in, and whether policies hold
/// where they run.
type Key = (usize, Vec<(Family, usize)>, Option<Arc<Reason>>);

/// What profiles are made of.
type Traits = (String, BTreeMap<String, String>, Vec<NamedPort>);

impl Network {
    /// A live pod as one end of a connection.
    pub fn pod(&self, pod: &Pod) -> Point {
        if pod.spec.host_network {
            return Point::Host(self.host_of(pod));
        }
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let profile = self.profile(namespace, &pod.metadata.labels, &pod.spec);
        Point::Pod(PodPoint {
            profile: Arc::new(profile),
            addresses: addresses(pod),
            hosts: self.host_of(pod).addresses,
            weak: self.weak.of(pod.node()),
        })
    }

    /// Live pods as ends of a connection, one for each class of them.
    pub fn pods(&self, pods: &[Arc<Pod>]) -> Vec<Point> {
        let mut points = BTreeMap::new();
        let mut known = HashMap::new();
        for pod in pods {
            let place = pod.metadata.namespace.as_deref().unwrap_or_default();
            let shape = (place, Arc::as_ptr(&pod.spec).addr(), Arc::as_ptr(&pod.metadata.labels).addr());
            let pieces: Vec<_> = addresses(pod).iter().map(|address| self.cuts.piece(*address)).collect();
            let count = known.len();
            let shape = *known.entry(shape).or_insert(count);
            points.entry((shape, pieces, self.weak.of(pod.node()))).or_insert_with(|| self.pod(pod));
        }
        points.into_values().collect()
    }

    /// A pod that does not run yet, as a controller in a namespace makes it: it has no address.
    pub fn template(&self, namespace: &str, template: &PodTemplate) -> Point {
        self.future_pod(namespace, &template.metadata.labels, &template.spec)
    }

    /// A pod that does not run yet.
    pub fn future_pod(&self, namespace: &str, labels: &BTreeMap<String, String>, spec: &PodSpec) -> Point {
        if spec.host_network {
            return Point::Host(HostPoint { addresses: Vec::new(), labels: None });
        }
        let profile = Arc::new(self.profile(namespace, labels, spec));
        Point::Pod(PodPoint { profile, addresses: Vec::new(), hosts: Vec::new(), weak: self.weak.of(None) })
    }

    /// A pod without labels in an ordinary namespace without policies: what anyone can start who may make pods somewhere. Since Kubernetes
    /// 1.21 such a namespace has one label, its name.
    pub fn stranger(&self) -> Point {
        let profile = self.profile("", &BTreeMap::new(), &PodSpec::default());
        let name = ("kubernetes.io/metadata.name".to_owned(), "any-other-namespace".to_owned());
        let namespace_labels = Arc::new(BTreeMap::from([name]));
        let profile = Profile { namespace_labels, are_labels_all: true, ..profile };
        Point::Pod(PodPoint {
            profile: Arc::new(profile),
            addresses: Vec::new(),
            hosts: Vec::new(),
            weak: None,
        })
    }

    fn host_of(&self, pod: &Pod) -> HostPoint {
        let address = pod.status.host_ip.as_deref().and_then(parse_address);
        let known = address.and_then(|address| self.hosts.get(&address)).cloned();
        known.unwrap_or_else(|| HostPoint { addresses: address.into_iter().collect(), labels: None })
    }

    /// Finds the classes and the pods of addresses. Pods of one shape share their labels and their specification, so that most are known
    /// by two addresses in memory.
    pub(super) fn find_pods(&mut self, snapshot: &Snapshot) {
        let mut profiles: Vec<Arc<Profile>> = Vec::new();
        let mut by_shape: HashMap<(&str, usize, usize), usize> = HashMap::new();
        let mut by_traits: HashMap<Traits, usize> = HashMap::new();
        let mut classes: BTreeMap<Key, PodClass> = BTreeMap::new();
        for pod in snapshot.pods.present().filter(|pod| pod.is_live()) {
            let host = self.host_of(pod);
            if pod.spec.host_network {
                self.hosts.extend(addresses(pod).into_iter().map(|address| (address, host.clone())));
                continue;
            }
            let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
            let shape = (namespace, Arc::as_ptr(&pod.spec).addr(), Arc::as_ptr(&pod.metadata.labels).addr());
            let index = *by_shape.entry(shape).or_insert_with(|| {
                let profile = self.profile(namespace, &pod.metadata.labels, &pod.spec);
                let traits = (profile.namespace.clone(), profile.labels.clone(), profile.ports.clone());
                *by_traits.entry(traits).or_insert_with(|| {
                    profiles.push(Arc::new(profile));
                    profiles.len() - 1
                })
            });
            let addresses = addresses(pod);
            let pieces = addresses.iter().map(|address| self.cuts.piece(*address)).collect();
            let point = PodPoint {
                profile: Arc::clone(&profiles[index]),
                addresses: addresses.clone(),
                hosts: host.addresses,
                weak: self.weak.of(pod.node()),
            };
            self.pods.extend(addresses.into_iter().map(|address| (address, point.clone())));
            match classes.entry((index, pieces, point.weak.clone())) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(PodClass { point, pods: vec![Arc::clone(pod)] });
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    let class = entry.get_mut();
                    class.pods.push(Arc::clone(pod));
                    class.point.hosts.extend(point.hosts);
                }
            }
        }
        self.classes = classes.into_values().collect();
        for class in &mut self.classes {
            class.point.hosts.sort_unstable();
            class.point.hosts.dedup();
        }
    }
}

fn addresses(pod: &Pod) -> Vec<IpAddr> {
    pod.status.pod_ips.iter().filter_map(|known| parse_address(&known.ip)).collect()
}
