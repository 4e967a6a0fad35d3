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

use crate::program::{Ended, Objects, bare, daemon, instead, once, said, until};
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

/// A double with one zone.
async fn aws() -> (AwsDouble, String) {
    let aws = AwsDouble::start().await.unwrap();
    let zone = aws.create_zone(NewZone::public("example.org")).unwrap();
    (aws, zone)
}
