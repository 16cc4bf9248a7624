//! What stands in front of a hub inside the cluster: Ingresses and routes of Gateways, with the TLS they show.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::check::Evidence;
use crate::facts::network::{GatewayListener, GatewayRef, IngressBackend};
use crate::facts::{Gateway, HttpRoute, Ingress, Service};
use crate::gap::{Gap, Unknown};
use crate::hub::{Hub, parts};
use crate::kind::Kind;
use crate::listing::Placed;
use crate::object::ObjectRef;
use crate::snapshot::{Origin, Snapshot};
use crate::text::{Arg, Reason};

/// Annotations by which controllers take a certificate that `spec.tls` does not show.
pub(crate) const CERTIFICATE_ANNOTATIONS: [&str; 4] = [
    "networking.gke.io/managed-certificates",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "alb.ingress.kubernetes.io/certificate-arn",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
];

/// Annotations of a Service by which clouds' load balancers take a certificate, each with the one that names the ports it is for, if there is such.
pub(crate) const BALANCER_CERTIFICATES: &[(&str, Option<&str>)] = &[
    (
        "service.beta.kubernetes.io/aws-load-balancer-ssl-cert",
        Some("service.beta.kubernetes.io/aws-load-balancer-ssl-ports"),
    ),
    (
        "service.beta.kubernetes.io/do-loadbalancer-certificate-id",
        Some("service.beta.kubernetes.io/do-loadbalancer-tls-ports"),
    ),
    (
        "service.beta.kubernetes.io/oci-load-balancer-tls-secret",
        Some("service.beta.kubernetes.io/oci-load-balancer-ssl-ports"),
    ),
    ("service.beta.kubernetes.io/scw-loadbalancer-certificate-ids", None),
    ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-cert-id", None),
    ("load-balancer.hetzner.cloud/http-certificates", None),
];

/// Annotations whose value decides about TLS in a way that the API does not show.
const OPAQUE_ANNOTATIONS: [&str; 3] = [
    "alb.ingress.kubernetes.io/listen-ports",
    "traefik.ingress.kubernetes.io/router.tls",
    "traefik.ingress.kubernetes.io/router.entrypoints",
];

/// An Ingress or an HTTPRoute that leads to the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front {
    /// The Ingress or the HTTPRoute.
    pub object: ObjectRef,
    /// Its hosts.
    pub hosts: Vec<FrontHost>,
    /// Whether it also serves plain HTTP without a redirect; `None` where the API does not show it, as for every Ingress.
    pub plain: Option<bool>,
}

/// One host of a front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontHost {
    /// The host; `None` is every host.
    pub host: Option<String>,
    /// Whether TLS covers it.
    pub tls: Result<bool, Unknown>,
    /// The Secret with the certificate; `None` is the controller's default.
    pub secret: Option<String>,
}

impl Front {
    /// Its hosts as evidence.
    pub(super) fn evidence(&self) -> Evidence {
        let path = if self.object.kind == Kind::Ingress { "spec.rules[*].host" } else { "spec.hostnames" };
        let host = |host: &FrontHost| host.host.clone().map_or(Arg::word("every host"), Arg::Text);
        Evidence::new(self.object.clone(), path, Arg::List(self.hosts.iter().map(host).collect()))
    }
}

/// Everything in front of a hub, with the gap that may hide more.
pub(super) fn fronts(snapshot: &Snapshot, hub: &Hub) -> (Vec<Front>, Option<Gap>) {
    let namespace = hub.key.namespace.as_str();
    let inner = hub
        .proxy_services
        .iter()
        .filter(|service| parts::component_of(&service.metadata) != Some("proxy-api"));
    let services: BTreeSet<&str> =
        hub.public_services.iter().chain(inner).map(|service| service.name()).collect();
    let ingresses = snapshot
        .ingresses
        .present_in(namespace)
        // The chart's own of v0.5 and v0.6 configures nginx in the proxy's pod.
        .filter(|ingress| ingress.name() != "jupyterhub-internal")
        .filter_map(|ingress| of_ingress(snapshot, ingress, &services));
    // A route of another namespace can lead here, where a ReferenceGrant allows it.
    let routes = snapshot
        .http_routes
        .present()
        .filter(|route| leads_to(route, namespace, &services))
        .map(|route| of_route(snapshot, route));
    let hidden =
        snapshot.ingresses.complete_in(namespace).and_then(|()| snapshot.http_routes.complete()).err();
    (ingresses.chain(routes).collect(), hidden)
}

