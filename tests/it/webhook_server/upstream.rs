//! ExternalDNS v0.22's client, TXT registry and plan (tests/setup/external-dns) with our server.

use super::{IN_MEMORY, Server};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A client of owner `me`.
struct Upstream {
    _child: Child,
    wishes: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
}

impl Upstream {
    fn start(server: &Server) -> Self {
        let mut command = Command::new(zonewright_testing::external_dns_client().unwrap());
        command.args([&server.url, "me"]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let (wishes, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { _child: child, wishes, answers: BufReader::new(answers).lines(), log: server.log_file() }
    }

    /// One run.
    async fn run(&mut self, wishes: &Value) -> Value {
        self.wishes.write_all(format!("{wishes}\n").as_bytes()).await.unwrap();
        let line = self.answers.next_line().await.unwrap().expect("it ended");
        serde_json::from_str(&line).unwrap()
    }

    /// One run that does something, and a second one that finds nothing to do.
    async fn converge(&mut self, wishes: &Value) -> Value {
        let done = self.run(wishes).await;
        let again = self.run(wishes).await;
        let log = std::fs::read_to_string(&self.log).unwrap();
        assert_eq!(again, json!({ "create": [], "update": [], "delete": [] }), "after {done}\n{log}");
        done
    }
}

fn wish(name: &str, record_type: &str, targets: &[&str]) -> Value {
    json!({ "dnsName": name, "recordType": record_type, "targets": targets, "labels": { "resource": "crd/default/web" } })
}

async fn records(server: &Server) -> Vec<String> {
    let (status, body) = super::get(&format!("{}/records", server.url)).await;
    assert_eq!(status, 200, "{body}");
    let records: Vec<Value> = serde_json::from_str(&body).unwrap();
    let line = |record: &Value| {
        format!("{} {}", record["dnsName"].as_str().unwrap(), record["recordType"].as_str().unwrap())
    };
    records.iter().map(line).collect()
}

async fn creates_updates_and_deletes(server: &Server) {
    let mut client = Upstream::start(server);
    let mut first = vec![
        wish("web.example.org", "A", &["192.0.2.1", "192.0.2.2"]),
        wish("web.example.org", "AAAA", &["2001:db8::1"]),
        wish("*.example.org", "CNAME", &["lb.example.net"]),
        wish("Upper.example.org", "A", &["192.0.2.3"]),
        wish("mail.example.org", "MX", &["10 mx.example.net"]),
        wish("_sip._tcp.example.org", "SRV", &["0 50 5060 sip.example.net."]),
    ];
    first[0]["recordTTL"] = 300.into();
    let done = client.converge(&json!(first)).await;
    assert_eq!((done["create"].as_array().unwrap().len(), &done["error"]), (6, &Value::Null));
    let found = records(server).await;
    // Each with its ownership record.
    assert_eq!(
        found.iter().filter(|line| !line.ends_with("NS") && !line.ends_with("SOA")).count(),
        12,
        "{found:?}"
    );

    first[0] = wish("web.example.org", "A", &["192.0.2.9"]);
    first[2] = wish("*.example.org", "A", &["192.0.2.4"]);
    let done = client.converge(&json!(first)).await;
    assert_eq!(done["update"], json!(["web.example.org A"]));
    assert_eq!(
        (&done["create"], &done["delete"]),
        (&json!(["*.example.org A"]), &json!(["*.example.org CNAME"]))
    );

    // Another process knows what the first one owned.
    let mut another = Upstream::start(server);
    let done = another.converge(&json!(first[1..3])).await;
    assert_eq!(done["delete"].as_array().unwrap().len(), 4, "{done}");
    let done = another.converge(&json!([])).await;
    assert_eq!(done["delete"].as_array().unwrap().len(), 2, "{done}");
    let left = records(server).await;
    assert!(left.iter().all(|line| line.ends_with("NS") || line.ends_with("SOA")), "{left:?}");
}

#[tokio::test]
async fn its_creates_updates_and_deletes_are_done_in_memory() {
    creates_updates_and_deletes(&Server::start(&IN_MEMORY, &[]).await).await;
}

#[cfg(feature = "aws")]
#[tokio::test]
async fn its_creates_updates_and_deletes_are_done_in_route53() {
    use zonewright_aws_double::{AwsDouble, NewZone};
    let aws = AwsDouble::start().await.unwrap();
    aws.create_zone(NewZone::public("example.org")).unwrap();
    let url = aws.url();
    let env = [
        ("AWS_ENDPOINT_URL", &*url),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIATEST"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let flags = ["--provider=aws", "--aws-batch-change-interval=0s", "--provider-requests-per-second=0"];
    creates_updates_and_deletes(&Server::start(&flags, &env).await).await;
}

/// The client goes on after a failure, and the next run does what is left.
#[tokio::test]
async fn what_the_server_refuses_does_not_end_it() {
    let server = Server::start(&IN_MEMORY, &[]).await;
    let mut client = Upstream::start(&server);
    let bad = wish("bad.example.org", "A", &["no address"]);
    let done = client.run(&json!([wish("web.example.org", "A", &["192.0.2.1"]), bad])).await;
    assert!(done["error"].as_str().unwrap().contains("soft error"), "{done}");
    assert_eq!(records(&server).await.iter().filter(|line| line.ends_with(" A")).count(), 1);
    client.converge(&json!([wish("web.example.org", "A", &["192.0.2.1"])])).await;
}
