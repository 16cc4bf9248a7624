//! What a line over a long history says is what its scans say one by one.
//!
//! The store counts what each scan changed when it commits it. Here the same is told from the revisions, episodes and verdicts themselves,
//! by queries that read all of them.

use posture::hub::{ChartVersion, Confidence};
use posture::object::ObjectRef;
use server::store::moments::{self, Axis};
use server::store::trends::{self, Changed, FaultPoint, Moment, OpenFaults};
use server::store::{HubId, MIGRATOR, Retention, ScanNumber};
use sqlx::{Connection, SqliteConnection};

use super::*;

const FAULTS: &str = r"with
             held (finding_id, opened, closed) as (
               select e.finding_id, e.opened_scan, e.closed_scan from episodes e
                 where e.cluster_id = ?1 and e.closed_scan is null and e.opened_scan <= ?3
               union all select e.finding_id, e.opened_scan, e.closed_scan from episodes e
                 where e.cluster_id = ?1 and e.closed_scan > ?2 and e.opened_scan <= ?3),
             mine (finding_id, opened, closed) as (
               select w.finding_id, w.opened, w.closed from held w
                 where ?4 is null or (select f.hub_id from findings f where f.id = w.finding_id)
                   in (select value from json_each(?4))),
             seen (severity, begun, ended) as (
               select v.severity, v.first_scan, case when v.until_scan is null then m.closed
                   when m.closed is null then v.until_scan else min(v.until_scan, m.closed) end
                 from mine m join verdicts v on v.finding_id = m.finding_id
                   and v.first_scan >= m.opened and v.first_scan < coalesce(m.closed, ?3 + 1)
                 where v.verdict in ('warn', 'fail') and (v.until_scan is null or v.until_scan > ?2)),
             steps (seq, severity, step) as (
               select max(opened, ?2), null, 1 from mine
               union all select closed, null, -1 from mine where closed is not null
               union all select max(begun, ?2), null, -1 from seen
               union all select max(begun, ?2), severity, 1 from seen
               union all select ended, null, 1 from seen where ended is not null
               union all select ended, severity, -1 from seen where ended is not null)
           select p.seq as seq, s.taken_at as taken_at, p.severity as severity,
             sum(p.step) as step
           from steps p join scans s on s.cluster_id = ?1 and s.seq = p.seq
           where p.seq <= ?3
           group by p.seq, p.severity having sum(p.step) <> 0 order by p.seq";

const MOMENTS: &str = r"with
             seen (hub_id) as (select id from hubs where cluster_id = ?1 and ?4 is null
               union all select value from json_each(?4)),
             events (seq, opened, closed, objects) as (
               select e.opened_scan, 1, 0, 0 from episodes e
                 where e.cluster_id = ?1 and e.opened_scan > ?2 and e.opened_scan <= ?3
                   and (?4 is null or (select f.hub_id from findings f where f.id = e.finding_id) in seen)
               union all select e.closed_scan, 0, 1, 0 from episodes e
                 where e.cluster_id = ?1 and e.closed_scan > ?2 and e.closed_scan <= ?3
                   and (?4 is null or (select f.hub_id from findings f where f.id = e.finding_id) in seen)
               union all select r.first_scan, 0, 0, 1 from revisions r
                 where r.cluster_id = ?1 and r.starts_change = 1 and r.first_scan > ?2 and r.first_scan <= ?3
                   and (?4 is null or (select o.hub_id from objects o where o.id = r.object_id) in seen)
               union all select r.until_scan, 0, 0, 1 from revisions r
                 where r.cluster_id = ?1 and r.ends_change = 1 and r.until_scan > ?2 and r.until_scan <= ?3
                   and (?4 is null or (select o.hub_id from objects o where o.id = r.object_id) in seen))
           select p.seq as seq, s.taken_at as taken_at, sum(p.opened) as opened,
             sum(p.closed) as closed, sum(p.objects) as objects
           from events p join scans s on s.cluster_id = ?1 and s.seq = p.seq
           group by p.seq order by p.seq";

