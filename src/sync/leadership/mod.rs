//! Which of several replicas writes (`--leader-elect`).
//!
//! ```text
//! Lease in the cluster <── campaign (task) ── Election (pure) ──> Leadership (handle) ──> loop, Fenced<writer>, health
//! ```
//!
//! The invariant: a write goes out only while this process is sure that nobody else may lead. That is asked of the clock at every
//! step of a write, not of the task that renews: after a pause longer than the lease (a stopped process, a starved machine)
//! the first thing that happens is the refusal. Losing the lease makes a standby of the process, never an end of it.

mod campaign;
mod election;
mod fenced;
mod lease;

pub use campaign::{Campaign, identity};
pub use election::{JITTER, Timing};
pub use fenced::Fenced;
pub use lease::{ClusterLease, LeaseStore, LeaseTrouble, Stored};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Whether this replica leads, for everyone who has to know. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Leadership {
    standing: Arc<watch::Sender<Standing>>,
    /// `None` without `--leader-elect`.
    shared: Option<Arc<Shared>>,
}

/// What is known about the lease; changes rarely, and is worth waking up for when it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Leading or not.
    pub role: Role,
    /// Who holds the lease, as far as is known.
    pub holder: Option<Arc<str>>,
    /// What is wrong with the lease, in one line.
    pub trouble: Option<Arc<str>>,
}

/// What this replica does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The lease has not been read yet.
    Candidate,
    /// Somebody else leads, or nobody does.
    Standby,
    /// This replica leads.
    Leader,
}

impl Role {
    /// A short fixed word for metrics and people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Standby => "standby",
            Self::Leader => "leader",
        }
    }
}

/// What the loop may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Office {
    /// Nothing but keep its caches warm.
    Out,
    /// This replica leads since just now: everything known about zones is from before, and has to be read anew.
    Entered,
    /// This replica leads as it did.
    Held,
}

#[derive(Debug)]
struct Shared {
    term: Mutex<Term>,
    /// How many writes are under way.
    writes: watch::Sender<usize>,
    release_wanted: CancellationToken,
    ended: CancellationToken,
}

/// A time of leading without a gap.
#[derive(Debug, Default)]
struct Term {
    number: u64,
    until: Option<Instant>,
    /// The term for which the loop has read its zones.
    entered: u64,
    closing: bool,
}

impl Term {
    fn is_running(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    fn may_write(&self, now: Instant) -> bool {
        self.is_running(now) && self.entered == self.number
    }
}

impl Leadership {
    /// The only replica: always leads.
    pub fn always() -> Self {
        let standing = Standing { role: Role::Leader, holder: None, trouble: None };
        Self { standing: Arc::new(watch::Sender::new(standing)), shared: None }
    }

    fn elected() -> (Self, Arc<Shared>) {
        let standing = Standing { role: Role::Candidate, holder: None, trouble: None };
        let shared = Arc::new(Shared {
            term: Mutex::default(),
            writes: watch::Sender::new(0),
            release_wanted: CancellationToken::new(),
            ended: CancellationToken::new(),
        });
        let leadership =
            Self { standing: Arc::new(watch::Sender::new(standing)), shared: Some(shared.clone()) };
        (leadership, shared)
    }

    /// For the loop, before it plans anything and while no write of an earlier plan is under way. `Entered` is said once per time
    /// of leading; from then on writes may go out. A loop that never asks never writes.
    pub fn enter(&self) -> Office {
        let Some(shared) = &self.shared else { return Office::Held };
        let mut term = shared.term();
        if !term.is_running(Instant::now()) || term.closing {
            Office::Out
        } else if term.entered == term.number {
            Office::Held
        } else {
            term.entered = term.number;
            Office::Entered
        }
    }

    /// Whether this replica leads right now.
    pub fn is_leader(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.term().is_running(Instant::now()))
    }

    /// The fence: whether a write planned in this time of leading may go out at that moment.
    pub fn may_write(&self, now: Instant) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.term().may_write(now))
    }

    /// When the fence falls if the lease is not renewed before; `None` when it never does, or is down.
    pub fn deadline(&self) -> Option<Instant> {
        self.shared.as_ref().and_then(|shared| shared.term().until)
    }

    /// Whether there is a lease at all.
    pub fn is_elected(&self) -> bool {
        self.shared.is_some()
    }

    /// What is known about the lease.
    pub fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// Fires when the standing changes; never without election.
    pub fn changes(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Gives the lease up, for the end of the process: lets no write begin from now on, waits for those under way, and
    /// returns when the lease is free or it is certain that it cannot be freed in time. The lease is renewed meanwhile.
    pub async fn release(&self) {
        let Some(shared) = &self.shared else { return };
        shared.term().closing = true;
        // The sender is ours, so that this cannot fail.
        let _ = shared.writes.subscribe().wait_for(|writes| *writes == 0).await;
        shared.release_wanted.cancel();
        shared.ended.cancelled().await;
    }

    fn set_standing(&self, standing: Standing) {
        self.standing.send_if_modified(|current| {
            let is_new = *current != standing;
            *current = standing;
            is_new
        });
    }

    /// Notes that a write begins; it is over when the result is dropped.
    fn begin_write(&self) -> Option<UnderWay> {
        let Some(shared) = &self.shared else { return Some(UnderWay { shared: None, term: 0 }) };
        let term = shared.term();
        if !term.may_write(Instant::now()) || term.closing {
            return None;
        }
        // While the term is locked, so that `release` either sees this write or keeps it from beginning.
        shared.writes.send_modify(|writes| *writes += 1);
        Some(UnderWay { shared: Some(shared.clone()), term: term.number })
    }
}

/// A write that has begun.
struct UnderWay {
    shared: Option<Arc<Shared>>,
    term: u64,
}

impl UnderWay {
    /// Until when it may go on; `None` for as long as it takes.
    fn until(&self) -> Result<Option<Instant>, FenceDown> {
        let Some(shared) = &self.shared else { return Ok(None) };
        let term = shared.term();
        match term.until.filter(|until| term.number == self.term && Instant::now() < *until) {
            Some(until) => Ok(Some(until)),
            None => Err(FenceDown),
        }
    }
}

struct FenceDown;

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.writes.send_modify(|writes| *writes -= 1);
        }
    }
}

impl Shared {
    fn term(&self) -> MutexGuard<'_, Term> {
        // A panic elsewhere does not make it wrong: whoever holds it assigns plain values.
        self.term.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the fence. A gap begins a new term.
    fn set_fence(&self, now: Instant, until: Option<Instant>) {
        let mut term = self.term();
        let starts = until.is_some_and(|until| now < until) && !term.is_running(now);
        term.number += u64::from(starts);
        term.until = until;
    }
}

/// A standing without a lease behind it, for tests of those who look at one.
#[cfg(test)]
pub(crate) mod testing {
    use super::{Leadership, Role, Standing};

    pub(crate) fn standing(role: Role, trouble: Option<&str>) -> Leadership {
        let (leadership, _) = Leadership::elected();
        set(&leadership, role, trouble);
        leadership
    }

    pub(crate) fn set(leadership: &Leadership, role: Role, trouble: Option<&str>) {
        leadership.set_standing(Standing { role, holder: None, trouble: trouble.map(Into::into) });
    }
}

#[cfg(test)]
mod tests;
