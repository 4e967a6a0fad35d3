//! Every way to credentials, and what is said when one leads nowhere.

use super::{Ended, Objects, aws, once, program, with_keys};
use serde_json::json;
use tokio::process::Command;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};
use zonewright_aws_double::{ACCOUNT, AwsDouble, NewZone, Operation, Request, Role};

const ROLE: &str = "arn:aws:iam::111122223333:role/dns";

/// The key that the zone was listed with.
fn key(aws: &AwsDouble) -> Option<String> {
    let is_list = |request: &Request| request.operation == Operation::ListHostedZones;
    aws.requests().into_iter().rfind(is_list)?.access_key
}

async fn succeeds(aws: &AwsDouble, zone: &str, command: Command) {
    let ended = once(command).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(aws.records(zone).len(), 2, "{}", ended.log);
}

async fn fails(command: Command, texts: &[&str]) {
    let Ended { code, log } = once(command).await;
    assert_eq!(code, Some(1), "{log}");
    for text in texts {
        assert!(log.contains(text), "{text:?} is missing in\n{log}");
    }
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment() {
    let (aws, zone) = aws().await;
    aws.add_key("AKIATEST", ACCOUNT);
    let objects = Objects::with(1);
    succeeds(&aws, &zone, with_keys(program(&aws, &objects))).await;
    assert_eq!(key(&aws).as_deref(), Some("AKIATEST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_credentials_file_with_its_default_profile() {
    let (aws, zone) = aws().await;
    aws.add_key("AKIAFILE", ACCOUNT);
    let objects = Objects::with(1);
    let file =
        objects.file("credentials", "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n");
    let mut command = program(&aws, &objects);
    command.env("AWS_SHARED_CREDENTIALS_FILE", file).env("AWS_DEFAULT_REGION", "us-east-1");
    succeeds(&aws, &zone, command).await;
}

/// A profile that is asked for is taken, whatever else is at hand.
#[tokio::test(flavor = "multi_thread")]
async fn several_profiles_are_several_accounts() {
    let aws = AwsDouble::start().await.unwrap();
    aws.add_key("AKIAONE", "111111111111");
    aws.add_key("AKIATWO", "222222222222");
    let one = aws.create_zone(NewZone::public("example.org").in_account("111111111111")).unwrap();
    let two = aws.create_zone(NewZone::public("n00001.example.org").in_account("222222222222")).unwrap();
    let objects = Objects::with(2);
    let file = objects.file(
        "credentials",
        "[one]\naws_access_key_id = AKIAONE\naws_secret_access_key = s\n\
         [two]\naws_access_key_id = AKIATWO\naws_secret_access_key = s\n",
    );
    let mut command = with_keys(program(&aws, &objects));
    command.env("AWS_SHARED_CREDENTIALS_FILE", file).args(["--aws-profile=one", "--aws-profile=two"]);
    command.arg("--txt-prefix=%{record_type}.");
    let ended = once(command).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!((aws.records(&one).len(), aws.records(&two).len()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_identity_as_with_irsa() {
    let (aws, zone) = aws().await;
    aws.add_key("AKIAOTHER", ACCOUNT);
    let token = Some("projected".to_owned());
    aws.add_role(Role { arn: ROLE.into(), web_identity_token: token, ..Role::default() });
    let objects = Objects::with(1);
    let mut command = program(&aws, &objects);
    command
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ROLE_ARN", ROLE)
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", objects.file("token", "projected"));
    succeeds(&aws, &zone, command).await;
    assert!(aws.count(Operation::AssumeRoleWithWebIdentity) >= 1);
    assert!(key(&aws).is_some_and(|key| key.starts_with("ASIA")), "{:?}", key(&aws));
}

fn temporary(aws: &AwsDouble, key: &str) -> serde_json::Value {
    aws.add_key(key, ACCOUNT);
    json!({
        "Code": "Success",
        "Type": "AWS-HMAC",
        "AccessKeyId": key,
        "SecretAccessKey": "secret",
        "Token": "token",
        "LastUpdated": "2026-01-01T00:00:00Z",
        "Expiration": "2100-01-01T00:00:00Z",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn pod_identity() {
    let (aws, zone) = aws().await;
    let agent = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v1/credentials"))
        .and(header("authorization", "pod-token"))
        .respond_with(ResponseTemplate::new(200).set_body_json(temporary(&aws, "ASIAPOD")))
        .mount(&agent)
        .await;
    let objects = Objects::with(1);
    let mut command = program(&aws, &objects);
    command
        .env("AWS_REGION", "us-east-1")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/v1/credentials", agent.uri()))
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", objects.file("token", "pod-token"));
    succeeds(&aws, &zone, command).await;
    assert_eq!(key(&aws).as_deref(), Some("ASIAPOD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn instance_metadata_gives_region_and_credentials() {
    let (aws, zone) = aws().await;
    let metadata = MockServer::start().await;
    let answer = |text: &str| ResponseTemplate::new(200).set_body_string(text);
    let token = answer("metadata-token").insert_header("x-aws-ec2-metadata-token-ttl-seconds", "21600");
    Mock::given(method("PUT")).and(path("/latest/api/token")).respond_with(token).mount(&metadata).await;
    let roles = "/latest/meta-data/iam/security-credentials/";
    let credentials = temporary(&aws, "ASIANODE").to_string();
    for (at, text) in [
        ("/latest/meta-data/placement/region", "us-east-1"),
        (roles, "node"),
        (&format!("{roles}node"), &*credentials),
    ] {
        let given = Mock::given(method("GET"))
            .and(path(at))
            .and(header("x-aws-ec2-metadata-token", "metadata-token"));
        given.respond_with(answer(text)).mount(&metadata).await;
    }
    let objects = Objects::with(1);
    let mut command = program(&aws, &objects);
    command.env_remove("AWS_EC2_METADATA_DISABLED").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.uri());
    succeeds(&aws, &zone, command).await;
    assert_eq!(key(&aws).as_deref(), Some("ASIANODE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_with_its_external_id_and_without() {
    let (aws, zone) = aws().await;
    aws.add_key("AKIATEST", "999999999999");
    let external_id = Some("partner".to_owned());
    aws.add_role(Role { arn: ROLE.into(), external_id, ..Role::default() });
    let objects = Objects::with(1);
    let mut command = with_keys(program(&aws, &objects));
    command.arg(format!("--aws-assume-role={ROLE}"));
    fails(command, &["AccessDenied", "--aws-assume-role-external-id"]).await;
    assert_eq!(aws.records(&zone).len(), 0);
    let mut command = with_keys(program(&aws, &objects));
    command.arg(format!("--aws-assume-role={ROLE}")).arg("--aws-assume-role-external-id=partner");
    succeeds(&aws, &zone, command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said() {
    let (aws, _) = aws().await;
    aws.add_key("AKIAOTHER", ACCOUNT);
    let objects = Objects::with(1);
    let no_region = {
        let mut command = with_keys(program(&aws, &objects));
        command.env_remove("AWS_REGION");
        command
    };
    fails(no_region, &["the AWS region is not known: set AWS_REGION"]).await;
    let no_credentials = {
        let mut command = program(&aws, &objects);
        command.env("AWS_REGION", "us-east-1");
        command
    };
    fails(no_credentials, &["no AWS credentials", "EKS Pod Identity"]).await;
    // What keys of another partition come to, too.
    let partition = "AWS_REGION names another partition";
    let wrong_key = with_keys(program(&aws, &objects));
    fails(wrong_key, &["InvalidClientTokenId", "the credentials are wrong", partition]).await;
    let no_profile = {
        let mut command = with_keys(program(&aws, &objects));
        command.arg("--aws-profile=nobody");
        command
    };
    fails(no_profile, &["AWS profile nobody", "--aws-profile has to name a profile"]).await;
}
