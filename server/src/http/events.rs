//! The event stream: tells open pages that something they may show has changed, and nothing more.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use app::viewer::Scope;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{Stream, StreamExt};
use serde::Serialize;
use tokio::sync::{broadcast, watch};

use super::AppState;
use super::session::Signed;

/// News for open pages: a scan that changed something.
#[derive(Debug, Clone, Serialize)]
pub struct Notice {
    /// The cluster's name.
    pub cluster: String,
    /// The scan's sequence number.
    pub scan: i64,
    /// The hubs whose findings changed, as ids of the store; the viewer's scope is applied to them.
    #[serde(skip)]
    pub hubs: Vec<i64>,
    /// Whether findings of the cluster itself changed.
    #[serde(skip)]
    pub is_cluster_changed: bool,
}

/// The sender of notices; cloning is cheap.
#[derive(Debug, Clone)]
pub struct Notices {
    sender: broadcast::Sender<Notice>,
    /// Whether the streams end.
    closed: watch::Sender<bool>,
}

impl Default for Notices {
    fn default() -> Self {
        // A page that misses notices still learns from the next one that it is old.
        Self { sender: broadcast::channel(64).0, closed: watch::channel(false).0 }
    }
}

impl Notices {
    /// Tells every open page; nobody listening is no error.
    pub fn send(&self, notice: Notice) {
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
    .filter_map(|notice| async move { Event::default().event("changed").json_data(&notice).ok().map(Ok) });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}

fn concerns(scope: &Scope, notice: &Notice) -> bool {
    match scope {
        Scope::All => notice.is_cluster_changed || !notice.hubs.is_empty(),
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

    #[test]
    fn a_viewer_of_one_hub_hears_nothing_of_another() {
        let notice = Notice { cluster: "a".into(), scan: 1, hubs: vec![7], is_cluster_changed: true };
        assert!(concerns(&Scope::All, &notice));
        assert!(concerns(&Scope::Hubs(BTreeSet::from([7])), &notice));
        assert!(!concerns(&Scope::Hubs(BTreeSet::from([8])), &notice));
    }
}
