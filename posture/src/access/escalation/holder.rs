//! The grants of one identity that can lead further, and questions to them.

use std::collections::BTreeSet;

use crate::access::grant::{Grant, Reach};
use crate::access::leading::LEADING;
use crate::access::question::{Question, Way};
use crate::access::subject::Caller;
use crate::object::ObjectRef;

/// The verbs, groups and resources of steps that take several rights together; who has none of these, nor one that leads further by itself,
/// gets nowhere.
const TOGETHER: &[(&[&str], &str, &[&str])] = &[
    (&["get", "list", "watch", "create"], "", &["secrets"]),
    (&["update", "patch"], RBAC, &["roles", "clusterroles"]),
    (&["create", "update", "patch"], RBAC, &["rolebindings", "clusterrolebindings"]),
    (&["create", "update", "patch"], ADMISSION, &["mutatingwebhookconfigurations"]),
    (&["create", "update", "patch"], CERTIFICATES, &["certificatesigningrequests", APPROVAL]),
    (&["approve"], CERTIFICATES, &["signers"]),
];

/// The API group of roles.
pub(super) const RBAC: &str = "rbac.authorization.k8s.io";
/// The API group of webhooks.
pub(super) const ADMISSION: &str = "admissionregistration.k8s.io";
/// The API group of certificates.
pub(super) const CERTIFICATES: &str = "certificates.k8s.io";
/// The subresource that approves a request for a certificate.
pub(super) const APPROVAL: &str = "certificatesigningrequests/approval";

/// One identity with the grants that can lead further.
pub(super) struct Holder<'c> {
    /// Who it is, with its groups.
    pub(super) caller: &'c Caller,
    /// The grants that can lead further.
    pub(super) grants: Vec<Grant>,
    /// Every role that it has, with where.
    roles: BTreeSet<(Reach, ObjectRef)>,
}

/// Something an identity may do, and the rule that says so.
#[derive(Clone)]
pub(super) struct Act {
    /// What it may do: `create pods`.
    pub(super) words: String,
    /// The rule.
    pub(super) way: Way,
}

impl<'c> Holder<'c> {
    /// Keeps of the grants of an identity those that can lead further.
    pub(super) fn new(caller: &'c Caller, mut grants: Vec<Grant>) -> Self {
        let roles = grants.iter().map(|grant| (grant.reach.clone(), grant.role.clone())).collect();
        grants.retain(leads);
        Self { caller, grants, roles }
    }

    /// Whether some grant that can lead further holds everywhere.
    pub(super) fn is_everywhere(&self) -> bool {
        self.grants.iter().any(|grant| grant.reach == Reach::Cluster)
    }

    /// The namespaces in which a grant holds that can lead further.
    pub(super) fn namespaces(&self) -> BTreeSet<&str> {
        let places = self.grants.iter().map(|grant| match &grant.reach {
            Reach::Cluster => None,
            Reach::Namespace(namespace) => Some(namespace.as_str()),
        });
        places.flatten().collect()
    }

    /// The roles that it has in one place.
    pub(super) fn roles_in(&self, place: &Reach) -> impl Iterator<Item = &ObjectRef> {
        self.roles.iter().filter(move |(reach, _)| reach == place).map(|(_, role)| role)
    }

    /// The rule that allows what is asked.
    pub(super) fn act(&self, question: &Question, words: &str) -> Option<Act> {
        let way = self.grants.iter().find_map(|grant| grant.way(question))?;
        Some(Act { words: words.to_owned(), way })
    }

    /// The first of several verbs that is allowed on a resource, the question being completed by `about`.
    pub(super) fn any(
        &self,
        verbs: &[&str],
        group: &str,
        resource: &str,
        about: impl Fn(Question) -> Question,
    ) -> Option<Act> {
        verbs.iter().find_map(|verb| {
            self.act(&about(Question::new(verb, group, resource)), &format!("{verb} {resource}"))
        })
    }
}

fn leads(grant: &Grant) -> bool {
    let is_part = |(verbs, group, resources): &(&[&str], &str, &[&str])| {
        resources.iter().any(|resource| verbs.iter().any(|verb| grant.allows(verb, group, resource)))
    };
    LEADING.iter().any(|right| grant.act(right).is_some()) || TOGETHER.iter().any(is_part)
}
