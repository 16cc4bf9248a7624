//! The program killed at any moment of its work leaves whole scans behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use server::store::Store;

use crate::program::{Folder, Serving};

/// How often the program is killed.
const KILLS: u8 = 5;

/// How many scans the past of each cluster of the demo has at least.
const PAST: i64 = 14;

/// What each scan of a cluster added: its cause, and the rows of each kind that begin and end with it.
pub(crate) type Scans = BTreeMap<(String, i64), String>;

/// Checks a database that a kill left, and gives its scans.
pub(crate) async fn scans_in(path: &Path) -> Scans {
    let store = Store::open(path).await.unwrap();
    let mut reading = store.read().await.unwrap();
    for check in ["pragma integrity_check", "pragma foreign_key_check"] {
        let said: Vec<String> = sqlx::query_scalar(check).fetch_all(&mut *reading).await.unwrap();
        assert!(said.is_empty() || said == ["ok"], "{check}: {said:?}");
    }
    let beyond: i64 = sqlx::query_scalar(
        "select (select count(*) from revisions r where r.first_scan > (select max(seq) from scans s where s.cluster_id = r.cluster_id))
         + (select count(*) from pods p where p.first_scan > (select max(seq) from scans s where s.cluster_id = p.cluster_id))
         + (select count(*) from coverage c where c.first_scan > (select max(seq) from scans s where s.cluster_id = c.cluster_id))",
    )
    .fetch_one(&mut *reading)
    .await
    .unwrap();
    assert_eq!(beyond, 0, "something is left of a scan that was not committed");
    let rows: Vec<(String, i64, String)> = sqlx::query_as(
        "select c.name, s.seq, s.cause
           || ' revisions ' || (select count(*) from revisions r where r.cluster_id = c.id and r.first_scan = s.seq)
           || ' coverage ' || (select count(*) from coverage v where v.cluster_id = c.id and v.first_scan = s.seq)
           || ' verdicts ' || (select count(*) from verdicts v join findings f on f.id = v.finding_id
                where f.cluster_id = c.id and v.first_scan = s.seq)
           || ' pods ' || (select count(*) from pods p where p.cluster_id = c.id and p.first_scan = s.seq)
         from scans s join clusters c on c.id = s.cluster_id",
    )
    .fetch_all(&mut *reading)
    .await
    .unwrap();
    drop(reading);
    store.close().await;
    rows.into_iter().map(|(cluster, scan, what)| ((cluster, scan), what)).collect()
}

/// The database of a demo that was served with this folder for temporary files.
fn demo_database(folder: &Folder) -> PathBuf {
    let mut files = folder.files().into_iter().map(|(path, _)| path);
    files.find(|path| path.ends_with("demo.db")).expect("the demo has a database")
}

#[tokio::test]
async fn the_demo_killed_at_any_moment_leaves_whole_scans() {
    let whole = Folder::new();
    let mut serving = Serving::start(&whole, &["--demo"], &[]);
    let names = ["teaching-eu", "research-aws", "campus-shared"];
    for name in names {
        serving.wait_for_scan(name, PAST).await;
    }
    serving.kill();
    let expected = scans_in(&demo_database(&whole)).await;
    let mut compared = 0;
    for round in 0..KILLS {
        let folder = Folder::new();
        let mut serving = Serving::start(&folder, &["--demo"], &[]);
        // Later in each round, so that there is something to compare on a machine of any speed.
        serving.wait_for_scan(names[usize::from(round) % names.len()], 1 + 2 * i64::from(round)).await;
        // Not to wait for anything: only to spread the moments of the kills.
        std::thread::sleep(Duration::from_millis(u64::from(round) * 379 % 1_500));
        serving.kill();
        let told = serving.scans();
        let found = scans_in(&demo_database(&folder)).await;
        for scan in &told {
            assert!(found.contains_key(scan), "{scan:?} was said to be committed");
        }
        for (scan, what) in found.iter().filter(|(scan, _)| expected.contains_key(scan) && scan.1 <= PAST) {
            assert_eq!(*what, expected[scan], "{scan:?} is half there");
            compared += 1;
        }
    }
    assert!(compared > 20, "only {compared} scans were compared");
}
