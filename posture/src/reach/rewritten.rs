//! Addresses that lead to a Service without being its own: ports of nodes, addresses of load balancers and external ones.
//!
//! Where the node of the sender rewrites the destination, policies see the pods behind; where another does, or none, they see the address
//! (Kubernetes documentation, "Network Policies": the order of rewriting and policies is not defined). With kube-proxy a port of another
//! node is rewritten there, and one of the sender's own node here; what replaces kube-proxy may rewrite both at the sender. The address of
//! a load balancer is rewritten here unless its `ipMode` is `Proxy` (Kubernetes documentation, "Service": load balancer IP mode).

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::ask::{To, ToEnd};
use super::found::{End, Found, rank};
use super::rows::at;
use super::{Reach, Start};
use crate::derived::Enforcement;
use crate::facts::Service;
use crate::facts::network::ServicePort;
use crate::network::{Answer, Because, Point, Protocol, Side, Verdict, parse_address};
use crate::text::{Arg, Reason};

/// What an address leads to that is rewritten on the way, or is not.
pub(super) struct Rewritten {
    /// What it is called.
    pub(super) place: String,
    /// The address, and the pods behind it.
    pub(super) ends: Vec<End>,
    /// Whether both were seen.
    pub(super) is_whole: bool,
    /// What else is to be known.
    pub(super) note: Reason,
}

/// How an address leads to a port of a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Nodes may rewrite it.
    Rewritten,
    /// It goes to a load balancer outside, whatever nodes know of it.
    Proxied,
}

