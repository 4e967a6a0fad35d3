//! A writer that writes only while this replica leads.

use super::{FenceDown, Leadership};
use async_trait::async_trait;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use zonewright_provider_kit::{ErrorClass, ProviderError, WriteZone, Zone, ZoneChange};

/// Stands before a writer. A write does not begin while the fence is down, and does not go on when it falls: a provider that
/// makes several requests of one write must not make the next one after another replica has begun.
pub struct Fenced {
    writer: Arc<dyn WriteZone>,
    leadership: Leadership,
}

impl Fenced {
    /// Puts the fence before a writer.
    pub fn new(writer: Arc<dyn WriteZone>, leadership: Leadership) -> Self {
        Self { writer, leadership }
    }
}

#[async_trait]
impl WriteZone for Fenced {
    fn fitting(&self, zone: &Zone, changes: &[ZoneChange]) -> usize {
        self.writer.fitting(zone, changes)
    }

    fn interval(&self) -> Duration {
        self.writer.interval()
    }

    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        let refused = |message: &str| {
            let error = ProviderError::new(ErrorClass::Unavailable, message);
            vec![Err(error); changes.len()]
        };
        let Some(under_way) = self.leadership.begin_write() else {
            return refused("not the leader any more: nothing was sent");
        };
        let mut write = pin!(self.writer.apply(zone, changes));
        let mut alarm = pin!(sleep_until(Instant::now()));
        let outcomes = poll_fn(|context: &mut Context<'_>| {
            loop {
                // Asked of the clock before every step: after a pause this comes before anything the pause has held up.
                let until = match under_way.until() {
                    Err(FenceDown) => return Poll::Ready(None),
                    Ok(until) => until,
                };
                if let Poll::Ready(outcomes) = write.as_mut().poll(context) {
                    return Poll::Ready(Some(outcomes));
                }
                let Some(until) = until else { return Poll::Pending };
                // Renewals move the fence; an alarm that rings too early is set anew.
                if alarm.deadline() != until {
                    alarm.as_mut().reset(until);
                }
                if alarm.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
            }
        });
        let lost =
            "not the leader any more: the lease ran out while writing, and what was sent may have been done";
        outcomes.await.unwrap_or_else(|| refused(lost))
    }
}
