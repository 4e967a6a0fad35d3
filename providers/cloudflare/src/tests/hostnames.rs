//! Custom hostnames and regions.

use super::*;

pub(super) fn custom_hostnames() -> CustomHostnames {
    CustomHostnames { min_tls_version: "1.2".to_owned(), certificate_authority: None }
}

fn saas(service: &Service) -> Cycle {
    cycle_of(CloudflareConfig { custom_hostnames: Some(custom_hostnames()), ..service.config() })
}

fn regional(service: &Service, region: &str) -> Cycle {
    cycle_of(CloudflareConfig { regional_services: Some(region.to_owned()), ..service.config() })
}

/// `HOSTNAME ORIGIN`, sorted.
fn hostnames(service: &Service) -> Vec<String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let all = service.double.hostnames(&service.zone);
    let mut lines: Vec<String> = all
        .iter()
        .map(|h| format!("{} {}", text(&h["hostname"]), text(&h["custom_origin_server"])))
        .collect();
    lines.sort();
    lines
}

fn ids(service: &Service) -> Vec<String> {
    service.double.hostnames(&service.zone).iter().map(|hostname| hostname["id"].to_string()).collect()
}

#[tokio::test]
async fn custom_hostnames_follow_their_records() {
    let service = Service::free().await;
    let cycle = saas(&service);
    let a = |list: &str| wish("a.example.org A 192.0.2.1|192.0.2.2", &[("custom-hostname", list)]);
    cycle.converge(&[a("two.customer.net,one.customer.net")]).await;
    assert_eq!(hostnames(&service), ["one.customer.net a.example.org", "two.customer.net a.example.org"]);
    cycle.converge(&[a("three.customer.net,one.customer.net")]).await;
    assert_eq!(hostnames(&service), ["one.customer.net a.example.org", "three.customer.net a.example.org"]);

    // Another type, and another record: the certificates stay.
    let before = ids(&service);
    let list = "one.customer.net,three.customer.net";
    cycle.converge(&[wish("a.example.org CNAME host.example.net", &[("custom-hostname", list)])]).await;
    assert_eq!(ids(&service), before);
    cycle.converge(&[wish("b.example.org A 192.0.2.1", &[("custom-hostname", list)])]).await;
    assert_eq!(hostnames(&service), ["one.customer.net b.example.org", "three.customer.net b.example.org"]);
    assert_eq!(ids(&service), before);

    cycle.converge(&[]).await;
    assert_eq!((hostnames(&service), service.lines()), (Vec::new(), Vec::new()));
}

/// Other types of the name do not have them, so that nothing flaps.
#[tokio::test]
async fn only_a_and_cname_have_custom_hostnames() {
    let service = Service::free().await;
    let cycle = saas(&service);
    let properties = [("custom-hostname", "one.customer.net")];
    cycle
        .converge(&[
            wish("a.example.org A 192.0.2.1", &properties),
            wish("a.example.org AAAA 2001:db8::1", &properties),
            wish("a.example.org TXT text", &properties),
        ])
        .await;
    assert_eq!(hostnames(&service), ["one.customer.net a.example.org"]);
}

#[tokio::test]
async fn a_hostname_of_somebody_else_is_not_taken() {
    let service = Service::free().await;
    service.double.seed(&service.zone, "A", "other.example.org", "192.0.2.9");
    service.double.seed_hostname(&service.zone, "one.customer.net", Some("elsewhere.example.org"));
    service.double.seed_hostname(&service.zone, "two.customer.net", None);
    let cycle = saas(&service);
    let wishes = [
        wish("a.example.org A 192.0.2.1", &[("custom-hostname", "one.customer.net")]),
        wish("b.example.org A 192.0.2.1", &[("custom-hostname", "two.customer.net")]),
        wish("c.example.org A 192.0.2.1", &[("custom-hostname", "three.customer.net")]),
        wish("d.example.org A 192.0.2.1", &[("custom-hostname", "-bad name-")]),
        wish("other.example.org A 192.0.2.9", &[]),
    ];
    let done = cycle.run(&wishes).await;
    let failed: Vec<&str> = done.failures.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(failed, ["a.example.org", "b.example.org", "d.example.org"]);
    assert!(
        done.failures.iter().all(|(_, error)| error.class() == ErrorClass::InvalidRecord),
        "{:?}",
        done.failures
    );
    assert!(done.failures[0].1.to_string().contains("elsewhere.example.org"), "{}", done.failures[0].1);
    let expected =
        ["one.customer.net elsewhere.example.org", "three.customer.net c.example.org", "two.customer.net -"];
    assert_eq!(hostnames(&service), expected);
    assert_eq!(
        service.lines().iter().filter(|line| line.starts_with("A ")).count(),
        5,
        "the records are there"
    );
}

#[tokio::test]
async fn a_zone_without_the_feature_says_so() {
    let service = Service::free().await;
    service.double.end_saas(&service.zone);
    let cycle = saas(&service);
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    let error = cycle.reader.records(&zone).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Auth);
    assert!(error.to_string().contains("Cloudflare for SaaS"), "{error}");
}

/// A failed removal keeps the record, so that the next cycle sees both and tries again.
#[tokio::test]
async fn a_custom_hostname_goes_before_its_record() {
    let service = Service::free().await;
    let cycle = saas(&service);
    cycle.converge(&[wish("a.example.org A 192.0.2.1", &[("custom-hostname", "one.customer.net")])]).await;
    service.double.inject(When::call(Operation::DeleteHostname), Fault::refuse(500, 1000, "oops"));
    let done = cycle.run(&[]).await;
    assert_eq!(done.failures.len(), 1);
    assert_eq!(service.lines().len(), 2);
    cycle.converge(&[]).await;
    assert_eq!((hostnames(&service).len(), service.lines().len()), (0, 0));
}

