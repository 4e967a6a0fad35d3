use super::*;
use crate::convert::parse_name;
use zonewright_planner::{Change, CreateReason, DeleteReason, Properties, UpdateReason, ZoneId};
use zonewright_provider_kit::RowChange;

fn wish(text: &str) -> Endpoint {
    let mut words = text.splitn(3, ' ');
    let (name, record_type, targets) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let targets: Vec<&str> = targets.split('|').collect();
    let record_type = RecordType::from_text(record_type);
    Endpoint::new(name, record_type, &targets, Properties::new()).unwrap().with_ttl(Ttl::from_seconds(300))
}

fn record(text: &str) -> Record {
    Record::from_endpoint(ZoneId::new("example.org"), &wish(text))
}

/// `+` creates, `-` deletes, `old => new` updates.
fn change(text: &str) -> ZoneChange {
    let change = if let Some(new) = text.strip_prefix('+') {
        Change::create(wish(new), CreateReason::New)
    } else if let Some(old) = text.strip_prefix('-') {
        Change::delete(record(old), DeleteReason::NoLongerWanted)
    } else {
        let (old, new) = text.split_once(" => ").unwrap();
        Change::update(record(old), wish(new), vec![UpdateReason::Targets])
    };
    ZoneChange { change, rows: Vec::new() }
}

const RULES: Rules = Rules { min_ttl: 0, reads: true };

/// Prerequisites, then updates, one line each.
fn shown(changes: &[&str], rules: &Rules) -> Vec<String> {
    let mut update = Update::default();
    changes.iter().for_each(|text| update.add(&change(text), rules).unwrap());
    let message = update.message(&parse_name("example.org").unwrap(), 7, rules).unwrap();
    let message = Message::from_vec(&message).unwrap();
    let line = |mark: &str, rr: &Rr| {
        let name = rr.name.to_string();
        let name = name.trim_end_matches('.');
        let what = format!("{mark} {name} {} {} {}", rr.dns_class, rr.record_type(), rr.data);
        let what = what.trim_end_matches(" UPDATE");
        match rr.ttl {
            0 => what.trim_end().to_owned(),
            ttl => format!("{} ttl={ttl}", what.trim_end()),
        }
    };
    let prerequisites = message.answers.iter().map(|rr| line("?", rr));
    prerequisites.chain(message.authorities.iter().map(|rr| line("!", rr))).collect()
}

fn assert_lines(changes: &[&str], expected: &[&str]) {
    assert_eq!(shown(changes, &RULES), expected);
}

#[test]
fn what_is_new_must_not_be_there() {
    assert_lines(
        &["+a.example.org A 192.0.2.1|192.0.2.2"],
        &[
            "? a.example.org NONE A",
            "? a.example.org NONE CNAME",
            "! a.example.org IN A 192.0.2.1 ttl=300",
            "! a.example.org IN A 192.0.2.2 ttl=300",
        ],
    );
}

#[test]
fn a_new_cname_wants_the_name_for_itself() {
    assert_lines(
        &["+a.example.org CNAME b.example.net"],
        &[
            "? a.example.org NONE CNAME",
            "? a.example.org NONE ANY",
            "! a.example.org IN CNAME b.example.net. ttl=300",
        ],
    );
}

#[test]
fn what_changes_must_be_what_it_was_and_goes_and_comes_at_once() {
    assert_lines(
        &["a.example.org A 192.0.2.1 => a.example.org A 192.0.2.1|192.0.2.2"],
        &[
            "? a.example.org IN A 192.0.2.1",
            "! a.example.org ANY A",
            "! a.example.org IN A 192.0.2.1 ttl=300",
            "! a.example.org IN A 192.0.2.2 ttl=300",
        ],
    );
    assert_lines(
        &["-a.example.org A 192.0.2.1"],
        &["? a.example.org IN A 192.0.2.1", "! a.example.org ANY A"],
    );
}

