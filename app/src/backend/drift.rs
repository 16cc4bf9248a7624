//! What changed in a cluster between two instants.

use posture::Timestamp;
use posture::check::Verdict;
use posture::drift::{Effect, FieldChange, ReachEffect, Restart, Upgrade};
use posture::gap::Gap;
use posture::object::ObjectRef;
use posture::release::Installed;

use super::place::HubName;

/// What the page compares with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Earlier {
    /// The newest baseline before the instant shown; without one, the first scan of the last seven days.
    #[default]
    Usual,
    /// A baseline.
    Baseline(i64),
    /// Some days before the instant shown.
    Days(u16),
    /// The first scan that can be shown.
    First,
    /// An instant.
    Instant(Timestamp),
    /// No scan, but what a file of the configured folder declares.
    File(DeclaredFile),
    /// No scan, but the manifest that Helm keeps of a release.
    Release(ReleaseName),
}

impl Earlier {
    /// Whether what is there is compared with a declaration, and not with an earlier scan.
    pub fn is_declared(&self) -> bool {
        matches!(self, Self::File(_) | Self::Release(_))
    }
}

/// A release of Helm, as the address names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ReleaseName {
    /// Reads `release:NAMESPACE/NAME`; `None` where that is something else. No file has a name with a slash.
    pub fn parse(text: &str) -> Option<Self> {
        let (namespace, name) = text.strip_prefix("release:")?.split_once('/')?;
        Some(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// The word in the address.
    pub fn word(&self) -> String {
        format!("release:{}/{}", self.namespace, self.name)
    }
}

/// The releases of Helm that were looked at for the scan shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredReleases {
    /// Those that can be compared with, each with the revision that is deployed, by namespace and name.
    pub offered: Vec<(ReleaseName, u32)>,
    /// What could not be read and why, a sentence each without its full stop.
    pub troubles: Vec<String>,
    /// The namespaces that were looked at.
    pub namespaces: Vec<String>,
}

/// What declares something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declarer {
    /// A file, by its name.
    File(String),
    /// A release of Helm.
    Release(ReleaseRead),
}

/// The manifest of a release, with what is to be known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRead {
    /// Which revision it is, and where its release stands.
    pub installed: Installed,
    /// When releases were last looked at.
    pub looked_at: Option<Timestamp>,
    /// How many objects of kinds that are not read it declares besides, Secrets among them.
    pub skipped: usize,
    /// Why the release could not be listed at that look, so that what was read before is compared with: half a sentence.
    pub unlisted: Option<String>,
}

/// A file of the configured folder, as the address names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredFile {
    /// Its name.
    pub name: String,
    /// The namespace of what names none in it; `None` for that of the release it declares.
    pub namespace: Option<String>,
}

/// The files that can be compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredFiles {
    /// Their names, sorted.
    pub names: Vec<String>,
    /// Whether there are more than are offered.
    pub is_more: bool,
    /// The namespaces in which hubs live.
    pub namespaces: Vec<String>,
    /// Why the folder cannot be read.
    pub trouble: Option<String>,
}

/// What is there, compared with what is declared.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredView {
    /// What declares it.
    pub source: Declarer,
    /// The namespace in which was looked for what names none.
    pub namespace: String,
    /// What differs, upgrades first; "before" is what is declared.
    pub events: Vec<DriftEvent>,
    /// What all differences do together.
    pub effect: Effect,
    /// Workloads that were restarted since they were declared: no changes.
    pub restarts: Vec<Restart>,
    /// How many objects were compared.
    pub compared: usize,
    /// What could not be compared, and why.
    pub uncompared: Vec<(ObjectRef, Gap)>,
    /// Set where changes are not tried one by one: how many would be.
    pub untried: Option<Untried>,
}

/// There are more changes than are tried one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untried {
    /// How many changes of this cluster are tried while a page is made.
    pub most: usize,
}

