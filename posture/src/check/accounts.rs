//! What the accounts of a namespace may do, told apart by whether something runs as them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Evidence, Outcome};
use crate::access::Grant;
use crate::facts::{PodSpec, Workload};
use crate::gap::Gap;
use crate::kind::Kind;
use crate::listing::{Listing, Placed};
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;
use crate::text::Arg;

/// An account with grants that it should not have.
#[derive(Debug, Clone)]
pub struct Mighty {
    /// The account.
    pub account: ObjectRef,
    /// The grants.
    pub grants: Vec<Grant>,
    /// What runs as it; empty for an idle account.
    pub users: Vec<ObjectRef>,
}

/// The accounts with grants that they should not have.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Those that something runs as.
    pub running: Vec<Mighty>,
    /// Those that nothing runs as.
    pub idle: Vec<Mighty>,
    /// What may hide more.
    pub gap: Option<Gap>,
}

/// The kinds that are read to tell what an account may do and who uses it.
pub const NEEDS: &[Kind] = &[
    Kind::ServiceAccount,
    Kind::Role,
    Kind::ClusterRole,
    Kind::RoleBinding,
    Kind::ClusterRoleBinding,
    Kind::Pod,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::ReplicationController,
    Kind::Job,
    Kind::CronJob,
];

/// Finds the accounts of a namespace with a grant that they should not have. Groups that an account is in count.
pub fn find(context: &Context<'_>, namespace: &str, is_bad: impl Fn(&str, &Grant) -> bool) -> Found {
    let (snapshot, rights) = (context.snapshot, &context.derived.rights);
    let users = users(snapshot, namespace);
    let mut names: BTreeSet<&str> = users.keys().copied().collect();
    names.extend(snapshot.service_accounts.present_in(namespace).map(|account| account.name()));
    let here = |place: &Option<String>| place.as_deref() == Some(namespace);
    names.extend(rights.subjects().filter(|s| here(&s.namespace)).map(|subject| subject.name.as_str()));
    let mut found = Found::default();
    for name in names {
        let of_account = rights.of_account(namespace, name);
        let grants: Vec<_> = of_account.with(|grant| is_bad(name, grant)).cloned().collect();
        let users = users.get(name).cloned().unwrap_or_default();
        let account = ObjectRef::namespaced(Kind::ServiceAccount, namespace, name);
        let hidden = of_account.gap;
        if grants.is_empty() {
            found.gap = found.gap.or(hidden);
        } else if users.is_empty() {
            match snapshot.service_accounts.get(Some(namespace), name) {
                Ok(Some(_)) => found.idle.push(Mighty { account, grants, users }),
                Ok(None) => {}
                Err(gap) => found.gap = found.gap.or(Some(gap)),
            }
        } else {
            found.running.push(Mighty { account, grants, users });
        }
    }
    // Whoever is not seen may use an account, and an account may not be seen; without bindings no account was asked about.
    let complete = are_complete(snapshot, namespace)
        .and_then(|()| rights.in_namespace(namespace).complete().map(|_| ()));
    found.gap = found.gap.or(complete.err());
    found
}

impl Mighty {
    /// The facts: the grants, each with what its role should not hold, and who uses the account.
    pub fn evidence(&self, wanted: &str) -> impl Iterator<Item = Evidence> {
        let grants = self.grants.iter().map(move |grant| {
            let role = format!("{} {}", grant.role.kind, grant.role.name);
            Evidence::new(grant.binding.clone(), "roleRef", Arg::text(role)).wanted(Arg::word(wanted))
        });
        let user = self.users.first().map(|user| {
            let path = if user.kind == Kind::Pod { "spec" } else { "spec.template.spec" };
            Evidence::new(user.clone(), format!("{path}.serviceAccountName"), Arg::text(&self.account.name))
        });
        grants.chain(user)
    }
}

/// Fills the slots that name a binding: `binding`, `binding-kind` and `binding-namespace`.
pub fn name_binding(outcome: Outcome, binding: &ObjectRef) -> Outcome {
    outcome
        .slot("binding", &binding.name)
        .slot("binding-kind", binding.kind.to_string().to_lowercase())
        .slot("binding-namespace", binding.namespace.clone().unwrap_or_default())
}

/// What runs as each account of a namespace: workloads that want pods, and pods that are not over.
fn users<'a>(snapshot: &'a Snapshot, namespace: &'a str) -> BTreeMap<&'a str, Vec<ObjectRef>> {
    let mut users: BTreeMap<&str, Vec<ObjectRef>> = BTreeMap::new();
    let mut add = |spec: &'a PodSpec, user: ObjectRef| users.entry(spec.account()).or_default().push(user);
    let others = [&snapshot.jobs, &snapshot.cron_jobs];
    for listing in snapshot.workload_listings().into_iter().chain(others) {
        for workload in listing.present_in(namespace).filter(|workload| wants_pods(workload)) {
            add(workload.pod(), workload.object());
        }
    }
    for pod in snapshot.pods.present_in(namespace) {
        if !matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed")) {
            add(&pod.spec, ObjectRef::namespaced(Kind::Pod, namespace, pod.name()));
        }
    }
    users
}

/// Whether a controller makes pods now or may make some: it wants at least one, and is no Job that is over.
fn wants_pods(workload: &Workload) -> bool {
    let is_end = |kind: &str| ["Complete", "Failed"].contains(&kind);
    let is_over = || {
        let mut conditions = workload.status.conditions.iter();
        conditions.any(|condition| is_end(&condition.kind) && condition.status == "True")
    };
    workload.replicas != Some(0) && !(workload.kind == Kind::Job && is_over())
}

/// Whether everything was read that exists or runs as an account of a namespace.
fn are_complete(snapshot: &Snapshot, namespace: &str) -> Result<(), Gap> {
    snapshot.service_accounts.complete_in(namespace)?;
    snapshot.pods.complete_in(namespace)?;
    let others = [&snapshot.jobs, &snapshot.cron_jobs];
    let mut listings = snapshot.workload_listings().into_iter().chain(others);
    listings.try_for_each(|listing: &Listing<_>| listing.complete_in(namespace))
}
