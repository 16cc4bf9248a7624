//! What is there, compared with the manifest that Helm keeps of a release, as the collector read it.

use std::sync::Arc;

use app::backend::{DeclaredReleases, DeclaredView, Declarer, ReleaseName, ReleaseRead};
use app::error::AppError;
use posture::release::Installed;

use super::alone::{LIMIT, broken};
use super::declared::{actual, view};
use crate::backend::{Spot, StoreBackend, failed};
use crate::comparison::compare;
use crate::store::releases::{self, KnownRelease, KnownReleases};
use crate::store::{Reading, Scope};

/// The releases that a viewer may compare with.
pub(super) async fn offered(
    reading: &mut Reading,
    spot: &Spot,
    scope: &Scope,
) -> Result<Option<DeclaredReleases>, AppError> {
    let Some(scan) = spot.scan.filter(|_| *scope == Scope::All) else { return Ok(None) };
    let known = releases::at(reading, spot.id, scan.number).await.map_err(|error| failed(&error))?;
    if known.namespaces.is_empty() {
        return Ok(None);
    }
    let mut view = DeclaredReleases::default();
    for (namespace, unlisted) in known.namespaces {
        if let Some(why) = unlisted {
            view.troubles.push(format!("the releases of {namespace} could not be read: {why}"));
        }
        view.namespaces.push(namespace);
    }
    for ((namespace, name), release) in known.releases {
        match (&release.manifest, release.standing.deployed) {
            (Ok(_), Some(revision)) => view.offered.push((ReleaseName { namespace, name }, revision)),
            (Err(why), deployed) => {
                view.troubles.push(format!("release {name} in {namespace}: {}", unread(deployed, why)));
            }
            (Ok(_), None) => {}
        }
    }
    Ok(Some(view))
}

/// Why a release has no manifest to compare with. That no revision is deployed is so, and nothing failed.
fn unread(deployed: Option<u32>, why: &str) -> String {
    match deployed {
        Some(revision) => format!("revision {revision} could not be read: {why}"),
        None => why.to_owned(),
    }
}

/// The comparison of the scan shown with a release, or why there is none, in words; `None` before the first scan.
pub(super) async fn compared(
    backend: &StoreBackend,
    reading: &mut Reading,
    spot: &Spot,
    scope: &Scope,
    asked: &ReleaseName,
) -> Result<Option<Result<DeclaredView, String>>, AppError> {
    if *scope != Scope::All {
        return Err(AppError::Forbidden { what: "compare this cluster with releases of Helm".to_owned() });
    }
    let Some(scan) = spot.scan else { return Ok(None) };
    let known = releases::at(reading, spot.id, scan.number).await.map_err(|error| failed(&error))?;
    let release = match find(&known, asked) {
        Ok(release) => release,
        Err(why) => return Ok(Some(Err(why))),
    };
    let (KnownRelease { standing, chart, manifest }, unlisted) = release;
    let (content, revision) = match (manifest, standing.deployed) {
        (Ok(content), Some(revision)) => (content, revision),
        (Err(why), deployed) => return Ok(Some(Err(unread(deployed, &why)))),
        (Ok(_), None) => return Ok(Some(Err("no revision of it is deployed".to_owned()))),
    };
    let body = releases::manifest(reading, content).await.map_err(|error| failed(&error))?;
    let actual = actual(reading, spot, scan).await?;
    let (namespace, name) = (asked.namespace.clone(), asked.name.clone());
    let installed = Installed { namespace, name, revision, chart, newest: standing.newest };
    let (settings, looked_at) = (Arc::clone(&backend.settings), known.looked_at);
    let answer = tokio::task::spawn_blocking(move || {
        let manifest = releases::objects(&body).map_err(|error| failed(&error))?;
        let size = actual.records.len();
        let release = Some(installed.clone());
        let report = compare(&manifest.records, actual, release, &settings, scan.taken_at, LIMIT);
        let namespace = installed.namespace.clone();
        let source = ReleaseRead { installed, looked_at, skipped: manifest.skipped, unlisted };
        Ok(view(Declarer::Release(source), namespace, report, size))
    });
    answer.await.map_err(|error| broken(&error))?.map(|view| Some(Ok(view)))
}

/// What is known of a release, and why its namespace could not be listed; or why nothing is known, without what the address says.
fn find(known: &KnownReleases, asked: &ReleaseName) -> Result<(KnownRelease, Option<String>), String> {
    let Some(unlisted) = known.namespaces.get(&asked.namespace) else {
        return Err(
            "the releases of this namespace were not looked at for this scan; `drift.releases` in the configuration names those that are"
                .to_owned(),
        );
    };
    match (known.releases.get(&(asked.namespace.clone(), asked.name.clone())), unlisted) {
        (Some(release), unlisted) => Ok((release.clone(), unlisted.clone())),
        (None, Some(why)) => Err(format!("it could not be read: {why}")),
        (None, None) => Err("there was no such release at this scan; choose one that is offered".to_owned()),
    }
}
