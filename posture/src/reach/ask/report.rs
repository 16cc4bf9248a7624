//! An answer as JSON and as text.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde::Serialize;

use super::Asked;
use crate::derived::EnforcementState;
use crate::hostile::visible;
use crate::network::{Basis, Direction, Verdict};
use crate::object::ObjectRef;
use crate::reach::found::rank;
use crate::reach::{Found, Group, explain};

/// An answer for a machine.
#[derive(Debug, Clone, Serialize)]
pub struct AskReport {
    from: String,
    to: String,
    /// The answer, as the first line for people says it; of several ends, about the one that is most open.
    verdict: Verdict,
    /// What the policies alone say, likewise.
    policies: Verdict,
    /// Whether anything enforces them.
    enforced: &'static str,
    /// Whether a connection comes about, with enforcement and the init container taken in; of several ends, with any of them.
    reaches: Verdict,
    /// What that rests on.
    basis: Basis,
    decided_by: Vec<Decision>,
    explanation: Vec<String>,
    /// Every end that was asked about, those with the same answer as one.
    ends: Vec<Ends>,
    notes: Vec<String>,
    gaps: Vec<String>,
}

/// Ends with the same answer.
#[derive(Debug, Clone, Serialize)]
struct Ends {
    places: Vec<String>,
    /// How many further places are left out.
    left_out: usize,
    verdict: Verdict,
    policies: Verdict,
    reaches: Verdict,
    basis: Basis,
    decided_by: Vec<Decision>,
    explanation: Vec<String>,
}

impl Ends {
    fn new(group: &Group) -> Self {
        let Group { found, places, left_out } = group;
        Self {
            places: places.clone(),
            left_out: *left_out,
            verdict: said(found),
            policies: found.policies.verdict,
            reaches: found.verdict,
            basis: found.basis,
            decided_by: decisions(found),
            explanation: sentences(found),
        }
    }
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

/// Why, in sentences without a full stop.
fn sentences(found: &Found) -> Vec<String> {
    explain(found).iter().map(|reason| capital(&reason.to_string())).collect()
}

/// The text with a capital letter at its beginning.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What policies say, in a word.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied => "denied",
        Verdict::CniDependent => "depends on the network plug-in",
        Verdict::Unknown => "unknown",
    }
}

/// The answer in words: what policies say, and what becomes of it where that is something else.
fn headline(found: &Found) -> String {
    let policies = found.policies.verdict;
    match (found.verdict, found.basis) {
        (Verdict::Allowed, Basis::NoPolicies) if policies != Verdict::Allowed => {
            format!("reached, for nothing enforces policies (which say: {})", word(policies))
        }
        (Verdict::Denied, _) if policies != Verdict::Denied => {
            format!("blocked in the pod (policies say: {})", word(policies))
        }
        (Verdict::Unknown, Basis::Unknown) if is_open_here(found) => {
            format!("unknown (policies say: {})", word(policies))
        }
        _ => word(policies).to_owned(),
    }
}

/// The answer as a verdict: what the headline says.
fn said(found: &Found) -> Verdict {
    match (found.verdict, found.basis) {
        (Verdict::Allowed, Basis::NoPolicies) | (Verdict::Denied, _) => found.verdict,
        (Verdict::Unknown, Basis::Unknown) if is_open_here(found) => Verdict::Unknown,
        _ => found.policies.verdict,
    }
}

/// Whether something else than what is known of the whole cluster keeps an answer open: an init container, or the node.
fn is_open_here(found: &Found) -> bool {
    found.policies.verdict == Verdict::Allowed || found.policies.weak.is_some()
}

impl Asked {
    /// The answer for a machine.
    pub fn report(&self) -> Option<AskReport> {
        let first = &self.groups.first()?.found;
        let most_open = |verdict: fn(&Found) -> Verdict| {
            self.groups.iter().map(|group| verdict(&group.found)).max_by_key(|verdict| rank(*verdict))
        };
        let verdict = most_open(said)?;
        let mut decided_by = Vec::new();
        let deciding = self.groups.iter().map(|group| &group.found);
        let deciding = deciding.filter(|found| said(found) == verdict);
        for decision in deciding.clone().flat_map(decisions) {
            if !decided_by.contains(&decision) {
                decided_by.push(decision);
            }
        }
        let ends: Vec<Ends> = self.groups.iter().map(Ends::new).collect();
        let explanation = if self.groups.len() == 1 {
            sentences(first)
        } else {
            let told = |group: &Group| {
                let why = sentences(&group.found).join(". ");
                format!("{}: {}. {why}", places(group), headline(&group.found))
            };
            self.groups.iter().map(told).collect()
        };
        Some(AskReport {
            from: self.from.clone(),
            to: self.to.clone(),
            verdict,
            policies: most_open(|found| found.policies.verdict)?,
            enforced: enforced(self.enforcement.state),
            reaches: first.verdict,
            basis: first.basis,
            decided_by,
            explanation,
            ends,
            notes: self.notes.iter().map(ToString::to_string).collect(),
            gaps: self.open(),
        })
    }

    /// What the answer cannot take in.
    fn open(&self) -> Vec<String> {
        let mut open = Vec::new();
        let rests_on_it = self.groups.iter().any(|group| group.found.basis != Basis::Certain);
        if self.enforcement.state != EnforcementState::Enforced && rests_on_it {
            open.push(format!("whether anything enforces policies: {}", self.enforcement.reason));
        }
        let weak: BTreeSet<String> = self
            .groups
            .iter()
            .filter_map(|group| group.found.policies.weak.as_ref())
            .map(ToString::to_string)
            .collect();
        if self.enforcement.state != EnforcementState::NotEnforced {
            open.extend(
                weak.into_iter().map(|why| format!("whether policies are enforced where it runs: {why}")),
            );
        }
        open.extend(self.gaps.iter().map(ToString::to_string));
        open
    }

    /// The answer for a person.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line =
            |words: &str| writeln!(text, "{}", visible(words)).expect("writing to a String cannot fail");
        let mut answers: Vec<String> = self.groups.iter().map(|group| headline(&group.found)).collect();
        answers.dedup();
        match &answers[..] {
            [one] => line(&format!("{} to {}: {one}", self.from, self.to)),
            [_, ..] => {
                let furthest = self.groups.iter().rev().max_by_key(|group| rank(said(&group.found)));
                let first = furthest.map(|group| headline(&group.found)).unwrap_or_default();
                line(&format!("{} to {}: {first} in some cases", self.from, self.to));
            }
            [] => {}
        }
        for group in &self.groups {
            let indent = if self.groups.len() > 1 {
                line(&format!("  {}: {}", places(group), headline(&group.found)));
                "    "
            } else {
                "  "
            };
            for sentence in sentences(&group.found) {
                line(&format!("{indent}{sentence}."));
            }
            let effect = match group.found.basis {
                Basis::Likely => "Policies are likely enforced, but that is not proven.",
                Basis::Unknown if group.found.policies.weak.is_some() => {
                    "Whether policies are enforced where it runs is not known."
                }
                Basis::Unknown
                    if group.found.barrier.is_none() || group.found.policies.verdict != Verdict::Allowed =>
                {
                    "Whether anything enforces policies is not known."
                }
                _ => continue,
            };
            line(&format!("{indent}{effect}"));
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

/// The places of an answer in words.
fn places(group: &Group) -> String {
    let places = group.places.join(", ");
    if group.left_out == 0 { places } else { format!("{places} and {} more", group.left_out) }
}

impl AskReport {
    /// The JSON text with a final line break.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        crate::output::to_json(self)
    }
}
