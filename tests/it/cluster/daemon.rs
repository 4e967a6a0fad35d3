//! The program as a process: started with flags, looked at from outside, ended by signals.

use super::metrics::Metrics;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zonewright_testing::free_port;

/// A condition that has not come true by then will not; long enough for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Ending is quick, however busy the machine.
pub const PROMPT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Waits until a condition is true.
pub async fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    until_async(what, async || is_true()).await;
}

/// Waits until a condition is true that takes asking.
pub async fn until_async(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_true().await {
        assert!(Instant::now() < deadline, "waited in vain for this: {what}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// A running daemon. It is killed when this is dropped; when that is because a test fails, its log is shown.
pub struct Daemon {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
    address: SocketAddr,
}

impl Daemon {
    /// Starts the program; it answers on a metrics address of its own.
    pub fn start(flags: &[String]) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
        let mut child = command(flags)
            .arg(format!("--metrics-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, written) = (BufReader::new(child.stderr.take().unwrap()).lines(), log.clone());
        let reader = std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| written.lock().unwrap().push(line));
        });
        Self { child, log, reader: Some(reader), address }
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has logged so far, line by line.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// How many lines of its log hold all of these.
    pub fn said(&self, parts: &[&str]) -> usize {
        self.log().iter().filter(|line| parts.iter().all(|part| line.contains(part))).count()
    }

    pub async fn until_it_says(&self, parts: &[&str]) {
        until(&format!("a log line with {parts:?}"), || self.said(parts) > 0).await;
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// `GET` on its metrics address; `None` while nobody listens.
    pub async fn get(&self, path: &str) -> Option<(u16, String)> {
        get(self.address, path).await
    }

    pub async fn is_healthy(&self) -> bool {
        self.get("/healthz").await == Some((200, "OK".to_owned()))
    }

    pub async fn metrics(&self) -> Metrics {
        metrics(self.address).await
    }

    /// Waits until that many cycles have begun after this call and ended.
    pub async fn until_cycles_pass(&self, cycles: u32) {
        // The cycle that is under way does not count, and that a cycle has ended is seen by the next one's listing.
        let enough = self.listings().await + f64::from(cycles + 1);
        until_async("further cycles", async || self.listings().await >= enough).await;
    }

    /// How often it has asked the provider for its records, and had an answer or an error.
    async fn listings(&self) -> f64 {
        let name = "external_dns_webhook_provider_records_requests_total";
        // At the very start the provider's metrics are not there yet.
        self.metrics().await.value(name, &[]).unwrap_or_default()
    }

    pub fn signal(&self, name: &str) {
        let kill = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status();
        assert!(kill.unwrap().success());
    }

    /// Waits for the end, and gives the exit status; `None` after a kill.
    pub async fn ended(&mut self, within: Duration) -> Option<i32> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.reader.take().into_iter().for_each(|reader| reader.join().unwrap());
                return status.code();
            }
            assert!(Instant::now() < deadline, "it did not end within {within:?}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// SIGTERM, on which it must end well.
    pub async fn stop(&mut self) {
        self.signal("TERM");
        assert_eq!(self.ended(PROMPT).await, Some(0));
    }
}

/// `GET` on an address; `None` while nobody listens.
async fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// The metrics of whoever answers at an address, which may be about to start.
pub async fn metrics(address: SocketAddr) -> Metrics {
    let mut answer = None;
    until_async("an answer on the metrics address", async || {
        answer = get(address, "/metrics").await;
        answer.is_some()
    })
    .await;
    let (status, text) = answer.unwrap();
    assert_eq!(status, 200);
    Metrics::parse(&text).unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the daemon's log:\n{}", self.log().join("\n"));
        }
    }
}

/// The program without the variables of whoever runs the tests.
pub fn command(flags: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zonewright"));
    command.env_clear().args(flags).stdin(Stdio::null());
    command
}

/// Runs the program to its end, which has to come.
pub async fn run(flags: &[String]) -> Output {
    let mut command = tokio::process::Command::from(command(flags));
    if !flags.iter().any(|flag| flag.starts_with("--metrics-address=")) {
        command.arg("--metrics-address=127.0.0.1:0");
    }
    let output = command.kill_on_drop(true).output();
    let ended = tokio::time::timeout(PATIENCE, output).await;
    ended.unwrap_or_else(|_| panic!("it runs on with {flags:?}")).unwrap()
}

pub fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).unwrap()
}
