//! Services that refuse, and quote what they were told.

use super::echo::{Echo, Manner};
use super::runs::{Setup, is_clean, say_nothing_secret};
use crate::program::Objects;

const REFUSALS: [(Manner, u16); 4] =
    [(Manner::Plain, 403), (Manner::Json, 401), (Manner::Json, 200), (Manner::Plain, 200)];

#[tokio::test(flavor = "multi_thread")]
async fn cloudflare() {
    let objects = Objects::new();
    let file = objects.file("token", "canary-file-token\n");
    for (manner, status) in REFUSALS {
        let echo = Echo::start(manner, status).await;
        let setup = || Setup::of("cloudflare").env("CLOUDFLARE_BASE_URL", &echo.url());
        say_nothing_secret("token", &setup().env("CF_API_TOKEN", "canary-token")).await;
        assert!(echo.heard().contains("Bearer canary-token"));
    }
    let echo = Echo::start(Manner::Json, 403).await;
    let setup = || Setup::of("cloudflare").env("CLOUDFLARE_BASE_URL", &echo.url());
    say_nothing_secret("file", &setup().env("CF_API_TOKEN", &format!("file:{}", file.display()))).await;
    assert!(echo.heard().contains("Bearer canary-file-token"));
    let key = setup().env("CF_API_KEY", "canary-key").env("CF_API_EMAIL", "canary@example.org");
    say_nothing_secret("key", &key).await;
    assert!(echo.heard().contains("x-auth-key: canary-key"));
    say_nothing_secret("no header", &setup().env("CF_API_TOKEN", "canary\ntoken")).await;
    let address = setup().env("CLOUDFLARE_BASE_URL", "http://me:canary-password@192.0.2.1/?t=canary");
    say_nothing_secret("address", &address.env("CF_API_TOKEN", "canary-token")).await;
}

