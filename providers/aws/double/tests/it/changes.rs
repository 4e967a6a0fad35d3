use crate::client::{address, answer, batch, change, get, http, post, text, texts};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use zonewright_aws_double::{AwsDouble, BatchErrorForm, Cidr, GeoLocation, NewZone, Operation, RecordSet};

async fn double() -> (AwsDouble, String) {
    let aws = AwsDouble::start().await.unwrap();
    let zone = aws.create_zone(NewZone::public("example.com")).unwrap();
    (aws, zone)
}

#[tokio::test]
async fn what_is_sent_is_kept_and_listed() {
    let (aws, zone) = double().await;
    let set = "<Name>*.Example.com</Name><Type>A</Type><SetIdentifier>a &amp; b</SetIdentifier>\
               <GeoLocation><CountryCode>US</CountryCode><SubdivisionCode>TX</SubdivisionCode></GeoLocation>\
               <AliasTarget><HostedZoneId>/hostedzone/Z35SXDOTRQ7X7K</HostedZoneId>\
               <DNSName>LB.us-east-1.elb.amazonaws.com</DNSName>\
               <EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>";
    let (status, xml) = answer(batch(&aws, &zone, &[change("CREATE", set)])).await;
    assert_eq!((status, text(&xml, "Status")), (200, Some("PENDING")));
    let mut expected =
        RecordSet::alias("\\052.example.com.", "A", "Z35SXDOTRQ7X7K", "lb.us-east-1.elb.amazonaws.com.");
    expected.set_identifier = Some("a & b".into());
    let (country, subdivision) = (Some("US".into()), Some("TX".into()));
    expected.geo_location = Some(GeoLocation { continent: None, country, subdivision });
    expected.alias.as_mut().unwrap().evaluate_target_health = false;
    assert_eq!(aws.records(&zone), [expected]);

    let (_, xml) = answer(get(&aws, &format!("hostedzone/{zone}/rrset?name=*.example.com"))).await;
    let listed = text(&xml, "ResourceRecordSet").unwrap().to_owned();
    assert!(listed.contains("<SetIdentifier>a &amp; b</SetIdentifier>"), "{listed}");
    let (status, xml) = answer(batch(&aws, &zone, &[change("DELETE", &listed)])).await;
    assert_eq!(status, 200, "what is listed must be good enough to delete: {xml}");
    assert_eq!(aws.records(&zone), []);
}

#[tokio::test]
async fn every_field_goes_around() {
    let (aws, zone) = double().await;
    aws.add_health_check("hc-1");
    let values = "<TTL>60</TTL><ResourceRecords><ResourceRecord><Value>\"x\"</Value></ResourceRecord></ResourceRecords>";
    let policies = [
        "<Weight>255</Weight>",
        "<Region>eu-west-1</Region>",
        "<Failover>PRIMARY</Failover>",
        "<MultiValueAnswer>true</MultiValueAnswer>",
        "<GeoLocation><ContinentCode>EU</ContinentCode></GeoLocation>",
        "<CidrRoutingConfig><CollectionId>c-1</CollectionId><LocationName>*</LocationName></CidrRoutingConfig>",
        "<GeoProximityLocation><Coordinates><Latitude>48.13</Latitude><Longitude>-11.5</Longitude></Coordinates>\
         <Bias>-99</Bias></GeoProximityLocation>",
        "<GeoProximityLocation><LocalZoneGroup>us-west-2-lax-1</LocalZoneGroup></GeoProximityLocation>",
    ];
    let sets: Vec<String> = policies
        .iter()
        .enumerate()
        .map(|(n, policy)| {
            format!(
                "<Name>n{n}.example.com.</Name><Type>TXT</Type><SetIdentifier>s</SetIdentifier>{policy}{values}\
                 <HealthCheckId>hc-1</HealthCheckId>"
            )
        })
        .collect();
    let creates: Vec<String> = sets.iter().map(|set| change("CREATE", set)).collect();
    let (status, xml) = answer(batch(&aws, &zone, &creates)).await;
    assert_eq!(status, 200, "{xml}");
    let (_, xml) = answer(get(&aws, &format!("hostedzone/{zone}/rrset?name=n0.example.com"))).await;
    let listed = texts(&xml, "ResourceRecordSet");
    assert_eq!(listed.len(), policies.len());
    for (set, policy) in listed.iter().zip(policies) {
        assert!(set.contains(policy), "{set}\nlacks\n{policy}");
    }
    let network = aws.records(&zone).into_iter().find_map(|set| set.cidr);
    assert_eq!(network, Some(Cidr { collection: "c-1".into(), location: "*".into() }));
    let deletes: Vec<String> = listed.iter().map(|set| change("DELETE", set)).collect();
    assert_eq!(answer(batch(&aws, &zone, &deletes)).await.0, 200);
}

