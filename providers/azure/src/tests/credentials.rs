//! Who we are, how that changes, and what is said when nobody knows us.

use super::*;
use rstest::rstest;
use zonewright_azure_double::{Fault, Operation, When};

async fn reads(provider: &Azure) -> Result<usize, ProviderError> {
    provider.reader().zones().await.map(|zones| zones.len())
}

/// Every way in leads to a token, and one token serves all requests.
#[tokio::test]
async fn every_identity_gets_a_token() {
    let (world, _) = World::with_zone(Service::Public).await;
    let token_file = world.folder.path().join("federated");
    std::fs::write(&token_file, "jwt\n").unwrap();
    world.azure.add_workload("tenant", "workload", "jwt");
    world.azure.add_system_identity();
    world.azure.assign_identity("one", "/subscriptions/s/one");
    world.azure.assign_identity("two", "/subscriptions/s/two");
    let workload = Environment {
        tenant_id: Some("tenant".to_owned()),
        client_id: Some("workload".to_owned()),
        federated_token_file: Some(token_file),
        ..Environment::default()
    };
    let local = Environment {
        identity_endpoint: Some(world.azure.identity_endpoint()),
        identity_header: Some("identity-header".to_owned()),
        ..Environment::default()
    };
    let metadata = Environment { metadata_host: Some(world.azure.url()), ..Environment::default() };
    let managed = r#""useManagedIdentityExtension": true"#;
    let cases = [
        (
            r#""tenantId": "tenant", "aadClientId": "client", "aadClientSecret": "secret", "useManagedIdentityExtension": true"#,
            &Environment::default(),
            "service principal client",
        ),
        (
            r#""useWorkloadIdentityExtension": true, "aadClientId": "msi", "aadClientSecret": "MSI""#,
            &workload,
            "workload identity workload",
        ),
        (managed, &metadata, "the system-assigned managed identity (from instance metadata)"),
        (managed, &local, "the system-assigned managed identity (from IDENTITY_ENDPOINT)"),
        (
            r#""useManagedIdentityExtension": true, "userAssignedIdentityID": "two""#,
            &metadata,
            "client id two",
        ),
        (
            r#""useManagedIdentityExtension": true, "userAssignedIdentityID": "/subscriptions/s/one""#,
            &metadata,
            "the managed identity /subscriptions/s/one",
        ),
        (
            r#""useManagedIdentityExtension": true, "userAssignedIdentityID": "/subscriptions/s/one""#,
            &local,
            "the managed identity /subscriptions/s/one",
        ),
    ];
    for (identity, environment, name) in cases {
        world.write_file(identity);
        let config = AzureConfig { environment: environment.clone(), ..world.config(Service::Public) };
        let provider = provider(config);
        assert!(provider.0.account.settings().identity.to_string().contains(name), "{name}");
        world.azure.forget_requests();
        provider.check().await.unwrap();
        for _ in 0..3 {
            assert_eq!(reads(&provider).await.unwrap(), 1, "{name}");
        }
        let tokens = world.azure.count(Operation::GetToken) + world.azure.count(Operation::GetIdentityToken);
        assert_eq!(tokens, 1, "{name}");
    }
}

