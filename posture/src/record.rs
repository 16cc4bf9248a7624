//! The redacted object, and the two hashes that decide whether it changed.

mod hash;
pub(crate) mod shape;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::facts::ManagedField;
use crate::kind::Kind;
use crate::object::ObjectRef;

/// A redacted object without noise: what the store keeps and what facts are made of.
///
/// The body has no `null`s, no `resourceVersion`, no `generation`, no `managedFields`, and of the status only the allow-listed fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Which object it is.
    pub object: ObjectRef,
    /// The uid: a new one is a new incarnation of the object. Empty in files.
    pub uid: String,
    /// The redacted body, with `apiVersion`, `kind`, `metadata`, and the kept fields.
    pub body: Value,
    /// Hash of what facts read; a different one is a new revision.
    pub content: ContentHash,
    /// Hash of the fields whose change is security-relevant; a different one is a change.
    pub drift: ContentHash,
    /// Who wrote to the object, outside both hashes.
    pub managed_fields: Vec<ManagedField>,
    /// The cluster's resourceVersion, outside both hashes; empty in files.
    pub resource_version: String,
}

/// The first 128 bits of a SHA-256, over canonical JSON (sorted keys, no white space).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContentHash(pub [u8; 16]);

impl ContentHash {
    /// The hash of a value.
    pub fn of(value: &Value) -> Self {
        hash::canonical(value)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Record {
    /// A record from its redacted body, and from what stands outside the hashes. The body must come from redaction or from a record.
    pub fn new(
        object: ObjectRef,
        body: Value,
        managed_fields: Vec<ManagedField>,
        resource_version: String,
    ) -> Self {
        let uid = body.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
        let content = ContentHash::of(&body);
        let drift = match object.kind {
            Kind::Pod => shape::drift(body.get("spec").unwrap_or(&Value::Null), shape::owner(&body)),
            kind => crate::drift::hash(kind, &body),
        };
        Self { object, uid, body, content, drift, managed_fields, resource_version }
    }

    /// The token of the person a pod belongs to, if it is a person's server.
    pub fn person(&self) -> Option<&str> {
        (self.object.kind == Kind::Pod).then(|| shape::owner(&self.body)).flatten()
    }

    /// The class of a pod that is the server of a user: what it runs, its labels, its namespace and its account, without what tells one
    /// person from another. `None` for everything else.
    pub fn server_class(&self) -> Option<ContentHash> {
        if self.object.kind == Kind::Pod { shape::class(&self.body) } else { None }
    }

    /// The namespace of a `ConfigMap` whose data was read; `None` of everything else, and of one that was only listed.
    pub fn namespace_of_data(&self) -> Option<&str> {
        let is_read = self.object.kind == Kind::ConfigMap && self.body.get("data").is_some();
        self.object.namespace.as_deref().filter(|_| is_read)
    }

    /// Makes a record of what redaction left of an object: takes out what stands outside the hashes, and names the kind.
    ///
    /// # Errors
    /// The name of what every object has and this one has not.
    pub(crate) fn from_redacted(kind: Kind, body: Value) -> Result<Self, &'static str> {
        let Value::Object(mut fields) = body else { return Err("metadata") };
        let Some(Value::Object(metadata)) = fields.get_mut("metadata") else { return Err("metadata") };
        let text = |metadata: &Map<String, Value>, field: &str| {
            metadata.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let name = text(metadata, "name").ok_or("metadata.name")?;
        let info = kind.info();
        let namespace = if info.namespaced {
            Some(text(metadata, "namespace").ok_or("metadata.namespace")?)
        } else {
            metadata.shift_remove("namespace");
            None
        };
        let version = metadata.shift_remove("resourceVersion");
        let version = version.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        let managed = managed_fields(metadata.shift_remove("managedFields"));
        let group = if info.group.is_empty() { String::new() } else { format!("{}/", info.group) };
        let newest = info.versions.first().copied().unwrap_or("v1");
        fields.insert("apiVersion".to_owned(), format!("{group}{newest}").into());
        fields.insert("kind".to_owned(), info.manifest_kind().into());
        Ok(Self::new(ObjectRef { kind, namespace, name }, Value::Object(fields), managed, version))
    }
}

/// Writes a value with sorted keys and without white space: the same text for equal values.
pub(crate) fn write_canonical(value: &Value, bytes: &mut Vec<u8>) {
    hash::write(value, hash::Whole, bytes);
}

/// The newest entry of each manager, sorted by manager.
fn managed_fields(value: Option<Value>) -> Vec<ManagedField> {
    let Some(Value::Array(items)) = value else { return Vec::new() };
    let text =
        |item: &Value, field: &str| item.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut fields: Vec<_> = items
        .iter()
        .map(|item| ManagedField {
            manager: text(item, "manager"),
            operation: text(item, "operation"),
            time: item.get("time").and_then(Value::as_str).and_then(|time| time.parse::<Timestamp>().ok()),
        })
        .collect();
    fields.sort_by(|a, b| a.manager.cmp(&b.manager).then_with(|| b.time.cmp(&a.time)));
    fields.dedup_by(|later, first| later.manager == first.manager);
    fields
}