fn of_ingress(snapshot: &Snapshot, ingress: &Ingress, services: &BTreeSet<&str>) -> Option<Front> {
    let is_ours = |backend: &IngressBackend| {
        backend.service.as_ref().is_some_and(|service| services.contains(service.name.as_str()))
    };
    let spec = &ingress.spec;
    let by_rule = spec.rules.iter().filter(|rule| {
        rule.http.as_ref().is_some_and(|http| http.paths.iter().any(|path| is_ours(&path.backend)))
    });
    let mut hosts: BTreeSet<Option<&str>> =
        by_rule.map(|rule| rule.host.as_deref().filter(|host| !host.is_empty())).collect();
    if spec.default_backend.as_ref().is_some_and(is_ours) {
        hosts.insert(None);
    }
    if hosts.is_empty() {
        return None;
    }
    let hosts = hosts.into_iter().map(|host| of_ingress_host(snapshot, ingress, host)).collect();
    Some(Front { object: object_of(ingress), hosts, plain: None })
}

fn object_of(ingress: &Ingress) -> ObjectRef {
    ObjectRef {
        kind: Kind::Ingress,
        namespace: ingress.metadata.namespace.clone(),
        name: ingress.name().to_owned(),
    }
}

fn of_ingress_host(snapshot: &Snapshot, ingress: &Ingress, host: Option<&str>) -> FrontHost {
    let entry = ingress.spec.tls.iter().find(|tls| match host {
        // A rule for every host is reached by the names that TLS is for.
        None => true,
        Some(host) => tls.hosts.is_empty() || tls.hosts.iter().any(|covered| covers(covered, host)),
    });
    let has = |keys: &[&str]| keys.iter().any(|key| ingress.metadata.annotations.contains_key(*key));
    let tls = match entry {
        Some(_) => Ok(true),
        None if has(&CERTIFICATE_ANNOTATIONS) => Ok(true),
        None if has(&OPAQUE_ANNOTATIONS) => Err(Reason::new(
            "ingress-annotation-decides",
            "an annotation of {ingress} decides whether it serves HTTPS; a request from outside would tell",
        )
        .with("ingress", object_of(ingress))
        .into()),
        None => no_balancer_ends_tls(snapshot, ingress).map(|()| false),
    };
    FrontHost {
        host: host.map(str::to_owned),
        tls,
        secret: entry.and_then(|tls| tls.secret_name.clone()).filter(|name| !name.is_empty()),
    }
}

/// Makes sure that no load balancer with a certificate was seen, for it may stand before the controller and end TLS for it.
fn no_balancer_ends_tls(snapshot: &Snapshot, ingress: &Ingress) -> Result<(), Unknown> {
    let has_certificate = |service: &&Arc<Service>| {
        let annotations = &service.metadata.annotations;
        service.spec.type_name() == "LoadBalancer"
            && BALANCER_CERTIFICATES.iter().any(|(key, _)| annotations.contains_key(*key))
    };
    if let Some(service) = snapshot.services.present().find(has_certificate) {
        let object = ObjectRef {
            kind: Kind::Service,
            namespace: service.metadata.namespace.clone(),
            name: service.metadata.name.clone(),
        };
        let template = "{ingress} has no TLS, but the load balancer of {service} has a certificate and may stand before its controller; a \
                        request from outside would tell";
        return Err(Reason::new("balancer-before-ingress", template)
            .with("ingress", object_of(ingress))
            .with("service", object)
            .into());
    }
    match snapshot.origin {
        // The fault stands in the files; what else the cluster holds is not in any of them.
        Origin::Declared => Ok(()),
        Origin::Observed => Ok(snapshot.services.complete()?),
    }
}

/// Whether a name of a certificate covers a host: equal, or a wildcard for one label.
pub fn covers(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)),
        None => name.eq_ignore_ascii_case(host),
    }
}

fn leads_to(route: &HttpRoute, namespace: &str, services: &BTreeSet<&str>) -> bool {
    let home = route.metadata.namespace.as_deref();
    route.spec.rules.iter().flat_map(|rule| &rule.backend_refs).any(|backend| {
        backend.kind.as_deref().unwrap_or("Service") == "Service"
            && backend.namespace.as_deref().or(home) == Some(namespace)
            && services.contains(backend.name.as_str())
    })
}

/// The listeners that a route is attached to, with the gap that hides some.
struct Attached<'a> {
    listeners: Vec<&'a GatewayListener>,
    hidden: Option<Gap>,
}

