//! Opening a database: who may, what is refused, and in which words.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use server::store::StoreError;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::*;

async fn plain(path: &Path) -> SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

/// A database that nobody has open.
async fn closed() -> (tempfile::TempDir, std::path::PathBuf) {
    let Place { folder, store, .. } = Place::new().await;
    let path = store.path().to_path_buf();
    store.close().await;
    (folder, path)
}

#[tokio::test]
async fn only_this_account_can_read_the_database_and_its_folder() {
    let place = Place::new().await;
    place.commit(place.scan(0)).await;
    let folder = place.store.path().parent().unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.iter().any(|path| path.to_string_lossy().ends_with("-wal")), "{files:?}");
    for path in files {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn pages_freed_by_pruning_can_be_given_back() {
    let place = Place::new().await;
    assert_eq!(place.number("pragma auto_vacuum").await, Some(2), "incremental");
}

#[tokio::test]
async fn a_second_process_is_refused_until_the_first_ends() {
    let place = Place::new().await;
    let path = place.store.path().to_path_buf();
    let error = Store::open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }));
    assert!(error.to_string().contains("is in use by another perijove"), "{error}");
    drop(place.store);
    Store::open(&path).await.unwrap();
}

#[tokio::test]
async fn a_database_from_a_newer_version_is_left_alone() {
    let (_folder, path) = closed().await;
    let mut connection = plain(&path).await;
    sqlx::raw_sql(
        "insert into _sqlx_migrations values (99990101000000, 'later', current_timestamp, 1, x'00', 0);
         update meta set value = '9.9.9' where key = 'version'",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the database `{}` was written by a newer version of Perijove (9.9.9); use that version, or give another path",
            path.display()
        )
    );
    let error = server::store::migrations(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { .. }));
    assert!(std::fs::read(&path).unwrap() == before, "the file was changed");
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.db");
    let mut connection = plain(&other).await;
    sqlx::raw_sql("create table cookies (name text)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let text = folder.path().join("text.db");
    std::fs::write(
        &text,
        "a shopping list, long enough to hold what would be a header of a database file. ".repeat(20),
    )
    .unwrap();
    for path in [other, text] {
        let before = std::fs::read(&path).unwrap();
        let error = Store::open(&path).await.unwrap_err();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        assert!(std::fs::read(&path).unwrap() == before, "the file was changed");
    }
}

#[tokio::test]
async fn a_damaged_database_is_said_to_be_damaged() {
    let (_folder, path) = closed().await;
    let mut bytes = std::fs::read(&path).unwrap();
    // The first page keeps its header; everything behind it is lost.
    bytes[100..].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("restore it from a backup"));
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Store::open(&file.join("sub/perijove.db")).await.unwrap_err();
    assert!(matches!(error, StoreError::Folder { .. }), "{error:?}");
    assert!(error.to_string().contains("file/sub"), "{error}");
}

#[tokio::test]
async fn the_state_of_the_schema_can_be_read_while_another_process_runs() {
    let place = Place::new().await;
    let states = server::store::migrations(place.store.path()).await.unwrap();
    assert!(!states.is_empty());
    assert!(states.iter().all(|state| state.is_applied));
    let error = server::store::migrations(&place.folder.path().join("none.db")).await.unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }));
}

#[tokio::test]
async fn a_name_that_leads_to_another_cluster_is_an_error() {
    let place = Place::new().await;
    let error = place.store.register_cluster(&identity("teaching", Some("uid-9")), at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::ClusterChanged { .. }));
    assert!(error.to_string().contains("uid uid-1"), "{error}");
    assert!(error.to_string().contains("uid uid-9"), "{error}");
}

#[tokio::test]
async fn a_cluster_keeps_its_history_under_a_new_name_or_address() {
    let place = Place::new().await;
    let renamed = place.store.register_cluster(&identity("school", Some("uid-1")), at(1)).await.unwrap();
    assert_eq!(renamed, place.cluster);
    // Without the right to read its uid, the address tells.
    let hidden = place.store.register_cluster(&identity("school", None), at(2)).await.unwrap();
    assert_eq!(hidden, place.cluster);
    assert_eq!(place.count("clusters").await, 1);
}

#[tokio::test]
async fn a_uid_that_becomes_readable_is_added() {
    let place = Place::new().await;
    let first = place.store.register_cluster(&identity("lab", None), at(0)).await.unwrap();
    let second = place.store.register_cluster(&identity("lab", Some("uid-7")), at(1)).await.unwrap();
    assert_eq!(first, second);
    place.store.register_cluster(&identity("lab", Some("uid-8")), at(2)).await.unwrap_err();
}

#[tokio::test]
async fn a_forgotten_name_is_nowhere_in_the_files() {
    let place = Place::new().await;
    let name = "Ada-Lovelace-who-wishes-to-be-forgotten";
    let mut commit = place.scan(0);
    commit.people = BTreeMap::from([("p-0123456789".to_owned(), name.to_owned())]);
    place.commit(commit).await;
    let found = |place: &Place| {
        let folder = place.store.path().parent().unwrap();
        std::fs::read_dir(folder).unwrap().any(|entry| {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(name.len()).any(|window| window == name.as_bytes())
        })
    };
    assert!(found(&place));
    assert!(place.store.forget_person("p-0123456789").await.unwrap());
    assert!(!found(&place));
    assert!(!place.store.forget_person("p-0123456789").await.unwrap());
}

#[tokio::test]
async fn the_key_of_the_installation_stays_the_same_and_private() {
    let place = Place::new().await;
    let first = place.store.redaction_key().await.unwrap();
    let second = place.store.redaction_key().await.unwrap();
    assert_eq!(first.id(), second.id());
    let mut path = place.store.path().as_os_str().to_owned();
    path.push(".key");
    let path = Path::new(&path);
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    let key = std::fs::read(path).unwrap();
    let database = std::fs::read(place.store.path()).unwrap();
    assert!(!database.windows(key.len()).any(|window| window == key), "the key is in the database");
    std::fs::write(path, "half").unwrap();
    let error = place.store.redaction_key().await.unwrap_err();
    assert!(matches!(error, StoreError::Key { .. }), "{error:?}");
    std::fs::remove_file(path).unwrap();
    assert_ne!(place.store.redaction_key().await.unwrap().id(), first.id());
}
