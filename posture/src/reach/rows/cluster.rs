//! Rows about the cluster itself: its API, its nodes, its DNS, and programs that rule it.

use super::super::found::{End, Groups};
use super::super::{Group, ReachRow, RowOutcome};
use super::{Api, Destination, Ends, Rows, at};
use crate::component::tiller::{Listening, listening, tillers};
use crate::component::{Sightings, dashboard::dashboards};
use crate::facts::Service;
use crate::gap::{Gap, Unknown};
use crate::network::{Protocol, parse_address};
use crate::text::Reason;

impl Rows<'_, '_> {
    pub(super) fn api(&mut self) {
        let snapshot = self.reach.snapshot;
        let service = snapshot.services.get(Some("default"), "kubernetes");
        let behind = |service: &Service| -> Result<Vec<End>, Gap> {
            let port = service.spec.ports.first().map_or(443, |port| port.port);
            self.reach.behind_service(service, Protocol::Tcp, port)
        };
        let seen = service.as_ref().ok().copied().flatten();
        let (name, port) = seen.map_or(("kubernetes.default", 443), |service| {
            let address = service.spec.cluster_ip.as_deref().unwrap_or("kubernetes.default");
            (address, service.spec.ports.first().map_or(443, |port| port.port))
        });
        let ends: Ends = match service {
            Err(gap) => Err(gap.into()),
            Ok(None) => Ok(Vec::new()),
            Ok(Some(service)) => behind(service).map_err(Unknown::from),
        };
        let through = |end: End| End { place: format!("{name}:{port} → {}", placed(&end)), ..end };
        let of_service = ends.clone().map(|ends| ends.into_iter().map(through).collect());
        self.push(Destination::ApiServer(Api::ClusterIp), of_service, Vec::new());
        let direct: Ends =
            ends.map(|ends| ends.into_iter().map(|end| End { place: placed(&end), ..end }).collect());
        let public: Vec<End> = direct.iter().flatten().filter(|end| is_public_end(end)).cloned().collect();
        self.push(Destination::ApiServer(Api::Endpoint), direct, Vec::new());
        let (ends, notes) = if public.is_empty() {
            (
                self.public_ends(Protocol::Tcp, 443),
                vec![Reason::new(
                    "public-api-unknown",
                    "The API server's address outside the cluster is not known here: this is the answer for public addresses at port 443",
                )],
            )
        } else {
            (public, Vec::new())
        };
        self.push(Destination::ApiServer(Api::Public), Ok(ends), notes);
    }

    pub(super) fn nodes(&mut self) {
        let snapshot = self.reach.snapshot;
        let hidden = snapshot.nodes.complete().map_err(Unknown::from);
        let kubelets = self.reach.nodes(Protocol::Tcp, 10250, "every node:10250");
        self.push_under(Destination::Kubelet, Ok(kubelets), hidden, Vec::new());
        let groups = self.node_ports();
        let outcome = if groups.is_empty() { RowOutcome::Nothing } else { RowOutcome::Found(groups) };
        let hidden = snapshot.services.complete().and_then(|()| snapshot.nodes.complete());
        let outcome = outcome.under(hidden.map_err(Unknown::from));
        self.found.push(ReachRow { destination: Destination::NodePorts, outcome, notes: Vec::new() });
    }

    /// A port of a node is judged at the node or, by plug-ins that see it after its destination was rewritten, at the pods behind it.
    fn node_ports(&self) -> Vec<Group> {
        let mut groups = Groups::default();
        for service in self.reach.snapshot.services.present() {
            for published in &service.spec.ports {
                let Some(number) = published.node_port else { continue };
                let Some(protocol) = Protocol::parse(published.protocol.as_deref()) else { continue };
                let namespace = service.metadata.namespace.as_deref().unwrap_or_default();
                let place = format!("every node:{number} ({namespace}/{})", service.metadata.name);
                let mut ends = self.reach.nodes(protocol, number, &place);
                ends.truncate(1);
                let behind = self.reach.behind_service(service, protocol, published.port);
                // One side that cannot be seen may say otherwise.
                let is_whole =
                    behind.is_ok() && !(ends.is_empty() && self.reach.snapshot.nodes.complete().is_err());
                ends.extend(behind.unwrap_or_default());
                if let Some(found) = self.reach.found_rewritten(self.start, &ends, is_whole, self.enforcement)
                {
                    groups.add(&place, found);
                }
            }
        }
        groups.sorted()
    }

    pub(super) fn dns(&mut self) {
        let snapshot = self.reach.snapshot;
        let is_dns =
            |service: &&std::sync::Arc<Service>| service.metadata.label("k8s-app") == Some("kube-dns");
        let mut ends = Vec::new();
        for service in snapshot.services.present().filter(is_dns) {
            for protocol in [Protocol::Udp, Protocol::Tcp] {
                let behind = self.reach.behind_service(service, protocol, 53).unwrap_or_default();
                let name = &service.metadata.name;
                ends.extend(
                    behind.into_iter().map(|end| End { place: format!("{name}: {protocol} 53"), ..end }),
                );
            }
        }
        if snapshot.daemon_sets.present().any(|set| set.metadata.name == "node-local-dns")
            && let Some(address) = parse_address("169.254.20.10")
        {
            let point = self.reach.network.point_at(address);
            let place = format!("{address}: UDP 53 (on the node)");
            ends.push(End { point, protocol: Protocol::Udp, port: 53, place });
        }
        let ends: Ends = if ends.is_empty() {
            let gap = snapshot.services.complete().and_then(|()| snapshot.endpoint_slices.complete());
            Err(gap.err().map_or_else(
                || Reason::new("no-dns", "No Service of the cluster's DNS with ready pods was seen").into(),
                Unknown::from,
            ))
        } else {
            Ok(ends)
        };
        self.push(Destination::Dns, ends, Vec::new());
    }

    pub(super) fn programs(&mut self) {
        let snapshot = self.reach.snapshot;
        let found = tillers(snapshot);
        let is_local = !found.seen.is_empty()
            && found.roots().all(|sighting| matches!(listening(sighting), Ok(Listening::Loopback)));
        let notes = is_local.then(|| {
            Reason::new(
                "loopback",
                "Tiller listens on its own loopback address only, so nobody reaches it over the network",
            )
        });
        let hidden = found.complete().map_err(Unknown::from);
        let ends = self.ends_of(&found, 44134);
        self.push_under(Destination::Tiller, Ok(ends), hidden, notes.into_iter().collect());
        let found = dashboards(snapshot);
        let hidden = found.complete().map_err(Unknown::from);
        let ends = self.ends_of(&found, 8443);
        self.push_under(Destination::Dashboard, Ok(ends), hidden, Vec::new());
    }

    fn ends_of(&self, sightings: &Sightings<'_>, usual: u16) -> Vec<End> {
        sightings.roots().flat_map(|sighting| self.reach.ends_of_program(sighting, usual)).collect()
    }
}

/// The address of an end with its port, or what it is called.
fn placed(end: &End) -> String {
    end.point.addresses().first().map_or_else(|| end.place.clone(), |address| at(*address, end.port))
}

fn is_public_end(end: &End) -> bool {
    end.point.addresses().iter().any(|address| crate::network::is_public(*address))
}
