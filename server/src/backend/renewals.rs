//! What a certificate was before: from what cert-manager said of it, and from what was seen where it is kept or presented.

use app::backend::Renewal;
use app::error::AppError;
use posture::certificates::{Certificate, Kept, Place, found_in};
use posture::sighting::Spot;

use super::failed;
use crate::store::renewals::is_for_same;
use crate::store::{ClusterId, Reading, ScanNumber, sightings, told};

/// The certificates that were in a certificate's place up to a scan, the newest first.
pub(super) async fn of(
    reading: &mut Reading,
    (cluster, until): (ClusterId, ScanNumber),
    certificate: &Certificate,
) -> Result<Vec<Renewal>, AppError> {
    let mut found = Vec::new();
    if let (Some(name), Kept::Secret { namespace, .. }) = (&certificate.resource, &certificate.kept) {
        let told = told::of_certificate(reading, cluster, (namespace, name), until)
            .await
            .map_err(|error| failed(&error))?;
        found.extend(told.into_iter().map(|told| Renewal {
            seen_at: told.seen_at,
            not_before: told.not_before,
            not_after: told.not_after,
            fingerprint: None,
            revision: told.revision,
        }));
    }
    if let Some(spot) = spot(certificate) {
        let spans = sightings::history(reading, cluster, &spot).await.map_err(|error| failed(&error))?;
        for span in spans.into_iter().filter(|span| span.first_scan <= until) {
            let Some(read) = span.sight.as_ref().ok().and_then(|seen| found_in(certificate, seen)) else {
                continue;
            };
            // What a controller shows that has lost the right certificate is for other names, and renews nothing.
            let names = read.host_names();
            let is_known = !certificate.names.is_empty() && !names.is_empty();
            if is_known && !is_for_same(&names, &certificate.names) {
                continue;
            }
            found.push(Renewal {
                seen_at: span.from,
                not_before: Some(read.not_before),
                not_after: read.not_after,
                fingerprint: Some(read.fingerprint),
                revision: None,
            });
        }
    }
    Ok(together(found))
}

/// Where the certificate itself is looked at.
fn spot(certificate: &Certificate) -> Option<Spot> {
    let presented = || {
        certificate.seen.iter().find_map(|place| match place {
            Place::Endpoint { host, port } => Some(Spot::Endpoint { host: host.clone(), port: *port }),
            _ => None,
        })
    };
    match &certificate.kept {
        Kept::Secret { namespace, name }
            if certificate.seen.iter().any(|place| matches!(place, Place::Secret { .. })) =>
        {
            Some(Spot::Secret { namespace: namespace.clone(), name: name.clone() })
        }
        Kept::Endpoint { host, port } => Some(Spot::Endpoint { host: host.clone(), port: *port }),
        Kept::ApiServer => Some(Spot::ApiServer),
        Kept::Secret { .. } | Kept::With(_) => presented(),
        Kept::Bundle(_) => None,
    }
}

/// Each certificate once, the newest first: what several tell of one is put together, and so is what was seen again after something else.
fn together(mut found: Vec<Renewal>) -> Vec<Renewal> {
    // What has no fingerprint comes before what has one, and those of the same certificate stand together.
    found.sort_by_key(|renewal| {
        (renewal.not_after, renewal.not_before, renewal.fingerprint.map(|found| found.0), renewal.seen_at)
    });
    let mut each: Vec<Renewal> = Vec::new();
    for next in found {
        let is_same = |last: &Renewal| {
            last.not_after == next.not_after
                && (last.not_before == next.not_before || last.not_before.is_none())
                && (last.fingerprint == next.fingerprint
                    || last.fingerprint.is_none()
                    || next.fingerprint.is_none())
        };
        match each.last_mut().filter(|last| is_same(last)) {
            Some(last) => {
                last.seen_at = last.seen_at.min(next.seen_at);
                last.not_before = last.not_before.or(next.not_before);
                last.fingerprint = last.fingerprint.or(next.fingerprint);
                last.revision = last.revision.max(next.revision);
            }
            None => each.push(next),
        }
    }
    each.sort_by_key(|renewal| std::cmp::Reverse(renewal.seen_at));
    each
}

#[cfg(test)]
mod tests {
    use posture::Timestamp;
    use posture::x509::Fingerprint;

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    fn told(seen: i64, end: i64, revision: i64) -> Renewal {
        Renewal {
            seen_at: at(seen),
            not_before: Some(at(end - 90)),
            not_after: at(end),
            fingerprint: None,
            revision: Some(revision),
        }
    }

    fn read(seen: i64, end: i64, byte: u8) -> Renewal {
        Renewal { fingerprint: Some(Fingerprint([byte; 32])), revision: None, ..told(seen, end, 0) }
    }

    #[test]
    fn what_cert_manager_tells_and_what_is_read_are_one_renewal() {
        let found = together(vec![told(60, 150, 2), told(0, 90, 1), read(61, 150, 7), read(130, 220, 8)]);
        let ends: Vec<_> = found.iter().map(|renewal| renewal.not_after).collect();
        assert_eq!(ends, [at(220), at(150), at(90)]);
        assert_eq!(found[1], Renewal { fingerprint: Some(Fingerprint([7; 32])), ..told(60, 150, 2) });
        assert_eq!(found[2].fingerprint, None);
    }

    #[test]
    fn two_certificates_with_the_same_dates_stay_two() {
        let found = together(vec![read(1, 90, 1), read(2, 90, 2)]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].seen_at, at(2));
    }

    #[test]
    fn what_comes_back_is_not_a_renewal() {
        let found = together(vec![read(1, 90, 1), read(2, 91, 2), read(3, 90, 1)]);
        assert_eq!(found.len(), 2);
    }
}
