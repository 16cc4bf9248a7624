//! All facts of one cluster at one instant, with what could not be read.

pub mod builder;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use builder::SnapshotBuilder;

use crate::facts::{
    AdminPolicy, ApiService, Binding, Certificate, ConfigMap, CustomResource, EndpointSlice, Endpoints,
    Gateway, HttpRoute, Ingress, IngressClass, Namespace, NetworkPolicy, Node, PersistentVolumeClaim, Pod,
    PolicyRule, Role, Service, ServiceAccount, WebhookConfiguration, Workload,
};
use crate::gap::{Gap, GapReason};
use crate::kind::Kind;
use crate::listing::Listing;
use crate::sighting::Sightings;

/// Where a snapshot comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A live cluster: a complete list proves absence.
    Observed,
    /// Files: they prove what they hold and nothing else.
    Declared,
}

/// All facts of one cluster at one instant.
///
/// Cloning is cheap: listings share their items.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Where it comes from.
    pub origin: Origin,
    /// When the newest fact in it was seen.
    pub taken_at: Timestamp,
    /// The cluster's name in the configuration.
    pub cluster: String,
    /// Namespaces.
    pub namespaces: Listing<Namespace>,
    /// Nodes.
    pub nodes: Listing<Node>,
    /// Pods.
    pub pods: Listing<Pod>,
    /// Services.
    pub services: Listing<Service>,
    /// Endpoints, old form.
    pub endpoints: Listing<Endpoints>,
    /// Endpoints, new form.
    pub endpoint_slices: Listing<EndpointSlice>,
    /// ConfigMaps, metadata only; see [`Snapshot::config_map`] for the data of those that were read.
    pub config_maps: Listing<ConfigMap>,
    /// ConfigMaps whose data was read with `get`, or why it could not be; by namespace and name.
    pub config_data: BTreeMap<(String, String), Result<Arc<ConfigMap>, GapReason>>,
    /// ServiceAccounts.
    pub service_accounts: Listing<ServiceAccount>,
    /// Claims.
    pub claims: Listing<PersistentVolumeClaim>,
    /// Deployments.
    pub deployments: Listing<Workload>,
    /// StatefulSets.
    pub stateful_sets: Listing<Workload>,
    /// DaemonSets.
    pub daemon_sets: Listing<Workload>,
    /// ReplicaSets.
    pub replica_sets: Listing<Workload>,
    /// ReplicationControllers.
    pub replication_controllers: Listing<Workload>,
    /// Jobs.
    pub jobs: Listing<Workload>,
    /// CronJobs.
    pub cron_jobs: Listing<Workload>,
    /// NetworkPolicies of Kubernetes.
    pub network_policies: Listing<NetworkPolicy>,
    /// `AdminNetworkPolicies`; complete and empty where the API is not served.
    pub admin_policies: Listing<AdminPolicy>,
    /// The `BaselineAdminNetworkPolicy`, of which a cluster has at most one; complete and empty where the API is not served.
    pub baseline_policies: Listing<AdminPolicy>,
    /// Policies of Cilium and Calico, by kind, for their presence; a kind the cluster does not serve is complete and empty.
    pub foreign_policies: BTreeMap<Kind, Listing<CustomResource>>,
    /// Ingresses.
    pub ingresses: Listing<Ingress>,
    /// IngressClasses.
    pub ingress_classes: Listing<IngressClass>,
    /// Gateways; complete and empty where the API is not served.
    pub gateways: Listing<Gateway>,
    /// HTTPRoutes; complete and empty where the API is not served.
    pub http_routes: Listing<HttpRoute>,
    /// cert-manager Certificates; complete and empty where the API is not served.
    pub certificates: Listing<Certificate>,
    /// Webhooks that may refuse objects.
    pub validating_webhooks: Listing<WebhookConfiguration>,
    /// Webhooks that may change objects.
    pub mutating_webhooks: Listing<WebhookConfiguration>,
    /// Parts of the API that others serve.
    pub api_services: Listing<ApiService>,
    /// Roles.
    pub roles: Listing<Role>,
    /// ClusterRoles.
    pub cluster_roles: Listing<Role>,
    /// RoleBindings.
    pub role_bindings: Listing<Binding>,
    /// ClusterRoleBindings.
    pub cluster_role_bindings: Listing<Binding>,
    /// The answers to Perijove's questions about its own rights.
    pub reviews: Result<Reviews, GapReason>,
    /// Certificates that were looked at outside the lists of the API; empty where no tier that does so is asked for.
    pub sightings: Sightings,
    /// The coverage of the kinds that are recorded but that no fact is made of.
    pub other_gaps: Vec<Gap>,
}

