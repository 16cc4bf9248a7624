//! A binding whose role is not there to be judged: it does not exist, or it was not read.

use serde::{Deserialize, Serialize};

use crate::facts::{Binding, Subject};
use crate::gap::{Gap, GapReason};
use crate::object::ObjectRef;

use super::grant::Reach;
use super::roles::{self, Behind};

/// A binding that gives a role of which no rule is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unresolved {
    /// The binding.
    pub binding: ObjectRef,
    /// The role that it gives.
    pub role: ObjectRef,
    /// Whom it gives it to. A missing namespace is filled in.
    pub subject: Subject,
    /// Where it holds.
    pub reach: Reach,
    /// What hides the role; `None` where there is no such role, so that the binding gives nothing until somebody makes one.
    pub gap: Option<Gap>,
}

impl Unresolved {
    pub(super) fn of(binding: &Binding, subject: &Subject, behind: &Behind) -> Option<Self> {
        behind.parts.is_empty().then(|| Self {
            binding: binding.object(),
            role: roles::object(binding),
            subject: subject.clone(),
            reach: binding.metadata.namespace.clone().map_or(Reach::Cluster, Reach::Namespace),
            gap: behind.gap.clone(),
        })
    }

    /// What is not known of it, or what it lacks, as a sentence goes on after naming binding, role and subject.
    pub fn words(&self) -> String {
        match &self.gap {
            None => "there is no such role, so it gives nothing until somebody makes one".to_owned(),
            Some(Gap { reason: GapReason::NotInFiles, .. }) => {
                "the files do not hold that role, so what it allows is not known".to_owned()
            }
            Some(gap) => format!("what that role allows is not known: {gap}"),
        }
    }
}

/// Each once, in the order of bindings.
pub(super) fn sorted(mut all: Vec<Unresolved>) -> Vec<Unresolved> {
    all.sort();
    all.dedup();
    all
}
