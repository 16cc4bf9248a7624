//! The objects that a question is put to: those of a cluster, or those of files as if there were no others.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use posture::Timestamp;
use posture::access::{RightsIndex, subject};
use posture::check::{Context, Recall, Verdict};
use posture::checks;
use posture::derived::{Derived, derive};
use posture::facts::Subject;
use posture::gap::{Gap, GapReason};
use posture::judge::judge_with;
use posture::kind::Kind;
use posture::listing::{Coverage, Placed};
use posture::redact::{Names, Redactor};
use posture::snapshot::{Origin, Snapshot, SnapshotBuilder};

use crate::cli::{ClusterArgs, Stopped, scan};
use crate::cluster::Source;
use crate::config::Config;
use crate::manifests;

/// The check that tells whether the API server asks RBAC at all.
const ENFORCED: &str = "RBA-01";

/// The kinds that decide who may do what; service accounts and pods decide whose rights can be taken.
const KINDS: [Kind; 6] = [
    Kind::ServiceAccount,
    Kind::Role,
    Kind::ClusterRole,
    Kind::RoleBinding,
    Kind::ClusterRoleBinding,
    Kind::Pod,
];

/// Kinds of which files are taken to hold all there is. A role that they lack may be one of Kubernetes itself.
const TAKEN_FOR_ALL: [Kind; 4] =
    [Kind::ServiceAccount, Kind::RoleBinding, Kind::ClusterRoleBinding, Kind::Pod];

/// The objects, and what follows from them.
pub(super) struct World {
    /// The objects.
    pub(super) snapshot: Snapshot,
    /// Whether RBAC decides: `yes`, `no`, `unknown`.
    pub(super) enforced: &'static str,
    /// Why that is unknown, where more can be said than that files do not show it.
    pub(super) doubt: Option<String>,
    /// What could not be read of the kinds that matter.
    pub(super) gaps: Vec<Gap>,
    /// Whether the objects are those of files.
    pub(super) is_files: bool,
    derived: Derived,
}

impl World {
    /// What a cluster holds now.
    pub(super) async fn of_cluster(cluster: &ClusterArgs, config: &Config) -> Result<Self, Stopped> {
        let redactor = Arc::new(Redactor::new(scan::passing_key()?, Names::Hashed));
        let source = Source::connect(&scan::target(cluster), scan::tuning(&config.collect)).await?;
        let input = scan::read(source, scan::settings("cluster", config), redactor, None).await?;
        let gaps = input.snapshot.gaps();
        Ok(Self::new(input.snapshot, gaps, config, input.taken_at))
    }

    /// What files hold, taken for all there is.
    pub(super) fn of_files(files: &[PathBuf], namespace: &str, config: &Config) -> Result<Self, Stopped> {
        let manifests =
            manifests::read(files, namespace).map_err(|error| Stopped::input(error.to_string()))?;
        let now = Timestamp::now();
        let mut builder = SnapshotBuilder::new(Origin::Declared, "files");
        for record in &manifests.records {
            builder.apply(record).map_err(|misfit| Stopped::input(misfit.to_string()))?;
        }
        let gaps = builder.build(now).gaps();
        for kind in TAKEN_FOR_ALL {
            builder.cover(kind, Coverage::full());
        }
        Ok(Self::new(builder.build(now), gaps, config, now))
    }

    fn new(snapshot: Snapshot, mut gaps: Vec<Gap>, config: &Config, now: Timestamp) -> Self {
        gaps.retain(|gap| KINDS.contains(&gap.kind));
        let derived = derive(&snapshot, &config.judge, now);
        let recall = Recall::default();
        let context =
            Context { snapshot: &snapshot, derived: &derived, recall: &recall, settings: &config.judge, now };
        let check: Vec<_> = checks::find(ENFORCED).into_iter().collect();
        let found = judge_with(&check, &context).into_iter().next();
        // A warning says that something else may allow things too, or that who asks is allowed everything: neither proves RBAC to be off.
        let enforced = match found.as_ref().map(|finding| finding.verdict) {
            Some(Verdict::Pass) => "yes",
            Some(Verdict::Fail) => "no",
            _ => "unknown",
        };
        let is_files = snapshot.origin == Origin::Declared;
        let is_doubt = |verdict| verdict == Verdict::Warn || verdict == Verdict::Unknown && !is_files;
        let doubt =
            found.filter(|finding| is_doubt(finding.verdict)).map(|finding| finding.reason.to_string());
        Self { snapshot, enforced, doubt, gaps, is_files, derived }
    }

