use super::EventTeller;
use super::memory::Memory;
use super::news::{Context, News};
use crate::cli::EmittedEvent;
use crate::kubernetes::events::{EventQueue, Notice};
use crate::sources::outcome::{Problem, Severity};
use crate::sources::tenancy::SharedName;
use crate::sync::Applied;
use crate::sync::daemon::Observer;
use crate::sync::guard::{Limit, Withheld};
use crate::sync::report::{CycleReport, Failure, Step};
use std::sync::Arc;
use zonewright_planner::{
    Change, CreateReason, DeleteReason, DnsName, Endpoint, HoldReason, ObjectRef, Owner, Plan, Policy,
    Properties, Record, RecordType, Refusal, Skip, SkipReason, Ttl, ZoneId,
};
use zonewright_provider_kit::{ErrorClass, ProviderError, ZoneChange};

fn object(name: &str) -> Arc<ObjectRef> {
    Arc::new(ObjectRef {
        source: "ingress",
        kind: "Ingress",
        api_version: "networking.k8s.io/v1",
        namespace: "shop".into(),
        name: name.into(),
        uid: "u".into(),
    })
}

fn wish(name: &str) -> Endpoint {
    let endpoint =
        Endpoint::new(name, RecordType::A, &["192.0.2.1", "192.0.2.2"], Properties::new()).unwrap();
    endpoint.with_ttl(Ttl::from_seconds(60)).with_object(object("web"))
}

fn create(name: &str, outcome: Result<(), ProviderError>) -> Applied {
    let change = Change::create(wish(name), CreateReason::New);
    Applied {
        zone: ZoneId::new("z"),
        change: ZoneChange { change, rows: Vec::new() },
        own_fault: false,
        outcome,
    }
}

fn refused() -> Result<(), ProviderError> {
    Err(ProviderError::new(ErrorClass::InvalidRecord, "no such target"))
}

fn skipping(reason: SkipReason) -> CycleReport {
    let skips = vec![Skip::of_wish(&wish("a.example.org"), reason)];
    CycleReport { plan: Plan { changes: Vec::new(), skips }, ..CycleReport::default() }
}

fn foreign() -> SkipReason {
    SkipReason::ForeignOwner { owner: Owner::new("other").unwrap() }
}

fn reason(note: String) -> String {
    note.split(' ').nth(1).unwrap().to_owned()
}

/// Reasons of the events of one run after the other.
#[derive(Default)]
struct Told(Memory);

impl Told {
    fn notes(&mut self, report: &CycleReport) -> Vec<String> {
        self.notes_after(Vec::new(), report)
    }

    fn reasons(&mut self, report: &CycleReport) -> Vec<String> {
        self.notes(report).into_iter().map(reason).collect()
    }

    /// What is told of a run that did nothing but this.
    fn applying(&mut self, done: Applied) -> Vec<String> {
        let report = CycleReport::after(vec![Applied {
            change: done.change.clone(),
            zone: done.zone.clone(),
            outcome: done.outcome.clone(),
            ..done
        }]);
        self.notes_after(vec![done], &report)
    }

    fn notes_after(&mut self, applied: Vec<Applied>, report: &CycleReport) -> Vec<String> {
        let object_of = |label: &str| label.strip_prefix("ingress/shop/").map(object);
        let context = Context { owner: "me", object_of: &object_of };
        let mut notices: Vec<Notice> = context.of_made(&applied).map(Notice::from).collect();
        notices.extend(self.0.unsaid(&News { report, context }, &|_| true));
        notices.into_iter().map(|n| format!("{} {} {}", n.object.name, n.reason, n.note)).collect()
    }
}

#[test]
fn what_is_done_is_told_in_the_words_of_external_dns() {
    let note = "(external-dns) record:a.example.org,owner:me,type:A,ttl:60,targets:192.0.2.1,192.0.2.2";
    let mut told = Told::default();
    let created = create("a.example.org", Ok(()));
    assert_eq!(told.applying(created), [format!("web RecordReady {note}")]);
    assert_eq!(
        told.applying(create("a.example.org", refused())),
        [format!("web RecordError {note}: no such target")]
    );
}

#[test]
fn a_delete_is_told_to_the_object_that_its_label_names() {
    let mut old =
        Record::from_text(ZoneId::new("z"), "a.example.org", RecordType::A, &["192.0.2.1"]).unwrap();
    let delete = |old: &Record| {
        let change = Change::delete(old.clone(), DeleteReason::NoLongerWanted);
        let change = ZoneChange { change, rows: Vec::new() };
        Applied { zone: ZoneId::new("z"), change, own_fault: false, outcome: Ok(()) }
    };
    assert_eq!(Told::default().applying(delete(&old)), Vec::<String>::new());
    old.labels.set("resource", "ingress/shop/gone");
    let notes = Told::default().applying(delete(&old));
    assert!(notes[0].starts_with("gone RecordDeleted (external-dns) record:a.example.org,"), "{notes:?}");
}

