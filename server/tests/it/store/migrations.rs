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
