//! What every call to the Kubernetes API goes through: rate limit, deadline, record.

use super::token_bucket::TokenBucket;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body::{Body, Frame, SizeHint};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::{BoxError, Layer, Service};

/// One finished call, for metrics.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// HTTP method.
    pub method: Method,
    /// Scheme and host of the API server; the path is that of the call.
    pub server: Uri,
    /// Path without the query.
    pub path: String,
    /// What the server said; `None` when no answer came.
    pub status: Option<StatusCode>,
    /// From sending to the head of the answer.
    pub duration: Duration,
}

/// Told of every finished call.
pub type RequestRecorder = Arc<dyn Fn(RequestRecord) + Send + Sync>;

/// Puts [`Calls`] around a service.
#[derive(Clone)]
pub struct CallsLayer {
    /// Bounds how often calls go out.
    pub limit: Arc<TokenBucket>,
    /// Bounds each call except watches, whole answer included.
    pub timeout: Option<Duration>,
    /// Where calls go.
    pub server: Uri,
    /// Told of every call.
    pub recorder: Option<RequestRecorder>,
}

impl<S> Layer<S> for CallsLayer {
    type Service = Calls<S>;

    fn layer(&self, inner: S) -> Calls<S> {
        Calls { settings: self.clone(), inner }
    }
}

/// A service whose calls are limited, bounded in time and recorded.
#[derive(Clone)]
pub struct Calls<S> {
    settings: CallsLayer,
    inner: S,
}

impl<S, A, B> Service<Request<A>> for Calls<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<BoundedBody<B>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let settings = self.settings.clone();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let kind = CallKind::of(&uri);
        // The services beneath do nothing before their future is polled, so that the wait comes first.
        let answer = self.inner.call(request);
        Box::pin(async move {
            if kind != CallKind::NextPage {
                tokio::time::sleep(settings.limit.take()).await;
            }
            let started = Instant::now();
            let limit =
                settings.timeout.filter(|_| kind != CallKind::Watch).map(|limit| (started + limit, limit));
            let answer = async { answer.await.map_err(Into::into) };
            let answer = match limit {
                Some((deadline, limit)) => tokio::time::timeout_at(deadline, answer)
                    .await
                    .unwrap_or_else(|_| Err(TimedOut(limit).into())),
                None => answer.await,
            };
            if let Some(recorder) = &settings.recorder {
                recorder(RequestRecord {
                    method,
                    server: settings.server,
                    path: uri.path().to_owned(),
                    status: answer.as_ref().ok().map(Response::status),
                    duration: started.elapsed(),
                });
            }
            Ok(answer?.map(|body| BoundedBody::new(body, limit)))
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallKind {
    /// Lasts as long as the server likes.
    Watch,
    /// A further page of a list. A list is one operation, which ExternalDNS also does in one request; counting its pages
    /// would make 30,000 objects wait ten seconds for the default of five requests a second.
    NextPage,
    Other,
}

impl CallKind {
    fn of(uri: &Uri) -> Self {
        let mut query = uri.query().unwrap_or_default().split('&');
        if query.clone().any(|pair| pair == "watch=true" || pair == "watch=1") {
            Self::Watch
        } else if query.any(|pair| pair.starts_with("continue=") && pair != "continue=") {
            Self::NextPage
        } else {
            Self::Other
        }
    }
}

/// A call took too long.
#[derive(Debug)]
struct TimedOut(Duration);

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no complete answer within {:?} (--kube-api-request-timeout)", self.0)
    }
}

impl std::error::Error for TimedOut {}

/// The body of an answer that must arrive before a deadline.
pub struct BoundedBody<B> {
    body: Pin<Box<B>>,
    deadline: Option<(Pin<Box<Sleep>>, Duration)>,
}

impl<B> BoundedBody<B> {
    fn new(body: B, limit: Option<(Instant, Duration)>) -> Self {
        let deadline = limit.map(|(deadline, limit)| (Box::pin(sleep_until(deadline)), limit));
        Self { body: Box::pin(body), deadline }
    }
}

