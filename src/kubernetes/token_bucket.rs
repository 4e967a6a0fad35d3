//! How often requests may go out.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// `burst` requests at once, and `per_second` more each second.
#[derive(Debug)]
pub struct TokenBucket {
    per_second: f64,
    burst: f64,
    level: Mutex<(f64, Instant)>,
}

impl TokenBucket {
    /// A full bucket.
    pub fn new(per_second: f64, burst: u32) -> Self {
        let burst = f64::from(burst.max(1));
        Self {
            per_second: per_second.max(f64::MIN_POSITIVE),
            burst,
            level: Mutex::new((burst, Instant::now())),
        }
    }

    /// Takes a token and tells how long to wait before using it. Whoever asks first waits least.
    pub fn take(&self) -> Duration {
        // A panic elsewhere leaves at worst one token too few.
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let gained = now.duration_since(level.1).as_secs_f64() * self.per_second;
        *level = ((level.0 + gained).min(self.burst) - 1.0, now);
        Duration::try_from_secs_f64((-level.0).max(0.0) / self.per_second).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_out_at_once_and_the_rest_in_turn() {
        let bucket = TokenBucket::new(5.0, 3);
        let waits: Vec<_> = (0..5).map(|_| bucket.take().as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 200, 400]);
        tokio::time::advance(Duration::from_millis(600)).await;
        assert_eq!(bucket.take(), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(3600)).await;
        let free = (0..10).filter(|_| bucket.take().is_zero()).count();
        assert_eq!(free, 3, "an idle hour fills the bucket, not more");
    }
}
