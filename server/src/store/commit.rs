//! One scan, made visible in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use posture::check::RecalledServers;
use posture::control::Control;
use posture::finding::Finding;
use posture::gap::GapReason;
use posture::hub::HubKey;
use posture::kind::Kind;
use posture::listing::Coverage;
use posture::object::ObjectRef;
use posture::release::Releases;
use posture::sighting::Sightings;
use posture::snapshot::{Origin, Reviews};
use sqlx::SqliteConnection;

use super::objects::Work;
use super::stage::{StagedObject, StagedPod};
use super::{
    ClusterId, ComputedTable, HubFacts, HubId, ScanNumber, Store, StoreError, computed, coverage, findings,
    hubs, marks, moments, objects, people, pods, recall, releases, reviews, scans, sightings,
};

/// What caused a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trigger {
    /// The first scan after Perijove started.
    Initial,
    /// A watched object changed.
    Change,
    /// Time passed.
    Tick,
    /// A person asked.
    Manual,
}

impl Trigger {
    /// The word in the database and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Change => "change",
            Self::Tick => "tick",
            Self::Manual => "manual",
        }
    }

    /// The trigger of a word in the database.
    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::Initial, Self::Change, Self::Tick, Self::Manual].into_iter().find(|t| t.as_str() == word)
    }
}

/// A hub that a scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubSeen {
    /// Which hub.
    pub key: HubKey,
    /// What is known about it.
    pub facts: HubFacts,
}

/// Everything one scan adds to the history.
///
/// `coverage`, `config_gaps`, `sightings`, `releases`, `hubs`, `findings`, `controls`, `computed` and `servers` are complete: what is missing in them is over, or cannot be seen. Objects and
/// pods are those that may have changed; unchanged ones in the list do no harm.
#[derive(Debug, Clone)]
pub struct ScanCommit {
    /// The cluster.
    pub cluster: ClusterId,
    /// What caused the scan.
    pub trigger: Trigger,
    /// Whether a cluster was judged or files.
    pub origin: Origin,
    /// The instant it describes.
    pub taken_at: Timestamp,
    /// The oldest of the kinds' last list, event or bookmark.
    pub fresh_at: Timestamp,
    /// The resourceVersion of each kind it rests on.
    pub resource_versions: BTreeMap<Kind, String>,
    /// How much of each kind was read; a kind that is missing was never looked for.
    pub coverage: BTreeMap<Kind, Coverage>,
    /// ConfigMaps, by namespace and name, whose data was to be read and could not be.
    pub config_gaps: BTreeMap<(String, String), GapReason>,
    /// The answers about Perijove's own rights, or why there are none.
    pub reviews: Result<Reviews, GapReason>,
    /// What was seen of certificates outside the lists of the API; complete.
    pub sightings: Sightings,
    /// What was seen of the releases of Helm; complete.
    pub releases: Releases,
    /// Objects that are new or may have changed, pods excepted.
    pub objects: Vec<StagedObject>,
    /// Pods that are new or may have changed.
    pub pods: Vec<StagedPod>,
    /// Objects and pods that a watch saw deleted.
    pub removed: Vec<ObjectRef>,
    /// Kinds (in one namespace, or in all) of which `objects` or `pods` hold a complete list: what else is stored of them is gone.
    pub relisted: BTreeSet<(Kind, Option<String>)>,
    /// The hubs found.
    pub hubs: Vec<HubSeen>,
    /// What every check said.
    pub findings: Vec<Finding>,
    /// The controls of each hub.
    pub controls: BTreeMap<HubKey, Vec<Control>>,
    /// The tables that are costly to compute; complete, as `findings` is.
    pub computed: Vec<ComputedTable>,
    /// The last sight of user servers, of hubs that ever had any.
    pub servers: Vec<RecalledServers>,
    /// Names of people by token; empty where names are kept hashed.
    pub people: BTreeMap<String, String>,
    /// After how long without a scan the time before this one counts as unwatched, though nothing was started: the machine slept, or
    /// nothing could be written. `None` where scans may be any time apart.
    pub longest_quiet: Option<SignedDuration>,
}

impl ScanCommit {
    /// A scan of a cluster that found nothing yet.
    pub fn new(cluster: ClusterId, trigger: Trigger, taken_at: Timestamp) -> Self {
        Self {
            cluster,
            trigger,
            origin: Origin::Observed,
            taken_at,
            fresh_at: taken_at,
            resource_versions: BTreeMap::new(),
            coverage: BTreeMap::new(),
            config_gaps: BTreeMap::new(),
            reviews: Err(GapReason::NotRead),
            sightings: Sightings::default(),
            releases: Releases::default(),
            objects: Vec::new(),
            pods: Vec::new(),
            removed: Vec::new(),
            relisted: BTreeSet::new(),
            hubs: Vec::new(),
            findings: Vec::new(),
            controls: BTreeMap::new(),
            computed: Vec::new(),
            servers: Vec::new(),
            people: BTreeMap::new(),
            longest_quiet: None,
        }
    }
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The number of the scan.
    pub scan: ScanNumber,
    /// Whether anything that pages show differs from the scan before, apart from its number and time.
    pub is_change: bool,
    /// The hubs of which something that pages show differs: what they are, what their checks and controls say, or their objects and pods.
    pub hubs: BTreeSet<HubId>,
}

impl Store {
    /// Makes a scan visible: all of it or, whatever happens meanwhile, nothing.
    pub async fn commit_scan(&self, commit: &ScanCommit) -> Result<Committed, StoreError> {
        let mut transaction = self.write().await?;
        let committed = write(&mut transaction, commit).await.map_err(|e| e.at(self.path()))?;
        self.finish(transaction).await?;
        self.waiting.end(commit.objects.iter().map(|object| object.body));
        Ok(committed)
    }
}

async fn write(connection: &mut SqliteConnection, commit: &ScanCommit) -> Result<Committed, StoreError> {
    let before = scans::latest(connection, commit.cluster).await?;
    let scan = ScanNumber(before.map_or(1, |scan| scan.0 + 1));
    scans::insert(connection, commit, scan).await?;
    let rows_before = rows_changed(connection).await?;
    coverage::note_pause(connection, commit, before).await?;
    coverage::commit(connection, commit, scan).await?;
    reviews::commit(connection, commit, scan).await?;
    sightings::commit(connection, commit, scan).await?;
    releases::commit(connection, commit, scan).await?;
    let (hubs, mut touched) = hubs::commit(connection, commit, scan).await?;
    let mut work = Work::new(commit, scan, &hubs);
    objects::commit(connection, &mut work).await?;
    pods::commit(connection, &mut work).await?;
    touched.append(&mut work.touched);
    touched.append(&mut findings::commit(connection, commit, scan, &hubs).await?);
    touched.append(&mut marks::commit(connection, commit, scan, &hubs).await?);
    touched.append(&mut computed::commit(connection, commit, scan, &hubs).await?);
    people::commit(connection, &commit.people, commit.taken_at).await?;
    let is_change = rows_changed(connection).await? != rows_before;
    if is_change {
        moments::record::commit(connection, commit.cluster, scan).await?;
    }
    recall::commit(connection, commit, scan, &hubs).await?;
    Ok(Committed { scan, is_change, hubs: touched })
}

/// How many rows this connection ever changed: the cheap way to see whether a commit did anything beyond its scan row.
async fn rows_changed(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let rows = sqlx::query_scalar!("select total_changes() as \"rows!: i64\"").fetch_one(connection).await?;
    Ok(rows)
}