const MARKS: &str = r"with
             seen (hub_id) as (select id from hubs where cluster_id = ?1 and ?2 is null
               union all select value from json_each(?2)),
             events (seq) as (
               select r.first_scan from revisions r
                 where r.cluster_id = ?1 and r.starts_change = 1 and r.first_scan > 1
                   and (?2 is null or (select o.hub_id from objects o where o.id = r.object_id) in seen)
               union all select r.until_scan from revisions r
                 where r.cluster_id = ?1 and r.ends_change = 1 and r.until_scan is not null
                   and (?2 is null or (select o.hub_id from objects o where o.id = r.object_id) in seen)
               union all select e.opened_scan from episodes e
                 where e.cluster_id = ?1 and e.opened_scan > 1
                   and (?2 is null or (select f.hub_id from findings f where f.id = e.finding_id) in seen)
               union all select e.closed_scan from episodes e
                 where e.cluster_id = ?1 and e.closed_scan is not null
                   and (?2 is null or (select f.hub_id from findings f where f.id = e.finding_id) in seen)
               union all select x.first_scan from hub_facts x
                 join hubs h on h.id = x.hub_id
                 left join hub_facts p on p.hub_id = x.hub_id and p.until_scan = x.first_scan
                 where h.cluster_id = ?1 and x.first_scan > 1 and h.id in seen
                   and (p.id is null or p.chart_version is not x.chart_version))
           select s.taken_at as taken_at, count(*) as changes
           from events e join scans s on s.cluster_id = ?1 and s.seq = e.seq
           where s.seq >= (select history_from from clusters where id = ?1)
           group by e.seq order by e.seq";

/// Small numbers that look random, the same ones in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn beta() -> HubKey {
    HubKey { namespace: "beta".to_owned(), release: "beta".to_owned(), app: "jupyterhub".to_owned() }
}

/// A history in which everything comes and goes: verdicts, checks that are not spoken of, objects, their hubs, charts, gaps, and a clock
/// that is set back now and then.
async fn history(seed: u64, scans: i64) -> Place {
    let place = Place::new().await;
    let mut dice = Dice(seed);
    let mut minute = 0;
    for _ in 0..scans {
        minute += [1, 5, 5, 5, 60, 300, -30][usize::try_from(dice.roll(7)).unwrap()];
        let mut commit = place.scan(minute.max(0));
        let hubs = [prod(), beta()];
        for key in &hubs {
            let mut present = hub(key.clone());
            if dice.roll(9) == 0 {
                present.facts.chart = Some(ChartVersion {
                    version: format!("4.{}.0", dice.roll(3)).parse().unwrap(),
                    found: String::new(),
                    confidence: Confidence::High,
                    source: String::new(),
                });
            }
            commit.hubs.push(present);
        }
        for code in ["TLS-01", "TLS-02", "NET-01", "NET-02", "API-01"] {
            for of in [None, Some(prod()), Some(beta())] {
                let verdict = match dice.roll(12) {
                    0 => Verdict::Fail,
                    1 => Verdict::Warn,
                    2 => Verdict::Unknown,
                    3 => continue,
                    4 => Verdict::NotApplicable,
                    _ => Verdict::Pass,
                };
                let severity =
                    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info]
                        [usize::try_from(dice.roll(5)).unwrap()];
                let mut made = Finding { severity, ..finding(code, verdict, dice.roll(3)) };
                made.key.hub = of;
                commit.findings.push(made);
            }
        }
        for number in 0..6 {
            let name = format!("policy-{number}");
            if dice.roll(5) == 0 {
                commit.removed.push(ObjectRef::namespaced(Kind::NetworkPolicy, "jhub", name));
            } else {
                let text = dice.roll(3).to_string();
                let mut staged = place.stage(&record(Kind::NetworkPolicy, "jhub", &name, &text)).await;
                staged.hub = match dice.roll(4) {
                    0 => None,
                    1 | 2 => Some(prod()),
                    _ => Some(beta()),
                };
                commit.objects.push(staged);
            }
        }
        if dice.roll(8) == 0 {
            commit.coverage.insert(Kind::NetworkPolicy, Coverage::gap(GapReason::Forbidden));
        }
        place.commit(commit).await;
    }
    place
}

/// The hubs of a viewer, as the queries take them.
fn parameter(scope: &Scope) -> Option<String> {
    match scope {
        Scope::All => None,
        Scope::Hubs(hubs) => {
            Some(serde_json::to_string(&hubs.iter().map(|hub| hub.0).collect::<Vec<_>>()).unwrap())
        }
    }
}

