//! What is written, and what is not.

use super::*;

#[tokio::test]
async fn a_record_and_its_rows_are_one_change() {
    let provider = Provider::new(&["example.org"]);
    let server = serve(&provider, config()).await;
    let changes = json!({ "create": [
        a("web.example.org", "192.0.2.1"),
        { "dnsName": "web.example.org", "recordType": "AAAA", "targets": ["2001:db8::1"] },
        row("a-web.example.org", "web.example.org"), row("aaaa-web.example.org", "web.example.org"),
    ] });
    assert_eq!(server.apply(&changes).await.status, 204);
    assert_eq!(
        provider.written(),
        [["create web.example.org a-web.example.org", "create web.example.org aaaa-web.example.org"]]
    );
    assert_eq!(server.names().await.len(), 4);
    // An update whose row says nothing new, and a delete with its row.
    let update = json!({
        "updateOld": [a("web.example.org", "192.0.2.1"), row("a-web.example.org", "web.example.org")],
        "updateNew": [a("web.example.org", "192.0.2.2"), row("a-web.example.org", "web.example.org")],
        "delete": [{ "dnsName": "web.example.org", "recordType": "AAAA" }, row("aaaa-web.example.org", "web.example.org")],
    });
    assert_eq!(server.apply(&update).await.status, 204);
    assert_eq!(provider.written(), [["delete web.example.org", "update web.example.org"]]);
    assert_eq!(server.names().await.len(), 2);
    // A second time there is nothing to do, not even a call.
    assert_eq!(server.apply(&update).await.status, 204);
    assert_eq!(provider.written(), [[""; 0]; 0]);
}

#[tokio::test]
async fn one_bad_record_harms_only_itself() {
    let provider = Provider::new(&["example.org"]);
    let server = serve(&provider, config()).await;
    provider.refused.lock().unwrap().push("n7.example.org");
    let mut all: Vec<Value> = (0..20).map(|i| a(&format!("n{i}.example.org"), "192.0.2.1")).collect();
    all.push(json!({ "dnsName": "x.example.org", "recordType": "A", "targets": ["no address"] }));
    let answer = server.apply(&json!({ "create": all })).await;
    assert_eq!(answer.status, 500);
    let lines: Vec<&str> = answer.body.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines.iter().any(|line| line.contains("create n7.example.org A: the service takes no such record")),
        "{lines:?}"
    );
    assert!(lines.iter().any(|line| line.contains("\"x.example.org\" A")), "{lines:?}");
    assert_eq!(server.names().await.len(), 19);
}

#[tokio::test]
async fn what_stands_there_already_is_not_overwritten_by_a_create() {
    let provider = Provider::new(&["example.org"]);
    let server = serve(&provider, config()).await;
    server.apply(&json!({ "create": [a("web.example.org", "192.0.2.1"), row("a-two.example.org", "none.example.org")] })).await;
    provider.written();
    let same = server.apply(&json!({ "create": [a("web.example.org", "192.0.2.1")] })).await;
    assert_eq!(same.status, 204);
    let other = server.apply(&json!({ "create": [a("web.example.org", "192.0.2.9")] })).await;
    assert_eq!(
        (other.status, &*other.body),
        (500, "web.example.org A: cannot be created: it is there already, with 192.0.2.1\n")
    );
    // Whose row stands already, the record is somebody's.
    let mut theirs = row("a-two.example.org", "two.example.org");
    theirs["targets"] = json!(["\"heritage=external-dns,external-dns/owner=them\""]);
    let refused = server.apply(&json!({ "create": [a("two.example.org", "192.0.2.1"), theirs] })).await;
    assert!(
        refused.status == 500 && refused.body.contains("its ownership record cannot be written"),
        "{refused:?}"
    );
    assert_eq!(provider.written(), [[""; 0]; 0]);
}

#[tokio::test]
async fn names_that_lie_nowhere_are_told() {
    let provider = Provider::new(&["example.org"]);
    let server = serve(&provider, config()).await;
    let told = async |changes: Value| {
        let answer = server.apply(&changes).await;
        assert_eq!(answer.status, 500);
        answer.body
    };
    assert_eq!(
        told(json!({ "create": [a("web.example.com", "192.0.2.1")] })).await,
        "web.example.com A: no zone takes the name\n"
    );
    let apex = json!({ "create": [a("example.org", "192.0.2.1"), row("a-example.org", "example.org")] });
    assert!(told(apex).await.contains("its ownership record a-example.org lies in no zone"));
    assert!(server.names().await.is_empty());
    // What is not there need not go.
    let gone = json!({ "delete": [a("web.example.com", "192.0.2.1"), row("a-example.org", "example.org")] });
    assert_eq!(server.apply(&gone).await.status, 204);

    let filter = DomainFilter::from_suffixes(&["a.example.org"], &[]).unwrap();
    let server = serve(&provider, ServingConfig { filter, ..config() }).await;
    let answer = server.apply(&json!({ "create": [a("b.example.org", "192.0.2.1")] })).await;
    assert!(answer.body.contains("--domain-filter"), "{answer:?}");
}

