//! Rows of names that owners share: one per owner and record, each written by its owner alone.
//!
//! ```text
//! 5f1c0a92--a-www.example.org  TXT  "heritage=zonewright,zonewright/owner=blue,zonewright/name=www.example.org,zonewright/type=A,
//!                                    zonewright/targets=192.0.2.1|192.0.2.2,zonewright/ttl=60,zonewright/resource=ingress/x/web"
//! ```
//!
//! The name is that of an ownership row behind eight digits that stand for the owner: in front, and not behind the affix, so that
//! the row of an apex lies inside its zone whenever an ownership row would. The heritage is not ExternalDNS's, to which these rows
//! are TXT records of somebody else; that is what keeps it from taking a shared record for its own or for free.
//!
//! A value of a TXT record holds 255 octets (RFC 1035 section 3.3.14). What is longer goes on in further values of the same row, in
//! whatever order they come back.

use super::TxtRegistry;
use super::read::{Form, Source};
use crate::payload::{self, quoted};
use crate::rows::Rows;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use zonewright_planner::{
    Change, DnsName, Endpoint, Labels, OWNED_RECORD, OWNER, Owner, Ownership, Properties, RESOURCE, Record,
    RecordKey, RecordType, Share, Shares, Statement, TARGET_SEPARATOR, Target, Ttl, join_targets,
    parse_targets,
};
use zonewright_provider_kit::{RowChange, Zone, ZoneChange};

const HERITAGE: &str = "heritage=zonewright";
const KEY: &str = "zonewright/";
/// What a value of a TXT record holds.
const LONGEST: usize = 255;
/// What may be encrypted so that nonce, tag, gzip's frame and base64 still fit: 255 characters of base64 are 189 octets, 28 of which
/// are nonce and tag and at most 23 gzip's.
const LONGEST_SEALED: usize = 189 - 28 - 23;
/// The owner of those who chose none. Any two clusters have it in common.
pub(super) const NOBODY: &str = "default";

/// Types of which targets can be united, and a CNAME, of which all owners may want the same.
const SHARABLE: [RecordType; 7] = [
    RecordType::A,
    RecordType::Aaaa,
    RecordType::Cname,
    RecordType::Ns,
    RecordType::Ptr,
    RecordType::Mx,
    RecordType::Srv,
];

impl TxtRegistry {
    /// See [`crate::Registry::mark_shared`].
    pub fn is_shared(&self, endpoint: &Endpoint, marked: Option<bool>) -> bool {
        endpoint.set_identifier.is_empty()
            && marked.unwrap_or_else(|| self.shared_names.iter().any(|suffix| endpoint.name.is_in(suffix)))
    }

    /// See [`crate::Registry::sharable`].
    pub fn sharable(&self, endpoint: &Endpoint, zone: &Zone) -> Result<(), String> {
        if self.owner.as_str() == NOBODY {
            return Err(format!(
                "a shared name needs an owner id of its own in each cluster, not {NOBODY:?}: set --txt-owner-id"
            ));
        }
        if !SHARABLE.contains(&endpoint.record_type) {
            return Err(format!("{} records cannot be shared between owners", endpoint.record_type));
        }
        let is_readable = |target: &Target| {
            let text = target.to_string();
            !text.contains([',', '"', '\\', TARGET_SEPARATOR])
        };
        if let Some(target) = endpoint.targets.iter().find(|target| !is_readable(target)) {
            return Err(format!("target {target} could not be read back from the row of a shared name"));
        }
        let name = self
            .share_name(&endpoint.name, &endpoint.record_type, &self.owner)
            .ok_or("its name leaves no room for the row of a shared name; a shorter one helps")?;
        if !zone.contains(&name) {
            return Err(format!(
                "its row {name} would lie outside zone {}; a --txt-prefix such as \"%{{record_type}}.\" keeps it inside",
                zone.id
            ));
        }
        let says = Statement {
            targets: endpoint.targets.clone(),
            resource: endpoint.labels.resource().map(Into::into),
            ttl: endpoint.ttl,
            ..Statement::default()
        };
        let longest = if self.encrypt { LONGEST_SEALED } else { LONGEST };
        match values(&endpoint.name, &endpoint.record_type, &self.owner, &says, longest) {
            Some(_) => Ok(()),
            None => Err(format!(
                "name, owner id, object or a target is too long for a row of at most {longest} characters"
            )),
        }
    }

