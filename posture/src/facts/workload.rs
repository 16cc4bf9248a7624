//! Controllers of pods: Deployments, StatefulSets, DaemonSets, ReplicaSets, ReplicationControllers, Jobs and CronJobs in one shape.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::meta::Meta;
use super::network::LabelSelector;
use super::pod::{Condition, PodSpec};
use crate::kind::Kind;
use crate::listing::Placed;
use crate::object::ObjectRef;

/// A controller of pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// Which controller it is.
    pub kind: Kind,
    /// Metadata.
    pub metadata: Meta,
    /// The pods it makes.
    pub template: Arc<PodTemplate>,
    /// How it selects its pods; `None` where the kind has none.
    pub selector: Option<LabelSelector>,
    /// How many pods are wanted; `None` where the kind has no such number.
    pub replicas: Option<u32>,
    /// The allow-listed part of its status.
    pub status: WorkloadStatus,
}

impl Workload {
    /// A reference to this object.
    pub fn object(&self) -> ObjectRef {
        ObjectRef {
            kind: self.kind,
            namespace: self.metadata.namespace.clone(),
            name: self.metadata.name.clone(),
        }
    }

    /// The pod specification of its template.
    pub fn pod(&self) -> &PodSpec {
        &self.template.spec
    }
}

impl Placed for Workload {
    fn namespace(&self) -> Option<&str> {
        self.metadata.namespace.as_deref()
    }
    fn name(&self) -> &str {
        &self.metadata.name
    }
}

/// The pods a controller makes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PodTemplate {
    /// Labels and annotations of the pods.
    pub metadata: Meta,
    /// Their specification.
    pub spec: PodSpec,
}

/// The allow-listed part of a controller's status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadStatus {
    /// Pods that exist (`replicas`, or `currentNumberScheduled` of a DaemonSet).
    pub replicas: u32,
    /// Pods that are ready (`readyReplicas` or `numberReady`).
    pub ready_replicas: u32,
    /// Pods that should run and are not available (`unavailableReplicas` or `numberUnavailable`).
    pub unavailable_replicas: u32,
    /// Pods of the newest template (`updatedReplicas` or `updatedNumberScheduled`).
    pub updated_replicas: u32,
    /// Pods that should run (`desiredNumberScheduled` of a DaemonSet).
    pub desired: u32,
    /// Conditions without messages.
    pub conditions: Vec<Condition>,
}
