//! ConfigMaps: key names, and the few values that checks read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::meta::{Meta, placed};

/// A ConfigMap.
///
/// Redaction keeps the names of all keys. A kept value is a string; a configuration file that is understood (`traefik.yaml`,
/// `dynamic.yaml`, their TOML forms, `values.yaml`) is `{"parsed": {…}}` with the allow-listed paths only; everything else is a
/// dropped leaf.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigMap {
    /// Metadata.
    pub metadata: Meta,
    /// The values by key; `None` where only metadata was read.
    pub data: Option<BTreeMap<String, Value>>,
}
placed!(ConfigMap);

impl ConfigMap {
    /// A value that was kept as text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.data.as_ref()?.get(key)?.as_str()
    }

    /// A path within a configuration file that was understood.
    pub fn parsed(&self, key: &str, path: &[&str]) -> Option<&Value> {
        let file = self.data.as_ref()?.get(key)?.get("parsed")?;
        path.iter().try_fold(file, |value, step| value.get(step))
    }
}