/// The answers of the API server to questions about Perijove's own rights (`SelfSubjectAccessReview`, `SelfSubjectRulesReview`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviews {
    /// The question whether something granted is allowed (list of a kind that is indeed readable).
    pub granted: Option<AccessAnswer>,
    /// The question whether something not granted is allowed (`delete nodes`).
    pub not_granted: Option<AccessAnswer>,
    /// What Perijove may do in each namespace; empty where that was not asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<OwnRules>,
    /// When the oldest of the answers of `rules` was given. It goes on while the answers stay the same, so it is no part of them in the
    /// history.
    #[serde(skip)]
    pub asked_at: Option<jiff::Timestamp>,
}

impl Reviews {
    /// Whether the answers are the same, whenever they were given.
    pub fn says_the_same(&self, other: &Self) -> bool {
        (&self.granted, &self.not_granted, &self.rules) == (&other.granted, &other.not_granted, &other.rules)
    }
}

/// The API server's list of what Perijove may do, for namespaces where it is the same (`SelfSubjectRulesReview`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnRules {
    /// The namespaces, sorted.
    pub namespaces: Vec<String>,
    /// The rules that hold there, those of the whole cluster among them; sorted.
    pub rules: Vec<PolicyRule>,
    /// Whether the API server says that more may be allowed, as where another authoriser than RBAC decides too.
    #[serde(default)]
    pub is_incomplete: bool,
}

/// The answer to one `SelfSubjectAccessReview`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessAnswer {
    /// What was asked: `list pods`.
    pub question: String,
    /// Whether it is allowed.
    pub allowed: bool,
    /// The class of the authoriser's reason; its text names people and objects and is dropped.
    pub reason: AuthorizerReason,
}

/// What an authoriser's reason text says, without the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorizerReason {
    /// It starts with `RBAC: allowed by`.
    Rbac,
    /// It speaks of the cloud's IAM.
    Iam,
    /// It says something else.
    Other,
    /// It is empty.
    None,
}

impl Snapshot {
    /// A ConfigMap with its data: `Ok(None)` only if it is proven not to exist.
    pub fn config_map(&self, namespace: &str, name: &str) -> Result<Option<&ConfigMap>, Gap> {
        let gap =
            |reason: GapReason| Gap { kind: Kind::ConfigMap, namespace: Some(namespace.to_owned()), reason };
        match self.config_data.get(&(namespace.to_owned(), name.to_owned())) {
            Some(Ok(config_map)) => Ok(Some(config_map)),
            Some(Err(reason)) => Err(gap(reason.clone())),
            None => match self.config_maps.get(Some(namespace), name)? {
                Some(_) => Err(gap(GapReason::NotRead)),
                None => Ok(None),
            },
        }
    }

    /// Every listing of controllers whose pods may hold what a check looks for, CronJobs and Jobs excepted.
    pub fn workload_listings(&self) -> [&Listing<Workload>; 5] {
        [
            &self.deployments,
            &self.stateful_sets,
            &self.daemon_sets,
            &self.replica_sets,
            &self.replication_controllers,
        ]
    }

    /// Everything that could not be read, sorted.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = self.other_gaps.clone();
        macro_rules! collect { ($($field:ident),+) => { $(gaps.extend(self.$field.gaps());)+ }; }
        collect!(
            namespaces,
            nodes,
            pods,
            services,
            endpoints,
            endpoint_slices,
            config_maps,
            service_accounts,
            claims,
            deployments,
            stateful_sets,
            daemon_sets,
            replica_sets,
            replication_controllers,
            jobs,
            cron_jobs,
            network_policies,
            admin_policies,
            baseline_policies,
            ingresses,
            ingress_classes,
            gateways,
            http_routes,
            certificates,
            validating_webhooks,
            mutating_webhooks,
            api_services,
            roles,
            cluster_roles,
            role_bindings,
            cluster_role_bindings
        );
        gaps.extend(self.foreign_policies.values().flat_map(Listing::gaps));
        gaps.sort();
        gaps.dedup();
        gaps
    }
}
