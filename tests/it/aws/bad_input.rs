//! What is wrong harms only itself, is said with a name, and is tried again.

use super::records::{Line, write};
use super::{Ended, Objects, aws, daemon, instead, once, program, said, until, with_keys};
use zonewright_aws_double::{ACCOUNT, AwsDouble, Fault, NewZone, Operation, RecordSet, When};

fn values(aws: &AwsDouble, zone: &str, name: &str) -> Vec<String> {
    aws.records(zone).into_iter().find(|set| set.name == name).map(|set| set.values).unwrap_or_default()
}

/// Need 56: one zone of three may not be read or not be written. The others are written, that one as soon as it may be.
#[tokio::test(flavor = "multi_thread")]
async fn a_forbidden_zone_keeps_no_other_waiting() {
    for operation in [Operation::ListResourceRecordSets, Operation::ChangeResourceRecordSets] {
        let aws = AwsDouble::start().await.unwrap();
        let zones = ["a.org", "b.org", "c.org"].map(|name| aws.create_zone(NewZone::public(name)).unwrap());
        let objects = Objects::with(0);
        let lines: [Line<'_>; 3] = [
            ("a", "www.a.org", "192.0.2.1", &[]),
            ("b", "www.b.org", "192.0.2.1", &[]),
            ("c", "www.c.org", "192.0.2.1", &[]),
        ];
        write(&objects, &lines);
        aws.inject(When::call(operation).in_zone(&zones[1]).always(), Fault::access_denied());
        let Ended { code, log } = once(with_keys(program(&aws, &objects))).await;
        assert_eq!(code, Some(1), "{log}");
        assert!(said(&log, &["b.org", "AccessDenied", "IAM policy"]) > 0, "{operation:?}\n{log}");
        let written = zones.each_ref().map(|zone| aws.records(zone).len());
        assert_eq!(written, [2, 0, 2], "{operation:?}\n{log}");

        aws.withdraw_faults();
        let Ended { code, log } = once(with_keys(program(&aws, &objects))).await;
        assert_eq!((code, aws.records(&zones[1]).len()), (Some(0), 2), "{log}");
    }
}

/// A name that no zone contains is said with its object; the zone of the others is not asked about it.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_outside_of_every_zone_is_left_alone() {
    let (aws, zone) = aws().await;
    let objects = Objects::with(0);
    let lines: [Line<'_>; 3] = [
        ("good", "www.example.org", "192.0.2.1", &[]),
        ("stray", "www.example.net", "192.0.2.1", &[]),
        // Not on a label boundary.
        ("close", "www.notexample.org", "192.0.2.1", &[]),
    ];
    write(&objects, &lines);
    let mut preview = with_keys(program(&aws, &objects));
    preview.arg("--dry-run");
    let Ended { log, .. } = once(preview).await;
    assert!(said(&log, &["www.example.net"]) > 0, "{log}");
    let Ended { log, .. } = once(with_keys(program(&aws, &objects))).await;
    for (name, object) in [("www.example.net", "stray"), ("www.notexample.org", "close")] {
        assert!(said(&log, &[name, "no zone", object]) > 0, "{name}\n{log}");
    }
    assert_eq!(aws.records(&zone).len(), 2, "{log}");
    assert_eq!(aws.count(Operation::ChangeResourceRecordSets), 1);
}

