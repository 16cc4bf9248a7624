//! What one subject may do: every binding that reaches it, its implied groups included, with the rules of the role behind it.

mod rule;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::facts::{Binding, PolicyRule, Role, Subject};
use crate::gap::Gap;
use crate::kind::Kind;
use crate::listing::Listing;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;

/// The group of every authenticated identity.
const AUTHENTICATED: &str = "system:authenticated";
/// The group of every ServiceAccount; with `:<namespace>` those of one namespace.
const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";
/// How a ServiceAccount is called as a user: `system:serviceaccount:<namespace>:<name>`.
const ACCOUNT_AS_USER: &str = "system:serviceaccount:";

/// Who may do what in the cluster.
#[derive(Debug)]
pub struct RightsIndex {
    by_subject: BTreeMap<Subject, Vec<Arc<Binding>>>,
    role_bindings: Listing<Binding>,
    cluster_role_bindings: Listing<Binding>,
    roles: Listing<Role>,
    cluster_roles: Listing<Role>,
}

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
    /// The role and those it aggregates.
    roles: Vec<Arc<Role>>,
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
        let mut by_subject: BTreeMap<Subject, Vec<Arc<Binding>>> = BTreeMap::new();
        let bindings = snapshot.cluster_role_bindings.present().chain(snapshot.role_bindings.present());
        for binding in bindings {
            for subject in &binding.subjects {
                by_subject.entry(resolved(subject, binding)).or_default().push(Arc::clone(binding));
            }
        }
        Self {
            by_subject,
            role_bindings: snapshot.role_bindings.clone(),
            cluster_role_bindings: snapshot.cluster_role_bindings.clone(),
            roles: snapshot.roles.clone(),
            cluster_roles: snapshot.cluster_roles.clone(),
        }
    }

    /// What a ServiceAccount may do, through its groups `system:serviceaccounts`, `system:serviceaccounts:<namespace>` and
    /// `system:authenticated` too.
    pub fn of_account(&self, namespace: &str, name: &str) -> Rights {
        self.of_subjects(&[
            account(namespace, name),
            group(SERVICE_ACCOUNTS),
            group(&format!("{SERVICE_ACCOUNTS}:{namespace}")),
            group(AUTHENTICATED),
        ])
    }

    /// What exactly this subject is given, no implied group added. The namespace matters for ServiceAccounts only.
    pub fn of_subject(&self, subject: &Subject) -> Rights {
        let subject = match subject.kind.as_str() {
            "ServiceAccount" => subject.clone(),
            _ => Subject { namespace: None, ..subject.clone() },
        };
        self.of_subjects(&[subject])
    }

    /// Every grant of every subject that holds in a namespace, with what may hide more.
    pub fn in_namespace(&self, namespace: &str) -> Rights {
        let mut rights = Rights::default();
        let bindings = self.cluster_role_bindings.present().chain(self.role_bindings.present_in(namespace));
        for binding in bindings {
            for subject in &binding.subjects {
                self.add(&mut rights, binding, &resolved(subject, binding));
            }
        }
        rights.hide(self.cluster_role_bindings.complete());
        rights.hide(self.role_bindings.complete_in(namespace));
        rights.sorted()
    }

    fn of_subjects(&self, subjects: &[Subject]) -> Rights {
        let mut rights = Rights::default();
        for subject in subjects {
            for binding in self.by_subject.get(subject).into_iter().flatten() {
                self.add(&mut rights, binding, subject);
            }
        }
        rights.hide(self.cluster_role_bindings.complete());
        rights.hide(self.role_bindings.complete());
        rights.sorted()
    }

    fn add(&self, rights: &mut Rights, binding: &Binding, subject: &Subject) {
        match self.roles_of(binding) {
            // A binding to a role that does not exist gives nothing.
            Ok(roles) if roles.is_empty() => {}
            Ok(roles) => rights.grants.push(Grant {
                binding: binding.object(),
                role: role_object(binding),
                subject: subject.clone(),
                reach: binding.metadata.namespace.clone().map_or(Reach::Cluster, Reach::Namespace),
                roles,
            }),
            Err(gap) => rights.hide(Err(gap)),
        }
    }

    /// The role of a binding with those it aggregates.
    fn roles_of(&self, binding: &Binding) -> Result<Vec<Arc<Role>>, Gap> {
        let name = &binding.role_ref.name;
        if binding.role_ref.kind == "Role" {
            let role = self.roles.get(binding.metadata.namespace.as_deref(), name)?;
            return Ok(role.cloned().into_iter().collect());
        }
        let role = match self.cluster_roles.get(None, name) {
            Ok(Some(role)) => role,
            Ok(None) => return Ok(Vec::new()),
            // The API server restores this role at every start, so its rules are known where it cannot be read.
            Err(_) if name == "cluster-admin" => return Ok(vec![Arc::new(cluster_admin())]),
            Err(gap) => return Err(gap),
        };
        let mut roles = vec![Arc::clone(role)];
        // In a live cluster a controller has merged the rules already; files hold only what to collect.
        if let (Some(aggregation), true) = (&role.aggregation_rule, role.rules.is_empty()) {
            let selectors = &aggregation.cluster_role_selectors;
            let parts = self.cluster_roles.all()?;
            roles.extend(
                parts
                    .filter(|part| selectors.iter().any(|selector| selector.matches(&part.metadata.labels)))
                    .cloned(),
            );
        }
        Ok(roles)
    }
}

