//! Turns records into facts, one at a time, and gives a snapshot of them at any moment.

mod pool;
mod reading;
mod shelf;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Origin, Reviews, Snapshot};
use crate::facts::{
    AdminPolicy, ApiService, Binding, Certificate, ConfigMap, CustomResource, EndpointSlice, Endpoints,
    Gateway, HttpRoute, Ingress, IngressClass, Namespace, NetworkPolicy, Node, PersistentVolumeClaim, Pod,
    Role, Service, ServiceAccount, WebhookConfiguration, Workload,
};
use crate::gap::{Gap, GapReason};
use crate::kind::{KINDS, Kind, Reading};
use crate::listing::Coverage;
use crate::object::ObjectRef;
use crate::record::Record;
use crate::sighting::Sightings;
use pool::Pools;
use shelf::Shelf;

/// The kinds of policies outside Kubernetes' own, of which only the presence counts.
const FOREIGN_POLICIES: &[Kind] = &[
    Kind::CiliumNetworkPolicy,
    Kind::CiliumClusterwideNetworkPolicy,
    Kind::CalicoNetworkPolicy,
    Kind::CalicoGlobalNetworkPolicy,
];

/// A record of which no fact can be made: a number is out of range, say. Its kind is a gap in its namespace as long as it is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{object} cannot be understood: a value does not fit its field")]
pub struct Misfit {
    /// The object.
    pub object: ObjectRef,
}

/// Declares the shelves, one for each kind that has facts, and everything that goes through all of them.
macro_rules! shelves {
    ($($field:ident: $fact:ty, $kind:ident, $read:expr;)+) => {
        /// The facts of every kind.
        #[derive(Debug)]
        struct Shelves { $($field: Shelf<$fact>,)+ }

        impl Shelves {
            fn new(nothing: &Coverage) -> Self {
                Self { $($field: Shelf::new(nothing.clone()),)+ }
            }

            /// Puts the fact of a record on its shelf, if its kind has facts.
            fn put(&mut self, record: &Record, pools: &mut Pools) -> Result<(), serde_json::Error> {
                match record.object.kind {
                    $(Kind::$kind => self.$field.put(&record.object, $read(record, pools)?),)+
                    _ => {}
                }
                Ok(())
            }

            fn put_misfit(&mut self, object: &ObjectRef) {
                match object.kind {
                    $(Kind::$kind => self.$field.put_misfit(object),)+
                    _ => {}
                }
            }

            fn remove(&mut self, object: &ObjectRef) {
                match object.kind {
                    $(Kind::$kind => self.$field.remove(object),)+
                    _ => {}
                }
            }

            fn coverage(&mut self, kind: Kind) -> Option<&mut Coverage> {
                match kind {
                    $(Kind::$kind => Some(self.$field.coverage()),)+
                    _ => None,
                }
            }

            fn begin(&mut self, kind: Kind, namespace: Option<&str>) {
                match kind {
                    $(Kind::$kind => self.$field.begin(namespace),)+
                    _ => {}
                }
            }

            fn finish(&mut self, kind: Kind, namespace: Option<&str>) {
                match kind {
                    $(Kind::$kind => self.$field.finish(namespace),)+
                    _ => {}
                }
            }
        }
    };
}

shelves! {
    namespaces: Namespace, Namespace, reading::plain;
    nodes: Node, Node, reading::plain;
    pods: Pod, Pod, reading::pod;
    services: Service, Service, reading::plain;
    endpoints: Endpoints, Endpoints, reading::plain;
    endpoint_slices: EndpointSlice, EndpointSlice, reading::plain;
    config_maps: ConfigMap, ConfigMap, reading::config_map;
    service_accounts: ServiceAccount, ServiceAccount, reading::plain;
    claims: PersistentVolumeClaim, PersistentVolumeClaim, reading::plain;
    deployments: Workload, Deployment, reading::workload;
    stateful_sets: Workload, StatefulSet, reading::workload;
    daemon_sets: Workload, DaemonSet, reading::workload;
    replica_sets: Workload, ReplicaSet, reading::workload;
    replication_controllers: Workload, ReplicationController, reading::workload;
    jobs: Workload, Job, reading::workload;
    cron_jobs: Workload, CronJob, reading::workload;
    network_policies: NetworkPolicy, NetworkPolicy, reading::plain;
    ingresses: Ingress, Ingress, reading::plain;
    ingress_classes: IngressClass, IngressClass, reading::plain;
    gateways: Gateway, Gateway, reading::plain;
    http_routes: HttpRoute, HttpRoute, reading::plain;
    certificates: Certificate, Certificate, reading::plain;
    roles: Role, Role, reading::plain;
    cluster_roles: Role, ClusterRole, reading::plain;
    role_bindings: Binding, RoleBinding, reading::plain;
    cluster_role_bindings: Binding, ClusterRoleBinding, reading::plain;
    cilium: CustomResource, CiliumNetworkPolicy, reading::presence;
    cilium_clusterwide: CustomResource, CiliumClusterwideNetworkPolicy, reading::presence;
    calico: CustomResource, CalicoNetworkPolicy, reading::presence;
    calico_global: CustomResource, CalicoGlobalNetworkPolicy, reading::presence;
    admin_policies: AdminPolicy, AdminNetworkPolicy, reading::plain;
    baseline_policies: AdminPolicy, BaselineAdminNetworkPolicy, reading::plain;
    validating_webhooks: WebhookConfiguration, ValidatingWebhookConfiguration, reading::plain;
    mutating_webhooks: WebhookConfiguration, MutatingWebhookConfiguration, reading::plain;
    api_services: ApiService, ApiService, reading::plain;
}

