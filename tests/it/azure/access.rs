//! How the program gets in.

use super::{Ended, World, daemon, once, principal, said, until};
use zonewright_azure_double::Operation;

/// The ways in that AKS and other platforms offer, by the variables that they set.
#[tokio::test(flavor = "multi_thread")]
async fn every_platform_is_known_by_its_variables() {
    let (world, zone) = World::with_zone("azure").await;
    world.numbered(1, 0);
    world.azure.add_workload("tenant", "workload", "jwt");
    world.azure.assign_identity("assigned", "/subscriptions/s/assigned");
    std::fs::write(world.path("federated"), "jwt").unwrap();

    world.write_file(r#""useWorkloadIdentityExtension": true"#);
    let mut workload = world.program();
    workload
        .env("AZURE_TENANT_ID", "tenant")
        .env("AZURE_CLIENT_ID", "workload")
        .env("AZURE_FEDERATED_TOKEN_FILE", world.path("federated"));
    let Ended { code, log } = once(workload).await;
    assert_eq!((code, world.azure.records(&zone).len()), (Some(0), 2), "{log}");

    world.write_file(r#""useManagedIdentityExtension": true"#);
    let mut local = world.program();
    local.env("IDENTITY_ENDPOINT", world.azure.identity_endpoint()).env("IDENTITY_HEADER", "identity-header");
    let Ended { code, log } = once(local).await;
    assert_eq!(code, Some(0), "{log}");
    let mut metadata = world.program();
    metadata
        .env("AZURE_POD_IDENTITY_AUTHORITY_HOST", world.azure.url())
        .arg("--azure-user-assigned-identity-client-id=assigned");
    let Ended { code, log } = once(metadata).await;
    assert_eq!(code, Some(0), "{log}");
    assert!(world.azure.requests().iter().any(|request| request.path.contains("client_id=assigned")));
}

/// Need 61: which of several identities is meant has to be said, and the message says how, before anything else is tried.
#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_gets_no_token_is_named() {
    let (world, _) = World::with_zone("azure").await;
    world.numbered(1, 0);
    world.azure.assign_identity("one", "/one");
    world.azure.assign_identity("two", "/two");
    world.write_file(r#""useManagedIdentityExtension": true"#);
    let mut command = world.program();
    command.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", world.azure.url());
    let Ended { code, log } = once(command).await;
    assert_eq!(code, Some(1), "{log}");
    let parts = [
        "system-assigned managed identity",
        "Multiple user assigned",
        "--azure-user-assigned-identity-client-id",
    ];
    assert!(said(&log, &parts) > 0, "{log}");
    assert_eq!(world.azure.count(Operation::ListZones), 0);
}

/// Need 38: the token of the service account rotates while the program runs, and the secret in the file does, too.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_rotate_without_a_restart() {
    let (world, zone) = World::with_zone("azure").await;
    world.numbered(1, 0);
    world.azure.add_workload("tenant", "workload", "first");
    world.replace("federated", "first");
    world.write_file(r#""useWorkloadIdentityExtension": true"#);
    let log = world.path("log");
    let mut command = world.program();
    command
        .args(["--events", "--min-event-sync-interval=0s", "--interval=300ms"])
        .env("AZURE_TENANT_ID", "tenant")
        .env("AZURE_CLIENT_ID", "workload")
        .env("AZURE_FEDERATED_TOKEN_FILE", world.path("federated"));
    let mut running = daemon(command, &log);
    let records = |count: usize| world.azure.records(&zone).len() == count;
    until("the first", || records(2)).await;

    world.azure.add_workload("tenant", "workload", "second");
    world.replace("federated", "second");
    world.azure.withdraw_tokens();
    world.numbered(2, 0);
    until("the second", || records(4)).await;

    world.write_file(&principal("secret"));
    world.azure.withdraw_tokens();
    world.numbered(3, 0);
    until("the third, as somebody else", || records(6)).await;

    // What makes no sense changes nothing, and is said.
    world.replace("azure.json", r#"{"cloud": 7}"#);
    world.numbered(4, 0);
    until("the fourth", || records(8)).await;
    let has_said =
        || said(&std::fs::read_to_string(&log).unwrap(), &["azure.json", "field cloud", "still holds"]) > 0;
    until("the complaint", has_said).await;
    assert!(running.try_wait().unwrap().is_none());
}

/// Flags stand above the file.
#[tokio::test(flavor = "multi_thread")]
async fn flags_stand_above_the_file() {
    let world = World::new("azure").await;
    let subscription = "99999999-0000-0000-0000-000000000000";
    let zone = world.azure.create_zone(zonewright_azure_double::NewZone::public(
        subscription,
        "other",
        "example.org",
    ));
    world.numbered(1, 0);
    let mut command = world.program();
    command.args(["--azure-resource-group=other"]).arg(format!("--azure-subscription-id={subscription}"));
    let Ended { code, log } = once(command).await;
    assert_eq!((code, world.azure.records(&zone).len()), (Some(0), 2), "{log}");
}
