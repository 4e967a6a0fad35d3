//! Wishes in the form in which they are read back.

use super::hostnames::custom_hostnames;
use super::*;
use rstest::rstest;

async fn adjusted(service: &Service, config: CloudflareConfig, wish: Endpoint) -> Endpoint {
    let cycle = cycle_of(config);
    cycle.reader.zones().await.unwrap();
    let once = cycle.reader.adjust(vec![wish]).await.unwrap().endpoints;
    let twice = cycle.reader.adjust(once.clone()).await.unwrap().endpoints;
    assert_eq!(once, twice, "it is idempotent");
    let _ = service;
    once.into_iter().next().unwrap()
}

fn property<'a>(endpoint: &'a Endpoint, name: &str) -> Option<&'a str> {
    endpoint.properties.get(&format!("{PREFIX}{name}"))
}

#[rstest]
#[case("A", "192.0.2.1", &[], false, "false")]
#[case("A", "192.0.2.1", &[], true, "true")]
#[case("A", "192.0.2.1", &[("proxied", "T")], false, "true")]
#[case("A", "192.0.2.1", &[("proxied", "0")], true, "false")]
#[case("A", "192.0.2.1", &[("proxied", "yes")], true, "true")]
#[case("AAAA", "2001:db8::1", &[("proxied", "true")], false, "true")]
#[case("CNAME", "host.example.net", &[("proxied", "true")], false, "true")]
#[case("TXT", "text", &[("proxied", "true")], true, "false")]
#[case("MX", "10 mail.example.net", &[("proxied", "true")], true, "false")]
#[case("NS", "ns.example.net", &[], true, "false")]
#[case("SRV", "1 2 3 host.example.net.", &[], true, "false")]
#[case("NAPTR", "1 2 \"u\" \"x\" \"y\" .", &[], true, "false")]
#[tokio::test]
async fn only_hosts_are_proxied(
    #[case] record_type: &str,
    #[case] target: &str,
    #[case] properties: &[(&str, &str)],
    #[case] flag: bool,
    #[case] expected: &str,
) {
    let service = Service::free().await;
    let config = CloudflareConfig { proxied: flag, ..service.config() };
    let wish = wish(&format!("a.example.org {record_type} {target}"), properties);
    let endpoint = adjusted(&service, config, wish.with_ttl(Ttl::from_seconds(300))).await;
    assert_eq!(property(&endpoint, "proxied"), Some(expected));
    assert_eq!(endpoint.ttl.configured(), (expected == "false").then_some(300), "what is proxied has no TTL");
}

#[rstest]
#[case("free", "0", None)]
#[case("free", "1", Some(1))]
#[case("free", "30", Some(60))]
#[case("pro", "59", Some(60))]
#[case("enterprise", "2", Some(30))]
#[case("enterprise", "45", Some(45))]
#[case("free", "604800", Some(86_400))]
#[tokio::test]
async fn a_ttl_is_one_that_the_zone_takes(
    #[case] plan: &str,
    #[case] ttl: &str,
    #[case] expected: Option<i64>,
) {
    let service = Service::with_plan(plan).await;
    let wish = wish("a.example.org A 192.0.2.1", &[("ttl", ttl)]);
    let endpoint = adjusted(&service, service.config(), wish).await;
    assert_eq!(endpoint.ttl.configured(), expected);
}

#[rstest]
#[case("free", 100)]
#[case("business", 500)]
#[tokio::test]
async fn a_comment_is_cut_to_what_the_plan_has_room_for(#[case] plan: &str, #[case] expected: usize) {
    let service = Service::with_plan(plan).await;
    let comment = "é".repeat(600);
    let wish = wish("a.example.org A 192.0.2.1", &[("record-comment", &comment)]);
    let endpoint = adjusted(&service, service.config(), wish).await;
    assert_eq!(property(&endpoint, "record-comment").map(|text| text.chars().count()), Some(expected));
}

#[tokio::test]
async fn the_comment_of_the_flag_is_for_those_without_one() {
    let service = Service::free().await;
    let config = || CloudflareConfig { comment: Some("flag".into()), ..service.config() };
    let endpoint = adjusted(&service, config(), wish("a.example.org A 192.0.2.1", &[])).await;
    assert_eq!(property(&endpoint, "record-comment"), Some("flag"));
    let own = wish("a.example.org A 192.0.2.1", &[("record-comment", "own")]);
    assert_eq!(property(&adjusted(&service, config(), own).await, "record-comment"), Some("own"));
    let none = wish("a.example.org A 192.0.2.1", &[("record-comment", "")]);
    assert_eq!(property(&adjusted(&service, config(), none).await, "record-comment"), Some("flag"));
}

#[tokio::test]
async fn lists_are_sorted_and_what_is_not_managed_is_dropped() {
    let service = Service::free().await;
    let all = [
        ("tags", " b:2 ,,a:1, b:2"),
        ("custom-hostname", "Shop.Customer.net, buy.customer.net"),
        ("region-key", "eu"),
    ];
    let mut asked = wish("a.example.org A 192.0.2.1", &all);
    asked.properties.set("aws/weight", "7");
    let endpoint = adjusted(&service, service.config(), asked.clone()).await;
    assert_eq!(property(&endpoint, "tags"), Some("a:1,b:2"));
    assert_eq!(property(&endpoint, "custom-hostname"), None);
    assert_eq!(property(&endpoint, "region-key"), None);
    assert_eq!(endpoint.properties.get("aws/weight"), None, "it would never be read back");

    let config = || CloudflareConfig {
        custom_hostnames: Some(custom_hostnames()),
        regional_services: Some("us".into()),
        ..service.config()
    };
    let endpoint = adjusted(&service, config(), asked).await;
    assert_eq!(property(&endpoint, "custom-hostname"), Some("buy.customer.net,shop.customer.net"));
    assert_eq!(property(&endpoint, "region-key"), Some("eu"));
    let plain = adjusted(&service, config(), wish("b.example.org A 192.0.2.1", &[])).await;
    assert_eq!(property(&plain, "region-key"), Some("us"));
    let text = adjusted(&service, config(), wish("b.example.org TXT t", &all)).await;
    assert_eq!((property(&text, "region-key"), property(&text, "custom-hostname")), (None, None));
}

#[tokio::test]
async fn texts_have_their_quotes() {
    let service = Service::free().await;
    let endpoint =
        adjusted(&service, service.config(), wish("a.example.org TXT v=spf1 -all|\"v=spf1 \" \"-all\"", &[]))
            .await;
    assert_eq!(endpoint.targets, [Target::Text("\"v=spf1 -all\"".into())]);
}
