//! What an identity holds, rule by rule, with what each rule is good for: the form that people read.

use serde::{Deserialize, Serialize};

use crate::facts::{PolicyRule, Subject};
use crate::object::ObjectRef;

use super::grant::{Grant, Reach};
use super::rights::Rights;
use super::rule;

/// What a rule is good for, the mightiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    /// Every verb on every resource.
    Everything,
    /// It changes something, or enters what runs.
    Changes,
    /// It reads Secrets, and changes nothing.
    ReadsSecrets,
    /// It reads.
    Reads,
    /// It gives no more than every authenticated identity has.
    Usual,
}

impl Power {
    /// What a rule is good for.
    pub fn of(rule: &PolicyRule) -> Self {
        let reads_secrets = || ["get", "list", "watch"].iter().any(|v| rule::allows(rule, v, "", "secrets"));
        if rule::is_everything(rule) {
            Self::Everything
        } else if rule::may_change(rule) {
            Self::Changes
        } else if reads_secrets() {
            Self::ReadsSecrets
        } else if rule::is_powerless(rule) {
            Self::Usual
        } else {
            Self::Reads
        }
    }
}

/// A rule that an identity holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What it is good for.
    pub power: Power,
    /// Where it holds.
    pub reach: Reach,
    /// What it says.
    pub rule: PolicyRule,
    /// The subject that the binding names: the identity or a group it is in.
    pub subject: Subject,
    /// The binding.
    pub binding: ObjectRef,
    /// The role that the binding gives.
    pub role: ObjectRef,
    /// The role that holds the rule, which is another one where `role` collects it.
    pub holder: ObjectRef,
    /// The number of the rule there, from zero.
    pub number: usize,
    /// Whether that role was not read: it is one that Kubernetes installs, and the rule is known from there. Its number says nothing then.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_built_in: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Held {
    /// Where the rule stands in its role: `rules[0]`.
    pub fn path(&self) -> String {
        rule_path(self.number)
    }
}

impl PolicyRule {
    /// The rule in words: `get, list pods, pods/log; only those named a, b`.
    pub fn words(&self) -> String {
        if rule::is_everything(self) {
            return "do everything".to_owned();
        }
        let is_any = self.verbs.iter().any(|verb| verb == "*");
        let verbs = if is_any { "do everything with".to_owned() } else { self.verbs.join(", ") };
        if !self.non_resource_urls.is_empty() {
            return format!("{verbs} the paths {}", self.non_resource_urls.join(", "));
        }
        let mut groups: Vec<&str> = self.api_groups.iter().map(String::as_str).collect();
        groups.retain(|group| !group.is_empty());
        let mut words = format!("{verbs} {}", self.resources.join(", "));
        if !groups.is_empty() {
            let core = if self.api_groups.iter().any(String::is_empty) { "core, " } else { "" };
            words = format!("{words} ({core}{})", groups.join(", "));
        }
        if !self.resource_names.is_empty() {
            words = format!("{words}, only those named {}", self.resource_names.join(", "));
        }
        words
    }
}

/// Where a rule stands in its role.
pub fn rule_path(number: usize) -> String {
    format!("rules[{number}]")
}

impl Rights {
    /// Every rule of every grant, the mightiest first.
    pub fn held(&self) -> Vec<Held> {
        let mut held: Vec<Held> = self.grants.iter().flat_map(of_grant).collect();
        held.sort_by(|a, b| {
            let order = |held: &Held| (held.power, held.reach.clone(), held.holder.clone(), held.number);
            order(a).cmp(&order(b))
        });
        held
    }
}

fn of_grant(grant: &Grant) -> impl Iterator<Item = Held> {
    grant.placed().map(|placed| Held {
        power: Power::of(placed.rule),
        reach: grant.reach.clone(),
        rule: placed.rule.clone(),
        subject: grant.subject.clone(),
        binding: grant.binding.clone(),
        role: grant.role.clone(),
        holder: placed.part.role.object(),
        number: placed.number,
        is_built_in: placed.part.is_built_in,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &[&str], resources: &[&str]) -> PolicyRule {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        PolicyRule {
            verbs: owned(verbs),
            api_groups: vec![String::new()],
            resources: owned(resources),
            ..PolicyRule::default()
        }
    }

    #[test]
    fn a_get_that_opens_a_shell_is_no_reading() {
        assert_eq!(Power::of(&rule(&["get"], &["pods/exec"])), Power::Changes);
        assert_eq!(Power::of(&rule(&["get"], &["nodes/proxy"])), Power::Changes);
        assert_eq!(Power::of(&rule(&["get"], &["*"])), Power::Changes, "every subresource is in it");
        assert_eq!(Power::of(&rule(&["list", "watch"], &["*"])), Power::ReadsSecrets);
        assert_eq!(Power::of(&rule(&["get"], &["pods", "pods/log"])), Power::Reads);
    }

    #[test]
    fn a_rule_reads_as_a_sentence_goes_on() {
        assert_eq!(rule(&["get", "list"], &["pods", "pods/log"]).words(), "get, list pods, pods/log");
        assert_eq!(rule(&["*"], &["pods"]).words(), "do everything with pods");
        let named = PolicyRule { resource_names: vec!["a".to_owned()], ..rule(&["get"], &["secrets"]) };
        assert_eq!(named.words(), "get secrets, only those named a");
        let groups = PolicyRule {
            api_groups: vec![String::new(), "events.k8s.io".to_owned()],
            ..rule(&["create"], &["events"])
        };
        assert_eq!(groups.words(), "create events (core, events.k8s.io)");
        let paths = PolicyRule {
            verbs: vec!["*".to_owned()],
            non_resource_urls: vec!["*".to_owned()],
            ..PolicyRule::default()
        };
        assert_eq!(paths.words(), "do everything with the paths *");
    }

    #[test]
    fn a_write_to_a_path_is_a_change_and_questions_are_none() {
        let path = |verb: &str, path: &str| PolicyRule {
            verbs: vec![verb.to_owned()],
            non_resource_urls: vec![path.to_owned()],
            ..PolicyRule::default()
        };
        assert_eq!(Power::of(&path("post", "/x")), Power::Changes);
        assert_eq!(Power::of(&path("get", "/metrics")), Power::Reads);
        assert_eq!(Power::of(&path("get", "/version")), Power::Usual);
        assert_eq!(Power::of(&rule(&["create"], &["selfsubjectaccessreviews"])), Power::Usual);
        assert_eq!(Power::of(&rule(&["create"], &["pods"])), Power::Changes);
        assert_eq!(Power::of(&rule(&["impersonate"], &["users"])), Power::Changes);
    }
}
