//! What `zonewright plan` shows: one plan in three forms, all in the same order: changes by zone, what is left alone, problems,
//! the sum.

mod contents;
mod json;
mod markdown;
mod problems;
mod skips;
#[cfg(test)]
mod tests;
mod text;

pub(super) use text::words;

use crate::sync::World;
use crate::sync::guard::Withheld;
use crate::sync::report::CycleReport;
use std::sync::Arc;
use zonewright_planner::{Change, DnsName, ObjectRef, Policy};
use zonewright_provider_kit::{Zone, ZoneChange, zone_for};

/// The forms of a plan (`-o`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, in colour where wanted.
    Text,
    /// For programs; the schema is `docs/reference/plan.schema.json`.
    Json,
    /// For pull request comments.
    Markdown,
}

/// A plan with what is needed to show it.
#[derive(Debug, Clone, Copy)]
pub struct Preview<'a> {
    /// What a cycle would do.
    pub report: &'a CycleReport,
    /// What exists.
    pub world: &'a World,
    /// The changes of the plan, in its order, with their ownership records.
    pub changes: &'a [ZoneChange],
    /// Which changes may be made.
    pub policy: Policy,
    /// What is wrong with manifest files.
    pub manifest_problems: &'a [String],
}

/// Renders a plan. Only the text form has colour codes, and always; whoever prints it strips them where they are not wanted.
pub fn render(preview: Preview<'_>, format: Format) -> String {
    match format {
        Format::Text => text::render(preview),
        Format::Json => json::render(preview),
        Format::Markdown => markdown::render(preview),
    }
}

impl<'a> Preview<'a> {
    /// Whether everything could be read and planned.
    pub fn succeeded(&self) -> bool {
        self.report.succeeded() && self.manifest_problems.is_empty()
    }

    /// How many deletes the delete guard withholds.
    pub fn withheld(&self) -> usize {
        self.report.withheld.iter().map(|withheld| withheld.deletes.len()).sum()
    }

    fn zone_of(&self, change: &Change) -> Option<&'a Zone> {
        self.world.zone_of(change)
    }

    fn zone_of_name(&self, name: &DnsName) -> Option<&'a Zone> {
        zone_for(&self.world.zones, name)
    }

    /// The changes, grouped by zone in the order of the zones' headings.
    fn by_zone(&self) -> Vec<(String, Vec<&'a Change>)> {
        let mut zones: Vec<(String, Vec<&Change>)> = Vec::new();
        for ZoneChange { change, .. } in self.changes {
            let zone = self.zone_of(change).map(heading).unwrap_or_default();
            match zones.iter_mut().find(|(heading, _)| *heading == zone) {
                Some((_, changes)) => changes.push(change),
                None => zones.push((zone, vec![change])),
            }
        }
        zones.sort_by(|a, b| a.0.cmp(&b.0));
        zones
    }
}

/// A zone as people call it. Zones of one name (split horizon) are told apart by their ids.
fn heading(zone: &Zone) -> String {
    match &zone.name {
        Some(name) if name.as_str() == zone.id.as_str() => format!("Zone {}", name.to_unicode()),
        Some(name) => format!("Zone {} ({})", name.to_unicode(), zone.id),
        // Only a webhook provider keeps its zones to itself.
        None => format!("Provider {}", zone.id),
    }
}

/// What is withheld of a zone and why.
fn why_withheld(withheld: &Withheld) -> String {
    format!("{}. Creates and updates go on.", withheld.why())
}

/// What to do about it.
fn how_to_approve(withheld: &Withheld) -> String {
    let hash = &withheld.hash;
    format!(
        "To let exactly these deletes through, once: `zonewright approve {hash}` beside the daemon, or \
         `--approve-hash={hash}` with --once."
    )
}

fn objects(objects: &[Arc<ObjectRef>]) -> Vec<String> {
    objects.iter().map(|object| object.to_string()).collect()
}

/// `new, from service/web/api`. Objects beyond the third are counted.
fn because(reason: &str, objects: &[String]) -> String {
    const SHOWN: usize = 3;
    let mut from = objects.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if objects.len() > SHOWN {
        from.push_str(&format!(" and {} more", objects.len() - SHOWN));
    }
    match (reason.is_empty(), from.is_empty()) {
        (false, false) => format!("{reason}, from {from}"),
        (true, false) => format!("from {from}"),
        (_, true) => reason.to_owned(),
    }
}

/// Why something is changed, in one line. Of a delete, the ownership record says who asked for it once.
fn why(change: &Change) -> String {
    if let Change::Delete { old, .. } = change
        && let Some(resource) = old.labels.resource()
    {
        return format!("{}; it was made for {resource}", change.reason());
    }
    because(&change.reason(), &objects(change.objects()))
}

fn with_set(name: &DnsName, set_identifier: &str) -> String {
    match set_identifier {
        "" => name.to_unicode(),
        set => format!("{} [{set}]", name.to_unicode()),
    }
}

/// Texts come from manifests and from DNS: whatever would steer a terminal or turn the direction of writing is shown as its
/// escape.
pub(super) fn clean(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match steers(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
        out
    })
}
