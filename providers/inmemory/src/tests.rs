use super::*;
use rstest::rstest;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use zonewright_planner::{
    Change, CreateReason, DeleteReason, Endpoint, Properties, Record, RecordType, Ttl, UpdateReason,
};
use zonewright_provider_kit::RowChange;
use zonewright_provider_kit::battery::Battery;

fn config(zones: &[&str], records: Option<&Path>) -> InMemoryConfig {
    InMemoryConfig {
        zones: zones.iter().map(|zone| (*zone).to_owned()).collect(),
        records: records.map(Path::to_owned),
    }
}

fn wish(name: &str, record_type: RecordType, target: &str) -> Endpoint {
    Endpoint::new(name, record_type, &[target], Properties::new()).unwrap()
}

fn a(name: &str, target: &str) -> Endpoint {
    wish(name, RecordType::A, target)
}

fn create(new: Endpoint) -> ZoneChange {
    ZoneChange { change: Change::create(new, CreateReason::New), rows: Vec::new() }
}

fn update(old: Record, new: Endpoint) -> ZoneChange {
    ZoneChange { change: Change::update(old, new, vec![UpdateReason::Targets]), rows: Vec::new() }
}

fn delete(old: Record) -> ZoneChange {
    ZoneChange { change: Change::delete(old, DeleteReason::NoLongerWanted), rows: Vec::new() }
}

fn new_row(name: &str) -> RowChange {
    RowChange {
        read: None,
        expected: None,
        write: Some(wish(name, RecordType::Txt, "\"heritage=external-dns\"")),
    }
}

/// A provider with one zone and the only zone of it.
async fn one_zone() -> (InMemory, Zone) {
    let provider = InMemory::open(&config(&["example.org"], None)).unwrap();
    let zone = provider.reader().zones().await.unwrap().remove(0);
    (provider, zone)
}

async fn apply(provider: &InMemory, zone: &Zone, changes: &[ZoneChange]) -> Vec<&'static str> {
    let outcomes = provider.writer().apply(zone, changes).await;
    outcomes
        .iter()
        .map(|outcome| outcome.as_ref().map_or_else(|error| error.class().code(), |()| "ok"))
        .collect()
}

async fn listed(provider: &InMemory) -> Vec<String> {
    let reader = provider.reader();
    let mut lines = Vec::new();
    for zone in reader.zones().await.unwrap() {
        for record in reader.records(&zone).await.unwrap().records {
            lines.push(format!(
                "{} {} {}",
                record.name,
                record.record_type,
                record.spelled_targets().join(",")
            ));
        }
    }
    lines
}

fn stored(new: &Endpoint) -> Record {
    store::to_record(ZoneId::new("example.org"), new)
}

#[tokio::test]
async fn the_battery_is_green() {
    let provider = InMemory::open(&config(&["example.org", "2.0.192.in-addr.arpa"], None)).unwrap();
    let (reader, writer) = (provider.reader(), provider.writer());
    let battery = Battery::new(&reader, &writer, "example.org".parse().unwrap());
    battery.run().await.unwrap();
    assert!(listed(&provider).await.is_empty());
}

