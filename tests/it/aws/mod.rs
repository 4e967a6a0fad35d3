//! The program against a Route 53 double: how it gets in, and how much it asks.

mod access;
mod bad_input;
mod calls;
mod cloud_map;
mod cluster;
mod golden;
mod metrics;
mod moto;
mod records;

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use zonewright_aws_double::{AwsDouble, NewZone};

/// What the program left behind.
struct Ended {
    code: Option<i32>,
    log: String,
}

/// Manifests in a folder that goes with the test.
struct Objects {
    folder: tempfile::TempDir,
}

impl Objects {
    /// So many Ingresses, `n00000.example.org` and so on.
    fn new(count: usize) -> Self {
        let objects = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(objects.path("objects")).unwrap();
        objects.write(count, 0..0);
        objects
    }

    /// Writes them all anew, some of them with another address than before.
    fn write(&self, count: usize, changed: Range<usize>) {
        let mut text = String::new();
        for n in 0..count {
            let address = if changed.contains(&n) { "198.51.100.1" } else { "192.0.2.1" };
            writeln!(
                text,
                "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: n{n:05}, namespace: web}}\nspec: {{rules: \
                 [{{host: n{n:05}.example.org}}]}}\nstatus: {{loadBalancer: {{ingress: [{{ip: {address}}}]}}}}\n---"
            )
            .unwrap();
        }
        // In one step, so that no half of it is read.
        std::fs::write(self.path("new"), text).unwrap();
        std::fs::rename(self.path("new"), self.path("objects").join("all.yaml")).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file beside the manifests.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }
}

/// The program with nothing of our environment but where AWS is.
fn program(aws: &AwsDouble, objects: &Objects) -> Command {
    program_at(&aws.url(), objects)
}

/// The same for any service at an address.
fn program_at(url: &str, objects: &Objects) -> Command {
    let mut command = program_answering(url, 0);
    command.arg("--source=ingress").arg(format!("--manifests={}", objects.path("objects").display()));
    command
}

/// The same without anything to read from, with a port for its metrics.
fn program_answering(url: &str, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zonewright"));
    command
        .args(["--provider=aws", "--policy=sync", "--txt-owner-id=me", "--aws-batch-change-interval=0s"])
        .arg("--provider-requests-per-second=0")
        .arg(format!("--metrics-address=127.0.0.1:{port}"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Lets it in by the environment.
fn with_keys(mut command: Command) -> Command {
    command
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "secret");
    command
}

/// One run.
async fn once(mut command: Command) -> Ended {
    let output = command.arg("--once").output().await.unwrap();
    Ended { code: output.status.code(), log: String::from_utf8(output.stderr).unwrap() }
}

/// A subcommand with the flags and the environment of a program: what it came to, and what it printed.
async fn instead(words: &[&str], program: Command) -> (Option<i32>, String) {
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
fn daemon(mut command: Command, log: &Path) -> Child {
    command.stderr(std::fs::File::create(log).unwrap()).spawn().unwrap()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} does not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A double with one zone.
async fn aws() -> (AwsDouble, String) {
    let aws = AwsDouble::start().await.unwrap();
    let zone = aws.create_zone(NewZone::public("example.org")).unwrap();
    (aws, zone)
}