impl Grant {
    /// The rules, aggregated ones included.
    pub fn rules(&self) -> impl Iterator<Item = &PolicyRule> {
        self.roles.iter().flat_map(|role| &role.rules)
    }

    /// Whether some rule allows a verb on a resource (`pods`, `pods/exec`) of a group; rules for named objects count.
    pub fn allows(&self, verb: &str, group: &str, resource: &str) -> bool {
        self.rules().any(|rule| rule::allows(rule, verb, group, resource))
    }

    /// Whether some rule allows every verb on every resource of every group, as `cluster-admin` does.
    pub fn is_everything(&self) -> bool {
        self.rules().any(rule::is_everything)
    }

    /// Whether some rule changes something. Asking about one's own rights does not count.
    pub fn writes(&self) -> bool {
        self.rules().any(rule::writes)
    }

    /// Whether some rule reads Secrets.
    pub fn reads_secrets(&self) -> bool {
        ["get", "list", "watch"].iter().any(|verb| self.allows(verb, "", "secrets"))
    }

    /// Whether some rule opens a shell in pods: `pods/exec`, `pods/attach`, `pods/ephemeralcontainers`.
    pub fn enters_pods(&self) -> bool {
        // A WebSocket is opened with GET, which API servers before 1.31 authorise as `get`.
        let opens = |resource: &str| ["create", "get"].iter().any(|verb| self.allows(verb, "", resource));
        let injects = |verb: &&str| self.allows(verb, "", "pods/ephemeralcontainers");
        opens("pods/exec") || opens("pods/attach") || ["update", "patch"].iter().any(injects)
    }

    /// Whether some rule lists or watches pods, whose environments hold tokens of other people.
    pub fn lists_pods(&self) -> bool {
        ["list", "watch"].iter().any(|verb| self.allows(verb, "", "pods"))
    }

    /// Whether it gives no more than every authenticated identity has: discovery, version, health, questions about oneself.
    pub fn is_powerless(&self) -> bool {
        self.rules().all(rule::is_powerless)
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

    fn hide(&mut self, complete: Result<(), Gap>) {
        if let Err(gap) = complete {
            self.gap.get_or_insert(gap);
        }
    }

    fn sorted(mut self) -> Self {
        self.grants.sort_by(|a, b| (&a.binding, &a.subject).cmp(&(&b.binding, &b.subject)));
        self.grants.dedup();
        self
    }
}

/// A subject with what Kubernetes reads into it: the binding's namespace where a ServiceAccount names none, and a ServiceAccount where
/// its user name is written out.
fn resolved(subject: &Subject, binding: &Binding) -> Subject {
    match subject.kind.as_str() {
        "ServiceAccount" => Subject {
            namespace: subject.namespace.clone().or_else(|| binding.metadata.namespace.clone()),
            ..subject.clone()
        },
        "User" => match subject.name.strip_prefix(ACCOUNT_AS_USER).and_then(|name| name.split_once(':')) {
            Some((namespace, name)) => account(namespace, name),
            None => Subject { namespace: None, ..subject.clone() },
        },
        _ => Subject { namespace: None, ..subject.clone() },
    }
}

fn account(namespace: &str, name: &str) -> Subject {
    Subject {
        kind: "ServiceAccount".to_owned(),
        name: name.to_owned(),
        namespace: Some(namespace.to_owned()),
    }
}

fn group(name: &str) -> Subject {
    Subject { kind: "Group".to_owned(), name: name.to_owned(), namespace: None }
}

fn role_object(binding: &Binding) -> ObjectRef {
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
    role.rules =
        vec![PolicyRule { verbs: every(), api_groups: every(), resources: every(), ..PolicyRule::default() }];
    role
}
