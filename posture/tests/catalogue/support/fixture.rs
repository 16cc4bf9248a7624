//! Fixtures on disk: a header, manifests, and patches of a shared base.
//!
//! A fixture is a list of manifests as `posture::testing` reads them. Its header may name bases of `posture/tests/bases`:
//!
//! ```yaml
//! perijove: { base: [chart-4.4.0] }
//! ---
//! kind: Service                # patches the Service of the base: maps are merged, `null` removes, lists are replaced
//! metadata: { name: proxy-public }
//! spec: { type: ClusterIP }
//! ---
//! kind: Deployment
//! metadata: { name: autohttps }
//! $patch: delete               # removes the object of the base
//! ```
//!
//! Below `sightings` a header names certificates of `posture/tests/bases/certificates`: `"@hub"`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use posture::check::{Check, Verdict};
use posture::kind::Kind;
use posture::object::ObjectRef;
use posture::snapshot::Origin;
use posture::testing::Fixture;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One fixture of a check.
#[derive(Debug)]
pub(crate) struct Case {
    /// Its file name.
    pub(crate) name: String,
    /// The verdict it shows.
    pub(crate) verdict: Verdict,
    documents: Vec<Value>,
    fixture: OnceLock<Fixture>,
}

/// The fixtures of a check, sorted by name; they are read once for all tests.
pub(crate) fn cases(check: &Check) -> Arc<[Case]> {
    static READ: Mutex<BTreeMap<&str, Arc<[Case]>>> = Mutex::new(BTreeMap::new());
    let known = READ.lock().unwrap_or_else(PoisonError::into_inner).get(check.name).cloned();
    known.unwrap_or_else(|| {
        let cases = read_cases(check);
        READ.lock().unwrap_or_else(PoisonError::into_inner).insert(check.name, Arc::clone(&cases));
        cases
    })
}

fn read_cases(check: &Check) -> Arc<[Case]> {
    let folder = super::folder(check);
    let mut paths: Vec<PathBuf> = list(&folder);
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    assert!(!paths.is_empty(), "{}: no fixture in {}", check.name, folder.display());
    paths.sort();
    paths.iter().map(|path| Case::read(path)).collect()
}

fn list(folder: &Path) -> Vec<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the fixtures of a test are files")]
    let entries = std::fs::read_dir(folder);
    entries.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

fn read(path: &Path) -> Vec<Value> {
    #[expect(clippy::disallowed_methods, reason = "the fixtures of a test are files")]
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_norway::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        .filter(|document| !document.is_null())
        .collect()
}

impl Case {
    fn read(path: &Path) -> Self {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let word = name.split('.').next().unwrap();
        let verdict = serde_json::from_value(word.into())
            .unwrap_or_else(|_| panic!("{}: `{word}` is not a verdict", path.display()));
        assert!(name.split('.').count() >= 3, "{}: want <verdict>.<case>.yaml", path.display());
        Self { name, verdict, documents: with_bases(read(path)), fixture: OnceLock::new() }
    }

    /// The documents, patches applied; the first one is the header.
    pub(crate) fn documents(&self) -> &[Value] {
        &self.documents
    }

    /// The objects of the documents.
    pub(crate) fn objects(&self) -> Vec<ObjectRef> {
        let text = |document: &Value, path: &str| Some(document.pointer(path)?.as_str()?.to_owned());
        let documents = self.documents.iter();
        documents
            .filter_map(|document| {
                let version = document["apiVersion"].as_str()?;
                let kind = Kind::of_manifest(version, document["kind"].as_str()?)?;
                let namespace = text(document, "/metadata/namespace").filter(|_| kind.info().namespaced);
                Some(ObjectRef { kind, namespace, name: text(document, "/metadata/name")? })
            })
            .collect()
    }

    /// The snapshot with all that judging it takes.
    pub(crate) fn fixture(&self) -> Fixture {
        self.fixture.get_or_init(|| parse(&self.name, &self.documents)).clone()
    }

    /// The same as if it came from somewhere else.
    pub(crate) fn fixture_with_origin(&self, origin: Origin) -> Fixture {
        let mut documents = self.documents.clone();
        documents[0]["perijove"]["origin"] = serde_json::to_value(origin).unwrap();
        parse(&self.name, &documents)
    }
}

fn parse(name: &str, documents: &[Value]) -> Fixture {
    let texts: Vec<String> = documents.iter().map(|d| serde_norway::to_string(d).unwrap()).collect();
    Fixture::parse(&texts.join("---\n")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Puts the bases that the header names below the documents, and applies those as patches.
fn with_bases(documents: Vec<Value>) -> Vec<Value> {
    let mut header = json!({ "perijove": {} });
    let mut objects: Vec<Value> = Vec::new();
    let bases = documents.iter().find_map(|document| document.pointer("/perijove/base")).cloned();
    let bases = bases.as_ref().and_then(Value::as_array).into_iter().flatten();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bases");
    let below = bases.flat_map(|base| {
        with_bases(read(&folder.join(format!("{}.yaml", base.as_str().expect("a base is a name")))))
    });
    for document in below.chain(documents) {
        if document.get("perijove").is_some() {
            merge(&mut header, document);
            continue;
        }
        let namespace = header.pointer("/perijove/namespace").cloned();
        apply(&mut objects, document, namespace);
    }
    if let Some(settings) = header["perijove"].as_object_mut() {
        settings.remove("base");
        settings.get_mut("sightings").into_iter().for_each(with_certificates);
    }
    objects.insert(0, header);
    objects
}

/// Puts the bytes of certificates where their names stand.
fn with_certificates(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('@') {
                *text = certificate(name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(with_certificates),
        Value::Object(fields) => fields.values_mut().for_each(with_certificates),
        _ => {}
    }
}

/// The Base64 of a certificate, which is what stands between the lines of its PEM.
fn certificate(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/bases/certificates/{name}.pem"));
    #[expect(clippy::disallowed_methods, reason = "the fixtures of a test are files")]
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().filter(|line| !line.starts_with("-----")).collect()
}

/// Adds an object, or patches the one of the same kind, namespace and name.
fn apply(objects: &mut Vec<Value>, mut document: Value, namespace: Option<Value>) {
    let is_removal = document.get("$patch") == Some(&json!("delete"));
    let is_namespaced = posture::kind::KINDS
        .iter()
        .find(|info| Some(info.manifest_kind()) == document["kind"].as_str())
        .is_none_or(|info| info.namespaced);
    if let (true, Some(namespace), Some(metadata)) =
        (is_namespaced, namespace, document.get_mut("metadata").and_then(Value::as_object_mut))
    {
        metadata.entry("namespace").or_insert(namespace);
    }
    let identity = |object: &Value| {
        let metadata = &object["metadata"];
        (object["kind"].clone(), metadata["namespace"].clone(), metadata["name"].clone())
    };
    let place = objects.iter().position(|object| identity(object) == identity(&document));
    match (place, is_removal) {
        (Some(place), true) => drop(objects.remove(place)),
        (Some(place), false) => merge(&mut objects[place], document),
        (None, true) => panic!("nothing to delete: {:?}", identity(&document)),
        (None, false) => objects.push(document),
    }
}

/// A JSON merge patch.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(fields) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (key, field) in fields {
        if field.is_null() {
            target.as_object_mut().unwrap().remove(&key);
        } else {
            merge(&mut target[key], field);
        }
    }
}
