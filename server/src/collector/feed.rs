//! One kind: listed, then followed; in all namespaces, or in those that may be read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use posture::gap::GapReason;
use posture::kind::{Kind, KindInfo, Reading};
use posture::record::Record;
use posture::redact::{DecodeError, ListMeta, Redactor, WatchEvent, decode_json_list, decode_watch_line};
use tokio::sync::{Mutex, Semaphore, mpsc, watch};
use tokio::time::Instant;

use super::news::{Message, News, Place};
use crate::cluster::backoff::Backoff;
use crate::cluster::identity::GuardError;
use crate::cluster::{
    ApiError, Fetched, IdentityGuard, Lister, ResourcePath, Served, Serving, Source, Watch, WatchEnd, review,
};

/// How many records travel together; pages are cut into pieces of this size. A record takes several times the memory of its text.
const PIECE: usize = 25;

/// How long a refusal of everything, or one in the middle of following, is not believed: an API server that has just started refuses everybody until it knows
/// its roles, and knows no custom resource until it has read the definitions.
pub(super) const DOUBT: Duration = Duration::from_secs(10);

/// What all feeds of a cluster share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) source: Source,
    pub(super) redactor: Arc<Redactor>,
    pub(super) guard: IdentityGuard,
    /// One list at a time: a page of one kind is all that is in memory.
    pub(super) lists: Semaphore,
    pub(super) serving: watch::Sender<Arc<Serving>>,
    /// Counts how often everything that could not be read is to be tried again.
    pub(super) retry: watch::Sender<u64>,
    /// Namespaces to try one by one where a kind may not be listed everywhere.
    pub(super) namespaces: watch::Sender<Arc<BTreeSet<String>>>,
    /// What may be listed in a namespace, as of the count of `retry`.
    pub(super) readable: Mutex<(u64, BTreeMap<String, Readable>)>,
    pub(super) news: mpsc::Sender<Message>,
}

/// The groups and resources that may be listed in a namespace; `None` where the server cannot tell.
pub(super) type Readable = Option<Arc<BTreeSet<(String, String)>>>;

/// Why a feed cannot go on.
#[derive(Debug)]
enum Stop {
    /// The server says no.
    Api(ApiError),
    /// What the server sends cannot be understood.
    Decode(DecodeError),
    /// Another cluster answers.
    AnotherCluster,
    /// Nobody listens any more.
    Closed,
}

impl Stop {
    fn gap(&self) -> GapReason {
        match self {
            Self::Api(error) => error.gap(),
            Self::Decode(error) => {
                GapReason::Failed(format!("the API server's answer cannot be understood: {error}"))
            }
            Self::AnotherCluster | Self::Closed => GapReason::NotRead,
        }
    }

    fn is_final(&self) -> bool {
        matches!(self, Self::AnotherCluster | Self::Closed)
    }
}

impl From<ApiError> for Stop {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<GuardError> for Stop {
    fn from(error: GuardError) -> Self {
        match error {
            GuardError::AnotherCluster => Self::AnotherCluster,
            GuardError::Api(error) => Self::Api(error),
        }
    }
}

/// Where a feed stands after its first list.
#[derive(Debug)]
pub(super) enum Position {
    /// Listed; the watch goes on from this version.
    Listed(String),
    /// It may not be listed over all namespaces; those that were listed one by one, with the versions to follow them from.
    OneByOne(BTreeMap<String, String>),
    /// It cannot be read for now; it is tried again with everything else.
    Waiting,
    /// It could not be read because of something that passes.
    Later,
}

/// The feed of one kind.
#[derive(Debug, Clone)]
pub(super) struct Feed {
    pub(super) info: &'static KindInfo,
    pub(super) shared: Arc<Shared>,
}

impl Feed {
    /// Lists the kind in all namespaces, and tells what came of it.
    pub(super) async fn first(&self) -> Position {
        let version = match self.served() {
            Served::Version(version) => version,
            Served::Absent => return self.wait_after(News::Absent).await,
            Served::Gap(reason) => return self.wait_after(News::Gap(reason)).await,
        };
        match self.list(version, None).await {
            Ok(resource_version) => Position::Listed(resource_version),
            Err(Stop::Api(ApiError::Forbidden)) if self.info.namespaced => {
                let told = self.tell(None, News::Gap(GapReason::Forbidden)).await;
                if told.is_ok() { Position::OneByOne(BTreeMap::new()) } else { Position::Waiting }
            }
            // Between discovery and the list the definition went away.
            Err(Stop::Api(ApiError::NotFound)) if self.info.tier == posture::kind::Tier::C => {
                self.wait_after(News::Absent).await
            }
            Err(stop) => self.gap_after(&stop).await,
        }
    }