#[tokio::test]
async fn the_battery_is_green_with_files_nested_zones_and_furniture() {
    let folder = tempfile::tempdir().unwrap();
    for (file, seed) in [
        ("records.yaml", "- {dnsName: keep.example.org, recordType: A, targets: [192.0.2.99]}\n"),
        ("records.json", r#"[{"dnsName":"keep.example.org","recordType":"A","targets":["192.0.2.99"]}]"#),
    ] {
        let path = folder.path().join(file);
        std::fs::write(&path, seed).unwrap();
        let zones = ["example.org", "deeper.example.org", "2.0.192.in-addr.arpa"];
        let provider = InMemory::open(&config(&zones, Some(&path))).unwrap();
        let (reader, writer) = (provider.reader(), provider.writer());
        let battery = Battery::new(&reader, &writer, "example.org".parse().unwrap()).big_batch(20);
        battery.run().await.unwrap();
        let again = InMemory::open(&config(&zones, Some(&path))).unwrap();
        assert_eq!(listed(&again).await, ["keep.example.org A 192.0.2.99"]);
    }
}

#[tokio::test]
async fn the_battery_notices_a_writer_that_does_nothing() {
    struct Idle;
    #[async_trait]
    impl WriteZone for Idle {
        async fn apply(&self, _: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
            vec![Ok(()); changes.len()]
        }
    }
    let (provider, _) = one_zone().await;
    let reader = provider.reader();
    let error = Battery::new(&reader, &Idle, "example.org".parse().unwrap()).run().await.unwrap_err();
    // PTR is declared, but there is no reverse zone.
    assert!(error.to_string().contains("2.0.192.in-addr.arpa"), "{error}");

    let provider = InMemory::open(&config(&["example.org", "2.0.192.in-addr.arpa"], None)).unwrap();
    let reader = provider.reader();
    let error = Battery::new(&reader, &Idle, "example.org".parse().unwrap()).run().await.unwrap_err();
    assert_eq!(error.step, "create");
    assert!(error.to_string().contains("still differs"), "{error}");
}

#[tokio::test]
async fn conditions_are_those_of_a_strict_server() {
    let (provider, zone) = one_zone().await;
    let one = a("www.example.org", "192.0.2.1");
    assert_eq!(apply(&provider, &zone, &[create(one.clone())]).await, ["ok"]);
    assert_eq!(apply(&provider, &zone, &[create(a("www.example.org", "192.0.2.2"))]).await, ["conflict"]);

    let elsewhere = stored(&a("other.example.org", "192.0.2.1"));
    assert_eq!(
        apply(&provider, &zone, &[delete(elsewhere.clone()), update(elsewhere, one.clone())]).await,
        ["conflict", "conflict"]
    );
    for different in [
        stored(&a("www.example.org", "192.0.2.9")),
        stored(&one.clone().with_ttl(Ttl::from_seconds(60))),
        stored(&one.clone().with_set_identifier("blue")),
    ] {
        assert_eq!(apply(&provider, &zone, &[delete(different)]).await, ["conflict"]);
    }
    assert_eq!(
        apply(&provider, &zone, &[create(a("www.example.net", "192.0.2.1"))]).await,
        ["invalid-record"]
    );
    assert_eq!(listed(&provider).await, ["www.example.org A 192.0.2.1"]);

    let two = a("www.example.org", "192.0.2.2");
    assert_eq!(apply(&provider, &zone, &[update(stored(&one), two.clone())]).await, ["ok"]);
    assert_eq!(apply(&provider, &zone, &[delete(stored(&two))]).await, ["ok"]);
    assert!(listed(&provider).await.is_empty());
}

#[tokio::test]
async fn a_cname_stands_alone_and_may_be_replaced_in_any_order() {
    let (provider, zone) = one_zone().await;
    let address = a("www.example.org", "192.0.2.1");
    let cname = wish("www.example.org", RecordType::Cname, "cdn.example.net");
    assert_eq!(
        apply(&provider, &zone, &[create(address.clone()), create(cname.clone())]).await,
        ["ok", "invalid-record"]
    );
    assert_eq!(
        apply(&provider, &zone, &[create(cname.clone()), delete(stored(&address))]).await,
        ["ok", "ok"]
    );
    assert_eq!(listed(&provider).await, ["www.example.org CNAME cdn.example.net"]);
    assert_eq!(
        apply(&provider, &zone, &[create(wish("www.example.org", RecordType::Txt, "x"))]).await,
        ["invalid-record"]
    );
    let other_set = cname.with_set_identifier("green");
    assert_eq!(apply(&provider, &zone, &[create(other_set)]).await, ["ok"]);
}

#[tokio::test]
async fn a_record_and_its_row_are_one_transaction() {
    let (provider, zone) = one_zone().await;
    let mut first = create(a("one.example.org", "192.0.2.1"));
    first.rows.push(new_row("a-one.example.org"));
    // Its row collides with the row of the first.
    let mut second = create(a("two.example.org", "192.0.2.2"));
    second.rows.push(new_row("a-one.example.org"));
    let third = create(a("three.example.org", "192.0.2.3"));
    assert_eq!(apply(&provider, &zone, &[first, second, third]).await, ["ok", "conflict", "ok"]);
    assert_eq!(
        listed(&provider).await,
        [
            "a-one.example.org TXT \"heritage=external-dns\"",
            "one.example.org A 192.0.2.1",
            "three.example.org A 192.0.2.3"
        ]
    );
}

#[tokio::test]
async fn without_zone_and_file_no_name_is_taken() {
    let provider = InMemory::open(&config(&["", " "], None)).unwrap();
    assert!(provider.reader().zones().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_without_zones_takes_every_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.yaml");
    let provider = InMemory::open(&config(&[""], Some(&path))).unwrap();
    let zone = provider.reader().zones().await.unwrap().remove(0);
    assert_eq!(zone.name, None);
    assert_eq!(apply(&provider, &zone, &[create(a("www.example.net", "192.0.2.1"))]).await, ["ok"]);
    assert!(path.exists());
}

#[tokio::test]
async fn the_file_is_sorted_and_round_trips() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.yaml");
    let open = || InMemory::open(&config(&["example.org"], Some(&path))).unwrap();
    let provider = open();
    let zone = provider.reader().zones().await.unwrap().remove(0);
    let mut full =
        a("b.example.org", "192.0.2.1").with_set_identifier("yes").with_ttl(Ttl::from_seconds(300));
    full.properties.set("webhook/note", "no: # 010");
    let changes = [
        create(wish("c.example.org", RecordType::Txt, "\"heritage=external-dns,external-dns/owner=me\"")),
        create(wish("d.example.org", RecordType::Txt, &format!("\"{}\"", "long text ".repeat(40)))),
        create(full),
        create(wish("*.example.org", RecordType::Cname, "b.example.org")),
    ];
    assert_eq!(apply(&provider, &zone, &changes).await, ["ok"; 4]);
    let text = std::fs::read_to_string(&path).unwrap();
    let long = format!("- \"\\\"{}\\\"\"", "long text ".repeat(40));
    assert_eq!(
        text,
        format!(
            r#"- dnsName: "*.example.org"
  targets:
  - b.example.org
  recordType: CNAME
- dnsName: b.example.org
  targets:
  - "192.0.2.1"
  recordType: A
  setIdentifier: "yes"
  recordTTL: 300
  providerSpecific:
  - name: webhook/note
    value: "no: # 010"
- dnsName: c.example.org
  targets:
  - "\"heritage=external-dns,external-dns/owner=me\""
  recordType: TXT
- dnsName: d.example.org
  targets:
  {long}
  recordType: TXT
"#
        )
    );
    assert_eq!(listed(&open()).await, listed(&provider).await);
    let leftovers: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(leftovers.len(), 1, "{leftovers:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let path = inner.join("records.json");
    std::fs::write(&path, r#"[{"dnsName":"www.example.org","recordType":"A","targets":["192.0.2.1"]}]"#)
        .unwrap();
    let provider = InMemory::open(&config(&["example.org"], Some(&path))).unwrap();
    let zone = provider.reader().zones().await.unwrap().remove(0);
    std::fs::remove_dir_all(&inner).unwrap();
    let old = stored(&a("www.example.org", "192.0.2.1"));
    let changes = [
        create(a("new.example.org", "192.0.2.1")),
        update(old, a("www.example.org", "192.0.2.2")),
        delete(stored(&a("gone.example.org", "192.0.2.1"))),
    ];
    assert_eq!(apply(&provider, &zone, &changes).await, ["unavailable", "unavailable", "conflict"]);
    assert_eq!(listed(&provider).await, ["www.example.org A 192.0.2.1"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (link, target) = (folder.path().join("link.yaml"), folder.path().join("target"));
    std::fs::write(&target, "").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let provider = InMemory::open(&config(&["example.org"], Some(&link))).unwrap();
    let zone = provider.reader().zones().await.unwrap().remove(0);
    assert_eq!(apply(&provider, &zone, &[create(a("www.example.org", "192.0.2.1"))]).await, ["ok"]);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&target).unwrap().contains("www.example.org"));
}

#[rstest]
#[case("r.txt", "", "must end in .yaml, .yml or .json")]
#[case("r.yaml", "- dnsName: [", "not a list of endpoints")]
#[case("r.yaml", "a: b", "not a list of endpoints")]
#[case("r.json", "[{]", "not a list of endpoints: ")]
#[case("r.yaml", "- {dnsName: a.example.org, recordType: A, recordTTL: x}", "line 1")]
#[case("r.json", "[\n{\"dnsName\": 5}]", "line 2")]
#[case(
    "r.yaml",
    "# records\n- {dnsName: a.example.org, recordType: A, targets: [192.0.2.1]}\n-\n",
    "entry 2 (line 3): it is empty"
)]
#[case(
    "r.yaml",
    "\n- dnsName: a.example.org\n  type: A\n",
    "entry 1 (line 2), \"a.example.org\": unknown key \"type\""
)]
#[case("r.json", r#"[{"recordType":"A"}]"#, "entry 1, \"\" A: dnsName is missing")]
#[case("r.json", r#"[{"dnsName":"a.example.org"}]"#, "recordType is missing")]
#[case("r.json", r#"[{"dnsName":"a.example.org","recordType":"A"}]"#, "needs a target")]
#[case("r.json", r#"[{"dnsName":"a b.example.org","recordType":"A"}]"#, "contains ' '")]
#[case(
    "r.yml",
    "- {dnsName: a.example.org, recordType: A, targets: [192.0.2.256]}",
    "entry 1 (line 1), \"a.example.org\" A: a.example.org A: target \"192.0.2.256\" is not an IPv4 address"
)]
#[case(
    "r.yaml",
    "- {dnsName: a.example.com, recordType: A, targets: [192.0.2.1]}",
    "the name is in none of the zones example.net, example.org"
)]
#[case(
    "r.yaml",
    "- {dnsName: a.example.org, recordType: A, targets: [192.0.2.1]}\n- {dnsName: A.example.org., recordType: A, targets: [192.0.2.2]}",
    "entry 2 (line 2), \"A.example.org.\" A: a.example.org A: the record set exists already"
)]
#[case(
    "r.yaml",
    "- {dnsName: a.example.org, recordType: A, targets: [192.0.2.1]}\n- {dnsName: a.example.org, recordType: CNAME, targets: [b.net]}",
    "a CNAME cannot stand beside other data"
)]
fn a_bad_file_is_named_with_the_entry(#[case] file: &str, #[case] content: &str, #[case] expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::write(&path, content).unwrap();
    let Err(error) = InMemory::open(&config(&["example.org", "example.net"], Some(&path))) else {
        panic!("accepted {content}");
    };
    let text = error.to_string();
    assert!(text.starts_with("--inmemory-records /"), "{text}");
    assert!(text.contains(file) && text.contains(expected), "{text}");
    assert!(!text.contains('\n'), "{text}");
}

