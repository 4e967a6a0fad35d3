//! Changes as the protocol wants them: what ExternalDNS v0.22 would send for the same plan.

use serde::{Serialize, Serializer};
use std::borrow::Cow;
use zonewright_planner::{Change, Endpoint, Record};
use zonewright_provider_kit::wire::{WireChanges, WireEndpoint, WireProperty};
use zonewright_provider_kit::{Operation, RowChange, ZoneChange};

/// Marks a record whose ownership row is to be written anew. ExternalDNS puts it on the record it read and therefore on the
/// old side of the update, row included (registry/txt at v0.22); providers that compare properties rely on it.
const FORCE_UPDATE: &str = "txt/force-update";

/// One row of a change list, turned into JSON only when it is written.
pub(crate) struct Row<'a> {
    content: Content<'a>,
    force_update: bool,
}

enum Content<'a> {
    Read(&'a Record),
    Wish(&'a Endpoint),
}

impl<'a> Row<'a> {
    fn read(record: &'a Record, force_update: bool) -> Self {
        Self { content: Content::Read(record), force_update }
    }

    fn wish(endpoint: &'a Endpoint, force_update: bool) -> Self {
        Self { content: Content::Wish(endpoint), force_update }
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut endpoint = match self.content {
            Content::Read(record) => WireEndpoint::from(record),
            Content::Wish(endpoint) => WireEndpoint::from(endpoint),
        };
        let marked = endpoint.provider_specific.iter().any(|property| property.name == FORCE_UPDATE);
        if self.force_update && !marked {
            let mark = WireProperty { name: Cow::Borrowed(FORCE_UPDATE), value: Cow::Borrowed("true") };
            endpoint.provider_specific.push(mark);
        }
        endpoint.serialize(serializer)
    }
}

/// The four lists: records first, then the ownership rows in the same order. Only what is created comes the other way round:
/// most webhooks work off the list, and where one stops half-way, rows without records are mended by the next cycle, while
/// records without rows would look like somebody else's. (ExternalDNS puts records first everywhere.)
pub(crate) fn to_wire(changes: &[ZoneChange]) -> WireChanges<Row<'_>> {
    let mut wire = WireChanges::default();
    for row in changes.iter().flat_map(|change| &change.rows) {
        if let (None, Some(_), Some(Operation::Create(new))) = (&row.expected, &row.write, row.operation()) {
            wire.create.push(Row::wish(new, false));
        }
    }
    // Of records that owners share changed rows come first, too: no target may stand there that no row speaks for.
    for change in changes.iter().filter(|change| change.change.is_shared()) {
        change.rows.iter().for_each(|row| add_row(&mut wire, row, false));
    }
    for change in changes {
        let force_update = needs_row(&change.change);
        match &change.change {
            // Only its rows: the record is not mentioned at all.
            unchanged if unchanged.leaves_record_alone() => {}
            Change::Create { new, .. } => wire.create.push(Row::wish(new, false)),
            Change::Update { old, new, .. } => {
                wire.update_old.push(Row::read(old, force_update));
                wire.update_new.push(Row::wish(new, false));
            }
            Change::Delete { old, .. } => wire.delete.push(Row::read(old, force_update)),
        }
    }
    for change in changes.iter().filter(|change| !change.change.is_shared()) {
        let force_update = needs_row(&change.change);
        for row in &change.rows {
            add_row(&mut wire, row, force_update);
        }
    }
    wire
}

fn needs_row(change: &Change) -> bool {
    match change {
        Change::Create { .. } => false,
        Change::Update { old, .. } | Change::Delete { old, .. } => old.ownership.row_missing,
    }
}

/// Rows go by what v0.22 expects to exist, whether or not it does. Only where v0.22 expects nothing (a create) does it
/// matter what was read: a row that already stands there is left alone or replaced, never created a second time.
fn add_row<'a>(wire: &mut WireChanges<Row<'a>>, row: &'a RowChange, force_update: bool) {
    match (&row.expected, &row.write) {
        (Some(old), Some(new)) => {
            wire.update_old.push(Row::wish(old, force_update));
            wire.update_new.push(Row::wish(new, false));
        }
        (Some(old), None) => wire.delete.push(Row::wish(old, force_update)),
        (None, Some(_)) => match row.operation() {
            Some(Operation::Update(old, new)) => {
                wire.update_old.push(Row::read(old, false));
                wire.update_new.push(Row::wish(new, false));
            }
            // Creates stand at the head of the list already.
            Some(Operation::Create(_) | Operation::Delete(_)) | None => {}
        },
        // A row that v0.22 would not know of.
        (None, None) => wire.delete.extend(row.read.as_ref().map(|read| Row::read(read, false))),
    }
}
