//! What a change did: to what the checks say, and to what user servers reach.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::check::{Recall, Verdict};
use crate::derived::derive;
use crate::hub::HubKey;
use crate::judge::judge;
use crate::network;
use crate::object::ObjectRef;
use crate::reach::{Destination, Reach, ReachTable};
use crate::record::Record;
use crate::settings::Settings;
use crate::snapshot::{Origin, Snapshot, SnapshotBuilder};

/// A finding with another verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingEffect {
    /// The code of the check.
    pub code: String,
    /// The hub; `None` for the cluster.
    pub hub: Option<HubKey>,
    /// The object it is about, where it is about one.
    pub subject: Option<ObjectRef>,
    /// The verdict before; `None` where it was not asked.
    pub before: Option<Verdict>,
    /// The verdict after; `None` where it is not asked any more.
    pub after: Option<Verdict>,
}

/// A destination that user servers reach differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReachEffect {
    /// The hub.
    pub hub: HubKey,
    /// What its servers are called.
    pub class: String,
    /// The destination.
    pub destination: Destination,
    /// The answer before; `None` where there was nothing to reach.
    pub before: Option<network::Verdict>,
    /// The answer after.
    pub after: Option<network::Verdict>,
}

/// What a change did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Findings with another verdict.
    pub findings: Vec<FindingEffect>,
    /// Destinations with another answer.
    pub reach: Vec<ReachEffect>,
}

impl Effect {
    /// Whether it did nothing that is seen here.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.reach.is_empty()
    }
}

type Reached = BTreeMap<(HubKey, String, Destination), (String, Option<network::Verdict>)>;

/// What is said of a snapshot, without reasons.
#[derive(Debug, Clone, PartialEq)]
struct Picture {
    verdicts: BTreeMap<(String, Option<HubKey>, Option<ObjectRef>), Verdict>,
    reach: Reached,
}

/// One object that differs: what it was and what it is; `None` where it is not there.
pub type Pair<'r> = (Option<&'r Record>, Option<&'r Record>);

/// Objects as they are at one side of a comparison, of which some at a time are put to what they are at the other, to see what that does.
#[derive(Debug)]
pub struct Trial<'a> {
    builder: SnapshotBuilder,
    recall: Recall,
    settings: &'a Settings,
    now: Timestamp,
    held: Picture,
}

impl<'a> Trial<'a> {
    /// A trial on everything that is there at one side, which the builder has taken in, with what checks recalled there.
    pub fn new(mut builder: SnapshotBuilder, recall: Recall, settings: &'a Settings, now: Timestamp) -> Self {
        let held = Picture::of(&builder.build(now), &recall, settings, now);
        Self { builder, recall, settings, now, held }
    }