fn azure_file(echo: &Echo, identity: &str) -> String {
    let url = echo.url();
    format!(
        r#"{{"cloud": "AZURESTACKCLOUD", "resourceManagerEndpoint": "{url}", "resourceManagerAudience": "https://management.example",
             "activeDirectoryAuthorityHost": "{url}", "subscriptionId": "s", "resourceGroup": "g", {identity}}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn azure() {
    let principal = r#""tenantId": "t", "aadClientId": "c", "aadClientSecret": "canary/secret+&x y""#;
    let workload = r#""tenantId": "t", "aadClientId": "c", "useWorkloadIdentityExtension": true"#;
    let managed = r#""useManagedIdentityExtension": true"#;
    for (manner, status) in REFUSALS.into_iter().chain([(Manner::BrokenToken, 200)]) {
        let echo = Echo::start(manner, status).await;
        let objects = Objects::new();
        let assertion = objects.file("assertion", "canary.assertion");
        for identity in [principal, workload, managed] {
            let file = objects.file("azure.json", &azure_file(&echo, identity));
            let setup = Setup::of("azure")
                .arg(&format!("--azure-config-file={}", file.display()))
                .arg("--azure-maxretries-count=-1")
                .env("AZURE_FEDERATED_TOKEN_FILE", assertion.to_str().unwrap())
                .env("AZURE_AUTHORITY_HOST", &echo.url())
                .env("IDENTITY_ENDPOINT", &echo.url())
                .env("IDENTITY_HEADER", "canary-identity-header");
            say_nothing_secret(identity, &setup).await;
        }
        let heard = echo.heard();
        for secret in ["client_secret=canary%2Fsecret", "canary.assertion", "canary-identity-header"] {
            assert!(heard.contains(secret), "{secret}: {heard}");
        }
    }
}

/// The secret key itself never leaves the machine; session tokens, external ids, and tokens of identities do.
#[tokio::test(flavor = "multi_thread")]
async fn aws() {
    for (manner, status) in
        [(Manner::Xml, 403), (Manner::Json, 400), (Manner::Plain, 401), (Manner::Plain, 200)]
    {
        let echo = Echo::start(manner, status).await;
        let objects = Objects::new();
        let web_identity = objects.file("web-identity", "canary.web.identity");
        let base = |provider| {
            Setup::of(provider)
                .arg("--aws-api-retries=1")
                .env("AWS_REGION", "us-east-1")
                .env("AWS_ENDPOINT_URL", &echo.url())
                .env("AWS_EC2_METADATA_DISABLED", "true")
        };
        let keys = |setup: Setup| {
            setup
                .env("AWS_ACCESS_KEY_ID", "AKIATEST")
                .env("AWS_SECRET_ACCESS_KEY", "canary/secret")
                .env("AWS_SESSION_TOKEN", "canary/session+token==")
        };
        let role = keys(base("aws"))
            .arg("--aws-assume-role=arn:aws:iam::111122223333:role/dns")
            .arg("--aws-assume-role-external-id=canary external/id");
        let federated = base("aws")
            .env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/dns")
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", web_identity.to_str().unwrap());
        let pod = base("aws")
            .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{}/creds?x=canary", echo.url()))
            .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "canary-container-token");
        say_nothing_secret("keys", &keys(base("aws"))).await;
        say_nothing_secret("role", &role).await;
        say_nothing_secret("web identity", &federated).await;
        say_nothing_secret("pod identity", &pod).await;
        say_nothing_secret("cloud map", &keys(base("aws-sd")).arg("--registry=aws-sd")).await;
        let table = keys(base("inmemory")).arg("--inmemory-zone=example.org").arg("--registry=dynamodb");
        say_nothing_secret("table", &table).await;
        let heard = echo.heard();
        let secrets = [
            "canary/session+token==",
            "ExternalId=canary%20external%2Fid",
            "canary.web.identity",
            "canary-container-token",
        ];
        for secret in secrets {
            assert!(heard.contains(secret), "{secret}: {heard}");
        }
        assert!(!heard.contains("canary/secret"), "it only signs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhook() {
    for (manner, status) in
        REFUSALS.into_iter().chain([(Manner::WritesNothing, 403), (Manner::WritesNothing, 200)])
    {
        let echo = Echo::start(manner, status).await;
        let url = format!("http://me:canary%20password@{}?token=canary-token", echo.address());
        say_nothing_secret("url", &Setup::of("webhook").arg(&format!("--webhook-provider-url={url}"))).await;
        // `me:canary password`.
        assert!(echo.heard().contains("Basic bWU6Y2FuYXJ5IHBhc3N3b3Jk"), "{}", echo.heard());
    }
    for url in [
        "ftp://me:canary@h",
        "http://me:canary@",
        "http://me:canary@h:port/",
        "me:canary@h",
        "http://h/%?canary",
    ] {
        say_nothing_secret(url, &Setup::of("webhook").arg(&format!("--webhook-provider-url={url}"))).await;
    }
}

/// The way to a service is through a proxy that wants a password, and has no way.
#[tokio::test(flavor = "multi_thread")]
async fn proxies() {
    let echo = Echo::start(Manner::Plain, 407).await;
    let objects = Objects::new();
    let file = objects.file(
        "azure.json",
        r#"{"tenantId": "t", "aadClientId": "c", "aadClientSecret": "canary-secret", "subscriptionId": "s", "resourceGroup": "g"}"#,
    );
    for proxy in
        [format!("http://me:canary-password@{}", echo.address()), "http://me:canary@h:port".to_owned()]
    {
        let through = |setup: Setup| {
            ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"]
                .iter()
                .fold(setup, |setup, name| setup.env(name, &proxy))
        };
        // Where there is no such name: nobody else is ever asked.
        let cloudflare = Setup::of("cloudflare")
            .env("CLOUDFLARE_BASE_URL", "https://cloudflare.invalid/")
            .env("CF_API_TOKEN", "canary-token");
        say_nothing_secret("cloudflare", &through(cloudflare)).await;
        let azure = Setup::of("azure")
            .arg("--azure-maxretries-count=-1")
            .arg(&format!("--azure-config-file={}", file.display()));
        say_nothing_secret("azure", &through(azure.env("AZURE_AUTHORITY_HOST", "https://azure.invalid/")))
            .await;
        let aws = Setup::of("aws")
            .arg("--aws-api-retries=1")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL", "https://aws.invalid/")
            .env("AWS_ACCESS_KEY_ID", "AKIATEST")
            .env("AWS_SECRET_ACCESS_KEY", "canary/secret");
        say_nothing_secret("aws", &through(aws)).await;
        let webhook = Setup::of("webhook").arg("--webhook-provider-url=http://webhook.invalid/");
        say_nothing_secret("webhook", &through(webhook)).await;
    }
    is_clean("this", "nothing at all");
}
