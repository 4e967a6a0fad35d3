//! What the services refuse, and what they do not answer.

use super::*;
use rstest::rstest;
use zonewright_azure_double::{Fault, Operation, RecordSet, When};
use zonewright_provider_kit::Operation as Change_;

fn creates(count: usize) -> Vec<ZoneChange> {
    (0..count).map(|i| create(wish(&format!("n{i:03}.example.org A 192.0.2.1"), &[]))).collect()
}

#[rstest]
#[case::throttled(Fault::throttled(None), ErrorClass::Throttled { retry_after: None }, false)]
#[case::forbidden(Fault::forbidden(), ErrorClass::Auth, false)]
#[case::down(Fault::unavailable(), ErrorClass::Unavailable, false)]
#[case::gateway(Fault::refuse(502, "BadGateway", "x"), ErrorClass::Unavailable, true)]
#[case::hang_up(Fault::HangUp, ErrorClass::Unavailable, true)]
#[case::lost_answer(Fault::LoseAnswer, ErrorClass::Unavailable, true)]
#[case::half_answer(Fault::HalfAnswer, ErrorClass::Unavailable, true)]
#[case::locked(Fault::refuse(409, "ScopeLocked", "x"), ErrorClass::Permanent, false)]
#[case::busy(Fault::refuse(409, "Conflict", "Another operation is pending"), ErrorClass::Conflict, false)]
#[case::bad(
    Fault::refuse(400, "BadRequest", "The domain name is invalid."),
    ErrorClass::InvalidRecord,
    false
)]
#[case::gone(Fault::refuse(404, "ParentResourceNotFound", "x"), ErrorClass::Permanent, false)]
#[tokio::test]
async fn failed_writes_are_classified(
    #[case] fault: Fault,
    #[case] class: ErrorClass,
    #[case] is_unknown: bool,
    #[values(false, true)] bare: bool,
) {
    let (world, _) = World::with_zone(Service::Public).await;
    if bare {
        world.azure.answer_bare();
    }
    let provider = provider(AzureConfig { retries: -1, ..world.config(Service::Public) });
    let zone = zone_of(&provider).await;
    world.azure.inject(When::call(Operation::PutRecordSet), fault);
    let error = provider.writer().apply(&zone, &creates(1)).await.remove(0).unwrap_err();
    assert_eq!(error.class(), class, "{error}");
    assert_eq!(error.is_outcome_unknown(), is_unknown, "{error}");
    assert!(error.to_string().contains("creating n000.example.org A"), "{error}");
    if class == ErrorClass::Auth {
        let text = error.to_string();
        assert!(
            text.contains("service principal client of tenant tenant")
                && text.contains("DNS Zone Contributor"),
            "{text}"
        );
    }
}

/// W8: v0.22 only logs what fails. Each change has an outcome, the bad ones theirs, and all others are made.
#[tokio::test]
async fn each_change_has_its_own_outcome() {
    let (world, id) = World::with_zone(Service::Public).await;
    let provider = world.provider(Service::Public);
    let zone = zone_of(&provider).await;
    world.azure.seed(&id, [RecordSet::new("taken", "CNAME", 60, &["x.example.net"])]).unwrap();
    let many: Vec<String> = (0..51).map(|i| format!("192.0.2.{i}")).collect();
    let long = format!("long.example.org TXT {}", "x".repeat(5000));
    let mut changes = creates(100);
    changes[10] = create(wish(&format!("many.example.org A {}", many.join(",")), &[]));
    changes[20] = create(wish("taken.example.org A 192.0.2.1", &[]));
    changes[30] = create(wish(&long, &[]));
    changes[40] = create(wish("example.org CNAME x.example.net", &[]));
    changes[50] = create(wish("naptr.example.org NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .", &[]));
    let outcomes = provider.writer().apply(&zone, &changes).await;
    let failed: Vec<(usize, ErrorClass)> = outcomes
        .iter()
        .enumerate()
        .filter_map(|(i, outcome)| Some((i, outcome.as_ref().err()?.class())))
        .collect();
    let (invalid, conflict) = (ErrorClass::InvalidRecord, ErrorClass::Conflict);
    assert_eq!(failed, [(10, invalid), (20, conflict), (30, invalid), (40, invalid), (50, invalid)]);
    assert_eq!(world.azure.records(&id).len(), 96);
    let texts: std::collections::BTreeSet<String> =
        outcomes.iter().filter_map(|outcome| Some(outcome.as_ref().err()?.to_string())).collect();
    assert_eq!(texts.len(), 5, "each is about something else: {texts:?}");
    assert!(texts.iter().any(|text| text.contains("no NAPTR records")), "{texts:?}");
}

