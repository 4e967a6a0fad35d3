//! Connections, and what happens to a request on its way to the services: the log, faults, access, the rate.

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::faults::Fault;
use crate::log::{Operation, Request, Service};
use crate::state::Shared;
use crate::{cloud_map, route53, sts};
use bytes::Bytes;
use http::Response;
use http::request::Parts;
use std::io;
use zonewright_double::{Body, hang_up, respond};

/// An error closes the connection without a word.
pub(crate) async fn handle(shared: Shared, parts: Parts, body: Bytes) -> io::Result<Response<Body>> {
    let call = Call::read(parts, body);
    let (number, fault) = {
        let mut state = shared.lock();
        let fault = state.faults.take(|when| when.is_for(call.operation, call.zone()));
        let entry = entry(&call, state.now());
        (state.log.add(entry), fault)
    };
    let mut cut = false;
    let answer = match fault {
        None => perform(&shared, &call, number).await,
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            perform(&shared, &call, number).await
        }
        Some(Fault::Refuse { status, code, message, retry_after }) => {
            let error = ApiError::new(status, code, message);
            let form = shared.lock().batch_errors;
            let mut answer = Answer::refusal(&error, &call, form, &request_id(number));
            answer.headers.extend(retry_after.map(|seconds| ("retry-after", seconds.to_string())));
            answer
        }
        Some(Fault::Say { status, content_type, body }) => {
            Answer { status, content_type, headers: Vec::new(), body: body.into(), error: None }
        }
        Some(Fault::HangUp) => return Err(hang_up()),
        Some(Fault::LoseAnswer) => {
            perform(&shared, &call, number).await;
            return Err(hang_up());
        }
        Some(Fault::HalfAnswer) => {
            cut = true;
            perform(&shared, &call, number).await
        }
    };
    if let Some(request) = shared.lock().log.get_mut(number) {
        request.status = answer.status;
        request.error = answer.error.clone();
    }
    response(answer, number, cut)
}

fn entry(call: &Call, at: std::time::Duration) -> Request {
    Request {
        operation: call.operation,
        zone: call.zone().map(str::to_owned),
        access_key: call.access_key.clone(),
        at,
        path: call.parts.uri.to_string(),
        body: String::from_utf8_lossy(&call.body).into_owned(),
        status: 0,
        error: None,
    }
}

fn request_id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

fn response(answer: Answer, number: usize, cut: bool) -> io::Result<Response<Body>> {
    let mut response = Response::builder()
        .status(answer.status)
        .header("content-type", answer.content_type)
        .header("x-amzn-requestid", request_id(number));
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    respond(response, answer.body, cut)
}

/// Does what is asked, or refuses.
async fn perform(shared: &Shared, call: &Call, number: usize) -> Answer {
    let result = match admit(shared, call) {
        Ok(account) if call.operation == Operation::ChangeResourceRecordSets => {
            change_slowly(shared, call, &account).await
        }
        Ok(account) => {
            let mut state = shared.lock();
            match call.operation.service() {
                Service::Route53 => route53::answer(&mut state, call, &account),
                Service::Sts => sts::answer(&mut state, call, &account),
                Service::CloudMap => cloud_map::answer(&mut state, call, &account),
            }
        }
        Err(error) => Err(error),
    };
    result.unwrap_or_else(|error| {
        let form = shared.lock().batch_errors;
        Answer::refusal(&error, call, form, &request_id(number))
    })
}

/// Whose request it is, if it may pass. The others have no share in Route 53's narrow limit.
fn admit(shared: &Shared, call: &Call) -> Result<String, ApiError> {
    let mut state = shared.lock();
    let account = state.access.account(call.operation, &call.parts.headers)?;
    if call.operation.service() == Service::Route53 {
        state.throttle(&account)?;
    }
    Ok(account)
}

/// A change takes its time, and the zone takes no other meanwhile.
async fn change_slowly(shared: &Shared, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let id = call.id(0);
    let time = {
        let mut state = shared.lock();
        state.zone(account, id)?;
        let time = state.change_time;
        if let Some(zone) = state.zones.get_mut(id)
            && std::mem::replace(&mut zone.busy, true)
        {
            return Err(ApiError::new(400, "PriorRequestNotComplete", route53::PRIOR_REQUEST));
        }
        time
    };
    let _free = Free { shared, id };
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
    route53::answer(&mut shared.lock(), call, account)
}

/// Makes the zone free again, even where the client goes away while it waits.
struct Free<'a> {
    shared: &'a Shared,
    id: &'a str,
}

impl Drop for Free<'_> {
    fn drop(&mut self) {
        if let Some(zone) = self.shared.lock().zones.get_mut(self.id) {
            zone.busy = false;
        }
    }
}
