//! Several servers with one zone, as primaries that share a store have it.

use super::*;
use zonewright_testing::free_port;

/// Addresses of loopback: one port is all that can be said for all hosts.
fn hosts(config: Rfc2136Config, hosts: &[&str], balancing: Balancing) -> Rfc2136Config {
    Rfc2136Config { hosts: hosts.iter().map(|host| (*host).to_owned()).collect(), balancing, ..config }
}

/// W6: there, an error of the first host ends the loop even when the second one has answered.
#[tokio::test]
async fn the_next_server_is_asked_when_one_does_not_answer() {
    let server = start(Make::Bind).await;
    for balancing in [Balancing::Disabled, Balancing::RoundRobin, Balancing::Random] {
        let cycle = Cycle::new(hosts(config(&server), &["127.0.0.3", "127.0.0.2", "127.0.0.1"], balancing));
        cycle.converge(&wishes(&["a.example.org A 192.0.2.1"])).await;
        cycle.converge(&[]).await;
    }
}

#[tokio::test]
async fn the_error_of_all_is_that_of_the_first() {
    let server = start(Make::Bind).await;
    let port = free_port().unwrap();
    let config = Rfc2136Config { port, ..config(&server) };
    let cycle = Cycle::new(hosts(config, &["127.0.0.2", "127.0.0.3"], Balancing::Disabled));
    let error = cycle.reader.records(&cycle.zones[0]).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Unavailable);
    assert!(error.to_string().contains(&format!("server 127.0.0.2:{port}: no connection")), "{error}");
}

/// What one server refuses for itself may be taken by the next: a secondary, say.
#[tokio::test]
async fn a_server_that_is_no_primary_is_passed_over() {
    let setup =
        NameServerSetup { listen: "127.0.0.2".to_owned(), ..NameServerSetup::zones(&["other.example.net"]) };
    let other = start_with(Make::Knot, setup).await;
    let setup = NameServerSetup { port: Some(other.port()), ..NameServerSetup::zones(&[ZONE]) };
    let server = start_with(Make::Bind, setup).await;
    let cycle = Cycle::new(hosts(config(&server), &["127.0.0.2", "127.0.0.1"], Balancing::RoundRobin));
    let all: Vec<Endpoint> = (0..200).map(|n| wish(&format!("n{n}.example.org A 192.0.2.1"))).collect();
    cycle.converge(&all).await;
}

#[test]
fn what_is_missing_is_said_with_its_flag() {
    let config = || Rfc2136Config {
        hosts: vec!["ns.example.net".to_owned()],
        port: 53,
        zones: Vec::new(),
        key: None,
        reads: true,
        min_ttl: Duration::ZERO,
        batch_changes: None,
        balancing: Balancing::Disabled,
        tls: None,
        requests_per_second: None,
        clock: system_clock(),
    };
    let error = |config| Rfc2136::new(config).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error(config()).is_empty());
    assert!(error(Rfc2136Config { hosts: Vec::new(), ..config() }).contains("--rfc2136-host"));
    assert!(error(Rfc2136Config { port: 0, ..config() }).contains("--rfc2136-port"));
    let zones = vec!["a..b".to_owned()];
    assert!(error(Rfc2136Config { zones, ..config() }).contains("--rfc2136-zone"));
    let tls = Some(TlsSettings { ca: Some("/no/such/file".into()), ..TlsSettings::default() });
    assert!(error(Rfc2136Config { tls, ..config() }).contains("/no/such/file"));
}

/// Everything that may be asked for in a second, and no more.
#[tokio::test]
async fn the_budget_is_for_every_message() {
    let server = start(Make::Bind).await;
    let cycle = Cycle::new(Rfc2136Config { requests_per_second: Some(5.0), ..config(&server) });
    let before = std::time::Instant::now();
    for _ in 0..11 {
        cycle.records().await;
    }
    assert!(before.elapsed() >= Duration::from_secs(2), "{:?}", before.elapsed());
}
