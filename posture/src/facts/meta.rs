//! Object metadata, and the leaf type that knows whether redaction dropped it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A string of the cluster that redaction may have dropped.
///
/// In a record a dropped leaf is the object `{"redacted": true, "class": "token"}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Leaf {
    /// The value was kept.
    Plain(String),
    /// The value was dropped; its class says what kind of value it looked like.
    Dropped {
        /// Always true.
        redacted: bool,
        /// The class of the value: `token`, `key`, `url`, `text`, …
        class: String,
        /// A keyed hash where two values must be comparable, with the id of its key: `keyid:hex`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hmac: Option<String>,
    },
}

impl Leaf {
    /// The value, if it was kept.
    pub fn plain(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Dropped { .. } => None,
        }
    }
}

/// Who wrote to an object last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedField {
    /// The field manager: `helm`, `kubectl-edit`, …
    #[serde(default)]
    pub manager: String,
    /// `Apply` or `Update`.
    #[serde(default)]
    pub operation: String,
    /// When.
    #[serde(default)]
    pub time: Option<Timestamp>,
}

/// An owner reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The kind of the owner.
    pub kind: String,
    /// The name of the owner.
    pub name: String,
    /// Whether the owner is the managing controller.
    #[serde(default)]
    pub controller: bool,
}

/// Metadata that every object has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// The name.
    pub name: String,
    /// The namespace; `None` for cluster-scoped objects.
    pub namespace: Option<String>,
    /// The uid; empty in files.
    pub uid: String,
    /// When the API server created the object.
    pub creation_timestamp: Option<Timestamp>,
    /// When deletion was asked for.
    pub deletion_timestamp: Option<Timestamp>,
    /// Labels; those that identify a person have the value `person`.
    pub labels: Arc<BTreeMap<String, String>>,
    /// Annotations; most values are dropped.
    pub annotations: Arc<BTreeMap<String, Leaf>>,
    /// Owners.
    pub owner_references: Vec<Owner>,
    /// Field managers, newest facts about who wrote what.
    pub managed_fields: Vec<ManagedField>,
}

impl Meta {
    /// A label's value.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    /// An annotation's value, if it was kept.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).and_then(Leaf::plain)
    }
}

/// Implements [`Placed`](crate::listing::Placed) for facts with a `metadata` field.
macro_rules! placed {
    ($($fact:ty),+) => {
        $(impl crate::listing::Placed for $fact {
            fn namespace(&self) -> Option<&str> { self.metadata.namespace.as_deref() }
            fn name(&self) -> &str { &self.metadata.name }
        })+
    };
}
pub(crate) use placed;
