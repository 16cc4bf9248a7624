//! Everything a collector knows between two scans: facts, coverage, and what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use posture::gap::GapReason;
use posture::kind::{KINDS, Kind, Reading};
use posture::listing::Coverage;
use posture::object::ObjectRef;
use posture::record::Record;
use posture::redact::Redactor;
use posture::release::Releases;
use posture::sighting::Sightings;
use posture::snapshot::{Origin, Reviews, Snapshot, SnapshotBuilder};
use tokio::time::Instant;

use super::classes::{Class, Classes};
use super::config_maps::needed_config_maps;
use super::input::{ScanInput, Trigger};
use super::known::Known;
use super::news::{News, Place};

/// What is known of one place.
#[derive(Debug)]
struct Covered {
    /// Why it cannot be read; `None` once it was listed.
    gap: Option<GapReason>,
    /// The number of its newest list.
    list: u32,
    /// Whether it was listed completely since the start.
    confirmed: bool,
    resource_version: String,
    /// When it was last heard of.
    at: Timestamp,
    /// The same on the clock that cannot be set.
    heard: Instant,
    /// Nothing is heard of what is not served.
    absent: bool,
    /// Why it cannot be heard of for now.
    interrupted: Option<String>,
}

/// A ConfigMap whose data is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Data {
    /// The version that was read; `None` if it could not be.
    read: Option<String>,
    /// Whether it has changed since.
    stale: bool,
}

/// What a piece of news means.
#[derive(Debug, Default)]
pub(super) struct Effect {
    /// Records to hand on.
    pub(super) records: Vec<Record>,
    /// Whether it has to be judged soon.
    pub(super) is_change: bool,
}

/// Everything a collector knows.
#[derive(Debug)]
pub(super) struct State {
    redactor: Arc<Redactor>,
    builder: SnapshotBuilder,
    known: Known,
    classes: Classes,
    places: BTreeMap<Place, Covered>,
    lists: u32,
    data: BTreeMap<(String, String), Data>,
    removed: BTreeSet<ObjectRef>,
    relisted: BTreeSet<(Kind, Option<String>)>,
    /// Where roles or bindings have changed since that was last asked; `None` is those of the whole cluster.
    changed_rights: BTreeSet<Option<String>>,
    /// After this long without news a place that is watched is a gap; `None` where nothing is watched.
    patience: Option<Duration>,
}

impl State {
    pub(super) fn new(cluster: &str, redactor: Arc<Redactor>, patience: Option<Duration>) -> Self {
        Self {
            redactor,
            builder: SnapshotBuilder::new(Origin::Observed, cluster),
            known: Known::default(),
            classes: Classes::default(),
            places: BTreeMap::new(),
            lists: 0,
            data: BTreeMap::new(),
            removed: BTreeSet::new(),
            relisted: BTreeSet::new(),
            changed_rights: BTreeSet::new(),
            patience,
        }
    }

    /// How many objects are known.
    pub(super) fn objects(&self) -> usize {
        self.known.len()
    }

    /// Names of the namespaces that are known.
    pub(super) fn namespaces(&self) -> BTreeSet<String> {
        self.known.names(Kind::Namespace).map(str::to_owned).collect()
    }

    /// Says that nothing is watched, so that nothing can fall silent.
    pub(super) fn without_watches(&mut self) {
        self.patience = None;
    }

