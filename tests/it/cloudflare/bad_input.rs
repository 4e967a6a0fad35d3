//! What goes wrong is said with its class, its message and its object, and everything else goes on.

use super::{Ended, Objects, Service, ingress, once};
use zonewright_cloudflare_double::{Fault, Operation, When};

fn expect(log: &str, texts: &[&str]) {
    for text in texts {
        assert!(log.contains(text), "{text:?} is missing in\n{log}");
    }
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_nothing_starts() {
    let service = Service::with_plan("free").await;
    let objects = Objects::new();
    objects.numbered(1, 0..0);
    let mut command = service.program(&objects);
    command.env_remove("CF_API_TOKEN");
    let Ended { code, log } = once(command).await;
    assert_eq!(code, Some(1), "{log}");
    expect(&log, &["CF_API_TOKEN", "CF_API_KEY"]);
    assert_eq!(service.double.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_would_show_the_token_is_refused() {
    let service = Service::with_plan("free").await;
    let objects = Objects::new();
    objects.numbered(1, 0..0);
    let mut command = service.program(&objects);
    command.env("CLOUDFLARE_BASE_URL", "http://192.0.2.1/client/v4");
    let Ended { code, log } = once(command).await;
    assert_eq!(code, Some(1), "{log}");
    expect(&log, &["CLOUDFLARE_BASE_URL", "plain HTTP"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_an_auth_error() {
    let service = Service::with_plan("free").await;
    let objects = Objects::new();
    objects.numbered(1, 0..0);
    let mut command = service.program(&objects);
    command.env("CF_API_TOKEN", "wrong");
    let Ended { code, log } = once(command).await;
    assert_eq!(code, Some(1), "{log}");
    expect(&log, &["9109", "Invalid access token", "auth"]);
    assert!(!log.contains("wrong"), "{log}");
}

/// Zones that the token may not read, that there are not, or that fail: the others are in sync.
#[tokio::test(flavor = "multi_thread")]
async fn one_zone_that_fails_does_not_stop_the_others() {
    let faults = [
        Fault::forbidden(),
        Fault::throttled(None),
        Fault::refuse(500, 10001, "internal error"),
        Fault::refuse(400, 1004, "no"),
        Fault::HangUp,
        Fault::Say { status: 200, body: "<html>".to_owned() },
    ];
    for fault in faults {
        let service = Service::with_plan("free").await;
        let other = service.double.add_zone("example.net", "free");
        let objects = Objects::new();
        objects.write(
            &(ingress("a.example.org", "192.0.2.1", &[]) + &ingress("b.example.net", "192.0.2.2", &[])),
        );
        service.double.inject(When::call(Operation::ListRecords).in_zone(&other).always(), fault.clone());
        let Ended { code, log } = once(service.program(&objects)).await;
        assert_eq!(code, Some(1), "{fault:?}: {log}");
        assert_eq!(service.lines().len(), 2, "{fault:?}: {log}");
        expect(&log, &["example.net"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_zone_id_is_named_and_the_others_go_on() {
    let service = Service::with_plan("free").await;
    let objects = Objects::new();
    objects.numbered(1, 0..0);
    let mut command = service.program(&objects);
    command.arg("--zone-id-filter=0123456789abcdef0123456789abcdef");
    command.arg(format!("--zone-id-filter={}", service.zone));
    let Ended { code, log } = once(command).await;
    assert_eq!(code, Some(1), "{log}");
    expect(&log, &["0123456789abcdef0123456789abcdef", "7003"]);
    assert_eq!(service.lines().len(), 2, "{log}");
}

/// The service refuses some of many: those alone are left out, by name.
#[tokio::test(flavor = "multi_thread")]
async fn records_that_are_refused_are_named_and_the_others_go_on() {
    let service = Service::with_plan("free").await;
    let objects = Objects::new();
    let mut text: String = (0..40).map(|n| ingress(&format!("n{n}.example.org"), "192.0.2.1", &[])).collect();
    // Tags are not for free.
    text += &ingress("tagged.example.org", "192.0.2.1", &[("cloudflare-tags", "team:web")]);
    text += &ingress(
        "hosted.example.org",
        "192.0.2.1",
        &[("cloudflare-custom-hostname", "no name.customer.net")],
    );
    objects.write(&text);
    let mut command = service.program(&objects);
    command.arg("--cloudflare-custom-hostnames");
    let Ended { code, log } = once(command).await;
    assert_eq!(code, Some(1), "{log}");
    expect(
        &log,
        &["tagged.example.org", "9301", "invalid-record", "hosted.example.org", "no name.customer.net"],
    );
    let lines = service.lines();
    assert_eq!(lines.iter().filter(|line| line.starts_with("A n")).count(), 40, "{log}");
    assert!(lines.iter().any(|line| line.starts_with("A hosted")), "the record itself is fine");
    assert!(!lines.iter().any(|line| line.contains("tagged")));
}

/// What cannot be proxied is not, a TTL that the service does not take is brought within its bounds, and a word that is neither true nor
/// false is told of.
#[tokio::test(flavor = "multi_thread")]
async fn odd_values_are_settled_before_they_are_sent() {
    let service = Service::with_plan("free").await;
    let objects = Objects::new();
    objects.write(
        &(ingress("*.example.org", "192.0.2.1", &[("cloudflare-proxied", "true"), ("ttl", "7")])
            + &ingress("short.example.org", "192.0.2.1", &[("ttl", "7")])
            + &ingress("odd.example.org", "192.0.2.1", &[("cloudflare-proxied", "yes please")])),
    );
    for _ in 0..2 {
        let Ended { code, log } = once(service.program(&objects)).await;
        assert_eq!(code, Some(0), "{log}");
        expect(&log, &["yes please", "odd.example.org", "ingress/web/odd"]);
    }
    assert_eq!(service.double.count(Operation::Batch), 1, "the second run writes nothing");
    let records = service.double.records(&service.zone);
    let named = |name: &str| records.iter().find(|record| record["name"] == name).unwrap();
    assert_eq!(
        (&named("*.example.org")["proxied"], &named("*.example.org")["ttl"]),
        (&true.into(), &1.into())
    );
    assert_eq!(named("short.example.org")["ttl"], 60);
    assert_eq!(named("odd.example.org")["proxied"], false);
}

/// Need 9: of a thousand names three are refused. The others are written in the same run, with no more requests than a search takes, and
/// while the three wait nothing is sent again.
#[tokio::test(flavor = "multi_thread")]
async fn a_few_bad_ones_among_a_thousand() {
    let service = Service::with_plan("free").await;
    let objects = Objects::new();
    let mut text: String =
        (0..997).map(|n| ingress(&format!("n{n:03}.example.org"), "192.0.2.1", &[])).collect();
    for bad in ["n100x", "n500x", "n900x"] {
        text += &ingress(&format!("{bad}.example.org"), "192.0.2.1", &[("cloudflare-tags", "team:web")]);
    }
    objects.write(&text);
    let mut command = service.program(&objects);
    command.args(["--interval=1h", "--events", "--min-event-sync-interval=0s"]);
    let log = objects.path("log");
    let mut running = super::daemon(command, &log);
    super::until("all but three", || service.lines().len() == 2 * 997).await;
    let text = || std::fs::read_to_string(&log).unwrap();
    super::until("all three are told", || ["n100x", "n500x", "n900x"].iter().all(|bad| text().contains(bad)))
        .await;
    let batches = service.double.count(Operation::Batch);
    // Ten full batches, and for each bad one a search among a hundred names.
    assert!(batches <= 10 + 3 * 2 * 7, "{batches}");
    assert!(running.try_wait().unwrap().is_none());
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert!(service.double.count(Operation::Batch) <= batches + 3, "they rest");
}

/// ExternalDNS ends over this.
#[tokio::test(flavor = "multi_thread")]
async fn two_regions_for_one_name_are_told_with_their_objects() {
    let service = Service::with_plan("enterprise").await;
    let objects = Objects::new();
    objects.write(
        &(ingress("a.example.org", "192.0.2.1", &[("cloudflare-region-key", "eu")])
            + &ingress("a.example.org", "2001:db8::1", &[("cloudflare-region-key", "us")])
                .replace("name: a,", "name: other,")
            + &ingress("b.example.org", "192.0.2.2", &[])),
    );
    let mut command = service.program(&objects);
    command.arg("--cloudflare-regional-services");
    let Ended { log, .. } = once(command).await;
    expect(&log, &["one region", "ingress/web/other", "ingress/web/a"]);
    assert!(service.lines().iter().any(|line| line == "A b.example.org 192.0.2.2"), "{log}");
    let lines = service.lines();
    assert!(!lines.iter().any(|line| line.contains(" a.example.org")), "nobody decides for them: {log}");
}
