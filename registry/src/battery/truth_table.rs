//! Truth tables of ownership: what becomes of a record, the rows that speak of it and a wish, in one cycle under each policy. A line is
//! `record | rows | wish | sync | upsert-only | create-only`; how rows are written down, and what the cells say, is the table's own.

use super::{Done, Instance, Problem, RESOURCE, Stage, Subject, item, record, settings, wish};
use std::fmt;
use std::sync::Arc;
use zonewright_planner::{DnsName, Endpoint, Hold, HoldReason, Holds, ObjectRef, Policy, Record, Skip, Uid};

const TABLE: &str = include_str!("truth-table.txt");
const POLICIES: [Policy; 3] = [Policy::Sync, Policy::UpsertOnly, Policy::CreateOnly];

/// One cell, and what leads to it.
#[derive(Debug)]
pub struct Cell<'a> {
    /// Whether the record exists.
    pub exists: bool,
    /// The rows, in the words of the table.
    pub rows: &'a str,
    wish: &'a str,
    /// The policy of its column.
    pub policy: Policy,
    expected: &'a str,
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exists = if self.exists { "present" } else { "absent" };
        write!(f, "{exists} | {} | {} | {}", self.rows, self.wish, self.policy.as_str())
    }
}

/// Plays every cell of a table, which has to have this number of them.
///
/// # Errors
/// Which cells come out otherwise than they say; or the first that cannot be played.
pub async fn play(
    table: &str,
    count: usize,
    mut play: impl AsyncFnMut(&Cell<'_>) -> Result<String, Problem>,
) -> Done {
    let (mut cells, mut differences) = (0, Vec::new());
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        for cell in parse(line).ok_or_else(|| Problem::TruthTable(line.to_owned()))? {
            let found = play(&cell).await?;
            if found != cell.expected {
                differences.push(format!("{cell}: expected {:?}, found {found:?}", cell.expected));
            }
            cells += 1;
        }
    }
    same!(cells, count);
    match differences.len() {
        0 => Ok(()),
        differing => Err(Problem::Cells { differing, cells, list: differences.join("\n") }),
    }
}

fn parse(line: &str) -> Option<[Cell<'_>; 3]> {
    let columns: Vec<&str> = line.split('|').map(str::trim).collect();
    let [exists, rows, wish, sync, upsert_only, create_only] = *columns.as_slice() else { return None };
    let exists = match exists {
        "present" => true,
        "absent" => false,
        _ => return None,
    };
    let [first, second, third] = POLICIES;
    let cell = |policy, expected| Cell { exists, rows, wish, policy, expected };
    Some([cell(first, sync), cell(second, upsert_only), cell(third, create_only)])
}

/// Where a table is played: the record that it is about.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type: A or CNAME.
    pub record_type: &'a str,
    /// Empty where it has none.
    pub set_identifier: &'a str,
}

impl Site<'_> {
    fn target(&self, other: bool) -> &'static str {
        match (self.record_type, other) {
            ("CNAME", false) => "one.example.net",
            ("CNAME", true) => "two.example.net",
            (_, false) => "192.0.2.1",
            (_, true) => "192.0.2.2",
        }
    }

    /// The record that exists in a cell, if one does.
    ///
    /// # Errors
    /// There can be no such record.
    pub fn existing(&self, cell: &Cell<'_>) -> Result<Option<Record>, Problem> {
        if !cell.exists {
            return Ok(None);
        }
        let mut record = record(self.name, self.record_type, self.target(false))?;
        record.set_identifier = self.set_identifier.into();
        Ok(Some(record))
    }

    /// What is wished for in a cell, and what is held.
    ///
    /// # Errors
    /// The table has another word, or there can be no such wish.
    pub fn wishes(&self, cell: &Cell<'_>) -> Result<(Vec<Endpoint>, Holds), Problem> {
        let endpoint = |other| {
            let wish = wish(self.name, self.record_type, self.target(other))?;
            Ok::<_, Problem>(wish.with_set_identifier(self.set_identifier))
        };
        Ok(match cell.wish {
            "wanted" => (vec![endpoint(false)?], Holds::default()),
            "changed" => (vec![endpoint(true)?], Holds::default()),
            "unwanted" => (Vec::new(), Holds::default()),
            "held" => (Vec::new(), Holds::new([self.hold()?], Vec::new())),
            other => return Err(Problem::TruthTable(other.to_owned())),
        })
    }

    fn hold(&self) -> Result<Hold, Problem> {
        let none: fn() -> Arc<str> = Arc::default;
        let object = ObjectRef {
            source: "crd",
            kind: "DNSEndpoint",
            api_version: "",
            namespace: none(),
            name: none(),
            uid: Uid::default(),
        };
        Ok(Hold {
            object: object.into(),
            name: Some(DnsName::parse(self.name)?),
            set_identifier: self.set_identifier.into(),
            resource: Some(RESOURCE.to_owned()),
            reason: HoldReason::NoTarget,
        })
    }
}

/// The words of a cell: what is done, then in brackets the codes of what is left undone.
pub fn words(done: &str, skips: &[Skip]) -> String {
    let mut codes: Vec<&str> = skips.iter().map(|skip| skip.reason.code()).collect();
    codes.dedup();
    let codes = if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
    format!("{done}{codes}").split_whitespace().collect::<Vec<_>>().join(" ")
}

const SITES: [Site<'_>; 5] = [
    Site { name: "web.example.org", record_type: "A", set_identifier: "" },
    Site { name: "web.example.org", record_type: "CNAME", set_identifier: "" },
    Site { name: "*.example.org", record_type: "A", set_identifier: "" },
    Site { name: "example.org", record_type: "A", set_identifier: "" },
    Site { name: "web.example.org", record_type: "A", set_identifier: "eu#west" },
];

/// A second cycle must find nothing to do, and whatever the table says, nothing of others is touched.
pub(super) async fn every_cell_of_the_truth_table(table: &Subject) -> Done {
    for site in &SITES {
        // Two states of the record, three of the row; three wishes without record, four with.
        let cells = 3 * (3 + 4) * 3;
        play(TABLE, cells, async |cell| play_cell(table, site, cell).await).await?;
    }
    Ok(())
}

async fn play_cell(table: &Subject, site: &Site<'_>, cell: &Cell<'_>) -> Result<String, Problem> {
    let key = format!("{}#{}#{}", site.name, site.record_type, site.set_identifier);
    let rows = if cell.rows == "none" { Vec::new() } else { vec![item(&key, cell.rows)] };
    let stage = Stage::new(table, &rows, site.existing(cell)?.into_iter().collect()).await?;
    let before = (stage.rows().await?, stage.zone());
    let mut me = Instance::new(&stage, settings("me"), cell.policy)?;
    let (wishes, holds) = site.wishes(cell)?;
    let told = me.cycle(&wishes, &holds).await?;
    so!(told.failures.is_empty(), "{site:?} {cell}: {:?}", told.failures);
    if cell.rows == "them" || (cell.rows == "none" && cell.exists) {
        same!((stage.rows().await?, stage.zone()), before, "{site:?} {cell}: not ours");
    }
    let again = me.cycle(&wishes, &holds).await?;
    so!(again.done.is_empty(), "{site:?} {cell}: a second cycle does {:?}", again.done);
    let record = format!("{} {}", site.record_type, site.name);
    let done = told.done.join(" ").replace(&key, "").replace(&record, "record");
    Ok(words(&done, &told.skips))
}
