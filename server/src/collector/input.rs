//! What a collector hands on: records as they come, and a scan once they have settled.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use jiff::Timestamp;
use posture::kind::Kind;
use posture::listing::Coverage;
use posture::object::ObjectRef;
use posture::record::Record;
use posture::redact::Seen;
use posture::release::Releases;
use posture::snapshot::Snapshot;

/// What caused a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trigger {
    /// The first scan after the start.
    Initial,
    /// A watched object changed, or what can be read did.
    Change,
    /// Time passed.
    Tick,
    /// A person asked.
    Manual,
}

/// A cluster as it answered when the collector connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterSeen {
    /// The name in the configuration.
    pub name: String,
    /// The uid of the namespace `kube-system`, where it can be read.
    pub uid: Option<String>,
    /// The server's URL without credentials, and a fingerprint of its certificate authority.
    pub address: String,
}

/// Everything to judge and commit, beside the records handed over since the last scan.
///
/// Of a record handed over more than once the last one counts; an object in `removed` is gone, whatever was handed over before.
#[derive(Debug, Clone)]
pub struct ScanInput {
    /// What caused the scan.
    pub trigger: Trigger,
    /// The instant it describes.
    pub taken_at: Timestamp,
    /// The oldest of the kinds' last list, event or bookmark.
    pub fresh_at: Timestamp,
    /// The resourceVersion of each kind it rests on; per namespace where there is no list over all of them.
    pub resource_versions: BTreeMap<Kind, String>,
    /// How much of each kind was read; a kind that is only read on demand is missing.
    pub coverage: BTreeMap<Kind, Coverage>,
    /// Objects that are gone since the last scan.
    pub removed: Vec<ObjectRef>,
    /// Kinds, in one namespace or in all, that were listed completely for the first time since the start: every object of them was handed
    /// over, and what else is known of them from before the start is gone.
    pub relisted: BTreeSet<(Kind, Option<String>)>,
    /// All facts and gaps.
    pub snapshot: Snapshot,
    /// What was seen of the releases of Helm; nothing is judged by it.
    pub releases: Releases,
    /// Names of people that were new, with their tokens.
    pub people: Vec<Seen>,
}

/// Why something handed on was not taken. The texts are shown to people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// It may be taken later: the disk is full, say. Nothing is lost, the collector tries again.
    #[error("{0}")]
    Later(String),
    /// It will never be taken: the database belongs to another cluster, say. The collector ends.
    #[error("{0}")]
    Never(String),
}

/// Takes what a collector hands on. Whatever fails with [`SinkError::Later`] is handed on again, unchanged.
pub trait Sink: Send {
    /// The cluster has answered.
    fn connected(&mut self, cluster: &ClusterSeen) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Records that are new or have changed. They are shown to nobody before the next scan.
    fn records(&mut self, records: &[Record]) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Everything has settled: judge and commit.
    fn scan(&mut self, input: &ScanInput) -> impl Future<Output = Result<(), SinkError>> + Send;
}
