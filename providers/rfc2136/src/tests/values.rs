//! Values that come back as they went, and weaknesses of ExternalDNS v0.22 that are none here.

use super::*;
use rstest::rstest;

/// W4: a semicolon begins a comment there, several strings become several values, MX and SRV are never read back.
#[rstest]
#[tokio::test]
async fn texts_are_stored_as_they_are_meant(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let cycle = Cycle::new(config(&server));
    let long = format!("v=DKIM1; k=rsa; p={}", "A".repeat(400));
    let wishes = [
        wish("semi.example.org TXT v=DKIM1; k=rsa"),
        wish(&format!("long.example.org TXT {long}")),
        wish("two.example.org TXT \"a b\" \"c\""),
        wish("mx.example.org MX 10 Mail.example.net"),
        wish("_s._tcp.example.org SRV 0 5 443 Host.example.net."),
        wish("*.wild.example.org A 192.0.2.1"),
    ];
    cycle.converge(&wishes).await;
    let answer = server.dig(&["semi.example.org", "TXT", "+short"]).await.unwrap();
    assert_eq!(answer.trim(), "\"v=DKIM1; k=rsa\"");
    let answer = server.dig(&["long.example.org", "TXT", "+short"]).await.unwrap();
    assert_eq!(answer.replace(['"', ' ', '\n'], ""), long.replace(' ', ""));
    let answer = server.dig(&["x.wild.example.org", "A", "+short"]).await.unwrap();
    assert_eq!(answer.trim(), "192.0.2.1");
    cycle.converge(&[]).await;
    assert_eq!(lines(&server).await, Vec::<String>::new(), "nothing leaks");
}

/// W3: there, the name is gone for one interval.
#[rstest]
#[tokio::test]
async fn a_cname_becomes_an_address_in_one_run(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let cycle = Cycle::new(config(&server));
    cycle.converge(&wishes(&["a.example.org CNAME b.example.net"])).await;
    cycle.converge(&wishes(&["a.example.org A 192.0.2.1", "a.example.org AAAA 2001:db8::1"])).await;
    cycle.converge(&wishes(&["a.example.org CNAME b.example.net"])).await;
    assert_eq!(lines(&server).await, ["a.example.org 300 CNAME b.example.net."]);
}

/// W5: there, `anexample.org` goes to `example.org`, whose server refuses the whole message.
#[test]
fn names_belong_to_zones_by_whole_labels() {
    let zones =
        zones::Zones::new(&config::zone_names(&["example.org".into(), "k8s.example.org.".into()]).unwrap());
    let zone = |name: &str| {
        let found = zone_for(&zones.all(), &name.parse().unwrap()).map(|zone| zone.id.to_string());
        found.unwrap_or_default()
    };
    assert_eq!(zone("anexample.org"), "");
    assert_eq!(zone("a.example.org"), "example.org");
    assert_eq!(zone("a.k8s.example.org"), "k8s.example.org");
    assert_eq!(zone("ak8s.example.org"), "example.org");
}

/// What others have put there in their own spelling can be changed and deleted, and is not taken for something else.
#[rstest]
#[tokio::test]
async fn foreign_spellings_are_understood(#[values(Make::Bind, Make::Knot)] make: Make) {
    let mut setup = NameServerSetup::zones(&[ZONE]);
    setup.zones[0].1 = "MiXed A 192.0.2.1\nalias CNAME HOST.Example.NET.\nm MX 10 MAIL.example.NET.\n\
        t TXT \"a\" \"b\" \"\"\ncaa CAA 0 issue \"ca.example.net\"\nodd\\032name TXT \"odd\"\nh HINFO \"a\" \"b\"\n"
        .to_owned();
    let server = start_with(make, setup).await;
    let cycle = Cycle::new(config(&server));
    let listing = cycle.reader.records(&cycle.zones[0]).await.unwrap();
    assert_eq!(listing.unreadable.len(), 1, "{:?}", listing.unreadable);
    let same = wishes(&[
        "mixed.example.org A 192.0.2.1",
        "alias.example.org CNAME host.example.net",
        "m.example.org MX 10 mail.example.net",
        "t.example.org TXT \"a\" \"b\" \"\"",
    ]);
    assert!(cycle.changes(&same, &cycle.records().await).await.is_empty());
    let others = wishes(&[
        "mixed.example.org A 192.0.2.2",
        "alias.example.org A 192.0.2.2",
        "m.example.org MX 10 mail2.example.net",
        "t.example.org TXT \"a\"",
    ]);
    cycle.converge(&others).await;
    cycle.converge(&[]).await;
    let left = lines(&server).await;
    assert_eq!(left.len(), 3, "{left:?}");
}

#[tokio::test]
async fn ttls_are_no_lower_than_they_may_be() {
    let server = start(Make::Bind).await;
    let cycle = Cycle::new(Rfc2136Config { min_ttl: Duration::from_secs(120), ..config(&server) });
    let wishes = [
        wish("unset.example.org A 192.0.2.1").with_ttl(Ttl::UNSET),
        wish("low.example.org A 192.0.2.1").with_ttl(Ttl::from_seconds(60)),
        wish("high.example.org A 192.0.2.1").with_ttl(Ttl::from_seconds(600)),
    ];
    cycle.converge(&wishes).await;
    assert_eq!(
        lines(&server).await,
        [
            "high.example.org 600 A 192.0.2.1",
            "low.example.org 120 A 192.0.2.1",
            "unset.example.org 120 A 192.0.2.1"
        ]
    );
}

#[tokio::test]
async fn wishes_that_no_record_can_hold_are_told_with_their_reason() {
    let server = start(Make::Bind).await;
    let cycle = Cycle::new(config(&server));
    let alias: Properties = [(zonewright_planner::ALIAS, "true")].into_iter().collect();
    let alias = Endpoint::new("a.example.org", RecordType::A, &["lb.example.net"], alias).unwrap();
    let wishes = vec![
        alias,
        wish("b.example.org NAPTR 1 2 nonsense"),
        wish(&format!("c.example.org TXT {}", "x".repeat(70_000))),
        wish("d.example.org A 192.0.2.1"),
    ];
    let adjusted = cycle.reader.adjust(wishes).await.unwrap();
    let names: Vec<_> = adjusted.endpoints.iter().map(|endpoint| endpoint.name.to_string()).collect();
    assert_eq!(names, ["d.example.org"]);
    let texts: Vec<_> = adjusted.rejected.iter().map(|rejected| rejected.text.as_str()).collect();
    assert!(texts[0].starts_with("a.example.org A: lb.example.net is nothing"), "{texts:?}");
    assert_eq!(texts.len(), 3);
}

#[tokio::test]
async fn many_changes_are_cut_to_what_a_message_takes() {
    let server = start(Make::Bind).await;
    let cycle = Cycle::new(Rfc2136Config { batch_changes: None, ..config(&server) });
    let text = "x".repeat(5_000);
    let wishes: Vec<Endpoint> = (0..100).map(|n| wish(&format!("t{n}.example.org TXT {text}"))).collect();
    let changes = cycle.changes(&wishes, &[]).await;
    let fitting = cycle.writer.fitting(&cycle.zones[0], &changes);
    assert!((8..13).contains(&fitting), "{fitting}");
    cycle.converge(&wishes).await;
    assert_eq!(lines(&server).await.len(), 100);
}