#[rstest]
#[case("")]
#[case("# nothing yet\n")]
#[case("[]")]
#[case("null")]
#[tokio::test]
async fn an_empty_file_holds_no_records(#[case] content: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.yaml");
    std::fs::write(&path, content).unwrap();
    let provider = InMemory::open(&config(&["example.org"], Some(&path))).unwrap();
    assert_eq!(listed(&provider).await, [""; 0]);
}

#[test]
fn a_bad_zone_is_refused() {
    let Err(error) = InMemory::open(&config(&["exa mple.org"], None)) else { panic!("accepted") };
    assert!(error.to_string().starts_with("--inmemory-zone: \"exa mple.org\""), "{error}");
}

#[tokio::test]
async fn a_large_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.yaml");
    let entry = |i: usize| {
        format!("- {{dnsName: n{i}.example.org, recordType: A, targets: [192.0.2.1], recordTTL: 60}}\n")
    };
    std::fs::write(&path, (0..30_000).map(entry).collect::<String>()).unwrap();
    let start = std::time::Instant::now();
    let provider = InMemory::open(&config(&["example.org"], Some(&path))).unwrap();
    println!("30,000 entries of YAML read in {:?}", start.elapsed());
    assert_eq!(listed(&provider).await.len(), 30_000);
    let zone = provider.reader().zones().await.unwrap().remove(0);
    let start = std::time::Instant::now();
    assert_eq!(apply(&provider, &zone, &[create(a("new.example.org", "192.0.2.1"))]).await, ["ok"]);
    println!("one change with 30,001 entries of YAML written in {:?}", start.elapsed());
}

