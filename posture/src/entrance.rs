//! How people get in: the public Service of a hub, and what its own automatic HTTPS was told.

mod names;
mod redirect;
mod traefik;

use crate::check::{Context, Evidence, Outcome};
use crate::component::image_path;
use crate::derived::{Tls, TlsMode};
use crate::facts::{Container, Service};
use crate::fix::ENTRANCES;
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::hub::discovery::is_public_service;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::settings::{Attestation, AttestedFact};
use crate::text::{Arg, Reason};

pub use names::{PublicNames, outer_addresses, own_ranges, public_names};
pub use redirect::redirect;
pub(crate) use traefik::requested_hosts;
pub use traefik::{File, dynamic_file, hosts, static_file};

/// The Service through which people reach a hub; `Ok(None)` only if there is none.
pub fn public_service<'h>(context: &Context<'_>, hub: &'h Hub) -> Result<Option<&'h Service>, Unknown> {
    let first = hub.public_services.first().map(|service| &**service);
    if !first.is_some_and(|service| is_public_service(service, hub)) {
        // The chart's own Service would come first, if it could be seen.
        context.snapshot.services.complete_in(&hub.key.namespace)?;
    }
    Ok(first)
}

/// A reference to a Service.
pub fn object(service: &Service) -> ObjectRef {
    ObjectRef {
        kind: Kind::Service,
        namespace: service.metadata.namespace.clone(),
        name: service.metadata.name.clone(),
    }
}

/// The addresses of a Service from outside the cluster.
pub fn addresses(service: &Service) -> Vec<&str> {
    let balancer = service.status.load_balancer.ingress.iter();
    let balancer = balancer.filter_map(|address| address.ip.as_deref().or(address.hostname.as_deref()));
    balancer.chain(service.spec.external_ips.iter().map(String::as_str)).collect()
}

/// The addresses as a fact.
pub fn addresses_seen(service: &Service) -> Evidence {
    let found: Vec<Arg> = addresses(service).into_iter().map(Arg::text).collect();
    let found = if found.is_empty() { Arg::word("none") } else { Arg::List(found) };
    Evidence::new(object(service), "status.loadBalancer.ingress", found)
}

/// Whether people outside the cluster reach the Service itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reachable {
    /// It has an address outside the cluster.
    Yes,
    /// It is a load balancer that waits for its address.
    Pending,
    /// It has none of its own; something that the API does not show may lead to it.
    Unseen,
}

/// Whether people outside the cluster reach the Service itself.
pub fn reachable(service: &Service) -> Reachable {
    match service.spec.type_name() {
        _ if !addresses(service).is_empty() => Reachable::Yes,
        "LoadBalancer" => Reachable::Pending,
        _ => Reachable::Unseen,
    }
}

/// What the operator states about an edge outside the cluster, if it is in force.
pub fn attested_edge<'a>(context: &Context<'a>, hub: &Hub) -> Option<&'a Attestation> {
    context.settings.attested(AttestedFact::HttpsAtTheEdge, Some(&hub.key.to_string()), context.now)
}

/// The same where something stands in front of the hub and the API does not show whether it does HTTPS. A gap is no such case: what
/// it hides may show that it does not.
pub fn attested_front<'a>(context: &Context<'a>, hub: &Hub) -> Option<&'a Attestation> {
    let Err(Unknown::Reason(reason)) = context.derived.tls(hub) else { return None };
    let is_in_front = matches!(&*reason.id, "balancer-before-ingress" | "ingress-annotation-decides");
    attested_edge(context, hub).filter(|_| is_in_front)
}

/// Where TLS ends, as a clause.
pub fn mode_in_words(mode: TlsMode) -> Arg {
    Arg::word(match mode {
        TlsMode::LetsEncrypt => "HTTPS is done by the hub itself, with a certificate of Let's Encrypt",
        TlsMode::Manual => "HTTPS is done by the hub's proxy, with a certificate from the chart's values",
        TlsMode::Secret => "HTTPS is done by the hub's proxy, with a certificate from a Secret",
        TlsMode::Offload => "HTTPS is left to the load balancer",
        TlsMode::Outside => "HTTPS is done in front of the hub, by an Ingress or a Gateway",
        TlsMode::UnseenEdge => "the hub does no HTTPS itself, and nothing in front of it is visible",
        TlsMode::None => "there is no HTTPS",
    })
}

/// The kinds to show, those of the Gateway API where a route leads here: `kubectl` refuses kinds that a cluster has not.
pub fn with_entrances(context: &Context<'_>, hub: &Hub, outcome: Outcome) -> Outcome {
    let is_route = |tls: &Tls| tls.fronts.iter().any(|front| front.object.kind == Kind::HttpRoute);
    if context.derived.tls(hub).is_ok_and(is_route) {
        outcome.slot(ENTRANCES, "services,ingresses,httproutes,gateways")
    } else {
        outcome
    }
}

/// The outcome of a check that is about automatic HTTPS, for a hub that does without.
pub fn no_automatic_https(tls: &Tls) -> Outcome {
    let reason = Reason::new("other-mode", "The hub has no automatic HTTPS of its own: {mode}");
    Outcome::not_applicable(reason.with("mode", mode_in_words(tls.mode)))
}

/// The container that renews certificates in charts up to 0.8, with the Deployment it is part of.
pub fn kube_lego(hub: &Hub) -> Option<(ObjectRef, &Container)> {
    let is_lego =
        |container: &&Container| image_path(&container.image).rsplit('/').next() == Some("kube-lego");
    let deployments = hub.autohttps.iter().chain(&hub.proxy);
    deployments.into_iter().find_map(|deployment| {
        let container = deployment.pod().containers.iter().find(is_lego)?;
        Some((deployment.object(), container))
    })
}
