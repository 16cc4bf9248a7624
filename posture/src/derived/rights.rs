//! What one subject may do: every binding that reaches it, its implied groups included, with the rules of the role behind it.

use std::sync::Arc;

use crate::facts::{PolicyRule, Role, Subject};
use crate::gap::Gap;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;

/// Who may do what in the cluster.
#[derive(Debug)]
pub struct RightsIndex {}

/// Where a grant holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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
    /// The rules, aggregated ones included.
    pub rules: Arc<[PolicyRule]>,
}

/// What one subject may do.
///
/// What was seen is proof. The predicates answer `Ok(true)` as soon as one grant shows it, `Err` if none does and something is hidden,
/// and `Ok(false)` only if everything was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// The grants that were seen, sorted by binding.
    pub grants: Vec<Grant>,
    /// What may hide more.
    pub gap: Option<Gap>,
}

impl RightsIndex {
    /// Sorts the bindings of a snapshot by subject.
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let _ = snapshot;
        Self {}
    }

    /// What a ServiceAccount may do, through its groups `system:serviceaccounts`, `system:serviceaccounts:<namespace>` and
    /// `system:authenticated` too.
    pub fn of_account(&self, namespace: &str, name: &str) -> Rights {
        let _ = (namespace, name);
        Rights::default()
    }

    /// What exactly this subject is given, no implied group added. The namespace matters for ServiceAccounts only.
    pub fn of_subject(&self, subject: &Subject) -> Rights {
        let _ = subject;
        Rights::default()
    }

    /// Every grant of every subject that holds in a namespace, with what may hide more.
    pub fn in_namespace(&self, namespace: &str) -> Rights {
        let _ = namespace;
        Rights::default()
    }
}

impl Grant {
    /// Whether some rule allows a verb on a resource (`pods`, `pods/exec`) of a group; rules for named objects count.
    pub fn allows(&self, verb: &str, group: &str, resource: &str) -> bool {
        let _ = (verb, group, resource);
        false
    }

    /// Whether some rule allows every verb on every resource of every group, as `cluster-admin` does.
    pub fn is_everything(&self) -> bool {
        false
    }

    /// Whether some rule changes something. Asking about one's own rights does not count.
    pub fn writes(&self) -> bool {
        false
    }

    /// Whether some rule reads Secrets.
    pub fn reads_secrets(&self) -> bool {
        false
    }

    /// Whether some rule opens a shell in pods: `pods/exec`, `pods/attach`, `pods/ephemeralcontainers`.
    pub fn enters_pods(&self) -> bool {
        false
    }

    /// Whether some rule lists or watches pods, whose environments hold tokens of other people.
    pub fn lists_pods(&self) -> bool {
        false
    }

    /// Whether it gives no more than every authenticated identity has: discovery, version, health, questions about oneself.
    pub fn is_powerless(&self) -> bool {
        false
    }

    /// Whether it holds in this namespace.
    pub fn holds_in(&self, namespace: &str) -> bool {
        match &self.reach {
            Reach::Cluster => true,
            Reach::Namespace(name) => name == namespace,
        }
    }
}

impl Rights {
    /// Every grant, or the gap that may hide some.
    pub fn complete(&self) -> Result<&[Grant], Gap> {
        self.gap.clone().map_or(Ok(&self.grants), Err)
    }

    /// Whether some grant has a property.
    pub fn any(&self, property: impl Fn(&Grant) -> bool) -> Result<bool, Gap> {
        if self.grants.iter().any(property) { Ok(true) } else { self.complete().map(|_| false) }
    }

    /// The grants that have a property.
    pub fn with(&self, property: impl Fn(&Grant) -> bool) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| property(grant))
    }

    /// Whether it is like `cluster-admin`: everything, everywhere.
    pub fn is_cluster_admin(&self) -> Result<bool, Gap> {
        self.any(|grant| grant.reach == Reach::Cluster && grant.is_everything())
    }

    /// Whether it changes anything.
    pub fn writes(&self) -> Result<bool, Gap> {
        self.any(Grant::writes)
    }

    /// Whether it reads Secrets.
    pub fn reads_secrets(&self) -> Result<bool, Gap> {
        self.any(Grant::reads_secrets)
    }

    /// Whether it opens a shell in pods.
    pub fn enters_pods(&self) -> Result<bool, Gap> {
        self.any(Grant::enters_pods)
    }

    /// Whether it lists pods.
    pub fn lists_pods(&self) -> Result<bool, Gap> {
        self.any(Grant::lists_pods)
    }

    /// Whether it has no more than every authenticated identity: `Ok(false)` as soon as one grant shows more.
    pub fn is_powerless(&self) -> Result<bool, Gap> {
        self.any(|grant| !grant.is_powerless()).map(|powerful| !powerful)
    }
}

/// The rules of a role with those it aggregates.
#[expect(dead_code, reason = "the index is filled in next")]
fn rules(role: &Role) -> Arc<[PolicyRule]> {
    role.rules.clone().into()
}
