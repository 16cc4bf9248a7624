//! The other way round: who reaches a notebook, the hub's API and the proxy's API.

use serde::{Deserialize, Serialize};

use super::found::{End, Groups};
use super::others::Roles;
use super::{Reach, ReverseRow, RowOutcome, Start};
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::network::{Family, Point, Protocol};
use crate::text::Reason;

/// What is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A notebook of the class.
    Notebook,
    /// The hub's API.
    HubApi,
    /// The API of the proxy.
    ProxyApi,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The hub.
    Hub,
    /// The proxy.
    Proxy,
    /// User servers of the hub.
    Servers,
    /// Other pods of the hub's namespace.
    Neighbours,
    /// Pods of other namespaces.
    OtherNamespaces,
    /// The nodes.
    Nodes,
    /// Addresses outside the cluster that reach its pods.
    Outside,
}

/// Who asks, and what each is called.
type Asking = Vec<(Point, String)>;

/// What more there may be than was seen.
type Hidden = Result<(), Unknown>;

impl Reach<'_> {
    /// Who reaches the servers of a class, and what they depend on.
    pub(super) fn reverse(&self, hub: &Hub, start: &Start<'_>, all: &[Start<'_>]) -> Vec<ReverseRow> {
        let notebook: Vec<End> = start
            .points
            .iter()
            .map(|point| End {
                point: point.clone(),
                protocol: Protocol::Tcp,
                port: start.port,
                place: String::new(),
            })
            .collect();
        let hub_api = self.ends_of(&hub.deployment, "http", 8081);
        let proxy_api = hub.proxy.as_ref().map(|proxy| self.ends_of(proxy, "api", 8001)).unwrap_or_default();
        let sources = self.sources(hub, all);
        let mut rows = Vec::new();
        for (target, ends) in
            [(Target::Notebook, notebook), (Target::HubApi, hub_api), (Target::ProxyApi, proxy_api)]
        {
            let is_itself = |source: Source| {
                (target == Target::HubApi && source == Source::Hub)
                    || (target == Target::ProxyApi && source == Source::Proxy)
            };
            for (source, points, hidden) in sources.iter().filter(|(source, ..)| !is_itself(*source)) {
                let outcome = if points.is_empty() || ends.is_empty() {
                    RowOutcome::Nothing
                } else {
                    self.asked(hub, points, &ends)
                };
                let outcome = outcome.under(hidden.clone());
                rows.push(ReverseRow { target, source: *source, outcome });
            }
        }
        rows
    }

    fn asked(&self, hub: &Hub, points: &[(Point, String)], ends: &[End]) -> RowOutcome {
        let enforcement = self.derived.enforcement_for(hub);
        let mut groups = Groups::default();
        for (point, name) in points {
            for end in ends {
                groups.add(name, self.found(point, end, enforcement));
            }
        }
        RowOutcome::Found(groups.sorted())
    }

    fn sources(&self, hub: &Hub, all: &[Start<'_>]) -> Vec<(Source, Asking, Hidden)> {
        let of = |workload: &crate::facts::Workload| -> Vec<(Point, String)> {
            let name = &workload.metadata.name;
            self.pods_of(workload).into_iter().map(|point| (point, name.clone())).collect()
        };
        let servers = all
            .iter()
            .flat_map(|start| start.points.iter().map(|point| (point.clone(), start.name.clone())))
            .collect();
        let (neighbours, others) = self.passers_by(hub);
        let pods = &self.snapshot.pods;
        let whole = |complete: Result<(), crate::gap::Gap>| complete.map_err(Unknown::from);
        let has_proxy = hub
            .proxy
            .as_ref()
            .map(|_| ())
            .ok_or_else(|| Reason::new("no-proxy", "The hub's proxy was not seen").into());
        let nodes = self.nodes(Protocol::Tcp, 0, "nodes");
        let nodes = nodes.into_iter().map(|end| (end.point, end.place)).collect();
        let outside = Family::ALL.into_iter().map(|family| {
            let name = if family == Family::V4 { "IPv4 addresses" } else { "IPv6 addresses" };
            (self.public(family), name.to_owned())
        });
        vec![
            (Source::Hub, of(&hub.deployment), Ok(())),
            (Source::Proxy, hub.proxy.as_deref().map(of).unwrap_or_default(), has_proxy),
            (Source::Servers, servers, self.derived.servers(hub).map(|_| ())),
            (Source::Neighbours, neighbours, whole(pods.complete_in(&hub.key.namespace))),
            (Source::OtherNamespaces, others, whole(pods.complete())),
            (Source::Nodes, nodes, whole(self.snapshot.nodes.complete())),
            (Source::Outside, outside.collect(), Ok(())),
        ]
    }

    /// The pods of the hub's namespace that are no part of the hub, and those of namespaces that are not the hub's.
    fn passers_by(&self, hub: &Hub) -> (Asking, Asking) {
        let own = hub.namespaces();
        let roles = Roles::of([hub]);
        let (mut neighbours, mut others) = (Vec::new(), Vec::new());
        for class in self.network.classes() {
            let namespace = class.point.namespace();
            let entry = (Point::Pod(class.point.clone()), namespace.to_owned());
            if !own.contains(namespace) {
                others.push(entry);
            } else if class.pods.iter().any(|pod| !roles.has(pod)) {
                neighbours.push(entry);
            }
        }
        (neighbours, others)
    }
}
