//! `zonewright snapshot` and `zonewright restore`.

use super::{Ended, run, run_with_stdin};
use serde_json::Value;
use std::fmt::Write;

const ZONES: [&str; 2] = ["example.org", "example.net"];

/// Two zones in a file, and room for snapshots beside it.
struct Stage(tempfile::TempDir);

/// What the zones hold: records of two owners, of nobody, of other types, with settings and set identifiers.
const RECORDS: &str = "\
- {dnsName: www.example.org, recordType: A, targets: [192.0.2.1, 192.0.2.2], recordTTL: 300}
- {dnsName: shop.example.org, recordType: CNAME, targets: [lb.example.net], recordTTL: 60}
- {dnsName: geo.example.org, recordType: A, targets: [192.0.2.3], setIdentifier: eu, providerSpecific: [{name: webhook/geo, value: EU}]}
- {dnsName: geo.example.org, recordType: A, targets: [192.0.2.4], setIdentifier: us, providerSpecific: [{name: webhook/geo, value: US}]}
- {dnsName: example.org, recordType: A, targets: [lb.example.net], providerSpecific: [{name: alias, value: 'true'}]}
- {dnsName: example.org, recordType: MX, targets: [10 mail.example.org, 20 mail.example.net], recordTTL: 3600}
- {dnsName: example.org, recordType: TXT, targets: ['\"v=spf1 -all\"']}
- {dnsName: sub.example.org, recordType: NS, targets: [ns1.example.net]}
- {dnsName: old.example.org, recordType: A, targets: [192.0.2.5]}
- {dnsName: only.example.net, recordType: A, targets: [192.0.2.6]}
";

impl Stage {
    fn new() -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        let mut text = RECORDS.to_owned();
        row(&mut text, "a-www.example.org", "me", "");
        row(&mut text, "cname-shop.example.org", "me", "");
        row(&mut text, "a-geo.example.org", "me", "eu");
        row(&mut text, "a-geo.example.org", "me", "us");
        row(&mut text, "a-old.example.org", "other", "");
        row(&mut text, "a-only.example.net", "me", "");
        stage.set(&text);
        stage
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// What the zones hold from now on.
    fn set(&self, text: &str) {
        std::fs::write(self.path("records.yaml"), text).unwrap();
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path("records.yaml")).unwrap()
    }

    fn flags(&self) -> Vec<String> {
        let mut flags = ZONES.map(|zone| format!("--inmemory-zone={zone}")).to_vec();
        flags.push("--provider=inmemory".into());
        flags.push(format!("--inmemory-records={}", self.path("records.yaml")));
        flags
    }

    fn run(&self, words: &[&str]) -> Ended {
        let flags = self.flags();
        let flags = flags.iter().map(String::as_str);
        run(&words.iter().copied().chain(flags).collect::<Vec<_>>())
    }

    fn snapshot(&self) -> String {
        let ended = self.run(&["snapshot"]);
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{ended:?}");
        ended.stdout
    }

    /// A snapshot in a file of this name, in both forms.
    fn keep(&self) -> [String; 2] {
        ["json", "bind"].map(|form| {
            let path = self.path(&format!("snapshot.{form}"));
            let ended = self.run(&["snapshot", "-o", form, &format!("--output={path}")]);
            assert_eq!((ended.code, &*ended.stdout), (Some(0), ""), "{ended:?}");
            assert!(ended.stderr.contains("zones 2, record sets 16"), "{}", ended.stderr);
            path
        })
    }

    /// Restores, and says how it ended.
    fn restore(&self, file: &str, words: &[&str]) -> Ended {
        self.run(&[&["restore", file], words].concat())
    }
}

fn row(text: &mut String, name: &str, owner: &str, set: &str) {
    let row =
        format!("heritage=external-dns,external-dns/owner={owner},external-dns/resource=ingress/x/{name}");
    let settings = match set {
        "" => String::new(),
        set => format!(
            ", setIdentifier: {set}, providerSpecific: [{{name: webhook/geo, value: {}}}]",
            set.to_uppercase()
        ),
    };
    writeln!(text, "- {{dnsName: {name}, recordType: TXT, targets: ['\"{row}\"']{settings}}}").unwrap();
}

fn summary(ended: &Ended) -> &str {
    ended.stdout.lines().last().unwrap_or_default()
}

