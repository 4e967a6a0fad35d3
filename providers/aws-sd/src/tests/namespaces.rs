//! Which namespaces are managed.

use super::*;
use rstest::rstest;
use zonewright_aws_double::Operation;

fn names(zones: &[Zone]) -> Vec<String> {
    let mut names: Vec<String> = zones.iter().map(|zone| zone.name.as_ref().unwrap().to_string()).collect();
    names.sort();
    names
}

#[rstest]
#[case(None, &[], &["example.net", "example.org", "inner.example.org"])]
#[case(Some(NamespaceType::Public), &[], &["example.net", "example.org"])]
#[case(Some(NamespaceType::Private), &[], &["inner.example.org"])]
#[case(None, &["example.org"], &["example.org", "inner.example.org"])]
#[case(Some(NamespaceType::Private), &["example.net"], &[])]
#[tokio::test]
async fn namespaces_are_chosen_by_type_and_name(
    #[case] namespace_type: Option<NamespaceType>,
    #[case] domains: &[&str],
    #[case] expected: &[&str],
) {
    let aws = AwsDouble::start().await.unwrap();
    aws.create_namespace("example.org", NamespaceKind::Public);
    aws.create_namespace("example.net", NamespaceKind::Public);
    aws.create_namespace("inner.example.org", NamespaceKind::Private);
    // Not in the DNS: ExternalDNS v0.22 does not survive a service of it.
    let http = aws.create_namespace("web.example.org", NamespaceKind::Http);
    aws.seed_service(&http, CloudService { name: "a".into(), ..CloudService::default() }).unwrap();
    let domains: Vec<String> = domains.iter().map(|&domain| domain.to_owned()).collect();
    let domains = match domains.is_empty() {
        true => DomainFilter::All,
        false => DomainFilter::from_suffixes(&domains, &[]).unwrap(),
    };
    let provider = provider(&aws, CloudMapConfig { namespace_type, domains, ..swift() });
    let zones = provider.reader().zones().await.unwrap();
    assert_eq!(names(&zones), expected);
    for zone in &zones {
        provider.reader().records(zone).await.unwrap();
    }
}

/// A public namespace and a private one of the same name get the same records, each with its own services.
#[tokio::test]
async fn twins_are_kept_alike() {
    let aws = AwsDouble::start().await.unwrap();
    let twins =
        [NamespaceKind::Public, NamespaceKind::Private].map(|kind| aws.create_namespace("example.org", kind));
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    let services = || twins.each_ref().map(|id| all_shown(&aws, id));
    cycle.converge(&[wish("a.example.org A 192.0.2.1")]).await;
    let [public, private] = services();
    assert_eq!((public.len(), &public), (1, &private));
    // In one of them somebody changes something.
    let mut drifted = aws.services(&twins[1]).remove(0);
    drifted.instances.insert("x".into(), [("AWS_INSTANCE_IPV4".to_owned(), "192.0.2.66".to_owned())].into());
    aws.seed_service(&twins[1], drifted).unwrap();
    let done = cycle.run(&[wish("a.example.org A 192.0.2.1")]).await;
    assert_eq!(done.plan.changes.len(), 1);
    let [public, private] = services();
    assert_eq!(public, private);
    cycle.converge(&[]).await;
    assert!(twins.iter().flat_map(|id| aws.services(id)).all(|service| service.instances.is_empty()));
}

/// The longest name wins, whole labels only.
#[tokio::test]
async fn names_go_to_the_closest_namespace() {
    let aws = AwsDouble::start().await.unwrap();
    let outer = aws.create_namespace("example.org", NamespaceKind::Public);
    let inner = aws.create_namespace("k8s.example.org", NamespaceKind::Public);
    let provider = provider(&aws, swift());
    let wishes = [wish("a.k8s.example.org A 192.0.2.1"), wish("circus-k8s.example.org A 192.0.2.2")];
    cycle_of(&provider).converge(&wishes).await;
    assert_eq!(all_shown(&aws, &inner), ["a A/300 MULTIVALUE: AWS_INSTANCE_IPV4=192.0.2.1"]);
    assert_eq!(all_shown(&aws, &outer), ["circus-k8s A/300 MULTIVALUE: AWS_INSTANCE_IPV4=192.0.2.2"]);
}

/// Lists come in pages, and all pages are read.
#[tokio::test]
async fn lists_are_read_to_the_end() {
    let aws = AwsDouble::start().await.unwrap();
    for i in 0..130 {
        aws.create_namespace(&format!("n{i}.example.org"), NamespaceKind::Public);
    }
    let namespace = aws.create_namespace("example.org", NamespaceKind::Public);
    for i in 0..230 {
        let seeded = service(&format!("s{i} A MULTIVALUE 300"), "none", "AWS_INSTANCE_IPV4", &[]);
        aws.seed_service(&namespace, seeded).unwrap();
    }
    let provider = provider(&aws, swift());
    let zones = provider.reader().zones().await.unwrap();
    assert_eq!(zones.len(), 131);
    let zone = zones.iter().find(|zone| zone.id.as_str() == namespace).unwrap();
    assert_eq!(provider.reader().records(zone).await.unwrap().records.len(), 230);
    assert_eq!((aws.count(Operation::ListNamespaces), aws.count(Operation::ListServices)), (2, 3));
}

/// ExternalDNS v0.22 sees a hundred instances of a service, and would register the others again and again.
#[tokio::test]
async fn services_with_many_instances_are_seen_whole() {
    let (aws, namespace) = aws().await;
    let targets: Vec<String> = (0..250).map(|i| format!("10.0.0.{i}")).collect();
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    aws.seed_service(&namespace, service("a A MULTIVALUE 300", OURS, "AWS_INSTANCE_IPV4", &targets)).unwrap();
    let provider = provider(&aws, swift());
    cycle_of(&provider).expect_nothing(&[wish(&format!("a.example.org A {}", targets.join(",")))]).await;
    assert_eq!(aws.count(Operation::DiscoverInstances), 1);
}

/// No service has these names: they are told apart before anything is asked.
#[test]
fn wildcards_and_the_apex_are_refused() {
    let provider = CloudMap::new(CloudMapConfig::default());
    let zone = Zone { id: ZoneId::new("ns-1"), name: DnsName::parse("example.org").ok() };
    let reader = provider.reader();
    let check = |line| reader.capabilities().check_in(&zone, &wish(line)).is_ok();
    assert!(check("a.example.org A 192.0.2.1"));
    assert!(!check("*.example.org A 192.0.2.1"));
    assert!(!check("example.org A 192.0.2.1"));
    assert!(!check("a.example.org TXT text"));
}
