//! One cluster's store at one instant, with what an API server fills in on its own.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::files::HubFile;
use super::instant::rfc3339;
use super::{DemoError, ObjectKey, Op, names, template};

/// A hub as it is installed now.
#[derive(Debug, Clone)]
pub(super) struct Hub {
    pub(super) file: HubFile,
    /// How often Helm has touched it.
    pub(super) revision: u32,
    /// What its chart rendered last.
    pub(super) owned: Vec<ObjectKey>,
}

/// Everything a cluster holds, and the counters that make new things.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) cluster: String,
    pub(super) pod_prefix: String,
    pub(super) service_prefix: String,
    /// The instant at which things happen.
    pub(super) now: Timestamp,
    pub(super) objects: BTreeMap<ObjectKey, Value>,
    pub(super) hubs: BTreeMap<String, Hub>,
    incarnations: BTreeMap<ObjectKey, u32>,
    version: u64,
    drawn: u32,
    /// What happened since it was last asked.
    journal: Vec<Op>,
}

impl World {
    pub(super) fn new(cluster: &str, pod_prefix: &str, service_prefix: &str, now: Timestamp) -> Self {
        Self {
            cluster: cluster.to_owned(),
            pod_prefix: pod_prefix.to_owned(),
            service_prefix: service_prefix.to_owned(),
            now,
            objects: BTreeMap::new(),
            hubs: BTreeMap::new(),
            incarnations: BTreeMap::new(),
            version: 1_000,
            drawn: 0,
            journal: Vec::new(),
        }
    }

    /// What happened since the last call; of several changes of one object the last.
    pub(super) fn take_journal(&mut self) -> Vec<Op> {
        std::mem::take(&mut self.journal)
    }

    /// The next number of a sequence, for things that must differ from one another.
    pub(super) fn draw(&mut self) -> u32 {
        self.drawn += 1;
        self.drawn
    }

    /// Every object of a kind.
    pub(super) fn of_kind<'w>(&'w self, kind: &'w str) -> impl Iterator<Item = &'w Value> {
        self.objects.iter().filter(move |(key, _)| key.kind == kind).map(|(_, object)| object)
    }

    /// Creates or replaces an object. Status, identity and history of an existing one stay.
    pub(super) fn put(&mut self, mut object: Value, manager: &str) -> Result<ObjectKey, DemoError> {
        let key = key_of(&object)?;
        encode_secret(&mut object);
        template::prune(&mut object);
        let before = self.objects.get(&key).cloned();
        if let Some(before) = &before {
            for field in ["status", "secrets"] {
                if object.get(field).is_none() && before.get(field).is_some() {
                    object[field] = before[field].clone();
                }
            }
        } else if key.kind == "Pod" && object.get("status").is_none() {
            super::pods::admit(self, &mut object);
            template::prune(&mut object);
        }
        if key.kind == "Deployment" {
            keep_revision(before.as_ref(), &mut object);
        }
        if key.kind == "Service" {
            self.address_service(&key, before.as_ref(), &mut object);
        }
        self.stamp(&key, before.as_ref(), &mut object, manager);
        if before.as_ref() != Some(&object) {
            self.version += 1;
            object["metadata"]["resourceVersion"] = self.version.to_string().into();
            self.journal.push(Op::Put(object.clone()));
            self.objects.insert(key.clone(), object);
        }
        Ok(key)
    }

    /// Merges a patch into an object, or creates the object if there is none.
    pub(super) fn patch(&mut self, patch: &Value, manager: &str) -> Result<ObjectKey, DemoError> {
        let key = key_of(patch)?;
        let mut object = self.objects.get(&key).cloned().unwrap_or_else(|| json!({}));
        template::merge(&mut object, patch);
        self.put(object, manager)
    }

    /// Deletes an object if it exists.
    pub(super) fn delete(&mut self, key: &ObjectKey) {
        if self.objects.remove(key).is_some() {
            self.version += 1;
            *self.incarnations.entry(key.clone()).or_default() += 1;
            self.journal.push(Op::Delete(key.clone()));
        }
    }

