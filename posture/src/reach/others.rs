//! What is the same for every class that asks: the parts of each hub, and the pods that belong to none.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Reach;
use super::found::End;
use crate::facts::{Pod, Workload};
use crate::hub::{Hub, HubKey};
use crate::network::{Point, Protocol, declared_ports};

/// The parts of one hub as ends of connections.
#[derive(Debug)]
pub(super) struct PartEnds {
    /// The hub.
    pub(super) hub: HubKey,
    /// Its namespace, and those of its servers.
    pub(super) namespaces: Vec<String>,
    /// The hub and its API.
    pub(super) http: Vec<End>,
    /// The proxy and its API, where a proxy was seen.
    pub(super) proxy: Option<(Vec<End>, Vec<End>)>,
    /// The servers of its users.
    pub(super) servers: Vec<End>,
}

/// A pod that is no part of a hub and no server, with its namespace.
pub(super) type Stranger = (String, End);

impl Reach<'_> {
    /// The parts of every hub.
    pub(super) fn parts(&self) -> &[PartEnds] {
        self.parts.get_or_init(|| self.derived.hubs.iter().map(|hub| self.parts_of(hub)).collect())
    }

    fn parts_of(&self, hub: &Hub) -> PartEnds {
        let proxy =
            |proxy: &Arc<Workload>| (self.ends_of(proxy, "http", 8000), self.ends_of(proxy, "api", 8001));
        let mut servers = Vec::new();
        for class in &hub.user_classes {
            let port = super::notebook_port(&class.spec);
            let place = format!("{}:{port}", class.display_name());
            let end = |point| End { point, protocol: Protocol::Tcp, port, place: place.clone() };
            servers.extend(self.network.pods(&class.pods).into_iter().map(end));
        }
        PartEnds {
            hub: hub.key.clone(),
            namespaces: hub.namespaces().into_iter().map(str::to_owned).collect(),
            http: self.ends_of(&hub.deployment, "http", 8081),
            proxy: hub.proxy.as_ref().map(proxy),
            servers,
        }
    }

    /// The pods that belong to no hub, at the ports they declare. The cluster's DNS has a row of its own, and is needed.
    pub(super) fn strangers(&self) -> &[Stranger] {
        self.strangers.get_or_init(|| {
            let roles = Roles::of(&self.derived.hubs);
            let mut found = Vec::new();
            for class in self.network.classes() {
                let is_stranger =
                    |pod: &&Arc<Pod>| !roles.has(pod) && pod.metadata.label("k8s-app") != Some("kube-dns");
                let mut strangers = class.pods.iter().filter(is_stranger).peekable();
                if strangers.peek().is_none() {
                    continue;
                }
                let namespace = class.point.namespace();
                let end = |protocol, port, place| End {
                    point: Point::Pod(class.point.clone()),
                    protocol,
                    port,
                    place,
                };
                let ports: BTreeSet<_> = strangers.flat_map(|pod| declared_ports(&pod.spec)).collect();
                if ports.is_empty() {
                    let place = format!("{namespace}: TCP 80 (none declared)");
                    found.push((namespace.to_owned(), end(Protocol::Tcp, 80, place)));
                }
                found.extend(ports.into_iter().map(|(protocol, port)| {
                    (namespace.to_owned(), end(protocol, port, format!("{namespace}: {protocol} {port}")))
                }));
            }
            found
        })
    }
}

/// The pods that are a part of a hub or a server of a user.
pub(super) struct Roles<'a> {
    parts: Vec<&'a Workload>,
    servers: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Roles<'a> {
    /// Those of some hubs.
    pub(super) fn of(hubs: impl IntoIterator<Item = &'a Hub>) -> Self {
        let (mut parts, mut servers) = (Vec::new(), BTreeSet::new());
        for hub in hubs {
            let found = [Some(&hub.deployment), hub.proxy.as_ref(), hub.autohttps.as_ref()];
            parts.extend(found.into_iter().flatten().map(Arc::as_ref));
            for class in &hub.user_classes {
                let name = |pod: &'a Arc<Pod>| (class.namespace.as_str(), pod.metadata.name.as_str());
                servers.extend(class.pods.iter().map(name));
            }
        }
        Self { parts, servers }
    }

    /// Whether a pod has a role.
    pub(super) fn has(&self, pod: &Pod) -> bool {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let is_part = |part: &&Workload| {
            let labels = &part.template.metadata.labels;
            part.metadata.namespace.as_deref() == Some(namespace)
                && labels.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value))
        };
        self.servers.contains(&(namespace, pod.metadata.name.as_str())) || self.parts.iter().any(is_part)
    }
}
