//! Sentences about answers, with the policies and rules that decide.

use super::Found;
use crate::gap::Unknown;
use crate::network::{Basis, Because, Direction, RuleRef, Side, Verdict};
use crate::text::{Arg, Reason};

/// Why a connection comes about or not, sentence by sentence: the direction that decides first.
pub fn explain(found: &Found) -> Vec<Reason> {
    let answer = &found.policies;
    let is_idle = found.basis == Basis::NoPolicies && answer.verdict != Verdict::Allowed;
    let idle =
        is_idle.then(|| Reason::new("idle", "Nothing enforces policies, so it is reached whatever they say"));
    let mut sentences: Vec<Reason> = found.barrier.iter().cloned().chain(idle).collect();
    let mut sides = [(Direction::Egress, &answer.egress), (Direction::Ingress, &answer.ingress)];
    if answer.ingress.verdict != Verdict::Allowed && answer.egress.verdict == Verdict::Allowed {
        sides.reverse();
    }
    for (direction, side) in sides {
        sentences.extend(explain_side(direction, side));
    }
    for unknown in &answer.unknown {
        sentences.push(match unknown {
            Unknown::Gap(gap) => crate::check::gap_reason(gap),
            Unknown::Reason(reason) => reason.clone(),
        });
    }
    sentences
}

/// Why one direction has its verdict.
pub fn explain_side(direction: Direction, side: &Side) -> Vec<Reason> {
    let is_egress = direction == Direction::Egress;
    let policies = || Arg::List(side.isolated_by.iter().cloned().map(Arg::from).collect());
    let rules = |rules: &[RuleRef]| Arg::List(rules.iter().map(|rule| Arg::text(written(rule))).collect());
    let mut sentences = Vec::new();
    match (side.because, is_egress) {
        (Because::OutsidePolicies, true) => sentences.push(Reason::new(
            "egress-outside",
            "Policies do not hold for the source: it is outside the cluster or on the network of its node",
        )),
        // That policies do not hold for an address outside the cluster goes without saying.
        (Because::OutsidePolicies, false) => {}
        (Because::OwnNode, _) => {
            sentences.push(Reason::new("own-node", "The node that a pod runs on is always let in"));
        }
        (Because::NotIsolated, true) => {
            sentences.push(Reason::new("egress-free", "No policy restricts what the source sends"));
        }
        (Because::NotIsolated, false) => {
            sentences.push(Reason::new("ingress-free", "No policy restricts what the destination accepts"));
        }
        (Because::NoRule, true) => sentences.push(
            Reason::new("egress-no-rule", "{policies}: no rule lets the source send there")
                .with("policies", policies()),
        ),
        (Because::NoRule, false) => sentences.push(
            Reason::new("ingress-no-rule", "{policies}: no rule lets the destination accept it")
                .with("policies", policies()),
        ),
        (Because::Rule, true) => sentences.push(
            Reason::new("egress-rule", "Sending is allowed by {rules}").with("rules", rules(&side.rules)),
        ),
        (Because::Rule, false) => sentences.push(
            Reason::new("ingress-rule", "Accepting is allowed by {rules}").with("rules", rules(&side.rules)),
        ),
        (Because::Admin, _) => sentences.push(
            Reason::new("admin", "A policy of the administrator decides before all others: {rules}")
                .with("rules", rules(&side.rules)),
        ),
        (Because::Baseline, _) => sentences.push(
            Reason::new("baseline", "No other policy selects it, and the baseline decides: {rules}")
                .with("rules", rules(&side.rules)),
        ),
        (Because::Open, true) => sentences.push(Reason::new(
            "egress-open",
            "Whether the source may send there depends on what is not known",
        )),
        (Because::Open, false) => sentences.push(Reason::new(
            "ingress-open",
            "Whether the destination accepts it depends on what is not known",
        )),
    }
    if !side.perhaps.is_empty() {
        sentences.push(
            Reason::new(
                "perhaps",
                "Some network plug-ins read these rules so that they apply, others do not: {rules}",
            )
            .with("rules", rules(&side.perhaps)),
        );
    }
    sentences
}

/// A rule as people look for it: the policy, and the path down to the peer and to the port.
fn written(rule: &RuleRef) -> String {
    match (rule.peer, rule.port, rule.port_path()) {
        (None, _, Some(port)) => format!("{} {port}", rule.policy),
        (Some(_), Some(port), _) => format!("{} {} ports[{port}]", rule.policy, rule.path()),
        _ => format!("{} {}", rule.policy, rule.path()),
    }
}
