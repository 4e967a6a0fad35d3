//! What goes wrong, and what becomes of it.

use super::*;
use rstest::rstest;
use zonewright_aws_double::{Fault, Operation, When};

fn denied() -> Fault {
    Fault::refuse(400, "AccessDeniedException", "User is not authorized to perform this action")
}

/// Every call, with what it is refused with: the class says what happens next, and nothing ends the program.
#[rstest]
#[case(denied(), ErrorClass::Auth)]
#[case(Fault::refuse(400, "UnrecognizedClientException", "The security token is invalid"), ErrorClass::Auth)]
#[case(Fault::refuse(400, "ExpiredTokenException", "The token has expired"), ErrorClass::Auth)]
#[case(Fault::refuse(400, "RequestLimitExceeded", "Rate exceeded"), ErrorClass::Throttled { retry_after: None })]
#[case(Fault::refuse(400, "ThrottlingException", "Rate exceeded"), ErrorClass::Throttled { retry_after: None })]
#[case(Fault::refuse(400, "InvalidInput", "Something is not valid"), ErrorClass::InvalidRecord)]
#[case(Fault::refuse(400, "ResourceLimitExceeded", "Too many"), ErrorClass::Permanent)]
#[case(Fault::refuse(400, "ResourceInUse", "In use"), ErrorClass::Conflict)]
#[case(Fault::refuse(500, "InternalFailure", "Oh no"), ErrorClass::Unavailable)]
#[case(Fault::refuse(418, "Teapot", "Short and stout"), ErrorClass::Permanent)]
#[case(Fault::unavailable(None), ErrorClass::Unavailable)]
#[case(Fault::HangUp, ErrorClass::Unavailable)]
#[case(Fault::HalfAnswer, ErrorClass::Unavailable)]
#[tokio::test]
async fn errors_have_a_class(#[case] fault: Fault, #[case] class: ErrorClass) {
    let (aws, _) = aws().await;
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    for operation in [
        Operation::ListNamespaces,
        Operation::ListServices,
        Operation::CreateService,
        Operation::RegisterInstance,
    ] {
        aws.inject(When::call(operation), fault.clone());
        let error = match operation {
            Operation::ListNamespaces => cycle.reader.zones().await.unwrap_err(),
            Operation::ListServices => cycle.reader.records(&zone).await.unwrap_err(),
            _ => cycle.run(&[wish("a.example.org A 192.0.2.1")]).await.failures.remove(0).1,
        };
        assert_eq!(aws.faults_left(), 0);
        assert_eq!(error.class(), class, "{operation:?}: {error}");
        assert!(error.to_string().starts_with("Cloud Map: "), "{error}");
        aws.withdraw_faults();
    }
    cycle.converge(&[wish("a.example.org A 192.0.2.1")]).await;
}

#[tokio::test]
async fn a_refusal_says_where_the_policy_stands() {
    let (aws, _) = aws().await;
    aws.inject(When::any(), denied());
    let error = provider(&aws, swift()).reader().zones().await.unwrap_err().to_string();
    assert!(error.contains("docs/providers/aws-cloud-map.md"), "{error}");
}

/// Whatever fails at whatever point, in whatever way: the next cycle makes good.
#[rstest]
#[case::refused(Fault::refuse(500, "InternalFailure", "Oh no"))]
#[case::hung_up(Fault::HangUp)]
#[case::done_but_unanswered(Fault::LoseAnswer)]
#[case::half_answered(Fault::HalfAnswer)]
#[tokio::test]
async fn the_next_cycle_makes_good(#[case] fault: Fault) {
    let states: [&[&str]; 6] = [
        &["a.example.org A 192.0.2.1"],
        &["a.example.org A 192.0.2.2 60"],
        &["a.example.org A 192.0.2.2", "a.example.org AAAA 2001:db8::1"],
        &["a.example.org CNAME web.example.net"],
        &["a.example.org CNAME lb.eu-west-1.elb.amazonaws.com"],
        &[],
    ];
    let operations = [
        Operation::ListServices,
        Operation::DiscoverInstances,
        Operation::CreateService,
        Operation::UpdateService,
        Operation::DeleteService,
        Operation::RegisterInstance,
        Operation::DeregisterInstance,
        Operation::GetOperation,
    ];
    for operation in operations {
        for trust in [Duration::ZERO, Duration::from_secs(3600)] {
            let (aws, namespace) = aws().await;
            let provider = provider(&aws, CloudMapConfig { cleanup: true, trust, ..swift() });
            let cycle = cycle_of(&provider);
            for state in states {
                let wishes: Vec<Endpoint> = state.iter().map(|line| wish(line)).collect();
                aws.inject(When::call(operation), fault.clone());
                let zone = cycle.reader.zones().await.unwrap().remove(0);
                // A cycle without this zone, if it cannot be read.
                if cycle.reader.records(&zone).await.is_ok() && operation != Operation::ListServices {
                    cycle_with_faults(&cycle, &wishes).await;
                }
                aws.withdraw_faults();
                cycle.converge(&wishes).await;
                assert!(aws.services(&namespace).len() <= 1);
            }
            assert_eq!(aws.services(&namespace), []);
        }
    }
}

/// A cycle in which anything may fail, reading included.
async fn cycle_with_faults(cycle: &Cycle, wishes: &[Endpoint]) {
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    if cycle.reader.records(&zone).await.is_ok() {
        cycle.run(wishes).await;
    }
}