#[tokio::test]
async fn a_refused_batch_has_two_forms() {
    let (aws, zone) = double().await;
    let bad = [change("DELETE", &address("a.example.com")), change("DELETE", &address("b.example.com"))];
    aws.set_batch_error_form(BatchErrorForm::Messages);
    let (status, xml) = answer(batch(&aws, &zone, &bad)).await;
    assert_eq!(status, 400);
    assert!(
        xml.contains(
            "<InvalidChangeBatch xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Messages>"
        )
    );
    let messages = texts(&xml, "Message");
    assert_eq!(messages.len(), 2);
    assert!(messages[1].contains("b.example.com."));
    aws.set_batch_error_form(BatchErrorForm::ErrorResponse);
    let (status, xml) = answer(batch(&aws, &zone, &bad)).await;
    assert_eq!((status, text(&xml, "Code")), (400, Some("InvalidChangeBatch")));
    let message = text(&xml, "Message").unwrap();
    assert!(
        message.starts_with("[Tried to delete") && message.ends_with(" but it was not found]"),
        "{message}"
    );
    let refused = aws.requests().iter().filter(|r| r.error.as_deref() == Some("InvalidChangeBatch")).count();
    assert_eq!(refused, 2);
}

#[tokio::test]
async fn single_fields_have_their_bounds() {
    let (aws, zone) = double().await;
    let with = |from: &str, to: &str| address("a.example.com").replace(from, to);
    let weighted = |weight: &str| {
        with("<TTL>", &format!("<SetIdentifier>s</SetIdentifier><Weight>{weight}</Weight><TTL>"))
    };
    let long = "i".repeat(129);
    for (set, code) in [
        (with("300", "-1"), "InvalidInput"),
        (with("300", "2147483648"), "InvalidInput"),
        (with("300", "soon"), "MalformedInput"),
        (with(">A<", ">DNAME<"), "InvalidInput"),
        (with(">A<", ">a<"), "InvalidInput"),
        (with("<Type>A</Type>", ""), "InvalidInput"),
        (with("<Name>a.example.com</Name>", ""), "InvalidInput"),
        (with("192.0.2.1", &"1".repeat(4001)), "InvalidInput"),
        (with("<TTL>", "<Unknown>1</Unknown><TTL>"), "InvalidInput"),
        (with("<TTL>", "<TTL>1</TTL><TTL>"), "InvalidInput"),
        (with("<ResourceRecord><Value>192.0.2.1</Value></ResourceRecord>", ""), "InvalidInput"),
        (weighted("256"), "InvalidInput"),
        (weighted("-1"), "InvalidInput"),
        (weighted("1").replace(">s<", &format!(">{long}<")), "InvalidInput"),
        (weighted("1").replace(">s<", "><"), "InvalidInput"),
        (weighted("1").replace("<Weight>1</Weight>", "<Region>mars-1</Region>"), "InvalidInput"),
        (weighted("1").replace("<Weight>1</Weight>", "<Failover>primary</Failover>"), "InvalidInput"),
        (
            weighted("1").replace(
                "<Weight>1</Weight>",
                "<GeoProximityLocation><Bias>100</Bias></GeoProximityLocation>",
            ),
            "InvalidInput",
        ),
    ] {
        let (status, xml) = answer(batch(&aws, &zone, &[change("UPSERT", &set)])).await;
        assert_eq!((status, text(&xml, "Code")), (400, Some(code)), "{set}\n{xml}");
    }
    for (latitude, longitude) in [("91", "0"), ("0", "181"), ("1.234", "0"), ("x", "0"), ("", "0")] {
        let place = format!(
            "<GeoProximityLocation><Coordinates><Latitude>{latitude}</Latitude><Longitude>{longitude}</Longitude>\
             </Coordinates></GeoProximityLocation>"
        );
        let set = weighted("1").replace("<Weight>1</Weight>", &place);
        assert_eq!(answer(batch(&aws, &zone, &[change("UPSERT", &set)])).await.0, 400, "{place}");
    }
    assert_eq!(aws.records(&zone), []);
    assert_eq!(answer(batch(&aws, &zone, &[change("UPSERT", &weighted("255"))])).await.0, 200);
}

