//! Follows one cluster: lists every kind, then watches; keeps facts; hands on records as they come and a scan once they settle.
//!
//! Feeds (one task per kind) do the talking and the redaction; everything they tell goes through one channel to one task, which alone
//! holds the state. Nothing is judged before every kind is listed or is a gap.

mod classes;
mod conduct;
pub mod config_maps;
mod feed;
mod handle;
mod input;
mod known;
mod looking;
mod news;
mod own;
mod releases;
pub mod replay;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use posture::kind::Kind;
use posture::record::Record;
use posture::redact::{Redactor, decode_json};
use posture::sighting::Sightings;
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::cluster::backoff::Backoff;
use crate::cluster::{ApiError, Identity, IdentityGuard, ResourcePath, Serving, Source, review};
use crate::config::Sights;
use crate::probe::Ways;
use conduct::{conduct, list_once};
use feed::{DOUBT, Shared};
use handle::Command;
pub use handle::{Handle, Phase, Status};
pub use input::{ClusterSeen, ScanInput, Sink, SinkError, Trigger};
use looking::Looking;
#[cfg(test)]
pub(crate) use looking::with_trust;
use news::{Message, News};
use own::{BEFORE_SCAN, OwnAnswers};
use state::State;

/// How many pieces of news may wait; one, so that memory follows the piece and not the cluster.
const WAITING: usize = 1;

/// How often, between scans, it is asked what Perijove may do in one namespace, while that is not known of all.
const OWN_RIGHTS: Duration = Duration::from_millis(500);

/// How a cluster is collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The cluster's name in the configuration.
    pub cluster: String,
    /// Namespaces to try one by one where neither a kind nor the namespaces may be listed everywhere.
    pub namespaces: BTreeSet<String>,
    /// How often a scan is made although nothing has changed.
    pub tick: Duration,
    /// Where certificates are looked at outside the lists of the API.
    pub sights: Sights,
    /// Namespaces in which the releases of Helm are looked at.
    pub releases: BTreeSet<String>,
    /// How names are looked at.
    pub ways: Ways,
    /// What an earlier run of the program saw last, and when.
    pub recalled: Option<(Timestamp, Sightings)>,
    /// How long changes must have been quiet before they are judged.
    pub settle: Duration,
    /// How long a change waits at most.
    pub settle_most: Duration,
}

impl Settings {
    /// The usual settings of a cluster.
    pub fn new(cluster: impl Into<String>) -> Self {
        Self {
            cluster: cluster.into(),
            namespaces: BTreeSet::new(),
            tick: Duration::from_mins(5),
            sights: Sights::default(),
            releases: BTreeSet::new(),
            ways: Ways::default(),
            recalled: None,
            settle: Duration::from_millis(500),
            settle_most: Duration::from_millis(1_500),
        }
    }
}

/// Why a collector has ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectorError {
    /// Another cluster answers.
    #[error(
        "another cluster answers under the name `{0}`: its namespace kube-system has another uid; nothing was recorded of it. Give it a name of its own in the configuration"
    )]
    AnotherCluster(String),
    /// The cluster cannot be asked at all.
    #[error("cluster `{cluster}` cannot be read: {error}")]
    Api {
        /// The cluster's name.
        cluster: String,
        /// What went wrong.
        error: ApiError,
    },
    /// What was collected is not taken.
    #[error("{0}")]
    Sink(String),
}

/// Follows one cluster.
#[derive(Debug)]
pub struct Collector<S> {
    source: Source,
    settings: Settings,
    redactor: Arc<Redactor>,
    sink: S,
    state: State,
    own: OwnAnswers,
    looking: Box<Looking>,
    releases: releases::Looking,
    commands: mpsc::Receiver<Command>,
    status: watch::Sender<Status>,
    namespaces: watch::Sender<Arc<BTreeSet<String>>>,
    /// Whether scans are made on request only.
    stepping: bool,
}

