//! Changes folded into events: a Helm upgrade is one, with its parts inside.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Change, Writer};

/// How far apart the objects of one upgrade are written at most. Helm writes them one after the other, and waits for hooks in between.
const UPGRADE: SignedDuration = SignedDuration::from_mins(10);

/// What happened: an upgrade of a release, or one change by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The release that was installed, upgraded or rolled back; `None` for a change by itself.
    pub upgrade: Option<Upgrade>,
    /// Its changes, sorted by object; never empty.
    pub changes: Vec<Change>,
}

/// An upgrade of a Helm release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgrade {
    /// The namespace of the release.
    pub namespace: String,
    /// Its name.
    pub release: String,
    /// The charts before and after, where the objects say so and where they differ.
    pub charts: Option<[String; 2]>,
    /// When its last object was written.
    pub time: Option<Timestamp>,
}

/// Folds changes into events. Those that Helm made to one release in one go are one event, as are those that come with another chart;
/// what a person's tool wrote to an object stands for itself. Upgrades come first, the rest in the order of objects.
pub fn events(changes: Vec<Change>) -> Vec<Event> {
    let mut releases: BTreeMap<(String, String), Vec<Change>> = BTreeMap::new();
    let mut single = Vec::new();
    for change in changes {
        match change.release.clone() {
            Some(release) if is_by_helm(&change) => releases.entry(release).or_default().push(change),
            _ => single.push(change),
        }
    }
    let mut events = Vec::new();
    for ((namespace, release), changes) in releases {
        for changes in split(changes) {
            let charts = changes.iter().find_map(|change| match &change.charts {
                [Some(before), Some(after)] if before != after => Some([before.clone(), after.clone()]),
                _ => None,
            });
            let time = changes.iter().filter_map(written_at).max();
            // One object that Helm wrote and nothing else is still an upgrade; what went by itself is not.
            let is_upgrade = time.is_some() || charts.is_some();
            let (namespace, release) = (namespace.clone(), release.clone());
            let upgrade = is_upgrade.then_some(Upgrade { namespace, release, charts, time });
            events.push(Event { upgrade, changes });
        }
    }
    events.extend(single.into_iter().map(|change| Event { upgrade: None, changes: vec![change] }));
    events
}

fn is_by_helm(change: &Change) -> bool {
    let newest = change.writers.first();
    match newest {
        Some(writer) => writer.is_helm() || (is_other_chart(change) && !writer.is_by_hand()),
        // What went left no writer behind; Helm took it out if the rest of the release changed with it.
        None => true,
    }
}

fn is_other_chart(change: &Change) -> bool {
    matches!(&change.charts, [Some(before), Some(after)] if before != after)
}

/// When Helm wrote it.
fn written_at(change: &Change) -> Option<Timestamp> {
    change.writers.iter().filter(|writer| writer.is_helm()).find_map(|writer: &Writer| writer.time)
}

/// Cuts the changes of a release where a long time passed between two; what has no time stays with the newest.
fn split(changes: Vec<Change>) -> Vec<Vec<Change>> {
    let (mut timed, untimed): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|change| written_at(change).is_some());
    timed.sort_by_key(written_at);
    let mut groups: Vec<Vec<Change>> = Vec::new();
    let mut last: Option<Timestamp> = None;
    for change in timed {
        let time = written_at(&change);
        let is_apart = last.zip(time).is_none_or(|(last, time)| time.duration_since(last) > UPGRADE);
        match groups.last_mut() {
            Some(group) if !is_apart => group.push(change),
            _ => groups.push(vec![change]),
        }
        last = time;
    }
    if !untimed.is_empty() {
        match groups.last_mut() {
            Some(group) => group.extend(untimed),
            // Files have no times: another chart says that it was an upgrade.
            None if untimed.iter().any(is_other_chart) => groups.push(untimed),
            // Nothing says that Helm was at work at all: each stands for itself.
            None => return untimed.into_iter().map(|change| vec![change]).collect(),
        }
    }
    for group in &mut groups {
        group.sort_by(|a, b| a.object.cmp(&b.object));
    }
    groups
}
