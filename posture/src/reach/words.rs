//! Sentences about answers, with the policies and rules that decide.

use super::Found;
use crate::gap::Unknown;
use crate::network::{Basis, Because, Direction, RuleRef, Side, Verdict};
use crate::text::{Arg, Reason};

/// Why a connection comes about or not, sentence by sentence: the direction that decides first, and where one denies it, nothing of one
/// that does not matter any more.
pub fn explain(found: &Found) -> Vec<Reason> {
    let answer = &found.policies;
    let is_idle = found.basis == Basis::NoPolicies && answer.verdict != Verdict::Allowed;
    let idle =
        is_idle.then(|| Reason::new("idle", "Nothing enforces policies, so it is reached whatever they say"));
    let mut sentences: Vec<Reason> = found.barrier.iter().cloned().chain(idle).collect();
    let mut sides = vec![(Direction::Egress, &answer.egress), (Direction::Ingress, &answer.ingress)];
    if answer.ingress.verdict != Verdict::Allowed && answer.egress.verdict == Verdict::Allowed {
        sides.reverse();
    }
    if answer.verdict == Verdict::Denied {
        let denying: Vec<_> =
            sides.iter().filter(|(_, side)| side.verdict == Verdict::Denied).copied().collect();
        if denying.is_empty() {
            sentences.push(Reason::new(
                "denied-in-turn",
                "However the network plug-in reads the rules, either the source may not send there or the destination does not accept it",
            ));
        } else {
            sides = denying;
        }
    }
    for (direction, side) in sides {
        if is_rewritten(found) && side.verdict == Verdict::CniDependent {
            sentences.extend(in_one_of_two(direction, side));
        } else {
            sentences.extend(explain_side(direction, side));
        }
    }
    for unknown in &answer.unknown {
        sentences.push(match unknown {
            Unknown::Gap(gap) => crate::check::gap_reason(gap),
            Unknown::Reason(reason) => reason.clone(),
        });
    }
    sentences
}

/// Whether the answer is one for two cases, which the first sentence tells apart.
fn is_rewritten(found: &Found) -> bool {
    found.barrier.as_ref().is_some_and(|reason| reason.id.starts_with("rewritten-"))
}

/// What decides a direction that one of two cases opens and the other closes.
fn in_one_of_two(direction: Direction, side: &Side) -> Vec<Reason> {
    let is_egress = direction == Direction::Egress;
    let rules = side.rules.iter().chain(&side.perhaps);
    let mut rules = rules.map(|rule| Arg::text(written(rule))).peekable();
    let policies = some(side.isolated_by.iter().cloned().map(Arg::from));
    let mut sentences = Vec::new();
    if rules.peek().is_some() {
        let (id, text) = if is_egress {
            ("egress-once", "In one of the two cases sending is allowed by {rules}")
        } else {
            ("ingress-once", "In one of the two cases accepting is allowed by {rules}")
        };
        sentences.push(Reason::new(id, text).with("rules", some(rules)));
    }
    if !side.isolated_by.is_empty() {
        let (id, text) = if is_egress {
            ("egress-not-once", "In the other case no rule of {policies} lets the source send there")
        } else {
            (
                "ingress-not-once",
                "In one of the two cases no rule of {policies} lets the destination accept it",
            )
        };
        sentences.push(Reason::new(id, text).with("policies", policies));
    }
    sentences
}

