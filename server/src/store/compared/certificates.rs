//! Certificates in whose place another one stands at a later scan.

use std::collections::BTreeMap;

use posture::drift::FieldChange;
use posture::drift::{Standing, succeeded};
use posture::kind::Kind;
use posture::sighting::Spot;
use posture::x509::read;
use serde_json::Value;
use sqlx::SqliteConnection;

use super::super::renewals::leaves;
use super::super::{ClusterId, ScanNumber, StoreError, rebuild, sightings};

/// What was known of certificates at a scan: by the name of their place, those that were looked at and those that cert-manager tells of.
#[derive(Debug, Default)]
struct Known {
    seen: BTreeMap<String, Standing>,
    /// With the Secret that holds it.
    told: BTreeMap<String, (Spot, Standing)>,
    /// Where something was looked at.
    spots: Vec<Spot>,
}

/// A change for each place in which another certificate stands, by place. Only what was seen at both scans is compared: a place that could
/// not be looked at tells nothing. What cert-manager tells of a Secret that was looked at is told once.
pub async fn certificates(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (before, after): (ScanNumber, ScanNumber),
) -> Result<Vec<FieldChange>, StoreError> {
    let [before, after] =
        [known(connection, cluster, before).await?, known(connection, cluster, after).await?];
    let seen = after.seen.iter().filter_map(|(place, now)| succeeded(place, before.seen.get(place)?, now));
    let is_seen = |spot: &Spot| before.spots.contains(spot) && after.spots.contains(spot);
    let told = after.told.iter().filter(|(_, (secret, _))| !is_seen(secret));
    let told = told.filter_map(|(place, (_, now))| succeeded(place, &before.told.get(place)?.1, now));
    Ok(seen.chain(told).collect())
}

async fn known(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    scan: ScanNumber,
) -> Result<Known, StoreError> {
    let mut known = Known::default();
    for (spot, sight) in sightings::at(connection, cluster, scan).await?.spots {
        for (place, der) in leaves(&spot, &sight) {
            // What cannot be read is told on the page of certificates.
            let Ok(certificate) = read(der) else { continue };
            known.seen.insert(place, Standing::of(&certificate));
        }
        if sight.is_ok() {
            known.spots.push(spot);
        }
    }
    for record in rebuild::records(connection, cluster, scan, Kind::Certificate).await? {
        let text = |pointer: &str| record.body.pointer(pointer).and_then(Value::as_str);
        let instant = |pointer: &str| text(pointer).and_then(|text| text.parse().ok());
        let Some(not_after) = instant("/status/notAfter") else { continue };
        let namespace = record.object.namespace.clone().unwrap_or_default();
        let secret =
            Spot::Secret { namespace, name: text("/spec/secretName").unwrap_or_default().to_owned() };
        let standing =
            Standing { fingerprint: None, issuer: None, not_before: instant("/status/notBefore"), not_after };
        known.told.insert(record.object.to_string(), (secret, standing));
    }
    Ok(known)
}
