//! Snapshots as they may be.

use super::{Kept, KeptShare, Snapshot, Vouches, ZoneContents};
use proptest::prelude::*;
use std::collections::BTreeMap;
use zonewright_planner::{DnsName, Owner, RecordType, Target, Ttl};

pub(super) fn name(text: &str) -> DnsName {
    DnsName::parse(text).unwrap()
}

pub(super) fn kept(host: &str, record_type: &str, ttl: i64, targets: &[&str]) -> Kept {
    let record_type = RecordType::from_text(record_type);
    let targets = targets.iter().map(|text| Target::parse(&record_type, text, true).unwrap()).collect();
    Kept::plain(name(host), record_type, Ttl::from_seconds(ttl), targets)
}

pub(super) fn owned(owner: &str, kept: Kept) -> Kept {
    let labels = [("resource".to_owned(), format!("ingress/web/{}", kept.name))].into();
    Kept { owner: Owner::new(owner), labels, ..kept }
}

pub(super) fn zone(id: &str, zone: &str, mut records: Vec<Kept>) -> ZoneContents {
    records.sort_by(|a, b| a.order().cmp(&b.order()));
    ZoneContents { id: id.into(), name: Some(name(zone)), records, not_understood: Vec::new() }
}

pub(super) fn snapshot(zones: Vec<ZoneContents>) -> Snapshot {
    Snapshot { provider: "inmemory".into(), registry: "txt".into(), zones }
}

/// Texts that have hurt somebody: quotes, escapes, what is special in zone files, what looks like one of our notes, other scripts, long.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{1,40}",
        "\"[a-z ;()@$]{0,20}\"",
        "\"[a-z]{0,9}\\\\[0-9]{3}[a-z]{0,9}\" \"[a-z]{0,9}\"",
        "\"[a-z]{240,600}\"",
        "[a-zäß€\t]{1,30}",
        "[a-z]{1,9}\n[a-z]{1,9} 300 IN A 192.0.2.1",
        Just("; zonewright-end {\"records\":0}".to_owned()),
        Just("\"\"".to_owned()),
    ]
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9_-]{1,8}",
        Just("*".to_owned()),
        Just("in".to_owned()),
        "[a-z]{1,5}\\.[a-z]{1,5}",
        "[0-9]{1,3}"
    ]
}

fn targets() -> impl Strategy<Value = (RecordType, Vec<Target>)> {
    let of = |record_type: &'static str, text: BoxedStrategy<String>| {
        prop::collection::vec(text, 1..3).prop_map(move |texts| {
            let record_type = RecordType::from_text(record_type);
            let targets = texts.iter().filter_map(|text| Target::parse(&record_type, text, true).ok());
            (record_type.clone(), targets.collect::<Vec<_>>())
        })
    };
    let mail = host().prop_map(|host| format!("10 {}.example.net", host.replace('*', "x"))).boxed();
    let service = host().prop_map(|host| format!("0 50 443 {}.example.net.", host.replace('*', "x"))).boxed();
    prop_oneof![
        of("A", any::<[u8; 4]>().prop_map(|ip| std::net::Ipv4Addr::from(ip).to_string()).boxed()),
        of("A", Just("lb.example.net".to_owned()).boxed()),
        of("AAAA", any::<[u8; 16]>().prop_map(|ip| std::net::Ipv6Addr::from(ip).to_string()).boxed()),
        of("CNAME", host().prop_map(|host| format!("{host}.example.net")).boxed()),
        of("MX", prop_oneof![mail, Just("0 .".to_owned())].boxed()),
        of("SRV", service),
        of("TXT", text().boxed()),
        of("NAPTR", Just("10 100 \"S\" \"SIP+D2U\" \"\" _sip._udp.example.org.".to_owned()).boxed()),
        of("CAA", Just("0 issue \"ca.example.net\"".to_owned()).boxed()),
        of("odd", text().boxed()),
    ]
    .prop_filter("a record set has a target", |(_, targets)| !targets.is_empty())
}

fn pairs() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("[a-z/-]{1,9}", "[ -~]{0,9}", 0..3)
        .prop_filter("one that makes an alias", |pairs| !pairs.contains_key("alias"))
}

fn any_kept() -> impl Strategy<Value = Kept> {
    let vouches = prop_oneof![
        4 => Just(Vouches::No),
        1 => Just(Vouches::Somehow),
        1 => Just(Vouches::For(name("web.example.org"), RecordType::A)),
    ];
    let owner = prop::option::of("[a-z]{1,5}");
    let ttl = prop_oneof![0_i64..100_000, Just(-1), Just(i64::from(u32::MAX))];
    let set = prop_oneof![4 => Just(String::new()), 1 => "[ -~]{1,9}"];
    (host(), targets(), ttl, set, pairs(), owner, pairs(), vouches, any::<bool>()).prop_map(
        |(host, (record_type, targets), ttl, set, properties, owner, labels, vouches, is_shared)| {
            let shares = KeptShare {
                owner: Owner::new("blue").unwrap(),
                targets: targets.clone(),
                ttl: Ttl::from_seconds(60),
                resource: Some("ingress/web/x".into()),
            };
            Kept {
                set_identifier: set,
                properties,
                owner: owner.and_then(|owner| Owner::new(&owner)),
                labels,
                shares: if is_shared { vec![shares] } else { Vec::new() },
                vouches,
                ..Kept::plain(
                    name(&format!("{host}.example.org")),
                    record_type,
                    Ttl::from_seconds(ttl),
                    targets,
                )
            }
        },
    )
}

/// Any snapshot.
pub(super) fn any_snapshot() -> impl Strategy<Value = Snapshot> {
    let records = || {
        prop::collection::vec(any_kept(), 0..12).prop_map(|records| {
            let by_key: BTreeMap<_, _> = records.into_iter().map(|kept| (kept.key(), kept)).collect();
            by_key.into_values().collect::<Vec<_>>()
        })
    };
    let zone = |id: &'static str, apex: Option<&'static str>| {
        (records(), prop::collection::vec("[ -~]{0,20}", 0..2)).prop_map(move |(records, not_understood)| {
            ZoneContents { id: id.into(), name: apex.map(name), records, not_understood }
        })
    };
    (zone("Z1", Some("example.org")), zone("Z2", Some("example.org")), zone("webhook", None)).prop_map(
        |(a, b, c)| {
            let mut snapshot = snapshot(vec![a, b, c]);
            snapshot.sort();
            snapshot
        },
    )
}
