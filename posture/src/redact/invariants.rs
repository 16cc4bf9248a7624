//! What must hold of every input, whoever made it: called by property tests and by fuzz targets.

pub mod planted;
pub mod targets;

use serde_json::Value;

use super::table::kept_paths;
use super::{
    Declared, Names, RedactionKey, Redactor, Rule, decode_json, decode_json_list, decode_manifests,
    decode_watch_line,
};
use crate::kind::{KINDS, Kind};
use crate::record::{ContentHash, Record};
use crate::snapshot::{Origin, SnapshotBuilder};

fn redactor() -> Redactor {
    Redactor::new(RedactionKey::new(b"a key for tests"), Names::Resolvable)
}

/// A kind, chosen by a number.
pub fn kind(number: u8) -> Kind {
    KINDS[usize::from(number) % KINDS.len()].kind
}

/// A page of a list, whatever it holds: no panic, and nothing in the records that the table does not name.
///
/// # Panics
/// If an invariant is broken.
pub fn list(kind: Kind, bytes: &[u8]) {
    let redactor = redactor();
    let mut records = Vec::new();
    let meta = decode_json_list(bytes, kind, &redactor, |record| records.push(record));
    if let Ok(meta) = meta {
        assert_eq!(meta.records, records.len());
    }
    records.iter().for_each(record);
}

/// A line of a watch, whatever it holds.
///
/// # Panics
/// If an invariant is broken.
pub fn watch_line(kind: Kind, bytes: &[u8]) {
    use super::WatchEvent::{Added, Deleted, Modified};
    if let Ok(Added(found) | Modified(found) | Deleted(found)) = decode_watch_line(bytes, kind, &redactor()) {
        record(&found);
    }
}

/// A file of manifests, whatever it holds; an error must name a line of the file.
///
/// # Panics
/// If an invariant is broken.
pub fn manifests(text: &str) {
    match decode_manifests(text, "file", &redactor(), None) {
        Ok(found) => {
            for declared in found {
                if let Declared::Object { record: found, .. } = declared {
                    record(&found);
                }
            }
        }
        Err(error) => {
            let lines = text.lines().count().max(1) + 1;
            assert!((1..=lines).contains(&error.line), "line {} of {lines}", error.line);
        }
    }
}

/// One object, whatever it holds: equal input gives equal records, and the order of keys does not matter.
///
/// # Panics
/// If an invariant is broken.
pub fn object(kind: Kind, bytes: &[u8]) {
    let decoded = decode_json(bytes, kind, &redactor());
    assert_eq!(decoded, decode_json(bytes, kind, &redactor()));
    let Ok(found) = decoded else { return };
    record(&found);
    let reversed = reverse(&found.body);
    assert_eq!(ContentHash::of(&reversed), found.content);
}

/// A record holds nothing that the table does not name, and can be made a fact of or refused.
///
/// # Panics
/// If an invariant is broken.
pub fn record(record: &Record) {
    let kept = kept_paths(record.object.kind);
    let mut places = Vec::new();
    leaves(&record.body, String::new(), &mut places);
    for place in places {
        assert!(is_kept(&kept, &place), "{} has a value at `{place}`", record.object.kind);
    }
    for origin in [Origin::Observed, Origin::Declared] {
        let mut builder = SnapshotBuilder::new(origin, "test");
        // A value out of range is refused; what matters is that nothing panics.
        let _ = builder.apply(record);
        let _ = builder.build(crate::Timestamp::UNIX_EPOCH);
        builder.remove(&record.object);
    }
    assert_eq!(
        Record::new(
            record.object.clone(),
            record.body.clone(),
            record.managed_fields.clone(),
            record.resource_version.clone()
        ),
        *record
    );
}

/// The places at which a body has values, as the table writes them.
fn leaves(value: &Value, path: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, field) in fields {
                let step = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(field, step, places);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                leaves(item, format!("{path}[]"), places);
            }
        }
        // Containers without content say only that they are there.
        Value::Object(_) | Value::Array(_) => {}
        _ => places.push(path),
    }
}

fn is_kept(kept: &std::collections::BTreeMap<String, Rule>, place: &str) -> bool {
    matches!(place, "apiVersion" | "kind")
        || kept.iter().any(|(path, rule)| {
            let path = path.replace("{}", ".*");
            let rest = if let Some((start, end)) = path.split_once(".*") {
                // A free key may hold dots, so that it can only be told by what stands around it.
                place.strip_prefix(start).and_then(|rest| rest.ends_with(end).then_some(""))
            } else {
                place.strip_prefix(path.as_str())
            };
            let takes_more = matches!(
                rule,
                Rule::Labels
                    | Rule::Annotations
                    | Rule::Data
                    | Rule::BinaryData
                    | Rule::Env
                    | Rule::Words
                    | Rule::Drop
                    | Rule::Bundle
                    | Rule::PathLeaf
                    | Rule::Url
                    | Rule::AuthorityUrl
                    | Rule::Email
            );
            rest.is_some_and(|rest| rest.is_empty() || (takes_more && rest.starts_with(['.', '['])))
        })
}

/// The same with the keys of every object in reverse.
fn reverse(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.iter().rev().map(|(key, field)| (key.clone(), reverse(field))).collect())
        }
        Value::Array(items) => items.iter().map(reverse).collect(),
        other => other.clone(),
    }
}