/// One answer that is true for all of them: nothing more is sent in vain.
#[rstest]
#[case(Fault::forbidden())]
#[case(Fault::throttled(Some(60)))]
#[case(Fault::unavailable())]
#[tokio::test]
async fn what_concerns_all_stops_all(#[case] fault: Fault) {
    let (world, _) = World::with_zone(Service::Public).await;
    let provider = world.provider(Service::Public);
    let zone = zone_of(&provider).await;
    world.azure.forget_requests();
    world.azure.inject(When::call(Operation::PutRecordSet).always(), fault);
    let outcomes = provider.writer().apply(&zone, &creates(100)).await;
    let errors: Vec<&ProviderError> = outcomes.iter().map(|outcome| outcome.as_ref().unwrap_err()).collect();
    let code = errors[0].class().code();
    assert!(errors.iter().all(|error| error.class().code() == code), "{errors:?}");
    let sent = world.azure.count(Operation::PutRecordSet);
    assert!(sent <= 8, "{sent} requests");
}

/// `--azure-maxretries-count`: reading tries everything again that passes, writing only what was turned away.
#[rstest]
#[case(3, 4)]
#[case(0, 4)]
#[case(1, 2)]
#[case(-1, 1)]
#[tokio::test]
async fn requests_are_tried_again_as_often_as_the_flag_says(#[case] retries: i32, #[case] attempts: usize) {
    let (world, _) = World::with_zone(Service::Public).await;
    let provider = provider(AzureConfig { retries, ..world.config(Service::Public) });
    let zone = zone_of(&provider).await;
    let count = |operation| {
        let count = world.azure.count(operation);
        world.azure.forget_requests();
        count
    };
    world.azure.forget_requests();
    world.azure.inject(When::call(Operation::ListRecordSets).always(), Fault::unavailable());
    provider.reader().records(&zone).await.unwrap_err();
    assert_eq!(count(Operation::ListRecordSets), attempts);
    world.azure.inject(When::call(Operation::PutRecordSet).always(), Fault::throttled(None));
    provider.writer().apply(&zone, &creates(1)).await.remove(0).unwrap_err();
    assert_eq!(count(Operation::PutRecordSet), attempts);
    world.azure.withdraw_faults();
    world.azure.inject(When::call(Operation::PutRecordSet).always(), Fault::LoseAnswer);
    provider.writer().apply(&zone, &creates(1)).await.remove(0).unwrap_err();
    assert_eq!(count(Operation::PutRecordSet), 1, "it may have been done");
}

/// Need 29: whoever is told when to come back comes back then, and asks nothing before.
#[tokio::test]
async fn a_retry_after_is_for_everybody() {
    let (world, _) = World::with_zone(Service::Public).await;
    let provider = world.provider(Service::Public);
    let zone = zone_of(&provider).await;
    world.azure.inject(When::call(Operation::PutRecordSet), Fault::throttled(Some(1)));
    let error = provider.writer().apply(&zone, &creates(1)).await.remove(0).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Throttled { retry_after: Some(Duration::from_secs(1)) });
    world.azure.forget_requests();
    let error = provider.reader().records(&zone).await.unwrap_err();
    assert!(matches!(error.class(), ErrorClass::Throttled { retry_after: Some(_) }), "{error}");
    assert_eq!(world.azure.requests().len(), 0);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let outcomes = provider.writer().apply(&zone, &creates(500)).await;
    assert!(outcomes.iter().all(Result::is_ok));
}

/// Nothing of a name is deleted where what is to take its place cannot be written.
#[tokio::test]
async fn nothing_makes_room_for_what_cannot_come() {
    let (world, id) = World::with_zone(Service::Public).await;
    world.azure.seed(&id, [RecordSet::new("a", "CNAME", 60, &["x.example.net"])]).unwrap();
    let provider = world.provider(Service::Public);
    let zone = zone_of(&provider).await;
    let old = provider.reader().records(&zone).await.unwrap().records;
    let old = old.into_iter().find(|record| record.record_type == RecordType::Cname).unwrap();
    let delete = Change::delete(old, zonewright_planner::DeleteReason::NoLongerWanted);
    // Names behind an address type are for services that have such aliases.
    let alias = wish("a.example.org A lb.example.net", &[("alias", "true")]);
    let changes = [create(alias), ZoneChange { change: delete, rows: Vec::new() }];
    assert_eq!(changes[1].operations().iter().filter(|one| matches!(one, Change_::Delete(_))).count(), 1);
    let outcomes = provider.writer().apply(&zone, &changes).await;
    assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
    assert_eq!(world.azure.records(&id).len(), 1);
    // And where the service keeps what is in the way, what comes is not tried.
    world.azure.inject(When::call(Operation::DeleteRecordSet), Fault::refuse(409, "ScopeLocked", "locked"));
    let changes = [create(wish("a.example.org A 192.0.2.1", &[])), changes[1].clone()];
    world.azure.forget_requests();
    let outcomes = provider.writer().apply(&zone, &changes).await;
    assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
    assert_eq!(world.azure.requests().len(), 1);
}