    /// Where the row of an owner stands; `None` where there is no room for it.
    pub(crate) fn share_name(
        &self,
        name: &DnsName,
        record_type: &RecordType,
        owner: &Owner,
    ) -> Option<DnsName> {
        behind_digits(owner, &self.row_name(name, record_type)?)
    }

    /// Reads a record as the row of a shared name; `None` when it is none. What stands elsewhere than where its owner would write
    /// it is none either: whoever may write some names of a zone has no say about others.
    pub(super) fn share(&self, record: &Record) -> Option<(RecordKey, Share)> {
        if record.record_type != RecordType::Txt || !record.set_identifier.is_empty() {
            return None;
        }
        let texts = record.targets.iter().filter_map(|target| match target {
            Target::Text(value) => {
                let text = payload::unquoted(value);
                let opened = self.key.as_ref().and_then(|key| key.open(text));
                Some(opened.map_or_else(|| text.to_owned(), |(plain, _)| plain))
            }
            _ => None,
        });
        let (name, record_type, owner, says) = parse(texts)?;
        let is_at = |row: DnsName| behind_digits(&owner, &row).is_some_and(|name| name == record.name);
        let is_current = self.row_name(&name, &record_type).is_some_and(is_at);
        let mut former = self.former.iter().filter_map(|names| names.typed(&name, &record_type)?.ok());
        if !is_current && !former.any(is_at) {
            return None;
        }
        let key = RecordKey { name, record_type, set_identifier: Default::default() };
        Some((key, Share { owner, says, row: record.clone(), is_current }))
    }

    /// Whether a text is one of a row of a shared name.
    pub(super) fn says_share(&self, value: &str) -> bool {
        let text = payload::unquoted(value);
        let opened = self.key.as_ref().and_then(|key| key.open(text));
        let is_heritage = |text: &str| text.split(',').any(|token| token == HERITAGE);
        opened.map_or_else(|| is_heritage(text), |(plain, _)| is_heritage(&plain))
    }

    /// Notes on records that they are shared, and with whom. A record with an ownership row is that owner's alone; rows in older
    /// forms do not count beside those of shared names.
    pub(super) fn label_shared(&self, records: &mut [Record], sources: &[Source], shares: &Shares) {
        if shares.is_empty() {
            return;
        }
        for (record, source) in records.iter_mut().zip(sources) {
            if matches!(source, Some((_, Form::Current | Form::Former))) {
                continue;
            }
            let Some(shares) = shares.get(&record.key()) else { continue };
            let here = || shares.iter().filter(|share| share.row.zone == record.zone);
            if here().next().is_none() {
                continue;
            }
            let active = || here().filter(|share| share.is_active());
            let shown = active().find(|share| share.owner == self.owner).or_else(|| active().next());
            record.labels.remove(OWNER);
            record.labels.remove(RESOURCE);
            if let Some(share) = shown {
                record.labels.set(OWNER, share.owner.as_str());
                if let Some(resource) = &share.says.resource {
                    record.labels.set(RESOURCE, resource);
                }
            }
            record.ownership = Ownership { shared: true, ..Ownership::default() };
        }
    }

    /// Records that others share and that do not exist: nobody else may create them for itself.
    pub(super) fn share_claims(
        &self,
        records: &[Record],
        shares: &Shares,
        claims: &mut BTreeMap<RecordKey, Owner>,
    ) {
        if shares.is_empty() {
            return;
        }
        let existing: BTreeSet<RecordKey> = records.iter().map(Record::key).collect();
        for (key, all) in shares.iter().filter(|(key, _)| !existing.contains(*key)) {
            if let Some(share) = all.iter().find(|share| share.owner != self.owner && share.is_active()) {
                claims.entry(key.clone()).or_insert_with(|| share.owner.clone());
            }
        }
    }

    /// The statements of ours, which writing has to know.
    pub(super) fn our_shares(&self, shares: &Shares) -> Shares {
        let ours = shares.iter().filter_map(|(key, all)| {
            let ours: Vec<Share> = all.iter().filter(|share| share.owner == self.owner).cloned().collect();
            (!ours.is_empty()).then(|| (key.clone(), ours))
        });
        ours.collect()
    }

