use crate::client::{address, answer, batch, change, get, http, post, text, texts};
use zonewright_aws_double::{AwsDouble, NewZone};

async fn double() -> AwsDouble {
    AwsDouble::start().await.unwrap()
}

#[tokio::test]
async fn zones_come_in_pages_of_a_hundred() {
    let aws = double().await;
    let made: Vec<String> =
        (0..250).map(|n| aws.create_zone(NewZone::public(&format!("z{n}.example"))).unwrap()).collect();
    let (mut found, mut marker) = (Vec::new(), None::<String>);
    loop {
        let asked = marker.map(|marker| format!("?marker={marker}")).unwrap_or_default();
        let (_, xml) = answer(get(&aws, &format!("hostedzone{asked}"))).await;
        found
            .extend(texts(&xml, "Id").into_iter().map(|id| id.trim_start_matches("/hostedzone/").to_owned()));
        marker = text(&xml, "NextMarker").map(str::to_owned);
        assert_eq!(text(&xml, "IsTruncated") == Some("true"), marker.is_some());
        if marker.is_none() {
            break;
        }
        assert_eq!(found.len() % 100, 0);
    }
    assert_eq!(found, made);
}

#[tokio::test]
async fn public_and_private_zones_of_one_name_live_side_by_side() {
    let aws = double().await;
    let public = aws.create_zone(NewZone::public("Example.com").with_id("ZPUBLIC")).unwrap();
    let private = aws.create_zone(NewZone::private("example.com")).unwrap();
    assert_eq!(public, "ZPUBLIC");
    let (_, xml) = answer(get(&aws, "hostedzone")).await;
    assert_eq!(texts(&xml, "Name"), ["example.com."; 2]);
    assert_eq!(texts(&xml, "ResourceRecordSetCount"), ["2"; 2]);
    let (_, xml) = answer(get(&aws, "hostedzone?hostedzonetype=PrivateHostedZone")).await;
    assert_eq!(text(&xml, "Id"), Some(&*format!("/hostedzone/{private}")));
    assert_eq!(text(&xml, "PrivateZone"), Some("true"));
    let (_, xml) = answer(get(&aws, "hostedzone/ZPUBLIC")).await;
    assert_eq!(texts(&xml, "NameServer").len(), 4);
    let (_, xml) = answer(get(&aws, &format!("hostedzone/{private}"))).await;
    assert_eq!(texts(&xml, "VPCId").len(), 1);
}

#[tokio::test]
async fn zones_are_found_by_name_in_the_order_of_reversed_labels() {
    let aws = double().await;
    for name in ["b.com", "a.b.com", "a.org", "a.com"] {
        aws.create_zone(NewZone::public(name)).unwrap();
    }
    let (_, xml) = answer(get(&aws, "hostedzonesbyname")).await;
    assert_eq!(texts(&xml, "Name"), ["a.com.", "b.com.", "a.b.com.", "a.org."]);
    let (_, xml) = answer(get(&aws, "hostedzonesbyname?dnsname=b.com&maxitems=1")).await;
    assert_eq!(texts(&xml, "Name"), ["b.com."]);
    assert_eq!(text(&xml, "NextDNSName"), Some("a.b.com."));
    let (status, _) = answer(get(&aws, "hostedzonesbyname?hostedzoneid=Z1")).await;
    assert_eq!(status, 400);
}

fn creation(aws: &AwsDouble, inner: &str) -> reqwest::RequestBuilder {
    post(aws, "hostedzone", "CreateHostedZoneRequest", inner)
}