/// Whatever order they come in: ExternalDNS v0.22 sends what is new first, which the server passes over while the old is there.
#[test]
fn a_type_gives_way_before_the_other_comes() {
    for order in [[0, 1], [1, 0]] {
        let changes = ["+a.example.org A 192.0.2.1", "-a.example.org CNAME b.example.net"];
        assert_lines(
            &order.map(|i| changes[i]),
            &[
                "? a.example.org NONE A",
                "? a.example.org IN CNAME b.example.net.",
                "! a.example.org ANY CNAME",
                "! a.example.org IN A 192.0.2.1 ttl=300",
            ],
        );
    }
    let lines = shown(&["+a.example.org CNAME b.example.net", "-a.example.org A 192.0.2.1"], &RULES);
    assert!(
        lines.contains(&"? a.example.org NONE AAAA".to_owned()),
        "what stays unseen excludes it, too: {lines:?}"
    );
    assert!(!lines.contains(&"? a.example.org NONE A".to_owned()), "{lines:?}");
}

#[test]
fn the_zones_own_name_servers_are_never_all_gone() {
    assert_lines(
        &["example.org NS a.example.net|b.example.net => example.org NS b.example.net|c.example.net"],
        &[
            "? example.org IN NS a.example.net.",
            "? example.org IN NS b.example.net.",
            "! example.org IN NS b.example.net. ttl=300",
            "! example.org IN NS c.example.net. ttl=300",
            "! example.org NONE NS a.example.net.",
        ],
    );
}

#[test]
fn one_set_that_is_touched_twice_is_one_transition() {
    assert_lines(
        &["-a.example.org A 192.0.2.1", "+a.example.org A 192.0.2.2"],
        &[
            "? a.example.org IN A 192.0.2.1",
            "! a.example.org ANY A",
            "! a.example.org IN A 192.0.2.2 ttl=300",
        ],
    );
}

#[test]
fn without_reading_nothing_is_demanded() {
    let rules = Rules { reads: false, min_ttl: 600 };
    assert_eq!(shown(&["+a.example.org A 192.0.2.1"], &rules), ["! a.example.org IN A 192.0.2.1 ttl=600"]);
}

#[test]
fn record_and_rows_are_one_message() {
    let mut change = change("+a.example.org A 192.0.2.1");
    let row = wish("a-a.example.org TXT \"heritage=external-dns\"");
    change.rows = vec![RowChange { read: None, expected: None, write: Some(row) }];
    let mut update = Update::default();
    update.add(&change, &RULES).unwrap();
    let message = update.message(&parse_name("example.org").unwrap(), 7, &RULES).unwrap();
    let message = Message::from_vec(&message).unwrap();
    assert_eq!((message.answers.len(), message.authorities.len()), (4, 2));
}

#[test]
fn what_cannot_be_written_leaves_no_trace() {
    let mut bad = change("+a.example.org A 192.0.2.1");
    let row = wish("a-a.example.org CNAME x.example.net|y.example.net");
    bad.rows = vec![RowChange { read: None, expected: None, write: Some(row) }];
    let mut update = Update::default();
    assert!(update.add(&bad, &RULES).unwrap_err().contains("one target"));
    assert!(update.is_empty());
}

#[test]
fn sizes_are_never_too_small() {
    let long = format!("+long.example.org TXT \"{}\"", "x".repeat(3000));
    let texts = [
        "+a.example.org A 192.0.2.1|192.0.2.2",
        "a.example.org A 192.0.2.1 => a.example.org A 192.0.2.3",
        "-_s._tcp.example.org SRV 0 0 443 host.example.net.",
        "+b.example.org CNAME host.example.net",
        "+c.example.org AAAA 2001:db8::1",
        &long,
    ];
    for text in texts {
        let mut update = Update::default();
        update.add(&change(text), &RULES).unwrap();
        let message = update.message(&parse_name("example.org").unwrap(), 7, &RULES).unwrap();
        assert!(message.len() <= 12 + 17 + size_of(&change(text)), "{text}: {}", message.len());
    }
}

#[test]
fn ttls_stay_within_what_a_record_can_say() {
    let ttl = |seconds, min_ttl| Rules { min_ttl, reads: true }.ttl(Ttl::from_seconds(seconds));
    assert_eq!([ttl(0, 0), ttl(-5, 0), ttl(60, 300), ttl(600, 300)], [0, 0, 300, 600]);
    assert_eq!(ttl(i64::MAX, 0), i32::MAX as u32);
}
