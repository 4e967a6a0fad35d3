//! How often an account may ask.

use std::time::Duration;

/// So many requests at once, and so many more with every second.
pub(crate) struct Bucket {
    tokens: f64,
    filled: Duration,
}

impl Bucket {
    pub(crate) fn full(rate: u32, now: Duration) -> Self {
        Bucket { tokens: f64::from(rate), filled: now }
    }

    /// Whether a request may pass now.
    pub(crate) fn take(&mut self, rate: u32, now: Duration) -> bool {
        let gained = now.saturating_sub(self.filled).as_secs_f64() * f64::from(rate);
        self.tokens = (self.tokens + gained).min(f64::from(rate));
        self.filled = now;
        // What adding up fractions loses.
        let passes = self.tokens > 1.0 - 1e-9;
        if passes {
            self.tokens -= 1.0;
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_at_once_and_then_one_every_fifth_of_a_second() {
        let mut bucket = Bucket::full(5, Duration::ZERO);
        let passed = |bucket: &mut Bucket, millis| {
            (0..10).filter(|_| bucket.take(5, Duration::from_millis(millis))).count()
        };
        assert_eq!(passed(&mut bucket, 0), 5);
        assert_eq!(passed(&mut bucket, 199), 0);
        assert_eq!(passed(&mut bucket, 200), 1);
        assert_eq!(passed(&mut bucket, 1200), 5);
        assert_eq!(passed(&mut bucket, 100_000), 5);
    }
}
