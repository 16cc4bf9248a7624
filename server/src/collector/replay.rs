//! Plays a demo cluster: its past, instant by instant, through the real client; then what happens while somebody looks.

use std::sync::Arc;

use jiff::Timestamp;
use posture::redact::Redactor;

use super::{Collector, CollectorError, Handle, Settings, Sink, Trigger};
use crate::clock::Clock;
use crate::cluster::{Source, Tuning};
use crate::demo::{DemoCluster, Moment};
use crate::demo_api::DemoApi;

/// How far a replay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The past up to this instant has been played.
    At(Timestamp),
    /// All of it has, and what is shown is the present.
    Present,
}

/// A demo cluster that is ready to be played.
#[derive(Debug)]
pub struct Replay<S> {
    collector: Collector<S>,
    handle: Handle,
    api: DemoApi,
    clock: Clock,
    cluster: DemoCluster,
}

impl<S: Sink> Replay<S> {
    /// Prepares to play a cluster from the beginning of its past.
    pub fn new(cluster: DemoCluster, settings: Settings, redactor: Arc<Redactor>, sink: S) -> Self {
        let clock = Clock::at(cluster.begins);
        let api = DemoApi::of(&cluster, clock.clone());
        // Nobody has to be spared.
        let tuning = Tuning { requests_per_second: 0, ..Tuning::default() };
        let address = format!("https://{}.demo.invalid", cluster.name);
        let source = Source::over(api.clone(), &address, tuning, clock.clone());
        let (collector, handle) = Collector::new(source, settings, redactor, sink);
        Self { collector: collector.stepping(), handle, api, clock, cluster }
    }

    /// What others may ask of the collector.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// The API that is served.
    pub fn api(&self) -> DemoApi {
        self.api.clone()
    }

    /// Plays the past with one scan for each of its instants; after that, what happens while somebody looks, for ever.
    ///
    /// `told` hears how far it is.
    pub async fn run(
        self,
        now: Timestamp,
        mut told: impl FnMut(Progress) + Send,
    ) -> Result<(), CollectorError> {
        let Self { collector, handle, api, clock, cluster } = self;
        let begun = tokio::time::Instant::now();
        let player = async move {
            if !handle.first_scan().await {
                return;
            }
            for moment in cluster.past {
                let at = moment.at;
                if !play(&api, &clock, &handle, moment).await {
                    return;
                }
                told(Progress::At(at));
            }
            // Meanwhile time went on.
            clock.follow_system(now.checked_add(begun.elapsed()).unwrap_or(now));
            // The last thing that happened lies hours back: the present begins with a sign of life of every kind.
            let version = api.beat();
            if !handle.scan_at(version, Trigger::Manual).await {
                return;
            }
            handle.go_live().await;
            told(Progress::Present);
            for moment in cluster.live {
                wait_for(&clock, moment.at).await;
                api.apply(moment.ops);
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = collector.run() => ended,
            () = player => Ok(()),
        }
    }
}

/// Plays one instant of the past; false if nobody collects any more.
async fn play(api: &DemoApi, clock: &Clock, handle: &Handle, moment: Moment) -> bool {
    clock.set(moment.at);
    let version = api.apply(moment.ops);
    api.bookmark();
    handle.scan_at(version, Trigger::Change).await
}

/// Waits until it is time; the clock may be ahead of or behind the one that `tokio` waits on.
async fn wait_for(clock: &Clock, at: Timestamp) {
    let left = at.duration_since(clock.now());
    if let Ok(left) = std::time::Duration::try_from(left) {
        tokio::time::sleep(left).await;
    }
}
