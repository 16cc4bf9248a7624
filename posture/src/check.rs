//! What a check is: metadata as data, and one function from facts to an outcome.

pub mod accounts;
pub mod certificates;
pub mod paths;
pub mod platform;
pub mod policies;
pub mod servers;
mod worst;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::derived::Derived;
use crate::fix::{Fix, Slots};
use crate::gap::{Gap, GapReason, Unknown};
use crate::hub::{Hub, HubKey};
use crate::kind::Kind;
use crate::object::ObjectRef;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::text::{Arg, Reason};

pub use worst::{worst, worst_with};

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The evidence proves an unsafe state.
    Fail,
    /// Legal and perhaps intended, but it weakens the hub; or the proof is partial and leans to bad.
    Warn,
    /// What is needed cannot be read or is not in the API; the reason says what would settle it.
    Unknown,
    /// The evidence read in this scan proves the safe state.
    Pass,
    /// The subject does not exist here.
    NotApplicable,
}

impl Verdict {
    /// The word in data and in file names.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
            Self::Pass => "pass",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// How much harm a fault can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Takeover of the cluster or of all users by any user or from the internet is plausible.
    Critical,
    /// One user can take over others or hub data, or credentials travel in clear.
    High,
    /// A layer of defence is missing.
    Medium,
    /// Hygiene.
    Low,
    /// Context; not counted.
    Info,
}

impl Severity {
    /// The word in data.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

/// The sections of JupyterHub's security guide, which order the checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// HTTPS and DNS.
    Https,
    /// Secure access to Helm: Tiller and its leftovers.
    Helm,
    /// Access of user servers to the cloud's metadata server.
    CloudMetadata,
    /// The Kubernetes Dashboard and its successors.
    Dashboards,
    /// Role-based access control.
    Rbac,
    /// Kubernetes API access from user servers.
    ApiAccess,
    /// Network policies.
    NetworkPolicies,
}

impl Topic {
    /// Every topic, in the order of the guide.
    pub const ALL: [Self; 7] = [
        Self::Https,
        Self::Helm,
        Self::CloudMetadata,
        Self::Dashboards,
        Self::Rbac,
        Self::ApiAccess,
        Self::NetworkPolicies,
    ];

    /// The heading of the section.
    pub fn title(self) -> &'static str {
        match self {
            Self::Https => "HTTPS",
            Self::Helm => "Secure access to Helm",
            Self::CloudMetadata => "Cloud metadata server",
            Self::Dashboards => "Kubernetes Dashboard and other consoles",
            Self::Rbac => "Role-based access control",
            Self::ApiAccess => "Kubernetes API access",
            Self::NetworkPolicies => "Network policies",
        }
    }
}

/// What a check is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Once for the cluster.
    Cluster,
    /// Once for each hub.
    Hub,
}

