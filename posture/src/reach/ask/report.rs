//! An answer as JSON and as text.

use std::fmt::Write;

use serde::Serialize;

use super::Asked;
use crate::derived::EnforcementState;
use crate::hostile::visible;
use crate::network::{Basis, Direction, Verdict};
use crate::object::ObjectRef;
use crate::reach::{Found, explain};

/// An answer for a machine.
#[derive(Debug, Clone, Serialize)]
pub struct AskReport {
    from: String,
    to: String,
    /// What the policies say.
    verdict: Verdict,
    /// Whether anything enforces them.
    enforced: &'static str,
    /// Whether a connection comes about, with enforcement and the init container taken in.
    reaches: Verdict,
    /// What that rests on.
    basis: Basis,
    decided_by: Vec<Decision>,
    explanation: Vec<String>,
    /// What else was found, where the question has several ends that are not alike.
    others: Vec<Other>,
    notes: Vec<String>,
    gaps: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Decision {
    policy: PolicyView,
    /// The path of the rule within the policy; none where no rule of the policy allows it.
    rule: Option<String>,
    /// The path of the entry for the port.
    port: Option<String>,
    direction: Direction,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct PolicyView {
    kind: String,
    namespace: Option<String>,
    name: String,
}

#[derive(Debug, Clone, Serialize)]
struct Other {
    places: Vec<String>,
    verdict: Verdict,
    reaches: Verdict,
}

impl From<&ObjectRef> for PolicyView {
    fn from(object: &ObjectRef) -> Self {
        let ObjectRef { kind, namespace, name } = object;
        Self { kind: kind.to_string(), namespace: namespace.clone(), name: name.clone() }
    }
}

/// The rules that decide, and the policies whose lack of a rule decides.
fn decisions(found: &Found) -> Vec<Decision> {
    let answer = &found.policies;
    let mut decisions: Vec<Decision> = answer
        .decided_by()
        .into_iter()
        .map(|rule| Decision {
            policy: (&rule.policy).into(),
            rule: Some(rule.path()),
            port: rule.port_path(),
            direction: rule.direction,
        })
        .collect();
    for (direction, side) in [(Direction::Egress, &answer.egress), (Direction::Ingress, &answer.ingress)] {
        if side.verdict == Verdict::Denied && side.rules.is_empty() {
            decisions.extend(side.isolated_by.iter().map(|policy| Decision {
                policy: policy.into(),
                rule: None,
                port: None,
                direction,
            }));
        }
        if matches!(side.verdict, Verdict::CniDependent | Verdict::Unknown) {
            decisions.extend(side.perhaps.iter().map(|rule| Decision {
                policy: (&rule.policy).into(),
                rule: Some(rule.path()),
                port: rule.port_path(),
                direction,
            }));
        }
    }
    decisions
}

/// Whether anything enforces policies, in a word.
fn enforced(state: EnforcementState) -> &'static str {
    match state {
        EnforcementState::Enforced => "yes",
        EnforcementState::Likely => "likely",
        EnforcementState::NotEnforced => "no",
        EnforcementState::Unknown => "unknown",
    }
}

impl Asked {
    /// The answer for a machine.
    pub fn report(&self) -> Option<AskReport> {
        let (first, rest) = self.groups.split_first()?;
        let found = &first.found;
        let others = rest.iter().map(|group| Other {
            places: group.places.clone(),
            verdict: group.found.policies.verdict,
            reaches: group.found.verdict,
        });
        Some(AskReport {
            from: self.from.clone(),
            to: self.to.clone(),
            verdict: found.policies.verdict,
            enforced: enforced(self.enforcement.state),
            reaches: found.verdict,
            basis: found.basis,
            decided_by: decisions(found),
            explanation: explain(found).iter().map(ToString::to_string).collect(),
            others: others.collect(),
            notes: self.notes.iter().map(ToString::to_string).collect(),
            gaps: self.open(),
        })
    }

    /// What the answer cannot take in.
    fn open(&self) -> Vec<String> {
        let mut open = Vec::new();
        if self.enforcement.state != EnforcementState::Enforced {
            open.push(format!("whether anything enforces policies: {}", self.enforcement.reason));
        }
        open.extend(self.gaps.iter().map(ToString::to_string));
        open
    }

    /// The answer for a person.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line =
            |words: &str| writeln!(text, "{}", visible(words)).expect("writing to a String cannot fail");
        for (index, group) in self.groups.iter().enumerate() {
            let found = &group.found;
            let word = match found.policies.verdict {
                Verdict::Allowed => "allowed",
                Verdict::Denied => "denied",
                Verdict::CniDependent => "depends on the network plug-in",
                Verdict::Unknown => "unknown",
            };
            if index == 0 {
                line(&format!("{} to {}: {word}", self.from, self.to));
            } else {
                line(&format!("at {}: {word}", group.places.join(", ")));
            }
            for sentence in explain(found) {
                line(&format!("  {sentence}."));
            }
            let effect = match (found.verdict, found.basis) {
                (_, Basis::Likely) => "Policies are likely enforced, but that is not proven.",
                (_, Basis::Unknown) => "Whether anything enforces policies is not known.",
                _ => continue,
            };
            line(&format!("  {effect}"));
        }
        for note in &self.notes {
            line(&format!("Note: {note}."));
        }
        for open in self.open() {
            line(&format!("Not shown: {open}."));
        }
        text
    }
}

impl AskReport {
    /// The JSON text with a final line break.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        crate::output::to_json(self)
    }
}