/// Need 61: who was refused, by whom, and what to do.
#[tokio::test]
async fn a_refused_identity_is_named() {
    let world = World::new().await;
    let environment = Environment { metadata_host: Some(world.azure.url()), ..Environment::default() };
    let refused = async |identity: &str| {
        world.write_file(identity);
        let config = AzureConfig { environment: environment.clone(), ..world.config(Service::Public) };
        let error = provider(config).check().await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Auth, "{error}");
        let text = error.to_string();
        assert!(!text.contains("Trace ID") && !text.contains("wrong-secret"), "{text}");
        text
    };
    let says = |text: &str, parts: &[&str]| assert!(parts.iter().all(|part| text.contains(part)), "{text}");

    let managed = r#""useManagedIdentityExtension": true"#;
    let text = refused(managed).await;
    says(&text, &["system-assigned managed identity", "Identity not found"]);
    world.azure.assign_identity("one", "/one");
    world.azure.assign_identity("two", "/two");
    let text = refused(managed).await;
    says(&text, &["Multiple user assigned identities", "--azure-user-assigned-identity-client-id"]);
    let text = refused(r#""useManagedIdentityExtension": true, "userAssignedIdentityID": "three""#).await;
    says(&text, &["client id three", "Identity not found", "assigned to the machine"]);
    let principal = |tenant: &str, client: &str, secret: &str| {
        format!(r#""tenantId": "{tenant}", "aadClientId": "{client}", "aadClientSecret": "{secret}""#)
    };
    let text = refused(&principal("tenant", "client", "wrong-secret")).await;
    says(&text, &["service principal client of tenant tenant", "AADSTS7000215", "aadClientSecret"]);
    says(&refused(&principal("tenant", "nobody", "x")).await, &["service principal nobody", "AADSTS700016"]);
    world.write_file(
        r#""useWorkloadIdentityExtension": true, "tenantId": "tenant", "aadClientId": "workload""#,
    );
    let federated_token_file = Some(PathBuf::from("/nonexistent/token"));
    let environment = Environment { federated_token_file, ..Environment::default() };
    let config = AzureConfig { environment, ..world.config(Service::Public) };
    let text = provider(config).check().await.unwrap_err().to_string();
    says(&text, &["workload identity workload", "AZURE_FEDERATED_TOKEN_FILE", "/nonexistent/token"]);
    says(&refused(&principal("nowhere", "client", "secret")).await, &["tenant nowhere", "AADSTS90002"]);
}

/// The token of the service account rotates, and so does a secret in the file; nobody has to start again.
#[tokio::test]
async fn credentials_rotate() {
    let (world, _) = World::with_zone(Service::Public).await;
    let token_file = world.folder.path().join("federated");
    let environment = Environment {
        tenant_id: Some("tenant".to_owned()),
        client_id: Some("workload".to_owned()),
        federated_token_file: Some(token_file.clone()),
        ..Environment::default()
    };
    world.write_file(r#""useWorkloadIdentityExtension": true"#);
    std::fs::write(&token_file, "first").unwrap();
    world.azure.add_workload("tenant", "workload", "first");
    let config = AzureConfig { environment, ..world.config(Service::Public) };
    let provider = provider(config);
    reads(&provider).await.unwrap();
    world.azure.add_workload("tenant", "workload", "second");
    world.azure.withdraw_tokens();
    let error = reads(&provider).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Auth);
    assert!(error.to_string().contains("federated"), "{error}");
    std::fs::write(&token_file, "second").unwrap();
    reads(&provider).await.unwrap();

    // Another identity altogether, and from then on another secret.
    let secret = |secret: &str| {
        world.write_file(&format!(
            r#""tenantId": "tenant", "aadClientId": "client", "aadClientSecret": "{secret}""#
        ));
    };
    secret("secret");
    reads(&provider).await.unwrap();
    world.azure.add_principal("tenant", "client", "renewed");
    reads(&provider).await.unwrap();
    world.azure.withdraw_tokens();
    reads(&provider).await.unwrap_err();
    secret("renewed");
    reads(&provider).await.unwrap();
    // A file that makes no sense changes nothing.
    std::fs::write(world.file(), "{ half").unwrap();
    reads(&provider).await.unwrap();
    world.azure.withdraw_tokens();
    reads(&provider).await.unwrap();
    std::fs::remove_file(world.file()).unwrap();
    reads(&provider).await.unwrap();
}

/// Writes, too, get over a token that was withdrawn; and it is asked for once, however many are under way.
#[tokio::test]
async fn a_withdrawn_token_is_replaced_once() {
    let (world, id) = World::with_zone(Service::Public).await;
    let provider = world.provider(Service::Public);
    let zone = zone_of(&provider).await;
    world.azure.withdraw_tokens();
    world.azure.forget_requests();
    let changes: Vec<ZoneChange> =
        (0..50).map(|i| create(wish(&format!("n{i}.example.org A 192.0.2.1"), &[]))).collect();
    let outcomes = provider.writer().apply(&zone, &changes).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!((world.azure.count(Operation::GetToken), world.azure.records(&id).len()), (1, 50));
}

/// A token is renewed before it ends; while it cannot be, it is used as long as it holds.
#[tokio::test]
async fn tokens_are_renewed_in_time() {
    let (world, _) = World::with_zone(Service::Public).await;
    world.azure.set_token_lifetime(Duration::from_secs(4));
    let provider = world.provider(Service::Public);
    let tokens = || world.azure.count(Operation::GetToken);
    reads(&provider).await.unwrap();
    reads(&provider).await.unwrap();
    assert_eq!(tokens(), 1);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    world.azure.inject(When::call(Operation::GetToken).times(1), Fault::unavailable());
    reads(&provider).await.unwrap();
    assert_eq!(tokens(), 2, "it was tried in the second half of its time, and what was there still held");
    reads(&provider).await.unwrap();
    assert_eq!(tokens(), 3);
    let before = world.azure.requests().len();
    reads(&provider).await.unwrap();
    assert_eq!((tokens(), world.azure.requests().len()), (3, before + 1));
}

/// A tenant may be out of reach like anything else.
#[rstest]
#[case(Fault::HangUp, "unavailable")]
#[case(Fault::unavailable(), "unavailable")]
#[case(Fault::throttled(Some(5)), "throttled")]
#[case(Fault::Say { status: 200, body: "<html>".to_owned() }, "unavailable")]
#[tokio::test]
async fn those_who_give_tokens_may_be_out_of_reach(#[case] fault: Fault, #[case] code: &str) {
    let (world, _) = World::with_zone(Service::Public).await;
    world.azure.inject(When::call(Operation::GetToken).always(), fault);
    let error = world.provider(Service::Public).check().await.unwrap_err();
    assert_eq!(error.class().code(), code, "{error}");
    assert!(error.to_string().contains("service principal client"), "{error}");
}

/// What else stands in the file is read anew with every list of zones, however long the token still holds.
#[tokio::test]
async fn another_resource_group_needs_no_restart() {
    let (world, _) = World::with_zone(Service::Public).await;
    for name in ["one.example", "two.example"] {
        world.zone(Service::Public, "other", name);
    }
    let provider = world.provider(Service::Public);
    assert_eq!(reads(&provider).await.unwrap(), 1);
    let text = std::fs::read_to_string(world.file()).unwrap();
    std::fs::write(world.file(), text.replace(r#""resourceGroup": "group""#, r#""resourceGroup": "other""#))
        .unwrap();
    assert_eq!(reads(&provider).await.unwrap(), 2);
}
