//! Operations take their time.

use super::*;
use zonewright_aws_double::{Fault, Operation, When};

async fn slow(time: Duration) -> (AwsDouble, String, CloudMap, Clock) {
    let (aws, namespace) = aws().await;
    let clock = Clock::default();
    let time_of_double = clock.clone();
    aws.set_clock(move || time_of_double.now());
    aws.set_operation_time(time);
    let provider = provider_at(&aws.url(), CloudMapConfig { cleanup: true, ..swift() }, &clock);
    (aws, namespace, provider, clock)
}

/// Nothing is reported as done before it is, and nothing is asked too early or in haste.
#[tokio::test]
async fn what_is_reported_as_done_is_done() {
    let (aws, namespace, provider, clock) = slow(Duration::from_secs(20)).await;
    let cycle = cycle_of(&provider);
    cycle.converge(&[wish("a.example.org A 192.0.2.1")]).await;
    assert_eq!(all_shown(&aws, &namespace), ["a A/300 MULTIVALUE: AWS_INSTANCE_IPV4=192.0.2.1"]);
    assert!(clock.now() >= Duration::from_secs(20));
    // 0.25, 0.5, 1, 2, 4, then every 5 seconds.
    assert_eq!(aws.count(Operation::GetOperation), 8);
    // Another type: instances have to be gone before their service can go.
    cycle.converge(&[wish("a.example.org CNAME web.example.net")]).await;
    cycle.converge(&[]).await;
    assert_eq!(aws.services(&namespace), []);
}

/// What does not come to an end is given up, and looked at again.
#[tokio::test]
async fn patience_ends() {
    let (aws, namespace, provider, clock) = slow(Duration::from_secs(1000)).await;
    let cycle = cycle_of(&provider);
    let done = cycle.run(&[wish("a.example.org A 192.0.2.1")]).await;
    let error = &done.failures[0].1;
    assert!(error.is_outcome_unknown() && error.class() == ErrorClass::Unavailable, "{error}");
    assert!(clock.now() < Duration::from_secs(120));
    // Later it is done, and there is nothing to do.
    aws.set_clock(|| Duration::from_secs(3000));
    assert_eq!(aws.services(&namespace)[0].instances.len(), 1);
    cycle.expect_nothing(&[wish("a.example.org A 192.0.2.1")]).await;
}

/// Policies from before this was asked for do not allow it: then what is accepted counts as done.
#[tokio::test]
async fn whoever_may_not_ask_after_operations_does_without() {
    let (aws, namespace, provider, _) = slow(Duration::ZERO).await;
    aws.inject(When::call(Operation::GetOperation).always(), Fault::access_denied());
    let cycle = cycle_of(&provider);
    for line in
        ["a.example.org A 192.0.2.1", "a.example.org A 192.0.2.2", "a.example.org CNAME web.example.net"]
    {
        cycle.converge(&[wish(line)]).await;
    }
    cycle.converge(&[]).await;
    assert_eq!(aws.services(&namespace), []);
    assert_eq!(aws.count(Operation::GetOperation), 1, "it is asked once");
}

/// And where they are slow there, too, a service that cannot go yet goes later.
#[tokio::test]
async fn a_service_that_cannot_go_yet_goes_later() {
    let (aws, namespace) = aws().await;
    let clock = Arc::new(Mutex::new(Duration::ZERO));
    let time = clock.clone();
    aws.set_clock(move || *time.lock().unwrap());
    let config = CloudMapConfig { cleanup: true, ..swift() };
    let provider = provider_at(&aws.url(), config, &Clock::default());
    aws.inject(When::call(Operation::GetOperation).always(), Fault::access_denied());
    let cycle = cycle_of(&provider);
    cycle.converge(&[wish("a.example.org A 192.0.2.1")]).await;
    aws.set_operation_time(Duration::from_secs(20));
    let done = cycle.run(&[]).await;
    assert!(done.failures.is_empty(), "{:?}", done.failures);
    assert_eq!(aws.services(&namespace).len(), 1);
    *clock.lock().unwrap() += Duration::from_secs(60);
    cycle.converge(&[]).await;
    assert_eq!(aws.services(&namespace), []);
}

/// Somebody else is registering the same instance: that is waited for.
#[tokio::test]
async fn operations_of_others_are_waited_for() {
    let (aws, namespace, provider, _) = slow(Duration::from_secs(20)).await;
    let cycle = cycle_of(&provider);
    cycle.converge(&[wish("a.example.org A 192.0.2.1")]).await;
    let other = provider_at(&aws.url(), swift(), &Clock::default());
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    other.reader().zones().await.unwrap();
    other.reader().records(&zone).await.unwrap();
    let (service, attributes) =
        (aws.services(&namespace)[0].id.clone(), [("AWS_INSTANCE_IPV4".into(), "192.0.2.2".into())]);
    other.0.api.register("test", &service, "192.0.2.2", attributes.into()).await.unwrap();
    cycle.converge(&[wish("a.example.org A 192.0.2.1,192.0.2.2")]).await;
}
