//! The embedded demo files and their formats.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::instant::Offset;
use super::template::Vars;
use super::{DemoError, Denied, Expected};

/// Everything below `server/demo/`.
pub(super) static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/demo");

/// The clusters in the order they are shown: names of files in `clusters/` and `history/`.
pub(super) const CLUSTERS: [&str; 3] = ["teaching-eu", "research-aws", "campus-shared"];

/// `clusters/<name>.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterFile {
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) kubernetes: String,
    /// When the cluster was made.
    pub(super) age: Offset,
    /// When its machines last started, which is when the pods that run for long were made.
    pub(super) restarted: Offset,
    /// The first two numbers of pod addresses.
    pub(super) pod_prefix: String,
    /// The first two numbers of Service addresses.
    pub(super) service_prefix: String,
    /// Files of `platform/`, in order.
    pub(super) platform: Vec<String>,
    #[serde(default)]
    pub(super) vars: Vars,
    #[serde(default)]
    pub(super) denied: Vec<Denied>,
    pub(super) hubs: Vec<HubFile>,
    /// Further objects, patched into those of the same name.
    #[serde(default)]
    pub(super) objects: Vec<Value>,
    #[serde(default)]
    pub(super) expect: Expected,
}

/// A hub of a cluster.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HubFile {
    pub(super) release: String,
    pub(super) namespace: String,
    /// A folder of `charts/`.
    pub(super) chart: String,
    /// Files of that folder beside `core.yaml`.
    #[serde(default)]
    pub(super) parts: Vec<String>,
    #[serde(default = "long_ago")]
    pub(super) installed: Offset,
    /// Who applies its chart, as field managers name it.
    pub(super) manager: String,
    #[serde(default)]
    pub(super) namespace_labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) vars: Vars,
    /// Patches of rendered objects: what the hub's values change.
    #[serde(default)]
    pub(super) patches: Vec<Value>,
    /// Patches of the objects made for a user, by kind.
    #[serde(default)]
    pub(super) user_patches: Vec<Value>,
    /// What some users choose from a list when they start a server.
    #[serde(default)]
    pub(super) profiles: Vec<Profile>,
    #[serde(default)]
    pub(super) users: Vec<User>,
}

/// An entry of a profile list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    /// Who chooses it.
    pub(super) users: Vec<String>,
    /// Patches of the objects made for them, by kind.
    pub(super) patches: Vec<Value>,
}

impl HubFile {
    /// The patches of the objects made for a user.
    pub(super) fn patches_of<'f>(&'f self, user: &str) -> impl Iterator<Item = &'f Value> {
        let chosen = self.profiles.iter().filter(|profile| profile.users.iter().any(|name| name == user));
        let of_profiles: Vec<_> = chosen.flat_map(|profile| &profile.patches).collect();
        self.user_patches.iter().chain(of_profiles)
    }
}

/// A user server that runs at the beginning.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) since: Offset,
}

/// `history/<name>.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryFile {
    /// When the past begins.
    pub(super) begins: Offset,
    pub(super) past: Vec<MomentFile>,
    pub(super) live: LiveFile,
}

/// What happens while somebody looks: once, then again and again.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LiveFile {
    pub(super) once: Vec<MomentFile>,
    /// When the first round begins.
    pub(super) from: Offset,
    /// How long a round takes.
    pub(super) period: Offset,
    /// Offsets within the round.
    pub(super) round: Vec<MomentFile>,
}

/// One moment of the script.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MomentFile {
    pub(super) at: Offset,
    pub(super) why: String,
    pub(super) steps: Vec<Step>,
}

/// One step of a moment.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Step {
    /// A user starts a server.
    Spawn { hub: String, user: String },
    /// A user server ends. The claim stays.
    Stop { hub: String, user: String },
    /// Somebody applies an object or a patch of one.
    Apply { manager: String, object: Value },
    /// Something writes into every pod that carries the labels.
    Pods { namespace: String, labels: BTreeMap<String, String>, patch: Value },
    /// Somebody deletes an object.
    #[serde(rename_all = "camelCase")]
    Delete {
        api_version: String,
        kind: String,
        #[serde(default)]
        namespace: String,
        name: String,
    },
    /// A hub is installed.
    Install(Box<HubFile>),
    /// `helm upgrade`: what is given changes, the rest stays, and hand-made edits are put back.
    Upgrade {
        hub: String,
        #[serde(default)]
        chart: Option<String>,
        #[serde(default)]
        parts: Option<Vec<String>>,
        #[serde(default)]
        vars: Vars,
        #[serde(default)]
        patches: Option<Vec<Value>>,
        #[serde(default)]
        user_patches: Option<Vec<Value>>,
    },
    /// Every object of a file of `platform/` is applied.
    Platform { manager: String, file: String },
}

fn long_ago() -> Offset {
    Offset(-200 * 86_400)
}

/// The one document of a file.
pub(super) fn one<T: DeserializeOwned>(path: &str) -> Result<T, DemoError> {
    // By way of JSON, where an enum is a map with one key; YAML would want a tag.
    let value: Value = serde_norway::from_str(text(path)?).map_err(|error| DemoError::new(path, &error))?;
    serde_json::from_value(value).map_err(|error| DemoError::new(path, &error))
}

/// Every document of a file.
pub(super) fn all(path: &str) -> Result<Vec<Value>, DemoError> {
    serde_norway::Deserializer::from_str(text(path)?)
        .map(|document| Value::deserialize(document).map_err(|error| DemoError::new(path, &error)))
        .collect()
}

fn text(path: &str) -> Result<&'static str, DemoError> {
    FILES
        .get_file(path)
        .and_then(include_dir::File::contents_utf8)
        .ok_or_else(|| DemoError::new(path, &"there is no such text file"))
}
