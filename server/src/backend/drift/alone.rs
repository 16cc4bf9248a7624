//! What each change between two scans did on its own: the earlier scan is judged again with nothing but that change.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::backend::{HubName, Untried};
use app::error::AppError;
use posture::drift::{Effect, Trial};
use posture::record::Record;

use crate::backend::{Spot, StoreBackend, failed, hub_name};
use crate::comparison::Limit;
use crate::store::scans::Scan;
use crate::store::{HubId, Reading, Scope, rebuild, recall};

/// How much is judged again while somebody waits for a page: with what is rebuilt before, some 300 ms.
pub(super) const LIMIT: Limit = Limit { changes: 20, objects: 20_000 };

/// What changes did on their own.
#[derive(Debug, Default)]
pub(super) struct Alone {
    /// An effect for each change in their order; empty where there were too many.
    pub(super) effects: Vec<Effect>,
    /// Set where there were too many.
    pub(super) untried: Option<Untried>,
}

/// How many changes of so many objects are tried.
pub(super) fn most(objects: usize) -> usize {
    (LIMIT.objects / objects.max(1)).min(LIMIT.changes)
}

/// What each of these changes did on its own since a scan; each with the object as it was and as it is.
pub(super) async fn effects(
    backend: &StoreBackend,
    reading: &mut Reading,
    spot: &Spot,
    from: Scan,
    changes: Vec<(Option<Record>, Option<Record>)>,
) -> Result<Alone, AppError> {
    if changes.is_empty() {
        return Ok(Alone::default());
    }
    let size = rebuild::size(reading, spot.id, from.number).await.map_err(|error| failed(&error))?;
    if !LIMIT.allows(changes.len(), size) {
        return Ok(Alone { effects: Vec::new(), untried: Some(Untried { most: most(size) }) });
    }
    let builder =
        rebuild::builder(reading, spot.id, from.number, drop).await.map_err(|error| failed(&error))?;
    let recall = recall::before(reading, spot.id, from.number).await.map_err(|error| failed(&error))?;
    let settings = Arc::clone(&backend.settings);
    let tried = tokio::task::spawn_blocking(move || {
        let mut trial = Trial::new(builder, recall, &settings, from.taken_at);
        let each = changes
            .iter()
            .map(|(before, after)| trial.effect_on_earlier(&[(before.as_ref(), after.as_ref())]));
        each.collect()
    });
    let effects = tried.await.map_err(|error| broken(&error))?;
    Ok(Alone { effects, untried: None })
}

/// Judging ended early: a fault of ours, which no page hides.
pub(super) fn broken(error: &tokio::task::JoinError) -> AppError {
    tracing::error!(error = %error, "a comparison ended before its time");
    AppError::Internal { what: "the comparison could not be made".to_owned() }
}

/// What of an effect a viewer may see, and has pages to lead to: hubs that are there, and the cluster only for who sees all of it.
pub(super) fn within(mut effect: Effect, hubs: &BTreeMap<HubId, HubName>, scope: &Scope) -> Effect {
    let is_seen = |key: &posture::hub::HubKey| hubs.values().any(|hub| *hub == hub_name(key));
    effect.findings.retain(|finding| finding.hub.as_ref().map_or(*scope == Scope::All, is_seen));
    effect.reach.retain(|reach| is_seen(&reach.hub));
    effect
}
