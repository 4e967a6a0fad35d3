//! Looking at what the delete guard withholds, and approving it, over HTTP.
//!
//! The address is open to the Pod network, without a password, for probes and Prometheus. So an approval is taken only from the
//! same Pod or machine: `kubectl exec` and `kubectl port-forward` arrive there on the loopback interface. Nothing that a
//! browser can be made to send, and nothing that a proxy passes on, counts as that.

use crate::sync::guard::{ApprovalHandle, ApproveError, Withheld};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use zonewright_planner::Record;

/// `GET /api/withheld` and `POST /api/approve`.
pub(super) fn routes(approvals: ApprovalHandle) -> Router {
    Router::new().route("/api/withheld", get(list)).route("/api/approve", post(approve)).with_state(approvals)
}

/// What approves: `{"hash": "…"}`.
#[derive(Debug, Deserialize)]
struct Wanted {
    hash: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    zone: &'a str,
    zone_id: &'a str,
    hash: &'a str,
    count: usize,
    owned: usize,
    reason: String,
    deletes: Vec<Delete<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Delete<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    record_type: &'a str,
    set_identifier: &'a str,
    targets: Vec<String>,
}

fn row(withheld: &Withheld) -> Row<'_> {
    Row {
        zone: withheld.zone_text(),
        zone_id: withheld.zone.as_str(),
        hash: &withheld.hash,
        count: withheld.deletes.len(),
        owned: withheld.owned,
        reason: withheld.why(),
        deletes: withheld.deletes.iter().map(delete).collect(),
    }
}

fn delete(record: &Record) -> Delete<'_> {
    Delete {
        name: record.name.as_str(),
        record_type: record.record_type.as_str(),
        set_identifier: &record.set_identifier,
        targets: record.targets.iter().map(ToString::to_string).collect(),
    }
}

async fn list(State(approvals): State<ApprovalHandle>) -> Response {
    let withheld = approvals.withheld();
    let rows: Vec<Row<'_>> = withheld.iter().map(|withheld| row(withheld)).collect();
    answer(StatusCode::OK, &json!({"withheld": rows}))
}

async fn approve(
    State(approvals): State<ApprovalHandle>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err((status, message)) = comes_from_here(peer.ip(), &headers) {
        return refuse(status, message);
    }
    let Ok(Wanted { hash }) = serde_json::from_slice(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "the body has to be {\"hash\": \"...\"}");
    };
    match approvals.approve(&hash).await {
        Ok(Ok(approved)) => {
            let released = json!({"zone": approved.zone.as_str(), "hash": hash, "deletes": approved.deletes});
            answer(StatusCode::OK, &json!({"approved": released}))
        }
        Ok(Err(error)) => {
            let (status, present) = match &error {
                ApproveError::Unknown { present, .. } => (StatusCode::NOT_FOUND, present),
                ApproveError::Spent { present, .. } => (StatusCode::CONFLICT, present),
            };
            answer(status, &json!({"error": error.to_string(), "withheld": present}))
        }
        Err(ended) => refuse(StatusCode::SERVICE_UNAVAILABLE, &ended.to_string()),
    }
}

/// Whether a request was made on this machine or in this Pod, by a program that meant it.
fn comes_from_here(peer: IpAddr, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    // The addresses themselves, not all of 127.0.0.0/8: Istio's sidecar passes requests from outside on as 127.0.0.6.
    let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let is_forwarded = ["forwarded", "via", "x-forwarded-for", "x-forwarded-proto", "l5d-client-id"]
        .iter()
        .any(|name| headers.contains_key(*name));
    if !here.contains(&peer.to_canonical()) || is_forwarded {
        return Err((
            StatusCode::FORBIDDEN,
            "approvals are taken only from the loopback interface: use kubectl exec or kubectl port-forward",
        ));
    }
    // A web page can make a browser send a form or plain text anywhere, but not JSON to a server that does not agree; and a name
    // that somebody points at 127.0.0.1 is not one of ours.
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_local_host(text(header::HOST)) || headers.contains_key(header::ORIGIN) {
        return Err((StatusCode::FORBIDDEN, "the host has to be localhost, 127.0.0.1 or [::1]"));
    }
    if text(header::CONTENT_TYPE).split(';').next().map(str::trim) != Some("application/json") {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type has to be application/json"));
    }
    Ok(())
}

fn is_local_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

fn refuse(status: StatusCode, message: &str) -> Response {
    answer(status, &json!({"error": message}))
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const JSON: &str = "application/json";

    fn verdict(peer: &str, headers: &[(&'static str, &'static str)]) -> Option<u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        comes_from_here(peer.parse().unwrap(), &map).err().map(|(status, _)| status.as_u16())
    }

    #[rstest]
    #[case("127.0.0.1", "127.0.0.1:7979")]
    #[case("::ffff:127.0.0.1", "localhost:7979")]
    #[case("::1", "[::1]:7979")]
    #[case("::1", "[::1]")]
    #[case("127.0.0.1", "localhost")]
    fn requests_from_here(#[case] peer: &str, #[case] host: &'static str) {
        assert_eq!(verdict(peer, &[("host", host), ("content-type", JSON)]), None);
        assert_eq!(
            verdict(peer, &[("host", host), ("content-type", "application/json; charset=utf-8")]),
            None
        );
    }

    #[rstest]
    #[case::from_the_network("10.0.0.7", &[("host", "localhost"), ("content-type", JSON)], 403)]
    #[case::through_a_sidecar("127.0.0.6", &[("host", "localhost"), ("content-type", JSON)], 403)]
    #[case::through_a_proxy("127.0.0.1", &[("host", "localhost"), ("content-type", JSON), ("x-forwarded-for", "10.0.0.7")], 403)]
    #[case::by_a_name_that_points_here("127.0.0.1", &[("host", "evil.example:7979"), ("content-type", JSON)], 403)]
    #[case::without_a_host("127.0.0.1", &[("content-type", JSON)], 403)]
    #[case::by_a_web_page("127.0.0.1", &[("host", "localhost"), ("content-type", JSON), ("origin", "https://evil.example")], 403)]
    #[case::by_a_form("127.0.0.1", &[("host", "localhost"), ("content-type", "text/plain")], 415)]
    #[case::of_no_type("127.0.0.1", &[("host", "localhost")], 415)]
    fn requests_from_elsewhere(
        #[case] peer: &str,
        #[case] headers: &[(&'static str, &'static str)],
        #[case] expected: u16,
    ) {
        assert_eq!(verdict(peer, headers), Some(expected));
    }
}
