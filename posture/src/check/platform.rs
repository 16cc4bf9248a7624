//! What platforms themselves put between pods and the metadata server of their node. No object in the API proves that it works.

use std::sync::Arc;

use super::{Context, Evidence};
use crate::facts::{Node, Pod};
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

/// The label of nodes on which GKE answers pods in place of Google Cloud's metadata server.
pub const GKE: &str = "iam.gke.io/gke-metadata-server-enabled";

/// The label that OpenShift 4 gives every node.
const OPENSHIFT: &str = "node.openshift.io/os_id";

/// Why it cannot be told whether pods reach the metadata server of their nodes although no policy keeps them from it: the platform may,
/// by the label of each of their nodes, which is the fact. `None` where it is not known to.
///
/// GKE's own server hands out the identity of the pod's account. OpenShift's network plug-ins reject what pods send there since 4.2
/// (openshift/origin#22826, openshift/ovn-kubernetes#19), and an `EgressFirewall` may too. Neither is about pods on the node's network.
pub fn may_guard_metadata(context: &Context<'_>, pods: &[Arc<Pod>]) -> Option<(Reason, Evidence)> {
    if pods.iter().any(|pod| pod.spec.host_network) {
        return None;
    }
    let find = |pod: &Arc<Pod>| context.snapshot.nodes.find(None, pod.node()?);
    let nodes: Option<Vec<&Arc<Node>>> = pods.iter().filter(|pod| pod.node().is_some()).map(find).collect();
    let nodes = nodes.filter(|nodes| !nodes.is_empty())?;
    let all = |label: &str, is_set: fn(&str) -> bool| {
        nodes.iter().all(|node| node.metadata.label(label).is_some_and(is_set))
    };
    let reasons = [
        (
            GKE,
            all(GKE, |value| value == "true"),
            "No policy keeps them from it, but GKE answers on these nodes in place of the metadata server and hands out the identity of a pod's \
             own account only; what that identity may do is known to Google Cloud alone",
        ),
        (
            OPENSHIFT,
            all(OPENSHIFT, |_| true),
            "No policy keeps them from it, but OpenShift itself does from version 4.2 on, unless somebody changed that; ask for \
             http://169.254.169.254/ from a server to see",
        ),
    ];
    let (label, _, text) = reasons.into_iter().find(|(_, is_there, _)| *is_there)?;
    let node = nodes.first()?;
    let object = ObjectRef::cluster(Kind::Node, &node.metadata.name);
    let found = Arg::text(node.metadata.label(label).unwrap_or_default());
    Some((
        Reason::new("platform-guards", text),
        Evidence::new(object, format!("metadata.labels[{label}]"), found),
    ))
}
