//! The writes to one zone, and the search for the changes that make one fail: a failed write is cut in two and each half is
//! tried again.
//!
//! ```text
//! next() ── part ──> the write ── outcomes ──> answered()      until next() is None, then finish()
//! ```
//!
//! With `k` bad ones among `n` that is at most `1 + 2k*ceil(log2 n)` writes, and the other `n - k` are applied: on each of the
//! `ceil(log2 n)` levels at most `k` parts fail, and each makes two more. Changes of one name are never parted, nor a
//! record from its ownership rows.
//!
//! What is cut depends on the class of the error alone:
//!
//! - `InvalidRecord`, `Conflict` and `Permanent` (413 among them, which smaller parts cure) may be about one change: cut at once.
//! - `Auth`, `Throttled` and writes of unknown outcome are about the zone: nothing more is sent, the whole zone waits.
//! - `Unavailable` that was *answered* (a webhook's 500) is usually about the service: the zone waits. But there are webhooks that
//!   say 500 for one record they do not like, so that a zone which fails like this again and again is searched now and then
//!   ([`Manner::hunt`]). What was found out like this is later tried in a write of its own ([`Manner::suspects`]), where it
//!   spoils nothing for the others.
//!
//! Some of a part that was refused as a whole may have been applied before the refusal. That shows at the next listing, which
//! every failure leads to: what is there is no longer planned.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroUsize;
use zonewright_planner::{Change, DnsName};
use zonewright_provider_kit::{ErrorClass, ProviderError, batch_lengths};

/// How many writes may fail before a first one succeeds. A zone that refuses whatever it is sent must not get ten thousand
/// requests; the next cycle goes on without those found so far. More than `1 + 2*ceil(log2 n)` for any `n`, so that a single
/// bad change is always found.
const FRUITLESS_WRITES: usize = 256;

/// How to take the failures of a zone.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// Take answers of class `Unavailable` as if they might be about one change.
    pub hunt: bool,
    /// Names that were refused before. They go out last and apart, and their failures are theirs, not the zone's.
    pub suspects: BTreeSet<DnsName>,
}

/// What became of a change that was sent.
#[derive(Debug, Clone)]
pub(super) struct Fate {
    pub outcome: Result<(), ProviderError>,
    /// The failure is about this change, not about the zone.
    pub own_fault: bool,
}

/// The writes to one zone. Changes are known by their places in the list of names.
pub(super) struct Search {
    names: Vec<DnsName>,
    hunt: bool,
    todo: VecDeque<Part>,
    current: Part,
    fates: Vec<Option<Fate>>,
    writes: usize,
    succeeded: bool,
    exhausted: bool,
    unavailable: bool,
}

/// Changes that go out together.
#[derive(Default)]
struct Part {
    changes: Vec<usize>,
    /// What the larger part was told that this one was cut from.
    refusal: Option<ProviderError>,
    suspects: bool,
}

/// Puts suspects behind the others; returns how many are none.
pub(super) fn suspects_last(changes: &mut [Change], manner: &Manner) -> usize {
    let is_suspect = |change: &Change| manner.suspects.contains(change.name());
    if !manner.suspects.is_empty() {
        changes.sort_by_key(is_suspect);
    }
    changes.partition_point(|change| !is_suspect(change))
}

impl Search {
    /// For changes of which those from index `unsuspected` on are suspects.
    pub fn new(names: Vec<DnsName>, unsuspected: usize, limit: Option<NonZeroUsize>, hunt: bool) -> Self {
        let (others, suspects) = names.split_at(unsuspected.min(names.len()));
        let (others, suspects) = (batch_lengths(others, limit), batch_lengths(suspects, limit));
        let sizes = others.into_iter().map(|n| (n, false)).chain(suspects.into_iter().map(|n| (n, true)));
        let mut start = 0;
        let todo = sizes.map(|(size, suspects)| {
            let changes = (start..start + size).collect();
            start += size;
            Part { changes, refusal: None, suspects }
        });
        Self {
            hunt,
            todo: todo.collect(),
            current: Part::default(),
            fates: vec![None; names.len()],
            names,
            writes: 0,
            succeeded: false,
            exhausted: false,
            unavailable: false,
        }
    }

    /// The places of what to write now; `None` when all is settled.
    pub fn next(&mut self) -> Option<&[usize]> {
        self.current = self.todo.pop_front()?;
        self.writes += 1;
        Some(&self.current.changes)
    }

    /// Leaves all but the first of what is to be written now for the next write.
    pub fn only(&mut self, first: usize) {
        let Part { changes, refusal, suspects } = &mut self.current;
        let rest = changes.split_off(first.min(changes.len()));
        if !rest.is_empty() {
            let (refusal, suspects) = (refusal.clone(), *suspects);
            self.todo.push_front(Part { changes: rest, refusal, suspects });
        }
    }

