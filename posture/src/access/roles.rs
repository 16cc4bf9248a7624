//! The rules behind a binding: those of its role, and those of the roles that an aggregated one collects.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, OnceLock};

use crate::facts::{Binding, PolicyRule, Role};
use crate::gap::Gap;
use crate::kind::Kind;
use crate::listing::{Listing, Placed};
use crate::object::ObjectRef;
use crate::snapshot::{Origin, Snapshot};

use super::built_in::{built_in, built_in_roles};

/// Every role, with the aggregated ones resolved when they are first asked for.
#[derive(Debug)]
pub(super) struct Roles {
    origin: Origin,
    local: Listing<Role>,
    global: Listing<Role>,
    /// In files, the roles of Kubernetes itself that they do not hold.
    built_in: Vec<Arc<Role>>,
    aggregated: BTreeMap<String, OnceLock<Behind>>,
}

/// A role with rules that a binding gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The role.
    pub(super) role: Arc<Role>,
    /// Whether it was not read: these are the rules with which Kubernetes installs it.
    pub(super) is_built_in: bool,
}

/// A rule, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlacedRule<'r> {
    /// The role that holds it.
    pub(super) part: &'r Part,
    /// Its number in that, from zero.
    pub(super) number: usize,
    /// What it says.
    pub(super) rule: &'r PolicyRule,
}

/// What stands behind a role reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Behind {
    /// The role itself, then those whose rules it collects. Empty where the role does not exist or is hidden.
    pub(super) parts: Arc<[Part]>,
    /// What may hide more rules.
    pub(super) gap: Option<Gap>,
}

impl Behind {
    fn only(role: Arc<Role>) -> Self {
        Self { parts: Arc::from([Part { role, is_built_in: false }]), gap: None }
    }

    /// Every rule with where it stands.
    pub(super) fn rules(&self) -> impl Iterator<Item = PlacedRule<'_>> {
        self.parts.iter().flat_map(|part| {
            let rules = part.role.rules.iter().enumerate();
            rules.map(move |(number, rule)| PlacedRule { part, number, rule })
        })
    }
}

impl Roles {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let (origin, global) = (snapshot.origin, snapshot.cluster_roles.clone());
        let built_in: Vec<_> = match (origin, global.complete()) {
            (Origin::Declared, Err(_)) => built_in_roles()
                .filter(|role| global.find(None, role.name()).is_none())
                .map(Arc::new)
                .collect(),
            _ => Vec::new(),
        };
        let aggregated = global
            .present()
            .chain(&built_in)
            .filter(|role| is_to_collect(origin, role))
            .map(|role| (role.name().to_owned(), OnceLock::new()))
            .collect();
        Self { origin, local: snapshot.roles.clone(), global, built_in, aggregated }
    }

    /// What stands behind the role reference of a binding. A role that does not exist gives nothing and hides nothing.
    pub(super) fn behind(&self, binding: &Binding) -> Behind {
        let hidden = |gap| Behind { gap: Some(gap), ..Behind::default() };
        let name = &binding.role_ref.name;
        if binding.role_ref.kind == "Role" {
            // Only a RoleBinding can refer to a Role, one of its own namespace.
            let Some(namespace) = binding.metadata.namespace.as_deref() else { return Behind::default() };
            return match self.local.get(Some(namespace), name) {
                Ok(role) => role.cloned().map(Behind::only).unwrap_or_default(),
                Err(gap) => hidden(gap),
            };
        }
        if let Some(resolved) = self.aggregated.get(name) {
            return resolved.get_or_init(|| self.collect(name)).clone();
        }
        match self.global.get(None, name) {
            Ok(role) => role.cloned().map(Behind::only).unwrap_or_default(),
            Err(gap) => self.unread(name, gap),
        }
    }

    /// What stands behind a ClusterRole that was not read.
    fn unread(&self, name: &str, gap: Gap) -> Behind {
        // The API server restores this role at every start, so its rules are known wherever it cannot be read.
        let is_everything = name == "cluster-admin";
        let role = match self.built_in.iter().find(|role| role.name() == name) {
            Some(role) => Some(Arc::clone(role)),
            None if is_everything => built_in(name).map(Arc::new),
            None => None,
        };
        let parts = role.map(|role| Part { role, is_built_in: true }).into_iter().collect();
        Behind { parts, gap: (!is_everything).then_some(gap) }
    }

    /// An aggregated role with everything it collects; what it collects may collect in turn, as `admin` does with `edit`.
    fn collect(&self, name: &str) -> Behind {
        let mut seen = BTreeSet::new();
        let built_in = self.built_in.iter().map(|role| Part { role: Arc::clone(role), is_built_in: true });
        let read = self.global.present().map(|role| Part { role: Arc::clone(role), is_built_in: false });
        let all: Vec<Part> = read.chain(built_in).collect();
        let mut waiting: VecDeque<&Part> = all.iter().filter(|part| part.role.name() == name).collect();
        let mut parts = Vec::new();
        while let Some(part) = waiting.pop_front() {
            if !seen.insert(part.role.name()) {
                continue;
            }
            parts.push(part.clone());
            if let Some(aggregation) = &part.role.aggregation_rule
                && is_to_collect(self.origin, &part.role)
            {
                let selectors = &aggregation.cluster_role_selectors;
                let is_selected = |part: &&Part| {
                    selectors.iter().any(|selector| selector.matches(&part.role.metadata.labels))
                };
                waiting.extend(all.iter().filter(is_selected));
            }
        }
        Behind { parts: parts.into(), gap: self.global.complete().err() }
    }
}

/// Whether the rules of a role have to be collected here. In a live cluster a controller has merged them into the role already; where it
/// has not, and in files, only the selectors are there.
fn is_to_collect(origin: Origin, role: &Role) -> bool {
    role.aggregation_rule.is_some() && (origin == Origin::Declared || role.rules.is_empty())
}

/// The role that a binding refers to.
pub(super) fn object(binding: &Binding) -> ObjectRef {
    match binding.metadata.namespace.as_deref() {
        Some(namespace) if binding.role_ref.kind == "Role" => {
            ObjectRef::namespaced(Kind::Role, namespace, &binding.role_ref.name)
        }
        _ => ObjectRef::cluster(Kind::ClusterRole, &binding.role_ref.name),
    }
}
