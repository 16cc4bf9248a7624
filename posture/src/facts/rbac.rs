//! Roles, bindings and ServiceAccounts.

use serde::{Deserialize, Serialize};

use super::meta::{Meta, placed};
use crate::kind::Kind;
use crate::listing::Placed;
use crate::object::ObjectRef;

/// A Role or a ClusterRole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Role {
    /// Metadata; no namespace for a ClusterRole.
    pub metadata: Meta,
    /// The rules; those of an aggregated ClusterRole are already merged by the controller in a live cluster.
    pub rules: Vec<PolicyRule>,
    /// Which ClusterRoles an aggregated one collects.
    pub aggregation_rule: Option<AggregationRule>,
}

/// Which ClusterRoles an aggregated one collects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AggregationRule {
    /// Their labels; any selector suffices.
    pub cluster_role_selectors: Vec<super::network::LabelSelector>,
}

/// One rule of a role.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyRule {
    /// Verbs; `*` is every verb.
    pub verbs: Vec<String>,
    /// API groups; the empty string is the core group, `*` every group.
    pub api_groups: Vec<String>,
    /// Resources, `pods` or `pods/exec`; `*` is every resource.
    pub resources: Vec<String>,
    /// The objects meant; empty means all.
    pub resource_names: Vec<String>,
    /// Paths outside resources.
    #[serde(rename = "nonResourceURLs")]
    pub non_resource_urls: Vec<String>,
}

/// A RoleBinding or a ClusterRoleBinding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Binding {
    /// Metadata; no namespace for a ClusterRoleBinding.
    pub metadata: Meta,
    /// The role.
    pub role_ref: RoleRef,
    /// Who gets it.
    pub subjects: Vec<Subject>,
}

/// The role of a binding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleRef {
    /// `Role` or `ClusterRole`.
    pub kind: String,
    /// The name.
    pub name: String,
}

/// Who gets a role.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The namespace of a ServiceAccount; that of the binding where it is left out.
    pub namespace: Option<String>,
}

/// A ServiceAccount.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceAccount {
    /// Metadata.
    pub metadata: Meta,
    /// Whether pods get a token unless they say otherwise; `None` means yes.
    pub automount_service_account_token: Option<bool>,
    /// Secrets that belong to it; up to Kubernetes 1.23 a token of it, `<name>-token-…`, among them.
    pub secrets: Vec<SecretName>,
}

/// The name of a Secret in the same namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecretName {
    /// The name.
    pub name: String,
}

placed!(Role, Binding, ServiceAccount);

impl Role {
    /// A reference to this role.
    pub fn object(&self) -> ObjectRef {
        let kind = if self.metadata.namespace.is_some() { Kind::Role } else { Kind::ClusterRole };
        ObjectRef { kind, namespace: self.metadata.namespace.clone(), name: self.name().to_owned() }
    }
}

impl Binding {
    /// A reference to this binding.
    pub fn object(&self) -> ObjectRef {
        let kind =
            if self.metadata.namespace.is_some() { Kind::RoleBinding } else { Kind::ClusterRoleBinding };
        ObjectRef { kind, namespace: self.metadata.namespace.clone(), name: self.name().to_owned() }
    }
}
