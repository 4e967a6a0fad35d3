//! The same program against moto, which others made: what only our own double understands would be nothing.

use super::records::{Line, write};
use super::{Ended, Objects, once, program_at, with_keys};
use zonewright_testing::Moto;

/// By this moto tells which service is meant.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/us-east-1/route53/aws4_request, \
                             SignedHeaders=host, Signature=0";

/// Makes a zone and gives its id.
pub(super) async fn make_zone(client: &reqwest::Client, moto: &Moto) -> String {
    let body = "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>example.org</Name>\
                <CallerReference>test</CallerReference><HostedZoneConfig><PrivateZone>false</PrivateZone></HostedZoneConfig></CreateHostedZoneRequest>";
    let made =
        client.post(format!("{}/2013-04-01/hostedzone", moto.url())).header("authorization", AUTHORIZATION);
    let text = made.body(body).send().await.unwrap().text().await.unwrap();
    let (_, rest) = text.split_once("<Id>/hostedzone/").unwrap_or_else(|| panic!("no zone: {text}"));
    rest.split('<').next().unwrap().to_owned()
}

pub(super) async fn listing(client: &reqwest::Client, moto: &Moto, zone: &str) -> String {
    let list = client.get(format!("{}/2013-04-01/hostedzone/{zone}/rrset", moto.url()));
    list.header("authorization", AUTHORIZATION).send().await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wished_for_is_there_after_one_run() {
    // Whoever comes first; it is the same one.
    drop(rustls::crypto::ring::default_provider().install_default());
    let (moto, client) = (Moto::start().await.unwrap(), reqwest::Client::new());
    let zone = make_zone(&client, &moto).await;
    let objects = Objects::with(0);
    // moto refuses to create anew what was deleted before, hence a new name now and then.
    let weighted: [(&str, &str); 2] = [("set-identifier", "a"), ("aws-weight", "7")];
    let regional: [(&str, &str); 2] = [("set-identifier", "a"), ("aws-region", "eu-west-1")];
    let load_balancer = "lb.us-east-1.elb.amazonaws.com";
    let states: [(&[Line<'_>], &[&str], &[&str]); 5] = [
        (
            &[("a", "a.example.org", "192.0.2.1", &[]), ("w", "*.wild.example.org", "192.0.2.1", &[])],
            &["<Name>a.example.org.</Name>", "wild.example.org.</Name>"],
            &[],
        ),
        (&[("a", "a.example.org", "host.example.net", &[])], &["<Value>host.example.net</Value>"], &["wild"]),
        (
            &[("b", "b.example.org", load_balancer, &[])],
            &["Z35SXDOTRQ7X7K", "<Type>AAAA</Type>"],
            &["host.example.net"],
        ),
        (&[("a", "a.example.org", "192.0.2.1", &weighted)], &["<Weight>7</Weight>"], &["Z35SXDOTRQ7X7K"]),
        (&[("a", "a.example.org", "192.0.2.1", &regional)], &["<Region>eu-west-1</Region>"], &["Weight"]),
    ];
    for (wishes, present, absent) in states {
        write(&objects, wishes);
        for settled in [false, true] {
            let mut command = with_keys(program_at(&moto.url(), &objects));
            command.arg("--no-delete-guard");
            let Ended { code, log } = once(command).await;
            assert_eq!(code, Some(0), "{log}");
            assert!(!settled || log.contains("All records are already up to date"), "{log}");
        }
        let listing = listing(&client, &moto, &zone).await;
        present.iter().for_each(|text| assert!(listing.contains(text), "{text} is missing in {listing}"));
        absent.iter().for_each(|text| assert!(!listing.contains(text), "{text} stands in {listing}"));
    }
}
