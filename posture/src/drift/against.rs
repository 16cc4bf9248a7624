//! What is there, compared with what files declare: the rendering of a chart, or manifests kept elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Change, Restart, SHORT_LIVED, between, restart, writer};
use crate::gap::{Gap, GapReason};
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::record::Record;
use crate::redact::annotation_is_kept;

/// What came of the comparison.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Against {
    /// What differs; `before` is what is declared. Sorted by object.
    pub changes: Vec<Change>,
    /// Declared objects that could not be compared, and why.
    pub uncompared: Vec<(ObjectRef, Gap)>,
    /// How many declared objects were compared.
    pub compared: usize,
    /// Declared workloads that were restarted since they were declared: no changes.
    pub restarts: Vec<Restart>,
}

/// Compares what files declare with what is there.
///
/// What the API server and controllers fill in where the files say nothing is no change, nor is an object that no release of the files
/// owns. `unread` says why an object that is not there may only not have been read.
pub fn against(
    declared: &[Record],
    actual: &[Record],
    unread: impl Fn(&ObjectRef) -> Option<Gap>,
) -> Against {
    let releases = declared.iter().filter_map(|record| writer::release_of(&record.body)).collect();
    compared(declared, actual, &releases, unread)
}

/// Compares the manifest of a Helm release, given by its namespace and name, with what is there.
///
/// As [`against`], but whatever the release owns counts as its own: Helm marks what it installs, and its manifest names no release.
pub fn against_release(
    (namespace, name): (&str, &str),
    declared: &[Record],
    actual: &[Record],
    unread: impl Fn(&ObjectRef) -> Option<Gap>,
) -> Against {
    let releases = BTreeSet::from([(namespace.to_owned(), name.to_owned())]);
    compared(declared, actual, &releases, unread)
}

fn compared(
    declared: &[Record],
    actual: &[Record],
    releases: &BTreeSet<(String, String)>,
    unread: impl Fn(&ObjectRef) -> Option<Gap>,
) -> Against {
    let there: BTreeMap<&ObjectRef, &Record> = actual.iter().map(|record| (&record.object, record)).collect();
    let wanted: BTreeSet<&ObjectRef> = declared.iter().map(|record| &record.object).collect();
    let mut result = Against::default();
    for record in declared.iter().filter(|record| is_compared(record)) {
        match there.get(&record.object) {
            Some(found) if !is_readable(record, found) => {
                result.uncompared.push((record.object.clone(), gap_of(&record.object)));
            }
            Some(found) => {
                let [record, found] = without_what_others_write(record, found);
                result.compared += 1;
                result.changes.extend(between(Some(&record), Some(&found)));
                result.restarts.extend(restart(&record, &found));
            }
            None => {
                if let Some(gap) = unread(&record.object) {
                    result.uncompared.push((record.object.clone(), gap));
                } else {
                    result.compared += 1;
                    result.changes.extend(between(Some(record), None));
                }
            }
        }
    }
    let extra = actual
        .iter()
        .filter(|record| !wanted.contains(&record.object) && is_compared(record) && !has_controller(record));
    let owned =
        extra.filter(|record| writer::release_of(&record.body).is_some_and(|r| releases.contains(&r)));
    result.changes.extend(owned.filter_map(|record| between(None, Some(record))));
    result.changes.sort_by(|a, b| a.object.cmp(&b.object));
    result.restarts.sort_by(|a, b| a.object.cmp(&b.object));
    result
}

/// Hooks run and are deleted, and pods, jobs and their like come and go; a claim that is declared stays.
fn is_compared(record: &Record) -> bool {
    let kind = record.object.kind;
    let is_hook = record.body.pointer("/metadata/annotations/helm.sh~1hook").is_some();
    !is_hook && (kind == Kind::PersistentVolumeClaim || !SHORT_LIVED.contains(&kind))
}

/// Whether a controller made the object; it may have copied labels of a release from what it made it for.
fn has_controller(record: &Record) -> bool {
    let owners = record.body.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.is_some_and(|owners| owners.iter().any(|owner| owner["controller"] == true))
}

/// Most ConfigMaps of a cluster are read without their data.
fn is_readable(declared: &Record, found: &Record) -> bool {
    let has_data = |record: &Record| record.body.get("data").or(record.body.get("binaryData")).is_some();
    declared.object.kind != Kind::ConfigMap || !has_data(declared) || has_data(found)
}

/// Why a declared object was not compared, in words.
pub fn why_uncompared(object: &ObjectRef, gap: &Gap) -> String {
    match (object.kind, &gap.reason) {
        (Kind::ConfigMap, GapReason::NotRead) => "only its name is read, and not its data".to_owned(),
        _ => gap.to_string(),
    }
}

fn gap_of(object: &ObjectRef) -> Gap {
    Gap { kind: object.kind, namespace: object.namespace.clone(), reason: GapReason::NotRead }
}

/// Both sides without the fields that others than the author of the files fill in.
fn without_what_others_write(declared: &Record, found: &Record) -> [Record; 2] {
    let (mut declared, mut found) = (declared.clone(), found.clone());
    let kind = declared.object.kind;
    let is_unset = |record: &Record, path: &str| record.body.pointer(path).is_none();
    match kind {
        Kind::PersistentVolumeClaim if is_unset(&declared, "/spec/storageClassName") => {
            take(&mut found.body, "/spec", "storageClassName");
        }
        Kind::ServiceAccount => {
            // Token secrets of old clusters, and what OpenShift adds.
            for field in ["secrets", "imagePullSecrets"] {
                if is_unset(&declared, &format!("/{field}")) {
                    take(&mut found.body, "", field);
                }
            }
        }
        // The rules of an aggregated role are gathered by a controller.
        Kind::ClusterRole if !is_unset(&declared, "/aggregationRule") => {
            take(&mut declared.body, "", "rules");
            take(&mut found.body, "", "rules");
        }
        _ => {}
    }
    keep_own_annotations(&declared.body, &mut found.body);
    [declared, found]
}

fn take(body: &mut Value, parent: &str, field: &str) {
    if let Some(Value::Object(fields)) = body.pointer_mut(parent) {
        fields.shift_remove(field);
    }
}

/// Controllers leave annotations of their own. Of those that the files do not name only those count that decide something here.
fn keep_own_annotations(declared: &Value, found: &mut Value) {
    let none = Map::new();
    let named = declared.pointer("/metadata/annotations").and_then(Value::as_object).unwrap_or(&none);
    if let Some(Value::Object(annotations)) = found.pointer_mut("/metadata/annotations") {
        annotations.retain(|key, _| named.contains_key(key) || annotation_is_kept(key));
    }
}
