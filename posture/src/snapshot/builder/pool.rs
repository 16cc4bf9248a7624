//! Values that many pods share are kept once.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::facts::pod::{Condition, ContainerStatus};
use crate::facts::{Leaf, PodSpec};
use crate::record::ContentHash;

/// Everything that is kept once.
#[derive(Debug, Default)]
pub(super) struct Pools {
    pub(super) specs: Pool<PodSpec>,
    pub(super) labels: Pool<BTreeMap<String, String>>,
    pub(super) annotations: Pool<BTreeMap<String, Leaf>>,
    pub(super) conditions: Pool<[Condition]>,
    pub(super) statuses: Pool<[ContainerStatus]>,
    pub(super) words: Pool<str>,
}

impl Pools {
    /// Forgets what nobody uses any more.
    pub(super) fn sweep(&mut self) {
        self.specs.sweep();
        self.labels.sweep();
        self.annotations.sweep();
        self.conditions.sweep();
        self.statuses.sweep();
        self.words.sweep();
    }
}

/// Values of one type by the hash of what they are read from.
#[derive(Debug)]
pub(super) struct Pool<T: ?Sized> {
    known: HashMap<ContentHash, Arc<T>>,
}

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Self { known: HashMap::new() }
    }
}

impl<T: ?Sized> Pool<T>
where
    Arc<T>: DeserializeOwned,
{
    /// The value that a part of a record says.
    pub(super) fn read(&mut self, value: &Value) -> Result<Arc<T>, serde_json::Error> {
        self.read_hashed(ContentHash::of(value), || Cow::Borrowed(value))
    }

    /// The value that a part of a record says, which is made only where its hash is not known yet.
    pub(super) fn read_hashed<'a>(
        &mut self,
        hash: ContentHash,
        value: impl FnOnce() -> Cow<'a, Value>,
    ) -> Result<Arc<T>, serde_json::Error> {
        if let Some(known) = self.known.get(&hash) {
            return Ok(Arc::clone(known));
        }
        let read = Arc::<T>::deserialize(&*value())?;
        self.known.insert(hash, Arc::clone(&read));
        Ok(read)
    }
}

impl<T: ?Sized> Pool<T> {
    fn sweep(&mut self) {
        self.known.retain(|_, value| Arc::strong_count(value) > 1);
    }
}