    /// Takes in a piece of news.
    pub(super) fn take(&mut self, place: &Place, at: Timestamp, news: News) -> Effect {
        let mut effect = Effect::default();
        match news {
            News::ListBegins => {
                self.lists += 1;
                let list = self.lists;
                // The server has not said anything yet.
                self.places.entry(place.clone()).or_insert_with(|| Covered::new(at)).list = list;
                self.builder.begin_list(place.kind, place.namespace.as_deref());
            }
            News::Interrupted(why) => {
                let covered = self.places.entry(place.clone()).or_insert_with(|| Covered::new(at));
                covered.interrupted = Some(why);
            }
            News::Items(records) => {
                for record in records {
                    self.see(place, at, record, &mut effect);
                }
            }
            News::Listed { resource_version } => self.listed(place, at, resource_version, &mut effect),
            News::Changed(record) => {
                let resource_version = record.resource_version.clone();
                self.see(place, at, *record, &mut effect);
                self.cover(place, at).resource_version = resource_version;
            }
            News::Gone { object, resource_version } => {
                self.cover(place, at).resource_version = resource_version;
                let class = self.known.forget(&object);
                self.gone(object, class, &mut effect);
            }
            News::Heard { resource_version } => {
                let covered = self.cover(place, at);
                if let Some(resource_version) = resource_version {
                    covered.resource_version = resource_version;
                }
            }
            News::Gap(reason) => {
                let is_final = matches!(reason, GapReason::Forbidden | GapReason::NotServed);
                // What may not be read any more proves nothing. After other failures the last sight stands, as a gap.
                if is_final {
                    self.builder.begin_list(place.kind, place.namespace.as_deref());
                    self.builder.finish_list(place.kind, place.namespace.as_deref());
                }
                let covered = self.places.entry(place.clone()).or_insert_with(|| Covered::new(at));
                effect.is_change = covered.gap.as_ref() != Some(&reason);
                covered.gap = Some(reason);
                covered.absent = false;
                if is_final {
                    covered.interrupted = None;
                }
            }
            News::Absent => {
                let was_absent = self.places.get(place).is_some_and(|covered| covered.absent);
                if !was_absent {
                    self.lists += 1;
                    let list = self.lists;
                    self.cover(place, at).list = list;
                    self.builder.begin_list(place.kind, place.namespace.as_deref());
                    self.listed(place, at, String::new(), &mut effect);
                    effect.is_change = true;
                }
                self.cover(place, at).absent = true;
            }
            News::Dropped => effect.is_change = self.places.remove(place).is_some(),
        }
        effect
    }

    fn cover(&mut self, place: &Place, at: Timestamp) -> &mut Covered {
        let covered = self.places.entry(place.clone()).or_insert_with(|| Covered::new(at));
        covered.at = at;
        covered.heard = Instant::now();
        covered.interrupted = None;
        covered
    }

    fn listed(&mut self, place: &Place, at: Timestamp, resource_version: String, effect: &mut Effect) {
        let covered = self.cover(place, at);
        effect.is_change |= covered.gap.take().is_some();
        covered.absent = false;
        covered.resource_version = resource_version;
        let (list, first) = (covered.list, !std::mem::replace(&mut covered.confirmed, true));
        self.builder.finish_list(place.kind, place.namespace.as_deref());
        for (object, class) in self.known.missing(place.kind, place.namespace.as_deref(), list) {
            self.gone(object, Some(class), effect);
        }
        if first {
            self.relisted.insert((place.kind, place.namespace.clone()));
        }
        if place.namespace.is_none() {
            // A list over everything makes those of single namespaces superfluous.
            self.places.retain(|other, _| other.kind != place.kind || other.namespace.is_none());
        }
    }

    fn see(&mut self, place: &Place, at: Timestamp, record: Record, effect: &mut Effect) {
        let covered = self.cover(place, at);
        let (list, confirmed) = (covered.list, covered.confirmed);
        if let Err(misfit) = self.builder.apply(&record) {
            tracing::warn!(kind = %misfit.object.kind, "an object cannot be understood; its namespace is a gap");
        }
        let key = (record.object.namespace.clone().unwrap_or_default(), record.object.name.clone());
        if record.object.kind == Kind::ConfigMap
            && let Some(data) = self.data.get_mut(&key)
        {
            // Only the record with the data counts; it is read before the next scan.
            self.known.touch(&record.object, list);
            if data.read.as_ref() != Some(&record.resource_version) {
                data.stale = true;
                effect.is_change = true;
            }
            return;
        }
        let sight = self.known.see(&record, list);
        if sight.is_new {
            self.note_rights(&record.object);
            self.removed.remove(&record.object);
            let class = self.classes.number(&record);
            self.known.classify(&record.object, class);
            effect.is_change |= self.classes.note(sight.before, Some(class));
        }
        // Before a place was confirmed, what is known of it does not have to be all that the store needs to hear.
        if sight.is_new || !confirmed {
            effect.records.push(record);
        }
    }

