//! Which addresses outside the cluster a pod reaches, as ranges and not one by one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Network;
use super::address::{AddressRange, AddressSet, Cuts, Family};
use super::admin::Admin;
use super::answer::{Direction, RuleRef, Verdict};
use super::evaluate::{Hit, Question, Reading, Trace, ranges};
use super::point::{Point, Profile};
use super::port::{Ports, Protocol};
use super::truth::Truth;

/// Addresses outside the cluster that are reached alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The addresses. Pods, nodes and Services within them are judged for themselves.
    pub addresses: AddressSet,
    /// What is open there, sorted; never empty.
    pub ports: Vec<OpenPorts>,
}

/// Ports that are open for one reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenPorts {
    /// The protocol.
    pub protocol: Protocol,
    /// The first port.
    pub first: u16,
    /// The last port.
    pub last: u16,
    /// [`Verdict::Allowed`], or [`Verdict::Unknown`] where that cannot be told.
    pub verdict: Verdict,
    /// The rules that allow it, or may; empty where no policy selects the pod.
    pub rules: Vec<RuleRef>,
}

impl OpenPorts {
    /// Whether every port of the protocol is open.
    pub fn are_all(&self) -> bool {
        (self.first, self.last) == (1, u16::MAX)
    }

    /// Whether a port is among them.
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.protocol == protocol && (self.first..=self.last).contains(&port)
    }
}

/// Ports and the rules that open them, before they are put into words.
type Open = (Protocol, u16, u16, Truth, Vec<Hit>);

impl Network {
    /// The pieces of the ports of a destination that no policy of either end tells apart, first and last: one port of each stands for all.
    pub fn port_pieces(&self, from: &Point, to: &Point) -> Vec<(Protocol, u16, u16)> {
        let profile = |point: &Point| match point {
            Point::Pod(pod) => Some(Arc::clone(&pod.profile)),
            Point::Host(_) | Point::Address(_) => None,
        };
        let (sends, accepts) = (profile(from), profile(to));
        let mut entries: Vec<&Ports> = Vec::new();
        for (profile, is_sender) in [(&sends, true), (&accepts, false)] {
            let Some(profile) = profile else { continue };
            let policies = profile.policies.iter().map(|(index, _)| &self.policies[*index]);
            let rules =
                policies.filter_map(|p| if is_sender { p.egress.as_ref() } else { p.ingress.as_ref() });
            entries.extend(rules.flatten().flat_map(|rule| &rule.ports));
            let first = profile.admin.iter().map(|(index, _)| &self.admin[*index]);
            let last = profile.baseline.iter().map(|(index, _)| &self.baseline[*index]);
            let ordered = first.chain(last).flat_map(|a| if is_sender { &a.egress } else { &a.ingress });
            entries.extend(ordered.filter_map(|rule| rule.ports.as_ref()).flatten());
        }
        let mut cuts: BTreeSet<u16> = port_cuts(entries.into_iter()).into_iter().collect();
        for port in accepts.iter().flat_map(|profile| &profile.ports) {
            cuts.insert(port.number.max(1));
            cuts.extend(port.number.checked_add(1));
        }
        let cuts: Vec<u16> = cuts.into_iter().collect();
        let last = |index: usize| cuts.get(index + 1).map_or(u16::MAX, |next| next - 1);
        let pieces =
            |protocol| cuts.iter().enumerate().map(move |(index, first)| (protocol, *first, last(index)));
        Protocol::ALL.into_iter().flat_map(pieces).collect()
    }

    /// What a pod reaches outside the cluster, of both families and every protocol. Where all addresses are open on all ports, that is one
    /// opening; where none is, there is none.
    ///
    /// One address of each piece of the address space that rules can tell apart stands for all, and one port of each piece of the ports.
    pub fn reachable_addresses(&self, from: &Point) -> Vec<Opening> {
        let Point::Pod(pod) = from else { return self.openings(None) };
        self.openings(Some(&pod.profile))
    }

