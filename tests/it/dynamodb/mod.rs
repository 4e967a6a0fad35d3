//! The program with its ownership in a table: DynamoDB Local, a zone in a file, objects from files.

use crate::program::{bare, daemon, until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::Command;
use zonewright_testing::DynamoDbLocal;

const TABLE: &str = "external-dns";

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// The quick start, a copy that may be changed, with a table beside it.
struct Stage {
    folder: tempfile::TempDir,
    local: DynamoDbLocal,
}

impl Stage {
    async fn new() -> Self {
        let stage = Self::without_table().await;
        stage.local.create_table(TABLE).await.unwrap();
        stage
    }

    async fn without_table() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
        std::fs::create_dir(folder.path().join("manifests")).unwrap();
        for entry in std::fs::read_dir(quickstart.join("manifests")).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, folder.path().join("manifests").join(path.file_name().unwrap())).unwrap();
        }
        std::fs::copy(quickstart.join("records.yaml"), folder.path().join("records.yaml")).unwrap();
        Self { folder, local: DynamoDbLocal::start().await.unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn records(&self) -> String {
        std::fs::read_to_string(self.path("records.yaml")).unwrap()
    }

    fn program(&self, words: &[&str]) -> Command {
        let mut command = bare();
        command
            .args(words.iter().take_while(|word| !is_flag(word)))
            .args(["--source=service", "--source=ingress", "--source=gateway-httproute", "--source=crd"])
            .args(["--provider=inmemory", "--inmemory-zone=example.org", "--txt-owner-id=quickstart"])
            .args(["--registry=dynamodb", "--dynamodb-region=us-east-1", "--policy=sync"])
            .arg(format!("--manifests={}", self.path("manifests").display()))
            .arg(format!("--inmemory-records={}", self.path("records.yaml").display()))
            .args(words.iter().skip_while(|word| !is_flag(word)))
            .env("EXTERNAL_DNS_METRICS_ADDRESS", "127.0.0.1:0")
            // The table's own endpoint; AWS as such is out of reach.
            .env("AWS_ENDPOINT_URL_DYNAMODB", self.local.url())
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            // Tables of another region are others: the flag counts more.
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .stdout(Stdio::piped());
        command
    }

    async fn run(&self, words: &[&str]) -> Ended {
        let output = self.program(words).output().await.unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Key and owner of every row.
    async fn rows(&self) -> Vec<(String, String)> {
        let text = |item: &Value, name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
        let items = self.local.items(TABLE).await.unwrap();
        items.iter().map(|item| (text(item, "k"), text(item, "o"))).collect()
    }

    fn calls(&self) -> BTreeMap<String, usize> {
        self.local.take_calls()
    }
}

/// A command stands before the flags.
fn is_flag(word: &str) -> bool {
    word.starts_with('-')
}

fn calls(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(operation, count)| ((*operation).to_owned(), *count)).collect()
}

const READ: &[(&str, usize)] = &[("DescribeTable", 1), ("Scan", 1)];

#[tokio::test]
async fn a_zone_of_registry_txt_moves_into_the_table() {
    let stage = Stage::new().await;
    let before = stage.records();
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, Some(2), "{}{}", plan.stdout, plan.stderr);
    assert_eq!(stage.calls(), calls(READ), "a preview only reads");
    let told = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("ownership record is written into the table external-dns"), "{told}");
    assert!(!told.contains("new name"), "{told}");
    let dry = stage.run(&["--dry-run", "--once"]).await;
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    assert_eq!(stage.calls(), calls(READ), "and so does a dry run");
    assert!(stage.rows().await.is_empty());
    assert_eq!(stage.records(), before);

    let once = stage.run(&["--once"]).await;
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    let rows = stage.rows().await;
    let keys: Vec<&str> = rows.iter().map(|(key, _)| key.as_str()).collect();
    assert!(keys.contains(&"blog.example.org#A#") && keys.contains(&"shop.example.org#A#"), "{keys:?}");
    assert!(keys.contains(&"api.example.org#A#"), "{keys:?}");
    // Deleted; of another; made by hand; without a target at the moment, so that it stays as it is.
    for name in ["old-shop", "payments", "mail", "wiki"] {
        assert!(!keys.contains(&&*format!("{name}.example.org#A#")), "{keys:?}");
    }
    assert!(rows.iter().all(|(_, owner)| owner == "quickstart"));
    let records = stage.records();
    for stays in ["a-blog.example.org", "a-shop.example.org", "a-wiki.example.org", "a-payments.example.org"]
    {
        assert!(records.contains(stays), "TXT is not managed, {stays} is gone:\n{records}");
    }
    assert!(!records.contains("a-api.example.org"), "{records}");
    stage.calls();

    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, Some(0), "{}", plan.stdout);

    // With TXT managed the old rows go, but for the one that still counts and the one of another.
    let types = ["A", "AAAA", "CNAME", "TXT"].map(|t| format!("--managed-record-types={t}"));
    let words: Vec<&str> = std::iter::once("--once").chain(types.iter().map(String::as_str)).collect();
    let once = stage.run(&words).await;
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    let records = stage.records();
    let left: Vec<&str> = ["blog", "shop", "wiki", "payments", "old-shop"]
        .into_iter()
        .filter(|name| records.contains(&format!("a-{name}.example.org")))
        .collect();
    assert_eq!(left, ["wiki", "payments"], "{records}");
    assert_eq!(stage.rows().await, rows);
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, Some(0), "{}", plan.stdout);
}

