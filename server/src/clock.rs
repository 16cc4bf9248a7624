//! What time it is: the system's clock, or one that is set by hand for the demo's past and for tests.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Tells the time. Clones of a clock that was set by hand are the same clock.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The system's clock.
    System,
    /// A clock that stands still until it is set, or follows the system's at a distance.
    Manual(Arc<Mutex<Hands>>),
}

/// How a clock that is set by hand stands.
#[derive(Debug, Clone, Copy)]
pub enum Hands {
    /// It stands still.
    At(Timestamp),
    /// It goes with the system's clock, this far ahead.
    Ahead(SignedDuration),
}

impl Clock {
    /// A clock that stands still at `at`.
    pub fn at(at: Timestamp) -> Self {
        Self::Manual(Arc::new(Mutex::new(Hands::At(at))))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        let Self::Manual(hands) = self else { return Timestamp::now() };
        match *hands.lock().unwrap_or_else(PoisonError::into_inner) {
            Hands::At(at) => at,
            Hands::Ahead(by) => Timestamp::now().checked_add(by).unwrap_or(Timestamp::MAX),
        }
    }

    /// Sets a clock that is set by hand; the system's clock cannot be set.
    pub fn set(&self, to: Timestamp) {
        self.turn(Hands::At(to));
    }

    /// Lets a clock that is set by hand go on from `now` with the system's clock.
    pub fn follow_system(&self, now: Timestamp) {
        self.turn(Hands::Ahead(now.duration_since(Timestamp::now())));
    }

    fn turn(&self, to: Hands) {
        if let Self::Manual(hands) = self {
            *hands.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }
}
