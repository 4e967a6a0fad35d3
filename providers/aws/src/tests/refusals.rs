//! What the service refuses, and what it does not answer.

use super::*;
use rstest::rstest;
use zonewright_aws_double::{BatchErrorForm, Fault, Operation, RecordSet, When};
use zonewright_planner::CreateReason;

fn create(new: Endpoint) -> ZoneChange {
    ZoneChange { change: Change::create(new, CreateReason::New), rows: Vec::new() }
}

async fn zone_of(provider: &Route53) -> Zone {
    provider.reader().zones().await.unwrap().remove(0)
}

/// The names are in the answer, so that two requests do what a search would need dozens for.
#[rstest]
#[case(BatchErrorForm::Messages)]
#[case(BatchErrorForm::ErrorResponse)]
#[tokio::test]
async fn the_guilty_are_named_and_the_others_written(#[case] form: BatchErrorForm) {
    let (aws, id) = aws().await;
    aws.set_batch_error_form(form);
    let taken: Vec<String> = (0..5).map(|i| format!("n{:03}.example.org", i * 100)).collect();
    aws.seed(&id, taken.iter().map(|name| RecordSet::new(name, "A", 60, &["192.0.2.9"]))).unwrap();
    let provider = provider(&aws, swift());
    let zone = zone_of(&provider).await;
    let changes: Vec<ZoneChange> =
        (0..500).map(|i| create(wish(&format!("n{i:03}.example.org A 192.0.2.1"), &[]))).collect();
    aws.forget_requests();
    let outcomes = provider.writer().apply(&zone, &changes).await;
    let refused: Vec<usize> = (0..500).filter(|i| outcomes[*i].is_err()).collect();
    assert_eq!(refused, [0, 100, 200, 300, 400]);
    for (i, outcome) in outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_err()) {
        let error = outcome.as_ref().unwrap_err();
        assert_eq!(error.class(), ErrorClass::Conflict);
        assert!(error.to_string().contains(&format!("n{i:03}.example.org is refused")), "{error}");
    }
    assert_eq!(aws.count(Operation::ChangeResourceRecordSets), 2);
    assert_eq!(aws.records(&id).len(), 500);
}

#[tokio::test]
async fn a_refusal_that_names_nobody_is_one_error_for_all() {
    let (aws, _) = aws().await;
    let provider = provider(&aws, swift());
    let zone = zone_of(&provider).await;
    aws.inject(When::call(Operation::ChangeResourceRecordSets), Fault::refuse(400, "InvalidInput", "no"));
    let changes =
        ["a.example.org A 192.0.2.1", "b.example.org A 192.0.2.1"].map(|line| create(wish(line, &[])));
    let outcomes = provider.writer().apply(&zone, &changes).await;
    let texts: Vec<String> =
        outcomes.iter().map(|outcome| outcome.as_ref().unwrap_err().to_string()).collect();
    assert_eq!(texts[0], texts[1]);
    assert_eq!(outcomes[0].as_ref().unwrap_err().class(), ErrorClass::InvalidRecord);
}

#[rstest]
#[case::throttling(Fault::throttling(), ErrorClass::Throttled { retry_after: None }, false)]
#[case::prior_request(Fault::prior_request(), ErrorClass::Throttled { retry_after: None }, false)]
#[case::denied(Fault::access_denied(), ErrorClass::Auth, false)]
#[case::down(Fault::unavailable(None), ErrorClass::Unavailable, false)]
#[case::gateway(Fault::refuse(502, "BadGateway", "x"), ErrorClass::Unavailable, true)]
#[case::hang_up(Fault::HangUp, ErrorClass::Unavailable, true)]
#[case::lost_answer(Fault::LoseAnswer, ErrorClass::Unavailable, true)]
#[case::half_answer(Fault::HalfAnswer, ErrorClass::Unavailable, true)]
#[case::bad_xml(Fault::bad_xml(), ErrorClass::Unavailable, true)]
#[tokio::test]
async fn failed_writes_are_classified(
    #[case] fault: Fault,
    #[case] class: ErrorClass,
    #[case] is_unknown: bool,
) {
    let (aws, _) = aws().await;
    let provider = provider(&aws, AwsConfig { access: Access { attempts: 1, ..swift().access }, ..swift() });
    let zone = zone_of(&provider).await;
    aws.inject(When::call(Operation::ChangeResourceRecordSets), fault);
    let changes = [create(wish("a.example.org A 192.0.2.1", &[]))];
    let error = provider.writer().apply(&zone, &changes).await.remove(0).unwrap_err();
    assert_eq!(error.class(), class, "{error}");
    assert_eq!(error.is_outcome_unknown(), is_unknown, "{error}");
}

