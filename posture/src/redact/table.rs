//! The one table of what is kept: for each kind, the paths and their rules. What no row names is skipped while decoding.

mod network;
mod platform;
mod policy;
mod rbac;
mod settings;
mod workload;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::data::FILES;
pub use super::data::File;
use super::rule::{Node, Row, Rule};
use crate::kind::{KINDS, Kind};

use Rule::{Annotations, Bool, Labels, Text, Time, Word};

/// Rows below a path, which is empty for the object itself or ends in a dot.
pub type Rows = (&'static str, &'static [Row]);

/// What every object keeps. `resourceVersion` and `managedFields` are taken out of the body when the record is made.
const METADATA: &[Row] = &[
    ("name", Text),
    ("namespace", Text),
    ("uid", Text),
    ("resourceVersion", Text),
    ("creationTimestamp", Time),
    ("deletionTimestamp", Time),
    ("labels", Labels),
    ("annotations", Annotations),
    ("ownerReferences[].kind", Text),
    ("ownerReferences[].name", Text),
    ("ownerReferences[].controller", Bool),
    ("managedFields[].manager", Text),
    ("managedFields[].operation", Text),
    ("managedFields[].time", Time),
];

/// A label selector.
const SELECTOR: &[Row] = &[
    ("matchLabels", Labels),
    ("matchExpressions[].key", Text),
    ("matchExpressions[].operator", Text),
    ("matchExpressions[].values[]", Text),
];

/// A condition without its message.
const CONDITION: &[Row] = &[("type", Text), ("status", Text), ("reason", Word), ("lastTransitionTime", Time)];

/// The rows of a kind, without those of its metadata.
pub fn rows(kind: Kind) -> &'static [Rows] {
    match kind {
        Kind::Pod => workload::POD,
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet | Kind::Job => {
            workload::CONTROLLER
        }
        Kind::ReplicationController => workload::REPLICATION_CONTROLLER,
        Kind::CronJob => workload::CRON_JOB,
        Kind::PodDisruptionBudget => workload::DISRUPTION_BUDGET,
        Kind::PriorityClass => workload::PRIORITY_CLASS,
        Kind::HorizontalPodAutoscaler => workload::AUTOSCALER,
        Kind::Namespace => platform::NAMESPACE,
        Kind::Node => platform::NODE,
        Kind::ConfigMap => platform::CONFIG_MAP,
        Kind::PersistentVolumeClaim => platform::CLAIM,
        Kind::ResourceQuota => platform::QUOTA,
        Kind::LimitRange => platform::LIMIT_RANGE,
        Kind::ValidatingWebhookConfiguration | Kind::MutatingWebhookConfiguration => platform::WEBHOOKS,
        Kind::ApiService => platform::API_SERVICE,
        Kind::Certificate => platform::CERTIFICATE,
        Kind::Service => network::SERVICE,
        Kind::Endpoints => network::ENDPOINTS,
        Kind::EndpointSlice => network::ENDPOINT_SLICE,
        Kind::NetworkPolicy => policy::NETWORK_POLICY,
        Kind::AdminNetworkPolicy | Kind::BaselineAdminNetworkPolicy => policy::ADMIN_POLICY,
        Kind::Ingress => network::INGRESS,
        Kind::IngressClass => network::INGRESS_CLASS,
        Kind::Gateway => network::GATEWAY,
        Kind::HttpRoute => network::HTTP_ROUTE,
        Kind::ServiceAccount => rbac::SERVICE_ACCOUNT,
        Kind::Role | Kind::ClusterRole => rbac::ROLE,
        Kind::RoleBinding | Kind::ClusterRoleBinding => rbac::BINDING,
        Kind::CustomResourceDefinition
        | Kind::Lease
        | Kind::Event
        | Kind::CiliumNetworkPolicy
        | Kind::CiliumClusterwideNetworkPolicy
        | Kind::CalicoNetworkPolicy
        | Kind::CalicoGlobalNetworkPolicy => &[],
    }
}

/// The rows of a configuration file within a ConfigMap.
pub fn file_rows(file: File) -> &'static [Row] {
    match file {
        File::TraefikStatic => settings::TRAEFIK_STATIC,
        File::TraefikDynamic => settings::TRAEFIK_DYNAMIC,
        File::Values => settings::VALUES,
        File::CloudMetadata => settings::CLOUD_METADATA,
    }
}

/// Every kept path of a kind with its rule, sorted: what the reference prints and what tests walk.
pub fn kept_paths(kind: Kind) -> BTreeMap<String, Rule> {
    let metadata: Rows = ("metadata.", METADATA);
    std::iter::once(&metadata)
        .chain(rows(kind))
        .flat_map(|(below, rows)| rows.iter().map(move |(path, rule)| (format!("{below}{path}"), *rule)))
        .collect()
}

/// The tree of a kind.
pub(super) fn tree(kind: Kind) -> &'static Node {
    static TREES: OnceLock<BTreeMap<Kind, Node>> = OnceLock::new();
    let trees = TREES.get_or_init(|| {
        KINDS
            .iter()
            .map(|info| {
                let mut node = Node::empty();
                node.add("metadata.", METADATA);
                for (below, rows) in rows(info.kind) {
                    node.add(below, rows);
                }
                (info.kind, node)
            })
            .collect()
    });
    trees.get(&kind).expect("a tree is made for every kind of the table of kinds")
}

/// The tree of a configuration file.
pub(super) fn file(file: File) -> &'static Node {
    static TREES: OnceLock<BTreeMap<File, Node>> = OnceLock::new();
    let trees = TREES.get_or_init(|| {
        FILES
            .iter()
            .map(|file| {
                let mut node = Node::empty();
                node.add("", file_rows(*file));
                (*file, node)
            })
            .collect()
    });
    trees.get(&file).expect("a tree is made for every file")
}

/// The tree of the source of an environment variable.
pub(super) fn env_source() -> &'static Node {
    static TREE: OnceLock<Node> = OnceLock::new();
    TREE.get_or_init(|| {
        let mut node = Node::empty();
        node.add("", workload::ENV_SOURCE);
        node
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tree_can_be_built() {
        for info in KINDS {
            assert!(matches!(tree(info.kind), Node::Fields(_)), "{}", info.kind);
        }
        for known in FILES {
            assert!(matches!(file(*known), Node::Fields(_)));
        }
        assert!(matches!(env_source(), Node::Fields(_)));
    }

    #[test]
    fn no_path_stands_twice() {
        for info in KINDS {
            let count = METADATA.len() + rows(info.kind).iter().map(|(_, rows)| rows.len()).sum::<usize>();
            assert_eq!(kept_paths(info.kind).len(), count, "{}", info.kind);
        }
    }
}