    async fn gap_after(&self, stop: &Stop) -> Position {
        if let Stop::Api(error) = stop
            && error.is_transient()
        {
            self.interrupted(None, error).await;
        }
        let position = self.wait_after(News::Gap(stop.gap())).await;
        match stop {
            Stop::Api(error) if error.is_transient() => Position::Later,
            _ => position,
        }
    }

    /// Follows the kind for ever, beginning where [`Self::first`] ended; returns when nobody listens any more.
    pub(super) async fn follow(self, mut position: Position) {
        let mut retry = self.shared.retry.subscribe();
        loop {
            let stop = match position {
                Position::Listed(resource_version) => self.follow_place(None, resource_version).await,
                Position::OneByOne(listed) => self.one_by_one(listed, &mut retry).await,
                Position::Waiting | Position::Later => {
                    let soon = match position {
                        Position::Later => self.shared.source.tuning().longest_wait,
                        _ => Duration::MAX,
                    };
                    // A wait that is over and a retry are the same reason to try again.
                    if let Ok(Err(_)) = tokio::time::timeout(soon, retry.changed()).await {
                        return;
                    }
                    if self.shared.news.is_closed() {
                        return;
                    }
                    position = self.first().await;
                    continue;
                }
            };
            position = match stop {
                Stop::Closed => return,
                Stop::AnotherCluster => {
                    // If nobody listens, the end is near anyway.
                    let _ = self.shared.news.send(Message::AnotherCluster).await;
                    return;
                }
                Stop::Api(ApiError::Forbidden | ApiError::NotFound) => self.first().await,
                stop => self.gap_after(&stop).await,
            };
        }
    }

    async fn wait_after(&self, news: News) -> Position {
        // If nobody listens any more, waiting ends at once.
        let _ = self.tell(None, news).await;
        Position::Waiting
    }

    fn served(&self) -> Served {
        self.shared.serving.borrow().of(self.info.kind).clone()
    }

    /// The version the kind is served in; `NotFound` where it is not.
    fn version(&self) -> Result<&'static str, ApiError> {
        match self.served() {
            Served::Version(version) => Ok(version),
            Served::Absent | Served::Gap(_) => Err(ApiError::NotFound),
        }
    }

    /// Lists one place completely, and returns the version to follow it from.
    async fn list(&self, version: &str, namespace: Option<&str>) -> Result<String, Stop> {
        let turn = self.shared.lists.acquire().await.map_err(|_| Stop::Closed)?;
        self.shared.guard.confirm(&self.shared.source).await?;
        self.tell(namespace, News::ListBegins).await?;
        let path = ResourcePath::new(self.info, version, namespace);
        let mut lister = Lister::new(&self.shared.source, path, self.metadata_only());
        let mut page = Vec::new();
        let resource_version = loop {
            if lister.fetch(&mut page).await? == Fetched::Restarted {
                self.tell(namespace, News::ListBegins).await?;
                continue;
            }
            let meta;
            (page, meta) = self.tell_items(namespace, page).await?;
            if !lister.go_on(meta.continue_token) {
                break meta.resource_version;
            }
        };
        drop(turn);
        self.tell(namespace, News::Listed { resource_version: resource_version.clone() }).await?;
        Ok(resource_version)
    }

