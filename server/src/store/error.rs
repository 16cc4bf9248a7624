//! What can go wrong with the database, in sentences that say what to do.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the lock.
    #[error("the database `{}` is in use by another perijove; stop that one, or give this one a database of its own", path.display())]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// The folder or the lock file cannot be made or opened.
    #[error("cannot use `{}` for the database; check that the folder can be made and written to", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database does not exist and was not to be made.
    #[error("there is no database at `{}`; check the path, or run `perijove serve` once to make it", path.display())]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// The file system refuses.
    #[error("this account may not open the database `{}`; check the owner and the mode of the file and its folder, and that the disk is not mounted read-only", path.display())]
    Denied {
        /// The database.
        path: PathBuf,
    },
    /// The file or the disk cannot be written.
    #[error("the database `{}` cannot be written; check that the disk is not mounted read-only and that the file belongs to this account", path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk that holds the database `{}` is full; make room, nothing stored so far is lost", path.display())]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// The system reports an error of the disk, or lets the file grow no further.
    #[error(
        "the database `{}` cannot be read or written: the system reports an input or output error; check that the disk has room and no fault, and the limit on the size of a file (`ulimit -f`), nothing stored so far is lost", path.display()
    )]
    Disk {
        /// The database.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error("the database `{}` is damaged; restore it from a backup, or move it away to start a new history", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
    },
    /// What a killed process left beside the file does not fit it.
    #[error(
        "the database `{0}` and the `{0}-wal` that was left beside it do not fit together; if you have put back a copy, remove `{0}-wal` and `{0}-shm` and start again, otherwise the database is damaged: restore it from a backup with these two removed. Nothing was changed", path.display()
    )]
    Mixed {
        /// The database.
        path: PathBuf,
    },
    /// The file belongs to something else.
    #[error("the file `{}` is not a database of Perijove; give another path, nothing in it was touched", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A later version of Perijove wrote the file.
    #[error(
        "the database `{}` was written by a newer version of Perijove{}; use that version, or give another path",
        path.display(),
        version.as_ref().map(|v| format!(" ({v})")).unwrap_or_default()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The version that wrote it last, where the file says so.
        version: Option<String>,
    },
    /// A migration that was applied differs from the one of this version.
    #[error("the database `{}` was made by an unreleased version of Perijove (migration {migration} differs); move it away to start a new history", path.display())]
    Diverged {
        /// The database.
        path: PathBuf,
        /// The migration.
        migration: i64,
    },
    /// The key file is not a key.
    #[error("`{}` is not a key of Perijove; put back the right file, or remove it to get a new key, with which people get other tokens", path.display())]
    Key {
        /// The file.
        path: PathBuf,
    },
    /// The name in the configuration now leads to another cluster.
    #[error(
        "`{name}` is another cluster than before (it was {before}, it is {found}); if that is intended, give it another name in the configuration, the history of the old one stays"
    )]
    ClusterChanged {
        /// The name in the configuration.
        name: String,
        /// The identity stored under the name.
        before: String,
        /// The identity found now.
        found: String,
    },
    /// Something that was to be read is not stored.
    #[error("{what} is not in the database; it may have been pruned")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// A stored value does not have the form this version writes.
    #[error("the database holds {what} that this version cannot read; a newer version may have written it")]
    Unreadable {
        /// The table and the value's place, never the value.
        what: &'static str,
        /// What the decoder said.
        source: Option<serde_json::Error>,
    },
    /// The database was busy for longer than the timeout.
    #[error("the database `{}` was busy for too long; check whether another program holds it open", path.display())]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// A query failed; [`StoreError::at`] turns it into one of the sentences above.
    #[error("a query failed")]
    Query(#[from] sqlx::Error),
    /// Anything else.
    #[error("the database `{}` could not be used", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite or its driver said.
        source: sqlx::Error,
    },
}

/// The primary result codes of SQLite that have a sentence of their own: <https://sqlite.org/rescode.html>.
mod code {
    pub(super) const PERMISSION: i32 = 3;
    pub(super) const BUSY: i32 = 5;
    pub(super) const READ_ONLY: i32 = 8;
    pub(super) const IO: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANNOT_OPEN: i32 = 14;
    pub(super) const AUTHORIZATION: i32 = 23;
    pub(super) const NOT_A_DATABASE: i32 = 26;
}

impl StoreError {
    /// Says which database a failed query belongs to, and with that why it failed.
    pub fn at(self, path: &Path) -> Self {
        match self {
            Self::Query(error) => Self::from_sqlx(path, error),
            other => other,
        }
    }

