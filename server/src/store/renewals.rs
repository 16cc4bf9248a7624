//! What happened to certificates over time: when each was renewed, and when one ran out, from what was seen of them and from what
//! cert-manager says.

use std::collections::BTreeMap;

use jiff::Timestamp;
use posture::kind::Kind;
use posture::sighting::{Seen, Sight, Spot};
use posture::x509::{Der, read};
use sqlx::SqliteConnection;

use super::coverage::kind_key;
use super::scans::instant;
use super::{ClusterId, ScanNumber, StoreError};

/// Something that happened to a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CertificateEvent {
    /// When: the scan that first saw another certificate, or the end of one.
    pub at: Timestamp,
    /// What happened.
    pub what: Happened,
    /// Where: a Secret, a name, a Certificate of cert-manager.
    pub place: String,
    /// Until when the certificate holds that it is about.
    pub not_after: Timestamp,
}

/// What happened to a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happened {
    /// Another one took its place.
    Renewed,
    /// It ran out while it was still in place.
    RanOut,
}

/// A time during which the same certificate was in place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stay {
    from: Timestamp,
    /// `None` where it still is.
    until: Option<Timestamp>,
    /// What tells it from another: its bytes, or its end where only that is known.
    identity: Vec<u8>,
    /// From when it holds, where that is known.
    not_before: Option<Timestamp>,
    not_after: Timestamp,
}

/// What happened to certificates between two scans, oldest first. Instants outside the given ones, as clocks that jump make them, are left out.
pub async fn events(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (from, to): (ScanNumber, ScanNumber),
    (begins, ends): (Timestamp, Timestamp),
) -> Result<Vec<CertificateEvent>, StoreError> {
    let mut stays = seen(connection, cluster, (from, to)).await?;
    stays.append(&mut told(connection, cluster, (from, to)).await?);
    let mut events: Vec<_> = stays.iter().flat_map(|(place, stays)| of_place(place, stays)).collect();
    events.retain(|event| event.at > begins && event.at <= ends);
    events.sort();
    events.dedup();
    Ok(events)
}

fn of_place(place: &str, stays: &[Stay]) -> Vec<CertificateEvent> {
    let event = |at, what, stay: &Stay| CertificateEvent {
        at,
        what,
        place: place.to_owned(),
        not_after: stay.not_after,
    };
    let renewed = (1..stays.len()).filter(|index| is_renewal(&stays[..*index], &stays[*index]));
    let renewed = renewed.map(|index| event(stays[index].from, Happened::Renewed, &stays[index]));
    // What was looked at in several intervals runs out in one of them.
    let over = stays
        .iter()
        .filter(|stay| stay.not_after >= stay.from && stay.until.is_none_or(|until| stay.not_after < until));
    renewed.chain(over.map(|stay| event(stay.not_after, Happened::RanOut, stay))).collect()
}

/// Whether a certificate takes the place of those before it: it is newer than each of them. What comes back, or is older, is served by
/// another of several servers, or was put back; nobody renewed anything.
fn is_renewal(before: &[Stay], next: &Stay) -> bool {
    // One that holds for a shorter time may end earlier than the one it replaces.
    let is_newer = |stay: &Stay| match (stay.not_before, next.not_before) {
        (Some(old), Some(new)) if old != new => old < new,
        _ => stay.not_after < next.not_after,
    };
    before.iter().all(|stay| stay.identity != next.identity && is_newer(stay))
}

/// What was seen in Secrets and connections.
async fn seen(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (from, to): (ScanNumber, ScanNumber),
) -> Result<BTreeMap<String, Vec<Stay>>, StoreError> {
    let rows = sqlx::query!(
        r#"select s.spot_json, s.sight_json, a.taken_at as from_at, u.taken_at as "until_at?"
           from sightings s
           cross join scans a on a.cluster_id = s.cluster_id and a.seq = s.first_scan
           left join scans u on u.cluster_id = s.cluster_id and u.seq = s.until_scan and u.seq <= ?3
           where s.cluster_id = ?1 and s.first_scan <= ?3 and (s.until_scan is null or s.until_scan > ?2)
           order by s.first_scan"#,
        cluster.0,
        from.0,
        to.0
    )
    .fetch_all(connection)
    .await?;
    let mut stays: BTreeMap<String, Vec<Stay>> = BTreeMap::new();
    for row in rows {
        let spot: Spot = serde_json::from_str(&row.spot_json).map_err(StoreError::unreadable("a spot"))?;
        let sight: Sight =
            serde_json::from_str(&row.sight_json).map_err(StoreError::unreadable("a sight"))?;
        let (from, until) = (instant(row.from_at)?, row.until_at.map(instant).transpose()?);
        for (place, der) in leaves(&spot, &sight) {
            let Ok(certificate) = read(der) else { continue };
            let identity = certificate.fingerprint.0.to_vec();
            stays.entry(place).or_default().push(Stay {
                from,
                until,
                identity,
                not_before: Some(certificate.not_before),
                not_after: certificate.not_after,
            });
        }
    }
    Ok(stays)
}

