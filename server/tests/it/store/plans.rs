//! Every query finds its rows by an index.

use std::path::Path;

use server::store::MIGRATOR;
use sqlx::Row;
use sqlx::{Connection, SqliteConnection};

use super::*;

/// Tables that grow with the cluster or with time.
const LARGE: [&str; 15] = [
    "scans",
    "contents",
    "objects",
    "revisions",
    "current_objects",
    "pods",
    "pod_counts",
    "findings",
    "verdicts",
    "episodes",
    "marks",
    "computed",
    "releases",
    "moments",
    "people",
];

/// Work that is done when starting or when pruning, and reads a table from end to end by its nature.
const WHOLE: [&str; 1] = ["delete from contents where staged_at"];

#[tokio::test]
async fn no_query_reads_a_large_table_from_end_to_end() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    MIGRATOR.run(&mut connection).await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let file: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        let query = file["query"].as_str().unwrap();
        seen += 1;
        if WHOLE.iter().any(|start| query.starts_with(start)) {
            continue;
        }
        let plan = sqlx::AssertSqlSafe(format!("explain query plan {query}"));
        let steps: Vec<String> = sqlx::query(plan)
            .fetch_all(&mut connection)
            .await
            .unwrap()
            .iter()
            .map(|row| row.get::<String, _>("detail"))
            .collect();
        for step in &steps {
            let scanned = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            let is_bare = scanned.is_some() && !step.contains("USING");
            let table = scanned.map(|alias| table_of(query, alias));
            assert!(
                !walks_scans(query, step) || query.starts_with("update scans"),
                "{query}\n{}",
                steps.join("\n")
            );
            assert!(
                !(is_bare && table.is_some_and(|table| LARGE.contains(&table.as_str()))),
                "{query}\n{}",
                steps.join("\n")
            );
        }
    }
    assert!(seen > 50, "the query data lies where this test looks");
}

/// Whether a step goes through all scans up to one, to look for each in a small table.
fn walks_scans(query: &str, step: &str) -> bool {
    let searched = step.strip_prefix("SEARCH ").and_then(|rest| rest.split_once(' '));
    searched.is_some_and(|(alias, how)| how.contains("AND seq<?)") && table_of(query, alias) == "scans")
}

/// The table that an alias stands for: the word before it.
fn table_of(query: &str, alias: &str) -> String {
    let words: Vec<&str> =
        query.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    words
        .windows(2)
        .find(|pair| pair[1] == alias && LARGE.contains(&pair[0]))
        .map_or_else(|| alias.to_owned(), |pair| pair[0].to_owned())
}
