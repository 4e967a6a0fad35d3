use super::standings::Standings;
use super::verdict::Verdict;
use super::{Condition, Standing};
use crate::sources::crd::Visit;
use crate::sources::object::Key;
use crate::sources::outcome::{Problem, Severity};
use crate::sync::Applied;
use crate::sync::report::{CycleReport, Failure, Step};
use std::collections::BTreeMap;
use std::sync::Arc;
use zonewright_planner::{
    Change, CreateReason, DnsName, Endpoint, HoldReason, ObjectRef, Owner, Plan, Properties, RecordType,
    Refusal, Skip, SkipReason, ZoneId,
};
use zonewright_provider_kit::{ErrorClass, ProviderError, ZoneChange};

fn object() -> Arc<ObjectRef> {
    Arc::new(ObjectRef {
        source: "crd",
        kind: "DNSEndpoint",
        api_version: "externaldns.k8s.io/v1alpha1",
        namespace: "x".into(),
        name: "api".into(),
        uid: "u".into(),
    })
}

fn name(text: &str) -> DnsName {
    DnsName::parse(text).unwrap()
}

/// The object asks for `a.example.org` and `b.example.org`.
fn visit(generation: i64) -> BTreeMap<Key, Visit> {
    let names = ["a", "b"].map(|label| name(&format!("{label}.example.org")));
    let visit = Visit { uid: "u".into(), generation, names: names.into(), ..Visit::default() };
    BTreeMap::from([(Key::new("x", "api"), visit)])
}

fn wish() -> Endpoint {
    let endpoint = Endpoint::new("a.example.org", RecordType::A, &["192.0.2.1"], Properties::new()).unwrap();
    endpoint.with_object(object())
}

fn skipping(reason: SkipReason) -> CycleReport {
    let skips = vec![Skip::of_wish(&wish(), reason)];
    CycleReport { plan: Plan { changes: Vec::new(), skips }, ..CycleReport::default() }
}

fn refusing(message: &str) -> CycleReport {
    let change = Change::create(wish(), CreateReason::New);
    let change = ZoneChange { change, rows: Vec::new() };
    let outcome = Err(ProviderError::new(ErrorClass::InvalidRecord, message));
    CycleReport::after(vec![Applied { zone: ZoneId::new("z"), change, own_fault: false, outcome }])
}

fn quarantined(refusals: u32) -> CycleReport {
    skipping(SkipReason::Quarantined { why: "bad".into(), refusals })
}

fn failing() -> CycleReport {
    let error = ProviderError::new(ErrorClass::Unavailable, "away");
    CycleReport { failure: Some(Failure { step: Step::Read, error }), ..CycleReport::default() }
}

fn partial(names: &[&str], report: CycleReport) -> CycleReport {
    let planned_names = names.iter().map(|text| name(text)).collect();
    CycleReport { names: Some(names.len()), planned_names, ..report }
}

impl Standings {
    /// `generation accepted ready`, after a run.
    fn after(&mut self, visits: BTreeMap<Key, Visit>, report: &CycleReport) -> String {
        self.note(visits, report);
        self.verdicts().map(|(_, verdict)| verdict.line()).collect()
    }
}

impl Verdict {
    fn line(&self) -> String {
        format!("{} {} {}", self.generation, self.accepted.reason, self.ready.reason)
    }
}

fn none() -> BTreeMap<Key, Visit> {
    BTreeMap::new()
}

