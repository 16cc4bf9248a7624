//! Reads what Helm keeps of a release, and lets nothing of it out but which revision it is and its redacted manifest.
//!
//! Helm keeps each revision in a Secret. Those of a namespace are listed as metadata only, and one is read with `get`. What is decoded of
//! it stands in memory that is emptied afterwards, as far as it is ours.

mod decode;

use std::collections::BTreeMap;

use posture::record::Record;
use posture::redact::Redactor;
use posture::release::{Installed, SECRET_TYPE, Standing, Status, is_name, secret_name, standings};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::ApiError;
use super::list::{Fetched, Lister};
use super::path::ResourcePath;
use super::source::Source;
use crate::manifests::ManifestsError;

/// How many revisions of a namespace are listed at most. Helm keeps ten of each release unless it is told otherwise.
const MOST_REVISIONS: usize = 20_000;

/// Why a release cannot be read. No variant carries anything out of a Secret.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The Secrets may not be listed, or not be read.
    #[error(
        "the account may not {verb} the Secrets of namespace {namespace}, in which Helm keeps its releases"
    )]
    Forbidden {
        /// The namespace.
        namespace: String,
        /// What it may not do.
        verb: &'static str,
    },
    /// The API server does not answer as it should.
    #[error("the releases of namespace {namespace} cannot be read: {error}")]
    Api {
        /// The namespace.
        namespace: String,
        /// What went wrong.
        error: ApiError,
    },
    /// There are more revisions than are listed.
    #[error(
        "namespace {0} holds more than {MOST_REVISIONS} revisions of releases; let Helm keep fewer with --history-max"
    )]
    TooMany(String),
    /// There is no release of this name.
    #[error(
        "namespace {namespace} holds no Helm release {name}{there}; name one as NAMESPACE/NAME (`helm list -A` lists them)"
    )]
    NoSuchRelease {
        /// The namespace.
        namespace: String,
        /// The name that was asked for.
        name: String,
        /// Which ones there are, in words, or nothing.
        there: String,
    },
    /// No revision of it is deployed.
    #[error(
        "no revision of Helm release {namespace}/{name} is deployed; {beside}. Look at it with `helm history`"
    )]
    NotDeployed {
        /// The namespace.
        namespace: String,
        /// The name.
        name: String,
        /// Where it stands instead.
        beside: String,
    },
    /// The Secret does not hold what Helm writes.
    #[error(
        "Secret {secret} in namespace {namespace} does not hold a Helm release: {why}; look at it with `helm get manifest`"
    )]
    Unreadable {
        /// The namespace.
        namespace: String,
        /// The name of the Secret.
        secret: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It changed each time it was read.
    #[error("Helm release {namespace}/{name} changes while it is read; try again when its upgrade is done")]
    Changing {
        /// The namespace.
        namespace: String,
        /// The name.
        name: String,
    },
    /// The manifest is broken, which Helm would not have installed.
    #[error("{0}")]
    Manifest(#[from] ManifestsError),
}

/// The deployed revision of a release, with what it declares.
#[derive(Debug)]
pub struct Deployed {
    /// Which revision it is, and where its release stands.
    pub installed: Installed,
    /// The objects of its manifest, redacted.
    pub records: Vec<Record>,
    /// How many objects of kinds that are not read it declares besides, Secrets among them.
    pub skipped: usize,
}

/// A release as the Secrets of its revisions list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Where it stands.
    pub standing: Standing,
    /// The resourceVersion of the Secret of the deployed revision: as long as it is the same, so is what it holds. Empty where none is
    /// deployed.
    pub version: String,
}

/// Where each release of a namespace stands, by its name.
pub async fn list(source: &Source, namespace: &str) -> Result<BTreeMap<String, Standing>, ReleaseError> {
    let listed = list_versions(source, namespace).await?;
    Ok(listed.into_iter().map(|(name, listed)| (name, listed.standing)).collect())
}

/// The same with the versions of what they are read from.
pub async fn list_versions(
    source: &Source,
    namespace: &str,
) -> Result<BTreeMap<String, Listed>, ReleaseError> {
    let revisions = revisions(source, namespace).await?;
    let of_standings =
        revisions.iter().map(|revision| (revision.name.clone(), revision.number, revision.status));
    let mut listed: BTreeMap<_, _> = standings(of_standings)
        .into_iter()
        .map(|(name, standing)| (name, Listed { standing, version: String::new() }))
        .collect();
    for revision in revisions {
        if let Some(listed) = listed.get_mut(&revision.name)
            && listed.standing.deployed == Some(revision.number)
        {
            listed.version = revision.version;
        }
    }
    Ok(listed)
}

/// A revision as its Secret is listed.
struct Revision {
    name: String,
    number: u32,
    status: Status,
    version: String,
}

async fn revisions(source: &Source, namespace: &str) -> Result<Vec<Revision>, ReleaseError> {
    let mut lister = Lister::new(source, ResourcePath::releases(namespace), true);
    // Metadata may hold an annotation with a copy of the values.
    let mut page = Zeroizing::new(Vec::new());
    let mut revisions = Vec::new();
    loop {
        match lister.fetch(&mut page).await.map_err(|error| refused(namespace, "list", error))? {
            Fetched::Restarted => revisions.clear(),
            Fetched::Page => {
                let read: Page = serde_json::from_slice(&page).map_err(|_| {
                    let why = "the answer is not a list of metadata that can be understood";
                    refused(namespace, "list", ApiError::Malformed(why.to_owned()))
                })?;
                revisions.extend(read.items.into_iter().filter_map(Item::revision));
                if revisions.len() > MOST_REVISIONS {
                    return Err(ReleaseError::TooMany(namespace.to_owned()));
                }
                if !lister.go_on(read.metadata.token) {
                    return Ok(revisions);
                }
            }
        }
    }
}

