//! How the servers of a hub's users are confined, and what of it changed: without what tells one person from another.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::FieldChange;
use crate::hub::HubKey;
use crate::record::shape::{owner, settle_text};
use crate::text::{Arg, Reason};

/// The container in which a user's server runs, as `KubeSpawner` calls it.
const SERVER: &str = "notebook";

/// One thing about how a server is confined: the container, empty for the pod, and the name of the thing.
type Trait = (String, &'static str);

/// How the servers of one class are confined: their accounts, namespaces, capabilities, kinds of volumes, and what prepares them.
///
/// Defaults of the API are filled in, so that what means the same is the same.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hardening(BTreeMap<Trait, Value>);

/// Things that are so or not: what is said when they come to be so, and when they cease to be.
const SWITCHES: &[(&str, &str, &str)] = &[
    ("escalation", "may now escalate privileges", "may no longer escalate privileges"),
    ("privileged", "now run privileged", "no longer run privileged"),
    ("host-network", "now share the network of their node", "no longer share the network of their node"),
    ("host-processes", "now see the processes of their node", "no longer see the processes of their node"),
    (
        "host-ipc",
        "now share the memory segments of their node",
        "no longer share the memory segments of their node",
    ),
    (
        "writable-root",
        "may now write to their root filesystem",
        "may no longer write to their root filesystem",
    ),
    ("may-be-root", "may now run as root", "may no longer run as root"),
    ("is-root", "now run as root", "no longer run as root"),
    ("unmasked-proc", "now see all of /proc", "no longer see all of /proc"),
    (
        "shared-processes",
        "now share processes between containers",
        "no longer share processes between containers",
    ),
];

/// Things that have a value: how they are called.
const VALUES: &[(&str, &str)] = &[
    ("account", "the account"),
    ("token", "the token of the account"),
    ("runtime", "the runtime class"),
    ("seccomp", "the seccomp profile"),
    ("app-armor", "the AppArmor profile"),
    ("capabilities-added", "the added capabilities"),
    ("capabilities-dropped", "the dropped capabilities"),
    ("volumes", "the kinds of volumes"),
    ("host-paths", "the mounted paths of the node"),
    ("containers", "the containers"),
    ("prepared-by", "what prepares them"),
];

impl Hardening {
    /// That of a pod which is a user's server, by its body without or with what is its own.
    pub fn of(body: &Value) -> Self {
        let mut found = Self::default();
        let none = Value::Null;
        let spec = body.get("spec").unwrap_or(&none);
        let person = owner(body);
        found.pod(spec, person);
        for container in items(spec, "containers").chain(items(spec, "initContainers")) {
            let name = text(container, "name").unwrap_or_default();
            found.container(&settle_text(name, person), container, spec);
        }
        found
    }

    fn put(&mut self, container: &str, name: &'static str, value: impl Into<Value>) {
        self.0.insert((container.to_owned(), name), value.into());
    }

    fn pod(&mut self, spec: &Value, person: Option<&str>) {
        let is_on = |field: &str| spec.get(field) == Some(&Value::Bool(true));
        self.put("", "host-network", is_on("hostNetwork"));
        self.put("", "host-processes", is_on("hostPID"));
        self.put("", "host-ipc", is_on("hostIPC"));
        self.put("", "shared-processes", is_on("shareProcessNamespace"));
        let account = text(spec, "serviceAccountName").unwrap_or("default");
        self.put("", "account", &*settle_text(account, person));
        let token = match spec.get("automountServiceAccountToken").and_then(Value::as_bool) {
            Some(true) => "mounted",
            Some(false) => "not mounted",
            None => "mounted unless the account says no",
        };
        self.put("", "token", token);
        self.put("", "runtime", text(spec, "runtimeClassName").unwrap_or("that of the node"));
        let kinds: BTreeSet<&str> = items(spec, "volumes").filter_map(volume_kind).collect();
        self.put("", "volumes", list(kinds.into_iter().map(str::to_owned)));
        let paths = items(spec, "volumes").filter_map(|volume| volume.pointer("/hostPath/path")?.as_str());
        self.put("", "host-paths", list(paths.map(|path| settle_text(path, person).into_owned())));
        let names = items(spec, "containers").filter_map(|container| text(container, "name"));
        self.put("", "containers", list(names.map(|name| settle_text(name, person).into_owned())));
        let prepared = items(spec, "initContainers").map(|container| {
            let part = |field| settle_text(text(container, field).unwrap_or_default(), person).into_owned();
            format!("{} ({})", part("name"), part("image"))
        });
        self.put("", "prepared-by", list(prepared));
    }

    fn container(&mut self, name: &str, container: &Value, spec: &Value) {
        let own = |path: &str| container.get("securityContext")?.pointer(path);
        let inherited = |path: &str| own(path).or_else(|| spec.get("securityContext")?.pointer(path));
        let is = |value: Option<&Value>, wanted: bool| value == Some(&Value::Bool(wanted));
        let is_privileged = is(own("/privileged"), true);
        self.put(name, "privileged", is_privileged);
        // <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>: allowed unless it is forbidden.
        self.put(name, "escalation", !is(own("/allowPrivilegeEscalation"), false));
        self.put(name, "writable-root", !is(own("/readOnlyRootFilesystem"), true));
        let user = inherited("/runAsUser").and_then(Value::as_i64);
        self.put(name, "is-root", user == Some(0));
        let is_kept_from_root = is(inherited("/runAsNonRoot"), true) || user.is_some_and(|user| user != 0);
        self.put(name, "may-be-root", !is_kept_from_root);
        self.put(name, "unmasked-proc", own("/procMount").and_then(Value::as_str) == Some("Unmasked"));
        for (field, kind) in [("seccomp", "/seccompProfile"), ("app-armor", "/appArmorProfile")] {
            let profile = inherited(kind).and_then(|profile| text(profile, "type"));
            self.put(name, field, profile.unwrap_or("not set"));
        }
        for (field, path) in
            [("capabilities-added", "/capabilities/add"), ("capabilities-dropped", "/capabilities/drop")]
        {
            let found = own(path).and_then(Value::as_array).into_iter().flatten();
            let found = found.filter_map(Value::as_str).map(|name| name.strip_prefix("CAP_").unwrap_or(name));
            self.put(name, field, list(found.map(str::to_owned)));
        }
    }

    /// The things in which two differ. Of a container that only one of them has, only what is so counts.
    fn differing<'a>(&'a self, other: &'a Self) -> Vec<(&'a Trait, Option<&'a Value>, Option<&'a Value>)> {
        let keys: BTreeSet<&Trait> = self.0.keys().chain(other.0.keys()).collect();
        let has = |side: &Self, container: &str| side.0.keys().any(|(name, _)| name == container);
        let both = keys.into_iter().map(|key| (key, self.0.get(key), other.0.get(key)));
        both.filter(|((container, name), one, other_value)| {
            let is_on_both = has(self, container) && has(other, container);
            one != other_value && (is_on_both || is_switch(name) && *other_value == Some(&Value::Bool(true)))
        })
        .collect()
    }
}

