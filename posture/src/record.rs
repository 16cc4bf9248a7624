//! The redacted object, and the two hashes that decide whether it changed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::facts::ManagedField;
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
