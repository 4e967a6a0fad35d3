//! Zone files, ours and those of others.

use super::{ZoneFile, read, write};
use crate::snapshot::testing::{any_snapshot, kept, name, owned, snapshot, zone};
use crate::snapshot::{Kept, Snapshot};
use proptest::prelude::*;
use rstest::rstest;

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(snapshot in any_snapshot()) {
        let text = write(&snapshot);
        prop_assert_eq!(read(&text, None), Ok(ZoneFile::Snapshot(snapshot)), "{}", text);
    }

    /// Whatever it is, it is read or refused.
    #[test]
    fn any_text_is_read_or_refused_with_a_line(text in "[a-z0-9@$;()\" \t\n\\\\.]{0,200}") {
        if let Err(error) = read(&text, Some(&name("example.org"))) {
            prop_assert!(error.line >= 1 && error.line <= text.lines().count().max(1), "{}", error);
        }
    }
}

fn shown(records: &[Kept]) -> Vec<String> {
    let targets = |kept: &Kept| kept.targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
    let one =
        |kept: &Kept| format!("{} {} {} {}", kept.name, kept.ttl.seconds(), kept.record_type, targets(kept));
    records.iter().map(one).collect()
}

fn plain(text: &str) -> (Vec<String>, Vec<String>) {
    match read(text, None).unwrap() {
        ZoneFile::Plain { records, not_understood } => (shown(&records), not_understood),
        ZoneFile::Snapshot(_) => panic!("this is no snapshot of ours"),
    }
}

/// As administrators write them: everything that RFC 1035 and BIND allow and that is in use.
#[test]
fn files_of_others_are_read() {
    let text = "\
$TTL 1h30m
$ORIGIN Example.org.
@   IN SOA ns1 hostmaster\\.dns (
        2024010101 ; serial
        2h 15m 2w 1d )
    IN  NS  ns1
        NS  ns2.example.net.
@   MX  10 mail
    3600 MX  20 mail.example.net.
www 300 IN A 192.0.2.1
www IN 300 A 192.0.2.2     ; class first
    AAAA 2001:DB8::1
ftp CNAME www
* A 192.0.2.9
txt TXT \"v=spf1 ; not a comment\" two\\\"words ( \"and
\" )
";
    // A quote must not run over the end of its line.
    assert!(read(text, None).unwrap_err().to_string().starts_with("line 15: a quote is never closed"));
    let text = text.replace("( \"and\n\" )", "( \"and\"\n \"more\" )")
        + "\
_sip._tcp SRV 0 5 5060 sip
$origin sub
a.b a 192.0.2.3
$ORIGIN example.net.
@ A 192.0.2.4
null.example.net. MX 0 .
caa TYPE257 \\# 3 000569
caa CAA 0 issue \"ca.example.net\"
sp\\032ace A 192.0.2.5
  A 192.0.2.6
";
    let (records, not_understood) = plain(&text);
    assert_eq!(
        records,
        [
            "example.org 5400 SOA ns1 hostmaster\\.dns 2024010101 2h 15m 2w 1d",
            "example.org 5400 NS ns1.example.org | ns2.example.net",
            "example.org 3600 MX 10 mail.example.org | 20 mail.example.net",
            "www.example.org 300 A 192.0.2.1 | 192.0.2.2",
            "www.example.org 5400 AAAA 2001:db8::1",
            "ftp.example.org 5400 CNAME www.example.org",
            "*.example.org 5400 A 192.0.2.9",
            "txt.example.org 5400 TXT \"v=spf1 ; not a comment\" \"two\\\"words\" \"and\" \"more\"",
            "_sip._tcp.example.org 5400 SRV 0 5 5060 sip.example.org.",
            "a.b.sub.example.org 5400 A 192.0.2.3",
            "example.net 5400 A 192.0.2.4",
            "null.example.net 5400 MX 0 .",
            "caa.example.net 5400 TYPE257 \\# 3 000569",
            "caa.example.net 5400 CAA 0 issue \"ca.example.net\"",
        ]
    );
    assert_eq!(
        not_understood,
        [
            "line 25: \"sp ace.example.net\" contains ' '",
            "line 26: a record of type A without a name that can be used"
        ]
    );
}

/// What `dig AXFR` prints.
#[test]
fn transfers_are_read() {
    let text = "\
; <<>> DiG 9.18 <<>> @ns1 example.org AXFR
;; global options: +cmd
example.org.\t\t3600\tIN\tSOA\tns1.example.org. root.example.org. 1 2 3 4 5
example.org.\t\t3600\tIN\tNS\tns1.example.org.
www.example.org.\t60\tIN\tA\t192.0.2.1
a-www.example.org.\t60\tIN\tTXT\t\"heritage=external-dns,external-dns/owner=me\"
example.org.\t\t3600\tIN\tSOA\tns1.example.org. root.example.org. 1 2 3 4 5
;; Query time: 0 msec
";
    let (records, not_understood) = plain(text);
    assert_eq!(records.len(), 4);
    assert_eq!(records[3], "a-www.example.org 60 TXT \"heritage=external-dns,external-dns/owner=me\"");
    assert_eq!(not_understood, [""; 0]);
}

#[test]
fn a_text_that_was_cut_for_its_length_is_one_text() {
    let (a, b) = ("a".repeat(255), "b".repeat(40));
    let (records, _) = plain(&format!("x.org. 5 TXT \"{a}\" \"{b}\"\ny.org. 5 TXT \"{b}\" \"{b}\"\n"));
    assert_eq!(records, [format!("x.org 5 TXT \"{a}{b}\""), format!("y.org 5 TXT \"{b}\" \"{b}\"")]);
}