/// Changes that wait to be judged.
#[derive(Debug, Clone, Copy)]
struct Unjudged {
    first: Instant,
    last: Instant,
}

impl<S: Sink> Collector<S> {
    /// Prepares to follow a cluster; nothing is sent before [`Self::run`].
    pub fn new(source: Source, settings: Settings, redactor: Arc<Redactor>, sink: S) -> (Self, Handle) {
        let (command, commands) = mpsc::channel(8);
        let first = Status {
            phase: Phase::Connecting(None),
            blocked: None,
            interrupted: None,
            fresh_at: None,
            objects: 0,
            skew_milliseconds: None,
        };
        let (status, watched) = watch::channel(first);
        let tuning = source.tuning();
        let patience = tuning.watch_timeout + tuning.watch_grace;
        let state = State::new(&settings.cluster, redactor.clone(), Some(patience));
        let namespaces = watch::Sender::new(Arc::new(settings.namespaces.clone()));
        let looking = Box::new(Looking::new(&settings, source.clock().now()));
        let releases = releases::Looking::new(&settings.releases);
        let collector = Self {
            source,
            settings,
            redactor,
            sink,
            state,
            own: OwnAnswers::default(),
            looking,
            releases,
            commands,
            status,
            namespaces,
            stepping: false,
        };
        (collector, Handle { commands: command, status: watched })
    }

    /// Makes scans on request only, until told otherwise: for a past that is replayed.
    #[must_use]
    fn stepping(mut self) -> Self {
        self.stepping = true;
        self.looking.waits(true);
        self
    }

    /// Follows the cluster until something ends that for good. Dropping the future is a clean way to stop.
    pub async fn run(mut self) -> Result<(), CollectorError> {
        let ended = self.follow().await;
        if let Err(error) = &ended {
            self.set_phase(Phase::Ended(error.to_string()));
        }
        ended
    }

    /// Lists everything once and makes one scan, without watching; an API server that does not answer is an error.
    pub async fn once(mut self) -> Result<S, CollectorError> {
        self.state.without_watches();
        let (identity, serving) = self.ask().await.map_err(|error| self.api(error))?;
        self.announce(&identity).await?;
        let (news, mut inbox) = mpsc::channel(WAITING);
        let shared = self.shared(identity, serving, news);
        let lister = tokio::spawn(list_once(shared));
        while let Some(message) = inbox.recv().await {
            self.take(message).await?;
        }
        // Only a panic or a shutdown ends the task otherwise, and both have been told.
        drop(lister.await);
        self.looking.waits(true);
        Box::pin(self.scan(Trigger::Manual)).await?;
        Ok(self.sink)
    }

    async fn follow(&mut self) -> Result<(), CollectorError> {
        let (identity, serving) = self.connect().await;
        self.announce(&identity).await?;
        self.set_phase(Phase::Listing);
        let (news, mut inbox) = mpsc::channel(WAITING);
        let shared = self.shared(identity, serving, news);
        // Nothing but the feeds may hold the sender of news, so that their end is noticed.
        let mut tasks = JoinSet::new();
        tasks.spawn(conduct(shared, self.settings.tick));
        self.listen(&mut inbox).await
    }

