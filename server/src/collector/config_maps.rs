//! Which ConfigMaps are read with their data: those that facts name, and no others.

use std::collections::BTreeSet;

use posture::facts::{PodSpec, Workload};
use posture::snapshot::Snapshot;

/// More than any cluster needs; a cluster that names more is not followed there.
const MOST: usize = 200;

/// The ConfigMaps to read with `get`, by namespace and name: that of each hub, those of the Deployments that terminate TLS, and
/// the configuration of Cilium.
pub fn needed_config_maps(snapshot: &Snapshot) -> Vec<(String, String)> {
    let mut needed = BTreeSet::new();
    for deployment in snapshot.deployments.present() {
        let Some(namespace) = deployment.metadata.namespace.as_deref() else { continue };
        let spec = deployment.pod();
        let names: Vec<&str> = if is_hub(deployment) {
            // Every namespace has the second one; what it holds is the same everywhere.
            let authorities = mounted(spec, None).into_iter().filter(|name| is_bundle(name));
            mounted(spec, Some("config")).into_iter().chain(authorities).chain([CLUSTER_AUTHORITY]).collect()
        } else if terminates_tls(deployment) {
            mounted(spec, None)
        } else {
            continue;
        };
        needed.extend(names.into_iter().map(|name| (namespace.to_owned(), name.to_owned())));
    }
    for daemon_set in snapshot.daemon_sets.present() {
        let runs_cilium =
            daemon_set.pod().containers.iter().any(|container| container.name == "cilium-agent");
        if (runs_cilium || matches!(daemon_set.metadata.name.as_str(), "cilium" | "anetd"))
            && let Some(namespace) = &daemon_set.metadata.namespace
        {
            needed.insert((namespace.clone(), "cilium-config".to_owned()));
        }
    }
    needed.insert(("kube-system".to_owned(), "extension-apiserver-authentication".to_owned()));
    // What is not there is not asked for.
    let is_listed = |(namespace, name): &(String, String)| {
        snapshot.config_maps.get(Some(namespace), name).is_ok_and(|found| found.is_some())
    };
    let is_authority = |(_, name): &(String, String)| {
        is_bundle(name) || name == CLUSTER_AUTHORITY || name.starts_with("extension-")
    };
    needed.into_iter().filter(|key| !is_authority(key) || is_listed(key)).take(MOST).collect()
}

/// The ConfigMap by which pods know the cluster's own authority.
const CLUSTER_AUTHORITY: &str = "kube-root-ca.crt";

/// Whether a ConfigMap is called as bundles of authorities are.
fn is_bundle(name: &str) -> bool {
    name.split(['-', '.', '_'])
        .any(|word| matches!(word, "ca" | "cas" | "cacerts" | "certs" | "trust" | "bundle"))
}

fn component(workload: &Workload) -> Option<&str> {
    [&workload.metadata, &workload.template.metadata].into_iter().find_map(|metadata| {
        metadata.label("component").or_else(|| metadata.label("app.kubernetes.io/component"))
    })
}

/// Wider than the discovery of hubs: a ConfigMap read in vain is redacted as any other.
fn is_hub(deployment: &Workload) -> bool {
    component(deployment) == Some("hub")
        || deployment.pod().containers.iter().any(|container| container.image_base().starts_with("k8s-hub"))
}

fn terminates_tls(deployment: &Workload) -> bool {
    component(deployment) == Some("autohttps")
        || deployment.pod().containers.iter().any(|container| container.image_base() == "traefik")
}

/// The ConfigMaps that a pod mounts, all of them or those of one volume.
fn mounted<'a>(spec: &'a PodSpec, volume: Option<&str>) -> Vec<&'a str> {
    spec.volumes
        .iter()
        .filter(|found| volume.is_none_or(|wanted| found.name == wanted))
        .filter_map(|found| found.config_map.as_ref())
        .map(|source| source.name.as_str())
        .filter(|name| !name.is_empty())
        .collect()
}
