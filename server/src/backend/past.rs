//! An instant of the past: which scans it leads to, and which other instants are worth a look.

use app::backend::{Moment, Past};
use app::error::AppError;
use posture::Timestamp;

use super::{Spot, failed};
use crate::store::moments::{self, Axis};
use crate::store::{Reading, Scope, scans};

/// What is known of an instant in the clusters shown.
pub(super) async fn past(
    reading: &mut Reading,
    spots: &[Spot],
    scope: &Scope,
    at: Timestamp,
) -> Result<Past, AppError> {
    let mut spans = Vec::new();
    for spot in spots {
        spans.extend(scans::span(reading, spot.id).await.map_err(|error| failed(&error))?);
    }
    let span = spans.iter().map(|(from, _)| *from).min().zip(spans.iter().map(|(_, to)| *to).max());
    let mut marked = Vec::new();
    if let Some((begins, ends)) = span {
        let axis = Axis { begins, ends, parts: Past::PARTS };
        for spot in spots {
            let found = moments::along(reading, spot.id, scope, &axis, at).await;
            marked.push(found.map_err(|error| failed(&error))?);
        }
    }
    let mut found: Vec<Moment> = marked
        .iter()
        .flat_map(|marked| &marked.moments)
        .map(|moment| Moment { at: moment.at, changes: moment.changes })
        .collect();
    found.sort_by_key(|moment| moment.at);
    Ok(Past {
        at,
        taken_at: spots.iter().filter_map(|spot| spot.scan).map(|scan| scan.taken_at).min(),
        paused_until: spots.iter().filter_map(|spot| spot.paused_until).min(),
        span,
        moments: found,
        earlier: marked.iter().filter_map(|marked| marked.earlier).max(),
        later: marked.iter().filter_map(|marked| marked.later).min(),
    })
}
