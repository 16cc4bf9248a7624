//! In which order the feeds of a cluster begin: each kind is listed in turn, and followed from then on.

use std::sync::Arc;
use std::time::Duration;

use posture::kind::{KINDS, Reading};
use tokio::task::JoinSet;

use super::feed::{Feed, Position, Shared};
use super::news::Message;
use crate::cluster::backoff::Backoff;
use crate::cluster::{Identity, Serving};

fn feeds(shared: &Arc<Shared>) -> impl Iterator<Item = Feed> {
    KINDS
        .iter()
        .filter(|info| info.reading != Reading::OnDemand)
        .map(|info| Feed { info, shared: shared.clone() })
}

/// Lists every kind in turn, lets each be followed from then on, and has what cannot be read tried again from time to time.
pub(super) async fn conduct(shared: Arc<Shared>, tick: Duration) {
    let mut tasks = JoinSet::new();
    let mut one_by_one = Vec::new();
    for feed in feeds(&shared) {
        match patiently(&feed).await {
            Position::OneByOne(_) => one_by_one.push(feed),
            position => drop(tasks.spawn(feed.follow(position))),
        }
    }
    // By now the namespaces are known, if they may be listed at all.
    for feed in one_by_one {
        let listed = feed.list_namespaces().await;
        tasks.spawn(feed.follow(Position::OneByOne(listed)));
    }
    if shared.news.send(Message::AllTried).await.is_err() {
        return;
    }
    loop {
        tokio::time::sleep(tick).await;
        if let Ok(serving) = Serving::discover(&shared.source).await {
            shared.serving.send_if_modified(|known| {
                let differs = **known != serving;
                if differs {
                    *known = Arc::new(serving);
                }
                differs
            });
        }
        shared.retry.send_modify(|round| *round += 1);
    }
}

/// The first list of a kind. While the whole API server is away, waiting is better than a gap for every kind.
async fn patiently(feed: &Feed) -> Position {
    let tuning = feed.shared.source.tuning();
    let mut backoff = Backoff::new(tuning.first_wait, tuning.longest_wait, 11);
    for _ in 0..2 {
        let position = feed.first().await;
        if !matches!(position, Position::Later) {
            return position;
        }
        while Identity::ask(&feed.shared.source).await.is_err_and(|error| error.is_transient()) {
            tokio::time::sleep(backoff.next(None)).await;
        }
    }
    Position::Later
}

/// Lists every kind in turn, and namespace by namespace what may not be listed everywhere.
pub(super) async fn list_once(shared: Arc<Shared>) {
    let mut one_by_one = Vec::new();
    for feed in feeds(&shared) {
        if matches!(feed.first().await, Position::OneByOne(_)) {
            one_by_one.push(feed);
        }
    }
    for feed in one_by_one {
        // Listing is all there is to do.
        drop(feed.list_namespaces().await);
    }
}
