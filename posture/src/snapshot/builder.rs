//! Turns records into facts, one at a time, and gives a snapshot of them at any moment.

use jiff::Timestamp;

use super::{Origin, Reviews, Snapshot};
use crate::gap::GapReason;
use crate::kind::Kind;
use crate::listing::Coverage;
use crate::object::ObjectRef;
use crate::record::Record;

/// Collects facts and coverage; memory follows the facts, not the objects.
#[derive(Debug)]
pub struct SnapshotBuilder {
    origin: Origin,
    cluster: String,
}

impl SnapshotBuilder {
    /// Starts with nothing: every kind is a gap, [`GapReason::NotRead`] for a live cluster and [`GapReason::NotInFiles`] for files.
    pub fn new(origin: Origin, cluster: impl Into<String>) -> Self {
        Self { origin, cluster: cluster.into() }
    }
}