#[test]
fn what_lasts_is_told_once() {
    let mut told = Told::default();
    assert_eq!(told.reasons(&skipping(foreign())), ["RecordConflict"]);
    for _ in 0..50 {
        assert_eq!(told.reasons(&skipping(foreign())), Vec::<String>::new());
    }
    assert_eq!(told.reasons(&skipping(SkipReason::DomainFilter)), ["RecordDenied"]);
    assert_eq!(told.reasons(&skipping(foreign())), ["RecordConflict"], "it was different in between");
    assert_eq!(told.reasons(&CycleReport::default()), Vec::<String>::new());
    assert_eq!(told.reasons(&skipping(foreign())), ["RecordConflict"], "it was well in between");
}

#[test]
fn a_name_shared_across_namespaces_is_told_to_each_object_once() {
    let shared = || SharedName {
        name: DnsName::parse("a.example.org").unwrap(),
        record_type: RecordType::A,
        set_identifier: "".into(),
        objects: vec![object("web"), object("shop")],
    };
    let report = || CycleReport { shared: vec![shared()], ..CycleReport::default() };
    let mut told = Told::default();
    assert_eq!(told.reasons(&report()), ["RecordConflict", "RecordConflict"]);
    for _ in 0..50 {
        assert_eq!(told.reasons(&report()), Vec::<String>::new());
    }
    told.reasons(&CycleReport::default());
    assert_eq!(told.reasons(&report()).len(), 2, "it was not so in between");
}

#[test]
fn a_refused_record_that_is_tried_again_is_told_of_once() {
    let mut told = Told::default();
    let tried = |told: &mut Told| {
        told.applying(create("a.example.org", refused())).into_iter().map(reason).collect::<Vec<_>>()
    };
    let waiting = |refusals| skipping(SkipReason::Quarantined { why: "no".into(), refusals });
    assert_eq!(tried(&mut told), ["RecordError"]);
    assert_eq!(told.reasons(&waiting(1)), ["RecordQuarantined"]);
    for refusals in 2..50 {
        assert_eq!(tried(&mut told), Vec::<String>::new());
        assert_eq!(told.reasons(&waiting(refusals)), Vec::<String>::new());
    }
    assert_eq!(reason(told.applying(create("a.example.org", Ok(()))).remove(0)), "RecordReady");
    assert_eq!(tried(&mut told), ["RecordError"]);
}

#[test]
fn what_was_not_looked_at_is_not_news_afterwards() {
    let error = || ProviderError::new(ErrorClass::Unavailable, "away");
    let unseen = [
        CycleReport { failure: Some(Failure { step: Step::Read, error: error() }), ..CycleReport::default() },
        CycleReport {
            names: Some(1),
            planned_names: [DnsName::parse("b.example.org").unwrap()].into(),
            ..CycleReport::default()
        },
        skipping(SkipReason::ZoneUnreadable { zone: "z".into() }),
    ];
    for between in unseen {
        let mut told = Told::default();
        assert_eq!(told.reasons(&skipping(foreign())), ["RecordConflict"]);
        assert_eq!(told.reasons(&between), Vec::<String>::new());
        assert_eq!(told.reasons(&skipping(foreign())), Vec::<String>::new());
    }
}

#[test]
fn a_run_for_the_name_tells_what_is_well_again() {
    let mut told = Told::default();
    told.reasons(&skipping(foreign()));
    let looked = CycleReport {
        names: Some(1),
        planned_names: [DnsName::parse("a.example.org").unwrap()].into(),
        ..CycleReport::default()
    };
    assert_eq!(told.reasons(&looked), Vec::<String>::new());
    assert_eq!(told.reasons(&skipping(foreign())), ["RecordConflict"]);
}