#[rstest]
#[case("www A 192.0.2.1", 1, "www is a relative name, and there is no $ORIGIN before it")]
#[case(
    "\n\nwww.example.org. A 192.0.2.256",
    3,
    "www.example.org A: target \"192.0.2.256\" is not an IPv4 address"
)]
#[case(
    "a.org. A 192.0.2.1\nb.org. MX mail.example.org.",
    2,
    "b.org MX: MX does not take the data mail.example.org."
)]
#[case("a.org. MX ten mail.example.org.", 1, "is not of the form")]
#[case("a.org. TXT (\n\"x\"\n", 1, "this parenthesis is never closed")]
#[case("a.org. A 192.0.2.1 )", 1, "a parenthesis is closed that was never opened")]
#[case("a.org. TXT \"x", 1, "a quote is never closed on its line")]
#[case("$INCLUDE other.zone", 1, "$INCLUDE is not followed")]
#[case("$GENERATE 1-9 a$ A 192.0.2.$", 1, "$GENERATE")]
#[case("$TTL soon", 1, "soon is not a TTL")]
#[case("a.org. CH TXT x", 1, "records of class CH are not understood")]
#[case("a.org. 300 IN", 1, "there is a name, and no record behind it")]
#[case("a.org. A", 1, "there is no data behind the type")]
#[case("a.org. 192.0.2.1", 1, "\"192.0.2.1\" is neither a TTL, nor a class, nor a type")]
fn mistakes_of_others_are_named(#[case] text: &str, #[case] line: usize, #[case] message: &str) {
    let error = read(text, None).unwrap_err();
    assert_eq!(error.line, line, "{error}");
    assert!(error.message.contains(message), "{error}");
}

fn example() -> Snapshot {
    let mut weighted = owned("me", kept("w.example.org", "A", 60, &["192.0.2.3"]));
    weighted.set_identifier = "a".into();
    let records = vec![
        owned("me", kept("www.example.org", "A", 300, &["192.0.2.1", "192.0.2.2"])),
        weighted,
        kept("example.org", "MX", 3600, &["10 mail.example.org"]),
        kept("example.org", "A", 60, &["lb.example.net"]),
        kept("plain.example.org", "TXT", 0, &["no quotes"]),
    ];
    snapshot(vec![zone("Z1", "example.org", records)])
}

#[test]
fn what_a_zone_file_cannot_say_is_a_comment() {
    let expected = "\
; zonewright-snapshot {\"version\":1,\"provider\":\"inmemory\",\"registry\":\"txt\"}

; zonewright-zone {\"name\":\"example.org\",\"id\":\"Z1\"}
$ORIGIN example.org.
$TTL 300
; zonewright-record {\"name\":\"example.org\",\"type\":\"A\",\"ttl\":60,\"targets\":[\"lb.example.net\"]}
@ 3600 IN MX 10 mail.example.org.
; zonewright-set {\"ttl\":0,\"targets\":[\"no quotes\"]}
plain IN TXT \"no quotes\"
; zonewright-record {\"name\":\"w.example.org\",\"type\":\"A\",\"setIdentifier\":\"a\",\"ttl\":60,\"targets\":[\"192.0.2.3\"],\"owner\":\"me\",\"labels\":{\"resource\":\"ingress/web/w.example.org\"}}
; zonewright-set {\"owner\":\"me\",\"labels\":{\"resource\":\"ingress/web/www.example.org\"}}
www 300 IN A 192.0.2.1
www 300 IN A 192.0.2.2

; zonewright-end {\"records\":5}
";
    assert_eq!(write(&example()), expected);
}

#[test]
fn a_cut_snapshot_is_noticed_wherever_it_is_cut() {
    let text = write(&example());
    let lines: Vec<&str> = text.lines().collect();
    for count in 1..lines.len() {
        let error = read(&(lines[..count].join("\n") + "\n"), None).unwrap_err();
        assert!(error.line >= 1 && error.line <= count, "{error}");
    }
}

#[rstest]
#[case("\"version\":1", "\"version\":9", 1, "version 9")]
#[case("{\"version\":1", "{\"versions\":1", 1, "unknown field `versions`")]
#[case("{\"records\":5}", "{\"records\":6}", 15, "it has 6 record sets, and there are 5 before it")]
#[case(
    "; zonewright-zone {\"name\":\"example.org\",\"id\":\"Z1\"}\n",
    "",
    6,
    "a record before the first zonewright-zone"
)]
#[case("\"targets\":[\"lb.example.net\"]", "\"targets\":[]", 6, "it has no targets")]
#[case("plain IN TXT \"no quotes\"\n", "", 8, "no record stands behind it")]
#[case("www 300 IN A 192.0.2.2", "www 300 IN A 192.0.2.x", 13, "is not an IPv4 address")]
#[case("www 300 IN A 192.0.2.2", "w\\032w 300 IN A 192.0.2.2", 13, "contains ' '")]
fn mistakes_in_snapshots_are_named(
    #[case] from: &str,
    #[case] to: &str,
    #[case] line: usize,
    #[case] message: &str,
) {
    let text = write(&example());
    let spoiled = text.replacen(from, to, 1);
    assert_ne!(spoiled, text);
    let error = read(&spoiled, None).unwrap_err();
    assert_eq!(error.line, line, "{error}");
    assert!(error.message.contains(message), "{error}");
}
