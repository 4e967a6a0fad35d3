use crate::client::{answer, get, http, text, texts};
use reqwest::RequestBuilder;
use zonewright_aws_double::{ACCOUNT, AwsDouble, NewZone, Operation, Role};

fn signed(request: RequestBuilder, key: &str, region: &str, service: &str) -> RequestBuilder {
    let scope = format!("{key}/20260101/{region}/{service}/aws4_request");
    let header = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=abc");
    request.header("authorization", header)
}

fn sts(aws: &AwsDouble, fields: &str) -> RequestBuilder {
    let body = format!("Version=2011-06-15&{fields}");
    let request = http().post(aws.url() + "/").body(body);
    request.header("content-type", "application/x-www-form-urlencoded")
}

#[tokio::test]
async fn everybody_is_let_in_until_a_key_is_known() {
    let aws = AwsDouble::start().await.unwrap();
    let list = || get(&aws, "hostedzone");
    assert_eq!(answer(list()).await.0, 200);
    assert_eq!(answer(signed(list(), "AKIAANY", "us-east-1", "route53")).await.0, 200);
    aws.add_key("AKIAONE", ACCOUNT);
    aws.add_key("AKIATWO", "444455556666");
    aws.create_zone(NewZone::public("one.example")).unwrap();
    let two = aws.create_zone(NewZone::public("two.example").in_account("444455556666")).unwrap();
    for (request, code) in [
        (list(), "MissingAuthenticationToken"),
        (signed(list(), "AKIAANY", "us-east-1", "route53"), "InvalidClientTokenId"),
        (signed(list(), "AKIAONE", "us-east-1", "s3"), "SignatureDoesNotMatch"),
    ] {
        let (status, xml) = answer(request).await;
        assert_eq!((status, text(&xml, "Code")), (403, Some(code)));
    }
    let (_, xml) = answer(signed(list(), "AKIAONE", "us-east-1", "route53")).await;
    assert_eq!(texts(&xml, "Name"), ["one.example."]);
    let (_, xml) = answer(signed(list(), "AKIATWO", "us-east-1", "route53")).await;
    assert_eq!(texts(&xml, "Name"), ["two.example."]);
    let foreign = signed(get(&aws, &format!("hostedzone/{two}/rrset")), "AKIAONE", "us-east-1", "route53");
    assert_eq!(answer(foreign).await.0, 404);
    let keys: Vec<_> = aws.requests().into_iter().filter_map(|request| request.access_key).collect();
    assert!(keys.contains(&"AKIATWO".to_owned()));
}

#[tokio::test]
async fn a_role_is_assumed_with_its_external_id() {
    let aws = AwsDouble::start().await.unwrap();
    aws.add_key("AKIAONE", ACCOUNT);
    let arn = "arn:aws:iam::444455556666:role/dns";
    aws.add_role(Role { arn: arn.into(), external_id: Some("secret".into()), web_identity_token: None });
    aws.create_zone(NewZone::public("two.example").in_account("444455556666")).unwrap();
    let assume = |more: &str| {
        let fields = format!("Action=AssumeRole&RoleArn={arn}&RoleSessionName=test{more}");
        signed(sts(&aws, &fields), "AKIAONE", "eu-west-1", "sts")
    };
    for more in ["", "&ExternalId=wrong"] {
        let (status, xml) = answer(assume(more)).await;
        assert_eq!((status, text(&xml, "Code")), (403, Some("AccessDenied")));
    }
    let (status, xml) = answer(assume("&ExternalId=secret")).await;
    assert_eq!(status, 200, "{xml}");
    let (key, token) = (text(&xml, "AccessKeyId").unwrap(), text(&xml, "SessionToken").unwrap());
    let list = || signed(get(&aws, "hostedzone"), key, "us-east-1", "route53");
    assert_eq!(answer(list()).await.0, 403);
    let (_, xml) = answer(list().header("x-amz-security-token", token)).await;
    assert_eq!(texts(&xml, "Name"), ["two.example."]);
    assert_eq!(aws.count(Operation::AssumeRole), 3);
}

#[tokio::test]
async fn a_web_identity_needs_no_signature() {
    let aws = AwsDouble::start().await.unwrap();
    aws.add_key("AKIAONE", ACCOUNT);
    let arn = "arn:aws:iam::111122223333:role/irsa";
    let role = Role { arn: arn.into(), web_identity_token: Some("jwt".into()), ..Role::default() };
    aws.add_role(role);
    let assume = |token: &str| {
        let more = if token.is_empty() { String::new() } else { format!("&WebIdentityToken={token}") };
        let fields = format!("Action=AssumeRoleWithWebIdentity&RoleArn={arn}&RoleSessionName=test{more}");
        sts(&aws, &fields)
    };
    assert_eq!(answer(assume("jwt")).await.0, 200);
    assert_eq!(answer(assume("other")).await.0, 403);
    assert_eq!(answer(assume("")).await.0, 400);
}
