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

/// Objects as they are, of which one at a time is put back to what it was, to see what its change did.
#[derive(Debug)]
pub struct Trial<'a> {
    builder: SnapshotBuilder,
    settings: &'a Settings,
    now: Timestamp,
    after: Picture,
}

impl<'a> Trial<'a> {
    /// A trial on everything that is there, which the builder has taken in.
    pub fn new(mut builder: SnapshotBuilder, settings: &'a Settings, now: Timestamp) -> Self {
        let after = Picture::of(&builder.build(now), settings, now);
        Self { builder, settings, now, after }
    }

    /// What these changes did together: for each object, what it was and what it is.
    pub fn effect(&mut self, changes: &[(Option<&Record>, Option<&Record>)]) -> Effect {
        for (before, after) in changes {
            self.put(*after, *before);
        }
        let before = Picture::of(&self.builder.build(self.now), self.settings, self.now);
        for (before, after) in changes {
            self.put(*before, *after);
        }
        before.effect(&self.after)
    }

    /// Puts one state of an object in the place of another.
    fn put(&mut self, old: Option<&Record>, new: Option<&Record>) {
        match (old, new) {
            // What no fact can be made of is a gap, on both sides alike.
            (_, Some(record)) => drop(self.builder.apply(record)),
            (Some(record), None) => self.builder.remove(&record.object),
            (None, None) => {}
        }
    }
}

impl Picture {
    fn of(snapshot: &Snapshot, settings: &Settings, now: Timestamp) -> Self {
        let derived = derive(snapshot, settings, now);
        let findings = judge(snapshot, &derived, &Recall::default(), settings, now);
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
