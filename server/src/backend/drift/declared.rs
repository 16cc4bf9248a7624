//! What is there, compared with what a file of the configured folder declares.

use std::collections::BTreeSet;
use std::sync::Arc;

use app::backend::{DeclaredFile, DeclaredFiles, DeclaredView, Declarer, DriftChange, DriftEvent, Untried};
use app::error::AppError;
use posture::drift::Event;
use posture::hub::HubKey;
use posture::output::DriftReport;
use posture::record::Record;
use posture::redact::{Names, Redactor};

use super::alone::{LIMIT, broken, most};
use crate::backend::{Declared, Spot, StoreBackend, failed, hubs_of, not_found};
use crate::comparison::{Actual, compare};
use crate::manifests;
use crate::store::scans::Scan;
use crate::store::{Reading, Scope, coverage, rebuild, recall};

/// The files that a viewer may compare with.
pub(super) async fn offered(
    backend: &StoreBackend,
    reading: &mut Reading,
    spot: &Spot,
    scope: &Scope,
) -> Result<Option<DeclaredFiles>, AppError> {
    let Some(declared) = backend.declared.clone().filter(|_| *scope == Scope::All) else { return Ok(None) };
    let hubs = hubs_of(reading, spot, scope).await?;
    let namespaces: BTreeSet<_> = hubs.into_iter().map(|hub| hub.key.namespace).collect();
    let found = tokio::task::spawn_blocking(move || declared.folder.offered()).await;
    let mut files =
        DeclaredFiles { namespaces: namespaces.into_iter().collect(), ..DeclaredFiles::default() };
    match found.map_err(|error| broken(&error))? {
        Ok(offered) => (files.names, files.is_more) = (offered.names, offered.is_more),
        Err(error) => files.trouble = Some(format!("{error}; check `drift.folder` in the configuration")),
    }
    Ok(Some(files))
}

/// The comparison of the scan shown with a file, or why there is none, in words; `None` before the first scan.
pub(super) async fn compared(
    backend: &StoreBackend,
    reading: &mut Reading,
    spot: &Spot,
    scope: &Scope,
    asked: &DeclaredFile,
) -> Result<Option<Result<DeclaredView, String>>, AppError> {
    if *scope != Scope::All {
        return Err(AppError::Forbidden { what: "compare this cluster with files".to_owned() });
    }
    let Some(declared) = backend.declared.clone() else {
        return Err(not_found("folder of declared files (the setting `drift.folder` names one)"));
    };
    let Some(scan) = spot.scan else { return Ok(None) };
    let hubs: Vec<_> = hubs_of(reading, spot, scope).await?.into_iter().map(|hub| hub.key).collect();
    let actual = actual(reading, spot, scan).await?;
    let (settings, asked) = (Arc::clone(&backend.settings), asked.clone());
    let answer = tokio::task::spawn_blocking(move || {
        let file = read(&declared, &asked, &hubs)?;
        let size = actual.records.len();
        let report = compare(&file.records, actual, None, &settings, scan.taken_at, LIMIT);
        Ok(view(Declarer::File(asked.name), file.namespace, report, size))
    });
    answer.await.map_err(|error| broken(&error)).map(Some)
}

/// What was there at a scan.
pub(super) async fn actual(reading: &mut Reading, spot: &Spot, scan: Scan) -> Result<Actual, AppError> {
    let mut records = Vec::new();
    let builder = rebuild::builder(reading, spot.id, scan.number, |record| records.push(record));
    let builder = builder.await.map_err(|error| failed(&error))?;
    let coverage = coverage::at(reading, spot.id, scan.number).await.map_err(|error| failed(&error))?;
    let recall = recall::before(reading, spot.id, scan.number).await.map_err(|error| failed(&error))?;
    Ok(Actual { records, coverage, builder, recall })
}

/// What a file declares.
struct File {
    records: Vec<Record>,
    namespace: String,
}

/// Reads a file. What names no namespace in it is put into the one that is asked for, or into that of the hub it declares.
fn read(declared: &Declared, asked: &DeclaredFile, hubs: &[HubKey]) -> Result<File, String> {
    let bytes = declared.folder.read(&asked.name).map_err(|error| error.to_string())?;
    let decode = |namespace: &str| {
        let redactor = Redactor::new(declared.key.clone(), Names::Hashed);
        for hub in hubs {
            redactor.add_hub_namespace(&hub.namespace);
        }
        let found = manifests::of_file(&asked.name, bytes.clone(), namespace, &redactor);
        found.map(|manifests| manifests.records).map_err(|error| error.to_string())
    };
    if let Some(namespace) = &asked.namespace {
        crate::config::namespace_name(namespace)
            .map_err(|why| format!("the address asks for what cannot be a namespace: {why}"))?;
        return Ok(File { records: decode(namespace)?, namespace: namespace.clone() });
    }
    let (one, other) = (decode("default")?, decode("kube-public")?);
    if one.iter().zip(&other).all(|(one, other)| one.object == other.object) {
        return Ok(File { records: one, namespace: "default".to_owned() });
    }
    let namespaces: BTreeSet<_> = hubs
        .iter()
        .filter(|hub| one.iter().any(|record| is_of(record, hub)))
        .map(|hub| hub.namespace.clone())
        .collect();
    match namespaces.into_iter().collect::<Vec<_>>().as_slice() {
        [namespace] => Ok(File { records: decode(namespace)?, namespace: namespace.clone() }),
        [] => Err("not every object in it names a namespace, and no hub here is of its release; choose the namespace".to_owned()),
        _ => Err(
            "not every object in it names a namespace, and hubs in several namespaces are of its release; choose the namespace"
                .to_owned(),
        ),
    }
}

/// Whether an object says that it is of a hub's release.
fn is_of(record: &Record, hub: &HubKey) -> bool {
    let labels = record.body.pointer("/metadata/labels");
    ["release", "app.kubernetes.io/instance"].iter().any(|label| {
        labels.and_then(|labels| labels.get(*label)).is_some_and(|release| *release == *hub.release)
    })
}

/// The answer, of a cluster with so many objects.
pub(super) fn view(source: Declarer, namespace: String, report: DriftReport, size: usize) -> DeclaredView {
    let changes = report.changes();
    let event = |(Event { upgrade, changes }, effects): (Event, Vec<Option<_>>)| {
        let changes = changes.into_iter().zip(effects);
        let changes = changes.map(|(change, alone)| DriftChange { change, seen_at: None, hub: None, alone });
        DriftEvent { upgrade, changes: changes.collect(), together: Vec::new() }
    };
    DeclaredView {
        source,
        namespace,
        events: report.events.into_iter().map(event).collect(),
        effect: report.effect,
        restarts: report.restarts,
        compared: report.compared,
        uncompared: report.uncompared,
        untried: (!LIMIT.allows(changes, size)).then(|| Untried { most: most(size) }),
    }
}
