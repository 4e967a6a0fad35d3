//! Services that never come to an end: lists whose next page is one that was read, answers that do not stop.

use crate::program::{Objects, bare, once};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(60);

fn program(provider: &str, objects: &Objects) -> Command {
    let mut command = bare();
    command
        .args(["--policy=sync", "--txt-owner-id=me", "--source=ingress", "--metrics-address=127.0.0.1:0"])
        .arg(format!("--provider={provider}"))
        .arg(format!("--manifests={}", objects.path("objects").display()))
        .arg("--provider-requests-per-second=0");
    command
}

fn with_aws(mut command: Command, url: &str) -> Command {
    command
        .args(["--aws-api-retries=1"])
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "secret");
    command
}

async fn fails(command: Command, said: &str) {
    let begun = Instant::now();
    let ended = tokio::time::timeout(PATIENCE, once(command)).await.expect("it ends");
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    assert!(ended.log.contains(said), "{said:?} is missing after {:?} in\n{}", begun.elapsed(), ended.log);
}

/// One answer for every request.
async fn saying(content_type: &'static str, body: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = body(&url);
    tokio::spawn(async move {
        let text = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        while let Ok((mut stream, _)) = listener.accept().await {
            let text = text.clone();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 65536]).await;
                let _ = stream.write_all(text.as_bytes()).await;
            });
        }
    });
    url
}

/// A good head, and then more and more.
async fn endless(content_type: &'static str, begin: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 65536]).await;
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\nconnection: close\r\n\r\n{begin}"
                );
                let _ = stream.write_all(head.as_bytes()).await;
                let piece = vec![b' '; 1 << 20];
                while stream.write_all(&piece).await.is_ok() {}
            });
        }
    });
    url
}

const READ_ALREADY: &str = "a page as the next one that has been read already";

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_go_round_in_circles_end() {
    let objects = Objects::with(1);
    let zones = "<ListHostedZonesResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><HostedZones/>\
                 <IsTruncated>true</IsTruncated><NextMarker>Z1</NextMarker><MaxItems>100</MaxItems></ListHostedZonesResponse>";
    let url = saying("text/xml", |_| zones.to_owned()).await;
    fails(with_aws(program("aws", &objects), &url), READ_ALREADY).await;

    let page = r#"{"Namespaces": [], "NextToken": "x"}"#;
    let url = saying("application/x-amz-json-1.1", |_| page.to_owned()).await;
    let mut cloud_map = with_aws(program("aws-sd", &objects), &url);
    cloud_map.arg("--registry=aws-sd");
    fails(cloud_map, READ_ALREADY).await;

    // Both a token and a page.
    let url = saying("application/json", |url| {
        format!(r#"{{"access_token": "x", "expires_in": 3600, "value": [], "nextLink": "{url}/more"}}"#)
    })
    .await;
    let file = objects.file(
        "azure.json",
        &format!(
            r#"{{"cloud": "AZURESTACKCLOUD", "resourceManagerEndpoint": "{url}", "resourceManagerAudience": "https://m.example",
                 "activeDirectoryAuthorityHost": "{url}", "subscriptionId": "s", "resourceGroup": "g",
                 "tenantId": "t", "aadClientId": "c", "aadClientSecret": "s"}}"#
        ),
    );
    let mut azure = program("azure", &objects);
    azure.arg(format!("--azure-config-file={}", file.display())).arg("--azure-maxretries-count=-1");
    fails(azure, READ_ALREADY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_do_not_end_are_cut_off() {
    let objects = Objects::with(1);
    let url = endless("text/xml", "<ListHostedZonesResponse>").await;
    fails(with_aws(program("aws", &objects), &url), "the answer is longer than 33554432 bytes").await;

    let url = endless("application/json", "{\"result\": [").await;
    let mut cloudflare = program("cloudflare", &objects);
    cloudflare.env("CLOUDFLARE_BASE_URL", &url).env("CF_API_TOKEN", "token");
    fails(cloudflare, "the answer is longer than 67108864 bytes").await;

    let url = endless("application/external.dns.webhook+json;version=1", "{").await;
    let mut webhook = program("webhook", &objects);
    webhook.arg(format!("--webhook-provider-url={url}"));
    fails(webhook, "--webhook-provider-max-body-size").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_do_not_end_are_refused() {
    let objects = Objects::with(1);
    let inmemory = || {
        let mut command = program("inmemory", &objects);
        command.arg("--inmemory-zone=example.org");
        command
    };
    let mut policy = inmemory();
    policy.arg("--domain-policy=/dev/zero");
    fails(policy, "longer than 1048576 bytes").await;
    let mut azure = program("azure", &objects);
    azure.arg("--azure-config-file=/dev/zero");
    fails(azure, "longer than 1048576 bytes").await;
    let mut cloudflare = program("cloudflare", &objects);
    cloudflare.env("CF_API_TOKEN", "file:/dev/zero");
    fails(cloudflare, "longer than 1048576 bytes").await;
    let mut arguments = inmemory();
    arguments.arg("@/dev/zero");
    fails(arguments, "longer than 1048576 bytes").await;
}
