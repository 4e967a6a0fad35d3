//! Changes of record sets as operations on single records.
//!
//! A record whose value changes is changed in place: removed and new values are paired, so that a name that had an answer keeps one at
//! every moment, whatever happens in between. Records that already are as they should be are not touched.

use crate::books::{Books, Entry, Id, ZoneBook};
use crate::convert::{NoValue, canonical, to_body};
use crate::properties::{Attributes, Names};
use crate::wire::Body;
use std::collections::BTreeMap;
use zonewright_planner::{DnsName, Endpoint, Record, RecordType, Target, ZoneId};
use zonewright_provider_kit::{ErrorClass, Operation, ProviderError, ZoneChange};

/// What happens to one record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Delete(Id),
    Patch(Id, Body),
    Post(Body),
}

/// An operation, and what to put down in the books once it is done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    pub(crate) set: u64,
    pub(crate) step: Step,
    value: u64,
    attributes: u64,
}

/// Makes operations of changes.
pub(crate) struct Operations<'a> {
    pub(crate) books: &'a Books,
    pub(crate) names: &'a Names,
}

/// A record set as it is to be.
struct Wanted<'a> {
    set: u64,
    name: &'a DnsName,
    record_type: &'a RecordType,
    /// Values in their one form, by number.
    values: BTreeMap<u64, Target>,
    attributes: Attributes,
}

impl Operations<'_> {
    /// What a change comes to: new rows before their record, old ones after it, and within a record set new values before old ones.
    ///
    /// # Errors
    /// Of class `Conflict` when a record set is not in the books, of class `InvalidRecord` when a value cannot be sent.
    pub(crate) fn of_change(
        &self,
        zone: &ZoneId,
        change: &ZoneChange,
    ) -> Result<Vec<Planned>, ProviderError> {
        let mut all = Vec::new();
        for operation in change.operations() {
            let planned = self.books.with(zone, |book| match operation {
                Operation::Create(new) => self.create(book, new),
                Operation::Update(old, new) => self.update(book, old, new),
                Operation::Delete(old) => self.delete(book, old),
            });
            all.extend(planned?);
        }
        Ok(all)
    }

    fn create(&self, book: &ZoneBook, new: &Endpoint) -> Result<Vec<Planned>, ProviderError> {
        let wanted = self.wanted(new, None);
        self.reach(book.entries(wanted.set), &[], &wanted)
    }

    fn update(&self, book: &ZoneBook, old: &Record, new: &Endpoint) -> Result<Vec<Planned>, ProviderError> {
        let wanted = self.wanted(new, old.ttl.configured());
        if (&old.name, &old.record_type) != (&new.name, &new.record_type) {
            // An ownership row that moves to another name: the new one stands before the old one goes.
            let mut all = self.reach(book.entries(wanted.set), &[], &wanted)?;
            all.extend(self.delete(book, old)?);
            return Ok(all);
        }
        let replaced = self.known(book, old)?;
        self.reach(book.entries(wanted.set), &replaced, &wanted)
    }

    fn delete(&self, book: &ZoneBook, old: &Record) -> Result<Vec<Planned>, ProviderError> {
        let set = self.books.set(&old.name, &old.record_type);
        Ok(self.known(book, old)?.iter().map(|entry| planned_delete(set, entry)).collect())
    }

    /// The records behind a record set.
    fn known(&self, book: &ZoneBook, old: &Record) -> Result<Vec<Entry>, ProviderError> {
        let value = |target: &Target| self.books.value(&canonical(&old.record_type, target));
        let values: Vec<u64> = old.targets.iter().map(value).collect();
        let entries = book.entries(self.books.set(&old.name, &old.record_type));
        let known: Vec<Entry> =
            entries.iter().filter(|entry| values.contains(&entry.value)).cloned().collect();
        if known.is_empty() {
            let message = format!(
                "Cloudflare: {} {} is not what the zone was last seen to have",
                old.name, old.record_type
            );
            return Err(ProviderError::new(ErrorClass::Conflict, message));
        }
        Ok(known)
    }

    fn wanted<'a>(&self, new: &'a Endpoint, ttl_that_is: Option<i64>) -> Wanted<'a> {
        let values = new.targets.iter().map(|target| {
            let target = canonical(&new.record_type, target);
            (self.books.value(&target), target)
        });
        let ttl = new.ttl.configured().or(ttl_that_is);
        Wanted {
            set: self.books.set(&new.name, &new.record_type),
            name: &new.name,
            record_type: &new.record_type,
            values: values.collect(),
            attributes: Attributes::of_properties(self.names, &new.record_type, &new.properties, ttl),
        }
    }

    /// From the records that are there to those that are wanted. Of what is there only `replaced` may go.
    fn reach(
        &self,
        entries: &[Entry],
        replaced: &[Entry],
        wanted: &Wanted<'_>,
    ) -> Result<Vec<Planned>, ProviderError> {
        let attributes = self.books.attributes(&wanted.attributes);
        let plan = |id: Option<&Id>, value: u64, target: &Target| -> Result<Planned, NoValue> {
            let body =
                to_body(id.map(Id::to_text), wanted.name, wanted.record_type, target, &wanted.attributes)?;
            let step = match id {
                Some(id) => Step::Patch(id.clone(), body),
                None => Step::Post(body),
            };
            Ok(Planned { set: wanted.set, step, value, attributes })
        };
        let mut free = replaced.iter().filter(|entry| !wanted.values.contains_key(&entry.value));
        let (mut posts, mut patches) = (Vec::new(), Vec::new());
        for (&value, target) in &wanted.values {
            let there = entries.iter().find(|entry| entry.value == value);
            let result = match there {
                Some(entry) if entry.attributes == attributes => continue,
                Some(entry) => plan(Some(&entry.id), value, target).map(|planned| patches.push(planned)),
                None => match free.next() {
                    Some(entry) => plan(Some(&entry.id), value, target).map(|planned| patches.push(planned)),
                    None => plan(None, value, target).map(|planned| posts.push(planned)),
                },
            };
            result.map_err(|error| {
                ProviderError::new(ErrorClass::InvalidRecord, format!("Cloudflare: {}: {error}", wanted.name))
            })?;
        }
        let deletes = free.map(|entry| planned_delete(wanted.set, entry));
        Ok(posts.into_iter().chain(patches).chain(deletes).collect())
    }
}

fn planned_delete(set: u64, entry: &Entry) -> Planned {
    Planned { set, step: Step::Delete(entry.id.clone()), value: entry.value, attributes: entry.attributes }
}

impl Planned {
    /// Puts down that it was done; `new_id` is that of a new record.
    pub(crate) fn note(&self, book: &mut ZoneBook, new_id: Option<&str>) {
        let entry = |id: Id| Entry { id, value: self.value, attributes: self.attributes };
        match (&self.step, new_id) {
            (Step::Delete(id), _) => book.remove(self.set, id),
            (Step::Patch(id, _), _) => book.put(self.set, entry(id.clone())),
            (Step::Post(_), Some(id)) => book.put(self.set, entry(Id::new(id))),
            (Step::Post(_), None) => book.forget(self.set),
        }
    }
}
