//! The rules behind a binding: those of its role, and those of the roles that an aggregated one collects.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, OnceLock};

use crate::facts::{Binding, PolicyRule, Role};
use crate::gap::Gap;
use crate::kind::Kind;
use crate::listing::{Listing, Placed};
use crate::object::ObjectRef;
use crate::snapshot::{Origin, Snapshot};

/// Every role, with the aggregated ones resolved when they are first asked for.
#[derive(Debug)]
pub(super) struct Roles {
    origin: Origin,
    local: Listing<Role>,
    global: Listing<Role>,
    aggregated: BTreeMap<String, OnceLock<Behind>>,
}

/// What stands behind a role reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Behind {
    /// The role itself, then those whose rules it collects. Empty where the role does not exist or is hidden.
    pub(super) parts: Arc<[Arc<Role>]>,
    /// What may hide more rules.
    pub(super) gap: Option<Gap>,
}

impl Behind {
    fn only(role: Arc<Role>) -> Self {
        Self { parts: Arc::from([role]), gap: None }
    }

    /// The role that holds a rule, the number of the rule in it, and the rule.
    pub(super) fn rules(&self) -> impl Iterator<Item = (&Arc<Role>, usize, &PolicyRule)> {
        self.parts
            .iter()
            .flat_map(|role| role.rules.iter().enumerate().map(move |(number, rule)| (role, number, rule)))
    }
}

impl Roles {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let (origin, global) = (snapshot.origin, snapshot.cluster_roles.clone());
        let aggregated = global
            .present()
            .filter(|role| is_to_collect(origin, role))
            .map(|role| (role.name().to_owned(), OnceLock::new()))
            .collect();
        Self { origin, local: snapshot.roles.clone(), global, aggregated }
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
            // The API server restores this role at every start, so its rules are known where it cannot be read.
            Err(_) if name == "cluster-admin" => Behind::only(Arc::new(cluster_admin())),
            Err(gap) => hidden(gap),
        }
    }

    /// An aggregated role with everything it collects; what it collects may collect in turn, as `admin` does with `edit`.
    fn collect(&self, name: &str) -> Behind {
        let mut seen = BTreeSet::new();
        let mut waiting: VecDeque<&Arc<Role>> = self.global.find(None, name).into_iter().collect();
        let mut parts = Vec::new();
        while let Some(role) = waiting.pop_front() {
            if !seen.insert(role.name()) {
                continue;
            }
            parts.push(Arc::clone(role));
            if let Some(aggregation) = &role.aggregation_rule
                && is_to_collect(self.origin, role)
            {
                let selectors = &aggregation.cluster_role_selectors;
                let is_selected = |part: &&Arc<Role>| {
                    selectors.iter().any(|selector| selector.matches(&part.metadata.labels))
                };
                waiting.extend(self.global.present().filter(is_selected));
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

fn cluster_admin() -> Role {
    let every = || vec!["*".to_owned()];
    let mut role = Role::default();
    "cluster-admin".clone_into(&mut role.metadata.name);
    let resources =
        PolicyRule { verbs: every(), api_groups: every(), resources: every(), ..PolicyRule::default() };
    let paths = PolicyRule { verbs: every(), non_resource_urls: every(), ..PolicyRule::default() };
    role.rules = vec![resources, paths];
    role
}
