//! Calendars: who knows the token may read one, and the store does not know the token.

use server::store::{HubId, feeds};

use super::*;

const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

async fn find(place: &Place, token: &str) -> Option<feeds::Feed> {
    feeds::find(&mut place.store.read().await.unwrap(), token).await.unwrap()
}

async fn make(place: &Place, token: &str, scope: &Scope) -> bool {
    place.store.make_feed(place.cluster, ("for operators", token), scope, at(1)).await.unwrap()
}

#[tokio::test]
async fn the_token_opens_the_calendar_and_nothing_else_does() {
    let place = Place::new().await;
    assert!(make(&place, TOKEN, &Scope::All).await);
    let found = find(&place, TOKEN).await.unwrap();
    assert_eq!((found.name.as_str(), found.made_at, found.used_at), ("for operators", at(1), None));
    for other in ["", "0123", &TOKEN.to_uppercase()] {
        assert_eq!(find(&place, other).await, None, "{other}");
    }
    assert!(place.store.revoke_feed(place.cluster, found.id).await.unwrap());
    assert_eq!(find(&place, TOKEN).await, None);
    assert!(!place.store.revoke_feed(place.cluster, found.id).await.unwrap());
}

#[tokio::test]
async fn the_token_is_nowhere_in_the_file() {
    let place = Place::new().await;
    make(&place, TOKEN, &Scope::All).await;
    let folder = place.folder.path().join("data");
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap_or_default());
    }
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
    assert!(holds(b"for operators"), "the file was looked at");
    assert!(!holds(TOKEN.as_bytes()));
}

#[tokio::test]
async fn a_calendar_keeps_what_its_maker_may_see() {
    let place = Place::new().await;
    let scope = Scope::Hubs(BTreeSet::from([HubId(3), HubId(5)]));
    make(&place, TOKEN, &scope).await;
    assert_eq!(find(&place, TOKEN).await.unwrap().scope, scope);
}

#[tokio::test]
async fn the_last_use_is_written_once_in_a_while() {
    let place = Place::new().await;
    make(&place, TOKEN, &Scope::All).await;
    for (minute, written) in [(2, 2), (3, 3)] {
        let found = find(&place, TOKEN).await.unwrap();
        place.store.feed_was_used(&found, at(minute)).await.unwrap();
        assert_eq!(find(&place, TOKEN).await.unwrap().used_at, Some(at(written)));
    }
    let found = find(&place, TOKEN).await.unwrap();
    let soon = Timestamp::from_second(at(3).as_second() + 30).unwrap();
    place.store.feed_was_used(&found, soon).await.unwrap();
    assert_eq!(find(&place, TOKEN).await.unwrap().used_at, Some(at(3)));
}

#[tokio::test]
async fn a_cluster_has_no_more_calendars_than_there_is_room_for() {
    let place = Place::new().await;
    for number in 0..feeds::MOST {
        assert!(make(&place, &format!("{number}"), &Scope::All).await);
    }
    assert!(!make(&place, TOKEN, &Scope::All).await);
    assert_eq!(place.count("feeds").await, i64::try_from(feeds::MOST).unwrap());
}
