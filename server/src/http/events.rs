//! The event stream: tells open pages that something they may show has changed, or that a cluster was heard of, and nothing more.

use std::collections::{BTreeMap, VecDeque};
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
    /// The hubs it changed something of, as ids of the store; the viewer's scope is applied to them.
    pub hubs: Vec<i64>,
    /// When the cluster was last heard of, in milliseconds since 1970.
    pub seen: i64,
}

impl Notice {
    /// The name of the event.
    fn event(&self) -> &'static str {
        if self.changed.is_some() { "changed" } else { "seen" }
    }

    /// What a page of this viewer is told.
    fn news(&self, scope: &Scope) -> News {
        let hubs = self.hubs.iter().copied().filter(|hub| sees(scope, *hub)).collect();
        News { cluster: self.cluster.clone(), scan: self.changed, hubs, seen: Some(self.seen) }
    }
}

/// What was said of one cluster so far.
#[derive(Debug, Default)]
struct Said {
    /// When it was last heard of.
    seen: i64,
    /// The newest scan that changed anything.
    changed: Option<i64>,
    /// The newest scan that changed something of each hub.
    hubs: BTreeMap<i64, i64>,
}

impl Said {
    fn add(&mut self, notice: &Notice) {
        self.seen = notice.seen;
        let Some(scan) = notice.changed else { return };
        self.changed = Some(scan);
        self.hubs.extend(notice.hubs.iter().map(|hub| (*hub, scan)));
    }

    /// The notices that say the same, one for each scan that was the last to change something.
    fn notices(&self, cluster: &str) -> Vec<Notice> {
        let mut scans: BTreeMap<Option<i64>, Vec<i64>> = BTreeMap::from([(self.changed, Vec::new())]);
        for (hub, scan) in &self.hubs {
            scans.entry(Some(*scan)).or_default().push(*hub);
        }
        let notice = |(changed, hubs)| Notice { cluster: cluster.to_owned(), changed, hubs, seen: self.seen };
        scans.into_iter().map(notice).collect()
    }
}

/// The sender of notices; cloning is cheap.
#[derive(Debug, Clone)]
pub struct Notices {
    sender: broadcast::Sender<Notice>,
    /// Whether the streams end.
    closed: watch::Sender<bool>,
    /// What was said of each cluster, for pages that ask instead of listening.
    said: Arc<Mutex<BTreeMap<String, Said>>>,
}

impl Default for Notices {
    fn default() -> Self {
        // Who misses notices is told again what was said last.
        Self { sender: broadcast::channel(64).0, closed: watch::channel(false).0, said: Arc::default() }
    }
}

impl Notices {
    /// Tells every open page; nobody listening is no error.
    pub fn send(&self, notice: Notice) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.entry(notice.cluster.clone()).or_default().add(&notice);
        drop(said);
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
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().flat_map(|(cluster, said)| said.notices(cluster)).collect()
    }

    /// What was said last, and then what is said from now on. A page that listens only now, or again after a break, was made some
    /// time ago: without the former it would never hear of what changed in between.
    fn listen(&self) -> impl Stream<Item = Notice> + Send + use<> {
        let notices = self.clone();
        let receiver = self.sender.subscribe();
        let waiting = VecDeque::from(self.last());
        futures::stream::unfold(
            (notices, receiver, waiting),
            |(notices, mut receiver, mut waiting)| async move {
                loop {
                    if let Some(notice) = waiting.pop_front() {
                        return Some((notice, (notices, receiver, waiting)));
                    }
                    match receiver.recv().await {
                        Ok(notice) => waiting.push_back(notice),
                        Err(broadcast::error::RecvError::Lagged(_)) => waiting.extend(notices.last()),
                        Err(broadcast::error::RecvError::Closed) => return None,
                    }
                }
            },
        )
        .take_until(self.closed())
    }
}

/// `GET api/news`: what the stream said last of each cluster, for pages without a stream.
pub async fn news(Signed(viewer): Signed, State(state): State<AppState>) -> impl IntoResponse {
    let notices = state.notices.last();
    let news: Vec<News> =
        notices.iter().filter(|n| concerns(&viewer.scope, n)).map(|n| n.news(&viewer.scope)).collect();
    ([(header::CACHE_CONTROL, "no-store")], Json(news))
}

/// `GET api/events`.
pub async fn stream(
    Signed(viewer): Signed,
    State(state): State<AppState>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = state.notices.listen().filter_map(move |notice| {
        let told = concerns(&viewer.scope, &notice).then(|| {
            Event::default().event(notice.event()).json_data(notice.news(&viewer.scope)).ok().map(Ok)
        });
        std::future::ready(told.flatten())
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}

fn concerns(scope: &Scope, notice: &Notice) -> bool {
    match scope {
        Scope::All => true,
        Scope::Hubs(_) => notice.hubs.iter().any(|id| sees(scope, *id)),
    }
}

fn sees(scope: &Scope, hub: i64) -> bool {
    match scope {
        Scope::All => true,
        Scope::Hubs(hubs) => hubs.contains(&hub),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use app::news::Known;

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
        let news: Vec<News> = notices.last().iter().map(|notice| notice.news(&Scope::All)).collect();
        assert_eq!(news.len(), 1);
        assert_eq!(news[0].scan, Some(41));
    }

    #[tokio::test]
    async fn a_page_that_listens_late_hears_first_what_changed_before() {
        let notices = Notices::default();
        notices.send(notice(Some(41)));
        let mut stream = std::pin::pin!(notices.listen());
        assert_eq!(stream.next().await.and_then(|notice| notice.changed), Some(41));
        notices.send(notice(Some(42)));
        assert_eq!(stream.next().await.and_then(|notice| notice.changed), Some(42));
    }

    #[tokio::test]
    async fn a_page_that_could_not_keep_up_is_told_again_what_was_said_last() {
        let notices = Notices::default();
        let mut stream = std::pin::pin!(notices.listen());
        notices.send(notice(Some(1)));
        for _ in 0..1_000 {
            notices.send(notice(None));
        }
        assert_eq!(stream.next().await.and_then(|notice| notice.changed), Some(1));
    }

    #[test]
    fn a_page_that_asks_hears_of_its_hub_although_another_changed_later() {
        let notices = Notices::default();
        notices.send(notice(Some(41)));
        notices.send(Notice { hubs: vec![8], ..notice(Some(42)) });
        let is_told = |hub, scan| {
            let known = [Known { cluster: "a".into(), scan, seen: None }];
            let news = notices.last();
            news.iter().any(|notice| notice.news(&Scope::All).concerns(Some("a"), hub, &known))
        };
        assert!(is_told(Some(7), 40) && is_told(Some(8), 40) && is_told(None, 41));
        assert!(!is_told(Some(7), 41) && !is_told(Some(9), 40) && !is_told(None, 42));
    }

    #[test]
    fn hubs_that_a_viewer_may_not_see_are_not_named() {
        let notice = Notice { hubs: vec![7, 8], ..notice(Some(1)) };
        assert_eq!(notice.news(&Scope::Hubs(BTreeSet::from([7]))).hubs, [7]);
    }

    #[test]
    fn a_viewer_of_one_hub_hears_nothing_of_another() {
        let notice = notice(Some(1));
        assert!(concerns(&Scope::All, &notice));
        assert!(concerns(&Scope::Hubs(BTreeSet::from([7])), &notice));
        assert!(!concerns(&Scope::Hubs(BTreeSet::from([8])), &notice));
    }
}
