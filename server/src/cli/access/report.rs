//! The answer of `perijove access`, as text and as one JSON object.

use std::fmt::Write;

use posture::access::{
    Answer, Asked, BUILT_IN, Caller, Held, Holders, Named, Power, Question, Reach, Rights, Unresolved, Way,
    Ways, rule_path, subject,
};
use posture::facts::{PolicyRule, Subject};
use posture::gap::Gap;
use posture::hostile::visible;
use posture::object::ObjectRef;
use serde::Serialize;

use super::world::{World, is_of_files};
use crate::cli::Stopped;

/// What is printed.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whose rights; none where the question is who has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<SubjectView>,
    /// What was asked, if one thing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<QuestionView>,
    /// `allowed`, `denied` or `unknown`, where one subject was asked about one thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    /// Whether the API server asks RBAC: `yes`, `no` or `unknown`.
    enforced: &'static str,
    /// The rules that allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<Vec<DecidedBy>>,
    /// Who may do it.
    #[serde(skip_serializing_if = "Option::is_none")]
    subjects: Option<Vec<HolderView>>,
    /// Every rule of the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<RuleView>>,
    /// Whether the subject may have rules that were not seen; the gaps say which.
    #[serde(skip)]
    hides_rules: bool,
    /// The bindings that give roles which are not there to be judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unresolved: Vec<UnresolvedView>,
    /// Whose rights the subject could take, a sentence for each step.
    #[serde(skip_serializing_if = "Option::is_none")]
    ways: Option<WaysView>,
    /// What is not known.
    gaps: Vec<GapView>,
}

#[derive(Debug, Serialize)]
struct SubjectView {
    kind: String,
    namespace: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(skip)]
    key: String,
}

#[derive(Debug, Serialize)]
struct QuestionView {
    verb: String,
    group: Option<String>,
    resource: Option<String>,
    name: Option<String>,
    path: Option<String>,
    namespace: Option<String>,
    #[serde(skip)]
    words: String,
}

/// One rule that decides.
#[derive(Debug, Clone, Serialize)]
struct DecidedBy {
    /// The role that holds the rule; none for the group that needs none.
    policy: Option<ObjectView>,
    /// Where it stands in it.
    rule: Option<String>,
    /// The binding that gives the role.
    binding: Option<ObjectView>,
    /// The subject that the binding names.
    subject: String,
    /// Whether the role was not read: then these are rules with which Kubernetes installs it, and others may have been added.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    built_in: bool,
}

/// A binding that gives a role of which no rule is known.
#[derive(Debug, Serialize)]
struct UnresolvedView {
    binding: ObjectView,
    role: ObjectView,
    /// The subject that the binding names.
    subject: String,
    /// The namespace where it holds; none means everywhere.
    namespace: Option<String>,
    /// Whether it is proven that there is no such role.
    is_missing: bool,
    /// What is not known, or what it lacks.
    reason: String,
}

#[derive(Debug, Clone, Serialize)]
struct ObjectView {
    kind: String,
    namespace: Option<String>,
    name: String,
}

#[derive(Debug, Serialize)]
struct HolderView {
    #[serde(flatten)]
    subject: SubjectView,
    decided_by: Vec<DecidedBy>,
}

#[derive(Debug, Serialize)]
struct RuleView {
    power: Power,
    /// The namespace where it holds; none means everywhere.
    namespace: Option<String>,
    #[serde(flatten)]
    rule: PolicyRule,
    decided_by: DecidedBy,
    #[serde(skip)]
    words: String,
}

#[derive(Debug, Serialize)]
struct WaysView {
    is_administrator: bool,
    paths: Vec<Vec<String>>,
    more: usize,
    /// Secrets that it may read and of which it is not known whether they hold tokens of further accounts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<String>,
    #[serde(skip)]
    is_hidden: bool,
}

#[derive(Debug, Serialize)]
struct GapView {
    kind: Option<String>,
    namespace: Option<String>,
    reason: String,
    permission: Option<String>,
}

impl Report {
    pub(super) fn new(world: &World) -> Self {
        let mut gaps: Vec<GapView> = world.gaps.iter().map(GapView::new).collect();
        if world.enforced == "unknown" {
            let reason = if world.is_files {
                "these files do not show whether the API server asks RBAC"
            } else {
                "it is not known whether the API server asks RBAC, or another authoriser beside it"
            };
            let reason = world.doubt.as_deref().map_or_else(
                || reason.to_owned(),
                |doubt| format!("whether the API server asks RBAC, and nothing else. {doubt}"),
            );
            gaps.push(GapView { kind: None, namespace: None, reason, permission: None });
        }
        Self {
            subject: None,
            hides_rules: false,
            question: None,
            verdict: None,
            enforced: world.enforced,
            decided_by: None,
            subjects: None,
            rules: None,
            unresolved: Vec::new(),
            ways: None,
            gaps,
        }
    }

