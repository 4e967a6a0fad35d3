//! What is no request.

use super::*;
use rstest::rstest;

#[rstest]
#[case::no_json("{", "the body cannot be read")]
#[case::another_type("[]", "the body cannot be read")]
#[case::two_values("{} {}", "the body cannot be read")]
#[case::null_row(r#"{"create":[null]}"#, "null in place of an endpoint")]
#[case::text_ttl(r#"{"create":[{"recordTTL":"60"}]}"#, "the body cannot be read")]
#[case::no_pairs(
    r#"{"updateOld":[{"dnsName":"a.org","recordType":"A"}]}"#,
    "updateOld has 1 entries and updateNew 0"
)]
#[case::no_name(r#"{"create":[{"recordType":"A","targets":["192.0.2.1"]}]}"#, "create[0]: ")]
#[case::no_text("\u{0}", "the body cannot be read")]
#[tokio::test]
async fn changes_that_make_no_sense_change_nothing(#[case] body: &'static str, #[case] expected: &str) {
    let provider = Provider::new(&["example.org"]);
    let server = serve(&provider, config()).await;
    let answer = server.send(server.post_request("/records", body)).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains(expected), "{answer:?}");
    assert_eq!(provider.written(), [[""; 0]; 0]);
}

#[tokio::test]
async fn wishes_that_make_no_sense_are_refused() {
    let server = serve(&Provider::new(&["example.org"]), config()).await;
    for body in ["{}", "[null]", "[1]", ""] {
        assert_eq!(server.send(server.post_request("/adjustendpoints", body)).await.status, 400, "{body}");
    }
}

/// 400, as ExternalDNS answers; other paths, which it answers as it does `/`, are not there.
#[tokio::test]
async fn other_methods_and_paths_are_refused() {
    let server = serve(&Provider::new(&["example.org"]), config()).await;
    let status = async |method: &str, path: &str| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        server.send(client().request(method, format!("{}{path}", server.url))).await.status
    };
    for (method, path, expected) in [
        ("PUT", "/records", 400),
        ("DELETE", "/records", 400),
        ("GET", "/adjustendpoints", 400),
        ("POST", "/", 400),
        ("GET", "/applychanges", 404),
        ("GET", "/records/", 404),
        ("GET", "/healthz", 200),
        ("HEAD", "/records", 200),
    ] {
        assert_eq!(status(method, path).await, expected, "{method} {path}");
    }
    let recorded: Vec<u16> = server.recorded.lock().unwrap().iter().map(|(_, status)| *status).collect();
    assert_eq!(recorded, [400, 400, 400, 400, 404, 404, 200, 200]);
}

#[tokio::test]
async fn other_media_types_are_refused() {
    let server = serve(&Provider::new(&["example.org"]), config()).await;
    let post = async |content_type: Option<&str>| {
        let request = client().post(format!("{}/records", server.url)).body("{}");
        let request =
            content_type.iter().fold(request, |request, value| request.header("content-type", *value));
        server.send(request).await.status
    };
    assert_eq!(post(Some(MEDIA_TYPE)).await, 204);
    assert_eq!(post(Some("application/json")).await, 204);
    assert_eq!(post(None).await, 415);
    assert_eq!(post(Some("text/plain")).await, 415);
    assert_eq!(post(Some("application/external.dns.webhook+json;version=2")).await, 415);
    let get = |accept: &str| server.send(client().get(&server.url).header("accept", accept.to_owned()));
    assert_eq!(get("*/*").await.status, 200);
    let answer = get("application/external.dns.webhook+json;version=2").await;
    assert_eq!(answer.status, 406);
    assert!(answer.body.contains(MEDIA_TYPE), "{answer:?}");
    let gzip = server.post_request("/records", "{}").header("content-encoding", "gzip");
    assert_eq!(server.send(gzip).await.status, 415);
}

#[tokio::test]
async fn too_long_a_request_is_refused_and_the_flag_is_named() {
    let provider = Provider::new(&["example.org"]);
    let server = serve(&provider, ServingConfig { max_body_size: Some(100), ..config() }).await;
    let long = json!({ "create": [a(&format!("{}.example.org", "x".repeat(60)), "192.0.2.1")] });
    let answer = server.apply(&long).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("longer than 100 bytes; --webhook-provider-max-body-size"), "{answer:?}");
    assert_eq!(server.apply(&json!({})).await.status, 204);
    let server = serve(&provider, ServingConfig { max_body_size: None, ..config() }).await;
    assert_eq!(server.apply(&long).await.status, 204);
}
