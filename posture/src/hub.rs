//! The JupyterHubs of a cluster: their identity, their parts, their chart version and their user servers.

pub mod charts;
pub(crate) mod discovery;
pub(crate) mod parts;
pub(crate) mod servers;
pub mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::facts::{Pod, PodSpec, Service, Workload};
use crate::gap::Unknown;

pub use discovery::discover;

/// What identifies a hub: never its name alone, for two hubs can share a namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HubKey {
    /// The namespace of the hub's Deployment.
    pub namespace: String,
    /// The Helm release.
    pub release: String,
    /// The value of the label `app`, `jupyterhub` unless overridden.
    pub app: String,
}

impl fmt::Display for HubKey {
    /// `namespace/release`, which is what people call a hub.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.release)
    }
}

/// How sure the chart version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Guessed from names that a generation of the chart uses.
    Low,
    /// Read from a label or an official image tag.
    High,
}

/// The chart version of a hub, and where it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartVersion {
    /// The version; `0.6.0` for `v0.6`, the lower bound of the generation for a guess.
    pub version: Version,
    /// The text as found (`jupyterhub-v0.6`, `≈0.7–0.8`).
    pub found: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Where it was read: `label helm.sh/chart of Deployment/jhub/hub`.
    pub source: String,
}

impl ChartVersion {
    /// Whether the version lies in a half-open range `[from, to)`, patch releases and development builds of `to` excluded.
    pub fn is_between(&self, from: (u64, u64), to: (u64, u64)) -> bool {
        let this = (self.version.major, self.version.minor);
        from <= this && this < to
    }

    /// Whether the version is at least this one.
    pub fn is_at_least(&self, major: u64, minor: u64) -> bool {
        (self.version.major, self.version.minor) >= (major, minor)
    }
}

/// What kind of hub it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// Zero to JupyterHub: every check applies.
    ZeroToJupyterHub,
    /// Another JupyterHub: named as such, only checks of pods apply.
    Other,
}

/// Servers of users that nothing in the catalogue can tell apart: one shape, one label set, one namespace, one account.
#[derive(Debug, Clone)]
pub struct UserClass {
    /// The namespace of the pods.
    pub namespace: String,
    /// What the pods run.
    pub spec: Arc<PodSpec>,
    /// Their labels without those that identify a person.
    pub labels: BTreeMap<String, String>,
    /// The live pods, sorted by name; never empty.
    pub pods: Vec<Arc<Pod>>,
}

impl UserClass {
    /// What the class is called in evidence: `jupyter-*`, the common beginning of its pods' names.
    pub fn display_name(&self) -> String {
        let first = self.pods.first().map_or("jupyter-", |p| p.metadata.name.as_str());
        let prefix = first.split_once('-').map_or(first, |(prefix, _)| prefix);
        format!("{prefix}-*")
    }
}

/// One JupyterHub and its parts.
#[derive(Debug, Clone)]
pub struct Hub {
    /// Its identity.
    pub key: HubKey,
    /// What kind of hub it is.
    pub support: Support,
    /// Its chart version, or why it is not known.
    pub chart: Result<ChartVersion, Unknown>,
    /// The hub's Deployment.
    pub deployment: Arc<Workload>,
    /// The proxy's Deployment, if seen.
    pub proxy: Option<Arc<Workload>>,
    /// The Deployment that terminates TLS, if seen.
    pub autohttps: Option<Arc<Workload>>,
    /// The user scheduler's Deployment, if seen.
    pub user_scheduler: Option<Arc<Workload>>,
    /// The image pullers' DaemonSets.
    pub image_pullers: Vec<Arc<Workload>>,
    /// BinderHub's Deployment, if this hub belongs to one.
    pub binder: Option<Arc<Workload>>,
    /// The Services that lead to the public port of the proxy (or of autohttps), the chart's own first.
    pub public_services: Vec<Arc<Service>>,
    /// The Services whose selector leads to the proxy or to autohttps, without the public ones.
    pub proxy_services: Vec<Arc<Service>>,
    /// The Services that lead to the hub.
    pub hub_services: Vec<Arc<Service>>,
    /// The name of the hub's ConfigMap, from its volume.
    pub config_map: Option<String>,
    /// The name of the hub's Secret, from its volume.
    pub secret: Option<String>,
    /// The resolved names that the hub's ConfigMap publishes from chart 1.0 on (`singleuser`, `proxy-public`, …).
    pub names: BTreeMap<String, String>,
    /// The classes of live user servers. Complete only if pods were listed completely: ask the snapshot's listing.
    pub user_classes: Vec<UserClass>,
}

impl Hub {
    /// The namespace of the hub, and those of its user servers.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        let servers = self.user_classes.iter().map(|class| class.namespace.as_str());
        servers.chain([self.key.namespace.as_str()]).collect()
    }

    /// The number of live user servers.
    pub fn user_server_count(&self) -> usize {
        self.user_classes.iter().map(|class| class.pods.len()).sum()
    }
}