    /// Decodes a page on a thread that may be kept busy, and tells its items piece by piece while it goes on; gives the page back, to be
    /// filled again.
    ///
    /// The thread passes pieces through here and tells nothing by itself: where this future is dropped, nothing more is told.
    async fn tell_items(&self, namespace: Option<&str>, page: Vec<u8>) -> Result<(Vec<u8>, ListMeta), Stop> {
        let (pieces, mut decoded) = mpsc::channel(1);
        let (shared, kind) = (Arc::clone(&self.shared), self.info.kind);
        let decoding = tokio::task::spawn_blocking(move || {
            let meta = decode_pieces(&page, kind, &shared.redactor, &pieces);
            (page, meta)
        });
        while let Some(piece) = decoded.recv().await {
            self.tell(namespace, News::Items(piece)).await?;
        }
        let (page, meta) = decoding.await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The program ends.
            Err(_) => Stop::Closed,
        })?;
        let meta = meta.map_err(Stop::Decode)?;
        if meta.malformed > 0 {
            tracing::warn!(
                kind = self.info.plural,
                values = meta.malformed,
                "values of a wrong type were left out"
            );
        }
        Ok((page, meta))
    }

    /// Watches one place, and lists it again whenever the watch cannot go on; returns what cannot be waited out.
    async fn follow_place(&self, namespace: Option<&str>, mut resource_version: String) -> Stop {
        let tuning = self.shared.source.tuning();
        let seed = self.info.plural.bytes().fold(3, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(byte));
        let mut backoff = Backoff::new(tuning.first_wait, tuning.longest_wait, seed);
        let mut failures = 0;
        let mut refused_since = None;
        loop {
            let mut opened = None;
            let ended = self.watch(namespace, &mut resource_version, &mut opened).await;
            let has_lasted = opened.is_some_and(|opened: Instant| opened.elapsed() >= Duration::from_secs(1));
            if has_lasted {
                backoff.succeeded();
                failures = 0;
            }
            if opened.is_some() {
                refused_since = None;
            }
            let error = match ended {
                Ok(()) if has_lasted => continue,
                // A server that ends watches at once must not be asked again at once.
                Ok(()) => None,
                Err(stop) if stop.is_final() => return stop,
                Err(Stop::Decode(error)) => {
                    tracing::warn!(kind = self.info.plural, %error, "an event cannot be understood; listing again");
                    Some(ApiError::Gone)
                }
                Err(Stop::Api(error)) => Some(error),
                Err(stop) => return stop,
            };
            let wait = backoff.next(error.as_ref().and_then(ApiError::retry_after));
            failures += 1;
            match error {
                Some(ApiError::Gone) => match self.list_again(namespace).await {
                    Ok(newer) => {
                        resource_version = newer;
                        // A server that forgets at once what it has just listed must not be asked again at once.
                        if failures == 1 {
                            continue;
                        }
                    }
                    Err(Stop::Api(error)) if error.is_transient() => {
                        self.interrupted(namespace, &error).await;
                        let stop = Stop::Api(error);
                        if self.tell(namespace, News::Gap(stop.gap())).await.is_err() {
                            return Stop::Closed;
                        }
                        // Too old to go on from, so that the list is tried again.
                        "0-unusable".clone_into(&mut resource_version);
                    }
                    Err(stop) => return stop,
                },
                Some(ApiError::Forbidden | ApiError::NotFound)
                    if refused_since.get_or_insert_with(Instant::now).elapsed() < DOUBT => {}
                Some(error) if !error.is_transient() => return Stop::Api(error),
                Some(error) => {
                    tracing::info!(kind = self.info.plural, %error, "the watch broke off and goes on");
                    // A watch that can be opened again at once is nothing to speak of.
                    if failures > 1 {
                        self.interrupted(namespace, &error).await;
                    }
                }
                None => {}
            }
            if self.shared.news.is_closed() {
                return Stop::Closed;
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn interrupted(&self, namespace: Option<&str>, error: &ApiError) {
        // Whoever goes on notices that nobody listens any more.
        let _ = self.tell(namespace, News::Interrupted(error.to_string())).await;
    }

    async fn list_again(&self, namespace: Option<&str>) -> Result<String, Stop> {
        let version = self.version()?;
        self.list(version, namespace).await
    }

    /// One watch, to its end in good order; `opened` tells since when the server has answered.
    async fn watch(
        &self,
        namespace: Option<&str>,
        resource_version: &mut String,
        opened: &mut Option<Instant>,
    ) -> Result<(), Stop> {
        if resource_version == "0-unusable" {
            return Err(ApiError::Gone.into());
        }
        self.shared.guard.confirm(&self.shared.source).await?;
        let path = ResourcePath::new(self.info, self.version()?, namespace);
        let mut watch =
            Watch::open(&self.shared.source, &path, self.metadata_only(), resource_version).await?;
        *opened = Some(Instant::now());
        self.tell(namespace, News::Heard { resource_version: None }).await?;
        loop {
            let line = match watch.line().await {
                Ok(line) => line,
                Err(WatchEnd::Closed) => return Ok(()),
                Err(WatchEnd::Failed(error)) => return Err(error.into()),
            };
            let event =
                decode_watch_line(&line, self.info.kind, &self.shared.redactor).map_err(Stop::Decode)?;
            let news = match event {
                WatchEvent::Added(record) | WatchEvent::Modified(record) => {
                    resource_version.clone_from(&record.resource_version);
                    News::Changed(record)
                }
                WatchEvent::Deleted(record) => {
                    resource_version.clone_from(&record.resource_version);
                    News::Gone { object: record.object, resource_version: record.resource_version }
                }
                WatchEvent::Bookmark { resource_version: newer } => {
                    resource_version.clone_from(&newer);
                    News::Heard { resource_version: Some(newer) }
                }
                WatchEvent::Error { code: 410 } => return Err(ApiError::Gone.into()),
                WatchEvent::Error { code } => {
                    return Err(ApiError::Server { status: code, retry_after: None }.into());
                }
            };
            self.tell(namespace, news).await?;
        }
    }

    /// Reads namespace by namespace until the kind may be listed everywhere, or something cannot be waited out.
    async fn one_by_one(
        &self,
        mut listed: BTreeMap<String, String>,
        retry: &mut watch::Receiver<u64>,
    ) -> Stop {
        let mut namespaces = self.shared.namespaces.subscribe();
        loop {
            let candidates = self.candidates().await;
            let mut places = FuturesUnordered::new();
            for namespace in &candidates {
                places.push(self.follow_namespace(namespace, listed.remove(namespace)));
            }
            loop {
                tokio::select! {
                    Some(stop) = places.next() => {
                        if stop.is_final() {
                            return stop;
                        }
                    }
                    changed = retry.changed() => {
                        if changed.is_err() || self.shared.news.is_closed() {
                            return Stop::Closed;
                        }
                        if self.may_be_listed().await {
                            drop(places);
                            if self.drop_places(&candidates).await.is_err() {
                                return Stop::Closed;
                            }
                            return Stop::Api(ApiError::Forbidden);
                        }
                    }
                    changed = namespaces.changed() => {
                        if changed.is_err() {
                            return Stop::Closed;
                        }
                    }
                }
                let now = self.candidates().await;
                if now != candidates {
                    let ended: BTreeSet<String> = candidates.difference(&now).cloned().collect();
                    if self.drop_places(&ended).await.is_err() {
                        return Stop::Closed;
                    }
                    break;
                }
            }
        }
    }

    async fn drop_places(&self, namespaces: &BTreeSet<String>) -> Result<(), Stop> {
        for namespace in namespaces {
            self.tell(Some(namespace), News::Dropped).await?;
        }
        Ok(())
    }

    /// Lists and follows one namespace; what cannot be read is told and tried again with everything else.
    async fn follow_namespace(&self, namespace: &str, mut listed: Option<String>) -> Stop {
        let mut retry = self.shared.retry.subscribe();
        loop {
            let list = match listed.take() {
                Some(resource_version) => Ok(resource_version),
                None => self.list_again(Some(namespace)).await,
            };
            let stop = match list {
                Ok(resource_version) => self.follow_place(Some(namespace), resource_version).await,
                Err(stop) => stop,
            };
            if stop.is_final() || self.tell(Some(namespace), News::Gap(stop.gap())).await.is_err() {
                return stop;
            }
            if retry.changed().await.is_err() {
                return Stop::Closed;
            }
        }
    }

    /// Lists the kind once in every namespace where it may be listed; the versions to follow them from.
    pub(super) async fn list_namespaces(&self) -> BTreeMap<String, String> {
        let mut listed = BTreeMap::new();
        for namespace in self.candidates().await {
            match self.list_again(Some(&namespace)).await {
                Ok(resource_version) => drop(listed.insert(namespace, resource_version)),
                // If nobody listens any more, the next list notices.
                Err(stop) => drop(self.tell(Some(&namespace), News::Gap(stop.gap())).await),
            }
        }
        listed
    }

    /// The namespaces in which the kind may be listed.
    async fn candidates(&self) -> BTreeSet<String> {
        let namespaces = self.shared.namespaces.borrow().clone();
        let mut candidates = BTreeSet::new();
        for namespace in namespaces.iter() {
            let readable = self.shared.readable_in(namespace).await;
            if readable.is_none_or(|readable| review::holds(&readable, self.info)) {
                candidates.insert(namespace.clone());
            }
        }
        candidates
    }

    /// Whether the kind may be listed over all namespaces by now.
    async fn may_be_listed(&self) -> bool {
        let answer = review::access(&self.shared.source, "list", self.info, None).await;
        answer.is_ok_and(|answer| answer.allowed)
    }

    fn metadata_only(&self) -> bool {
        self.info.reading == Reading::Metadata
    }

    async fn tell(&self, namespace: Option<&str>, news: News) -> Result<(), Stop> {
        let namespace = namespace.map(|namespace| self.shared.redactor.namespace(namespace));
        let place = Place { kind: self.info.kind, namespace };
        let at = self.shared.source.clock().now();
        self.shared.news.send(Message::News { place, at, news }).await.map_err(|_| Stop::Closed)
    }
}

/// Decodes a page, and hands over its records in pieces. Where nobody takes them any more, the rest is decoded for nobody.
fn decode_pieces(
    page: &[u8],
    kind: Kind,
    redactor: &Redactor,
    pieces: &mpsc::Sender<Vec<Record>>,
) -> Result<ListMeta, DecodeError> {
    let mut piece = Vec::with_capacity(PIECE);
    let meta = decode_json_list(page, kind, redactor, |record| {
        piece.push(record);
        if piece.len() == PIECE {
            let whole = std::mem::replace(&mut piece, Vec::with_capacity(PIECE));
            drop(pieces.blocking_send(whole));
        }
    })?;
    if !piece.is_empty() {
        drop(pieces.blocking_send(piece));
    }
    Ok(meta)
}

impl Shared {
    /// What may be listed in a namespace; asked once for each time that everything is tried again.
    async fn readable_in(&self, namespace: &str) -> Readable {
        let mut cache = self.readable.lock().await;
        let round = *self.retry.borrow();
        if cache.0 != round {
            *cache = (round, BTreeMap::new());
        }
        if let Some(known) = cache.1.get(namespace) {
            return known.clone();
        }
        // A server that does not answer this may still answer the list.
        let asked = review::readable_in(&self.source, namespace).await.unwrap_or_default();
        let readable = asked.map(Arc::new);
        cache.1.insert(namespace.to_owned(), readable.clone());
        readable
    }
}
