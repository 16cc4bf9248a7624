//! Takes what a collector hands on: writes records ahead, judges when they have settled, commits the scan, tells open pages.

mod tables;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use posture::check::{Recall, RecalledServers};
use posture::control::{Control, controls};
use posture::derived::tls::TlsMode;
use posture::derived::{Derived, derive};
use posture::finding::Finding;
use posture::gap::GapReason;
use posture::hub::HubKey;
use posture::judge::judge;
use posture::object::ObjectRef;
use posture::record::Record;
use posture::settings::Settings;
use posture::snapshot::Snapshot;

use crate::clock::Clock;
use crate::collector::{self, ClusterSeen, ScanInput, Sink, SinkError};
use crate::http::events::{Notice, Notices};
use crate::store::{
    ClusterId, ClusterIdentity, HubFacts, HubSeen, ScanCommit, Staged, StagedPod, Store, StoreError, Trigger,
    recall,
};
use crate::troubles::Troubles;
use tables::Tables;

/// What the program shares with every keeper.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The history.
    pub store: Store,
    /// News for open pages.
    pub notices: Notices,
    /// What the operator decides about judging.
    pub settings: Arc<Settings>,
    /// Why clusters cannot be read.
    pub troubles: Arc<Troubles>,
}

/// Keeps the history of one cluster.
#[derive(Debug)]
pub struct Keeper {
    shared: Shared,
    clock: Clock,
    cluster: Option<(ClusterId, String)>,
    /// What was written ahead since the last scan; of an object that stands in it more than once the last one counts.
    staged: Staged,
    tables: Tables,
    longest_quiet: Option<SignedDuration>,
}

impl Keeper {
    /// A keeper for a cluster that has not answered yet.
    pub fn new(shared: Shared, clock: Clock) -> Self {
        Self {
            shared,
            clock,
            cluster: None,
            staged: Staged::default(),
            tables: Tables::default(),
            longest_quiet: None,
        }
    }

    /// Takes scans that come so often: where three of them are missing, nothing was watched.
    #[must_use]
    pub fn ticking(self, tick: Duration) -> Self {
        Self { longest_quiet: SignedDuration::try_from(tick.saturating_mul(3)).ok(), ..self }
    }

    /// Judges, and says what the scan adds to the history: what was written ahead, and what follows from it.
    pub async fn prepare(&mut self, input: &ScanInput) -> Result<ScanCommit, SinkError> {
        let (id, _) = self.cluster()?;
        let recalled = self.recalled(id).await.map_err(|error| told(&error))?;
        let judged = self.judge(input, &recalled);
        let is_same = self.staged.is_empty() && input.removed.is_empty();
        let computed = self.tables.of(input, &judged.derived, is_same);
        let mut commit = commit(id, input, &recalled, judged, std::mem::take(&mut self.staged));
        commit.computed = computed;
        commit.longest_quiet = self.longest_quiet;
        Ok(commit)
    }

    fn cluster(&self) -> Result<(ClusterId, String), SinkError> {
        self.cluster
            .clone()
            .ok_or_else(|| SinkError::Never("records came before the cluster answered".to_owned()))
    }
}

/// Whether the store may take it later: a full disk may be emptied, a lock released.
fn told(error: &StoreError) -> SinkError {
    match error {
        StoreError::Full { .. }
        | StoreError::Busy { .. }
        | StoreError::ReadOnly { .. }
        | StoreError::Disk { .. }
        | StoreError::Database { .. } => SinkError::Later(error.to_string()),
        _ => SinkError::Never(error.to_string()),
    }
}

impl Sink for Keeper {
    async fn connected(&mut self, cluster: &ClusterSeen) -> Result<(), SinkError> {
        let identity = ClusterIdentity {
            name: cluster.name.clone(),
            uid: cluster.uid.clone(),
            address: cluster.address.clone(),
        };
        let id = self
            .shared
            .store
            .register_cluster(&identity, self.clock.now())
            .await
            .map_err(|error| told(&error))?;
        self.cluster = Some((id, cluster.name.clone()));
        Ok(())
    }

    async fn records(&mut self, records: &[Record]) -> Result<(), SinkError> {
        // What is written ahead is collected by the system's clock, whatever the time is where it comes from.
        let now = Clock::System.now();
        let staged = self.shared.store.stage(records, now).await.map_err(|error| told(&error))?;
        self.staged.append(staged);
        Ok(())
    }

