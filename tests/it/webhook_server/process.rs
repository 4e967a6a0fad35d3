//! The process: what it says, what it measures, how it begins and ends.

use super::{IN_MEMORY, Server, client, get, program};
use crate::program::until;
use rstest::rstest;
use serde_json::json;
use std::net::TcpListener;

const MEDIA_TYPE: &str = "application/external.dns.webhook+json;version=1";

async fn apply(server: &Server, changes: &serde_json::Value) -> u16 {
    let request = client().post(format!("{}/records", server.url)).header("content-type", MEDIA_TYPE);
    request.body(changes.to_string()).send().await.unwrap().status().as_u16()
}

fn create() -> serde_json::Value {
    json!({ "create": [{ "dnsName": "web.example.org", "recordType": "A", "targets": ["192.0.2.1"] }] })
}

#[tokio::test]
async fn it_is_ready_counts_what_it_answers_and_ends_when_it_is_told_to() {
    let mut server = Server::start(&IN_MEMORY, &[]).await;
    assert_eq!(get(&format!("{}/healthz", server.metrics)).await, (200, "OK".to_owned()));
    let mut ready = get(&format!("{}/readyz", server.metrics)).await;
    while ready.0 != 200 {
        ready = get(&format!("{}/readyz", server.metrics)).await;
    }
    assert_eq!(apply(&server, &create()).await, 204);
    assert_eq!(apply(&server, &json!([])).await, 400);
    assert_eq!(get(&server.url).await.0, 200);
    let metrics = get(&format!("{}/metrics", server.metrics)).await.1;
    for line in [
        r#"external_dns_webhook_server_requests_total{call="applychanges",code="204"} 1"#,
        r#"external_dns_webhook_server_requests_total{call="applychanges",code="400"} 1"#,
        r#"external_dns_webhook_server_requests_total{call="negotiate",code="200"} 1"#,
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    server.terminate();
    assert_eq!(server.ended().await, Some(0));
    assert!(server.log().contains("create web.example.org A is done"), "{}", server.log());
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let server = Server::start(&[&IN_MEMORY[..], &["--dry-run"]].concat(), &[]).await;
    assert_eq!(apply(&server, &create()).await, 204);
    assert_eq!(get(&format!("{}/records", server.url)).await.1, "[]\n");
    assert!(server.log().contains("dry run: create web.example.org A is left undone"), "{}", server.log());
}

#[tokio::test]
async fn records_survive_in_the_file_of_the_provider() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("--inmemory-records={}", folder.path().join("records.yaml").display());
    let flags = [&IN_MEMORY[..], &[&file]].concat();
    let mut server = Server::start(&flags, &[]).await;
    assert_eq!(apply(&server, &create()).await, 204);
    server.terminate();
    server.ended().await;
    let server = Server::start(&flags, &[]).await;
    assert!(get(&format!("{}/records", server.url)).await.1.contains("web.example.org"));
}

#[tokio::test]
async fn what_a_server_does_not_do_is_said() {
    for flag in ["--once", "--leader-elect"] {
        let server = Server::start(&[&IN_MEMORY[..], &[flag]].concat(), &[]).await;
        until("a warning", || server.log().contains(&format!("{flag} has no effect with --webhook-server")))
            .await;
    }
}

#[rstest]
#[case::taken(&["--webhook-server-address=TAKEN"], "cannot listen on --webhook-server-address=")]
#[case::no_address(&["--webhook-server-address=nowhere"], "cannot listen on --webhook-server-address=nowhere")]
#[tokio::test]
async fn what_cannot_be_served_ends_at_once(#[case] flags: &[&str], #[case] expected: &str) {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let flags: Vec<String> = flags.iter().map(|flag| flag.replace("TAKEN", &address)).collect();
    let mut command = program(&IN_MEMORY);
    let output = command.args(flags).arg("--metrics-address=127.0.0.1:0").output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains(expected), "{log}");
}
