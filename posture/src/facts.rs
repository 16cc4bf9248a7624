//! Typed values that checks read: Kubernetes' own field names, and only the fields that are needed.
//!
//! A fact is read from a redacted record and from nothing else, so that a snapshot rebuilt from the store judges equally. Fields that
//! the manifest does not set are `None` or empty, as the API server would store them.

pub mod admin_policy;
pub mod config;
pub mod crd;
pub mod meta;
pub mod network;
pub mod node;
pub mod pod;
pub mod rbac;
pub mod secret;
pub mod storage;
pub mod trust;
pub mod workload;

pub use admin_policy::AdminPolicy;
pub use config::ConfigMap;
pub use crd::{Certificate, CustomResource};
pub use meta::{Leaf, ManagedField, Meta, Owner};
pub use network::{
    EndpointSlice, Endpoints, Gateway, HttpRoute, Ingress, IngressClass, IntOrString, LabelSelector,
    NetworkPolicy, Service,
};
pub use node::{Namespace, Node};
pub use pod::{Container, EnvVar, Pod, PodSpec, PodStatus, Volume};
pub use rbac::{AggregationRule, Binding, PolicyRule, Role, RoleRef, ServiceAccount, Subject};
pub use secret::UsedSecret;
pub use storage::PersistentVolumeClaim;
pub use trust::{ApiService, WebhookConfiguration};
pub use workload::{PodTemplate, Workload};