    /// Takes in news, and makes scans when they are due.
    async fn listen(&mut self, inbox: &mut mpsc::Receiver<Message>) -> Result<(), CollectorError> {
        let mut all_tried = false;
        let mut unjudged: Option<Unjudged> = None;
        let mut asked: Vec<oneshot::Sender<()>> = Vec::new();
        let mut step: Option<(u64, Trigger, oneshot::Sender<()>)> = None;
        let mut tick = tokio::time::interval(self.settings.tick);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tick.reset();
        let mut coverage = BTreeMap::new();
        let mut own_rights = tokio::time::interval(OWN_RIGHTS);
        own_rights.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut check = tokio::time::interval(Duration::from_secs(5));
        check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let due = unjudged.filter(|_| all_tried && !self.stepping).map(|unjudged| {
                (unjudged.last + self.settings.settle).min(unjudged.first + self.settings.settle_most)
            });
            let trigger = tokio::select! {
                biased;
                () = wait_until(due) => Some(Trigger::Change),
                _ = tick.tick(), if all_tried && !self.stepping => Some(Trigger::Tick),
                command = self.commands.recv() => match command {
                    Some(Command::Scan(done)) => {
                        asked.push(done);
                        all_tried.then_some(Trigger::Manual)
                    }
                    // The first scan is made before any command is taken after it.
                    Some(Command::First(done)) if all_tried => {
                        let _ = done.send(());
                        None
                    }
                    Some(Command::First(done)) => {
                        asked.push(done);
                        None
                    }
                    Some(Command::ScanAt(version, trigger, done)) => {
                        step = Some((version, trigger, done));
                        None
                    }
                    Some(Command::GoLive) => {
                        self.stepping = false;
                        self.looking.waits(false);
                        tick.reset();
                        None
                    }
                    // Every handle is gone: nobody asks any more, and the work goes on.
                    None => std::future::pending().await,
                },
                is_change = self.looking.round_ended(|| self.source.clock().now()) => {
                    if is_change {
                        let now = Instant::now();
                        unjudged = Some(Unjudged { first: unjudged.map_or(now, |unjudged| unjudged.first), last: now });
                    }
                    None
                }
                _ = own_rights.tick(), if all_tried && !self.stepping => {
                    self.ask_own_rights(1).await;
                    None
                }
                _ = check.tick() => {
                    self.show();
                    (all_tried && !self.stepping && self.state.silence_changed(&coverage)).then_some(Trigger::Change)
                }
                message = inbox.recv() => match message {
                    None => return Err(CollectorError::Sink("the feeds have ended".to_owned())),
                    Some(Message::AllTried) => {
                        all_tried = true;
                        self.set_phase(Phase::Following);
                        Some(Trigger::Initial)
                    }
                    Some(message) => {
                        if self.take(message).await? {
                            let now = Instant::now();
                            unjudged = Some(Unjudged { first: unjudged.map_or(now, |unjudged| unjudged.first), last: now });
                        }
                        None
                    }
                },
            };
            let trigger = match &step {
                Some((version, trigger, _)) if all_tried && self.state.has_reached(*version) => {
                    Some(*trigger)
                }
                _ => trigger,
            };
            let Some(trigger) = trigger else { continue };
            if trigger == Trigger::Tick {
                self.state.retry_data();
                self.own.resume();
            }
            coverage = self.scan(trigger).await?;
            unjudged = None;
            for done in asked.drain(..) {
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
            }
            if let Some((.., done)) = step.take_if(|(version, ..)| self.state.has_reached(*version)) {
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
            }
        }
    }

    /// Tells the feeds which namespaces there are.
    /// The namespaces that were seen and those that are configured.
    fn all_namespaces(&self) -> BTreeSet<String> {
        let mut all = self.state.namespaces();
        all.extend(self.settings.namespaces.iter().cloned());
        all
    }

    fn tell_namespaces(&self) {
        let all = self.all_namespaces();
        self.namespaces.send_if_modified(|namespaces| {
            let differs = **namespaces != all;
            if differs {
                *namespaces = Arc::new(all);
            }
            differs
        });
    }

    /// Takes in one message, and hands on its records; says whether something has to be judged soon.
    async fn take(&mut self, message: Message) -> Result<bool, CollectorError> {
        match message {
            Message::News { place, at, news } => {
                let tells_namespaces =
                    place.kind == Kind::Namespace && !matches!(news, News::Heard { .. } | News::Items(_));
                let effect = self.state.take(&place, at, news);
                if tells_namespaces {
                    self.tell_namespaces();
                }
                self.hand_on(&effect.records).await?;
                Ok(effect.is_change)
            }
            Message::AllTried => Ok(false),
            Message::AnotherCluster => Err(CollectorError::AnotherCluster(self.settings.cluster.clone())),
        }
    }

    /// Reads what is missing, then hands on everything to judge; the coverage it rests on.
    async fn scan(
        &mut self,
        trigger: Trigger,
    ) -> Result<BTreeMap<Kind, posture::listing::Coverage>, CollectorError> {
        // The data of one ConfigMap can name another, once.
        for _ in 0..2 {
            let wanted = self.state.data_to_read(self.source.clock().now());
            if wanted.is_empty() {
                break;
            }
            for key in wanted {
                self.read_data(&key).await?;
            }
        }
        if trigger != Trigger::Change || self.stepping {
            self.own.take(review::ask(&self.source, self.state.readable()).await);
        }
        if trigger != Trigger::Change || self.stepping {
            Box::pin(self.look()).await;
        }
        if trigger != Trigger::Change || self.stepping || self.releases.is_due() {
            Box::pin(self.releases.look(&self.source, &self.redactor)).await;
        }
        self.ask_own_rights(BEFORE_SCAN).await;
        if let Some(told) = self.own.told(&self.all_namespaces(), self.source.clock().now()) {
            self.state.take_reviews(told);
        }
        self.state.take_sightings(self.looking.told(&self.source));
        let mut input = self.state.input(trigger, self.source.clock().now());
        input.releases = self.releases.told();
        let mut backoff = self.backoff();
        loop {
            match self.sink.scan(&input).await {
                Ok(()) => break,
                Err(error) => self.blocked(error, &mut backoff).await?,
            }
        }
        self.unblocked();
        self.state.committed();
        self.show();
        Ok(input.coverage)
    }

    /// Looks at the Secrets that are asked for, and begins to look at the names.
    async fn look(&mut self) {
        self.looking.read_secrets(&self.source).await;
        if self.looking.connects() {
            let now = self.source.clock().now();
            self.looking.begin_round(&self.state.snapshot(now), now);
            self.looking.wait(|| self.source.clock().now()).await;
        }
    }

    /// Asks what Perijove may do in the namespaces of which that is not known, or not any more; in so many at most.
    async fn ask_own_rights(&mut self, most: usize) {
        let changed = self.state.take_changed_rights();
        self.own.forget(changed, self.source.clock().now());
        let namespaces = self.all_namespaces();
        for _ in 0..most {
            let Some(namespace) = self.own.due(&namespaces, self.source.clock().now()) else { return };
            let rules = review::own_rules(&self.source, &namespace).await.ok();
            self.own.take_rules(namespace, rules, self.source.clock().now());
        }
    }

    async fn read_data(&mut self, key: &(String, String)) -> Result<(), CollectorError> {
        let path = ResourcePath::new(Kind::ConfigMap.info(), "v1", Some(&key.0));
        let mut answer = self.source.object(&path, &key.1).await;
        // A moment's failure is waited out; what lasts is a gap, so that everything else goes on.
        if let Err(error) = &answer
            && error.is_transient()
        {
            let wait = error.retry_after().unwrap_or_default().max(self.source.tuning().first_wait);
            tokio::time::sleep(wait.min(Duration::from_secs(2))).await;
            answer = self.source.object(&path, &key.1).await;
        }
        let read = match answer {
            Ok(body) => decode_json(&body, Kind::ConfigMap, &self.redactor).map_err(|error| {
                posture::gap::GapReason::Failed(format!("it cannot be understood: {error}"))
            }),
            Err(error) => Err(error.gap()),
        };
        if let Some(record) = self.state.take_data(key, read) {
            self.hand_on(&[record]).await?;
        }
        Ok(())
    }

    async fn hand_on(&mut self, records: &[Record]) -> Result<(), CollectorError> {
        if records.is_empty() {
            return Ok(());
        }
        self.releases.note(records);
        let mut backoff = self.backoff();
        loop {
            match self.sink.records(records).await {
                Ok(()) => break,
                Err(error) => self.blocked(error, &mut backoff).await?,
            }
        }
        self.unblocked();
        Ok(())
    }

    async fn announce(&mut self, identity: &Identity) -> Result<(), CollectorError> {
        let seen = ClusterSeen {
            name: self.settings.cluster.clone(),
            uid: match identity {
                Identity::Uid(uid) => Some(uid.clone()),
                Identity::Server(_) => None,
            },
            address: format!("{}#{}", self.source.server(), self.source.authority()),
        };
        let mut backoff = self.backoff();
        loop {
            match self.sink.connected(&seen).await {
                Ok(()) => return Ok(()),
                Err(error) => self.blocked(error, &mut backoff).await?,
            }
        }
    }

    /// Waits before something is handed on again, or ends.
    async fn blocked(&mut self, error: SinkError, backoff: &mut Backoff) -> Result<(), CollectorError> {
        match error {
            SinkError::Never(why) => Err(CollectorError::Sink(why)),
            SinkError::Later(why) => {
                tracing::warn!(
                    cluster = self.settings.cluster,
                    "what was collected cannot be stored for now: {why}"
                );
                self.status.send_modify(|status| status.blocked = Some(why));
                tokio::time::sleep(backoff.next(None)).await;
                Ok(())
            }
        }
    }

    fn unblocked(&self) {
        self.status.send_if_modified(|status| status.blocked.take().is_some());
    }

    fn backoff(&self) -> Backoff {
        let tuning = self.source.tuning();
        Backoff::new(tuning.first_wait, tuning.longest_wait, 5)
    }

    /// Asks until the API server answers. One that has just started refuses everything: what it says then, its identity above all, is
    /// not believed at once.
    async fn connect(&mut self) -> (Identity, Serving) {
        let mut backoff = self.backoff();
        let mut refused_since = None;
        loop {
            let error = match self.ask().await {
                Ok((_, serving))
                    if !serving.is_told()
                        && refused_since.get_or_insert_with(Instant::now).elapsed() < DOUBT =>
                {
                    ApiError::Forbidden
                }
                Ok(answer) => return answer,
                Err(error) => error,
            };
            tracing::warn!(cluster = self.settings.cluster, %error, "the cluster cannot be read yet");
            self.set_phase(Phase::Connecting(Some(error.to_string())));
            tokio::time::sleep(backoff.next(error.retry_after())).await;
        }
    }

    async fn ask(&self) -> Result<(Identity, Serving), ApiError> {
        let identity = Identity::ask(&self.source).await?;
        Ok((identity, Serving::discover(&self.source).await?))
    }

    fn api(&self, error: ApiError) -> CollectorError {
        CollectorError::Api { cluster: self.settings.cluster.clone(), error }
    }

    fn shared(&self, identity: Identity, serving: Serving, news: mpsc::Sender<Message>) -> Arc<Shared> {
        Arc::new(Shared {
            source: self.source.clone(),
            redactor: self.redactor.clone(),
            guard: IdentityGuard::new(identity),
            lists: Semaphore::new(1),
            serving: watch::Sender::new(Arc::new(serving)),
            retry: watch::Sender::new(0),
            namespaces: self.namespaces.clone(),
            readable: Mutex::new((0, BTreeMap::new())),
            news,
        })
    }

    fn set_phase(&self, phase: Phase) {
        self.status.send_modify(|status| status.phase = phase);
    }

    fn show(&self) {
        let fresh_at = Some(self.state.fresh_at(self.source.clock().now()));
        let (objects, skew_milliseconds) = (self.state.objects(), self.source.skew_milliseconds());
        let interrupted = self.state.interruption();
        self.status.send_modify(|status| {
            (status.fresh_at, status.objects, status.skew_milliseconds, status.interrupted) =
                (fresh_at, objects, skew_milliseconds, interrupted);
        });
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
