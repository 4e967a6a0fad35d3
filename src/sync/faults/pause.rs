//! How long to wait before the next attempt.

use std::time::Duration;

/// Spreads attempts, so that clients which failed together do not come back together (and two that fight do not keep step).
/// SplitMix64 (Steele, Lea, Flood 2014): enough for this, and the same seed gives the same pauses.
#[derive(Debug, Clone)]
pub(super) struct Jitter(u64);

impl Jitter {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Four to six fifths of a pause.
    pub fn around(&mut self, pause: Duration) -> Duration {
        pause.mul_f64(0.8 + 0.4 * self.fraction())
    }

    /// Four to five fifths of a pause, where it is an upper bound.
    pub fn below(&mut self, pause: Duration) -> Duration {
        pause.mul_f64(0.8 + 0.2 * self.fraction())
    }

    /// At least 0, below 1.
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// `first`, doubled `doublings` times, at most `longest`.
pub(super) fn doubled(first: Duration, doublings: u32, longest: Duration) -> Duration {
    first.saturating_mul(1 << doublings.min(30)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let second = Duration::from_secs(1);
        let pauses: Vec<u64> = (0..5).map(|n| doubled(second, n, second * 10).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 10]);
        assert_eq!(doubled(second, u32::MAX, second * 10), second * 10);
    }

    #[test]
    fn jitter_stays_within_its_bounds_and_varies() {
        let mut jitter = Jitter::new(1);
        let pauses: Vec<Duration> = (0..1000).map(|_| jitter.around(Duration::from_secs(10))).collect();
        assert!(pauses.iter().all(|pause| (8.0..=12.0).contains(&pause.as_secs_f64())));
        assert!(
            pauses.iter().any(|p| p.as_secs_f64() < 8.5) && pauses.iter().any(|p| p.as_secs_f64() > 11.5)
        );
        assert!((0..1000).all(|_| jitter.below(Duration::from_secs(10)) <= Duration::from_secs(10)));
    }
}
