//! Every migration survives tables with rows in them.

use std::path::{Path, PathBuf};

use server::store::MIGRATOR;
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

fn rows_of(version: i64) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read_dir(folder.join("../migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|name| name.starts_with(&format!("{version}_")))
        .unwrap();
    folder.join("tests/data/migrations").join(file)
}

#[tokio::test]
async fn each_migration_applies_on_the_rows_of_those_before() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    for migration in MIGRATOR.iter() {
        MIGRATOR.run_to(migration.version, &mut connection).await.unwrap();
        let path = rows_of(migration.version);
        let rows = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("write sample rows into {}: {error}", path.display()));
        sqlx::raw_sql(sqlx::AssertSqlSafe(rows)).execute(&mut connection).await.unwrap();
    }
    let tables: Vec<String> = sqlx::query_scalar("select name from sqlite_schema where type = 'table'")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    for table in tables {
        let count = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        let count: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap();
        assert!(count > 0, "no sample rows in {table}");
    }
    let broken: Vec<(String,)> = sqlx::query_as("select \"table\" from pragma_foreign_key_check")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(broken, []);
}

/// Nothing said until then which pods had become numbers; the last hour that has numbers tells it.
#[tokio::test]
async fn a_database_that_folded_pods_before_says_of_which_scans_they_are_whole() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    MIGRATOR.run_to(20_261_127_095_500, &mut connection).await.unwrap();
    sqlx::raw_sql(
        "insert into clusters (id, name, address, added_at) values
           (1, 'folded', 'https://a.invalid', 0), (2, 'young', 'https://b.invalid', 0), (3, 'old', 'https://c.invalid', 0);
         insert into scans (cluster_id, seq, cause, taken_at, fresh_at)
           select c.id, s.value, 'tick', s.value * 1800000, 0 from clusters c, json_each('[1, 2, 3, 4, 5, 6]') s;
         insert into contents (id, hash, staged_at, body) values (1, zeroblob(16), 0, '{}');
         insert into pod_counts values (1, 1, 'jhub', 'default', 1, null, 1), (3, 1, 'jhub', 'default', 9, null, 1);",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    MIGRATOR.run_to(20_261_127_121_000, &mut connection).await.unwrap();
    let from: Vec<i64> = sqlx::query_scalar("select pods_from from clusters order by id")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(from, [4, 1, 6]);
}
