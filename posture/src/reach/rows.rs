//! The rows of a table: every destination that matters, in the order in which they are shown.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::found::{End, Groups};
use super::metadata::{SERVICES, Service as Metadata};
use super::{Reach, ReachRow, RowOutcome, Start};
use crate::component::tiller::{Listening, listening, tillers};
use crate::component::{Sightings, dashboard::dashboards};
use crate::derived::Enforcement;
use crate::facts::Service;
use crate::gap::{Gap, Unknown};
use crate::hub::Hub;
use crate::network::{Family, Opening, PodClass, Point, Protocol, declared_ports, parse_address};
use crate::text::{Arg, Reason};

/// Which of the ways to the Kubernetes API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// The Service `kubernetes`, which every pod is told of.
    ClusterIp,
    /// The API servers themselves.
    Endpoint,
    /// An address outside the cluster.
    Public,
}

/// Something that a server may reach.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Destination {
    /// An address at which a cloud hands out credentials or settings.
    Metadata {
        /// Whose it is.
        provider: String,
        /// Its address.
        address: String,
        /// Its port.
        port: u16,
        /// Whether the nodes run on that cloud; `None` if that is not known.
        is_here: Option<bool>,
    },
    /// The Kubernetes API.
    ApiServer(Api),
    /// The hub and its API, which share a port.
    Hub,
    /// The proxy, where users come in.
    Proxy,
    /// The API that tells the proxy where to send users.
    ProxyApi,
    /// The part that terminates TLS.
    AutoHttps,
    /// Other user servers of the hub.
    OtherServers,
    /// User servers of other hubs.
    ServersOfOthers,
    /// Pods of other namespaces.
    OtherNamespaces,
    /// The kubelets of the nodes.
    Kubelet,
    /// Ports that Services open on every node.
    NodePorts,
    /// The cluster's DNS.
    Dns,
    /// Tiller.
    Tiller,
    /// The Kubernetes Dashboard.
    Dashboard,
    /// Public addresses, at one port.
    Internet {
        /// The protocol.
        protocol: Protocol,
        /// The port.
        port: u16,
    },
    /// Public addresses, at every other port.
    InternetElsewhere,
}

/// A public address that stands for all that no rule speaks of, of each family.
const PUBLIC: [&str; 2] = ["1.1.1.1", "2606:4700:4700::1111"];

/// Ports that stand for those that nobody speaks of: SSH, mail, a database, a pool of miners.
const ELSEWHERE: [(Protocol, u16); 5] = [
    (Protocol::Tcp, 22),
    (Protocol::Tcp, 25),
    (Protocol::Tcp, 3333),
    (Protocol::Tcp, 5432),
    (Protocol::Udp, 443),
];

/// One destination's ends, or why there are none.
type Ends = Result<Vec<End>, Unknown>;

/// What all rows of a class share.
struct Rows<'r, 'a> {
    reach: &'r Reach<'a>,
    hub: &'r Hub,
    start: &'r Start<'r>,
    enforcement: &'r Enforcement,
    found: Vec<ReachRow>,
}

impl Reach<'_> {
    /// What servers of a class reach.
    pub(super) fn rows(&self, hub: &Hub, start: &Start<'_>, all: &[Start<'_>]) -> Vec<ReachRow> {
        let enforcement = self.derived.enforcement_for(hub);
        let mut rows = Rows { reach: self, hub, start, enforcement, found: Vec::new() };
        rows.metadata();
        rows.api();
        rows.parts();
        rows.servers(all);
        rows.namespaces();
        rows.nodes();
        rows.dns();
        rows.programs();
        rows.internet();
        rows.found
    }

    /// A public address of a family.
    pub(super) fn public(&self, family: Family) -> Point {
        let [v4, v6] = PUBLIC;
        let text = if family == Family::V4 { v4 } else { v6 };
        self.network.point_at(parse_address(text).unwrap_or(IpAddr::from([1, 1, 1, 1])))
    }
}

impl Rows<'_, '_> {
    fn push(&mut self, destination: Destination, ends: Ends, notes: Vec<Reason>) {
        self.push_under(destination, ends, Ok(()), notes);
    }

