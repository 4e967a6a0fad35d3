use super::*;
use crate::urls::below;
use rstest::rstest;
use std::sync::{Arc, Mutex};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/thing")).respond_with(answer).mount(&server).await;
    server
}

fn request(server: &MockServer, method: Method) -> Request {
    let base = Url::parse(&server.uri()).unwrap();
    Request::new("do-thing", "Service: doing thing", method, below(&base, &["thing"]))
}

fn api(server: &MockServer, settings: ApiSettings) -> Api {
    Api::new(&Url::parse(&server.uri()).unwrap(), settings).unwrap()
}

#[rstest]
#[case(401, ErrorClass::Auth, false)]
#[case(404, ErrorClass::Permanent, false)]
#[case(409, ErrorClass::Conflict, false)]
#[case(422, ErrorClass::InvalidRecord, false)]
#[case(302, ErrorClass::Permanent, false)]
#[case(500, ErrorClass::Unavailable, false)]
#[case(502, ErrorClass::Unavailable, true)]
#[tokio::test]
async fn a_status_is_a_class(#[case] status: u16, #[case] class: ErrorClass, #[case] open: bool) {
    let answer =
        ResponseTemplate::new(status).insert_header("location", "/elsewhere").set_body_string("because");
    let server = server(answer).await;
    let api = api(&server, ApiSettings::default());
    let answer = api.send(request(&server, Method::POST)).await.unwrap();
    let error = answer.status_error();
    assert_eq!((error.class(), error.is_outcome_unknown()), (class, open));
    assert!(error.to_string().starts_with("Service: doing thing: the answer is "), "{error}");
    assert!(error.to_string().ends_with(": because"), "{error}");
    let answer = api.send(request(&server, Method::GET)).await.unwrap();
    assert!(!answer.status_error().is_outcome_unknown(), "reading leaves nothing open");
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_for_everybody() {
    let server = server(ResponseTemplate::new(429).insert_header("retry-after", "30")).await;
    let api = api(&server, ApiSettings::default());
    let answer = api.send(request(&server, Method::GET)).await.unwrap();
    assert_eq!(answer.class(), ErrorClass::Throttled { retry_after: Some(Duration::from_secs(30)) });
    let error = api.clone().send(request(&server, Method::GET)).await.unwrap_err();
    assert!(matches!(error.class(), ErrorClass::Throttled { .. }));
    assert_eq!(server.received_requests().await.unwrap().len(), 1, "the second one never left");
}

#[tokio::test]
async fn an_answer_has_bounds() {
    let server = server(ResponseTemplate::new(200).set_body_string("x".repeat(101))).await;
    let api = api(&server, ApiSettings { longest_answer: 100, ..ApiSettings::default() });
    let error = api.send(request(&server, Method::GET)).await.unwrap_err();
    assert!(error.to_string().contains("longer than 100 bytes"), "{error}");
}

#[tokio::test]
async fn a_late_answer_leaves_a_write_open() {
    let server = server(ResponseTemplate::new(200).set_delay(Duration::from_secs(5))).await;
    let timeouts = Timeouts { connect: Duration::from_secs(1), total: Duration::from_millis(50) };
    let api = api(&server, ApiSettings { timeouts, ..ApiSettings::default() });
    let error = api.send(request(&server, Method::POST)).await.unwrap_err();
    assert_eq!((error.class(), error.is_outcome_unknown()), (ErrorClass::Unavailable, true));
    let error = api.send(request(&server, Method::GET)).await.unwrap_err();
    assert!(!error.is_outcome_unknown());
}

#[tokio::test]
async fn nobody_there_is_a_write_that_did_not_happen() {
    let server = MockServer::start().await;
    let (request, api) = (request(&server, Method::POST), api(&server, ApiSettings::default()));
    drop(server);
    // The server of a dropped mock may be lent to somebody else; a port where nobody listens is not.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let request = Request { url: Url::parse(&format!("http://{nobody}/thing")).unwrap(), ..request };
    let error = api.send(request).await.unwrap_err();
    assert_eq!((error.class(), error.is_outcome_unknown()), (ErrorClass::Unavailable, false));
}

#[tokio::test]
async fn a_success_in_other_words_leaves_a_write_open() {
    let server = server(ResponseTemplate::new(200).set_body_string("<html>")).await;
    let api = api(&server, ApiSettings::default());
    let answer = api.send(request(&server, Method::POST)).await.unwrap();
    let error = answer.json::<Vec<u8>>().unwrap_err();
    assert_eq!((error.class(), error.is_outcome_unknown()), (ErrorClass::Unavailable, true));
    assert!(error.to_string().contains("<html>"), "{error}");
}

#[tokio::test]
async fn every_request_is_recorded_with_its_operation_and_no_secret_is_shown() {
    let server = MockServer::start().await;
    let expected = Mock::given(method("PUT")).and(header("authorization", "Bearer s3cret"));
    expected.respond_with(ResponseTemplate::new(204)).expect(2).mount(&server).await;
    let seen: Arc<Mutex<Vec<RequestRecord>>> = Arc::default();
    let kept = seen.clone();
    let recorder = RequestRecorder::new(move |record| kept.lock().unwrap().push(record.clone()));
    let api = api(&server, ApiSettings { recorder, ..ApiSettings::default() });
    let request = request(&server, Method::PUT).json(&["a"]).unwrap();
    let request = request.secret_header("authorization", "Bearer s3cret").unwrap();
    assert!(!format!("{request:?}").contains("s3cret"));
    api.send(request.clone()).await.unwrap();
    api.send(request.ends_in_an_id()).await.unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen[0].url.ends_with("/thing") && seen[1].url.ends_with("/:id"), "{seen:?}");
    assert_eq!(
        (seen[0].operation.as_str(), seen[0].method.as_str(), seen[0].status),
        ("do-thing", "PUT", Some(204))
    );
}
