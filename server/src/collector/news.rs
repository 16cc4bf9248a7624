//! What feeds tell the collector.

use jiff::Timestamp;
use posture::gap::GapReason;
use posture::kind::Kind;
use posture::object::ObjectRef;
use posture::record::Record;

/// What is listed and watched as one: a kind, in one namespace or in all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) kind: Kind,
    /// The namespace as records call it.
    pub(super) namespace: Option<String>,
}

/// One piece of news about a place.
#[derive(Debug)]
pub(super) enum News {
    /// A list begins, or starts over: only what follows counts for it.
    ListBegins,
    /// Objects of a list.
    Items(Vec<Record>),
    /// The list was complete.
    Listed { resource_version: String },
    /// A watched object is new or has changed.
    Changed(Box<Record>),
    /// A watched object is gone.
    Gone { object: ObjectRef, resource_version: String },
    /// The watch is open, or everything up to this version was told.
    Heard { resource_version: Option<String> },
    /// The place cannot be read.
    Gap(GapReason),
    /// Asking fails again and again, for this reason; what was read stands.
    Interrupted(String),
    /// The kind is not served, and need not be.
    Absent,
    /// The place is read as part of another from now on, or no longer exists.
    Dropped,
}

/// News with its place and time, or an end.
#[derive(Debug)]
pub(super) enum Message {
    /// News.
    News { place: Place, at: Timestamp, news: News },
    /// Every kind was tried once.
    AllTried,
    /// Another cluster answers.
    AnotherCluster,
}
