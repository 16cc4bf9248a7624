//! Finds what stands behind a name: the pods of a controller, of a program, of a port of a Service; where none runs, one as it would be
//! made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Backend, Network, Point, Protocol};
use crate::facts::network::ServicePort;
use crate::facts::{IntOrString, Pod, PodSpec, Service, Workload};
use crate::gap::Gap;
use crate::hub::parts::target;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::snapshot::{Origin, Snapshot};

/// The labels that pods carry.
type Labels = BTreeMap<String, String>;

impl Network {
    /// The live pods of a controller, one end for each class of them; where none runs, one as it makes it.
    pub fn pods_of(&self, snapshot: &Snapshot, workload: &Workload) -> Vec<Point> {
        let namespace = workload.metadata.namespace.as_deref().unwrap_or_default();
        let template = &workload.template;
        let pods = match &workload.selector {
            Some(selector) if !selector.is_empty() => {
                live(snapshot, namespace, |labels| selector.matches(labels))
            }
            _ => carrying(snapshot, namespace, &template.metadata.labels),
        };
        if pods.is_empty() { vec![self.template(namespace, template)] } else { self.pods(&pods) }
    }

    /// The live pods that carry the labels of a program; where it has none or none runs, one as it would be made.
    pub fn pods_with(
        &self,
        snapshot: &Snapshot,
        namespace: &str,
        labels: &Labels,
        spec: &PodSpec,
    ) -> Vec<Point> {
        let pods = carrying(snapshot, namespace, labels);
        if pods.is_empty() || labels.is_empty() {
            return vec![self.future_pod(namespace, labels, spec)];
        }
        self.pods(&pods)
    }

    /// Where a port of a Service leads, see [`Network::leads`]: the ends and their ports.
    pub fn behind(
        &self,
        snapshot: &Snapshot,
        service: &Service,
        protocol: Protocol,
        port: u16,
    ) -> Result<Vec<(Point, u16)>, Gap> {
        let leads = self.leads(snapshot, service, protocol, port)?;
        Ok(leads.into_iter().map(|lead| (lead.point, lead.port)).collect())
    }

    /// Where a port of a Service leads: to its ready endpoints. Files hold none, and a Service may be without; there the selector says
    /// which pods it would lead to, and where none of a controller runs, which pods that would make.
    pub fn leads(
        &self,
        snapshot: &Snapshot,
        service: &Service,
        protocol: Protocol,
        port: u16,
    ) -> Result<Vec<Lead>, Gap> {
        let backends = self.backends(snapshot, service, protocol, port);
        if let Ok(backends) = &backends
            && !backends.is_empty()
        {
            let lead =
                |backend: &Backend| Lead { point: backend.point.clone(), port: backend.port, of: None };
            return Ok(backends.iter().map(lead).collect());
        }
        let is_asked = |published: &&ServicePort| {
            published.port == port && Protocol::parse(published.protocol.as_deref()) == Some(protocol)
        };
        let published = service.spec.ports.iter().find(is_asked).filter(|_| !service.is_headless());
        if published.is_none() && !service.is_headless() {
            return Ok(Vec::new());
        }
        let namespace = service.metadata.namespace.as_deref().unwrap_or_default();
        // Nobody rewrites the port behind a headless Service.
        let number = |spec: &PodSpec| match published.map(|published| target(published, spec)) {
            None => Some(port),
            Some(IntOrString::Int(number)) => u16::try_from(number).ok(),
            Some(IntOrString::String(_)) => None,
        };
        let leads = self.selected(snapshot, service, namespace, number);
        let is_empty_for_certain = leads.is_empty() && !service.spec.selector.is_empty();
        // Files that hold no pod and no controller that a selector finds lack nothing that a cluster would add.
        if leads.is_empty() && !(is_empty_for_certain && snapshot.origin == Origin::Declared) {
            backends?;
        }
        Ok(leads)
    }

    /// The pods that the selector of a Service finds, and those that controllers without a live pod would make.
    fn selected(
        &self,
        snapshot: &Snapshot,
        service: &Service,
        namespace: &str,
        number: impl Fn(&PodSpec) -> Option<u16>,
    ) -> Vec<Lead> {
        let pods = live(snapshot, namespace, |labels| service.selects(labels));
        let running = pods.iter().filter_map(|pod| {
            let of = ObjectRef::namespaced(Kind::Pod, namespace, &pod.metadata.name);
            Some(Lead { point: self.pod(pod), port: number(&pod.spec)?, of: Some(of) })
        });
        let mut leads: Vec<Lead> = running.collect();
        for listing in snapshot.workload_listings() {
            for workload in listing.present_in(namespace) {
                let labels = &workload.template.metadata.labels;
                // What another controller scaled down, as a Deployment does with what it made before, makes nothing of its own accord.
                let is_over = workload.replicas == Some(0)
                    && workload.metadata.owner_references.iter().any(|owner| owner.controller);
                let is_running = || pods.iter().any(|pod| carries(&pod.metadata.labels, labels));
                if service.selects(labels)
                    && !is_over
                    && !is_running()
                    && let Some(port) = number(workload.pod())
                {
                    let point = self.template(namespace, &workload.template);
                    let of = ObjectRef::namespaced(listing.kind(), namespace, &workload.metadata.name);
                    leads.push(Lead { point, port, of: Some(of) });
                }
            }
        }
        leads
    }
}

/// One end that a Service leads to.
#[derive(Debug, Clone)]
pub struct Lead {
    /// The end.
    pub point: Point,
    /// The port there.
    pub port: u16,
    /// The pod, or the controller whose pods are meant; `None` for an endpoint, which is known by its address.
    pub of: Option<ObjectRef>,
}

/// The ports that the containers of a pod declare.
pub fn declared_ports(spec: &PodSpec) -> BTreeSet<(Protocol, u16)> {
    let ports = spec.containers.iter().flat_map(|container| &container.ports);
    ports.filter_map(|port| Some((Protocol::parse(port.protocol.as_deref())?, port.container_port))).collect()
}

/// The live pods of a namespace that carry all of some labels.
pub(crate) fn carrying(snapshot: &Snapshot, namespace: &str, labels: &Labels) -> Vec<Arc<Pod>> {
    live(snapshot, namespace, |found| carries(found, labels))
}

fn live(snapshot: &Snapshot, namespace: &str, is_wanted: impl Fn(&Labels) -> bool) -> Vec<Arc<Pod>> {
    let pods = snapshot.pods.present_in(namespace).filter(|pod| pod.is_live());
    pods.filter(|pod| is_wanted(&pod.metadata.labels)).cloned().collect()
}

fn carries(labels: &Labels, wanted: &Labels) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}
