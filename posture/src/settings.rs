//! Thresholds and attestations: what an operator decides about judging.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What an operator decides about judging.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What the operator states although the API cannot show it.
    pub attestations: Vec<Attestation>,
}

/// Something the operator states although the API cannot show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// What is stated.
    pub fact: AttestedFact,
    /// The hub it is stated of, as `namespace/release`; `None` means the cluster.
    #[serde(default)]
    pub hub: Option<String>,
    /// Why the operator knows.
    pub reason: String,
    /// When it ends; after that it counts for nothing.
    pub until: Timestamp,
}

/// What can be attested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttestedFact {
    /// The nodes are not on a cloud with a metadata server.
    NoCloudMetadata,
    /// An edge outside the cluster serves the hub over HTTPS and redirects plain HTTP.
    HttpsAtTheEdge,
    /// Something the API does not show enforces network policies.
    PoliciesEnforced,
}

impl Settings {
    /// The attestation in force for a hub (`namespace/release`) or, with `None`, for the cluster.
    pub fn attested(&self, fact: AttestedFact, hub: Option<&str>, now: Timestamp) -> Option<&Attestation> {
        self.attestations
            .iter()
            .find(|a| a.fact == fact && now < a.until && (a.hub.is_none() || a.hub.as_deref() == hub))
    }
}
