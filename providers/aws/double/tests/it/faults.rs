use crate::client::{address, answer, batch, change, get, text};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use zonewright_aws_double::{AwsDouble, Fault, NewZone, Operation, When};

async fn double() -> (AwsDouble, String) {
    let aws = AwsDouble::start().await.unwrap();
    let zone = aws.create_zone(NewZone::public("example.com")).unwrap();
    (aws, zone)
}

fn create(aws: &AwsDouble, zone: &str) -> reqwest::RequestBuilder {
    batch(aws, zone, &[change("CREATE", &address("a.example.com"))])
}

#[tokio::test]
async fn five_requests_a_second_for_each_account() {
    let (aws, _) = double().await;
    let now = Arc::new(AtomicU64::new(0));
    let clock = now.clone();
    aws.set_clock(move || Duration::from_millis(clock.load(Ordering::Relaxed)));
    aws.limit_rate(Some(5));
    let burst = async |count: usize| {
        let mut passed = 0;
        for _ in 0..count {
            let (status, xml) = answer(get(&aws, "hostedzone")).await;
            if status == 200 {
                passed += 1;
            } else {
                assert_eq!((status, text(&xml, "Code")), (400, Some("Throttling")));
                assert_eq!(
                    (text(&xml, "Message"), text(&xml, "Type")),
                    (Some("Rate exceeded"), Some("Sender"))
                );
            }
        }
        passed
    };
    assert_eq!(burst(7).await, 5);
    now.store(200, Ordering::Relaxed);
    assert_eq!(burst(2).await, 1);
    assert_eq!(aws.busiest_second(), 9);
    now.store(5000, Ordering::Relaxed);
    assert_eq!(burst(6).await, 5);
    aws.limit_rate(None);
    assert_eq!(burst(10).await, 10);
    aws.forget_requests();
    assert_eq!((aws.busiest_second(), aws.requests().len()), (0, 0));
}

#[tokio::test]
async fn refusals_are_told_in_the_services_form_and_do_nothing() {
    let (aws, zone) = double().await;
    let change = Operation::ChangeResourceRecordSets;
    for (fault, status, code) in [
        (Fault::throttling(), 400, "Throttling"),
        (Fault::prior_request(), 400, "PriorRequestNotComplete"),
        (Fault::access_denied(), 403, "AccessDenied"),
        (Fault::unavailable(Some(7)), 503, "ServiceUnavailable"),
    ] {
        aws.inject(When::call(change).in_zone(&zone), fault);
        assert_eq!(answer(get(&aws, "hostedzone")).await.0, 200);
        let response = create(&aws, &zone).send().await.unwrap();
        assert_eq!(response.headers().contains_key("retry-after"), status == 503);
        let found = response.status().as_u16();
        let xml = response.text().await.unwrap();
        assert_eq!((found, text(&xml, "Code")), (status, Some(code)));
    }
    assert_eq!(aws.faults_left(), 0);
    assert_eq!(aws.records(&zone), []);
    assert_eq!(create(&aws, &zone).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn one_zone_stays_closed_until_it_is_opened() {
    let (aws, zone) = double().await;
    let other = aws.create_zone(NewZone::public("example.net")).unwrap();
    let list = async |zone: &str| answer(get(&aws, &format!("hostedzone/{zone}/rrset"))).await.0;
    aws.inject(When::any().in_zone(&zone).always(), Fault::access_denied());
    for _ in 0..3 {
        assert_eq!((list(&zone).await, list(&other).await), (403, 200));
    }
    aws.withdraw_faults();
    assert_eq!(list(&zone).await, 200);
}

#[tokio::test]
async fn connections_break() {
    let (aws, zone) = double().await;
    aws.inject(When::any(), Fault::HangUp);
    assert!(create(&aws, &zone).send().await.is_err());
    assert_eq!(aws.records(&zone), []);
    assert_eq!(aws.requests().last().map(|request| request.status), Some(0));

    aws.inject(When::any(), Fault::HalfAnswer);
    let response = get(&aws, "hostedzone").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.text().await.is_err());

    aws.inject(When::any(), Fault::LoseAnswer);
    assert!(create(&aws, &zone).send().await.is_err());
    assert_eq!(aws.records(&zone).len(), 1);
}

#[tokio::test]
async fn answers_are_late_or_nonsense() {
    let (aws, _) = double().await;
    aws.inject(When::any(), Fault::Delay(Duration::from_millis(120)));
    let started = Instant::now();
    assert_eq!(answer(get(&aws, "hostedzone")).await.0, 200);
    assert!(started.elapsed() >= Duration::from_millis(120));
    aws.inject(When::any(), Fault::bad_xml());
    let (status, body) = answer(get(&aws, "hostedzone")).await;
    assert_eq!((status, &*body), (200, "<Answer><Half>"));
}

#[tokio::test]
async fn requests_are_written_down() {
    let (aws, zone) = double().await;
    answer(create(&aws, &zone)).await;
    answer(create(&aws, &zone)).await;
    answer(get(&aws, "hostedzone?maxitems=5")).await;
    let requests = aws.requests();
    let seen: Vec<_> =
        requests.iter().map(|r| (r.operation, r.zone.as_deref(), r.status, r.error.as_deref())).collect();
    let change = Operation::ChangeResourceRecordSets;
    assert_eq!(
        seen,
        [
            (change, Some(&*zone), 200, None),
            (change, Some(&*zone), 400, Some("InvalidChangeBatch")),
            (Operation::ListHostedZones, None, 200, None),
        ]
    );
    assert!(requests[0].body.contains("a.example.com"));
    assert_eq!(requests[2].path, "/2013-04-01/hostedzone?maxitems=5");
}

#[tokio::test]
async fn it_stops_when_it_is_dropped() {
    let (aws, _) = double().await;
    let request = get(&aws, "hostedzone");
    drop(aws);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(request.send().await.is_err());
}
