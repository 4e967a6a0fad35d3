//! Hold: an object that still exists but has lost its target keeps its records as they are.

use super::Refusal;
use crate::{DnsName, ObjectRef, Record, RecordType, Target};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Why records are held.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldReason {
    /// The object asks for the name and has no target for it (no load balancer address, no ready endpoint, …).
    NoTarget,
    /// The object's parent does not accept it at the moment (Gateway API).
    NotAccepted,
    /// The object is malformed where this name is concerned.
    Invalid(String),
    /// The operator's rules do not let the object have the name any more. Only what the object itself owned is held.
    Refused(Refusal),
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTarget => f.write_str("the object has no target at the moment"),
            Self::NotAccepted => f.write_str("the object is not accepted by its parent at the moment"),
            Self::Invalid(why) => f.write_str(why),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

/// One object's claim that its records stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The object.
    pub object: Arc<ObjectRef>,
    /// The name it asks for; `None` where even that is unknown (a template failed), then everything that the object owned
    /// by its `resource` label is held.
    pub name: Option<DnsName>,
    /// The set identifier it asks for; empty for plain records.
    pub set_identifier: Arc<str>,
    /// The `resource` label the object writes, if it writes one.
    pub resource: Option<String>,
    /// Why.
    pub reason: HoldReason,
}

/// A source that could not be read completely: what it owned stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomplete {
    /// The `--source` value.
    pub source: String,
    /// What the resource labels of its records begin with, such as `ingress/`. Empty when its records carry no label.
    pub resource_prefixes: Vec<String>,
    /// What went wrong.
    pub reason: String,
}

/// All holds of a cycle, ready for look-up.
#[derive(Debug, Default)]
pub struct Holds {
    names: BTreeMap<DnsName, Vec<Hold>>,
    resources: BTreeMap<String, Hold>,
    incomplete: Vec<Incomplete>,
}

/// What keeps a record.
#[derive(Debug)]
pub(super) enum Kept<'a> {
    Held(&'a Hold),
    Incomplete(&'a Incomplete),
}

impl Hold {
    /// Whether this may keep a record at its name. Whoever is refused a name has no say about what others published there.
    fn concerns(&self, record: &Record) -> bool {
        let label = record.labels.resource();
        match (&self.reason, self.resource.as_deref(), label) {
            (HoldReason::Refused(_), Some(own), Some(label)) => own.eq_ignore_ascii_case(label),
            _ => true,
        }
    }
}

impl Holds {
    /// Collects holds. The order in which they arrive does not matter.
    pub fn new(holds: impl IntoIterator<Item = Hold>, incomplete: Vec<Incomplete>) -> Self {
        let mut all = Self { incomplete, ..Self::default() };
        for hold in holds {
            match (&hold.name, &hold.resource) {
                (Some(name), _) => all.names.entry(name.clone()).or_default().push(hold),
                (None, Some(resource)) => {
                    all.resources.entry(resource.clone()).or_insert(hold);
                }
                // Neither name nor label is known: nothing of this object can be told apart, so records without a label
                // are kept as those of an incomplete source would be.
                (None, None) => all.incomplete.push(Incomplete {
                    source: hold.object.source.to_owned(),
                    resource_prefixes: Vec::new(),
                    reason: hold.reason.to_string(),
                }),
            }
        }
        for holds in all.names.values_mut() {
            holds.sort_by(|a, b| (&a.object, &a.reason).cmp(&(&b.object, &b.reason)));
        }
        all
    }

    /// Every held name, with what holds it.
    pub fn names(&self) -> impl Iterator<Item = (&DnsName, &Hold)> {
        self.names.iter().flat_map(|(name, holds)| holds.iter().map(move |hold| (name, hold)))
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.resources.is_empty() && self.incomplete.is_empty()
    }

    /// Sources that could not be read completely.
    pub fn incomplete(&self) -> &[Incomplete] {
        &self.incomplete
    }

    /// What keeps a record that no wish matches. `wanted` says whether somebody gives a name a target: then only holds for
    /// the very same set identifier count.
    pub(super) fn keeps(&self, record: &Record, wanted: impl Fn(&DnsName) -> bool) -> Option<Kept<'_>> {
        let at_name = self.names.get(&record.name).into_iter().flatten();
        let name_is_wanted = wanted(&record.name);
        let hold = at_name
            .into_iter()
            .filter(|hold| hold.concerns(record))
            .find(|hold| hold.set_identifier == record.set_identifier || !name_is_wanted)
            .or_else(|| self.pointing_at_held(record, wanted))
            .or_else(|| record.labels.resource().and_then(|resource| self.resources.get(resource)));
        match hold {
            Some(hold) => Some(Kept::Held(hold)),
            None => self.incomplete_owner(record).map(Kept::Incomplete),
        }
    }

    /// What keeps a record of one type although others of its name are wanted: only that its own object still asks for it and may
    /// not have it.
    pub(super) fn keeps_refused(&self, record: &Record) -> Option<Kept<'_>> {
        let at_name = self.names.get(&record.name).into_iter().flatten();
        let is_refused = |hold: &&Hold| {
            matches!(hold.reason, HoldReason::Refused(_)) && hold.set_identifier == record.set_identifier
        };
        at_name.into_iter().filter(is_refused).find(|hold| hold.concerns(record)).map(Kept::Held)
    }

    /// The incomplete source that a record may come from: by its label, or any when it has none.
    pub(super) fn incomplete_owner(&self, record: &Record) -> Option<&Incomplete> {
        match record.labels.resource() {
            Some(resource) => self.incomplete.iter().find(|source| {
                source.resource_prefixes.iter().any(|prefix| starts_with_kind(resource, prefix))
            }),
            None => self.incomplete.first(),
        }
    }

    /// A PTR record is derived from address records; it stays while one of the names it points at is held.
    fn pointing_at_held(&self, record: &Record, wanted: impl Fn(&DnsName) -> bool) -> Option<&Hold> {
        if record.record_type != RecordType::Ptr {
            return None;
        }
        record.targets.iter().find_map(|target| match target {
            Target::Name(name) if !wanted(name) => self.names.get(name).and_then(|holds| holds.first()),
            _ => None,
        })
    }
}

fn starts_with_kind(resource: &str, prefix: &str) -> bool {
    resource.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
