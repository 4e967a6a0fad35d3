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
            Ok(answer?.map(|body| BoundedBody::new(body, limit, Room::of(kind))))
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

/// The longest answer in bytes. A list comes in pages of some hundred objects, each of which etcd holds to one and a half MiB.
const LONGEST_ANSWER: usize = 256 << 20;

/// The longest event of a watch: one object, and what surrounds it.
const LONGEST_EVENT: usize = 16 << 20;

/// An answer is too long.
#[derive(Debug)]
struct TooLong {
    what: &'static str,
    limit: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the Kubernetes API is longer than {} bytes", self.what, self.limit)
    }
}

impl std::error::Error for TooLong {}

/// How much may come: of a watch per event, of other answers in all.
#[derive(Debug, Clone, Copy)]
struct Room {
    is_of_events: bool,
    limit: usize,
    used: usize,
}

impl Room {
    fn of(kind: CallKind) -> Self {
        let is_of_events = kind == CallKind::Watch;
        Self { is_of_events, limit: if is_of_events { LONGEST_EVENT } else { LONGEST_ANSWER }, used: 0 }
    }

    /// Takes the next piece in. Events are lines.
    fn take(&mut self, piece: &[u8]) -> Result<(), TooLong> {
        let mut fits = true;
        let mut rest = piece;
        while let (true, Some(end)) = (self.is_of_events, memchr::memchr(b'\n', rest)) {
            fits &= self.used + end <= self.limit;
            self.used = 0;
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        self.used += rest.len();
        if fits && self.used <= self.limit {
            return Ok(());
        }
        let what = if self.is_of_events { "an event" } else { "an answer" };
        Err(TooLong { what, limit: self.limit })
    }
}

/// The body of an answer that must arrive before a deadline, and must not be endless.
pub struct BoundedBody<B> {
    body: Pin<Box<B>>,
    deadline: Option<(Pin<Box<Sleep>>, Duration)>,
    room: Room,
}

impl<B> BoundedBody<B> {
    fn new(body: B, limit: Option<(Instant, Duration)>, room: Room) -> Self {
        let deadline = limit.map(|(deadline, limit)| (Box::pin(sleep_until(deadline)), limit));
        Self { body: Box::pin(body), deadline, room }
    }
}

impl<B> Body for BoundedBody<B>
where
    B: Body,
    B::Data: AsRef<[u8]>,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        if let Poll::Ready(frame) = self.body.as_mut().poll_frame(context) {
            if let Some(piece) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref())
                && let Err(error) = self.room.take(piece.as_ref())
            {
                return Poll::Ready(Some(Err(error.into())));
            }
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

    #[test]
    fn answers_and_events_have_bounds() {
        let room = |is_of_events| Room { is_of_events, limit: 10, used: 0 };
        let mut answer = room(false);
        assert!(answer.take(b"12345\n").is_ok() && answer.take(b"789\n").is_ok());
        let error = answer.take(b"1").unwrap_err().to_string();
        assert_eq!(error, "an answer of the Kubernetes API is longer than 10 bytes");
        let mut events = room(true);
        for piece in ["1234567890\n123", "4567890", "\n\n1234567890\n"] {
            assert!(events.take(piece.as_bytes()).is_ok(), "{piece:?}");
        }
        assert!(events.take(b"1").is_ok());
        assert!(events.take(b"2345678901\n").is_err());
        assert!(room(true).take(b"12345678901").is_err(), "its end never comes");
    }

    #[tokio::test]
    async fn a_body_that_is_too_long_breaks_off() {
        let (layer, _) = layer(Duration::from_secs(30));
        let service = layer.layer(tower::service_fn(async |_: Request<()>| {
            let pieces = futures::stream::repeat(Ok::<_, Infallible>(Bytes::from(vec![b'x'; 1 << 20])));
            Ok::<_, Infallible>(Response::new(AxumBody::from_stream(pieces)))
        }));
        let answer = service.clone().oneshot(get("/a?watch=true")).await.unwrap();
        let read = axum::body::to_bytes(AxumBody::new(answer.into_body()), usize::MAX).await;
        assert!(format!("{:?}", read.unwrap_err()).contains("TooLong"));
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
