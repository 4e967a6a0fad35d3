//! Writing: what becomes of the ownership row when a record is created, changed or deleted.
//!
//! | change | row | what happens |
//! |---|---|---|
//! | create | none | it is written |
//! | create | ours, left over | it is left as it is |
//! | create | of nobody, or of the owner we take over from | it is written anew |
//! | update | any | it is written anew, in the current form; older forms stay |
//! | delete | current form, read | it is deleted |
//! | delete | older form | it stays, as ExternalDNS leaves it |
//! | update, delete | also one under a former name | that one goes if it is to be pruned (`former.rs`) |
//!
//! A row whose record does not exist is planned like a record, see `leftovers.rs`.

use super::TxtRegistry;
use crate::crypt::nonce_text;
use crate::payload::{self, NONCE, quoted, to_text};
use crate::rows::{Obstacle, Rows};
use std::collections::HashSet;
use std::sync::Arc;
use tracing::warn;
use zonewright_planner::{
    Change, DeleteReason, DnsName, Endpoint, Labels, OWNED_RECORD, OWNER, Owner, Properties, Record,
    RecordType, Statement, Target,
};
use zonewright_provider_kit::{RowChange, ZoneChange};

impl TxtRegistry {
    /// See [`crate::Registry::decorate`].
    pub fn decorate(&self, change: Change, rows: &Rows) -> ZoneChange {
        self.decorate_among(change, rows, rows)
    }

    /// `rows` under today's names, and `all` that were read.
    fn decorate_among(&self, mut change: Change, rows: &Rows, all: &Rows) -> ZoneChange {
        if is_shared_after(&change) {
            return self.decorate_shared(change, all);
        }
        let ended = self.end_sharing(&change, all);
        let former = match &change {
            Change::Update { old, .. } | Change::Delete { old, .. } => self.former_changes(old, all),
            Change::Create { .. } => Vec::new(),
        };
        let is_of_the_row_alone = change.leaves_record_alone();
        let row = match &mut change {
            Change::Create { new, .. } => self.create(new, rows),
            Change::Update { old, new, .. } => self.update(old, new, is_of_the_row_alone, rows),
            // A row has no row.
            Change::Delete { reason: DeleteReason::LeftoverRow, .. } => None,
            Change::Delete { old, .. } => self.delete(old, rows),
        };
        ZoneChange { change, rows: row.into_iter().chain(former).chain(ended).collect() }
    }

    /// See [`crate::Registry::decorate_all`].
    pub fn decorate_all(&self, changes: Vec<Change>, rows: &Rows) -> Vec<ZoneChange> {
        // Only rows that records may share depend on the changes before; there are few.
        let mut shared = rows.shareable();
        let mut written = HashSet::new();
        let mut decorated = Vec::with_capacity(changes.len());
        for change in changes {
            let row = self.row_name(change.name(), change.record_type());
            let may_share_row = |row: &DnsName| self.names.collisions().possible(row.as_str());
            let Some(row) = row.filter(|row| may_share_row(row) && !is_shared_after(&change)) else {
                decorated.push(self.decorate(change, rows));
                continue;
            };
            let mut change = self.decorate_among(change, &shared, rows);
            let key = (row, change.change.set_identifier().to_owned());
            let writes = change.rows.iter().any(|row| row.write.is_some() && row.operation().is_some());
            let is_later = writes && !written.insert(key);
            if is_later && matches!(change.change, Change::Update { .. }) {
                // Written a moment ago for another record: what it was before is no longer there to be replaced.
                change.rows.iter_mut().for_each(leave_alone);
            }
            shared.applied(&change);
            decorated.push(change);
        }
        decorated
    }

    /// See [`crate::Registry::writable`].
    pub fn writable(&self, endpoint: &Endpoint) -> Result<(), String> {
        if !self.managed.contains(&endpoint.record_type) {
            return Ok(());
        }
        if let (RecordType::Txt, Some(Target::Text(value))) =
            (&endpoint.record_type, endpoint.targets.first())
            && (self.parse(value).is_some() || self.says_share(value))
        {
            return Err("its text is that of an ownership record".to_owned());
        }
        match self.names.typed(&endpoint.name, &endpoint.record_type) {
            Some(Err(error)) => Err(format!(
                "it leaves no room for its ownership record: {error}; a shorter name or a --txt-prefix such as \
                 \"%{{record_type}}.\" helps"
            )),
            _ => Ok(()),
        }
    }

