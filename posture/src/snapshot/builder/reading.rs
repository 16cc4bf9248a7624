//! Reads facts from records.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::nothing;
use super::pool::Pools;
use crate::facts::pod::PodIp;
use crate::facts::workload::WorkloadStatus;
use crate::facts::{ConfigMap, CustomResource, Meta, Pod, PodStatus, Workload};
use crate::kind::Kind;
use crate::record::{Record, shape};

type Read<T> = Result<T, serde_json::Error>;

/// A fact that has Kubernetes' own form, with metadata whose maps are shared.
pub(super) fn plain<T: DeserializeOwned + HasMeta>(record: &Record, pools: &mut Pools) -> Read<T> {
    let mut fact = T::deserialize(&record.body)?;
    *fact.meta() = meta(record, pools)?;
    Ok(fact)
}

/// A ConfigMap without its data, which is listed by its metadata only.
pub(super) fn config_map(record: &Record, pools: &mut Pools) -> Read<ConfigMap> {
    Ok(ConfigMap { metadata: meta(record, pools)?, data: None })
}

/// An object of which only the presence counts.
pub(super) fn presence(record: &Record, pools: &mut Pools) -> Read<CustomResource> {
    Ok(CustomResource { kind: record.object.kind, metadata: meta(record, pools)? })
}

/// A live pod, split into what it shares and what is its own.
pub(super) fn pod(record: &Record, pools: &mut Pools) -> Read<Pod> {
    let owner = shape::owner(&record.body);
    let empty = nothing();
    let spec = record.body.get("spec").unwrap_or(&empty);
    let status = record.body.get("status").unwrap_or(&empty);
    let none = json!([]);
    let list = |field: &str| status.get(field).unwrap_or(&none);
    let mut word = |value: Option<&Value>| value.map(|value| pools.words.read(value)).transpose();
    let node_name = word(spec.get("nodeName"))?;
    let phase = word(status.get("phase"))?;
    let host_ip = word(status.get("hostIP"))?;
    let mut pod_ips = Vec::<PodIp>::deserialize(list("podIPs"))?;
    if let (true, Some(ip)) = (pod_ips.is_empty(), status.get("podIP").and_then(Value::as_str)) {
        pod_ips.push(PodIp { ip: ip.to_owned() });
    }
    pod_ips.shrink_to_fit();
    let status = PodStatus {
        phase,
        pod_ips,
        host_ip,
        conditions: pools.conditions.read(list("conditions"))?,
        container_statuses: pools.statuses.read(list("containerStatuses"))?,
        init_container_statuses: pools.statuses.read(list("initContainerStatuses"))?,
    };
    let mut metadata = meta(record, pools)?;
    // Nothing asks who wrote a live pod, and a hundred thousand answers are not kept for nothing.
    metadata.managed_fields = Vec::new();
    let spec =
        pools.specs.read_hashed(shape::shape_hash(spec, owner), || Cow::Owned(shape::shape(spec, owner)))?;
    Ok(Pod { metadata, spec, node_name, status })
}

/// A controller of pods, brought into the one shape that all of them share.
pub(super) fn workload(record: &Record, pools: &mut Pools) -> Read<Workload> {
    let kind = record.object.kind;
    let empty = nothing();
    let at = |path: &str| record.body.pointer(path).filter(|value| !value.is_null());
    let spec = match kind {
        Kind::CronJob => at("/spec/jobTemplate/spec"),
        _ => at("/spec"),
    }
    .unwrap_or(&empty);
    let selector = match (kind, spec.get("selector")) {
        // A ReplicationController selects by plain labels.
        (Kind::ReplicationController, Some(labels)) => Some(json!({ "matchLabels": labels })),
        (_, selector) => selector.cloned(),
    };
    let number = |field: &str| spec.get(field).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let replicas = match kind {
        Kind::Job => number("parallelism"),
        _ => number("replicas"),
    };
    let status = status(at("/status").unwrap_or(&empty), replicas)?;
    Ok(Workload {
        kind,
        metadata: meta(record, pools)?,
        template: Arc::deserialize(spec.get("template").unwrap_or(&empty))?,
        selector: selector.map(serde_json::from_value).transpose()?,
        replicas,
        status,
    })
}

fn status(status: &Value, replicas: Option<u32>) -> Read<WorkloadStatus> {
    let number = |fields: &[&str]| {
        let found = fields.iter().find_map(|field| status.get(*field)).and_then(Value::as_u64);
        u32::try_from(found.unwrap_or_default()).unwrap_or(u32::MAX)
    };
    let desired = match status.get("desiredNumberScheduled") {
        Some(_) => number(&["desiredNumberScheduled"]),
        None => replicas.unwrap_or(1),
    };
    Ok(WorkloadStatus {
        replicas: number(&["replicas", "currentNumberScheduled", "active"]),
        ready_replicas: number(&["readyReplicas", "numberReady", "ready"]),
        unavailable_replicas: number(&["unavailableReplicas", "numberUnavailable"]),
        updated_replicas: number(&["updatedReplicas", "updatedNumberScheduled"]),
        desired,
        conditions: Vec::deserialize(status.get("conditions").unwrap_or(&json!([])))?,
    })
}

/// Metadata whose maps are shared, without what tells one person from another.
fn meta(record: &Record, pools: &mut Pools) -> Read<Meta> {
    let empty = nothing();
    let found = record.body.get("metadata").unwrap_or(&empty);
    let owner = shape::owner(&record.body);
    let none = Map::new();
    let map = |field: &str| {
        let entries = found.get(field).and_then(Value::as_object).unwrap_or(&none);
        shape::faceless(entries, owner)
    };
    let instant = |field: &str| {
        found.get(field).map(Option::<jiff::Timestamp>::deserialize).transpose().map(Option::flatten)
    };
    Ok(Meta {
        labels: pools.labels.read(&map("labels"))?,
        annotations: pools.annotations.read(&map("annotations"))?,
        name: record.object.name.clone(),
        namespace: record.object.namespace.clone(),
        uid: record.uid.clone(),
        creation_timestamp: instant("creationTimestamp")?,
        deletion_timestamp: instant("deletionTimestamp")?,
        owner_references: Vec::deserialize(found.get("ownerReferences").unwrap_or(&json!([])))?,
        managed_fields: record.managed_fields.clone(),
    })
}

/// A fact with metadata.
pub(super) trait HasMeta {
    fn meta(&mut self) -> &mut Meta;
}

macro_rules! has_meta {
    ($($fact:ident),+ $(,)?) => {
        $(impl HasMeta for crate::facts::$fact {
            fn meta(&mut self) -> &mut Meta { &mut self.metadata }
        })+
    };
}

has_meta!(
    AdminPolicy,
    ApiService,
    Binding,
    Certificate,
    ConfigMap,
    EndpointSlice,
    Endpoints,
    Gateway,
    HttpRoute,
    Ingress,
    IngressClass,
    Namespace,
    NetworkPolicy,
    Node,
    PersistentVolumeClaim,
    Role,
    Service,
    ServiceAccount,
    WebhookConfiguration,
);
