//! The four questions about one control: configured, applied, enforced, observed.

use serde::{Deserialize, Serialize};

use crate::check::{Context, Evidence};
use crate::hub::Hub;
use crate::text::Reason;

/// A control that the four questions are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlName {
    /// HTTPS for users.
    Https,
    /// The block of the cloud's metadata server.
    Metadata,
    /// Network policies.
    Policies,
    /// No access of user servers to the Kubernetes API.
    ApiAccess,
}

/// An answer to one of the four questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Yes.
    Yes,
    /// No.
    No,
    /// It cannot be decided.
    Unknown,
    /// The question makes no sense here.
    NotApplicable,
}

/// One answer with why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The answer.
    pub mark: Mark,
    /// Why, in one sentence.
    pub reason: Reason,
    /// The facts behind it.
    pub evidence: Vec<Evidence>,
}

/// The four answers about one control of one hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// The control.
    pub name: ControlName,
    /// The chart values or the chart version ask for it.
    pub configured: Answer,
    /// The objects exist.
    pub applied: Answer,
    /// Something makes them work.
    pub enforced: Answer,
    /// A probe saw it.
    pub observed: Answer,
}

/// The four questions about every control of one hub.
pub fn controls(context: &Context<'_>, hub: &Hub) -> Vec<Control> {
    let _ = (context, hub);
    Vec::new()
}
