//! How often the requests of one credential may go out.
//!
//! Services count requests by credential, so everything that uses one shares a budget: reader, writer, every zone. It belongs
//! where single requests are made, for one `records()` may be hundreds of pages. Own code rather than a crate: those at hand
//! allow the rate *and* a burst within one second, have clocks of their own, and nothing that one answer can stop for all.

use crate::{ErrorClass, ProviderError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// However far off a `Retry-After` is, after this time the service is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// Never lets more than a number of requests out in any one second; they need not be spread evenly. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct RequestBudget(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    rate: Option<Rate>,
    state: Mutex<State>,
}

/// So many requests in any such time.
#[derive(Debug, Clone, Copy)]
struct Rate {
    per_second: f64,
    requests: usize,
    window: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// When the latest requests went out or will, oldest first; as many as fit into the window.
    latest: VecDeque<Instant>,
    paused_until: Option<Instant>,
}

impl RequestBudget {
    /// So many requests in a second; `None`, zero or nonsense for as many as there are.
    pub fn new(per_second: Option<f64>) -> Self {
        let rate = per_second.filter(|rate| rate.is_finite() && *rate > 0.0).and_then(|per_second| {
            // 2.5 a second are two in any 0.8 seconds, and less than one a second is one in a longer time.
            let requests = per_second.floor().clamp(1.0, 100_000.0);
            let window = Duration::try_from_secs_f64(requests / per_second).ok()?;
            Some(Rate { per_second, requests: requests as usize, window })
        });
        Self(Arc::new(Shared { rate, state: Mutex::default() }))
    }

    /// Requests per second; `None` for no limit.
    pub fn per_second(&self) -> Option<f64> {
        self.0.rate.map(|rate| rate.per_second)
    }

    /// Waits until a request may go out. Whoever asks first goes first.
    ///
    /// # Errors
    /// At once, of class `Throttled`, while the service wants to be left alone: that may be long, and the caller has better
    /// things to do.
    pub async fn turn(&self) -> Result<(), ProviderError> {
        let at = self.reserve(Instant::now())?;
        if let Some(at) = at {
            tokio::time::sleep_until(at).await;
        }
        Ok(())
    }

    fn reserve(&self, now: Instant) -> Result<Option<Instant>, ProviderError> {
        let mut state = self.state();
        if let Some(until) = state.paused_until.filter(|until| *until > now) {
            let class = ErrorClass::Throttled { retry_after: Some(until - now) };
            // Without the time, which would make every repetition look like something new.
            return Err(ProviderError::new(
                class,
                "not asked, because the service wants to be left alone for a while",
            ));
        }
        let Some(rate) = self.0.rate else { return Ok(None) };
        let oldest = if state.latest.len() < rate.requests { None } else { state.latest.pop_front() };
        let at = oldest.map_or(now, |oldest| now.max(oldest + rate.window));
        state.latest.push_back(at);
        Ok(Some(at))
    }

    /// The service asked to be left alone (429 or 503 with `Retry-After`): nobody asks it for that long.
    pub fn pause(&self, retry_after: Duration) {
        let until = Instant::now() + retry_after.min(LONGEST_PAUSE);
        let mut state = self.state();
        state.paused_until = state.paused_until.max(Some(until));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here leaves it half-done.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const SECOND: Duration = Duration::from_secs(1);

    /// When each of so many requests went out, of two users of one budget.
    async fn times(budget: &RequestBudget, requests: usize) -> Vec<Instant> {
        let mut times = Vec::new();
        for n in 0..requests {
            let other = budget.clone();
            let user = if n % 2 == 0 { budget } else { &other };
            user.turn().await.unwrap();
            times.push(Instant::now());
        }
        times
    }

    #[rstest]
    #[case(5.0, 5, SECOND)]
    #[case(2.5, 2, SECOND * 4 / 5)]
    #[case(0.5, 1, SECOND * 2)]
    #[tokio::test(start_paused = true)]
    async fn no_window_holds_more_than_the_rate(
        #[case] rate: f64,
        #[case] most: usize,
        #[case] window: Duration,
    ) {
        let times = times(&RequestBudget::new(Some(rate)), 40).await;
        assert!(times.windows(most + 1).all(|some| some[most] - some[0] >= window), "{times:?}");
        let ideal = (40.0 - 1.0) / rate;
        assert!((times[39] - times[0]).as_secs_f64() <= ideal + 0.1, "and not much slower than need be");
    }

    #[tokio::test(start_paused = true)]
    async fn one_request_after_a_quiet_time_does_not_wait() {
        let budget = RequestBudget::new(Some(5.0));
        times(&budget, 20).await;
        tokio::time::advance(SECOND).await;
        let before = Instant::now();
        assert_eq!(times(&budget, 5).await, [before; 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_for_everybody_and_ends() {
        for budget in [RequestBudget::default(), RequestBudget::new(Some(5.0))] {
            let other = budget.clone();
            budget.pause(SECOND * 10);
            budget.pause(SECOND);
            let error = other.turn().await.unwrap_err();
            assert_eq!(error.class(), ErrorClass::Throttled { retry_after: Some(SECOND * 10) });
            tokio::time::advance(SECOND * 10).await;
            other.turn().await.unwrap();
        }
    }

    #[test]
    fn no_rate_is_no_limit() {
        for rate in [None, Some(0.0), Some(-1.0), Some(f64::NAN)] {
            assert_eq!(RequestBudget::new(rate).per_second(), None);
        }
        assert_eq!(RequestBudget::new(Some(2.5)).per_second(), Some(2.5));
    }
}
