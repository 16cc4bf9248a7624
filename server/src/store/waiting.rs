//! Bodies that were written ahead and wait for their commit. They must not be collected, whatever the clocks say: their number would be
//! given to another body, and the commit would then refer to that one.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::contents::{COLLECT_AFTER_HOURS, ContentId};

/// How long a body may wait. What was written over before its commit is never committed, and is let go then.
const LONGEST: Duration = Duration::from_hours(COLLECT_AFTER_HOURS as u64);

/// The bodies that wait, with when they began to by a clock that nobody sets.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<BTreeMap<ContentId, Instant>>);

impl Waiting {
    /// These begin to wait, or begin anew.
    pub(super) fn begin(&self, bodies: impl Iterator<Item = ContentId>) {
        let now = Instant::now();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(bodies.map(|body| (body, now)));
    }

    /// A commit refers to these.
    pub(super) fn end(&self, bodies: impl Iterator<Item = ContentId>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for body in bodies {
            waiting.remove(&body);
        }
    }

    /// Those that wait, as the JSON list that a query takes.
    pub(super) fn list(&self) -> String {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, since| since.elapsed() < LONGEST);
        let ids: Vec<String> = waiting.keys().map(|body| body.0.to_string()).collect();
        format!("[{}]", ids.join(","))
    }
}
