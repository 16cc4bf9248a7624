//! An in-memory Kubernetes API, as a `tower` service below the real client: no port, no second code path.
//!
//! It serves what Perijove uses: discovery, paged lists, watches with bookmarks, `get`, metadata-only forms, field selectors and the
//! SelfSubject reviews, with the refusals of a real server: 403 by a list of denied permissions, 404, 410 for what is too old.

mod access;
mod answer;
mod call;
pub mod faults;
mod read;
mod resources;
mod state;
mod watching;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use serde_json::Value;
use tokio::sync::watch;
use tower::{BoxError, Service};

use crate::clock::Clock;
use crate::demo::{DemoCluster, Denied, Op};
use state::State;

/// The body of an answer.
pub type Answer = UnsyncBoxBody<Bytes, BoxError>;

/// What watchers wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Pulse {
    /// The version of the newest change.
    version: u64,
    /// How often bookmarks were asked for.
    bookmarks: u64,
}

/// One cluster's API. Clones serve the same objects.
#[derive(Debug, Clone)]
pub struct DemoApi {
    state: Arc<Mutex<State>>,
    pulse: Arc<watch::Sender<Pulse>>,
    clock: Clock,
    bookmark_every: Duration,
}

impl DemoApi {
    /// Serves these objects to somebody who may read everything but what is denied.
    pub fn new(objects: Vec<Value>, denied: Vec<Denied>, kubernetes: &str, clock: Clock) -> Self {
        let mut state = State::new(denied, kubernetes);
        for object in objects {
            state.apply(Op::Put(object));
        }
        // What was there at the beginning is no event.
        state.compact();
        let (pulse, _) = watch::channel(Pulse { version: state.version(), bookmarks: 0 });
        Self {
            state: Arc::new(Mutex::new(state)),
            pulse: Arc::new(pulse),
            clock,
            bookmark_every: Duration::from_secs(10),
        }
    }

    /// Serves a demo cluster as it was at the beginning of its past.
    pub fn of(cluster: &DemoCluster, clock: Clock) -> Self {
        let api = Self::new(cluster.objects.clone(), cluster.denied.clone(), &cluster.kubernetes, clock);
        api.grant(cluster.sights.secrets.clone());
        api
    }

    /// Lets these Secrets be read by namespace and name.
    pub fn grant(&self, secrets: BTreeSet<(String, String)>) {
        self.state().grant(secrets);
    }

    /// The clock that answers are dated with.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Changes objects and tells the watchers; the version after that.
    pub fn apply(&self, ops: Vec<Op>) -> u64 {
        let version = {
            let mut state = self.state();
            for op in ops {
                state.apply(op);
            }
            state.version()
        };
        self.pulse.send_modify(|pulse| pulse.version = version);
        version
    }

    /// Sends a bookmark to every watcher once it has been told everything.
    pub fn bookmark(&self) {
        self.pulse.send_modify(|pulse| pulse.bookmarks += 1);
    }

    /// Lets time pass without anything happening: the next version, with a bookmark that tells every watcher.
    pub fn beat(&self) -> u64 {
        let version = self.state().pass();
        self.pulse.send_modify(|pulse| *pulse = Pulse { version, bookmarks: pulse.bookmarks + 1 });
        version
    }

    /// Forgets all events so far: whoever is behind gets a 410.
    pub fn compact(&self) {
        self.state().compact();
    }

    /// Changes what may not be read. Open watches go on, as they do on a real server.
    pub fn deny(&self, denied: Vec<Denied>) {
        self.state().deny(denied);
    }

    /// Stops serving built-in resources, as an older or trimmed API server: group and plural name.
    pub fn withdraw(&self, group: &str, plural: &str) {
        self.state().withdraw(group, plural);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic of another holder leaves the state as it was after its last finished change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> Service<Request<B>> for DemoApi
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let api = self.clone();
        Box::pin(async move { Ok(answer::respond(&api, request).await) })
    }
}