#[test]
fn snapshots_keep_to_their_schema() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../docs/reference/snapshot.schema.json")).unwrap();
    let document: Value = serde_json::from_str(&Stage::new().snapshot()).unwrap();
    assert!(jsonschema::is_valid(&schema, &document), "{document:#}");
    assert_eq!(document["zones"][0]["name"], "example.net");
    let records = document["zones"][1]["records"].as_array().unwrap();
    let geo: Vec<&Value> = records.iter().filter(|record| record["name"] == "geo.example.org").collect();
    assert_eq!(geo[0]["setIdentifier"], "eu");
    assert_eq!(geo[0]["properties"]["webhook/geo"], "EU");
    assert_eq!(
        (geo[0]["owner"].as_str(), geo[0]["labels"]["resource"].as_str()),
        (Some("me"), Some("ingress/x/a-geo.example.org"))
    );
}

/// A zone is deleted and made anew; everything comes back, of whomever, with its ownership records, from either form.
#[test]
fn everything_comes_back_as_it_was() {
    let stage = Stage::new();
    let before = stage.snapshot();
    for file in stage.keep() {
        stage.set("[]\n");
        let shown = stage.restore(&file, &["--all-owners", "--dry-run"]);
        assert_eq!(shown.code, Some(2), "{shown:?}");
        assert_eq!(summary(&shown), "Plan: 16 to create, none to update, none to delete.");
        assert_eq!(stage.text(), "[]\n", "shown, not done");
        let done = stage.restore(&file, &["--all-owners"]);
        assert_eq!((done.code, &*done.stdout), (Some(0), ""), "{done:?}");
        assert_eq!(stage.snapshot(), before, "{file}");
        assert_eq!(
            stage.restore(&file, &["--all-owners", "--dry-run"]).code,
            Some(0),
            "nothing is left to do"
        );
    }
}