#[tokio::test]
async fn lists_of_custom_hostnames_have_pages() {
    let service = Service::free().await;
    for n in 0..120 {
        service.double.seed_hostname(&service.zone, &format!("n{n}.customer.net"), Some("a.example.org"));
    }
    let cycle = saas(&service);
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    cycle.reader.records(&zone).await.unwrap();
    assert_eq!(service.double.count(Operation::ListHostnames), 3);
}

#[tokio::test]
async fn regions_follow_their_names() {
    let service = Service::free().await;
    let cycle = regional(&service, "eu");
    let regions = || service.double.regions(&service.zone);
    let both = [wish("a.example.org A 192.0.2.1", &[]), wish("a.example.org AAAA 2001:db8::1", &[])];
    cycle.converge(&both).await;
    assert_eq!(regions(), [("a.example.org".to_owned(), "eu".to_owned())].into());
    assert_eq!(service.double.count(Operation::CreateRegion), 1, "a name has one region");
    // One of two goes: the name is still there.
    cycle.converge(&both[..1]).await;
    assert_eq!(regions().len(), 1);
    cycle.converge(&[wish("a.example.org A 192.0.2.1", &[("region-key", "us")])]).await;
    assert_eq!(regions(), [("a.example.org".to_owned(), "us".to_owned())].into());
    cycle.converge(&[wish("a.example.org CNAME host.example.net", &[("region-key", "us")])]).await;
    assert_eq!(service.double.count(Operation::DeleteRegion), 0);
    cycle.converge(&[wish("a.example.org CNAME host.example.net", &[("region-key", "")])]).await;
    assert_eq!(regions(), BTreeMap::new());
    cycle.converge(&both).await;
    cycle.converge(&[]).await;
    assert_eq!(regions(), BTreeMap::new());
}

/// ExternalDNS ends over this.
#[tokio::test]
async fn two_regions_for_one_name_are_told_and_others_go_on() {
    let service = Service::free().await;
    let cycle = regional(&service, "");
    let wishes = [
        wish("a.example.org A 192.0.2.1", &[("region-key", "eu")]),
        wish("a.example.org AAAA 2001:db8::1", &[("region-key", "us")]),
        wish("b.example.org A 192.0.2.1", &[("region-key", "ca")]),
        wish("c.example.org A 192.0.2.1", &[("region-key", "mars")]),
    ];
    let adjusted = cycle.reader.adjust(wishes.to_vec()).await.unwrap();
    assert_eq!(adjusted.rejected.len(), 1);
    let rejected = &adjusted.rejected[0];
    assert_eq!(rejected.name.as_ref().map(DnsName::as_str), Some("a.example.org"));
    assert!(rejected.text.contains("AAAA") && rejected.text.contains("\"us\""), "{}", rejected.text);
    let mut reversed = wishes.to_vec();
    reversed.reverse();
    assert_eq!(
        cycle.reader.adjust(reversed).await.unwrap().rejected,
        adjusted.rejected,
        "always the same one"
    );

    let done = cycle.run(&adjusted.endpoints).await;
    let failed: Vec<_> = done.failures.iter().map(|(name, error)| (name.as_str(), error.class())).collect();
    assert_eq!(failed, [("c.example.org", ErrorClass::InvalidRecord)]);
    let regions = service.double.regions(&service.zone);
    assert_eq!(regions.get("a.example.org").map(String::as_str), Some("eu"));
    assert_eq!(regions.get("b.example.org").map(String::as_str), Some("ca"));
}

#[tokio::test]
async fn nobody_asks_for_regions_where_nothing_could_have_one() {
    let service = Service::free().await;
    let cycle = regional(&service, "eu");
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    service.double.seed(&service.zone, "TXT", "a.example.org", "\"text\"");
    cycle.reader.records(&zone).await.unwrap();
    assert_eq!(service.double.count(Operation::ListRegions), 0);
}

/// A refusal that all of them would get is not asked for again and again.
#[tokio::test]
async fn what_is_of_the_zone_is_asked_once() {
    for fault in [Fault::forbidden(), Fault::throttled(None), Fault::HangUp] {
        let service = Service::free().await;
        let config = CloudflareConfig {
            custom_hostnames: Some(custom_hostnames()),
            regional_services: Some("eu".to_owned()),
            ..service.config()
        };
        let cycle = cycle_of(config);
        let wishes: Vec<Endpoint> = (0..20)
            .map(|n| {
                wish(
                    &format!("n{n}.example.org A 192.0.2.1"),
                    &[("custom-hostname", &format!("n{n}.customer.net"))],
                )
            })
            .collect();
        service.double.inject(When::call(Operation::CreateHostname).after(3).always(), fault.clone());
        let done = cycle.run(&wishes).await;
        assert_eq!(done.failures.len(), 17, "{fault:?}");
        assert_eq!(service.double.count(Operation::CreateHostname), 4, "{fault:?}");
        assert_eq!(service.double.count(Operation::CreateRegion), 3, "{fault:?}");
        service.double.withdraw_faults();
        service.double.inject(When::call(Operation::CreateRegion).always(), fault.clone());
        assert_eq!(cycle.run(&wishes).await.failures.len(), 17);
        assert_eq!(service.double.count(Operation::CreateRegion), 4, "{fault:?}");
        service.double.withdraw_faults();
        cycle.converge(&wishes).await;
        service.double.inject(When::call(Operation::DeleteHostname).always(), fault.clone());
        assert_eq!(cycle.run(&[]).await.failures.len(), 20);
        assert_eq!(service.double.count(Operation::DeleteHostname), 1, "{fault:?}");
    }
}