/// A scan that a person pinned as known to be good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaselineRow {
    /// Its number, for links.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// What was to be remembered about it.
    pub note: String,
    /// When the scan was taken.
    pub taken_at: Timestamp,
    /// When it was pinned.
    pub pinned_at: Timestamp,
}

/// A change with what is known around it.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftChange {
    /// The change.
    pub change: posture::drift::Change,
    /// When the scan was taken that saw it; `None` where it was not seen to happen.
    pub seen_at: Option<Timestamp>,
    /// The hub it belongs to.
    pub hub: Option<HubName>,
    /// What it does on its own; `None` where that was not tried.
    pub alone: Option<Effect>,
}

/// What happened: an upgrade with its changes, or one change.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftEvent {
    /// The upgrade.
    pub upgrade: Option<Upgrade>,
    /// The changes; never empty.
    pub changes: Vec<DriftChange>,
    /// Checks that turned with a scan that saw one of them.
    pub together: Vec<TurnedRow>,
}

/// A check that says something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedRow {
    /// Its code.
    pub code: String,
    /// What it says in words: the fault if there is one now, else what holds.
    pub title: String,
    /// The hub; `None` for the cluster itself.
    pub hub: Option<HubName>,
    /// The verdict before; `None` where it was not asked.
    pub before: Option<Verdict>,
    /// The verdict after; `None` where it is not asked any more.
    pub after: Option<Verdict>,
    /// Since when.
    pub at: Timestamp,
}

/// What changed in how the user servers of a hub are confined.
#[derive(Debug, Clone, PartialEq)]
pub struct HardeningChange {
    /// The hub.
    pub hub: HubName,
    /// What differs, what servers may do first; never empty.
    pub fields: Vec<FieldChange>,
}

/// What changed in a cluster between two instants.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftView {
    /// The cluster.
    pub cluster: String,
    /// The present instant.
    pub now: Timestamp,
    /// When the earlier scan was taken; `None` if there is none.
    pub from: Option<Timestamp>,
    /// The baseline that the earlier scan is.
    pub baseline: Option<BaselineRow>,
    /// When the later scan was taken; `None` before the first.
    pub to: Option<Timestamp>,
    /// What happened, upgrades first.
    pub events: Vec<DriftEvent>,
    /// What changed in the confinement of user servers, a change for each hub.
    pub hardening: Vec<HardeningChange>,
    /// Images that run with another digest under the same name.
    pub images: Vec<FieldChange>,
    /// Certificates in whose place another one stands.
    pub certificates: Vec<FieldChange>,
    /// Workloads that were restarted: no changes.
    pub restarts: Vec<Restart>,
    /// Set where changes are not tried one by one: how many would be.
    pub untried: Option<Untried>,
    /// Whether more objects changed than are shown.
    pub is_more: bool,
    /// What could not be read at one of the two scans: what changed in it is not known.
    pub unread: Vec<Gap>,
    /// Checks that say something else.
    pub turned: Vec<TurnedRow>,
    /// What user servers reach differently.
    pub reach: Vec<ReachEffect>,
    /// The baselines of the cluster.
    pub baselines: Vec<BaselineRow>,
    /// The first scan that saw everything, which a new cluster may start from; set while there is no baseline.
    pub suggested: Option<Timestamp>,
    /// Whether the viewer may pin and unpin.
    pub may_pin: bool,
    /// What the address asks for.
    pub asked: Earlier,
    /// The files that can be compared with; `None` where there is no folder of them, or the viewer may not.
    pub files: Option<DeclaredFiles>,
    /// The releases of Helm that can be compared with; `None` where none was to be looked at, or the viewer may not.
    pub releases: Option<DeclaredReleases>,
    /// The comparison with a file or a release, where one is asked for, or why there is none, in words: then nothing else is compared.
    pub declared: Option<Result<DeclaredView, String>>,
}

/// What a person writes to pin a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBaseline {
    /// The instant of the scan; the latest if none is given.
    pub at: Option<Timestamp>,
    /// What it is called.
    pub name: String,
    /// What is to be remembered.
    pub note: String,
}