    /// Says whose rights are told.
    pub(super) fn subject(&mut self, caller: &Caller) {
        let groups = caller.subjects().iter().skip(1).map(|group| group.name.clone()).collect();
        self.subject = Some(SubjectView { groups, ..SubjectView::new(caller.identity()) });
    }

    /// Names the bindings whose roles are not there to be judged.
    pub(super) fn unresolved(&mut self, all: &[Unresolved]) {
        self.unresolved = all.iter().map(UnresolvedView::new).collect();
    }

    /// The answer about one subject and one thing.
    pub(super) fn may(&mut self, question: &Question, answer: &Answer, unresolved: &[Unresolved]) {
        // What is allowed already stays allowed, whatever else a role gives.
        if !matches!(answer, Answer::Allowed(_)) {
            self.unresolved(unresolved);
        }
        self.question = Some(QuestionView::new(question));
        let mut decided_by = Vec::new();
        self.verdict = Some(match answer {
            Answer::Allowed(way) => {
                decided_by.push(DecidedBy::new(way));
                "allowed"
            }
            Answer::Denied => "denied",
            Answer::Unknown(gap) => {
                self.add(gap);
                "unknown"
            }
        });
        self.decided_by = Some(decided_by);
    }

    /// The answer about everybody and one thing.
    pub(super) fn who(&mut self, question: &Question, holders: &Holders, unresolved: &[Unresolved]) {
        self.unresolved(unresolved);
        self.question = Some(QuestionView::new(question));
        let view = |(subject, ways): (&Subject, &Vec<Way>)| HolderView {
            subject: SubjectView::new(subject),
            decided_by: ways.iter().map(DecidedBy::new).collect(),
        };
        self.subjects = Some(holders.ways.iter().map(view).collect());
        holders.gap.iter().for_each(|gap| self.add(gap));
    }

    /// The answer about one subject and everything.
    pub(super) fn holds(&mut self, rights: &Rights, ways: &Ways, is_master: bool) {
        self.rules = Some(rights.held().iter().map(RuleView::new).collect());
        self.ways = Some(WaysView {
            is_administrator: is_master || ways.is_administrator,
            paths: ways
                .paths
                .iter()
                .map(|path| path.iter().map(|step| format!("{step}.")).collect())
                .collect(),
            more: ways.more,
            secrets: ways.secrets.iter().map(|read| format!("{read}.")).collect(),
            is_hidden: ways.gap.is_some(),
        });
        self.hides_rules = rights.gap.is_some();
        self.unresolved(&rights.unresolved);
        rights.gap.iter().chain(&ways.gap).for_each(|gap| self.add(gap));
    }

    fn add(&mut self, gap: &Gap) {
        let gap = GapView::new(gap);
        if self.gaps.iter().all(|known| known.reason != gap.reason) {
            self.gaps.push(gap);
        }
    }

    pub(super) fn json(&self) -> Result<String, Stopped> {
        posture::output::to_json(self)
            .map_err(|error| Stopped::input(format!("the answer cannot be written as JSON: {error}")))
    }

    /// The answer in words. No character in it can control a terminal.
    pub(super) fn text(&self) -> String {
        let mut lines = Vec::new();
        let who = self.subject.as_ref().map_or("", |subject| subject.key.as_str());
        if let (Some(question), Some(verdict)) = (&self.question, self.verdict) {
            let words = &question.words;
            lines.push(match verdict {
                "allowed" => format!("{who} may {words}."),
                "denied" => format!("{who} may not {words}: no rule allows it."),
                _ => format!("Whether {who} may {words} is unknown."),
            });
        }
        lines.extend(self.decided_by.iter().flatten().map(|way| format!("  by {}", way.words())));
        if let (Some(question), Some(subjects)) = (&self.question, &self.subjects) {
            lines.push(format!("These may {}:", question.words));
            for holder in subjects {
                lines.push(format!("  {}", holder.subject.key));
                lines.extend(holder.decided_by.iter().map(|way| format!("    by {}", way.words())));
            }
        }
        if let Some(rules) = &self.rules {
            lines.push(match (rules.is_empty(), self.hides_rules) {
                (false, _) => format!("{who} may:"),
                (true, false) => format!("{who} may nothing."),
                (true, true) => {
                    format!("No right of {who} was seen, and what is not known below may give some.")
                }
            });
            for rule in rules {
                lines.push(format!("  {}", rule.words));
                lines.push(format!("    by {}", rule.decided_by.words()));
            }
        }
        if !self.unresolved.is_empty() {
            lines.push(String::new());
            lines.extend(self.unresolved.iter().map(UnresolvedView::words));
        }
        if let Some(ways) = &self.ways {
            lines.push(String::new());
            lines.push(ways.headline().to_owned());
            for path in &ways.paths {
                let steps = path.iter().enumerate();
                lines.extend(steps.map(|(at, step)| format!("  {} {step}", if at == 0 { "-" } else { " " })));
            }
            if ways.more > 0 {
                lines.push(format!("  - and {} more", ways.more));
            }
            lines.extend(ways.secrets.iter().map(|read| format!("  ? {read}")));
        }
        lines.push(String::new());
        lines.push(format!("Enforced: {}.", self.enforced));
        lines.extend(self.gaps.iter().map(|gap| format!("Not known: {}.", gap.reason)));
        lines.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{}", visible(line));
            text
        })
    }
}