/// Every annotation about routing with something in it that Route 53 would refuse: its object is named, its record stays what it was,
/// the others go on.
#[tokio::test(flavor = "multi_thread")]
async fn every_bad_annotation_holds_its_own_record() {
    let bad: [(&str, &str); 8] = [
        ("aws-weight", "256"),
        ("aws-weight", "heavy"),
        ("aws-geoproximity-bias", "100"),
        ("aws-failover", "TERTIARY"),
        ("aws-multi-value-answer", "perhaps"),
        ("aws-geolocation-continent-code", "MU"),
        ("aws-geolocation-country-code", "XYZ"),
        ("aws-geoproximity-coordinates", "91,0"),
    ];
    let (aws, zone) = aws().await;
    let objects = Objects::with(0);
    let hosts: Vec<(String, String)> =
        (0..bad.len()).map(|i| (format!("o{i}"), format!("o{i}.example.org"))).collect();
    let members: [(&str, &str); 2] = [("set-identifier", "x"), ("aws-weight", "1")];
    let mut lines: Vec<Line<'_>> = vec![("good", "good.example.org", "192.0.2.1", &[])];
    lines.extend(hosts.iter().map(|(name, host)| (&**name, &**host, "192.0.2.1", &members[..])));
    write(&objects, &lines);
    assert_eq!(once(with_keys(program(&aws, &objects))).await.code, Some(0));

    let annotations: Vec<[(&str, &str); 2]> =
        bad.iter().map(|wrong| [("set-identifier", "x"), *wrong]).collect();
    let mut lines: Vec<Line<'_>> = vec![("good", "good.example.org", "192.0.2.2", &[])];
    let spoiled = hosts.iter().zip(&annotations);
    lines.extend(spoiled.map(|((name, host), wrong)| (&**name, &**host, "192.0.2.2", &wrong[..])));
    write(&objects, &lines);
    aws.forget_requests();
    let Ended { log, .. } = once(with_keys(program(&aws, &objects))).await;
    assert_eq!(values(&aws, &zone, "good.example.org."), ["192.0.2.2"], "{log}");
    for ((name, host), (annotation, value)) in hosts.iter().zip(&bad) {
        let object = format!("ingress/web/{name}");
        assert!(said(&log, &[&object, value]) > 0, "{annotation}={value} is not said of {object}\n{log}");
        assert_eq!(values(&aws, &zone, &format!("{host}.")), ["192.0.2.1"], "{annotation}={value}\n{log}");
    }
    assert_eq!(aws.count(Operation::ChangeResourceRecordSets), 1, "nothing is tried that is known to fail");
}

/// Which regions there are only Route 53 knows. What it refuses is said of its object and held, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_does_not_exist_harms_nobody_else() {
    let (aws, zone) = aws().await;
    let objects = Objects::with(0);
    let write_region = |region: &str, address: &str| {
        let own = [("set-identifier", "x"), ("aws-region", region)];
        write(
            &objects,
            &[("far", "far.example.org", address, &own), ("good", "good.example.org", address, &[])],
        );
    };
    write_region("eu-west-1", "192.0.2.1");
    assert_eq!(once(with_keys(program(&aws, &objects))).await.code, Some(0));
    write_region("middle-earth-1", "192.0.2.2");
    aws.forget_requests();
    let Ended { log, .. } = once(with_keys(program(&aws, &objects))).await;
    assert!(said(&log, &["ingress/web/far", "middle-earth-1"]) > 0, "{log}");
    let addresses = ["far.example.org.", "good.example.org."].map(|name| values(&aws, &zone, name));
    assert_eq!(addresses, [["192.0.2.1"], ["192.0.2.2"]], "{log}");
    assert!(aws.count(Operation::ChangeResourceRecordSets) <= 3, "{log}");
}

/// Route 53 has no simple and weighted records of one name and type. Whoever asks for both is told, with both objects; others go on,
/// and what stood there stays.
#[tokio::test(flavor = "multi_thread")]
async fn simple_and_weighted_records_of_one_name_are_a_conflict() {
    let (aws, zone) = aws().await;
    let objects = Objects::with(0);
    let weighted: [(&str, &str); 2] = [("set-identifier", "blue"), ("aws-weight", "1")];
    write(&objects, &[("simple", "www.example.org", "192.0.2.1", &[])]);
    assert_eq!(once(with_keys(program(&aws, &objects))).await.code, Some(0));
    write(
        &objects,
        &[
            ("simple", "www.example.org", "192.0.2.1", &[]),
            ("weighted", "www.example.org", "192.0.2.2", &weighted),
            ("other", "other.example.org", "192.0.2.3", &[]),
        ],
    );
    let Ended { log, .. } = once(with_keys(program(&aws, &objects))).await;
    assert_eq!(values(&aws, &zone, "other.example.org."), ["192.0.2.3"], "{log}");
    assert_eq!(values(&aws, &zone, "www.example.org."), ["192.0.2.1"], "{log}");
    assert!(said(&log, &["www.example.org", "ingress/web/simple", "ingress/web/weighted"]) > 0, "{log}");
}

