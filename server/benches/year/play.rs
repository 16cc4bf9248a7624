//! Plays the history: what happens at each scan, written as the program writes it.
//!
//! A scan in which only servers come and go says what the scan before it said: it is not judged anew, since that alone would take hours.
//! Everything else is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use posture::gap::GapReason;
use posture::hub::HubKey;
use posture::kind::Kind;
use posture::listing::Coverage;
use posture::object::ObjectRef;
use posture::record::Record;
use server::clock::Clock;
use server::collector::{ClusterSeen, ScanInput, Sink as _, Trigger};
use server::keeper::{Keeper, Shared};
use server::store::{self, Retention, ScanCommit, Store};

use crate::world::{CERTIFICATES, TEAMS, World};
use crate::{CLUSTER, EVERY, HUB, SCANS, tell};

/// What happened since the last scan.
#[derive(Default)]
struct News {
    /// Whether more than servers changed.
    is_judged: bool,
    records: Vec<Record>,
    removed: Vec<ObjectRef>,
}

/// Writes a history of so many days that ends now.
pub(crate) async fn play(file: &Path, days: i64) {
    let begun = Instant::now();
    let end = Timestamp::from_second(Clock::System.now().as_second() / 300 * 300).expect("an instant");
    let begins = end.checked_sub(SignedDuration::from_hours(24 * days)).expect("an instant");
    let store = Store::open(file).await.expect("the database opens");
    let mut player = Player::new(&store, begins).await;
    let (mut peak, mut slowest, mut pruning) = (0, Duration::ZERO, Duration::ZERO);
    for scan in 1..=days * SCANS {
        let at = begins.checked_add(SignedDuration::from_mins(scan * EVERY)).expect("an instant");
        player.step(scan, at).await;
        if scan % SCANS == 0 {
            let start = Instant::now();
            let pruned = store.prune(&Retention::default(), at).await.expect("pruning works");
            (slowest, pruning) = (slowest.max(start.elapsed()), pruning + start.elapsed());
            peak = peak.max(pruned.bytes);
            if scan % (30 * SCANS) == 0 {
                eprintln!(
                    "day {}: {} MiB, {} s",
                    scan / SCANS,
                    pruned.bytes >> 20,
                    begun.elapsed().as_secs()
                );
            }
        }
    }
    tell("count", player.scans, "scans committed");
    tell("count", player.judged, "scans judged");
    tell("us", player.slowest.as_micros(), "slowest commit of a scan");
    tell("us", pruning.as_micros() / u128::from(days.unsigned_abs()), "pruning, once a day, mean");
    tell("us", slowest.as_micros(), "pruning, once a day, slowest");
    tell("bytes", peak.into(), "database, largest");
    store.close().await;
}

struct Player {
    store: Store,
    keeper: Keeper,
    world: World,
    hub: Arc<HubKey>,
    /// What the last judged scan said.
    said: ScanCommit,
    taken_away: Option<Record>,
    /// Servers that were started in the last scan and do not run yet.
    pending: usize,
    was_paused: bool,
    scans: u128,
    judged: u128,
    slowest: Duration,
}

impl Player {
    async fn new(store: &Store, begins: Timestamp) -> Self {
        let shared = Shared {
            store: store.clone(),
            notices: server::http::events::Notices::default(),
            settings: Arc::default(),
            troubles: Arc::default(),
        };
        let mut keeper = Keeper::new(shared, Clock::at(begins));
        let seen = ClusterSeen {
            name: CLUSTER.into(),
            uid: Some("a-year".into()),
            address: "https://year.invalid".into(),
        };
        keeper.connected(&seen).await.expect("the cluster is new");
        let mut world = World::new(begins);
        let said = initial(&mut keeper, &mut world, begins).await;
        store.commit_scan(&said).await.expect("the first scan is committed");
        let hub = HubKey { namespace: HUB.into(), release: "prod".into(), app: "jupyterhub".into() };
        assert!(said.hubs.iter().any(|seen| seen.key == hub), "the hub is found");
        Self {
            store: store.clone(),
            keeper,
            world,
            hub: Arc::new(hub),
            said,
            taken_away: None,
            pending: 0,
            was_paused: false,
            scans: 1,
            judged: 1,
            slowest: Duration::ZERO,
        }
    }

    async fn step(&mut self, scan: i64, at: Timestamp) {
        let news = self.happens(scan, at);
        let (day, of_day) = (scan / SCANS, scan % SCANS);
        // Every thirty days nobody watches for two hours: what happens meanwhile is seen afterwards, as a whole.
        if day % 30 == 17 && (100..124).contains(&of_day) {
            self.was_paused = true;
            return;
        }
        let commit = if std::mem::take(&mut self.was_paused) {
            self.judged += 1;
            initial(&mut self.keeper, &mut self.world, at).await
        } else if news.is_judged {
            self.judge(news, at).await
        } else {
            self.repeat(news, at).await
        };
        let start = Instant::now();
        self.store.commit_scan(&commit).await.expect("a scan is committed");
        self.slowest = self.slowest.max(start.elapsed());
        self.scans += 1;
        self.said = bare(commit);
    }

    async fn judge(&mut self, news: News, at: Timestamp) -> ScanCommit {
        self.judged += 1;
        self.keeper.records(&news.records).await.expect("records are written ahead");
        let mut input = input(&mut self.world, Trigger::Change, at);
        input.removed = news.removed;
        let mut commit = self.keeper.prepare(&input).await.expect("a scan is judged");
        commit.people = self.world.people();
        commit
    }

