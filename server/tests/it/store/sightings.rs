//! What was seen of certificates, over time.

use posture::sighting::{Seen, Sight, Spot, Unsighted};
use posture::x509::Der;
use server::store::compared;
use server::store::renewals::{self, Happened};
use server::store::{Retention, ScanNumber, rebuild, sightings};

use super::*;

fn hub_name() -> Spot {
    Spot::Endpoint { host: "hub.example.org".to_owned(), port: 443 }
}

fn shown(certificate: &str) -> Seen {
    Seen::ApiServer(vec![Der::new(certificate.as_bytes())])
}

impl Place {
    async fn sees(&self, minute: i64, spots: &[(Spot, Sight)]) -> Committed {
        let mut commit = self.scan(minute);
        commit.sightings.spots = spots.iter().cloned().collect();
        commit.sightings.connects = spots.iter().any(|(spot, _)| *spot == hub_name());
        commit.sightings.looked_at = Some(at(minute));
        self.commit(commit).await
    }
}

#[tokio::test]
async fn a_renewal_ends_an_interval_and_begins_the_next() {
    let place = Place::new().await;
    let api = (Spot::ApiServer, Ok(shown("api")));
    place.sees(1, &[(hub_name(), Err(Unsighted::NotYet)), api.clone()]).await;
    assert!(place.sees(2, &[(hub_name(), Ok(shown("old"))), api.clone()]).await.is_change);
    assert!(
        !place.sees(3, &[(hub_name(), Ok(shown("old"))), api.clone()]).await.is_change,
        "only looked at again"
    );
    assert!(place.sees(4, &[(hub_name(), Ok(shown("new"))), api.clone()]).await.is_change);
    let mut reading = place.store.read().await.unwrap();
    let spans = sightings::history(&mut reading, place.cluster, &hub_name()).await.unwrap();
    let told: Vec<_> =
        spans.iter().map(|span| (span.first_scan.0, span.until_scan.map(|scan| scan.0))).collect();
    assert_eq!(told, [(4, None), (2, Some(4)), (1, Some(2))]);
    assert_eq!((spans[1].from, spans[1].until, &spans[1].sight), (at(2), Some(at(4)), &Ok(shown("old"))));
    assert_eq!(spans[0].sight, Ok(shown("new")));
    assert_eq!(sightings::history(&mut reading, place.cluster, &Spot::ApiServer).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_old_snapshot_holds_what_was_seen_then() {
    let place = Place::new().await;
    place.sees(1, &[(hub_name(), Ok(shown("old")))]).await;
    place.sees(2, &[(hub_name(), Ok(shown("new")))]).await;
    place.sees(3, &[]).await;
    let mut reading = place.store.read().await.unwrap();
    for (scan, seen, connects) in [(1, Some("old"), true), (2, Some("new"), true), (3, None, false)] {
        let snapshot = rebuild::snapshot(&mut reading, place.cluster, ScanNumber(scan)).await.unwrap();
        assert_eq!(
            snapshot.sightings.spots.get(&hub_name()),
            seen.map(|seen| Ok(shown(seen))).as_ref(),
            "{scan}"
        );
        assert_eq!(
            (snapshot.sightings.connects, snapshot.sightings.reads_secrets),
            (connects, false),
            "{scan}"
        );
    }
}

#[tokio::test]
async fn what_is_told_from_an_earlier_run_is_as_old_as_its_look_however_many_scans_tell_it() {
    let place = Place::new().await;
    place.sees(10, &[(hub_name(), Ok(shown("hub")))]).await;
    // Two starts in a row that come to no look of their own.
    for minute in [20, 40] {
        let mut reading = place.store.read().await.unwrap();
        let (looked_at, seen) = sightings::latest(&mut reading, "teaching").await.unwrap().unwrap();
        drop(reading);
        assert_eq!(looked_at, at(10), "minute {minute}");
        let mut commit = place.scan(minute);
        commit.sightings = seen;
        commit.sightings.recalled_from = Some(looked_at);
        place.commit(commit).await;
    }
    let mut reading = place.store.read().await.unwrap();
    for (scan, recalled) in [(1, None), (2, Some(at(10))), (3, Some(at(10)))] {
        let snapshot = rebuild::snapshot(&mut reading, place.cluster, ScanNumber(scan)).await.unwrap();
        assert_eq!(snapshot.sightings.recalled_from, recalled, "as it was judged at scan {scan}");
    }
    drop(reading);
    place.commit(place.scan(50)).await;
    let mut reading = place.store.read().await.unwrap();
    assert_eq!(sightings::latest(&mut reading, "teaching").await.unwrap(), None, "nothing was looked at");
}

#[tokio::test]
async fn what_ended_long_ago_is_pruned_with_the_rest() {
    let place = Place::new().await;
    place.sees(0, &[(hub_name(), Ok(shown("old")))]).await;
    place.sees(1, &[(hub_name(), Ok(shown("new")))]).await;
    place.sees(200 * 24 * 60, &[(hub_name(), Ok(shown("new")))]).await;
    let retention = Retention { history_days: 100, pod_days: 30, max_bytes: u64::MAX };
    place.store.prune(&retention, at(201 * 24 * 60)).await.unwrap();
    let mut reading = place.store.read().await.unwrap();
    let spans = sightings::history(&mut reading, place.cluster, &hub_name()).await.unwrap();
    assert_eq!(spans.iter().map(|span| span.sight.clone()).collect::<Vec<_>>(), [Ok(shown("new"))]);
}

/// A certificate of the catalogue's fixtures.
fn certificate(name: &str) -> Der {
    let path = format!("{}/../posture/tests/bases/certificates/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    posture::x509::pem(&std::fs::read(path).unwrap()).certificates.remove(0)
}

#[tokio::test]
async fn history_tells_when_another_certificate_was_seen_and_nothing_when_the_same_was() {
    let place = Place::new().await;
    let api = |name: &str| vec![(Spot::ApiServer, Ok(Seen::ApiServer(vec![certificate(name)])))];
    place.sees(0, &api("hub")).await;
    place.sees(1, &[(Spot::ApiServer, Err(Unsighted::NotYet))]).await;
    place.sees(2, &api("hub")).await;
    place.sees(3, &api("hub-renewed")).await;
    let mut reading = place.store.read().await.unwrap();
    let span = (ScanNumber(1), ScanNumber(4));
    let events = renewals::events(&mut reading, place.cluster, span, (at(0), at(3))).await.unwrap();
    let told: Vec<_> = events.iter().map(|event| (event.at, event.what, event.place.as_str())).collect();
    assert_eq!(told, [(at(3), Happened::Renewed, "the API server")]);
    let before = (ScanNumber(1), ScanNumber(3));
    assert_eq!(renewals::events(&mut reading, place.cluster, before, (at(0), at(2))).await.unwrap(), []);
}

#[tokio::test]
async fn another_certificate_in_a_place_is_a_change_and_one_that_was_not_looked_at_is_none() {
    let place = Place::new().await;
    let shows = |name: &str| Ok(Seen::ApiServer(vec![certificate(name)]));
    let api = |name: &str| (Spot::ApiServer, shows(name));
    place.sees(1, &[api("hub"), (hub_name(), Err(Unsighted::NotYet))]).await;
    place.sees(2, &[api("hub"), (hub_name(), Err(Unsighted::NotYet))]).await;
    place.sees(3, &[api("hub-renewed"), (hub_name(), shows("hub"))]).await;
    let mut reading = place.store.read().await.unwrap();
    let mut told = async |before, after| {
        let found =
            compared::certificates(&mut reading, place.cluster, (ScanNumber(before), ScanNumber(after)));
        found.await.unwrap().iter().map(|change| change.sentence.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(told(1, 2).await, Vec::<String>::new());
    let changes = told(1, 3).await;
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert!(change.starts_with("the certificate of the API server was renewed: it runs out"), "{change}");
}
