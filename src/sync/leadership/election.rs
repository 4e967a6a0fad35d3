//! Who leads, as a pure state machine: what was read and written, and when, in; what to do next, out.
//!
//! ```text
//! next() ──> Read ── read(what the lease says) ──> Write or wait ── written() / failed() ──┐
//!   ▲  └───> Write (a leader that knows the lease) ────────────────────────────────────────┤
//!   └──────────────────────────────── pause() ─────────────────────────────────────────────┘
//! ```
//!
//! As in client-go a holder is judged by when *this* process last saw its lease change, never by the times in the lease: clocks of
//! machines differ. A holder counts the other way round, from *before* it asked for a renewal, and leads for the renew deadline
//! only, which is shorter than the lease. So it stops before anyone else may start, provided that clocks run equally fast.

use jiff::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// Standbys spread their attempts by up to this factor, as in client-go (`JitterFactor`).
pub const JITTER: f64 = 1.2;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// For how long an unchanged lease keeps others away.
    pub lease: Duration,
    /// For how long a leader may write after it began its last successful renewal.
    pub renew_deadline: Duration,
    /// Between two attempts.
    pub retry: Duration,
}

/// What a lease says. Times are for people and for telling that it was renewed; nobody counts on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it; empty after a release.
    pub holder: String,
    /// For how long others are to leave an unchanged lease alone; `None` where it does not say.
    pub duration: Option<Duration>,
    /// When the holder took it.
    pub acquired: Option<Timestamp>,
    /// When the holder last renewed it.
    pub renewed: Option<Timestamp>,
    /// How often it went from one holder to another.
    pub transitions: i32,
}

/// The version of a stored lease; a write on top of anything newer is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub String);

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read the lease, and tell [`Election::read`].
    Read,
    /// Write the lease, and tell [`Election::written`] or [`Election::failed`].
    Write(Write),
}

/// A lease to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// What it replaces; `None` where there must not be one yet.
    pub replaces: Option<Version>,
    /// What it says then.
    pub lease: Lease,
}

/// One candidate.
#[derive(Debug)]
pub struct Election {
    identity: String,
    timing: Timing,
    observed: Option<Observed>,
    /// `None` when what is stored may be something else than what was observed.
    version: Option<Version>,
    /// When the last successful renewal began.
    renewed: Option<Instant>,
}

#[derive(Debug)]
struct Observed {
    lease: Lease,
    /// Since when it is known to say just this.
    since: Instant,
}

impl Election {
    /// A candidate that knows nothing yet. No two candidates, of now or earlier, may have the same identity.
    pub fn new(identity: String, timing: Timing) -> Self {
        Self { identity, timing, observed: None, version: None, renewed: None }
    }

    /// Until when this candidate leads, if nothing more is heard from the lease; `None` if it does not hold it.
    pub fn leads_until(&self) -> Option<Instant> {
        self.renewed.map(|began| began + self.timing.renew_deadline)
    }

    /// Whether this candidate leads.
    pub fn leads(&self, now: Instant) -> bool {
        self.leads_until().is_some_and(|until| now < until)
    }

    /// Who holds the lease, as far as is known.
    pub fn holder(&self) -> Option<&str> {
        self.observed.as_ref().map(|seen| seen.lease.holder.as_str()).filter(|holder| !holder.is_empty())
    }

    /// Begins an attempt. A leader that knows what is stored renews without asking first.
    pub fn next(&self, now: Instant, wall: Timestamp) -> Step {
        match (&self.observed, &self.version) {
            (Some(observed), Some(version)) if self.leads(now) => {
                let lease = self.ours(Some(&observed.lease), wall);
                Step::Write(Write { replaces: Some(version.clone()), lease })
            }
            _ => Step::Read,
        }
    }

    /// Takes what the lease says (`None`: there is none). Gives what to write, unless somebody else holds it.
    pub fn read(&mut self, now: Instant, wall: Timestamp, stored: Option<(Version, Lease)>) -> Option<Write> {
        let Some((version, lease)) = stored else {
            (self.observed, self.version, self.renewed) = (None, None, None);
            return Some(Write { replaces: None, lease: self.ours(None, wall) });
        };
        self.version = Some(version.clone());
        if self.observed.as_ref().is_none_or(|seen| seen.lease != lease) {
            self.observed = Some(Observed { lease: lease.clone(), since: now });
        }
        if lease.holder != self.identity {
            self.renewed = None;
            if self.is_taken(now) {
                return None;
            }
        }
        Some(Write { replaces: Some(version), lease: self.ours(Some(&lease), wall) })
    }

    /// A write of a step that began at `began` succeeded.
    pub fn written(&mut self, began: Instant, version: Version, lease: Lease) {
        self.renewed = (lease.holder == self.identity).then_some(began);
        self.version = Some(version);
        self.observed = Some(Observed { lease, since: began });
    }

    /// A call failed, or nobody knows whether it did: what is stored has to be read before anything is written. Somebody who leads
    /// goes on until that would be too long.
    pub fn failed(&mut self) {
        self.version = None;
    }

    /// What gives the lease up at once; `None` when it is not ours to give, or has to be read first. This candidate leads no more,
    /// whatever becomes of the write.
    pub fn release(&mut self, wall: Timestamp) -> Option<Write> {
        self.renewed = None;
        let observed = self.observed.as_ref().filter(|seen| seen.lease.holder == self.identity)?;
        let lease = Lease {
            holder: String::new(),
            // As client-go writes it: a candidate that goes by the duration alone need not wait.
            duration: Some(Duration::from_secs(1)),
            acquired: Some(wall),
            renewed: Some(wall),
            transitions: observed.lease.transitions,
        };
        Some(Write { replaces: Some(self.version.clone()?), lease })
    }

    /// How long to wait until the next attempt. `share`, from 0 to 1, keeps standbys out of step.
    pub fn pause(&self, now: Instant, share: f64) -> Duration {
        if self.leads(now) {
            return self.timing.retry;
        }
        let jittered = self.timing.retry.mul_f64(1.0 + share.clamp(0.0, 1.0) * (JITTER - 1.0));
        // No later than when the lease runs out, so that taking over does not wait for a further round.
        let runs_out = self.free_from().map(|from| from.saturating_duration_since(now));
        runs_out.filter(|wait| !wait.is_zero()).map_or(jittered, |wait| jittered.min(wait))
    }

    fn is_taken(&self, now: Instant) -> bool {
        self.holder().is_some() && self.free_from().is_some_and(|from| now < from)
    }

    fn free_from(&self) -> Option<Instant> {
        let observed = self.observed.as_ref()?;
        Some(observed.since + observed.lease.duration.unwrap_or(self.timing.lease))
    }

    fn ours(&self, earlier: Option<&Lease>, wall: Timestamp) -> Lease {
        let continued = earlier.filter(|lease| lease.holder == self.identity);
        Lease {
            holder: self.identity.clone(),
            duration: Some(self.timing.lease),
            acquired: continued.map_or(Some(wall), |lease| lease.acquired),
            renewed: Some(wall),
            transitions: match (continued, earlier) {
                (Some(lease), _) => lease.transitions,
                (None, Some(lease)) => lease.transitions.saturating_add(1),
                (None, None) => 0,
            },
        }
    }
}

#[cfg(test)]
mod tests;
