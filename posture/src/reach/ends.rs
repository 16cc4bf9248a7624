//! Finds the ends of connections: the pods of a part of the hub, of a Service, of a program; the nodes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Reach;
use super::found::End;
use crate::component::Sighting;
use crate::facts::network::ServicePort;
use crate::facts::{IntOrString, Pod, PodSpec, Service, Workload};
use crate::gap::Gap;
use crate::hub::parts::target;
use crate::network::{Network, Point, Protocol, parse_address};
use crate::snapshot::Snapshot;

/// Whether a pod has not ended.
pub(super) fn is_live(pod: &Pod) -> bool {
    !matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed"))
}

/// The ports that the containers of a pod declare.
pub(super) fn declared_ports(spec: &PodSpec) -> BTreeSet<(Protocol, u16)> {
    let ports = spec.containers.iter().flat_map(|container| &container.ports);
    ports.filter_map(|port| Some((Protocol::parse(port.protocol.as_deref())?, port.container_port))).collect()
}

impl Reach<'_> {
    /// The pods of a controller; where none runs, one as it would make it.
    pub(super) fn pods_of(&self, workload: &Workload) -> Vec<Point> {
        let namespace = workload.metadata.namespace.as_deref().unwrap_or_default();
        let matches = |labels: &std::collections::BTreeMap<String, String>| match &workload.selector {
            Some(selector) if !selector.is_empty() => selector.matches(labels),
            _ => workload.template.metadata.labels.iter().all(|(key, value)| labels.get(key) == Some(value)),
        };
        let pods: Vec<_> =
            self.live_in(namespace).filter(|pod| matches(&pod.metadata.labels)).cloned().collect();
        if pods.is_empty() {
            return vec![self.network.template(namespace, &workload.template)];
        }
        self.network.pods(&pods)
    }

    fn live_in<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = &'s Arc<Pod>> {
        self.snapshot.pods.present_in(namespace).filter(|pod| is_live(pod))
    }

    /// A port of a controller's pods, by its name or its usual number.
    pub(super) fn ends_of(&self, workload: &Workload, named: &str, usual: u16) -> Vec<End> {
        let name = &workload.metadata.name;
        let end = |point: Point| {
            let declared = match &point {
                Point::Pod(pod) => pod.named_port(named),
                _ => None,
            };
            let port = declared.unwrap_or(usual);
            End { point, protocol: Protocol::Tcp, port, place: format!("{name}:{port}") }
        };
        self.pods_of(workload).into_iter().map(end).collect()
    }

    /// Where a port of a Service leads. Files hold no endpoints: there the selector says which pods it would lead to.
    pub(super) fn behind_service(
        &self,
        service: &Service,
        protocol: Protocol,
        port: u16,
    ) -> Result<Vec<End>, Gap> {
        service_ends(self.snapshot, &self.network, service, protocol, port)
    }

    /// The pods of a program at the ports they declare, or at a usual one.
    pub(super) fn ends_of_program(&self, sighting: &Sighting<'_>, usual: u16) -> Vec<End> {
        let has_its = |pod: &&Arc<Pod>| {
            sighting.labels.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value))
        };
        let pods: Vec<_> = self.live_in(sighting.namespace).filter(has_its).cloned().collect();
        let points = if pods.is_empty() || sighting.labels.is_empty() {
            vec![self.network.future_pod(sighting.namespace, sighting.labels, sighting.spec)]
        } else {
            self.network.pods(&pods)
        };
        let mut ports = declared_ports(sighting.spec);
        if ports.is_empty() {
            ports.insert((Protocol::Tcp, usual));
        }
        let end = |point: &Point, (protocol, port)| End {
            point: point.clone(),
            protocol,
            port,
            place: format!("{}/{}:{port}", sighting.namespace, sighting.object.name),
        };
        points.iter().flat_map(|point| ports.iter().map(move |port| end(point, *port))).collect()
    }

    /// Every node, at one port, all of them called alike: nodes come and go.
    pub(super) fn nodes(&self, protocol: Protocol, port: u16, place: &str) -> Vec<End> {
        let addresses = self.snapshot.nodes.present().flat_map(|node| &node.status.addresses);
        let internal = addresses.filter(|address| address.kind == "InternalIP");
        let end =
            |address| End { point: self.network.point_at(address), protocol, port, place: place.to_owned() };
        internal.filter_map(|address| parse_address(&address.address)).map(end).collect()
    }
}

/// Where a port of a Service leads.
pub(super) fn service_ends(
    snapshot: &Snapshot,
    network: &Network,
    service: &Service,
    protocol: Protocol,
    port: u16,
) -> Result<Vec<End>, Gap> {
    let namespace = service.metadata.namespace.as_deref().unwrap_or_default();
    let name = &service.metadata.name;
    let backends = network.backends(snapshot, service, protocol, port);
    if let Ok(backends) = &backends
        && !backends.is_empty()
    {
        let end = |backend: &crate::network::Backend| End {
            point: backend.point.clone(),
            protocol,
            port: backend.port,
            place: format!("{name}:{port}"),
        };
        return Ok(backends.iter().map(end).collect());
    }
    let is_asked = |published: &&ServicePort| {
        published.port == port && Protocol::parse(published.protocol.as_deref()) == Some(protocol)
    };
    let Some(published) = service.spec.ports.iter().find(is_asked) else { return Ok(Vec::new()) };
    let mut ends = Vec::new();
    let mut add = |point: Point, spec: &PodSpec| {
        if let IntOrString::Int(number) = target(published, spec)
            && let Ok(number) = u16::try_from(number)
        {
            ends.push(End { point, protocol, port: number, place: format!("{name}:{port}") });
        }
    };
    for pod in snapshot.pods.present_in(namespace).filter(|pod| is_live(pod)) {
        if service.selects(&pod.metadata.labels) {
            add(network.pod(pod), &pod.spec);
        }
    }
    for listing in snapshot.workload_listings() {
        for workload in listing.present_in(namespace) {
            if service.selects(&workload.template.metadata.labels) {
                add(network.template(namespace, &workload.template), workload.pod());
            }
        }
    }
    if ends.is_empty() {
        backends?;
    }
    Ok(ends)
}
