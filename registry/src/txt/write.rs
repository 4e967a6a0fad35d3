//! Writing: what becomes of the ownership row when a record is created, changed or deleted.
//!
//! | change | row | what happens |
//! |---|---|---|
//! | create | none | it is written |
//! | create | ours, left over | it is left as it is |
//! | update | any | it is written anew, in the current form; older forms stay |
//! | delete | current form, read | it is deleted |
//! | delete | older form | it stays, as ExternalDNS leaves it |

use super::TxtRegistry;
use crate::crypt::nonce_text;
use crate::payload::{self, NONCE, Texts, quoted, to_text};
use crate::rows::{Row, Rows};
use std::collections::HashSet;
use tracing::warn;
use zonewright_planner::{
    Change, DnsName, Endpoint, Labels, OWNED_RECORD, OWNER, Record, RecordType, Target,
};
use zonewright_provider_kit::{RowChange, ZoneChange};

impl TxtRegistry {
    /// See [`crate::Registry::decorate`].
    pub fn decorate(&self, mut change: Change, rows: &Rows) -> ZoneChange {
        let row = match &mut change {
            Change::Create { new, .. } => self.create(new, rows),
            Change::Update { old, new, .. } => self.update(old, new, rows),
            Change::Delete { old, .. } => self.delete(old, rows),
        };
        ZoneChange { change, rows: row.into_iter().collect() }
    }

    /// See [`crate::Registry::decorate_all`].
    pub fn decorate_all(&self, changes: Vec<Change>, rows: &Rows) -> Vec<ZoneChange> {
        // Only rows that records may share depend on the changes before; there are few.
        let mut shared = rows.shareable();
        let mut written = HashSet::new();
        let mut decorated = Vec::with_capacity(changes.len());
        for change in changes {
            let row = self.row_name(change.name(), change.record_type());
            let Some(row) = row.filter(|row| self.names.collisions().possible(row.as_str())) else {
                decorated.push(self.decorate(change, rows));
                continue;
            };
            let mut change = self.decorate(change, &shared);
            shared.applied(&change);
            let key = (row, change.change.set_identifier().to_owned());
            let is_update = matches!(change.change, Change::Update { .. });
            if is_update && written.contains(&key) {
                // Written a moment ago for the other record; what it was before is no longer there to be replaced.
                change.rows.clear();
            } else if change.rows.iter().any(|row| row.write.is_some()) {
                written.insert(key);
            }
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
            && self.parse(value, &mut Texts::default()).is_some()
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
        let Some(row) = self.row_name(name, &endpoint.record_type) else { return Ok(()) };
        if rows.is_taken(&row, set_identifier) && rows.find(&row, set_identifier, None).is_none() {
            return Err(format!(
                "its ownership record would be called {row}, but a TXT record of that name exists that is none"
            ));
        }
        Ok(())
    }

    fn create(&self, new: &mut Endpoint, rows: &Rows) -> Option<RowChange> {
        let name = self.row_name(&new.name, &new.record_type);
        let existing = name.as_ref().and_then(|name| rows.find(name, &new.set_identifier, None));
        let nonce = self.stamp(new, self.owner.as_str());
        let name = name?;
        let Some(existing) = existing else {
            return Some(RowChange { read: None, expected: None, write: Some(self.row(name, new, nonce)?) });
        };
        // A row that says what the record of another zone makes it say belongs to that one.
        let read = existing.odd()?.clone();
        let write = if self.names_an_owner(&read) { untouched(&read) } else { self.row(name, new, nonce)? };
        Some(RowChange { read: Some(read), expected: None, write: Some(write) })
    }

    fn update(&self, old: &Record, new: &mut Endpoint, rows: &Rows) -> Option<RowChange> {
        // The owner stays; that it is us was decided when the change was planned.
        let nonce = self.stamp(new, old.labels.owner().unwrap_or(self.owner.as_str()));
        let name = self.row_name(&new.name, &new.record_type)?;
        let read = rows.find(&name, &old.set_identifier, Some(&old.zone)).map(|row| row.record(&name, old));
        let expected = self.expected(&name, old, read.as_ref(), rows);
        Some(RowChange { read, expected: Some(expected), write: Some(self.row(name, new, nonce)?) })
    }

    fn delete(&self, old: &Record, rows: &Rows) -> Option<RowChange> {
        let name = self.row_name(&old.name, &old.record_type)?;
        let row = rows.find(&name, &old.set_identifier, Some(&old.zone));
        let read = row.map(|row| row.record(&name, old));
        if let (Some(read), true) = (&read, row.is_some_and(Row::is_shared)) {
            return Some(RowChange {
                write: Some(untouched(read)),
                expected: None,
                read: Some(read.clone()),
            });
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
        Some(row_of(name, quoted(&text), &new.name, &new.set_identifier).with_properties(new))
    }

    /// The row that ExternalDNS v0.22 would name as the one to replace or delete. It computes it from the labels; where that
    /// means encrypting again, the ciphertext that was read stands for the one it would get.
    fn expected(&self, name: &DnsName, old: &Record, read: Option<&Record>, rows: &Rows) -> Endpoint {
        let sealed = (self.encrypt && old.labels.get(NONCE).is_some())
            .then(|| self.sealed_text(old, read, rows))
            .flatten();
        let text = sealed.unwrap_or_else(|| to_text(&old.labels));
        let mut row = row_of(name.clone(), quoted(&text), &old.name, &old.set_identifier);
        row.properties = old.properties.clone();
        row
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
                .find_map(|name| rows.find(&name, &old.set_identifier, Some(&old.zone))?.odd().cloned())
        };
        let row = read.cloned().or_else(older)?;
        match row.targets.first() {
            Some(Target::Text(value)) => Some(payload::unquoted(value).to_owned()),
            _ => None,
        }
    }

    fn names_an_owner(&self, row: &Record) -> bool {
        let labels = self.row_labels(row, &mut Texts::default()).unwrap_or_default();
        payload::get(&labels, OWNER).is_some_and(|owner| !owner.is_empty())
    }
}

/// A row asks for no TTL, so that it gets the provider's default, and carries the record's properties: routing settings have
/// to be the same on both.
fn row_of(name: DnsName, value: String, record: &DnsName, set_identifier: &std::sync::Arc<str>) -> Endpoint {
    let target = Target::Text(value.into());
    Endpoint::from_parts(name, RecordType::Txt, vec![target], zonewright_planner::Properties::new())
        .with_set_identifier(set_identifier.clone())
        .with_label(OWNED_RECORD, record.as_str())
}

/// A row to be left exactly as it was read.
fn untouched(read: &Record) -> Endpoint {
    Endpoint::from_parts(read.name.clone(), RecordType::Txt, read.targets.clone(), read.properties.clone())
        .with_set_identifier(read.set_identifier.clone())
        .with_ttl(read.ttl)
}

/// Puts the properties of a record on its row.
trait WithProperties {
    fn with_properties(self, of: &Endpoint) -> Self;
}

impl WithProperties for Endpoint {
    fn with_properties(mut self, of: &Endpoint) -> Self {
        self.properties = of.properties.clone();
        self
    }
}
