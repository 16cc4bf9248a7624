//! Which resources the demo's API serves: the built-in ones, and those that CustomResourceDefinitions among its objects define.

use posture::kind::{KINDS, Tier};
use serde_json::Value;

use super::state::Collection;

/// One resource of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) kind: String,
    pub(super) namespaced: bool,
    /// Whether lists repeat `apiVersion` and `kind` in each item, as they do for custom resources.
    pub(super) custom: bool,
    served: bool,
}

impl Resource {
    pub(super) fn collection(&self) -> Collection {
        (self.group.clone(), self.plural.clone())
    }

    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// Every resource.
#[derive(Debug)]
pub(super) struct Resources {
    all: Vec<Resource>,
}

impl Resources {
    /// What every API server has: the kinds of the table, and Secrets, which nobody here may read.
    pub(super) fn built_in() -> Self {
        let table = KINDS.iter().filter(|info| info.tier == Tier::R0).map(|info| Resource {
            group: info.group.to_owned(),
            version: info.versions[0].to_owned(),
            plural: info.plural.to_owned(),
            kind: info.manifest_kind().to_owned(),
            namespaced: info.namespaced,
            custom: false,
            served: true,
        });
        let secrets = Resource {
            group: String::new(),
            version: "v1".to_owned(),
            plural: "secrets".to_owned(),
            kind: "Secret".to_owned(),
            namespaced: true,
            custom: false,
            served: true,
        };
        Self { all: table.chain([secrets]).collect() }
    }

    /// Those that are served.
    pub(super) fn served(&self) -> impl Iterator<Item = &Resource> {
        self.all.iter().filter(|resource| resource.served)
    }

    pub(super) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Resource> {
        self.served().find(|r| r.group == group && r.version == version && r.plural == plural)
    }

    pub(super) fn of_manifest(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        let (group, _) = api_version.split_once('/').unwrap_or(("", api_version));
        self.all.iter().find(|resource| resource.group == group && resource.kind == kind)
    }

    /// The resource of a manifest; one that is not served is made up for kinds that nobody asks for.
    pub(super) fn of_manifest_or_guess(&mut self, api_version: &str, kind: &str) -> Resource {
        if let Some(known) = self.of_manifest(api_version, kind) {
            return known.clone();
        }
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let guess = Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: format!("{}s", kind.to_lowercase()),
            kind: kind.to_owned(),
            namespaced: true,
            custom: false,
            served: false,
        };
        self.all.push(guess.clone());
        guess
    }

    pub(super) fn withdraw(&mut self, group: &str, plural: &str) {
        for resource in self.all.iter_mut().filter(|r| r.group == group && r.plural == plural) {
            resource.served = false;
        }
    }

    /// Serves what a CustomResourceDefinition defines.
    pub(super) fn define(&mut self, definition: &Value) {
        self.forget(definition);
        let spec = &definition["spec"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for version in spec["versions"].as_array().into_iter().flatten() {
            self.all.push(Resource {
                group: text(&spec["group"]),
                version: text(&version["name"]),
                plural: text(&spec["names"]["plural"]),
                kind: text(&spec["names"]["kind"]),
                namespaced: spec["scope"] == "Namespaced",
                custom: true,
                served: version["served"].as_bool().unwrap_or(true),
            });
        }
    }

    /// Serves no longer what a CustomResourceDefinition defines.
    pub(super) fn forget(&mut self, definition: &Value) {
        let spec = &definition["spec"];
        self.all.retain(|resource| {
            spec["group"] != resource.group.as_str() || spec["names"]["plural"] != resource.plural.as_str()
        });
    }
}
