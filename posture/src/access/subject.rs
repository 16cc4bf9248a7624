//! Who asks: an identity with the groups that Kubernetes puts it in, and how bindings name it.

use crate::facts::{Binding, Subject};

/// The group of every authenticated identity.
const AUTHENTICATED: &str = "system:authenticated";
/// The group of callers without credentials.
const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The user that a caller without credentials is.
const ANONYMOUS: &str = "system:anonymous";
/// The group of every ServiceAccount; with `:<namespace>` those of one namespace.
const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";
/// How a ServiceAccount is called as a user: `system:serviceaccount:<namespace>:<name>`.
const ACCOUNT_AS_USER: &str = "system:serviceaccount:";
/// The group that the API server allows everything, without asking RBAC.
const MASTERS: &str = "system:masters";

/// A ServiceAccount as a subject.
pub fn account(namespace: &str, name: &str) -> Subject {
    Subject {
        kind: "ServiceAccount".to_owned(),
        name: name.to_owned(),
        namespace: Some(namespace.to_owned()),
    }
}

/// A user as a subject; the user name of a ServiceAccount gives the ServiceAccount.
pub fn user(name: &str) -> Subject {
    match name.strip_prefix(ACCOUNT_AS_USER).and_then(|name| name.split_once(':')) {
        Some((namespace, name)) => account(namespace, name),
        None => Subject { kind: "User".to_owned(), name: name.to_owned(), namespace: None },
    }
}

/// A group as a subject.
pub fn group(name: &str) -> Subject {
    Subject { kind: "Group".to_owned(), name: name.to_owned(), namespace: None }
}

/// Reads a subject: `serviceaccount:NAMESPACE/NAME`, `user:NAME` or `group:NAME`.
///
/// A ServiceAccount may also be written as the user name that the API server gives it.
pub fn parse(text: &str) -> Result<Subject, String> {
    let wrong =
        || format!("{text:?} is no subject; write serviceaccount:NAMESPACE/NAME, user:NAME or group:NAME");
    let text = text.trim();
    if text.starts_with(ACCOUNT_AS_USER) {
        return Some(user(text)).filter(|subject| subject.kind == "ServiceAccount").ok_or_else(wrong);
    }
    let (kind, name) = text.split_once(':').filter(|(_, name)| !name.is_empty()).ok_or_else(wrong)?;
    match kind.to_ascii_lowercase().as_str() {
        "serviceaccount" | "sa" => match name.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
                Ok(account(namespace, name))
            }
            _ => Err(wrong()),
        },
        "user" => Ok(user(name)),
        "group" => Ok(group(name)),
        _ => Err(wrong()),
    }
}

/// A subject as [`parse`] reads it.
pub fn key(subject: &Subject) -> String {
    match &subject.namespace {
        Some(namespace) => format!("serviceaccount:{namespace}/{}", subject.name),
        None => format!("{}:{}", subject.kind.to_ascii_lowercase(), subject.name),
    }
}

/// An identity with every group it is in: what the API server knows of a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The identity first, then its groups; each once.
    subjects: Vec<Subject>,
}

impl Caller {
    /// An identity with the groups that Kubernetes itself puts it in.
    ///
    /// A ServiceAccount is in `system:serviceaccounts`, `system:serviceaccounts:<namespace>` and `system:authenticated`; a user in
    /// `system:authenticated`, or in `system:unauthenticated` if it is `system:anonymous`. Which other groups a user is in, the
    /// authenticator says and no object does: add them with [`with_group`](Self::with_group). A group stands for any of its members.
    pub fn of(subject: &Subject) -> Self {
        let subject = normal(subject);
        let groups = match (subject.kind.as_str(), &subject.namespace) {
            ("ServiceAccount", Some(namespace)) => groups_of_accounts(namespace),
            ("User", _) if subject.name == ANONYMOUS => vec![group(UNAUTHENTICATED)],
            ("User", _) => vec![group(AUTHENTICATED)],
            ("Group", _) => groups_of_group(&subject.name),
            _ => Vec::new(),
        };
        groups.into_iter().fold(Self { subjects: vec![subject] }, Self::with)
    }

    /// A ServiceAccount with its groups.
    pub fn account(namespace: &str, name: &str) -> Self {
        Self::of(&account(namespace, name))
    }

    /// A subject alone, as if it were in no group.
    pub(super) fn only(subject: &Subject) -> Self {
        Self { subjects: vec![normal(subject)] }
    }

    /// The same, in one more group.
    pub fn with_group(self, name: &str) -> Self {
        self.with(group(name))
    }

    fn with(mut self, subject: Subject) -> Self {
        if !self.subjects.contains(&subject) {
            self.subjects.push(subject);
        }
        self
    }

    /// The identity, then its groups.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// The identity.
    pub fn identity(&self) -> &Subject {
        &self.subjects[0]
    }

    /// Whether it is in the group that may do everything without a binding.
    pub fn is_master(&self) -> bool {
        self.subjects.iter().any(|subject| subject.kind == "Group" && subject.name == MASTERS)
    }
}

fn groups_of_accounts(namespace: &str) -> Vec<Subject> {
    let own = group(&format!("{SERVICE_ACCOUNTS}:{namespace}"));
    vec![group(SERVICE_ACCOUNTS), own, group(AUTHENTICATED)]
}

/// The groups that every member of a group is in too.
fn groups_of_group(name: &str) -> Vec<Subject> {
    let is_of_one_namespace =
        name.strip_prefix(SERVICE_ACCOUNTS).is_some_and(|rest| rest.starts_with(':') && rest.len() > 1);
    match name {
        UNAUTHENTICATED | AUTHENTICATED => Vec::new(),
        _ if is_of_one_namespace => vec![group(SERVICE_ACCOUNTS), group(AUTHENTICATED)],
        _ => vec![group(AUTHENTICATED)],
    }
}

/// The one form of a subject: a ServiceAccount where its user name is written out, and a namespace for ServiceAccounts only.
fn normal(subject: &Subject) -> Subject {
    match subject.kind.as_str() {
        "ServiceAccount" => subject.clone(),
        "User" => user(&subject.name),
        _ => Subject { namespace: None, ..subject.clone() },
    }
}

/// Whom a subject of a binding means: a ServiceAccount without a namespace is one of the binding's. `None` where it is nobody, as is a
/// ServiceAccount without a namespace in a ClusterRoleBinding.
pub fn meant(subject: &Subject, binding: &Binding) -> Option<Subject> {
    if subject.kind != "ServiceAccount" {
        return ["User", "Group"].contains(&subject.kind.as_str()).then(|| normal(subject));
    }
    let written = subject.namespace.clone().filter(|namespace| !namespace.is_empty());
    let namespace = written.or_else(|| binding.metadata.namespace.clone())?;
    Some(Subject { namespace: Some(namespace), ..subject.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_as_it_is_written() {
        for text in ["serviceaccount:jhub/hub", "user:ada@example.org", "group:system:masters"] {
            assert_eq!(key(&parse(text).unwrap()), text);
        }
        assert_eq!(parse("system:serviceaccount:jhub:hub").unwrap(), account("jhub", "hub"));
        assert_eq!(parse("user:system:serviceaccount:jhub:hub").unwrap(), account("jhub", "hub"));
    }

    #[test]
    fn what_is_no_subject_is_said_to_be_none() {
        for text in ["", "hub", "serviceaccount:hub", "serviceaccount:/hub", "user:", "role:x"] {
            assert!(parse(text).unwrap_err().contains("serviceaccount:NAMESPACE/NAME"), "{text}");
        }
    }
}
