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

#[test]
fn a_folder_that_cannot_hold_a_database_is_named() {
    let place = folder(&[("file", "")]);
    perijove(place.path(), &["migrate", "--store", "file/p.db"]).stopped(3, &["file"]);
    perijove(place.path(), &["migrate", "--store", "/proc/perijove/p.db"]).stopped(3, &["/proc/perijove"]);
}
