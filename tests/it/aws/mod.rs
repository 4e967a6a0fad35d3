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
mod snapshots;

use crate::program::{Ended, Objects, bare, daemon, once, said, until};
use tokio::process::Command;
use zonewright_aws_double::{AwsDouble, NewZone};

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
    let mut command = bare();
    command
        .args(["--provider=aws", "--policy=sync", "--txt-owner-id=me", "--aws-batch-change-interval=0s"])
        .arg("--provider-requests-per-second=0")
        .arg(format!("--metrics-address=127.0.0.1:{port}"))
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_EC2_METADATA_DISABLED", "true");
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

/// A double with one zone.
async fn aws() -> (AwsDouble, String) {
    let aws = AwsDouble::start().await.unwrap();
    let zone = aws.create_zone(NewZone::public("example.org")).unwrap();
    (aws, zone)
}
