//! Answers within bounds: the SDK itself reads whatever comes, for as long as it comes. And refusals without our secrets: services, and
//! proxies before them, quote requests in their complaints.

use crate::connection::{Around, with};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body::Body;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use zonewright_provider_kit::Redaction;

/// Headers that prove who we are: session token, those of instance metadata and of containers.
const SECRET_HEADERS: [&str; 3] = ["x-amz-security-token", "x-aws-ec2-metadata-token", "authorization"];

/// What proves it in the form that STS takes.
const SECRET_FIELDS: [&str; 2] = ["ExternalId", "WebIdentityToken"];

/// What an answer may take.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    bytes: usize,
    time: Duration,
}

/// The longest answer in bytes. Pages of all services used here are below 2 MB.
const LONGEST: usize = 32 << 20;

/// From the head of an answer to its end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why an answer was not read to its end.
#[derive(Debug, thiserror::Error)]
enum Unbounded {
    #[error("the answer is longer than {0} bytes")]
    Long(usize),
    #[error("no complete answer within {0:?}")]
    Slow(Duration),
}

/// The same client, whose answers are within bounds.
pub fn bounded(client: SharedHttpClient) -> SharedHttpClient {
    with(client, Bounds { bytes: LONGEST, time: PATIENCE })
}

impl Around for Bounds {
    fn call(&self, connector: SharedHttpConnector, request: HttpRequest) -> HttpConnectorFuture {
        let bounds = *self;
        let redaction = secrets_of(&request);
        HttpConnectorFuture::new(async move {
            let mut answer = connector.call(request).await?;
            let reading = tokio::time::timeout(bounds.time, read(&mut answer, bounds.bytes));
            let body = match reading.await {
                Ok(body) => body?,
                Err(_) => return Err(ConnectorError::timeout(Unbounded::Slow(bounds.time).into())),
            };
            let is_refusal = answer.status().as_u16() >= 300;
            *answer.body_mut() = SdkBody::from(if is_refusal { redaction.hide_in_body(body) } else { body });
            Ok(answer)
        })
    }
}

async fn read(answer: &mut HttpResponse, limit: usize) -> Result<Vec<u8>, ConnectorError> {
    let mut all = Vec::new();
    let body = answer.body_mut();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
        let frame = frame.map_err(ConnectorError::io)?;
        let Ok(piece) = frame.into_data() else { continue };
        if all.len() + piece.len() > limit {
            return Err(ConnectorError::other(Unbounded::Long(limit).into(), None));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

fn secrets_of(request: &HttpRequest) -> Redaction {
    let mut redaction = Redaction::default();
    for header in SECRET_HEADERS {
        let Some(value) = request.headers().get(header) else { continue };
        // A signature is made of the secret, and is no secret: it holds for this one request.
        if !value.starts_with("AWS4-") {
            redaction.add(value);
        }
    }
    let form = request.body().bytes().filter(|_| is_form(request));
    for (name, value) in form_urlencoded::parse(form.unwrap_or_default()) {
        if SECRET_FIELDS.contains(&&*name) {
            redaction.add(&value);
        }
    }
    redaction
}

fn is_form(request: &HttpRequest) -> bool {
    let kind = request.headers().get("content-type").unwrap_or_default();
    kind.starts_with("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::of_causes;
    use bytes::Bytes;
    use http_body::Frame;
    use std::convert::Infallible;
    use std::task::{Context, Poll};
    use tokio::time::{Sleep, sleep};

    /// A body that has a piece again and again, and never ends.
    struct Endless {
        pause: Duration,
        sleep: Pin<Box<Sleep>>,
    }

    impl Body for Endless {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            std::task::ready!(self.sleep.as_mut().poll(context));
            self.sleep = Box::pin(sleep(self.pause));
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"0123456789")))))
        }
    }

    /// Answers with an endless body, whose pieces come so often, or with a text.
    #[derive(Debug, Clone, Copy)]
    enum Service {
        Endless(Duration),
        Refusing(&'static str),
    }

    impl HttpConnector for Service {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let (status, body) = match *self {
                Self::Endless(pause) => {
                    (200, SdkBody::from_body_1_x(Endless { pause, sleep: Box::pin(sleep(pause)) }))
                }
                Self::Refusing(text) => (403, SdkBody::from(text)),
            };
            let status = u16::try_into(status).unwrap();
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status, body)))
        }
    }

    async fn ask(service: Service, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let bounds = Bounds { bytes: 1000, time: Duration::from_secs(60) };
        bounds.call(SharedHttpConnector::new(service), request).await
    }

    fn request() -> HttpRequest {
        HttpRequest::get("https://sts.example").unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_answer_is_cut_off() {
        let error = ask(Service::Endless(Duration::ZERO), request()).await.unwrap_err();
        assert!(of_causes(&error).contains("the answer is longer than 1000 bytes"), "{error:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_trickles_is_given_up() {
        let error = ask(Service::Endless(Duration::from_secs(7)), request()).await.unwrap_err();
        assert!(of_causes(&error).contains("no complete answer within 60s"), "{error:?}");
    }

    #[tokio::test]
    async fn a_refusal_loses_what_it_quotes() {
        let mut request = request();
        request.headers_mut().insert("x-amz-security-token", "canary-token");
        let answer = ask(Service::Refusing("bad token: canary-token"), request).await.unwrap();
        assert_eq!(answer.body().bytes(), Some(&b"bad token: [redacted]"[..]));
        let mut request = self::request();
        request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
        *request.body_mut() = SdkBody::from("Action=AssumeRole&ExternalId=canary%20id");
        let answer = ask(Service::Refusing("bad id: canary id"), request).await.unwrap();
        assert_eq!(answer.body().bytes(), Some(&b"bad id: [redacted]"[..]));
    }
}
