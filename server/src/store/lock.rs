//! The lock that keeps a second perijove out, and the modes that keep other accounts out.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::StoreError;

/// The right to write to a database; the system takes it back when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Makes the folder and the lock file beside the database, and takes the lock.
    ///
    /// The lock is on a file of its own because SQLite drops all locks of a process on the database file when any of its handles closes.
    pub(super) fn take(database: &Path) -> Result<Self, StoreError> {
        let folder = |path: &Path| {
            let path = path.to_path_buf();
            move |source: io::Error| StoreError::from_io(&path, source)
        };
        if let Some(parent) = database.parent().filter(|p| !p.as_os_str().is_empty()) {
            make_private_folder(parent).map_err(folder(parent))?;
        }
        let path = beside(database, ".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(folder(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: database.to_path_buf() }),
            Err(TryLockError::Error(source)) => Err(folder(&path)(source)),
        }
    }
}

/// Makes a folder only this account can enter; one that exists keeps its mode, because others may have a reason to share it.
fn make_private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes sure that the database exists and that only this account can read it, before SQLite writes the first byte.
///
/// SQLite gives its WAL and shared-memory files the mode of the database.
pub(super) fn make_private_file(path: &Path) -> Result<(), StoreError> {
    let attempt = || -> io::Result<()> {
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, Permissions::from_mode(0o600))?;
        }
        Ok(())
    };
    attempt().map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => StoreError::Denied { path: path.to_path_buf() },
        _ => StoreError::from_io(path, source),
    })
}

/// The path with something appended to its name: `perijove.db.lock` beside `perijove.db`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
