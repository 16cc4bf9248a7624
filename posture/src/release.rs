//! Releases of Helm: which revision of a release is deployed, and what is said where the newest one is not.

mod sight;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use sight::{InNamespace, Manifest, Releases, Sight};

/// What Helm says of a revision.
///
/// <https://helm.sh/docs/topics/advanced/#storage-backends>; the words are those of `release/v1/status.go`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is what is installed.
    Deployed,
    /// A later one took its place.
    Superseded,
    /// Installing, upgrading or rolling back failed; parts of it may be there.
    Failed,
    /// It was taken out, and its history kept.
    Uninstalled,
    /// It is being taken out, or that broke off.
    Uninstalling,
    /// It is being installed, or that broke off.
    PendingInstall,
    /// The release is being upgraded to it, or that broke off.
    PendingUpgrade,
    /// The release is being rolled back to it, or that broke off.
    PendingRollback,
    /// Another word, or none.
    #[serde(other)]
    Unknown,
}

impl Status {
    /// Every status that Helm gives.
    const ALL: [Self; 9] = [
        Self::Deployed,
        Self::Superseded,
        Self::Failed,
        Self::Uninstalled,
        Self::Uninstalling,
        Self::PendingInstall,
        Self::PendingUpgrade,
        Self::PendingRollback,
        Self::Unknown,
    ];

    /// Helm's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Uninstalled => "uninstalled",
            Self::Uninstalling => "uninstalling",
            Self::PendingInstall => "pending-install",
            Self::PendingUpgrade => "pending-upgrade",
            Self::PendingRollback => "pending-rollback",
            Self::Unknown => "unknown",
        }
    }

    /// Reads Helm's word.
    pub fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|status| status.word() == word).unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The type of the Secrets that Helm keeps revisions in.
pub const SECRET_TYPE: &str = "helm.sh/release.v1";

/// The name of the Secret of a revision.
pub fn secret_name(release: &str, revision: u32) -> String {
    format!("sh.helm.release.v1.{release}.v{revision}")
}

/// Whether a release can have this name: a DNS subdomain of at most 53 characters, as Helm checks it.
pub fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 53 && name.split('.').all(is_label)
}

/// Where a release stands, by the revisions that Helm keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The newest revision that is deployed; `None` where none is.
    pub deployed: Option<u32>,
    /// The newest revision of all, and its status.
    pub newest: (u32, Status),
}

impl Standing {
    /// Whether something is being done to the release, or broke off: another revision may be deployed soon.
    pub fn is_pending(&self) -> bool {
        matches!(
            self.newest.1,
            Status::Uninstalling | Status::PendingInstall | Status::PendingUpgrade | Status::PendingRollback
        )
    }

    /// What to know where the newest revision is another one than what is deployed, as half a sentence.
    pub fn beside(&self) -> Option<String> {
        let (revision, status) = self.newest;
        if self.deployed == Some(revision) {
            return None;
        }
        let follows = match status {
            Status::Failed => "parts of it may be there",
            Status::PendingInstall | Status::PendingUpgrade | Status::PendingRollback => {
                "it is under way or broke off, and parts of it may be there"
            }
            Status::Uninstalling => "the release is being taken out, or that broke off",
            Status::Uninstalled => "the release was taken out",
            Status::Deployed | Status::Superseded | Status::Unknown => "what that left there is not known",
        };
        Some(format!("its newest revision is {revision} with the status {status}: {follows}"))
    }
}

/// A revision that is deployed, and where its release stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// The namespace of the release.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The revision that is deployed.
    pub revision: u32,
    /// Its chart with the version, as in `jupyterhub-4.4.0`: text from the cluster.
    pub chart: Option<String>,
    /// The newest revision of all, and its status.
    pub newest: (u32, Status),
}

impl Installed {
    /// Which revision it is, and what to know where there is a newer one: without a full stop.
    pub fn sentence(&self) -> String {
        let of_chart = self.chart.as_ref().map(|chart| format!(" of chart {chart}")).unwrap_or_default();
        let standing = Standing { deployed: Some(self.revision), newest: self.newest };
        let beside = standing.beside().map(|beside| format!("; {beside}")).unwrap_or_default();
        format!("Helm release {}/{}, revision {}{of_chart}{beside}", self.namespace, self.name, self.revision)
    }
}

/// Where each release stands: by its name, from all its revisions.
pub fn standings(revisions: impl IntoIterator<Item = (String, u32, Status)>) -> BTreeMap<String, Standing> {
    let mut standings: BTreeMap<String, Standing> = BTreeMap::new();
    for (name, revision, status) in revisions {
        let deployed = (status == Status::Deployed).then_some(revision);
        standings
            .entry(name)
            .and_modify(|standing| {
                standing.deployed = standing.deployed.max(deployed);
                standing.newest = standing.newest.max((revision, status));
            })
            .or_insert(Standing { deployed, newest: (revision, status) });
    }
    standings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(revisions: &[(u32, &str)]) -> Standing {
        let revisions = revisions.iter().map(|(number, word)| ("prod".to_owned(), *number, Status::of(word)));
        standings(revisions)["prod"]
    }

    #[test]
    fn the_newest_deployed_revision_counts_in_whatever_order_they_come() {
        let mut revisions = [(9, "superseded"), (10, "deployed"), (2, "superseded"), (8, "deployed")];
        for _ in 0..revisions.len() {
            revisions.rotate_left(1);
            let standing = standing(&revisions);
            assert_eq!((standing.deployed, standing.newest), (Some(10), (10, Status::Deployed)));
            assert_eq!(standing.beside(), None);
        }
    }

    #[test]
    fn a_newer_revision_that_is_not_deployed_is_told() {
        for (word, follows) in [
            ("failed", "parts of it may be there"),
            ("pending-upgrade", "under way or broke off"),
            ("pending-rollback", "under way or broke off"),
            ("uninstalling", "is being taken out"),
            ("something-new", "not known"),
        ] {
            let standing = standing(&[(3, "deployed"), (4, word)]);
            assert_eq!(standing.deployed, Some(3));
            let told = standing.beside().unwrap();
            assert!(told.contains("revision is 4") && told.contains(follows), "{told}");
            assert!(!told.contains("something-new"), "{told}");
        }
    }

    #[test]
    fn a_release_may_have_no_deployed_revision() {
        for word in ["pending-install", "failed", "uninstalled", "superseded"] {
            let standing = standing(&[(1, word)]);
            assert_eq!(standing.deployed, None);
            assert!(standing.beside().is_some());
        }
    }

    #[test]
    fn every_word_of_helm_is_read_as_it_is_written() {
        for status in Status::ALL {
            assert_eq!(Status::of(status.word()), status);
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
        }
    }

    #[test]
    fn a_name_of_a_release_is_a_name_of_dns() {
        for right in ["prod", "a.b-c.1", "x"] {
            assert!(is_name(right), "{right}");
        }
        for wrong in ["", "Prod", "-a", "a-", "a..b", "a/b", "a\u{202e}b", &"a".repeat(54)] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
