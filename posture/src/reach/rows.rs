//! The rows of a table: every destination that matters, in the order in which they are shown.

mod cluster;
mod outside;
mod pods;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::found::End;
use super::{Reach, ReachRow, RowOutcome, Start};
use crate::derived::Enforcement;
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::network::{Family, Point, Protocol, parse_address};
use crate::text::Reason;

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
    /// Pods of the hub's namespaces that are no part of a hub and no server.
    Neighbours,
    /// Other hubs and their APIs.
    HubsOfOthers,
    /// The proxies of other hubs, where their users come in.
    ProxiesOfOthers,
    /// The APIs of those proxies.
    ProxyApisOfOthers,
    /// User servers of other hubs.
    ServersOfOthers,
    /// Pods of other namespaces that are no part of a hub and no server.
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
        rows.neighbours();
        rows.other_hubs();
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
}

/// An address and a port as people write them.
pub(super) fn at(address: IpAddr, port: u16) -> String {
    std::net::SocketAddr::new(address, port).to_string()
}
