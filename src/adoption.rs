//! Adopting: records that were made without us become ours as they are, by an ownership record alone.
//!
//! ```text
//! names and patterns ─┐
//! records, owners ────┴─> a plan: an update of nothing but the ownership record, or why not
//! ```

use crate::sync::{Errand, Pipeline, World};
use std::collections::BTreeSet;
use std::sync::OnceLock;
use zonewright_planner::{
    Change, DnsName, Endpoint, OWNER, Owner, Plan, Record, RecordType, SHARED, Skip, SkipReason,
    UpdateReason, ZoneId,
};

/// A name, or several: each asterisk stands for any text, dots included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern(DnsName);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it could be part of no name.
    pub fn parse(text: &str) -> Result<Self, String> {
        DnsName::parse(text).map(Self).map_err(|error| error.to_string())
    }

    /// Whether a name is one of these.
    pub fn matches(&self, name: &DnsName) -> bool {
        let mut pieces = self.0.as_str().split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = name.as_str().strip_prefix(first) else { return false };
        let Some(last) = pieces.next_back() else { return rest.is_empty() };
        // The earliest place for each piece leaves the most room for the next.
        for piece in pieces {
            let Some((_, after)) = rest.split_once(piece) else { return false };
            rest = after;
        }
        rest.ends_with(last)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads a list of patterns: one on each line, blank lines and what stands behind `#` aside.
///
/// # Errors
/// The first line that is none, by its number.
pub fn parse_list(text: &str) -> Result<Vec<Pattern>, String> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .map(|(i, line)| Pattern::parse(line).map_err(|error| format!("line {}: {error}", i + 1)))
        .collect()
}

/// Which records are to be adopted.
#[derive(Debug)]
pub struct Adoption {
    /// Those of these names.
    pub patterns: Vec<Pattern>,
    /// Whose they have to be; `None` for nobody's.
    pub from: Option<Owner>,
    /// In these zones; `None` for in all.
    pub zones: Option<BTreeSet<ZoneId>>,
    /// What the first look at the records came to, before anything was changed.
    pub found: OnceLock<Found>,
}

/// What there is under the names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Patterns that no record has the name of. Then nothing is planned.
    pub unmatched: Vec<String>,
    /// How many record sets are ours already.
    pub ours: usize,
    /// How many are to be adopted.
    pub adopted: usize,
}

impl Adoption {
    /// What the first look at the records came to; nothing while there was none.
    pub fn found(&self) -> Found {
        self.found.get().cloned().unwrap_or_default()
    }

    fn is_asked_for(&self, record: &Record) -> bool {
        self.zones.as_ref().is_none_or(|zones| zones.contains(&record.zone))
            && self.patterns.iter().any(|pattern| pattern.matches(&record.name))
    }

    /// Why a record that is not ours cannot be adopted.
    fn obstacle(&self, pipeline: &Pipeline, world: &World, record: &Record) -> Option<SkipReason> {
        let left_out = |why: &str| SkipReason::LeftOut { why: why.to_owned() };
        if record.ownership.shared {
            return Some(left_out("owners share it"));
        }
        match (record.labels.owner().and_then(Owner::new), &self.from) {
            // While owners are migrated the owner label says what will be.
            (Some(_), Some(from)) if record.ownership.migrate_from.as_ref() == Some(from) => {}
            (Some(owner), _) => return Some(SkipReason::ForeignOwner { owner }),
            (None, Some(_)) => {
                return Some(left_out("nobody owns it; it can be adopted without --from-owner"));
            }
            (None, None) => {}
        }
        let rules = &pipeline.settings;
        if !rules.filter.matches(&record.name) || !world.filter.matches(&record.name) {
            return Some(SkipReason::DomainFilter);
        }
        if !rules.managed.contains(&record.record_type) {
            return Some(SkipReason::UnmanagedType);
        }
        let zone = world.zones.iter().find(|zone| zone.id == record.zone);
        let apex = zone.and_then(|zone| zone.name.as_ref());
        if record.record_type == RecordType::Ns && apex == Some(&record.name) {
            return Some(left_out("it belongs to the zone itself"));
        }
        let mut wish = as_it_is(record);
        pipeline.registry.mark_shared(&mut wish, None);
        if wish.properties.get(SHARED).is_some() {
            return Some(left_out("its name is among --txt-shared-names, where nobody owns a record alone"));
        }
        let row = pipeline.registry.row_name(record);
        let outside = row.filter(|row| zone.is_some_and(|zone| !zone.contains(row)));
        let why = outside.map(|row| {
            format!(
                "its ownership record {row} would lie outside of its zone; a --txt-prefix such as \"%{{record_type}}.\" keeps it inside"
            )
        });
        let why = why.or_else(|| pipeline.registry.writable(&wish).err());
        let rows = world.rows_of(&record.zone)?;
        let why = why.or_else(|| pipeline.registry.keeps_clear(&wish, rows).err());
        why.map(|why| SkipReason::Unsupported { why })
    }
}