/// One bad service among many: it alone fails, and the text says why.
#[tokio::test]
async fn a_bad_service_harms_only_itself() {
    let (aws, namespace) = aws().await;
    // No instance more can be had.
    let many: Vec<String> = (0..1000).map(|i| format!("10.0.{}.{}", i / 250, i % 250)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    aws.seed_service(&namespace, service("full A MULTIVALUE 300", OURS, "AWS_INSTANCE_IPV4", &many)).unwrap();
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    let long = format!("{}.{}.example.org", "a".repeat(63), "b".repeat(63));
    let too_long = format!("{}.{long}", "c".repeat(10));
    let mut wishes = vec![
        wish(&format!("full.example.org A {},192.0.2.1", many[..999].join(","))),
        wish(&format!("{too_long} A 192.0.2.1")),
        wish(&format!("{long} A 192.0.2.1")),
    ];
    wishes.extend((0..20).map(|i| wish(&format!("n{i}.example.org A 192.0.2.1"))));
    let done = cycle.run(&wishes).await;
    let failed: Vec<(&str, ErrorClass)> =
        done.failures.iter().map(|(name, error)| (name.as_str(), error.class())).collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed.contains(&("full.example.org", ErrorClass::Permanent)), "{failed:?}");
    assert!(failed.contains(&(too_long.as_str(), ErrorClass::InvalidRecord)), "{failed:?}");
    assert_eq!(aws.services(&namespace).len(), 22);
}

/// Somebody removes a service between our looking and our writing: the change fails, and is right the next time.
#[tokio::test]
async fn what_is_gone_is_made_anew() {
    let (aws, namespace) = aws().await;
    let provider = provider(&aws, CloudMapConfig { trust: Duration::from_secs(3600), ..swift() });
    let cycle = cycle_of(&provider);
    cycle.converge(&[wish("a.example.org A 192.0.2.1")]).await;
    let (_, zones, _) = cycle.plan(&[]).await;
    let service = aws.services(&namespace).remove(0);
    cycle.writer.0.api.deregister("test", &service.id, "192.0.2.1").await.unwrap();
    cycle.writer.0.api.delete_service("test", &service.id).await.unwrap();
    let old = cycle.writer.0.books.service(&zones[0].id, &DnsName::parse("a.example.org").unwrap()).unwrap();
    let old = Box::new(old.records(&zones[0].id, &DnsName::parse("a.example.org").unwrap()).remove(0));
    let change = Change::Update {
        old,
        new: Box::new(wish("a.example.org A 192.0.2.2")),
        reasons: vec![zonewright_planner::UpdateReason::Targets],
    };
    let changes = cycle.ownership.0.decorate_all(vec![change], &Default::default());
    let outcome = cycle.writer.apply(&zones[0], &changes).await.remove(0);
    assert_eq!(outcome.unwrap_err().class(), ErrorClass::Conflict);
    cycle.converge(&[wish("a.example.org A 192.0.2.2")]).await;
}

/// And somebody who makes the service that we were about to make keeps it.
#[tokio::test]
async fn what_somebody_else_made_is_theirs() {
    let (aws, namespace) = aws().await;
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    let (plan, zones, _) = cycle.plan(&[wish("a.example.org A 192.0.2.1")]).await;
    let theirs = service("a A MULTIVALUE 300", "the shop", "AWS_INSTANCE_IPV4", &["192.0.2.9"]);
    aws.seed_service(&namespace, theirs).unwrap();
    let before = aws.services(&namespace);
    let changes = cycle.ownership.0.decorate_all(plan.changes, &Default::default());
    let outcome = cycle.writer.apply(&zones[0], &changes).await.remove(0);
    assert_eq!(outcome.unwrap_err().class(), ErrorClass::Conflict);
    assert_eq!(aws.services(&namespace), before);
}

/// A listing that fails at one of many services is an error, never a shorter list.
#[tokio::test]
async fn a_half_listing_is_none() {
    let (aws, namespace) = aws().await;
    for i in 0..5 {
        let seeded = service(&format!("s{i} A MULTIVALUE 300"), OURS, "AWS_INSTANCE_IPV4", &["192.0.2.1"]);
        aws.seed_service(&namespace, seeded).unwrap();
    }
    let provider = provider(&aws, swift());
    let zone = provider.reader().zones().await.unwrap().remove(0);
    aws.inject(When::call(Operation::DiscoverInstances), Fault::refuse(500, "InternalFailure", "Oh no"));
    assert_eq!(provider.reader().records(&zone).await.unwrap_err().class(), ErrorClass::Unavailable);
    assert_eq!(provider.reader().records(&zone).await.unwrap().records.len(), 5);
}

/// A new service that discovery has not heard of yet is in the list of instances.
#[tokio::test]
async fn what_discovery_does_not_know_is_listed() {
    let (aws, namespace) = aws().await;
    let targets: Vec<String> = (0..150).map(|i| format!("10.0.0.{i}")).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    aws.seed_service(&namespace, service("a A MULTIVALUE 300", OURS, "AWS_INSTANCE_IPV4", &targets)).unwrap();
    aws.inject(
        When::call(Operation::DiscoverInstances).always(),
        Fault::refuse(404, "ServiceNotFound", "No such service"),
    );
    let provider = provider(&aws, swift());
    cycle_of(&provider).expect_nothing(&[wish(&format!("a.example.org A {}", targets.join(",")))]).await;
    assert_eq!(aws.count(Operation::ListInstances), 2);
}
