//! How a program can be reached from outside the cluster.

use crate::check::Evidence;
use crate::facts::Service;
use crate::gap::Gap;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;
use crate::text::Arg;

use super::Sighting;

/// The ways from outside the cluster to a program, as far as they can be seen.
#[derive(Debug)]
pub struct Exposure {
    /// What was seen.
    pub ways: Vec<Evidence>,
    /// What may hide more.
    pub gap: Option<Gap>,
}

impl Exposure {
    /// Whether it is exposed: `Ok(false)` only if everything was read.
    pub fn is_exposed(&self) -> Result<bool, Gap> {
        match &self.gap {
            _ if !self.ways.is_empty() => Ok(true),
            Some(gap) => Err(gap.clone()),
            None => Ok(false),
        }
    }
}

/// Follows Services, Ingresses and HTTPRoutes to the pods, and looks for ports of the node.
pub fn exposure(snapshot: &Snapshot, seen: &[Sighting<'_>]) -> Exposure {
    let mut ways: Vec<Evidence> = seen.iter().filter_map(node_ports).collect();
    let leads_there = |service: &Service, namespace: Option<&str>| {
        seen.iter().any(|sighting| Some(sighting.namespace) == namespace && service.selects(sighting.labels))
    };
    let mut backends = Vec::new();
    for service in snapshot.services.present() {
        let namespace = service.metadata.namespace.as_deref();
        if leads_there(service, namespace) {
            ways.extend(published(service));
            backends.push((namespace.unwrap_or_default(), service.metadata.name.as_str()));
        }
    }
    ways.extend(ingresses(snapshot, &backends));
    ways.extend(routes(snapshot, &backends));
    let gap = [
        snapshot.services.complete().err(),
        snapshot.ingresses.complete().err(),
        snapshot.http_routes.complete().err(),
    ]
    .into_iter()
    .flatten()
    .next();
    Exposure { ways, gap }
}

/// A Service that leads in from outside.
fn published(service: &Service) -> Option<Evidence> {
    let object = ObjectRef {
        kind: Kind::Service,
        namespace: service.metadata.namespace.clone(),
        name: service.metadata.name.clone(),
    };
    match service.spec.type_name() {
        kind @ ("LoadBalancer" | "NodePort") => {
            Some(Evidence::new(object, "spec.type", Arg::text(kind)).wanted(Arg::word("ClusterIP")))
        }
        _ if !service.spec.external_ips.is_empty() => {
            let addresses = service.spec.external_ips.iter().map(Arg::text).collect();
            Some(Evidence::new(object, "spec.externalIPs", Arg::List(addresses)).wanted(Arg::word("none")))
        }
        _ => None,
    }
}

/// Ports that a pod opens on its node.
fn node_ports(sighting: &Sighting<'_>) -> Option<Evidence> {
    if sighting.spec.host_network {
        let evidence =
            Evidence::new(sighting.object.clone(), sighting.path("hostNetwork"), Arg::word("true"));
        return Some(evidence.wanted(Arg::word("false")));
    }
    let port =
        sighting.spec.containers.iter().flat_map(|container| &container.ports).find_map(|p| p.host_port)?;
    let path = sighting.path("containers[].ports[].hostPort");
    Some(Evidence::new(sighting.object.clone(), path, Arg::Number(port.into())).wanted(Arg::word("none")))
}

fn ingresses(snapshot: &Snapshot, backends: &[(&str, &str)]) -> Vec<Evidence> {
    let mut ways = Vec::new();
    for ingress in snapshot.ingresses.present() {
        let namespace = ingress.metadata.namespace.as_deref().unwrap_or_default();
        let paths =
            ingress.spec.rules.iter().filter_map(|rule| rule.http.as_ref()).flat_map(|http| &http.paths);
        let mut all = paths.map(|path| &path.backend).chain(&ingress.spec.default_backend);
        let service = all.find_map(|backend| {
            let service = backend.service.as_ref()?;
            backends.contains(&(namespace, service.name.as_str())).then_some(&service.name)
        });
        if let Some(service) = service {
            let object = ObjectRef::namespaced(Kind::Ingress, namespace, &ingress.metadata.name);
            ways.push(
                Evidence::new(object, "spec.rules", Arg::text(service)).wanted(Arg::word("no route to it")),
            );
        }
    }
    ways
}

fn routes(snapshot: &Snapshot, backends: &[(&str, &str)]) -> Vec<Evidence> {
    let mut ways = Vec::new();
    for route in snapshot.http_routes.present() {
        let namespace = route.metadata.namespace.as_deref().unwrap_or_default();
        let service = route.spec.rules.iter().flat_map(|rule| &rule.backend_refs).find(|backend| {
            let place = backend.namespace.as_deref().unwrap_or(namespace);
            backend.kind.as_deref().is_none_or(|kind| kind == "Service")
                && backends.contains(&(place, backend.name.as_str()))
        });
        if let Some(service) = service {
            let object = ObjectRef::namespaced(Kind::HttpRoute, namespace, &route.metadata.name);
            let way = Evidence::new(object, "spec.rules[].backendRefs", Arg::text(&service.name));
            ways.push(way.wanted(Arg::word("no route to it")));
        }
    }
    ways
}
