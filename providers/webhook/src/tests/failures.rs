//! What goes wrong, and how it is told.

use super::*;
use rstest::rstest;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use zonewright_provider_kit::{ErrorClass, ProviderError, WriteZone};

const THROTTLED: ErrorClass = ErrorClass::Throttled { retry_after: Some(Duration::from_secs(7)) };

/// The error of each of the three calls against a server that always answers the same.
async fn all_errors(webhook: &Webhook) -> [ProviderError; 3] {
    let zone = zone(webhook).await;
    let listed = webhook.reader().records(&zone).await.map(drop);
    let adjusted = webhook.reader().adjust(vec![a("a.example.org", "192.0.2.1")]).await.map(drop);
    let changes = [create(a("a.example.org", "192.0.2.1")), create(a("b.example.org", "192.0.2.1"))];
    let applied = webhook.writer().apply(&zone, &changes).await;
    assert_eq!(applied.len(), 2);
    assert_eq!(applied[0].as_ref().unwrap_err().to_string(), applied[1].as_ref().unwrap_err().to_string());
    [listed.unwrap_err(), adjusted.unwrap_err(), applied[0].clone().unwrap_err()]
}

#[rstest]
#[case(400, ErrorClass::InvalidRecord)]
#[case(401, ErrorClass::Auth)]
#[case(403, ErrorClass::Auth)]
#[case(404, ErrorClass::Permanent)]
#[case(409, ErrorClass::Conflict)]
#[case(422, ErrorClass::InvalidRecord)]
#[case(429, THROTTLED)]
#[case(500, ErrorClass::Unavailable)]
#[case(503, THROTTLED)]
#[case(511, ErrorClass::Unavailable)]
#[case(201, ErrorClass::Permanent)]
#[case(304, ErrorClass::Permanent)]
#[tokio::test]
async fn statuses_have_classes(#[case] status: u16, #[case] expected: ErrorClass) {
    let server = MockServer::start().await;
    let answer =
        ResponseTemplate::new(status).insert_header("retry-after", "7").set_body_string("out of\norder ");
    Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;
    let webhook = client(&server.uri());
    let errors = all_errors(&webhook).await;
    for (n, (error, call)) in errors.iter().zip(["GET", "POST", "POST"]).enumerate() {
        let text = error.to_string();
        if let (1.., ErrorClass::Throttled { retry_after }) = (n, error.class()) {
            assert!(text.contains("wants to be left alone"), "nothing is sent any more: {text}");
            assert!(retry_after.is_some_and(|time| time <= Duration::from_secs(7)));
            continue;
        }
        assert_eq!(error.class(), expected, "{error}");
        assert!(text.starts_with(&format!("webhook provider: {call} http://127.0.0.1:")), "{text}");
        assert!(text.contains(&format!("the answer is {status}")), "{text}");
        if status >= 400 {
            assert!(text.ends_with(": out of\\norder"), "{text}");
        }
    }
    let stats = webhook.stats();
    for calls in [&stats.records, &stats.adjust_endpoints, &stats.apply_changes] {
        assert_eq!((calls.requests(), calls.errors()), (1, 1));
    }
}

#[tokio::test]
async fn only_204_means_applied() {
    let server = server("POST", "/records", ResponseTemplate::new(200)).await;
    let webhook = client(&server.uri());
    let outcome =
        webhook.writer().apply(&zone(&webhook).await, &[create(a("a.example.org", "192.0.2.1"))]).await;
    let error = outcome[0].as_ref().unwrap_err();
    assert_eq!(error.class(), ErrorClass::Permanent);
    assert!(error.is_outcome_unknown(), "it may well have been");
}

#[rstest]
#[case::no_list("{}", "is not a JSON list")]
#[case::cut(r#"[{"dnsName":"a.org"}"#, "ends in the middle")]
#[case::empty("", "ends in the middle")]
#[case::not_json(r#"[{"dnsName":"a.org"},{"dnsName"}]"#, "row 2 cannot be read")]
#[case::wrong_type(r#"[{"recordTTL":"60"}]"#, "row 1 cannot be read: invalid type: string \"60\"")]
#[tokio::test]
async fn nonsense_is_an_error_and_never_a_shorter_list(#[case] body: &str, #[case] expected: &str) {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any()).respond_with(json(body)).mount(&server).await;
    let webhook = client(&server.uri());
    for error in &all_errors(&webhook).await[..2] {
        assert_eq!(error.class(), ErrorClass::Unavailable);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[rstest]
#[case(9, true)]
#[case(10, false)]
#[case(0, false)]
#[case(-1, false)]
#[tokio::test]
async fn long_answers_are_cut_off_and_the_flag_is_named(#[case] limit: i64, #[case] fails: bool) {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any()).respond_with(json("[       ]\n")).mount(&server).await;
    let config = WebhookConfig { max_body_size: limit, ..WebhookConfig::new(server.uri()) };
    let webhook = Webhook::new(&config).unwrap();
    let listed = webhook.reader().records(&zone(&webhook).await).await;
    let adjusted = webhook.reader().adjust(Vec::new()).await;
    assert_eq!((listed.is_err(), adjusted.is_err()), (fails, fails));
    for error in listed.err().iter().chain(&adjusted.err()) {
        assert_eq!(error.class(), ErrorClass::Permanent);
        assert!(error.to_string().contains("--webhook-provider-max-body-size"), "{error}");
    }
}

#[tokio::test]
async fn a_slow_answer_runs_into_the_sum_of_the_timeouts() {
    let server = MockServer::start().await;
    let answer = json("[]").set_delay(Duration::from_secs(60));
    Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;
    let timeouts = (Duration::from_millis(20), Duration::from_millis(30));
    let config = WebhookConfig {
        read_timeout: timeouts.0,
        write_timeout: timeouts.1,
        ..WebhookConfig::new(server.uri())
    };
    for error in all_errors(&Webhook::new(&config).unwrap()).await {
        assert_eq!(error.class(), ErrorClass::Unavailable);
        assert!(error.to_string().contains("no complete answer within 50ms"), "{error}");
    }
}

/// Answers every connection with these bytes, then closes it or, when asked, holds it open.
async fn raw_server(answer: &'static str, hold: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            if hold {
                held.push(stream);
            }
        }
    });
    format!("http://{address}")
}