    async fn scan(&mut self, input: &ScanInput) -> Result<(), SinkError> {
        let (_, name) = self.cluster()?;
        let commit = self.prepare(input).await?;
        let committed = match self.shared.store.commit_scan(&commit).await {
            Ok(committed) => committed,
            Err(error) => {
                // It is handed on again, and what was written ahead is still there.
                self.staged = Staged { objects: commit.objects, pods: commit.pods };
                return Err(told(&error));
            }
        };
        tracing::info!(
            cluster = name,
            scan = committed.scan.0,
            trigger = commit.trigger.as_str(),
            findings = commit.findings.len(),
            changed = committed.is_change,
            "scan committed"
        );
        self.shared.notices.send(Notice {
            cluster: name,
            changed: committed.is_change.then_some(committed.scan.0),
            hubs: committed.hubs.into_iter().map(|hub| hub.0).collect(),
            seen: input.fresh_at.as_millisecond(),
        });
        Ok(())
    }
}

/// What judging gave.
struct Judged {
    derived: Derived,
    findings: Vec<Finding>,
    controls: BTreeMap<HubKey, Vec<Control>>,
}

impl Keeper {
    async fn recalled(&self, cluster: ClusterId) -> Result<Recall, StoreError> {
        let mut reading = self.shared.store.read().await?;
        recall::latest(&mut reading, cluster).await
    }

    fn judge(&self, input: &ScanInput, recall: &Recall) -> Judged {
        let settings = &self.shared.settings;
        let now = input.taken_at;
        let derived = derive(&input.snapshot, settings, now);
        let findings = judge(&input.snapshot, &derived, recall, settings, now);
        let context =
            posture::check::Context { snapshot: &input.snapshot, derived: &derived, recall, settings, now };
        let controls = derived.hubs.iter().map(|hub| (hub.key.clone(), controls(&context, hub))).collect();
        Judged { derived, findings, controls }
    }
}

/// Everything a scan adds to the history.
fn commit(
    cluster: ClusterId,
    input: &ScanInput,
    recall: &Recall,
    judged: Judged,
    staged: Staged,
) -> ScanCommit {
    let Judged { derived, findings, controls } = judged;
    let owners = Owners::of(&derived);
    let mut commit = ScanCommit::new(cluster, trigger(input.trigger), input.taken_at);
    commit.origin = input.snapshot.origin;
    commit.fresh_at = input.fresh_at;
    commit.config_gaps = config_gaps(&input.snapshot);
    commit.resource_versions.clone_from(&input.resource_versions);
    commit.coverage.clone_from(&input.coverage);
    commit.removed.clone_from(&input.removed);
    commit.relisted.clone_from(&input.relisted);
    (commit.objects, commit.pods) = (staged.objects, staged.pods);
    for object in &mut commit.objects {
        object.hub = owners.of_object(&object.object);
    }
    for pod in &mut commit.pods {
        pod.hub = owners.of_pod(pod);
    }
    commit.hubs = derived
        .hubs
        .iter()
        .map(|hub| HubSeen {
            key: hub.key.clone(),
            facts: HubFacts::of(hub, derived.tls(hub).ok().map(|tls| mode_word(tls.mode))),
        })
        .collect();
    commit.servers = servers(&derived, recall, input.taken_at);
    commit.people = input.people.iter().map(|seen| (seen.token.clone(), seen.name.clone())).collect();
    commit.reviews.clone_from(&input.snapshot.reviews);
    commit.sightings.clone_from(&input.snapshot.sightings);
    commit.releases.clone_from(&input.releases);
    commit.findings = findings;
    commit.controls = controls;
    commit
}

/// The ConfigMaps whose data was to be read and could not be.
fn config_gaps(snapshot: &Snapshot) -> BTreeMap<(String, String), GapReason> {
    let failed = snapshot
        .config_data
        .iter()
        .filter_map(|(key, data)| Some((key.clone(), data.as_ref().err()?.clone())));
    failed.collect()
}

