//! Clocks that jump: every page of then and of now stands, what changed is told once, and where the clock is right again all goes on.

use jiff::SignedDuration;

use super::*;

/// Pages that draw or tell time.
const PAGES: [&str; 7] =
    ["", "/checks", "/certificates", "/drift?with=first", "/history?span=7d", "/history?span=all", "/gaps"];

/// Opens every page, now and at an instant.
async fn look(busy: &Busy, at: Timestamp) {
    let at = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    for page in PAGES {
        let joined = if page.contains('?') { '&' } else { '?' };
        for path in [page.to_owned(), format!("{page}{joined}at={at}")] {
            let markup = busy.followed.get(&format!("/clusters/{CLUSTER}{path}")).await;
            assert!(markup.contains("<h1"), "{path}: {}", words(&markup));
            for broken in ["NaN", "inf\"", "width=\"-", "height=\"-"] {
                assert!(!markup.contains(broken), "{path} has `{broken}`");
            }
        }
    }
}

#[tokio::test]
async fn a_clock_that_jumps_breaks_no_page_and_tells_an_edit_once() {
    let mut busy = Busy::start().await;
    busy.pass(1).await;
    let right = busy.clock.now();
    let hours = SignedDuration::from_hours;
    for (jump, is_edited) in [(hours(24 * 400), false), (hours(-3), true), (hours(-24 * 365 * 50), false)] {
        let wrong = right.checked_add(jump).unwrap();
        busy.clock.set(wrong);
        if is_edited {
            busy.edit("NetworkPolicy", "singleuser", |policy| {
                policy["spec"]["ingress"] = json!([{"ports": [{"port": 6667}]}]);
            });
        }
        busy.pass(1).await;
        look(&busy, wrong).await;
        look(&busy, right).await;
    }
    busy.clock.set(right);
    busy.pass(1).await;
    for minutes in [-120, -30, 0, 30, 60] {
        look(&busy, right.checked_add(minutes.minutes()).unwrap()).await;
    }
    let events = busy.events().await;
    let told: Vec<_> = events.iter().flat_map(|event| &event.changes).collect();
    assert_eq!(told.len(), 1, "{events:#?}");
    assert_eq!(told[0].change.object.name, "singleuser");
    let page = busy.followed.overview().await;
    // What was heard last while the clock stood in 1976 is as old as that, until it is heard again.
    assert!(!page.contains("2027") && !page.contains("2028"), "{page}");
}
