use super::*;
use zonewright_planner::{CreateReason, DeleteReason, Properties, Record, ZoneId};
use zonewright_provider_kit::RowChange;

fn wish(name: &str, record_type: RecordType) -> Endpoint {
    let target = match record_type {
        RecordType::A => "192.0.2.1",
        RecordType::Aaaa => "2001:db8::1",
        _ => "text.example.net",
    };
    Endpoint::new(name, record_type, &[target], Properties::new()).unwrap()
}

fn change(sign: char, name: &str, record_type: RecordType, rows: &[&str]) -> ZoneChange {
    let new = wish(name, record_type);
    let row =
        |name: &&str| RowChange { read: None, expected: None, write: Some(wish(name, RecordType::Txt)) };
    let rows = rows.iter().map(row).collect();
    let change = match sign {
        '+' => Change::create(new, CreateReason::New),
        _ => Change::delete(Record::from_endpoint(ZoneId::new("z"), &new), DeleteReason::NoLongerWanted),
    };
    ZoneChange { change, rows }
}

/// What has a name in common goes one after the other, and everything else side by side.
#[test]
fn changes_with_a_name_in_common_are_one_group() {
    let changes = [
        change('+', "a.org", RecordType::A, &["row-a.org"]),
        change('+', "b.org", RecordType::A, &["row-b.org"]),
        change('+', "c.org", RecordType::A, &["row-a.org"]),
        change('+', "d.org", RecordType::A, &["row-d.org"]),
        change('+', "b.org", RecordType::Aaaa, &["row-d.org"]),
        change('+', "e.org", RecordType::A, &[]),
    ];
    assert_eq!(groups(&changes), [vec![0, 2], vec![1, 3, 4], vec![5]]);
    assert!(groups(&[]).is_empty());
}

#[test]
fn a_cname_makes_room_first_and_others_last() {
    let order = |changes: &[ZoneChange]| groups(changes).concat();
    let (plus, minus) = ('+', '-');
    let to_cname =
        [change(plus, "a.org", RecordType::Cname, &[]), change(minus, "a.org", RecordType::A, &[])];
    assert_eq!(order(&to_cname), [1, 0]);
    let from_cname =
        [change(plus, "a.org", RecordType::A, &[]), change(minus, "a.org", RecordType::Cname, &[])];
    assert_eq!(order(&from_cname), [1, 0]);
    let between = [change(minus, "a.org", RecordType::A, &[]), change(plus, "a.org", RecordType::Aaaa, &[])];
    assert_eq!(order(&between), [1, 0]);
}

/// A thousand names are a thousand groups, quickly.
#[test]
fn many_changes_are_sorted_at_once() {
    let names: Vec<String> = (0..2000).map(|i| format!("n{i}.org")).collect();
    let changes: Vec<ZoneChange> = names.iter().map(|name| change('+', name, RecordType::A, &[])).collect();
    assert_eq!(groups(&changes).len(), 2000);
}

/// The row of a wildcard has the asterisk in its midst unless told; nothing is sent, and the message says what to do.
#[test]
fn an_asterisk_is_a_whole_label() {
    let bad = change('+', "*.a.org", RecordType::A, &["a-*.a.org"]);
    let error = steps(Service::Public, &bad).unwrap_err();
    assert!(error.contains("a-*.a.org") && error.contains("--txt-wildcard-replacement"), "{error}");
    assert_eq!(
        steps(Service::Public, &change('+', "*.a.org", RecordType::A, &["a-any.a.org"])).unwrap().len(),
        2
    );
}