    /// Adds to a change of a shared record what we say of it. Our ownership row, if the record was ours alone, goes.
    pub(super) fn decorate_shared(&self, mut change: Change, rows: &Rows) -> ZoneChange {
        let ours = rows.our_shares(&key_of(&change));
        let zone = match &change {
            Change::Create { .. } => None,
            Change::Update { old, .. } | Change::Delete { old, .. } => Some(&old.zone),
        };
        let ours: Vec<&Share> =
            ours.iter().filter(|share| zone.is_none_or(|zone| share.row.zone == *zone)).collect();
        let mut changes = Vec::new();
        match &mut change {
            Change::Create { new, .. } | Change::Update { new, .. } => {
                new.labels.set(OWNER, self.owner.as_str());
                new.labels.remove(payload::NONCE);
                if let Some(says) = Statement::noted_on(&new.labels, &new.record_type) {
                    changes = self.say(&new.name, &new.record_type, &says, &new.properties, &ours);
                }
            }
            Change::Delete { old, .. } => {
                if let Some(says) = farewell(&ours) {
                    changes = self.say(&old.name, &old.record_type, &says, &old.properties, &ours);
                }
            }
        }
        let owned = match &change {
            Change::Create { new, .. } => self.ownership_row(&new.name, &new.record_type, None, rows),
            Change::Update { old, .. } => self.ownership_row(&old.name, &old.record_type, Some(old), rows),
            Change::Delete { .. } => None,
        };
        changes.extend(owned.map(removal));
        ZoneChange { change, rows: changes }
    }

    /// The removal of what we say of a record that is no longer shared.
    pub(super) fn end_sharing(&self, change: &Change, rows: &Rows) -> Vec<RowChange> {
        if rows.has_no_shares() || matches!(change, Change::Delete { .. }) {
            return Vec::new();
        }
        rows.our_shares(&key_of(change)).iter().map(|share| removal(share.row.clone())).collect()
    }

    /// What makes our rows of a record say this, in one row of today's name, or in none.
    fn say(
        &self,
        name: &DnsName,
        record_type: &RecordType,
        says: &Statement,
        properties: &Properties,
        ours: &[&Share],
    ) -> Vec<RowChange> {
        let (current, former): (Vec<&Share>, Vec<&Share>) = ours.iter().partition(|share| share.is_current);
        let mut current = current.into_iter();
        let today = current.next();
        let mut changes = Vec::new();
        if says.is_empty() {
            changes.extend(today.map(|share| removal(share.row.clone())));
        } else if today.is_none_or(|share| share.says != *says) {
            let write = self.share_row(name, record_type, says, properties);
            let read = today.map(|share| share.row.clone());
            changes.extend(write.map(|write| RowChange { read, expected: None, write: Some(write) }));
        }
        changes.extend(current.chain(former).map(|share| removal(share.row.clone())));
        changes
    }

    fn share_row(
        &self,
        name: &DnsName,
        record_type: &RecordType,
        says: &Statement,
        properties: &Properties,
    ) -> Option<Endpoint> {
        let row = self.share_name(name, record_type, &self.owner)?;
        let longest = if self.encrypt { LONGEST_SEALED } else { LONGEST };
        let texts = values(name, record_type, &self.owner, says, longest)?;
        let sealed = texts.into_iter().map(|text| match &self.key {
            Some(key) if self.encrypt => key.seal(&text, self.nonces.next()),
            _ => Some(text),
        });
        let targets = sealed.map(|text| Some(Target::Text(quoted(&text?).into()))).collect::<Option<_>>()?;
        let row = Endpoint::from_parts(row, RecordType::Txt, targets, properties.clone());
        Some(row.with_label(OWNED_RECORD, name.as_str()))
    }

    /// The ownership row that makes a record ours alone, as it was read.
    fn ownership_row(
        &self,
        name: &DnsName,
        record_type: &RecordType,
        old: Option<&Record>,
        rows: &Rows,
    ) -> Option<Record> {
        let row_name = self.row_name(name, record_type)?;
        let row = rows.find(&row_name, "", old.map(|old| &old.zone))?;
        let read = match old {
            Some(old) if row.has_other_users(old) => return None,
            Some(old) => row.record(&row_name, old),
            None => row.odd()?,
        };
        self.owner_of(&read).filter(|owner| *owner == self.owner).map(|_| read)
    }
}

