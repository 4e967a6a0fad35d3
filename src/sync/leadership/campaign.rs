//! The task that reads and writes the lease, and moves the fence.

use super::election::{Election, Step, Timing, Version, Write};
use super::lease::{LeaseStore, LeaseTrouble, Stored};
use super::{Leadership, Role, Shared, Standing};
use jiff::{Timestamp, Unit};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{info, warn};

/// How long the end of the process may wait for the lease to be given up. Longer than this, it runs out by itself.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(3);

/// One replica's part in the election.
pub struct Campaign<S> {
    store: S,
    election: Election,
    call_timeout: Duration,
    identity: String,
    leadership: Leadership,
    shared: Arc<Shared>,
    /// However the campaign ends, and also when it never starts: `release` returns.
    _ended: DropGuard,
    /// Whether the lease has been read.
    is_known: bool,
    trouble: Option<Arc<str>>,
}

impl<S: LeaseStore + 'static> Campaign<S> {
    /// A campaign that has not started. `identity` must be that of no other process, of now or earlier.
    pub fn new(store: S, identity: String, timing: Timing) -> Self {
        let (leadership, shared) = Leadership::elected();
        Self {
            store,
            election: Election::new(identity.clone(), timing),
            // As Kubernetes components have it: one call that hangs must not cost the lease.
            call_timeout: timing.renew_deadline / 2,
            identity,
            leadership,
            _ended: shared.ended.clone().drop_guard(),
            shared,
            is_known: false,
            trouble: None,
        }
    }

    /// Who wins it writes.
    pub fn leadership(&self) -> Leadership {
        self.leadership.clone()
    }

    /// Starts the task. It runs until the lease is [released](Leadership::release) or `abandon` fires, which leaves the lease
    /// to run out.
    pub fn start(self, abandon: CancellationToken) {
        tokio::spawn(async move {
            let shared = self.shared.clone();
            abandon.run_until_cancelled(self.run()).await;
            shared.set_fence(Instant::now(), None);
        });
    }

    async fn run(mut self) {
        let wanted = self.shared.release_wanted.clone();
        info!("taking part in the election for lease {} as {}", self.store.name(), self.identity);
        if wanted.run_until_cancelled(self.attempt_for_ever()).await.is_none() {
            // An attempt that was given up half-way may have been carried out.
            self.give_up().await;
        }
    }

    async fn attempt_for_ever(&mut self) {
        loop {
            self.attempt().await;
            self.publish();
            let pause = self.election.pause(Instant::now(), random_share());
            let fence = self.election.leads_until().filter(|until| Instant::now() < *until);
            tokio::select! {
                () = sleep(pause) => {}
                () = falls(fence) => self.publish(),
            }
        }
    }

    /// Tries once to have or keep the lease.
    async fn attempt(&mut self) {
        let began = Instant::now();
        let fence = self.election.leads_until().filter(|until| began < *until);
        let outcome = tokio::select! {
            biased;
            outcome = self.calls(began) => outcome,
            // Others may hear no later than this that it is over.
            () = falls(fence) => Err(LeaseTrouble::Failed("no answer before the lease had to be renewed".into())),
        };
        match outcome {
            Ok(()) => self.note_trouble(None),
            Err(LeaseTrouble::Outrun) => self.election.failed(),
            Err(LeaseTrouble::Failed(reason)) => {
                self.election.failed();
                self.note_trouble(Some(reason));
            }
        }
    }

    async fn calls(&mut self, mut began: Instant) -> Result<(), LeaseTrouble> {
        let mut step = self.election.next(began, wall());
        loop {
            let write = match step {
                Step::Write(write) => write,
                Step::Read => {
                    let stored = self.read().await?;
                    self.is_known = true;
                    began = Instant::now();
                    match self.election.read(began, wall(), stored) {
                        Some(write) => write,
                        None => return Ok(()),
                    }
                }
            };
            let may_be_read_again = write.replaces.is_some() && self.election.leads(began);
            match self.write(&write).await {
                Ok((version, lease)) => {
                    self.election.written(began, version, lease);
                    return Ok(());
                }
                // A leader that was outrun wants to know by whom, at once.
                Err(LeaseTrouble::Outrun) if may_be_read_again => {
                    self.election.failed();
                    step = Step::Read;
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }

    async fn read(&self) -> Result<Option<Stored>, LeaseTrouble> {
        let answer = timeout(self.call_timeout, self.store.read()).await;
        answer.unwrap_or_else(|_| Err(no_answer(self.call_timeout)))
    }

    async fn write(&self, write: &Write) -> Result<Stored, LeaseTrouble> {
        let answer = timeout(self.call_timeout, self.store.write(write)).await;
        answer.unwrap_or_else(|_| Err(no_answer(self.call_timeout)))
    }

    /// Empties the lease if it is ours.
    async fn give_up(&mut self) {
        self.shared.set_fence(Instant::now(), None);
        let released = timeout(RELEASE_TIMEOUT, self.release()).await;
        match released.unwrap_or_else(|_| Err(no_answer(RELEASE_TIMEOUT))) {
            Ok(true) => info!("lease {} is given up", self.store.name()),
            Ok(false) => {}
            Err(trouble) => warn!("lease {} is left to run out: {trouble}", self.store.name()),
        }
        let standing = Standing { role: Role::Standby, holder: None, trouble: None };
        self.leadership.set_standing(standing);
    }

    async fn release(&mut self) -> Result<bool, LeaseTrouble> {
        loop {
            let stored = self.store.read().await?;
            let Some((version, lease)) = stored.filter(|(_, lease)| lease.holder == self.identity) else {
                return Ok(false);
            };
            // The version as read just now: an attempt given up half-way may still have been carried out.
            self.election.written(Instant::now(), Version(version.0), lease);
            let Some(write) = self.election.release(wall()) else { return Ok(false) };
            match self.store.write(&write).await {
                Ok(_) => return Ok(true),
                Err(LeaseTrouble::Outrun) => {}
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Lets the others know where we stand.
    fn publish(&mut self) {
        let now = Instant::now();
        self.shared.set_fence(now, self.election.leads_until());
        let role = match (self.election.leads(now), self.is_known) {
            (true, _) => Role::Leader,
            (false, true) => Role::Standby,
            (false, false) => Role::Candidate,
        };
        let holder = self.election.holder().map(Arc::from);
        let standing = Standing { role, holder, trouble: self.trouble.clone() };
        self.tell(&self.leadership.standing(), &standing);
        self.leadership.set_standing(standing);
    }

    fn tell(&self, before: &Standing, after: &Standing) {
        let lease = self.store.name();
        match (before.role, after.role) {
            (Role::Leader, Role::Leader) => {}
            (_, Role::Leader) => info!("this replica leads now (lease {lease}, as {})", self.identity),
            (Role::Leader, _) => {
                let reason = match (&after.trouble, &after.holder) {
                    (Some(trouble), _) => format!("it could not be renewed: {trouble}"),
                    (None, Some(holder)) if **holder != *self.identity => format!("{holder} has it"),
                    _ => "it was not renewed in time".to_owned(),
                };
                warn!("this replica does not lead any more (lease {lease}): {reason}; standing by");
            }
            _ if before.holder != after.holder => match &after.holder {
                Some(holder) => info!("standing by: {holder} leads (lease {lease})"),
                None => info!("standing by: nobody leads (lease {lease})"),
            },
            _ => {}
        }
    }

    fn note_trouble(&mut self, trouble: Option<String>) {
        let trouble: Option<Arc<str>> = trouble.map(Into::into);
        match (&self.trouble, &trouble) {
            (before, Some(now)) if before.as_ref() != Some(now) => {
                warn!("lease {} cannot be read or written: {now}; trying again", self.store.name());
            }
            (Some(_), None) => info!("lease {} can be read and written again", self.store.name()),
            _ => {}
        }
        self.trouble = trouble;
    }
}

/// A name for this process that no other has had: that of the Pod or machine, and something random.
pub fn identity(replica: Option<&str>) -> String {
    let machine = || std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = replica.map_or_else(machine, str::to_owned);
    let name = Some(name.trim()).filter(|name| !name.is_empty()).unwrap_or("zonewright").to_owned();
    format!("{name}_{:016x}", RandomState::new().hash_one(std::process::id()))
}

async fn falls(fence: Option<Instant>) {
    match fence {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}

fn no_answer(limit: Duration) -> LeaseTrouble {
    LeaseTrouble::Failed(format!("no answer within {limit:?}"))
}

/// The lease keeps microseconds; more would not be read back as written.
fn wall() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Microsecond).unwrap_or(now)
}

/// A number from 0 to 1. The standard library's hash keys are random, which is random enough here.
fn random_share() -> f64 {
    f64::from(RandomState::new().hash_one(()) as u32) / f64::from(u32::MAX)
}
