//! A service that refuses, in whole or in part.

use super::{insert, service};
use zonewright_provider_kit::{ErrorClass, ProviderError};
use zonewright_registry::{ReadTable, RowError, Statement, WriteTable};
use zonewright_testing::DynamoDbFault::{LoseAnswer, Refuse, RefuseStatements};

const WRITE: &str = "BatchExecuteStatement";

fn statements(count: usize) -> Vec<Statement> {
    (0..count).map(|i| insert(&format!("n{i:03}.example.org#A#"), "me")).collect()
}

fn failures(outcomes: Vec<Result<(), RowError>>) -> Vec<ProviderError> {
    let failure = |outcome| match outcome {
        Err(RowError::Failed(error)) => Some(error),
        _ => None,
    };
    outcomes.into_iter().filter_map(failure).collect()
}

#[tokio::test]
async fn throttled_statements_are_tried_again_and_no_others() {
    let (local, table) = service().await;
    let throttled = |first| RefuseStatements { first, code: "ProvisionedThroughputExceeded" };
    local.fail(WRITE, [throttled(20), throttled(5)]);
    assert!(table.writer().execute(&statements(25)).await.iter().all(Result::is_ok));
    let sizes: Vec<usize> =
        local.take_requests().iter().map(|(_, r)| r["Statements"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [25, 20, 5]);
    assert_eq!(local.items("external-dns").await.unwrap().len(), 25);
}

#[tokio::test]
async fn what_stays_throttled_is_told_as_such_and_keeps_the_rest_from_being_sent() {
    let (local, table) = service().await;
    let throttled = RefuseStatements { first: 25, code: "ThrottlingError" };
    local.fail(WRITE, vec![throttled; 20]);
    let begun = tokio::time::Instant::now();
    tokio::time::pause();
    // The clock stands still while a request is under way, and jumps over the pauses.
    let failures = failures(table.writer().execute(&statements(60)).await);
    assert_eq!(failures.len(), 60);
    assert!(
        failures.iter().all(|e| matches!(e.class(), ErrorClass::Throttled { .. }) && !e.is_outcome_unknown())
    );
    assert!(failures[0].to_string().contains("capacity is too small"), "{}", failures[0]);
    assert_eq!(local.take_requests().len(), 7);
    assert!(begun.elapsed() >= std::time::Duration::from_secs(12));
}

#[tokio::test]
async fn failures_are_told_apart() {
    let (local, table) = service().await;
    let writer = table.writer();
    let refused = |code| RefuseStatements { first: 1, code };
    for (code, class) in [
        ("AccessDenied", ErrorClass::Auth),
        ("ValidationError", ErrorClass::InvalidRecord),
        ("InternalServerError", ErrorClass::Unavailable),
        ("ResourceNotFound", ErrorClass::Permanent),
    ] {
        local.fail(WRITE, [refused(code)]);
        let failures = failures(writer.execute(&statements(1)).await);
        assert_eq!(failures.len(), 1, "{code}");
        assert_eq!(failures[0].class(), class, "{code}");
        assert_eq!(failures[0].is_outcome_unknown(), code == "InternalServerError", "{code}");
    }
    for (status, code, class) in [
        (400, "AccessDeniedException", ErrorClass::Auth),
        (400, "UnrecognizedClientException", ErrorClass::Auth),
        (400, "ResourceNotFoundException", ErrorClass::Permanent),
    ] {
        local.fail("Scan", [Refuse { status, code }]);
        let error = table.reader().read().await.unwrap_err();
        assert_eq!(error.class(), class, "{error}");
        local.fail(WRITE, [Refuse { status, code }]);
        let failures = failures(writer.execute(&statements(30)).await);
        assert_eq!(failures.len(), 30, "{code}");
        assert!(failures.iter().all(|e| e.class() == class && !e.is_outcome_unknown()), "{}", failures[0]);
    }
    local.fail("Scan", vec![Refuse { status: 400, code: "AccessDeniedException" }]);
    let error = table.reader().read().await.unwrap_err().to_string();
    assert!(error.contains("docs/registries/dynamodb.md"), "{error}");
}

#[tokio::test]
async fn a_lost_answer_leaves_the_outcome_unknown() {
    let (local, table) = service().await;
    // The SDK tries again, and finds the row that it has written.
    local.fail(WRITE, vec![LoseAnswer; 3]);
    let outcomes = table.writer().execute(&statements(1)).await;
    match &outcomes[0] {
        Err(RowError::Failed(error)) => assert!(error.is_outcome_unknown(), "{error}"),
        Err(RowError::Exists) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(local.items("external-dns").await.unwrap().len(), 1);
}
