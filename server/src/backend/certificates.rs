//! The certificates of a cluster, from the stored table of a scan, and one of them with its past.

use app::backend::{At, CertificateView, CertificatesView};
use app::error::AppError;
use app::viewer::Viewer;
use posture::certificates::CertificateTable;

use super::{Spot, StoreBackend, failed, feeds, not_found, renewals, scope};
use crate::store::{Computed, Reading, Scope, computed};

pub(super) async fn certificates(
    backend: &StoreBackend,
    viewer: &Viewer,
    at: At,
    cluster: &str,
) -> Result<CertificatesView, AppError> {
    let scope = scope(viewer);
    let reading = &mut backend.read().await?;
    let spot = backend.spot(reading, &scope, at, cluster).await?;
    let mut view = shown(backend, reading, &spot, at, &scope).await?;
    if at == At::Now && feeds::may_make(viewer) {
        view.feeds = Some(feeds::list(reading, spot.id).await?);
    }
    Ok(view)
}

/// What is known of the certificates of a cluster, for whoever may see this much.
pub(super) async fn shown(
    backend: &StoreBackend,
    reading: &mut Reading,
    spot: &Spot,
    at: At,
    scope: &Scope,
) -> Result<CertificatesView, AppError> {
    let mut view = CertificatesView {
        cluster: spot.name.clone(),
        is_judged: spot.scan.is_some(),
        table: None,
        is_limited: *scope != Scope::All,
        as_of: backend.clock.now(),
        feeds: None,
    };
    if let (Some(scan), At::Past(_)) = (spot.scan, at) {
        view.as_of = scan.taken_at;
    }
    view.table = table(reading, spot, scope).await?;
    Ok(view)
}

async fn table(
    reading: &mut Reading,
    spot: &Spot,
    scope: &Scope,
) -> Result<Option<CertificateTable>, AppError> {
    let Some(scan) = spot.scan else { return Ok(None) };
    let stored = computed::at(reading, (spot.id, None), (Computed::Certificates, ""), scan.number, scope)
        .await
        .map_err(|error| failed(&error))?;
    // What cannot be understood was written by another version of the program; the next scan writes it again.
    Ok(stored.and_then(|stored| serde_json::from_str(&stored.body).ok()))
}

pub(super) async fn certificate(
    backend: &StoreBackend,
    viewer: &Viewer,
    at: At,
    cluster: &str,
    key: &str,
) -> Result<CertificateView, AppError> {
    let scope = scope(viewer);
    let reading = &mut backend.read().await?;
    let spot = backend.spot(reading, &scope, at, cluster).await?;
    let view = shown(backend, reading, &spot, at, &scope).await?;
    // A certificate that is kept by nobody any more is gone; its cluster's list leads to those that are.
    let unknown = || not_found("such certificate");
    let table = view.table.ok_or_else(unknown)?;
    let index =
        table.certificates.iter().position(|certificate| certificate.key() == key).ok_or_else(unknown)?;
    let renewals = match spot.scan {
        Some(scan) => renewals::of(reading, (spot.id, scan.number), &table.certificates[index]).await?,
        None => Vec::new(),
    };
    Ok(CertificateView { cluster: view.cluster, table, index, as_of: view.as_of, renewals })
}
