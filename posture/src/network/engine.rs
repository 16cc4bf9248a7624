//! How the network plug-in that runs reads what Kubernetes leaves to plug-ins.

use super::evaluate::Reading;
use crate::derived::Enforcement;
use crate::snapshot::Snapshot;

/// Every reading that is possible; the first is the one that matches most.
///
/// `ipBlock` is about addresses outside the cluster. Whether it matches pods and nodes by their addresses is left to the plug-in: Calico,
/// kube-router and the agent of AWS do, Cilium knows pods and nodes by what they are and does not. Where administrators' policies exist,
/// only plug-ins that are known to implement them are trusted to.
pub(super) fn readings(snapshot: &Snapshot, enforcement: &Enforcement, has_admin: bool) -> Vec<Reading> {
    let of = |matches_pods, matches_hosts| Reading { matches_pods, matches_hosts, has_admin: false };
    let by_address = match enforcement.engine {
        Some("Calico" | "kube-router" | "the AWS VPC CNI" | "k3s") => vec![of(true, true)],
        Some("Cilium" | "GKE Dataplane V2") => match cilium_matches_nodes(snapshot) {
            Some(matches_hosts) => vec![of(false, matches_hosts)],
            None => vec![of(false, true), of(false, false)],
        },
        _ => vec![of(true, true), of(false, false)],
    };
    let admin: &[bool] = match enforcement.engine {
        _ if !has_admin => &[false],
        Some("OVN-Kubernetes" | "Antrea") => &[true],
        _ => &[true, false],
    };
    let with = |has_admin: &bool| {
        let has_admin = *has_admin;
        by_address.iter().map(move |reading| Reading { has_admin, ..*reading })
    };
    admin.iter().flat_map(with).collect()
}

/// Cilium's `policy-cidr-match-mode` can make ranges of addresses match nodes; `None` where it cannot be read.
fn cilium_matches_nodes(snapshot: &Snapshot) -> Option<bool> {
    let config_map = snapshot.config_map("kube-system", "cilium-config").ok()?;
    let mode = config_map.and_then(|config_map| config_map.text("policy-cidr-match-mode"));
    Some(mode.is_some_and(|mode| mode.split([',', ' ']).any(|word| word == "nodes")))
}
