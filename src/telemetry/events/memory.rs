//! What was told, so that nothing is told twice while it lasts. Only what is amiss is remembered: what is well is told when it
//! becomes so, and that is a change each time.

use super::Fact;
use super::news::{News, OfRecord, State};
use crate::cli::EmittedEvent;
use crate::kubernetes::events::Notice;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use zonewright_planner::{ObjectRef, RecordKey};

/// A refused record is tried again now and then, and is by turns refused and left alone: for those who own the object these are
/// one condition.
const REFUSED: [EmittedEvent; 2] = [EmittedEvent::RecordError, EmittedEvent::RecordQuarantined];

type Kinds = BTreeSet<EmittedEvent>;

#[derive(Default)]
pub(super) struct Memory {
    records: BTreeMap<(Arc<ObjectRef>, RecordKey), Kinds>,
    problems: BTreeSet<(Arc<ObjectRef>, String)>,
}

impl Memory {
    /// What there is to tell after a run, in the order of the report.
    pub fn unsaid(&mut self, news: &News<'_>, is_chosen: &dyn Fn(EmittedEvent) -> bool) -> Vec<Notice> {
        let mut unsaid = self.of_records(news, is_chosen);
        unsaid.extend(self.of_objects(news, is_chosen));
        unsaid.into_iter().map(Notice::from).collect()
    }

    fn of_records(&mut self, news: &News<'_>, is_chosen: &dyn Fn(EmittedEvent) -> bool) -> Vec<Fact> {
        let mut unsaid = Vec::new();
        let mut amiss: BTreeMap<(Arc<ObjectRef>, RecordKey), Kinds> = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        let told = &self.records;
        news.of_records(&mut |OfRecord { key, state, fact }| {
            let subject = (fact.object.clone(), key);
            match state {
                State::Unknown => drop(unknown.insert(subject)),
                _ if !is_chosen(fact.kind) => {}
                State::Amiss => {
                    let is_told = told.get(&subject).is_some_and(|kinds| kinds.contains(&fact.kind));
                    if amiss.entry(subject).or_default().insert(fact.kind) && !is_told {
                        unsaid.push(fact);
                    }
                }
            }
        });
        let report = news.report;
        // Of records that were not looked at, what was true is taken to be true still.
        let is_unseen = |(_, key): &(Arc<ObjectRef>, RecordKey)| {
            report.failure.is_some() || report.names.is_some() && !report.planned_names.contains(&key.name)
        };
        for (subject, kinds) in std::mem::take(&mut self.records) {
            if is_unseen(&subject) || unknown.contains(&subject) {
                amiss.entry(subject).or_default().extend(kinds);
            } else if let Some(now) = amiss.get_mut(&subject)
                && REFUSED.iter().any(|kind| now.contains(kind))
            {
                now.extend(kinds.into_iter().filter(|kind| REFUSED.contains(kind)));
            }
        }
        self.records = amiss;
        unsaid
    }

    fn of_objects(&mut self, news: &News<'_>, is_chosen: &dyn Fn(EmittedEvent) -> bool) -> Vec<Fact> {
        let mut unsaid = Vec::new();
        let mut problems = BTreeSet::new();
        for fact in news.of_objects().filter(|fact| is_chosen(fact.kind)) {
            let problem = (fact.object.clone(), fact.note.clone());
            if !self.problems.contains(&problem) && problems.insert(problem.clone()) {
                unsaid.push(fact);
            } else {
                problems.insert(problem);
            }
        }
        if news.report.names.is_some() {
            // Only some objects were looked at.
            problems.append(&mut self.problems);
        }
        self.problems = problems;
        unsaid
    }
}
