//! Runs that end half-way, at every point: the next one brings about what an undisturbed one would have, and at no moment does a record
//! of ours stand there without an owner.

use super::{Instance, RowError, Shared, none, record, wish};
use rstest::rstest;
use zonewright_planner::{Endpoint, Policy, Record};
use zonewright_provider_kit::{ErrorClass, ProviderError};
use zonewright_registry::{NonceSource, TxtSettings};

const WEB: &str = "web.example.org";
const TWO: &str = "two.example.org";
const TXT: &str = "\"heritage=external-dns,external-dns/owner=me,external-dns/resource=crd/default/web\"";

type Line = (&'static str, &'static str, &'static str);

#[rstest]
#[case::create(&[], &[], &[(WEB, "A", "192.0.2.1"), (WEB, "AAAA", "2001:db8::1"), (TWO, "A", "192.0.2.2")])]
#[case::create_beside_a_row(&["web.example.org#A#"], &[], &[(WEB, "A", "192.0.2.1")])]
#[case::update(&["web.example.org#A#"], &[(WEB, "A", "192.0.2.1")], &[(WEB, "A", "192.0.2.2")])]
#[case::change_of_type(&["web.example.org#A#"], &[(WEB, "A", "192.0.2.1")], &[(WEB, "CNAME", "lb.example.net")])]
#[case::delete(
    &["web.example.org#A#", "two.example.org#A#"],
    &[(WEB, "A", "192.0.2.1"), (TWO, "A", "192.0.2.2")],
    &[]
)]
#[case::tidy(&["web.example.org#A#", "two.example.org#A#"], &[], &[])]
#[case::from_txt(
    &[],
    &[(WEB, "A", "192.0.2.1"), ("a-web.example.org", "TXT", TXT), (TWO, "A", "192.0.2.2"), ("a-two.example.org", "TXT", TXT)],
    &[(WEB, "A", "192.0.2.9"), (TWO, "A", "192.0.2.2")]
)]
fn the_next_run_completes_what_was_left_half_done(
    #[case] rows: &[&str],
    #[case] zone: &[Line],
    #[case] wishes: &[Line],
) {
    let wishes: Vec<Endpoint> = wishes.iter().map(|(name, kind, target)| wish(name, kind, target)).collect();
    let clean = service(rows, zone);
    instance(&clean).cycle(&wishes, &none());
    let mut steps = 0;
    loop {
        let service = service(rows, zone);
        service.0.lock().unwrap().steps_left = Some(steps);
        let mut me = instance(&service);
        let told = me.cycle(&wishes, &none());
        service.0.lock().unwrap().steps_left = None;
        // The same instance goes on, or another takes its place.
        for fresh in [false, true] {
            let copy = Shared::default();
            {
                let (from, mut to) = (service.0.lock().unwrap(), copy.0.lock().unwrap());
                (to.rows, to.zone) = (from.rows.clone(), from.zone.clone());
            }
            if fresh {
                let mut other = instance(&copy);
                assert_all_owned(&other, &copy, steps);
                other.cycle(&wishes, &none());
                assert_same(&copy, &clean, steps);
                assert!(other.cycle(&wishes, &none()).done.is_empty(), "after {steps} steps");
            }
        }
        me.cycle(&wishes, &none());
        assert_same(&service, &clean, steps);
        assert!(me.cycle(&wishes, &none()).done.is_empty(), "after {steps} steps");
        if told.failures.is_empty() {
            break;
        }
        steps += 1;
    }
    assert!(steps > 0);
}

fn service(rows: &[&str], zone: &[Line]) -> Shared {
    let rows: Vec<(&str, &str)> = rows.iter().map(|key| (*key, "me")).collect();
    let zone: Vec<Record> = zone.iter().map(|(name, kind, target)| record(name, kind, target)).collect();
    Shared::with(&rows, zone)
}

fn instance(service: &Shared) -> Instance {
    let mut settings = TxtSettings::new("me", NonceSource::from_seed([5; 32]));
    let types = ["A", "AAAA", "CNAME", "TXT"].map(zonewright_planner::RecordType::from_text);
    settings.managed = zonewright_planner::ManagedTypes::new(types, &[]);
    Instance::new(service, settings, Policy::Sync)
}

fn assert_all_owned(me: &Instance, service: &Shared, steps: usize) {
    futures::executor::block_on(me.registry.refresh(me.now)).unwrap();
    let listing = service.0.lock().unwrap().zone.clone();
    let owned = me.registry.read(listing).records;
    let orphan = owned.iter().find(|record| record.labels.owner() != Some("me"));
    assert_eq!(orphan, None, "after {steps} steps");
}

fn assert_same(service: &Shared, clean: &Shared, steps: usize) {
    assert_eq!(service.zone(), clean.zone(), "after {steps} steps");
    assert_eq!(service.rows(), clean.rows(), "after {steps} steps");
}

#[test]
fn a_row_that_cannot_be_written_keeps_its_record_from_being_written() {
    let service = service(&[], &[]);
    let throttled = ProviderError::new(ErrorClass::Throttled { retry_after: None }, "too many");
    service.0.lock().unwrap().answers.push(RowError::Failed(throttled));
    let mut me = instance(&service);
    let wishes = [wish(WEB, "A", "192.0.2.1"), wish(WEB, "AAAA", "2001:db8::1"), wish(TWO, "A", "192.0.2.2")];
    let told = me.cycle(&wishes, &none());
    // The first statement was about `two`.
    assert_eq!(told.failures.len(), 1);
    assert!(matches!(told.failures[0].class(), ErrorClass::Throttled { .. }));
    assert_eq!(service.zone().len(), 2);
    assert_eq!(me.cycle(&wishes, &none()).done, ["+row two.example.org#A#", "+A two.example.org"]);
    assert_eq!(service.0.lock().unwrap().scans, 1, "what was refused is known not to be there");
}

#[test]
fn an_unknown_outcome_makes_the_table_be_read_again() {
    let service = service(&[], &[]);
    let lost = ProviderError::new(ErrorClass::Unavailable, "no answer").with_unknown_outcome();
    service.0.lock().unwrap().answers.push(RowError::Failed(lost));
    let mut me = instance(&service);
    let wishes = [wish(WEB, "A", "192.0.2.1")];
    assert_eq!(me.cycle(&wishes, &none()).failures.len(), 1);
    // It had been carried out.
    service.0.lock().unwrap().rows.insert(format!("{WEB}#A#"), super::item(&format!("{WEB}#A#"), "me"));
    assert_eq!(me.cycle(&wishes, &none()).done, ["+A web.example.org"]);
    assert_eq!(service.0.lock().unwrap().scans, 2);
}

#[test]
fn a_row_that_outlives_its_record_is_told_and_goes_with_the_next_run() {
    let service = service(&["web.example.org#A#"], &[(WEB, "A", "192.0.2.1")]);
    let mut me = instance(&service);
    service.0.lock().unwrap().steps_left = Some(1);
    let told = me.cycle(&[], &none());
    assert_eq!(told.done, ["-A web.example.org"]);
    let error = &told.failures[0];
    assert!(
        error.is_outcome_unknown() && error.to_string().contains("is deleted, but its row in table"),
        "{error}"
    );
    service.0.lock().unwrap().steps_left = None;
    assert_eq!(me.cycle(&[], &none()).done, ["-row web.example.org#A#"]);
}
