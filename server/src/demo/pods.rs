//! What admission, the scheduler and the kubelet add to a new pod.

use serde_json::{Value, json};

use super::instant::rfc3339;
use super::names;
use super::world::World;

/// Where a service-account token is mounted.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Fills in a new pod: its account and token, its node, its addresses, and a status in which everything went well.
pub(super) fn admit(world: &mut World, pod: &mut Value) {
    default_fields(pod);
    mount_token(world, pod);
    schedule(world, pod);
    run(world, pod);
}

fn default_fields(pod: &mut Value) {
    let spec = &mut pod["spec"];
    let account = spec["serviceAccountName"].as_str().unwrap_or("default").to_owned();
    spec["serviceAccountName"] = account.clone().into();
    spec["serviceAccount"] = account.into();
    for (field, value) in [
        ("restartPolicy", json!("Always")),
        ("schedulerName", json!("default-scheduler")),
        ("dnsPolicy", json!("ClusterFirst")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("enableServiceLinks", json!(true)),
        ("securityContext", json!({})),
    ] {
        if spec.get(field).is_none() {
            spec[field] = value;
        }
    }
}

/// Admission mounts the account's token unless the pod or, where the pod is silent, the account says no.
fn mount_token(world: &World, pod: &mut Value) {
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
    let account = pod["spec"]["serviceAccountName"].clone();
    let of_account = world
        .objects
        .iter()
        .find(|(key, _)| key.kind == "ServiceAccount" && key.namespace == namespace && account == *key.name)
        .and_then(|(_, object)| object["automountServiceAccountToken"].as_bool());
    let of_pod = pod["spec"]["automountServiceAccountToken"].as_bool();
    if !of_pod.or(of_account).unwrap_or(true) {
        return;
    }
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let volume = format!("kube-api-access-{}", names::suffix(&[&world.cluster, &namespace, name], 5));
    let mut mounted = false;
    for list in ["initContainers", "containers"] {
        for container in pod["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let mounts = &mut container["volumeMounts"];
            if mounts.is_null() {
                *mounts = json!([]);
            }
            if let Some(mounts) = mounts.as_array_mut()
                && mounts.iter().all(|mount| mount["mountPath"] != TOKEN_PATH)
            {
                mounts.push(json!({"name": volume, "mountPath": TOKEN_PATH, "readOnly": true}));
                mounted = true;
            }
        }
    }
    if !mounted {
        return;
    }
    if pod["spec"]["volumes"].is_null() {
        pod["spec"]["volumes"] = json!([]);
    }
    if let Some(volumes) = pod["spec"]["volumes"].as_array_mut() {
        volumes.push(json!({"name": volume, "projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
        ]}}));
    }
}

fn schedule(world: &mut World, pod: &mut Value) {
    if pod["spec"]["nodeName"].is_string() {
        return;
    }
    let turn = world.draw() as usize;
    let nodes: Vec<Value> = world.of_kind("Node").filter(|node| takes_work(node)).cloned().collect();
    let purpose = purpose(&pod["spec"]);
    let wanted: Vec<&Value> = nodes
        .iter()
        .filter(|node| {
            let label = &node["metadata"]["labels"]["hub.jupyter.org/node-purpose"];
            purpose.as_ref().is_none_or(|purpose| label.as_str() == Some(purpose))
        })
        .collect();
    let chosen = if wanted.is_empty() {
        nodes.get(turn % nodes.len().max(1))
    } else {
        Some(wanted[turn % wanted.len()])
    };
    if let Some(node) = chosen {
        pod["spec"]["nodeName"] = node["metadata"]["name"].clone();
    }
}

/// Whether ordinary pods may run on the node.
fn takes_work(node: &Value) -> bool {
    node["spec"]["taints"]
        .as_array()
        .is_none_or(|taints| taints.iter().all(|taint| taint["effect"] != "NoSchedule"))
}