/// `--aws-api-retries` is how often a request is tried in all.
#[tokio::test]
async fn throttled_writes_are_tried_again_and_unknown_ones_are_not() {
    let (aws, id) = aws().await;
    let provider = provider(&aws, swift());
    let zone = zone_of(&provider).await;
    let write = When::call(Operation::ChangeResourceRecordSets);
    let change = |name: &str| [create(wish(&format!("{name}.example.org A 192.0.2.1"), &[]))];
    aws.inject(write.clone(), Fault::throttling());
    aws.inject(write.clone(), Fault::prior_request());
    provider.writer().apply(&zone, &change("a")).await.remove(0).unwrap();
    assert_eq!(aws.count(Operation::ChangeResourceRecordSets), 3);
    aws.forget_requests();
    aws.inject(write.clone(), Fault::LoseAnswer);
    let error = provider.writer().apply(&zone, &change("b")).await.remove(0).unwrap_err();
    assert!(error.is_outcome_unknown());
    assert_eq!(aws.count(Operation::ChangeResourceRecordSets), 1);
    aws.forget_requests();
    aws.inject(write.times(5), Fault::throttling());
    provider.writer().apply(&zone, &change("c")).await.remove(0).unwrap_err();
    assert_eq!(aws.count(Operation::ChangeResourceRecordSets), 3);
    assert_eq!(aws.records(&id).len(), 2);
}

/// A page that fails is asked for again; the list goes on where it was.
#[tokio::test]
async fn lists_survive_what_passes() {
    let (aws, id) = aws().await;
    let names: Vec<String> = (0..700).map(|i| format!("n{i:03}.example.org")).collect();
    aws.seed(&id, names.iter().map(|name| RecordSet::new(name, "A", 60, &["192.0.2.9"]))).unwrap();
    let provider = provider(&aws, swift());
    let zone = zone_of(&provider).await;
    aws.forget_requests();
    aws.inject(When::call(Operation::ListResourceRecordSets), Fault::HalfAnswer);
    aws.inject(When::call(Operation::ListResourceRecordSets), Fault::throttling());
    let listing = provider.reader().records(&zone).await.unwrap();
    assert_eq!(listing.records.len(), 701, "the name servers included");
    assert_eq!(aws.count(Operation::ListResourceRecordSets), 5);
    aws.inject(When::call(Operation::ListResourceRecordSets).always(), Fault::unavailable(None));
    let error = provider.reader().records(&zone).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Unavailable);
}

/// 300 to a page, and the page ends within the record sets of one name.
#[tokio::test]
async fn pages_may_end_within_a_routing_set() {
    let (aws, id) = aws().await;
    let set =
        |i: usize| RecordSet::new("w.example.org", "A", 60, &["192.0.2.9"]).weighted(&format!("s{i:03}"), 1);
    aws.seed(&id, (0..650).map(set)).unwrap();
    let provider = provider(&aws, swift());
    let zone = zone_of(&provider).await;
    let records = provider.reader().records(&zone).await.unwrap().records;
    let mut identifiers: Vec<String> = records
        .iter()
        .map(|record| record.set_identifier.to_string())
        .filter(|set| !set.is_empty())
        .collect();
    identifiers.sort();
    identifiers.dedup();
    assert_eq!(identifiers.len(), 650);
}