#[tokio::test]
async fn a_table_that_v022_wrote_plans_no_change() {
    let stage = Stage::new().await;
    let golden = include_str!("../../../registry/dynamodb/src/tests/golden/externaldns-0.22.json");
    let mut rows: Vec<Value> = serde_json::from_str(golden).unwrap();
    rows.iter_mut().for_each(|row| row["o"] = json!({ "S": "quickstart" }));
    stage.local.put(TABLE, &rows).await.unwrap();
    std::fs::remove_dir_all(stage.path("manifests")).unwrap();
    std::fs::create_dir(stage.path("manifests")).unwrap();
    let endpoint = |name: &str, kind: &str, target: &str, set: &str| json!({ "dnsName": name, "recordType": kind, "targets": [target], "setIdentifier": set });
    let endpoints = [
        endpoint("example.org", "A", "192.0.2.1", ""),
        endpoint("web.example.org", "A", "192.0.2.1", ""),
        endpoint("web.example.org", "AAAA", "2001:db8::1", ""),
        endpoint("*.example.org", "CNAME", "lb.example.net", ""),
        endpoint("geo.example.org", "A", "192.0.2.4", "eu#west"),
        endpoint("geo.example.org", "A", "192.0.2.5", "us"),
        endpoint("text.example.org", "TXT", "hello", ""),
        endpoint("bare.example.org", "A", "192.0.2.6", ""),
        endpoint("upper.example.org", "A", "192.0.2.7", ""),
        endpoint("xn--bcher-kva.example.org", "A", "192.0.2.8", ""),
    ];
    std::fs::write(stage.path("records.yaml"), serde_json::to_string(&endpoints).unwrap()).unwrap();
    let object = json!({
        "apiVersion": "externaldns.k8s.io/v1alpha1",
        "kind": "DNSEndpoint",
        "metadata": { "name": "all", "namespace": "shop" },
        "spec": { "endpoints": endpoints },
    });
    std::fs::write(stage.path("manifests/all.json"), object.to_string()).unwrap();
    let types = ["A", "AAAA", "CNAME", "TXT"].map(|t| format!("--managed-record-types={t}"));
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    let plan = stage.run(&[&["plan"], &types[..]].concat()).await;
    assert_eq!(plan.code, Some(0), "{}{}", plan.stdout, plan.stderr);

    // All of it is ours: what the object asks for no more goes.
    let object = json!({
        "apiVersion": "externaldns.k8s.io/v1alpha1",
        "kind": "DNSEndpoint",
        "metadata": { "name": "all", "namespace": "shop" },
        "spec": { "endpoints": [] },
    });
    std::fs::write(stage.path("manifests/all.json"), object.to_string()).unwrap();
    let all = [&["--once", "--no-delete-guard"], &types[..]].concat();
    let once = stage.run(&all).await;
    assert_eq!(once.code, Some(0), "{}", once.stderr);
    assert!(stage.rows().await.is_empty());
    assert!(!stage.records().contains("192.0.2"), "{}", stage.records());
}

