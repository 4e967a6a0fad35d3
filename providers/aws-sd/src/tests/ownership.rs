//! Whose services are, and what is done to those of others: nothing.

use super::*;
use rstest::rstest;
use zonewright_aws_double::Operation;
use zonewright_planner::SkipReason;

const WRITES: [Operation; 5] = [
    Operation::CreateService,
    Operation::UpdateService,
    Operation::DeleteService,
    Operation::RegisterInstance,
    Operation::DeregisterInstance,
];

/// W17: to ExternalDNS owner `me` a service of `mean` looks like its own, and goes when it is empty.
#[rstest]
#[case::one_letter_more("heritage=external-dns,external-dns/owner=mean")]
#[case::somebody_elses(
    "heritage=external-dns,external-dns/owner=you,external-dns/resource=service/default/web"
)]
#[case::of_no_owner("heritage=external-dns")]
#[case::text("the web shop")]
#[case::nothing("none")]
#[case::empty("")]
#[tokio::test]
async fn services_of_others_are_left_alone(#[case] description: &str) {
    let (aws, namespace) = aws().await;
    let ipv4 = "AWS_INSTANCE_IPV4";
    for service in [
        service("full A MULTIVALUE 300", description, ipv4, &["192.0.2.1"]),
        service("empty A MULTIVALUE 300", description, ipv4, &[]),
        // Of types that are not planned at all.
        service("srv SRV MULTIVALUE 300", description, ipv4, &[]),
    ] {
        aws.seed_service(&namespace, service).unwrap();
    }
    let http = CloudService {
        name: "http".into(),
        description: Some(description.into()),
        ..CloudService::default()
    };
    aws.seed_service(&namespace, http).unwrap();
    let before = aws.services(&namespace);
    let provider = provider(&aws, CloudMapConfig { cleanup: true, ..swift() });
    let cycle = cycle_of(&provider);
    for wishes in [
        vec![],
        vec![wish("full.example.org A 192.0.2.9 60"), wish("empty.example.org A 192.0.2.9 60")],
        vec![wish("full.example.org CNAME web.example.net"), wish("empty.example.org AAAA 2001:db8::1")],
        vec![wish("srv.example.org A 192.0.2.9"), wish("http.example.org A 192.0.2.9")],
    ] {
        let done = cycle.run(&wishes).await;
        let refused = done.failures.len() + done.plan.skips.len();
        assert_eq!(refused, wishes.len(), "every wish is told what is in its way: {done:?}");
    }
    assert_eq!(aws.services(&namespace), before);
    for write in WRITES {
        assert_eq!(aws.count(write), 0, "{write:?}");
    }
    assert_eq!(aws.count(Operation::DiscoverInstances), 0, "it is of no interest what they hold");
}

#[tokio::test]
async fn the_owner_of_a_name_is_told() {
    let (aws, namespace) = aws().await;
    let theirs = "heritage=external-dns,external-dns/owner=you";
    aws.seed_service(&namespace, service("a A MULTIVALUE 300", theirs, "AWS_INSTANCE_IPV4", &["192.0.2.1"]))
        .unwrap();
    aws.seed_service(&namespace, service("b SRV MULTIVALUE 300", theirs, "AWS_INSTANCE_IPV4", &[])).unwrap();
    let provider = provider(&aws, swift());
    let done = cycle_of(&provider)
        .run(&[wish("a.example.org A 192.0.2.9"), wish("b.example.org A 192.0.2.9")])
        .await;
    assert_eq!(done.plan.skips[0].reason, SkipReason::ForeignOwner { owner: Owner::new("you").unwrap() });
    let (name, error) = &done.failures[0];
    assert_eq!((name.as_str(), error.class()), ("b.example.org", ErrorClass::InvalidRecord));
    assert!(error.to_string().contains("belongs to the owner you"), "{error}");
}

/// Without clean-up services stay, and nobody tries to remove them again and again.
#[tokio::test]
async fn services_go_with_their_last_instance_only_if_asked_to() {
    for cleanup in [false, true] {
        let (aws, namespace) = aws().await;
        let provider = provider(&aws, CloudMapConfig { cleanup, ..swift() });
        let cycle = cycle_of(&provider);
        cycle.converge(&[wish("a.example.org A 192.0.2.1")]).await;
        cycle.converge(&[]).await;
        assert_eq!(aws.services(&namespace).len(), usize::from(!cleanup));
        assert_eq!(aws.count(Operation::DeleteService), usize::from(cleanup));
    }
}

