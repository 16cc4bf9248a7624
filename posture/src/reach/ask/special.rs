//! Destinations that policies of pods have no say about, or none that can be told.

use crate::derived::Enforcement;
use crate::network::{Answer, Basis, Because, Side, Verdict};
use crate::reach::Found;
use crate::text::Reason;

fn side(verdict: Verdict, because: Because) -> Side {
    Side { verdict, because, isolated_by: Vec::new(), rules: Vec::new(), perhaps: Vec::new() }
}

fn within_pod(reason: Reason) -> Found {
    let side = side(Verdict::Allowed, Because::WithinPod);
    let policies = Answer {
        verdict: Verdict::Allowed,
        egress: side.clone(),
        ingress: side,
        unknown: Vec::new(),
        weak: None,
    };
    Found { verdict: Verdict::Allowed, basis: Basis::Certain, policies, barrier: Some(reason) }
}

/// A pod asks itself: "a Pod cannot block access to itself" (Kubernetes documentation, "Network Policies").
pub(super) fn itself() -> Found {
    within_pod(Reason::new("itself", "It is the pod that asks: no policy keeps a pod from itself"))
}

/// What goes to a loopback address is seen by no policy.
pub(super) fn loopback(is_on_host: bool) -> Found {
    within_pod(if is_on_host {
        Reason::new(
            "loopback-of-node",
            "The source shares the network of its node, so this is what the node itself and its other programs listen on; no policy holds there",
        )
    } else {
        Reason::new(
            "loopback",
            "A loopback address never leaves the pod: what listens there is another container of the same pod, and no policy holds",
        )
    })
}

/// An end of which it cannot be seen where it is.
pub(super) fn unseen(reason: Reason, enforcement: &Enforcement) -> Found {
    let policies = Answer {
        verdict: Verdict::Unknown,
        egress: side(Verdict::Unknown, Because::Open),
        ingress: side(Verdict::Unknown, Because::OutsidePolicies),
        unknown: vec![reason.into()],
        weak: None,
    };
    let enforced = policies.as_enforced(enforcement);
    Found { verdict: enforced.verdict, basis: enforced.basis, policies, barrier: None }
}
