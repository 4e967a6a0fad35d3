//! The program beside the double of a service: manifests in a folder, one run or a daemon, and what its log says.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// What the program left behind.
pub struct Ended {
    pub code: Option<i32>,
    pub log: String,
}

/// Manifests in a folder that goes with the test.
pub struct Objects {
    folder: tempfile::TempDir,
}

impl Objects {
    /// None yet.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("objects")).unwrap();
        Self { folder }
    }

    /// So many Ingresses, as [`numbered`](Self::numbered) has them.
    pub fn with(count: usize) -> Self {
        let objects = Self::new();
        objects.numbered(count, 0..0);
        objects
    }

    /// So many Ingresses, `n00000.example.org` and so on; the `changed` ones with another address than the others.
    pub fn numbered(&self, count: usize, changed: Range<usize>) {
        let mut text = String::new();
        for n in 0..count {
            let address = if changed.contains(&n) { "198.51.100.1" } else { "192.0.2.1" };
            text.push_str(&ingress(&format!("n{n:05}"), &format!("n{n:05}.example.org"), address, &[]));
        }
        self.write(&text);
    }

    /// These and no others.
    pub fn write(&self, text: &str) {
        self.replace("objects/all.yaml", text);
    }

    /// A file beside the manifests, in one step, so that no half of it is read.
    pub fn replace(&self, name: &str, text: &str) {
        std::fs::write(self.path("new"), text).unwrap();
        std::fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file beside the manifests.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }
}

/// One Ingress, with annotations without `external-dns.kubernetes.io/`.
pub fn ingress(name: &str, host: &str, target: &str, annotations: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let annotations: Vec<String> = annotations
        .iter()
        .map(|(key, value)| format!("external-dns.kubernetes.io/{key}: {value:?}"))
        .collect();
    let field = if target.parse::<IpAddr>().is_ok() { "ip" } else { "hostname" };
    writeln!(
        text,
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, namespace: web, annotations: {{{}}}}}\n\
         spec: {{rules: [{{host: \"{host}\"}}]}}\nstatus: {{loadBalancer: {{ingress: [{{{field}: \"{target}\"}}]}}}}\n---",
        annotations.join(", ")
    )
    .unwrap();
    text
}

/// The program with nothing of our environment.
pub fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zonewright"));
    command
        .env_clear()
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// One run.
pub async fn once(mut command: Command) -> Ended {
    let output = command.arg("--once").output().await.unwrap();
    Ended { code: output.status.code(), log: String::from_utf8(output.stderr).unwrap() }
}

/// A subcommand with the flags and the environment of a program: what it came to, and what it printed.
pub async fn instead(words: &[&str], program: Command) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zonewright"));
    let program = program.as_std();
    let has = |argument: &&std::ffi::OsStr| !argument.to_string_lossy().starts_with("--metrics-address");
    command.env_clear().args(words).args(program.get_args().filter(has));
    command.envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let output = command.output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text)
}

/// A daemon that writes its log to a file.
pub fn daemon(mut command: Command, log: &Path) -> Child {
    command.stderr(std::fs::File::create(log).unwrap()).spawn().unwrap()
}

/// The lines of a log that hold all of these.
pub fn said(log: &str, parts: &[&str]) -> usize {
    log.lines().filter(|line| parts.iter().all(|part| line.contains(part))).count()
}

pub async fn until(what: &str, holds: impl FnMut() -> bool) {
    until_within(Duration::from_secs(60), what, holds).await;
}

pub async fn until_within(patience: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < patience, "{what} does not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
