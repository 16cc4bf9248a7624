//! The rules of Kubernetes: what one pod may send or receive, under one reading of what plug-ins read differently.

use std::net::IpAddr;

use super::Network;
use super::address::{AddressRange, AddressSet, Family};
use super::admin::{Action, Admin, Ordered, Pods, Whom};
use super::answer::Direction;
use super::point::{Point, Profile};
use super::policy::{Peer, Policy, Rule};
use super::port::{Ports, Protocol};
use super::selector::Labels;
use super::truth::Truth;

/// How a network plug-in reads what Kubernetes leaves to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// Whether `ipBlock` matches pods by their addresses.
    pub(super) matches_pods: bool,
    /// Whether `ipBlock` matches nodes by their addresses.
    pub(super) matches_hosts: bool,
    /// Whether policies of administrators are followed.
    pub(super) has_admin: bool,
}

/// One question about one direction.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) direction: Direction,
    /// The other end.
    pub(super) remote: &'a Point,
    /// The destination, whose names of ports count.
    pub(super) to: &'a Point,
    pub(super) family: Family,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
    pub(super) reading: Reading,
    /// Whether an address that may belong to a pod that was not seen counts as one outside the cluster.
    pub(super) is_outside: bool,
}

/// Which policy a rule belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Policy(usize),
    Admin(usize),
    Baseline(usize),
}

/// A rule that applies or may apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) place: Place,
    pub(super) direction: Direction,
    pub(super) rule: usize,
    pub(super) peer: Option<usize>,
    pub(super) port: Option<usize>,
    pub(super) is_certain: bool,
}

/// What keeps an answer open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    /// Policies of a namespace that were not read.
    Policies(String),
    /// Policies of a kind outside Kubernetes' own, of which there are some or which were not read, that may touch pods of a namespace.
    Foreign(Option<String>),
    /// Policies of administrators that were not read.
    Admin,
    /// The labels of a namespace.
    Namespace(String),
    /// A policy with something in it that cannot be read or compared.
    Unread(Place),
    /// An address that may be of a pod that was not seen.
    HiddenPod,
    /// An address that may be of a node that was not seen.
    HiddenNode,
    /// A pod or a node without an address.
    NoAddress,
    /// A pod that no node runs yet.
    NoNode,
    /// Two policies of administrators with one priority.
    Tie(Place),
}

/// What was met on the way to an answer.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) hits: Vec<Hit>,
    pub(super) doubts: Vec<Doubt>,
    /// Whether something was met that plug-ins may read differently, so that another reading may come to something else.
    pub(super) is_read_differently: bool,
    /// What kind of rule decided, if one did for certain.
    pub(super) stage: Option<Stage>,
}

/// Where the decision was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Admin,
    Policies,
    Baseline,
    Nothing,
}

impl Trace {
    fn doubt(&mut self, doubt: impl FnOnce() -> Doubt) {
        let doubt = doubt();
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }

    /// An open answer, and why.
    pub(super) fn maybe(&mut self, doubt: impl FnOnce() -> Doubt) -> Truth {
        self.doubt(doubt);
        Truth::MAYBE
    }
}

/// Whether one of several things holds, and the first that does, or that may. All are asked, for each may leave something in a trace.
fn first_of(truths: impl Iterator<Item = Truth>) -> (Truth, Option<usize>) {
    truths.enumerate().fold((Truth::NO, None), |best, (index, truth)| {
        let is_better = truth.is_certain() && !best.0.is_certain() || truth.is_open() && best.1.is_none();
        if is_better { (truth, Some(index)) } else { best }
    })
}

/// What a list of ordered rules may come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "it is a set of four outcomes")]
struct Outcomes {
    allow: bool,
    deny: bool,
    pass: bool,
    nothing: bool,
}

impl Outcomes {
    const OPEN: Self = Self { allow: true, deny: true, pass: true, nothing: true };
    const NOTHING: Self = Self { allow: false, deny: false, pass: false, nothing: true };

    fn add(&mut self, action: Action) {
        match action {
            Action::Allow => self.allow = true,
            Action::Deny => self.deny = true,
            Action::Pass => self.pass = true,
            Action::Unread => *self = Self { nothing: self.nothing, ..Self::OPEN },
        }
    }

