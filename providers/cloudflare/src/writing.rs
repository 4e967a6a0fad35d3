//! Carrying changes out.
//!
//! ```text
//! changes ── custom hostnames that end ──> operations ── one batch, all or nothing ──> custom hostnames that begin, regions
//!                                                    └─ one by one, where there is no batch
//! ```
//!
//! A custom hostname leads to a record, so that it ends before its record and begins after it.

use crate::account::Account;
use crate::envelope::Refused;
use crate::hostnames::{Hostnames, Regions};
use crate::operations::{Operations, Planned, Step};
use crate::wire::{WireBatch, WireId};
use crate::zones::Zones;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use zonewright_planner::{Change, DnsName};
use zonewright_provider_kit::{ErrorClass, ProviderError, Zone, ZoneChange};

/// Writes to one zone.
pub(crate) struct Writing<'a> {
    pub(crate) account: &'a Account,
    pub(crate) zones: &'a Zones,
    pub(crate) operations: Operations<'a>,
    pub(crate) hostnames: Option<Hostnames<'a>>,
    pub(crate) regions: Option<Regions<'a>>,
    /// The service has no batches, as far as was seen.
    pub(crate) no_batches: &'a AtomicBool,
    pub(crate) interval: Duration,
    pub(crate) zone: &'a Zone,
}

type Outcome = Result<(), ProviderError>;