/// The word of a mode in the database.
fn mode_word(mode: TlsMode) -> String {
    serde_json::to_value(mode).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

fn trigger(trigger: collector::Trigger) -> Trigger {
    match trigger {
        collector::Trigger::Initial => Trigger::Initial,
        collector::Trigger::Change => Trigger::Change,
        collector::Trigger::Tick => Trigger::Tick,
        collector::Trigger::Manual => Trigger::Manual,
    }
}

/// The last sight of each hub's user servers: now where there are any, else what was recalled.
fn servers(derived: &Derived, recall: &Recall, now: Timestamp) -> Vec<RecalledServers> {
    let mut seen: BTreeMap<&HubKey, RecalledServers> =
        recall.user_servers.iter().map(|old| (&old.hub, old.clone())).collect();
    for hub in derived.hubs.iter().filter(|hub| !hub.user_classes.is_empty()) {
        let barrier = derived.barriers(hub).all(|(_, barrier)| barrier.is_effective());
        seen.insert(&hub.key, RecalledServers { hub: hub.key.clone(), seen_at: now, barrier });
    }
    seen.into_values().collect()
}

/// Which hub an object belongs to: user servers by their class, the rest by namespace where only one hub lives there.
struct Owners<'a> {
    pods: HashMap<(&'a str, &'a str), Arc<HubKey>>,
    namespaces: BTreeMap<&'a str, Option<&'a HubKey>>,
}

impl<'a> Owners<'a> {
    fn of(derived: &'a Derived) -> Self {
        let mut pods = HashMap::new();
        let mut namespaces: BTreeMap<&str, Option<&HubKey>> = BTreeMap::new();
        for hub in &derived.hubs {
            namespaces
                .entry(&hub.key.namespace)
                .and_modify(|only| *only = None)
                .or_insert_with(|| Some(&hub.key));
            let key = Arc::new(hub.key.clone());
            for class in &hub.user_classes {
                for pod in &class.pods {
                    pods.insert((class.namespace.as_str(), pod.metadata.name.as_str()), Arc::clone(&key));
                }
            }
        }
        Self { pods, namespaces }
    }

    fn of_object(&self, object: &ObjectRef) -> Option<HubKey> {
        self.namespaces.get(object.namespace.as_deref()?).copied().flatten().cloned()
    }

    fn of_pod(&self, pod: &StagedPod) -> Option<Arc<HubKey>> {
        self.pods.get(&(&*pod.namespace, &*pod.name)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn that_a_demo_answers_does_not_end_its_replay() {
        let folder = tempfile::tempdir().unwrap();
        let shared = Shared {
            store: Store::open(&folder.path().join("perijove.db")).await.unwrap(),
            notices: Notices::default(),
            settings: Arc::default(),
            troubles: Arc::default(),
        };
        shared.troubles.replaying("demo", "1 of 30 days");
        let mut keeper = Keeper::new(shared.clone(), Clock::System);
        let seen = ClusterSeen { name: "demo".into(), uid: None, address: "https://demo.invalid".into() };
        keeper.connected(&seen).await.unwrap();
        assert_eq!(shared.troubles.replay_of("demo").as_deref(), Some("1 of 30 days"));
    }
    #[tokio::test]
    async fn what_a_past_is_made_of_outlives_pruning_until_its_commit() {
        let folder = tempfile::tempdir().unwrap();
        let shared = Shared {
            store: Store::open(&folder.path().join("perijove.db")).await.unwrap(),
            notices: Notices::default(),
            settings: Arc::default(),
            troubles: Arc::default(),
        };
        let past: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
        let mut keeper = Keeper::new(shared.clone(), Clock::at(past));
        let seen = ClusterSeen { name: "demo".into(), uid: None, address: "https://demo.invalid".into() };
        keeper.connected(&seen).await.unwrap();
        let body = serde_json::json!({"metadata": {"name": "hub", "namespace": "jhub"}});
        let object = ObjectRef::namespaced(posture::kind::Kind::Service, "jhub", "hub");
        keeper.records(&[Record::new(object, body, Vec::new(), String::new())]).await.unwrap();
        shared.store.prune(&crate::store::Retention::default(), Timestamp::now()).await.unwrap();
        let mut commit = ScanCommit::new(keeper.cluster().unwrap().0, Trigger::Initial, past);
        commit.objects = keeper.staged.objects;
        shared.store.commit_scan(&commit).await.unwrap();
    }
}
