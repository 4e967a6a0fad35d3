//! How many requests things take.

use super::*;
use zonewright_aws_double::Operation;

fn seed(aws: &AwsDouble, namespace: &str, count: usize) -> Vec<Endpoint> {
    let one = |i: usize| {
        let seeded = service(&format!("n{i:04} A MULTIVALUE 300"), OURS, "AWS_INSTANCE_IPV4", &["192.0.2.1"]);
        aws.seed_service(namespace, seeded).unwrap();
        wish(&format!("n{i:04}.example.org A 192.0.2.1"))
    };
    (0..count).map(one).collect()
}

/// What was asked since the last time, by operation.
fn asked(aws: &AwsDouble) -> BTreeMap<Operation, usize> {
    let mut counts = BTreeMap::new();
    for request in aws.requests() {
        *counts.entry(request.operation).or_default() += 1;
    }
    aws.forget_requests();
    counts
}

/// A full look takes a request per service, as it does for ExternalDNS in every loop; one that has to be made because of a failure does not,
/// while what is known can be trusted. Changes take no list at all.
#[tokio::test]
async fn lists_and_changes_take_no_more_requests_than_they_have_to() {
    for count in [100, 1000] {
        let (aws, namespace) = aws().await;
        let mut wishes = seed(&aws, &namespace, count);
        let config = CloudMapConfig { cleanup: true, trust: Duration::from_secs(3600), ..swift() };
        let provider = provider(&aws, config);
        let cycle = cycle_of(&provider);
        let pages = count.div_ceil(100);
        let list = |looks: usize| {
            let calls = [
                (Operation::ListNamespaces, 1),
                (Operation::ListServices, pages),
                (Operation::DiscoverInstances, looks),
            ];
            calls.into_iter().filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>()
        };
        cycle.expect_nothing(&wishes).await;
        assert_eq!(asked(&aws), list(count), "the first look");
        cycle.expect_nothing(&wishes).await;
        assert_eq!(asked(&aws), list(0), "a look soon after");

        let change = async |name: &str, wishes: &[Endpoint], expected: &[(Operation, usize)]| {
            let (plan, zones, parts) = cycle.plan(wishes).await;
            aws.forget_requests();
            let changes = cycle.ownership.0.decorate_all(plan.changes, &parts[0].rows);
            let outcomes = cycle.writer.apply(&zones[0], &changes).await;
            assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
            assert_eq!(asked(&aws), expected.iter().copied().collect(), "{name}, {count} services");
        };
        use Operation::*;
        wishes.push(wish("new.example.org A 192.0.2.1"));
        change("a new name", &wishes, &[(CreateService, 1), (RegisterInstance, 1), (GetOperation, 1)]).await;
        wishes[0] = wish("n0000.example.org A 192.0.2.2");
        change(
            "another target",
            &wishes,
            &[(RegisterInstance, 1), (DeregisterInstance, 1), (GetOperation, 2)],
        )
        .await;
        wishes[0] = wish("n0000.example.org A 192.0.2.2,192.0.2.3");
        change("one target more", &wishes, &[(RegisterInstance, 1), (GetOperation, 1)]).await;
        wishes[1] = wish("n0001.example.org A 192.0.2.1 60");
        change("another TTL", &wishes, &[(UpdateService, 1), (GetOperation, 1)]).await;
        wishes.pop();
        change("a name less", &wishes, &[(DeregisterInstance, 1), (GetOperation, 1), (DeleteService, 1)])
            .await;
        wishes[2] = wish("n0002.example.org CNAME web.example.net");
        let replaced = [
            (DeregisterInstance, 1),
            (DeleteService, 1),
            (CreateService, 1),
            (RegisterInstance, 1),
            (GetOperation, 2),
        ];
        change("another type", &wishes, &replaced).await;
        cycle.expect_nothing(&wishes).await;
    }
}

/// Somebody else's change is noticed at once where the list of services shows it, and otherwise when trust ends.
#[tokio::test]
async fn what_others_change_is_noticed() {
    let (aws, namespace) = aws().await;
    let wishes = seed(&aws, &namespace, 3);
    for (trust, instances, notices) in [(3600, 2, true), (3600, 1, false), (0, 1, true)] {
        let provider = provider(&aws, CloudMapConfig { trust: Duration::from_secs(trust), ..swift() });
        let cycle = cycle_of(&provider);
        cycle.converge(&wishes).await;
        let mut drifted = aws.services(&namespace).remove(1);
        drifted.instances = (0..instances)
            .map(|i| {
                let address = format!("192.0.2.{}", 100 + i);
                (address.clone(), [("AWS_INSTANCE_IPV4".to_owned(), address)].into())
            })
            .collect();
        aws.seed_service(&namespace, drifted).unwrap();
        let (plan, ..) = cycle.plan(&wishes).await;
        assert_eq!(!plan.changes.is_empty(), notices, "trust {trust}, {instances} instances");
    }
}

/// After a failure the list is made again, but only the service that failed is looked into.
#[tokio::test]
async fn a_failure_takes_one_look_more() {
    use zonewright_aws_double::{Fault, When};
    let (aws, namespace) = aws().await;
    let mut wishes = seed(&aws, &namespace, 100);
    let provider = provider(&aws, CloudMapConfig { trust: Duration::from_secs(3600), ..swift() });
    let cycle = cycle_of(&provider);
    cycle.converge(&wishes).await;
    wishes[7] = wish("n0007.example.org A 192.0.2.2");
    aws.inject(When::call(Operation::RegisterInstance), Fault::refuse(500, "InternalFailure", "Oh no"));
    assert_eq!(cycle.run(&wishes).await.failures.len(), 1);
    aws.forget_requests();
    cycle.plan(&wishes).await;
    let expected =
        [(Operation::ListNamespaces, 1), (Operation::ListServices, 1), (Operation::DiscoverInstances, 1)];
    assert_eq!(asked(&aws), expected.into());
}

/// Everything waits for its turn: pages, looks, writes, and asking whether they are done.
#[tokio::test]
async fn requests_stay_within_the_budget() {
    let (aws, namespace) = aws().await;
    let wishes = seed(&aws, &namespace, 40);
    let access = Access { requests_per_second: Some(20.0), ..swift().access };
    let provider = provider_at(&aws.url(), CloudMapConfig { access, ..swift() }, &Clock::default());
    let begun = std::time::Instant::now();
    cycle_of(&provider).expect_nothing(&wishes).await;
    assert_eq!(aws.requests().len(), 42);
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
}
