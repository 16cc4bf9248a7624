//! Follows a folder of manifests: reads it again when a file changes, and keeps the last good state where one is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use posture::gap::GapReason;
use posture::kind::{KINDS, Reading};
use posture::listing::Coverage;
use posture::object::ObjectRef;
use posture::redact::Redactor;
use posture::snapshot::{Origin, SnapshotBuilder};
use tokio::time::Instant;

use super::{Manifests, ManifestsError, files_below, read_with};
use crate::collector::{ClusterSeen, ScanInput, Sink, SinkError, Trigger};
use crate::troubles::Troubles;

/// How often the folder is looked at. There is no watch: folders on network disks and in containers give none that can be relied on.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A folder that is followed like a cluster. What its files do not hold is unknown, never absent.
#[derive(Debug)]
pub struct Folder<S> {
    /// The cluster's name on pages.
    pub cluster: String,
    /// The folder.
    pub path: PathBuf,
    /// The namespace of manifests that name none.
    pub namespace: String,
    /// What redacts them.
    pub redactor: Arc<Redactor>,
    /// How often it is judged although nothing has changed.
    pub tick: Duration,
    /// Where a broken file is told.
    pub troubles: Arc<Troubles>,
    /// What takes the records and the scans.
    pub sink: S,
    /// Objects that an earlier run left in the history: those that the files no longer hold are gone.
    pub known: BTreeSet<ObjectRef>,
}

/// How every file of a folder stood: whatever changes a file changes this.
type Stamp = BTreeMap<PathBuf, (u64, i64, i64, u64)>;

/// Where the follower stands.
#[derive(Debug, Default)]
struct Progress {
    /// The files that were read last, whether they were good or not.
    read: Option<Stamp>,
    /// When the last good state was judged.
    judged: Option<Instant>,
    /// Whether the files now are the last good state.
    is_good: bool,
}

impl<S: Sink> Folder<S> {
    /// Follows the folder for ever, or until what is handed on will never be taken.
    pub async fn run(mut self) -> Result<(), SinkError> {
        let mut progress = Progress::default();
        self.connect().await?;
        let mut beat = tokio::time::interval(LOOK_EVERY);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            match self.look(&mut progress).await {
                Err(SinkError::Later(why)) => {
                    tracing::warn!(cluster = self.cluster, why, "what was read cannot be stored yet");
                    self.troubles.set(&self.cluster, format!("What was read cannot be stored: {why}."));
                    progress.read = None;
                }
                other => other?,
            }
        }
    }

    async fn connect(&mut self) -> Result<(), SinkError> {
        let full = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        let address = format!("file://{}", full.display());
        let seen = ClusterSeen { name: self.cluster.clone(), uid: None, address };
        loop {
            match self.sink.connected(&seen).await {
                Err(SinkError::Later(why)) => {
                    self.troubles.set(&self.cluster, format!("What was read cannot be stored: {why}."));
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                other => return other,
            }
        }
    }

    /// Reads the folder if something has changed, and judges it if that or the time asks for it.
    async fn look(&mut self, progress: &mut Progress) -> Result<(), SinkError> {
        let stamp = stamp(&self.path);
        let is_changed = stamp.is_none() || stamp != progress.read;
        let is_due = progress.judged.is_some_and(|at| at.elapsed() >= self.tick);
        if !(is_changed || is_due && progress.is_good) {
            return Ok(());
        }
        let read = self.read().await;
        progress.read = stamp;
        progress.is_good = read.is_ok();
        match read {
            Ok(manifests) => {
                let trigger = match (progress.judged, is_changed) {
                    (None, _) => Trigger::Initial,
                    (Some(_), true) => Trigger::Change,
                    (Some(_), false) => Trigger::Tick,
                };
                self.scan(manifests, trigger).await?;
                self.troubles.clear(&self.cluster);
                progress.judged = Some(Instant::now());
            }
            Err(error) => {
                let kept = match progress.judged {
                    Some(_) => " The last good state is shown.",
                    None => "",
                };
                let told = format!("{error}.{kept}");
                if self.troubles.of(&self.cluster).as_ref() != Some(&told) {
                    tracing::warn!(cluster = self.cluster, error = %error, "the manifests cannot be judged");
                }
                self.troubles.set(&self.cluster, told);
            }
        }
        Ok(())
    }

    /// Reads and redacts the files beside the other tasks.
    async fn read(&self) -> Result<Manifests, ManifestsError> {
        let (paths, namespace) = ([self.path.clone()], self.namespace.clone());
        let redactor = self.redactor.clone();
        let task = tokio::task::spawn_blocking(move || read_with(&paths, &namespace, &redactor));
        task.await.unwrap_or_else(|_| {
            let why = std::io::Error::other("reading it failed");
            Err(ManifestsError::Unreadable { path: self.path.clone(), why })
        })
    }

    async fn scan(&mut self, manifests: Manifests, trigger: Trigger) -> Result<(), SinkError> {
        let now = Timestamp::now();
        let mut builder = SnapshotBuilder::new(Origin::Declared, &self.cluster);
        for record in &manifests.records {
            // What no fact can be made of is a gap by itself.
            drop(builder.apply(record));
        }
        self.sink.records(&manifests.records).await?;
        let present: BTreeSet<ObjectRef> =
            manifests.records.into_iter().map(|record| record.object).collect();
        let input = ScanInput {
            trigger,
            taken_at: now,
            fresh_at: now,
            resource_versions: BTreeMap::new(),
            coverage: KINDS
                .iter()
                .filter(|info| info.reading != Reading::OnDemand)
                .map(|info| (info.kind, Coverage::gap(GapReason::NotInFiles)))
                .collect(),
            removed: self.known.difference(&present).cloned().collect(),
            relisted: BTreeSet::new(),
            snapshot: builder.build(now),
            releases: posture::release::Releases::default(),
            people: self.redactor.take_seen(),
        };
        self.sink.scan(&input).await?;
        self.known = present;
        Ok(())
    }
}

/// How the files stand now; nothing if the folder cannot be looked at.
fn stamp(folder: &Path) -> Option<Stamp> {
    let mut stamp = Stamp::new();
    for path in files_below(folder).ok()? {
        let data = std::fs::metadata(&path).ok()?;
        stamp.insert(path, (data.len(), data.ctime(), data.ctime_nsec(), data.ino()));
    }
    Some(stamp)
}
