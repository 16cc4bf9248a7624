//! Whose object it is, and how the name of a person may be written.
//!
//! The label and the annotation of KubeSpawner say it best. Without them the names of pods (`jupyter-ada`) and claims (`claim-ada`)
//! do, undone of KubeSpawner's escaping. Where an escaped name cannot be undone (`ada-x-org---1a2b3c4d`), it counts as a name itself.

use serde_json::Value;

use crate::kind::Kind;

/// The label and the annotation with the name of a user.
pub(crate) const USER_NAME: &str = "hub.jupyter.org/username";

/// The label and the annotation with the name of a named server, which the user chose.
pub(crate) const SERVER_NAME: &str = "hub.jupyter.org/servername";

/// Environment variables that only servers of users have.
const SERVER_ENVIRONMENT: &[&str] = &["JUPYTERHUB_USER", "JUPYTERHUB_SERVICE_PREFIX"];

/// The person an object belongs to.
#[derive(Debug)]
pub(super) struct Person {
    /// The name, as plainly as it can be had.
    pub name: String,
    /// The forms in which it may stand in names of objects, longest first.
    pub forms: Vec<String>,
}

/// Whose object it is, if somebody's.
pub(super) fn person(kind: Kind, body: &Value) -> Option<Person> {
    let metadata = body.get("metadata")?;
    let text =
        |group: &str, key: &str| metadata.get(group)?.get(key)?.as_str().filter(|text| !text.is_empty());
    let object = metadata.get("name").and_then(Value::as_str).unwrap_or_default();
    let label = text("labels", USER_NAME);
    if let Some(name) = text("annotations", USER_NAME).or(label) {
        let name = if text("annotations", USER_NAME).is_some() { name.to_owned() } else { unescape(name) };
        return Some(Person::new(name, label));
    }
    let component = text("labels", "component").unwrap_or_default();
    let escaped = match kind {
        Kind::Pod if component == "singleuser-server" || is_server(body) => {
            Some(object.strip_prefix("jupyter-").unwrap_or(object))
        }
        Kind::PersistentVolumeClaim => {
            object.strip_prefix("claim-").or_else(|| (component == "singleuser-storage").then_some(object))
        }
        _ if component == "singleuser-server" => object.strip_prefix("jupyter-"),
        _ => None,
    }?;
    Some(Person::new(unescape(escaped), Some(escaped)))
}

/// Whether a hub lives in the namespace of this object: the chart's labels of the hub itself.
pub(super) fn is_hub(kind: Kind, body: &Value) -> bool {
    let label = |path: &str, key: &str| body.pointer(path)?.get(key)?.as_str();
    match kind {
        Kind::Deployment => {
            label("/metadata/labels", "component") == Some("hub")
                || label("/metadata/labels", "app.kubernetes.io/component") == Some("hub")
                || label("/spec/template/metadata/labels", "component") == Some("hub")
        }
        Kind::Pod => {
            label("/metadata/labels", "component") == Some("hub")
                && label("/metadata/labels", "release").is_some()
        }
        _ => false,
    }
}

fn is_server(body: &Value) -> bool {
    let containers = body.pointer("/spec/containers").and_then(Value::as_array);
    containers
        .into_iter()
        .flatten()
        .filter_map(|container| container.get("env")?.as_array())
        .flatten()
        .filter_map(|variable| variable.get("name")?.as_str())
        .any(|name| SERVER_ENVIRONMENT.contains(&name))
}

impl Person {
    fn new(name: String, written: Option<&str>) -> Self {
        let slug: String =
            name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let mut forms =
            vec![escape(&name), name.clone(), name.to_lowercase(), slug.trim_matches('-').to_owned()];
        forms.extend(written.map(str::to_owned));
        forms.retain(|form| !form.is_empty());
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self { name, forms }
    }

    /// A person of whom only an escaped name is known: the owner of a claim that somebody else mounts.
    pub(super) fn of_escaped(escaped: &str) -> Self {
        Self::new(unescape(escaped), Some(escaped))
    }
}

/// KubeSpawner's escaping: lower-case letters and digits stay, every other byte becomes `-` and two hexadecimal digits.
pub(super) fn escape(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("-{byte:02x}"),
        })
        .collect()
}

/// Undoes [`escape`]; text that it cannot have made stays as it is.
pub(super) fn unescape(escaped: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = escaped.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first != b'-' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let byte = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let Some(byte) = byte.and_then(|two| u8::from_str_radix(two, 16).ok()) else {
            return escaped.to_owned();
        };
        bytes.push(byte);
        rest = &after[2..];
    }
    String::from_utf8(bytes).unwrap_or_else(|_| escaped.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_is_undone() {
        for name in ["ada", "ada@uni.example", "ädä", "a-b"] {
            assert_eq!(unescape(&escape(name)), name);
        }
        assert_eq!(unescape("ada-x-org---1a2b3c4d"), "ada-x-org---1a2b3c4d");
    }
}