impl Reach<'_> {
    /// Both readings of an address that leads to Services; `None` for any other.
    pub(super) fn rewritten(&self, to: &To) -> Option<Rewritten> {
        let ToEnd::Address(address) = to.end else { return None };
        let mut behind = Vec::new();
        let mut names = Vec::new();
        let (mut is_whole, mut is_rewritten) = (true, false);
        for service in self.snapshot.services.present() {
            for published in &service.spec.ports {
                let Some(way) = self.leads_to(address, to, service, published) else { continue };
                let namespace = service.metadata.namespace.as_deref().unwrap_or_default();
                names.push(format!("{namespace}/{}", service.metadata.name));
                if way == Way::Proxied {
                    continue;
                }
                is_rewritten = true;
                match self.behind_service(service, to.protocol, published.port) {
                    Ok(ends) => behind.extend(ends),
                    Err(_) => is_whole = false,
                }
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
        let note = if is_rewritten {
            Reason::new(
                "leads-to-service",
                "{address} leads to Service {services}: it is judged as itself and at the pods behind",
            )
        } else {
            Reason::new(
                "proxied",
                "{address} is a load balancer that nodes leave the traffic to (ipMode: Proxy): this is the answer for the way there. What it passes on to Service {services} comes from the load balancer, and is not judged here",
            )
        };
        let note = note
            .with("address", Arg::text(at(address, to.port)))
            .with("services", Arg::List(names.iter().map(Arg::text).collect()));
        Some(Rewritten { place, ends: std::iter::once(bare).chain(behind).collect(), is_whole, note })
    }

    /// How an address leads to a port of a Service, if it does and is not the Service's own.
    fn leads_to(&self, address: IpAddr, to: &To, service: &Service, published: &ServicePort) -> Option<Way> {
        if Protocol::parse(published.protocol.as_deref()) != Some(to.protocol) {
            return None;
        }
        let is_it = |text: &str| parse_address(text) == Some(address.to_canonical());
        let is_external = || service.spec.external_ips.iter().any(|text| is_it(text));
        let mut nodes = self.snapshot.nodes.present().flat_map(|node| &node.status.addresses);
        if published.node_port == Some(to.port) && nodes.any(|found| is_it(&found.address))
            || published.port == to.port && is_external()
        {
            return Some(Way::Rewritten);
        }
        let mut balancers = service.status.load_balancer.ingress.iter();
        let found = balancers.find(|found| found.ip.as_deref().is_some_and(is_it))?;
        let way = if found.is_proxied() { Way::Proxied } else { Way::Rewritten };
        (published.port == to.port).then_some(way)
    }

    /// What a server finds at an address that may be rewritten: the first of the ends is the address itself, where it is seen, and all others
    /// are behind it. Where the two differ, it depends on the plug-in and on the node, and the answer says so.
    pub(super) fn found_rewritten(
        &self,
        start: &Start<'_>,
        ends: &[End],
        is_whole: bool,
        enforcement: &Enforcement,
    ) -> Option<Found> {
        let of = |end: &End| self.found_from(start, end, enforcement);
        let is_bare = |end: &&End| !matches!(end.point, Point::Pod(_));
        let bare = ends.first().filter(is_bare).into_iter().flat_map(of).max_by_key(reach);
        let rest = &ends[usize::from(bare.is_some())..];
        let behind = rest.iter().flat_map(of).max_by_key(reach);
        let is_node = ends.first().is_some_and(|end| matches!(end.point, Point::Host(_)));
        let (bare, behind) = match (bare, behind) {
            (Some(bare), Some(behind)) => (bare, behind),
            (one, other) => {
                let mut only = one.or(other)?;
                if !is_whole {
                    only = both(&only, &only, false, is_node, enforcement);
                }
                return Some(only);
            }
        };
        if bare.policies == behind.policies && is_whole {
            return Some(bare);
        }
        Some(both(&bare, &behind, is_whole, is_node, enforcement))
    }
}

/// Two answers as one.
fn both(bare: &Found, behind: &Found, is_whole: bool, is_node: bool, enforcement: &Enforcement) -> Found {
    let verdicts: BTreeSet<Verdict> = [bare.policies.verdict, behind.policies.verdict].into();
    let verdict = match verdicts.first() {
        _ if !is_whole || verdicts.contains(&Verdict::Unknown) => Verdict::Unknown,
        Some(verdict) if verdicts.len() == 1 => *verdict,
        _ => Verdict::CniDependent,
    };
    let mut unknown = [&bare.policies, &behind.policies].map(|answer| answer.unknown.clone()).concat();
    if !is_whole {
        let reason = Reason::new("behind-not-seen", "not all that the address leads to could be seen");
        unknown.push(reason.into());
    }
    unknown.dedup();
    let policies = Answer {
        verdict,
        egress: one_side(&bare.policies.egress, &behind.policies.egress),
        ingress: one_side(&bare.policies.ingress, &behind.policies.ingress),
        unknown: if verdict == Verdict::Unknown { unknown } else { Vec::new() },
        weak: bare
            .policies
            .weak
            .clone()
            .or_else(|| behind.policies.weak.clone())
            .filter(|_| verdict == Verdict::Denied),
    };
    let enforced = policies.as_enforced(enforcement);
    let told = (verdicts.len() > 1).then(|| why(bare, behind, is_node));
    let barrier = told.or_else(|| bare.barrier.clone());
    Found { verdict: enforced.verdict, basis: enforced.basis, policies, barrier }
}

fn reach(found: &Found) -> u8 {
    rank(found.policies.verdict)
}

/// Why it depends.
fn why(bare: &Found, behind: &Found, is_node: bool) -> Reason {
    let word = |found: &Found| {
        Arg::word(match found.policies.verdict {
            Verdict::Allowed => "allowed",
            Verdict::Denied => "denied",
            Verdict::CniDependent => "up to the plug-in as well",
            Verdict::Unknown => "not known",
        })
    };
    let reason = if is_node {
        Reason::new(
            "rewritten-at-node",
            "The port of a node leads to the pods of a Service. Sent to another node, it is judged as the address of that node: {bare}. On the sender's own node, and where the plug-in replaces kube-proxy, the destination may be rewritten first, and it is judged at the pods behind: {behind}",
        )
    } else {
        Reason::new(
            "rewritten-at-sender",
            "The address leads to the pods of a Service, and nodes rewrite it. A plug-in that judges after that sees the pods behind: {behind}. One that judges before sees the address itself: {bare}",
        )
    };
    reason.with("bare", word(bare)).with("behind", word(behind))
}

/// One direction of two answers as one: where they differ, what applied in one of them may apply.
fn one_side(one: &Side, other: &Side) -> Side {
    if one == other {
        return one.clone();
    }
    let verdict = match (one.verdict, other.verdict) {
        (a, b) if a == b => a,
        (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
        _ => Verdict::CniDependent,
    };
    // An end outside policies has nothing to say about itself: what the other one says stands.
    let told = match (one.because, other.because) {
        _ if one.verdict != other.verdict => None,
        (Because::OutsidePolicies, _) => Some(other),
        (_, Because::OutsidePolicies) => Some(one),
        _ => None,
    };
    if let Some(told) = told {
        return told.clone();
    }
    let together = |of: fn(&Side) -> &Vec<crate::network::RuleRef>| {
        let all: BTreeSet<_> = of(one).iter().chain(of(other)).cloned().collect();
        all.into_iter()
    };
    let is_in_both = |rule: &crate::network::RuleRef| one.rules.contains(rule) && other.rules.contains(rule);
    let isolated: BTreeSet<_> = one.isolated_by.iter().chain(&other.isolated_by).cloned().collect();
    let rules: BTreeSet<_> = together(|side| &side.rules).collect();
    let (certain, mut perhaps): (Vec<_>, Vec<_>) = rules.into_iter().partition(is_in_both);
    perhaps.extend(together(|side| &side.perhaps));
    perhaps.sort_unstable();
    perhaps.dedup();
    let because = if one.because == other.because && one.verdict == other.verdict {
        one.because
    } else {
        Because::Open
    };
    let (rules, perhaps) = match because {
        // Either way some rule allows it, and those of both ways are the reason.
        Because::Rule => (certain.into_iter().chain(perhaps).collect(), Vec::new()),
        _ => (certain, perhaps),
    };
    Side { verdict, because, isolated_by: isolated.into_iter().collect(), rules, perhaps }
}
