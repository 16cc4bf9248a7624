//! A role that a binding gives to a subject, and what it is good for.

use serde::{Deserialize, Serialize};

use crate::facts::{PolicyRule, Subject};
use crate::object::ObjectRef;

use super::leading::{Lead, Leading, leading_to};
use super::question::{Given, Question, Way};
use super::roles::{Behind, PlacedRule};
use super::rule;

/// Where a grant holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Everywhere.
    Cluster,
    /// In one namespace.
    Namespace(String),
}

/// A role that a binding gives to a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The binding.
    pub binding: ObjectRef,
    /// The role.
    pub role: ObjectRef,
    /// The subject of the binding that matched: the account itself or a group it is in. A missing namespace is filled in.
    pub subject: Subject,
    /// Where it holds.
    pub reach: Reach,
    /// The rules behind the role.
    pub(super) behind: Behind,
}

impl Grant {
    /// The rules, aggregated ones included.
    pub fn rules(&self) -> impl Iterator<Item = &PolicyRule> {
        self.placed().map(|placed| placed.rule)
    }

    /// The rules with where each stands: the role that holds it, which is another one where this one collects it, and its number there.
    pub fn placed_rules(&self) -> impl Iterator<Item = (ObjectRef, usize, &PolicyRule)> {
        self.placed().map(|placed| (placed.part.role.object(), placed.number, placed.rule))
    }

    /// The rules that count. What a RoleBinding gives holds in its namespace, and paths outside resources are in none.
    pub(super) fn placed(&self) -> impl Iterator<Item = PlacedRule<'_>> {
        let is_everywhere = self.reach == Reach::Cluster;
        self.behind.rules().filter(move |placed| is_everywhere || !placed.rule.resources.is_empty())
    }

    /// Whether it allows what is asked, in the namespace of the question or in the whole cluster.
    pub fn answers(&self, question: &Question) -> bool {
        let holds = match (&self.reach, question.scope()) {
            (Reach::Cluster, _) => true,
            (Reach::Namespace(name), Some(namespace)) => name == namespace,
            (Reach::Namespace(_), None) => false,
        };
        holds && self.rules().any(|rule| rule::answers(rule, question))
    }

    /// The first rule that allows what is asked.
    pub fn way(&self, question: &Question) -> Option<Way> {
        let mut rules = self.placed().filter(|placed| rule::answers(placed.rule, question));
        let placed = rules.next().filter(|_| self.answers(question))?;
        Some(Way::Rule(Box::new(Given {
            subject: self.subject.clone(),
            binding: self.binding.clone(),
            role: self.role.clone(),
            holder: placed.part.role.object(),
            rule: placed.number,
            is_built_in: placed.part.is_built_in,
        })))
    }

    /// Whether some rule allows a verb on a resource (`pods`, `pods/exec`) of a group; rules for named objects count.
    pub fn allows(&self, verb: &str, group: &str, resource: &str) -> bool {
        self.rules().any(|rule| rule::allows(rule, verb, group, resource))
    }

    /// Whether some rule allows every verb on every resource of every group, as `cluster-admin` does.
    pub fn is_everything(&self) -> bool {
        self.rules().any(rule::is_everything)
    }

    /// Whether some rule allows every verb on every resource of the core group, Secrets and pods among them.
    pub fn is_everything_of_core(&self) -> bool {
        self.rules().any(|rule| rule.resource_names.is_empty() && rule::allows(rule, "*", "", "*"))
    }

    /// Whether some rule changes something. Asking about one's own rights does not count.
    pub fn writes(&self) -> bool {
        self.rules().any(rule::writes)
    }

    /// Whether some rule could change anything at all: it writes, it sends to a path, or it opens a way into what runs.
    pub fn may_change(&self) -> bool {
        self.rules().any(rule::may_change)
    }

    /// Whether some rule opens a way into what runs in pods, behind Services or on nodes.
    pub fn opens_what_runs(&self) -> bool {
        self.rules().any(rule::opens_what_runs)
    }

    /// Whether some rule reads Secrets.
    pub fn reads_secrets(&self) -> bool {
        ["get", "list", "watch"].iter().any(|verb| self.allows(verb, "", "secrets"))
    }

    /// Whether some rule reads Secrets whatever they are called. A rule for named objects does not.
    pub fn reads_any_secret(&self) -> bool {
        let reads =
            |rule| ["get", "list", "watch"].iter().any(|verb| rule::allows(rule, verb, "", "secrets"));
        self.rules().any(|rule| rule.resource_names.is_empty() && reads(rule))
    }

    /// Whether some rule makes pods, or changes what others make them from: such pods may carry any account of their namespace.
    pub fn makes_pods(&self) -> bool {
        leading_to(Lead::MakePods).any(|right| self.act(right).is_some())
    }

    /// Whether some rule leads into pods that run: to a shell, or to another image.
    pub fn enters_pods(&self) -> bool {
        leading_to(Lead::EnterPods).any(|right| self.act(right).is_some())
    }

    /// The first verb by which some rule gives a right that leads further.
    pub fn act(&self, right: &Leading) -> Option<&'static str> {
        right.verbs.iter().find(|verb| self.allows(verb, right.group, right.resource)).copied()
    }

    /// Whether some rule lists or watches pods, whose environments hold tokens of other people.
    pub fn lists_pods(&self) -> bool {
        ["list", "watch"].iter().any(|verb| self.allows(verb, "", "pods"))
    }

    /// Whether it gives no more than every authenticated identity has: discovery, version, health, questions about oneself.
    pub fn is_powerless(&self) -> bool {
        self.rules().all(rule::is_powerless)
    }

    /// Whether a rule of it gives no more than every authenticated identity has.
    pub fn is_harmless(&self, rule: &PolicyRule) -> bool {
        rule::is_powerless(rule)
    }

    /// Whether it is one that Kubernetes or a distribution gives to every identity under its own names, and that does no harm: it changes
    /// nothing, reads no Secret and lists no pods.
    pub fn is_distributions(&self) -> bool {
        let is_for_everybody = self.subject.kind == "Group"
            && ["system:authenticated", "system:serviceaccounts"].contains(&self.subject.name.as_str());
        let is_own = self.binding.name.starts_with("system:") && self.role.name.starts_with("system:");
        let is_harmful = self.may_change() || self.reads_secrets() || self.enters_pods() || self.lists_pods();
        is_for_everybody && is_own && !is_harmful
    }

    /// Whether it gives more than every authenticated identity of the cluster has.
    pub fn is_excess(&self) -> bool {
        !self.is_powerless() && !self.is_distributions()
    }

    /// Whether it holds in this namespace.
    pub fn holds_in(&self, namespace: &str) -> bool {
        match &self.reach {
            Reach::Cluster => true,
            Reach::Namespace(name) => name == namespace,
        }
    }
}