fn refused(namespace: &str, verb: &'static str, error: ApiError) -> ReleaseError {
    let namespace = namespace.to_owned();
    match error {
        ApiError::Forbidden => ReleaseError::Forbidden { namespace, verb },
        error => ReleaseError::Api { namespace, error },
    }
}

/// How often a release is read that is upgraded meanwhile.
const ATTEMPTS: usize = 3;

/// Reads the deployed revision of a release.
pub async fn read(
    source: &Source,
    redactor: &std::sync::Arc<Redactor>,
    namespace: &str,
    name: &str,
) -> Result<Deployed, ReleaseError> {
    for _ in 0..ATTEMPTS {
        let standings = list(source, namespace).await?;
        let Some(standing) = standings.get(name).copied() else {
            return Err(no_such(namespace, name, &standings));
        };
        if let Some(deployed) = read_deployed(source, redactor, (namespace, name), standing).await? {
            return Ok(deployed);
        }
    }
    Err(ReleaseError::Changing { namespace: namespace.to_owned(), name: name.to_owned() })
}

/// Reads the deployed revision of a release that was listed; `None` where it is not deployed any more.
async fn read_deployed(
    source: &Source,
    redactor: &std::sync::Arc<Redactor>,
    (namespace, name): (&str, &str),
    standing: Standing,
) -> Result<Option<Deployed>, ReleaseError> {
    let Some(revision) = standing.deployed else {
        return Err(ReleaseError::NotDeployed {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            beside: standing.beside().unwrap_or_default(),
        });
    };
    read_revision(source, redactor, (namespace, name), standing, revision).await
}

/// Reads the deployed revision of a release that was just listed.
pub async fn read_listed(
    source: &Source,
    redactor: &std::sync::Arc<Redactor>,
    (namespace, name): (&str, &str),
    standing: Standing,
) -> Result<Deployed, ReleaseError> {
    read_deployed(source, redactor, (namespace, name), standing)
        .await?
        .ok_or_else(|| ReleaseError::Changing { namespace: namespace.to_owned(), name: name.to_owned() })
}

/// How many other releases are named.
const NAMED: usize = 5;

fn no_such(namespace: &str, name: &str, there: &BTreeMap<String, Standing>) -> ReleaseError {
    let names: Vec<&str> = there.keys().take(NAMED).map(String::as_str).collect();
    let there = match there.len() {
        0 => String::new(),
        count if count > NAMED => format!(", but {} and {} more", names.join(", "), count - NAMED),
        _ => format!(", but {}", names.join(", ")),
    };
    ReleaseError::NoSuchRelease { namespace: namespace.to_owned(), name: name.to_owned(), there }
}

/// Reads one revision; `None` where it is not deployed any more.
async fn read_revision(
    source: &Source,
    redactor: &std::sync::Arc<Redactor>,
    (namespace, name): (&str, &str),
    standing: Standing,
    revision: u32,
) -> Result<Option<Deployed>, ReleaseError> {
    let secret = secret_name(name, revision);
    let body = match source.private_object(&ResourcePath::secrets(namespace), &secret).await {
        Ok(body) => body,
        Err(ApiError::NotFound) => return Ok(None),
        Err(error) => return Err(refused(namespace, "get", error)),
    };
    let redactor = std::sync::Arc::clone(redactor);
    let asked = (namespace.to_owned(), name.to_owned());
    // Inflating and decoding is work, and nobody else should wait for it.
    let task = tokio::task::spawn_blocking(move || {
        let (namespace, name) = (&asked.0, &asked.1);
        let held = decode::release(&body)?;
        drop(body);
        if (&held.namespace, &held.name, held.revision) != (namespace, name, revision) {
            return Err(decode::Fault::Held("it says of itself that it is another revision"));
        }
        if held.status != Status::Deployed {
            return Ok(None);
        }
        let place = format!("the manifest of Helm release {namespace}/{name}, revision {revision}");
        let manifests = crate::manifests::read_text(&place, &held.manifest, namespace, &redactor)
            .map_err(|error| decode::Fault::Manifest(Box::new(error)))?;
        if manifests.records.is_empty() {
            return Err(decode::Fault::Held("its manifest holds no object that Perijove reads"));
        }
        let newest = standing.newest;
        Ok(Some(Deployed {
            installed: Installed {
                namespace: held.namespace,
                name: held.name,
                revision,
                chart: held.chart,
                newest,
            },
            records: manifests.records,
            skipped: manifests.skipped,
        }))
    });
    match task.await.unwrap_or(Err(decode::Fault::Held("decoding it failed"))) {
        Ok(deployed) => Ok(deployed),
        Err(decode::Fault::Held(why)) => {
            Err(ReleaseError::Unreadable { namespace: namespace.to_owned(), secret, why })
        }
        Err(decode::Fault::Manifest(error)) => Err(ReleaseError::Manifest(*error)),
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    items: Vec<Item>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(rename = "continue", default)]
    token: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    #[serde(default, rename = "resourceVersion")]
    resource_version: String,
    #[serde(default)]
    labels: Labels,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Labels {
    name: String,
    version: String,
    status: String,
}

impl Item {
    /// The release, the number of the revision and its status; `None` where labels and name are not what Helm writes.
    fn revision(self) -> Option<Revision> {
        let Labels { name, version, status } = self.metadata.labels;
        let number: u32 = version.parse().ok()?;
        let is_of_helm = is_name(&name) && self.metadata.name == secret_name(&name, number);
        let status = Status::of(&status);
        is_of_helm.then_some(Revision { name, number, status, version: self.metadata.resource_version })
    }
}

#[cfg(test)]
mod tests;
