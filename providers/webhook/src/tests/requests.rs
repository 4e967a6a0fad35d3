//! What goes over the wire when all is well.

use super::*;
use wiremock::Request;
use zonewright_planner::{ALIAS, Ttl};
use zonewright_provider_kit::WriteZone;

/// Method, path, the headers that the protocol defines, and the body, letter for letter.
fn shown(request: &Request) -> String {
    let header =
        |name: &str| request.headers.get(name).map_or("-", |value| value.to_str().unwrap()).to_owned();
    format!(
        "{} {} accept={} content-type={} length={}\n{}",
        request.method,
        request.url.path(),
        header("accept"),
        header("content-type"),
        header("content-length"),
        String::from_utf8_lossy(&request.body)
    )
}

async fn only_request(server: &MockServer) -> String {
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    shown(&requests[0])
}

#[tokio::test]
async fn the_negotiation_is_asked_for_once_and_its_filter_kept() {
    let server = server("GET", "/base", json(r#"{"include":["example.org"]}"#)).await;
    let webhook = client(&format!("{}/base", server.uri()));
    let (one, two) = (webhook.reader(), webhook.reader());
    let (first, second) = tokio::join!(one.domain_filter(), two.domain_filter());
    assert_eq!(first.unwrap().describe(), "example.org");
    assert_eq!(second.unwrap().describe(), "example.org");
    assert_eq!(
        only_request(&server).await,
        format!("GET /base accept={MEDIA_TYPE} content-type=- length=-\n")
    );
}

#[tokio::test]
async fn any_success_is_good_enough_for_the_negotiation() {
    let answer = ResponseTemplate::new(203).set_body_raw("null", MEDIA_TYPE);
    let server = server("GET", "/", answer).await;
    assert_eq!(client(&server.uri()).reader().domain_filter().await.unwrap().describe(), "all names");
}

#[tokio::test]
async fn records_are_listed_and_what_cannot_be_read_is_reported() {
    let body = concat!(
        r#"[{"dnsName":"Web.Example.org.","targets":["192.0.2.1"],"recordType":"A","recordTTL":60,"setIdentifier":"x","#,
        r#""labels":{"k":"v"},"providerSpecific":[{"name":"webhook/x","value":"1"}]},"#,
        r#"null,{"dnsName":"a b","recordType":"A"},{"DNSNAME":"b.example.org","recordtype":"TXT","targets":["\"}],[{\""]}]"#
    );
    // The content type is none of our business here.
    let server = server("GET", "/records", ResponseTemplate::new(200).set_body_string(body)).await;
    let webhook = client(&server.uri());
    let listing = webhook.reader().records(&zone(&webhook).await).await.unwrap();
    let [web, text] = listing.records.as_slice() else { panic!("{listing:?}") };
    assert_eq!(web.name.as_str(), "web.example.org");
    assert_eq!(web.spelled_name(), "Web.Example.org.");
    assert_eq!(web.ttl, Ttl::from_seconds(60));
    assert_eq!(&*web.set_identifier, "x");
    assert_eq!(web.labels.get("k"), Some("v"));
    assert_eq!(web.properties.get("webhook/x"), Some("1"));
    assert_eq!(text.spelled_targets(), ["\"}],[{\""]);
    assert_eq!(listing.unreadable, ["row 2 is null", "row 3, \"a b\" A: \"a b\" contains ' '"]);
    assert_eq!(
        only_request(&server).await,
        format!("GET /records accept={MEDIA_TYPE} content-type=- length=-\n")
    );
    assert_eq!((webhook.stats().records.requests(), webhook.stats().records.errors()), (1, 0));
}

#[tokio::test]
async fn an_empty_listing_may_be_null() {
    for body in ["[]", "null", " [ ] \n"] {
        let server = server("GET", "/records", json(body)).await;
        let webhook = client(&server.uri());
        assert!(webhook.reader().records(&zone(&webhook).await).await.unwrap().records.is_empty());
    }
}

#[tokio::test]
async fn a_wish_that_comes_back_malformed_keeps_its_name_and_objects() {
    let answer = r#"[{"dnsName":"A.example.org.","targets":["x"],"recordType":"A"}]"#;
    let server = server("POST", "/adjustendpoints", json(answer)).await;
    let wish = a("a.example.org", "192.0.2.1").with_object(object("one"));
    let adjusted = client(&server.uri()).reader().adjust(vec![wish.clone()]).await.unwrap();
    let [rejected] = adjusted.rejected.as_slice() else { panic!("{adjusted:?}") };
    assert_eq!(rejected.name.as_ref(), Some(&wish.name));
    assert_eq!(rejected.objects, [object("one")]);
}

#[tokio::test]
async fn wishes_are_sent_whole_and_get_their_objects_back() {
    let answer = concat!(
        r#"[{"dnsName":"b.example.org","targets":["192.0.2.9"],"recordType":"A","recordTTL":60},"#,
        r#"{"dnsName":"a.example.org","targets":["<t>"],"recordType":"TXT","labels":{"resource":"x"}},"#,
        r#"{"dnsName":"alias.example.org","targets":["lb.example.net"],"recordType":"A","providerSpecific":[{"name":"alias","value":"A"}]},"#,
        r#"{"dnsName":"bad.example.org","targets":["x"],"recordType":"A"},null]"#
    );
    let server = server("POST", "/adjustendpoints", json(answer)).await;
    let webhook = client(&server.uri());
    let kept = txt("a.example.org", "<t>").with_label("resource", "x").with_object(object("one"));
    let changed = a("B.example.org.", "192.0.2.1").with_object(object("two"));
    let adjusted = webhook.reader().adjust(vec![kept.clone(), changed]).await.unwrap();

    let [back, b, alias] = adjusted.endpoints.as_slice() else { panic!("{adjusted:?}") };
    assert_eq!(*back, kept);
    assert_eq!(b.ttl, Ttl::from_seconds(60));
    assert_eq!(b.objects, [object("two")]);
    assert_eq!(alias.properties.get(ALIAS), Some("true"));
    let [bad, null] = adjusted.rejected.as_slice() else { panic!("{adjusted:?}") };
    assert!(bad.text.starts_with("row 4, \"bad.example.org\" A: "), "{}", bad.text);
    assert_eq!(null.text, "row 5 is null");
    assert_eq!((&bad.name, &null.name), (&None, &None), "nobody wished for either");

    let body = concat!(
        r#"[{"dnsName":"a.example.org","targets":["\u003ct\u003e"],"recordType":"TXT","labels":{"resource":"x"}},"#,
        r#"{"dnsName":"b.example.org","targets":["192.0.2.1"],"recordType":"A"}]"#,
        "\n"
    );
    assert_eq!(
        only_request(&server).await,
        format!(
            "POST /adjustendpoints accept={MEDIA_TYPE} content-type={MEDIA_TYPE} length={}\n{body}",
            body.len()
        )
    );
    assert_eq!(
        (webhook.stats().adjust_endpoints.requests(), webhook.stats().adjust_endpoints.errors()),
        (1, 0)
    );
}

#[tokio::test]
async fn no_wishes_are_an_empty_list() {
    let server = server("POST", "/adjustendpoints", json("[]")).await;
    assert!(client(&server.uri()).reader().adjust(Vec::new()).await.unwrap().endpoints.is_empty());
    assert!(only_request(&server).await.ends_with("length=3\n[]\n"));
}

#[tokio::test]
async fn changes_are_one_request() {
    let server = server("POST", "/records", ResponseTemplate::new(204)).await;
    let webhook = client(&server.uri());
    let zone = zone(&webhook).await;
    let changes = [create(a("a.example.org", "192.0.2.1")), create(a("b.example.org", "192.0.2.2"))];
    let outcomes = webhook.writer().apply(&zone, &changes).await;
    assert!(outcomes.len() == 2 && outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let body = concat!(
        r#"{"create":[{"dnsName":"a.example.org","targets":["192.0.2.1"],"recordType":"A"},"#,
        r#"{"dnsName":"b.example.org","targets":["192.0.2.2"],"recordType":"A"}]}"#,
        "\n"
    );
    // ExternalDNS sends no Accept here; the HTTP library sends one that says the same.
    assert_eq!(
        only_request(&server).await,
        format!("POST /records accept=*/* content-type={MEDIA_TYPE} length={}\n{body}", body.len())
    );
    assert!(webhook.writer().apply(&zone, &[]).await.is_empty());
    assert_eq!(webhook.stats().apply_changes.requests(), 1);
}

#[tokio::test]
async fn redirects_are_followed() {
    let server =
        server("GET", "/records", ResponseTemplate::new(307).insert_header("location", "/moved")).await;
    Mock::given(method("GET")).and(path("/moved")).respond_with(json("[]")).mount(&server).await;
    let webhook = client(&server.uri());
    webhook.reader().records(&zone(&webhook).await).await.unwrap();
}

#[tokio::test]
async fn a_hundred_thousand_rows_are_read() {
    let row = |i: usize| {
        format!(
            r#"{{"dnsName":"n{i}.example.org","targets":["192.0.2.1"],"recordType":"A","recordTTL":300}}"#
        )
    };
    let body = format!("[{}]\n", (0..100_000).map(row).collect::<Vec<_>>().join(","));
    let size = body.len();
    let server = server("GET", "/records", json(&body)).await;
    let webhook = client(&server.uri());
    let zone = zone(&webhook).await;
    let start = std::time::Instant::now();
    let listing = webhook.reader().records(&zone).await.unwrap();
    println!("100,000 rows ({size} bytes) read in {:?}", start.elapsed());
    assert_eq!(listing.records.len(), 100_000);
    assert_eq!(listing.records[99_999].name.as_str(), "n99999.example.org");
}
