//! Replaces the names of people in a redacted object.

use serde_json::{Map, Value};

use super::identity::{Person, SERVER_NAME, USER_NAME, is_hub, person};
use super::{People, suffix};
use crate::kind::Kind;
use crate::redact::key::RedactionKey;

/// Labels whose values say what an object is, never whose; a person called like such a value must not change it.
const STRUCTURAL: &[&str] = &[
    "app",
    "chart",
    "component",
    "controller-revision-hash",
    "heritage",
    "name",
    "pod-template-hash",
    "release",
    "tier",
];

/// Beginnings of the keys of such labels.
const STRUCTURAL_FAMILIES: &[&str] = &["app.kubernetes.io/", "helm.sh/", "hub.jupyter.org/network-access-"];

/// Folders that belong to the node or to Kubernetes; a person called like one of their parts must not change them.
const SYSTEM_FOLDERS: &[&str] = &[
    "/boot",
    "/dev",
    "/etc",
    "/proc",
    "/root",
    "/run",
    "/sys",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/kubelet",
    "/var/run",
];

/// Replaces the names of people in an object, and learns from it.
pub(in crate::redact) fn replace(people: &mut People, key: &RedactionKey, kind: Kind, body: &mut Value) {
    let namespace = body.pointer("/metadata/namespace").and_then(Value::as_str).map(str::to_owned);
    if let Some(namespace) = namespace.as_deref().filter(|_| is_hub(kind, body)) {
        people.add_hub(namespace);
    }
    let owner = person(kind, body);
    if let Some(owner) = &owner {
        let token = people.token(key, &owner.name);
        if let Some(namespace) = namespace.filter(|_| kind == Kind::Pod) {
            learn_namespace(people, &namespace, owner, &token);
        }
        let mut sweep = Sweep { people, key, owner, token: &token, pod: String::new() };
        sweep.object(kind, body);
    }
    places(people, key, body);
    namespaces(people, kind, body);
}

/// A namespace in which a user's server runs and no hub is personal if its name holds the user's.
fn learn_namespace(people: &mut People, namespace: &str, owner: &Person, token: &str) {
    if people.hubs.contains(namespace) || people.namespaces.contains_key(namespace) {
        return;
    }
    if let Some(replaced) = replace_word(namespace, &owner.forms, token) {
        people.namespaces.insert(namespace.to_owned(), replaced);
    }
}

/// Goes through an object that belongs to one person.
struct Sweep<'a> {
    people: &'a mut People,
    key: &'a RedactionKey,
    owner: &'a Person,
    token: &'a str,
    pod: String,
}

