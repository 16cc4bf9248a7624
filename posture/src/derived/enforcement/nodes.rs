//! Nodes on which what enforces policies elsewhere may not: its pod is not ready there, there is none, or they run Windows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Enforcement;
use crate::check::gap_reason;
use crate::facts::{Node, Pod, Workload};
use crate::gap::{Gap, GapReason};
use crate::snapshot::Snapshot;
use crate::text::{Arg, Reason};

/// Whether a node runs Windows.
pub(super) fn is_windows(node: &Node) -> bool {
    node.status.node_info.operating_system.eq_ignore_ascii_case("windows")
}

/// Nodes on which no pod of these DaemonSets is ready. Of nodes with Windows, on which agents for Linux cannot run, only those count that
/// have a pod.
pub(super) fn broken<'a>(
    snapshot: &Snapshot,
    daemon_sets: impl Iterator<Item = &'a Workload>,
) -> Result<Vec<String>, Gap> {
    let (mut ready, mut waiting) = (BTreeSet::new(), BTreeSet::new());
    let nodes = snapshot.nodes.present().filter(|node| !is_windows(node));
    let mut wanted: BTreeSet<&str> = nodes.map(|node| node.metadata.name.as_str()).collect();
    snapshot.nodes.complete()?;
    for daemon_set in daemon_sets {
        let namespace = daemon_set.metadata.namespace.as_deref().unwrap_or_default();
        snapshot.pods.complete_in(namespace)?;
        for pod in snapshot.pods.present_in(namespace).filter(|pod| is_of(pod, daemon_set)) {
            let Some(node) = pod.node() else { continue };
            if is_ready(pod) {
                ready.insert(node)
            } else {
                waiting.insert(node)
            };
        }
        // It counts the nodes on which a pod of it is ready.
        if i64::from(daemon_set.status.ready_replicas) >= i64::try_from(wanted.len()).unwrap_or(i64::MAX) {
            wanted.clear();
        }
    }
    Ok(wanted.union(&waiting).filter(|node| !ready.contains(**node)).map(|node| (*node).to_owned()).collect())
}

fn is_of(pod: &Pod, daemon_set: &Workload) -> bool {
    let owners = &pod.metadata.owner_references;
    owners.iter().any(|owner| owner.kind == "DaemonSet" && owner.name == daemon_set.metadata.name)
}

fn is_ready(pod: &Pod) -> bool {
    pod.status.conditions.iter().any(|condition| condition.kind == "Ready" && condition.status == "True")
}

/// Why it is not sure on some nodes that policies hold.
#[derive(Debug, Default)]
pub(crate) struct Weak {
    nodes: BTreeMap<String, Arc<Reason>>,
    /// The same for every node.
    all: Option<Arc<Reason>>,
}

impl Weak {
    /// Takes what was found about nodes.
    pub(crate) fn of_nodes(enforcement: &Enforcement) -> Self {
        let engine = Arg::word(enforcement.engine.unwrap_or("the network plug-in"));
        let mut weak = Self::default();
        for node in enforcement.windows_nodes.iter().flatten() {
            let reason = Reason::new(
                "node-windows",
                "node {node} runs Windows, where few network plug-ins enforce policies",
            );
            weak.nodes.insert(node.clone(), Arc::new(reason.with("node", Arg::text(node))));
        }
        match &enforcement.broken_nodes {
            Ok(nodes) => weak.nodes.extend(nodes.iter().map(|node| {
                let reason = Reason::new("node-not-ready", "{engine} has no ready pod on node {node}");
                let reason = reason.with("engine", engine.clone()).with("node", Arg::text(node));
                (node.clone(), Arc::new(reason))
            })),
            // Files hold no pods of DaemonSets: they are asked about what will be once they are installed.
            Err(gap) if gap.reason == GapReason::NotInFiles => {}
            Err(gap) => {
                let reason = Reason::new(
                    "nodes-hidden",
                    "whether {engine} is ready on every node is not known: {why}",
                );
                let reason =
                    reason.with("engine", engine).with("why", Arg::text(gap_reason(gap).to_string()));
                weak.all = Some(Arc::new(reason));
            }
        }
        weak
    }

    /// Why policies may not hold on a node; without one, on any that a pod may be placed on.
    pub(crate) fn of(&self, node: Option<&str>) -> Option<Arc<Reason>> {
        let found = match node {
            Some(node) => self.nodes.get(node),
            None => self.nodes.values().next(),
        };
        found.or(self.all.as_ref()).cloned()
    }
}