#[test]
fn every_reason_that_is_about_a_record_has_its_event() {
    let why = || "x".to_owned();
    let cases = [
        (SkipReason::Held(HoldReason::NoTarget), Some("RecordHeld")),
        (foreign(), Some("RecordConflict")),
        (
            SkipReason::Refused(Refusal::OtherNamespace { winner: "ingress/x/y".into() }),
            Some("RecordConflict"),
        ),
        (SkipReason::Refused(Refusal::DomainPolicy { why: "rule 1".into() }), Some("RecordDenied")),
        (SkipReason::Unowned, Some("RecordConflict")),
        (SkipReason::Claimed { owner: Owner::new("o").unwrap() }, Some("RecordConflict")),
        (SkipReason::Conflict { winner: why() }, Some("RecordConflict")),
        (SkipReason::CnameConflict { beside: RecordType::A }, Some("RecordConflict")),
        (SkipReason::Impossible { beside: RecordType::A }, Some("RecordConflict")),
        (SkipReason::Fought { undone: 3 }, Some("RecordConflict")),
        (SkipReason::PolicyFreezes(Policy::CreateOnly), Some("RecordDenied")),
        (SkipReason::DomainFilter, Some("RecordDenied")),
        (SkipReason::UnmanagedType, Some("RecordDenied")),
        (SkipReason::NoZone, Some("RecordDenied")),
        (SkipReason::Unsupported { why: why() }, Some("RecordInvalid")),
        (SkipReason::Guarded { zone: why(), hash: why() }, Some("RecordWithheld")),
        (SkipReason::Quarantined { why: why(), refusals: 1 }, Some("RecordQuarantined")),
        (SkipReason::ZoneUnreadable { zone: why() }, None),
        (SkipReason::ZoneWaiting { zone: why(), why: why() }, None),
    ];
    for (reason, expected) in cases {
        let code = reason.code();
        let reasons = Told::default().reasons(&skipping(reason));
        assert_eq!(reasons.first().map(String::as_str), expected, "{code}");
    }
}

#[test]
fn problems_of_objects_are_told_once_until_they_are_mended() {
    let problem = |message: &str| Problem {
        object: object("web"),
        severity: Severity::Warning,
        message: message.into(),
        invalid: None,
    };
    let report = |problems: &[&str]| CycleReport {
        problems: problems.iter().map(|message| problem(message)).collect(),
        ..CycleReport::default()
    };
    let mut told = Told::default();
    assert_eq!(told.notes(&report(&["bad ttl", "bad ttl"])), ["web RecordInvalid (external-dns) bad ttl"]);
    assert_eq!(told.reasons(&report(&["bad ttl", "bad target"])), ["RecordInvalid"]);
    assert_eq!(told.reasons(&report(&["bad target", "bad ttl"])), Vec::<String>::new());
    let partial = CycleReport { names: Some(1), ..CycleReport::default() };
    assert_eq!(told.reasons(&partial), Vec::<String>::new());
    assert_eq!(told.reasons(&report(&["bad target"])), Vec::<String>::new());
    assert_eq!(told.reasons(&report(&["bad target", "bad ttl"])), ["RecordInvalid"]);
}

#[test]
fn only_what_was_chosen_is_told() {
    let done = || vec![create("a.example.org", Ok(())), create("b.example.org", refused())];
    let only = |chosen: EmittedEvent| {
        let queue = EventQueue::new(Arc::new(|_| {}));
        let teller = EventTeller::new(&[chosen], "me", Vec::new(), queue.clone());
        teller.applied(&done());
        teller.ended(&CycleReport::after(done()));
        queue.take().iter().map(|notice| (notice.reason, notice.is_warning)).collect::<Vec<_>>()
    };
    assert_eq!(only(EmittedEvent::RecordReady), [("RecordReady", false)]);
    assert_eq!(only(EmittedEvent::RecordError), [("RecordError", true)]);
    assert_eq!(only(EmittedEvent::RecordHeld), []);
}

#[test]
fn withheld_deletes_are_told_to_the_objects_that_their_labels_name() {
    let mut record =
        Record::from_text(ZoneId::new("z"), "a.example.org", RecordType::A, &["192.0.2.1"]).unwrap();
    record.labels.set("resource", "ingress/shop/gone");
    let withheld = Withheld {
        zone: ZoneId::new("z"),
        zone_name: None,
        hash: "4f1c".into(),
        deletes: vec![record],
        owned: 2,
        recent: 0,
        limit: Limit::Share(30),
        returned: None,
    };
    let report = CycleReport { withheld: vec![Arc::new(withheld)], ..CycleReport::default() };
    let mut told = Told::default();
    let notes = told.notes(&report);
    assert!(notes[0].starts_with("gone RecordWithheld (external-dns) record:a.example.org,"), "{notes:?}");
    assert!(notes[0].ends_with("more than 30 %; to delete it, approve 4f1c"), "{notes:?}");
    assert_eq!(told.notes(&report), Vec::<String>::new());
}
