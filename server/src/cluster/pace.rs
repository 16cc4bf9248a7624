//! A limit on how many requests per second the API server gets from us.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// A token bucket: `burst` requests at once, `per_second` on average.
#[derive(Debug)]
pub struct Pace {
    every: Duration,
    burst: u32,
    /// When the bucket would be full again if nobody asked any more.
    full_at: Mutex<Instant>,
}

impl Pace {
    /// Makes a full bucket; `per_second` of 0 means no limit.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let every = if per_second == 0 { Duration::ZERO } else { Duration::from_secs(1) / per_second };
        Self { every, burst: burst.max(1), full_at: Mutex::new(Instant::now()) }
    }

    /// Waits for the right to send one request. Callers are served in the order in which they ask.
    pub async fn turn(&self) {
        if self.every.is_zero() {
            return;
        }
        // Held while waiting, so that nobody overtakes.
        let mut full_at = self.full_at.lock().await;
        let now = Instant::now();
        let next = (*full_at).max(now) + self.every;
        let allowed = now + self.every * self.burst;
        if next > allowed {
            tokio::time::sleep(next - allowed).await;
        }
        *full_at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_then_the_rate_holds() {
        let pace = Pace::new(10, 5);
        let start = Instant::now();
        for _ in 0..5 {
            pace.turn().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..20 {
            pace.turn().await;
        }
        let waited = start.elapsed();
        assert!(waited >= Duration::from_secs(2) && waited < Duration::from_millis(2_100), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_of_zero_is_no_limit() {
        let pace = Pace::new(0, 1);
        let start = Instant::now();
        for _ in 0..1_000 {
            pace.turn().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
