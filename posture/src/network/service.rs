//! Services, judged at their endpoints: plug-ins see traffic after its destination was rewritten.

use std::net::IpAddr;

use super::Network;
use super::address::parse_address;
use super::point::Point;
use super::port::Protocol;
use crate::facts::Service;
use crate::facts::network::{EndpointPort, ServicePort};
use crate::gap::Gap;
use crate::snapshot::Snapshot;

/// Where traffic to a Service ends up: an end and its port.
#[derive(Debug, Clone)]
pub struct Backend {
    /// The end.
    pub point: Point,
    /// The port there.
    pub port: u16,
    /// The address there.
    pub address: IpAddr,
}

/// The Service of which this is an address inside the cluster.
pub fn service_at(snapshot: &Snapshot, address: IpAddr) -> Option<&Service> {
    let address = address.to_canonical();
    let is_its = |text: &String| parse_address(text) == Some(address);
    snapshot
        .services
        .present()
        .map(|service| &**service)
        .find(|service| service.spec.cluster_ip.iter().chain(&service.spec.cluster_ips).any(is_its))
}

impl Network {
    /// The ready endpoints behind a port of a Service, sorted by address. Empty only if it is proven that there are none; a port that the
    /// Service does not publish has none. The name of a headless Service leads to its pods' own addresses: nobody rewrites the port, and
    /// none needs to be published (Kubernetes documentation, "Headless Services").
    pub fn backends(
        &self,
        snapshot: &Snapshot,
        service: &Service,
        protocol: Protocol,
        port: u16,
    ) -> Result<Vec<Backend>, Gap> {
        let is_asked = |published: &&ServicePort| {
            published.port == port && Protocol::parse(published.protocol.as_deref()) == Some(protocol)
        };
        let published = match service.spec.ports.iter().find(is_asked) {
            Some(published) => Some(published),
            None if service.is_headless() => None,
            None => return Ok(Vec::new()),
        };
        let meant = Meant { published: published.filter(|_| !service.is_headless()), protocol, port };
        let namespace = service.metadata.namespace.as_deref().unwrap_or_default();
        let name = service.metadata.name.as_str();
        let mut found = Vec::new();
        let slices = snapshot.endpoint_slices.present_in(namespace);
        for slice in slices.filter(|slice| slice.metadata.label(SERVICE) == Some(name)) {
            let ready = slice.endpoints.iter().filter(|endpoint| endpoint.conditions.ready != Some(false));
            let addresses: Vec<&str> =
                ready.flat_map(|endpoint| &endpoint.addresses).map(String::as_str).collect();
            found.extend(pairs(&addresses, &slice.ports, &meant));
        }
        if found.is_empty() {
            let endpoints = snapshot.endpoints.find(Some(namespace), name);
            for subset in endpoints.iter().flat_map(|endpoints| &endpoints.subsets) {
                let addresses: Vec<_> = subset.addresses.iter().map(|address| address.ip.as_str()).collect();
                found.extend(pairs(&addresses, &subset.ports, &meant));
            }
        }
        if found.is_empty() {
            snapshot.endpoint_slices.complete_in(namespace)?;
        }
        found.sort_unstable();
        found.dedup();
        let backend = |(address, port)| Backend { point: self.point_at(address), port, address };
        Ok(found.into_iter().map(backend).collect())
    }
}

/// The label that names the Service of a slice.
const SERVICE: &str = "kubernetes.io/service-name";

/// The port that is asked for; `published` is its entry in a Service that rewrites it.
struct Meant<'a> {
    published: Option<&'a ServicePort>,
    protocol: Protocol,
    port: u16,
}

/// Ports of endpoints have the names of the Service's ports.
fn pairs(addresses: &[&str], ports: &[EndpointPort], meant: &Meant<'_>) -> Vec<(IpAddr, u16)> {
    let addresses: Vec<_> = addresses.iter().filter_map(|text| parse_address(text)).collect();
    let Some(published) = meant.published else {
        return addresses.into_iter().map(|address| (address, meant.port)).collect();
    };
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    let numbers = ports
        .iter()
        .filter(|port| name(&port.name) == name(&published.name))
        .filter(|port| Protocol::parse(port.protocol.as_deref()) == Some(meant.protocol))
        .map(|port| port.port.unwrap_or(published.port));
    numbers.flat_map(|number| addresses.iter().map(move |address| (*address, number))).collect()
}
