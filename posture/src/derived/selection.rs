//! Which network policies select a pod, by direction. What they then allow is another question.

use std::collections::BTreeMap;

use crate::gap::Gap;
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;

/// The policies that select a pod.
///
/// Policies are additive and what was seen is proof: a gap can only hide further ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Those that isolate it for incoming traffic.
    pub ingress: Vec<ObjectRef>,
    /// Those that isolate it for outgoing traffic.
    pub egress: Vec<ObjectRef>,
    /// What may hide more.
    pub gap: Option<Gap>,
}

impl Selection {
    /// Whether incoming traffic is restricted.
    pub fn has_ingress(&self) -> Result<bool, Gap> {
        self.seen(&self.ingress)
    }

    /// Whether outgoing traffic is restricted.
    pub fn has_egress(&self) -> Result<bool, Gap> {
        self.seen(&self.egress)
    }

    fn seen(&self, policies: &[ObjectRef]) -> Result<bool, Gap> {
        match &self.gap {
            _ if !policies.is_empty() => Ok(true),
            Some(gap) => Err(gap.clone()),
            None => Ok(false),
        }
    }
}

/// The policies that select pods with these labels in a namespace.
pub fn selecting(snapshot: &Snapshot, namespace: &str, labels: &BTreeMap<String, String>) -> Selection {
    let mut selection =
        Selection { gap: snapshot.network_policies.complete_in(namespace).err(), ..Selection::default() };
    for policy in snapshot.network_policies.present_in(namespace) {
        if !policy.spec.pod_selector.matches(labels) {
            continue;
        }
        let object = ObjectRef::namespaced(Kind::NetworkPolicy, namespace, &policy.metadata.name);
        if policy.spec.covers_ingress() {
            selection.ingress.push(object.clone());
        }
        if policy.spec.covers_egress() {
            selection.egress.push(object);
        }
    }
    selection
}
