//! What stands between us and a server: it counts, and breaks off as it is told.

use super::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A way to a server on a port of its own.
pub(super) struct Wire {
    port: u16,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    /// Kinds of requests with the bytes of their answers.
    exchanges: Mutex<Vec<(&'static str, usize)>>,
    fault: Mutex<Option<Fault>>,
    to: AtomicU16,
}

/// What happens to answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The request gets there, the answer does not get back.
    NoAnswer(&'static str),
    /// One bit of every answer is another.
    Flipped,
    /// So many bytes of an answer to such a request get back.
    Cut(&'static str, usize),
}

impl Wire {
    pub(super) async fn to(server: &NameServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen { to: AtomicU16::new(server.port()), ..Seen::default() });
        let shared = seen.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, shared.clone()));
            }
        });
        Self { port, seen, task }
    }

    pub(super) fn config(&self, server: &NameServer) -> Rfc2136Config {
        Rfc2136Config { port: self.port, ..config(server) }
    }

    pub(super) fn fault(&self, fault: Option<Fault>) {
        *self.seen.fault.lock().unwrap() = fault;
    }

    /// The requests since last time.
    pub(super) fn take(&self) -> Vec<&'static str> {
        self.take_with_bytes().into_iter().map(|(kind, _)| kind).collect()
    }

    pub(super) fn take_with_bytes(&self) -> Vec<(&'static str, usize)> {
        std::mem::take(&mut *self.seen.exchanges.lock().unwrap())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// By code of the operation, and type of the question.
fn kind(message: &[u8]) -> &'static str {
    let mut at = 12;
    while message[at] > 0 {
        at += 1 + usize::from(message[at]);
    }
    match (message[2] >> 3 & 0x0f, message[at + 2]) {
        (5, _) => "UPDATE",
        (0, 6) => "SOA",
        (0, 252) => "AXFR",
        (0, 251) => "IXFR",
        _ => "?",
    }
}

/// One request after the other: that is how the provider uses a connection. Messages of an answer are counted with the request.
async fn pass(mut client: TcpStream, seen: Arc<Seen>) -> Option<()> {
    let mut server = TcpStream::connect(("127.0.0.1", seen.to.load(Ordering::Relaxed))).await.ok()?;
    let mut current = "?";
    let mut passed = 0;
    loop {
        tokio::select! {
            request = read(&mut client) => {
                let request = request?;
                current = kind(&request[2..]);
                passed = 0;
                seen.exchanges.lock().unwrap().push((current, 0));
                server.write_all(&request).await.ok()?;
            }
            answer = read(&mut server) => {
                let mut answer = answer?;
                let fault = *seen.fault.lock().unwrap();
                match fault {
                    Some(Fault::NoAnswer(kind)) if kind == current => return None,
                    Some(Fault::Flipped) => *answer.last_mut()? ^= 1,
                    Some(Fault::Cut(kind, most)) if kind == current && passed + answer.len() > most => {
                        client.write_all(&answer[..most - passed]).await.ok()?;
                        return None;
                    }
                    _ => {}
                }
                passed += answer.len();
                if let Some(last) = seen.exchanges.lock().unwrap().last_mut() {
                    last.1 += answer.len();
                }
                client.write_all(&answer).await.ok()?;
            }
        }
    }
}

/// A message with its length.
async fn read(from: &mut TcpStream) -> Option<Vec<u8>> {
    // Waiting for the first byte may be broken off; what follows comes at once.
    from.peek(&mut [0]).await.ok().filter(|read| *read > 0)?;
    let mut bytes = vec![0; 2];
    from.read_exact(&mut bytes).await.ok()?;
    let length = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    bytes.resize(2 + length, 0);
    from.read_exact(&mut bytes[2..]).await.ok()?;
    Some(bytes)
}
