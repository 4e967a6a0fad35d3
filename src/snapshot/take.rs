//! Taking a snapshot: a listing, and what the registry makes of it.

use super::json::parse_target;
use super::{Kept, KeptShare, Snapshot, Vouches, ZoneContents};
use std::collections::BTreeMap;
use std::sync::Arc;
use zonewright_planner::ownership_text::NONCE;
use zonewright_planner::{
    DnsName, OWNER, Owner, Record, RecordKey, RecordType, STATEMENT_LABELS, Share, Target, ZoneId,
};
use zonewright_provider_kit::Zone;
use zonewright_registry::{Owned, Registry};

/// A zone and all that was listed of it.
#[derive(Debug)]
pub struct Listed {
    /// The zone.
    pub zone: Zone,
    /// Its records, ownership records among them.
    pub records: Vec<Record>,
    /// Descriptions of what could not be understood.
    pub not_understood: Vec<String>,
}

/// The name of an ownership record and where it stands.
type RowSite = (DnsName, Arc<str>, ZoneId);

/// What zones hold. They are looked at together, because an ownership record of one may stand in another.
pub fn take(registry: &Registry, listed: Vec<Listed>) -> Vec<ZoneContents> {
    let all: Vec<Record> = listed.iter().flat_map(|listed| listed.records.iter().cloned()).collect();
    let owned = registry.read(all);
    let rows = rows(registry, &owned);
    let labelled: BTreeMap<(&ZoneId, RecordKey), &Record> =
        owned.records.iter().map(|record| ((&record.zone, record.key()), record)).collect();
    let zones = listed.into_iter().map(|listed| {
        let kept = |record: &Record| match labelled.get(&(&record.zone, record.key())) {
            Some(labelled) => of_record(labelled, owned.shares.get(&record.key()).map(Vec::as_slice)),
            None => of_row(record, &rows),
        };
        let (records, odd): (Vec<Kept>, Vec<Kept>) = listed.records.iter().map(kept).partition(is_readable);
        let odd = odd.into_iter().map(|kept| format!("{} {}: {}", kept.name, kept.record_type, texts(&kept)));
        ZoneContents {
            id: listed.zone.id.to_string(),
            name: listed.zone.name,
            records,
            not_understood: listed.not_understood.into_iter().chain(odd).collect(),
        }
    });
    let mut snapshot = Snapshot { zones: zones.collect(), ..Snapshot::default() };
    snapshot.sort();
    snapshot.zones
}

/// Whether a record can be read back. What a provider lists need not be what its type says.
fn is_readable(kept: &Kept) -> bool {
    let is_same = |target: &Target| {
        parse_target(&kept.record_type, &target.to_string(), false).is_ok_and(|read| read == *target)
    };
    !kept.targets.is_empty() && kept.targets.iter().all(is_same)
}

fn texts(kept: &Kept) -> String {
    kept.targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Where the ownership records of records stand in today's form. One that vouches for several records is that of the first.
fn rows<'a>(registry: &Registry, owned: &'a Owned) -> BTreeMap<RowSite, (&'a DnsName, &'a RecordType)> {
    let mut rows = BTreeMap::new();
    for record in &owned.records {
        if let Some(name) = registry.row_name(record) {
            let site = (name, record.set_identifier.clone(), record.zone.clone());
            rows.entry(site).or_insert((&record.name, &record.record_type));
        }
    }
    rows
}

fn of_row(record: &Record, rows: &BTreeMap<RowSite, (&DnsName, &RecordType)>) -> Kept {
    let site = (record.name.clone(), record.set_identifier.clone(), record.zone.clone());
    let vouches = match rows.get(&site) {
        Some((name, record_type)) => Vouches::For((*name).clone(), (*record_type).clone()),
        None => Vouches::Somehow,
    };
    Kept { vouches, ..bare(record) }
}

fn of_record(record: &Record, shares: Option<&[Share]>) -> Kept {
    let shares: Vec<KeptShare> = match record.ownership.shared {
        true => shares.unwrap_or_default().iter().filter(|share| share.is_active()).map(of_share).collect(),
        false => Vec::new(),
    };
    // While owners are migrated the label says what will be.
    let owner = record.ownership.migrate_from.clone();
    let owner = owner.or_else(|| Owner::new(record.labels.owner()?));
    // The labels of a shared record are those of one of its owners, depending on who looks.
    let is_kept = |key: &str| {
        !(record.ownership.shared || matches!(key, OWNER | NONCE) || key.starts_with(STATEMENT_LABELS))
    };
    let labels = record.labels.iter().filter(|(key, _)| is_kept(key));
    Kept {
        owner: owner.filter(|_| !record.ownership.shared),
        labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        shares,
        ..bare(record)
    }
}

fn of_share(share: &Share) -> KeptShare {
    KeptShare {
        owner: share.owner.clone(),
        targets: share.says.targets.clone(),
        ttl: share.says.ttl,
        resource: share.says.resource.as_deref().map(str::to_owned),
    }
}

fn bare(record: &Record) -> Kept {
    Kept {
        set_identifier: record.set_identifier.to_string(),
        properties: record
            .properties
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        ..Kept::plain(record.name.clone(), record.record_type.clone(), record.ttl, record.targets.clone())
    }
}
