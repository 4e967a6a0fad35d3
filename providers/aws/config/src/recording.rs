//! Telling of every request that goes out, repetitions by the SDK included. A client of any AWS service does so with
//!
//! - [`recorded`] around the HTTP client that is under it, inside of the budget: waiting for a turn is no part of a request;
//! - the interceptor [`NameOperation`] in its configuration: only the SDK knows what a request is for, only the HTTP client when it
//!   went out.

use crate::connection::{Around, with};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use std::time::Instant;
use zonewright_provider_kit::{RequestRecord, RequestRecorder};

/// The name of an operation, on a request.
#[derive(Debug, Clone)]
struct Operation(String);

/// Writes on each request what it is for.
#[derive(Debug)]
pub struct NameOperation;

#[dyn_dispatch_hint]
impl Intercept for NameOperation {
    fn name(&self) -> &'static str {
        "NameOperation"
    }

    /// Anew for each attempt: a repetition is a copy without extensions.
    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = config.load::<Metadata>() {
            context.request_mut().add_extension(Operation(metadata.name().to_owned()));
        }
        Ok(())
    }
}

/// The same client, telling of what it is asked.
pub fn recorded(client: SharedHttpClient, recorder: RequestRecorder) -> SharedHttpClient {
    with(client, recorder)
}

impl Around for RequestRecorder {
    fn call(&self, connector: SharedHttpConnector, request: HttpRequest) -> HttpConnectorFuture {
        let recorder = self.clone();
        let operation =
            request.extension::<Operation>().map_or_else(|| "unknown".to_owned(), |name| name.0.clone());
        let (method, url) = (request.method().to_owned(), request.uri().to_owned());
        HttpConnectorFuture::new(async move {
            let begun = Instant::now();
            let answer = connector.call(request).await;
            let status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
            recorder.record(&RequestRecord { operation, method, url, status, duration: begun.elapsed() });
            answer
        })
    }
}