    fn openings(&self, profile: Option<&Profile>) -> Vec<Opening> {
        let policies = profile.into_iter().flat_map(|profile| &profile.policies);
        let policies: Vec<_> = policies.map(|(index, _)| &self.policies[*index]).collect();
        let first =
            profile.into_iter().flat_map(|profile| &profile.admin).map(|(index, _)| &self.admin[*index]);
        let last = profile
            .into_iter()
            .flat_map(|profile| &profile.baseline)
            .map(|(index, _)| &self.baseline[*index]);
        let admin: Vec<&Admin> = first.chain(last).collect();
        let cuts = Cuts::new(ranges(policies.iter().copied(), admin.iter().copied()).iter());
        let rules = policies.iter().filter_map(|policy| policy.egress.as_ref()).flatten();
        let ordered = admin.iter().flat_map(|admin| &admin.egress);
        let entries = rules
            .map(|rule| rule.ports.as_slice())
            .chain(ordered.map(|rule| rule.ports.as_deref().unwrap_or_default()));
        let ports = port_cuts(entries.flatten());
        let mut found: Vec<(Vec<Open>, Vec<AddressRange>)> = Vec::new();
        for piece in Family::ALL.iter().flat_map(|family| cuts.pieces(*family)) {
            let open = self.open_at(profile, piece, &ports);
            match found.iter_mut().find(|(known, _)| *known == open) {
                _ if open.is_empty() => {}
                Some((_, pieces)) => pieces.push(piece),
                None => found.push((open, vec![piece])),
            }
        }
        let opening = |(open, pieces): (Vec<Open>, _)| Opening {
            addresses: AddressSet::new(pieces),
            ports: open.into_iter().map(|open| self.in_words(open)).collect(),
        };
        found.into_iter().map(opening).collect()
    }

    /// What is open at the addresses of one piece.
    fn open_at(&self, profile: Option<&Profile>, piece: AddressRange, ports: &[u16]) -> Vec<Open> {
        let remote = Point::Address(piece.first());
        let mut found: Vec<Open> = Vec::new();
        for protocol in Protocol::ALL {
            for (index, first) in ports.iter().enumerate() {
                let last = ports.get(index + 1).map_or(u16::MAX, |next| next - 1);
                let (truth, hits) = profile.map_or((Truth::YES, Vec::new()), |profile| {
                    self.sends_outside(profile, &remote, piece.family, protocol, *first)
                });
                match found.last_mut() {
                    _ if !truth.can_hold => {}
                    Some((known, _, end, same, why))
                        if *known == protocol && *end == first - 1 && *same == truth && *why == hits =>
                    {
                        *end = last;
                    }
                    _ => found.push((protocol, *first, last, truth, hits)),
                }
            }
        }
        found
    }

    /// Outside the cluster plug-ins agree on `ipBlock`; they may differ on policies of administrators.
    fn sends_outside(
        &self,
        profile: &Profile,
        remote: &Point,
        family: Family,
        protocol: Protocol,
        port: u16,
    ) -> (Truth, Vec<Hit>) {
        let mut hits = Vec::new();
        let mut total: Option<Truth> = None;
        let has = |kind: &bool| self.readings.iter().any(|reading| reading.has_admin == *kind);
        for has_admin in [false, true].into_iter().filter(has) {
            let reading = Reading { matches_pods: true, matches_hosts: true, has_admin };
            let question = Question {
                direction: Direction::Egress,
                remote,
                to: remote,
                family,
                protocol,
                port,
                reading,
                is_outside: true,
            };
            let mut trace = Trace::default();
            let truth = self.lets(profile, question, &mut trace);
            hits.extend(trace.hits);
            total = Some(match total {
                Some(known) if known != truth => Truth::MAYBE,
                _ => truth,
            });
        }
        hits.sort_unstable();
        hits.dedup();
        (total.unwrap_or(Truth::MAYBE), hits)
    }

    fn in_words(&self, (protocol, first, last, truth, hits): Open) -> OpenPorts {
        let verdict = if truth.is_certain() { Verdict::Allowed } else { Verdict::Unknown };
        OpenPorts { protocol, first, last, verdict, rules: self.rule_refs(hits) }
    }
}

/// Where rules cut the ports: the first port of each piece. There is no port 0.
fn port_cuts<'a>(entries: impl Iterator<Item = &'a Ports>) -> Vec<u16> {
    let mut cuts = BTreeSet::from([1]);
    for entry in entries {
        if let Ports::Range(_, first, last) = entry {
            cuts.insert((*first).max(1));
            cuts.extend(last.checked_add(1));
        }
    }
    cuts.into_iter().collect()
}
