//! A process that is killed while it commits scans as fast as it can leaves whole scans behind, and nothing else.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::*;

/// Names the database to the child, which is this test in a process of its own.
const DATABASE: &str = "PERIJOVE_TEST_CRASH_DATABASE";

/// How often a child is killed.
const KILLS: u32 = 25;

/// How many objects each scan changes.
const OBJECTS: i64 = 20;

/// Commits scans until it is killed, and says so after each.
async fn commit_forever(path: &Path) {
    let store = Store::open(path).await.unwrap();
    let cluster = store.register_cluster(&identity("teaching", Some("uid-1")), at(0)).await.unwrap();
    let place = Place { folder: tempfile::tempdir().unwrap(), store, cluster };
    for minute in 0_i64.. {
        let mut commit = place.scan(minute);
        let text = format!("{} {minute}", std::process::id());
        let records: Vec<Record> = (0..OBJECTS)
            .map(|n| record(Kind::NetworkPolicy, "jhub", &format!("policy-{n}"), &format!("{text} {n}")))
            .collect();
        commit.objects = place.store.stage(&records, at(minute)).await.unwrap().objects;
        commit.hubs.push(hub(prod()));
        let mut of_scan = finding("TLS-01", Verdict::Fail, 1);
        of_scan.reason = of_scan.reason.with("text", Arg::text(text));
        commit.findings.push(of_scan);
        println!("committed {}", place.commit(commit).await.scan.0);
    }
}

fn start(path: &Path) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::crash::a_kill_at_any_moment_leaves_whole_scans", "--nocapture"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

/// Waits for the next scan of the child.
fn next_scan(lines: &mut Lines<BufReader<ChildStdout>>) -> i64 {
    lines
        .find_map(|line| line.unwrap().rsplit_once("committed ").and_then(|(_, scan)| scan.parse().ok()))
        .expect("the child commits until it is killed")
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_whole_scans() {
    if let Some(path) = std::env::var_os(DATABASE) {
        commit_forever(Path::new(&path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("perijove.db");
    let mut before = 0;
    for round in 0..KILLS {
        let (mut child, mut lines) = start(&path);
        let mut told = next_scan(&mut lines);
        assert!(told > before, "the restart goes on after scan {before}");
        for _ in 0..round % 4 {
            told = next_scan(&mut lines);
        }
        // Not to wait for anything: only to spread the moments of the kills.
        std::thread::sleep(Duration::from_micros(u64::from(round) * 379 % 5_000));
        child.kill().unwrap();
        child.wait().unwrap();
        before = check(&path, told).await;
    }
}

/// Checks the database that a kill left, and gives its last scan; `told` is the last one the child had committed for sure.
async fn check(path: &Path, told: i64) -> i64 {
    let store = Store::open(path).await.unwrap();
    let mut reading = store.read().await.unwrap();
    let integrity: String =
        sqlx::query_scalar("pragma integrity_check").fetch_one(&mut *reading).await.unwrap();
    assert_eq!(integrity, "ok");
    let last: i64 = sqlx::query_scalar("select max(seq) from scans").fetch_one(&mut *reading).await.unwrap();
    assert!(last >= told, "scan {told} was committed, the last one found is {last}");
    let halves: i64 = sqlx::query_scalar(
        "select count(*) from scans s where
           (select count(*) from revisions where first_scan = s.seq) <> ?
           or (select count(*) from verdicts where first_scan = s.seq) <> 1",
    )
    .bind(OBJECTS)
    .fetch_one(&mut *reading)
    .await
    .unwrap();
    assert_eq!(halves, 0, "a scan is half visible");
    let orphans: i64 = sqlx::query_scalar(
        "select (select count(*) from revisions where first_scan > ?1) + (select count(*) from verdicts where first_scan > ?1)
         + (select count(*) from contents where id not in (select content_id from revisions))",
    )
    .bind(last)
    .fetch_one(&mut *reading)
    .await
    .unwrap();
    assert_eq!(orphans, 0, "something is left of a scan that was not committed");
    drop(reading);
    store.close().await;
    last
}
