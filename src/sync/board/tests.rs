//! What is written down of a run.

use super::*;
use crate::sources::outcome::Severity;
use crate::status::testing::{name, object, wish};
use crate::sync::Applied;
use crate::sync::report::{Failure, Step};
use zonewright_planner::{CreateReason, SkipReason};
use zonewright_provider_kit::{ErrorClass, ProviderError, ZoneChange};

fn faults() -> Faults {
    Faults::new(Duration::from_secs(60), 0)
}

fn report(names: &[&str], skipped: &[&str]) -> CycleReport {
    let mut report = CycleReport::default();
    if !names.is_empty() {
        report.names = Some(names.len());
        report.planned_names = names.iter().map(|text| name(text)).collect();
    }
    let skips = skipped
        .iter()
        .map(|host| Skip::of_wish(&wish(host, RecordType::A, "192.0.2.1"), SkipReason::Unowned));
    report.plan.add_skips(skips);
    report
}

fn skipped(notes: &Notes) -> Vec<&str> {
    notes.skips().map(|skip| skip.name.as_str()).collect()
}

fn applied(host: &str, outcome: Result<(), ProviderError>) -> Applied {
    let change = Change::create(wish(host, RecordType::A, "192.0.2.1"), CreateReason::New);
    let change = ZoneChange { change, rows: Vec::new() };
    Applied { zone: ZoneId::new("z"), change, outcome, own_fault: false }
}

#[test]
fn a_run_replaces_what_it_looked_at_and_nothing_else() {
    let mut notes = Notes::default();
    let at = SystemTime::now();
    notes.note(&report(&[], &["a.org", "b.org", "c.org"]), &faults(), at);
    notes.note(&report(&["b.org", "d.org"], &["d.org"]), &faults(), at);
    assert_eq!(skipped(&notes), ["a.org", "c.org", "d.org"]);
    assert_eq!((notes.full.as_ref().unwrap().names, notes.partial.as_ref().unwrap().names), (None, Some(2)));
    notes.note(&report(&[], &["b.org"]), &faults(), at);
    assert_eq!(skipped(&notes), ["b.org"]);
}

#[test]
fn a_run_that_repeats_or_fails_leaves_what_is_known() {
    let mut notes = Notes::default();
    let at = SystemTime::now();
    notes.note(&report(&[], &["a.org"]), &faults(), at);
    notes.note(&CycleReport { is_repeat: true, ..report(&[], &[]) }, &faults(), at);
    assert_eq!(skipped(&notes), ["a.org"]);
    let error = ProviderError::new(ErrorClass::Unavailable, "503");
    let failed = CycleReport { failure: Some(Failure { step: Step::Read, error }), ..report(&[], &[]) };
    notes.note(&failed, &faults(), at);
    assert_eq!(skipped(&notes), ["a.org"]);
    assert!(notes.failure.as_ref().unwrap().contains("503"));
    notes.note(&report(&[], &[]), &faults(), at);
    assert!(notes.failure.is_none() && skipped(&notes).is_empty());
}

#[test]
fn what_failed_is_pending_until_it_has_been_made() {
    let mut notes = Notes::default();
    let at = SystemTime::now();
    let error = ProviderError::new(ErrorClass::Unavailable, "503");
    let first = || vec![applied("a.org", Err(error.clone())), applied("b.org", Ok(()))];
    notes.note_applied(&first(), at);
    notes.note(&CycleReport::after(first()), &faults(), at);
    assert_eq!(notes.pending_at(&name("a.org"))[0].reason, "new; the last attempt failed: 503");
    assert!(notes.pending_at(&name("b.org")).is_empty());
    assert_eq!(notes.recent[0].name, name("b.org"));
    notes.note_applied(&[applied("a.org", Ok(()))], at);
    notes.note(&report(&["a.org"], &[]), &faults(), at);
    assert!(notes.pending().next().is_none());
    assert_eq!(notes.recent.iter().map(|done| done.name.as_str()).collect::<Vec<_>>(), ["a.org", "b.org"]);
}

#[test]
fn problems_of_other_objects_stay_when_some_names_are_planned() {
    let problem = |object_name: &str, message: &str| Problem {
        object: object("web", object_name),
        severity: Severity::Warning,
        message: message.to_owned(),
        invalid: None,
    };
    let mut notes = Notes::default();
    let at = SystemTime::now();
    let full = CycleReport { problems: vec![problem("a", "1"), problem("b", "2")], ..report(&[], &[]) };
    notes.note(&full, &faults(), at);
    let partial = CycleReport { problems: vec![problem("b", "3")], ..report(&["b.org"], &[]) };
    notes.note(&partial, &faults(), at);
    let texts: Vec<&str> = notes.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(texts, ["1", "3"]);
}

#[test]
fn what_was_written_lately_is_limited() {
    let mut notes = Notes::default();
    let many = || (0..200).map(|n| applied(&format!("n{n}.org"), Ok(()))).collect::<Vec<_>>();
    notes.note_applied(&many(), SystemTime::now());
    notes.note(&CycleReport::after(many()), &faults(), SystemTime::now());
    assert_eq!(notes.recent.len(), RECENT);
    assert_eq!(notes.full.as_ref().unwrap().created, 200);
}

#[test]
fn a_zone_and_a_record_that_rest_are_noted() {
    let mut faults = faults();
    let now = Instant::now();
    let zone = ZoneId::new("z");
    let error = ProviderError::new(ErrorClass::Auth, "403");
    faults.note_read(&zone, Err(&error), now);
    let refused = Applied {
        own_fault: true,
        ..applied("a.org", Err(ProviderError::new(ErrorClass::InvalidRecord, "400")))
    };
    faults.note(&[refused], now);
    let mut notes = Notes::default();
    notes.note(&report(&[], &[]), &faults, SystemTime::now());
    assert_eq!((notes.resting[0].zone.as_str(), notes.resting[0].why.as_str()), ("z", "403"));
    assert!(notes.retries[&name("a.org")] > now);
}
