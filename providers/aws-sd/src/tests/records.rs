//! What records become, and what is read of services.

use super::*;
use rstest::rstest;

const LB: &str = "lb.eu-west-1.elb.amazonaws.com";

#[rstest]
#[case(
    "a.example.org A 192.0.2.1,192.0.2.2",
    "a A/300 MULTIVALUE: AWS_INSTANCE_IPV4=192.0.2.1 AWS_INSTANCE_IPV4=192.0.2.2"
)]
#[case("a.example.org AAAA 2001:db8::1 60", "a AAAA/60 MULTIVALUE: AWS_INSTANCE_IPV6=2001:db8::1")]
#[case("a.example.org CNAME web.example.net", "a CNAME/300 WEIGHTED: AWS_INSTANCE_CNAME=web.example.net")]
#[case(
    "a.example.org CNAME lb.eu-west-1.elb.amazonaws.com 60",
    "a A/60 WEIGHTED: AWS_ALIAS_DNS_NAME=lb.eu-west-1.elb.amazonaws.com"
)]
#[case("a.b.example.org A 192.0.2.1", "a.b A/300 MULTIVALUE: AWS_INSTANCE_IPV4=192.0.2.1")]
#[tokio::test]
async fn a_record_is_a_service_with_an_instance_per_target(#[case] line: &str, #[case] expected: &str) {
    let (aws, namespace) = aws().await;
    let provider = provider(&aws, swift());
    cycle_of(&provider).converge(&[wish(line)]).await;
    let services = aws.services(&namespace);
    assert_eq!(services.len(), 1);
    assert_eq!(shown(&services[0]), expected);
    assert_eq!(services[0].description.as_deref(), Some(OURS));
    let ids = services[0].instances.keys().cloned().collect::<Vec<_>>();
    let targets: Vec<&str> = line.split(' ').nth(2).unwrap().split(',').collect();
    assert_eq!(ids, targets, "instances have the ids that ExternalDNS removes them by");
}

/// What ExternalDNS v0.22 writes is what is wanted: nothing is planned, for whatever order of instances.
#[tokio::test]
async fn what_external_dns_has_written_needs_no_change() {
    let (aws, namespace) = aws().await;
    let long = "a-rather-long-name-for-a-load-balancer.internal.services.example.net";
    for service in [
        service("a A MULTIVALUE 300", OURS, "AWS_INSTANCE_IPV4", &["192.0.2.1", "192.0.2.2"]),
        service("aaaa AAAA MULTIVALUE 60", OURS, "AWS_INSTANCE_IPV6", &["2001:db8::1"]),
        service("cname CNAME WEIGHTED 300", OURS, "AWS_INSTANCE_CNAME", &["Web.Example.net"]),
        service("lb A WEIGHTED 300", OURS, "AWS_ALIAS_DNS_NAME", &[LB]),
        // An older release wrote quotes.
        service("deep.er A MULTIVALUE 300", &format!("\"{OURS}\""), "AWS_INSTANCE_IPV4", &["192.0.2.3"]),
        // Without a resource, as before there was that label.
        service(
            "old A MULTIVALUE 300",
            "heritage=external-dns,external-dns/owner=me",
            "AWS_INSTANCE_IPV4",
            &["192.0.2.4"],
        ),
    ] {
        aws.seed_service(&namespace, service).unwrap();
    }
    let mut hashed = service("long CNAME WEIGHTED 300", OURS, "AWS_INSTANCE_CNAME", &[long]);
    let attributes = hashed.instances.pop_first().unwrap().1;
    hashed.instances.insert("3f0c".repeat(16), attributes);
    aws.seed_service(&namespace, hashed).unwrap();
    let before = aws.services(&namespace);
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    let wishes = [
        wish("a.example.org A 192.0.2.2,192.0.2.1"),
        wish("aaaa.example.org AAAA 2001:db8::1"),
        wish("cname.example.org CNAME web.example.net"),
        wish(&format!("lb.example.org CNAME {LB}")),
        wish("deep.er.example.org A 192.0.2.3"),
        wish("old.example.org A 192.0.2.4"),
        wish(&format!("long.example.org CNAME {long}")),
    ];
    for _ in 0..3 {
        let done = cycle.run(&wishes).await;
        assert_eq!(done.plan.changes, []);
        assert_eq!(done.plan.skips, []);
    }
    assert_eq!(aws.services(&namespace), before);
    // And all of it can be removed.
    cycle.converge(&[]).await;
    assert!(aws.services(&namespace).iter().all(|service| service.instances.is_empty()));
}

/// Only what differs is touched: what stays is neither registered anew nor removed.
#[tokio::test]
async fn a_change_of_targets_leaves_the_others_alone() {
    use zonewright_aws_double::Operation;
    let (aws, namespace) = aws().await;
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    cycle.converge(&[wish("a.example.org A 192.0.2.1,192.0.2.2,192.0.2.3")]).await;
    aws.forget_requests();
    cycle.converge(&[wish("a.example.org A 192.0.2.2,192.0.2.3,192.0.2.4")]).await;
    assert_eq!(aws.count(Operation::RegisterInstance), 1);
    assert_eq!(aws.count(Operation::DeregisterInstance), 1);
    assert_eq!(aws.count(Operation::UpdateService), 0);
    assert_eq!(aws.services(&namespace)[0].instances.len(), 3);
}

