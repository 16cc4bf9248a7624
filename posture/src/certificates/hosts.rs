//! The names by which a hub is reached from outside, as far as objects of the cluster show them.

use std::collections::BTreeSet;

use crate::derived::{Derived, Tls, TlsMode};
use crate::entrance::requested_hosts;
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::snapshot::Snapshot;

/// The annotation by which external-dns is told the names of a Service.
pub const EXTERNAL_DNS: &str = "external-dns.alpha.kubernetes.io/hostname";

/// The names of a hub, without wildcards, in lower case; with what may hide more of them.
///
/// They come from the hosts that automatic HTTPS asks certificates for, from Ingresses and routes in front of the hub, and from what
/// external-dns is told. What a certificate says proves nothing about where its names lead.
pub fn of_hub(snapshot: &Snapshot, derived: &Derived, hub: &Hub) -> (BTreeSet<String>, Option<Unknown>) {
    match derived.tls(hub) {
        Ok(tls) => of_tls(snapshot, hub, tls),
        Err(unknown) => (annotated(hub).collect(), Some(unknown)),
    }
}

fn of_tls(snapshot: &Snapshot, hub: &Hub, tls: &Tls) -> (BTreeSet<String>, Option<Unknown>) {
    let mut hidden = tls.hidden_fronts.clone().map(Unknown::from);
    let fronts = tls.fronts.iter().flat_map(|front| &front.hosts).filter_map(|host| host.host.as_deref());
    let mut hosts: BTreeSet<String> = fronts.filter_map(plain).chain(annotated(hub)).collect();
    if tls.mode == TlsMode::LetsEncrypt && hub.autohttps.is_some() {
        match requested_hosts(snapshot, hub) {
            Ok(requested) => hosts.extend(requested.iter().filter_map(|host| plain(host))),
            Err(unknown) => hidden = Some(unknown),
        }
    }
    (hosts, hidden)
}

/// The names that external-dns is told for the hub's public Services.
fn annotated(hub: &Hub) -> impl Iterator<Item = String> {
    let values = hub.public_services.iter().filter_map(|service| service.metadata.annotation(EXTERNAL_DNS));
    values.flat_map(|names| names.split(',')).filter_map(plain)
}

/// A name that can be connected to, as DNS compares it.
fn plain(host: &str) -> Option<String> {
    let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
    (!host.is_empty() && !host.contains('*')).then_some(host)
}