    fn join(self, other: Self) -> Self {
        Self {
            allow: self.allow || other.allow,
            deny: self.deny || other.deny,
            pass: self.pass || other.pass,
            nothing: self.nothing || other.nothing,
        }
    }
}

impl Network {
    /// Whether a pod's own policies let this through.
    pub(super) fn lets(&self, profile: &Profile, question: Question<'_>, trace: &mut Trace) -> Truth {
        if profile.is_touched {
            return trace.maybe(|| Doubt::Foreign(Some(profile.namespace.clone())));
        }
        let first = self.admin_stage(profile, question, trace);
        let mut truth = Truth { can_hold: first.allow, can_fail: first.deny };
        if !(first.pass || first.nothing) {
            trace.stage = Some(Stage::Admin);
            return truth;
        }
        let decided_before = first.allow || first.deny;
        let Isolation { can_be_free, allowed, denied } = self.policies(profile, question, trace);
        truth.can_hold |= allowed;
        truth.can_fail |= denied;
        if !can_be_free {
            trace.stage = (!decided_before).then_some(Stage::Policies);
            return truth;
        }
        let last = self.baseline_stage(profile, question, trace);
        truth.can_hold |= last.allow || last.pass || last.nothing;
        truth.can_fail |= last.deny;
        if !decided_before && !allowed && !denied {
            trace.stage = Some(if last.nothing { Stage::Nothing } else { Stage::Baseline });
        }
        truth
    }

    fn admin_stage(&self, profile: &Profile, question: Question<'_>, trace: &mut Trace) -> Outcomes {
        if !question.reading.has_admin {
            return Outcomes::NOTHING;
        }
        if self.gaps.admin.is_some() {
            trace.doubt(|| Doubt::Admin);
            return Outcomes::OPEN;
        }
        let mut total = Outcomes::default();
        let same =
            |a: &(usize, Truth), b: &(usize, Truth)| self.admin[a.0].priority == self.admin[b.0].priority;
        for group in profile.admin.chunk_by(same) {
            let mut found = Outcomes::default();
            let mut silent = true;
            for (index, selected) in group {
                let one = self.ordered(
                    &self.admin[*index],
                    Place::Admin(*index),
                    (*selected, profile),
                    question,
                    trace,
                );
                silent &= one.nothing;
                let before = found;
                found = found.join(Outcomes { nothing: false, ..one });
                if before != Outcomes::default() && found != before {
                    trace.doubt(|| Doubt::Tie(Place::Admin(*index)));
                }
            }
            total = total.join(found);
            if !silent {
                return total;
            }
        }
        Outcomes { nothing: true, ..total }
    }

    fn baseline_stage(&self, profile: &Profile, question: Question<'_>, trace: &mut Trace) -> Outcomes {
        if !question.reading.has_admin {
            return Outcomes::NOTHING;
        }
        if self.gaps.baseline.is_some() {
            trace.doubt(|| Doubt::Admin);
            return Outcomes::OPEN;
        }
        let mut total = Outcomes::NOTHING;
        for (index, selected) in &profile.baseline {
            let place = Place::Baseline(*index);
            let one = self.ordered(&self.baseline[*index], place, (*selected, profile), question, trace);
            total = Outcomes { nothing: total.nothing && one.nothing, ..total.join(one) };
        }
        total
    }

    /// What the first rule that applies does.
    fn ordered(
        &self,
        admin: &Admin,
        place: Place,
        (selected, profile): (Truth, &Profile),
        question: Question<'_>,
        trace: &mut Trace,
    ) -> Outcomes {
        if selected.is_open() {
            trace.doubt(|| {
                if profile.are_labels_all {
                    Doubt::Unread(place)
                } else {
                    Doubt::Namespace(profile.namespace.clone())
                }
            });
        }
        let mut outcomes = Outcomes { nothing: selected.can_fail, ..Outcomes::default() };
        let rules = match question.direction {
            Direction::Ingress => &admin.ingress,
            Direction::Egress => &admin.egress,
        };
        for (rule, ordered) in rules.iter().enumerate() {
            let (truth, peer, port) = self.applies(ordered, place, question, trace);
            if !truth.can_hold {
                continue;
            }
            if ordered.action == Action::Unread {
                trace.doubt(|| Doubt::Unread(place));
            }
            outcomes.add(ordered.action);
            let is_certain = truth.is_certain() && selected.is_certain();
            let direction = question.direction;
            trace.hits.push(Hit { place, direction, rule, peer: Some(peer), port, is_certain });
            if truth.is_certain() {
                return outcomes;
            }
        }
        outcomes.nothing = true;
        outcomes
    }