    /// The same where `hidden` says what more there may be than was seen.
    fn push_under(
        &mut self,
        destination: Destination,
        ends: Ends,
        hidden: Result<(), Unknown>,
        notes: Vec<Reason>,
    ) {
        let outcome = match ends {
            Err(unknown) => RowOutcome::Unknown(unknown),
            Ok(ends) if ends.is_empty() => RowOutcome::Nothing,
            Ok(ends) => RowOutcome::Found(self.reach.groups(self.start, &ends, self.enforcement).sorted()),
        };
        self.found.push(ReachRow { destination, outcome: outcome.under(hidden), notes });
    }

    fn metadata(&mut self) {
        for service in SERVICES {
            let Some(address) = parse_address(service.address) else { continue };
            let point = self.reach.network.point_at(address);
            let place = at(address, service.port);
            let end = End { point, protocol: Protocol::Tcp, port: service.port, place };
            let mut notes = Vec::new();
            notes.extend((address.is_ipv6() && self.start.lacks_ipv6()).then(no_ipv6));
            let destination = Destination::Metadata {
                provider: service.provider.to_owned(),
                address: service.address.to_owned(),
                port: service.port,
                is_here: self.is_here(&service),
            };
            self.push(destination, Ok(vec![end]), notes);
        }
    }

    /// Whether the nodes run on a cloud of this address.
    fn is_here(&self, service: &Metadata) -> Option<bool> {
        let clouds = self.reach.derived.clouds.as_ref().ok()?;
        if service.clouds.is_empty() && clouds.seen.contains_key(&crate::derived::Cloud::Other) {
            return None;
        }
        Some(service.clouds.iter().any(|cloud| clouds.seen.contains_key(cloud)))
    }