/// Collects facts and coverage; memory follows the facts, not the objects.
#[derive(Debug)]
pub struct SnapshotBuilder {
    origin: Origin,
    cluster: String,
    shelves: Shelves,
    pools: Pools,
    others: BTreeMap<Kind, Coverage>,
    config_data: BTreeMap<(String, String), Result<Arc<ConfigMap>, GapReason>>,
    reviews: Result<Reviews, GapReason>,
    sightings: Sightings,
}

impl SnapshotBuilder {
    /// Starts with nothing: every kind is a gap, [`GapReason::NotRead`] for a live cluster and [`GapReason::NotInFiles`] for files.
    pub fn new(origin: Origin, cluster: impl Into<String>) -> Self {
        let reason = match origin {
            Origin::Observed => GapReason::NotRead,
            Origin::Declared => GapReason::NotInFiles,
        };
        let nothing = Coverage::gap(reason.clone());
        let mut shelves = Shelves::new(&nothing);
        let others = KINDS
            .iter()
            .filter(|info| info.reading != Reading::OnDemand && shelves.coverage(info.kind).is_none())
            .map(|info| (info.kind, nothing.clone()))
            .collect();
        Self {
            origin,
            cluster: cluster.into(),
            shelves,
            pools: Pools::default(),
            others,
            config_data: BTreeMap::new(),
            reviews: Err(reason),
            sightings: Sightings::default(),
        }
    }

    /// Takes in a new or changed object.
    ///
    /// # Errors
    /// If no fact can be made of it; its kind is then a gap in its namespace until it changes or goes.
    pub fn apply(&mut self, record: &Record) -> Result<(), Misfit> {
        let object = &record.object;
        let put = self.shelves.put(record, &mut self.pools);
        if put.is_err() {
            self.shelves.put_misfit(object);
            return Err(Misfit { object: object.clone() });
        }
        if object.kind == Kind::ConfigMap && self.origin == Origin::Declared {
            let namespace = object.namespace.clone().unwrap_or_default();
            self.config_data(&namespace, &object.name, Ok(record));
        }
        Ok(())
    }

    /// Takes out an object that is gone.
    pub fn remove(&mut self, object: &ObjectRef) {
        self.shelves.remove(object);
        if object.kind == Kind::ConfigMap {
            let namespace = object.namespace.clone().unwrap_or_default();
            self.config_data.remove(&(namespace, object.name.clone()));
        }
    }

    /// A list of this kind begins, in one namespace or everywhere: what it does not hold will be gone when it
    /// [ends](Self::finish_list). A list that fails is begun anew.
    pub fn begin_list(&mut self, kind: Kind, namespace: Option<&str>) {
        self.shelves.begin(kind, namespace);
    }

    /// The list of this kind is complete, in one namespace or everywhere: takes out what it did not hold.
    pub fn finish_list(&mut self, kind: Kind, namespace: Option<&str>) {
        self.shelves.finish(kind, namespace);
    }

    /// Says how much of a kind was read.
    pub fn cover(&mut self, kind: Kind, coverage: Coverage) {
        if let Some(known) = self.coverage(kind) {
            *known = coverage;
        }
    }