/// The certificates of servers at a spot, each with what its place is called.
pub(in crate::store) fn leaves<'a>(spot: &Spot, sight: &'a Sight) -> Vec<(String, &'a Der)> {
    match sight {
        Ok(Seen::Secret(secret)) => {
            let entries = secret.entries.iter().filter(|entry| entry.key != "ca.crt");
            let chains = entries.flat_map(|entry| entry.chains.iter().map(move |chain| (entry, chain)));
            chains
                .filter_map(|(entry, chain)| {
                    let alias = chain.alias.as_deref().map(|alias| format!(" {alias}")).unwrap_or_default();
                    Some((format!("{spot}, {}{alias}", entry.key), chain.certificates.first()?))
                })
                .collect()
        }
        Ok(Seen::Endpoint(sight)) => {
            let chain = sight.handshake.as_ref().and_then(|handshake| handshake.chain.first());
            chain.map(|der| (spot.to_string(), der)).into_iter().collect()
        }
        Ok(Seen::ApiServer(chain)) => chain.first().map(|der| (spot.to_string(), der)).into_iter().collect(),
        Err(_) => Vec::new(),
    }
}

/// What cert-manager says of its Certificates.
async fn told(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (from, to): (ScanNumber, ScanNumber),
) -> Result<BTreeMap<String, Vec<Stay>>, StoreError> {
    let kind = kind_key(Kind::Certificate);
    let rows = sqlx::query!(
        r#"select o.namespace, o.name, json_extract(c.body, '$.status.notAfter') as "end?: String",
             a.taken_at as from_at, u.taken_at as "until_at?"
           from revisions r
           join objects o on o.id = r.object_id
           join contents c on c.id = r.content_id
           join scans a on a.cluster_id = o.cluster_id and a.seq = r.first_scan
           left join scans u on u.cluster_id = o.cluster_id and u.seq = r.until_scan and u.seq <= ?3
           where o.cluster_id = ?1 and o.kind = ?4 and r.first_scan <= ?3
             and (r.until_scan is null or r.until_scan > ?2)
           order by r.first_scan"#,
        cluster.0,
        from.0,
        to.0,
        kind
    )
    .fetch_all(connection)
    .await?;
    let mut stays: BTreeMap<String, Vec<Stay>> = BTreeMap::new();
    for row in rows {
        let Some(not_after) = row.end.and_then(|end| end.parse::<Timestamp>().ok()) else { continue };
        let place = format!("Certificate {} in namespace {}", row.name, row.namespace);
        stays.entry(place).or_default().push(Stay {
            from: instant(row.from_at)?,
            until: row.until_at.map(instant).transpose()?,
            identity: not_after.as_millisecond().to_be_bytes().to_vec(),
            not_before: None,
            not_after,
        });
    }
    Ok(stays)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn stay(from: i64, until: Option<i64>, identity: u8, not_after: i64) -> Stay {
        let until = until.map(at);
        Stay { from: at(from), until, identity: vec![identity], not_before: None, not_after: at(not_after) }
    }

    fn told_of(stays: &[Stay]) -> Vec<(i64, Happened)> {
        of_place("x", stays).iter().map(|event| (event.at.as_second(), event.what)).collect()
    }

    #[test]
    fn another_certificate_is_a_renewal_and_the_same_in_two_intervals_is_none() {
        let same = [stay(0, Some(10), 1, 100), stay(10, None, 1, 100)];
        assert_eq!(told_of(&same), [(100, Happened::RanOut)]);
        let renewed = [stay(0, Some(10), 1, 100), stay(10, Some(20), 2, 200)];
        assert_eq!(told_of(&renewed), [(10, Happened::Renewed)]);
    }

    #[test]
    fn servers_that_show_two_certificates_in_turn_renew_nothing() {
        let turns = [stay(0, Some(10), 1, 200), stay(10, Some(20), 2, 100), stay(20, Some(30), 1, 200)];
        assert_eq!(told_of(&turns), []);
        let back = [stay(0, Some(10), 2, 100), stay(10, Some(20), 1, 200), stay(20, Some(30), 2, 100)];
        assert_eq!(told_of(&back), [(10, Happened::Renewed)], "the newer one is told once");
    }

    #[test]
    fn one_that_is_replaced_late_ran_out_first() {
        let late = [stay(0, Some(150), 1, 100), stay(150, Some(160), 2, 300)];
        assert_eq!(told_of(&late), [(150, Happened::Renewed), (100, Happened::RanOut)]);
    }

    #[test]
    fn one_that_had_run_out_before_it_was_seen_tells_nothing() {
        assert_eq!(told_of(&[stay(50, None, 1, 40)]), []);
    }
}
