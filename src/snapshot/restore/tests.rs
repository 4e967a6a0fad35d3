//! Where records go, and which of them.

use super::*;
use crate::snapshot::testing::{kept, name, owned, snapshot, zone};

fn there(id: &str, apex: &str) -> Zone {
    Zone { id: ZoneId::new(id), name: DnsName::parse(apex).ok() }
}

fn us() -> Whose {
    Whose::Owner(Owner::new("me"))
}

fn one(id: &str, apex: &str) -> ZoneContents {
    zone(id, apex, vec![owned("me", kept(&format!("www.{apex}"), "A", 60, &["192.0.2.1"]))])
}

/// Which zone each wish is for, by name and zone id.
fn wishes(zones: Vec<ZoneContents>, now: &[Zone], only: Option<&str>) -> Result<Vec<String>, String> {
    let only: Option<BTreeSet<ZoneId>> = only.map(|id| [ZoneId::new(id)].into());
    let restoration = Restoration::new(snapshot(zones), now, only.as_ref(), us())?;
    let shown = |wish: Endpoint| format!("{} {}", wish.name, wish.zone.unwrap());
    Ok(restoration.wishes().into_iter().map(shown).collect())
}

#[test]
fn zones_are_found_by_id_and_anew_by_name() {
    let kept = || vec![one("Z1", "example.net"), one("Z2", "example.org")];
    let found = wishes(kept(), &[there("Z1", "example.net"), there("Z9", "example.org")], None).unwrap();
    assert_eq!(found, ["www.example.net Z1", "www.example.org Z9"]);
    // The inner zone is not there: its records are none of the outer one's.
    let inner = || vec![one("Z1", "sub.example.org")];
    let error = wishes(inner(), &[there("Z9", "example.org")], None).unwrap_err();
    assert_eq!(
        error,
        "the provider has no zone sub.example.org (Z1): make it first, or choose others with --zone"
    );
    // An id that means another zone now does not count.
    assert!(wishes(inner(), &[there("Z1", "example.org")], None).is_err());
}

#[test]
fn zones_of_one_name_are_told_apart_by_their_ids() {
    let kept = || vec![one("Z1", "example.org"), one("Z2", "example.org")];
    let both = [there("Z1", "example.org"), there("Z2", "example.org")];
    assert_eq!(wishes(kept(), &both, None).unwrap(), ["www.example.org Z1", "www.example.org Z2"]);
    // One of them was made anew: what is left over is its place.
    let anew = [there("Z1", "example.org"), there("Z9", "example.org")];
    assert_eq!(wishes(kept(), &anew, None).unwrap(), ["www.example.org Z1", "www.example.org Z9"]);
    assert_eq!(wishes(kept(), &both, Some("Z2")).unwrap(), ["www.example.org Z2"]);
    let neither = [there("Z8", "example.org"), there("Z9", "example.org")];
    let error = wishes(kept(), &neither, None).unwrap_err();
    assert!(error.contains("several zones example.org (Z8, Z9), and none with the id Z1"), "{error}");
    let error = wishes(kept(), &[there("Z9", "example.org")], None).unwrap_err();
    assert!(
        error.contains("the snapshot has several zones example.org, and the provider has one"),
        "{error}"
    );
}

#[test]
fn a_provider_without_zone_names_takes_everything_and_gives_it_to_any() {
    let nameless = Zone { id: ZoneId::new("webhook"), name: None };
    let kept = vec![one("Z1", "example.net"), one("Z2", "example.org")];
    let found = wishes(kept, std::slice::from_ref(&nameless), None).unwrap();
    assert_eq!(found, ["www.example.net webhook", "www.example.org webhook"]);
    let mut all = one("webhook", "example.org");
    all.name = None;
    assert_eq!(wishes(vec![all.clone()], &[nameless], None).unwrap(), ["www.example.org webhook"]);
    all.records.push(owned("me", kept_elsewhere()));
    let now = [there("Z1", "example.org")];
    let restoration = Restoration::new(snapshot(vec![all]), &now, None, us()).unwrap();
    assert_eq!(restoration.wishes().len(), 1);
    let skips: Vec<String> = restoration
        .left_alone(&There(BTreeMap::new()))
        .map(|skip| format!("{} {}", skip.name, skip.reason))
        .collect();
    assert_eq!(skips, ["www.example.com no zone of the provider contains the name"]);
}

fn kept_elsewhere() -> Kept {
    kept("www.example.com", "A", 60, &["192.0.2.1"])
}

#[test]
fn whose_records_are_restored_and_why_others_are_not() {
    let row = Kept {
        vouches: crate::snapshot::Vouches::For(name("www.example.org"), RecordType::A),
        ..kept("a-www.example.org", "TXT", 0, &["\"heritage=external-dns\""])
    };
    let mut contents = one("Z", "example.org");
    contents.records.extend([
        row,
        owned("you", kept("yours.example.org", "A", 60, &["192.0.2.2"])),
        kept("nobodys.example.org", "A", 60, &["192.0.2.3"]),
        kept("example.org", "NS", 60, &["ns1.example.net"]),
        kept("example.org", "SOA", 60, &["ns1 root 1 2 3 4 5"]),
        kept("sub.example.org", "NS", 60, &["ns1.example.net"]),
    ]);
    let now = [there("Z", "example.org")];
    let of = |whose: Whose| {
        let restoration = Restoration::new(snapshot(vec![contents.clone()]), &now, None, whose).unwrap();
        let wishes: Vec<String> = restoration.wishes().iter().map(|wish| wish.name.to_string()).collect();
        let left: Vec<String> = restoration
            .left_alone(&There(BTreeMap::new()))
            .map(|skip| format!("{}: {}", skip.name, skip.reason.code()))
            .collect();
        (wishes.join(" "), left.join(", "))
    };
    assert_eq!(
        of(us()),
        (
            "www.example.org".to_owned(),
            "yours.example.org: foreign-owner, nobodys.example.org: left-out, example.org: left-out, sub.example.org: left-out".to_owned()
        )
    );
    let everybody = |table| of(Whose::Everybody { table });
    let (wishes, left) = everybody(None);
    assert_eq!(
        wishes,
        "www.example.org a-www.example.org yours.example.org nobodys.example.org sub.example.org"
    );
    assert_eq!(left, "example.org: left-out");
    // The table has lost the row of one of them.
    let key = |host: &str| contents.records.iter().find(|kept| kept.name == name(host)).unwrap().key();
    let table = BTreeMap::from([(key("yours.example.org"), Owner::new("you").unwrap())]);
    let (wishes, left) = everybody(Some(table));
    assert_eq!(wishes, "a-www.example.org yours.example.org nobodys.example.org sub.example.org");
    assert_eq!(left, "www.example.org: left-out, example.org: left-out");
    // Without a registry ownership records are records.
    assert_eq!(of(Whose::Owner(None)).0.split(' ').count(), 5);
}
