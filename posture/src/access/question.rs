//! One question to RBAC and its answer, in both directions: may this caller do it, and who may.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::facts::{Binding, Subject};
use crate::gap::Gap;
use crate::object::ObjectRef;

use super::rights::RightsIndex;
use super::roles::{self, Behind};
use super::rule;
use super::subject::{Caller, group, meant};
use super::unresolved::{Unresolved, sorted};

/// What somebody wants to do, as a `SubjectAccessReview` has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// The verb: `get`, `create`, `impersonate`, …
    pub verb: String,
    /// With what.
    pub asked: Asked,
    /// Where; `None` is the whole cluster, which RoleBindings never give.
    pub namespace: Option<String>,
}

/// With what somebody wants to do something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// A resource.
    Resource {
        /// The API group; the empty string is the core group.
        group: String,
        /// The resource, with the subresource after a slash if there is one: `pods/exec`.
        resource: String,
        /// Which object.
        name: Named,
    },
    /// A path outside resources, such as `/metrics`.
    Path(String),
}

/// Which object a question means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// None: all of them, as `list` and `create` ask.
    Not,
    /// This one.
    As(String),
    /// At least one of them, whatever its name: no request asks so, but a rule for named objects answers.
    Any,
}

/// Whether somebody may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A rule allows it; this is the first one that was found.
    Allowed(Way),
    /// Nothing allows it, and everything that could was read.
    Denied,
    /// Nothing that was seen allows it, and this may hide something that does.
    Unknown(Gap),
}

/// How somebody may do something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// A rule of a role.
    Rule(Box<Given>),
    /// The group `system:masters`, which the API server allows everything without asking RBAC.
    Masters,
}

/// A rule that a binding gives to a subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Given {
    /// The subject of the binding that matched: the identity or a group it is in.
    pub subject: Subject,
    /// The binding.
    pub binding: ObjectRef,
    /// The role that it gives.
    pub role: ObjectRef,
    /// The role that holds the rule. It is another one where `role` collects the rules of others and no controller has merged them.
    pub holder: ObjectRef,
    /// The number of the rule in it, from zero.
    pub rule: usize,
    /// Whether that role was not read: it is one that Kubernetes installs, and the rule is known from there. Its number says nothing then.
    pub is_built_in: bool,
}

/// Who may do something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders {
    /// Every subject that a binding names for it, with every binding that gives it. Groups stand for themselves.
    pub ways: BTreeMap<Subject, Vec<Way>>,
    /// What may hide more.
    pub gap: Option<Gap>,
}

impl Question {
    /// A question about all objects of a resource (`pods`, `pods/exec`) of a group, in the whole cluster.
    pub fn new(verb: &str, group: &str, resource: &str) -> Self {
        let (group, resource) = (group.to_owned(), resource.to_owned());
        let asked = Asked::Resource { group, resource, name: Named::Not };
        Self { verb: verb.to_owned(), asked, namespace: None }
    }

    /// A question about a path outside resources.
    pub fn path(verb: &str, path: &str) -> Self {
        Self { verb: verb.to_owned(), asked: Asked::Path(path.to_owned()), namespace: None }
    }

    /// The same in one namespace.
    pub fn within(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// The same about the object of this name.
    pub fn named(self, wanted: &str) -> Self {
        self.about(Named::As(wanted.to_owned()))
    }

    /// The same about at least one object, whatever its name.
    pub fn some(self) -> Self {
        self.about(Named::Any)
    }

    fn about(mut self, wanted: Named) -> Self {
        if let Asked::Resource { name, .. } = &mut self.asked {
            *name = wanted;
        }
        self
    }

    /// The namespace whose RoleBindings count; paths are in none.
    pub(super) fn scope(&self) -> Option<&str> {
        match self.asked {
            Asked::Resource { .. } => self.namespace.as_deref().filter(|namespace| !namespace.is_empty()),
            Asked::Path(_) => None,
        }
    }
}

impl Answer {
    /// Whether it is allowed, or what may hide that.
    pub fn is_allowed(&self) -> Result<bool, Gap> {
        match self {
            Self::Allowed(_) => Ok(true),
            Self::Denied => Ok(false),
            Self::Unknown(gap) => Err(gap.clone()),
        }
    }
}

impl Holders {
    /// Everybody, or the gap that may hide some.
    pub fn complete(&self) -> Result<&BTreeMap<Subject, Vec<Way>>, Gap> {
        self.gap.clone().map_or(Ok(&self.ways), Err)
    }
}

impl RightsIndex {
    /// Whether a caller may do something.
    pub fn may(&self, caller: &Caller, question: &Question) -> Answer {
        if caller.is_master() {
            return Answer::Allowed(Way::Masters);
        }
        let mut hidden = None;
        for subject in caller.subjects() {
            for binding in self.bindings_in(subject, question.scope()) {
                let behind = self.behind(binding);
                if let Some(way) = way(subject, binding, &behind, question) {
                    return Answer::Allowed(way);
                }
                hidden = hidden.or(behind.gap);
            }
        }
        hidden.or_else(|| self.hidden_bindings(question)).map_or(Answer::Denied, Answer::Unknown)
    }

