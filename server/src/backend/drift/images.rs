//! Images that run with another digest under the same name.

use app::error::AppError;
use jiff::{Span, ToSpan};
use posture::Timestamp;
use posture::drift::{FieldChange, images};
use posture::gap::Gap;
use posture::kind::Kind;

use super::servers::REMEMBERED_DAYS;
use crate::backend::{Spot, failed, hubs_of};
use crate::store::compared::{self, ImageSpan};
use crate::store::scans::{self, Scan};
use crate::store::{Reading, ScanNumber, Scope};

/// How long before the earlier scan a pod of a workload may have run to count as there before, in hours: longer than pods take to be
/// moved to other nodes, and short, because an image that is moved back is a change.
const REMEMBERED_HOURS: i64 = 1;

/// A change for each image of a hub's workloads or servers that runs with a digest that did not run before. Where pods could not be read at
/// one of the scans nothing is said: what is new to Perijove may have been there.
pub(super) async fn moved(
    reading: &mut Reading,
    spot: &Spot,
    (from, to): (Scan, Scan),
    scope: &Scope,
    unread: &[Gap],
) -> Result<Vec<FieldChange>, AppError> {
    if unread.iter().any(|gap| gap.kind == Kind::Pod) {
        return Ok(Vec::new());
    }
    let hubs: Vec<_> =
        hubs_of(reading, spot, scope).await?.into_iter().map(|hub| (hub.id, hub.key)).collect();
    let span = ImageSpan {
        servers_since: since(reading, spot, from, (REMEMBERED_DAYS * 24).hours()).await?,
        workloads_since: since(reading, spot, from, REMEMBERED_HOURS.hours()).await?,
        before: from.number,
        after: to.number,
    };
    let found =
        compared::images(reading, spot.id, span, &hubs, scope).await.map_err(|error| failed(&error))?;
    Ok(images(&found.known, &found.now))
}

/// The scan that was the latest some time before another.
pub(super) async fn since(
    reading: &mut Reading,
    spot: &Spot,
    from: Scan,
    before: Span,
) -> Result<ScanNumber, AppError> {
    let start = from.taken_at.checked_sub(before).unwrap_or(Timestamp::MIN);
    let start = scans::at(reading, spot.id, Some(start)).await.map_err(|error| failed(&error))?;
    Ok(start.map_or(ScanNumber(0), |moment| moment.scan.number))
}
