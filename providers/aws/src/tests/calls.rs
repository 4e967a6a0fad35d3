//! How many requests things take.

use super::*;
use std::sync::Mutex;
use zonewright_aws_double::{Fault, Operation, RecordSet, When};
use zonewright_planner::{CreateReason, UpdateReason};
use zonewright_provider_kit::RequestRecorder;

fn creates(count: usize) -> Vec<ZoneChange> {
    let new = |i: usize| wish(&format!("n{i:05}.example.org A 192.0.2.1"), &[]);
    (0..count)
        .map(|i| {
            let change = Change::create(new(i), CreateReason::New);
            let text = "\"heritage=external-dns,external-dns/owner=default,external-dns/resource=service/default/web\"";
            let name = format!("a-n{i:05}.example.org");
            let row = Endpoint::new(&name, RecordType::Txt, &[text], Properties::new()).unwrap();
            ZoneChange { change, rows: vec![RowChange { read: None, expected: None, write: Some(row) }] }
        })
        .collect()
}

/// Pages of 300, and batches filled to the limit.
#[tokio::test]
async fn lists_and_batches_take_no_more_requests_than_they_have_to() {
    for (count, pages, batches) in [(300, 3, 1), (3000, 21, 10), (20_000, 134, 64)] {
        let (aws, id) = aws().await;
        let provider = provider(&aws, swift());
        let zone = provider.reader().zones().await.unwrap().remove(0);
        let outcomes = provider.writer().apply(&zone, &creates(count)).await;
        assert!(outcomes.iter().all(Result::is_ok), "{:?}", outcomes.iter().find(|outcome| outcome.is_err()));
        assert_eq!(aws.records(&id).len(), 2 * count);
        assert_eq!(aws.count(Operation::ChangeResourceRecordSets), batches, "{count} creates");
        provider.reader().records(&zone).await.unwrap();
        assert_eq!(aws.count(Operation::ListResourceRecordSets), pages, "{count} records");
        assert_eq!(aws.count(Operation::ListHostedZones), 1);
    }
}

#[tokio::test]
async fn one_change_is_one_request() {
    let (aws, id) = aws().await;
    let provider = provider(&aws, swift());
    let zone = provider.reader().zones().await.unwrap().remove(0);
    aws.seed(&id, [RecordSet::new("a.example.org", "A", 300, &["192.0.2.1"])]).unwrap();
    aws.forget_requests();
    let old = Record::from_endpoint(zone.id.clone(), &wish("a.example.org A 192.0.2.1", &[]));
    let new = wish("a.example.org A 192.0.2.2", &[]);
    let change = Change::update(old, new, vec![UpdateReason::Targets]);
    provider.writer().apply(&zone, &[ZoneChange { change, rows: Vec::new() }]).await.remove(0).unwrap();
    assert_eq!(aws.requests().len(), 1);
}

/// `--aws-batch-change-*` and the pause between batches, none after the last.
#[tokio::test]
async fn batches_are_as_large_and_as_far_apart_as_the_flags_say() {
    let (aws, _) = aws().await;
    let config = AwsConfig { batch_changes: 4, batch_interval: Duration::from_millis(60), ..swift() };
    let provider = provider(&aws, config);
    let zone = provider.reader().zones().await.unwrap().remove(0);
    let begun = std::time::Instant::now();
    provider.writer().apply(&zone, &creates(6)).await.into_iter().for_each(|outcome| outcome.unwrap());
    let took = begun.elapsed();
    let writes: Vec<Duration> = aws
        .requests()
        .iter()
        .filter(|request| request.operation == Operation::ChangeResourceRecordSets)
        .map(|request| request.at)
        .collect();
    assert_eq!(writes.len(), 3, "two records and two rows each");
    assert!(writes.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(60)), "{writes:?}");
    assert!(took >= Duration::from_millis(120));
}

/// Pages and repetitions wait for their turn like everything else.
#[tokio::test]
async fn no_second_sees_more_requests_than_the_service_takes() {
    let (aws, id) = aws().await;
    let names: Vec<String> = (0..2900).map(|i| format!("n{i:04}.example.org")).collect();
    aws.seed(&id, names.iter().map(|name| RecordSet::new(name, "A", 60, &["192.0.2.9"]))).unwrap();
    aws.limit_rate(Some(5));
    let config = AwsConfig { access: Access { attempts: 1, ..AwsConfig::default().access }, ..swift() };
    let provider = provider(&aws, config);
    let zone = provider.reader().zones().await.unwrap().remove(0);
    provider.reader().records(&zone).await.unwrap();
    assert_eq!(aws.requests().len(), 11);
    assert!(aws.busiest_second() <= 5, "{}", aws.busiest_second());
}

/// Metrics hear of each request, with what it was for and what came of it; a repetition is one more.
#[tokio::test]
async fn every_request_is_told_of() {
    let (aws, _) = aws().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = told.clone();
    let recorder = RequestRecorder::new(move |request| keep.lock().unwrap().push(request.clone()));
    let provider = provider(&aws, AwsConfig { access: Access { recorder, ..swift().access }, ..swift() });
    let zone = provider.reader().zones().await.unwrap().remove(0);
    aws.inject(When::call(Operation::ListResourceRecordSets), Fault::throttling());
    provider.reader().records(&zone).await.unwrap();
    aws.inject(When::call(Operation::ChangeResourceRecordSets), Fault::HangUp);
    provider.writer().apply(&zone, &creates(1)).await.remove(0).unwrap_err();
    let told = told.lock().unwrap();
    let found: Vec<(&str, &str, Option<u16>)> = told
        .iter()
        .map(|request| (request.operation.as_str(), request.method.as_str(), request.status))
        .collect();
    let expected = [
        ("ListHostedZones", "GET", Some(200)),
        ("ListResourceRecordSets", "GET", Some(400)),
        ("ListResourceRecordSets", "GET", Some(200)),
        ("ChangeResourceRecordSets", "POST", None),
    ];
    assert_eq!(found, expected);
    assert!(
        told[0].url.starts_with(&aws.url()) && told[0].url.contains("/2013-04-01/hostedzone"),
        "{told:?}"
    );
}