    fn api(&mut self) {
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

    fn parts(&mut self) {
        let hub = self.hub;
        self.push(Destination::Hub, Ok(self.reach.ends_of(&hub.deployment, "http", 8081)), Vec::new());
        let proxy = |name, usual| hub.proxy.as_ref().map(|proxy| self.reach.ends_of(proxy, name, usual));
        let unseen = || -> Unknown { Reason::new("no-proxy", "The hub's proxy was not seen").into() };
        let (http, api) = (proxy("http", 8000), proxy("api", 8001));
        self.push(Destination::Proxy, http.ok_or_else(unseen), Vec::new());
        self.push(Destination::ProxyApi, api.ok_or_else(unseen), Vec::new());
        if let Some(autohttps) = &hub.autohttps {
            let mut ends = self.reach.ends_of(autohttps, "http", 8080);
            ends.extend(self.reach.ends_of(autohttps, "https", 8443));
            self.push(Destination::AutoHttps, Ok(ends), Vec::new());
        }
    }

    fn servers(&mut self, all: &[Start<'_>]) {
        let ends = all.iter().flat_map(|other| {
            other.points.iter().map(|point| End {
                point: point.clone(),
                protocol: Protocol::Tcp,
                port: other.port,
                place: format!("{}:{}", other.name, other.port),
            })
        });
        let ends: Vec<End> = ends.collect();
        let hidden = self.reach.derived.servers(self.hub).map(|_| ());
        self.push_under(Destination::OtherServers, Ok(ends), hidden, Vec::new());
        let mut others = Vec::new();
        for hub in self.reach.derived.hubs.iter().filter(|hub| hub.key != self.hub.key) {
            for class in &hub.user_classes {
                let port = super::notebook_port(&class.spec);
                let place = format!("{} {}:{port}", hub.key, class.display_name());
                let end = |point| End { point, protocol: Protocol::Tcp, port, place: place.clone() };
                others.extend(self.reach.network.pods(&class.pods).into_iter().map(end));
            }
        }
        let snapshot = self.reach.snapshot;
        let hidden = snapshot.deployments.complete().and_then(|()| snapshot.pods.complete());
        self.push_under(Destination::ServersOfOthers, Ok(others), hidden.map_err(Unknown::from), Vec::new());
    }

    /// Pods of namespaces that are no hub's, at the ports they declare.
    fn namespaces(&mut self) {
        let hubs: BTreeSet<&str> = self.reach.derived.hubs.iter().flat_map(Hub::namespaces).collect();
        let mut ends = Vec::new();
        // The cluster's DNS has a row of its own, and is needed.
        let is_other = |class: &&PodClass| {
            !hubs.contains(class.point.namespace())
                && class.pods[0].metadata.label("k8s-app") != Some("kube-dns")
        };
        for class in self.reach.network.classes().iter().filter(is_other) {
            let mut ports = declared_ports(&class.pods[0].spec);
            if ports.is_empty() {
                ports.insert((Protocol::Tcp, 80));
            }
            ends.extend(ports.into_iter().map(|(protocol, port)| End {
                point: Point::Pod(class.point.clone()),
                protocol,
                port,
                place: format!("{}: {protocol} {port}", class.point.namespace()),
            }));
        }
        let hidden = self.reach.snapshot.pods.complete().map_err(Unknown::from);
        self.push_under(Destination::OtherNamespaces, Ok(ends), hidden, Vec::new());
    }

    fn nodes(&mut self) {
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
    fn node_ports(&self) -> Vec<super::Group> {
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

    fn dns(&mut self) {
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

    fn programs(&mut self) {
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

    fn public_ends(&self, protocol: Protocol, port: u16) -> Vec<End> {
        let families = Family::ALL.into_iter().filter(|f| *f == Family::V4 || !self.start.lacks_ipv6());
        let end = |family| End {
            point: self.reach.public(family),
            protocol,
            port,
            place: match family {
                Family::V4 => format!("IPv4: {protocol} {port}"),
                Family::V6 => format!("IPv6: {protocol} {port}"),
            },
        };
        families.map(end).collect()
    }

    fn internet(&mut self) {
        for (protocol, port) in [(Protocol::Tcp, 443), (Protocol::Tcp, 80), (Protocol::Udp, 53)] {
            let ends = self.public_ends(protocol, port);
            self.push(Destination::Internet { protocol, port }, Ok(ends), Vec::new());
        }
        let ends = ELSEWHERE.into_iter().flat_map(|(protocol, port)| self.public_ends(protocol, port));
        let ends: Vec<End> = ends.collect();
        let openings: Vec<Opening> = self
            .start
            .points
            .first()
            .map(|point| self.reach.network.reachable_addresses(point))
            .unwrap_or_default();
        let notes = openings_in_words(&openings);
        self.push(Destination::InternetElsewhere, Ok(ends), notes);
    }
}

/// What policies open outside the cluster, one sentence for each set of addresses.
fn openings_in_words(openings: &[Opening]) -> Vec<Reason> {
    const MOST: usize = 4;
    let sentence = |opening: &Opening| {
        let mut blocks = opening.addresses.blocks();
        let more = blocks.len().saturating_sub(MOST);
        blocks.truncate(MOST);
        if more > 0 {
            blocks.push(format!("{more} further ranges"));
        }
        let ports = opening.ports.iter().map(|ports| match (ports.are_all(), ports.first == ports.last) {
            (true, _) => format!("{} at every port", ports.protocol),
            (false, true) => format!("{} {}", ports.protocol, ports.first),
            (false, false) => format!("{} {}–{}", ports.protocol, ports.first, ports.last),
        });
        let ports: Vec<Arg> = ports.map(Arg::word).collect();
        Reason::new("opening", "Policies let it send to {addresses}: {ports}")
            .with("addresses", Arg::List(blocks.into_iter().map(Arg::text).collect()))
            .with("ports", Arg::List(ports))
    };
    openings.iter().take(8).map(sentence).collect()
}

fn no_ipv6() -> Reason {
    Reason::new(
        "no-ipv6",
        "None of these servers has an IPv6 address, so the way is open or closed on paper only",
    )
}

/// An address and a port as people write them.
pub(super) fn at(address: IpAddr, port: u16) -> String {
    std::net::SocketAddr::new(address, port).to_string()
}

/// The address of an end with its port, or what it is called.
fn placed(end: &End) -> String {
    end.point.addresses().first().map_or_else(|| end.place.clone(), |address| at(*address, end.port))
}

fn is_public_end(end: &End) -> bool {
    end.point.addresses().iter().any(|address| crate::network::is_public(*address))
}
