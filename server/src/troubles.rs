//! Why a configured cluster cannot be read at all, for the pages that would otherwise be empty.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Why clusters cannot be read, by their names.
#[derive(Debug, Default)]
pub struct Troubles(Mutex<BTreeMap<String, String>>);

impl Troubles {
    /// Says why a cluster cannot be read.
    pub fn set(&self, cluster: &str, why: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(cluster.to_owned(), why.into());
    }

    /// The cluster can be read again.
    pub fn clear(&self, cluster: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(cluster);
    }

    /// Why this cluster cannot be read, if so.
    pub fn of(&self, cluster: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(cluster).cloned()
    }

    /// The clusters that cannot be read, with the reasons.
    pub fn all(&self) -> Vec<(String, String)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(name, why)| (name.clone(), why.clone())).collect()
    }
}
