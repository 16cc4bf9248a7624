//! What changed in how the user servers of hubs are confined.

use app::backend::HardeningChange;
use app::error::AppError;
use jiff::ToSpan;
use posture::drift::{Hardening, harder};
use posture::gap::Gap;
use posture::kind::Kind;

use super::images::since;
use crate::backend::{Spot, failed, hub_name, hubs_of};
use crate::store::compared::{self, ServerShape};
use crate::store::scans::Scan;
use crate::store::{Reading, Scope};

/// How long before the earlier scan a server may have run to count as there before, in days: who comes once a week has the same server.
pub(super) const REMEMBERED_DAYS: i64 = 7;

/// A change for each hub whose servers are confined in a way that was not there before. Where pods could not be read at one of the scans
/// nothing is said: what is new to Perijove may have been there.
pub(super) async fn hardening(
    reading: &mut Reading,
    spot: &Spot,
    (from, to): (Scan, Scan),
    scope: &Scope,
    unread: &[Gap],
) -> Result<Vec<HardeningChange>, AppError> {
    if unread.iter().any(|gap| gap.kind == Kind::Pod) {
        return Ok(Vec::new());
    }
    let since = since(reading, spot, from, (REMEMBERED_DAYS * 24).hours()).await?;
    let span = (from.number, to.number);
    let shapes = compared::server_shapes(reading, spot.id, since, span, scope)
        .await
        .map_err(|error| failed(&error))?;
    let mut found = Vec::new();
    for hub in hubs_of(reading, spot, scope).await? {
        let ways = |wanted: fn(&ServerShape) -> bool| -> Vec<Hardening> {
            let own = shapes.iter().filter(|shape| shape.hub == hub.id && wanted(shape));
            own.map(|shape| Hardening::of(&shape.body)).collect()
        };
        let fields = harder(&hub.key, &ways(|shape| shape.was_known), &ways(|shape| shape.is_there));
        if !fields.is_empty() {
            found.push(HardeningChange { hub: hub_name(&hub.key), fields });
        }
    }
    Ok(found)
}