    /// Whether what is to be written now was refused before, as a part of something larger.
    pub fn tries_again(&self) -> bool {
        self.current.refusal.is_some()
    }

    /// What the provider said, change by change.
    pub fn answered(&mut self, outcomes: Vec<Result<(), ProviderError>>) {
        let part = std::mem::take(&mut self.current);
        let mut failed: BTreeMap<String, (ProviderError, Vec<usize>)> = BTreeMap::new();
        for (index, outcome) in part.changes.into_iter().zip(outcomes) {
            match outcome {
                Ok(()) => {
                    self.succeeded = true;
                    self.settle(index, Ok(()), false);
                }
                // One text is one failure, given to every change that it was about.
                Err(error) => failed.entry(error.to_string()).or_insert((error, Vec::new())).1.push(index),
            }
        }
        for (error, changes) in failed.into_values() {
            self.take_failure(error, Part { changes, refusal: None, suspects: part.suspects });
        }
        if !self.succeeded && self.writes >= self.patience() {
            self.exhausted = true;
            self.give_up();
        }
    }

    fn take_failure(&mut self, error: ProviderError, part: Part) {
        self.unavailable |= error.class() == ErrorClass::Unavailable;
        if !may_be_about_one(&error, self.hunt || part.suspects) {
            part.changes.iter().for_each(|&index| self.settle(index, Err(error.clone()), false));
            return self.give_up();
        }
        let Some((left, right)) = self.halves(&part.changes) else {
            // Where only others' success shows who is at fault, that is seen to at the end.
            part.changes.iter().for_each(|&index| self.settle(index, Err(error.clone()), true));
            return;
        };
        for changes in [right, left] {
            self.todo.push_front(Part { changes, refusal: Some(error.clone()), suspects: part.suspects });
        }
    }

    /// Two parts of about as many names; `None` for a single name.
    fn halves(&self, part: &[usize]) -> Option<(Vec<usize>, Vec<usize>)> {
        let name = |i: usize| part.get(i).and_then(|&index| self.names.get(index));
        let borders: Vec<usize> = (1..part.len()).filter(|&i| name(i) != name(i - 1)).collect();
        let (left, right) = part.split_at_checked(*borders.get(borders.len() / 2)?)?;
        Some((left.to_vec(), right.to_vec()))
    }

    /// How many writes may fail before one succeeds. A service that may be down gets as many as one bad change can cost.
    fn patience(&self) -> usize {
        let for_one = 1 + 2 * self.names.len().max(1).next_power_of_two().ilog2() as usize;
        if self.unavailable { for_one } else { FRUITLESS_WRITES }
    }

    /// Sends no more. What was refused within a larger part is reported as that.
    fn give_up(&mut self) {
        for part in std::mem::take(&mut self.todo) {
            let Some(refusal) = part.refusal else { continue };
            part.changes.iter().for_each(|&index| self.settle(index, Err(refusal.clone()), false));
        }
    }

    fn settle(&mut self, index: usize, outcome: Result<(), ProviderError>, own_fault: bool) {
        if let Some(fate) = self.fates.get_mut(index) {
            *fate = Some(Fate { outcome, own_fault });
        }
    }

    /// What became of each change; `None` was not sent.
    pub fn finish(mut self, unsuspected: usize) -> Vec<Option<Fate>> {
        self.give_up();
        let (succeeded, exhausted) = (self.succeeded, self.exhausted);
        for (index, fate) in self.fates.iter_mut().enumerate() {
            let Some(Fate { outcome: Err(error), own_fault }) = fate else { continue };
            *own_fault &= match error.class() {
                // The class says so. That it is unknown whether it was done was sorted out above.
                ErrorClass::InvalidRecord | ErrorClass::Conflict => true,
                // That others got through says so. So does that very many were refused one by one: those found must not keep
                // the rest from being tried.
                ErrorClass::Permanent => succeeded || exhausted || index >= unsuspected,
                ErrorClass::Unavailable => succeeded || index >= unsuspected,
                ErrorClass::Auth | ErrorClass::Throttled { .. } => false,
            };
        }
        self.fates
    }
}

fn may_be_about_one(error: &ProviderError, hunt: bool) -> bool {
    match error.class() {
        _ if error.is_outcome_unknown() => false,
        ErrorClass::InvalidRecord | ErrorClass::Conflict | ErrorClass::Permanent => true,
        ErrorClass::Unavailable => hunt,
        ErrorClass::Auth | ErrorClass::Throttled { .. } => false,
    }
}
