//! Connections, and what happens to a request on its way: the log, faults, and who answers it.

use crate::answer::{Answer, Refusal};
use crate::arm;
use crate::call::{Call, Operation};
use crate::faults::Fault;
use crate::log::Request;
use crate::state::Shared;
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http::Response;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io::{Error, ErrorKind};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

type Body = BoxBody<Bytes, Error>;

/// Serves until it is dropped, and all connections with it.
pub(crate) async fn serve(listener: TcpListener, shared: Shared, base: String, started: Instant) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (shared, base) = (shared.clone(), base.clone());
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let (shared, base) = (shared.clone(), base.clone());
                async move { handle(&shared, &base, started, request).await }
            });
            // Clients that go away, and connections that are closed on purpose.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// An error closes the connection without a word.
async fn handle(
    shared: &Shared,
    base: &str,
    started: Instant,
    request: http::Request<Incoming>,
) -> Result<Response<Body>, Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|error| Error::new(ErrorKind::InvalidData, error))?.to_bytes();
    let call = Call::read(parts, body);
    let (number, fault) = {
        let mut state = shared.lock();
        let (zone, record) = (call.zone(), call.record());
        let fault = state.faults.take(call.operation, zone.as_deref(), record.as_deref());
        (state.log.add(entry(&call, started)), fault)
    };
    let _under_way = UnderWay(shared);
    // Others may come while this one is under way, as with a service far away.
    tokio::task::yield_now().await;
    let mut cut = false;
    let answer = match fault {
        None => perform(shared, &call, base),
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            perform(shared, &call, base)
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
        Some(Fault::HangUp) => return Err(ErrorKind::ConnectionReset.into()),
        Some(Fault::LoseAnswer) => {
            perform(shared, &call, base);
            return Err(ErrorKind::ConnectionReset.into());
        }
        Some(Fault::HalfAnswer) => {
            cut = true;
            perform(shared, &call, base)
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
    state.log.answered(number, answer.status, answer.error.clone());
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

fn response(answer: Answer, cut: bool) -> Result<Response<Body>, Error> {
    let mut response =
        Response::builder().status(answer.status).header("content-type", "application/json; charset=utf-8");
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    let body = if cut {
        // The whole length is promised.
        response = response.header("content-length", answer.body.len());
        let half = Frame::data(answer.body.slice(..answer.body.len() / 2));
        let broken = async {
            // What was said so far is sent when there is nothing more to say at once.
            tokio::task::yield_now().await;
            Err(ErrorKind::ConnectionReset.into())
        };
        BodyExt::boxed(StreamBody::new(stream::iter([Ok(half)]).chain(stream::once(broken))))
    } else {
        Full::new(answer.body).map_err(|never: Infallible| match never {}).boxed()
    };
    response.body(body).map_err(|error| Error::new(ErrorKind::InvalidInput, error))
}
