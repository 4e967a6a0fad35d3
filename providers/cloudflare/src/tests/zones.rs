//! Which zones there are.

use super::*;

fn names(zones: &[Zone]) -> Vec<String> {
    zones.iter().map(|zone| zone.name.as_ref().unwrap().to_string()).collect()
}

#[tokio::test]
async fn the_domain_filter_is_for_names_of_zones() {
    let service = Service::free().await;
    service.double.add_zone("example.net", "free");
    let domains = DomainFilter::from_suffixes(&["example.net"], &[] as &[&str]).unwrap();
    let cycle = cycle_of(CloudflareConfig { domains: domains.clone(), ..service.config() });
    assert_eq!(names(&cycle.reader.zones().await.unwrap()), ["example.net"]);

    // As in ExternalDNS: whoever names zones gets exactly those.
    let zone_ids = vec![service.zone.clone()];
    let cycle = cycle_of(CloudflareConfig { domains, zone_ids, ..service.config() });
    service.double.forget();
    assert_eq!(names(&cycle.reader.zones().await.unwrap()), ["example.org"]);
    assert_eq!(service.double.requests(), 1, "the others are not even listed");
}

/// Names of a zone that cannot be read now must not fall to the zone above it.
#[tokio::test]
async fn a_zone_that_was_there_stays_a_zone() {
    let service = Service::free().await;
    let below = service.double.add_zone("sub.example.org", "free");
    let zone_ids = vec![service.zone.clone(), below.clone()];
    let cycle = cycle_of(CloudflareConfig { zone_ids, ..service.config() });
    let before = cycle.reader.zones().await.unwrap();
    for fault in [Fault::forbidden(), Fault::refuse(500, 1000, "oops"), Fault::HangUp, Fault::throttled(None)]
    {
        service.double.inject(When::call(Operation::GetZone).in_zone(&below), fault);
        assert_eq!(cycle.reader.zones().await.unwrap(), before);
    }
}

/// One that never was there to see takes no names, and says why; a service that is out of order is no reason for fewer zones.
#[tokio::test]
async fn a_zone_that_is_not_ours_to_see_is_one_that_cannot_be_read() {
    let service = Service::free().await;
    let hidden = service.double.add_zone("hidden.example", "free");
    service.double.add_token("narrow", &[&service.zone]);
    for (id, class) in [(hidden, ErrorClass::Auth), ("feed".repeat(8), ErrorClass::Permanent)] {
        let zone_ids = vec![id.clone(), service.zone.clone()];
        let cycle = cycle_of(CloudflareConfig { zone_ids, ..service.config_with("CF_API_TOKEN", "narrow") });
        let zones = cycle.reader.zones().await.unwrap();
        assert_eq!(zones.len(), 2);
        for zone in &zones {
            let listed = cycle.reader.records(zone).await;
            if zone.id.as_str() == id {
                let error = listed.unwrap_err();
                assert_eq!(error.class(), class);
                assert!(error.to_string().contains(&id), "{error}");
                assert!(!zone.contains(&"a.hidden.example".parse().unwrap()));
            } else {
                listed.unwrap();
            }
        }
    }
    let zone_ids = vec![service.zone.clone()];
    let cycle = cycle_of(CloudflareConfig { zone_ids, ..service.config() });
    service.double.inject(When::call(Operation::GetZone), Fault::refuse(500, 1000, "oops"));
    cycle.reader.zones().await.unwrap_err();
}

/// Two zones of one name: what ExternalDNS picks at random is the one with the smaller id.
#[tokio::test]
async fn twins_are_told_apart() {
    let service = Service::free().await;
    let twin = service.double.add_zone("example.org", "free");
    let cycle = service.cycle();
    cycle.converge(&[wish("a.example.org A 192.0.2.1", &[])]).await;
    let first = service.zone.clone().min(twin);
    assert_eq!(service.double.lines(&first).len(), 2);
}
