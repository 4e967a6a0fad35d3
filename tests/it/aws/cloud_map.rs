//! The program against a Cloud Map double.

use super::{Objects, daemon, once, until, with_keys};
use std::process::Stdio;
use tokio::process::Command;
use zonewright_aws_double::{AwsDouble, NamespaceKind, Operation};

fn program(aws: &AwsDouble, objects: &Objects) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zonewright"));
    command
        .args(["--provider=aws-sd", "--source=ingress", "--policy=sync", "--txt-owner-id=me"])
        .args(["--metrics-address=127.0.0.1:0", "--provider-requests-per-second=0"])
        .arg(format!("--manifests={}", objects.path("objects").display()))
        .env_clear()
        .env("HOME", "/nonexistent")
        // Discovery has a host of its own, which this address does not have.
        .env("AWS_ENDPOINT_URL", aws.url())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    with_keys(command)
}

async fn aws() -> (AwsDouble, String) {
    let aws = AwsDouble::start().await.unwrap();
    let namespace = aws.create_namespace("example.org", NamespaceKind::Private);
    (aws, namespace)
}

/// Ownership goes into the description without a word about the registry, which is txt where nothing is said.
#[tokio::test]
async fn services_are_made_and_made_only_once() {
    let (aws, namespace) = aws().await;
    let objects = Objects::with(2);
    for _ in 0..2 {
        let ended = once(program(&aws, &objects)).await;
        assert_eq!(ended.code, Some(0), "{}", ended.log);
        assert!(!ended.log.contains("WARN"), "{}", ended.log);
    }
    let services = aws.services(&namespace);
    let described: Vec<&str> = services.iter().filter_map(|service| service.description.as_deref()).collect();
    let expected = "heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/web/n0000";
    assert_eq!(described, [format!("{expected}0"), format!("{expected}1")]);
    assert_eq!(aws.count(Operation::CreateService), 2);
    assert_eq!(aws.count(Operation::RegisterInstance), 2);
}

#[tokio::test]
async fn services_go_with_their_objects() {
    let (aws, namespace) = aws().await;
    let objects = Objects::with(3);
    let mut command = program(&aws, &objects);
    command.args(["--aws-sd-service-cleanup", "--no-delete-guard"]);
    assert_eq!(once(command).await.code, Some(0));
    objects.numbered(1, 0..0);
    let mut command = program(&aws, &objects);
    command.args(["--aws-sd-service-cleanup", "--no-delete-guard"]);
    let ended = once(command).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let names: Vec<String> = aws.services(&namespace).into_iter().map(|service| service.name).collect();
    assert_eq!(names, ["n00000"]);
}

/// A change takes no list: two requests to register and to remove, and one each to see that it is done.
#[tokio::test]
async fn a_change_takes_four_requests() {
    let (aws, namespace) = aws().await;
    let objects = Objects::with(30);
    let _daemon = daemon(program(&aws, &objects), &objects.path("log"));
    let log = || std::fs::read_to_string(objects.path("log")).unwrap_or_default();
    until("the start", || {
        aws.services(&namespace).iter().filter(|service| service.instances.len() == 1).count() == 30
    })
    .await;
    until("its end", || log().contains("30 created")).await;
    aws.forget_requests();
    objects.numbered(30, 7..8);
    let is_there = || aws.services(&namespace)[7].instances.keys().eq(["198.51.100.1"]);
    until("the change", is_there).await;
    until("its end", || aws.count(Operation::GetOperation) >= 2).await;
    let asked: Vec<Operation> = aws.requests().iter().map(|request| request.operation).collect();
    use Operation::{DeregisterInstance, GetOperation, RegisterInstance};
    assert_eq!(asked, [RegisterInstance, GetOperation, DeregisterInstance, GetOperation], "{}", log());
}

/// No error of the service ends the program, as it does with ExternalDNS; what can be written is.
#[tokio::test]
async fn errors_do_not_end_the_program() {
    use zonewright_aws_double::{Fault, When};
    let (aws, namespace) = aws().await;
    let objects = Objects::with(2);
    let denied = || Fault::refuse(400, "AccessDeniedException", "not authorized");
    aws.inject(When::call(Operation::ListNamespaces), denied());
    let mut command = program(&aws, &objects);
    command.arg("--interval=1s");
    let mut child = daemon(command, &objects.path("log"));
    until("the first refusal", || aws.count(Operation::ListNamespaces) >= 1).await;
    until("the records", || aws.services(&namespace).len() == 2).await;
    assert!(child.try_wait().unwrap().is_none());
    let log = std::fs::read_to_string(objects.path("log")).unwrap();
    assert!(log.contains("docs/providers/aws-cloud-map.md"), "{log}");
}