#[tokio::test]
async fn what_is_not_a_batch_is_refused() {
    let (aws, zone) = double().await;
    let path = format!("hostedzone/{zone}/rrset/");
    for (inner, code) in [
        ("", "InvalidInput"),
        ("<ChangeBatch></ChangeBatch>", "InvalidInput"),
        ("<ChangeBatch><Changes></Changes></ChangeBatch>", "InvalidInput"),
        ("<ChangeBatch><Changes><Other/></Changes></ChangeBatch>", "InvalidInput"),
        (
            &format!(
                "<ChangeBatch><Changes>{}</Changes></ChangeBatch>",
                change("PUT", &address("a.example.com"))
            ),
            "InvalidInput",
        ),
        ("<ChangeBatch>", "MalformedInput"),
    ] {
        let (status, xml) = answer(post(&aws, &path, "ChangeResourceRecordSetsRequest", inner)).await;
        assert_eq!((status, text(&xml, "Code")), (400, Some(code)), "{inner}");
    }
    let (_, xml) = answer(post(&aws, &path, "SomethingElse", "")).await;
    assert_eq!(text(&xml, "Code"), Some("MalformedInput"));
    let plain = http().post(format!("{}/2013-04-01/{path}", aws.url()));
    let (_, xml) = answer(plain.body("<ChangeResourceRecordSetsRequest/>")).await;
    assert_eq!(text(&xml, "Code"), Some("MalformedInput"));
}

#[tokio::test]
async fn a_zone_takes_one_change_at_a_time() {
    let (aws, zone) = double().await;
    let other = aws.create_zone(NewZone::public("example.net")).unwrap();
    aws.set_change_time(Duration::from_millis(300));
    let send = |zone: &str, name: &str| answer(batch(&aws, zone, &[change("CREATE", &address(name))]));
    let (first, second, elsewhere) = tokio::join!(
        send(&zone, "a.example.com"),
        async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            send(&zone, "b.example.com").await
        },
        send(&other, "a.example.net"),
    );
    assert_eq!((first.0, second.0, elsewhere.0), (200, 400, 200));
    assert_eq!(text(&second.1, "Code"), Some("PriorRequestNotComplete"));
    assert_eq!(send(&zone, "b.example.com").await.0, 200);
    assert_eq!(aws.records(&zone).len(), 2);
}

#[tokio::test]
async fn a_change_is_pending_until_the_name_servers_have_it() {
    let (aws, zone) = double().await;
    let now = Arc::new(AtomicU64::new(0));
    let clock = now.clone();
    aws.set_clock(move || Duration::from_secs(clock.load(Ordering::Relaxed)));
    aws.set_sync_time(Duration::from_secs(60));
    let (_, xml) = answer(batch(&aws, &zone, &[change("CREATE", &address("a.example.com"))])).await;
    let path = text(&xml, "Id").unwrap().trim_start_matches('/').to_owned();
    let status = async |path: &str| text(&answer(get(&aws, path)).await.1, "Status").unwrap().to_owned();
    assert_eq!(status(&path).await, "PENDING");
    now.store(60, Ordering::Relaxed);
    assert_eq!(status(&path).await, "INSYNC");
    assert_eq!(answer(get(&aws, "change/CNONE")).await.0, 404);
    assert_eq!(aws.count(Operation::GetChange), 3);
}
