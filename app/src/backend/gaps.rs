//! What cannot be read, and how to grant it.

use posture::Timestamp;
use posture::gap::Gap;

/// One thing that cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub struct GapRow {
    /// What.
    pub gap: Gap,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The codes of the checks that need it.
    pub affects: Vec<String>,
}

/// What cannot be read in a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct GapsView {
    /// The cluster.
    pub cluster: String,
    /// The gaps, by kind.
    pub rows: Vec<GapRow>,
    /// Checks that cannot be decided for whatever reason.
    pub undecided: u64,
    /// Whether there was a scan; before it, nothing is known of what can be read.
    pub is_judged: bool,
    /// The kinds that are read in full, as RBAC names them.
    pub kinds_read: Vec<String>,
    /// The manifest that grants everything.
    pub grant: String,
    /// The present instant.
    pub now: Timestamp,
}
