//! Rows about pods: the parts of the hub, servers of users, other hubs, and whatever else runs.

use super::super::RowOutcome;
use super::super::found::{End, Found, Group, Groups, rank};
use super::super::others::PartEnds;
use super::super::{ReachRow, Start};
use super::{Destination, Rows};
use crate::gap::Unknown;
use crate::hub::HubKey;
use crate::network::Protocol;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

impl Rows<'_, '_> {
    pub(super) fn parts(&mut self) {
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

    pub(super) fn servers(&mut self, all: &[Start<'_>]) {
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
    }

    /// What else runs beside the hub, at the ports it declares.
    pub(super) fn neighbours(&mut self) {
        let own = self.hub.namespaces();
        let ends = self.reach.strangers().iter().filter(|(namespace, _)| own.contains(namespace.as_str()));
        let ends = ends.map(|(_, end)| end.clone()).collect();
        let pods = &self.reach.snapshot.pods;
        let hidden = own.iter().try_for_each(|namespace| pods.complete_in(namespace)).map_err(Unknown::from);
        self.push_under(Destination::Neighbours, Ok(ends), hidden, Vec::new());
    }

    /// The other hubs of the cluster: where users come in, what rules their servers, and the servers.
    pub(super) fn other_hubs(&mut self) {
        let snapshot = self.reach.snapshot;
        let deployments = || snapshot.deployments.complete().map_err(Unknown::from);
        let proxies = || {
            self.others()
                .find(|part| part.proxy.is_none())
                .map_or(Ok(()), |part| Err(unseen_proxy(&part.hub)))
        };
        let of_hubs = self.part(|part| &part.http);
        let of_proxies = self.part(|part| part.proxy.as_ref().map_or(&[][..], |(http, _)| http));
        let of_apis = self.part(|part| part.proxy.as_ref().map_or(&[][..], |(_, api)| api));
        let rows = [
            (Destination::HubsOfOthers, of_hubs, deployments()),
            (Destination::ProxiesOfOthers, of_proxies, deployments().and_then(|()| proxies())),
            (Destination::ProxyApisOfOthers, of_apis, deployments().and_then(|()| proxies())),
        ];
        for (destination, groups, hidden) in rows {
            self.push_grouped(destination, groups, hidden);
        }
        let groups = self.part(|part| &part.servers);
        let hidden = snapshot.deployments.complete().and_then(|()| snapshot.pods.complete());
        self.push_grouped(Destination::ServersOfOthers, groups, hidden.map_err(Unknown::from));
    }

    fn others(&self) -> impl Iterator<Item = &PartEnds> {
        self.reach.parts().iter().filter(|part| part.hub != self.hub.key)
    }

    /// What is found at a part of each other hub. Hubs answer alike by policies of their own namespaces, so only one of those is named.
    fn part(&self, ends: impl Fn(&PartEnds) -> &[End]) -> Vec<Group> {
        let mut known: Vec<(Found, Found)> = Vec::new();
        let mut groups = Groups::default();
        for other in self.others() {
            let found =
                ends(other).iter().flat_map(|end| self.reach.found_from(self.start, end, self.enforcement));
            let Some(found) = found.max_by_key(|found| rank(found.verdict)) else { continue };
            let alike = without_namespace(found.clone(), &other.namespaces);
            let first = known.iter().find(|(known, _)| *known == alike).map(|(_, first)| first.clone());
            let first = first.unwrap_or_else(|| {
                known.push((alike, found.clone()));
                found
            });
            groups.add(&other.hub.to_string(), first);
        }
        groups.sorted()
    }

    fn push_grouped(&mut self, destination: Destination, groups: Vec<Group>, hidden: Result<(), Unknown>) {
        let names_policies = |group: &Group| {
            let side = &group.found.policies.ingress;
            group.places.len() + group.left_out > 1 && !(side.isolated_by.is_empty() && side.rules.is_empty())
        };
        let notes = groups.iter().any(names_policies).then(|| {
            Reason::new(
                "same-policies",
                "Where several hubs answer alike, the policies of one of them are named; those of the others are called the same",
            )
        });
        let outcome = if groups.is_empty() { RowOutcome::Nothing } else { RowOutcome::Found(groups) };
        let row =
            ReachRow { destination, outcome: outcome.under(hidden), notes: notes.into_iter().collect() };
        self.found.push(row);
    }

    /// Pods of other namespaces, those of other hubs among them, at the ports they declare.
    pub(super) fn namespaces(&mut self) {
        let own = self.hub.namespaces();
        let ends = self.reach.strangers().iter().filter(|(namespace, _)| !own.contains(namespace.as_str()));
        let ends = ends.map(|(_, end)| end.clone()).collect();
        let hidden = self.reach.snapshot.pods.complete().map_err(Unknown::from);
        self.push_under(Destination::OtherNamespaces, Ok(ends), hidden, Vec::new());
    }
}

fn unseen_proxy(hub: &HubKey) -> Unknown {
    let reason = Reason::new("no-proxy-of", "The proxy of hub {hub} was not seen");
    reason.with("hub", Arg::text(hub.to_string())).into()
}

/// An answer with the policies of some namespaces named without their namespace, so that answers of several hubs compare.
fn without_namespace(mut found: Found, namespaces: &[String]) -> Found {
    let forget = |object: &mut ObjectRef| {
        if object.namespace.as_ref().is_some_and(|namespace| namespaces.contains(namespace)) {
            object.namespace = None;
        }
    };
    let side = &mut found.policies.ingress;
    side.isolated_by.iter_mut().for_each(forget);
    side.rules.iter_mut().chain(&mut side.perhaps).for_each(|rule| forget(&mut rule.policy));
    found
}
