//! What refusals mean.

use super::calls::creates;
use super::*;
use rstest::rstest;

async fn outcome(fault: Fault) -> ProviderError {
    let service = Service::free().await;
    let cycle = service.cycle();
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    service.double.inject(When::call(Operation::Batch), fault);
    let outcomes = cycle.writer.apply(&zone, &creates(2)).await;
    let texts: Vec<String> =
        outcomes.iter().map(|outcome| outcome.as_ref().unwrap_err().to_string()).collect();
    assert_eq!(texts[0], texts[1], "one refusal is for all of the batch, so that the caller cuts it in two");
    outcomes.into_iter().next().unwrap().unwrap_err()
}

const THROTTLED: ErrorClass = ErrorClass::Throttled { retry_after: None };

#[rstest]
#[case(Fault::refuse(403, 10000, "Authentication error"), ErrorClass::Auth, false)]
#[case(Fault::refuse(400, 6003, "Invalid request headers"), ErrorClass::Auth, false)]
#[case(Fault::refuse(400, 9109, "Unauthorized to access requested resource"), ErrorClass::Auth, false)]
#[case(Fault::throttled(None), THROTTLED, false)]
#[case(Fault::refuse(400, 81053, "exists"), ErrorClass::Conflict, false)]
#[case(Fault::refuse(400, 81057, "The record already exists."), ErrorClass::Conflict, false)]
#[case(Fault::refuse(404, 81044, "Record does not exist."), ErrorClass::Conflict, false)]
#[case(Fault::refuse(400, 1004, "DNS Validation Error"), ErrorClass::InvalidRecord, false)]
#[case(Fault::refuse(400, 9004, "This record type cannot be proxied."), ErrorClass::InvalidRecord, false)]
#[case(Fault::refuse(404, 7003, "Could not route to /zones/x"), ErrorClass::Permanent, false)]
#[case(Fault::refuse(500, 10013, "oops"), ErrorClass::Unavailable, true)]
#[case(Fault::Say { status: 502, body: "<html>bad gateway</html>".into() }, ErrorClass::Unavailable, true)]
#[case(Fault::Say { status: 524, body: "error code: 524".into() }, ErrorClass::Unavailable, true)]
#[case(Fault::Say { status: 503, body: "".into() }, ErrorClass::Unavailable, false)]
#[case(Fault::Say { status: 200, body: "<html>".into() }, ErrorClass::Unavailable, true)]
#[case(Fault::HangUp, ErrorClass::Unavailable, true)]
#[case(Fault::LoseAnswer, ErrorClass::Unavailable, true)]
#[case(Fault::HalfAnswer, ErrorClass::Unavailable, true)]
#[tokio::test]
async fn every_refusal_has_a_class(#[case] fault: Fault, #[case] class: ErrorClass, #[case] unknown: bool) {
    let error = outcome(fault).await;
    assert_eq!((error.class(), error.is_outcome_unknown()), (class, unknown), "{error}");
    assert!(error.to_string().contains("example.org"), "{error}");
}

/// The service says what is wrong in the reasons of an error.
#[tokio::test]
async fn reasons_are_told() {
    let service = Service::free().await;
    let cycle = service.cycle();
    let wishes = [wish("a.example.org A 192.0.2.1", &[("tags", "a:b")])];
    let failure = cycle.run(&wishes).await.failures.remove(0);
    assert_eq!(failure.1.class(), ErrorClass::InvalidRecord);
    assert!(failure.1.to_string().contains("1004: DNS Validation Error (9301: "), "{}", failure.1);
}

/// W14: a batch that is throttled is not tried again record by record.
#[tokio::test]
async fn what_is_of_the_zone_ends_the_write() {
    for fault in [Fault::throttled(None), Fault::forbidden(), Fault::HangUp] {
        let service = Service::free().await;
        let cycle = service.cycle();
        let zone = cycle.reader.zones().await.unwrap().remove(0);
        service.double.inject(When::call(Operation::Batch).after(1), fault);
        service.double.forget();
        let outcomes = cycle.writer.apply(&zone, &creates(350)).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 100);
        assert_eq!(service.double.requests(), 2, "one that was good and one that was not");
    }
}

/// The same without batches: what comes after a refusal of the zone is not sent, after one of a record it is.
#[tokio::test]
async fn one_by_one_others_go_on() {
    let service = Service::free().await;
    service.double.without_batches();
    let cycle = service.cycle();
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    let bad = Fault::refuse(400, 1004, "DNS Validation Error");
    service.double.inject(When::call(Operation::CreateRecord).after(2), bad);
    let outcomes = cycle.writer.apply(&zone, &creates(5)).await;
    let good: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, false, true, true, true]);
    service.double.forget();
    service.double.inject(When::call(Operation::DeleteRecord), Fault::throttled(None));
    let (plan, zones, parts) = cycle.plan(&[]).await;
    service.double.forget();
    assert_eq!(cycle.apply(&plan, &zones, &parts).await.len(), 4);
    assert_eq!(service.double.requests(), 1);
}

/// A write whose outcome is not known was done after all: after another list nothing is left to do.
#[tokio::test]
async fn a_lost_answer_is_found_out() {
    let service = Service::free().await;
    let cycle = service.cycle();
    let wishes = [wish("a.example.org A 192.0.2.1", &[])];
    service.double.inject(When::call(Operation::Batch), Fault::LoseAnswer);
    let done = cycle.run(&wishes).await;
    assert!(done.failures[0].1.is_outcome_unknown());
    cycle.expect_nothing(&wishes).await;
    cycle.converge(&[wish("a.example.org A 192.0.2.2", &[])]).await;
}

/// An answer that does not say what the new records are called: they are looked up before they are changed.
#[tokio::test]
async fn ids_that_are_not_told_are_not_guessed() {
    let service = Service::free().await;
    let cycle = service.cycle();
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    let body = r#"{"success": true, "errors": [], "messages": [], "result": {"posts": null}}"#;
    service.double.inject(When::call(Operation::Batch), Fault::Say { status: 200, body: body.into() });
    assert!(cycle.writer.apply(&zone, &creates(1)).await[0].is_ok());
    let old = Record::from_endpoint(zone.id.clone(), &wish("n00000.example.org A 192.0.2.1", &[]));
    let change = Change::delete(old, zonewright_planner::DeleteReason::NoLongerWanted);
    let outcome = cycle.writer.apply(&zone, &[ZoneChange { change, rows: Vec::new() }]).await.remove(0);
    assert_eq!(outcome.unwrap_err().class(), ErrorClass::Conflict);
}