    fn gone(&mut self, object: ObjectRef, class: Option<Class>, effect: &mut Effect) {
        self.builder.remove(&object);
        self.note_rights(&object);
        effect.is_change |= self.classes.note(class, None);
        if object.kind == Kind::ConfigMap {
            let key = (object.namespace.clone().unwrap_or_default(), object.name.clone());
            self.data.remove(&key);
        }
        self.removed.insert(object);
    }

    /// The ConfigMaps whose data has to be read before a scan; forgets those that nobody needs any more.
    pub(super) fn data_to_read(&mut self, now: Timestamp) -> Vec<(String, String)> {
        let needed = needed_config_maps(&self.builder.build(now));
        let wanted: BTreeSet<&(String, String)> = needed.iter().collect();
        let superfluous: Vec<_> = self.data.keys().filter(|key| !wanted.contains(key)).cloned().collect();
        for key in superfluous {
            self.data.remove(&key);
            self.builder.forget_config_data(&key.0, &key.1);
        }
        for (namespace, _) in &needed {
            self.redactor.add_hub_namespace(namespace);
        }
        needed.into_iter().filter(|key| self.data.get(key).is_none_or(|data| data.stale)).collect()
    }

    /// Marks data that could not be read, so that it is tried again.
    pub(super) fn retry_data(&mut self) {
        for data in self.data.values_mut().filter(|data| data.read.is_none()) {
            data.stale = true;
        }
    }

    /// Takes in the data of a ConfigMap, or why it could not be read; the record to hand on.
    pub(super) fn take_data(
        &mut self,
        key: &(String, String),
        read: Result<Record, GapReason>,
    ) -> Option<Record> {
        let version = read.as_ref().ok().map(|record| record.resource_version.clone());
        self.data.insert(key.clone(), Data { read: version, stale: false });
        match read {
            Ok(record) => {
                self.builder.config_data(&key.0, &key.1, Ok(&record));
                let place = Place { kind: Kind::ConfigMap, namespace: None };
                let list = self.places.get(&place).map_or(0, |covered| covered.list);
                self.removed.remove(&record.object);
                self.known.see(&record, list).is_new.then_some(record)
            }
            // It went away in between: the list and the watch tell.
            Err(GapReason::NotServed) => {
                self.builder.forget_config_data(&key.0, &key.1);
                None
            }
            Err(reason) => {
                self.builder.config_data(&key.0, &key.1, Err(reason));
                None
            }
        }
    }

    fn note_rights(&mut self, object: &ObjectRef) {
        if [Kind::Role, Kind::ClusterRole, Kind::RoleBinding, Kind::ClusterRoleBinding].contains(&object.kind)
        {
            self.changed_rights.insert(object.namespace.clone());
        }
    }

    /// Where roles or bindings have changed since this was last asked; `None` is those of the whole cluster.
    pub(super) fn take_changed_rights(&mut self) -> BTreeSet<Option<String>> {
        std::mem::take(&mut self.changed_rights)
    }

    pub(super) fn take_reviews(&mut self, reviews: Result<Reviews, GapReason>) {
        self.builder.reviews(reviews);
    }

    pub(super) fn take_sightings(&mut self, sightings: Sightings) {
        self.builder.sightings(sightings);
    }

    /// What is known now, whether or not it is judged.
    pub(super) fn snapshot(&mut self, now: Timestamp) -> Snapshot {
        for (kind, coverage) in self.coverage() {
            self.builder.cover(kind, coverage);
        }
        self.builder.build(now)
    }

    /// A kind that could be listed everywhere.
    pub(super) fn readable(&self) -> Option<Kind> {
        let mut readable = self
            .places
            .iter()
            .filter(|(place, covered)| place.namespace.is_none() && covered.gap.is_none() && !covered.absent);
        readable.next().map(|(place, _)| place.kind)
    }