    fn stamp(&self, key: &ObjectKey, before: Option<&Value>, object: &mut Value, manager: &str) {
        let kept = before.map(|before| &before["metadata"]);
        let incarnation = self.incarnations.get(key).copied().unwrap_or_default().to_string();
        let seed = [&self.cluster, &key.api_version, &key.kind, &key.namespace, &key.name, &incarnation];
        let metadata = &mut object["metadata"];
        metadata["uid"] =
            kept.map_or_else(|| names::uid(&seed.map(String::as_str)).into(), |kept| kept["uid"].clone());
        metadata["creationTimestamp"] =
            kept.map_or_else(|| rfc3339(self.now).into(), |kept| kept["creationTimestamp"].clone());
        if let Some(kept) = kept {
            for field in ["resourceVersion", "managedFields", "generation"] {
                if let Some(value) = kept.get(field) {
                    metadata[field] = value.clone();
                }
            }
        }
        if before == Some(&*object) {
            return;
        }
        let changed_spec = before.is_none_or(|before| before.get("spec") != object.get("spec"));
        if object.get("spec").is_some()
            && !matches!(key.kind.as_str(), "Pod" | "Service" | "Node")
            && changed_spec
        {
            let generation = kept.and_then(|kept| kept["generation"].as_u64()).unwrap_or_default() + 1;
            object["metadata"]["generation"] = generation.into();
        }
        let mut fields = kept.and_then(|kept| kept["managedFields"].as_array().cloned()).unwrap_or_default();
        fields.retain(|entry| entry["manager"] != manager);
        fields.push(json!({
            "manager": manager, "operation": "Update", "apiVersion": key.api_version, "time": rfc3339(self.now),
        }));
        object["metadata"]["managedFields"] = fields.into();
    }

    fn address_service(&self, key: &ObjectKey, before: Option<&Value>, object: &mut Value) {
        if let Some(before) = before {
            for field in ["clusterIP", "clusterIPs", "ipFamilies"] {
                if object["spec"].get(field).is_none() && before["spec"].get(field).is_some() {
                    object["spec"][field] = before["spec"][field].clone();
                }
            }
        }
        let seed = [self.cluster.as_str(), &key.namespace, &key.name];
        if object["spec"].get("clusterIP").is_none() {
            let drawn = names::number(&seed, 60_000) + 300;
            let address = format!("{}.{}.{}", self.service_prefix, drawn / 256, drawn % 256);
            object["spec"]["clusterIP"] = address.clone().into();
            object["spec"]["clusterIPs"] = json!([address]);
            object["spec"]["ipFamilies"] = json!(["IPv4"]);
        }
        let open = matches!(object["spec"]["type"].as_str(), Some("LoadBalancer" | "NodePort"));
        for port in object["spec"]["ports"].as_array_mut().into_iter().flatten() {
            if open && port.get("nodePort").is_none() {
                let drawn = names::number(&[seed[0], seed[1], seed[2], &port["port"].to_string()], 2_700);
                port["nodePort"] = (30_000 + drawn).into();
            }
        }
    }
}

/// The key of an object, or what it lacks.
pub(super) fn key_of(object: &Value) -> Result<ObjectKey, DemoError> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let missing =
        |field: &str| DemoError::new(object.to_string().chars().take(200).collect::<String>(), &field);
    Ok(ObjectKey {
        api_version: text(&object["apiVersion"]).ok_or_else(|| missing("apiVersion is missing"))?,
        kind: text(&object["kind"]).ok_or_else(|| missing("kind is missing"))?,
        namespace: text(&object["metadata"]["namespace"]).unwrap_or_default(),
        name: text(&object["metadata"]["name"]).ok_or_else(|| missing("metadata.name is missing"))?,
    })
}

/// The controller's own annotation survives what others apply.
fn keep_revision(before: Option<&Value>, object: &mut Value) {
    const REVISION: &str = "deployment.kubernetes.io/revision";
    let kept = before.map(|before| before["metadata"]["annotations"][REVISION].clone()).unwrap_or_default();
    if !kept.is_null() && object["metadata"]["annotations"].get(REVISION).is_none() {
        object["metadata"]["annotations"][REVISION] = kept;
    }
}

/// Secrets are written in clear in the files and stored encoded, as the API server does.
fn encode_secret(object: &mut Value) {
    let Some(Value::Object(clear)) =
        object.as_object_mut().and_then(|fields| fields.shift_remove("stringData"))
    else {
        return;
    };
    for (name, value) in clear {
        object["data"][name] = names::base64(value.as_str().unwrap_or_default().as_bytes()).into();
    }
}