impl Errand for Adoption {
    fn wishes(&self) -> Vec<Endpoint> {
        Vec::new()
    }

    /// Takes nothing over from the plan for no wishes, which would delete what is ours.
    fn revise(&self, pipeline: &Pipeline, world: &World, _: Plan) -> Plan {
        let mut plan = Plan::default();
        let mut found = Found::default();
        let asked_for: Vec<&Record> = world.records().filter(|record| self.is_asked_for(record)).collect();
        let has_record = |pattern: &&Pattern| asked_for.iter().any(|record| pattern.matches(&record.name));
        let unmatched = self.patterns.iter().filter(|pattern| !has_record(pattern));
        found.unmatched = unmatched.map(ToString::to_string).collect();
        for record in asked_for {
            if record.is_owned_by(pipeline.registry.owner())
                && record.ownership.migrate_from.is_none()
                && !record.ownership.shared
            {
                found.ours += 1;
            } else if let Some(reason) = self.obstacle(pipeline, world, record) {
                plan.skips.push(Skip::of_record(record, reason));
            } else {
                let reason = UpdateReason::Adopted { from: self.from.clone() };
                plan.changes.push(Change::update(record.clone(), as_it_is(record), vec![reason]));
            }
        }
        if !found.unmatched.is_empty() {
            plan.changes.clear();
        }
        found.adopted = plan.changes.len();
        self.found.get_or_init(|| found);
        plan.sort();
        plan
    }
}

/// The wish for a record to be what it is.
fn as_it_is(record: &Record) -> Endpoint {
    let (name, record_type) = (record.name.clone(), record.record_type.clone());
    let mut wish = Endpoint::from_parts(name, record_type, record.targets.clone(), record.properties.clone())
        .with_set_identifier(record.set_identifier.clone())
        .with_ttl(record.ttl)
        .with_zone(record.zone.clone());
    wish.labels = record.labels.clone();
    wish.labels.remove(OWNER);
    wish
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("www.example.org", "www.example.org", true)]
    #[case("WWW.Example.org.", "www.example.org", true)]
    #[case("www.example.org", "ww.example.org", false)]
    #[case("*.example.org", "www.example.org", true)]
    #[case("*.example.org", "a.b.example.org", true)]
    #[case("*.example.org", "*.example.org", true)]
    #[case("*.example.org", "example.org", false)]
    #[case("w*w.example.org", "ww.example.org", true)]
    #[case("w*w.example.org", "w.example.org", false)]
    #[case("*a*a.example.org", "a.example.org", false)]
    #[case("*a*a.example.org", "xaya.example.org", true)]
    #[case("*.a.*.org", "x.a.y.a.example.org", true)]
    #[case("*", "anything.example", true)]
    #[case("web*", "web1.example.org", true)]
    #[case("*.bücher.example", "a.xn--bcher-kva.example", true)]
    fn an_asterisk_stands_for_any_text(#[case] pattern: &str, #[case] name: &str, #[case] expected: bool) {
        let pattern = Pattern::parse(pattern).unwrap();
        assert_eq!(pattern.matches(&DnsName::parse(name).unwrap()), expected);
    }
}