#[test]
fn an_object_is_ready_when_nothing_is_in_the_way_of_its_records() {
    let cases = [
        (CycleReport::default(), "1 Accepted Programmed", ""),
        (
            skipping(SkipReason::ForeignOwner { owner: Owner::new("other").unwrap() }),
            "1 Accepted Conflict",
            "A a.example.org: belongs to owner \"other\"",
        ),
        (
            skipping(SkipReason::NoZone),
            "1 Accepted Denied",
            "A a.example.org: no zone of the provider contains the name",
        ),
        (
            skipping(SkipReason::Refused(Refusal::OtherNamespace { winner: "ingress/y/web".into() })),
            "1 Accepted Conflict",
            "A a.example.org: the name is that of ingress/y/web, which is in another namespace",
        ),
        (
            skipping(SkipReason::Refused(Refusal::DomainPolicy { why: "rule 1 of policy.yaml".into() })),
            "1 Accepted Denied",
            "A a.example.org: rule 1 of policy.yaml",
        ),
        (
            skipping(SkipReason::Unsupported { why: "too long".into() }),
            "1 Accepted Invalid",
            "A a.example.org: too long",
        ),
        (
            skipping(SkipReason::Guarded { zone: "z".into(), hash: "h".into() }),
            "1 Accepted Guarded",
            "A a.example.org: withheld by the delete guard of zone z; to let it through, approve h",
        ),
        (quarantined(3), "1 Accepted Quarantined", "A a.example.org: refused by the provider: bad"),
        (refusing("bad target"), "1 Accepted Failed", "A a.example.org: bad target"),
        (
            skipping(SkipReason::ZoneUnreadable { zone: "z".into() }),
            "1 Accepted Pending",
            "A a.example.org: zone z could not be read",
        ),
        (failing(), "1 Accepted Pending", "reading records from the provider failed: away"),
    ];
    for (report, line, message) in cases {
        let mut standings = Standings::default();
        assert_eq!(standings.after(visit(1), &report), line);
        let (_, verdict) = standings.verdicts().next().unwrap();
        assert_eq!(verdict.ready.message, message);
        assert_eq!(verdict.ready.is_true, message.is_empty());
    }
}

#[test]
fn a_problem_of_the_object_is_what_it_is_not_accepted_for() {
    let problem = |invalid: Option<RecordType>, message: &str| Problem {
        object: object(),
        severity: Severity::Warning,
        message: message.into(),
        invalid,
    };
    let report = |problem| CycleReport { problems: vec![problem], ..CycleReport::default() };
    let mut standings = Standings::default();
    let detail = problem(None, "the label is left out");
    assert_eq!(standings.after(visit(1), &report(detail)), "1 Invalid Programmed");
    let (_, verdict) = standings.verdicts().next().unwrap();
    assert_eq!((verdict.accepted.is_true, &*verdict.accepted.message), (false, "the label is left out"));
    let record = problem(Some(RecordType::Mx), "not an MX target");
    assert_eq!(standings.after(none(), &report(record)), "1 Invalid Invalid");
    assert_eq!(standings.after(none(), &CycleReport::default()), "1 Accepted Programmed");
    // A run for some names does not see every problem.
    standings.after(none(), &report(problem(None, "x")));
    assert_eq!(
        standings.after(none(), &partial(&["a.example.org"], CycleReport::default())),
        "1 Invalid Programmed"
    );
    let named = problem(None, "not a name");
    let mut visits = visit(2);
    visits.values_mut().for_each(|visit| visit.leaves_out = true);
    assert_eq!(standings.after(visits, &report(named)), "2 Invalid Invalid");
}

#[test]
fn a_held_name_is_told_once_and_as_what_it_is() {
    let mut visits = visit(1);
    let hold = HoldReason::NoTarget;
    visits.values_mut().for_each(|visit| visit.holds = [(name("a.example.org"), hold.clone())].into());
    let mut standings = Standings::default();
    assert_eq!(standings.after(visits, &skipping(SkipReason::Held(hold))), "1 Accepted Held");
    let (_, verdict) = standings.verdicts().next().unwrap();
    assert_eq!(verdict.ready.message, "a.example.org: the object has no target at the moment");
}

#[test]
fn a_refused_record_that_is_tried_again_changes_nothing() {
    let mut standings = Standings::default();
    assert_eq!(standings.after(visit(1), &refusing("bad")), "1 Accepted Failed");
    assert_eq!(standings.after(none(), &quarantined(1)), "1 Accepted Quarantined");
    let before = standings.verdicts().next().unwrap().1.clone();
    for refusals in 2..20 {
        standings.note(none(), &partial(&["a.example.org"], refusing("bad, attempt 2")));
        standings.note(none(), &quarantined(refusals));
        let waiting = SkipReason::ZoneWaiting { zone: "z".into(), why: "x".into() };
        standings.note(none(), &skipping(waiting));
        assert_eq!(*standings.verdicts().next().unwrap().1, before);
    }
    assert_eq!(standings.after(none(), &CycleReport::default()), "1 Accepted Programmed");
}

