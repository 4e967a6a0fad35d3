//! Requests and answers.

use super::*;
use crate::sources::pipeline::PipelineSettings;
use crate::status::testing::rules;
use axum::body::Body;
use axum::http::Request;
use rstest::rstest;
use tower::ServiceExt;

fn ready() -> Router {
    let status = Status::default();
    status.show(StatusParts {
        board: Board::new(Arc::default()),
        wishes: Wishes::new(Vec::new(), PipelineSettings::default()),
        rules: rules(),
        leadership: Leadership::always(),
    });
    routes(status)
}

async fn ask(routes: Router, method: &str, path: &str) -> Response {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    routes.oneshot(request).await.unwrap()
}

async fn body(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[rstest]
#[case("/", "text/html; charset=utf-8")]
#[case("/?q=a&state=held&zone=&page=2", "text/html; charset=utf-8")]
#[case("/name/a.example.org", "text/html; charset=utf-8")]
#[case("/name/0%2F25.2.0.192.in-addr.arpa", "text/html; charset=utf-8")]
#[case("/api/status", "application/json")]
#[case("/api/records?q=a", "application/json")]
#[case("/api/names/*.example.org", "application/json")]
#[tokio::test]
async fn pages_that_there_are(#[case] path: &str, #[case] kind: &str) {
    let response = ask(ready(), "GET", path).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], kind);
    assert_eq!(response.headers()["content-security-policy"], POLICY);
    assert_eq!(response.headers()["x-frame-options"], "DENY");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let text = body(response).await;
    if kind == "application/json" {
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}

#[rstest]
#[case("/?state=great", 400, "is not a state")]
#[case("/?page=-1", 400, "is not the number of a page")]
#[case("/api/records?state=great", 400, "\"error\":")]
#[case("/name/a..b", 400, "Not a name")]
#[case("/api/names/a..b", 400, "\"error\":")]
#[tokio::test]
async fn requests_that_make_no_sense(#[case] path: &str, #[case] status: u16, #[case] part: &str) {
    let response = ask(ready(), "GET", path).await;
    assert_eq!(response.status(), status);
    let text = body(response).await;
    assert!(text.contains(part), "{text}");
}

#[rstest]
#[tokio::test]
async fn nothing_can_be_changed(
    #[values("/", "/name/a.org", "/api/status", "/api/records", "/api/names/a.org")] path: &str,
    #[values("POST", "PUT", "DELETE", "PATCH")] method: &str,
) {
    assert_eq!(ask(ready(), method, path).await.status(), 405);
}

#[tokio::test]
async fn before_there_is_anything_to_show_it_says_so() {
    let starting = || routes(Status::default());
    assert_eq!(ask(starting(), "GET", "/").await.status(), 503);
    assert_eq!(ask(starting(), "GET", "/api/status").await.status(), 503);
    assert_eq!(ask(starting(), "GET", "/style.css").await.status(), 200);
}
