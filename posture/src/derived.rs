//! Values that several checks need, computed once per snapshot. No check reads another check's verdict.

use jiff::Timestamp;

use crate::hub::Hub;
use crate::settings::Settings;
use crate::snapshot::Snapshot;

/// Values that several checks need.
#[derive(Debug)]
pub struct Derived {
    /// The hubs, sorted by key.
    pub hubs: Vec<Hub>,
}

/// Computes the values that several checks need.
pub fn derive(snapshot: &Snapshot, settings: &Settings, now: Timestamp) -> Derived {
    let _ = (snapshot, settings, now);
    Derived { hubs: Vec::new() }
}
