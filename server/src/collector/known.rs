//! What the collector remembers of each object: enough to see a change and a disappearance, and no more.

use std::collections::BTreeMap;

use posture::kind::Kind;
use posture::object::ObjectRef;
use posture::record::{ContentHash, Record};

use super::classes::{Class, NONE};

/// One object.
#[derive(Debug, Clone, Copy)]
struct Entry {
    uid: u128,
    content: ContentHash,
    /// The list in which it was last seen.
    list: u32,
    class: Class,
}

/// What seeing an object again tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sight {
    /// Whether it is new or has changed.
    pub(super) is_new: bool,
    /// The class it had before, if it was known.
    pub(super) before: Option<Class>,
}

type Names = BTreeMap<Box<str>, Entry>;

/// Every object that was seen; the namespace is empty for objects without one.
#[derive(Debug, Default)]
pub(super) struct Known {
    kinds: BTreeMap<Kind, BTreeMap<Box<str>, Names>>,
}

impl Known {
    /// Notes that an object was seen, and says what is new about it.
    pub(super) fn see(&mut self, record: &Record, list: u32) -> Sight {
        let mut entry = Entry { uid: number(&record.uid), content: record.content, list, class: NONE };
        let namespace = record.object.namespace.as_deref().unwrap_or_default();
        let namespaces = self.kinds.entry(record.object.kind).or_default();
        if !namespaces.contains_key(namespace) {
            namespaces.insert(namespace.into(), Names::new());
        }
        let names = namespaces.get_mut(namespace).expect("it was just made sure of");
        if let Some(known) = names.get_mut(record.object.name.as_str()) {
            entry.class = known.class;
            let before = std::mem::replace(known, entry);
            let is_new = before.uid != entry.uid || before.content != entry.content;
            Sight { is_new, before: Some(before.class) }
        } else {
            names.insert(record.object.name.as_str().into(), entry);
            Sight { is_new: true, before: None }
        }
    }

    /// Notes that an object was seen whose content is read elsewhere.
    pub(super) fn touch(&mut self, object: &ObjectRef, list: u32) {
        let namespace = object.namespace.as_deref().unwrap_or_default();
        let names = self.kinds.get_mut(&object.kind).and_then(|namespaces| namespaces.get_mut(namespace));
        if let Some(entry) = names.and_then(|names| names.get_mut(object.name.as_str())) {
            entry.list = list;
        }
    }

    /// Notes the class of an object that was seen.
    pub(super) fn classify(&mut self, object: &ObjectRef, class: Class) {
        let namespace = object.namespace.as_deref().unwrap_or_default();
        let names = self.kinds.get_mut(&object.kind).and_then(|namespaces| namespaces.get_mut(namespace));
        if let Some(entry) = names.and_then(|names| names.get_mut(object.name.as_str())) {
            entry.class = class;
        }
    }

    /// The names of all objects of a kind without namespaces.
    pub(super) fn names(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.kinds
            .get(&kind)
            .and_then(|namespaces| namespaces.get(""))
            .into_iter()
            .flatten()
            .map(|(name, _)| &**name)
    }

    /// Forgets an object; the class it had, if it was known.
    pub(super) fn forget(&mut self, object: &ObjectRef) -> Option<Class> {
        let namespace = object.namespace.as_deref().unwrap_or_default();
        let names = self.kinds.get_mut(&object.kind).and_then(|namespaces| namespaces.get_mut(namespace));
        names.and_then(|names| names.remove(object.name.as_str())).map(|entry| entry.class)
    }

    /// Forgets and returns what a complete list of a kind, in one namespace or in all, did not hold, with its class.
    pub(super) fn missing(
        &mut self,
        kind: Kind,
        namespace: Option<&str>,
        list: u32,
    ) -> Vec<(ObjectRef, Class)> {
        let mut gone = Vec::new();
        for (place, names) in self.kinds.entry(kind).or_default() {
            if namespace.is_some_and(|namespace| namespace != &**place) {
                continue;
            }
            names.retain(|name, entry| {
                let kept = entry.list == list;
                if !kept {
                    let namespace = Some(place.to_string()).filter(|place| !place.is_empty());
                    gone.push((ObjectRef { kind, namespace, name: name.to_string() }, entry.class));
                }
                kept
            });
        }
        gone
    }

    /// How many objects are known.
    pub(super) fn len(&self) -> usize {
        self.kinds.values().flat_map(BTreeMap::values).map(BTreeMap::len).sum()
    }
}

/// A uid in 16 bytes: the digits of a UUID, or a hash of anything else.
fn number(uid: &str) -> u128 {
    let digits = uid.bytes().filter(|byte| *byte != b'-').map(|byte| char::from(byte).to_digit(16));
    let parsed = digits.clone().try_fold(0_u128, |sum, digit| Some(sum << 4 | u128::from(digit?)));
    if let Some(number) = parsed.filter(|_| digits.count() == 32) {
        return number;
    }
    let hash = <sha2::Sha256 as sha2::Digest>::digest(uid.as_bytes());
    hash.iter().take(16).fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn record(namespace: &str, name: &str, uid: &str, content: u8) -> Record {
        Record {
            object: ObjectRef::namespaced(Kind::Service, namespace, name),
            uid: uid.to_owned(),
            body: Value::Null,
            content: ContentHash([content; 16]),
            drift: ContentHash([0; 16]),
            managed_fields: Vec::new(),
            resource_version: String::new(),
        }
    }

    #[test]
    fn only_another_content_or_another_incarnation_is_new() {
        let mut known = Known::default();
        assert!(known.see(&record("a", "x", "1", 1), 1).is_new);
        assert_eq!(known.see(&record("a", "x", "1", 1), 1), Sight { is_new: false, before: Some(0) });
        assert!(known.see(&record("a", "x", "1", 2), 1).is_new);
        assert!(known.see(&record("a", "x", "2", 2), 1).is_new);
    }

    #[test]
    fn what_a_complete_list_does_not_hold_is_gone_in_its_place_only() {
        let mut known = Known::default();
        known.see(&record("a", "stays", "1", 1), 2);
        known.see(&record("a", "goes", "2", 1), 1);
        known.classify(&ObjectRef::namespaced(Kind::Service, "a", "goes"), 7);
        known.see(&record("b", "elsewhere", "3", 1), 1);
        let gone = known.missing(Kind::Service, Some("a"), 2);
        assert_eq!(gone, [(ObjectRef::namespaced(Kind::Service, "a", "goes"), 7)]);
        assert_eq!(known.len(), 2);
    }

    #[test]
    fn uids_that_are_no_uuids_are_told_apart() {
        assert_ne!(number("a"), number("b"));
        assert_eq!(number("00000000-0000-0000-0000-0000000000ff"), 255);
    }
}
