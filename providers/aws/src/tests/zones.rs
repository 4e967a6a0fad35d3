//! Zones of several accounts, of one name, and out of reach.

use super::*;
use zonewright_aws_double::{Alias, Fault, Operation, RecordSet, When};
use zonewright_planner::ZoneId;

async fn twins() -> (AwsDouble, String, String) {
    let aws = AwsDouble::start().await.unwrap();
    let public = aws.create_zone(NewZone::public("example.org")).unwrap();
    let private = aws.create_zone(NewZone::private("example.org")).unwrap();
    (aws, public, private)
}

#[tokio::test]
async fn a_split_horizon_gets_the_record_twice_and_drift_is_seen_in_each() {
    let (aws, public, private) = twins().await;
    let cycle = cycle_of(&provider(&aws, swift()));
    let wishes = [
        wish("www.example.org A 192.0.2.1", &[]),
        wish("alias.example.org A www.example.org", &[("alias", "true")]),
    ];
    cycle.converge(&wishes).await;
    for zone in [&public, &private] {
        let records = aws.records(zone);
        assert_eq!(records.len(), 4, "two records and their rows");
        let alias: Vec<&Alias> = records.iter().filter_map(|set| set.alias.as_ref()).collect();
        assert_eq!(alias[0].zone, *zone, "an alias in its own zone lies there");
    }
    aws.seed(&public, [RecordSet::new("www.example.org", "A", 300, &["192.0.2.66"])]).unwrap();
    aws.forget_requests();
    cycle.converge(&wishes).await;
    let written: Vec<Option<String>> = aws
        .requests()
        .into_iter()
        .filter(|request| request.operation == Operation::ChangeResourceRecordSets)
        .map(|request| request.zone)
        .collect();
    assert_eq!(written, [Some(public.clone())]);
    cycle.converge(&[]).await;
    assert_eq!((aws.records(&public), aws.records(&private)), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_pin_keeps_a_record_out_of_the_other_zone() {
    let (aws, public, private) = twins().await;
    let cycle = cycle_of(&provider(&aws, swift()));
    cycle.converge(&[wish("www.example.org A 192.0.2.1", &[])]).await;
    cycle.converge(&[wish("www.example.org A 192.0.2.1", &[("hosted-zone-id", &private)])]).await;
    assert_eq!((aws.records(&public).len(), aws.records(&private).len()), (0, 2));
}

/// Need 51 and 56.
#[tokio::test]
async fn one_zone_out_of_reach_stops_no_other() {
    let aws = AwsDouble::start().await.unwrap();
    let ids = ["a.org", "b.org", "c.org"].map(|name| aws.create_zone(NewZone::public(name)).unwrap());
    let provider = provider(&aws, swift());
    aws.inject(
        When::call(Operation::ListResourceRecordSets).in_zone(&ids[1]).always(),
        Fault::access_denied(),
    );
    let zones = provider.reader().zones().await.unwrap();
    let mut readable = Vec::new();
    for zone in &zones {
        match provider.reader().records(zone).await {
            Ok(_) => readable.push(zone.id.to_string()),
            Err(error) => {
                assert_eq!((error.class(), zone.id.as_str()), (ErrorClass::Auth, ids[1].as_str()));
                assert!(
                    error.to_string().contains("b.org") && error.to_string().contains("IAM policy"),
                    "{error}"
                );
            }
        }
    }
    assert_eq!(readable.len(), 2);
}

#[tokio::test]
async fn tags_are_asked_for_ten_at_a_time_and_only_if_they_matter() {
    let aws = AwsDouble::start().await.unwrap();
    for i in 0..25 {
        let zone = NewZone::public(&format!("z{i}.org"));
        let zone = if i % 5 == 0 { zone.with_tag("team", "dns") } else { zone };
        aws.create_zone(zone).unwrap();
    }
    let mut config = swift();
    assert_eq!(provider(&aws, config.clone()).reader().zones().await.unwrap().len(), 25);
    assert_eq!(aws.count(Operation::ListTagsForResources), 0);
    config.zones.tags = vec!["team=dns".into()];
    assert_eq!(provider(&aws, config).reader().zones().await.unwrap().len(), 5);
    assert_eq!(aws.count(Operation::ListTagsForResources), 3);
}

#[tokio::test]
async fn zones_come_in_pages_and_may_be_kept() {
    let aws = AwsDouble::start().await.unwrap();
    (0..230).for_each(|i| drop(aws.create_zone(NewZone::public(&format!("z{i}.org"))).unwrap()));
    let config = AwsConfig { zones_cache: Duration::from_secs(60), ..swift() };
    let provider = provider(&aws, config);
    for _ in 0..3 {
        assert_eq!(provider.reader().zones().await.unwrap().len(), 230);
    }
    assert_eq!(aws.count(Operation::ListHostedZones), 3, "three pages, once");
}

/// Several profiles: each zone is read and written with the credentials that see it, and an account that fails later keeps its
/// zones, so that its names do not fall to a zone above.
#[tokio::test]
async fn accounts_have_their_own_zones_and_credentials() {
    let aws = AwsDouble::start().await.unwrap();
    aws.add_key("AKIAONE", "111111111111");
    aws.add_key("AKIATWO", "222222222222");
    let one = aws.create_zone(NewZone::public("example.org").in_account("111111111111")).unwrap();
    let two = aws.create_zone(NewZone::public("sub.example.org").in_account("222222222222")).unwrap();
    let provider = provider_of(&aws, swift(), &["AKIAONE", "AKIATWO"]);
    let cycle = cycle_of(&provider);
    cycle
        .converge(&[wish("a.example.org A 192.0.2.1", &[]), wish("b.sub.example.org A 192.0.2.1", &[])])
        .await;
    assert_eq!((aws.records(&one).len(), aws.records(&two).len()), (2, 2));
    for request in aws.requests().iter().filter(|request| request.zone.is_some()) {
        let key = if request.zone.as_deref() == Some(&one) { "AKIAONE" } else { "AKIATWO" };
        assert_eq!(request.access_key.as_deref(), Some(key));
    }
    aws.inject(When::call(Operation::ListHostedZones), Fault::access_denied());
    let zones = provider.reader().zones().await.unwrap();
    let home = provider.reader().homes(&zones, &"b.sub.example.org".parse().unwrap());
    assert_eq!(home, None);
    assert!(zones.iter().any(|zone| zone.id == ZoneId::new(two.as_str())));
}

#[tokio::test]
async fn accounts_that_never_answered_are_an_error() {
    let (aws, _) = aws().await;
    let provider = provider_of(&aws, swift(), &["AKIAONE", "AKIATWO"]);
    aws.inject(When::call(Operation::ListHostedZones), Fault::access_denied());
    assert_eq!(provider.reader().zones().await.unwrap_err().class(), ErrorClass::Auth);
}

/// The weakness register: what ExternalDNS v0.22 updates for ever or cannot delete.
#[tokio::test]
async fn aliases_by_hand_are_read_and_deleted_exactly() {
    let (aws, id) = aws().await;
    aws.add_alias_zone("ZELSE", "search.example.net");
    let alias = RecordSet::alias("a.example.org", "A", "ZELSE", "x.search.example.net");
    aws.seed(&id, [alias]).unwrap();
    let cycle = cycle_of(&provider(&aws, swift()));
    let properties = [("alias", "true"), ("target-hosted-zone", "ZELSE")];
    let kept = [wish("a.example.org A x.search.example.net", &properties)];
    let done = cycle.run(&kept).await;
    assert_eq!(done.plan.changes, [], "nothing differs");
    cycle.converge(&[]).await;
    assert_eq!(aws.records(&id), []);
}
