//! The names under which a cluster is reached from outside, and the addresses that are its own.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::traefik::requested_hosts;
use crate::certificates::hosts::EXTERNAL_DNS;
use crate::gap::{Gap, Unknown};
use crate::hub::Hub;
use crate::network::{AddressRange, parse_address};
use crate::snapshot::Snapshot;

/// The names that a cluster serves to the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicNames {
    /// The names in lower case, wildcards such as `*.example.org` among them.
    pub names: BTreeSet<String>,
    /// What may hide further ones.
    pub gap: Option<Gap>,
}

impl PublicNames {
    /// Whether the cluster serves a name; a wildcard stands for one label. What may hide that it does is an error.
    pub fn serves(&self, host: &str) -> Result<bool, &Gap> {
        let host = host.to_ascii_lowercase();
        let wildcard = host.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        let is_served =
            self.names.contains(&host) || wildcard.is_some_and(|wildcard| self.names.contains(&wildcard));
        match &self.gap {
            Some(gap) if !is_served => Err(gap),
            _ => Ok(is_served),
        }
    }
}

/// The names that Ingresses, Gateways, HTTPRoutes and automatic HTTPS serve, and those that external-dns publishes for a hub.
///
/// What a certificate says counts for nothing: anybody may write any name into one.
pub fn public_names(snapshot: &Snapshot, hubs: &[Hub]) -> PublicNames {
    let mut found: Vec<&str> = Vec::new();
    for ingress in snapshot.ingresses.present() {
        found.extend(ingress.spec.rules.iter().filter_map(|rule| rule.host.as_deref()));
        found.extend(ingress.spec.tls.iter().flat_map(|tls| &tls.hosts).map(String::as_str));
    }
    let listeners = snapshot.gateways.present().flat_map(|gateway| &gateway.spec.listeners);
    found.extend(listeners.filter_map(|listener| listener.hostname.as_deref()));
    let routes = snapshot.http_routes.present();
    found.extend(routes.flat_map(|route| &route.spec.hostnames).map(String::as_str));
    let services = hubs.iter().flat_map(|hub| &hub.public_services);
    let published = services.filter_map(|service| service.metadata.annotation(EXTERNAL_DNS));
    found.extend(published.flat_map(|names| names.split(',')));

    let mut gap = [
        snapshot.ingresses.complete(),
        snapshot.gateways.complete(),
        snapshot.http_routes.complete(),
        snapshot.services.complete(),
        snapshot.deployments.complete(),
    ]
    .into_iter()
    .find_map(Result::err);
    let mut requested = Vec::new();
    for hub in hubs.iter().filter(|hub| hub.autohttps.is_some()) {
        match requested_hosts(snapshot, hub) {
            Ok(hosts) => requested.extend(hosts),
            Err(Unknown::Gap(hidden)) => gap = gap.or(Some(hidden)),
            Err(Unknown::Reason(_)) => {}
        }
    }
    let all = found.into_iter().chain(requested.iter().map(String::as_str));
    let names = all.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty());
    PublicNames { names: names.collect(), gap }
}

/// The addresses of a cluster's own pods, Services and nodes.
///
/// # Errors
/// What hides some of them: whoever is to keep away from all of them does not know them then.
pub fn own_ranges(snapshot: &Snapshot) -> Result<Vec<AddressRange>, Gap> {
    snapshot.nodes.complete()?;
    snapshot.pods.complete()?;
    snapshot.services.complete()?;
    let mut ranges: BTreeSet<AddressRange> = BTreeSet::new();
    let only = |text: &str| parse_address(text).map(AddressRange::only);
    for node in snapshot.nodes.present() {
        ranges.extend(node.spec.pod_cidrs.iter().filter_map(|range| AddressRange::parse(range)));
        ranges.extend(node.status.addresses.iter().filter_map(|address| only(&address.address)));
    }
    for pod in snapshot.pods.present() {
        ranges.extend(pod.status.pod_ips.iter().filter_map(|known| only(&known.ip)));
        ranges.extend(pod.status.host_ip.as_deref().and_then(only));
    }
    for service in snapshot.services.present() {
        let addresses = service.spec.cluster_ips.iter().chain(&service.spec.cluster_ip);
        ranges.extend(addresses.filter_map(|address| only(address)));
    }
    Ok(ranges.into_iter().collect())
}