impl Sweep<'_> {
    fn object(&mut self, kind: Kind, body: &mut Value) {
        let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        if let Some(Value::String(name)) = metadata.get_mut("name") {
            self.pod.clone_from(name);
            *name = self.object_name(kind, name);
        }
        for group in ["labels", "annotations"] {
            if let Some(Value::Object(entries)) = metadata.get_mut(group) {
                self.labels(entries);
            }
        }
        if let Some(spec) = body.get_mut("spec") {
            self.pod_spec(spec);
        }
        if let Some(Value::Object(selector)) = body.pointer_mut("/spec/selector") {
            self.labels(selector);
        }
    }

    /// The usual name with the token in it; a name off the pattern gets letters of its own, so that no two objects share one.
    fn object_name(&self, kind: Kind, name: &str) -> String {
        let usual = match kind {
            Kind::PersistentVolumeClaim => "claim-",
            _ => "jupyter-",
        };
        let start = if name.starts_with(usual) { usual } else { "server-" };
        let rest = name.strip_prefix(usual).unwrap_or(name);
        if start == usual && self.owner.forms.iter().any(|form| form == rest) {
            return format!("{usual}{}", self.token);
        }
        format!("{start}{}-{}", self.token, suffix(self.key, name))
    }

    fn labels(&self, entries: &mut Map<String, Value>) {
        for (label, value) in entries {
            let is_structural = STRUCTURAL.contains(&label.as_str())
                || STRUCTURAL_FAMILIES.iter().any(|start| label.starts_with(start));
            match value {
                Value::String(text) if label == USER_NAME && !text.is_empty() => {
                    self.token.clone_into(text);
                }
                Value::String(text) if !is_structural && label != SERVER_NAME => self.word(text),
                _ => {}
            }
        }
    }

    fn pod_spec(&mut self, spec: &mut Value) {
        for volume in items(spec, "volumes") {
            self.claim(volume);
            for source in ["secret", "configMap"] {
                for field in ["secretName", "name"] {
                    change(volume.pointer_mut(&format!("/{source}/{field}")), |name| self.word(name));
                }
            }
            for source in
                volume.pointer_mut("/projected/sources").and_then(Value::as_array_mut).into_iter().flatten()
            {
                for path in ["/secret/name", "/configMap/name"] {
                    change(source.pointer_mut(path), |name| self.word(name));
                }
            }
            change(volume.pointer_mut("/hostPath/path"), |path| self.path(path));
            change(volume.get_mut("name"), |name| self.volume(name));
        }
        // Names of volumes are changed in the same way wherever they stand, so that mounts still find them.
        for containers in ["containers", "initContainers", "ephemeralContainers"] {
            for container in items(spec, containers) {
                self.container(container);
            }
        }
    }

    /// The claim of a volume: the owner's, that of a named server of the owner, somebody else's, or one that many share.
    fn claim(&mut self, volume: &mut Value) {
        let Some(Value::String(claim)) = volume.pointer_mut("/persistentVolumeClaim/claimName") else {
            return;
        };
        let Some(rest) = claim.strip_prefix("claim-") else { return self.word(claim) };
        *claim = if self.owner.forms.iter().any(|form| form == rest) {
            format!("claim-{}", self.token)
        } else if replace_word(rest, &self.owner.forms, self.token).is_some() {
            format!("claim-{}-{}", self.token, suffix(self.key, claim))
        } else {
            format!("claim-{}", self.people.token(self.key, &Person::of_escaped(rest).name))
        };
    }

    fn container(&self, container: &mut Value) {
        for mount in items(container, "volumeMounts") {
            change(mount.get_mut("name"), |name| self.volume(name));
            change(mount.get_mut("mountPath"), |path| self.path(path));
            let Some(sub_path) = mount.get_mut("subPath") else { continue };
            if let Value::String(path) = sub_path {
                let replaced = replace_word(path, &self.owner.forms, self.token);
                // A part of a shared volume that is not written like the name may still be made of it.
                *sub_path = replaced.map_or_else(|| super::super::class::dropped("path"), Value::from);
            }
        }
        for variable in items(container, "env") {
            change(variable.pointer_mut("/valueFrom/secretKeyRef/name"), |name| self.word(name));
            change(variable.pointer_mut("/valueFrom/configMapKeyRef/name"), |name| self.word(name));
            let is_url =
                variable.get("name").and_then(Value::as_str).is_some_and(|name| name.ends_with("_URL"));
            if is_url {
                change(variable.get_mut("value"), |url| self.word(url));
            }
        }
        for source in items(container, "envFrom") {
            change(source.pointer_mut("/secretRef/name"), |name| self.word(name));
            change(source.pointer_mut("/configMapRef/name"), |name| self.word(name));
        }
    }

    /// KubeSpawner calls the volume of a claim `volume-` and the name of its owner.
    fn volume(&self, name: &mut String) {
        let is_own =
            name.strip_prefix("volume-").map(|rest| self.owner.forms.iter().any(|form| form == rest));
        match is_own {
            Some(true) => *name = format!("volume-{}", self.token),
            Some(false) => *name = format!("volume-{}", suffix(self.key, name)),
            None => self.word(name),
        }
    }

    fn path(&self, path: &mut String) {
        let is_system = SYSTEM_FOLDERS.iter().any(|folder| {
            path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if !is_system {
            self.word(path);
        }
    }

    fn word(&self, text: &mut String) {
        if !self.pod.is_empty() && text.contains(&self.pod) && self.pod != *text {
            *text = text.replace(&self.pod, &format!("jupyter-{}", self.token));
        }
        if let Some(replaced) = replace_word(text, &self.owner.forms, self.token) {
            *text = replaced;
        }
    }
}

/// Names of people where Kubernetes' own fields hold them: labels, annotations and selectors, at any depth.
fn places(people: &mut People, key: &RedactionKey, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                match field {
                    Value::String(text) if name == USER_NAME => personal(people, key, text),
                    Value::String(text) if name == SERVER_NAME && !text.is_empty() => {
                        *text = format!("s-{}", suffix(key, text));
                    }
                    _ => places(people, key, field),
                }
            }
            let is_name = fields.get("key").is_some_and(|label| label == USER_NAME || label == SERVER_NAME);
            if is_name && let Some(Value::Array(values)) = fields.get_mut("values") {
                for value in values {
                    if let Value::String(text) = value {
                        personal(people, key, text);
                    }
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| places(people, key, item)),
        _ => {}
    }
}

