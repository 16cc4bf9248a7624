//! The overview: the answer in words, the hubs, what to do next, what changed.

use posture::Timestamp;
use posture::check::{Severity, Verdict};
use posture::gap::GapReason;
use posture::object::ObjectRef;
use posture::text::Reason;

use super::checklist::Counts;
use super::place::HubName;

/// An open finding in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenRow {
    /// The cluster.
    pub cluster: String,
    /// The hub; `None` for the cluster itself.
    pub hub: Option<HubName>,
    /// The check's code.
    pub code: String,
    /// The fault in words.
    pub fault: String,
    /// Fail or warn.
    pub verdict: Verdict,
    /// The severity.
    pub severity: Severity,
    /// Why.
    pub reason: Reason,
    /// The object it is about.
    pub subject: Option<ObjectRef>,
    /// When it was first seen.
    pub since: Timestamp,
    /// Set where it could not be confirmed lately.
    pub not_confirmed_since: Option<Timestamp>,
}

/// A hub on the overview.
#[derive(Debug, Clone, PartialEq)]
pub struct HubCard {
    /// The cluster.
    pub cluster: String,
    /// The hub.
    pub hub: HubName,
    /// The chart version as found, or why it is not known.
    pub chart: String,
    /// Whether it is a Zero to JupyterHub; others get only checks of pods.
    pub is_supported: bool,
    /// Verdicts of its own checks.
    pub counts: Counts,
    /// Its worst open findings, at most three.
    pub worst: Vec<OpenRow>,
    /// Live user servers, or why they cannot be counted.
    pub user_servers: Result<u64, GapReason>,
}

/// A cluster on the overview.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterCard {
    /// Its name.
    pub name: String,
    /// Verdicts of the checks of the cluster itself.
    pub counts: Counts,
    /// The worst open findings of the cluster itself, at most three.
    pub worst: Vec<OpenRow>,
    /// Things that cannot be read. What files do not hold is not one of them.
    pub gaps: u64,
    /// Whether it is a folder of files, which do not show what else a cluster holds.
    pub is_of_files: bool,
    /// Its hubs.
    pub hubs: Vec<HubCard>,
    /// Whether there was a scan; before it, everything else is empty.
    pub is_judged: bool,
    /// Why it cannot be read now.
    pub trouble: Option<String>,
}

/// Something that changed lately.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeRow {
    /// When it was seen.
    pub at: Timestamp,
    /// The cluster.
    pub cluster: String,
    /// The hub; `None` for the cluster itself.
    pub hub: Option<HubName>,
    /// What changed.
    pub what: ChangeWhat,
}

/// What changed.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeWhat {
    /// A fault was seen for the first time, or again.
    Opened {
        /// The check's code.
        code: String,
        /// The fault in words.
        fault: String,
        /// Fail or warn, while it is open.
        verdict: Option<Verdict>,
    },
    /// A fault is repaired, or its subject is gone.
    Closed {
        /// The check's code.
        code: String,
        /// The control that holds again, in words.
        title: String,
    },
    /// A security-relevant field of an object changed, or the object is new.
    Object {
        /// The object.
        object: ObjectRef,
        /// Whether there was none before.
        is_new: bool,
        /// The field manager that wrote last: `helm`, `kubectl-edit`.
        manager: Option<String>,
    },
    /// An object is gone.
    Gone {
        /// The object.
        object: ObjectRef,
    },
    /// A hub is new, or its chart version differs.
    Chart {
        /// The version before, where it was known.
        from: Option<String>,
        /// The version from then on, where it is known.
        to: Option<String>,
    },
}

/// The overview.
#[derive(Debug, Clone, PartialEq)]
pub struct OverviewView {
    /// The clusters, those with faults first.
    pub clusters: Vec<ClusterCard>,
    /// The worst open findings of all, at most eight.
    pub next: Vec<OpenRow>,
    /// How many findings are open in all.
    pub open: u64,
    /// What changed lately, newest first; what changed at once in one place stands together.
    pub changes: Vec<ChangeRow>,
    /// The newest open fault.
    pub newest: Option<OpenRow>,
    /// Checks that cannot be decided.
    pub undecided: u64,
    /// The present instant.
    pub now: Timestamp,
}
