//! Connections that end when nothing comes: `--webhook-provider-read-header-timeout` and `--webhook-provider-idle-timeout`.
//!
//! The HTTP library has one time-out for both, so that one could not keep connections and turn slow clients away. While a request is
//! worked on, none of them counts.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep};

/// Stands for no limit, as zero does in the flags.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// How long connections may be silent.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From the first byte of a request, or the beginning of the connection, to the end of its header.
    pub header: Duration,
    /// Between requests.
    pub idle: Duration,
}

/// What a request knows of its connection.
#[derive(Debug, Clone, Default)]
pub struct Connection(Arc<Work>);

#[derive(Debug, Default)]
struct Work {
    is_busy: AtomicBool,
    /// How many requests were answered.
    answered: AtomicUsize,
}

impl Connection {
    /// The header is read, and the request is worked on.
    pub(super) fn begin(&self) {
        self.0.is_busy.store(true, Ordering::Relaxed);
    }

    /// It is answered.
    pub(super) fn end(&self) {
        self.0.answered.fetch_add(1, Ordering::Relaxed);
        self.0.is_busy.store(false, Ordering::Relaxed);
    }

    fn is_busy(&self) -> bool {
        self.0.is_busy.load(Ordering::Relaxed)
    }

    fn answered(&self) -> usize {
        self.0.answered.load(Ordering::Relaxed)
    }
}

/// Accepts impatient connections.
pub(super) struct Impatient {
    pub(super) listener: TcpListener,
    pub(super) patience: Patience,
}

impl Listener for Impatient {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Answers are small, or written in one go.
        drop(stream.set_nodelay(true));
        (Stream::new(stream, self.patience), address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Impatient>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Impatient>) -> Self {
        stream.io().connection.clone()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// For the rest of a header.
    Header,
    /// For the next request.
    Request,
    /// For nothing: somebody works.
    No,
}

/// A connection that gives up.
pub(super) struct Stream {
    inner: TcpStream,
    connection: Connection,
    patience: Patience,
    waits: Waits,
    /// How many requests had been answered when somebody last looked: one may come and go between two looks.
    seen: usize,
    until: Pin<Box<Sleep>>,
}

impl Stream {
    fn new(inner: TcpStream, patience: Patience) -> Self {
        let until = Box::pin(sleep(limit(patience.header)));
        Self { inner, connection: Connection::default(), patience, waits: Waits::Header, seen: 0, until }
    }

    fn wait(&mut self, waits: Waits) {
        if self.waits == waits {
            return;
        }
        self.waits = waits;
        let time = match waits {
            Waits::Header => limit(self.patience.header),
            Waits::Request => limit(self.patience.idle),
            Waits::No => FOREVER,
        };
        self.until.as_mut().reset(Instant::now() + time);
    }
}

impl Stream {
    /// Finds out what is waited for now.
    fn look(&mut self) {
        match (self.connection.is_busy(), self.waits) {
            (true, _) => self.wait(Waits::No),
            (false, _) if self.connection.answered() != self.seen => {
                self.seen = self.connection.answered();
                self.waits = Waits::No;
                self.wait(Waits::Request);
            }
            (false, Waits::No) => self.wait(Waits::Request),
            (false, Waits::Header | Waits::Request) => {}
        }
    }
}

fn limit(time: Duration) -> Duration {
    if time.is_zero() { FOREVER } else { time.min(FOREVER) }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.look();
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.inner).poll_read(cx, buf) {
            if this.waits == Waits::Request && buf.filled().len() > before {
                this.wait(Waits::Header);
            }
            return Poll::Ready(read);
        }
        ready!(this.until.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nobody reads again by himself after an answer: whoever is woken does, and finds that the time is over.
        self.look();
        let _ = self.until.as_mut().poll(cx);
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
