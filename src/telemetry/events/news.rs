//! What a run did and came to, object by object and record by record.

use super::Fact;
use crate::cli::EmittedEvent;
use crate::sync::Applied;
use crate::sync::guard::Withheld;
use crate::sync::report::CycleReport;
use std::sync::Arc;
use zonewright_planner::{Change, ObjectRef, Record, RecordKey, Skip, SkipKind, SkipReason, Target, Ttl};
use zonewright_provider_kit::ProviderError;

/// What it takes to make sense of reports.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// Our owner id.
    pub owner: &'a str,
    /// The object behind a `resource` label.
    pub object_of: &'a dyn Fn(&str) -> Option<Arc<ObjectRef>>,
}

/// A report, and what it takes to make sense of it.
pub(super) struct News<'a> {
    pub report: &'a CycleReport,
    pub context: Context<'a>,
}

/// What is true of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is not as it should be.
    Amiss,
    /// Its zone was out of reach, so what was true before still is as far as anybody knows.
    Unknown,
}

/// Something about a record.
pub(super) struct OfRecord {
    pub key: RecordKey,
    pub state: State,
    pub fact: Fact,
}

impl News<'_> {
    /// What failed or was left undone.
    pub fn of_records(&self, take: &mut dyn FnMut(OfRecord)) {
        for failed in &self.report.failed {
            let change = &failed.change.change;
            let facts = self.context.of_change(change, failed.outcome.as_ref().err());
            facts.for_each(|fact| take(OfRecord { key: change.key(), state: State::Amiss, fact }));
        }
        self.report.plan.skips.iter().for_each(|skip| self.of_skip(skip, take));
        for withheld in &self.report.withheld {
            withheld.deletes.iter().for_each(|record| self.of_withheld(record, withheld, take));
        }
    }

    /// Like a deleted record, one that is withheld has no object any more but that in its label.
    fn of_withheld(&self, record: &Record, withheld: &Withheld, take: &mut dyn FnMut(OfRecord)) {
        let Some(object) = self.context.former_object(record) else { return };
        let begin = self.context.begin(record.name.as_str(), &record.record_type);
        let note = format!("{begin}: {}; to delete it, approve {}", withheld.why(), withheld.hash);
        let fact = Fact { object, kind: EmittedEvent::RecordWithheld, action: "LeftAlone", note };
        take(OfRecord { key: record.key(), state: State::Amiss, fact });
    }

    fn of_skip(&self, skip: &Skip, take: &mut dyn FnMut(OfRecord)) {
        let kind = kind_of(&skip.reason);
        for object in &skip.objects {
            let note =
                format!("{}: {}", self.context.begin(skip.name.as_str(), &skip.record_type), skip.reason);
            let (state, kind) = match kind {
                Some(kind) => (State::Amiss, kind),
                None => (State::Unknown, EmittedEvent::RecordError),
            };
            let fact = Fact { object: object.clone(), kind, action: "LeftAlone", note };
            take(OfRecord { key: key_of_skip(skip), state, fact });
        }
    }

    /// What is wrong with objects themselves, and what they share with objects of other namespaces.
    pub fn of_objects(&self) -> impl Iterator<Item = Fact> + '_ {
        let shared = self.report.shared.iter().flat_map(|shared| {
            let note = format!("{}: {shared}", self.context.begin(shared.name.as_str(), &shared.record_type));
            shared.objects.iter().map(move |object| Fact {
                object: object.clone(),
                kind: EmittedEvent::RecordConflict,
                action: "Merged",
                note: note.clone(),
            })
        });
        let problems = self.report.problems.iter().map(|problem| Fact {
            object: problem.object.clone(),
            kind: EmittedEvent::RecordInvalid,
            action: "Checked",
            note: format!("(external-dns) {}", problem.message),
        });
        problems.chain(shared)
    }
}

impl Context<'_> {
    /// What was made.
    pub fn of_made(&self, applied: &[Applied]) -> impl Iterator<Item = Fact> {
        let made = applied.iter().filter(|done| done.outcome.is_ok());
        made.flat_map(|done| self.of_change(&done.change.change, None))
    }

    fn of_change(
        &self,
        change: &Change,
        error: Option<&ProviderError>,
    ) -> impl Iterator<Item = Fact> + use<> {
        let (action, about, ready) = match change {
            Change::Create { new, .. } => {
                ("Created", self.about(change, new.ttl, &new.targets), EmittedEvent::RecordReady)
            }
            Change::Update { new, .. } => {
                ("Updated", self.about(change, new.ttl, &new.targets), EmittedEvent::RecordReady)
            }
            Change::Delete { old, .. } => {
                ("Deleted", self.about(change, old.ttl, &old.targets), EmittedEvent::RecordDeleted)
            }
        };
        let (kind, note) = match error {
            None => (ready, about),
            Some(error) => (EmittedEvent::RecordError, format!("{about}: {error}")),
        };
        let objects = match change {
            // A leftover of ours that nobody would miss.
            Change::Delete { reason, .. } if reason.is_of_a_row() => Vec::new(),
            Change::Delete { old, .. } => self.former_object(old).into_iter().collect(),
            _ => change.objects().to_vec(),
        };
        objects.into_iter().map(move |object| Fact { object, kind, action, note: note.clone() })
    }

    /// Nobody asks for a deleted record any more, but its ownership row still names the object that did.
    fn former_object(&self, record: &Record) -> Option<Arc<ObjectRef>> {
        (self.object_of)(record.labels.resource()?)
    }

    fn begin(&self, name: &str, record_type: &impl std::fmt::Display) -> String {
        format!("(external-dns) record:{name},owner:{},type:{record_type}", self.owner)
    }

    /// The text that ExternalDNS writes.
    fn about(&self, change: &Change, ttl: Ttl, targets: &[Target]) -> String {
        let targets = targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let begin = self.begin(change.name().as_str(), change.record_type());
        format!("{begin},ttl:{},targets:{targets}", ttl.seconds())
    }
}

/// The event for a record that is left alone; `None` where that is about its whole zone: logs and metrics tell that once, an
/// event on each of thousands of objects would not tell more.
fn kind_of(reason: &SkipReason) -> Option<EmittedEvent> {
    Some(match reason.kind() {
        SkipKind::Held | SkipKind::Malformed => EmittedEvent::RecordHeld,
        SkipKind::Foreign | SkipKind::Unowned | SkipKind::Conflict | SkipKind::Fought => {
            EmittedEvent::RecordConflict
        }
        SkipKind::Policy | SkipKind::Filtered | SkipKind::Denied | SkipKind::NoZone => {
            EmittedEvent::RecordDenied
        }
        SkipKind::Unsupported => EmittedEvent::RecordInvalid,
        SkipKind::Withheld => EmittedEvent::RecordWithheld,
        SkipKind::Quarantined => EmittedEvent::RecordQuarantined,
        SkipKind::ZoneTrouble | SkipKind::Incomplete => return None,
    })
}

fn key_of_skip(skip: &Skip) -> RecordKey {
    RecordKey {
        name: skip.name.clone(),
        record_type: skip.record_type.clone(),
        set_identifier: skip.set_identifier.clone(),
    }
}
