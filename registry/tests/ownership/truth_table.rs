//! `truth-table.txt`, cell by cell, for several types, affixes and set identifiers. Every cell is one cycle; a second one must find
//! nothing to do, and whatever the table says, nothing of others is touched.

use super::{Stage, record, settings, signs};
use futures::executor::block_on;
use rstest::rstest;
use zonewright_planner::{Record, RecordType};
use zonewright_registry::battery::Problem;
use zonewright_registry::battery::truth_table::{self, Cell, Site};

const TABLE: &str = include_str!("truth-table.txt");
const RESOURCE: &str = "crd/default/web";

/// How records and rows of a run are called.
struct Names {
    site: Site<'static>,
    prefix: &'static str,
    suffix: &'static str,
    current: &'static str,
    older: &'static str,
}

#[rstest]
#[case::plain("A", "", "", "", "a-web.example.org", "web.example.org")]
#[case::prefix("A", "own.", "", "", "own.a-web.example.org", "own.web.example.org")]
#[case::template("A", "%{record_type}-own.", "", "", "a-own.web.example.org", "-own.web.example.org")]
#[case::suffix("A", "", "-own", "", "a-web-own.example.org", "web-own.example.org")]
#[case::cname("CNAME", "own-", "", "", "own-cname-web.example.org", "own-web.example.org")]
#[case::set_identifier("A", "", "", "eu", "a-web.example.org", "web.example.org")]
fn every_cell(
    #[case] record_type: &'static str,
    #[case] prefix: &'static str,
    #[case] suffix: &'static str,
    #[case] set_identifier: &'static str,
    #[case] current: &'static str,
    #[case] older: &'static str,
) {
    let site = Site { name: "web.example.org", record_type, set_identifier };
    let names = Names { site, prefix, suffix, current, older };
    // Two states of the record, eight of the rows; three wishes without record, four with.
    let cells = 8 * (3 + 4) * 3;
    let played = block_on(truth_table::play(TABLE, cells, async |cell| names.play(cell)));
    played.unwrap_or_else(|problem| panic!("{problem}"));
}

impl Names {
    /// What happens in one cell: the signs of what is sent, then the codes of what is left undone.
    fn play(&self, cell: &Cell<'_>) -> Result<String, Problem> {
        let mut settings = settings();
        (settings.prefix, settings.suffix) = (self.prefix.to_owned(), self.suffix.to_owned());
        let zone = self.zone(cell)?;
        let mut stage = Stage::new(settings, cell.policy, zone.clone());
        let (wishes, holds) = self.site.wishes(cell)?;
        let (changes, skips) = stage.cycle(&wishes, &holds);
        for row in zone.iter().filter(|row| row.targets.iter().any(|t| t.to_string().contains("owner=them")))
        {
            assert!(stage.zone.contains(row), "{cell}: {} is not ours", row.name);
        }
        let ours = |name: &str| {
            zone.iter().any(|r| r.name.as_str() == name && r.record_type == RecordType::Txt && is_ours(r))
        };
        let is_owned = ours(self.current) || (!self.is_taken(&zone) && ours(self.older));
        if cell.exists && !is_owned {
            assert_eq!(stage.zone, zone, "{cell}: not ours");
        }
        let (again, _) = stage.cycle(&wishes, &holds);
        assert!(again.is_empty(), "{cell}: a second cycle sends {:?}", signs(&again));
        let done = signs(&changes).join(" ").replace(self.site.record_type, "record").replace("TXT", "row");
        Ok(truth_table::words(&done, &skips))
    }

    fn is_taken(&self, zone: &[Record]) -> bool {
        zone.iter()
            .any(|r| r.name.as_str() == self.current && r.record_type == RecordType::Txt && !is_ours(r))
    }

    fn zone(&self, cell: &Cell<'_>) -> Result<Vec<Record>, Problem> {
        let mut zone: Vec<Record> = self.site.existing(cell)?.into_iter().collect();
        for row in cell.rows.split(", ").filter(|row| *row != "none") {
            let (owner, name) = match row.split_once(' ') {
                Some((owner, "old")) => (owner, self.older),
                None => (row, self.current),
                Some(_) => panic!("{row}"),
            };
            let text = format!(
                "\"heritage=external-dns,external-dns/owner={owner},external-dns/resource={RESOURCE}\""
            );
            zone.push(record(name, "TXT", &text));
        }
        zone.iter_mut().for_each(|record| record.set_identifier = self.site.set_identifier.into());
        Ok(zone)
    }
}

fn is_ours(row: &Record) -> bool {
    row.targets.iter().any(|target| target.to_string().contains("owner=me"))
}
