//! Objects with secrets in them, and the promise that what no row of the table names never survives.

use std::sync::OnceLock;

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::redactor;
use crate::kind::Kind;
use crate::redact::table::kept_paths;
use crate::redact::{Rule, decode_json, decode_manifests};

/// Manifests with secrets in every place where the guides, the charts and their users have put them.
pub const MANIFESTS: &str = include_str!("../../../tests/planted/objects.yaml");

/// The objects of [`MANIFESTS`].
///
/// # Panics
/// If the file does not hold manifests.
pub fn objects() -> &'static [(Kind, Value)] {
    static OBJECTS: OnceLock<Vec<(Kind, Value)>> = OnceLock::new();
    OBJECTS.get_or_init(|| {
        let documents = serde_norway::Deserializer::from_str(MANIFESTS);
        let objects = documents.map(|document| {
            let object = Value::deserialize(document).expect("the file is YAML");
            let text = |field: &str| object[field].as_str().expect("manifests name their kind");
            let kind = Kind::of_manifest(text("apiVersion"), text("kind")).expect("the kind is known");
            (kind, object)
        });
        objects.collect()
    })
}

/// Where and how a text is hidden in one of [`objects`].
#[derive(Debug, Clone)]
pub struct Plant<'a> {
    /// Chooses the object.
    pub object: usize,
    /// Chooses the object within it that gets another field.
    pub place: usize,
    /// The name of that field.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
    /// Chooses what stands around the text.
    pub form: u8,
}

/// Hides a text below a field that the table does not name, and looks for it in what is left; false if the table names the field.
///
/// # Panics
/// If the text survives.
pub fn unnamed_field(plant: &Plant<'_>) -> bool {
    let (kind, object) = &objects()[plant.object % objects().len()];
    let mut found = Vec::new();
    places(object, String::new(), String::new(), &mut found);
    let (pointer, path) = &found[plant.place % found.len()];
    if is_listed(*kind, path, plant.name) {
        return false;
    }
    let text = plant.text;
    let value = match plant.form % 4 {
        0 => json!(text),
        1 => json!([text]),
        2 => json!({"name": text, "value": text}),
        _ => json!({text: {"value": [text]}}),
    };
    let mut object = object.clone();
    let parent = object.pointer_mut(pointer).and_then(Value::as_object_mut);
    parent.expect("places are objects").insert(plant.name.to_owned(), value);
    let decoded = decode_json(object.to_string().as_bytes(), *kind, &redactor());
    assert!(!format!("{decoded:?}").contains(text), "{kind} {path}.{}", plant.name);
    // Not every name can be written as YAML and read again; then there is nothing to look at.
    if let Ok(file) = serde_norway::to_string(&object) {
        let decoded = decode_manifests(&file, "x.yaml", &redactor(), None);
        assert!(!format!("{decoded:?}").contains(text), "{kind} {path}.{}", plant.name);
    }
    true
}

/// Every object within an object, by its JSON pointer and by its path as the table writes it.
fn places(value: &Value, pointer: String, path: String, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let step = name.replace('~', "~0").replace('/', "~1");
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                places(field, format!("{pointer}/{step}"), path, found);
            }
            found.push((pointer, path));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, format!("{pointer}/{index}"), format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

/// Whether the table names this field, or takes any field there.
fn is_listed(kind: Kind, path: &str, name: &str) -> bool {
    let field = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    kept_paths(kind).iter().any(|(kept, rule)| {
        let is_on_the_way = kept
            .strip_prefix(&field)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '{']));
        let is_free = matches!(rule, Rule::Labels) || kept.ends_with("{}");
        let start = kept.trim_end_matches("{}");
        let is_env = *rule == Rule::Env && path.starts_with(start);
        is_on_the_way || is_env || (is_free && field.starts_with(start))
    })
}
