//! Zones as older releases of ExternalDNS left them, with aliases, which changed the name of their ownership records more than once:
//!
//! | release | an alias A record `www` has |
//! |---|---|
//! | up to 0.11 | `www TXT` |
//! | 0.12 to 0.17 | `www TXT` and `cname-www TXT` |
//! | 0.18 to 0.21 | `cname-www TXT`; its AAAA twin `aaaa-www TXT` |
//! | 0.22 | `a-www TXT` and `aaaa-www TXT` |
//!
//! Sources: ExternalDNS docs/registry/txt.md, registry/txt/registry.go at v0.12.0, v0.18.0 and v0.22.0. Whoever takes such a zone over
//! changes no record and none of its rows; where a row of today's form is missing it is written once, as v0.22 does. What is no longer
//! wanted goes with exactly the rows that are there; those without type stay, as with v0.22 (docs/concepts/ownership.md).

use super::records::{Line, write};
use super::{Ended, Objects, aws, once, program, with_keys};
use rstest::rstest;
use std::collections::BTreeSet;
use zonewright_aws_double::{AwsDouble, Operation, RecordSet};

const LOAD_BALANCER: &str = "lb-1.us-east-1.elb.amazonaws.com";
const CANONICAL_ZONE: &str = "Z35SXDOTRQ7X7K";

/// An ownership row of the object `name`.
fn row(at: &str, object: &str) -> RecordSet {
    let text =
        format!("\"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/web/{object}\"");
    RecordSet::new(&format!("{at}.example.org"), "TXT", 300, &[&text])
}

fn alias(name: &str, kind: &str) -> RecordSet {
    RecordSet::alias(&format!("{name}.example.org"), kind, CANONICAL_ZONE, LOAD_BALANCER)
}

/// The three objects that each zone was made for, and the records themselves.
const OBJECTS: [Line<'static>; 3] = [
    ("www", "www.example.org", LOAD_BALANCER, &[]),
    ("api", "api.example.org", "192.0.2.1", &[]),
    ("wild", "*.wild.example.org", LOAD_BALANCER, &[]),
];

fn records(with_twins: bool) -> Vec<RecordSet> {
    let mut records = vec![
        alias("www", "A"),
        alias("*.wild", "A"),
        RecordSet::new("api.example.org", "A", 300, &["192.0.2.1"]),
    ];
    if with_twins {
        records.extend([alias("www", "AAAA"), alias("*.wild", "AAAA")]);
    }
    records
}

/// `cname-www`, `cname-*.wild`, …
fn rows(of_www: &[&str], of_api: &[&str], of_wild: &[&str]) -> Vec<RecordSet> {
    let of = |object: &'static str, names: &[&str]| -> Vec<RecordSet> {
        names.iter().map(|name| row(name, object)).collect()
    };
    [of("www", of_www), of("api", of_api), of("wild", of_wild)].concat()
}

/// One run that has to succeed, and how many writes it made.
async fn run(aws: &AwsDouble, objects: &Objects, words: &[&str]) -> (usize, String) {
    aws.forget_requests();
    let mut command = with_keys(program(aws, objects));
    command.args(words);
    let Ended { code, log } = once(command).await;
    assert_eq!(code, Some(0), "{log}");
    (aws.count(Operation::ChangeResourceRecordSets), log)
}

#[rstest]
#[case::up_to_0_11(
    false,
    rows(&["www"], &["api"], &["*.wild"]),
    &["a-www", "a-api", "a-*.wild"],
    &["www", "api", "*.wild"],
    &["--exclude-record-types=AAAA"]
)]
#[case::from_0_12(
    false,
    rows(&["www", "cname-www"], &["api", "a-api"], &["*.wild", "cname-*.wild"]),
    &["a-www", "a-*.wild"],
    &["www", "api", "*.wild"],
    &["--exclude-record-types=AAAA"]
)]
#[case::from_0_16(
    true,
    rows(&["www", "cname-www", "aaaa-www"], &["api", "a-api"], &["*.wild", "cname-*.wild", "aaaa-*.wild"]),
    &["a-www", "a-*.wild"],
    &["www", "api", "*.wild"],
    &[]
)]
#[case::from_0_18(
    true,
    rows(&["cname-www", "aaaa-www"], &["a-api"], &["cname-*.wild", "aaaa-*.wild"]),
    &["a-www", "a-*.wild"],
    &[],
    &[]
)]
#[case::of_0_22(true, rows(&["a-www", "aaaa-www"], &["a-api"], &["a-*.wild", "aaaa-*.wild"]), &[], &[], &[])]
#[case::upgraded_to_0_22(
    true,
    rows(&["cname-www", "a-www", "aaaa-www"], &["a-api"], &["cname-*.wild", "a-*.wild", "aaaa-*.wild"]),
    &[],
    &[],
    &[]
)]
#[case::with_a_prefix(
    true,
    rows(
        &["own.cname-www", "own.aaaa-www"],
        &["own.a-api"],
        &["own.cname-any.wild", "own.aaaa-any.wild"]
    ),
    &["own.a-www", "own.a-any.wild"],
    &[],
    &["--txt-prefix=own.", "--txt-wildcard-replacement=any"]
)]
#[case::with_the_type_in_the_prefix(
    true,
    rows(
        &["cname-own.www", "aaaa-own.www"],
        &["a-own.api"],
        &["cname-own.any.wild", "aaaa-own.any.wild"]
    ),
    &["a-own.www", "a-own.any.wild"],
    &[],
    &["--txt-prefix=%{record_type}-own.", "--txt-wildcard-replacement=any"]
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_zone_of_an_older_release_stays_as_it_is(
    #[case] with_twins: bool,
    #[case] rows: Vec<RecordSet>,
    #[case] written: &[&str],
    #[case] left: &[&str],
    #[case] words: &[&str],
) {
    let (aws, zone) = aws().await;
    let foreign = RecordSet::new("mail.example.org", "A", 300, &["192.0.2.99"]);
    aws.seed(&zone, records(with_twins).into_iter().chain(rows).chain([foreign])).unwrap();
    let before = aws.records(&zone);
    let objects = Objects::with(0);
    write(&objects, &OBJECTS);
    let (writes, log) = run(&aws, &objects, words).await;
    let (same, new): (Vec<RecordSet>, Vec<RecordSet>) =
        aws.records(&zone).into_iter().partition(|set| before.contains(set));
    assert_eq!((writes, same), (usize::from(!written.is_empty()), before), "{log}");
    assert_eq!(names(&new), full(written), "{log}");
    let (writes, log) = run(&aws, &objects, words).await;
    assert_eq!(writes, 0, "{log}");

    // Deleting names what is there and nothing else: one row too many, and Route 53 refuses the whole batch.
    write(&objects, &[]);
    let (writes, log) = run(&aws, &objects, &[words, &["--no-delete-guard"]].concat()).await;
    assert_eq!(writes, 1, "{log}");
    assert_eq!(names(&aws.records(&zone)), full(&[left, &["mail"]].concat()), "{log}");
}