    /// See [`crate::Registry::keeps_clear`].
    pub fn keeps_clear(&self, endpoint: &Endpoint, rows: &Rows) -> Result<(), String> {
        if !self.managed.contains(&endpoint.record_type) {
            return Ok(());
        }
        let (name, set_identifier) = (&endpoint.name, &*endpoint.set_identifier);
        if endpoint.record_type == RecordType::Txt && rows.find(name, set_identifier, None).is_some() {
            return Err("an ownership record has this name".to_owned());
        }
        if rows.has_no_obstacles() {
            return Ok(());
        }
        let Some(row) = self.row_name(name, &endpoint.record_type) else { return Ok(()) };
        let is_in_the_way = |obstacle: &Obstacle| {
            *obstacle == Obstacle::Former || rows.find(&row, set_identifier, None).is_none()
        };
        match rows.obstacle(&row, set_identifier).filter(is_in_the_way) {
            None => Ok(()),
            Some(Obstacle::Former) => Err(format!(
                "its ownership record would be called {row}, as is the one that another record has from a former --txt-prefix \
                 or --txt-suffix; --txt-prune-old-rows removes those"
            )),
            Some(Obstacle::Text) => Err(format!(
                "its ownership record would be called {row}, but a TXT record of that name exists that is none"
            )),
            Some(Obstacle::Unowned) => Err(format!(
                "its ownership record {row} would make another record ours that is not, because the names of their \
                 ownership records are the same"
            )),
        }
    }

    fn create(&self, new: &mut Endpoint, rows: &Rows) -> Option<RowChange> {
        let name = self.row_name(&new.name, &new.record_type);
        let existing = name.as_ref().and_then(|name| rows.find(name, &new.set_identifier, new.zone.as_ref()));
        let nonce = self.stamp(new, self.owner.as_str());
        let name = name?;
        let Some(existing) = existing else {
            return Some(RowChange { read: None, expected: None, write: Some(self.row(name, new, nonce)?) });
        };
        // A row that says what the record of another zone makes it say belongs to that one.
        let read = existing.odd()?;
        let write = match self.owner_of(&read) {
            None => self.row(name, new, nonce)?,
            Some(owner) if Some(&owner) == self.migrate_from.as_ref() => self.row(name, new, nonce)?,
            Some(owner) if owner == self.owner => untouched(&read),
            // Claimed by another owner: such a create is not planned, and that row is not ours to touch.
            Some(_) => return None,
        };
        Some(RowChange { read: Some(read), expected: None, write: Some(write) })
    }

    fn update(
        &self,
        old: &Record,
        new: &mut Endpoint,
        is_of_the_row_alone: bool,
        rows: &Rows,
    ) -> Option<RowChange> {
        // The owner stays; that it is us was decided when the change was planned.
        let nonce = self.stamp(new, old.labels.owner().unwrap_or(self.owner.as_str()));
        let name = self.row_name(&new.name, &new.record_type)?;
        let read = rows.find(&name, &old.set_identifier, Some(&old.zone)).map(|row| row.record(&name, old));
        // ExternalDNS knows nothing of former names, so there is nothing that it would expect.
        let is_new = old.ownership.row_moved || old.ownership.shared;
        let is_beyond = is_of_the_row_alone || (is_new && read.is_none());
        let expected = (!is_beyond).then(|| self.expected(&name, old, read.as_ref(), rows));
        Some(RowChange { read, expected, write: Some(self.row(name, new, nonce)?) })
    }

    fn delete(&self, old: &Record, rows: &Rows) -> Option<RowChange> {
        let name = self.row_name(&old.name, &old.record_type)?;
        let row = rows.find(&name, &old.set_identifier, Some(&old.zone));
        let read = row.map(|row| row.record(&name, old));
        if let (Some(read), true) = (&read, row.is_some_and(|row| row.has_other_users(old))) {
            return Some(RowChange {
                write: Some(untouched(read)),
                expected: None,
                read: Some(read.clone()),
            });
        }
        if old.ownership.row_moved && read.is_none() {
            return None;
        }
        let expected = self.expected(&name, old, read.as_ref(), rows);
        Some(RowChange { read, expected: Some(expected), write: None })
    }