impl SubjectView {
    fn new(subject: &Subject) -> Self {
        Self {
            kind: subject.kind.clone(),
            namespace: subject.namespace.clone(),
            name: subject.name.clone(),
            groups: Vec::new(),
            key: subject::key(subject),
        }
    }
}

impl QuestionView {
    fn new(question: &Question) -> Self {
        let mut view = Self {
            verb: question.verb.clone(),
            group: None,
            resource: None,
            name: None,
            path: None,
            namespace: question.namespace.clone(),
            words: question.words(),
        };
        match &question.asked {
            Asked::Path(path) => view.path = Some(path.clone()),
            Asked::Resource { group, resource, name } => {
                view.group = Some(group.clone());
                view.resource = Some(resource.clone());
                if let Named::As(name) = name {
                    view.name = Some(name.clone());
                }
            }
        }
        view
    }
}

impl DecidedBy {
    fn new(way: &Way) -> Self {
        match way {
            Way::Masters => Self {
                policy: None,
                rule: None,
                binding: None,
                subject: "group:system:masters".to_owned(),
                built_in: false,
            },
            Way::Rule(given) => Self {
                policy: Some(ObjectView::new(&given.holder)),
                rule: (!given.is_built_in).then(|| rule_path(given.rule)),
                binding: Some(ObjectView::new(&given.binding)),
                subject: subject::key(&given.subject),
                built_in: given.is_built_in,
            },
        }
    }

    fn words(&self) -> String {
        match (&self.policy, &self.rule, &self.binding) {
            (Some(policy), Some(rule), Some(binding)) => {
                format!("{rule} of {}, given by {} to {}", policy.words(), binding.words(), self.subject)
            }
            (Some(policy), None, Some(binding)) => {
                format!("{} ({BUILT_IN}), given by {} to {}", policy.words(), binding.words(), self.subject)
            }
            _ => "the group system:masters, which the API server allows everything".to_owned(),
        }
    }
}

impl ObjectView {
    fn new(object: &ObjectRef) -> Self {
        Self { kind: object.kind.to_string(), namespace: object.namespace.clone(), name: object.name.clone() }
    }

    fn words(&self) -> String {
        let place = self.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        format!("{}/{place}{}", self.kind, self.name)
    }
}

impl RuleView {
    fn new(held: &Held) -> Self {
        let namespace = match &held.reach {
            Reach::Cluster => None,
            Reach::Namespace(namespace) => Some(namespace.clone()),
        };
        let place = namespace.as_ref().map_or_else(
            || "in the whole cluster".to_owned(),
            |namespace| format!("in namespace {namespace}"),
        );
        Self {
            power: held.power,
            words: format!("{} {place}", held.rule.words()),
            namespace,
            rule: held.rule.clone(),
            decided_by: DecidedBy {
                policy: Some(ObjectView::new(&held.holder)),
                rule: (!held.is_built_in).then(|| held.path()),
                binding: Some(ObjectView::new(&held.binding)),
                subject: subject::key(&held.subject),
                built_in: held.is_built_in,
            },
        }
    }
}

impl UnresolvedView {
    fn new(of: &Unresolved) -> Self {
        let namespace = match &of.reach {
            Reach::Cluster => None,
            Reach::Namespace(namespace) => Some(namespace.clone()),
        };
        Self {
            binding: ObjectView::new(&of.binding),
            role: ObjectView::new(&of.role),
            subject: subject::key(&of.subject),
            namespace,
            is_missing: of.gap.is_none(),
            reason: of.words(),
        }
    }

    fn words(&self) -> String {
        format!("{} gives {} to {}: {}.", self.binding.words(), self.role.words(), self.subject, self.reason)
    }
}

impl WaysView {
    fn headline(&self) -> &'static str {
        if self.is_administrator {
            "It administers the cluster, or can make itself able to:"
        } else if self.paths.is_empty() && !self.secrets.is_empty() {
            "Whether it can take the rights of another account is not known:"
        } else if self.paths.is_empty() && self.is_hidden {
            "No way to the rights of another account was found, but what is not known below may hide one."
        } else if self.paths.is_empty() {
            "No way to the rights of another account was found."
        } else {
            "It can take the rights of others:"
        }
    }
}

impl GapView {
    fn new(gap: &Gap) -> Self {
        let plural = gap.kind.info().plural;
        let reason = if is_of_files(gap) {
            format!("what {plural} the cluster has beside those in the files")
        } else {
            gap.to_string()
        };
        Self {
            kind: Some(gap.kind.to_string()),
            namespace: gap.namespace.clone(),
            reason,
            permission: Some(gap.permission()),
        }
    }
}