    fn applies(
        &self,
        rule: &Ordered,
        place: Place,
        question: Question<'_>,
        trace: &mut Trace,
    ) -> (Truth, usize, Option<usize>) {
        let ports = rule.ports.as_deref().unwrap_or_default();
        let (covered, port) = covers(self, ports, place, question, trace);
        if !covered.can_hold {
            return (Truth::NO, 0, None);
        }
        let truths = rule.peers.iter().map(|peer| self.is_whom(peer, place, question, trace));
        let (found, peer) = first_of(truths);
        (covered.and(found), peer.unwrap_or_default(), port)
    }

    /// Networks hold for pods too, says the API of administrators' policies, whatever the plug-in does with `ipBlock`.
    fn is_whom(&self, peer: &Whom, place: Place, question: Question<'_>, trace: &mut Trace) -> Truth {
        match (peer, question.remote) {
            (Whom::Unread, _) => trace.maybe(|| Doubt::Unread(place)),
            (Whom::Networks(ranges), remote) => {
                let reading = Reading { matches_pods: true, matches_hosts: true, ..question.reading };
                let question = Question { reading, ..question };
                ranges.iter().fold(Truth::NO, |truth, range| {
                    truth.or(self.is_in((range, &[]), remote, question, trace))
                })
            }
            (Whom::Pods(pods), Point::Pod(pod)) => is_selected(pods, &pod.profile, place, trace),
            (Whom::Nodes(selector), Point::Host(host)) => match &host.labels {
                Some(seen) => selector.selects(Labels { seen, are_all: true }),
                None => trace.maybe(|| Doubt::HiddenNode),
            },
            (Whom::Pods(_), Point::Address(address)) => self.hidden_pod(*address, question, trace),
            (Whom::Nodes(_), Point::Address(address)) => self.hidden_node(*address, question, trace),
            (Whom::Pods(_), Point::Host(_)) | (Whom::Nodes(_), Point::Pod(_)) => Truth::NO,
        }
    }

    /// What the NetworkPolicies of a pod come to: a policy that hides behind a gap may select the pod and allow anything or nothing.
    fn policies(&self, profile: &Profile, question: Question<'_>, trace: &mut Trace) -> Isolation {
        let mut can_be_free = true;
        let mut allowed = false;
        let mut all_certain_can_deny = true;
        let mut some_can_deny = false;
        for (index, selected) in &profile.policies {
            let policy = &self.policies[*index];
            let rules = match question.direction {
                Direction::Ingress => &policy.ingress,
                Direction::Egress => &policy.egress,
            };
            let Some(rules) = rules else { continue };
            if selected.is_open() {
                trace.doubt(|| Doubt::Unread(Place::Policy(*index)));
            }
            let truth = self.any_rule(policy, *index, rules, *selected, question, trace);
            can_be_free &= !selected.is_certain();
            allowed |= truth.can_hold;
            some_can_deny |= truth.can_fail;
            all_certain_can_deny &= !selected.is_certain() || truth.can_fail;
        }
        if self.gaps.policies(&profile.namespace).is_some() {
            trace.doubt(|| Doubt::Policies(profile.namespace.clone()));
            allowed = true;
            some_can_deny = true;
        }
        Isolation { can_be_free, allowed, denied: some_can_deny && all_certain_can_deny }
    }

