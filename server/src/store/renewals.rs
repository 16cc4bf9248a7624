//! What happened to certificates over time: when each was renewed, and when one ran out, from what was seen of them and from what
//! cert-manager says.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use posture::derived::tls::covers;
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
    /// The names of hosts it is for.
    names: BTreeSet<String>,
}

/// An event, with what tells whose it is.
struct Of {
    event: CertificateEvent,
    /// Whether the bytes of the certificate were seen.
    is_seen: bool,
    identity: Vec<u8>,
    names: BTreeSet<String>,
}

impl Of {
    /// Whether both tell of one certificate, which stands in several places: in a Secret, in connections, in what cert-manager says.
    fn is_of_same(&self, other: &Self) -> bool {
        self.event.what == other.event.what
            && self.event.not_after == other.event.not_after
            && if self.is_seen && other.is_seen {
                self.identity == other.identity
            } else {
                !self.names.is_disjoint(&other.names)
            }
    }
}

/// What happened to certificates between two scans, oldest first. Instants outside the given ones, as clocks that jump make them, are left out.
pub async fn events(
    connection: &mut SqliteConnection,
    cluster: ClusterId,
    (from, to): (ScanNumber, ScanNumber),
    (begins, ends): (Timestamp, Timestamp),
) -> Result<Vec<CertificateEvent>, StoreError> {
    let (seen, told) =
        (seen(connection, cluster, (from, to)).await?, told(connection, cluster, (from, to)).await?);
    let places =
        seen.into_iter().map(|found| (true, found)).chain(told.into_iter().map(|found| (false, found)));
    let mut events: Vec<Of> =
        places.flat_map(|(is_seen, (place, stays))| of_place(is_seen, &place, stays)).collect();
    events.sort_by(|a, b| a.event.cmp(&b.event));
    let mut events = once_each(events);
    events.retain(|event| event.at > begins && event.at <= ends);
    Ok(events)
}

/// Each event once, as it was told first, however many places the certificate stands in.
fn once_each(events: Vec<Of>) -> Vec<CertificateEvent> {
    let mut by_end: BTreeMap<Timestamp, Vec<Of>> = BTreeMap::new();
    for next in events {
        let same_end = by_end.entry(next.event.not_after).or_default();
        if !same_end.iter().any(|first| first.is_of_same(&next)) {
            same_end.push(next);
        }
    }
    let mut once: Vec<_> = by_end.into_values().flatten().map(|of| of.event).collect();
    once.sort();
    once
}

/// The stays of the same certificate one after the other as one: a look that failed in between took nothing away.
fn joined(stays: Vec<Stay>) -> Vec<Stay> {
    let mut joined: Vec<Stay> = Vec::new();
    for next in stays {
        match joined.last_mut().filter(|last| last.identity == next.identity) {
            Some(last) => last.until = next.until,
            None => joined.push(next),
        }
    }
    joined
}

fn of_place(is_seen: bool, place: &str, stays: Vec<Stay>) -> Vec<Of> {
    let stays = joined(stays);
    let event = |at, what, stay: &Stay| Of {
        event: CertificateEvent { at, what, place: place.to_owned(), not_after: stay.not_after },
        is_seen,
        identity: stay.identity.clone(),
        names: stay.names.clone(),
    };
    let renewed = (1..stays.len()).filter(|index| is_renewal(&stays[..*index], &stays[*index]));
    let renewed = renewed.map(|index| event(stays[index].from, Happened::Renewed, &stays[index]));
    // What was looked at in several intervals runs out in one of them.
    let over = stays
        .iter()
        .filter(|stay| stay.not_after >= stay.from && stay.until.is_none_or(|until| stay.not_after < until));
    renewed.chain(over.map(|stay| event(stay.not_after, Happened::RanOut, stay))).collect()
}