/// Reading never removes anything, as ExternalDNS does; what was left behind before is removed by a plan that says so.
#[tokio::test]
async fn left_over_services_are_planned_to_go() {
    let (aws, namespace) = aws().await;
    for name in ["left", "wanted"] {
        let seeded = service(&format!("{name} A MULTIVALUE 300"), OURS, "AWS_INSTANCE_IPV4", &[]);
        aws.seed_service(&namespace, seeded).unwrap();
    }
    let provider = provider(&aws, CloudMapConfig { cleanup: true, ..swift() });
    let cycle = cycle_of(&provider);
    let wishes = [wish("wanted.example.org A 192.0.2.1"), wish("other.example.org A 192.0.2.1")];
    let (plan, ..) = cycle.plan(&wishes).await;
    assert_eq!(plan.changes.len(), 3);
    assert_eq!(aws.count(Operation::DeleteService), 0);
    cycle.converge(&wishes).await;
    let names: Vec<String> = aws.services(&namespace).into_iter().map(|service| service.name).collect();
    assert_eq!(names, ["other", "wanted"]);
}

/// `--migrate-from-txt-owner`: what is asked for becomes ours, what is not stays theirs.
#[tokio::test]
async fn services_of_a_former_owner_are_taken_over() {
    let (aws, namespace) = aws().await;
    let theirs = "heritage=external-dns,external-dns/owner=before,external-dns/resource=service/default/web";
    for (name, address) in [("a", "192.0.2.1"), ("b", "192.0.2.2")] {
        let seeded = service(&format!("{name} A MULTIVALUE 300"), theirs, "AWS_INSTANCE_IPV4", &[address]);
        aws.seed_service(&namespace, seeded).unwrap();
    }
    let before = Owner::new("before");
    let owners = vec![Owner::new("me").unwrap(), before.clone().unwrap()];
    let provider = provider(&aws, CloudMapConfig { owners, ..swift() });
    let registry = AwsSdRegistry::new(Owner::new("me").unwrap(), before, false);
    let cycle = cycle_with(&provider, Registry::AwsSd(registry));
    cycle.converge(&[wish("a.example.org A 192.0.2.1")]).await;
    let descriptions: Vec<Option<String>> =
        aws.services(&namespace).into_iter().map(|service| service.description).collect();
    assert_eq!(descriptions, [Some(OURS.to_owned()), Some(theirs.to_owned())]);
    assert_eq!(aws.count(Operation::RegisterInstance) + aws.count(Operation::DeregisterInstance), 0);
}

/// Without a registry everything that holds something is ours, and descriptions are left as they are.
#[tokio::test]
async fn without_a_registry_everything_is_ours() {
    let (aws, namespace) = aws().await;
    aws.seed_service(
        &namespace,
        service("a A MULTIVALUE 300", "the shop", "AWS_INSTANCE_IPV4", &["192.0.2.1"]),
    )
    .unwrap();
    aws.seed_service(&namespace, service("empty A MULTIVALUE 300", "none", "AWS_INSTANCE_IPV4", &[]))
        .unwrap();
    let provider = provider(&aws, CloudMapConfig { owners: Vec::new(), cleanup: true, ..swift() });
    let cycle = cycle_with(&provider, Registry::Noop);
    cycle.converge(&[wish("a.example.org A 192.0.2.2 60"), wish("b.example.org A 192.0.2.3")]).await;
    let described: Vec<(String, Option<String>)> =
        aws.services(&namespace).into_iter().map(|service| (service.name, service.description)).collect();
    let expected = [("a", Some("the shop")), ("b", Some("")), ("empty", None)];
    assert_eq!(described, expected.map(|(name, text)| (name.to_owned(), text.map(str::to_owned))));
    cycle.converge(&[]).await;
    assert_eq!(all_shown(&aws, &namespace), ["empty A/300 MULTIVALUE: "], "what holds nothing is nobody's");
}