/// All that we said is on its way out; `None` where we said nothing.
fn farewell(ours: &[&Share]) -> Option<Statement> {
    let first = ours.first()?;
    let all = ours.iter().flat_map(|share| share.says.targets.iter().chain(&share.says.leaving));
    let leaving: BTreeSet<Target> = all.cloned().collect();
    Some(Statement {
        leaving: leaving.into_iter().collect(),
        resource: first.says.resource.clone(),
        ..Statement::default()
    })
}

fn removal(read: Record) -> RowChange {
    RowChange { read: Some(read), expected: None, write: None }
}

fn key_of(change: &Change) -> RecordKey {
    RecordKey {
        name: change.name().clone(),
        record_type: change.record_type().clone(),
        set_identifier: change.set_identifier().clone(),
    }
}

/// A row's name behind the digits that stand for the owner.
fn behind_digits(owner: &Owner, row: &DnsName) -> Option<DnsName> {
    let hash = Sha256::digest(owner.as_str().as_bytes());
    let digits: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    DnsName::parse(&format!("{digits}--{row}")).ok()
}

/// The values of a row; `None` where a single piece of it is too long for one.
fn values(
    name: &DnsName,
    record_type: &RecordType,
    owner: &Owner,
    says: &Statement,
    longest: usize,
) -> Option<Vec<String>> {
    let ttl = says.ttl.configured().map(|ttl| ("ttl", ttl.to_string()));
    let resource = says.resource.as_deref().filter(|text| Labels::check(RESOURCE, text).is_ok());
    let head =
        [("owner", owner.as_str().to_owned()), ("name", name.to_string()), ("type", record_type.to_string())];
    let single = |key: &'static str, targets: &[Target]| -> Vec<(&'static str, String)> {
        targets.iter().map(|target| (key, join_targets(std::slice::from_ref(target)))).collect()
    };
    let tokens = head
        .into_iter()
        .chain(single("targets", &says.targets))
        .chain(single("leaving", &says.leaving))
        .chain(ttl)
        .chain(resource.map(|resource| ("resource", resource.to_owned())));
    let mut values = vec![HERITAGE.to_owned()];
    let mut last = "";
    for (key, text) in tokens {
        let is_more = matches!(key, "targets" | "leaving") && last == key;
        let token = if is_more { format!("{TARGET_SEPARATOR}{text}") } else { format!(",{KEY}{key}={text}") };
        let value = values.last_mut()?;
        if value.len() + token.len() <= longest {
            value.push_str(&token);
        } else {
            let value = format!("{HERITAGE},{KEY}{key}={text}");
            if value.len() > longest {
                return None;
            }
            values.push(value);
        }
        last = key;
    }
    Some(values)
}

/// Reads the values of a row together. A row that does not say whose it is or of what is none.
fn parse(values: impl Iterator<Item = String>) -> Option<(DnsName, RecordType, Owner, Statement)> {
    let mut tokens: Vec<(String, String)> = Vec::new();
    for value in values.filter(|value| value.split(',').any(|token| token == HERITAGE)) {
        let own = value.split(',').filter_map(|token| token.strip_prefix(KEY)?.split_once('='));
        tokens.extend(own.map(|(key, text)| (key.to_owned(), text.to_owned())));
    }
    let all = |key: &'static str| {
        tokens.iter().filter(move |(other, _)| other == key).map(|(_, text)| text.as_str())
    };
    let record_type = RecordType::from_text(all("type").next()?);
    let owner = Owner::new(all("owner").next()?)?;
    let name = DnsName::parse(all("name").next()?).ok()?;
    let targets = |key| {
        let texts: Vec<&str> = all(key).collect();
        parse_targets(&record_type, &texts.join(&TARGET_SEPARATOR.to_string()))
    };
    let says = Statement {
        targets: targets("targets"),
        leaving: targets("leaving"),
        ttl: Ttl::from_seconds(all("ttl").next().and_then(|ttl| ttl.parse().ok()).unwrap_or_default()),
        resource: all("resource").next().map(Into::into),
    };
    Some((name, record_type, owner, says))
}

#[cfg(test)]
mod tests;
