//! Who owns the records of a name, and who holds it without one: by ownership records in the zone and in a table beside it.

use super::OwnershipRow;
use crate::status::Scene;
use crate::status::records::part_of;
use zonewright_planner::{DnsName, Owner, Record, RecordKey};
use zonewright_registry::{Registry, row_key};

pub(super) fn ownership(scene: Scene<'_>, name: &DnsName) -> Vec<OwnershipRow> {
    let registry = &scene.rules.registry;
    let exclusive = scene.world.records_at(name).filter(|record| !record.ownership.shared);
    let mut rows: Vec<OwnershipRow> = exclusive.map(|record| of_record(registry, record)).collect();
    rows.extend(shares(scene, name));
    let parts = scene.world.parts.iter();
    let claims = parts
        .flat_map(|part| part.owned.claims.iter().filter(|(key, _)| !part.owned.shares.contains_key(key)));
    rows.extend(claims.filter(|(key, _)| key.name == *name).map(|(key, owner)| claim(key, owner)));
    let in_table = claims_in_table(registry, name, &rows);
    rows.extend(in_table);
    rows
}

fn of_record(registry: &Registry, record: &Record) -> OwnershipRow {
    let owner = record.labels.owner();
    let in_zone = || owner.and(registry.row_name(record)).map(|row| row.to_string());
    let (row, table) = match registry.table_key(record) {
        Some(key) => (Some(key), registry.table_name().map(str::to_owned)),
        None => (in_zone(), None),
    };
    OwnershipRow {
        record_type: record.record_type.to_string(),
        set_identifier: record.set_identifier.to_string(),
        owner: owner.filter(|owner| !owner.is_empty()).map(str::to_owned),
        row,
        table,
        exists: true,
        shares: None,
    }
}

fn shares(scene: Scene<'_>, name: &DnsName) -> Vec<OwnershipRow> {
    let rows = scene.world.shares_at(name).map(|(key, share)| {
        let part = part_of(share);
        OwnershipRow {
            record_type: key.record_type.to_string(),
            set_identifier: key.set_identifier.to_string(),
            owner: Some(part.owner),
            row: Some(share.row.name.to_string()),
            table: None,
            exists: scene.world.records_at(name).any(|record| record.record_type == key.record_type),
            shares: Some(part.targets),
        }
    });
    rows.collect()
}

fn claim(key: &RecordKey, owner: &Owner) -> OwnershipRow {
    OwnershipRow {
        record_type: key.record_type.to_string(),
        set_identifier: key.set_identifier.to_string(),
        owner: Some(owner.to_string()),
        row: None,
        table: None,
        exists: false,
        shares: None,
    }
}

/// Rows of other owners in the table whose records do not exist. Which do is told by the rows so far, by their keys: that of an alias may
/// be one that an older version wrote for a CNAME.
fn claims_in_table(registry: &Registry, name: &DnsName, told: &[OwnershipRow]) -> Vec<OwnershipRow> {
    let (Some(table), Some(claims)) = (registry.table_name(), registry.claims()) else { return Vec::new() };
    let is_told = |key: &str| told.iter().any(|row| row.table.is_some() && row.row.as_deref() == Some(key));
    let of_name = claims.iter().filter(|(key, _)| key.name == *name);
    let rows = of_name.map(|(key, owner)| OwnershipRow {
        row: Some(row_key(key)),
        table: Some(table.to_owned()),
        ..claim(key, owner)
    });
    rows.filter(|row| row.row.as_deref().is_some_and(|key| !is_told(key))).collect()
}
