//! Programs that end with the test, however the test ends.
//!
//! A small shell stands between: it holds the reading end of a pipe whose writing end only we have, and kills
//! the program when that pipe closes. It closes when [`Process`] is dropped, and also when the test process
//! crashes, is killed, or keeps a `Process` in a static. Each pair is a process group of its own, so that a
//! Ctrl-C reaches the test first.

use crate::error::Context;
use crate::{Error, Result};
use std::hash::{BuildHasher, RandomState};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{fs, time};

/// `$@` is the program. The watcher reads from descriptor 3 because a shell gives its background jobs no
/// stdin.
const LEASH: &str = r#"
exec 3<&0
"$@" 3<&- </dev/null & program=$!
{ cat <&3 >/dev/null; kill -KILL "$program"; } 2>/dev/null & watcher=$!
exec 3<&-
wait "$program"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
"#;

pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program that logs to `NAME.log` in `dir`; an earlier log is kept and continued.
    pub(crate) fn start(
        name: &'static str,
        program: &Path,
        arguments: impl IntoIterator<Item = String>,
        dir: &Path,
    ) -> Result<Self> {
        let log = dir.join(format!("{name}.log"));
        let what = || format!("starting {}", program.display());
        let output = fs::OpenOptions::new().create(true).append(true).open(&log).context(what)?;
        let child = Command::new("sh")
            .args(["-c", LEASH, "sh"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().context(what)?)
            .stderr(output)
            .current_dir(dir)
            .process_group(0)
            .spawn()
            .context(what)?;
        Ok(Process { name, child, log })
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// An error that carries the end of the log.
    pub(crate) fn problem(&self, problem: &'static str) -> Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n");
        Error::Process { program: self.name, problem, log: tail }
    }
}

impl Drop for Process {
    /// Returns when the program is gone, so that its port is free again.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A loopback port that nobody listens on. Taken from below the range from which Linux serves outgoing
/// connections (32768 and up), so that no client gets it while a program is being restarted on it.
pub fn free_port() -> Result<u16> {
    const RANGE: std::ops::Range<u16> = 20_000..32_000;
    let span = RANGE.end - RANGE.start;
    // A random start keeps parallel test processes apart.
    let start =
        u16::try_from(RandomState::new().hash_one(time::Instant::now()) % u64::from(span)).unwrap_or(0);
    (0..span)
        .map(|step| RANGE.start + (start + step) % span)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .ok_or_else(|| std::io::Error::from(ErrorKind::AddrInUse))
        .context(|| "looking for a free port".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::{Duration, Instant};

    fn alive(pid: &str) -> bool {
        Path::new("/proc").join(pid).exists()
    }

    fn start_sleeper(dir: &Path) -> (Process, String) {
        let script = "echo $$ > pid; exec sleep 600".to_owned();
        let process = Process::start("sleeper", Path::new("sh"), ["-c".to_owned(), script], dir).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let pid = fs::read_to_string(dir.join("pid")).unwrap_or_default();
            if pid.ends_with('\n') {
                return (process, pid.trim().to_owned());
            }
            assert!(Instant::now() < deadline, "the program did not start");
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn the_program_is_gone_when_its_process_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let (process, pid) = start_sleeper(dir.path());
        assert!(alive(&pid));
        drop(process);
        assert!(!alive(&pid));
    }

    #[test]
    fn a_program_that_ends_by_itself_is_noticed_with_its_last_words() {
        let dir = tempfile::tempdir().unwrap();
        let arguments = ["-c".to_owned(), "echo farewell; exit 3".to_owned()];
        let mut process = Process::start("brief", Path::new("sh"), arguments, dir.path()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while !process.has_ended() {
            assert!(Instant::now() < deadline, "the end was not noticed");
            thread::sleep(Duration::from_millis(10));
        }
        assert!(process.problem("ended").to_string().ends_with("farewell"));
    }
}
