//! Connections, and what happens to a request on its way: the log, faults, and who answers it.

use crate::answer::{Answer, Refusal};
use crate::arm;
use crate::call::{Call, Operation};
use crate::faults::Fault;
use crate::log::Request;
use crate::state::Shared;
use bytes::Bytes;
use http::Response;
use http::request::Parts;
use std::io;
use tokio::time::Instant;
use zonewright_double::{Body, hang_up, respond};

/// An error closes the connection without a word.
pub(crate) async fn handle(
    shared: Shared,
    base: String,
    started: Instant,
    parts: Parts,
    body: Bytes,
) -> io::Result<Response<Body>> {
    let call = Call::read(parts, body);
    let (number, fault) = {
        let mut state = shared.lock();
        let (zone, record) = (call.zone(), call.record());
        let fault = state.faults.take(|when| when.is_for(call.operation, zone.as_deref(), record.as_deref()));
        (state.log.add(entry(&call, started)), fault)
    };
    let _under_way = UnderWay(&shared);
    // Others may come while this one is under way, as with a service far away.
    tokio::task::yield_now().await;
    let mut cut = false;
    let answer = match fault {
        None => perform(&shared, &call, &base),
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            perform(&shared, &call, &base)
        }
        Some(Fault::Refuse { status, code, message, retry_after }) => {
            let refusal = Refusal::new(status, code, message);
            let mut answer = match call.operation {
                Operation::GetToken | Operation::GetIdentityToken => refusal.of_tokens(),
                _ => refusal.of_manager(shared.lock().bare),
            };
            answer.headers.extend(retry_after.map(|seconds| ("retry-after", seconds.to_string())));
            answer
        }
        Some(Fault::Say { status, body }) => {
            Answer { status, headers: Vec::new(), body: body.into(), error: None }
        }
        Some(Fault::HangUp) => return Err(hang_up()),
        Some(Fault::LoseAnswer) => {
            perform(&shared, &call, &base);
            return Err(hang_up());
        }
        Some(Fault::HalfAnswer) => {
            cut = true;
            perform(&shared, &call, &base)
        }
    };
    let mut state = shared.lock();
    if answer.error.as_deref() == Some("NotPublished") {
        state.log.violations.push(format!(
            "{} {}: {}",
            call.method,
            call.path,
            String::from_utf8_lossy(&answer.body)
        ));
    }
    if let Some(request) = state.log.asked.get_mut(number) {
        request.status = answer.status;
        request.error = answer.error.clone();
    }
    drop(state);
    response(answer, cut)
}

fn perform(shared: &Shared, call: &Call, base: &str) -> Answer {
    let mut state = shared.lock();
    match call.operation {
        Operation::GetToken | Operation::GetIdentityToken => state.tokens.answer(call),
        _ => arm::answer(&mut state, call, base),
    }
}

fn entry(call: &Call, started: Instant) -> Request {
    Request {
        operation: call.operation,
        zone: call.zone(),
        record: call.record(),
        at: started.elapsed(),
        path: call.parts.uri.to_string(),
        if_match: call.header("if-match").map(str::to_owned),
        if_none_match: call.header("if-none-match").map(str::to_owned),
        body: String::from_utf8_lossy(&call.body).into_owned(),
        status: 0,
        error: None,
    }
}

/// Notes the end of a request, even where its client goes away.
struct UnderWay<'a>(&'a Shared);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.lock().log.ended();
    }
}

fn response(answer: Answer, cut: bool) -> io::Result<Response<Body>> {
    let mut response =
        Response::builder().status(answer.status).header("content-type", "application/json; charset=utf-8");
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    respond(response, answer.body, cut)
}
