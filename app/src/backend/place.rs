//! Where a viewer is: the clusters and hubs to switch between, and how fresh what is shown is.

use posture::Timestamp;

/// A hub as addresses name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HubName {
    /// The namespace.
    pub namespace: String,
    /// The Helm release.
    pub release: String,
    /// The label `app`, which addresses leave out where it is `jupyterhub`.
    pub app: String,
}

impl HubName {
    /// The part of an address that names the hub: `hubs/jhub/prod`, with `/app` behind where it is not `jupyterhub`.
    pub fn path(&self) -> String {
        let mut path = format!("hubs/{}/{}", self.namespace, self.release);
        if self.app != "jupyterhub" {
            path.push('/');
            path.push_str(&self.app);
        }
        path
    }
}

/// A hub to switch to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubChoice {
    /// The store's id of the hub, which notices carry.
    pub id: i64,
    /// The hub.
    pub name: HubName,
    /// Its open faults (fail and warn).
    pub open_faults: u64,
}

/// What the header shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The names of all clusters the viewer may see, which are also their places in addresses.
    pub clusters: Vec<String>,
    /// The cluster shown, if one is.
    pub cluster: Option<String>,
    /// The hubs of the cluster shown.
    pub hubs: Vec<HubChoice>,
    /// When the cluster shown was last heard of, by the kind heard of longest ago; that of the stalest where all are shown.
    pub heard_at: Option<Timestamp>,
    /// From which age, in seconds, that counts as stale: three intervals.
    pub stale_after_seconds: u32,
    /// The scan shown; the sum over clusters where all are shown.
    pub scan: i64,
    /// Open faults (fail and warn) of the checks of the cluster itself.
    pub cluster_faults: u64,
    /// Things that cannot be read in the cluster shown.
    pub gaps: u64,
    /// The present instant.
    pub now: Timestamp,
    /// Whether the data is the embedded demo's.
    pub is_demo: bool,
}