    fn any_rule(
        &self,
        policy: &Policy,
        index: usize,
        rules: &[Rule],
        selected: Truth,
        question: Question<'_>,
        trace: &mut Trace,
    ) -> Truth {
        let place = Place::Policy(index);
        let mut total = Truth::NO;
        for (number, rule) in rules.iter().enumerate() {
            let (covered, port) = covers(self, &rule.ports, place, question, trace);
            if !covered.can_hold {
                continue;
            }
            let (found, peer) = if rule.peers.is_empty() {
                (Truth::YES, None)
            } else {
                first_of(rule.peers.iter().map(|peer| self.is_peer(policy, peer, place, question, trace)))
            };
            let truth = covered.and(found);
            if truth.can_hold {
                let is_certain = truth.is_certain() && selected.is_certain();
                let direction = question.direction;
                trace.hits.push(Hit { place, direction, rule: number, peer, port, is_certain });
            }
            total = total.or(truth);
        }
        total
    }

    fn is_peer(
        &self,
        policy: &Policy,
        peer: &Peer,
        place: Place,
        question: Question<'_>,
        trace: &mut Trace,
    ) -> Truth {
        let (namespaces, pods) = match peer {
            Peer::Unread => return trace.maybe(|| Doubt::Unread(place)),
            Peer::Block { range, except } => {
                return self.is_in((range, except), question.remote, question, trace);
            }
            Peer::Pods { namespaces, pods } => (namespaces, pods),
        };
        let profile = match question.remote {
            Point::Pod(pod) => &pod.profile,
            Point::Host(_) => return Truth::NO,
            Point::Address(address) => return self.hidden_pod(*address, question, trace),
        };
        // Most pods are of another namespace, which is quicker to see than their labels.
        if namespaces.is_none() && profile.namespace != policy.namespace {
            return Truth::NO;
        }
        let labels = pods.as_ref().map_or(Truth::YES, |selector| selector.selects(profile.labels()));
        if labels == Truth::NO {
            return labels;
        }
        let Some(namespaces) = namespaces else {
            if labels.is_open() {
                trace.doubt(|| Doubt::Unread(place));
            }
            return labels;
        };
        let namespace = namespaces.selects(profile.labels_of_namespace());
        let truth = labels.and(namespace);
        if truth.is_open() && labels.is_open() {
            trace.doubt(|| Doubt::Unread(place));
        }
        if truth.is_open() && namespace.is_open() {
            trace.doubt(|| Doubt::Namespace(profile.namespace.clone()));
        }
        truth
    }

    /// Whether one of the addresses of an end, of the question's family, is among some.
    fn is_in(
        &self,
        (range, except): (&AddressRange, &[AddressRange]),
        remote: &Point,
        question: Question<'_>,
        trace: &mut Trace,
    ) -> Truth {
        let contains =
            |address: &IpAddr| range.contains(*address) && !except.iter().any(|hole| hole.contains(*address));
        // What no range matches is the same under every reading.
        let is_matched = remote
            .addresses()
            .iter()
            .any(|address| Family::of(*address) == question.family && contains(address));
        let future = remote.addresses().is_empty().then(|| will_be_in(range, except, question.family));
        let can_match = is_matched || future.is_some_and(|truth| truth.can_hold);
        trace.is_read_differently |= can_match && !question.is_outside;
        let reading = question.reading;
        let matches = match remote {
            Point::Address(address) => {
                let can_be_unmatched = is_matched
                    && ((!reading.matches_pods && self.hidden_pod(*address, question, trace).can_hold)
                        || (!reading.matches_hosts && self.hidden_node(*address, question, trace).can_hold));
                return if can_be_unmatched { Truth::MAYBE } else { is_matched.into() };
            }
            Point::Pod(_) => reading.matches_pods,
            Point::Host(_) => reading.matches_hosts,
        };
        match future {
            Some(truth) if matches && truth.is_open() => trace.maybe(|| Doubt::NoAddress),
            Some(truth) if matches => truth,
            _ => (matches && is_matched).into(),
        }
    }

    /// Whether an address may be that of a pod that was not seen.
    pub(super) fn hidden_pod(&self, address: IpAddr, question: Question<'_>, trace: &mut Trace) -> Truth {
        if question.is_outside || !self.may_hide_pod(address) {
            return Truth::NO;
        }
        trace.maybe(|| Doubt::HiddenPod)
    }