/// The addresses under which a cluster says that it is reached from outside: those of its Services and Ingresses.
pub fn outer_addresses(snapshot: &Snapshot) -> BTreeSet<IpAddr> {
    let services = snapshot.services.present().flat_map(|service| super::addresses(service));
    let ingresses = snapshot.ingresses.present().flat_map(|ingress| &ingress.status.load_balancer.ingress);
    let ingresses = ingresses.filter_map(|address| address.ip.as_deref());
    services.chain(ingresses).filter_map(|address| address.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gap::GapReason;
    use crate::hub::discover;
    use crate::kind::Kind;
    use crate::testing::Fixture;

    const CLUSTER: &str = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: hub, namespace: jhub }
spec:
  rules: [{ host: Hub.example.org }, { host: '*.apps.example.org' }]
  tls: [{ hosts: [tls.example.org], secretName: hub-tls }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge, namespace: edge }
spec: { gatewayClassName: x, listeners: [{ name: a, port: 443, protocol: HTTPS, hostname: gate.example.org }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: hub, namespace: jhub }
spec: { hostnames: [route.example.org] }
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: { name: other, namespace: jhub }
spec: { secretName: other, dnsNames: [victim.example.com] }
---
apiVersion: v1
kind: Service
metadata: { name: other, namespace: other, annotations: { external-dns.alpha.kubernetes.io/hostname: other.example.org } }
spec: { clusterIP: 203.0.114.9 }
---
apiVersion: v1
kind: Node
metadata: { name: a }
spec: { podCIDRs: [198.50.0.0/16] }
status: { addresses: [{ type: ExternalIP, address: 203.0.114.7 }, { type: Hostname, address: a }] }
";

    fn names(fixture: &Fixture) -> PublicNames {
        public_names(&fixture.snapshot, &discover(&fixture.snapshot))
    }

    #[test]
    fn what_entrances_serve_are_names_and_what_certificates_say_is_none() {
        let names = names(&Fixture::from_yaml(CLUSTER));
        for served in
            ["hub.example.org", "HUB.example.org", "tls.example.org", "gate.example.org", "route.example.org"]
        {
            assert_eq!(names.serves(served), Ok(true), "{served}");
        }
        for other in ["victim.example.com", "other.example.org", "example.org", "localhost"] {
            assert_eq!(names.serves(other), Ok(false), "{other}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let names = names(&Fixture::from_yaml(CLUSTER));
        assert_eq!(names.serves("a.apps.example.org"), Ok(true));
        assert_eq!(names.serves("apps.example.org"), Ok(false));
        assert_eq!(names.serves("a.b.apps.example.org"), Ok(false));
    }

    #[test]
    fn a_name_that_a_gap_may_hide_is_neither_served_nor_foreign() {
        let fixture = Fixture::from_yaml(CLUSTER).with_gap(Kind::HttpRoute, None, &GapReason::Forbidden);
        let names = names(&fixture);
        assert_eq!(names.serves("gate.example.org"), Ok(true));
        assert_eq!(names.serves("victim.example.com").unwrap_err().kind, Kind::HttpRoute);
    }

    #[test]
    fn the_addresses_of_nodes_pods_and_services_are_the_clusters_own() {
        let ranges = own_ranges(&Fixture::from_yaml(CLUSTER).snapshot).unwrap();
        let is_own = |address: &str| ranges.iter().any(|range| range.contains(address.parse().unwrap()));
        for own in ["198.50.3.4", "203.0.114.7", "203.0.114.9"] {
            assert!(is_own(own), "{own}");
        }
        assert!(!is_own("203.0.114.8"));
    }

    #[test]
    fn the_addresses_of_a_cluster_are_not_known_where_some_are_hidden() {
        for kind in [Kind::Node, Kind::Pod, Kind::Service] {
            let fixture = Fixture::from_yaml(CLUSTER).with_gap(kind, None, &GapReason::Forbidden);
            assert_eq!(own_ranges(&fixture.snapshot).unwrap_err().kind, kind);
        }
    }
}
