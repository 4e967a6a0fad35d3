//! Asking again while a provider is still starting.

use std::time::Duration;
use zonewright_provider_kit::{ErrorClass, ProviderError};

/// The first pause and its growth: those of ExternalDNS v0.22, without its jitter, which serves crowds of clients; here there
/// is one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const GROWTH: f64 = 1.5;

/// Tries up to `attempts` times, at least once, as long as the failure is one that passes by itself.
pub(crate) async fn with_attempts<T, F>(
    attempts: u32,
    mut attempt: impl FnMut() -> F,
) -> Result<T, ProviderError>
where
    F: Future<Output = Result<T, ProviderError>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..attempts {
        match attempt().await {
            Err(error) if passes(error.class()) => tokio::time::sleep(pause).await,
            result => return result,
        }
        pause = pause.mul_f64(GROWTH);
    }
    attempt().await
}

fn passes(class: ErrorClass) -> bool {
    matches!(class, ErrorClass::Unavailable | ErrorClass::Throttled { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    async fn try_it(attempts: u32, answers: Vec<Option<ErrorClass>>) -> (bool, usize, Duration) {
        let start = Instant::now();
        let mut asked = 0;
        let result = with_attempts(attempts, || {
            let answer = answers[asked];
            asked += 1;
            std::future::ready(answer.map_or(Ok(()), |class| Err(ProviderError::new(class, "no"))))
        })
        .await;
        (result.is_ok(), asked, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_is_not_up_is_asked_again_with_growing_pauses() {
        let down = Some(ErrorClass::Unavailable);
        let (ok, asked, took) = try_it(5, vec![down; 5]).await;
        assert!(!ok);
        assert_eq!(asked, 5);
        // 0.5 + 0.75 + 1.125 + 1.6875 seconds, each rounded up by the timer.
        assert!(took >= Duration::from_micros(4_062_500) && took < Duration::from_millis(4_070), "{took:?}");

        let (ok, asked, took) =
            try_it(5, vec![down, Some(ErrorClass::Throttled { retry_after: None }), None]).await;
        assert!(ok);
        assert_eq!(asked, 3);
        assert!(took >= Duration::from_millis(1250) && took < Duration::from_millis(1255), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_final() {
        assert_eq!(try_it(5, vec![Some(ErrorClass::Auth)]).await, (false, 1, Duration::ZERO));
        assert_eq!(try_it(0, vec![Some(ErrorClass::Unavailable)]).await, (false, 1, Duration::ZERO));
    }
}
