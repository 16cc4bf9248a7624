//! Renders a hub's chart, and installs, upgrades and removes hubs as Helm does.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use super::files::{self, HubFile};
use super::template::{self, Vars};
use super::world::{Hub, World, key_of};
use super::{DemoError, ObjectKey};

/// `labels.yaml` of a chart: what all its objects carry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labels {
    /// The label that marks an object of the chart.
    when: String,
    /// The label that marks an object of another chart among them.
    unless: String,
    /// For the objects, their own labels win.
    objects: Value,
    #[serde(default)]
    annotations: Value,
    /// For pod templates, their own labels win.
    pods: Value,
}

/// Who writes the store of certificates of autohttps.
const SECRET_SYNC: &str = "secret-sync";

/// Installs a hub, or brings an installed one to `file`.
pub(super) fn install(world: &mut World, file: HubFile) -> Result<(), DemoError> {
    let before = world.hubs.remove(&file.release);
    let revision = before.as_ref().map_or(1, |hub| hub.revision + 1);
    make_namespace(world, &file)?;
    let mut owned = Vec::new();
    for object in render(&file, revision)? {
        // What secret-sync writes at run time is no part of the release: an upgrade leaves it as it is.
        if object.pointer("/metadata/labels/heritage").is_some_and(|writer| writer == SECRET_SYNC) {
            if !world.objects.contains_key(&key_of(&object)?) {
                world.put(object, SECRET_SYNC)?;
            }
            continue;
        }
        owned.push(world.put(object, &file.manager)?);
    }
    for key in before.iter().flat_map(|hub| &hub.owned).filter(|key| !owned.contains(key)) {
        if key.name.starts_with("sh.helm.release.") {
            let superseded =
                json!({"labels": {"status": "superseded"}, "name": key.name, "namespace": key.namespace});
            world.patch(
                &json!({"apiVersion": "v1", "kind": key.kind, "metadata": superseded}),
                &file.manager,
            )?;
        } else {
            world.delete(key);
        }
    }
    world.hubs.insert(file.release.clone(), Hub { file, revision, owned });
    Ok(())
}

/// A hub of the world, or an error that names it.
pub(super) fn hub<'w>(world: &'w World, release: &str) -> Result<&'w Hub, DemoError> {
    world.hubs.get(release).ok_or_else(|| {
        DemoError::new(format!("history of {}", world.cluster), &format!("no hub `{release}`"))
    })
}

/// Starts a user server as `KubeSpawner` does: the claim if there is none, then the pod.
pub(super) fn spawn(world: &mut World, release: &str, user: &str) -> Result<(), DemoError> {
    let file = hub(world, release)?.file.clone();
    let mut vars = vars(&file, 1);
    vars.insert("user".to_owned(), user.into());
    let path = format!("charts/{}/user-pod.yaml", file.chart);
    for template in files::all(&path)? {
        let mut object = filled(&template, &vars, &path)?;
        if file.patches_of(user).any(|patch| patch["kind"] == object["kind"] && patch["$patch"] == "delete") {
            continue;
        }
        for patch in file.patches_of(user) {
            if patch["kind"] == object["kind"] {
                template::merge(&mut object, &filled(patch, &vars, &file.release)?);
            }
        }
        if !world.objects.contains_key(&key_of(&object)?) {
            world.put(object, "OpenAPI-Generator")?;
        }
    }
    Ok(())
}

/// Ends a user server. Ending one that does not run is no error: a round of the script may meet it stopped.
pub(super) fn stop(world: &mut World, release: &str, user: &str) -> Result<(), DemoError> {
    let file = hub(world, release)?.file.clone();
    let found: Vec<ObjectKey> = world
        .objects
        .keys()
        .filter(|key| {
            key.kind == "Pod" && key.namespace == file.namespace && key.name == format!("jupyter-{user}")
        })
        .cloned()
        .collect();
    for key in found {
        world.delete(&key);
    }
    Ok(())
}

