//! A stand-in for the controller manager: accounts of namespaces, `ReplicaSet`s and pods of workloads, garbage.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::world::{World, key_of};
use super::{DemoError, ObjectKey, names};

/// Who the controller manager is in `managedFields`.
const MANAGER: &str = "kube-controller-manager";

/// Makes what follows from the objects as they are now.
pub(super) fn reconcile(world: &mut World) -> Result<(), DemoError> {
    for namespace in waiting(world, "Namespace", |namespace| namespace.get("status").is_none()) {
        furnish_namespace(world, &namespace)?;
    }
    for deployment in waiting(world, "Deployment", unsettled) {
        deploy(world, &deployment)?;
    }
    for set in waiting(world, "StatefulSet", unsettled) {
        number_pods(world, &set)?;
    }
    for set in waiting(world, "DaemonSet", unsettled) {
        cover_nodes(world, &set)?;
    }
    collect_garbage(world)
}

fn furnish_namespace(world: &mut World, namespace: &Value) -> Result<(), DemoError> {
    let name = &namespace["metadata"]["name"];
    world.patch(
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}),
        MANAGER,
    )?;
    let metadata = |object: &str| json!({"name": object, "namespace": name});
    world.patch(
        &json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata("default")}),
        MANAGER,
    )?;
    let authority =
        json!({"ca.crt": "A certificate of the cluster's authority stands here in a real cluster.\n"});
    let root = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("kube-root-ca.crt"), "data": authority});
    world.patch(&root, MANAGER)?;
    Ok(())
}

fn deploy(world: &mut World, deployment: &Value) -> Result<(), DemoError> {
    let template = &deployment["spec"]["template"];
    let hash = names::suffix(&[&template.to_string()], 10);
    let name = format!("{}-{hash}", deployment["metadata"]["name"].as_str().unwrap_or_default());
    let replicas = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
    let owned = owned_by(world, "ReplicaSet", deployment);
    let current = owned.iter().find(|set| set["metadata"]["name"] == name);
    if current.is_some_and(|set| set["spec"]["replicas"] == replicas) {
        return Ok(());
    }
    let revisions = owned.iter().filter_map(revision).max().unwrap_or_default();
    for mut old in
        owned.iter().filter(|set| set["metadata"]["name"] != name && set["spec"]["replicas"] != 0).cloned()
    {
        old["spec"]["replicas"] = 0.into();
        old["status"] = json!({"replicas": 0, "observedGeneration": 2});
        remove_pods(world, &old)?;
        world.put(old, MANAGER)?;
    }
    let revision =
        (revisions + u64::from(current.and_then(revision) != Some(revisions) || revisions == 0)).to_string();
    let mut template = template.clone();
    template["metadata"]["labels"]["pod-template-hash"] = hash.clone().into();
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"]["pod-template-hash"] = hash.into();
    let set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": name, "namespace": deployment["metadata"]["namespace"], "labels": template["metadata"]["labels"],
            "annotations": {"deployment.kubernetes.io/revision": revision, "deployment.kubernetes.io/desired-replicas": replicas.to_string()},
            "ownerReferences": [owner(deployment)],
        },
        "spec": {"replicas": replicas, "selector": selector, "template": template},
        "status": {"replicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas, "observedGeneration": 1},
    });
    let key = world.put(set, MANAGER)?;
    let set = world.objects[&key].clone();
    remove_pods(world, &set)?;
    for _ in 0..replicas {
        let drawn = world.draw().to_string();
        let pod = format!("{name}-{}", names::suffix(&[&world.cluster, &name, &drawn], 5));
        make_pod(world, &set, &pod, None)?;
    }
    let mut deployment = deployment.clone();
    deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = revision.into();
    deployment["status"] = json!({
        "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas,
        "observedGeneration": deployment["metadata"]["generation"],
        "conditions": [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ],
    });
    world.put(deployment, MANAGER)?;
    Ok(())
}

fn revision(set: &Value) -> Option<u64> {
    set["metadata"]["annotations"]["deployment.kubernetes.io/revision"].as_str()?.parse().ok()
}

fn number_pods(world: &mut World, set: &Value) -> Result<(), DemoError> {
    let replicas = set["spec"]["replicas"].as_u64().unwrap_or(1);
    remove_pods(world, set)?;
    for place in 0..replicas {
        make_pod(
            world,
            set,
            &format!("{}-{place}", set["metadata"]["name"].as_str().unwrap_or_default()),
            None,
        )?;
    }
    let mut set = set.clone();
    set["status"] = json!({"replicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas,
        "currentRevision": revision_hash(&set), "observedGeneration": set["metadata"]["generation"]});
    world.put(set, MANAGER)?;
    Ok(())
}

