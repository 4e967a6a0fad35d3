//! A daemon as a process, and what the kernel says of it.

use crate::Result;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::process::{Child, Command};

/// The kernel counts processor time for `/proc` in hundredths of a second, whatever its own clock does (proc(5), USER_HZ).
const TICK: Duration = Duration::from_millis(10);
/// How long a daemon may take to end.
const FAREWELL: Duration = Duration::from_secs(10);

/// A running daemon. It is killed when this is dropped.
pub struct Daemon {
    child: Child,
    id: u32,
    log: NamedTempFile,
}

impl Daemon {
    /// Starts a program; what it says goes to a file.
    pub fn start(program: &Path, flags: &[String], environment: Vec<(&'static str, String)>) -> Result<Self> {
        let log = NamedTempFile::new()?;
        let child = Command::new(program)
            .args(flags)
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(log.reopen()?)
            .stderr(log.reopen()?)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("starting {}: {error}", program.display()))?;
        let id = child.id().ok_or("the daemon ended at once")?;
        Ok(Self { child, id, log })
    }

    /// Processor time so far: all threads, user and system.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        // The name in parentheses may contain anything; utime and stime are fields 14 and 15 (proc(5)).
        let fields = stat.rsplit_once(") ").map(|(_, fields)| fields).unwrap_or_default();
        let ticks: u32 =
            fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
        Ok(TICK * ticks)
    }

    /// Peak of the memory so far, in MiB.
    pub fn peak_memory(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1024.0)
    }

    /// Waits for its end, which nobody asked for.
    pub async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => format!("it ended ({status})"),
            Err(error) => error.to_string(),
        }
    }

    /// Holds it, so that what happens meanwhile comes to it at once.
    pub async fn pause(&self) -> Result<()> {
        self.signal("-STOP").await
    }

    /// Lets it go on.
    pub async fn resume(&self) -> Result<()> {
        self.signal("-CONT").await
    }

    /// Asks it to end, and waits for that.
    pub async fn stop(mut self) -> Result<()> {
        self.signal("-TERM").await?;
        if tokio::time::timeout(FAREWELL, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }

    async fn signal(&self, signal: &str) -> Result<()> {
        let sent = Command::new("kill").args([signal, &self.id.to_string()]).status().await?;
        sent.success().then_some(()).ok_or_else(|| format!("kill {signal} failed").into())
    }

    /// The end of what it said.
    pub fn last_words(&self) -> String {
        let log = fs::read(self.log.path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}
