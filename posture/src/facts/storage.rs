//! Claims for storage.

use serde::{Deserialize, Serialize};

use super::meta::{Meta, placed};

/// A PersistentVolumeClaim.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersistentVolumeClaim {
    /// Metadata, names of people replaced.
    pub metadata: Meta,
    /// The specification.
    pub spec: ClaimSpec,
}

/// What a claim asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimSpec {
    /// `ReadWriteOnce`, `ReadWriteMany`, …
    pub access_modes: Vec<String>,
    /// The storage class.
    pub storage_class_name: Option<String>,
}

placed!(PersistentVolumeClaim);