/// Somebody's script went through the zones: of our records all is as before, what is not ours is shown, and only shown.
#[test]
fn what_is_ours_is_as_it_was_and_nothing_else_is_touched() {
    let stage = Stage::new();
    for file in stage.keep() {
        let mut wrecked = RECORDS
            .replace("192.0.2.1, 192.0.2.2], recordTTL: 300", "203.0.113.66], recordTTL: 5")
            .replace("10 mail.example.org", "10 evil.example.com");
        wrecked = wrecked
            .lines()
            .filter(|line| !line.contains("geo.example.org") && !line.contains("old."))
            .map(|line| line.to_owned() + "\n")
            .collect();
        row(&mut wrecked, "a-www.example.org", "me", "");
        row(&mut wrecked, "cname-shop.example.org", "me", "");
        row(&mut wrecked, "a-only.example.net", "me", "");
        writeln!(wrecked, "- {{dnsName: since.example.org, recordType: A, targets: [192.0.2.77]}}").unwrap();
        row(&mut wrecked, "a-since.example.org", "me", "");
        stage.set(&wrecked);

        let shown = stage.restore(&file, &["--owner=me", "--dry-run"]);
        assert_eq!(shown.code, Some(2), "{shown:?}");
        let words = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        for told in [
            "~ A www.example.org",
            "+ A geo.example.org [eu] 192.0.2.3",
            "MX example.org nobody owned it; --all-owners puts back what is missing",
            "A old.example.org belongs to owner \"other\"",
            "A since.example.org policy upsert-only does not delete",
            "Plan: 2 to create, 1 to update, none to delete, 3 left alone.",
        ] {
            assert!(words.contains(told), "{told}\n{}", shown.stdout);
        }
        // What is not there is not asked for with the daemon's policy, unless it is said here.
        assert_eq!(stage.restore(&file, &["--txt-owner-id=me"]).code, Some(0));
        let text = stage.text();
        assert!(
            text.contains("since.example.org")
                && text.contains("evil.example.com")
                && !text.contains("old.example"),
            "{text}"
        );
        assert!(!text.contains("203.0.113.66"), "{text}");
        let ended = stage.restore(&file, &["--owner=me", "--policy=sync"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!stage.text().contains("since.example.org"));
        // The rest is nobody's, or another's.
        assert_eq!(stage.restore(&file, &["--all-owners"]).code, Some(0));
        let text = stage.text();
        assert!(text.contains("a-old.example.org") && text.contains("evil.example.com"), "{text}");
        assert_eq!(stage.restore(&file, &["--all-owners", "--overwrite"]).code, Some(0));
        assert!(!stage.text().contains("evil.example.com"));
        assert_eq!(stage.snapshot(), std::fs::read_to_string(stage.path("snapshot.json")).unwrap());
    }
}

#[test]
fn the_delete_guard_has_its_say() {
    let stage = Stage::new();
    let [file, _] = stage.keep();
    let mut text = stage.text();
    for n in 0..40 {
        writeln!(text, "- {{dnsName: n{n}.example.org, recordType: A, targets: [192.0.2.9]}}").unwrap();
        row(&mut text, &format!("a-n{n}.example.org"), "me", "");
    }
    stage.set(&text);
    let ended = stage.restore(&file, &["--owner=me", "--policy=sync"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let shown = stage.restore(&file, &["--owner=me", "--policy=sync", "--dry-run", "-o", "json"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    let plan: Value = serde_json::from_str(&shown.stdout).unwrap();
    let hash = format!("--approve-hash={}", plan["withheld"][0]["hash"].as_str().unwrap());
    assert!(stage.text().contains("n39.example.org"));
    assert_eq!(stage.restore(&file, &["--owner=me", "--policy=sync", &hash]).code, Some(0));
    assert_eq!(stage.snapshot(), std::fs::read_to_string(&file).unwrap());
}

#[test]
fn an_ownership_record_never_comes_back_without_its_record() {
    let stage = Stage::new();
    let [file, _] = stage.keep();
    // Somebody else has the name now, in another type.
    let mut text =
        "- {dnsName: www.example.org, recordType: CNAME, targets: [other.example.com]}\n".to_owned();
    row(&mut text, "cname-www.example.org", "other", "");
    stage.set(&text);
    let ended = stage.restore(&file, &["--all-owners"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let text = stage.text();
    assert!(text.contains("other.example.com") && !text.contains("a-www.example.org"), "{text}");
    let shown = stage.restore(&file, &["--all-owners", "--dry-run"]);
    let words = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("TXT a-www.example.org its record www.example.org A is not put back"),
        "{}",
        shown.stdout
    );
}

#[test]
fn one_zone_alone() {
    let stage = Stage::new();
    let [file, _] = stage.keep();
    let one = stage.run(&["snapshot", "--zone=example.net", "-obind"]);
    assert!(
        one.stdout.contains("only 0 IN A") || one.stdout.contains("only IN A 192.0.2.6"),
        "{}",
        one.stdout
    );
    assert!(!one.stdout.contains("example.org."), "{}", one.stdout);
    stage.set("[]\n");
    assert_eq!(stage.restore(&file, &["--owner=me", "--zone=example.net"]).code, Some(0));
    let text = stage.text();
    assert!(text.contains("only.example.net") && !text.contains("example.org,"), "{text}");
    assert!(!text.contains("dnsName: www.example.org"), "{text}");
}

/// A zone file that another program wrote: its ownership records say whose records are.
#[test]
fn zone_files_of_others_are_restored() {
    let stage = Stage::new();
    let path = stage.path("db.example.org");
    let text = "\
$TTL 1h
@ IN SOA ns1 hostmaster 1 2 3 4 5
@ NS ns1.example.net.
www 60 A 192.0.2.1
a-www TXT \"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/x/www\"
hand MX 10 mail
caa CAA 0 issue \"ca.example.net\"
b\\.d A 192.0.2.1
";
    std::fs::write(&path, text).unwrap();
    stage.set("[]\n");
    let refused = stage.restore(&path, &["--owner=me"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused
            .stderr
            .contains("db.example.org: line 2: @ is a relative name, and there is no $ORIGIN before it"),
        "{}",
        refused.stderr
    );
    let ended = stage.restore(&path, &["--owner=me", "--zone=example.org"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("warning: left out: line 8: "), "{}", ended.stderr);
    let records = stage.text();
    assert!(records.contains("dnsName: www.example.org") && records.contains("recordTTL: 60"), "{records}");
    assert!(records.contains("external-dns/owner=me") && !records.contains("hand"), "{records}");
    // The same by way of standard input, for all.
    let flags = stage.flags();
    let words = ["restore", "-", "--all-owners", "--zone=example.org", "--dry-run"];
    let words: Vec<&str> = words.into_iter().chain(flags.iter().map(String::as_str)).collect();
    let shown = run_with_stdin(&words, text);
    assert_eq!(shown.code, Some(2), "{shown:?}");
    let words = shown.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        "+ MX hand.example.org 10 mail.example.org ttl=3600",
        "CAA caa.example.org record type is not managed",
        "NS example.org it belongs to the zone itself",
        "1 to create",
    ] {
        assert!(words.contains(told), "{told}\n{}", shown.stdout);
    }
}

/// Without a registry everything is ours.
#[test]
fn without_a_registry_all_is_restored() {
    let stage = Stage::new();
    let [file, _] = stage.keep();
    stage.set("[]\n");
    let types = ["A", "CNAME", "TXT", "MX"].map(|t| format!("--managed-record-types={t}"));
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    let ended = stage.restore(&file, &[&["--registry=noop", "--policy=sync"], &types[..]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let text = stage.text();
    assert!(text.contains("a-old.example.org") && text.contains("10 mail.example.org"), "{text}");
}

#[test]
fn mistakes_are_named() {
    let stage = Stage::new();
    let [json, bind] = stage.keep();
    let before = stage.text();
    let refused = |words: &[&str], text: &str| {
        let ended = stage.run(words);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(text), "{text}\n{}", ended.stderr);
    };
    refused(&["restore"], "restore needs one file right behind it");
    refused(&["restore", &json, &bind], "restore needs one file right behind it");
    refused(&["restore", "/nonexistent"], "/nonexistent: No such file");
    refused(&["restore", &json, "--owner=me", "--all-owners"], "--owner and --all-owners exclude each other");
    refused(&["restore", &json, "--overwrite"], "--overwrite is for --all-owners");
    refused(
        &["restore", &json, "--owner=me", "--registry=noop"],
        "--owner has no meaning with --registry=noop",
    );
    refused(&["restore", &json, "--zone=example.com"], "--zone=example.com: the provider has no such zone");
    refused(&["snapshot", "--zone=example.com"], "--zone=example.com: the provider has no such zone");
    refused(
        &["snapshot", "--output=bind"],
        "--output=bind: this names a file; -o bind or --format=bind chooses the form",
    );
    refused(&["snapshot", "--output=/nonexistent/x"], "--output=/nonexistent/x: No such file");
    let spoil = |from: &str, spoil: &dyn Fn(String) -> String| {
        let path = stage.path("spoiled");
        std::fs::write(&path, spoil(std::fs::read_to_string(from).unwrap())).unwrap();
        path
    };
    let version = spoil(&json, &|text| text.replace("\"version\": 1", "\"version\": 2"));
    refused(
        &["restore", &version],
        "spoiled: line 3: this is a snapshot of version 2, and this program reads version 1 only",
    );
    let cut = spoil(&json, &|text| text[..text.len() / 2].to_owned());
    refused(&["restore", &cut], "EOF while parsing");
    let cut = spoil(&bind, &|text| text.split_inclusive('\n').take(8).collect());
    refused(&["restore", &cut], "spoiled: line 8: ");
    let empty = spoil(&bind, &|_| "\n".into());
    refused(&["restore", &empty], "spoiled: line 1: the file is empty");
    let gone = spoil(&json, &|text| {
        text.replace("example.net", "example.com").replace("\"id\": \"example.org\"", "\"id\": \"Z1\"")
    });
    refused(
        &["restore", &gone, "--owner=me"],
        "the provider has no zone example.com: make it first, or choose others with --zone",
    );
    assert_eq!(stage.text(), before, "nothing was changed");
    // A zone that was made anew has another id.
    let ended = stage.run(&["restore", &gone, "--owner=me", "--zone=example.org", "--dry-run"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(summary(&ended).starts_with("Plan: none to create, 1 to update"), "{}", ended.stdout);
}

/// Each owner puts back its own part of a name that owners share; everything at once comes back all the same.
#[test]
fn shared_names_come_back_part_by_part() {
    let stage = Stage::new();
    stage.set("[]\n");
    let run_as = |owner: &str, address: &str| {
        let object = format!(
            "apiVersion: externaldns.k8s.io/v1alpha1\nkind: DNSEndpoint\nmetadata: {{name: {owner}, namespace: x}}\n\
             spec: {{endpoints: [{{dnsName: both.example.org, recordType: A, recordTTL: 60, targets: [{address}]}}]}}\n"
        );
        std::fs::write(stage.path("object.yaml"), object).unwrap();
        let (manifests, owner) =
            (format!("--manifests={}", stage.path("object.yaml")), format!("--txt-owner-id={owner}"));
        let shared = ["--source=crd", "--policy=sync", "--once", "--txt-shared-names=example.org"];
        let ended = stage.run(&[&shared[..], &[&manifests, &owner]].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
    };
    run_as("blue", "192.0.2.1");
    run_as("green", "192.0.2.2");
    let before = stage.snapshot();
    let shares = "\"shares\":[{\"owner\":\"blue\",\"targets\":[\"192.0.2.1\"],\"ttl\":60";
    assert!(before.contains(shares) && before.contains("\"owner\":\"green\""), "{before}");
    assert_eq!(stage.run(&["snapshot", "--txt-owner-id=green"]).stdout, before, "whoever takes it");
    let file = stage.path("shared.json");
    std::fs::write(&file, &before).unwrap();

    stage.set("[]\n");
    assert_eq!(stage.restore(&file, &["--all-owners"]).code, Some(0));
    assert_eq!(stage.snapshot(), before);
    stage.set("[]\n");
    assert_eq!(stage.restore(&file, &["--owner=blue"]).code, Some(0));
    assert!(
        stage.text().contains("192.0.2.1") && !stage.text().contains("targets:\n  - 192.0.2.2"),
        "{}",
        stage.text()
    );
    assert_eq!(stage.restore(&file, &["--owner=green"]).code, Some(0));
    let again = stage.snapshot();
    let record = |text: &str| {
        text.lines()
            .find(|line| line.contains("\"both.example.org\",\"type\":\"A\",\"ttl\""))
            .unwrap()
            .to_owned()
    };
    assert_eq!(record(&again), record(&before));
}

/// A webhook provider does not name its zones.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_webhook_provider_holds_comes_back() {
    let provider = zonewright_testing::WebhookStandIn::start(serde_json::json!({})).await.unwrap();
    let row = "\"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/x/www\"";
    let records = serde_json::json!([
        {"dnsName": "www.example.org", "recordType": "A", "targets": ["192.0.2.1"], "recordTTL": 60},
        {"dnsName": "a-www.example.org", "recordType": "TXT", "targets": [row]},
        {"dnsName": "example.net", "recordType": "MX", "targets": ["10 mail.example.net"]},
    ]);
    provider.set_records(records.as_array().unwrap().clone());
    let folder = tempfile::tempdir().unwrap();
    let url = format!("--webhook-provider-url={}", provider.url());
    let command = async |words: &[&str]| {
        let words: Vec<String> =
            words.iter().copied().chain(["--provider=webhook", &url]).map(str::to_owned).collect();
        let words = move || run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(words).await.unwrap()
    };
    let before = command(&["snapshot"]).await;
    assert_eq!(before.code, Some(0), "{before:?}");
    assert!(before.stdout.contains("\"name\": null"), "{}", before.stdout);
    for form in ["json", "bind"] {
        let file = folder.path().join(form).display().to_string();
        assert_eq!(command(&["snapshot", "-o", form, &format!("--output={file}")]).await.code, Some(0));
        for owner in ["--owner=me", "--all-owners"] {
            provider.set_records(Vec::new());
            let ended = command(&["restore", &file, owner]).await;
            assert_eq!(ended.code, Some(0), "{ended:?}");
            assert_eq!(provider.records().len(), if owner == "--all-owners" { 3 } else { 2 });
        }
        assert_eq!(command(&["snapshot"]).await.stdout, before.stdout);
    }
    provider.forget_calls();
    provider.set_records(vec![records[0].clone()]);
    assert_eq!(command(&["adopt", "www.example.org", "--txt-owner-id=me"]).await.code, Some(0));
    let applied = provider.applied();
    assert_eq!(applied.len(), 1);
    assert_eq!(provider.records().len(), 2, "{applied:?}");
}