/// The kind of node a pod of the chart prefers or demands.
fn purpose(spec: &Value) -> Option<String> {
    let preferred = &spec["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"];
    let found = preferred[0]["preference"]["matchExpressions"][0]["values"][0].as_str();
    found.or_else(|| spec["nodeSelector"]["hub.jupyter.org/node-purpose"].as_str()).map(str::to_owned)
}

fn run(world: &mut World, pod: &mut Value) {
    let node_name = pod["spec"]["nodeName"].clone();
    let nodes: Vec<&Value> = world.of_kind("Node").collect();
    let place = nodes.iter().position(|node| node["metadata"]["name"] == node_name).unwrap_or_default();
    let host = nodes.get(place).map(|node| internal_address(node)).unwrap_or_default();
    let address = if pod["spec"]["hostNetwork"] == true { host.clone() } else { free_address(world, place) };
    let at = rfc3339(world.now);
    pod["status"] = json!({
        "phase": "Running",
        "startTime": at,
        "hostIP": host, "hostIPs": [{"ip": host}],
        "podIP": address, "podIPs": [{"ip": address}],
        "qosClass": "Burstable",
        "conditions": [
            {"type": "Initialized", "status": "True", "lastTransitionTime": at},
            {"type": "Ready", "status": "True", "lastTransitionTime": at},
            {"type": "ContainersReady", "status": "True", "lastTransitionTime": at},
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": at},
        ],
        "containerStatuses": statuses(&pod["spec"]["containers"], &json!({"running": {"startedAt": at}})),
    });
    if pod["spec"]["initContainers"].is_array() {
        let done =
            json!({"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": at, "finishedAt": at}});
        pod["status"]["initContainerStatuses"] = statuses(&pod["spec"]["initContainers"], &done);
    }
}

fn statuses(containers: &Value, state: &Value) -> Value {
    containers
        .as_array()
        .into_iter()
        .flatten()
        .map(|container| {
            let image = container["image"].as_str().unwrap_or_default();
            let repository = image.rsplit_once(':').map_or(image, |(repository, _)| repository);
            let digest = names::digest(&[image]);
            json!({
                "name": container["name"], "image": image, "imageID": format!("{repository}@sha256:{digest}"),
                "containerID": format!("containerd://{}", names::digest(&[image, &state.to_string()])),
                "ready": true, "started": state.get("running").is_some(), "restartCount": 0, "state": state,
            })
        })
        .collect()
}

fn internal_address(node: &Value) -> String {
    let addresses = node["status"]["addresses"].as_array();
    let internal = addresses.and_then(|all| all.iter().find(|address| address["type"] == "InternalIP"));
    internal.and_then(|address| address["address"].as_str()).unwrap_or_default().to_owned()
}

fn free_address(world: &mut World, place: usize) -> String {
    loop {
        let last = world.draw() % 250 + 3;
        let address = format!("{}.{place}.{last}", world.pod_prefix);
        if world.of_kind("Pod").all(|pod| pod["status"]["podIP"] != *address) {
            return address;
        }
    }
}

/// Writes a patch into every pod that carries the labels.
pub(super) fn touch(
    world: &mut World,
    namespace: &str,
    labels: &std::collections::BTreeMap<String, String>,
    patch: &Value,
) -> Result<(), super::DemoError> {
    let found: Vec<Value> = world
        .of_kind("Pod")
        .filter(|pod| pod["metadata"]["namespace"] == namespace)
        .filter(|pod| labels.iter().all(|(name, value)| pod["metadata"]["labels"][name] == *value))
        .cloned()
        .collect();
    if found.is_empty() {
        return Err(super::DemoError::new(
            format!("{} {namespace}", world.cluster),
            &format!("no pod carries {labels:?}"),
        ));
    }
    for mut pod in found {
        super::template::merge(&mut pod, patch);
        world.put(pod, "kubelet")?;
    }
    Ok(())
}