    /// Says whether one namespace was read completely, or why not.
    pub fn cover_in(&mut self, kind: Kind, namespace: &str, reason: Option<GapReason>) {
        if let Some(known) = self.coverage(kind) {
            known.namespaces.insert(namespace.to_owned(), reason);
        }
    }

    fn coverage(&mut self, kind: Kind) -> Option<&mut Coverage> {
        match self.shelves.coverage(kind) {
            Some(coverage) => Some(coverage),
            None => self.others.get_mut(&kind),
        }
    }

    /// The data of a ConfigMap that was read with `get`, or why it could not be.
    pub fn config_data(&mut self, namespace: &str, name: &str, read: Result<&Record, GapReason>) {
        let read = read.and_then(|record| {
            let mut config_map: ConfigMap = reading::plain(record, &mut self.pools)
                .map_err(|_| GapReason::Failed("it could not be understood".to_owned()))?;
            config_map.data.get_or_insert_default();
            Ok(Arc::new(config_map))
        });
        self.config_data.insert((namespace.to_owned(), name.to_owned()), read);
    }

    /// Forgets the data of a ConfigMap.
    pub fn forget_config_data(&mut self, namespace: &str, name: &str) {
        self.config_data.remove(&(namespace.to_owned(), name.to_owned()));
    }

    /// The answers about Perijove's own rights, or why there are none.
    pub fn reviews(&mut self, reviews: Result<Reviews, GapReason>) {
        self.reviews = reviews;
    }

    /// What was looked at outside the lists of the API.
    pub fn sightings(&mut self, sightings: Sightings) {
        self.sightings = sightings;
    }

    /// The snapshot of everything taken in so far.
    pub fn build(&mut self, now: Timestamp) -> Snapshot {
        self.pools.sweep();
        macro_rules! listings {
            ($($field:ident: $kind:ident),+ $(,)?) => {
                Snapshot {
                    origin: self.origin,
                    taken_at: now,
                    cluster: self.cluster.clone(),
                    $($field: self.shelves.$field.listing(Kind::$kind),)+
                    config_data: self.config_data.clone(),
                    foreign_policies: BTreeMap::new(),
                    reviews: self.reviews.clone(),
                    sightings: self.sightings.clone(),
                    other_gaps: self.other_gaps(),
                }
            };
        }
        let mut snapshot = listings! {
            namespaces: Namespace, nodes: Node, pods: Pod, services: Service, endpoints: Endpoints,
            endpoint_slices: EndpointSlice, config_maps: ConfigMap, service_accounts: ServiceAccount,
            claims: PersistentVolumeClaim, deployments: Deployment, stateful_sets: StatefulSet,
            daemon_sets: DaemonSet, replica_sets: ReplicaSet, replication_controllers: ReplicationController,
            jobs: Job, cron_jobs: CronJob, network_policies: NetworkPolicy, ingresses: Ingress,
            ingress_classes: IngressClass, gateways: Gateway, http_routes: HttpRoute, certificates: Certificate,
            roles: Role, cluster_roles: ClusterRole, role_bindings: RoleBinding,
            cluster_role_bindings: ClusterRoleBinding, admin_policies: AdminNetworkPolicy,
            baseline_policies: BaselineAdminNetworkPolicy, validating_webhooks: ValidatingWebhookConfiguration,
            mutating_webhooks: MutatingWebhookConfiguration, api_services: ApiService,
        };
        let shelves = [
            &mut self.shelves.cilium,
            &mut self.shelves.cilium_clusterwide,
            &mut self.shelves.calico,
            &mut self.shelves.calico_global,
        ];
        snapshot.foreign_policies =
            FOREIGN_POLICIES.iter().zip(shelves).map(|(kind, shelf)| (*kind, shelf.listing(*kind))).collect();
        snapshot
    }

    fn other_gaps(&self) -> Vec<Gap> {
        let gap = |kind: Kind, namespace: Option<String>, reason: &GapReason| Gap {
            kind,
            namespace,
            reason: reason.clone(),
        };
        self.others
            .iter()
            .flat_map(|(kind, coverage)| {
                let everywhere = coverage.everywhere.iter().map(|reason| gap(*kind, None, reason));
                let partial = coverage.namespaces.iter().filter_map(|(namespace, reason)| {
                    reason.as_ref().map(|reason| gap(*kind, Some(namespace.clone()), reason))
                });
                everywhere.chain(partial).collect::<Vec<_>>()
            })
            .collect()
    }
}

/// An object without fields, for a record whose body has none where one is expected.
fn nothing() -> Value {
    Value::Object(Map::new())
}