    /// Whether an address may be that of a node that was not seen.
    fn hidden_node(&self, address: IpAddr, question: Question<'_>, trace: &mut Trace) -> Truth {
        if question.is_outside || !self.may_hide_node(address) {
            return Truth::NO;
        }
        trace.maybe(|| Doubt::HiddenNode)
    }
}

/// Whether a pod is one of those that an administrator's policy is about.
pub(super) fn is_selected(pods: &Pods, profile: &Profile, place: Place, trace: &mut Trace) -> Truth {
    let Pods::Select { namespaces, pods } = pods else { return trace.maybe(|| Doubt::Unread(place)) };
    let labels = pods.selects(profile.labels());
    if labels == Truth::NO {
        return labels;
    }
    let namespace = namespaces.selects(profile.labels_of_namespace());
    if namespace.is_open() {
        trace.doubt(|| Doubt::Namespace(profile.namespace.clone()));
    }
    if labels.is_open() {
        trace.doubt(|| Doubt::Unread(place));
    }
    labels.and(namespace)
}

/// Whether a range holds the address that a pod or a node without one will get. Neither ever gets one of a link, of loopback or of a group.
fn will_be_in(range: &AddressRange, except: &[AddressRange], family: Family) -> Truth {
    if range.family != family {
        return Truth::NO;
    }
    let nobodys = NOBODYS.iter().filter_map(|text| AddressRange::parse(text)).collect();
    let possible = AddressRange::all(family).without(&AddressSet::new(nobodys));
    let held = AddressSet::new(range.without(&AddressSet::new(except.to_vec())));
    Truth {
        can_hold: possible.iter().any(|part| held.touches(part)),
        can_fail: !possible.iter().all(|part| held.covers(part)),
    }
}

/// Addresses that the API server refuses for endpoints (Kubernetes, `ValidateNonSpecialIP`), so that no pod and no node has one.
const NOBODYS: [&str; 8] = [
    "0.0.0.0/32",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/24",
    "::/128",
    "::1/128",
    "fe80::/10",
    "ff02::/16",
];

/// What NetworkPolicies come to.
struct Isolation {
    /// Whether none of them may select the pod.
    can_be_free: bool,
    /// Whether they may allow it.
    allowed: bool,
    /// Whether they may deny it.
    denied: bool,
}

/// Whether some entry covers the port.
fn covers(
    network: &Network,
    ports: &[Ports],
    place: Place,
    question: Question<'_>,
    trace: &mut Trace,
) -> (Truth, Option<usize>) {
    if ports.is_empty() {
        return (Truth::YES, None);
    }
    let Question { protocol, port, to, .. } = question;
    first_of(ports.iter().map(|entry| match entry {
        Ports::All(wanted) => (*wanted == protocol).into(),
        Ports::Range(wanted, first, last) => (*wanted == protocol && (*first..=*last).contains(&port)).into(),
        Ports::Named(wanted, _) if wanted.is_some_and(|wanted| wanted != protocol) => Truth::NO,
        Ports::Named(_, name) => match to {
            Point::Pod(pod) => {
                let ports = &pod.profile.ports;
                ports
                    .iter()
                    .any(|known| known.number == port && known.protocol == protocol && known.name == *name)
                    .into()
            }
            Point::Host(_) => Truth::NO,
            Point::Address(address) => network.hidden_pod(*address, question, trace),
        },
        Ports::None => Truth::NO,
        Ports::Unread => trace.maybe(|| Doubt::Unread(place)),
    }))
}

/// Every range of addresses that rules speak of.
pub(super) fn ranges<'a>(
    policies: impl Iterator<Item = &'a Policy>,
    admin: impl Iterator<Item = &'a Admin>,
) -> Vec<AddressRange> {
    let mut found = Vec::new();
    for peer in policies.flat_map(Policy::peers) {
        if let Peer::Block { range, except } = peer {
            found.push(*range);
            found.extend(except);
        }
    }
    for peer in admin.flat_map(Admin::peers) {
        if let Whom::Networks(ranges) = peer {
            found.extend(ranges);
        }
    }
    found
}
