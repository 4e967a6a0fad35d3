//! Several Services of one name.

use super::*;

fn sharing(name: &str, annotations: &[(&str, &str)], reached_at: &[&str]) -> Value {
    load_balancer(name, &[&[("hostname", "app.example.org")], annotations].concat(), reached_at)
}

#[test]
fn addresses_unite_under_the_first_service_whatever_the_ttl() {
    let answer = default_answer(&[
        sharing("zeta", &[("ttl", "60")], &["192.0.2.1", "192.0.2.3"]),
        sharing("alpha", &[("ttl", "90"), ("webhook-pool", "gold")], &["192.0.2.2", "192.0.2.3"]),
    ]);
    assert_eq!(answer.records(), ["app.example.org A 192.0.2.1,192.0.2.2,192.0.2.3"]);
    let endpoint = &answer.endpoints[0];
    assert_eq!(endpoint.labels.resource(), Some("service/default/alpha"));
    assert_eq!(endpoint.ttl.configured(), Some(90));
    assert_eq!(endpoint.properties.get("webhook/pool"), Some("gold"));
    assert_eq!(endpoint.objects.len(), 2);
}

#[test]
fn cnames_stay_apart_unless_they_are_the_same() {
    let answer = default_answer(&[
        sharing("a", &[], &["b.example.net"]),
        sharing("b", &[], &["a.example.net"]),
        sharing("c", &[], &["a.example.net"]),
    ]);
    assert_eq!(
        answer.records(),
        ["app.example.org CNAME a.example.net", "app.example.org CNAME b.example.net"]
    );
    let resources: Vec<_> = answer.endpoints.iter().map(|e| e.labels.resource()).collect();
    assert_eq!(resources, [Some("service/default/b"), Some("service/default/a")]);
}

#[test]
fn set_identifiers_stay_apart() {
    let answer = default_answer(&[
        sharing("blue", &[("set-identifier", "blue")], &["192.0.2.1"]),
        sharing("green", &[("set-identifier", "green")], &["192.0.2.2"]),
    ]);
    assert_eq!(answer.records(), ["app.example.org A 192.0.2.1", "app.example.org A 192.0.2.2"]);
}

#[test]
fn a_held_name_is_published_by_whoever_has_a_target() {
    let answer = default_answer(&[sharing("up", &[], &["192.0.2.1"]), sharing("down", &[], &[])]);
    assert_eq!(answer.records(), ["app.example.org A 192.0.2.1"]);
    assert_eq!(answer.held(), ["app.example.org"]);
}
