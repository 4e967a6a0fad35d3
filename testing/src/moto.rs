//! moto, an imitation of AWS that other projects use: good for its wire format, and far more lenient than the services.

use crate::Result;
use crate::components;
use crate::error::Context;
use crate::process::{Process, free_port};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpStream;

/// On an idle machine it takes two seconds; the rest is for a busy one.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A moto server on a loopback port, with nothing in it; it goes away when this is dropped.
pub struct Moto {
    port: u16,
    // Declared before the folder it logs to, so that it ends before that is removed.
    _server: Process,
    _dir: TempDir,
}

impl Moto {
    /// Starts it and returns when it listens.
    pub async fn start() -> Result<Self> {
        let program = components::moto_server()?;
        let dir = tempfile::Builder::new()
            .prefix("zonewright-test-")
            .tempdir()
            .context(|| "making a temporary folder".to_owned())?;
        let port = free_port()?;
        let arguments = ["-H", "127.0.0.1", "-p", &port.to_string()].map(str::to_owned);
        let mut server = Process::start("moto", &program, arguments, dir.path())?;
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            if server.has_ended() {
                return Err(server.problem("ended while starting"));
            }
            if Instant::now() > deadline {
                return Err(server.problem("was not ready in time"));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(Moto { port, _server: server, _dir: dir })
    }

    /// What `AWS_ENDPOINT_URL` takes.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