impl Writing<'_> {
    /// One outcome per change, in the same order.
    pub(crate) async fn write(&self, changes: &[ZoneChange]) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = vec![Ok(()); changes.len()];
        if let Some(hostnames) = &self.hostnames {
            hostnames.end(self.zone, changes, &mut outcomes).await;
        }
        let mut work = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            let Some(Ok(())) = outcomes.get(index) else { continue };
            match self.operations.of_change(&self.zone.id, change) {
                Ok(planned) => work.push((index, planned)),
                Err(error) => settle(&mut outcomes, index, Err(error)),
            }
        }
        self.write_records(changes, work, &mut outcomes).await;
        if let Some(hostnames) = &self.hostnames {
            hostnames.begin(self.zone, changes, &mut outcomes).await;
        }
        if let Some(regions) = &self.regions {
            regions.set(self.zone, changes, &mut outcomes).await;
        }
        outcomes
    }

    async fn write_records(
        &self,
        changes: &[ZoneChange],
        work: Vec<(usize, Vec<Planned>)>,
        outcomes: &mut [Outcome],
    ) {
        let mut work = work;
        while !work.is_empty() {
            if self.no_batches.load(Ordering::Relaxed) {
                return self.one_by_one(changes, work, outcomes).await;
            }
            let rest = work.split_off(fitting(&work, self.zones.operations(self.zone)));
            match self.batch(&work).await {
                Ok(()) => {}
                Err(Refused::NoSuchRoute(error)) => {
                    tracing::warn!("no batches, so that records are written one by one from now on: {error}");
                    self.no_batches.store(true, Ordering::Relaxed);
                    work.extend(rest);
                    continue;
                }
                Err(refused) => {
                    let error = ProviderError::from(refused);
                    let ends_all = is_of_the_zone(&error);
                    let hit = work.iter().chain(rest.iter().filter(|_| ends_all));
                    hit.for_each(|(index, _)| settle(outcomes, *index, Err(error.clone())));
                    if ends_all {
                        return;
                    }
                }
            }
            work = rest;
            if !work.is_empty() {
                tokio::time::sleep(self.interval).await;
            }
        }
    }

    /// Sends what fits into one request; a single change that does not goes out in several, new values before old ones go.
    async fn batch(&self, work: &[(usize, Vec<Planned>)]) -> Result<(), Refused> {
        let all: Vec<&Planned> = work.iter().flat_map(|(_, planned)| planned).collect();
        for some in all.chunks(self.zones.operations(self.zone)) {
            let result = self.send(some).await;
            if let Err(Refused::TooMuch(error)) = result {
                self.zones.was_too_much(self.zone, some.len());
                // The caller cuts it in two.
                let class = if some.len() > 1 { ErrorClass::InvalidRecord } else { error.class() };
                return Err(Refused::Failed(ProviderError::new(class, error.to_string())));
            }
            result?;
        }
        Ok(())
    }

    async fn send(&self, some: &[&Planned]) -> Result<(), Refused> {
        let mut batch = WireBatch::default();
        for planned in some {
            match &planned.step {
                Step::Delete(id) => batch.deletes.push(WireId { id: id.to_text() }),
                Step::Patch(_, body) => batch.patches.push(body.clone()),
                Step::Post(body) => batch.posts.push(body.clone()),
            }
        }
        let ids = self.account.batch(self.zone, &batch).await?;
        // As many as were asked for, in the same order; anything else is not understood.
        let mut ids = ids.iter().map(String::as_str).filter(|_| ids.len() == batch.posts.len());
        self.operations.books.with(&self.zone.id, |book| {
            // In the order in which they were carried out.
            for planned in some.iter().filter(|planned| matches!(planned.step, Step::Delete(_))) {
                planned.note(book, None);
            }
            for planned in some.iter().filter(|planned| matches!(planned.step, Step::Patch(..))) {
                planned.note(book, None);
            }
            for planned in some.iter().filter(|planned| matches!(planned.step, Step::Post(_))) {
                planned.note(book, ids.next());
            }
        });
        Ok(())
    }

    /// Without batches: change by change, and within one in the order that does the least harm when it stops half-way. A record that
    /// gives way to one of another type goes first, because they may exclude each other.
    async fn one_by_one(
        &self,
        changes: &[ZoneChange],
        work: Vec<(usize, Vec<Planned>)>,
        outcomes: &mut [Outcome],
    ) {
        let created: BTreeSet<&DnsName> = changes
            .iter()
            .filter(|c| matches!(c.change, Change::Create { .. }))
            .map(|c| c.change.name())
            .collect();
        let gives_way = |index: usize| {
            let change = changes.get(index).map(|change| &change.change);
            change.is_some_and(|c| matches!(c, Change::Delete { .. }) && created.contains(c.name()))
        };
        let (first, last): (Vec<_>, Vec<_>) = work.into_iter().partition(|(index, _)| gives_way(*index));
        let mut end: Option<ProviderError> = None;
        for (index, planned) in first.into_iter().chain(last) {
            let outcome = match &end {
                Some(error) => Err(error.clone()),
                None => self.single(&planned).await,
            };
            end = outcome.as_ref().err().filter(|error| is_of_the_zone(error)).cloned();
            settle(outcomes, index, outcome);
        }
    }

    async fn single(&self, all: &[Planned]) -> Outcome {
        for planned in all {
            let mut created = None;
            match &planned.step {
                Step::Delete(id) => self.account.delete(self.zone, &id.to_text()).await?,
                Step::Patch(id, body) => {
                    let body = crate::wire::Body { id: None, ..body.clone() };
                    self.account.patch(self.zone, &id.to_text(), &body).await?;
                }
                Step::Post(body) => created = Some(self.account.create(self.zone, body).await?),
            }
            let note = |book: &mut _| planned.note(book, created.as_deref());
            self.operations.books.with(&self.zone.id, note);
        }
        Ok(())
    }
}

/// How many changes, from the first on, have so many operations: more than none.
fn fitting(work: &[(usize, Vec<Planned>)], limit: usize) -> usize {
    fitting_sizes(work.iter().map(|(_, planned)| planned.len()), limit)
}

/// As [`fitting`], of numbers of operations.
pub(crate) fn fitting_sizes(sizes: impl Iterator<Item = usize>, limit: usize) -> usize {
    let within = sizes
        .scan(0, |sum, size| {
            *sum += size;
            Some(*sum)
        })
        .take_while(|sum| *sum <= limit);
    within.count().max(1)
}

/// Whether nothing else that is sent to the zone now would fare any better.
pub(crate) fn is_of_the_zone(error: &ProviderError) -> bool {
    let is_about_records =
        matches!(error.class(), ErrorClass::InvalidRecord | ErrorClass::Conflict | ErrorClass::Permanent);
    error.is_outcome_unknown() || !is_about_records
}

fn settle(outcomes: &mut [Outcome], index: usize, outcome: Outcome) {
    if let Some(settled) = outcomes.get_mut(index) {
        *settled = outcome;
    }
}
