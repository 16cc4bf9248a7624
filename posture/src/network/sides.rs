//! Puts the directions and the readings together to one answer, and says what it rests on.

use std::collections::BTreeSet;

use super::Network;
use super::address::Family;
use super::answer::{Answer, Because, Direction, RuleRef, Side, Verdict};
use super::evaluate::{Doubt, Hit, Place, Question, Reading, Stage, Trace};
use super::point::Point;
use super::port::Protocol;
use super::truth::Truth;
use crate::gap::{Gap, Unknown};
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

/// One direction under one reading.
struct Asked {
    truth: Truth,
    because: Option<Because>,
    trace: Trace,
}

impl Network {
    /// Whether one end reaches the other at a port, and why.
    ///
    /// Of two families of addresses that both ends have, the one that reaches further counts: a connection may be made over either. The
    /// address of a Service has to be resolved first, see [`service_at`](super::service_at).
    pub fn answer(&self, from: &Point, to: &Point, protocol: Protocol, port: u16) -> Answer {
        let (first, second) = families(from, to);
        let first = self.answer_in(first, from, to, protocol, port);
        let Some(second) = second else { return first };
        let second = self.answer_in(second, from, to, protocol, port);
        let furthest = |answer: &Answer| (reach(answer.verdict), answer.weak.is_some());
        if furthest(&second) > furthest(&first) { second } else { first }
    }

    fn answer_in(&self, family: Family, from: &Point, to: &Point, protocol: Protocol, port: u16) -> Answer {
        let ask = |direction, reading: &Reading| {
            let remote = match direction {
                Direction::Egress => to,
                Direction::Ingress => from,
            };
            Question { direction, remote, to, family, protocol, port, reading: *reading, is_outside: false }
        };
        let (mut egress, mut ingress) = (Vec::new(), Vec::new());
        for reading in &self.readings {
            let sent = self.sent(from, ask(Direction::Egress, reading));
            let accepted = self.accepted(to, ask(Direction::Ingress, reading));
            let is_one = !sent.trace.is_read_differently && !accepted.trace.is_read_differently;
            egress.push(sent);
            ingress.push(accepted);
            // Where no rule about addresses matches, every other reading comes to the same.
            if is_one && !self.readings.iter().any(|reading| reading.has_admin) {
                break;
            }
        }
        let verdict = self.verdict(&egress.iter().zip(&ingress).map(|(out, into)| out.truth.and(into.truth)));
        let sides = [(Direction::Egress, from, egress), (Direction::Ingress, to, ingress)];
        let mut unknown = Vec::new();
        let [egress, ingress] = sides.map(|(direction, point, asked)| {
            let side = self.side(direction, point, &asked);
            if verdict == Verdict::Unknown && side.verdict == Verdict::Unknown {
                unknown.extend(self.reasons(&asked));
            }
            side
        });
        unknown.dedup();
        let weak = weakness(&[(&egress, from), (&ingress, to)]).filter(|_| verdict == Verdict::Denied);
        Answer { verdict, egress, ingress, unknown, weak: weak.cloned() }
    }

    fn sent(&self, from: &Point, question: Question<'_>) -> Asked {
        let mut trace = Trace::default();
        match from {
            Point::Pod(pod) => {
                let truth = self.lets(&pod.profile, question, &mut trace);
                Asked { truth, because: None, trace }
            }
            _ => self.outside(from, question, trace),
        }
    }

    fn accepted(&self, to: &Point, question: Question<'_>) -> Asked {
        let mut trace = Trace::default();
        let Point::Pod(pod) = to else { return self.outside(to, question, trace) };
        let from = question.remote;
        let is_own_node = |address| pod.hosts.contains(address);
        if !matches!(from, Point::Pod(_)) && from.addresses().iter().any(is_own_node) {
            return Asked { truth: Truth::YES, because: Some(Because::OwnNode), trace };
        }
        let mut truth = self.lets(&pod.profile, question, &mut trace);
        if let Point::Host(host) = from
            && (host.addresses.is_empty() || pod.hosts.is_empty())
            && truth == Truth::NO
        {
            truth = trace.maybe(|| if pod.hosts.is_empty() { Doubt::NoNode } else { Doubt::NoAddress });
        }
        Asked { truth, because: None, trace }
    }

    /// An end for which policies do not hold, as far as that is sure.
    fn outside(&self, point: &Point, question: Question<'_>, mut trace: Trace) -> Asked {
        let is_touched =
            |network: &Self| !network.foreign.everywhere.is_empty() || network.gaps.all_foreign.is_some();
        let truth = match point {
            Point::Host(_) if is_touched(self) => trace.maybe(|| Doubt::Foreign(None)),
            Point::Address(address) if self.hidden_pod(*address, question, &mut trace).can_hold => {
                Truth::MAYBE
            }
            _ => Truth::YES,
        };
        Asked { truth, because: Some(Because::OutsidePolicies), trace }
    }

