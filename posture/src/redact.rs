//! What is kept of an object: everything else is dropped while decoding.
//!
//! One redactor follows the table of kept paths (`redact/table.rs`) while JSON or YAML is read, and builds the redacted object
//! directly: what no row names is skipped and exists nowhere behind the decoder. Then names of people are replaced by tokens, and only
//! then there is a [`Record`], which the rest of the program sees.

mod annotation;
mod bundle;
mod class;
mod data;
mod env;
mod error;
#[cfg(any(test, feature = "testing"))]
pub mod invariants;
mod json;
mod key;
mod leaf;
mod manifest;
pub(crate) mod people;
mod reading;
mod rule;
mod scalar;
mod seed;
pub mod table;
mod words;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::kind::Kind;
use crate::record::Record;

pub(crate) use annotation::annotation_is_kept;
pub use annotation::kept_keys;
pub use error::{DecodeError, Fault, ManifestError, Mismatch};
pub use json::{
    ListMeta, WatchEvent, decode_json, decode_json_list, decode_json_list_from, decode_watch_line,
};
pub use key::RedactionKey;
pub use manifest::{Declared, decode_manifests};
pub use people::{Names, Seen, names_in_pod};
pub use rule::{Row, Rule};
pub use scalar::LONGEST_TEXT;
pub use words::HIDDEN;

use people::People;

/// Everything that decoding needs beside the text: the key of the installation, and what was learned about people.
///
/// One cluster has one redactor, and every object of the cluster passes through it: pods first, for they tell which namespaces belong to a
/// person. A namespace does if a user's server runs there, its name holds the user's, and no hub is known to live in it.
#[derive(Debug)]
pub struct Redactor {
    key: RedactionKey,
    people: Mutex<People>,
}

impl Redactor {
    /// A redactor that has learned nothing yet.
    pub fn new(key: RedactionKey, names: Names) -> Self {
        Self { key, people: Mutex::new(People::new(names)) }
    }

    /// The pairs of token and name that were new since the last call; none where names are hashed.
    pub fn take_seen(&self) -> Vec<Seen> {
        self.people().take_seen()
    }

    /// Says that a hub lives in a namespace, so that it is never taken for that of a person.
    pub fn add_hub_namespace(&self, namespace: &str) {
        self.people().add_hub(namespace);
    }

    /// A namespace as records call it: the same, or with a token where it is a person's.
    pub fn namespace(&self, namespace: &str) -> String {
        self.people().namespace(namespace).to_owned()
    }

    /// The token of a user's name, for a search that starts from the name.
    pub fn token(&self, name: &str) -> String {
        people::token(&self.key, name)
    }

    /// What may stand in records for the pod of a user's server: the tokens of the people whose it may be, and the names it would have.
    pub fn pod_names(&self, pod: &str) -> Vec<String> {
        people::pod_names(&self.key, pod)
    }

    /// The id of the key; hashes and tokens of two keys cannot be compared.
    pub fn key_id(&self) -> &str {
        self.key.id()
    }

    fn people(&self) -> MutexGuard<'_, People> {
        // What was learned before a panic is still true.
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A record of what the table left of an object.
    fn record(&self, kind: Kind, mut body: Value) -> Result<Record, Fault> {
        people::replace(&mut self.people(), &self.key, kind, &mut body);
        Record::from_redacted(kind, body).map_err(Fault::Missing)
    }
}