    async fn repeat(&mut self, news: News, at: Timestamp) -> ScanCommit {
        let mut commit = self.said.clone();
        commit.trigger = store::Trigger::Tick;
        (commit.taken_at, commit.fresh_at) = (at, at);
        commit.servers.iter_mut().for_each(|servers| servers.seen_at = at);
        commit.people = self.world.people();
        commit.removed = news.removed;
        if !news.records.is_empty() {
            let now = Clock::System.now();
            commit.pods = self.store.stage(&news.records, now).await.expect("records are written ahead").pods;
            commit.pods.iter_mut().for_each(|pod| pod.hub = Some(Arc::clone(&self.hub)));
        }
        commit
    }

    /// What happens until a scan. Counts are of days from the beginning, and of scans in a day.
    fn happens(&mut self, scan: i64, at: Timestamp) -> News {
        let (day, of_day) = (scan / SCANS, scan % SCANS);
        let mut news = News::default();
        self.servers(of_day, &mut news);
        let team = |salt: i64| usize::try_from(day * 7 + salt).unwrap_or_default() % TEAMS;
        let world = &mut self.world;
        let before = (news.records.len(), news.removed.len());
        match of_day {
            // A few edits a day, images of other teams among them.
            110 => news.records.push(world.put_policy(team(1), day)),
            150 => news.records.push(world.put_role(team(2), day)),
            90 | 170 | 200 => news.records.push(world.put_deployment(team(of_day), day)),
            // Once a week somebody opens the front door for an hour.
            130 if day % 7 == 2 => news.records.push(world.put_front(true)),
            142 if day % 7 == 2 => news.records.push(world.put_front(false)),
            // And a policy is missing for two hours.
            180 if day % 7 == 4 => {
                let (object, record) = world.drop_policy();
                news.removed.push(object);
                self.taken_away = Some(record);
            }
            204 if day % 7 == 4 => {
                news.records.extend(self.taken_away.take().map(|record| world.put_back(record)));
            }
            // The hub restarts every few days, and is upgraded every month.
            60 if day % 5 == 0 => {
                let (pod, old) = world.restart_hub(day / 5 + 1);
                news.records.push(pod);
                news.removed.extend(old);
            }
            120 if day % 30 == 14 => {
                news.records.append(&mut world.install(if day / 30 % 2 == 0 { "4.4.1" } else { "4.4.0" }));
            }
            // Every third day one of twenty certificates is renewed.
            40 if day % 3 == 0 => {
                let number = usize::try_from(day / 3).unwrap_or_default() % CERTIFICATES;
                news.records.push(world.renew(number, at));
            }
            _ => {}
        }
        news.is_judged = before != (news.records.len(), news.removed.len());
        // Every ten days policies cannot be read for four hours.
        if day % 10 == 6 && (of_day == 50 || of_day == 98) {
            let gap = GapReason::Failed("the API server answers with an error".to_owned());
            let coverage = if of_day == 50 { Coverage::gap(gap) } else { Coverage::full() };
            world.builder.cover(Kind::NetworkPolicy, coverage.clone());
            world.coverage.insert(Kind::NetworkPolicy, coverage);
            news.is_judged = true;
        }
        news
    }

    /// Two thousand servers start in a day, most of them while people are awake, and as many end. One of five is seen before it runs.
    fn servers(&mut self, of_day: i64, news: &mut News) {
        for ago in 0..std::mem::take(&mut self.pending) {
            news.records.push(self.world.runs(ago));
        }
        let count: usize = if (96..240).contains(&of_day) { 12 } else { 2 };
        self.pending = count / 5;
        for number in 0..count {
            news.removed.push(self.world.stop());
            news.records.push(self.world.start(number + self.pending < count));
        }
    }
}

/// The scan that follows a start: everything is handed over.
async fn initial(keeper: &mut Keeper, world: &mut World, at: Timestamp) -> ScanCommit {
    let all: Vec<Record> = world.all().cloned().collect();
    for records in all.chunks(500) {
        keeper.records(records).await.expect("records are written ahead");
    }
    let mut input = input(world, Trigger::Initial, at);
    input.relisted = input
        .coverage
        .iter()
        .filter(|(_, of)| of.everywhere.is_none())
        .map(|(kind, _)| (*kind, None))
        .collect();
    let mut commit = keeper.prepare(&input).await.expect("a scan is judged");
    commit.people = world.people();
    commit
}

fn input(world: &mut World, trigger: Trigger, at: Timestamp) -> ScanInput {
    ScanInput {
        trigger,
        taken_at: at,
        fresh_at: at,
        resource_versions: world.coverage.keys().map(|kind| (*kind, at.as_second().to_string())).collect(),
        coverage: world.coverage.clone(),
        removed: Vec::new(),
        relisted: BTreeSet::new(),
        snapshot: world.builder.build(at),
        releases: posture::release::Releases::default(),
        people: Vec::new(),
    }
}

/// What a scan said, without what it added.
fn bare(commit: ScanCommit) -> ScanCommit {
    ScanCommit {
        objects: Vec::new(),
        pods: Vec::new(),
        removed: Vec::new(),
        relisted: BTreeSet::new(),
        people: BTreeMap::new(),
        ..commit
    }
}