/// Where no record exists and no other wish, nothing is left alone by the plan; and yet there is a reason.
#[tokio::test(flavor = "multi_thread")]
async fn explain_says_why_a_name_is_not_there_at_all() {
    let (aws, _) = aws().await;
    let objects = Objects::with(0);
    let heavy: [(&str, &str); 2] = [("set-identifier", "blue"), ("aws-weight", "999")];
    write(&objects, &[("heavy", "www.example.org", "192.0.2.1", &heavy)]);
    let (_, text) = instead(&["explain", "www.example.org"], with_keys(program(&aws, &objects))).await;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("www.example.org is not as it is asked for: held: the provider does not take it"),
        "{text}"
    );
    assert!(text.contains("aws/weight is \"999\""), "{text}");
}

/// Keys that are wrong end nothing: it is said, and tried again until they are right.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_are_tried_until_they_are_right() {
    let (aws, zone) = aws().await;
    aws.add_key("AKIAOTHER", ACCOUNT);
    let objects = Objects::with(1);
    let log = objects.path("log");
    let mut command = with_keys(program(&aws, &objects));
    command.arg("--interval=200ms");
    let mut daemon = daemon(command, &log);
    let attempts = || aws.count(Operation::ListHostedZones);
    until("several attempts", || attempts() >= 2).await;
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(
        said(&text, &["InvalidClientTokenId", "the credentials are wrong", "error.class=auth"]) > 0,
        "{text}"
    );
    assert!(daemon.try_wait().unwrap().is_none(), "{text}");
    aws.add_key("AKIATEST", ACCOUNT);
    until("the record", || aws.records(&zone).len() == 2).await;
}

/// A record that Route 53 refuses is not sent again with everything else of each run, as ExternalDNS does; and a name whose records
/// are more than a batch holds is written all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_is_left_out_of_further_batches() {
    let (aws, zone) = aws().await;
    aws.refuse_name("n00001.example.org", "no such luck").unwrap();
    let objects = Objects::with(5);
    let log = objects.path("log");
    let mut command = with_keys(program(&aws, &objects));
    command.args(["--interval=200ms", "--drift-interval=200ms"]);
    let _daemon = daemon(command, &log);
    until("the others", || aws.records(&zone).len() == 8).await;
    let lists = || aws.count(Operation::ListResourceRecordSets);
    aws.forget_requests();
    until("some runs", || lists() >= 4).await;
    let writes = aws.count(Operation::ChangeResourceRecordSets);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(writes <= 1, "{writes} writes in {} runs\n{text}", lists());
    assert!(said(&text, &["n00001.example.org", "no such luck"]) > 0, "{text}");
}

/// ExternalDNS drops the changes of a name that are more than a batch may hold.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_more_records_than_a_batch_is_written() {
    let (aws, zone) = aws().await;
    aws.seed(&zone, [RecordSet::new("other.example.org", "TXT", 60, &["\"not ours\""])]).unwrap();
    let objects = Objects::with(0);
    let names: Vec<String> = (0..6).map(|i| format!("m{i}")).collect();
    let annotations: Vec<[(&str, &str); 2]> =
        names.iter().map(|name| [("set-identifier", name.as_str()), ("aws-weight", "1")]).collect();
    let of_one = names.iter().zip(&annotations);
    let lines: Vec<Line<'_>> =
        of_one.map(|(name, own)| (&**name, "www.example.org", "192.0.2.1", &own[..])).collect();
    write(&objects, &lines);
    let mut command = with_keys(program(&aws, &objects));
    command.arg("--aws-batch-change-size=4");
    let Ended { code, log } = once(command).await;
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(aws.records(&zone).len(), 13, "{log}");
}