fn instant(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

/// What was open after each scan of a span that changed it, by the scans themselves.
async fn faults(place: &Place, (from, to): (i64, i64), scope: &Scope) -> Vec<FaultPoint> {
    let mut reading = place.store.read().await.unwrap();
    let rows: Vec<(i64, i64, Option<String>, i64)> = sqlx::query_as(FAULTS)
        .bind(place.cluster.0)
        .bind(from)
        .bind(to)
        .bind(parameter(scope))
        .fetch_all(&mut *reading)
        .await
        .unwrap();
    let words = ["critical", "high", "medium", "low", "info"];
    let mut points: Vec<FaultPoint> = Vec::new();
    for (scan, taken_at, severity, step) in rows {
        if points.last().is_none_or(|last| last.scan.0 != scan) {
            let open = points.last().map(|last| last.open).unwrap_or_default();
            points.push(FaultPoint { scan: ScanNumber(scan), at: instant(taken_at), open });
        }
        let open = &mut points.last_mut().unwrap().open;
        let counter = match severity {
            Some(word) => &mut open.confirmed[words.iter().position(|known| *known == word).unwrap()],
            None => &mut open.unconfirmed,
        };
        *counter = u32::try_from(i64::from(*counter) + step).unwrap();
    }
    points
}

async fn moments_of(place: &Place, (from, to): (i64, i64), scope: &Scope) -> Vec<Moment> {
    let mut reading = place.store.read().await.unwrap();
    let rows: Vec<(i64, i64, u32, u32, u32)> = sqlx::query_as(MOMENTS)
        .bind(place.cluster.0)
        .bind(from)
        .bind(to)
        .bind(parameter(scope))
        .fetch_all(&mut *reading)
        .await
        .unwrap();
    rows.into_iter()
        .map(|(scan, at, opened, closed, objects)| Moment {
            scan: ScanNumber(scan),
            at: instant(at),
            opened,
            closed,
            objects,
        })
        .collect()
}

async fn marks_of(place: &Place, scope: &Scope) -> Vec<(Timestamp, u64)> {
    let mut reading = place.store.read().await.unwrap();
    let rows: Vec<(i64, i64)> = sqlx::query_as(MARKS)
        .bind(place.cluster.0)
        .bind(parameter(scope))
        .fetch_all(&mut *reading)
        .await
        .unwrap();
    let mut all: Vec<_> =
        rows.into_iter().map(|(at, changes)| (instant(at), u64::try_from(changes).unwrap())).collect();
    all.sort_unstable();
    all
}

/// In which part of a line an instant lies.
fn part(axis: &Axis, at: Timestamp) -> i64 {
    let length = (axis.ends.as_second() - axis.begins.as_second()).max(1);
    (at.as_second() - axis.begins.as_second()).clamp(0, length) * i64::from(axis.parts) / length
}

/// The points with one at the beginning, none before another, and of each part the worst and the last.
fn bounded(mut all: Vec<FaultPoint>, from: i64, axis: &Axis) -> Vec<FaultPoint> {
    if all.first().is_none_or(|first| first.scan.0 > from) {
        all.insert(0, FaultPoint { scan: ScanNumber(from), at: axis.begins, open: OpenFaults::default() });
    }
    let mut reached = axis.begins;
    for point in &mut all {
        if (axis.begins..=axis.ends).contains(&point.at) {
            reached = reached.max(point.at);
        }
        point.at = reached;
    }
    let mut kept = vec![all[0]];
    for group in all.chunk_by(|a, b| part(axis, a.at) == part(axis, b.at)) {
        kept.extend(group.iter().max_by_key(|point| (point.open.total(), point.scan)));
        kept.extend(group.last());
    }
    kept.sort_by_key(|point| point.scan);
    kept.dedup();
    kept
}

fn changed(moments: &[Moment], axis: &Axis) -> Changed {
    let mut parts: BTreeMap<i64, (Timestamp, u32)> = BTreeMap::new();
    for moment in moments.iter().filter(|moment| moment.objects > 0) {
        parts.entry(part(axis, moment.at)).or_insert((moment.at, 0)).1 += moment.objects;
    }
    Changed {
        moments: moments.len() as u64,
        objects: moments.iter().map(|moment| moment.objects).sum(),
        parts: parts.into_values().collect(),
    }
}

/// What is marked along a line, next to an instant.
fn marked(all: &[(Timestamp, u64)], axis: &Axis, at: Timestamp) -> moments::Marked {
    let mut parts: BTreeMap<i64, moments::Moment> = BTreeMap::new();
    for (at, changes) in all {
        let entry = parts.entry(part(axis, *at)).or_insert(moments::Moment { at: *at, changes: 0 });
        entry.at = entry.at.max(*at);
        entry.changes += changes;
    }
    moments::Marked {
        moments: parts.into_values().collect(),
        earlier: all.iter().map(|(at, _)| *at).filter(|moment| *moment < at).max(),
        later: all.iter().map(|(at, _)| *at).filter(|moment| *moment > at).min(),
    }
}

/// Compares everything that is told of a span with what its scans say.
async fn compare(place: &Place, (from, to): (i64, i64), scope: &Scope, parts: u16) {
    let mut reading = place.store.read().await.unwrap();
    let cluster = place.cluster;
    let span = (ScanNumber(from), ScanNumber(to));
    let taken: Vec<i64> = sqlx::query_scalar("select taken_at from scans where seq in (?, ?) order by seq")
        .bind(from)
        .bind(to)
        .fetch_all(&mut *reading)
        .await
        .unwrap();
    let (begins, ends) = (instant(taken[0]), instant(*taken.last().unwrap()));
    if begins >= ends {
        return;
    }
    let axis = Axis { begins, ends, parts };
    let told = trends::line(&mut reading, cluster, span, scope, &axis).await.unwrap();
    assert_eq!(told, bounded(faults(place, (from, to), scope).await, from, &axis), "{from} to {to}");
    let all = moments_of(place, (from, to), scope).await;
    let told = trends::changed(&mut reading, cluster, span, scope, &axis).await.unwrap();
    assert_eq!(told, changed(&all, &axis), "{from} to {to}");
    let told = trends::newest(&mut reading, cluster, span, scope, 7).await.unwrap();
    assert_eq!(told, all[all.len().saturating_sub(7)..], "{from} to {to}");
    let all = marks_of(place, scope).await;
    let told = moments::along(&mut reading, cluster, scope, &axis, ends).await.unwrap();
    assert_eq!(told, marked(&all, &axis, ends), "{from} to {to}");
}

async fn compare_all(place: &Place, first: i64) {
    let hubs: Vec<i64> = {
        let mut reading = place.store.read().await.unwrap();
        sqlx::query_scalar("select id from hubs order by id").fetch_all(&mut *reading).await.unwrap()
    };
    let last = place.count("scans").await;
    let scopes = [
        Scope::All,
        Scope::Hubs(BTreeSet::from([HubId(hubs[0])])),
        Scope::Hubs(hubs.iter().map(|hub| HubId(*hub)).collect()),
        Scope::Hubs(BTreeSet::new()),
    ];
    for scope in &scopes {
        for parts in [1, 7, 200] {
            for from in [first, first + 3, last - 2] {
                for to in [from + 1, last - 1, last] {
                    compare(place, (from, to.max(from)), scope, parts).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_counted_at_each_commit_is_what_the_whole_history_says() {
    for seed in [1, 2, 3] {
        compare_all(&history(seed, 40).await, 1).await;
    }
}

#[tokio::test]
async fn what_is_counted_still_agrees_after_pruning() {
    let place = history(4, 10).await;
    // The history goes on two months later, and the part before is pruned.
    let mut commit = place.scan(60 * 24 * 60);
    commit.hubs = vec![hub(prod()), hub(beta())];
    commit.findings = vec![finding("TLS-01", Verdict::Fail, 1)];
    place.commit(commit).await;
    for minute in 1..6 {
        let mut commit = place.scan(60 * 24 * 60 + minute);
        commit.hubs = vec![hub(prod()), hub(beta())];
        let verdict = if minute % 2 == 0 { Verdict::Fail } else { Verdict::Pass };
        commit.findings = vec![finding("TLS-01", verdict, 1), finding("TLS-02", Verdict::Warn, 1)];
        place.commit(commit).await;
    }
    let before = place.count("moments").await;
    let retention = Retention { history_days: 30, pod_days: 30, max_bytes: u64::MAX };
    place.store.prune(&retention, at(60 * 24 * 60 + 9)).await.unwrap();
    let first = place.number("select history_from from clusters").await.unwrap();
    assert!(first > 5, "{first}");
    assert!(place.count("moments").await < before);
    compare_all(&place, first).await;
}

#[tokio::test]
async fn a_database_of_before_gets_the_counts_that_its_commits_would_have_written() {
    let place = history(5, 40).await;
    let rows = |query: &'static str| {
        let path = place.store.path().to_path_buf();
        async move {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            rows
        }
    };
    let all = "select json_array(cluster_id, seq, hub_id, taken_at, opened, closed, objects, charts, critical, high, medium,
                 low, info) from moments
               where opened or closed or objects or charts or critical or high or medium or low or info
               order by cluster_id, seq, hub_id";
    let written = rows(all).await;
    assert!(written.len() > 30, "{}", written.len());
    let migration = MIGRATOR.iter().find(|migration| migration.description == "create moments").unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place.store.path());
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("drop table moments").execute(&mut connection).await.unwrap();
    sqlx::raw_sql(migration.sql.clone()).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(rows(all).await, written);
}