fn make_namespace(world: &mut World, file: &HubFile) -> Result<(), DemoError> {
    let mut labels: BTreeMap<&str, &str> =
        BTreeMap::from([("kubernetes.io/metadata.name", file.namespace.as_str())]);
    labels.extend(file.namespace_labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let metadata = json!({"name": file.namespace, "labels": labels});
    world.patch(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}), &file.manager)?;
    Ok(())
}

fn render(file: &HubFile, revision: u32) -> Result<Vec<Value>, DemoError> {
    let folder = format!("charts/{}", file.chart);
    let vars = vars(file, revision);
    let labels: Labels = files::one(&format!("{folder}/labels.yaml"))?;
    let mut objects: Vec<Value> = Vec::new();
    for part in std::iter::once("core").chain(file.parts.iter().map(String::as_str)) {
        let path = format!("{folder}/{part}.yaml");
        for template in files::all(&path)? {
            add(&mut objects, &filled(&template, &vars, &path)?)?;
        }
    }
    for patch in &file.patches {
        let mut patch = filled(patch, &vars, &file.release)?;
        if patch["metadata"]["namespace"].is_null() {
            patch["metadata"]["namespace"] = file.namespace.clone().into();
        }
        add(&mut objects, &patch)?;
    }
    for object in &mut objects {
        label(object, &labels, &vars, &folder)?;
    }
    Ok(objects)
}

/// A hub's objects as `helm template` prints them: the charts leave the namespace to the command, and its release's record is none of them.
pub(super) fn printed(file: &HubFile, revision: u32) -> Result<String, DemoError> {
    let mut text = String::new();
    for mut object in render(file, revision)? {
        if object["kind"] == "Secret" {
            continue;
        }
        if object["metadata"]["namespace"] == *file.namespace
            && let Some(metadata) = object["metadata"].as_object_mut()
        {
            metadata.shift_remove("namespace");
        }
        template::prune(&mut object);
        // JSON is YAML; writing to a String cannot fail.
        let _ = writeln!(text, "---\n{object:#}");
    }
    Ok(text)
}

/// Adds an object, or patches the one of the same key.
fn add(objects: &mut Vec<Value>, object: &Value) -> Result<(), DemoError> {
    let key = key_of(object)?;
    for known in objects.iter_mut() {
        if key_of(known)? == key {
            template::merge(known, object);
            return Ok(());
        }
    }
    objects.push(object.clone());
    Ok(())
}

fn label(object: &mut Value, labels: &Labels, vars: &Vars, place: &str) -> Result<(), DemoError> {
    let marked = |metadata: &Value| match &metadata["labels"] {
        found if found.get(&labels.unless).is_some() => Value::Null,
        found => found[&labels.when].clone(),
    };
    let own = marked(&object["metadata"]);
    if !own.is_null() {
        let mut vars = vars.clone();
        vars.insert("component".to_owned(), own);
        under(&mut object["metadata"]["labels"], &filled(&labels.objects, &vars, place)?);
        under(&mut object["metadata"]["annotations"], &filled(&labels.annotations, &vars, place)?);
    }
    let of_pods = marked(&object["spec"]["template"]["metadata"]);
    if !of_pods.is_null() {
        let mut vars = vars.clone();
        vars.insert("component".to_owned(), of_pods);
        under(&mut object["spec"]["template"]["metadata"]["labels"], &filled(&labels.pods, &vars, place)?);
    }
    Ok(())
}

/// Lays `defaults` below what `target` says itself.
fn under(target: &mut Value, defaults: &Value) {
    if defaults.is_null() {
        return;
    }
    let own = std::mem::replace(target, defaults.clone());
    if !own.is_null() {
        template::merge(target, &own);
    }
}

fn vars(file: &HubFile, revision: u32) -> Vars {
    let mut vars = file.vars.clone();
    vars.insert("release".to_owned(), file.release.clone().into());
    vars.insert("namespace".to_owned(), file.namespace.clone().into());
    vars.insert("revision".to_owned(), revision.to_string().into());
    vars
}

fn filled(template: &Value, vars: &Vars, place: &str) -> Result<Value, DemoError> {
    template::fill(template, vars).map_err(|problem| DemoError::new(place, &problem))
}
