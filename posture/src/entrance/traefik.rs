//! The configuration files of autohttps' traefik, found through the volumes of its pod: YAML from chart 0.10 on, TOML in 0.9.

use serde_json::Value;

use crate::check::{Context, Evidence};
use crate::facts::ConfigMap;
use crate::gap::Unknown;
use crate::hub::Hub;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;
use crate::text::{Arg, Reason};

/// A configuration file that was understood.
#[derive(Debug, Clone)]
pub struct File<'a> {
    object: ObjectRef,
    key: &'static str,
    root: &'a Value,
}

/// What traefik is told at its start: the certificate authority and the contact.
pub fn static_file<'a>(context: &Context<'a>, hub: &Hub) -> Result<File<'a>, Unknown> {
    file(context.snapshot, hub, ["traefik.yaml", "traefik.toml"])
}

/// What traefik is told about requests: redirects, headers, versions of TLS, the upstream.
pub fn dynamic_file<'a>(context: &Context<'a>, hub: &Hub) -> Result<File<'a>, Unknown> {
    dynamic_file_in(context.snapshot, hub)
}

fn dynamic_file_in<'a>(snapshot: &'a Snapshot, hub: &Hub) -> Result<File<'a>, Unknown> {
    file(snapshot, hub, ["dynamic.yaml", "dynamic.toml"])
}

/// The hosts for which the automatic HTTPS of a hub asks for certificates, sorted; or why they are not known.
pub(crate) fn requested_hosts(snapshot: &Snapshot, hub: &Hub) -> Result<Vec<String>, Unknown> {
    dynamic_file_in(snapshot, hub).map(|file| hosts(&file))
}

fn file<'a>(snapshot: &'a Snapshot, hub: &Hub, keys: [&'static str; 2]) -> Result<File<'a>, Unknown> {
    let namespace = &hub.key.namespace;
    let volumes = hub.autohttps.iter().flat_map(|autohttps| &autohttps.pod().volumes);
    for name in volumes.filter_map(|volume| volume.config_map.as_ref()).map(|reference| &reference.name) {
        let Some(config_map) = snapshot.config_map(namespace, name)? else { continue };
        let object = ObjectRef::namespaced(Kind::ConfigMap, namespace, name);
        if let Some((key, root)) = find(config_map, keys) {
            return Ok(File { object, key, root });
        }
    }
    let reason = Reason::new(
        "no-traefik-file",
        "No ConfigMap of autohttps holds a {file} that can be understood; look at its configuration by hand",
    );
    Err(reason.with("file", Arg::word(keys[0])).into())
}

fn find<'a>(config_map: &'a ConfigMap, keys: [&'static str; 2]) -> Option<(&'static str, &'a Value)> {
    keys.into_iter().find_map(|key| Some((key, config_map.parsed(key, &[])?)))
}

impl<'a> File<'a> {
    /// A value by its path; `None` where the file does not set it.
    pub fn value(&self, path: &[&str]) -> Option<&'a Value> {
        path.iter().try_fold(self.root, |value, step| value.get(step))
    }

    /// Every entry of a mapping by its path.
    pub fn entries(&self, path: &[&str]) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let mapping = self.value(path).and_then(Value::as_object);
        mapping.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    /// A fact found at a path of the file.
    pub fn evidence(&self, path: &str, found: Arg) -> Evidence {
        Evidence::new(self.object.clone(), format!("data[{}]: {path}", self.key), found)
    }

    /// The ConfigMap.
    pub fn object(&self) -> &ObjectRef {
        &self.object
    }
}

/// The hosts for which autohttps asks for certificates, sorted.
pub fn hosts(file: &File<'_>) -> Vec<String> {
    let routers = file.entries(&["http", "routers"]).map(|(_, router)| router);
    let domains = routers.filter_map(|router| router.pointer("/tls/domains")?.as_array()).flatten();
    let mut hosts: Vec<String> = domains
        .flat_map(|domain| {
            let sans = domain.get("sans").and_then(Value::as_array).into_iter().flatten();
            domain.get("main").into_iter().chain(sans)
        })
        .filter_map(|host| host.as_str().map(str::to_owned))
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}
