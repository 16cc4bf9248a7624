//! Addresses that lead to a Service without being its own: ports of nodes, addresses of load balancers and external ones. Where the node
//! of the sender rewrites the destination, policies see the pods behind; where another does, or none, they see the address
//! (Kubernetes documentation, "Network Policies": the order of rewriting and policies is not defined).

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::ask::{To, ToEnd};
use super::found::{End, Found, rank};
use super::rows::at;
use super::{Reach, Start};
use crate::derived::Enforcement;
use crate::facts::Service;
use crate::facts::network::ServicePort;
use crate::network::{Protocol, Verdict, parse_address};

/// What an address leads to that is rewritten on the way, or is not.
pub(super) struct Rewritten {
    /// What it is called.
    pub(super) place: String,
    /// The address, and the pods behind it.
    pub(super) ends: Vec<End>,
    /// Whether both were seen.
    pub(super) is_whole: bool,
}

impl Reach<'_> {
    /// Both readings of an address that leads to Services; `None` for any other.
    pub(super) fn rewritten(&self, to: &To) -> Option<Rewritten> {
        let ToEnd::Address(address) = to.end else { return None };
        let mut behind = Vec::new();
        let mut names = Vec::new();
        let mut is_whole = true;
        for service in self.snapshot.services.present() {
            for published in
                service.spec.ports.iter().filter(|port| self.leads_to(address, to, service, port))
            {
                match self.behind_service(service, to.protocol, published.port) {
                    Ok(ends) => behind.extend(ends),
                    Err(_) => is_whole = false,
                }
                let namespace = service.metadata.namespace.as_deref().unwrap_or_default();
                names.push(format!("{namespace}/{}", service.metadata.name));
            }
        }
        if names.is_empty() {
            return None;
        }
        names.dedup();
        let place = format!("{} ({})", at(address, to.port), names.join(", "));
        let bare = End {
            point: self.network.point_at(address),
            protocol: to.protocol,
            port: to.port,
            place: place.clone(),
        };
        Some(Rewritten { place, ends: std::iter::once(bare).chain(behind).collect(), is_whole })
    }

    /// Whether a port of a Service is published at an address that is not the Service's own.
    fn leads_to(&self, address: IpAddr, to: &To, service: &Service, published: &ServicePort) -> bool {
        if Protocol::parse(published.protocol.as_deref()) != Some(to.protocol) {
            return false;
        }
        let is_it = |text: &str| parse_address(text) == Some(address.to_canonical());
        let balancer = service.status.load_balancer.ingress.iter().filter_map(|found| found.ip.as_deref());
        let mut outside = service.spec.external_ips.iter().map(String::as_str).chain(balancer);
        let mut nodes = self.snapshot.nodes.present().flat_map(|node| &node.status.addresses);
        (published.port == to.port && outside.any(is_it))
            || (published.node_port == Some(to.port) && nodes.any(|found| is_it(&found.address)))
    }

    /// What a server finds at an address that may be rewritten. Where the readings differ, it depends on the plug-in and on the node.
    pub(super) fn found_rewritten(
        &self,
        start: &Start<'_>,
        ends: &[End],
        is_whole: bool,
        enforcement: &Enforcement,
    ) -> Option<Found> {
        let found: Vec<Found> =
            ends.iter().flat_map(|end| self.found_from(start, end, enforcement)).collect();
        let verdicts: BTreeSet<Verdict> = found.iter().map(|found| found.verdict).collect();
        let mut worst = found.into_iter().max_by_key(|found| rank(found.verdict))?;
        match (worst.verdict, is_whole) {
            (Verdict::Allowed, true) if verdicts.len() > 1 => worst.verdict = Verdict::CniDependent,
            (Verdict::Allowed | Verdict::Denied | Verdict::CniDependent, false) => {
                worst.verdict = Verdict::Unknown;
            }
            _ => {}
        }
        Some(worst)
    }
}
