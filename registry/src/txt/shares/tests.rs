//! What the rows of shared names look like, and what is read from them.

use super::*;
use crate::{NonceSource, Owned, TxtSettings};
use rstest::rstest;
use secrecy::SecretString;
use zonewright_planner::{CreateReason, Properties, ZoneId};

const KEY: &str = "passphrasewhichneedstobe32bytes!";

fn registry(owner: &str, change: impl FnOnce(&mut TxtSettings)) -> TxtRegistry {
    let mut settings = TxtSettings::new(owner, NonceSource::from_seed([0; 32]));
    settings.managed = zonewright_planner::ManagedTypes::new(RecordType::ALL, &[]);
    change(&mut settings);
    TxtRegistry::new(settings).unwrap()
}

fn wish(name: &str, record_type: RecordType, targets: &[&str]) -> Endpoint {
    Endpoint::new(name, record_type, targets, Properties::new())
        .unwrap()
        .with_label(RESOURCE, "ingress/x/web")
}

fn zone(name: &str) -> Zone {
    Zone { id: ZoneId::new("z"), name: DnsName::parse(name).ok() }
}

fn says(endpoint: &Endpoint, leaving: &str) -> Statement {
    Statement {
        targets: endpoint.targets.clone(),
        leaving: parse_targets(&endpoint.record_type, leaving),
        ttl: endpoint.ttl,
        resource: Some("ingress/x/web".into()),
    }
}

/// The row of a new record.
fn row(registry: &TxtRegistry, endpoint: &Endpoint, leaving: &str) -> Record {
    let mut new = endpoint.clone();
    says(endpoint, leaving).note_on(&mut new.labels);
    let change = Change::Create { new: Box::new(new), reason: CreateReason::New };
    let decorated = registry.decorate(change, &Rows::default());
    let [RowChange { read: None, expected: None, write: Some(write) }] = decorated.rows.as_slice() else {
        panic!("{decorated:?}")
    };
    Record { labels: Labels::new(), ..Record::from_endpoint(ZoneId::new("z"), write) }
}

fn record(endpoint: &Endpoint) -> Record {
    Record { labels: Labels::new(), ..Record::from_endpoint(ZoneId::new("z"), endpoint) }
}

fn only(owned: &Owned) -> &Share {
    let all: Vec<&Share> = owned.shares.values().flatten().collect();
    assert_eq!(all.len(), 1, "{owned:?}");
    all[0]
}

#[test]
fn the_form_of_a_row() {
    let registry = registry("blue", |_| {});
    let web =
        wish("www.example.org", RecordType::A, &["192.0.2.1", "192.0.2.2"]).with_ttl(Ttl::from_seconds(60));
    let row = row(&registry, &web, "192.0.2.3");
    // SHA-256 of "blue" begins with 16477688.
    assert_eq!(row.name.as_str(), "16477688--a-www.example.org");
    let text = "\"heritage=zonewright,zonewright/owner=blue,zonewright/name=www.example.org,zonewright/type=A,\
                zonewright/targets=192.0.2.1|192.0.2.2,zonewright/leaving=192.0.2.3,zonewright/ttl=60,\
                zonewright/resource=ingress/x/web\"";
    assert_eq!(row.spelled_targets(), [text]);
}

#[rstest]
#[case::plain("", "", "", "www.example.org", "16477688--a-www.example.org")]
#[case::prefix("own.", "", "", "www.example.org", "16477688--own.a-www.example.org")]
#[case::apex("%{record_type}-own.", "", "", "example.org", "16477688--a-own.example.org")]
#[case::suffix("", "-own", "", "www.example.org", "16477688--a-www-own.example.org")]
#[case::wildcard("", "", "", "*.example.org", "16477688--a-*.example.org")]
#[case::replaced_wildcard("", "", "any", "*.example.org", "16477688--a-any.example.org")]
fn rows_stand_where_ownership_rows_would(
    #[case] prefix: &str,
    #[case] suffix: &str,
    #[case] wildcard: &str,
    #[case] name: &str,
    #[case] expected: &str,
) {
    let registry = registry("blue", |settings| {
        (settings.prefix, settings.suffix) = (prefix.into(), suffix.into());
        settings.wildcard_replacement = wildcard.into();
    });
    let wish = wish(name, RecordType::A, &["192.0.2.1"]);
    registry.sharable(&wish, &zone("example.org")).unwrap();
    let row = row(&registry, &wish, "");
    assert_eq!(row.name.as_str(), expected);
    let owned = registry.read(vec![row.clone(), record(&wish)]);
    let share = only(&owned);
    assert_eq!((&share.row, share.is_current, &share.says), (&row, true, &says(&wish, "")));
    assert_eq!(owned.shares.keys().next().unwrap().name.as_str(), name);
    let [www] = owned.records.as_slice() else { panic!("{owned:?}") };
    assert!(www.ownership.shared);
    assert_eq!((www.labels.owner(), www.labels.resource()), (Some("blue"), Some("ingress/x/web")));
}