/// New before old: there is no moment without an answer.
#[tokio::test]
async fn what_is_new_is_there_before_what_is_old_goes() {
    use zonewright_aws_double::Operation;
    let (aws, _) = aws().await;
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    cycle.converge(&[wish("a.example.org A 192.0.2.1")]).await;
    aws.forget_requests();
    cycle.run(&[wish("a.example.org A 192.0.2.2")]).await;
    let order: Vec<Operation> = aws.requests().iter().map(|request| request.operation).collect();
    let writes = [Operation::RegisterInstance, Operation::GetOperation, Operation::DeregisterInstance];
    assert!(order.windows(3).any(|some| some == writes), "{order:?}");
}

/// A TTL that nobody asks for any more stays, as ever; one that is asked for is brought in by one request, which keeps the health check
/// and brings the description up to date.
#[tokio::test]
async fn a_ttl_is_an_update_of_the_service() {
    let (aws, namespace) = aws().await;
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    cycle.converge(&[wish("a.example.org A 192.0.2.1 60")]).await;
    cycle.converge(&[wish("a.example.org A 192.0.2.1")]).await;
    assert_eq!(aws.services(&namespace)[0].records, [("A".to_owned(), 60)]);
    let moved = wish("a.example.org A 192.0.2.1 120").with_label("resource", "ingress/default/web");
    cycle.converge(&[moved]).await;
    let service = &aws.services(&namespace)[0];
    assert_eq!(service.records, [("A".to_owned(), 120)]);
    let expected = OURS.replace("service/", "ingress/");
    assert_eq!(service.description.as_deref(), Some(expected.as_str()));
}

/// A service cannot change its types, so it is replaced: with nothing of it left behind.
#[rstest]
#[case("A 192.0.2.1", "CNAME web.example.net")]
#[case("CNAME web.example.net", "A 192.0.2.1")]
#[case("A 192.0.2.1", "AAAA 2001:db8::1")]
#[case("A 192.0.2.1", "CNAME lb.eu-west-1.elb.amazonaws.com")]
#[case("CNAME web.example.net", "CNAME lb.eu-west-1.elb.amazonaws.com")]
#[case("CNAME lb.eu-west-1.elb.amazonaws.com", "CNAME web.example.net")]
#[case("CNAME lb.eu-west-1.elb.amazonaws.com", "A 192.0.2.1")]
#[tokio::test]
async fn a_name_changes_its_type(#[case] from: &str, #[case] to: &str) {
    let (aws, namespace) = aws().await;
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    cycle.converge(&[wish(&format!("a.example.org {from}"))]).await;
    cycle.converge(&[wish(&format!("a.example.org {to}"))]).await;
    let services = aws.services(&namespace);
    assert_eq!(services.len(), 1);
    assert_eq!(services[0].instances.len(), 1);
    assert!(services[0].description.as_deref().unwrap().contains("owner=me"));
}

/// A service that was emptied and left behind serves again, in its old shape or in a new one.
#[rstest]
#[case("A 192.0.2.2")]
#[case("CNAME web.example.net")]
#[tokio::test]
async fn an_empty_service_of_ours_is_used_again(#[case] then: &str) {
    let (aws, namespace) = aws().await;
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    cycle.converge(&[wish("a.example.org A 192.0.2.1")]).await;
    cycle.converge(&[]).await;
    assert_eq!(all_shown(&aws, &namespace), ["a A/300 MULTIVALUE: "]);
    cycle.converge(&[wish(&format!("a.example.org {then}"))]).await;
    assert_eq!(aws.services(&namespace).len(), 1);
    assert_eq!(aws.services(&namespace)[0].instances.len(), 1);
}

/// The service holds no properties; a wish that has some is as good without.
#[tokio::test]
async fn properties_make_no_difference() {
    let (aws, _) = aws().await;
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    let mut wish = wish("a.example.org CNAME web.example.net");
    wish.properties = [("alias", "false"), ("aws/weight", "10")].into_iter().collect();
    cycle.converge(&[wish]).await;
}

/// Instances that are not understood are reported, and stay where they are.
#[tokio::test]
async fn strange_instances_stay() {
    let (aws, namespace) = aws().await;
    let mut seeded = service("a A MULTIVALUE 300", OURS, "AWS_INSTANCE_IPV4", &["192.0.2.1"]);
    seeded.instances.insert("strange".into(), [("version".to_owned(), "1".to_owned())].into());
    aws.seed_service(&namespace, seeded).unwrap();
    let provider = provider(&aws, CloudMapConfig { cleanup: true, ..swift() });
    let cycle = cycle_of(&provider);
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    let unreadable = cycle.reader.records(&zone).await.unwrap().unreadable;
    assert_eq!(unreadable.len(), 1);
    assert!(unreadable[0].contains("instance strange of service a.example.org"), "{unreadable:?}");
    cycle.run(&[wish("a.example.org A 192.0.2.2")]).await;
    let ids = |aws: &AwsDouble| aws.services(&namespace)[0].instances.keys().cloned().collect::<Vec<_>>();
    assert_eq!(ids(&aws), ["192.0.2.2", "strange"]);
    // A new type would need a new service.
    let done = cycle.run(&[wish("a.example.org CNAME web.example.net")]).await;
    assert!(done.failures[0].1.to_string().contains("strange"), "{:?}", done.failures);
    assert_eq!(ids(&aws), ["192.0.2.2", "strange"]);
}

/// Tags are for services that are created.
#[tokio::test]
async fn services_are_created_with_tags() {
    let (aws, namespace) = aws().await;
    let tags: BTreeMap<String, String> =
        [("team".to_owned(), "dns".to_owned()), ("empty".to_owned(), String::new())].into();
    let provider = provider(&aws, CloudMapConfig { tags: tags.clone(), ..swift() });
    cycle_of(&provider).converge(&[wish("a.example.org A 192.0.2.1")]).await;
    assert_eq!(aws.services(&namespace)[0].tags, tags);
}
