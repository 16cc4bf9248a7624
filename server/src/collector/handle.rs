//! A collector as others hold it: what they may ask of it, and what they see of its state.

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};

use super::Trigger;

/// What a collector is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// It waits for the API server's first answer; the last problem, if there was one.
    Connecting(Option<String>),
    /// It lists every kind for the first time.
    Listing,
    /// It follows the cluster.
    Following,
    /// It has ended; why.
    Ended(String),
}

/// The state of a collector as others may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What it is doing.
    pub phase: Phase,
    /// Why what it collects cannot be stored for now.
    pub blocked: Option<String>,
    /// What keeps the cluster from being followed for now, as a sentence.
    pub interrupted: Option<String>,
    /// The oldest of the kinds' last list, event or bookmark.
    pub fresh_at: Option<Timestamp>,
    /// How many objects are known.
    pub objects: usize,
    /// How far the server's clock is ahead of ours, in milliseconds.
    pub skew_milliseconds: Option<i64>,
}

/// What others may ask of a collector.
#[derive(Debug)]
pub(super) enum Command {
    /// Make a scan now.
    Scan(oneshot::Sender<()>),
    /// Say when the first scan is committed.
    First(oneshot::Sender<()>),
    /// Make a scan for this reason once everything up to a version has been told; do not scan on your own meanwhile.
    ScanAt(u64, Trigger, oneshot::Sender<()>),
    /// Scan on your own from now on.
    GoLive,
}

/// A collector as others hold it.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) status: watch::Receiver<Status>,
}

impl Handle {
    /// Asks for a scan and waits until it is committed; false if the collector has ended.
    pub async fn scan_now(&self) -> bool {
        let (done, wait) = oneshot::channel();
        self.commands.send(Command::Scan(done)).await.is_ok() && wait.await.is_ok()
    }

    /// What the collector is doing.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Tells whenever that changes.
    pub fn subscribe(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Asks for a scan that shows everything up to a version, and waits until it is committed; false if the collector has ended.
    pub(super) async fn scan_at(&self, version: u64, trigger: Trigger) -> bool {
        let (done, wait) = oneshot::channel();
        self.commands.send(Command::ScanAt(version, trigger, done)).await.is_ok() && wait.await.is_ok()
    }

    /// Waits until the first scan is committed; false if the collector has ended.
    pub(super) async fn first_scan(&self) -> bool {
        let (done, wait) = oneshot::channel();
        self.commands.send(Command::First(done)).await.is_ok() && wait.await.is_ok()
    }

    pub(super) async fn go_live(&self) -> bool {
        self.commands.send(Command::GoLive).await.is_ok()
    }
}
