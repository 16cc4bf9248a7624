//! How long to wait before asking again: doubling, with jitter, never shorter than the server asks for.

use std::time::Duration;

/// Waiting times that double from attempt to attempt.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    attempt: u32,
    noise: u64,
}

impl Backoff {
    /// Starts at `first` and never waits longer than `most`; `seed` decides the jitter.
    pub fn new(first: Duration, most: Duration, seed: u64) -> Self {
        Self { first, most, attempt: 0, noise: seed | 1 }
    }

    /// How many waits there have been since the last success.
    pub fn attempts(&self) -> u32 {
        self.attempt
    }

    /// Forgets the failures.
    pub fn succeeded(&mut self) {
        self.attempt = 0;
    }

    /// The next wait: between half and all of the doubled time, or what the server asks for if that is longer.
    ///
    /// A server that asks for more than five minutes is asked again after five minutes.
    pub fn next(&mut self, retry_after: Option<Duration>) -> Duration {
        let full = self.first.saturating_mul(1 << self.attempt.min(16)).min(self.most);
        self.attempt = self.attempt.saturating_add(1);
        // xorshift: clients that failed together must not come back together; nothing secret depends on it.
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 7;
        self.noise ^= self.noise << 17;
        let half = full / 2;
        let part = u32::try_from(self.noise % 1024).unwrap_or_default();
        let jittered = half + half / 1024 * part;
        retry_after.map_or(jittered, |asked| jittered.max(asked.min(Duration::from_mins(5))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(8), 7);
        for full in [1, 2, 4, 8, 8] {
            let wait = backoff.next(None);
            assert!(wait >= Duration::from_secs(full) / 2 && wait <= Duration::from_secs(full), "{wait:?}");
        }
    }

    #[test]
    fn the_server_is_never_asked_earlier_than_it_wants() {
        let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1), 7);
        assert_eq!(backoff.next(Some(Duration::from_secs(20))), Duration::from_secs(20));
        assert_eq!(backoff.next(Some(Duration::from_hours(24))), Duration::from_mins(5));
    }

    #[test]
    fn a_success_starts_over() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1), 7);
        for _ in 0..6 {
            backoff.next(None);
        }
        backoff.succeeded();
        assert!(backoff.next(None) <= Duration::from_secs(1));
    }
}
