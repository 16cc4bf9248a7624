//! Rights that lead to those of others: who has one can come to act as somebody else.

/// What a right leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    /// Into pods that run, and to what they hold.
    EnterPods,
    /// To pods that carry any account of their namespace, or to changing what makes them.
    MakePods,
    /// To the rights of others at once.
    TakeRights,
}

/// A right that leads to those of others.
#[derive(Debug, Clone, Copy)]
pub struct Leading {
    /// What it leads to.
    pub lead: Lead,
    /// The verbs, any of which does; the first is the plainest.
    pub verbs: &'static [&'static str],
    /// The API group.
    pub group: &'static str,
    /// The resource, with its subresource.
    pub resource: &'static str,
}

// A WebSocket is opened with GET, which API servers before 1.31 authorise as `get`.
const OPEN: &[&str] = &["create", "get"];
const CREATE: &[&str] = &["create"];
const CHANGE: &[&str] = &["update", "patch"];
const WRITE: &[&str] = &["create", "update", "patch"];

const RBAC: &str = "rbac.authorization.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";

use Lead::{EnterPods, MakePods, TakeRights};

const fn of(
    lead: Lead,
    verbs: &'static [&'static str],
    group: &'static str,
    resource: &'static str,
) -> Leading {
    Leading { lead, verbs, group, resource }
}

/// Every such right that is one by itself; what takes several together is told in [`super::escalation`].
pub const LEADING: [Leading; 20] = [
    of(MakePods, CREATE, "", "pods"),
    of(EnterPods, OPEN, "", "pods/exec"),
    of(EnterPods, OPEN, "", "pods/attach"),
    of(EnterPods, CHANGE, "", "pods/ephemeralcontainers"),
    of(TakeRights, CREATE, "", "serviceaccounts/token"),
    of(TakeRights, &["impersonate"], "", "users"),
    of(TakeRights, &["impersonate"], "", "groups"),
    of(TakeRights, &["impersonate"], "", "serviceaccounts"),
    of(TakeRights, &["get", "create"], "", "nodes/proxy"),
    of(TakeRights, &["bind", "escalate"], RBAC, "roles"),
    of(TakeRights, &["bind", "escalate"], RBAC, "clusterroles"),
    of(TakeRights, CHANGE, CERTIFICATES, "certificatesigningrequests/approval"),
    of(MakePods, WRITE, "apps", "deployments"),
    of(MakePods, WRITE, "apps", "daemonsets"),
    of(MakePods, WRITE, "apps", "statefulsets"),
    of(MakePods, WRITE, "apps", "replicasets"),
    of(MakePods, WRITE, "batch", "jobs"),
    of(MakePods, WRITE, "batch", "cronjobs"),
    of(MakePods, WRITE, "", "replicationcontrollers"),
    of(EnterPods, CHANGE, "", "pods"),
];

/// The rights that lead to one thing.
pub fn leading_to(lead: Lead) -> impl Iterator<Item = &'static Leading> {
    LEADING.iter().filter(move |right| right.lead == lead)
}

/// The groups and resources whose pods carry any account of their namespace.
pub fn pod_makers() -> impl Iterator<Item = (&'static str, &'static str)> {
    leading_to(Lead::MakePods).map(|right| (right.group, right.resource))
}