/// The function of a check.
#[derive(Clone, Copy)]
pub enum Judge {
    /// Asked once for the cluster.
    Cluster(fn(&Context<'_>) -> Judgement),
    /// Asked for each hub.
    Hub(fn(&Context<'_>, &Hub) -> Judgement),
    /// Asked for each hub, also where it is not a Zero to JupyterHub: needs only the pods.
    AnyHub(fn(&Context<'_>, &Hub) -> Judgement),
}

/// What a check answers; `?` on a gap makes it `unknown`.
pub type Judgement = Result<Outcome, Unknown>;

/// A reference a person can follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// What it is: `Zero to JupyterHub: Security, HTTPS`.
    pub title: &'static str,
    /// Where: an https URL.
    pub url: &'static str,
}

/// An equivalent in a published standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    /// A section of the CIS Kubernetes Benchmark: `5.3.2`.
    Cis(&'static str),
    /// A chapter of the NSA/CISA Kubernetes Hardening Guide, in words: `Network separation and hardening`.
    Nsa(&'static str),
    /// A control of the Pod Security Standards: `baseline: Privileged Containers`.
    Pss(&'static str),
}

/// Everything the system says about a check, and its function.
pub struct Check {
    /// The permanent code: `TLS-01`.
    pub code: &'static str,
    /// The fault in kebab-case, which is also the name of its file: `no-https`.
    pub name: &'static str,
    /// The control as a statement that holds when it passes, without a final period: `Users reach the hub over HTTPS`.
    pub title: &'static str,
    /// The fault as a statement, for lists of findings, without a final period: `The hub is served without HTTPS`.
    pub fault: &'static str,
    /// The highest severity it can give; an outcome may lower it.
    pub severity: Severity,
    /// The section of the guide.
    pub topic: Topic,
    /// The version of Perijove it appeared in.
    pub since: &'static str,
    /// Why it matters: one to three sentences.
    pub why: &'static str,
    /// The verdicts it can give; the harness demands a fixture for each and refuses any other.
    pub verdicts: &'static [Verdict],
    /// The kinds it reads, beyond what finding the hub takes.
    pub needs: &'static [Kind],
    /// What repairs it, by range of chart versions; the first that fits is shown.
    pub fixes: &'static [Fix],
    /// A `kubectl` command that shows the same fact, as an argument list with slots: `["kubectl", "-n", "<namespace>", "get", "svc"]`.
    pub kubectl: &'static [&'static str],
    /// Where to read more.
    pub references: &'static [Reference],
    /// Equivalents in published standards.
    pub mappings: &'static [Mapping],
    /// The function.
    pub judge: Judge,
}

impl Check {
    /// What it is asked about.
    pub fn scope(&self) -> Scope {
        match self.judge {
            Judge::Cluster(_) => Scope::Cluster,
            Judge::Hub(_) | Judge::AnyHub(_) => Scope::Hub,
        }
    }
}

/// What a check may look at.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The facts and the gaps.
    pub snapshot: &'a Snapshot,
    /// Values that several checks need.
    pub derived: &'a Derived,
    /// What was last confirmed in earlier scans.
    pub recall: &'a Recall,
    /// What the operator decided.
    pub settings: &'a Settings,
    /// The present instant.
    pub now: Timestamp,
}

/// What was last confirmed in earlier scans.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// Hubs that were seen before: where their Deployment cannot be read now, their checks are unknown instead of gone.
    pub hubs: Vec<HubKey>,
    /// The last time a user server of a hub was seen, and what the metadata barrier of the class that was worst off looked like.
    pub user_servers: Vec<RecalledServers>,
}

/// The last observation of a hub's user servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecalledServers {
    /// The hub.
    pub hub: HubKey,
    /// When a user server was last seen.
    pub seen_at: Timestamp,
    /// Whether every server seen then carried an effective iptables barrier.
    pub barrier: bool,
}

/// A fact that supports an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The object; for a class of user servers the pod's name ends in `*`.
    pub object: ObjectRef,
    /// The field path: `spec.ports[0].targetPort`.
    pub path: String,
    /// What was found.
    pub found: Arg,
    /// What would be right; `None` where the fact only informs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Arg>,
    /// How many objects show the same, where the evidence stands for several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

impl Evidence {
    /// A fact found at a field of an object.
    pub fn new(object: ObjectRef, path: impl Into<String>, found: impl Into<Arg>) -> Self {
        Self { object, path: path.into(), found: found.into(), wanted: None, count: None }
    }

    /// Says what would be right.
    pub fn wanted(mut self, wanted: impl Into<Arg>) -> Self {
        self.wanted = Some(wanted.into());
        self
    }

    /// Says how many objects show the same.
    pub fn count(mut self, count: usize) -> Self {
        self.count = Some(count as u64);
        self
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// The severity, where it is lower than the check's.
    pub severity: Option<Severity>,
    /// Why.
    pub reason: Reason,
    /// A remark that does not change the verdict.
    pub note: Option<Reason>,
    /// The facts that support it.
    pub evidence: Vec<Evidence>,
    /// The object the finding is about, where it is not the hub or the cluster itself.
    pub subject: Option<ObjectRef>,
    /// Live values for the fix and the `kubectl` line.
    pub slots: Slots,
}

impl Outcome {
    /// An outcome without evidence yet.
    pub fn new(verdict: Verdict, reason: Reason) -> Self {
        Self {
            verdict,
            severity: None,
            reason,
            note: None,
            evidence: Vec::new(),
            subject: None,
            slots: Slots::default(),
        }
    }

    /// The safe state is proven.
    pub fn pass(reason: Reason) -> Self {
        Self::new(Verdict::Pass, reason)
    }

    /// An unsafe state is proven.
    pub fn fail(reason: Reason) -> Self {
        Self::new(Verdict::Fail, reason)
    }

    /// The hub is weakened.
    pub fn warn(reason: Reason) -> Self {
        Self::new(Verdict::Warn, reason)
    }

    /// It cannot be decided; the reason says what would settle it.
    pub fn unknown(reason: Reason) -> Self {
        Self::new(Verdict::Unknown, reason)
    }

    /// The subject does not exist here.
    pub fn not_applicable(reason: Reason) -> Self {
        Self::new(Verdict::NotApplicable, reason)
    }

    /// Adds a fact.
    pub fn because(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Adds facts.
    pub fn because_all(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// Adds a remark.
    pub fn note(mut self, note: Reason) -> Self {
        self.note = Some(note);
        self
    }

    /// Lowers the severity.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Names the object the finding is about.
    pub fn about(mut self, subject: ObjectRef) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Names the case, where the fix depends on it.
    pub fn case(self, case: &'static str) -> Self {
        self.slot(crate::fix::CASE, case)
    }

    /// Fills a slot of the fix with a live value.
    pub fn slot(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.slots.set(name, value);
        self
    }
}

impl From<Unknown> for Outcome {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Reason(reason) => Self::unknown(reason),
            Unknown::Gap(gap) => Self::unknown(gap_reason(&gap)),
        }
    }
}

/// The id of the reason of a verdict that only a live cluster could decide: files never show all there is.
pub(crate) const NOT_IN_FILES: &str = "not-in-files";

/// The sentence for a gap, which names what would close it.
pub fn gap_reason(gap: &Gap) -> Reason {
    let id = if gap.reason == GapReason::NotInFiles { NOT_IN_FILES } else { "gap" };
    Reason::new(id, "{what}; needed: {permission}")
        .with("what", Arg::text(gap.to_string()))
        .with("permission", Arg::text(gap.permission()))
}
