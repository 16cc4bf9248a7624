//! The demo: invented clusters with a past and a present, as data a Kubernetes API could serve.
//!
//! Everything below `server/demo/` is embedded at build time. This module turns it into whole objects the way a
//! cluster would have: charts are rendered, a small stand-in for the controller manager makes `ReplicaSet`s and pods, a
//! stand-in for the API server assigns uids, versions and addresses, and a script of patches plays the past. All of it
//! is a pure function of the files and of the instant that is taken for now; nothing here reads a clock.

mod certificates;
mod chart;
mod controllers;
mod files;
mod instant;
mod names;
mod pods;
mod script;
mod template;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::config::Sights;
use crate::probe::Script;

pub use script::Live;

/// A demo file that does not mean what the loader expects.
#[derive(Debug, thiserror::Error)]
#[error("demo file {place}: {problem}")]
pub struct DemoError {
    /// The file, and where known the object in it.
    pub place: String,
    /// What was found and what was wanted.
    pub problem: String,
}

impl DemoError {
    fn new(place: impl Into<String>, problem: &dyn std::fmt::Display) -> Self {
        Self { place: place.into(), problem: problem.to_string() }
    }
}

/// What identifies an object in one cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectKey {
    /// `v1`, `apps/v1`, …
    pub api_version: String,
    /// `Pod`, `Deployment`, …
    pub kind: String,
    /// Empty for objects of the whole cluster.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

/// One thing that happens to the API server's store.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// The object is created, or replaced as a whole if it exists.
    Put(Value),
    /// The object goes away.
    Delete(ObjectKey),
}

/// Things that happen together.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// Seconds from the instant taken for now; negative in the past.
    pub offset: i64,
    /// What a person would say happened. For readers of a test's output, never for a page.
    pub why: String,
    /// What happens, in order.
    pub ops: Vec<Op>,
}

/// A permission the demo's viewer of a cluster does not have, for the verbs get, list and watch.
///
/// Without a namespace the resource cannot be read at all. With one, only that namespace is closed, and so is the list
/// over all namespaces, since no role can grant "all but one".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denied {
    /// API group, empty for the core group, `*` for every group.
    pub group: String,
    /// Plural resource name, `*` for every resource.
    pub resource: String,
    /// The namespace, or none for all of them.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// A verdict by check code.
pub type Verdicts = BTreeMap<String, String>;

/// What a demo cluster must be judged to be once its past has been played.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Verdicts of checks about the whole cluster.
    #[serde(default)]
    pub cluster: Verdicts,
    /// Verdicts by Helm release.
    #[serde(default)]
    pub hubs: BTreeMap<String, Verdicts>,
}

/// One invented cluster.
#[derive(Debug, Clone)]
pub struct DemoCluster {
    /// The name a person sees.
    pub name: String,
    /// Where its machines stand: `openstack`, `aws`, `bare-metal`, …
    pub provider: String,
    /// The API server's version, such as `v1.34.2`.
    pub kubernetes: String,
    /// What its viewer may not read.
    pub denied: Vec<Denied>,
    /// The instant of `objects`.
    pub begins: Timestamp,
    /// Every object at the beginning of the past.
    pub objects: Vec<Value>,
    /// What happened since, oldest first, ending before now.
    pub past: Vec<Moment>,
    /// What happens from now on.
    pub live: Live,
    /// Where certificates are looked at outside the lists of the API.
    pub sights: Sights,
    /// What those looks at names show; nothing is connected to.
    pub script: Option<Arc<Script>>,
    /// How the cluster must be judged now.
    pub expected: Expected,
}

impl DemoCluster {
    /// Every object once the past has been played.
    pub fn present(&self) -> Vec<Value> {
        self.live.objects()
    }

    /// The same cluster, in which nothing happens any more once its past has been played.
    #[must_use]
    pub fn still(mut self) -> Self {
        self.live.stop();
        self
    }
}

/// The demo's clusters, with `now` as the end of their past, in the order they are shown.
pub fn clusters(now: Timestamp) -> Result<Vec<DemoCluster>, DemoError> {
    files::CLUSTERS.iter().map(|name| script::play(name, now)).collect()
}

/// What the hubs of the first cluster are rendered from, as `helm template` prints it: names of files, and their texts.
///
/// No Secrets are among them; Perijove would pass them over.
pub fn declared(now: Timestamp) -> Result<Vec<(String, String)>, DemoError> {
    let Some(cluster) = files::CLUSTERS.first() else { return Ok(Vec::new()) };
    script::play(cluster, now)?.live.declared()
}

#[cfg(test)]
mod tests;
