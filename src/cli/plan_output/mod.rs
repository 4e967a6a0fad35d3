//! What `zonewright plan` shows: one plan in three forms.

mod json;
mod markdown;
mod text;

use crate::sync::World;
use crate::sync::report::CycleReport;
use std::sync::Arc;
use zonewright_planner::{Change, ObjectRef, Properties, Target, Ttl};
use zonewright_provider_kit::zone_for;

/// The forms of a plan (`-o`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, in colour where wanted.
    Text,
    /// For programs; the schema is `docs/plan.schema.json`.
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
}

/// Renders a plan. Colour codes are always in the text form; whoever prints it strips them where they are not wanted.
pub fn render(preview: Preview<'_>, format: Format) -> String {
    match format {
        Format::Text => text::render(preview),
        Format::Json => json::render(preview),
        Format::Markdown => markdown::render(preview),
    }
}

impl Preview<'_> {
    /// The zone that a change goes to, as people call it.
    fn zone_of(&self, change: &Change) -> String {
        let zone = match change {
            Change::Create { new, .. } => zone_for(&self.world.zones, &new.name),
            Change::Update { old, .. } | Change::Delete { old, .. } => {
                self.world.zones.iter().find(|zone| zone.id == old.zone)
            }
        };
        zone.map(|zone| zone.name.as_ref().map_or(zone.id.to_string(), |name| name.to_unicode()))
            .unwrap_or_default()
    }

    /// The changes, grouped by zone in the order of the zones' names.
    fn by_zone(&self) -> Vec<(String, Vec<&Change>)> {
        let mut zones: Vec<(String, Vec<&Change>)> = Vec::new();
        for change in &self.report.plan.changes {
            let zone = self.zone_of(change);
            match zones.iter_mut().find(|(name, _)| *name == zone) {
                Some((_, changes)) => changes.push(change),
                None => zones.push((zone, vec![change])),
            }
        }
        zones.sort_by(|a, b| a.0.cmp(&b.0));
        zones
    }
}

fn targets(targets: &[Target]) -> Vec<String> {
    targets.iter().map(ToString::to_string).collect()
}

fn objects(objects: &[Arc<ObjectRef>]) -> Vec<String> {
    objects.iter().map(|object| object.to_string()).collect()
}

/// What a record holds, as one line: targets, TTL, properties.
fn contents(values: &[Target], ttl: Ttl, properties: &Properties) -> String {
    let mut line = targets(values).join(", ");
    if let Some(ttl) = ttl.configured() {
        line.push_str(&format!(" ttl={ttl}"));
    }
    for (name, value) in properties.iter() {
        line.push_str(&format!(" {name}={value}"));
    }
    line
}

/// Before and after of a change; one of them is missing for a create or a delete. Where only one detail differs both sides show it.
fn sides(change: &Change) -> (Option<String>, Option<String>) {
    match change {
        Change::Create { new, .. } => (None, Some(contents(&new.targets, new.ttl, &new.properties))),
        Change::Delete { old, .. } => (Some(contents(&old.targets, old.ttl, &old.properties)), None),
        Change::Update { old, new, .. } => {
            // No TTL asked for means that the present one stays.
            let ttl = if new.ttl.configured().is_some() { new.ttl } else { old.ttl };
            let before = contents(&old.targets, old.ttl, &old.properties);
            (Some(before), Some(contents(&new.targets, ttl, &new.properties)))
        }
    }
}

/// `2 to create, 1 to update, none to delete, 1 left alone`.
fn summary(report: &CycleReport) -> String {
    let number = |n: usize| if n == 0 { "none".to_owned() } else { n.to_string() };
    let plan = &report.plan;
    format!(
        "{} to create, {} to update, {} to delete, {} left alone",
        number(plan.count("create")),
        number(plan.count("update")),
        number(plan.count("delete")),
        number(plan.skips.len())
    )
}

#[cfg(test)]
mod tests;
