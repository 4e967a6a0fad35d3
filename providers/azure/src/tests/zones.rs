//! Which zones are managed, and which records go where.

use super::*;
use rstest::rstest;
use zonewright_azure_double::{Fault, Operation, When};

fn filter(domains: &[&str], ids: &[&str], names: &[&str]) -> ZoneFilter {
    let suffixes = |names: &[&str]| DomainFilter::from_suffixes(names, &[]).unwrap();
    ZoneFilter {
        domains: if domains.is_empty() { DomainFilter::All } else { suffixes(domains) },
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        names: (!names.is_empty()).then(|| suffixes(names)),
    }
}

/// A zone passes by domain and id, or else by its name. Ids may be given in part and in any case.
#[rstest]
#[case(&[], &[], &[], &["a.example.org", "b.example.org", "example.net"])]
#[case(&[], &[""], &[], &["a.example.org", "b.example.org", "example.net"])]
#[case(&["example.org"], &[], &[], &["a.example.org", "b.example.org"])]
#[case(&[], &["A.example.org"], &[], &["a.example.org"])]
#[case(&["example.net"], &["a.example.org"], &[], &[])]
#[case(&["www.example.net"], &[], &["example.net"], &["example.net"])]
#[case(&["a.example.org"], &[], &["example.net"], &["a.example.org", "example.net"])]
#[tokio::test]
async fn zones_pass_the_filters(
    #[case] domains: &[&str],
    #[case] ids: &[&str],
    #[case] names: &[&str],
    #[case] expected: &[&str],
    #[values(Service::Public, Service::Private)] service: Service,
) {
    let world = World::new().await;
    for name in ["a.example.org", "b.example.org", "example.net"] {
        world.zone(service, "group", name);
    }
    world.zone(service, "other", "c.example.org");
    let zones = filter(domains, ids, names);
    let found = provider(AzureConfig { zones, ..world.config(service) }).reader().zones().await.unwrap();
    let found: Vec<String> = found.iter().map(|zone| zone.name.as_ref().unwrap().to_string()).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn zones_come_in_pages_and_may_be_kept() {
    let world = World::new().await;
    for i in 0..1500 {
        world.zone(Service::Public, "group", &format!("z{i}.example.org"));
    }
    let config = AzureConfig { zones_cache: Duration::from_secs(60), ..world.config(Service::Public) };
    let provider = provider(config);
    for _ in 0..3 {
        assert_eq!(provider.reader().zones().await.unwrap().len(), 1500);
    }
    assert_eq!(world.azure.count(Operation::ListZones), 2, "two pages, once");
    let fresh = world.provider(Service::Public);
    for _ in 0..2 {
        fresh.reader().zones().await.unwrap();
    }
    assert_eq!(world.azure.count(Operation::ListZones), 6);
}

/// Zones of one name in several resource groups and subscriptions, each by its whole id: no list is needed, and all of them get the
/// records.
#[tokio::test]
async fn twins_are_named_by_their_ids_and_kept_alike() {
    for service in [Service::Public, Service::Private] {
        let world = World::new().await;
        let first = world.zone(service, "west", "example.org");
        let second = match service {
            Service::Public => NewZone::public("99999999-0000-0000-0000-000000000000", "East", "example.org"),
            Service::Private => {
                NewZone::private("99999999-0000-0000-0000-000000000000", "East", "example.org")
            }
        };
        let second = world.azure.create_zone(second);
        world.zone(service, "elsewhere", "example.org");
        let spelled = second.to_ascii_lowercase();
        let zones = filter(&[], &[&first, &spelled], &[]);
        let provider = provider(AzureConfig { zones, ..world.config(service) });
        let cycle = cycle_of(&provider);
        cycle.converge(&[wish("www.example.org A 192.0.2.1", &[])]).await;
        assert_eq!(world.azure.count(Operation::ListZones), 0);
        let values =
            |zone: &str| world.azure.records(zone).into_iter().map(|set| set.values).collect::<Vec<_>>();
        assert_eq!((values(&first).len(), values(&first)), (2, values(&second)));
        // What somebody changes in one of them is put right there.
        let changed = zonewright_azure_double::RecordSet::new("www", "A", 300, &["198.51.100.1"]);
        world.azure.seed(&second, [changed]).unwrap();
        world.azure.forget_requests();
        cycle.converge(&[wish("www.example.org A 192.0.2.1", &[])]).await;
        assert_eq!(values(&first), values(&second));
        let zones_written: Vec<Option<String>> = world
            .azure
            .requests()
            .into_iter()
            .filter(|request| {
                request.operation == Operation::PutRecordSet && request.record.as_deref() == Some("A www")
            })
            .map(|request| request.zone)
            .collect();
        assert_eq!(zones_written, [Some(spelled)]);
    }
}

/// An id of a zone that does not exist is an error of that zone, with its id. Others go on.
#[tokio::test]
async fn an_unknown_zone_id_is_said_and_stops_no_other() {
    let (world, id) = World::with_zone(Service::Public).await;
    let wrong = id.replace("example.org", "example.com");
    let config = world.config(Service::Public);
    let provider = provider(AzureConfig { zones: filter(&[], &[&id, &wrong], &[]), ..config });
    let zones = provider.reader().zones().await.unwrap();
    assert_eq!(zones.len(), 2);
    for zone in zones {
        let listing = provider.reader().records(&zone).await;
        match zone.name.as_ref().map(DnsName::as_str) {
            Some("example.org") => drop(listing.unwrap()),
            _ => {
                let error = listing.unwrap_err();
                assert_eq!(error.class(), ErrorClass::Permanent);
                let text = error.to_string();
                assert!(text.contains("ResourceNotFound") && text.contains("/example.com"), "{text}");
            }
        }
    }
}

/// Need 56: zones fail alone.
#[tokio::test]
async fn a_forbidden_zone_stops_no_other() {
    let (world, _) = World::with_zone(Service::Public).await;
    let forbidden = world.zone(Service::Public, "group", "example.net");
    world
        .azure
        .inject(When::call(Operation::ListRecordSets).in_zone(&forbidden).always(), Fault::forbidden());
    let provider = world.provider(Service::Public);
    let zones = provider.reader().zones().await.unwrap();
    let outcomes: Vec<Option<ErrorClass>> = {
        let mut outcomes = Vec::new();
        for zone in &zones {
            outcomes.push(provider.reader().records(zone).await.err().map(|error| error.class()));
        }
        outcomes
    };
    assert_eq!(outcomes, [Some(ErrorClass::Auth), None]);
}

/// W8: a list of zones that fails is an error of the provider, of the right class, and no end of anything.
#[rstest]
#[case(Fault::forbidden(), ErrorClass::Auth)]
#[case(Fault::unavailable(), ErrorClass::Unavailable)]
#[case(Fault::HangUp, ErrorClass::Unavailable)]
#[case(Fault::throttled(Some(9)), ErrorClass::Throttled { retry_after: Some(Duration::from_secs(9)) })]
#[tokio::test]
async fn zones_that_cannot_be_listed_are_an_error(#[case] fault: Fault, #[case] class: ErrorClass) {
    let (world, _) = World::with_zone(Service::Public).await;
    let provider = world.provider(Service::Public);
    world.azure.inject(When::call(Operation::ListZones).always(), fault);
    let error = provider.reader().zones().await.unwrap_err();
    assert_eq!(error.class(), class, "{error}");
    assert!(error.to_string().contains("resource group group"), "{error}");
}
