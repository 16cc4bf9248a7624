//! What could not be read, why, and which permission would close it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::kind::Kind;

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapReason {
    /// The API server refused with 403.
    Forbidden,
    /// The API server does not serve this kind although it is a built-in one.
    NotServed,
    /// The API server answered with an error, or not at all; the text is ours and holds no server text.
    Failed(String),
    /// The watch has been silent longer than its own timeout.
    Silent,
    /// The objects come from files, and a file proves nothing about what it does not hold.
    NotInFiles,
    /// The list has not been read yet.
    NotRead,
    /// It was read then, and is no longer kept one by one: of pods that ended long ago only numbers remain.
    NotKept,
}

/// One thing that could not be read: a kind, in one namespace or in all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// The kind whose objects are missing.
    pub kind: Kind,
    /// The namespace; `None` means all namespaces (or a cluster-scoped kind).
    pub namespace: Option<String>,
    /// Why.
    pub reason: GapReason,
}

impl Gap {
    /// The permission or action that would close the gap.
    pub fn permission(&self) -> String {
        match &self.reason {
            GapReason::NotInFiles => "a live cluster, which files cannot stand for".to_owned(),
            GapReason::NotKept => format!("an instant of which single {} are kept", self.kind.info().plural),
            GapReason::Failed(_) | GapReason::Silent | GapReason::NotRead | GapReason::NotServed => {
                format!("an API server that answers for {}", self.kind.info().plural)
            }
            GapReason::Forbidden => match &self.namespace {
                Some(namespace) => format!("{} in namespace {namespace}", self.kind.info().permission()),
                None => self.kind.info().permission(),
            },
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.kind.info().names();
        let place = self.namespace.as_ref().map(|n| format!(" in namespace {n}")).unwrap_or_default();
        match &self.reason {
            GapReason::Forbidden => write!(f, "{names}{place} may not be listed"),
            GapReason::NotServed => write!(f, "the API server does not serve {names}"),
            GapReason::Failed(what) => write!(f, "{names}{place} could not be listed: {what}"),
            GapReason::Silent => write!(f, "nothing was heard about {names}{place} for too long"),
            GapReason::NotInFiles => write!(f, "files do not show every one of a cluster's {names}{place}"),
            GapReason::NotRead => write!(f, "{names}{place} have not been read yet"),
            GapReason::NotKept => write!(f, "the {names}{place} of that time are no longer kept one by one"),
        }
    }
}

/// Why a question cannot be answered; a check that meets one is `unknown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unknown {
    /// Something could not be read.
    Gap(Gap),
    /// The API cannot show it, or it has not been seen; the reason says what would settle it.
    Reason(crate::text::Reason),
}

impl From<Gap> for Unknown {
    fn from(gap: Gap) -> Self {
        Self::Gap(gap)
    }
}

impl From<crate::text::Reason> for Unknown {
    fn from(reason: crate::text::Reason) -> Self {
        Self::Reason(reason)
    }
}
