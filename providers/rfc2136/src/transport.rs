//! Connections: TCP (RFC 7766) or TLS (RFC 7858), each message with its length in front.
//!
//! Never UDP: signed updates and long answers do not fit, and who is on the other side is certain only here.

use crate::tls::{Tls, TlsError};
use futures::FutureExt as _;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// Until there is a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// Until the next message of an answer. A server that writes to a slow disk takes its time.
const ANSWER: Duration = Duration::from_secs(20);
/// How long a connection is kept for the next request. Knot closes after ten seconds, BIND after thirty.
const IDLE: Duration = Duration::from_secs(5);

/// Why a message did not get through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    #[error("no connection within {} seconds", CONNECT.as_secs())]
    ConnectTimeout,
    #[error("no connection: {0}")]
    Connect(io::Error),
    #[error("no connection by TLS: {0}")]
    Tls(TlsError),
    #[error("no answer within {} seconds", ANSWER.as_secs())]
    AnswerTimeout,
    #[error("the server closed the connection")]
    Closed,
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    #[error("a message of {0} bytes is too long for DNS")]
    TooLong(usize),
}

impl From<io::Error> for TransportError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Closed,
            _ => Self::Broken(error),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection to a server.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    last_used: Instant,
}

/// A server and the connection that was last used.
pub(crate) struct Server {
    host: String,
    port: u16,
    tls: Option<Tls>,
    idle: Mutex<Option<Connection>>,
}

impl Server {
    pub(crate) fn new(host: String, port: u16, tls: Option<Tls>) -> Self {
        Self { host, port, tls, idle: Mutex::default() }
    }

    /// What it is called in messages for people.
    pub(crate) fn text(&self) -> String {
        if self.host.contains(':') {
            format!("server [{}]:{}", self.host, self.port)
        } else {
            format!("server {}:{}", self.host, self.port)
        }
    }

    /// The connection of last time, if it still stands, or a new one.
    pub(crate) async fn connection(&self) -> Result<Connection, TransportError> {
        if let Some(mut connection) = self.idle.lock().await.take()
            && connection.is_usable()
        {
            return Ok(connection);
        }
        timeout(CONNECT, self.connect()).await.unwrap_or(Err(TransportError::ConnectTimeout))
    }

    /// Keeps a connection on which everything that was asked has been answered.
    pub(crate) async fn keep(&self, mut connection: Connection) {
        connection.last_used = Instant::now();
        *self.idle.lock().await = Some(connection);
    }

    async fn connect(&self) -> Result<Connection, TransportError> {
        let stream =
            TcpStream::connect((self.host.as_str(), self.port)).await.map_err(TransportError::Connect)?;
        stream.set_nodelay(true).map_err(TransportError::Connect)?;
        let stream: Box<dyn Stream> = match &self.tls {
            Some(tls) => Box::new(tls.connect(&self.host, stream).await.map_err(TransportError::Tls)?),
            None => Box::new(stream),
        };
        Ok(Connection { stream, last_used: Instant::now() })
    }
}

impl Connection {
    /// Whether the server has neither closed it nor said something that nobody asked for.
    fn is_usable(&mut self) -> bool {
        self.last_used.elapsed() < IDLE && self.stream.read(&mut [0]).now_or_never().is_none()
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: &[u8]) -> Result<(), TransportError> {
        let length = u16::try_from(message.len()).map_err(|_| TransportError::TooLong(message.len()))?;
        // In one piece: some servers wait for the rest of what comes in two.
        let framed = [&length.to_be_bytes(), message].concat();
        let sending = async {
            self.stream.write_all(&framed).await?;
            self.stream.flush().await
        };
        Ok(timeout(ANSWER, sending).await.map_err(|_| TransportError::AnswerTimeout)??)
    }

    /// Waits for the next message.
    pub(crate) async fn receive(&mut self) -> Result<Vec<u8>, TransportError> {
        let receiving = async {
            let length = self.stream.read_u16().await?;
            let mut message = vec![0; usize::from(length)];
            self.stream.read_exact(&mut message).await?;
            Ok::<_, io::Error>(message)
        };
        Ok(timeout(ANSWER, receiving).await.map_err(|_| TransportError::AnswerTimeout)??)
    }
}
