//! What stands in the zones in the end, ownership rows included.

use super::{Ended, Objects, aws, instead, once, program, with_keys};
use std::fmt::Write as _;
use zonewright_aws_double::{AwsDouble, NewZone, Operation, RecordSet};

/// An Ingress in a line: name, host, target, annotations without their prefix.
pub(super) type Line<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)]);

pub(super) fn write(objects: &Objects, lines: &[Line<'_>]) {
    let mut text = String::new();
    for (name, host, target, annotations) in lines {
        let field = if target.contains(|c: char| c.is_alphabetic()) { "hostname" } else { "ip" };
        writeln!(
            text,
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  namespace: web"
        )
        .unwrap();
        writeln!(text, "  annotations: {{").unwrap();
        for (key, value) in *annotations {
            writeln!(text, "    external-dns.kubernetes.io/{key}: \"{value}\",").unwrap();
        }
        writeln!(
            text,
            "  }}\nspec: {{rules: [{{host: \"{host}\"}}]}}\nstatus: {{loadBalancer: {{ingress: [{{{field}: {target}}}]}}}}\n---"
        )
        .unwrap();
    }
    objects.write(&text);
}

/// One run that succeeds, and a second one that writes nothing.
async fn settle(aws: &AwsDouble, objects: &Objects, words: &[&str]) {
    for writes in [None, Some(0)] {
        aws.forget_requests();
        let mut command = with_keys(program(aws, objects));
        command.args(words);
        let Ended { code, log } = once(command).await;
        assert_eq!(code, Some(0), "{log}");
        let written = aws.count(Operation::ChangeResourceRecordSets);
        assert!(writes.is_none_or(|writes| writes == written), "a second run wrote\n{log}");
    }
}

fn names(aws: &AwsDouble, zone: &str) -> Vec<String> {
    aws.records(zone).iter().map(|set| format!("{} {}", set.name, set.kind)).collect()
}

/// Each of two zones of one name gets the record and a row of its own; what goes wrong in one of them is mended there.
#[tokio::test(flavor = "multi_thread")]
async fn a_split_horizon() {
    let (aws, public) = aws().await;
    let private = aws.create_zone(NewZone::private("example.org")).unwrap();
    let objects = Objects::with(0);
    write(&objects, &[("web", "www.example.org", "192.0.2.1", &[])]);
    settle(&aws, &objects, &[]).await;
    let expected = ["a-www.example.org. TXT", "www.example.org. A"];
    assert_eq!(
        (names(&aws, &public), names(&aws, &private)),
        (expected.map(str::to_owned).to_vec(), expected.map(str::to_owned).to_vec())
    );

    aws.seed(&private, [RecordSet::new("www.example.org", "A", 300, &["192.0.2.66"])]).unwrap();
    settle(&aws, &objects, &[]).await;
    assert_eq!(aws.records(&private)[1].values, ["192.0.2.1"]);

    // Another type, then another zone alone, then nothing.
    write(&objects, &[("web", "www.example.org", "host.example.net", &[])]);
    settle(&aws, &objects, &[]).await;
    let expected = vec!["cname-www.example.org. TXT".to_owned(), "www.example.org. CNAME".to_owned()];
    assert_eq!((names(&aws, &public), names(&aws, &private)), (expected.clone(), expected.clone()));
    write(&objects, &[("web", "www.example.org", "host.example.net", &[("aws-hosted-zone-id", &private)])]);
    settle(&aws, &objects, &["--no-delete-guard"]).await;
    assert_eq!((names(&aws, &public), names(&aws, &private)), (Vec::new(), expected));
    write(&objects, &[]);
    settle(&aws, &objects, &["--no-delete-guard"]).await;
    assert_eq!(names(&aws, &private), [""; 0]);
}

/// What is said of a name with two zones is said of both.
#[tokio::test(flavor = "multi_thread")]
async fn plan_and_explain_name_both_zones_of_a_split_horizon() {
    let (aws, public) = aws().await;
    let private = aws.create_zone(NewZone::private("example.org")).unwrap();
    let objects = Objects::with(0);
    write(&objects, &[("web", "www.example.org", "192.0.2.1", &[])]);
    let both = |text: &str, times: usize| {
        for id in [&public, &private] {
            assert!(text.matches(id.as_str()).count() >= times, "{id} in\n{text}");
        }
    };
    let (code, text) = instead(&["plan"], with_keys(program(&aws, &objects))).await;
    assert_eq!(code, Some(2), "{text}");
    both(&text, 1);
    let (_, text) = instead(&["plan", "-o", "json"], with_keys(program(&aws, &objects))).await;
    for id in [&public, &private] {
        assert!(text.contains(&format!("\"zoneId\": \"{id}\"")), "{text}");
    }
    // Among the checks and in what the next run does.
    let (_, text) = instead(&["explain", "www.example.org"], with_keys(program(&aws, &objects))).await;
    both(&text, 2);
    settle(&aws, &objects, &[]).await;
    let (_, text) = instead(&["explain", "www.example.org"], with_keys(program(&aws, &objects))).await;
    both(&text, 2);
    assert!(text.matches("in-sync").count() == 2, "{text}");
}

/// Every change of policy or type is one request, rows included.
#[tokio::test(flavor = "multi_thread")]
async fn policies_and_types_change_in_one_request() {
    const LOAD_BALANCER: &str = "lb.us-east-1.elb.amazonaws.com";
    let (aws, _) = aws().await;
    let objects = Objects::with(0);
    let states: [&[Line<'_>]; 7] = [
        &[("a", "www.example.org", "192.0.2.1", &[])],
        &[
            ("a", "www.example.org", "192.0.2.1", &[("set-identifier", "a"), ("aws-weight", "1")]),
            ("b", "www.example.org", "192.0.2.2", &[("set-identifier", "b"), ("aws-weight", "2")]),
        ],
        &[
            ("a", "www.example.org", "192.0.2.1", &[("set-identifier", "a"), ("aws-region", "us-east-1")]),
            ("b", "www.example.org", "192.0.2.2", &[("set-identifier", "b"), ("aws-region", "eu-west-1")]),
        ],
        &[("a", "www.example.org", LOAD_BALANCER, &[])],
        &[("a", "www.example.org", "host.example.net", &[("aws-multi-value-answer", "false")])],
        &[("a", "www.example.org", LOAD_BALANCER, &[])],
        &[(
            "a",
            "www.example.org",
            LOAD_BALANCER,
            &[
                ("set-identifier", "a"),
                ("aws-geolocation-continent-code", "EU"),
                ("aws-evaluate-target-health", "false"),
            ],
        )],
    ];
    for state in states {
        write(&objects, state);
        aws.forget_requests();
        let mut command = with_keys(program(&aws, &objects));
        command
            .arg("--managed-record-types=A")
            .arg("--managed-record-types=AAAA")
            .arg("--managed-record-types=CNAME");
        let Ended { code, log } = once(command).await;
        assert_eq!((code, aws.count(Operation::ChangeResourceRecordSets)), (Some(0), 1), "{state:?}\n{log}");
        settle(&aws, &objects, &[]).await;
    }
}

/// Need 9: a bad annotation holds its own record and names its object; the others are published.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_annotation_harms_only_its_own() {
    let (aws, zone) = aws().await;
    let objects = Objects::with(0);
    let good: [(&str, &str); 2] = [("set-identifier", "a"), ("aws-weight", "1")];
    write(
        &objects,
        &[("good", "good.example.org", "192.0.2.1", &[]), ("bad", "bad.example.org", "192.0.2.1", &good)],
    );
    settle(&aws, &objects, &[]).await;
    let before = names(&aws, &zone);
    assert_eq!(before.len(), 4);
    let bad: [(&str, &str); 2] = [("set-identifier", "a"), ("aws-weight", "heavy")];
    write(
        &objects,
        &[("good", "good.example.org", "192.0.2.2", &[]), ("bad", "bad.example.org", "192.0.2.2", &bad)],
    );
    let Ended { code, log } = once(with_keys(program(&aws, &objects))).await;
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("aws/weight is \"heavy\"") && log.contains("ingress/web/bad"), "{log}");
    assert_eq!(names(&aws, &zone), before, "nothing is deleted");
    let values = |name: &str| aws.records(&zone).into_iter().find(|set| set.name == name).unwrap().values;
    assert_eq!(values("good.example.org."), ["192.0.2.2"]);
    assert_eq!(values("bad.example.org."), ["192.0.2.1"]);
}