#[test]
fn what_was_acknowledged_stays_so_while_nothing_can_be_read() {
    let mut standings = Standings::default();
    standings.note(visit(1), &CycleReport::default());
    assert_eq!(standings.after(visit(1), &failing()), "1 Accepted Programmed");
    let unreadable = || skipping(SkipReason::ZoneUnreadable { zone: "z".into() });
    assert_eq!(standings.after(visit(1), &unreadable()), "1 Accepted Programmed");
    let mut other = visit(2);
    other.values_mut().for_each(|visit| visit.names = [name("a.example.org")].into());
    assert_eq!(standings.after(other.clone(), &failing()), "2 Accepted Pending", "a new wish is not");
    assert_eq!(standings.after(other, &unreadable()), "2 Accepted Pending");
}

#[test]
fn a_run_for_some_names_judges_only_what_it_compared() {
    let mut standings = Standings::default();
    standings.note(visit(1), &skipping(SkipReason::Unowned));
    let fine = CycleReport::default;
    assert_eq!(standings.after(none(), &partial(&["b.example.org"], fine())), "1 Accepted Conflict");
    assert_eq!(standings.after(none(), &partial(&["a.example.org"], fine())), "1 Accepted Programmed");
    let mut changed = visit(2);
    changed.values_mut().for_each(|v| v.names = ["a", "c"].map(|l| name(&format!("{l}.example.org"))).into());
    let half = partial(&["a.example.org"], fine());
    assert_eq!(standings.after(changed, &half), "1 Accepted Programmed", "nothing is known of c yet");
    let both = partial(&["a.example.org", "c.example.org"], fine());
    assert_eq!(standings.after(none(), &both), "2 Accepted Programmed");
}

#[test]
fn an_object_in_the_place_of_another_is_judged_anew() {
    let mut standings = Standings::default();
    standings.note(visit(1), &skipping(SkipReason::Unowned));
    let mut other = visit(1);
    other.values_mut().for_each(|visit| visit.uid = "another".into());
    assert_eq!(standings.after(other, &failing()), "1 Accepted Pending");
    standings.retain(|_| false);
    assert_eq!(standings.verdicts().count(), 0);
}

fn condition(kind: &str, status: &str, since: &str) -> Condition {
    Condition {
        r#type: kind.into(),
        status: status.into(),
        observed_generation: 1,
        last_transition_time: since.into(),
        reason: "Programmed".into(),
        message: "".into(),
    }
}

#[test]
fn the_time_moves_only_when_a_condition_turns_and_those_of_others_stay() {
    let mut standings = Standings::default();
    standings.note(visit(2), &CycleReport::default());
    let verdict = standings.verdicts().next().unwrap().1.clone();
    let there = Standing {
        generation: 2,
        observed_generation: 1,
        conditions: vec![
            condition("Theirs", "Unknown", "t0"),
            condition("Ready", "True", "t1"),
            condition("Accepted", "False", "t1"),
        ],
        ..Standing::default()
    };
    let written = verdict.written_over(there.clone(), "t2");
    let told: Vec<_> = written
        .conditions
        .iter()
        .map(|c| (&*c.r#type, &*c.status, c.observed_generation, &*c.last_transition_time))
        .collect();
    assert_eq!(
        told,
        [("Theirs", "Unknown", 1, "t0"), ("Ready", "True", 2, "t1"), ("Accepted", "True", 2, "t2")]
    );
    assert_eq!(written.observed_generation, 2);
    let is_said = |standing: &Standing| verdict.is_said_in(standing);
    assert!(!is_said(&there));
    assert!(is_said(&Standing { uid: "u".into(), ..written.clone() }));
    assert!(!is_said(&written), "of another object");
}