fn cover_nodes(world: &mut World, set: &Value) -> Result<(), DemoError> {
    remove_pods(world, set)?;
    let nodes = waiting(world, "Node", |node| runs_on(&set["spec"]["template"]["spec"], node));
    for node in &nodes {
        let name = set["metadata"]["name"].as_str().unwrap_or_default();
        let drawn = world.draw().to_string();
        let pod = format!("{name}-{}", names::suffix(&[&world.cluster, name, &drawn], 5));
        make_pod(world, set, &pod, node["metadata"]["name"].as_str())?;
    }
    let mut set = set.clone();
    let count = nodes.len();
    set["status"] = json!({"desiredNumberScheduled": count, "currentNumberScheduled": count, "numberReady": count,
        "numberAvailable": count, "updatedNumberScheduled": count, "numberMisscheduled": 0,
        "observedGeneration": set["metadata"]["generation"]});
    world.put(set, MANAGER)?;
    Ok(())
}

/// A `DaemonSet` covers the control plane only where it tolerates everything.
fn runs_on(spec: &Value, node: &Value) -> bool {
    let everything = spec["tolerations"].as_array().is_some_and(|all| {
        all.iter().any(|toleration| toleration["operator"] == "Exists" && toleration.get("key").is_none())
    });
    let open = node["spec"]["taints"]
        .as_array()
        .is_none_or(|taints| taints.iter().all(|taint| taint["effect"] != "NoSchedule"));
    let labels = &node["metadata"]["labels"];
    let wanted = spec["nodeSelector"].as_object();
    (everything || open)
        && wanted.is_none_or(|wanted| wanted.iter().all(|(name, value)| labels[name] == *value))
}

fn revision_hash(set: &Value) -> String {
    names::suffix(&[&set["spec"]["template"].to_string()], 10)
}

/// Copies of the objects of a kind that wait for a controller.
fn waiting(world: &World, kind: &str, waits: impl Fn(&Value) -> bool) -> Vec<Value> {
    world.of_kind(kind).filter(|object| waits(object)).cloned().collect()
}

/// Whether the controllers have not seen the newest wish yet.
fn unsettled(workload: &Value) -> bool {
    workload["status"]["observedGeneration"] != workload["metadata"]["generation"]
}

fn make_pod(
    world: &mut World,
    owner_object: &Value,
    name: &str,
    node: Option<&str>,
) -> Result<(), DemoError> {
    let template = &owner_object["spec"]["template"];
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
    let metadata = &mut pod["metadata"];
    metadata["name"] = name.into();
    metadata["generateName"] =
        format!("{}-", owner_object["metadata"]["name"].as_str().unwrap_or_default()).into();
    metadata["namespace"] = owner_object["metadata"]["namespace"].clone();
    metadata["ownerReferences"] = json!([owner(owner_object)]);
    if owner_object["kind"] != "ReplicaSet" {
        metadata["labels"]["controller-revision-hash"] = revision_hash(owner_object).into();
    }
    if let Some(node) = node {
        pod["spec"]["nodeName"] = node.into();
    }
    world.put(pod, MANAGER)?;
    Ok(())
}

fn owner(object: &Value) -> Value {
    let mut reference = Map::new();
    for field in ["apiVersion", "kind"] {
        reference.insert(field.to_owned(), object[field].clone());
    }
    for field in ["name", "uid"] {
        reference.insert(field.to_owned(), object["metadata"][field].clone());
    }
    reference.insert("controller".to_owned(), true.into());
    reference.insert("blockOwnerDeletion".to_owned(), true.into());
    Value::Object(reference)
}

fn owned_by(world: &World, kind: &str, owner: &Value) -> Vec<Value> {
    let uid = &owner["metadata"]["uid"];
    waiting(world, kind, |object| &object["metadata"]["ownerReferences"][0]["uid"] == uid)
}

fn remove_pods(world: &mut World, owner: &Value) -> Result<(), DemoError> {
    for pod in owned_by(world, "Pod", owner) {
        world.delete(&key_of(&pod)?);
    }
    Ok(())
}

/// Removes what belonged to owners or namespaces that are gone.
fn collect_garbage(world: &mut World) -> Result<(), DemoError> {
    loop {
        let orphans = orphans(world)?;
        if orphans.is_empty() {
            return Ok(());
        }
        for orphan in orphans {
            world.delete(&orphan);
        }
    }
}

fn orphans(world: &World) -> Result<Vec<ObjectKey>, DemoError> {
    let uids: BTreeSet<&str> =
        world.objects.values().filter_map(|object| object["metadata"]["uid"].as_str()).collect();
    let namespaces: BTreeSet<&str> =
        world.of_kind("Namespace").filter_map(|object| object["metadata"]["name"].as_str()).collect();
    world
        .objects
        .values()
        .filter(|object| {
            let metadata = &object["metadata"];
            let owner = metadata["ownerReferences"][0]["uid"].as_str();
            let namespace = metadata["namespace"].as_str();
            owner.is_some_and(|owner| !uids.contains(owner))
                || namespace.is_some_and(|namespace| !namespaces.contains(namespace))
        })
        .map(key_of)
        .collect()
}