fn names(sets: &[RecordSet]) -> BTreeSet<String> {
    sets.iter().map(|set| set.name.replace("\\052", "*")).collect()
}

fn full(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("{name}.example.org.")).collect()
}

/// Members of a routing set have rows with their set identifiers, of the same names.
#[tokio::test(flavor = "multi_thread")]
async fn weighted_aliases_of_an_older_release_stay_as_they_are() {
    let (aws, zone) = aws().await;
    for set in ["blue", "green"] {
        let sets = [alias("www", "A"), alias("www", "AAAA"), row("cname-www", set), row("aaaa-www", set)];
        aws.seed(&zone, sets.map(|record| record.weighted(set, 10))).unwrap();
    }
    let before = aws.records(&zone);
    let objects = Objects::with(0);
    let [blue, green]: [[(&str, &str); 2]; 2] =
        ["blue", "green"].map(|set| [("set-identifier", set), ("aws-weight", "10")]);
    let lines: [Line<'_>; 2] = [
        ("blue", "www.example.org", LOAD_BALANCER, &blue),
        ("green", "www.example.org", LOAD_BALANCER, &green),
    ];
    write(&objects, &lines);
    let (_, log) = run(&aws, &objects, &[]).await;
    let (same, new): (Vec<RecordSet>, Vec<RecordSet>) =
        aws.records(&zone).into_iter().partition(|set| before.contains(set));
    assert_eq!(same, before, "{log}");
    assert_eq!((new.len(), names(&new)), (2, full(&["a-www"])), "{log}");
    let (writes, log) = run(&aws, &objects, &[]).await;
    assert_eq!(writes, 0, "{log}");
    write(&objects, &lines[1..]);
    let (writes, log) = run(&aws, &objects, &["--no-delete-guard"]).await;
    let of_blue: Vec<RecordSet> =
        aws.records(&zone).into_iter().filter(|set| set.set_identifier.as_deref() == Some("blue")).collect();
    // The row of the older form, which may be of the other member as far as a name tells, stays as long as there is one.
    assert_eq!((writes, names(&of_blue)), (1, full(&["cname-www"])), "{log}");
    write(&objects, &[]);
    let (_, log) = run(&aws, &objects, &["--no-delete-guard"]).await;
    assert_eq!(aws.records(&zone), [], "{log}");
}

/// Need 46: encryption is turned on for a zone in plain text and off again; each row stays what it was until its record changes, and
/// goes with exactly the text that stands there, which Route 53 insists on.
#[tokio::test(flavor = "multi_thread")]
async fn encryption_comes_and_goes_and_rows_are_still_deleted() {
    let key = "--txt-encrypt-aes-key=01234567890123456789012345678901";
    let encrypted: [&str; 3] = ["--no-delete-guard", "--txt-encrypt-enabled", key];
    let (aws, zone) = aws().await;
    let objects = Objects::with(0);
    let old: Line<'_> = ("old", "old.example.org", "192.0.2.1", &[]);
    let new: Line<'_> = ("new", "new.example.org", "192.0.2.1", &[]);
    let is_plain = |name: &str| {
        let sets = aws.records(&zone);
        let row = sets.iter().find(|set| set.name == name).unwrap_or_else(|| panic!("no {name} in {sets:?}"));
        row.values[0].contains("heritage=")
    };
    write(&objects, &[old]);
    run(&aws, &objects, &[]).await;
    write(&objects, &[old, new]);
    run(&aws, &objects, &encrypted).await;
    assert_eq!((is_plain("a-old.example.org."), is_plain("a-new.example.org.")), (true, false));
    let (writes, log) = run(&aws, &objects, &encrypted).await;
    assert_eq!(writes, 0, "{log}");
    // Off again: what is encrypted is still read with the key, and still deleted.
    let (writes, log) = run(&aws, &objects, &[key]).await;
    assert_eq!(writes, 0, "{log}");
    write(&objects, &[old]);
    let (writes, log) = run(&aws, &objects, &["--no-delete-guard", key]).await;
    assert_eq!((writes, names(&aws.records(&zone))), (1, full(&["old", "a-old"])), "{log}");
    write(&objects, &[]);
    run(&aws, &objects, &encrypted).await;
    assert_eq!(aws.records(&zone), []);
}
