//! An instant of the past: which scans it leads to, and which other instants are worth a look.

use app::backend::{Moment, Past};
use app::error::AppError;
use posture::Timestamp;

use super::{Spot, failed};
use crate::store::{Reading, Scope, moments, scans};

/// What is known of an instant in the clusters shown.
pub(super) async fn past(
    reading: &mut Reading,
    spots: &[Spot],
    scope: &Scope,
    at: Timestamp,
) -> Result<Past, AppError> {
    let mut spans = Vec::new();
    let mut found = Vec::new();
    for spot in spots {
        let span = scans::span(reading, spot.id).await.map_err(|error| failed(&error))?;
        spans.extend(span);
        found.extend(moments::all(reading, spot.id, scope).await.map_err(|error| failed(&error))?);
    }
    found.sort_by_key(|moment| moment.at);
    Ok(Past {
        at,
        taken_at: spots.iter().filter_map(|spot| spot.scan).map(|scan| scan.taken_at).min(),
        paused_until: spots.iter().filter_map(|spot| spot.paused_until).min(),
        span: spans.iter().map(|(from, _)| *from).min().zip(spans.iter().map(|(_, to)| *to).max()),
        moments: found.into_iter().map(|found| Moment { at: found.at, changes: found.changes }).collect(),
    })
}
