//! The history of clusters in one SQLite file: one writer, several readers, and nothing visible of a scan until it is whole.
//!
//! What is large is written ahead with [`Store::stage`]; [`Store::commit_scan`] then makes the scan visible in one short transaction.
//! Readers take a consistent view with [`Store::read`] and pass it to the query functions of the modules below, one module per table or
//! question. Row types are private to their module. No SQL stands outside this folder.

pub mod baselines;
pub mod changes;
pub mod clusters;
mod commit;
pub mod compared;
pub mod computed;
mod contents;
pub mod coverage;
mod error;
pub mod feeds;
pub mod findings;
pub mod hubs;
mod key;
mod lock;
pub mod marks;
mod meta;
pub mod moments;
mod objects;
pub mod people;
mod pods;
mod prune;
pub mod rebuild;
pub mod recall;
mod rehash;
pub mod releases;
pub mod renewals;
mod reviews;
pub mod scans;
mod schema;
mod scope;
pub mod sightings;
mod stage;
pub mod told;
pub mod trends;
mod waiting;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite, SqlitePool, Transaction};

pub use clusters::{ClusterId, ClusterIdentity};
pub use commit::{Committed, HubSeen, ScanCommit, Trigger};
pub use computed::{Computed, ComputedTable, ComputedView};
pub use contents::ContentId;
pub use error::StoreError;
pub use findings::FindingId;
pub use hubs::{HubFacts, HubId};
pub use prune::{Pruned, Retention, SHORTEST_HISTORY_DAYS};
pub use scans::ScanNumber;
pub use schema::{MigrationState, migrations};
pub use scope::Scope;
pub use stage::{Staged, StagedObject, StagedPod};

use lock::Lock;
use waiting::Waiting;

/// The schema, embedded.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// How long a statement waits for a lock of another connection.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many pages can be read at the same time.
const READERS: u32 = 4;

/// A transaction that reads; everything read through it belongs to one moment.
pub type Reading = Transaction<'static, Sqlite>;

/// The open database. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    path: Arc<Path>,
    /// A pool of one: writers of several clusters take turns, first come first served.
    writer: SqlitePool,
    readers: SqlitePool,
    /// The number of the next pod that is written ahead. Opening empties their table, so that it starts from 1 with each process.
    staged_rows: Arc<AtomicI64>,
    /// The bodies that are written ahead and wait for their commit.
    waiting: Arc<Waiting>,
    _lock: Arc<Lock>,
}

impl Store {
    /// Opens the database for this process alone: makes it if needed, brings its schema up to date, and removes what an earlier
    /// process wrote ahead but never committed.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = Lock::take(path)?;
        lock::make_private_file(path)?;
        schema::check_log(path).await?;
        schema::inspect(path).await?;
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_mins(5))
            // SQLite itself ends a transaction on an error of the disk (https://sqlite.org/lang_transaction.html, section 2.3.1), and the
            // driver then counts it as open for ever: such a connection is replaced.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(writing(path))
            .await
            .map_err(|e| StoreError::from_sqlx(path, e))?;
        let mut connection = writer.acquire().await.map_err(|e| StoreError::from_sqlx(path, e))?;
        schema::prepare(&mut connection, path).await.map_err(|e| e.at(path))?;
        rehash::renew(&mut connection).await.map_err(|e| e.at(path))?;
        drop(connection);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_lazy_with(reading(path));
        let staged_rows = Arc::new(AtomicI64::new(1));
        let waiting = Arc::default();
        let store = Self { path: path.into(), writer, readers, staged_rows, waiting, _lock: Arc::new(lock) };
        store.drop_all_staged().await?;
        store.collect_unreferenced(jiff::Timestamp::MAX).await?;
        Ok(store)
    }

    /// Where the database lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A consistent view of the database.
    pub async fn read(&self) -> Result<Reading, StoreError> {
        self.readers.begin().await.map_err(|e| StoreError::from_sqlx(&self.path, e))
    }

    /// A transaction that writes. It takes the write lock at once, so that it cannot fail for having read before.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("begin immediate").await.map_err(|e| StoreError::from_sqlx(&self.path, e))
    }

    /// Commits and says where if that fails.
    async fn finish(&self, transaction: Transaction<'static, Sqlite>) -> Result<(), StoreError> {
        transaction.commit().await.map_err(|e| StoreError::from_sqlx(&self.path, e))
    }

    /// Folds the WAL into the file and empties it, so that nothing deleted is left in it.
    async fn truncate_wal(&self) -> Result<(), StoreError> {
        sqlx::query("pragma wal_checkpoint(truncate)")
            .execute(&self.writer)
            .await
            .map_err(|e| StoreError::from_sqlx(self.path(), e))?;
        Ok(())
    }

    /// Closes every connection; SQLite then folds its WAL into the file.
    pub async fn close(self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// The options that every connection shares.
fn shared(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        // Sorting must not spill names of people into a folder for temporary files.
        .pragma("temp_store", "memory")
        .pragma("trusted_schema", "off")
}

/// The options of the writer.
fn writing(path: &Path) -> SqliteConnectOptions {
    shared(path)
        // Takes effect before the first table only, which is why it is no statement of a migration.
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        // After a power failure the last scans may be missing, and are seen again; the file is never damaged by it.
        .synchronous(SqliteSynchronous::Normal)
        // What is deleted, names of people above all, is overwritten and not only unlinked.
        .pragma("secure_delete", "on")
}

/// The options of a reader.
fn reading(path: &Path) -> SqliteConnectOptions {
    // A page asks for some hundred rows at a time. With the usual fifty, two threads take turns and wait for each other.
    shared(path).read_only(true).row_buffer_size(256)
}
