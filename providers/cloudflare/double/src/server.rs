//! Connections, and what happens to a request on its way: the log, faults, the contract.

use crate::api::{BASE, Route, credentials};
use crate::faults::Fault;
use crate::log::{Exchange, Operation};
use crate::state::{Refusal, State};
use bytes::Bytes;
use http::Response;
use http::request::Parts;
use serde_json::{Value, json};
use std::io;
use zonewright_double::{Body, hang_up, respond};

/// What everybody looks at.
pub(crate) type Shared = zonewright_double::Shared<State>;

/// An answer on its way out.
struct Said {
    status: u16,
    body: Bytes,
    retry_after: Option<u64>,
}

/// An error closes the connection without a word.
pub(crate) async fn handle(shared: Shared, parts: Parts, body: Bytes) -> io::Result<Response<Body>> {
    let route = Route::new(parts.method.as_str(), parts.uri.path());
    let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let call = Exchange {
        operation: route.operation,
        method: parts.method.to_string(),
        path: parts.uri.path().strip_prefix(BASE).unwrap_or_default().to_owned(),
        query: query.into_owned().collect(),
        zone: route.zone.clone(),
        credentials: credentials(&parts.headers),
        body: (!body.is_empty()).then(|| serde_json::from_slice(&body).unwrap_or(Value::Null)),
        status: 0,
        answer: None,
    };
    let fault = shared.lock().faults.take(|when| when.is_for(route.operation, route.zone.as_deref()));
    let (mut cut, mut is_ours) = (false, true);
    let said = match fault {
        None => perform(&shared, &route, &call),
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            perform(&shared, &route, &call)
        }
        Some(Fault::Refuse { status, code, message, retry_after }) => {
            said(Err(Refusal { retry_after, ..Refusal::new(status, code, &message) }))
        }
        Some(Fault::Say { status, body }) => {
            is_ours = false;
            Said { status, body: body.into(), retry_after: None }
        }
        Some(Fault::HangUp) => {
            shared.lock().log.push(call);
            return Err(hang_up());
        }
        Some(Fault::LoseAnswer) => {
            perform(&shared, &route, &call);
            shared.lock().log.push(call);
            return Err(hang_up());
        }
        Some(Fault::HalfAnswer) => {
            cut = true;
            perform(&shared, &route, &call)
        }
        Some(Fault::ThenDrift) => {
            let said = perform(&shared, &route, &call);
            drift(&mut shared.lock(), route.zone.as_deref().unwrap_or_default());
            said
        }
    };
    note(&shared, call, &said, is_ours);
    response(said, cut)
}

fn perform(shared: &Shared, route: &Route, call: &Exchange) -> Said {
    said(shared.lock().answer(route, call))
}

fn said(result: Result<Value, Refusal>) -> Said {
    match result {
        Ok(answer) => Said { status: 200, body: answer.to_string().into(), retry_after: None },
        Err(Refusal { status, errors, retry_after }) => {
            let body = json!({"success": false, "errors": errors, "messages": [], "result": null});
            Said { status, body: body.to_string().into(), retry_after }
        }
    }
}

fn note(shared: &Shared, call: Exchange, said: &Said, is_ours: bool) {
    let answer = serde_json::from_slice(&said.body).ok();
    let exchange = Exchange { status: said.status, answer, ..call };
    let mut state = shared.lock();
    // What a test lets the service say is not held against it, and neither is a route that there is not.
    if is_ours && exchange.operation != Operation::Unknown {
        let violations = state.contract.violations(&exchange);
        state.violations.extend(violations);
    }
    state.log.push(exchange);
}

/// The first record goes, and another one comes: as many as before, and another page.
fn drift(state: &mut State, zone: &str) {
    let id = state.new_id();
    let Some(zone) = state.zones.get_mut(zone) else { return };
    let mut all = zone.records.all();
    all.sort_by(|a, b| (&a.record_type, &a.name, &a.id).cmp(&(&b.record_type, &b.name, &b.id)));
    let Some(first) = all.first() else { return };
    if let Some(at) = zone.records.position(&first.id) {
        zone.records.remove(at);
    }
    let name = format!("zzz-{}.{}", id.get(..8).unwrap_or_default(), zone.name);
    zone.records.push(crate::state::Record { id, name, ..first.as_ref().clone() });
}

fn response(said: Said, cut: bool) -> io::Result<Response<Body>> {
    let mut response = Response::builder().status(said.status).header("content-type", "application/json");
    if let Some(seconds) = said.retry_after {
        response = response.header("retry-after", seconds.to_string());
    }
    respond(response, said.body, cut)
}
