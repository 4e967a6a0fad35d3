//! Ownership rows as anybody who may write TXT records in the zone can leave them, plain and encrypted.

use std::sync::OnceLock;
use zonewright_planner::{
    Change, CreateReason, Endpoint, Labels, Owner, Properties, Record, RecordType, ZoneId,
};
use zonewright_provider_kit::ZoneChange;
use zonewright_registry::{NonceSource, Rows, TxtRegistry, TxtSettings};

/// A key that everybody may know.
const KEY: &str = "01234567890123456789012345678901";

/// Lines of `name payload`; each is a TXT record, beside a few records that they may be about. What is behind `seal ` is what an
/// encrypted row would hold.
pub fn run(data: &[u8]) {
    let text = super::text(data);
    let mut records = vec![
        record("web.example.org", RecordType::A, "192.0.2.1"),
        record("c.example.org", RecordType::Cname, "d.example.org"),
    ];
    for line in text.lines().take(32) {
        labels(line);
        let (name, payload) = line.split_once(' ').unwrap_or(("a-web.example.org", line));
        let Ok(row) = Record::from_text(ZoneId::new("z"), name, RecordType::Txt, &[payload]) else {
            continue;
        };
        records.push(row);
    }
    for registry in registries() {
        let owned = registry.read(records.clone());
        for record in &owned.records {
            if record.labels.owner() == Some("me") {
                assert!(record.is_owned_by(Owner::new("me").as_ref()));
            }
        }
        let _ = registry.leftovers(&owned.rows);
        for label in text.lines().take(2) {
            written_is_read(registry, label, &owned.rows);
        }
    }
}

/// What a payload says, it says again after it has been written.
fn labels(payload: &str) {
    let Some(labels) = Labels::from_ownership_text(payload) else { return };
    if labels.iter().all(|(key, value)| Labels::check(key, value).is_ok()) {
        let written = labels.to_ownership_text();
        assert!(labels.are_ownership_text(&written), "{written:?}");
    }
}

/// A record of ours with any label is ours when it is read again.
fn written_is_read(registry: &TxtRegistry, label: &str, rows: &Rows) {
    let wish = Endpoint::new("new.example.org", RecordType::A, &["192.0.2.2"], Properties::new());
    let wish = wish.expect("a wish").with_label("resource", label);
    if registry.writable(&wish).is_err() {
        return;
    }
    let change: ZoneChange = registry.decorate(Change::create(wish, CreateReason::New), rows);
    let mut zone = vec![record("new.example.org", RecordType::A, "192.0.2.2")];
    for row in change.rows.iter().filter_map(|row| row.write.as_ref()) {
        zone.push(Record::from_endpoint(ZoneId::new("z"), row));
    }
    let read = registry.read(zone);
    let ours =
        read.records.iter().find(|record| record.name.as_str() == "new.example.org").expect("it is there");
    assert_eq!(ours.labels.owner(), Some("me"), "{label:?}");
}

fn record(name: &str, record_type: RecordType, target: &str) -> Record {
    Record::from_text(ZoneId::new("z"), name, record_type, &[target]).expect("a record")
}

fn registries() -> &'static [TxtRegistry; 2] {
    static REGISTRIES: OnceLock<[TxtRegistry; 2]> = OnceLock::new();
    let make = |encrypt: bool| {
        let settings = TxtSettings::new("me", NonceSource::from_seed([7; 32]));
        let key = encrypt.then(|| KEY.into());
        TxtRegistry::new(TxtSettings { encrypt, key, ..settings }).expect("settings that work")
    };
    REGISTRIES.get_or_init(|| [make(false), make(true)])
}
