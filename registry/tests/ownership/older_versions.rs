//! Zones as ExternalDNS 0.10 to 0.22 wrote them (`zones/`): under the same flags no record changes. Where a record has no row of
//! today's form yet it gets one, once; that is what ExternalDNS v0.22 was recorded to do. When the objects go, the records go with
//! the rows of today's form, and the rows of older forms stay, as v0.22 leaves them.

use super::{Stage, record, settings, signs};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;
use zonewright_planner::{Endpoint, Holds, Owner, Policy, Record};
use zonewright_registry::TxtSettings;

const RESOURCE: &str = "ingress/shop/web";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Zone {
    title: String,
    flags: Vec<String>,
    /// What every row says; the usual text if absent.
    text: Option<String>,
    records: Vec<String>,
    rows: Vec<String>,
    /// Rows that the first cycle writes.
    written: Vec<String>,
    /// Rows that are left when nothing is wanted any more.
    left: Vec<String>,
}

#[test]
fn nothing_changes_and_what_is_released_goes_with_its_rows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ownership/zones");
    let mut versions = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let version = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let zones: Vec<Zone> = serde_saphyr::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        zones.iter().for_each(|zone| zone.check(&format!("{version}, {}", zone.title)));
        versions.insert(version);
    }
    let expected = ["0.10", "0.12", "0.13.5", "0.16", "0.20", "0.21", "0.22"];
    assert_eq!(versions, expected.map(str::to_owned).into());
}

impl Zone {
    fn check(&self, what: &str) {
        let records: Vec<Record> = self.records.iter().map(|line| stored(line)).collect();
        let rows: Vec<Record> = self.rows.iter().map(|line| self.row(line)).collect();
        let wishes: Vec<Endpoint> = records.iter().map(wish).collect();
        let zone: Vec<Record> = records.iter().chain(&rows).cloned().collect();
        let mut stage = Stage::new(self.settings(), Policy::Sync, zone.clone());
        let none = Holds::default();

        stage.cycle(&wishes, &none);
        for before in &zone {
            assert!(stage.zone.iter().any(|now| is_same(now, before)), "{what}: {} changed", before.name);
        }
        let new = stage.zone.iter().filter(|record| !zone.iter().any(|before| before.key() == record.key()));
        assert_eq!(names(new), lines(&self.written), "{what}: written");
        let owned = stage.registry.read(stage.zone.clone()).records;
        let stranger = owned.iter().find(|record| !record.is_owned_by(stage.registry.owner()));
        assert_eq!(stranger, None, "{what}");
        let (again, _) = stage.cycle(&wishes, &none);
        assert!(again.is_empty(), "{what}: a second cycle sends {:?}", signs(&again));

        self.check_another_prefix(what, &zone, &wishes);
        // From what was found, and from what the first cycle made of it.
        for start in [zone, stage.zone] {
            let mut stage = Stage::new(self.settings(), Policy::Sync, start);
            stage.cycle(&[], &none);
            assert_eq!(names(&stage.zone), lines(&self.left), "{what}: left");
            assert!(stage.cycle(&[], &none).0.is_empty(), "{what}: a second cycle after the deletion");
        }
    }

    /// Under another prefix, with the former affix read, every record gets a new row, and nothing else happens.
    fn check_another_prefix(&self, what: &str, zone: &[Record], wishes: &[Endpoint]) {
        let mut settings = self.settings();
        let (prefix, suffix) = (std::mem::take(&mut settings.prefix), std::mem::take(&mut settings.suffix));
        match suffix.is_empty() {
            true => settings.former_prefixes.push(prefix),
            false => settings.former_suffixes.push(suffix),
        }
        settings.prefix = "moved-".to_owned();
        let mut stage = Stage::new(settings, Policy::Sync, zone.to_vec());
        let (changes, skips) = stage.cycle(wishes, &Holds::default());
        assert_eq!(signs(&changes), vec!["+TXT"; wishes.len()], "{what}: {skips:?}");
        assert!(zone.iter().all(|record| stage.zone.contains(record)), "{what}: nothing else changes");
        assert!(stage.cycle(wishes, &Holds::default()).0.is_empty(), "{what}: a second cycle");
    }

    fn settings(&self) -> TxtSettings {
        let mut settings = settings();
        for flag in &self.flags {
            let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
            match name {
                "--txt-prefix" => settings.prefix = value.to_owned(),
                "--txt-suffix" => settings.suffix = value.to_owned(),
                "--txt-wildcard-replacement" => settings.wildcard_replacement = value.to_owned(),
                "--txt-owner-id" => settings.owner = Owner::new(value),
                "--txt-encrypt-enabled" => settings.encrypt = true,
                "--txt-encrypt-aes-key" => settings.key = Some(value.into()),
                other => panic!("{other}"),
            }
        }
        settings
    }

    fn row(&self, line: &str) -> Record {
        let usual =
            || format!("heritage=external-dns,external-dns/owner=me,external-dns/resource={RESOURCE}");
        let text = self.text.clone().unwrap_or_else(usual);
        let (name, set) = line.split_once(" set=").unwrap_or((line, ""));
        let row = record(name, "TXT", &format!("\"{text}\""));
        Record { set_identifier: set.into(), ..row }
    }
}

/// `NAME TYPE TARGET [alias] [set=…]`
fn stored(line: &str) -> Record {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut record = record(words[0], words[1], words[2]);
    for option in &words[3..] {
        match option.split_once('=') {
            None if *option == "alias" => record.properties.set("alias", "true"),
            Some(("set", set)) => record.set_identifier = set.into(),
            _ => panic!("{line}"),
        }
    }
    record
}

fn wish(record: &Record) -> Endpoint {
    let Record { name, record_type, targets, properties, set_identifier, .. } = record.clone();
    Endpoint::from_parts(name, record_type, targets, properties)
        .with_set_identifier(set_identifier)
        .with_label("resource", RESOURCE)
}

fn is_same(a: &Record, b: &Record) -> bool {
    a.key() == b.key() && a.targets == b.targets && a.properties == b.properties && a.ttl == b.ttl
}

fn lines(lines: &[String]) -> BTreeSet<String> {
    let row = |line: &String| {
        let (name, set) = line.split_once(" set=").unwrap_or((line, ""));
        format!("{} TXT {set}", record(name, "TXT", "x").name)
    };
    lines.iter().map(row).collect()
}

fn names<'a>(records: impl IntoIterator<Item = &'a Record>) -> BTreeSet<String> {
    let name = |record: &Record| format!("{} {} {}", record.name, record.record_type, record.set_identifier);
    records.into_iter().map(name).collect()
}