#[tokio::test]
async fn a_zone_is_made_once_per_caller_reference_and_deleted_when_empty() {
    let aws = double().await;
    let inner = "<Name>example.com</Name><CallerReference>once</CallerReference>";
    let response = creation(&aws, inner).send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert!(response.headers().contains_key("location"));
    let xml = response.text().await.unwrap();
    let zone = texts(&xml, "Id")[0].trim_start_matches("/hostedzone/").to_owned();
    assert_eq!(texts(&xml, "NameServer").len(), 4);
    let (status, xml) = answer(creation(&aws, inner)).await;
    assert_eq!((status, text(&xml, "Code")), (409, Some("HostedZoneAlreadyExists")));

    let delete = || http().delete(format!("{}/2013-04-01/hostedzone/{zone}", aws.url()));
    answer(batch(&aws, &zone, &[change("CREATE", &address("a.example.com"))])).await;
    let (status, xml) = answer(delete()).await;
    assert_eq!((status, text(&xml, "Code")), (400, Some("HostedZoneNotEmpty")));
    answer(batch(&aws, &zone, &[change("DELETE", &address("a.example.com"))])).await;
    assert_eq!(answer(delete()).await.0, 200);
    assert_eq!(answer(delete()).await.0, 404);
}

#[tokio::test]
async fn a_zone_that_makes_no_sense_is_refused() {
    let aws = double().await;
    let config = "<HostedZoneConfig><PrivateZone>true</PrivateZone></HostedZoneConfig>";
    let vpc = "<VPC><VPCRegion>us-east-1</VPCRegion><VPCId>vpc-1</VPCId></VPC>";
    let private = format!("<Name>a.com</Name>{vpc}<CallerReference>1</CallerReference>{config}");
    assert_eq!(answer(creation(&aws, &private)).await.0, 201);
    for (inner, code) in [
        ("<Name>a.com</Name>".to_owned(), "InvalidInput"),
        ("<CallerReference>2</CallerReference>".to_owned(), "InvalidInput"),
        ("<Name>a..com</Name><CallerReference>3</CallerReference>".to_owned(), "InvalidDomainName"),
        (format!("<Name>b.com</Name><CallerReference>4</CallerReference>{config}"), "InvalidInput"),
        ("<Name>b.com</Name><CallerReference>5</CallerReference><Extra>1</Extra>".to_owned(), "InvalidInput"),
        (private.replace(">1<", ">6<"), "ConflictingDomainExists"),
    ] {
        let (status, xml) = answer(creation(&aws, &inner)).await;
        assert_eq!((status, text(&xml, "Code")), (400, Some(code)), "{inner}");
    }
}

#[tokio::test]
async fn tags_are_told_for_ten_zones_at_a_time() {
    let aws = double().await;
    let zones: Vec<String> = (0..11)
        .map(|n| aws.create_zone(NewZone::public("a.com").with_tag("n", &n.to_string())).unwrap())
        .collect();
    let list = |zones: &[String]| {
        let ids: String = zones.iter().map(|id| format!("<ResourceId>{id}</ResourceId>")).collect();
        let inner = format!("<ResourceIds>{ids}</ResourceIds>");
        post(&aws, "tags/hostedzone", "ListTagsForResourcesRequest", &inner)
    };
    let (status, xml) = answer(list(&zones)).await;
    assert_eq!((status, text(&xml, "Code")), (400, Some("InvalidInput")));
    let (_, xml) = answer(list(&zones[..10])).await;
    assert_eq!(texts(&xml, "ResourceId"), zones[..10]);
    assert_eq!(texts(&xml, "Value").concat(), "0123456789");
    let prefixed = [format!("/hostedzone/{}", zones[0])];
    assert_eq!(answer(list(&prefixed)).await.0, 404);

    let inner = "<AddTags><Tag><Key>a</Key><Value>1</Value></Tag></AddTags>\
                 <RemoveTagKeys><Key>n</Key></RemoveTagKeys>";
    let path = format!("tags/hostedzone/{}", zones[0]);
    let (status, _) = answer(post(&aws, &path, "ChangeTagsForResourceRequest", inner)).await;
    assert_eq!(status, 200);
    let (_, xml) = answer(get(&aws, &path)).await;
    assert_eq!((text(&xml, "Key"), text(&xml, "Value")), (Some("a"), Some("1")));
}

#[tokio::test]
async fn there_is_nothing_else() {
    let aws = double().await;
    for path in ["", "hostedzone/Z1/other", "healthcheck", "tags/other/Z1"] {
        let (status, _) = answer(get(&aws, path)).await;
        assert!(status >= 400, "{path}");
    }
}