    /// Who may do what.
    pub(super) fn rights(&self) -> &RightsIndex {
        &self.derived.rights
    }

    /// Says whether there can be such an account, or which ones are called nearly so. Users and groups are no objects: the API server
    /// takes any name.
    pub(super) fn find(&self, wanted: &Subject) -> Result<(), String> {
        let Some(namespace) = wanted.namespace.as_deref() else { return Ok(()) };
        let is_bound = self.rights().subjects().any(|subject| subject == wanted);
        // Every namespace has the account `default`.
        if is_bound || wanted.name == "default" {
            return Ok(());
        }
        match self.snapshot.service_accounts.get(Some(namespace), &wanted.name) {
            Ok(None) => Err(self.unknown(wanted)),
            Ok(Some(_)) | Err(_) => Ok(()),
        }
    }

    fn unknown(&self, wanted: &Subject) -> String {
        let accounts = self.snapshot.service_accounts.present();
        let objects =
            accounts.filter_map(|found| Some(posture::access::account(found.namespace()?, found.name())));
        let bound = self.rights().subjects().filter(|subject| subject.namespace.is_some()).cloned();
        let known: BTreeSet<Subject> = objects.chain(bound).collect();
        let mut near: Vec<(usize, String)> =
            known.iter().map(|found| (distance(found, wanted), subject::key(found))).collect();
        near.sort();
        let names: Vec<String> = near.into_iter().take(4).map(|(_, key)| key).collect();
        let place = if self.is_files { "these files hold" } else { "the cluster has" };
        let hint = if names.is_empty() {
            format!("{place} no ServiceAccount at all")
        } else {
            format!("there is {}", names.join(", "))
        };
        format!("{place} no {}; {hint}", subject::key(wanted))
    }
}

/// How far two accounts are from each other: the letters to change, and another namespace counts for a few.
fn distance(one: &Subject, other: &Subject) -> usize {
    let namespaces = if one.namespace == other.namespace { 0 } else { 4 };
    namespaces + letters(&one.name, &other.name)
}

/// The number of letters to insert, remove or replace.
fn letters(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, expected) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *expected);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

/// Whether a gap says only that files do not hold everything.
pub(super) fn is_of_files(gap: &Gap) -> bool {
    gap.reason == GapReason::NotInFiles
}

#[cfg(test)]
mod tests {
    use posture::snapshot::{AccessAnswer, AuthorizerReason, Reviews};

    use super::*;

    #[test]
    fn a_superuser_who_asks_proves_nothing_about_rbac() {
        let reason = AuthorizerReason::None;
        let allowed = |question: &str| AccessAnswer { question: question.to_owned(), allowed: true, reason };
        let reviews = Reviews {
            granted: Some(allowed("list pods")),
            not_granted: Some(allowed("delete nodes")),
            ..Reviews::default()
        };
        let now = Timestamp::UNIX_EPOCH;
        let mut builder = SnapshotBuilder::new(Origin::Observed, "cluster");
        for kind in KINDS {
            builder.cover(kind, Coverage::full());
        }
        builder.reviews(Ok(reviews));
        let world = World::new(builder.build(now), Vec::new(), &Config::default(), now);
        assert_eq!(world.enforced, "unknown");
        let doubt = world.doubt.unwrap_or_default();
        assert!(doubt.contains("or this scan runs as a superuser"), "{doubt}");
    }

    #[test]
    fn near_names_are_told_by_the_letters_to_change() {
        assert_eq!(letters("hub", "hub"), 0);
        assert_eq!(letters("hub", "hubs"), 1);
        assert_eq!(letters("", "abc"), 3);
        assert_eq!(letters("kitten", "sitting"), 3);
    }
}
