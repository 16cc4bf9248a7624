//! One check of one hub or cluster: what, why, fix, evidence, since when, elsewhere.

use posture::Timestamp;
use posture::check::{Check, Evidence, Severity, Verdict};
use posture::control::Control;
use posture::fix::RenderedFix;
use posture::object::ObjectRef;
use posture::text::Reason;

use super::history::Recurrence;
use super::place::HubName;

/// What the check says of one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingView {
    /// The object it is about; `None` for the hub or the cluster itself.
    pub subject: Option<ObjectRef>,
    /// The verdict.
    pub verdict: Verdict,
    /// The severity.
    pub severity: Severity,
    /// Why.
    pub reason: Reason,
    /// A remark that does not change the verdict.
    pub note: Option<Reason>,
    /// The facts that support it.
    pub evidence: Vec<Evidence>,
    /// What repairs it, with live names filled in; `None` where nothing is wrong.
    pub fix: Option<RenderedFix>,
    /// A `kubectl` line that shows the same fact, or why it cannot be copied.
    pub kubectl: Result<String, String>,
    /// Since when the verdict is this one.
    pub since: Option<Timestamp>,
    /// Set where an open fault could not be confirmed lately.
    pub not_confirmed_since: Option<Timestamp>,
    /// How often it was open, and for how long.
    pub recurrence: Recurrence,
    /// Verdicts over time, newest first.
    pub history: Vec<HistoryRow>,
}

/// A verdict and when it began.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryRow {
    /// When it began.
    pub from: Timestamp,
    /// When it ended; `None` for the present one.
    pub to: Option<Timestamp>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}

/// The verdict of the same check on another hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The cluster.
    pub cluster: String,
    /// The hub; `None` for another cluster itself.
    pub hub: Option<HubName>,
    /// Its verdict.
    pub verdict: Verdict,
}

/// One check of one hub or cluster.
pub struct CheckView {
    /// The cluster.
    pub cluster: String,
    /// The hub; `None` for the cluster itself.
    pub hub: Option<HubName>,
    /// The chart version as found; empty for a cluster.
    pub chart: String,
    /// The check.
    pub check: &'static Check,
    /// What it says, worst first; empty where it was not judged then.
    pub findings: Vec<FindingView>,
    /// The four questions, where the check's topic has a control.
    pub control: Option<Control>,
    /// The same check elsewhere, worst first.
    pub elsewhere: Vec<Elsewhere>,
    /// The present instant.
    pub now: Timestamp,
}