/// Why one direction has its verdict.
pub fn explain_side(direction: Direction, side: &Side) -> Vec<Reason> {
    let is_egress = direction == Direction::Egress;
    let policies = || some(side.isolated_by.iter().cloned().map(Arg::from));
    let rules = |rules: &[RuleRef]| some(rules.iter().map(|rule| Arg::text(written(rule))));
    let one = |id: &'static str, text: &'static str| vec![Reason::new(id, text)];
    match (side.because, is_egress) {
        (Because::OutsidePolicies, true) => one(
            "egress-outside",
            "Policies do not hold for the source: it is outside the cluster or on the network of its node",
        ),
        // That policies do not hold for an address outside the cluster goes without saying, and what keeps a connection within a pod is
        // said for itself.
        (Because::OutsidePolicies, false) | (Because::WithinPod, _) => Vec::new(),
        (Because::OwnNode, _) => one("own-node", "The node that a pod runs on is always let in"),
        (Because::NotIsolated, true) => one("egress-free", "No policy restricts what the source sends"),
        (Because::NotIsolated, false) => {
            one("ingress-free", "No policy restricts what the destination accepts")
        }
        (Because::NoRule, true) => vec![
            Reason::new("egress-no-rule", "{policies}: no rule lets the source send there")
                .with("policies", policies()),
        ],
        (Because::NoRule, false) => vec![
            Reason::new("ingress-no-rule", "{policies}: no rule lets the destination accept it")
                .with("policies", policies()),
        ],
        (Because::Rule, true) => {
            vec![
                Reason::new("egress-rule", "Sending is allowed by {rules}").with("rules", rules(&side.rules)),
            ]
        }
        (Because::Rule, false) => vec![
            Reason::new("ingress-rule", "Accepting is allowed by {rules}").with("rules", rules(&side.rules)),
        ],
        (Because::Admin, _) => vec![
            Reason::new("admin", "A policy of the administrator decides before all others: {rules}")
                .with("rules", rules(&side.rules)),
        ],
        (Because::Baseline, _) => vec![
            Reason::new("baseline", "No other policy selects it, and the baseline decides: {rules}")
                .with("rules", rules(&side.rules)),
        ],
        (Because::Open, _) => open(side, is_egress, &rules),
    }
}

/// What is said of a direction that no one rule decides under every reading.
fn open(side: &Side, is_egress: bool, rules: &impl Fn(&[RuleRef]) -> Arg) -> Vec<Reason> {
    let (id, text) = match (side.verdict, is_egress) {
        (Verdict::Allowed, true) => {
            ("egress-always", "However the network plug-in reads the rules, the source may send there")
        }
        (Verdict::Allowed, false) => {
            ("ingress-always", "However the network plug-in reads the rules, the destination accepts it")
        }
        (Verdict::Denied, true) => {
            ("egress-never", "However the network plug-in reads the rules, the source may not send there")
        }
        (Verdict::Denied, false) => (
            "ingress-never",
            "However the network plug-in reads the rules, the destination does not accept it",
        ),
        (Verdict::CniDependent, true) => {
            ("egress-cni", "Whether the source may send there depends on the network plug-in")
        }
        (Verdict::CniDependent, false) => {
            ("ingress-cni", "Whether the destination accepts it depends on the network plug-in")
        }
        (Verdict::Unknown, true) => ("egress-open", "Whether the source may send there is not known"),
        (Verdict::Unknown, false) => ("ingress-open", "Whether the destination accepts it is not known"),
    };
    let perhaps = match side.verdict {
        Verdict::CniDependent => {
            "Some network plug-ins read these rules so that they apply, others do not: {rules}"
        }
        _ => "These rules may apply: {rules}",
    };
    let mut sentences = vec![Reason::new(id, text)];
    if !side.perhaps.is_empty() {
        sentences.push(Reason::new("perhaps", perhaps).with("rules", rules(&side.perhaps)));
    }
    sentences
}

/// A list in a sentence: the first of many, and how many more there are.
fn some(all: impl Iterator<Item = Arg>) -> Arg {
    const MOST: usize = 12;
    let mut listed: Vec<Arg> = all.collect();
    let more = listed.len().saturating_sub(MOST);
    listed.truncate(MOST);
    listed.extend((more > 0).then(|| Arg::word(format!("{more} more"))));
    Arg::List(listed)
}

/// A rule as people look for it: the policy, and the path down to the peer and to the port.
fn written(rule: &RuleRef) -> String {
    match (rule.peer, rule.port, rule.port_path()) {
        (None, _, Some(port)) => format!("{} {port}", rule.policy),
        (Some(_), Some(port), _) => format!("{} {} ports[{port}]", rule.policy, rule.path()),
        _ => format!("{} {}", rule.policy, rule.path()),
    }
}
