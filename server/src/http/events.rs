//! The event stream: tells open pages that something they may show has changed, or that a cluster was heard of, and nothing more.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::news::News;
use app::viewer::Scope;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{Stream, StreamExt};
use tokio::sync::{broadcast, watch};

use super::AppState;
use super::session::Signed;

/// News for open pages: a scan.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The cluster's name.
    pub cluster: String,
    /// The scan's sequence number where it changed something; `None` where it only confirmed what was known.
    pub changed: Option<i64>,
    /// The hubs it may concern, as ids of the store; the viewer's scope is applied to them.
    pub hubs: Vec<i64>,
    /// When the cluster was last heard of, in milliseconds since 1970.
    pub seen: i64,
}

impl Notice {
    /// The name of the event.
    fn event(&self) -> &'static str {
        if self.changed.is_some() { "changed" } else { "seen" }
    }

    /// What a page is told. It names no hub: the page asks for itself again if it wants to know more.
    fn news(&self) -> News {
        News { cluster: self.cluster.clone(), scan: self.changed, hubs: Vec::new(), seen: Some(self.seen) }
    }

    /// The later of two notices of one cluster, with the newest change of both.
    fn after(self, earlier: Option<&Self>) -> Self {
        let changed = self.changed.or_else(|| earlier.and_then(|earlier| earlier.changed));
        Self { changed, ..self }
    }
}

/// The sender of notices; cloning is cheap.
#[derive(Debug, Clone)]
pub struct Notices {
    sender: broadcast::Sender<Notice>,
    /// Whether the streams end.
    closed: watch::Sender<bool>,
    /// The last notice of each cluster, for pages that ask instead of listening.
    last: Arc<Mutex<BTreeMap<String, Notice>>>,
}

impl Default for Notices {
    fn default() -> Self {
        // A page that misses notices still learns from the next one that it is old.
        Self { sender: broadcast::channel(64).0, closed: watch::channel(false).0, last: Arc::default() }
    }
}

impl Notices {
    /// Tells every open page; nobody listening is no error.
    pub fn send(&self, notice: Notice) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = notice.clone().after(last.get(&notice.cluster));
        last.insert(notice.cluster.clone(), kept);
        drop(last);
        let _ = self.sender.send(notice);
    }

    /// Ends every stream, those that begin later too; browsers ask again by themselves.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Resolves once the streams are to end.
    fn closed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut closed = self.closed.subscribe();
        async move {
            // A sender that is gone means the same.
            drop(closed.wait_for(|closed| *closed).await);
        }
    }

    fn last(&self) -> Vec<Notice> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// `GET api/news`: what the stream said last of each cluster, for pages without a stream.
pub async fn news(Signed(viewer): Signed, State(state): State<AppState>) -> impl IntoResponse {
    let notices = state.notices.last();
    let news: Vec<News> =
        notices.iter().filter(|notice| concerns(&viewer.scope, notice)).map(Notice::news).collect();
    ([(header::CACHE_CONTROL, "no-store")], Json(news))
}

/// `GET api/events`.
pub async fn stream(
    Signed(viewer): Signed,
    State(state): State<AppState>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let receiver = state.notices.sender.subscribe();
    let stream = futures::stream::unfold(receiver, |mut receiver| async move {
        loop {
            match receiver.recv().await {
                Ok(notice) => return Some((notice, receiver)),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    })
    .take_until(state.notices.closed())
    .filter(move |notice| std::future::ready(concerns(&viewer.scope, notice)))
    .filter_map(|notice| async move {
        Event::default().event(notice.event()).json_data(notice.news()).ok().map(Ok)
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}

fn concerns(scope: &Scope, notice: &Notice) -> bool {
    match scope {
        Scope::All => true,
        Scope::Hubs(hubs) => notice.hubs.iter().any(|id| hubs.contains(id)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[tokio::test]
    async fn a_stream_that_begins_after_the_end_ends_at_once() {
        let notices = Notices::default();
        notices.close();
        notices.closed().await;
    }

    fn notice(changed: Option<i64>) -> Notice {
        Notice { cluster: "a".into(), changed, hubs: vec![7], seen: 1_000 }
    }

    #[test]
    fn a_page_that_asks_after_a_sign_of_life_still_hears_of_the_change_before_it() {
        let notices = Notices::default();
        notices.send(notice(Some(41)));
        notices.send(notice(None));
        let news: Vec<News> = notices.last().iter().map(Notice::news).collect();
        assert_eq!(news.len(), 1);
        assert_eq!(news[0].scan, Some(41));
    }

    #[test]
    fn a_viewer_of_one_hub_hears_nothing_of_another() {
        let notice = notice(Some(1));
        assert!(concerns(&Scope::All, &notice));
        assert!(concerns(&Scope::Hubs(BTreeSet::from([7])), &notice));
        assert!(!concerns(&Scope::Hubs(BTreeSet::from([8])), &notice));
    }
}
