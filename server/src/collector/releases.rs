//! Looks at the releases of Helm in the namespaces that the configuration names: by metadata each time, and with a `get` only where another
//! revision is deployed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use posture::drift::release_of;
use posture::kind::Kind;
use posture::record::Record;
use posture::redact::Redactor;
use posture::release::{InNamespace, Manifest, Releases, Sight, Standing};

use crate::cluster::Source;
use crate::cluster::release::{self, Deployed, Listed, ReleaseError};

/// How many releases of a namespace are read.
const MOST_RELEASES: usize = 100;

/// How many bytes the manifests of a namespace may have together, redacted.
const MOST_BYTES: usize = 32 << 20;

/// What is looked at, and what was seen.
#[derive(Debug, Default)]
pub(super) struct Looking {
    namespaces: BTreeMap<String, Namespace>,
    looked_at: Option<Timestamp>,
    /// Whether an upgrade may be going on, so that the next scan looks whatever has caused it.
    is_due: bool,
}

#[derive(Debug, Default)]
struct Namespace {
    read: BTreeMap<String, Read>,
    unlisted: Option<String>,
}

/// What was seen of a release, and from which version of the Secret.
#[derive(Debug)]
struct Read {
    listed: Listed,
    sight: Sight,
    /// Whether the same version would give something else if it were read again.
    is_passing: bool,
}

impl Looking {
    pub(super) fn new(namespaces: &BTreeSet<String>) -> Self {
        let namespaces = namespaces.iter().map(|name| (name.clone(), Namespace::default())).collect();
        Self { namespaces, ..Self::default() }
    }

    /// Takes note of objects that changed: Helm changes those of a release before it says that another revision is deployed.
    pub(super) fn note(&mut self, records: &[Record]) {
        let is_of_release = |record: &Record| {
            let owner = (record.object.kind != Kind::Pod).then(|| release_of(&record.body)).flatten();
            owner.is_some_and(|(namespace, _)| self.namespaces.contains_key(&namespace))
        };
        self.is_due |= !self.namespaces.is_empty() && records.iter().any(is_of_release);
    }

    /// Whether the next scan looks, although it was caused by a change.
    pub(super) fn is_due(&self) -> bool {
        self.is_due
    }

    /// Lists the releases of each namespace, and reads those of which another revision is deployed.
    pub(super) async fn look(&mut self, source: &Source, redactor: &Arc<Redactor>) {
        if self.namespaces.is_empty() {
            return;
        }
        self.looked_at = Some(source.clock().now());
        for (name, namespace) in &mut self.namespaces {
            namespace.look(source, redactor, name).await;
        }
        let mut read = self.namespaces.values().flat_map(|namespace| namespace.read.values());
        self.is_due = read.any(|read| read.listed.standing.is_pending());
    }

    /// What is told of them now.
    pub(super) fn told(&self) -> Releases {
        let told = |namespace: &Namespace| InNamespace {
            releases: namespace.read.iter().map(|(name, read)| (name.clone(), read.sight.clone())).collect(),
            unlisted: namespace.unlisted.clone(),
        };
        Releases {
            namespaces: self
                .namespaces
                .iter()
                .map(|(name, namespace)| (name.clone(), told(namespace)))
                .collect(),
            looked_at: self.looked_at,
        }
    }
}

impl Namespace {
    async fn look(&mut self, source: &Source, redactor: &Arc<Redactor>, namespace: &str) {
        let listed = match release::list_versions(source, namespace).await {
            Ok(listed) => listed,
            Err(error) => {
                self.unlisted = Some(why(&error));
                return;
            }
        };
        self.unlisted = None;
        let mut before = std::mem::take(&mut self.read);
        let (mut number, mut bytes) = (0, 0);
        for (name, listed) in listed {
            number += 1;
            let sight = match before.remove(&name).filter(|before| before.holds_for(&listed)) {
                Some(before) => Ok(Sight { standing: listed.standing, ..before.sight }),
                None if number > MOST_RELEASES => Err((
                    format!(
                        "namespace {namespace} holds more than {MOST_RELEASES} releases, and this one is not read"
                    ),
                    false,
                )),
                None => read(source, redactor, (namespace, &name), listed.standing, MOST_BYTES - bytes).await,
            };
            let is_passing = sight.as_ref().is_err_and(|(_, is_passing)| *is_passing);
            let sight = sight.unwrap_or_else(|(why, _)| Sight {
                standing: listed.standing,
                chart: None,
                manifest: Err(why),
            });
            bytes += sight.manifest.as_ref().map_or(0, |body| body.len());
            self.read.insert(name, Read { listed, sight, is_passing });
        }
    }
}

impl Read {
    /// Whether what was read is what would be read of this.
    fn holds_for(&self, listed: &Listed) -> bool {
        !self.is_passing
            && self.listed.standing.deployed == listed.standing.deployed
            && self.listed.version == listed.version
            // That nothing is deployed is said with the newest revision.
            && (listed.standing.deployed.is_some() || self.listed.standing == listed.standing)
    }
}

/// Reads the deployed revision; else why it cannot be read, and whether that may pass.
async fn read(
    source: &Source,
    redactor: &Arc<Redactor>,
    place: (&str, &str),
    standing: Standing,
    left: usize,
) -> Result<Sight, (String, bool)> {
    let read = release::read_listed(source, redactor, place, standing).await;
    let Deployed { installed, records, skipped } = read.map_err(|error| (why(&error), is_passing(&error)))?;
    let body = Manifest { records, skipped }.write().map_err(|_| ("it cannot be kept".to_owned(), false))?;
    if body.len() > left {
        let most = MOST_BYTES >> 20;
        return Err((format!("the manifests of its namespace are larger than {most} MiB together"), true));
    }
    Ok(Sight { standing, chart: installed.chart, manifest: Ok(body.into()) })
}

fn is_passing(error: &ReleaseError) -> bool {
    match error {
        ReleaseError::Forbidden { .. }
        | ReleaseError::Api { .. }
        | ReleaseError::TooMany(_)
        | ReleaseError::Changing { .. } => true,
        ReleaseError::NoSuchRelease { .. }
        | ReleaseError::NotDeployed { .. }
        | ReleaseError::Unreadable { .. }
        | ReleaseError::Manifest(_) => false,
    }
}

/// Why something cannot be read, as half a sentence, with what helps.
fn why(error: &ReleaseError) -> String {
    match error {
        ReleaseError::Forbidden { .. } => {
            format!("{error}; grant it with `perijove doctor --role-releases`")
        }
        error => error.to_string(),
    }
}
