//! DNS over TLS, with an authority of our own, on BIND.

use super::*;
use zonewright_testing::TlsSetup;

async fn start_tls(clients: TlsSetup) -> NameServer {
    start_with(Make::Bind, NameServerSetup { tls: Some(clients), ..NameServerSetup::zones(&[ZONE]) }).await
}

fn with(server: &NameServer, tls: TlsSettings) -> Rfc2136Config {
    Rfc2136Config { port: server.tls_port(), tls: Some(tls), ..config(server) }
}

async fn error(config: Rfc2136Config) -> ProviderError {
    let cycle = Cycle::new(config);
    cycle.reader.records(&cycle.zones[0]).await.unwrap_err()
}

#[tokio::test]
async fn everything_goes_by_tls_where_the_authority_is_known() {
    let server = start_tls(TlsSetup::Anybody).await;
    let ours = TlsSettings { ca: Some(server.authority()), ..TlsSettings::default() };
    let cycle = Cycle::new(with(&server, ours.clone()));
    let all: Vec<Endpoint> = (0..120).map(|n| wish(&format!("n{n}.example.org A 192.0.2.1"))).collect();
    cycle.converge(&all).await;
    // By name as well as by address.
    let named = Rfc2136Config { hosts: vec!["localhost".to_owned()], ..with(&server, ours) };
    assert_eq!(Cycle::new(named).records().await.len(), 120);
}

#[tokio::test]
async fn nobody_else_is_believed_unless_it_is_asked_for() {
    let server = start_tls(TlsSetup::Anybody).await;
    let other = start_tls(TlsSetup::Anybody).await;
    let wrong = TlsSettings { ca: Some(other.authority()), ..TlsSettings::default() };
    let refused = error(with(&server, wrong.clone())).await;
    assert_eq!(refused.class(), ErrorClass::Unavailable);
    assert!(refused.to_string().contains("certificate"), "{refused}");
    let careless = TlsSettings { skip_verification: true, ..wrong };
    Cycle::new(with(&server, careless)).converge(&wishes(&["a.example.org A 192.0.2.1"])).await;
    // Neither is a server that does not speak TLS waited for.
    let plain = Rfc2136Config {
        port: server.port(),
        ..with(&server, TlsSettings { ca: Some(server.authority()), ..TlsSettings::default() })
    };
    assert_eq!(error(plain).await.class(), ErrorClass::Unavailable);
}

#[tokio::test]
async fn a_server_may_want_to_know_who_we_are() {
    let server = start_tls(TlsSetup::KnownClients).await;
    let nobody = TlsSettings { ca: Some(server.authority()), ..TlsSettings::default() };
    assert_eq!(error(with(&server, nobody.clone())).await.class(), ErrorClass::Unavailable);
    let us = TlsSettings { client: Some(server.client_identity()), ..nobody };
    Cycle::new(with(&server, us)).converge(&wishes(&["a.example.org A 192.0.2.1"])).await;
}

/// Certificates are renewed under a running program.
#[tokio::test]
async fn files_that_change_are_read_again() {
    let server = start_tls(TlsSetup::Anybody).await;
    let other = start_tls(TlsSetup::Anybody).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    std::fs::copy(other.authority(), &file).unwrap();
    let cycle = Cycle::new(with(&server, TlsSettings { ca: Some(file.clone()), ..TlsSettings::default() }));
    cycle.reader.records(&cycle.zones[0]).await.unwrap_err();
    std::fs::copy(server.authority(), &file).unwrap();
    cycle.records().await;
}