#[tokio::test]
async fn a_name_that_another_owner_holds_in_the_table_is_said_to_be_so() {
    let stage = Stage::new().await;
    let row = |key: &str| json!({ "k": { "S": key }, "o": { "S": "cluster-blue" }, "l": { "M": {} } });
    let rows = ["api.example.org#A#", "api.example.org#AAAA#", "nobody-asks.example.org#A#eu"].map(row);
    stage.local.put(TABLE, &rows).await.unwrap();
    let explain = async |name: &str| {
        let ended = stage.run(&["explain", name]).await;
        assert_eq!(ended.code, Some(4), "{}{}", ended.stdout, ended.stderr);
        ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let told = explain("api.example.org").await;
    assert!(
        told.contains("ownership record of A without its record: owner \"cluster-blue\", api.example.org#A# in table external-dns"),
        "{told}"
    );
    assert!(
        told.contains("A is left alone: the name is held by an ownership record of owner \"cluster-blue\""),
        "{told}"
    );
    let told = explain("nobody-asks.example.org").await;
    assert!(told.contains("An ownership record of owner \"cluster-blue\" holds it."), "{told}");
    assert!(told.contains("nobody-asks.example.org#A#eu in table external-dns"), "{told}");

    // The status page shows what the loop knows of the table, and does not read it again.
    stage.calls();
    let port = zonewright_testing::free_port().unwrap();
    let _daemon = stage.program(&[&format!("--metrics-address=127.0.0.1:{port}")]).spawn().unwrap();
    let get = async |path: &str| {
        let answer = reqwest::get(format!("http://127.0.0.1:{port}{path}")).await.ok()?;
        answer.error_for_status().ok()?.json::<Value>().await.ok()
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    let shown = loop {
        assert!(Instant::now() < deadline, "the first run did not end");
        match get("/api/names/api.example.org").await {
            Some(shown) if shown["verdict"] == "left-alone" && shown["leftAlone"][0]["code"] == "claimed" => {
                break shown;
            }
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let row = |record_type: &str| {
        let key = format!("api.example.org#{record_type}#");
        json!({
            "type": record_type, "setIdentifier": "", "owner": "cluster-blue", "row": key, "table": TABLE, "exists": false,
        })
    };
    assert_eq!(shown["ownership"], json!([row("A"), row("AAAA")]));
    let listed = get("/api/records?q=cluster-blue").await.unwrap();
    let names: Vec<&str> =
        listed["records"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"api.example.org"), "{listed}");
    assert_eq!(stage.calls().get("Scan"), Some(&1));
}

#[tokio::test]
async fn a_missing_table_says_how_to_make_one() {
    let stage = Stage::without_table().await;
    let before = stage.records();
    let once = stage.run(&["--once"]).await;
    assert_eq!(once.code, Some(1));
    let hint = "aws dynamodb create-table --region us-east-1 --table-name external-dns";
    assert!(once.stderr.contains(hint), "{}", once.stderr);
    assert_eq!(stage.records(), before);
}

#[tokio::test]
async fn one_change_takes_one_statement_and_no_scan() {
    let stage = Stage::new().await;
    assert_eq!(stage.run(&["--once"]).await.code, Some(0));
    stage.calls();
    let log = stage.path("log");
    let daemon = daemon(stage.program(&["--interval=1h"]), &log);
    let told = || std::fs::read_to_string(&log).unwrap();
    until("the end of the first run", || told().contains("All records are already up to date")).await;
    // It had nothing to write; what comes now is a partial one.
    assert_eq!(stage.calls(), calls(READ));
    let endpoint = |target: &str| {
        json!({
            "apiVersion": "externaldns.k8s.io/v1alpha1",
            "kind": "DNSEndpoint",
            "metadata": { "name": "late", "namespace": "shop" },
            "spec": { "endpoints": [{ "dnsName": "late.example.org", "recordType": "A", "targets": [target] }] },
        })
        .to_string()
    };
    let write = |text: String| {
        std::fs::write(stage.path("new"), text).unwrap();
        std::fs::rename(stage.path("new"), stage.path("manifests/late.json")).unwrap();
    };
    write(endpoint("192.0.2.50"));
    until("the new record", || stage.records().contains("192.0.2.50")).await;
    write(endpoint("192.0.2.51"));
    until("the changed record", || stage.records().contains("192.0.2.51")).await;
    assert_eq!(
        stage.calls(),
        calls(&[("BatchExecuteStatement", 1)]),
        "the change says nothing new about ownership"
    );
    std::fs::remove_file(stage.path("manifests/late.json")).unwrap();
    // Said once the row is gone, too.
    until("the end of the record", || told().contains("deleted A late.example.org")).await;
    assert!(!stage.records().contains("late.example.org"));
    assert_eq!(stage.calls(), calls(&[("BatchExecuteStatement", 1)]));
    drop(daemon);
    let keys: Vec<String> = stage.rows().await.into_iter().map(|(key, _)| key).collect();
    assert!(!keys.contains(&"late.example.org#A#".to_owned()), "{keys:?}");
}

/// The rows of the table are no part of a zone: they stay when it is lost, and are written with the records of the one who restores.
#[tokio::test]
async fn a_lost_zone_comes_back_to_its_rows_and_lost_rows_with_their_records() {
    let stage = Stage::new().await;
    assert_eq!(stage.run(&["--once"]).await.code, Some(0));
    let taken = stage.run(&["snapshot"]).await;
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    let file = stage.path("snapshot.json").display().to_string();
    std::fs::write(&file, &taken.stdout).unwrap();
    let (records, rows) = (stage.records(), stage.rows().await);
    assert!(taken.stdout.contains("\"name\":\"api.example.org\",\"type\":\"A\"") && !rows.is_empty());

    std::fs::write(stage.path("records.yaml"), "[]").unwrap();
    let restored = stage.run(&["restore", &file, "--all-owners"]).await;
    assert_eq!(restored.code, Some(0), "{}", restored.stderr);
    assert_eq!((stage.records(), stage.rows().await), (records.clone(), rows.clone()));
    assert_eq!(stage.run(&["snapshot"]).await.stdout, taken.stdout);

    // Without their rows records would be nobody's.
    std::fs::write(stage.path("records.yaml"), "[]").unwrap();
    let keys: Vec<Value> = rows.iter().map(|(key, _)| json!({ "S": key })).collect();
    stage.local.remove(TABLE, &keys).await.unwrap();
    let restored = stage.run(&["restore", &file, "--all-owners"]).await;
    assert_eq!(restored.code, Some(0), "{}", restored.stderr);
    assert!(!stage.records().contains("dnsName: api.example.org"), "{}", stage.records());
    assert!(stage.records().contains("dnsName: mail.example.org"), "it was nobody's before");
    let shown = stage.run(&["restore", &file, "--all-owners", "--dry-run"]).await;
    let told = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("its row in the table is not there any more; --owner=quickstart instead of --all-owners writes it, too"),
        "{told}"
    );
    let restored = stage.run(&["restore", &file, "--owner=quickstart"]).await;
    assert_eq!(restored.code, Some(0), "{}", restored.stderr);
    // One was ours by a row in its zone alone.
    let mut expected = rows.clone();
    expected.push(("wiki.example.org#A#".to_owned(), "quickstart".to_owned()));
    assert_eq!(stage.rows().await, expected);
    assert_eq!(stage.run(&["snapshot"]).await.stdout, taken.stdout);
}

#[tokio::test]
async fn a_record_is_adopted_by_a_row_of_the_table() {
    let stage = Stage::new().await;
    let before = stage.records();
    let shown = stage.run(&["adopt", "mail.example.org", "--dry-run"]).await;
    assert_eq!(shown.code, Some(2), "{}", shown.stderr);
    assert!(stage.rows().await.is_empty(), "shown, not done");
    let adopted = stage.run(&["adopt", "mail.example.org"]).await;
    assert_eq!(adopted.code, Some(0), "{}", adopted.stderr);
    assert_eq!(stage.rows().await, [("mail.example.org#A#".to_owned(), "quickstart".to_owned())]);
    assert_eq!(stage.records(), before, "the zone has nothing to do with it");
    // Of another owner, whose row is in the zone so far.
    let adopted = stage.run(&["adopt", "payments.example.org", "--from-owner=cluster-blue"]).await;
    assert_eq!(adopted.code, Some(0), "{}", adopted.stderr);
    assert!(stage.rows().await.contains(&("payments.example.org#A#".to_owned(), "quickstart".to_owned())));
}
