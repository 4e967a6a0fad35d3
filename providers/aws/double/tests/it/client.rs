//! The plainest client there could be.

use reqwest::{Client, RequestBuilder, Response};
use zonewright_aws_double::AwsDouble;

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// A client of its own: connections do not outlive the runtime of a test.
pub fn http() -> Client {
    // Whichever test is first installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

pub fn get(aws: &AwsDouble, path: &str) -> RequestBuilder {
    http().get(format!("{}/2013-04-01/{path}", aws.url()))
}

pub fn post(aws: &AwsDouble, path: &str, root: &str, inner: &str) -> RequestBuilder {
    let body = format!("<{root} xmlns=\"{NAMESPACE}\">{inner}</{root}>");
    http().post(format!("{}/2013-04-01/{path}", aws.url())).body(body)
}

pub async fn answer(request: RequestBuilder) -> (u16, String) {
    read(request.send().await.unwrap()).await
}

pub async fn read(response: Response) -> (u16, String) {
    (response.status().as_u16(), response.text().await.unwrap())
}

/// A change of a record set that consists of this.
pub fn change(action: &str, set: &str) -> String {
    format!("<Change><Action>{action}</Action><ResourceRecordSet>{set}</ResourceRecordSet></Change>")
}

pub fn address(name: &str) -> String {
    format!(
        "<Name>{name}</Name><Type>A</Type><TTL>300</TTL>\
         <ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>"
    )
}

pub fn batch(aws: &AwsDouble, zone: &str, changes: &[String]) -> RequestBuilder {
    let inner = format!("<ChangeBatch><Changes>{}</Changes></ChangeBatch>", changes.concat());
    post(aws, &format!("hostedzone/{zone}/rrset/"), "ChangeResourceRecordSetsRequest", &inner)
}

/// The texts of all elements of this name.
pub fn texts<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
}

/// The text of the only element of this name.
pub fn text<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let all = texts(xml, name);
    assert!(all.len() < 2, "{name} is there {} times", all.len());
    all.first().copied()
}