    /// The verdict of one truth for each reading.
    fn verdict(&self, truths: &(impl Iterator<Item = Truth> + Clone)) -> Verdict {
        let of = |has_admin: bool| {
            let readings = self.readings.iter().zip(truths.clone());
            let mut truths =
                readings.filter(|(reading, _)| reading.has_admin == has_admin).map(|(_, truth)| truth);
            let first = truths.next()?;
            Some(truths.fold(plain(first), |verdict, truth| match (verdict, plain(truth)) {
                (one, other) if one == other => one,
                (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
                _ => Verdict::CniDependent,
            }))
        };
        match (of(true), of(false)) {
            (Some(with), Some(without)) if with != without => Verdict::Unknown,
            (Some(verdict), _) | (None, Some(verdict)) => verdict,
            (None, None) => Verdict::Unknown,
        }
    }

    fn side(&self, direction: Direction, point: &Point, asked: &[Asked]) -> Side {
        let verdict = self.verdict(&asked.iter().map(|asked| asked.truth));
        let is_in_all =
            |hit: &Hit| hit.is_certain && asked.iter().all(|asked| asked.trace.hits.contains(hit));
        let hits = asked.iter().flat_map(|asked| &asked.trace.hits).copied();
        let (certain, perhaps): (Vec<_>, Vec<_>) = hits.partition(is_in_all);
        let because = asked[0].because(verdict);
        Side {
            verdict,
            because: if asked.iter().all(|asked| asked.because(verdict) == because) {
                because
            } else {
                Because::Open
            },
            isolated_by: self.isolating(direction, point),
            rules: self.rule_refs(certain),
            perhaps: self.rule_refs(perhaps),
        }
    }

    fn isolating(&self, direction: Direction, point: &Point) -> Vec<ObjectRef> {
        let Point::Pod(pod) = point else { return Vec::new() };
        let certain = pod.profile.policies.iter().filter(|(_, selected)| selected.is_certain());
        certain
            .map(|(index, _)| &self.policies[*index])
            .filter(|policy| match direction {
                Direction::Ingress => policy.ingress.is_some(),
                Direction::Egress => policy.egress.is_some(),
            })
            .map(|policy| policy.object.clone())
            .collect()
    }

    /// The rules of these, sorted, each once.
    pub(super) fn rule_refs(&self, mut hits: Vec<Hit>) -> Vec<RuleRef> {
        // The readings often find the same: their names need not be copied first.
        hits.sort_unstable();
        hits.dedup();
        let rule_ref = |Hit { place, direction, rule, peer, port, .. }| RuleRef {
            policy: self.object(place).clone(),
            direction,
            rule,
            peer,
            port,
        };
        let mut rules: Vec<_> = hits.into_iter().map(rule_ref).collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    fn object(&self, place: Place) -> &ObjectRef {
        match place {
            Place::Policy(index) => &self.policies[index].object,
            Place::Admin(index) => &self.admin[index].object,
            Place::Baseline(index) => &self.baseline[index].object,
        }
    }

    /// What keeps a direction open.
    fn reasons(&self, asked: &[Asked]) -> Vec<Unknown> {
        let open = asked.iter().filter(|asked| asked.truth.is_open());
        let doubts: BTreeSet<_> = open.flat_map(|asked| &asked.trace.doubts).collect();
        let mut reasons: Vec<_> = doubts.into_iter().map(|doubt| self.reason(doubt)).collect();
        if reasons.is_empty() {
            reasons.push(
                Reason::new(
                    "admin-policies-followed",
                    "whether the network plug-in follows policies of administrators is not known; {policies} would decide",
                )
                .with("policies", list(self.admin.iter().chain(&self.baseline).map(|admin| &admin.object)))
                .into(),
            );
        }
        reasons.dedup();
        reasons
    }

    fn reason(&self, doubt: &Doubt) -> Unknown {
        let gap = |gap: &Option<Gap>, reason: Reason| gap.clone().map_or(reason.into(), Unknown::Gap);
        match doubt {
            Doubt::Policies(namespace) => gap(
                &self.gaps.policies(namespace).cloned(),
                Reason::new("policies-hidden", "policies of namespace {namespace} were not read")
                    .with("namespace", Arg::text(namespace)),
            ),
            Doubt::Foreign(namespace) => self.foreign_reason(namespace.as_deref()),
            Doubt::Admin => gap(
                &self.gaps.admin.clone().or_else(|| self.gaps.baseline.clone()),
                Reason::new("admin-policies-hidden", "policies of administrators were not read"),
            ),
            Doubt::Namespace(namespace) => gap(
                &self.gaps.namespaces,
                Reason::new("namespace-labels", "the labels of namespace {namespace} were not read")
                    .with("namespace", Arg::text(namespace)),
            ),
            Doubt::Unread(place) => Reason::new(
                "policy-not-understood",
                "{policy} has something in it that cannot be read or compared; look at its rules",
            )
            .with("policy", self.object(*place).clone())
            .into(),
            Doubt::HiddenPod => gap(&self.gaps.pods, Reason::new("pods-hidden", "pods were not read")),
            Doubt::HiddenNode => gap(
                &self.gaps.nodes,
                Reason::new(
                    "node-not-seen",
                    "a pod names a node that was not seen, so its labels are not known",
                ),
            ),
            Doubt::NoAddress => {
                Reason::new("no-address", "one end has no address yet, and rules about addresses decide")
                    .into()
            }
            Doubt::NoNode => Reason::new(
                "no-node",
                "no node runs the destination yet: the one that will is always let in, others are not",
            )
            .into(),
            Doubt::Tie(place) => Reason::new(
                "admin-policies-tied",
                "{policy} shares its priority with another policy of administrators that decides otherwise",
            )
            .with("policy", self.object(*place).clone())
            .into(),
        }
    }

    fn foreign_reason(&self, namespace: Option<&str>) -> Unknown {
        let there = namespace.and_then(|namespace| self.foreign.in_namespace.get(namespace));
        let mut found = there.into_iter().flatten().chain(&self.foreign.everywhere).peekable();
        let gap = match namespace {
            Some(namespace) => self.gaps.foreign(namespace),
            None => self.gaps.all_foreign.as_ref(),
        };
        match gap {
            Some(gap) if found.peek().is_none() => gap.clone().into(),
            _ => Reason::new(
                "foreign-policies",
                "{policies} may decide it, and policies outside Kubernetes' own kind are not evaluated; look at their rules",
            )
            .with("policies", list(found))
            .into(),
        }
    }
}

impl Asked {
    fn because(&self, verdict: Verdict) -> Because {
        match (self.because, self.trace.stage) {
            _ if matches!(verdict, Verdict::Unknown | Verdict::CniDependent) => Because::Open,
            (Some(because), _) => because,
            (None, Some(Stage::Admin)) => Because::Admin,
            (None, Some(Stage::Baseline)) => Because::Baseline,
            (None, Some(Stage::Nothing)) => Because::NotIsolated,
            (None, Some(Stage::Policies)) if self.truth.can_hold => Because::Rule,
            (None, Some(Stage::Policies)) => Because::NoRule,
            (None, None) => Because::Open,
        }
    }
}

fn list<'a>(objects: impl Iterator<Item = &'a ObjectRef>) -> Arg {
    Arg::List(objects.cloned().map(Arg::from).collect())
}

fn plain(truth: Truth) -> Verdict {
    match truth {
        Truth::YES => Verdict::Allowed,
        Truth::NO => Verdict::Denied,
        _ => Verdict::Unknown,
    }
}

/// How far a verdict reaches, to tell which of two ways counts.
fn reach(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Denied => 0,
        Verdict::CniDependent => 1,
        Verdict::Unknown => 2,
        Verdict::Allowed => 3,
    }
}