fn personal(people: &mut People, key: &RedactionKey, text: &mut String) {
    if !text.is_empty() && super::token_in(text) != Some(text.as_str()) {
        *text = people.token(key, &super::identity::unescape(text));
    }
}

/// Personal namespaces wherever an object names a namespace.
fn namespaces(people: &People, kind: Kind, body: &mut Value) {
    if people.namespaces.is_empty() {
        return;
    }
    let rename = |name: &mut String| people.namespace(name).to_owned().clone_into(name);
    if kind == Kind::Namespace {
        change(body.pointer_mut("/metadata/name"), rename);
    }
    walk_namespaces(body, &rename);
}

fn walk_namespaces(value: &mut Value, rename: &impl Fn(&mut String)) {
    match value {
        Value::Object(fields) => {
            let is_place = fields.get("key").is_some_and(|key| key == "kubernetes.io/metadata.name");
            for (name, field) in fields.iter_mut() {
                match field {
                    Value::String(text)
                        if matches!(name.as_str(), "namespace" | "kubernetes.io/metadata.name") =>
                    {
                        rename(text);
                    }
                    Value::Array(values) if is_place && name == "values" => {
                        for value in values {
                            change(Some(value), rename);
                        }
                    }
                    Value::String(text) if name == "name" && text.starts_with("system:serviceaccount") => {
                        let parts: Vec<_> = text
                            .split(':')
                            .map(|part| {
                                let mut part = part.to_owned();
                                rename(&mut part);
                                part
                            })
                            .collect();
                        *text = parts.join(":");
                    }
                    _ => walk_namespaces(field, rename),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk_namespaces(item, rename)),
        _ => {}
    }
}

fn items<'a>(value: &'a mut Value, field: &str) -> impl Iterator<Item = &'a mut Value> {
    value.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Changes a text, where there is one.
fn change(value: Option<&mut Value>, how: impl FnOnce(&mut String)) {
    if let Some(text) = value.and_then(text_of) {
        how(text);
    }
}

fn text_of(value: &mut Value) -> Option<&mut String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Stands for the token until all forms were looked for, since a short name may be part of a token.
const MARK: char = '\0';

/// Replaces every form of the name wherever it stands as a word of its own; `None` if none does.
fn replace_word(text: &str, forms: &[String], token: &str) -> Option<String> {
    // Nearly every text holds no form at all, and is not copied to find that out.
    if !text.contains(MARK) && !forms.iter().any(|form| text.contains(form.as_str())) {
        return None;
    }
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let mut marked = text.replace(MARK, "");
    for form in forms {
        let mut kept = String::new();
        let mut rest = marked.as_str();
        while let Some(at) = rest.find(form.as_str()) {
            let end = at + form.len();
            let before = rest[..at].chars().next_back().or_else(|| kept.chars().next_back());
            kept.push_str(&rest[..at]);
            if is_edge(before) && is_edge(rest[end..].chars().next()) {
                kept.push(MARK);
            } else {
                kept.push_str(form);
            }
            rest = &rest[end..];
        }
        kept.push_str(rest);
        marked = kept;
    }
    marked.contains(MARK).then(|| marked.replace(MARK, token))
}