    /// Makes the labels of a wish those of a record of ours, and gives the nonce its row is to be encrypted with.
    fn stamp(&self, new: &mut Endpoint, owner: &str) -> Option<[u8; 12]> {
        new.labels.set(OWNER, owner);
        // A nonce from outside could repeat one that was used before.
        new.labels.remove(NONCE);
        let unwritable: Vec<String> = new
            .labels
            .iter()
            .filter(|(key, value)| Labels::check(key, value).is_err())
            .map(|(key, _)| key.to_owned())
            .collect();
        for key in unwritable {
            warn!(record.name = %new.name, "label {key:?} is dropped: an ownership record cannot hold it");
            new.labels.remove(&key);
        }
        let nonce = self.encrypt.then(|| self.nonces.next())?;
        // ExternalDNS lets the nonce travel with the record, as reading does.
        new.labels.set(NONCE, nonce_text(nonce));
        Some(nonce)
    }

    /// The row that goes with a record as it is wished for.
    fn row(&self, name: DnsName, new: &Endpoint, nonce: Option<[u8; 12]>) -> Option<Endpoint> {
        let text = to_text(&new.labels);
        let text = match (nonce, &self.key) {
            (Some(nonce), Some(key)) => key.seal(&text, nonce)?,
            _ => text,
        };
        Some(row_of(name, &text, &new.name, &new.set_identifier, new.properties.clone()))
    }

    /// The row that ExternalDNS v0.22 would name as the one to replace or delete. It computes it from the labels; where that
    /// means encrypting again, the ciphertext that was read stands for the one it would get.
    fn expected(&self, name: &DnsName, old: &Record, read: Option<&Record>, rows: &Rows) -> Endpoint {
        let sealed = (self.encrypt && old.labels.get(NONCE).is_some())
            .then(|| self.sealed_text(old, read, rows))
            .flatten();
        let text = sealed.unwrap_or_else(|| to_text(&old.labels));
        row_of(name.clone(), &text, &old.name, &old.set_identifier, old.properties.clone())
    }

    fn sealed_text(&self, old: &Record, read: Option<&Record>, rows: &Rows) -> Option<String> {
        let older = || {
            let mut name = String::new();
            self.names.untyped_into(old.name.as_str(), &mut name);
            let alias = self.row_name(&old.name, &RecordType::Cname);
            let names = [alias, DnsName::parse(&name).ok()];
            names
                .into_iter()
                .flatten()
                .find_map(|name| rows.find(&name, &old.set_identifier, Some(&old.zone))?.odd())
        };
        let row = read.cloned().or_else(older)?;
        match row.targets.first() {
            Some(Target::Text(value)) => Some(payload::unquoted(value).to_owned()),
            _ => None,
        }
    }

    pub(super) fn owner_of(&self, row: &Record) -> Option<Owner> {
        let labels = self.row_labels(row)?;
        Owner::new(labels.get(OWNER)?)
    }
}

/// Whether a change is one of a record that stays shared, or that goes as a shared one.
fn is_shared_after(change: &Change) -> bool {
    match change {
        Change::Create { new, .. } | Change::Update { new, .. } => Statement::is_noted_on(&new.labels),
        Change::Delete { old, .. } => old.ownership.shared,
    }
}

/// A row asks for no TTL, so that it gets the provider's default, and carries the record's properties: routing settings have
/// to be the same on both.
fn row_of(
    name: DnsName,
    text: &str,
    record: &DnsName,
    set_identifier: &Arc<str>,
    properties: Properties,
) -> Endpoint {
    Endpoint::from_parts(name, RecordType::Txt, vec![Target::Text(quoted(text).into())], properties)
        .with_set_identifier(set_identifier.clone())
        .with_label(OWNED_RECORD, record.as_str())
}

/// Turns the change of a row into none.
fn leave_alone(row: &mut RowChange) {
    row.expected = None;
    row.write = row.read.as_ref().map(untouched);
}

/// A row to be left exactly as it was read.
fn untouched(read: &Record) -> Endpoint {
    Endpoint::from_parts(read.name.clone(), RecordType::Txt, read.targets.clone(), read.properties.clone())
        .with_set_identifier(read.set_identifier.clone())
        .with_ttl(read.ttl)
}