/// Whether a certificate takes the place of those before it for the same names: it is newer than each of them. What comes back, or is older,
/// is served by another of several servers, or was put back; nobody renewed anything. What was there for other names is passed over, as the
/// certificate is that a controller shows when it has lost the right one.
fn is_renewal(before: &[Stay], next: &Stay) -> bool {
    // One that holds for a shorter time may end earlier than the one it replaces.
    let is_newer = |stay: &Stay| match (stay.not_before, next.not_before) {
        (Some(old), Some(new)) if old != new => old < new,
        _ => stay.not_after < next.not_after,
    };
    let mut same =
        before.iter().filter(|stay| stay.names.is_empty() || is_for_same(&stay.names, &next.names));
    let is_first = same.clone().next().is_none();
    !is_first && same.all(|stay| stay.identity != next.identity && is_newer(stay))
}

/// Whether one of these names stands for one of those, by a wildcard too.
pub(crate) fn is_for_same<'a>(
    some: impl IntoIterator<Item = &'a String>,
    others: impl IntoIterator<Item = &'a String>,
) -> bool {
    let others: Vec<&String> = others.into_iter().collect();
    let is_one = |name: &String, other: &String| covers(name, other) || covers(other, name);
    some.into_iter().any(|name| others.iter().any(|other| is_one(name, other)))
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
                names: certificate.host_names().into_iter().collect(),
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
            let chain = sight.proven().and_then(|handshake| handshake.chain.first());
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
             json_extract(c.body, '$.spec.dnsNames') as "names?: String", json_extract(c.body, '$.status.notBefore') as "begin?: String",
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
            not_before: row.begin.and_then(|begin| begin.parse().ok()),
            not_after,
            names: row.names.and_then(|names| serde_json::from_str(&names).ok()).unwrap_or_default(),
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
        let (identity, names) = (vec![identity], BTreeSet::from(["hub.example.edu".to_owned()]));
        Stay { from: at(from), until, identity, not_before: None, not_after: at(not_after), names }
    }

    fn told_of(stays: &[Stay]) -> Vec<(i64, Happened)> {
        of_place(true, "x", stays.to_vec())
            .iter()
            .map(|of| (of.event.at.as_second(), of.event.what))
            .collect()
    }

    #[test]
    fn a_renewal_that_three_places_tell_is_told_once_and_by_the_first() {
        let stays = [stay(0, Some(10), 1, 100), stay(10, None, 2, 200)];
        let later = [stay(0, Some(20), 1, 100), stay(20, None, 2, 200)];
        let mut told = of_place(true, "secret", stays.to_vec());
        told.extend(of_place(true, "connection", later.to_vec()));
        told.extend(of_place(false, "cert-manager", stays.to_vec()));
        let mut another = stays.to_vec();
        another[1].identity = vec![3];
        told.extend(of_place(true, "another", another));
        told.sort_by(|a, b| a.event.cmp(&b.event));
        let renewed: Vec<_> = once_each(told)
            .into_iter()
            .filter(|event| event.what == Happened::Renewed)
            .map(|event| (event.place, event.at.as_second()))
            .collect();
        assert_eq!(renewed, [("another".to_owned(), 10), ("secret".to_owned(), 10)], "two certificates");
    }

    #[test]
    fn the_certificate_of_a_controller_that_lost_the_right_one_renews_nothing() {
        let mut fake = stay(10, None, 2, 200);
        fake.names = BTreeSet::from(["ingress.local".to_owned()]);
        assert_eq!(told_of(&[stay(0, Some(10), 1, 100), fake]), [(200, Happened::RanOut)]);
    }

    #[test]
    fn what_stood_there_for_other_names_hides_no_renewal() {
        let fake = Stay { names: BTreeSet::from(["ingress.local".to_owned()]), ..stay(10, Some(20), 2, 900) };
        let wide = Stay { names: BTreeSet::from(["*.example.edu".to_owned()]), ..stay(30, Some(40), 4, 300) };
        let stays = [stay(0, Some(10), 1, 100), fake, stay(20, Some(30), 3, 200), wide];
        assert_eq!(told_of(&stays), [(20, Happened::Renewed), (30, Happened::Renewed)]);
    }

    #[test]
    fn one_that_runs_out_while_a_look_fails_is_told() {
        let stays = [stay(0, Some(90), 1, 100), stay(110, None, 1, 100)];
        assert_eq!(told_of(&stays), [(100, Happened::RanOut)]);
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
