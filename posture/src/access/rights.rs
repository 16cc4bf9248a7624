//! The bindings of a cluster by subject, and everything that one subject is given by them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::facts::{Binding, Subject};
use crate::gap::Gap;
use crate::listing::Listing;
use crate::snapshot::Snapshot;

use super::grant::{Grant, Reach};
use super::roles::{self, Behind, Roles};
use super::subject::{Caller, meant};
use super::unresolved::{Unresolved, sorted};

/// Who may do what in the cluster.
#[derive(Debug)]
pub struct RightsIndex {
    by_subject: BTreeMap<Subject, Bindings>,
    pub(super) role_bindings: Listing<Binding>,
    pub(super) cluster_role_bindings: Listing<Binding>,
    roles: Roles,
}

/// The bindings that name one subject.
#[derive(Debug, Default)]
struct Bindings {
    cluster: Vec<Arc<Binding>>,
    namespaces: BTreeMap<String, Vec<Arc<Binding>>>,
}

/// What one subject may do.
///
/// What was seen is proof. The predicates answer `Ok(true)` as soon as one grant shows it, `Err` if none does and something is hidden,
/// and `Ok(false)` only if everything was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// The grants that were seen, sorted by binding.
    pub grants: Vec<Grant>,
    /// The bindings whose role is not there to be judged, sorted.
    pub unresolved: Vec<Unresolved>,
    /// What may hide more.
    pub gap: Option<Gap>,
}

impl RightsIndex {
    /// Sorts the bindings of a snapshot by subject.
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut by_subject: BTreeMap<Subject, Bindings> = BTreeMap::new();
        let bindings = snapshot.cluster_role_bindings.present().chain(snapshot.role_bindings.present());
        for binding in bindings {
            for subject in binding.subjects.iter().filter_map(|subject| meant(subject, binding)) {
                let of_subject = by_subject.entry(subject).or_default();
                let place = match &binding.metadata.namespace {
                    Some(namespace) => of_subject.namespaces.entry(namespace.clone()).or_default(),
                    None => &mut of_subject.cluster,
                };
                // A binding may name a subject twice.
                if !place.last().is_some_and(|last| Arc::ptr_eq(last, binding)) {
                    place.push(Arc::clone(binding));
                }
            }
        }
        Self {
            by_subject,
            role_bindings: snapshot.role_bindings.clone(),
            cluster_role_bindings: snapshot.cluster_role_bindings.clone(),
            roles: Roles::new(snapshot),
        }
    }

    /// What a ServiceAccount may do, through its groups `system:serviceaccounts`, `system:serviceaccounts:<namespace>` and
    /// `system:authenticated` too.
    pub fn of_account(&self, namespace: &str, name: &str) -> Rights {
        self.of_caller(&Caller::account(namespace, name))
    }

    /// What exactly this subject is given, no implied group added. The namespace matters for ServiceAccounts only.
    pub fn of_subject(&self, subject: &Subject) -> Rights {
        self.of_caller(&Caller::only(subject))
    }

    /// What an identity may do with all its groups. That the group `system:masters` may do everything is no grant: ask
    /// [`Caller::is_master`].
    pub fn of_caller(&self, caller: &Caller) -> Rights {
        let mut rights = Rights::default();
        for subject in caller.subjects() {
            for binding in self.bindings(subject) {
                self.add(&mut rights, binding, subject);
            }
        }
        rights.hide(self.cluster_role_bindings.complete());
        rights.hide(self.role_bindings.complete());
        rights.sorted()
    }

    /// Every grant of every subject that holds in a namespace, with what may hide more.
    pub fn in_namespace(&self, namespace: &str) -> Rights {
        let mut rights = Rights::default();
        let bindings = self.cluster_role_bindings.present().chain(self.role_bindings.present_in(namespace));
        for binding in bindings {
            for subject in binding.subjects.iter().filter_map(|subject| meant(subject, binding)) {
                self.add(&mut rights, binding, &subject);
            }
        }
        rights.hide(self.cluster_role_bindings.complete());
        rights.hide(self.role_bindings.complete_in(namespace));
        rights.sorted()
    }

    /// Every subject that a binding names, sorted.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.by_subject.keys()
    }

    /// The bindings that name a subject, those of the whole cluster first.
    fn bindings(&self, subject: &Subject) -> impl Iterator<Item = &Arc<Binding>> {
        let of_subject = self.by_subject.get(subject);
        of_subject
            .into_iter()
            .flat_map(|found| found.cluster.iter().chain(found.namespaces.values().flatten()))
    }

    /// The bindings that name a subject and hold in a namespace, or in the whole cluster.
    pub(super) fn bindings_in(
        &self,
        subject: &Subject,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &Arc<Binding>> {
        self.by_subject.get(subject).into_iter().flat_map(move |found| {
            let local = namespace.and_then(|namespace| found.namespaces.get(namespace));
            found.cluster.iter().chain(local.into_iter().flatten())
        })
    }

    /// The rules behind the role of a binding.
    pub(super) fn behind(&self, binding: &Binding) -> Behind {
        self.roles.behind(binding)
    }

    fn add(&self, rights: &mut Rights, binding: &Binding, subject: &Subject) {
        let behind = self.behind(binding);
        rights.hide(behind.gap.clone().map_or(Ok(()), Err));
        rights.unresolved.extend(Unresolved::of(binding, subject, &behind));
        // A binding to a role that does not exist gives nothing.
        if !behind.parts.is_empty() {
            rights.grants.push(Grant {
                binding: binding.object(),
                role: roles::object(binding),
                subject: subject.clone(),
                reach: binding.metadata.namespace.clone().map_or(Reach::Cluster, Reach::Namespace),
                behind,
            });
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
        self.any(Grant::is_excess).map(|has_excess| !has_excess)
    }

    fn hide(&mut self, complete: Result<(), Gap>) {
        if let Err(gap) = complete {
            self.gap.get_or_insert(gap);
        }
    }

    fn sorted(mut self) -> Self {
        self.grants.sort_by(|a, b| (&a.binding, &a.subject).cmp(&(&b.binding, &b.subject)));
        self.grants.dedup();
        self.unresolved = sorted(self.unresolved);
        self
    }
}
