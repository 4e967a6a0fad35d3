//! A service that says no and quotes all that it was told, in the words of whoever it stands for: the worst that can be in front of a
//! provider, and what gateways and debug modes really do.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::{Arc, Mutex};

/// How it says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// The request, as it came.
    Plain,
    /// JSON in which Cloudflare, Azure, those who give tokens, Cloud Map, DynamoDB and the Kubernetes API all would recognise themselves.
    Json,
    /// XML as Route 53 and STS have it.
    Xml,
    /// Like JSON, but as a webhook provider that reads well and cannot write.
    WritesNothing,
    /// A token whose answer cannot be read.
    BrokenToken,
}

/// Everything that was told so far.
#[derive(Clone)]
pub struct Echo {
    address: String,
    heard: Arc<Mutex<String>>,
}

#[derive(Clone)]
struct Settings {
    manner: Manner,
    status: StatusCode,
    heard: Arc<Mutex<String>>,
}

impl Echo {
    pub async fn start(manner: Manner, status: u16) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heard = Arc::<Mutex<String>>::default();
        let status = StatusCode::from_u16(status).unwrap();
        let router =
            Router::new().fallback(answer).with_state(Settings { manner, status, heard: heard.clone() });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, heard }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

async fn answer(State(settings): State<Settings>, request: Request) -> Response {
    let Settings { manner, status, heard } = settings;
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    // A word for a header, so that the longest line of an excerpt begins with what is secret.
    let secrets = head
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    let told = secrets.collect::<Vec<_>>().join("; ");
    let told = format!("{told}; {}; {} {}", String::from_utf8_lossy(&body), head.method, head.uri);
    heard.lock().unwrap().push_str(&told);
    let path = head.uri.path();
    let kind =
        |text: &'static str, body: String| (status, [(header::CONTENT_TYPE, text)], body).into_response();
    match manner {
        Manner::Plain => kind("text/plain", told),
        Manner::Xml => {
            let told = told.replace('&', "&amp;").replace('<', "&lt;");
            kind(
                "text/xml",
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{told}</Message></Error></ErrorResponse>"
                ),
            )
        }
        Manner::WritesNothing if path == "/" => webhook("{}".to_owned()),
        Manner::WritesNothing if path == "/adjustendpoints" => {
            webhook(String::from_utf8(body.into()).unwrap())
        }
        Manner::WritesNothing if head.method == "GET" => webhook("[]".to_owned()),
        Manner::BrokenToken => kind(
            "application/json",
            r#"{"access_token": ["canary-new-token"], "expires_in": 3600}"#.to_owned(),
        ),
        Manner::Json | Manner::WritesNothing => kind("application/json", refusal(&told)),
    }
}

fn webhook(body: String) -> Response {
    let kind = "application/external.dns.webhook+json;version=1";
    ([(header::CONTENT_TYPE, kind)], Body::from(body)).into_response()
}

fn refusal(told: &str) -> String {
    json!({
        "success": false, "result": null, "messages": [],
        "errors": [{"code": 9109, "message": told, "error_chain": [{"code": 6003, "message": told}]}],
        "error": {"code": "AuthorizationFailed", "message": told}, "error_description": told,
        "__type": "com.amazonaws#AccessDeniedException", "Message": told, "code": 403,
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "message": told,
    })
    .to_string()
}
