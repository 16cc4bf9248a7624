//! Why a configured cluster cannot be read at all, for the pages that would otherwise be empty.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Why clusters cannot be read, by their names.
#[derive(Debug, Default)]
pub struct Troubles(Mutex<BTreeMap<String, Trouble>>);

#[derive(Debug, Clone)]
struct Trouble {
    why: String,
    /// Whether nothing is wrong but that the past of a demo cluster is still being replayed.
    is_replay: bool,
}

impl Troubles {
    /// Says why a cluster cannot be read.
    pub fn set(&self, cluster: &str, why: impl Into<String>) {
        self.insert(cluster, Trouble { why: why.into(), is_replay: false });
    }

    /// Says that a cluster's past is being replayed, and how far that is: what is stored of it is not the present.
    pub fn replaying(&self, cluster: &str, how_far: impl Into<String>) {
        self.insert(cluster, Trouble { why: how_far.into(), is_replay: true });
    }

    fn insert(&self, cluster: &str, trouble: Trouble) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(cluster.to_owned(), trouble);
    }

    fn get(&self, cluster: &str) -> Option<Trouble> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(cluster).cloned()
    }

    /// The cluster can be read again.
    pub fn clear(&self, cluster: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(cluster);
    }

    /// Why this cluster cannot be read, if so.
    pub fn of(&self, cluster: &str) -> Option<String> {
        self.get(cluster).map(|trouble| trouble.why)
    }

    /// How far the replay of this cluster's past is, if it goes on.
    pub fn replay_of(&self, cluster: &str) -> Option<String> {
        self.get(cluster).filter(|trouble| trouble.is_replay).map(|trouble| trouble.why)
    }

    /// The clusters that cannot be read, with the reasons.
    pub fn all(&self) -> Vec<(String, String)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(name, trouble)| (name.clone(), trouble.why.clone())).collect()
    }
}
