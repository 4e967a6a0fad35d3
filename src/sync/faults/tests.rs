//! What is left alone, for how long, and what ends that.

use super::*;
use zonewright_planner::{CreateReason, DeleteReason, Endpoint, Properties, Record};
use zonewright_provider_kit::ZoneChange;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn zones() -> Vec<Zone> {
    ["example.org", "example.net"]
        .map(|name| Zone { id: ZoneId::new(name), name: DnsName::parse(name).ok() })
        .to_vec()
}

fn org() -> ZoneId {
    ZoneId::new("example.org")
}

fn create(name: &str, target: &str) -> Change {
    let new = Endpoint::new(name, RecordType::A, &[target], Properties::new()).unwrap();
    Change::create(new, CreateReason::New)
}

fn error(class: ErrorClass) -> ProviderError {
    ProviderError::new(class, "no")
}

/// A run that sent this and no more.
fn note(faults: &mut Faults, applied: &[Applied], now: Instant) {
    faults.note(applied, now);
    faults.note_zones(now);
}

fn applied(change: Change, outcome: Result<(), ProviderError>, own_fault: bool) -> Applied {
    let zone = Site::of(&zones(), &change).unwrap().zone;
    Applied { zone, change: ZoneChange { change, rows: Vec::new() }, outcome, own_fault }
}

/// The codes of what is held back from a plan of these changes.
fn held(faults: &mut Faults, changes: &[Change], now: Instant) -> Vec<&'static str> {
    let mut plan = Plan { changes: changes.to_vec(), skips: Vec::new() };
    faults.hold_back(&mut plan, &zones(), Scope::All, now);
    assert_eq!(plan.changes.len() + plan.skips.len(), changes.len());
    plan.skips.iter().map(|skip| skip.reason.code()).collect()
}

fn faults() -> (Faults, Instant) {
    (Faults::new(MINUTE, 7), Instant::now())
}

fn refuse(faults: &mut Faults, change: &Change, now: Instant) {
    note(faults, &[applied(change.clone(), Err(error(ErrorClass::InvalidRecord)), true)], now);
    faults.note_read(&org(), Ok(()), now);
}

#[test]
fn a_refused_record_waits_longer_and_longer_while_others_go_on() {
    let (mut faults, mut now) = faults();
    let (bad, good) = (create("bad.example.org", "192.0.2.1"), create("good.example.org", "192.0.2.1"));
    let mut waits = Vec::new();
    for _ in 0..10 {
        refuse(&mut faults, &bad, now);
        assert_eq!(held(&mut faults, &[bad.clone(), good.clone()], now), ["quarantined"]);
        let due = faults.next_due().unwrap();
        waits.push((due - now).as_secs());
        assert_eq!(held(&mut faults, std::slice::from_ref(&bad), due - SECOND), ["quarantined"]);
        assert!(faults.due_names(due - SECOND).is_empty());
        assert_eq!(faults.due_names(due).len(), 1);
        assert!(held(&mut faults, std::slice::from_ref(&bad), due).is_empty());
        now = due;
    }
    for (wait, expected) in waits.iter().zip([30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]) {
        assert!((expected * 8 / 10..=expected * 12 / 10).contains(wait), "{waits:?}");
    }
    assert_eq!(faults.refused().next().unwrap().1.refusals, 10);
}

#[test]
fn another_wish_is_tried_at_once_and_success_is_the_end_of_it() {
    let (mut faults, now) = faults();
    let (bad, better) = (create("a.example.org", "192.0.2.1"), create("a.example.org", "192.0.2.2"));
    refuse(&mut faults, &bad, now);
    assert!(held(&mut faults, std::slice::from_ref(&better), now).is_empty());
    assert_eq!(faults.manner(&org()).suspects.len(), 1, "sent apart from the others all the same");
    refuse(&mut faults, &better, now);
    assert_eq!(faults.refused().next().unwrap().1.refusals, 1);
    assert_eq!(held(&mut faults, std::slice::from_ref(&better), now), ["quarantined"]);
    note(&mut faults, &[applied(better, Ok(()), false)], now);
    assert_eq!(faults.refused().count(), 0);
}

#[test]
fn what_nobody_wants_any_more_is_forgotten_if_the_plan_is_about_it() {
    let (mut faults, now) = faults();
    let bad = create("a.example.org", "192.0.2.1");
    refuse(&mut faults, &bad, now);
    let mut plan = Plan::default();
    let others = [DnsName::parse("b.example.org").unwrap()].into();
    faults.hold_back(&mut plan, &zones(), Scope::Names(&others), now);
    faults.hold_back(&mut plan, zones().get(1..).unwrap(), Scope::All, now);
    assert_eq!(faults.refused().count(), 1, "neither plan was about it");
    faults.hold_back(&mut plan, &zones(), Scope::All, now);
    assert_eq!(faults.refused().count(), 0);
}

#[test]
fn a_change_of_type_waits_and_is_renewed_as_a_whole() {
    let (mut faults, now) = faults();
    let old = Record::from_text(org(), "a.example.org", RecordType::A, &["192.0.2.1"]).unwrap();
    let delete = Change::delete(old, DeleteReason::TypeChanged { to: RecordType::Cname });
    let come = |target| {
        Change::create(
            Endpoint::new("a.example.org", RecordType::Cname, &[target], Properties::new()).unwrap(),
            CreateReason::TypeChanged { from: RecordType::A },
        )
    };
    refuse(&mut faults, &delete, now);
    refuse(&mut faults, &come("b.example.org"), now);
    assert_eq!(held(&mut faults, &[delete.clone(), come("b.example.org")], now).len(), 2);
    assert!(held(&mut faults, &[delete, come("c.example.org")], now).is_empty());
}

