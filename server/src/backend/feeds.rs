//! Calendars of the ends of certificates: made and revoked by who may, read by whoever knows the token.

use app::backend::{At, CertificatesView, FeedRow};
use app::error::AppError;
use app::viewer::{Role, Viewer};

use super::{StoreBackend, certificates, failed, not_found, scope};
use crate::store::{ClusterId, Reading, Scope, clusters, feeds};

/// How long the name of a calendar may be, in characters.
const LONGEST_NAME: usize = 60;

/// Whether a viewer may make calendars: they show the whole cluster to whoever has the address.
pub(super) fn may_make(viewer: &Viewer) -> bool {
    viewer.role == Role::Admin && scope(viewer) == Scope::All
}

fn forbidden() -> AppError {
    AppError::Forbidden { what: "make or revoke calendars of this cluster".to_owned() }
}

/// The calendars of a cluster.
pub(super) async fn list(reading: &mut Reading, cluster: ClusterId) -> Result<Vec<FeedRow>, AppError> {
    let found = feeds::list(reading, cluster).await.map_err(|error| failed(&error))?;
    let row = |feed: feeds::Feed| FeedRow {
        id: feed.id,
        name: feed.name,
        made_at: feed.made_at,
        used_at: feed.used_at,
    };
    Ok(found.into_iter().map(row).collect())
}

async fn cluster(backend: &StoreBackend, viewer: &Viewer, name: &str) -> Result<ClusterId, AppError> {
    if !may_make(viewer) {
        return Err(forbidden());
    }
    let reading = &mut backend.read().await?;
    let spot = backend.spot(reading, &scope(viewer), At::Now, name).await?;
    // One that has never answered is not in the store.
    spot.scan.map(|_| spot.id).ok_or_else(|| not_found("scan of this cluster"))
}

pub(super) async fn make(
    backend: &StoreBackend,
    viewer: &Viewer,
    name_of_cluster: &str,
    name: &str,
    token: &str,
) -> Result<(), AppError> {
    let cluster = cluster(backend, viewer, name_of_cluster).await?;
    let name = name.trim();
    let refuse = |what: String| AppError::BadRequest { what };
    if name.is_empty() {
        return Err(refuse("a calendar needs a name; go back and write one".to_owned()));
    }
    if name.chars().count() > LONGEST_NAME {
        let what =
            format!("the name of a calendar has at most {LONGEST_NAME} characters; go back and shorten it");
        return Err(refuse(what));
    }
    let now = backend.clock.now();
    let made = backend.store.make_feed(cluster, (name, token), &scope(viewer), now).await;
    if made.map_err(|error| failed(&error))? {
        return Ok(());
    }
    Err(refuse(format!("this cluster has {} calendars already; go back and revoke one", feeds::MOST)))
}

pub(super) async fn revoke(
    backend: &StoreBackend,
    viewer: &Viewer,
    name_of_cluster: &str,
    id: i64,
) -> Result<(), AppError> {
    let cluster = cluster(backend, viewer, name_of_cluster).await?;
    let was_there = backend.store.revoke_feed(cluster, id).await.map_err(|error| failed(&error))?;
    if was_there { Ok(()) } else { Err(not_found("such calendar")) }
}

/// What a calendar shows: as much as its maker may see.
pub(super) async fn feed(backend: &StoreBackend, token: &str) -> Result<CertificatesView, AppError> {
    let reading = &mut backend.read().await?;
    let found = feeds::find(reading, token).await.map_err(|error| failed(&error))?;
    let found = found.ok_or_else(|| not_found("such calendar"))?;
    let all = clusters::list(reading, &found.scope).await.map_err(|error| failed(&error))?;
    let view = all.into_iter().find(|view| view.id == found.cluster);
    let view = view.ok_or_else(|| not_found("such calendar"))?;
    let spot = super::Spot::of(reading, view, At::Now).await?;
    let shown = certificates::shown(backend, reading, &spot, At::Now, &found.scope).await?;
    if let Err(error) = backend.store.feed_was_used(&found, backend.clock.now()).await {
        // Nobody who reads a calendar can help it.
        tracing::warn!(error = %error, "when a calendar was asked for last could not be written");
    }
    Ok(shown)
}
