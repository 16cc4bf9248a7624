//! The checklist of a hub or of a cluster, by the topics of the security guide.

use posture::Timestamp;
use posture::check::{Severity, Topic, Verdict};
use posture::control::Control;
use posture::gap::GapReason;
use posture::object::ObjectRef;
use posture::text::Reason;

use super::place::HubName;

/// How many checks gave which verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Fail.
    pub fail: u64,
    /// Warn.
    pub warn: u64,
    /// Unknown.
    pub unknown: u64,
    /// Pass.
    pub pass: u64,
    /// Not applicable.
    pub not_applicable: u64,
}

impl Counts {
    /// The checks that apply: "3 of 41" counts unknown and leaves out what does not apply.
    pub fn applicable(self) -> u64 {
        self.fail + self.warn + self.unknown + self.pass
    }

    /// Counts one verdict.
    pub fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Fail => self.fail += 1,
            Verdict::Warn => self.warn += 1,
            Verdict::Unknown => self.unknown += 1,
            Verdict::Pass => self.pass += 1,
            Verdict::NotApplicable => self.not_applicable += 1,
        }
    }
}

/// What the address asks to see; the backend answers everything, the page filters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these verdicts; empty means all.
    pub verdicts: Vec<Verdict>,
    /// Only this severity and worse.
    pub severity: Option<Severity>,
    /// Only this topic.
    pub topic: Option<Topic>,
    /// Words that code, title or reason must hold.
    pub words: String,
}

/// One check on the checklist.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckRow {
    /// The code.
    pub code: String,
    /// The control as a statement that holds when it passes.
    pub title: String,
    /// The fault as a statement.
    pub fault: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The severity.
    pub severity: Severity,
    /// Why.
    pub reason: Reason,
    /// The object it is about.
    pub subject: Option<ObjectRef>,
    /// Since when the verdict is this one; `None` where the check was not judged then.
    pub since: Option<Timestamp>,
    /// Set where an open fault could not be confirmed lately.
    pub not_confirmed_since: Option<Timestamp>,
}

/// A check that this version knows and the scan of then did not judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaterCheck {
    /// The code.
    pub code: &'static str,
    /// The control as a statement that holds when it passes.
    pub title: &'static str,
}

/// The checks of one topic.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicView {
    /// The topic.
    pub topic: Topic,
    /// The four questions, where the topic has a control.
    pub control: Option<Control>,
    /// Its checks, worst first.
    pub rows: Vec<CheckRow>,
    /// Its checks that were added later than the instant shown.
    pub later: Vec<LaterCheck>,
}

/// The checklist.
#[derive(Debug, Clone, PartialEq)]
pub struct ChecklistView {
    /// The cluster.
    pub cluster: String,
    /// The hub; `None` for the cluster itself.
    pub hub: Option<HubName>,
    /// The chart version as found, or why it is not known; empty for a cluster.
    pub chart: String,
    /// Whether it is a Zero to JupyterHub; others get only checks of pods.
    pub is_supported: bool,
    /// Live user servers, or why they cannot be counted.
    pub user_servers: Result<u64, GapReason>,
    /// All verdicts, before any filter.
    pub counts: Counts,
    /// The topics in the order of the guide.
    pub topics: Vec<TopicView>,
    /// The newest open fault's instant.
    pub newest: Option<Timestamp>,
    /// The present instant.
    pub now: Timestamp,
}
