//! Watches: events since a version, bookmarks, an end in good time, and an error for whoever is too far behind.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;
use tower::BoxError;

use super::answer::Refusal;
use super::read::{Selector, Wanted};
use super::resources::Resource;
use super::state::{Event, shape};
use super::{Answer, DemoApi, Pulse};

/// How long a watch lasts if the client does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(30);

struct Watcher {
    api: DemoApi,
    resource: Resource,
    namespace: Option<String>,
    selector: Selector,
    wanted: Wanted,
    bookmarks: bool,
    /// Everything up to this version has been told.
    told: u64,
    pulse: watch::Receiver<Pulse>,
    seen: Pulse,
    ends: Instant,
    next_bookmark: Instant,
    /// Whether a bookmark was asked for before the watch was open.
    owes_bookmark: bool,
    lines: VecDeque<Bytes>,
    over: bool,
}

/// The body of a watch.
pub(super) fn stream(
    api: DemoApi,
    resource: Resource,
    namespace: Option<String>,
    query: &BTreeMap<String, String>,
    wanted: Wanted,
) -> Result<Answer, Refusal> {
    let number = |name: &str| match query.get(name).filter(|value| !value.is_empty()) {
        None => Ok(None),
        Some(value) => value.parse::<u64>().map(Some).map_err(|_| Refusal::bad("a number is not valid")),
    };
    let timeout = number("timeoutSeconds")?.map_or(DEFAULT_TIMEOUT, Duration::from_secs);
    let from = number("resourceVersion")?.unwrap_or_default();
    let pulse = api.pulse.subscribe();
    let seen = *pulse.borrow();
    let now = Instant::now();
    let next_bookmark = now + api.bookmark_every;
    let mut watcher = Watcher {
        selector: Selector::parse(query.get("fieldSelector").map_or("", String::as_str))?,
        bookmarks: query.get("allowWatchBookmarks").is_some_and(|value| value == "1" || value == "true"),
        told: from,
        ends: now + timeout,
        owes_bookmark: seen.bookmarks > 0,
        lines: VecDeque::new(),
        over: false,
        api,
        resource,
        namespace,
        wanted,
        pulse,
        seen,
        next_bookmark,
    };
    if from == 0 {
        watcher.tell_everything();
    }
    let body = futures::stream::unfold(watcher, |mut watcher| async move {
        let line = watcher.next().await?;
        Some((Ok::<_, BoxError>(Frame::data(line)), watcher))
    });
    Ok(StreamBody::new(body).boxed_unsync())
}

impl Watcher {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            if self.over {
                return None;
            }
            self.tell();
            if std::mem::take(&mut self.owes_bookmark) {
                self.bookmark();
            }
            if !self.lines.is_empty() {
                continue;
            }
            let until = self.ends.min(self.next_bookmark);
            tokio::select! {
                changed = self.pulse.changed() => {
                    if changed.is_err() {
                        self.over = true;
                    }
                    let pulse = *self.pulse.borrow();
                    if pulse.bookmarks != self.seen.bookmarks {
                        self.tell();
                        self.bookmark();
                    }
                    self.seen = pulse;
                }
                () = tokio::time::sleep_until(until) => {
                    self.bookmark();
                    self.next_bookmark = Instant::now() + self.api.bookmark_every;
                    self.over = Instant::now() >= self.ends;
                }
            }
        }
    }

    /// Queues what happened since the last time.
    fn tell(&mut self) {
        let (events, version) = {
            let state = self.api.state();
            (state.since(&self.resource.collection(), self.told), state.version())
        };
        let Some(events) = events else {
            let refusal = Refusal::expired("too old resource version");
            self.lines.push_back(line("ERROR", &refusal.status()));
            self.over = true;
            return;
        };
        for event in events {
            if self.namespace.as_ref().is_some_and(|namespace| event.place.0 != *namespace) {
                continue;
            }
            self.lines.extend(self.line_of(&event));
        }
        self.told = self.told.max(version);
    }

    fn line_of(&self, event: &Event) -> Option<Bytes> {
        // With a selector an object can come into view and leave it without being made or deleted.
        let visible = |object: &&std::sync::Arc<Value>| self.selector.matches(object);
        let (before, after) = (event.before.as_ref().filter(visible), event.after.as_ref().filter(visible));
        let (kind, object) = match (before, after) {
            (None, None) => return None,
            (None, Some(after)) => ("ADDED", after),
            (Some(_), Some(after)) => ("MODIFIED", after),
            (Some(before), None) => ("DELETED", before),
        };
        let mut object = shape(object, self.wanted == Wanted::Metadata);
        object["metadata"]["resourceVersion"] = event.version.to_string().into();
        Some(line(kind, &object))
    }

    fn tell_everything(&mut self) {
        let state = self.api.state();
        let version = state.version();
        for (place, object) in state.at(&self.resource.collection(), version).unwrap_or_default() {
            if self.namespace.as_ref().is_none_or(|namespace| place.0 == *namespace)
                && self.selector.matches(&object)
            {
                self.lines.push_back(line("ADDED", &shape(&object, self.wanted == Wanted::Metadata)));
            }
        }
        self.told = version;
    }

    fn bookmark(&mut self) {
        if !self.bookmarks {
            return;
        }
        let (api_version, kind) = match self.wanted {
            Wanted::Whole => (self.resource.api_version(), self.resource.kind.as_str()),
            Wanted::Metadata => ("meta.k8s.io/v1".to_owned(), "PartialObjectMetadata"),
        };
        let metadata = json!({"resourceVersion": self.told.to_string(), "creationTimestamp": null});
        let object = json!({"kind": kind, "apiVersion": api_version, "metadata": metadata});
        self.lines.push_back(line("BOOKMARK", &object));
    }
}

fn line(kind: &str, object: &Value) -> Bytes {
    let mut text = json!({"type": kind, "object": object}).to_string();
    text.push('\n');
    Bytes::from(text)
}
