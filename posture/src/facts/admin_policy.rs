//! `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`: policies of the cluster's administrators, before and behind all others.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LabelSelector;
use super::meta::{Meta, placed};

/// A policy of the cluster's administrators, of either kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdminPolicy {
    /// Metadata.
    pub metadata: Meta,
    /// The specification.
    pub spec: AdminPolicySpec,
}

/// Whom it is about and what it decides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdminPolicySpec {
    /// The order among `AdminNetworkPolicies`: the lowest number decides first. A baseline has none.
    pub priority: Option<i64>,
    /// The pods it is about.
    pub subject: AdminPods,
    /// What it decides of traffic to them; the first rule that applies counts.
    pub ingress: Vec<AdminRule>,
    /// What it decides of traffic from them; the first rule that applies counts.
    pub egress: Vec<AdminRule>,
}

/// One rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdminRule {
    /// `Allow`, `Deny` or `Pass`; a baseline does not pass.
    pub action: String,
    /// The sources of an ingress rule.
    pub from: Vec<AdminPeer>,
    /// The destinations of an egress rule.
    pub to: Vec<AdminPeer>,
    /// The ports; absent means all ports of all protocols.
    pub ports: Option<Vec<AdminPort>>,
}

/// Pods by namespaces, or by namespaces and labels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdminPods {
    /// All pods of these namespaces.
    pub namespaces: Option<AdminNamespaces>,
    /// These pods of these namespaces.
    pub pods: Option<AdminNamespacedPods>,
}

/// A peer of a rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AdminPeer {
    /// All pods of these namespaces.
    pub namespaces: Option<AdminNamespaces>,
    /// These pods of these namespaces.
    pub pods: Option<AdminNamespacedPods>,
    /// Nodes.
    pub nodes: Option<LabelSelector>,
    /// Ranges of addresses, of pods too.
    pub networks: Vec<String>,
    /// Names of hosts outside the cluster.
    pub domain_names: Vec<String>,
}

/// Namespaces by labels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AdminNamespaces {
    /// The labels.
    #[serde(flatten)]
    pub selector: LabelSelector,
    /// Set by the first version of the API, which had the selector one level down.
    pub namespace_selector: Option<Value>,
    /// Set by the first version of the API: namespaces with the subject's value of these labels.
    pub same_labels: Vec<String>,
    /// Set by the first version of the API: namespaces with another value of these labels.
    pub not_same_labels: Vec<String>,
}

/// Pods by labels within namespaces.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AdminNamespacedPods {
    /// The namespaces.
    pub namespace_selector: LabelSelector,
    /// The pods.
    pub pod_selector: LabelSelector,
    /// Set by the first version of the API, which had the namespaces' selector one level down.
    pub namespaces: Option<Value>,
}

/// An entry of a rule's ports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AdminPort {
    /// One port.
    pub port_number: Option<AdminPortNumber>,
    /// Several ports.
    pub port_range: Option<AdminPortRange>,
    /// What pods call a port.
    pub named_port: Option<String>,
}

/// One port by number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdminPortNumber {
    /// `TCP` unless set.
    pub protocol: Option<String>,
    /// The number.
    pub port: u16,
}

/// Several ports by number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdminPortRange {
    /// `TCP` unless set.
    pub protocol: Option<String>,
    /// The first.
    pub start: u16,
    /// The last.
    pub end: u16,
}

placed!(AdminPolicy);