/// The record of the zone's own name, whose ownership row needs a prefix that ends in a dot to stand in the zone: an alias, as a CNAME
/// cannot stand there.
#[tokio::test(flavor = "multi_thread")]
async fn the_apex_is_an_alias_with_rows_in_its_zone() {
    let (aws, zone) = aws().await;
    let objects = Objects::with(0);
    write(&objects, &[("apex", "example.org", "lb.us-east-1.elb.amazonaws.com", &[])]);
    let prefix = "--txt-prefix=%{record_type}-own.";
    settle(&aws, &objects, &[prefix]).await;
    let expected =
        ["a-own.example.org. TXT", "aaaa-own.example.org. TXT", "example.org. A", "example.org. AAAA"];
    let mut found = names(&aws, &zone);
    found.sort();
    assert_eq!(found, expected);
    write(&objects, &[]);
    settle(&aws, &objects, &[prefix, "--no-delete-guard"]).await;
    assert_eq!(names(&aws, &zone), [""; 0]);

    // Without such a prefix the row has no place. As in ExternalDNS the record is published all the same; but it is said what helps.
    write(&objects, &[("apex", "example.org", "lb.us-east-1.elb.amazonaws.com", &[])]);
    let Ended { log, .. } = once(with_keys(program(&aws, &objects))).await;
    assert_eq!(names(&aws, &zone), expected[2..], "{log}");
    assert!(log.contains("a-example.org lies outside zone") && log.contains("--txt-prefix"), "{log}");
}

