//! How long to wait before asking again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The longest first wait: an API server that was merely restarted is found again at once.
const FIRST: Duration = Duration::from_millis(200);
/// The longest wait of all, as in client-go's reflector.
const LONGEST: Duration = Duration::from_secs(30);

/// Waits that double up to a limit, each cut at random to between half and all of it, so that a thousand clients of one
/// server do not come back in step.
#[derive(Debug, Default)]
pub struct Backoff {
    attempt: u32,
}

impl Backoff {
    /// The next wait.
    pub fn next_wait(&mut self) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.attempt.min(16)).min(LONGEST);
        self.attempt = self.attempt.saturating_add(1);
        whole.mul_f64(0.5 + 0.5 * random_share())
    }

    /// Begins again with the shortest wait.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }
}

/// A number from 0 to 1. The standard library's hash keys are random, which is random enough here.
pub fn random_share() -> f64 {
    f64::from(RandomState::new().hash_one(()) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_begin_again_after_a_reset() {
        let mut backoff = Backoff::default();
        for expected in [200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000] {
            let (wait, expected) = (backoff.next_wait(), Duration::from_millis(expected));
            assert!(wait >= expected / 2 && wait <= expected, "{wait:?} of {expected:?}");
        }
        (0..100).for_each(|_| assert!(backoff.next_wait() <= LONGEST));
        backoff.reset();
        assert!(backoff.next_wait() <= FIRST);
    }

    #[test]
    fn waits_differ() {
        let waits: std::collections::BTreeSet<_> = (0..16).map(|_| Backoff::default().next_wait()).collect();
        assert!(waits.len() > 8);
    }
}
