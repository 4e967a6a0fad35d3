//! From annotations to records and back.

use super::{Objects, Service, daemon, ingress, once, until};
use serde_json::json;
use zonewright_cloudflare_double::Operation;

/// Runs twice: the first run writes, the second one has nothing to do.
async fn settle(service: &Service, objects: &Objects, flags: &[&str]) {
    let program = || {
        let mut program = service.program(objects);
        program.args(flags);
        program
    };
    let ended = once(program()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(!ended.log.contains("ERROR"), "{}", ended.log);
    service.double.forget();
    let ended = once(program()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let writes: Vec<_> = service.double.exchanges().into_iter().filter(|e| e.method != "GET").collect();
    assert!(writes.is_empty(), "a second run writes: {writes:?}\n{}", ended.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_annotation_arrives_and_stays() {
    let service = Service::with_plan("enterprise").await;
    let objects = Objects::new();
    let annotations = [
        ("cloudflare-proxied", "true"),
        ("cloudflare-record-comment", "the shop"),
        ("cloudflare-tags", "team:shop, env:live"),
        ("cloudflare-custom-hostname", "shop.customer.net,buy.customer.net"),
        ("cloudflare-region-key", "eu"),
        ("ttl", "120"),
    ];
    objects.write(
        &(ingress("shop.example.org", "192.0.2.1", &annotations)
            + &ingress("plain.example.org", "192.0.2.2", &[])),
    );
    let flags = [
        "--cloudflare-custom-hostnames",
        "--cloudflare-custom-hostnames-min-tls-version=1.2",
        "--cloudflare-custom-hostnames-certificate-authority=google",
        "--cloudflare-regional-services",
        "--cloudflare-record-comment=by zonewright",
    ];
    settle(&service, &objects, &flags).await;

    let records = service.double.records(&service.zone);
    let named = |name: &str| records.iter().find(|record| record["name"] == name).unwrap();
    let shop = named("shop.example.org");
    assert_eq!((&shop["proxied"], &shop["ttl"]), (&json!(true), &json!(1)));
    assert_eq!((&shop["comment"], &shop["tags"]), (&json!("the shop"), &json!(["env:live", "team:shop"])));
    let plain = named("plain.example.org");
    assert_eq!(
        (&plain["proxied"], &plain["ttl"], &plain["comment"]),
        (&json!(false), &json!(1), &json!("by zonewright"))
    );
    assert_eq!(named("a-shop.example.org")["type"], "TXT");
    assert_eq!(
        service.double.regions(&service.zone),
        [("shop.example.org".to_owned(), "eu".to_owned())].into()
    );
    let hostnames = service.double.hostnames(&service.zone);
    assert_eq!(hostnames.len(), 2);
    assert_eq!(hostnames[0]["ssl"]["settings"]["min_tls_version"], "1.2");
    assert_eq!(hostnames[0]["ssl"]["certificate_authority"], "google");

    objects.write(&ingress("plain.example.org", "192.0.2.2", &[]));
    settle(&service, &objects, &flags).await;
    assert_eq!(service.lines(), ["A plain.example.org 192.0.2.2".to_owned(), row("plain")]);
    assert!(service.double.hostnames(&service.zone).is_empty());
    assert!(service.double.regions(&service.zone).is_empty());
}

fn row(name: &str) -> String {
    format!(
        "TXT a-{name}.example.org \"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/web/{name}\""
    )
}

/// The older prefix means the same, and so does the one that somebody chose.
#[tokio::test(flavor = "multi_thread")]
async fn the_prefix_of_annotations_is_that_of_properties() {
    for prefix in ["external-dns.alpha.kubernetes.io/", "dns.example.com/"] {
        let service = Service::with_plan("free").await;
        let objects = Objects::new();
        let text = ingress("web.example.org", "192.0.2.1", &[("cloudflare-proxied", "true")]);
        objects.write(&text.replace("external-dns.kubernetes.io/", prefix));
        let flag = format!("--annotation-prefix={prefix}");
        let flags: Vec<&str> = if prefix.starts_with("dns.") { vec![&flag] } else { Vec::new() };
        settle(&service, &objects, &flags).await;
        assert_eq!(service.double.records(&service.zone)[0]["proxied"], true, "{prefix}");
    }
}

/// A preview writes nothing and needs no more than reading.
#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_writes_nothing() {
    let service = Service::with_plan("free").await;
    let objects = Objects::new();
    objects.numbered(3, 0..0);
    let mut command = service.program(&objects);
    command.arg("--dry-run");
    let ended = once(command).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(service.double.exchanges().iter().all(|exchange| exchange.method == "GET"));
    assert!(service.lines().is_empty());
}

/// A token that is renewed in its file counts from the next request on; the daemon goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_rotates_without_a_restart() {
    let service = Service::with_plan("free").await;
    let objects = Objects::new();
    objects.numbered(1, 0..0);
    service.double.add_full_token("first");
    let token = objects.file("token", "first\n");
    let mut command = service.program(&objects);
    command.env("CF_API_TOKEN", format!("file:{}", token.display()));
    command.args(["--events", "--min-event-sync-interval=0s", "--interval=1s", "--drift-interval=1s"]);
    let log = objects.path("log");
    let mut running = daemon(command, &log);
    until("the first record", || service.lines().len() == 2).await;

    service.double.revoke_token("first");
    until("a refusal", || service.double.exchanges().iter().any(|exchange| exchange.status == 403)).await;
    assert!(running.try_wait().unwrap().is_none(), "a refused token ends nothing");
    service.double.add_full_token("second");
    objects.file("token", "second\n");
    objects.numbered(2, 0..0);
    until("the second record", || service.lines().len() == 4).await;
    let exchanges = service.double.exchanges();
    let last = exchanges.iter().rfind(|exchange| exchange.operation == Operation::Batch).unwrap();
    assert_eq!(last.credentials.as_deref(), Some("second"));
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(!log.contains("first\n") && !log.contains("panicked"), "{log}");
}

/// What ExternalDNS v0.22 wrote stays as it is: its rows are understood, and nothing is planned.
#[tokio::test(flavor = "multi_thread")]
async fn a_zone_of_externaldns_stays_as_it_is() {
    let service = Service::with_plan("pro").await;
    let text = |object: &str| {
        format!("\"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/web/{object}\"")
    };
    let seed = |kind: &str, name: &str, content: &str, more: serde_json::Value| {
        service.double.seed_with(&service.zone, kind, name, content, &more);
    };
    seed(
        "A",
        "shop.example.org",
        "192.0.2.1",
        json!({"proxied": true, "comment": "c", "tags": ["b:2", "a:1"]}),
    );
    seed("TXT", "a-shop.example.org", &text("shop"), json!({"comment": "c", "tags": ["b:2", "a:1"]}));
    seed("A", "plain.example.org", "192.0.2.2", json!({"ttl": 300}));
    seed("TXT", "a-plain.example.org", &text("plain"), json!({"ttl": 300}));
    seed("A", "auto.example.org", "192.0.2.3", json!({"ttl": 1}));
    seed("TXT", "a-auto.example.org", &text("auto"), json!({}));
    seed("TXT", "foreign.example.org", "without quotes", json!({}));
    let objects = Objects::new();
    let shop =
        [("cloudflare-proxied", "true"), ("cloudflare-record-comment", "c"), ("cloudflare-tags", "a:1,b:2")];
    objects.write(
        &(ingress("shop.example.org", "192.0.2.1", &shop)
            + &ingress("plain.example.org", "192.0.2.2", &[("ttl", "300")])
            + &ingress("auto.example.org", "192.0.2.3", &[])),
    );
    let before = service.double.records(&service.zone);
    let ended = once(service.program(&objects)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(service.double.exchanges().iter().all(|exchange| exchange.method == "GET"), "{}", ended.log);
    assert_eq!(service.double.records(&service.zone), before);
}