#[rstest]
#[case::plain(false, 12)]
#[case::encrypted(true, 12)]
#[case::long(false, 60)]
#[case::long_and_encrypted(true, 60)]
fn what_is_written_is_read(#[case] encrypt: bool, #[case] count: u8) {
    let registry = registry("blue", |settings| {
        (settings.encrypt, settings.key) = (encrypt, Some(SecretString::from(KEY)));
    });
    let addresses: Vec<String> = (0..count).map(|n| format!("2001:db8:1234:5678::{n:x}")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let web = wish("www.example.org", RecordType::Aaaa, &addresses).with_ttl(Ttl::from_seconds(60));
    let leaving = "2001:db8::1|2001:db8::2";
    let mut row = row(&registry, &web, leaving);
    assert!(row.targets.len() > 1, "it takes more than one value");
    for value in row.spelled_targets() {
        assert!(value.len() <= 255 + 2, "{} {value}", value.len());
        assert_eq!(value.contains("heritage"), !encrypt);
    }
    row.targets.reverse();
    assert_eq!(only(&registry.read(vec![row])).says, says(&web, leaving));
}

#[test]
fn all_kinds_of_targets_come_back() {
    let registry = registry("blue", |_| {});
    let cases: [(RecordType, &[&str]); 6] = [
        (RecordType::Cname, &["lb.example.net"]),
        (RecordType::Ns, &["ns1.example.net", "ns2.example.net"]),
        (RecordType::Mx, &["10 mail.example.org", "20 mail2.example.org"]),
        (RecordType::Srv, &["0 50 443 host.example.org."]),
        (RecordType::Ptr, &["a.example.org"]),
        (RecordType::Aaaa, &["2001:db8::1", "::ffff:192.0.2.1"]),
    ];
    for (record_type, targets) in cases {
        let name = if record_type == RecordType::Ptr { "1.2.0.192.in-addr.arpa" } else { "www.example.org" };
        let wish = wish(name, record_type, targets);
        registry.sharable(&wish, &Zone { id: ZoneId::new("z"), name: None }).unwrap();
        let row = row(&registry, &wish, "");
        assert_eq!(only(&registry.read(vec![row])).says, says(&wish, ""));
    }
}

/// Rows of others in a zone are believed where their owners would write them, and nowhere else.
#[test]
fn a_row_in_another_place_says_nothing() {
    let blue = registry("blue", |_| {});
    let green = registry("green", |_| {});
    let web = wish("www.example.org", RecordType::A, &["192.0.2.1"]);
    let mut row = row(&green, &web, "");
    assert_eq!(only(&blue.read(vec![row.clone()])).owner.as_str(), "green");
    row.name = DnsName::parse("tenant.example.org").unwrap();
    let owned = blue.read(vec![row]);
    assert!(owned.shares.is_empty() && owned.records.len() == 1);
}

#[test]
fn a_record_that_others_share_is_theirs_and_a_missing_one_is_claimed() {
    let (blue, green) = (registry("blue", |_| {}), registry("green", |_| {}));
    let web = wish("www.example.org", RecordType::A, &["192.0.2.1"]);
    let green_row = row(&green, &web, "");
    let owned = blue.read(vec![record(&web), green_row.clone()]);
    assert_eq!(owned.records[0].labels.owner(), Some("green"));
    assert!(owned.claims.is_empty());
    let owned = blue.read(vec![green_row.clone()]);
    assert_eq!(owned.claims.values().map(Owner::as_str).collect::<Vec<_>>(), ["green"]);
    // With an ownership row it is that owner's alone, whatever others say.
    let exclusive = "\"heritage=external-dns,external-dns/owner=red\"";
    let exclusive = Record::from_text(ZoneId::new("z"), "a-www.example.org", RecordType::Txt, &[exclusive]);
    let owned = blue.read(vec![record(&web), green_row, exclusive.unwrap()]);
    assert_eq!((owned.records[0].labels.owner(), owned.records[0].ownership.shared), (Some("red"), false));
}

/// What ExternalDNS makes of these rows: nothing. No ownership row is read from them, in whatever order their values come.
#[test]
fn rows_of_shared_names_are_no_ownership_rows() {
    let addresses: Vec<String> = (0..40).map(|n| format!("192.0.2.{n}")).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let row = row(&registry("blue", |_| {}), &wish("www.example.org", RecordType::A, &addresses), "");
    for value in row.spelled_targets() {
        assert_eq!(payload::parse(&value), None);
    }
}

#[rstest]
#[case::default_owner("default", "www.example.org", "A", "192.0.2.1", "set --txt-owner-id")]
#[case::text("blue", "www.example.org", "TXT", "hello", "TXT records cannot be shared")]
#[case::apex("blue", "example.org", "A", "192.0.2.1", "outside zone")]
#[case::long_label(
    "blue",
    "a23456789012345678901234567890123456789012345678901234567.example.org",
    "A",
    "192.0.2.1",
    "no room"
)]
#[case::long_owner(&LONG, "www.example.org", "A", "192.0.2.1", "too long")]
fn what_cannot_be_shared_says_why(
    #[case] owner: &str,
    #[case] name: &str,
    #[case] record_type: &str,
    #[case] target: &str,
    #[case] why: &str,
) {
    let wish = wish(name, RecordType::from_text(record_type), &[target]);
    let refused = registry(owner, |_| {}).sharable(&wish, &zone("example.org")).unwrap_err();
    assert!(refused.contains(why), "{refused}");
}

