//! The one table of what Perijove reads: kinds, API groups, permission tiers.
//!
//! The ClusterRole in `deploy/`, the gaps that name a missing permission and `perijove doctor` all come from [`KINDS`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// The permission tier a kind belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// Read-only, without Secrets: what every installation grants.
    R0,
    /// Optional custom resources: read where the API is served.
    C,
}

/// How the objects of a kind are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Whole objects are listed and watched.
    Whole,
    /// Only metadata is listed and watched; some objects are then read with `get`.
    Metadata,
    /// Granted so that a person may look, but neither listed nor watched.
    OnDemand,
}

/// What the table says about one kind.
#[derive(Debug, Clone, Copy)]
pub struct KindInfo {
    /// The kind.
    pub kind: Kind,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// API versions this program can read, newest first.
    pub versions: &'static [&'static str],
    /// The resource name in URLs and in RBAC rules.
    pub plural: &'static str,
    /// The Kubernetes name of the kind.
    pub name: &'static str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// The permission tier.
    pub tier: Tier,
    /// How objects are read.
    pub reading: Reading,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $name:literal, $group:literal, [$($version:literal),+], $plural:literal, $namespaced:literal, $tier:ident, $reading:ident;)+) => {
        /// A kind of object that Perijove knows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind { $(#[doc = concat!("`", $name, "` of group `", $group, "`.")] $kind,)+ }

        /// Every kind, in the order in which they are listed: namespaces and pods first, because names of people come from pods.
        pub const KINDS: &[KindInfo] = &[
            $(KindInfo { kind: Kind::$kind, group: $group, versions: &[$($version),+], plural: $plural, name: $name,
                namespaced: $namespaced, tier: Tier::$tier, reading: Reading::$reading },)+
        ];
    };
}

kinds! {
    Pod, "Pod", "", ["v1"], "pods", true, R0, Whole;
    Namespace, "Namespace", "", ["v1"], "namespaces", false, R0, Whole;
    Node, "Node", "", ["v1"], "nodes", false, R0, Whole;
    Service, "Service", "", ["v1"], "services", true, R0, Whole;
    Endpoints, "Endpoints", "", ["v1"], "endpoints", true, R0, Whole;
    ConfigMap, "ConfigMap", "", ["v1"], "configmaps", true, R0, Metadata;
    ServiceAccount, "ServiceAccount", "", ["v1"], "serviceaccounts", true, R0, Whole;
    PersistentVolumeClaim, "PersistentVolumeClaim", "", ["v1"], "persistentvolumeclaims", true, R0, Whole;
    ResourceQuota, "ResourceQuota", "", ["v1"], "resourcequotas", true, R0, Whole;
    LimitRange, "LimitRange", "", ["v1"], "limitranges", true, R0, Whole;
    ReplicationController, "ReplicationController", "", ["v1"], "replicationcontrollers", true, R0, Whole;
    Deployment, "Deployment", "apps", ["v1"], "deployments", true, R0, Whole;
    StatefulSet, "StatefulSet", "apps", ["v1"], "statefulsets", true, R0, Whole;
    DaemonSet, "DaemonSet", "apps", ["v1"], "daemonsets", true, R0, Whole;
    ReplicaSet, "ReplicaSet", "apps", ["v1"], "replicasets", true, R0, Whole;
    Job, "Job", "batch", ["v1"], "jobs", true, R0, Whole;
    CronJob, "CronJob", "batch", ["v1"], "cronjobs", true, R0, Whole;
    NetworkPolicy, "NetworkPolicy", "networking.k8s.io", ["v1"], "networkpolicies", true, R0, Whole;
    Ingress, "Ingress", "networking.k8s.io", ["v1"], "ingresses", true, R0, Whole;
    IngressClass, "IngressClass", "networking.k8s.io", ["v1"], "ingressclasses", false, R0, Whole;
    Role, "Role", "rbac.authorization.k8s.io", ["v1"], "roles", true, R0, Whole;
    ClusterRole, "ClusterRole", "rbac.authorization.k8s.io", ["v1"], "clusterroles", false, R0, Whole;
    RoleBinding, "RoleBinding", "rbac.authorization.k8s.io", ["v1"], "rolebindings", true, R0, Whole;
    ClusterRoleBinding, "ClusterRoleBinding", "rbac.authorization.k8s.io", ["v1"], "clusterrolebindings", false, R0, Whole;
    PodDisruptionBudget, "PodDisruptionBudget", "policy", ["v1"], "poddisruptionbudgets", true, R0, Whole;
    EndpointSlice, "EndpointSlice", "discovery.k8s.io", ["v1"], "endpointslices", true, R0, Whole;
    PriorityClass, "PriorityClass", "scheduling.k8s.io", ["v1"], "priorityclasses", false, R0, Whole;
    HorizontalPodAutoscaler, "HorizontalPodAutoscaler", "autoscaling", ["v2", "v1"], "horizontalpodautoscalers", true, R0, Whole;
    ValidatingWebhookConfiguration, "ValidatingWebhookConfiguration", "admissionregistration.k8s.io", ["v1"], "validatingwebhookconfigurations", false, R0, Whole;
    MutatingWebhookConfiguration, "MutatingWebhookConfiguration", "admissionregistration.k8s.io", ["v1"], "mutatingwebhookconfigurations", false, R0, Whole;
    ApiService, "APIService", "apiregistration.k8s.io", ["v1"], "apiservices", false, R0, Whole;
    CustomResourceDefinition, "CustomResourceDefinition", "apiextensions.k8s.io", ["v1"], "customresourcedefinitions", false, R0, Metadata;
    Lease, "Lease", "coordination.k8s.io", ["v1"], "leases", true, R0, OnDemand;
    Event, "Event", "", ["v1"], "events", true, R0, OnDemand;
    Certificate, "Certificate", "cert-manager.io", ["v1"], "certificates", true, C, Whole;
    Gateway, "Gateway", "gateway.networking.k8s.io", ["v1", "v1beta1"], "gateways", true, C, Whole;
    HttpRoute, "HTTPRoute", "gateway.networking.k8s.io", ["v1", "v1beta1"], "httproutes", true, C, Whole;
    CiliumNetworkPolicy, "CiliumNetworkPolicy", "cilium.io", ["v2"], "ciliumnetworkpolicies", true, C, Whole;
    CiliumClusterwideNetworkPolicy, "CiliumClusterwideNetworkPolicy", "cilium.io", ["v2"], "ciliumclusterwidenetworkpolicies", false, C, Whole;
    CalicoNetworkPolicy, "CalicoNetworkPolicy", "crd.projectcalico.org", ["v1"], "networkpolicies", true, C, Whole;
    CalicoGlobalNetworkPolicy, "CalicoGlobalNetworkPolicy", "crd.projectcalico.org", ["v1"], "globalnetworkpolicies", false, C, Whole;
    AdminNetworkPolicy, "AdminNetworkPolicy", "policy.networking.k8s.io", ["v1alpha1"], "adminnetworkpolicies", false, C, Whole;
    BaselineAdminNetworkPolicy, "BaselineAdminNetworkPolicy", "policy.networking.k8s.io", ["v1alpha1"], "baselineadminnetworkpolicies", false, C, Whole;
}

