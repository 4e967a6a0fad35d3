//! Names that several owners share: what each of them says that it puts into the record.
//!
//! ```text
//! blue says 192.0.2.1 ──┐
//! green says 192.0.2.2 ─┴─> the record: 192.0.2.1, 192.0.2.2
//! ```
//!
//! Every owner writes its own [`Statement`] and nobody else's. The record follows from the statements, so that whoever of them
//! looks comes to the same one, and one that was overwritten by somebody who knew less is mended by the next who looks.

use crate::{Labels, Owner, Record, RecordKey, RecordType, Target, Ttl};
use std::collections::BTreeMap;

/// Property of a wish: `true` for a name that may be shared with other owners, `false` for one that must not.
pub const SHARED: &str = "shared";

/// What the labels begin with by which a planned change carries the statement that goes with it. No object can set such labels.
pub const STATEMENT_LABELS: &str = "zonewright/";
const TARGETS: &str = "zonewright/targets";
const LEAVING: &str = "zonewright/leaving";
const TTL: &str = "zonewright/ttl";

/// What stands between targets. Nothing that a sharable target has in it, and nothing special in a zone file.
pub const TARGET_SEPARATOR: char = '|';

/// What one owner says of one record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// What the record has to point at for this owner's sake; sorted. None while the owner is leaving.
    pub targets: Vec<Target>,
    /// What it no longer has to; sorted. Until it is certain that nobody is about to write an older state of the record, this is
    /// what tells such a target from one that somebody else has put there.
    pub leaving: Vec<Target>,
    /// The TTL that this owner asks for.
    pub ttl: Ttl,
    /// The object behind it, as in an ownership row.
    pub resource: Option<Box<str>>,
}

/// A statement as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Whose it is.
    pub owner: Owner,
    /// What it says.
    pub says: Statement,
    /// The row that says so.
    pub row: Record,
    /// Whether the row has the name that it would get today.
    pub is_current: bool,
}

/// The statements of all owners by record.
pub type Shares = BTreeMap<RecordKey, Vec<Share>>;

impl Share {
    /// Whether its owner wants anything of the record. The others are on their way out.
    pub fn is_active(&self) -> bool {
        !self.says.targets.is_empty()
    }
}

impl Statement {
    /// Whether it says nothing at all, so that there need not be a row for it.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.leaving.is_empty()
    }

    /// Notes it on a change, for the registry to write down.
    pub fn note_on(&self, labels: &mut Labels) {
        labels.set(TARGETS, join(&self.targets));
        labels.set(LEAVING, join(&self.leaving));
        labels.set(TTL, self.ttl.seconds().to_string());
    }

    /// What was noted on a change; `None` for one of a record that is not shared.
    pub fn noted_on(labels: &Labels, record_type: &RecordType) -> Option<Self> {
        let targets = parse_targets(record_type, labels.get(TARGETS)?);
        Some(Self {
            targets,
            leaving: parse_targets(record_type, labels.get(LEAVING).unwrap_or_default()),
            ttl: Ttl::from_seconds(labels.get(TTL).and_then(|ttl| ttl.parse().ok()).unwrap_or_default()),
            resource: labels.resource().map(Into::into),
        })
    }

    /// Whether a change has a statement with it.
    pub fn is_noted_on(labels: &Labels) -> bool {
        labels.get(TARGETS).is_some()
    }
}

/// Targets in one text.
pub fn join(targets: &[Target]) -> String {
    let texts: Vec<String> = targets.iter().map(ToString::to_string).collect();
    texts.join(&TARGET_SEPARATOR.to_string())
}

/// The targets of such a text, sorted. What is none is left out: it counts as put there by somebody unknown, and stays.
pub fn parse_targets(record_type: &RecordType, text: &str) -> Vec<Target> {
    let parts = text.split(TARGET_SEPARATOR).filter(|part| !part.is_empty());
    let mut targets: Vec<Target> =
        parts.filter_map(|part| Target::parse(record_type, part, true).ok()).collect();
    targets.sort();
    targets.dedup();
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_travels_with_a_change() {
        let says = Statement {
            targets: parse_targets(&RecordType::Mx, "20 b.example.org|10 a.example.org"),
            leaving: parse_targets(&RecordType::Mx, "10 c.example.org"),
            ttl: Ttl::from_seconds(60),
            resource: Some("ingress/x/web".into()),
        };
        let mut labels: Labels = [("owner", "me"), ("resource", "ingress/x/web")].into_iter().collect();
        assert_eq!(Statement::noted_on(&labels, &RecordType::Mx), None);
        says.note_on(&mut labels);
        assert_eq!(says.targets.len(), 2);
        assert_eq!(Statement::noted_on(&labels, &RecordType::Mx), Some(says));
        assert!(labels.iter().all(|(key, value)| Labels::check(key, value).is_ok()));
    }
}
