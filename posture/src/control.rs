//! The four questions about one control: configured, applied, enforced, observed.

mod api_access;
mod https;
mod metadata;
mod policies;

use serde::{Deserialize, Serialize};

use crate::check::{Context, Evidence, gap_reason};
use crate::gap::Unknown;
use crate::hub::{Hub, UserClass};
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::text::{Arg, Reason};

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
    vec![
        https::control(context, hub),
        metadata::control(context, hub),
        policies::control(context, hub),
        api_access::control(context, hub),
    ]
}

impl Answer {
    fn new(mark: Mark, reason: Reason) -> Self {
        Self { mark, reason, evidence: Vec::new() }
    }

    fn yes(reason: Reason) -> Self {
        Self::new(Mark::Yes, reason)
    }

    fn no(reason: Reason) -> Self {
        Self::new(Mark::No, reason)
    }

    fn unknown(unknown: impl Into<Unknown>) -> Self {
        let reason = match unknown.into() {
            Unknown::Gap(gap) => gap_reason(&gap),
            Unknown::Reason(reason) => reason,
        };
        Self::new(Mark::Unknown, reason)
    }

    fn not_applicable(reason: Reason) -> Self {
        Self::new(Mark::NotApplicable, reason)
    }

    fn because(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// Nothing is sent to a hub unless the operator turns probes on.
    fn not_probed() -> Self {
        Self::unknown(Reason::new("probing-off", "nothing is probed from outside: probing is off"))
    }

    /// Passing by emptiness is no pass.
    fn no_server_seen() -> Self {
        Self::unknown(Reason::new("no-server-seen", "no user server was running; the answer needs one"))
    }
}

/// The field of a user server, as evidence that stands for its whole class.
fn of_class(class: &UserClass, path: impl Into<String>, found: impl Into<Arg>) -> Evidence {
    let object = ObjectRef::namespaced(Kind::Pod, &class.namespace, class.display_name());
    Evidence::new(object, path, found).count(class.pods.len())
}