impl<'a> Attached<'a> {
    fn find(snapshot: &'a Snapshot, route: &HttpRoute) -> Self {
        let mut attached = Self { listeners: Vec::new(), hidden: None };
        let parents = route.spec.parent_refs.iter();
        for parent in parents.filter(|parent| parent.kind.as_deref().unwrap_or("Gateway") == "Gateway") {
            let namespace = parent.namespace.as_deref().or(route.metadata.namespace.as_deref());
            match snapshot.gateways.get(namespace, &parent.name) {
                Ok(Some(gateway)) => attached.listeners.extend(listeners(gateway, parent)),
                Ok(None) => {}
                Err(gap) => attached.hidden = Some(gap),
            }
        }
        attached
    }

    fn hosts(&self, route: &HttpRoute) -> BTreeSet<Option<String>> {
        if route.spec.hostnames.is_empty() {
            let hosts: BTreeSet<_> =
                self.listeners.iter().map(|listener| listener.hostname.clone()).collect();
            if hosts.is_empty() { BTreeSet::from([None]) } else { hosts }
        } else {
            route.spec.hostnames.iter().cloned().map(Some).collect()
        }
    }

    fn tls(&self, host: Option<&str>) -> Result<bool, Unknown> {
        if self.listeners.iter().any(|listener| ends_tls(listener) && serves(listener, host)) {
            return Ok(true);
        }
        match &self.hidden {
            Some(gap) => Err(gap.clone().into()),
            None if self.listeners.is_empty() => Err(Reason::new(
                "no-listener",
                "a route to the hub is attached to no listener of a Gateway that was seen, so what serves it is not visible",
            )
            .into()),
            None => Ok(false),
        }
    }
}

fn listeners<'a>(gateway: &'a Gateway, parent: &GatewayRef) -> impl Iterator<Item = &'a GatewayListener> {
    gateway.spec.listeners.iter().filter(move |listener| {
        parent.section_name.as_ref().is_none_or(|name| *name == listener.name)
            && parent.port.is_none_or(|port| port == listener.port)
    })
}

/// Whether a listener takes TLS connections.
pub(crate) fn ends_tls(listener: &GatewayListener) -> bool {
    matches!(listener.protocol.as_str(), "HTTPS" | "TLS")
}

fn serves(listener: &GatewayListener, host: Option<&str>) -> bool {
    match (listener.hostname.as_deref(), host) {
        (None | Some(""), _) | (_, None) => true,
        (Some(name), Some(host)) => covers(name, host) || name == host || covers(host, name),
    }
}

/// Whether a listener takes plain HTTP for a host of a route.
fn is_plain_listener_for(listener: &GatewayListener, route: &HttpRoute) -> bool {
    let hosts = &route.spec.hostnames;
    let serves_some = || hosts.iter().any(|host| serves(listener, Some(host)));
    listener.protocol == "HTTP" && (hosts.is_empty() || serves_some())
}

/// Whether a route is attached to a listener for plain HTTP, as far as its Gateways were seen.
pub(crate) fn is_on_plain_listener(snapshot: &Snapshot, route: &HttpRoute) -> bool {
    Attached::find(snapshot, route).listeners.iter().any(|listener| is_plain_listener_for(listener, route))
}

/// Whether a route is attached to a listener of a Gateway that serves one of its hosts.
pub(crate) fn is_served_by(snapshot: &Snapshot, route: &HttpRoute, listener: &GatewayListener) -> bool {
    let hosts = &route.spec.hostnames;
    Attached::find(snapshot, route).listeners.iter().any(|attached| std::ptr::eq(*attached, listener))
        && (hosts.is_empty() || hosts.iter().any(|host| serves(listener, Some(host))))
}

fn of_route(snapshot: &Snapshot, route: &HttpRoute) -> Front {
    let attached = Attached::find(snapshot, route);
    let hosts = attached
        .hosts(route)
        .into_iter()
        .map(|host| FrontHost { tls: attached.tls(host.as_deref()), secret: None, host })
        .collect();
    let is_plain = attached.listeners.iter().any(|listener| is_plain_listener_for(listener, route));
    let plain = if is_plain || attached.hidden.is_none() { Some(is_plain) } else { None };
    Front {
        object: ObjectRef {
            kind: Kind::HttpRoute,
            namespace: route.metadata.namespace.clone(),
            name: route.name().to_owned(),
        },
        hosts,
        plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        assert!(covers("*.example.org", "hub.example.org"));
        assert!(!covers("*.example.org", "a.hub.example.org"));
        assert!(!covers("*.example.org", "example.org"));
        assert!(covers("Hub.example.org", "hub.example.org"));
    }
}