#[tokio::test]
async fn a_zone_that_is_not_well_harms_no_other() {
    let provider = Provider::new(&["example.org", "example.com"]);
    let server = serve(&provider, config()).await;
    server.get("/records").await;
    provider.fail(ErrorClass::Throttled { retry_after: None });
    let both = json!({ "create": [a("a.example.org", "192.0.2.1"), a("b.example.com", "192.0.2.1")] });
    let answer = server.apply(&both).await;
    assert_eq!((answer.status, answer.retry_after), (503, None));
    assert_eq!(server.names().await.len(), 1);
    assert_eq!(server.apply(&both).await.status, 204);
    assert_eq!(server.names().await.len(), 2);
}

#[tokio::test]
async fn what_was_thought_is_read_again_after_a_failure() {
    let provider = Provider::new(&["example.org"]);
    let server = serve(&provider, config()).await;
    server.get("/records").await;
    // Somebody else has written meanwhile.
    let zone = provider.zones().await.unwrap().remove(0);
    let new = zonewright_planner::Endpoint::new(
        "web.example.org",
        zonewright_planner::RecordType::A,
        &["192.0.2.7"],
        Default::default(),
    )
    .unwrap();
    let change = zonewright_planner::Change::create(new, zonewright_planner::CreateReason::New);
    provider.writer.apply(&zone, &[ZoneChange { change, rows: Vec::new() }]).await[0].as_ref().unwrap();
    let create = json!({ "create": [a("web.example.org", "192.0.2.1")] });
    assert_eq!(server.apply(&create).await.status, 500);
    let answer = server.apply(&create).await;
    assert!(answer.body.contains("it is there already, with 192.0.2.7"), "{answer:?}");
    let update = json!({ "updateOld": [a("web.example.org", "192.0.2.1")], "updateNew": [a("web.example.org", "192.0.2.2")] });
    assert_eq!(server.apply(&update).await.status, 204);
    assert_eq!(server.names().await, ["web.example.org A [\"192.0.2.2\"]"]);
}

#[tokio::test]
async fn without_a_writer_nothing_is_written() {
    let provider = Provider::new(&["example.org"]);
    let server = serve_with(&provider, None, config()).await;
    assert_eq!(server.apply(&json!({ "create": [a("web.example.org", "192.0.2.1")] })).await.status, 204);
    assert!(server.names().await.is_empty());
    assert_eq!(provider.written(), [[""; 0]; 0]);
}

#[tokio::test]
async fn a_zone_is_written_by_one_at_a_time() {
    let provider = Provider::new(&["example.org"]);
    let server = Arc::new(serve(&provider, config()).await);
    let all: Vec<_> = (0..30)
        .map(|i| {
            let server = server.clone();
            tokio::spawn(async move {
                let create = json!({ "create": [a(&format!("n{i}.example.org"), "192.0.2.1")] });
                (server.apply(&create).await.status, server.names().await.len())
            })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.unwrap().0, 204);
    }
    assert_eq!(provider.most_at_once.load(Ordering::SeqCst), 1);
    assert_eq!(server.names().await.len(), 30);
}

#[tokio::test]
async fn zones_are_written_at_the_same_time() {
    let provider = Provider::gated(&["example.org", "example.com"], 2);
    let server = Arc::new(serve(&provider, config()).await);
    server.get("/records").await;
    let theirs = server.clone();
    let both = json!({ "create": [a("a.example.org", "192.0.2.1"), a("b.example.com", "192.0.2.1")] });
    let write = tokio::spawn(async move { theirs.apply(&both).await.status });
    while provider.most_at_once.load(Ordering::SeqCst) < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    provider.open_gate();
    assert_eq!(write.await.unwrap(), 204);
}

/// The names of the zone as the planner has them, so that nothing here depends on their spelling.
#[tokio::test]
async fn names_are_compared_as_dns_compares_them() {
    let provider = Provider::new(&["example.org"]);
    let server = serve(&provider, config()).await;
    server.apply(&json!({ "create": [a("bücher.example.org", "192.0.2.1")] })).await;
    let name: DnsName = "xn--bcher-kva.example.org".parse().unwrap();
    let zone = Zone { id: ZoneId::new("example.org"), name: None };
    assert!(provider.records(&zone).await.unwrap().records.iter().any(|record| record.name == name));
    assert_eq!(server.apply(&json!({ "delete": [a("BÜCHER.example.org.", "192.0.2.1")] })).await.status, 204);
    assert!(server.names().await.is_empty());
}