    /// A stored JSON value that does not decode; `what` names the column.
    pub(super) fn unreadable(what: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Unreadable { what, source: Some(source) }
    }

    /// The sentence for an error of the driver.
    pub(super) fn from_sqlx(path: &Path, error: sqlx::Error) -> Self {
        let path = path.to_path_buf();
        let extended = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .and_then(|c| c.parse::<i32>().ok());
        // An extended code keeps the primary code in its lowest byte.
        match extended.map(|c| c & 0xff) {
            Some(code::READ_ONLY) => Self::ReadOnly { path },
            Some(code::PERMISSION | code::CANNOT_OPEN | code::AUTHORIZATION) => Self::Denied { path },
            Some(code::BUSY) => Self::Busy { path },
            Some(code::FULL) => Self::Full { path },
            Some(code::IO) => Self::Disk { path },
            Some(code::CORRUPT) => Self::Corrupt { path },
            Some(code::NOT_A_DATABASE) => Self::Foreign { path },
            _ if matches!(error, sqlx::Error::PoolTimedOut) => Self::Busy { path },
            _ => Self::Database { path, source: error },
        }
    }

    /// The sentence for an error of the file system at the database, its folder or a file beside it.
    pub(super) fn from_io(path: &Path, source: io::Error) -> Self {
        // Has no kind of its own in the standard library.
        const EIO: i32 = 5;
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::FileTooLarge => Self::Disk { path },
            _ if source.raw_os_error() == Some(EIO) => Self::Disk { path },
            _ => Self::Folder { path, source },
        }
    }

    /// The sentence for an error of a migration.
    pub(super) fn from_migration(path: &Path, error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(_) => Self::Newer { path: path.to_path_buf(), version: None },
            MigrateError::VersionMismatch(migration) => {
                Self::Diverged { path: path.to_path_buf(), migration }
            }
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
                Self::from_sqlx(path, source)
            }
            other => {
                Self::Database { path: path.to_path_buf(), source: sqlx::Error::Migrate(Box::new(other)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use posture::kind::Kind;
    use posture::object::ObjectRef;
    use posture::record::{ContentHash, Record};

    use super::*;
    use crate::store::Store;

    fn large_record() -> Record {
        Record {
            object: ObjectRef::namespaced(Kind::Service, "a", "b"),
            uid: String::new(),
            body: serde_json::Value::String("x".repeat(1_000_000)),
            content: ContentHash([0; 16]),
            drift: ContentHash([0; 16]),
            managed_fields: Vec::new(),
            resource_version: String::new(),
        }
    }

    /// What staging gives after the writer was limited by a pragma, which fails like the disk does.
    async fn limited_by(pragma: &'static str) -> StoreError {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("perijove.db")).await.unwrap();
        sqlx::query(pragma).execute(&store.writer).await.unwrap();
        store.stage(&[large_record()], Timestamp::UNIX_EPOCH).await.unwrap_err()
    }

    #[test]
    fn what_the_file_system_reports_is_told_by_its_cause() {
        let told = |number| StoreError::from_io(Path::new("p.db"), io::Error::from_raw_os_error(number));
        // ENOSPC and EDQUOT, EROFS, EIO and EFBIG, ENOTDIR.
        assert!([28, 122].into_iter().all(|number| matches!(told(number), StoreError::Full { .. })));
        assert!(matches!(told(30), StoreError::ReadOnly { .. }));
        assert!([5, 27].into_iter().all(|number| matches!(told(number), StoreError::Disk { .. })));
        assert!(matches!(told(20), StoreError::Folder { .. }));
    }

    #[tokio::test]
    async fn a_full_disk_is_said_to_be_full() {
        let error = limited_by("pragma max_page_count = 100").await;
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert!(error.to_string().ends_with("is full; make room, nothing stored so far is lost"));
    }

    #[tokio::test]
    async fn a_database_that_cannot_be_written_is_said_to_be_read_only() {
        let error = limited_by("pragma query_only = on").await;
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn what_failed_for_lack_of_room_succeeds_once_there_is_some() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("perijove.db")).await.unwrap();
        sqlx::query("pragma max_page_count = 100").execute(&store.writer).await.unwrap();
        store.stage(&[large_record()], Timestamp::UNIX_EPOCH).await.unwrap_err();
        sqlx::query("pragma max_page_count = 100000").execute(&store.writer).await.unwrap();
        store.stage(&[large_record()], Timestamp::UNIX_EPOCH).await.unwrap();
    }
}