/// The families over which the ends may talk; one of them where that cannot be told.
fn families(from: &Point, to: &Point) -> (Family, Option<Family>) {
    let has = |point: &Point, family| point.addresses().iter().any(|address| Family::of(*address) == family);
    let both = |family| has(from, family) && has(to, family);
    if both(Family::V4) {
        return (Family::V4, both(Family::V6).then_some(Family::V6));
    }
    let known = if to.addresses().is_empty() { from } else { to };
    if both(Family::V6) || (has(known, Family::V6) && !has(known, Family::V4)) {
        return (Family::V6, None);
    }
    (Family::V4, has(known, Family::V6).then_some(Family::V6))
}

/// Why a denial may not hold: no end that denies it runs where policies hold for sure.
fn weakness<'a>(ends: &[(&Side, &'a Point)]) -> Option<&'a Reason> {
    let denies = |(side, _): &&(&Side, &Point)| side.verdict == Verdict::Denied;
    if !ends.iter().any(|end| denies(&end)) {
        // One end denies it under one reading, the other one under another.
        return ends.iter().find_map(|(_, end)| end.weakness());
    }
    let mut denying = ends.iter().filter(denies).map(|(_, end)| end.weakness());
    let first = denying.next().flatten()?;
    denying.all(|weak| weak.is_some()).then_some(first)
}
