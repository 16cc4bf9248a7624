//! What differs between two states of objects in a security-relevant field: changes, told as sentences, with who made them.
//!
//! Noise is no change: what the API server fills in, what controllers count and assign, the order of what has none.

mod against;
mod certificate;
mod defaults;
mod diff;
mod effect;
mod event;
mod fields;
mod form;
mod hardening;
mod images;
mod quantity;
mod restart;
mod words;
mod writer;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::record::{ContentHash, Record};
use crate::text::Reason;

pub use against::{Against, against, against_release, why_uncompared};
pub use certificate::{Standing, succeeded};
pub use effect::{Effect, FindingEffect, Pair, ReachEffect, Trial, compare_reach};
pub use event::{Event, Upgrade, events};
pub use hardening::{Hardening, harder};
pub use images::{Runner, Running, images, workload_of};
pub use restart::{RESTARTABLE, Restart, restart};
pub use writer::{Writer, release_of};

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It is there now and was not.
    Added,
    /// It was there and is not.
    Removed,
    /// It differs.
    Changed,
    /// It was deleted and made again under the same name, and differs.
    Replaced,
}

/// An object that differs in what matters for security.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The object.
    pub object: ObjectRef,
    /// What became of it.
    pub fate: Fate,
    /// What differs in it, the most telling first; of an object that came or went, the one sentence that says so.
    pub fields: Vec<FieldChange>,
    /// Who wrote to it in between, newest first, as far as the API server notes it.
    pub writers: Vec<Writer>,
    /// The Helm release that owns it, as namespace and name.
    pub release: Option<(String, String)>,
    /// The charts it says it was made from, before and after.
    pub charts: [Option<String>; 2],
}

impl Change {
    /// Whether a person's tool wrote to an object that a Helm release owns: the next upgrade may undo it, or fight it.
    pub fn is_manual_edit(&self) -> bool {
        self.release.is_some() && self.writers.iter().any(Writer::is_by_hand)
    }

    /// The change in one sentence: that of the field that tells most.
    pub fn sentence(&self) -> &Reason {
        // A change without a field is never made.
        &self.fields[0].sentence
    }
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Where: `spec.template.spec.containers[hub].image`. Empty for the whole object.
    pub path: String,
    /// What stood there; of a list without order, what was taken out of it.
    pub before: Option<Value>,
    /// What stands there; of a list without order, what was put into it.
    pub after: Option<Value>,
    /// What that means.
    pub sentence: Reason,
}

impl FieldChange {
    /// Before and after as a person reads them: text as it is, everything else as indented JSON; of what redaction dropped, its class.
    pub fn written(&self) -> [Option<String>; 2] {
        [&self.before, &self.after].map(|value| match value.as_ref()? {
            Value::String(text) => Some(text.clone()),
            value => serde_json::to_string_pretty(value).ok(),
        })
    }
}

/// The drift hash of an object: the same for two objects between which [`between`] finds nothing.
pub(crate) fn hash(kind: Kind, body: &Value) -> ContentHash {
    form::Form::of(kind, body).hash()
}

/// Kinds whose objects come and go by themselves: neither their appearance nor their end is a change, and the fields that matter
/// are those of what makes them.
pub const SHORT_LIVED: [Kind; 9] = [
    Kind::Pod,
    Kind::Node,
    Kind::Job,
    Kind::ReplicaSet,
    Kind::Endpoints,
    Kind::EndpointSlice,
    Kind::PersistentVolumeClaim,
    Kind::Lease,
    Kind::Event,
];

/// What changed between two states of objects; each object at most once in each, in any order. Sorted by object.
///
/// Both states must be whole: what is missing in one of them is told as added or removed.
pub fn compare(before: &[Record], after: &[Record]) -> Vec<Change> {
    let mut pairs: BTreeMap<&ObjectRef, [Option<&Record>; 2]> = BTreeMap::new();
    for (side, records) in [before, after].into_iter().enumerate() {
        for record in records {
            pairs.entry(&record.object).or_default()[side] = Some(record);
        }
    }
    pairs.into_values().filter_map(|[before, after]| between(before, after)).collect()
}

/// What changed in one object; `None` if nothing that matters did, or if it is of a kind whose objects come and go.
pub fn between(before: Option<&Record>, after: Option<&Record>) -> Option<Change> {
    match (before, after) {
        (Some(before), Some(after)) => changed(before, after),
        (None, Some(one)) => appeared_or_went(one, Fate::Added),
        (Some(one), None) => appeared_or_went(one, Fate::Removed),
        (None, None) => None,
    }
}

/// Kinds that take with them what they hold: that one was deleted and made again is a change, even if it looks as before.
pub const HOLDS_OTHERS: [Kind; 1] = [Kind::Namespace];

/// Whether an object was deleted and made again between two sights of it.
fn is_replaced(before: &Record, after: &Record) -> bool {
    before.uid != after.uid && !before.uid.is_empty() && !after.uid.is_empty()
}

fn appeared_or_went(record: &Record, fate: Fate) -> Option<Change> {
    if SHORT_LIVED.contains(&record.object.kind) {
        return None;
    }
    let is_added = fate == Fate::Added;
    let form = form::Form::of(record.object.kind, &record.body).shown();
    let (before, after) = if is_added { (None, Some(form)) } else { (Some(form), None) };
    let sentence = words::whole(record, is_added);
    let chart = writer::chart_of(&record.body);
    Some(Change {
        object: record.object.clone(),
        fate,
        fields: vec![FieldChange { path: String::new(), before, after, sentence }],
        writers: if is_added { writer::since(&[], &record.managed_fields) } else { Vec::new() },
        release: writer::release_of(&record.body),
        charts: if is_added { [None, chart] } else { [chart, None] },
    })
}

fn changed(before: &Record, after: &Record) -> Option<Change> {
    let kind = after.object.kind;
    if kind == Kind::Pod {
        return None;
    }
    let forms = [before, after].map(|record| form::Form::of(kind, &record.body));
    let mut fields: Vec<_> = diff::differences(&forms[0], &forms[1])
        .iter()
        .map(|difference| (words::weight(kind, difference), words::field(&after.object, difference)))
        .collect();
    let is_same = !is_replaced(before, after);
    if fields.is_empty() && (is_same || !HOLDS_OTHERS.contains(&kind)) {
        return None;
    }
    fields.sort_by_key(|(weight, _)| *weight);
    if !is_same {
        let sentence = words::replaced(&after.object);
        fields.push((u8::MAX, FieldChange { path: String::new(), before: None, after: None, sentence }));
    }
    Some(Change {
        object: after.object.clone(),
        fate: if is_same { Fate::Changed } else { Fate::Replaced },
        fields: fields.into_iter().map(|(_, field)| field).collect(),
        writers: writer::since(if is_same { &before.managed_fields } else { &[] }, &after.managed_fields),
        release: writer::release_of(&after.body).or_else(|| writer::release_of(&before.body)),
        charts: [before, after].map(|record| writer::chart_of(&record.body)),
    })
}
