use crate::client::{answer, get, text, texts};
use std::time::{Duration, Instant};
use zonewright_aws_double::{AwsDouble, NewZone, Operation, RecordSet};

fn query(pairs: &[(&str, &str)]) -> String {
    let encoded: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key}={}", value.replace('\\', "%5C").replace('*', "%2A")))
        .collect();
    encoded.join("&")
}

/// The names and identifiers of a whole zone, and how many pages they came in.
async fn walk(aws: &AwsDouble, zone: &str) -> (Vec<(String, String)>, usize) {
    let (mut found, mut pages) = (Vec::new(), 0);
    let mut cursor: Vec<(String, String)> = Vec::new();
    loop {
        let mut pairs = vec![("maxitems", "300")];
        pairs.extend(cursor.iter().map(|(key, value)| (&**key, &**value)));
        let (status, xml) = answer(get(aws, &format!("hostedzone/{zone}/rrset?{}", query(&pairs)))).await;
        assert_eq!(status, 200, "{xml}");
        pages += 1;
        for set in texts(&xml, "ResourceRecordSet") {
            let name = text(set, "Name").unwrap().to_owned();
            found.push((name, text(set, "SetIdentifier").unwrap_or_default().to_owned()));
        }
        if text(&xml, "IsTruncated") == Some("false") {
            assert_eq!(text(&xml, "NextRecordName"), None);
            return (found, pages);
        }
        let part = |key: &str, tag: &str| text(&xml, tag).map(|value| (key.to_owned(), value.to_owned()));
        cursor = [
            part("name", "NextRecordName"),
            part("type", "NextRecordType"),
            part("identifier", "NextRecordIdentifier"),
        ]
        .into_iter()
        .flatten()
        .collect();
    }
}

async fn seeded(sets: Vec<RecordSet>) -> (AwsDouble, String) {
    let aws = AwsDouble::start().await.unwrap();
    let zone = aws.create_zone(NewZone::public("example.com")).unwrap();
    aws.seed(&zone, sets).unwrap();
    (aws, zone)
}

#[tokio::test]
async fn pages_break_inside_routing_sets_and_lose_nothing() {
    let sets = (0..700).map(|n| {
        let name = format!("r{}.example.com", n / 90);
        RecordSet::new(&name, "A", 60, &["192.0.2.1"]).weighted(&format!("id-{:03}", n % 90), 1)
    });
    let (aws, zone) = seeded(sets.collect()).await;
    let (found, pages) = walk(&aws, &zone).await;
    assert_eq!(pages, 3);
    let expected: Vec<(String, String)> = aws
        .all_records(&zone)
        .into_iter()
        .map(|set| (set.name, set.set_identifier.unwrap_or_default()))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 702);
    assert!(!found[300].1.is_empty() && found[299].0 == found[300].0, "the break is not inside a set");
}

#[tokio::test]
async fn twenty_thousand_records_are_seeded_and_listed_at_once() {
    let started = Instant::now();
    let sets = (0..20_000).map(|n| RecordSet::new(&format!("h{n}.example.com"), "A", 300, &["192.0.2.1"]));
    let (aws, zone) = seeded(sets.collect()).await;
    let (found, pages) = walk(&aws, &zone).await;
    assert_eq!((found.len(), pages), (20_002, 67));
    assert_eq!(aws.count(Operation::ListResourceRecordSets), 67);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[tokio::test]
async fn names_are_escaped_sorted_and_found_again() {
    let names = ["b.a.example.com", "a.example.com", "a-b.example.com", "*.a.example.com", "UP.example.com"];
    let (aws, zone) =
        seeded(names.iter().map(|name| RecordSet::new(name, "A", 60, &["192.0.2.1"])).collect()).await;
    let (found, _) = walk(&aws, &zone).await;
    let found: Vec<&str> = found.iter().map(|(name, _)| &**name).collect();
    let own = ["example.com."; 2];
    let others =
        ["a-b.example.com.", "a.example.com.", "\\052.a.example.com.", "b.a.example.com.", "up.example.com."];
    assert_eq!(found, [&own[..], &others].concat());
    for name in ["*.a.example.com", "\\052.a.example.com.", "*.A.example.com."] {
        let path = format!("hostedzone/{zone}/rrset?{}", query(&[("name", name), ("maxitems", "1")]));
        let (_, xml) = answer(get(&aws, &path)).await;
        assert_eq!(text(&xml, "Name"), Some("\\052.a.example.com."));
        assert_eq!(text(&xml, "NextRecordName"), Some("b.a.example.com."));
    }
}

#[tokio::test]
async fn a_page_has_300_at_most() {
    let sets = (0..400).map(|n| RecordSet::new(&format!("h{n}.example.com"), "A", 300, &["192.0.2.1"]));
    let (aws, zone) = seeded(sets.collect()).await;
    for (asked, given) in [("", 300), ("?maxitems=1000", 300), ("?maxitems=7", 7)] {
        let (_, xml) = answer(get(&aws, &format!("hostedzone/{zone}/rrset{asked}"))).await;
        assert_eq!(texts(&xml, "ResourceRecordSet").len(), given);
        assert_eq!(text(&xml, "MaxItems"), Some(&*given.to_string()));
        assert_eq!(text(&xml, "IsTruncated"), Some("true"));
    }
}

#[tokio::test]
async fn a_cursor_needs_its_parts_in_order() {
    let (aws, zone) = seeded(Vec::new()).await;
    for asked in [
        "type=A",
        "identifier=x",
        "name=a.example.com&identifier=x",
        "name=a..b",
        "name=a.example.com&type=NONE",
        "maxitems=0",
        "maxitems=many",
    ] {
        let (status, xml) = answer(get(&aws, &format!("hostedzone/{zone}/rrset?{asked}"))).await;
        assert_eq!((status, text(&xml, "Code")), (400, Some("InvalidInput")), "{asked}");
    }
    let (status, xml) = answer(get(&aws, "hostedzone/ZNONE/rrset")).await;
    assert_eq!((status, text(&xml, "Code")), (404, Some("NoSuchHostedZone")));
}
