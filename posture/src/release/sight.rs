//! What was seen of releases where they are looked at for each scan, and the form in which a manifest is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Standing;
use crate::object::ObjectRef;
use crate::record::Record;

/// What was seen of the releases in the namespaces that are looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Releases {
    /// Every namespace that is looked at; empty where none is to be.
    pub namespaces: BTreeMap<String, InNamespace>,
    /// When they were last looked at.
    pub looked_at: Option<Timestamp>,
}

/// What was seen of the releases of one namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InNamespace {
    /// Each release by its name: all there are, or, where they could not be listed, those of the last list.
    pub releases: BTreeMap<String, Sight>,
    /// Why they could not be listed: half a sentence, without a full stop.
    pub unlisted: Option<String>,
}

/// What was seen of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Where it stands.
    pub standing: Standing,
    /// The chart of the deployed revision with its version, where that was read: text from the cluster.
    pub chart: Option<String>,
    /// The manifest of the deployed revision as [`Manifest::write`] makes it, or why there is none: half a sentence, without a full stop.
    pub manifest: Result<Arc<str>, String>,
}

/// The redacted objects of a manifest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifest {
    /// The objects.
    pub records: Vec<Record>,
    /// How many objects of kinds that are not read it declares besides, Secrets among them.
    pub skipped: usize,
}

/// A manifest as it is kept: what else a record holds follows from its body.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    skipped: usize,
    objects: Vec<(ObjectRef, T)>,
}

impl Manifest {
    /// Its JSON: the same text for the same manifest.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn write(&self) -> serde_json::Result<String> {
        let objects = self.records.iter().map(|record| (record.object.clone(), &record.body)).collect();
        serde_json::to_string(&Kept { skipped: self.skipped, objects })
    }

    /// A manifest from its JSON.
    ///
    /// # Errors
    /// If it is not the JSON of a manifest.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        let kept: Kept<Value> = serde_json::from_str(text)?;
        let record = |(object, body)| Record::new(object, body, Vec::new(), String::new());
        Ok(Self { records: kept.objects.into_iter().map(record).collect(), skipped: kept.skipped })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::Kind;

    #[test]
    fn a_manifest_is_read_as_it_was_written_with_the_hashes_of_its_objects() {
        let object = ObjectRef::namespaced(Kind::Service, "jhub", "hub");
        let body =
            json!({"metadata": {"name": "hub", "namespace": "jhub"}, "spec": {"ports": [{"port": 8081}]}});
        let record = Record::new(object, body, Vec::new(), String::new());
        let manifest = Manifest { records: vec![record], skipped: 2 };
        let text = manifest.write().unwrap();
        assert_eq!(Manifest::read(&text).unwrap(), manifest);
        assert_eq!(Manifest::read(&text).unwrap().write().unwrap(), text);
        assert!(Manifest::read("{}").is_err());
    }
}