/// What is new about how the servers of a hub are confined: `known` is every way that was there before, `now` every way that there is.
///
/// A way that was there before is nothing new, whoever's server it is; where nothing was there before, there is nothing to compare.
/// Answers a field for each thing that differs, the ones that say what servers may do first.
pub fn harder(hub: &HubKey, known: &[Hardening], now: &[Hardening]) -> Vec<FieldChange> {
    let mut found: BTreeMap<(usize, Trait, String), FieldChange> = BTreeMap::new();
    for new in now.iter().filter(|way| !known.contains(way)) {
        // What it came from is the way that is most like it.
        let Some(old) = known.iter().min_by_key(|old| old.differing(new).len()) else { continue };
        for (key, before, after) in old.differing(new) {
            let is_everywhere = now.iter().all(|way| way.0.get(key) == after);
            let field = field(hub, key, before, after, is_everywhere);
            found.insert((rank(key.1), key.clone(), field.sentence.to_string()), field);
        }
    }
    found.into_values().collect()
}

fn field(
    hub: &HubKey,
    (container, name): &Trait,
    before: Option<&Value>,
    after: Option<&Value>,
    is_everywhere: bool,
) -> FieldChange {
    let switch = SWITCHES.iter().find(|(known, ..)| known == name);
    let which = if is_everywhere { "Servers" } else { "Some servers" };
    let place =
        if container.is_empty() || container == SERVER { "" } else { " in their container {container}" };
    let (id, template) = match switch {
        Some((_, on, off)) => {
            let words = if after == Some(&Value::Bool(true)) { on } else { off };
            ("hardening-switch", format!("{which} of hub {{hub}} {words}{place}"))
        }
        None => (
            "hardening-value",
            format!(
                "{which} of hub {{hub}} have another value for {{what}}{place}: {{after}}, before {{before}}"
            ),
        ),
    };
    let what = VALUES.iter().find(|(known, _)| known == name).map_or(*name, |(_, what)| what);
    let shown = |value: Option<&Value>| Arg::text(value.map_or_else(|| "nothing".to_owned(), plain));
    let sentence = Reason { id: id.to_owned(), template, args: BTreeMap::new() }
        .with("hub", Arg::text(hub.to_string()))
        .with("container", Arg::text(container.clone()))
        .with("what", Arg::word(what))
        .with("before", shown(before))
        .with("after", shown(after));
    let path =
        if container.is_empty() { (*name).to_owned() } else { format!("containers[{container}].{name}") };
    FieldChange { path, before: before.cloned(), after: after.cloned(), sentence }
}

fn is_switch(name: &str) -> bool {
    SWITCHES.iter().any(|(known, ..)| *known == name)
}

fn rank(name: &str) -> usize {
    let of_value =
        || SWITCHES.len() + VALUES.iter().position(|(known, _)| *known == name).unwrap_or(VALUES.len());
    SWITCHES.iter().position(|(known, ..)| *known == name).unwrap_or_else(of_value)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn items<'a>(spec: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    spec.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str().filter(|text| !text.is_empty())
}

/// A sorted list without repetitions.
fn list(found: impl Iterator<Item = String>) -> Value {
    found.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().into()
}

/// The field of a volume that says what it is: `persistentVolumeClaim`.
fn volume_kind(volume: &Value) -> Option<&str> {
    let fields: &Map<String, Value> = volume.as_object()?;
    fields.keys().map(String::as_str).find(|field| *field != "name")
}
