//! Nodes and namespaces.

use serde::{Deserialize, Serialize};

use super::meta::{Meta, placed};

/// A node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Node {
    /// Metadata.
    pub metadata: Meta,
    /// The specification.
    pub spec: NodeSpec,
    /// The allow-listed part of the status.
    pub status: NodeStatus,
}

/// Where a node comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSpec {
    /// The cloud and the machine: `aws:///eu-west-1a/i-0abc`.
    #[serde(rename = "providerID")]
    pub provider_id: Option<String>,
    /// The pod addresses of the node.
    #[serde(rename = "podCIDRs")]
    pub pod_cidrs: Vec<String>,
}

/// What a node says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    /// Addresses.
    pub addresses: Vec<NodeAddress>,
    /// Versions.
    pub node_info: NodeInfo,
}

/// An address of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeAddress {
    /// `InternalIP`, `ExternalIP`, `Hostname`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The address.
    pub address: String,
}

/// Versions of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeInfo {
    /// The kubelet's version: `v1.33.4+k3s1`.
    pub kubelet_version: String,
    /// The operating system's name and version.
    pub os_image: String,
    /// `linux` or `windows`.
    pub operating_system: String,
    /// The container runtime and its version.
    pub container_runtime_version: String,
    /// The kernel's version.
    pub kernel_version: String,
}

/// A namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Namespace {
    /// Metadata.
    pub metadata: Meta,
}

placed!(Node, Namespace);