#[test]
fn a_conflict_is_tried_again_right_after_listing_but_only_once() {
    let (mut faults, now) = faults();
    let change = create("a.example.org", "192.0.2.1");
    let conflict = || applied(change.clone(), Err(error(ErrorClass::Conflict)), true);
    held(&mut faults, std::slice::from_ref(&change), now);
    note(&mut faults, &[conflict()], now + SECOND);
    assert_eq!(faults.next_due(), Some(now + SECOND));
    faults.note_read(&org(), Ok(()), now + SECOND);
    assert!(held(&mut faults, std::slice::from_ref(&change), now + SECOND).is_empty());
    note(&mut faults, &[conflict()], now + SECOND);
    faults.note_read(&org(), Ok(()), now + SECOND);
    assert_eq!(held(&mut faults, std::slice::from_ref(&change), now + SECOND), ["quarantined"]);
}

#[test]
fn a_zone_that_fails_waits_alone_and_never_longer_than_the_interval() {
    let (mut faults, mut now) = faults();
    let (here, there) = (create("a.example.org", "192.0.2.1"), create("a.example.net", "192.0.2.1"));
    let mut waits = Vec::new();
    for _ in 0..9 {
        note(&mut faults, &[applied(here.clone(), Err(error(ErrorClass::Auth)), false)], now);
        assert_eq!(held(&mut faults, &[here.clone(), there.clone()], now), ["zone-waiting"]);
        assert!(faults.may_read(&org(), now).is_ok(), "what cannot be written may well be read");
        let due = faults.next_due().unwrap();
        waits.push((due - now).as_secs_f64());
        faults.note_read(&org(), Ok(()), due);
        assert!(held(&mut faults, std::slice::from_ref(&here), due).is_empty());
        now = due;
    }
    for (wait, expected) in waits.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]) {
        assert!(*wait <= expected && *wait >= expected * 0.8, "{waits:?}");
    }
    note(&mut faults, &[applied(here.clone(), Ok(()), false)], now);
    note(&mut faults, &[applied(here.clone(), Err(error(ErrorClass::Auth)), false)], now);
    assert!(faults.next_due().unwrap() <= now + SECOND, "success starts it over");
}

#[test]
fn a_service_that_says_when_to_come_back_is_obeyed_in_reading_and_writing() {
    let (mut faults, now) = faults();
    let change = create("a.example.org", "192.0.2.1");
    let throttled = ErrorClass::Throttled { retry_after: Some(SECOND * 300) };
    note(&mut faults, &[applied(change.clone(), Err(error(throttled)), false)], now);
    let early = now + SECOND * 299;
    assert!(faults.may_read(&org(), early).is_err());
    assert_eq!(held(&mut faults, std::slice::from_ref(&change), early), ["zone-waiting"]);
    assert!(faults.may_read(&org(), now + SECOND * 300).is_ok());
}

#[test]
fn an_unreadable_zone_is_asked_again_after_a_pause() {
    let (mut faults, now) = faults();
    faults.note_read(&org(), Err(&error(ErrorClass::Unavailable)), now);
    assert!(faults.may_read(&org(), now).is_err());
    assert!(faults.may_read(&ZoneId::new("example.net"), now).is_ok());
    assert!(faults.may_read(&org(), now + SECOND).is_ok());
    faults.note_read(&org(), Ok(()), now + SECOND);
    assert!(faults.may_read(&org(), now + SECOND).is_ok() && faults.next_due().is_none());
}

#[test]
fn the_third_answered_failure_in_a_row_leads_to_a_search() {
    let (mut faults, now) = faults();
    let change = create("a.example.org", "192.0.2.1");
    let mut hunts = Vec::new();
    for n in 0..6 {
        note(
            &mut faults,
            &[applied(change.clone(), Err(error(ErrorClass::Unavailable)), false)],
            now + SECOND * n,
        );
        // Listing works in between, which says nothing about writing.
        faults.note_read(&org(), Ok(()), now + SECOND * n);
        hunts.push(faults.manner(&org()).hunt);
    }
    assert_eq!(hunts, [false, true, false, false, true, false]);
    let lost = error(ErrorClass::Unavailable).with_unknown_outcome();
    note(&mut faults, &[applied(change, Err(lost), false)], now);
    assert!(!faults.manner(&org()).hunt);
}

#[test]
fn a_record_that_is_fought_over_is_left_alone() {
    let (mut faults, mut now) = faults();
    let change = create("a.example.org", "192.0.2.1");
    for _ in 0..3 {
        assert!(held(&mut faults, std::slice::from_ref(&change), now).is_empty());
        note(&mut faults, &[applied(change.clone(), Ok(()), false)], now);
        now += SECOND;
    }
    assert_eq!(held(&mut faults, std::slice::from_ref(&change), now), ["fought"]);
    assert_eq!(faults.fought().next().unwrap().1.undone, 3);
    let due = faults.next_due().unwrap();
    assert!((96..=144).contains(&(due - now).as_secs()), "two minutes, more or less");
    assert_eq!(faults.due_names(due).len(), 1);
    assert!(held(&mut faults, &[create("a.example.org", "192.0.2.2")], now).is_empty(), "another wish");
    assert!(held(&mut faults, std::slice::from_ref(&change), due).is_empty());
}
