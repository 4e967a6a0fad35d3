//! Connections, and answers that do not arrive.

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http::request::Parts;
use http::response::Builder;
use http::{Request, Response, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io::{Error, ErrorKind, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// An answer's body, which may break off.
pub type Body = BoxBody<Bytes, Error>;

/// A server at work. It ends, and all its connections with it, when this is dropped.
#[derive(Debug)]
pub struct Serving(AbortHandle);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Gives each connection to the host.
pub fn accept<Stay>(listener: TcpListener, host: impl Fn(TcpStream) -> Stay + Send + 'static) -> Serving
where
    Stay: Future<Output = ()> + Send + 'static,
{
    let task = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            connections.spawn(host(stream));
            while connections.try_join_next().is_some() {}
        }
    });
    Serving(task.abort_handle())
}

/// Gives each request, read to its end, to the handler. An error closes the connection without a word.
pub fn serve<Answer>(
    listener: TcpListener,
    handler: impl Fn(Parts, Bytes) -> Answer + Clone + Send + Sync + 'static,
) -> Serving
where
    Answer: Future<Output = Result<Response<Body>>> + Send + 'static,
{
    accept(listener, move |stream| {
        let handler = handler.clone();
        async move {
            let service = service_fn(|request| whole(request, &handler));
            // Clients that go away, and connections that are closed on purpose.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    })
}

async fn whole<Answer>(
    request: Request<Incoming>,
    handler: &impl Fn(Parts, Bytes) -> Answer,
) -> Result<Response<Body>>
where
    Answer: Future<Output = Result<Response<Body>>>,
{
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
    handler(parts, body.to_bytes()).await
}

/// What a handler gives to close the connection without a word.
pub fn hang_up() -> Error {
    ErrorKind::ConnectionReset.into()
}

/// An answer with this body, or with the first half of it and a closed connection.
///
/// # Errors
/// When a header cannot be one.
pub fn respond(head: Builder, body: Bytes, is_cut: bool) -> Result<Response<Body>> {
    let response = if is_cut {
        // The whole length is promised.
        let head = head.header(header::CONTENT_LENGTH, body.len());
        let half = Frame::data(body.slice(..body.len() / 2));
        let broken = async {
            // What was said so far is sent when there is nothing more to say at once.
            tokio::task::yield_now().await;
            Err(hang_up())
        };
        let body = StreamBody::new(stream::iter([Ok(half)]).chain(stream::once(broken)));
        head.body(BodyExt::boxed(body))
    } else {
        head.body(Full::new(body).map_err(|never: Infallible| match never {}).boxed())
    };
    response.map_err(|error| Error::new(ErrorKind::InvalidInput, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Says the body that it was sent: as it is, in half, or not at all.
    async fn echo() -> (SocketAddr, Serving) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = serve(listener, |parts, body| async move {
            match parts.uri.path() {
                "/nothing" => Err(hang_up()),
                path => respond(Response::builder().status(203), body, path == "/half"),
            }
        });
        (address, serving)
    }

    /// All that comes back until the connection is closed.
    async fn said(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request =
            format!("POST {path} HTTP/1.1\r\ncontent-length: 10\r\nconnection: close\r\n\r\n0123456789");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        // A reset connection has said what it has said.
        let _ = stream.read_to_end(&mut said).await;
        String::from_utf8(said).unwrap()
    }

    #[tokio::test]
    async fn answers_are_whole_halved_or_lost() {
        let (address, _serving) = echo().await;
        let whole = said(address, "/whole").await;
        assert!(whole.starts_with("HTTP/1.1 203") && whole.ends_with("\r\n\r\n0123456789"), "{whole}");
        let half = said(address, "/half").await;
        assert!(half.contains("content-length: 10\r\n") && half.ends_with("\r\n\r\n01234"), "{half}");
        assert_eq!(said(address, "/nothing").await, "");
    }

    #[tokio::test]
    async fn all_connections_end_with_the_server() {
        let (address, serving) = echo().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        stream.read_u8().await.unwrap();
        drop(serving);
        let _ = stream.read_to_end(&mut Vec::new()).await;
        assert!(TcpStream::connect(address).await.is_err(), "nobody listens");
    }
}