    /// Everybody who may do something.
    pub fn who_may(&self, question: &Question) -> Holders {
        let mut holders = Holders::default();
        holders.ways.insert(group("system:masters"), vec![Way::Masters]);
        // Thousands of bindings give the same few roles.
        let mut judged: BTreeMap<(&str, ObjectRef), Behind> = BTreeMap::new();
        for binding in self.bindings_for(question) {
            let behind =
                judged.entry((&binding.role_ref.kind, roles::object(binding))).or_insert_with(|| {
                    let mut behind = self.behind(binding);
                    let allows = behind.rules().any(|placed| rule::answers(placed.rule, question));
                    if !allows {
                        behind.parts = Arc::default();
                    }
                    behind
                });
            if behind.parts.is_empty() {
                holders.gap = holders.gap.or_else(|| behind.gap.clone());
                continue;
            }
            for subject in binding.subjects.iter().filter_map(|subject| meant(subject, binding)) {
                let Some(way) = way(&subject, binding, behind, question) else { continue };
                let ways = holders.ways.entry(subject).or_default();
                // A binding may name a subject twice.
                if ways.last() != Some(&way) {
                    ways.push(way);
                }
            }
        }
        holders.gap = holders.gap.or_else(|| self.hidden_bindings(question));
        holders
    }

    /// The bindings that may give a caller what is asked, by roles whose rules are not there to be judged.
    pub fn unresolved(&self, caller: &Caller, question: &Question) -> Vec<Unresolved> {
        let of = |subject| {
            let bindings = self.bindings_in(subject, question.scope());
            bindings.filter_map(|binding| self.unresolved_by(binding, subject))
        };
        sorted(caller.subjects().iter().flat_map(of).collect())
    }

    /// The bindings that may give anybody what is asked, by roles whose rules are not there to be judged.
    pub fn unresolved_for(&self, question: &Question) -> Vec<Unresolved> {
        let of = |binding: &Arc<Binding>| {
            let subjects = binding.subjects.iter().filter_map(|subject| meant(subject, binding));
            subjects.filter_map(|subject| self.unresolved_by(binding, &subject)).collect::<Vec<_>>()
        };
        sorted(self.bindings_for(question).flat_map(of).collect())
    }

    fn unresolved_by(&self, binding: &Binding, subject: &Subject) -> Option<Unresolved> {
        Unresolved::of(binding, subject, &self.behind(binding))
    }

    /// The bindings that can answer a question.
    fn bindings_for<'a>(&'a self, question: &'a Question) -> impl Iterator<Item = &'a Arc<Binding>> {
        let local =
            question.scope().into_iter().flat_map(|namespace| self.role_bindings.present_in(namespace));
        self.cluster_role_bindings.present().chain(local)
    }

    /// What may hide bindings that can answer a question.
    fn hidden_bindings(&self, question: &Question) -> Option<Gap> {
        let local = || question.scope().and_then(|namespace| self.role_bindings.complete_in(namespace).err());
        self.cluster_role_bindings.complete().err().or_else(local)
    }
}

/// How a binding allows a subject what is asked, if it does.
fn way(subject: &Subject, binding: &Binding, behind: &Behind, question: &Question) -> Option<Way> {
    let placed = behind.rules().find(|placed| rule::answers(placed.rule, question))?;
    Some(Way::Rule(Box::new(Given {
        subject: subject.clone(),
        binding: binding.object(),
        role: roles::object(binding),
        holder: placed.part.role.object(),
        rule: placed.number,
        is_built_in: placed.part.is_built_in,
    })))
}