/// What v0.22 updates in every loop.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_updated_for_ever() {
    let (aws, zone) = aws().await;
    aws.add_alias_zone("ZSEARCH", "search.example.net");
    let objects = Objects::with(0);
    write(
        &objects,
        &[
            (
                "a",
                "a.example.org",
                "x.search.example.net",
                &[("alias", "true"), ("aws-target-hosted-zone", "ZSEARCH")],
            ),
            ("b", "b.example.org", "192.0.2.1", &[("aws-hosted-zone-id", &zone)]),
            (
                "c",
                "c.example.org",
                "192.0.2.1",
                &[("set-identifier", "x"), ("aws-multi-value-answer", "yes please"), ("aws-weight", "")],
            ),
        ],
    );
    // The third is refused, which is said; the first two settle.
    let ended = once(with_keys(program(&aws, &objects))).await;
    assert!(ended.log.contains("aws/multi-value-answer"), "{}", ended.log);
    aws.forget_requests();
    once(with_keys(program(&aws, &objects))).await;
    assert_eq!(aws.count(Operation::ChangeResourceRecordSets), 0);
    write(
        &objects,
        &[(
            "c",
            "c.example.org",
            "192.0.2.1",
            &[("set-identifier", "x"), ("aws-multi-value-answer", "true")],
        )],
    );
    settle(&aws, &objects, &["--no-delete-guard"]).await;
}

/// `--dry-run` and `plan` read, and cannot write.
#[tokio::test(flavor = "multi_thread")]
async fn a_preview_writes_nothing() {
    let (aws, _) = aws().await;
    let objects = Objects::with(5);
    let mut command = with_keys(program(&aws, &objects));
    command.arg("--dry-run");
    assert_eq!(once(command).await.code, Some(0));
    assert_eq!(aws.count(Operation::ChangeResourceRecordSets), 0);
    assert_eq!(aws.count(Operation::ListResourceRecordSets), 1);
}
