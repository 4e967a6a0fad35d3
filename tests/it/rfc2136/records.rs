//! From objects to records and back.

use super::{ZONE, program, serial, start};
use crate::program::{Objects, daemon, ingress, once};
use rstest::rstest;
use std::time::{Duration, Instant};
use zonewright_testing::{Make, NameServer};

/// Runs twice: the second run leaves the zone at the serial that it has.
async fn settle(server: &NameServer, objects: &Objects, flags: &[&str]) {
    let program = || {
        let mut program = program(server, objects);
        program.args(flags);
        program
    };
    let ended = once(program()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let before = serial(server).await;
    let ended = once(program()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(serial(server).await, before, "a second run writes\n{}", ended.log);
}

fn row(name: &str) -> String {
    format!(
        "a-{name}.example.org. 0 IN TXT \"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/web/{name}\""
    )
}

#[rstest]
#[tokio::test]
async fn records_come_change_and_go(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let objects = Objects::new();
    objects.write(
        &(ingress("shop", "shop.example.org", "192.0.2.1", &[("ttl", "120")])
            + &ingress("any", "*.wild.example.org", "192.0.2.2", &[])),
    );
    settle(&server, &objects, &["--rfc2136-min-ttl=60s"]).await;
    let shop = server.dig(&["shop.example.org", "A", "+noall", "+answer"]).await.unwrap();
    assert!(shop.contains("120") && shop.contains("192.0.2.1"), "{shop}");
    let wild = server.dig(&["some.wild.example.org", "A", "+short"]).await.unwrap();
    assert_eq!(wild.trim(), "192.0.2.2");

    objects.write(&ingress("shop", "shop.example.org", "lb.example.net", &[]));
    settle(&server, &objects, &[]).await;
    let shop = server.dig(&["shop.example.org", "A", "+short", "+norecurse"]).await.unwrap();
    assert_eq!(shop.trim(), "lb.example.net.");
    assert!(!server.lines(ZONE).await.unwrap().iter().any(|line| line.contains("wild")));

    objects.write("");
    settle(&server, &objects, &["--delete-guard-share=100"]).await;
    assert_eq!(server.lines(ZONE).await.unwrap(), Vec::<String>::new());
}

/// Records and rows as ExternalDNS leaves them.
#[rstest]
#[tokio::test]
async fn a_zone_of_externaldns_is_taken_over_without_a_write(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let text = row("shop").replace(" IN TXT ", " TXT ");
    server.nsupdate(&format!("update add shop.example.org. 0 A 192.0.2.1\nupdate add {text}")).await.unwrap();
    let before = serial(&server).await;
    let objects = Objects::new();
    objects.write(&ingress("shop", "shop.example.org", "192.0.2.1", &[]));
    settle(&server, &objects, &[]).await;
    assert_eq!(serial(&server).await, before);
    assert_eq!(
        server.lines(ZONE).await.unwrap(),
        [row("shop"), "shop.example.org. 0 IN A 192.0.2.1".to_owned()]
    );
}

#[tokio::test]
async fn reverse_zones_get_their_records() {
    let server = start(Make::Bind).await;
    let objects = Objects::new();
    objects.write(&ingress("shop", "shop.example.org", "192.0.2.7", &[]));
    let flags = [
        "--rfc2136-zone=2.0.192.in-addr.arpa",
        "--create-ptr",
        "--managed-record-types=A",
        "--managed-record-types=PTR",
    ];
    settle(&server, &objects, &flags).await;
    let name = server.dig(&["-x", "192.0.2.7", "+short"]).await.unwrap();
    assert_eq!(name.trim(), "shop.example.org.");
    objects.write("");
    settle(&server, &objects, &[&flags[..], &["--delete-guard-share=100"]].concat()).await;
    assert_eq!(server.lines("2.0.192.in-addr.arpa").await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_preview_writes_nothing() {
    let server = start(Make::Bind).await;
    let objects = Objects::new();
    objects.write(&ingress("shop", "shop.example.org", "192.0.2.1", &[]));
    let before = serial(&server).await;
    let mut dry = program(&server, &objects);
    dry.arg("--dry-run");
    assert_eq!(once(dry).await.code, Some(0));
    assert_eq!(serial(&server).await, before);
}

/// A server that goes away and comes back: nothing ends, and what is wished for is there in the end.
#[rstest]
#[tokio::test]
async fn a_server_may_be_away_for_a_while(#[values(Make::Bind, Make::Knot)] make: Make) {
    let mut server = start(make).await;
    let objects = Objects::with(20);
    let mut command = program(&server, &objects);
    command.args(["--interval=200ms", "--drift-interval=200ms"]);
    let mut daemon = daemon(command, &objects.path("log"));
    until_lines(&server, 40).await;
    server.kill();
    objects.numbered(40, 0..10);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(daemon.try_wait().unwrap().is_none(), "it has ended");
    server.start_again().await.unwrap();
    until_lines(&server, 80).await;
    let changed = server.dig(&["n00005.example.org", "A", "+short"]).await.unwrap();
    assert_eq!(changed.trim(), "198.51.100.1");
}

async fn until_lines(server: &NameServer, expected: usize) {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let lines = server.lines(ZONE).await.unwrap_or_default();
        if lines.len() == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{} lines instead of {expected}: {lines:#?}", lines.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
