//! What a Certificate of cert-manager told of its dates over time.

use server::store::{ScanNumber, told};

use super::*;

fn certificate(end: Option<&str>, revision: i64, text: &str) -> Record {
    let mut found = record(Kind::Certificate, "jhub", "hub-tls", text);
    if let Some(end) = end {
        let status = json!({"notBefore": "2026-01-01T00:00:00Z", "notAfter": end, "revision": revision});
        found.body.as_object_mut().unwrap().insert("status".to_owned(), status);
        // Another body has another hash.
        let mut hash = found.content.0;
        hash[0] ^= u8::try_from(revision).unwrap() + 1;
        found.content = ContentHash(hash);
    }
    found
}

async fn told(place: &Place, until: i64) -> Vec<(Timestamp, Option<i64>)> {
    let mut reading = place.store.read().await.unwrap();
    let found =
        told::of_certificate(&mut reading, place.cluster, ("jhub", "hub-tls"), ScanNumber(until)).await;
    found.unwrap().into_iter().map(|told| (told.seen_at, told.revision)).collect()
}

#[tokio::test]
async fn each_renewal_is_told_once_with_the_scan_that_saw_it() {
    let place = Place::new().await;
    let scans = [
        certificate(None, 0, "one"),
        certificate(Some("2026-04-01T00:00:00Z"), 1, "one"),
        certificate(Some("2026-04-01T00:00:00Z"), 1, "two"),
        certificate(Some("2026-07-01T00:00:00Z"), 2, "two"),
    ];
    for (minute, record) in (0..).step_by(5).zip(&scans) {
        let mut commit = place.scan(minute);
        commit.coverage.insert(Kind::Certificate, Coverage::full());
        commit.objects.push(place.stage(record).await);
        place.commit(commit).await;
    }
    assert_eq!(told(&place, 9).await, [(at(15), Some(2)), (at(5), Some(1))]);
    assert_eq!(told(&place, 3).await, [(at(5), Some(1))]);
    assert_eq!(told(&place, 1).await, []);
}