#[rstest]
// Applying needs no body, so for that call this is simply a wrong status.
#[case::cut_in_the_body("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{\"dnsName\":\"a.example.org\"},", 2)]
#[case::cut_in_the_header("HTTP/1.1 200 OK\r\ncont", 3)]
#[case::nothing("", 3)]
#[case::not_http("SSH-2.0-OpenSSH_9.6\r\n", 3)]
#[tokio::test]
async fn half_an_answer_is_an_error(#[case] answer: &'static str, #[case] calls: usize) {
    let webhook = client(&raw_server(answer, false).await);
    for error in &all_errors(&webhook).await[..calls] {
        assert_eq!(error.class(), ErrorClass::Unavailable);
        assert!(error.to_string().contains("no complete answer"), "{error}");
        assert!(error.is_outcome_unknown());
    }
}

#[rstest]
#[case(400, false)]
#[case(500, false)]
#[case(502, true)]
#[case(504, true)]
#[tokio::test]
async fn a_gateway_does_not_know_what_became_of_a_write(#[case] status: u16, #[case] unknown: bool) {
    let server = server("POST", "/records", ResponseTemplate::new(status)).await;
    let webhook = client(&server.uri());
    let zone = zone(&webhook).await;
    let outcomes = webhook.writer().apply(&zone, &[create(a("a.example.org", "192.0.2.1"))]).await;
    assert_eq!(outcomes[0].as_ref().unwrap_err().is_outcome_unknown(), unknown);
}

#[tokio::test]
async fn what_could_not_be_sent_was_not_done() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for error in all_errors(&client(&format!("http://{address}"))).await {
        assert_eq!((error.class(), error.is_outcome_unknown()), (ErrorClass::Unavailable, false));
    }
}

#[tokio::test]
async fn a_rate_of_requests_is_kept() {
    let server = server("GET", "/records", json("[]")).await;
    let config = WebhookConfig { requests_per_second: Some(20.0), ..WebhookConfig::new(server.uri()) };
    let webhook = Webhook::new(&config).unwrap();
    let zone = zone(&webhook).await;
    let begun = std::time::Instant::now();
    for _ in 0..21 {
        webhook.reader().records(&zone).await.unwrap();
    }
    assert!(begun.elapsed() >= Duration::from_secs(1), "the 21st waits: {:?}", begun.elapsed());
    assert_eq!(webhook.reader().capabilities().requests_per_second, Some(20.0));
}

#[tokio::test]
async fn an_answer_that_stops_half_way_runs_into_the_timeout() {
    let url =
        raw_server("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{\"dnsName\":\"a.example.org\"},", true)
            .await;
    let config = WebhookConfig {
        read_timeout: Duration::from_millis(50),
        write_timeout: Duration::ZERO,
        ..WebhookConfig::new(url)
    };
    let webhook = Webhook::new(&config).unwrap();
    let error = webhook.reader().records(&zone(&webhook).await).await.unwrap_err();
    assert!(error.to_string().contains("within 50ms"), "{error}");
}

#[tokio::test]
async fn a_provider_that_comes_up_late_is_found() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let webhook = client(&format!("http://{address}"));
    let error = webhook.reader().domain_filter().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Unavailable);
    assert_eq!(webhook.negotiate(1).await.unwrap_err().class(), ErrorClass::Unavailable);
    let listener = std::net::TcpListener::bind(address).unwrap();
    let server = MockServer::builder().listener(listener).start().await;
    Mock::given(method("GET")).and(path("/")).respond_with(json("{}")).mount(&server).await;
    webhook.negotiate(1).await.unwrap();
    webhook.reader().domain_filter().await.unwrap();
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[rstest]
#[case("application/external.dns.webhook+json; version=1")]
#[case("application/json")]
#[tokio::test]
async fn the_media_type_is_exact(#[case] content_type: &str) {
    let server = server("GET", "/", ResponseTemplate::new(200).set_body_raw("{}", content_type)).await;
    let webhook = client(&server.uri());
    let error = webhook.negotiate(5).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Permanent);
    assert!(error.to_string().contains(content_type), "{error}");
    // No use in asking again at once; but the next cycle does.
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
    webhook.reader().domain_filter().await.unwrap_err();
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_bad_filter_fails_the_negotiation() {
    let server = server("GET", "/", json(r#"{"regexInclude":"("}"#)).await;
    let error = client(&server.uri()).reader().domain_filter().await.unwrap_err();
    assert!(error.to_string().contains("invalid regexInclude"), "{error}");
}

#[rstest]
#[case("localhost:8888", "http:// or https://")]
#[case("", "relative URL")]
#[case("http://", "empty host")]
fn a_bad_url_is_refused_with_the_flag(#[case] url: &str, #[case] expected: &str) {
    let Err(error) = Webhook::new(&WebhookConfig::new(url)) else { panic!("accepted {url}") };
    let text = error.to_string();
    assert!(text.starts_with("--webhook-provider-url") && text.contains(expected), "{text}");
}
