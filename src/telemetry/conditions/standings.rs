//! What is true of each DNSEndpoint, kept current with every run: a full one tells everything, a partial one something of some.

use super::verdict::{Amiss, Problem, Verdict};
use crate::sources::crd::{CrdSource, Visit};
use crate::sources::object::Key;
use crate::sync::report::CycleReport;
use std::collections::{BTreeMap, BTreeSet};
use zonewright_planner::{DnsName, ObjectRef, RecordKey, SkipReason};

#[derive(Default)]
pub(super) struct Standings {
    objects: BTreeMap<Key, Known>,
    amiss: BTreeMap<Key, BTreeMap<RecordKey, Amiss>>,
}

#[derive(Default)]
struct Known {
    visit: Visit,
    problems: Vec<Problem>,
    /// The generation whose records were all compared with what exists.
    compared: Option<i64>,
    verdict: Option<Verdict>,
}

impl Standings {
    /// Takes in what a run looked at and what it came to.
    pub fn note(&mut self, visits: BTreeMap<Key, Visit>, report: &CycleReport) {
        self.note_visits(visits);
        self.note_problems(report);
        match &report.failure {
            Some(failure) => self.judge_without_records(&failure.to_string()),
            None => {
                self.note_records(report);
                self.judge(report);
            }
        }
    }

    /// Forgets objects that are gone.
    pub fn retain(&mut self, exists: impl Fn(&Key) -> bool) {
        self.objects.retain(|key, _| exists(key));
        self.amiss.retain(|key, _| exists(key));
    }

    /// What there is to say of each object.
    pub fn verdicts(&self) -> impl Iterator<Item = (&Key, &Verdict)> {
        self.objects.iter().filter_map(|(key, known)| Some((key, known.verdict.as_ref()?)))
    }

    fn note_visits(&mut self, visits: BTreeMap<Key, Visit>) {
        for (key, visit) in visits {
            let known = self.objects.entry(key.clone()).or_default();
            if known.visit.uid != visit.uid {
                *known = Known::default();
                self.amiss.remove(&key);
            }
            if known.visit.generation != visit.generation {
                known.problems.clear();
                // What asks for the same as before was compared already, though it is written differently.
                let asks_for_the_same = known.visit.names == visit.names && known.visit.holds == visit.holds;
                known.compared = known.compared.filter(|_| asks_for_the_same).map(|_| visit.generation);
            }
            known.visit = visit;
        }
    }

    /// A run for some names may not see all problems of the objects it looks at, so there they only become more.
    fn note_problems(&mut self, report: &CycleReport) {
        if report.names.is_none() {
            self.objects.values_mut().for_each(|known| known.problems.clear());
        }
        for problem in report.problems.iter().filter(|problem| is_ours(&problem.object)) {
            let Some(known) = self.objects.get_mut(&key_of(&problem.object)) else { continue };
            let problem = Problem { text: problem.message.clone(), drops_record: problem.invalid.is_some() };
            if !known.problems.contains(&problem) {
                known.problems.push(problem);
            }
        }
    }

    fn note_records(&mut self, report: &CycleReport) {
        let before = match report.names {
            None => std::mem::take(&mut self.amiss),
            Some(_) => self.take_amiss_at(&report.planned_names),
        };
        let was = |object: &Key, record: &RecordKey| before.get(object)?.get(record);
        for skip in &report.plan.skips {
            let record = RecordKey {
                name: skip.name.clone(),
                record_type: skip.record_type.clone(),
                set_identifier: skip.set_identifier.clone(),
            };
            for key in skip.objects.iter().filter(|object| is_ours(object)).map(|object| key_of(object)) {
                let amiss = match (&skip.reason, self.is_compared(&key)) {
                    // Nobody knows how it stands, so what was true of it still is as far as anybody can tell.
                    (SkipReason::ZoneUnreadable { .. }, true) => match was(&key, &record) {
                        Some(before) => before.clone(),
                        None => continue,
                    },
                    (reason, _) => Amiss::of_skip(reason).after(was(&key, &record)),
                };
                self.amiss.entry(key).or_default().insert(record.clone(), amiss);
            }
        }
        for done in &report.failed {
            let (change, Err(error)) = (&done.change.change, &done.outcome) else { continue };
            let record = change.key();
            for key in change.objects().iter().filter(|object| is_ours(object)).map(|object| key_of(object)) {
                let amiss = Amiss::failed(error).after(was(&key, &record));
                self.amiss.entry(key).or_default().insert(record.clone(), amiss);
            }
        }
    }

    fn is_compared(&self, key: &Key) -> bool {
        self.objects.get(key).is_some_and(|known| known.compared.is_some())
    }

    fn take_amiss_at(&mut self, names: &BTreeSet<DnsName>) -> BTreeMap<Key, BTreeMap<RecordKey, Amiss>> {
        let mut taken: BTreeMap<Key, BTreeMap<RecordKey, Amiss>> = BTreeMap::new();
        for (key, records) in &mut self.amiss {
            let at: Vec<RecordKey> =
                records.keys().filter(|record| names.contains(&record.name)).cloned().collect();
            for record in at {
                if let Some(amiss) = records.remove(&record) {
                    taken.entry(key.clone()).or_default().insert(record, amiss);
                }
            }
        }
        taken
    }

    fn judge(&mut self, report: &CycleReport) {
        for (key, known) in &mut self.objects {
            let generation = known.visit.generation;
            let was_compared = known.compared == Some(generation);
            let is_compared = report.names.is_none()
                || was_compared
                || known.visit.names.iter().all(|name| report.planned_names.contains(name));
            if !is_compared {
                continue;
            }
            known.compared = Some(generation);
            let amiss = self.amiss.get(key).into_iter().flatten();
            known.verdict = Some(Verdict::of(&known.visit, &known.problems, amiss));
        }
    }

    /// After a run that did not come to compare anything: what was compared before stands.
    fn judge_without_records(&mut self, why: &str) {
        for known in self.objects.values_mut().filter(|known| known.compared != Some(known.visit.generation))
        {
            known.verdict = Some(Verdict::pending(&known.visit, &known.problems, why.to_owned()));
        }
    }
}

fn is_ours(object: &ObjectRef) -> bool {
    object.source == CrdSource::NAME
}

fn key_of(object: &ObjectRef) -> Key {
    Key { namespace: object.namespace.clone(), name: object.name.clone() }
}