static LONG: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| "o".repeat(230));

/// Under another prefix the row moves with the next write, and nobody's part is lost meanwhile.
#[test]
fn a_row_moves_with_the_prefix() {
    let web = wish("www.example.org", RecordType::A, &["192.0.2.1"]);
    let before = row(&registry("blue", |_| {}), &web, "");
    let blue = registry("blue", |settings| {
        (settings.prefix, settings.former_prefixes) = ("own.".into(), vec![String::new()]);
    });
    let owned = blue.read(vec![record(&web), before.clone()]);
    assert!(!only(&owned).is_current && owned.records[0].ownership.shared);
    let mut new = web.clone();
    says(&web, "").note_on(&mut new.labels);
    let change = Change::Update {
        old: Box::new(owned.records[0].clone()),
        new: Box::new(new),
        reasons: vec![zonewright_planner::UpdateReason::Targets],
    };
    let decorated = blue.decorate(change, &owned.rows);
    let names: Vec<_> = decorated
        .rows
        .iter()
        .map(|row| (row.write.as_ref().map(|w| w.name.to_string()), row.read.clone()))
        .collect();
    assert_eq!(names, [(Some("16477688--own.a-www.example.org".to_owned()), None), (None, Some(before))]);
}

/// The same with `--txt-shared-names` and marks: which wishes are for shared records.
#[rstest]
#[case("www.shared.org", "", None, true)]
#[case("shared.org", "", None, true)]
#[case("www.unshared.org", "", None, false)]
#[case("www.shared.org", "", Some(false), false)]
#[case("www.unshared.org", "", Some(true), true)]
#[case("www.shared.org", "set", None, false)]
#[case("www.shared.org", "set", Some(true), false)]
fn what_is_shared(
    #[case] name: &str,
    #[case] set_identifier: &str,
    #[case] marked: Option<bool>,
    #[case] expected: bool,
) {
    let registry =
        registry("blue", |settings| settings.shared_names = vec![DnsName::parse("shared.org").unwrap()]);
    let wish = wish(name, RecordType::A, &["192.0.2.1"]).with_set_identifier(set_identifier);
    assert_eq!(registry.is_shared(&wish, marked), expected);
}

#[test]
fn whoever_shares_domains_needs_an_owner_id() {
    let mut settings = TxtSettings::new("default", NonceSource::from_seed([0; 32]));
    settings.shared_names = vec![DnsName::parse("shared.org").unwrap()];
    let refused = TxtRegistry::new(settings).unwrap_err().to_string();
    assert!(refused.contains("--txt-shared-names") && refused.contains("--txt-owner-id"), "{refused}");
}