impl<B> Body for BoundedBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        if let Poll::Ready(frame) = self.body.as_mut().poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if let Some((sleep, limit)) = &mut self.deadline
            && sleep.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Some(Err(TimedOut(*limit).into())));
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body as AxumBody, Bytes};
    use futures::channel::mpsc::unbounded;
    use std::convert::Infallible;
    use std::sync::Mutex;
    use tower::ServiceExt;

    fn layer(timeout: Duration) -> (CallsLayer, Arc<Mutex<Vec<RequestRecord>>>) {
        let records: Arc<Mutex<Vec<RequestRecord>>> = Arc::default();
        let kept = records.clone();
        let layer = CallsLayer {
            limit: Arc::new(TokenBucket::new(1.0, 1)),
            timeout: Some(timeout),
            server: Uri::from_static("https://192.0.2.1:6443/"),
            recorder: Some(Arc::new(move |record| kept.lock().unwrap().push(record))),
        };
        (layer, records)
    }

    fn get(uri: &str) -> Request<()> {
        Request::get(uri).body(()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn calls_wait_for_their_turn_but_not_the_further_pages_of_a_list() {
        let (layer, records) = layer(Duration::from_secs(30));
        let service = layer.layer(tower::service_fn(async |_: Request<()>| {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok::<_, Infallible>(Response::builder().status(201).body(AxumBody::empty()).unwrap())
        }));
        let started = Instant::now();
        for uri in ["/a?limit=5", "/a?limit=5&continue=x", "/a?continue=y", "/b?watch=true", "/c?continue="] {
            service.clone().oneshot(get(uri)).await.unwrap();
        }
        assert_eq!(started.elapsed(), Duration::from_millis(2020));
        let records = records.lock().unwrap();
        let paths: Vec<_> = records.iter().map(|record| record.path.as_str()).collect();
        assert_eq!(paths, ["/a", "/a", "/a", "/b", "/c"]);
        assert_eq!(records[4].status, Some(StatusCode::CREATED));
        assert_eq!(records[4].duration, Duration::from_millis(20), "without the wait");
        assert_eq!((records[4].server.host(), &records[4].method), (Some("192.0.2.1"), &Method::GET));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_begin_is_given_up_but_a_watch_is_not() {
        let (layer, records) = layer(Duration::from_secs(30));
        let service = layer.layer(tower::service_fn(async |_: Request<()>| {
            tokio::time::sleep(Duration::from_secs(100)).await;
            Ok::<_, Infallible>(Response::new(AxumBody::empty()))
        }));
        let started = Instant::now();
        let error = service.clone().oneshot(get("/a")).await.err().unwrap();
        assert_eq!(error.to_string(), "no complete answer within 30s (--kube-api-request-timeout)");
        assert_eq!(started.elapsed(), Duration::from_secs(30));
        assert_eq!(records.lock().unwrap()[0].status, None);
        assert!(service.oneshot(get("/a?watch=true")).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_end_is_given_up_but_a_watch_is_not() {
        let (layer, _) = layer(Duration::from_secs(30));
        let service = layer.layer(tower::service_fn(async |_: Request<()>| {
            let (sender, receiver) = unbounded::<Result<Bytes, Infallible>>();
            sender.unbounded_send(Ok("half".into())).unwrap();
            // Kept open, and ended long after the deadline.
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(100)).await;
                drop(sender);
            });
            Ok::<_, Infallible>(Response::new(AxumBody::from_stream(receiver)))
        }));
        let read = |uri: &str| {
            let answer = service.clone().oneshot(get(uri));
            async { axum::body::to_bytes(AxumBody::new(answer.await.unwrap().into_body()), usize::MAX).await }
        };
        assert!(read("/a").await.is_err());
        assert_eq!(read("/a?watch=true").await.unwrap(), "half");
    }
}