/// Whoever looks while a record changes its target, its TTL or its type finds the old one or the new one, never none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_one_ever_sees_a_changing_name_without_a_record() {
    let (provider, zone) = one_zone().await;
    let name = "web.example.org";
    let forms = [
        a(name, "192.0.2.1"),
        a(name, "192.0.2.2"),
        wish(name, RecordType::Cname, "lb.example.net"),
        a(name, "192.0.2.3").with_ttl(Ttl::from_seconds(60)),
    ];
    apply(&provider, &zone, &[create(forms[0].clone())]).await;
    let (watched, place) = (provider.reader(), zone.clone());
    let looks = Arc::new(AtomicU32::new(0));
    let counted = looks.clone();
    let watcher = tokio::spawn(async move {
        loop {
            let found = watched.records(&place).await.unwrap().records.len();
            assert_eq!(found, 1, "after {counted:?} looks");
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let mut round = 0;
    while looks.load(Ordering::Relaxed) < 400 && !watcher.is_finished() {
        let (old, new) = (&forms[round % forms.len()], &forms[(round + 1) % forms.len()]);
        let changes = match old.record_type == new.record_type {
            true => vec![update(stored(old), new.clone())],
            false => vec![delete(stored(old)), create(new.clone())],
        };
        assert!(apply(&provider, &zone, &changes).await.iter().all(|outcome| *outcome == "ok"));
        tokio::task::yield_now().await;
        round += 1;
    }
    watcher.abort();
    assert!(watcher.await.is_err_and(|end| end.is_cancelled()), "the name was absent");
}
