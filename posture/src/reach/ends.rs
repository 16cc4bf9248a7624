//! The ends of connections with what they are called: the pods of a part of the hub, of a Service, of a program; the nodes.

use super::Reach;
use super::found::End;
use crate::component::Sighting;
use crate::facts::{Service, Workload};
use crate::gap::Gap;
use crate::network::{Point, Protocol, declared_ports, parse_address};

impl Reach<'_> {
    /// The pods of a controller; where none runs, one as it would make it.
    pub(super) fn pods_of(&self, workload: &Workload) -> Vec<Point> {
        self.network.pods_of(self.snapshot, workload)
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

    /// Where a port of a Service leads.
    pub(super) fn behind_service(
        &self,
        service: &Service,
        protocol: Protocol,
        port: u16,
    ) -> Result<Vec<End>, Gap> {
        let name = &service.metadata.name;
        let end = |(point, number)| End { point, protocol, port: number, place: format!("{name}:{port}") };
        let ends = self.network.behind(self.snapshot, service, protocol, port)?;
        Ok(ends.into_iter().map(end).collect())
    }

    /// The pods of a program at the ports they declare, or at a usual one.
    pub(super) fn ends_of_program(&self, sighting: &Sighting<'_>, usual: u16) -> Vec<End> {
        let Sighting { namespace, labels, spec, .. } = *sighting;
        let points = self.network.pods_with(self.snapshot, namespace, labels, spec);
        let mut ports = declared_ports(spec);
        if ports.is_empty() {
            ports.insert((Protocol::Tcp, usual));
        }
        let end = |point: &Point, (protocol, port)| End {
            point: point.clone(),
            protocol,
            port,
            place: format!("{namespace}/{}:{port}", sighting.object.name),
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
