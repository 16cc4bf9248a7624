//! Databases that cannot be used: each is told in one sentence, and nothing in them is touched.

use std::fs;

use super::{folder, perijove};

#[test]
fn a_file_that_is_no_database_of_ours_stays_as_it_is() {
    let place = folder(&[("notes.txt", "my notes\n")]);
    for arguments in [
        &["migrate", "--store", "notes.txt"][..],
        &["migrate", "--status", "--store", "notes.txt"],
        &["serve", "--demo", "--listen", "127.0.0.1:0", "--manifests", "."],
    ] {
        let ran = perijove(place.path(), arguments);
        if arguments[0] == "migrate" {
            ran.stopped(3, &["`notes.txt` is not a database of Perijove", "nothing in it was touched"]);
        } else {
            assert_eq!(ran.code, Some(2), "two sources at once: {ran:?}");
        }
    }
    assert_eq!(fs::read_to_string(place.path().join("notes.txt")).unwrap(), "my notes\n");
}

#[test]
fn a_database_that_is_not_there_is_made_by_migrate_and_told_by_its_status() {
    let place = folder(&[]);
    let status = ["migrate", "--status", "--store", "p.db"];
    perijove(place.path(), &status).stopped(3, &["there is no database at `p.db`"]);
    let made = perijove(place.path(), &["migrate", "--store", "p.db"]);
    assert_eq!((made.code, made.err.as_str()), (Some(0), ""));
    let ran = perijove(place.path(), &status);
    assert!(ran.code == Some(0) && ran.out.starts_with("done"), "{ran:?}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_told_by_every_command_and_left_alone() {
    use sqlx::{ConnectOptions as _, Connection as _};
    let kubeconfig = super::reach::kubeconfig("https://127.0.0.1:1", "{token: hunter2}");
    let place = folder(&[("k", &kubeconfig)]);
    assert_eq!(perijove(place.path(), &["migrate", "--store", "p.db"]).code, Some(0));
    let path = place.path().join("p.db");
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::raw_sql(
        "insert into _sqlx_migrations values (99990101000000, 'later', current_timestamp, 1, x'00', 0);
         update meta set value = '9.9.9' where key = 'version'",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    let before = fs::read(&path).unwrap();
    for arguments in [
        &["migrate"][..],
        &["migrate", "--status"],
        &["serve", "--listen", "127.0.0.1:0", "--manifests", "."],
        &["scan", "--kubeconfig", "k"],
    ] {
        let ran = perijove(place.path(), &[arguments, &["--store", "p.db"]].concat());
        ran.stopped(3, &["was written by a newer version of Perijove (9.9.9); use that version"]);
    }
    assert!(fs::read(&path).unwrap() == before, "the file was changed");
}

#[test]
fn a_folder_that_cannot_hold_a_database_is_named() {
    let place = folder(&[("file", "")]);
    perijove(place.path(), &["migrate", "--store", "file/p.db"]).stopped(3, &["file"]);
    perijove(place.path(), &["migrate", "--store", "/proc/perijove/p.db"]).stopped(3, &["/proc/perijove"]);
}
