//! The certificates of a cluster, from the stored table of a scan.

use app::backend::{At, CertificatesView};
use app::error::AppError;
use app::viewer::Viewer;

use super::{StoreBackend, failed, scope};
use crate::store::{Computed, Scope, computed};

pub(super) async fn certificates(
    backend: &StoreBackend,
    viewer: &Viewer,
    at: At,
    cluster: &str,
) -> Result<CertificatesView, AppError> {
    let scope = scope(viewer);
    let reading = &mut backend.read().await?;
    let spot = backend.spot(reading, &scope, at, cluster).await?;
    let now = backend.clock.now();
    let mut view = CertificatesView {
        cluster: spot.name.clone(),
        is_judged: spot.scan.is_some(),
        table: None,
        is_limited: scope != Scope::All,
        as_of: now,
    };
    let Some(scan) = spot.scan else { return Ok(view) };
    if at != At::Now {
        view.as_of = scan.taken_at;
    }
    let stored = computed::at(reading, (spot.id, None), (Computed::Certificates, ""), scan.number, &scope)
        .await
        .map_err(|error| failed(&error))?;
    // What cannot be understood was written by another version of the program; the next scan writes it again.
    view.table = stored.and_then(|stored| serde_json::from_str(&stored.body).ok());
    Ok(view)
}
