//! `snapshot`, `restore` and `adopt` with what only Route 53 has: zones of one name, aliases, routing.

use super::records::write;
use super::{Objects, aws, instead, once, program, with_keys};
use zonewright_aws_double::{NewZone, RecordSet};

const TYPES: [&str; 3] =
    ["--managed-record-types=A", "--managed-record-types=AAAA", "--managed-record-types=CNAME"];

/// Everything of two zones of one name goes and comes back, each record into its own zone, aliases and weights included.
#[tokio::test(flavor = "multi_thread")]
async fn a_split_horizon_with_aliases_and_weights_comes_back_as_it_was() {
    let (aws, public) = aws().await;
    let private = aws.create_zone(NewZone::private("example.org")).unwrap();
    let objects = Objects::with(0);
    write(
        &objects,
        &[
            ("web", "www.example.org", "192.0.2.1", &[]),
            (
                "lb",
                "lb.example.org",
                "lb.us-east-1.elb.amazonaws.com",
                &[("aws-evaluate-target-health", "false")],
            ),
            ("a", "w.example.org", "192.0.2.2", &[("set-identifier", "a"), ("aws-weight", "1")]),
            ("b", "w.example.org", "192.0.2.3", &[("set-identifier", "b"), ("aws-weight", "2")]),
            ("in", "in.example.org", "10.0.0.1", &[("aws-hosted-zone-id", &private)]),
        ],
    );
    let run = async |words: &[&str]| {
        let mut command = with_keys(program(&aws, &objects));
        command.args(TYPES).args(words);
        once(command).await
    };
    assert_eq!(run(&[]).await.code, Some(0));
    let text = RecordSet::new("hand.example.org", "TXT", 60, &["\"caf\\303\\251\" \"two\""]);
    aws.seed(&public, [text, RecordSet::new("hand.example.org", "MX", 60, &["10 mail.example.net"])])
        .unwrap();
    let zones = || (aws.records(&public), aws.records(&private));
    let before = zones();
    assert!(before.0.len() > 10 && before.1.len() > 10, "{before:?}");

    let command = |words: &[&str]| {
        let mut command = with_keys(program(&aws, &objects));
        command.args(TYPES).args(words);
        command
    };
    let mut files = Vec::new();
    for form in ["json", "bind"] {
        let file = objects.path(form).display().to_string();
        let (code, log) = instead(&["snapshot", "-o", form, &format!("--output={file}")], command(&[])).await;
        assert_eq!(code, Some(0), "{log}");
        files.push(file);
    }
    for file in &files {
        for (owner, left) in [("--owner=me", 2), ("--all-owners", 0)] {
            // Ours go, and then what was made by hand.
            write(&objects, &[]);
            assert_eq!(run(&["--no-delete-guard"]).await.code, Some(0));
            assert_eq!(zones().1, [], "{file}");
            if left == 0 {
                let types = ["TXT", "MX"].map(|t| format!("--managed-record-types={t}"));
                let words =
                    [&["--registry=noop", "--no-delete-guard"], &types.each_ref().map(String::as_str)[..]]
                        .concat();
                assert_eq!(run(&words).await.code, Some(0));
            }
            assert_eq!(zones().0.len(), left, "{file} {owner}");
            let (code, log) = instead(&["restore", file, owner], command(&[])).await;
            assert_eq!(code, Some(0), "{log}");
            assert_eq!(zones(), before, "{file} {owner}\n{log}");
            let (code, log) = instead(&["restore", file, owner, "--dry-run"], command(&[])).await;
            assert_eq!(code, Some(0), "{log}");
        }
    }
}

/// The ownership record of a weighted record is weighted, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_weighted_record_is_adopted_with_its_weight() {
    let (aws, zone) = aws().await;
    let mut weighted = RecordSet::new("w.example.org", "A", 60, &["192.0.2.1"]);
    weighted.set_identifier = Some("a".into());
    weighted.weight = Some(7);
    aws.seed(&zone, [weighted]).unwrap();
    let objects = Objects::with(0);
    let (code, log) = instead(&["adopt", "w.example.org"], with_keys(program(&aws, &objects))).await;
    assert_eq!(code, Some(0), "{log}");
    let records = aws.records(&zone);
    assert_eq!(records.len(), 2, "{log}");
    assert_eq!(
        (records[0].kind.as_str(), records[0].set_identifier.as_deref(), records[0].weight),
        ("TXT", Some("a"), Some(7))
    );
    let (code, log) =
        instead(&["adopt", "w.example.org", "--dry-run"], with_keys(program(&aws, &objects))).await;
    assert_eq!(code, Some(0), "{log}");
}