impl Kind {
    /// What the table says about this kind.
    ///
    /// # Panics
    /// Never: the macro writes one row for each variant.
    pub fn info(self) -> &'static KindInfo {
        KINDS.iter().find(|info| info.kind == self).expect("the macro writes one row for each variant")
    }

    /// The kind of an object as its manifest names it, `apps/v1` and `Deployment`; `None` for what Perijove does not read.
    ///
    /// Old versions of a known group (`extensions/v1beta1` for Deployments, say) are not accepted: their fields differ.
    ///
    /// Calico's API server serves the policies of its own resources once more, under a name and a version that people write.
    pub fn of_manifest(api_version: &str, kind: &str) -> Option<Self> {
        let (group, version) = match api_version {
            "projectcalico.org/v3" => ("crd.projectcalico.org", "v1"),
            other => other.split_once('/').unwrap_or(("", other)),
        };
        KINDS
            .iter()
            .find(|i| i.group == group && i.versions.contains(&version) && i.manifest_kind() == kind)
            .map(|i| i.kind)
    }
}

impl KindInfo {
    /// The Kubernetes name of the kind for several objects: `DaemonSets`, `NetworkPolicies`.
    pub fn names(&self) -> String {
        let name = self.name;
        match name.strip_suffix('y') {
            Some(stem) if !stem.ends_with('a') => format!("{stem}ies"),
            _ if name.ends_with("ss") => format!("{name}es"),
            _ if name.ends_with('s') => name.to_owned(),
            _ => format!("{name}s"),
        }
    }

    /// The `kind` that manifests of this resource carry; Calico's and Kubernetes' policies share one.
    pub fn manifest_kind(&self) -> &'static str {
        match self.kind {
            Kind::CalicoNetworkPolicy => "NetworkPolicy",
            Kind::CalicoGlobalNetworkPolicy => "GlobalNetworkPolicy",
            _ => self.name,
        }
    }

    /// The permission that reads this kind, as a person would grant it: `list and watch services`.
    pub fn permission(&self) -> String {
        let group = if self.group.is_empty() { String::new() } else { format!(".{}", self.group) };
        format!("list and watch {}{group}", self.plural)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_resource_stands_in_the_table_once() {
        let unique: BTreeSet<_> = KINDS.iter().map(|i| (i.group, i.plural)).collect();
        assert_eq!(unique.len(), KINDS.len());
    }

    #[test]
    fn names_for_several_objects_are_those_of_kubernetes() {
        for info in KINDS {
            let names = info.names();
            assert!(names.to_lowercase().ends_with(info.plural), "{names} and {}", info.plural);
        }
        let of = |kind: Kind| kind.info().names();
        assert_eq!(
            (of(Kind::DaemonSet).as_str(), of(Kind::IngressClass).as_str()),
            ("DaemonSets", "IngressClasses")
        );
    }

    #[test]
    fn a_calico_policy_is_not_taken_for_a_kubernetes_one() {
        assert_eq!(Kind::of_manifest("networking.k8s.io/v1", "NetworkPolicy"), Some(Kind::NetworkPolicy));
        assert_eq!(
            Kind::of_manifest("crd.projectcalico.org/v1", "NetworkPolicy"),
            Some(Kind::CalicoNetworkPolicy)
        );
    }

    #[test]
    fn policies_of_calico_are_known_as_people_write_them() {
        let of = |kind: &str| Kind::of_manifest("projectcalico.org/v3", kind);
        assert_eq!(of("NetworkPolicy"), Some(Kind::CalicoNetworkPolicy));
        assert_eq!(of("GlobalNetworkPolicy"), Some(Kind::CalicoGlobalNetworkPolicy));
        assert_eq!(of("IPPool"), None);
    }

    #[test]
    fn secrets_are_not_in_the_table() {
        assert!(KINDS.iter().all(|i| i.plural != "secrets"));
    }
}