    /// What keeps the cluster from being followed for now, as a sentence.
    pub(super) fn interruption(&self) -> Option<String> {
        let (mut kinds, mut broken) = (BTreeSet::new(), BTreeSet::new());
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, covered) in self.places.iter().filter(|(_, covered)| !covered.absent) {
            kinds.insert(place.kind);
            if let Some(why) = &covered.interrupted {
                broken.insert(place.kind);
                *reasons.entry(why).or_default() += 1;
            }
        }
        let (why, _) = reasons.into_iter().max_by_key(|(_, count)| *count)?;
        let what = if broken.len() == kinds.len() {
            "The API server does not answer".to_owned()
        } else {
            format!("{} of {} kinds of objects cannot be followed", broken.len(), kinds.len())
        };
        Some(format!("{what} for now: {why}. What is shown of them was seen before; it is tried again."))
    }

    /// The coverage of every kind.
    fn coverage(&self) -> BTreeMap<Kind, Coverage> {
        let mut all = BTreeMap::new();
        for info in KINDS.iter().filter(|info| info.reading != Reading::OnDemand) {
            let everywhere = self.places.get(&Place { kind: info.kind, namespace: None });
            let mut coverage = match everywhere {
                None => Coverage::gap(GapReason::NotRead),
                Some(covered) => Coverage { everywhere: self.gap_of(covered), namespaces: BTreeMap::new() },
            };
            for (place, covered) in self.places.iter().filter(|(place, _)| place.kind == info.kind) {
                let Some(namespace) = &place.namespace else { continue };
                let reason = self.gap_of(covered);
                if reason != coverage.everywhere {
                    coverage.namespaces.insert(namespace.clone(), reason);
                }
            }
            all.insert(info.kind, coverage);
        }
        all
    }

    fn gap_of(&self, covered: &Covered) -> Option<GapReason> {
        let is_silent =
            !covered.absent && self.patience.is_some_and(|patience| covered.heard.elapsed() > patience);
        covered.gap.clone().or_else(|| is_silent.then_some(GapReason::Silent))
    }

    /// Whether a place fell silent, or was heard again, since the last scan.
    pub(super) fn silence_changed(&self, last: &BTreeMap<Kind, Coverage>) -> bool {
        self.coverage() != *last
    }

    /// The oldest of the places' last list, event or bookmark.
    pub(super) fn fresh_at(&self, now: Timestamp) -> Timestamp {
        let heard = self.places.values().filter(|covered| !covered.absent && covered.gap.is_none());
        heard.map(|covered| covered.at).min().unwrap_or(now)
    }

    /// Whether every watched place was told everything up to a version; only for servers whose versions are numbers.
    pub(super) fn has_reached(&self, version: u64) -> bool {
        self.places
            .values()
            .filter(|covered| covered.gap.is_none() && !covered.absent)
            .all(|covered| covered.resource_version.parse::<u64>().is_ok_and(|reached| reached >= version))
    }

    /// Everything to judge; what it holds is forgotten once [`Self::committed`] says so.
    pub(super) fn input(&mut self, trigger: Trigger, now: Timestamp) -> ScanInput {
        let coverage = self.coverage();
        for (kind, of_kind) in &coverage {
            self.builder.cover(*kind, of_kind.clone());
        }
        ScanInput {
            trigger,
            taken_at: now,
            fresh_at: self.fresh_at(now),
            resource_versions: self.resource_versions(),
            coverage,
            removed: self.removed.iter().cloned().collect(),
            relisted: self.relisted.clone(),
            snapshot: self.builder.build(now),
            releases: Releases::default(),
            people: self.redactor.take_seen(),
        }
    }

    /// The scan was committed: what it held need not be told again.
    pub(super) fn committed(&mut self) {
        self.removed.clear();
        self.relisted.clear();
    }

    fn resource_versions(&self) -> BTreeMap<Kind, String> {
        let mut versions: BTreeMap<Kind, String> = BTreeMap::new();
        for (place, covered) in
            self.places.iter().filter(|(_, covered)| covered.gap.is_none() && !covered.absent)
        {
            let version = match &place.namespace {
                None => covered.resource_version.clone(),
                Some(namespace) => format!("{namespace}={}", covered.resource_version),
            };
            let all = versions.entry(place.kind).or_default();
            if !all.is_empty() {
                all.push(',');
            }
            all.push_str(&version);
        }
        versions
    }
}

impl Covered {
    fn new(at: Timestamp) -> Self {
        Self {
            gap: Some(GapReason::NotRead),
            list: 0,
            confirmed: false,
            resource_version: String::new(),
            at,
            heard: Instant::now(),
            absent: false,
            interrupted: None,
        }
    }
}