    /// What these changes did together, where the builder holds the later side: the earlier state of just these is put back.
    pub fn effect(&mut self, changes: &[Pair<'_>]) -> Effect {
        let back: Vec<_> = changes.iter().map(|(before, after)| (*after, *before)).collect();
        self.with(&back).effect(&self.held)
    }

    /// What these changes do together, where the builder holds the earlier side: nothing but these happens.
    pub fn effect_on_earlier(&mut self, changes: &[Pair<'_>]) -> Effect {
        let after = self.with(changes);
        self.held.effect(&after)
    }

    /// What is said once objects are put from one state to another; then they are put back.
    fn with(&mut self, steps: &[Pair<'_>]) -> Picture {
        for (from, to) in steps {
            self.put(*from, *to);
        }
        let picture = Picture::of(&self.builder.build(self.now), &self.recall, self.settings, self.now);
        for (from, to) in steps {
            self.put(*to, *from);
        }
        picture
    }

    /// Puts one state of an object in the place of another.
    fn put(&mut self, old: Option<&Record>, new: Option<&Record>) {
        match (old, new) {
            (_, Some(record)) => {
                // What no fact can be made of is a gap, on both sides alike.
                drop(self.builder.apply(record));
                if let Some(namespace) = record.namespace_of_data() {
                    self.builder.config_data(namespace, &record.object.name, Ok(record));
                }
            }
            (Some(record), None) => self.builder.remove(&record.object),
            (None, None) => {}
        }
    }
}

impl Picture {
    fn of(snapshot: &Snapshot, recall: &Recall, settings: &Settings, now: Timestamp) -> Self {
        let derived = derive(snapshot, settings, now);
        let findings = judge(snapshot, &derived, recall, settings, now);
        let reach = match snapshot.origin {
            Origin::Observed => Reach::new(snapshot, &derived),
            Origin::Declared => Reach::of_files(snapshot, &derived),
        };
        let verdicts = findings
            .into_iter()
            .map(|finding| ((finding.key.code, finding.key.hub, finding.key.subject), finding.verdict))
            .collect();
        let tables = reach.tables();
        let reach = reached(tables.iter().map(|(table, _)| table));
        Self { verdicts, reach }
    }

    fn effect(&self, after: &Self) -> Effect {
        let mut effect = Effect::default();
        let keys: BTreeSet<_> = self.verdicts.keys().chain(after.verdicts.keys()).collect();
        for key in keys {
            let (before, after) = (self.verdicts.get(key).copied(), after.verdicts.get(key).copied());
            if before != after {
                let (code, hub, subject) = key.clone();
                effect.findings.push(FindingEffect { code, hub, subject, before, after });
            }
        }
        effect.reach = reach_effects(&self.reach, &after.reach);
        effect
    }
}

/// The answers of tables.
fn reached<'t>(tables: impl Iterator<Item = &'t ReachTable>) -> Reached {
    let mut found = Reached::new();
    for table in tables {
        for class in &table.classes {
            for row in &class.rows {
                let key = (table.hub.clone(), class.key.clone(), row.destination.clone());
                found.insert(key, (class.name.clone(), row.outcome.verdict()));
            }
        }
    }
    found
}

/// Destinations that classes reach differently. Only classes that are on both sides count: what a new kind of server reaches is no
/// change for those that were there.
fn reach_effects(before: &Reached, after: &Reached) -> Vec<ReachEffect> {
    let changed = after.iter().filter_map(|(key, (class, after))| {
        let (_, before) = before.get(key).filter(|(_, before)| before != after)?;
        let (hub, _, destination) = key.clone();
        Some(ReachEffect { hub, class: class.clone(), destination, before: *before, after: *after })
    });
    changed.collect()
}

/// What the servers of hubs reach differently in one set of tables than in another.
pub fn compare_reach(before: &[ReachTable], after: &[ReachTable]) -> Vec<ReachEffect> {
    reach_effects(&reached(before.iter()), &reached(after.iter()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::Kind;

    #[test]
    fn a_config_map_that_was_read_is_tried_with_its_data_and_put_back() {
        let config = |policy: &str| {
            let object = ObjectRef::namespaced(Kind::ConfigMap, "kube-system", "cilium-config");
            let body = json!({"metadata": {"name": "cilium-config", "namespace": "kube-system"}, "data": {"enable-policy": policy}});
            Record::new(object, body, Vec::new(), String::new())
        };
        let (before, after) = (config("never"), config("default"));
        let mut builder = SnapshotBuilder::new(Origin::Observed, "x");
        builder.apply(&after).unwrap();
        builder.config_data("kube-system", "cilium-config", Ok(&after));
        let settings = Settings::default();
        let mut trial = Trial::new(builder, Recall::default(), &settings, Timestamp::UNIX_EPOCH);
        let held = |trial: &mut Trial<'_>| {
            let snapshot = trial.builder.build(Timestamp::UNIX_EPOCH);
            format!("{:?}", snapshot.config_map("kube-system", "cilium-config"))
        };
        trial.put(Some(&after), Some(&before));
        assert!(held(&mut trial).contains("never"), "{}", held(&mut trial));
        trial.put(Some(&before), Some(&after));
        assert!(trial.effect(&[(None, Some(&after))]).is_empty());
        assert!(held(&mut trial).contains("default"), "{}", held(&mut trial));
    }
}
