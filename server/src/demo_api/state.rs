//! The objects of the demo's API, their versions, and what happened to them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::resources::{Resource, Resources};
use crate::demo::{Denied, Op};

/// How many events are remembered; whoever is further behind gets a 410.
const REMEMBERED: usize = 20_000;

/// Where an object stands in its collection; the namespace is empty for cluster-scoped objects.
pub(super) type Place = (String, String);

/// The name of a collection: group and plural.
pub(super) type Collection = (String, String);

/// One change of one object.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) version: u64,
    pub(super) collection: Collection,
    pub(super) place: Place,
    pub(super) before: Option<Arc<Value>>,
    pub(super) after: Option<Arc<Value>>,
}

/// Everything one API server knows.
#[derive(Debug)]
pub(super) struct State {
    pub(super) resources: Resources,
    pub(super) denied: Vec<Denied>,
    /// The Secrets that may be read by name.
    pub(super) granted: BTreeSet<Place>,
    pub(super) kubernetes: String,
    collections: BTreeMap<Collection, BTreeMap<Place, Arc<Value>>>,
    events: VecDeque<Event>,
    version: u64,
    /// Events up to this version are forgotten.
    compacted: u64,
}

impl State {
    pub(super) fn new(denied: Vec<Denied>, kubernetes: &str) -> Self {
        Self {
            resources: Resources::built_in(),
            denied,
            granted: BTreeSet::new(),
            kubernetes: kubernetes.to_owned(),
            collections: BTreeMap::new(),
            events: VecDeque::new(),
            version: 1_000,
            compacted: 1_000,
        }
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// A version in which nothing of what is watched differs, as where something else was written.
    pub(super) fn pass(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    pub(super) fn compact(&mut self) {
        self.events.clear();
        self.compacted = self.version;
    }

    pub(super) fn deny(&mut self, denied: Vec<Denied>) {
        self.denied = denied;
    }

    pub(super) fn grant(&mut self, secrets: BTreeSet<Place>) {
        self.granted = secrets;
    }

    pub(super) fn withdraw(&mut self, group: &str, plural: &str) {
        self.resources.withdraw(group, plural);
    }

    pub(super) fn apply(&mut self, op: Op) {
        match op {
            Op::Put(object) => self.put(object),
            Op::Delete(key) => {
                let Some(resource) = self.resources.of_manifest(&key.api_version, &key.kind) else { return };
                self.delete(resource.collection(), (key.namespace, key.name));
            }
        }
    }

    fn put(&mut self, mut object: Value) {
        let text = |object: &Value, pointer| {
            object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let (api_version, kind) = (text(&object, "/apiVersion"), text(&object, "/kind"));
        if kind == "CustomResourceDefinition" {
            self.resources.define(&object);
        }
        let resource = self.resources.of_manifest_or_guess(&api_version, &kind);
        let collection = resource.collection();
        let place = (text(&object, "/metadata/namespace"), text(&object, "/metadata/name"));
        self.version += 1;
        let metadata = object
            .as_object_mut()
            .map(|fields| fields.entry("metadata").or_insert_with(|| Value::Object(Map::new())));
        if let Some(Value::Object(metadata)) = metadata {
            metadata.insert("resourceVersion".to_owned(), self.version.to_string().into());
            let version = self.version;
            metadata.entry("uid").or_insert_with(|| format!("00000000-0000-4000-a000-{version:012x}").into());
        }
        let after = Arc::new(object);
        let before =
            self.collections.entry(collection.clone()).or_default().insert(place.clone(), after.clone());
        self.remember(Event { version: self.version, collection, place, before, after: Some(after) });
    }

    fn delete(&mut self, collection: Collection, place: Place) {
        let Some(before) = self.collections.get_mut(&collection).and_then(|objects| objects.remove(&place))
        else {
            return;
        };
        self.version += 1;
        if collection.1 == "customresourcedefinitions" {
            self.resources.forget(&before);
        }
        self.remember(Event { version: self.version, collection, place, before: Some(before), after: None });
    }

    fn remember(&mut self, event: Event) {
        self.events.push_back(event);
        if self.events.len() > REMEMBERED
            && let Some(oldest) = self.events.pop_front()
        {
            self.compacted = oldest.version;
        }
    }

    /// What happened to a collection after a version, oldest first; `None` if that is forgotten.
    pub(super) fn since(&self, collection: &Collection, version: u64) -> Option<Vec<Event>> {
        if version < self.compacted {
            return None;
        }
        let start = self.events.partition_point(|event| event.version <= version);
        Some(self.events.range(start..).filter(|event| event.collection == *collection).cloned().collect())
    }

    /// A collection as it was at a version; `None` if that is forgotten.
    pub(super) fn at(&self, collection: &Collection, version: u64) -> Option<BTreeMap<Place, Arc<Value>>> {
        if version < self.compacted {
            return None;
        }
        let mut objects = self.collections.get(collection).cloned().unwrap_or_default();
        for event in self.events.iter().rev().take_while(|event| event.version > version) {
            if event.collection != *collection {
                continue;
            }
            match &event.before {
                Some(before) => drop(objects.insert(event.place.clone(), before.clone())),
                None => drop(objects.remove(&event.place)),
            }
        }
        Some(objects)
    }

    pub(super) fn get(&self, resource: &Resource, place: &Place) -> Option<Arc<Value>> {
        self.collections.get(&resource.collection())?.get(place).cloned()
    }
}

/// The object in the form in which it was asked for.
pub(super) fn shape(object: &Value, metadata_only: bool) -> Value {
    if metadata_only {
        json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": object["metadata"]})
    } else {
        object.clone()
    }
}
