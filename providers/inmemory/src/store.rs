//! The records, and the conditions under which they change.

use std::collections::BTreeMap;
use std::sync::Arc;
use zonewright_planner::{Change, Endpoint, Labels, Record, RecordKey, RecordType, ZoneId};
use zonewright_provider_kit::{ErrorClass, Operation, ProviderError, Zone, ZoneChange};

type Records = BTreeMap<RecordKey, Record>;

/// The records of every zone, sorted.
pub(crate) struct Store(BTreeMap<ZoneId, Records>);

/// What became of a list of changes.
pub(crate) struct Applied {
    /// One per change, in order.
    pub(crate) outcomes: Vec<Result<(), ProviderError>>,
    /// What to put back to undo all of it.
    pub(crate) undo: Undo,
}

/// What stood at a key before, in the order in which it was overwritten.
pub(crate) type Undo = Vec<(RecordKey, Option<Record>)>;

impl Applied {
    pub(crate) fn changed_anything(&self) -> bool {
        !self.undo.is_empty()
    }
}

impl Store {
    pub(crate) fn new(zones: &[Zone]) -> Self {
        Self(zones.iter().map(|zone| (zone.id.clone(), Records::new())).collect())
    }

    /// Everything in a zone; `None` when there is no such zone.
    pub(crate) fn records(&self, zone: &ZoneId) -> Option<impl Iterator<Item = &Record>> {
        self.0.get(zone).map(BTreeMap::values)
    }

    /// Everything, sorted by name, type and set identifier whatever the zones.
    pub(crate) fn all(&self) -> Vec<&Record> {
        let mut all: Vec<(&RecordKey, &Record)> = self.0.values().flatten().collect();
        all.sort_by_key(|(key, _)| *key);
        all.into_iter().map(|(_, record)| record).collect()
    }

    /// Stores a record set that does not exist yet.
    pub(crate) fn create(&mut self, zone: &Zone, new: &Endpoint) -> Result<(), ProviderError> {
        let Some(records) = self.0.get_mut(&zone.id) else { return Err(crate::no_such_zone(zone)) };
        create(records, zone, new, &mut Undo::new())
    }

    /// Applies changes; each as a whole or not at all. `None` when there is no such zone. Deletes come first, so that a
    /// record set may take the place of one of another type, whatever the order of the list.
    pub(crate) fn apply(&mut self, zone: &Zone, changes: &[ZoneChange]) -> Option<Applied> {
        let records = self.0.get_mut(&zone.id)?;
        let mut order: Vec<usize> = (0..changes.len()).collect();
        order.sort_by_key(|&i| rank(&changes[i].change));
        let mut outcomes = vec![Ok(()); changes.len()];
        let mut undo = Undo::new();
        for i in order {
            let before = undo.len();
            outcomes[i] = apply_one(records, zone, &changes[i], &mut undo);
            if outcomes[i].is_err() {
                put_back(records, undo.drain(before..).rev());
            }
        }
        Some(Applied { outcomes, undo })
    }

    /// Takes back what [`Store::apply`] did.
    pub(crate) fn undo(&mut self, zone: &ZoneId, undo: Undo) {
        if let Some(records) = self.0.get_mut(zone) {
            put_back(records, undo.into_iter().rev());
        }
    }
}

fn rank(change: &Change) -> u8 {
    match change {
        Change::Delete { .. } => 0,
        Change::Update { .. } => 1,
        Change::Create { .. } => 2,
    }
}

fn put_back(records: &mut Records, undo: impl Iterator<Item = (RecordKey, Option<Record>)>) {
    for (key, before) in undo {
        match before {
            Some(record) => records.insert(key, record),
            None => records.remove(&key),
        };
    }
}

fn apply_one(
    records: &mut Records,
    zone: &Zone,
    change: &ZoneChange,
    undo: &mut Undo,
) -> Result<(), ProviderError> {
    for operation in change.operations() {
        match operation {
            Operation::Create(new) => create(records, zone, new, undo)?,
            Operation::Update(old, new) => {
                remove(records, old, undo)?;
                create(records, zone, new, undo)?;
            }
            Operation::Delete(old) => remove(records, old, undo)?,
        }
    }
    Ok(())
}

fn create(records: &mut Records, zone: &Zone, new: &Endpoint, undo: &mut Undo) -> Result<(), ProviderError> {
    let refused =
        |class, why: &str| ProviderError::new(class, format!("{} {}: {why}", new.name, new.record_type));
    let record = to_record(zone.id.clone(), new);
    let key = record.key();
    if !zone.contains(&new.name) {
        return Err(refused(ErrorClass::InvalidRecord, &format!("the name is not in zone {}", zone.id)));
    }
    if new.targets.is_empty() {
        return Err(refused(ErrorClass::InvalidRecord, "a record set needs a target"));
    }
    if records.contains_key(&key) {
        return Err(refused(ErrorClass::Conflict, "the record set exists already"));
    }
    if let Some(beside) = excluded_by(records, &key) {
        let why = format!("a CNAME cannot stand beside other data (RFC 1034 section 3.6.2), here {beside}");
        return Err(refused(ErrorClass::InvalidRecord, &why));
    }
    records.insert(key.clone(), record);
    undo.push((key, None));
    Ok(())
}

/// The type of a record set that cannot share its name with a new one.
fn excluded_by<'a>(records: &'a Records, new: &RecordKey) -> Option<&'a RecordType> {
    // A is the first of the types, the empty set identifier the first of those.
    let first =
        RecordKey { name: new.name.clone(), record_type: RecordType::A, set_identifier: Arc::from("") };
    records
        .range(first..)
        .map(|(key, _)| key)
        .take_while(|key| key.name == new.name)
        .map(|key| &key.record_type)
        .find(|there| (**there == RecordType::Cname) != (new.record_type == RecordType::Cname))
}

fn remove(records: &mut Records, old: &Record, undo: &mut Undo) -> Result<(), ProviderError> {
    let conflict = |why: &str| {
        ProviderError::new(ErrorClass::Conflict, format!("{} {}: {why}", old.name, old.record_type))
    };
    let key = old.key();
    match records.get(&key) {
        None => Err(conflict("the record set does not exist")),
        Some(there) if !is_same(there, old) => {
            Err(conflict("the record set is not what it was when it was read"))
        }
        Some(_) => {
            let before = records.remove(&key);
            undo.push((key, before));
            Ok(())
        }
    }
}

fn is_same(there: &Record, old: &Record) -> bool {
    there.ttl == old.ttl && there.properties == old.properties && there.has_targets(&old.targets)
}

/// Labels are not stored, as no DNS server stores them: who owns a record is told by its ownership row.
pub(crate) fn to_record(zone: ZoneId, endpoint: &Endpoint) -> Record {
    Record { labels: Labels::new(), ..Record::from_endpoint(zone, endpoint) }
}
