//! What the evaluator says: the verdict for each direction, and the rules behind it, as data.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::derived::{Enforcement, EnforcementState};
use crate::gap::Unknown;
use crate::object::ObjectRef;
use crate::text::Reason;

/// Whether a connection comes about, as far as policies decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No policy is in the way.
    Allowed,
    /// A policy is in the way.
    Denied,
    /// Network plug-ins read a rule in different ways, and it is not known which one runs.
    CniDependent,
    /// Something that decides could not be read.
    Unknown,
}

/// A direction, as seen from the pod whose policies are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// What it receives.
    Ingress,
    /// What it sends.
    Egress,
}

/// One rule of a policy, and within it the peer and the port that apply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleRef {
    /// The policy.
    pub policy: ObjectRef,
    /// The direction.
    pub direction: Direction,
    /// The place in `spec.egress` or `spec.ingress`.
    pub rule: usize,
    /// The place in `to` or `from`; `None` where the rule is about everybody.
    pub peer: Option<usize>,
    /// The place in `ports`; `None` where the rule is about all ports.
    pub port: Option<usize>,
}

impl RuleRef {
    /// The path of the rule within its policy, down to the peer: `spec.egress[2].to[0]`.
    pub fn path(&self) -> String {
        let (direction, peers) = self.words();
        let peer = self.peer.map(|index| format!(".{peers}[{index}]")).unwrap_or_default();
        format!("spec.{direction}[{}]{peer}", self.rule)
    }

    /// The path of the entry for the port, where the rule has one: `spec.egress[2].ports[1]`.
    pub fn port_path(&self) -> Option<String> {
        let (direction, _) = self.words();
        self.port.map(|index| format!("spec.{direction}[{}].ports[{index}]", self.rule))
    }

    fn words(&self) -> (&'static str, &'static str) {
        match self.direction {
            Direction::Egress => ("egress", "to"),
            Direction::Ingress => ("ingress", "from"),
        }
    }
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.policy, self.path())?;
        self.port_path().map_or(Ok(()), |path| write!(f, " {path}"))
    }
}

/// Why a direction has its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// Policies do not hold for this end: it is outside the cluster, or shares a node's network.
    OutsidePolicies,
    /// It does not leave the pod: it goes to a loopback address, or to the pod that sends it.
    WithinPod,
    /// It comes from the node that the pod runs on, which is always let in.
    OwnNode,
    /// No policy selects the pod for this direction.
    NotIsolated,
    /// A rule of a policy that selects the pod allows it.
    Rule,
    /// Policies select the pod, and no rule of theirs allows it.
    NoRule,
    /// A rule of an `AdminNetworkPolicy` decides before all others.
    Admin,
    /// No other policy selects the pod, and a rule of the `BaselineAdminNetworkPolicy` decides.
    Baseline,
    /// It cannot be told, or it depends on the network plug-in.
    Open,
}

/// The verdict for one direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub because: Because,
    /// The NetworkPolicies that select the pod for this direction, sorted.
    pub isolated_by: Vec<ObjectRef>,
    /// The rules that apply for certain, sorted: those that allow it, or the one of an administrator's policy that decides.
    pub rules: Vec<RuleRef>,
    /// Rules that apply under some network plug-ins only, or of which it cannot be told, sorted.
    pub perhaps: Vec<RuleRef>,
}

/// Whether one end reaches the other at a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The verdict if policies are enforced; see [`Answer::as_enforced`].
    pub verdict: Verdict,
    /// What the source may send.
    pub egress: Side,
    /// What the destination accepts.
    pub ingress: Side,
    /// What keeps the answer open, for [`Verdict::Unknown`]; else empty.
    pub unknown: Vec<Unknown>,
    /// Why a denial may not hold where the ends run, although something enforces policies elsewhere; `None` for all else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weak: Option<Reason>,
}

impl Answer {
    /// The policies and rules that decide: those that allow it, or, where it is denied, the rule that denies it. A denial by the lack of a
    /// rule is in [`Side::isolated_by`].
    pub fn decided_by(&self) -> Vec<&RuleRef> {
        let sides = [&self.egress, &self.ingress];
        let decides = |side: &&&Side| self.verdict != Verdict::Denied || side.verdict == Verdict::Denied;
        let rules: BTreeSet<_> = sides.iter().filter(decides).flat_map(|side| &side.rules).collect();
        rules.into_iter().collect()
    }

    /// The answer for a cluster in which policies are enforced as this says.
    pub fn as_enforced(&self, enforcement: &Enforcement) -> Enforced {
        let verdict = self.verdict;
        match enforcement.state {
            // What policies allow is allowed without them too; what they deny may not be.
            EnforcementState::Likely | EnforcementState::Unknown if verdict == Verdict::Allowed => {
                Enforced { verdict, basis: Basis::Certain }
            }
            EnforcementState::Enforced | EnforcementState::Likely if self.weak.is_some() => {
                Enforced { verdict: Verdict::Unknown, basis: Basis::Unknown }
            }
            EnforcementState::Enforced => Enforced { verdict, basis: Basis::Certain },
            EnforcementState::NotEnforced => Enforced { verdict: Verdict::Allowed, basis: Basis::NoPolicies },
            EnforcementState::Likely => Enforced { verdict, basis: Basis::Likely },
            EnforcementState::Unknown => Enforced { verdict: Verdict::Unknown, basis: Basis::Unknown },
        }
    }
}

/// An answer with what is known of enforcement taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enforced {
    /// Whether a connection comes about.
    pub verdict: Verdict,
    /// What that rests on.
    pub basis: Basis,
}

/// What an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Policies are enforced, or the answer is the same without them.
    Certain,
    /// Nothing enforces policies: the answer is as if there were none.
    NoPolicies,
    /// Policies are likely enforced: a denial is not sure.
    Likely,
    /// Whether policies are enforced is not known, and the answer depends on it.
    Unknown,
}
