//! Who can do what in a cluster, and the answer to a question about it.

use posture::Timestamp;
use posture::access::{AccessTable, Answer, Asking, Held, Unresolved, Way, Ways};
use posture::facts::Subject;
use posture::gap::Gap;

/// What the address asks, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessQuery {
    /// Whose rights: `serviceaccount:NAMESPACE/NAME`, `user:NAME`, `group:NAME`; empty asks about everybody.
    pub subject: String,
    /// What somebody would do; without a verb and a resource, everything that the subject may do is told.
    pub asking: Asking,
}

impl AccessQuery {
    /// Whether anything is asked.
    pub fn is_empty(&self) -> bool {
        let asking = &self.asking;
        [&self.subject, &asking.verb, &asking.resource].iter().all(|text| text.trim().is_empty())
    }
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessAnswer {
    /// The question cannot be understood; this says what would be right.
    Wrong(String),
    /// Whether one subject may do one thing.
    May {
        /// The subject.
        subject: Subject,
        /// Whether such an account exists; `None` where that cannot be known, as for users and groups.
        exists: Option<bool>,
        /// The question in words: `create pods in namespace jhub`.
        words: String,
        /// The answer.
        answer: Answer,
        /// The bindings that may allow it by a role which is not there to be judged.
        unresolved: Vec<Unresolved>,
    },
    /// Everybody who may do one thing.
    Who {
        /// The question in words.
        words: String,
        /// Everybody, with what gives it.
        holders: Vec<(Subject, Vec<Way>)>,
        /// The bindings that may allow it to more by a role which is not there to be judged.
        unresolved: Vec<Unresolved>,
        /// What may hide more.
        gap: Option<Gap>,
    },
    /// Everything that one subject may do.
    Holds(Box<SubjectAccess>),
}

/// Everything that one subject may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectAccess {
    /// The subject.
    pub subject: Subject,
    /// Whether such an account exists; `None` where that cannot be known, as for users and groups.
    pub exists: Option<bool>,
    /// Its rules, the mightiest first, without those that everybody has.
    pub rules: Vec<Held>,
    /// The bindings that give it a role which is not there to be judged.
    pub unresolved: Vec<Unresolved>,
    /// How many rules it shares with every authenticated identity.
    pub usual: usize,
    /// What may hide more rules.
    pub gap: Option<Gap>,
    /// Whose rights it can take.
    pub ways: Ways,
}

/// Who can do what in a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessView {
    /// The cluster.
    pub cluster: String,
    /// The hubs' accounts, the administrators and Perijove's own rights; `None` before the first scan.
    pub table: Option<AccessTable>,
    /// Whether only some hubs are shown, because the viewer may see no more; then nothing can be asked.
    pub is_limited: bool,
    /// What was asked.
    pub query: AccessQuery,
    /// The answer, if something was asked.
    pub answer: Option<AccessAnswer>,
    /// The namespaces that can be asked about.
    pub namespaces: Vec<String>,
    /// The present instant.
    pub now: Timestamp,
}
