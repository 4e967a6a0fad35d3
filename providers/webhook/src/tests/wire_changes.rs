//! Which lists a change goes to. The expected texts are what ExternalDNS v0.22 was recorded to send; the order within `create`
//! is ours.

use super::*;
use crate::changes::to_wire;
use zonewright_planner::{DeleteReason, UpdateReason};
use zonewright_provider_kit::RowChange;
use zonewright_provider_kit::wire::to_json;

const HERITAGE: &str =
    "\"heritage=external-dns,external-dns/owner=me,external-dns/resource=crd/default/web\"";

fn sent(changes: &[ZoneChange]) -> String {
    String::from_utf8(to_json(&to_wire(changes)).unwrap()).unwrap().trim_end().to_owned()
}

fn owned_record() -> Record {
    let mut record = record("web.example.org", "192.0.2.1");
    record.labels = [("owner", "me"), ("resource", "crd/default/web")].into_iter().collect();
    record
}

fn owned_wish() -> Endpoint {
    a("web.example.org", "192.0.2.1").with_label("owner", "me").with_label("resource", "crd/default/web")
}

fn row() -> Endpoint {
    txt("a-web.example.org", HERITAGE).with_label("ownedRecord", "web.example.org")
}

fn read_row(text: &str) -> Record {
    Record::from_text(ZoneId::new("webhook"), "a-web.example.org", RecordType::Txt, &[text]).unwrap()
}

fn with_row(
    change: Change,
    read: Option<Record>,
    expected: Option<Endpoint>,
    write: Option<Endpoint>,
) -> ZoneChange {
    ZoneChange { change, rows: vec![RowChange { read, expected, write }] }
}

const RECORD: &str = r#"{"dnsName":"web.example.org","targets":["192.0.2.1"],"recordType":"A","labels":{"owner":"me","resource":"crd/default/web"}}"#;
const ROW: &str = r#"{"dnsName":"a-web.example.org","targets":["\"heritage=external-dns,external-dns/owner=me,external-dns/resource=crd/default/web\""],"recordType":"TXT","labels":{"ownedRecord":"web.example.org"}}"#;

fn marked(json: &str) -> String {
    let open = json.strip_suffix('}').unwrap();
    format!(r#"{open},"providerSpecific":[{{"name":"txt/force-update","value":"true"}}]}}"#)
}

#[test]
fn rows_are_created_before_all_records_and_deleted_after_them() {
    let new = || Change::create(owned_wish(), CreateReason::New);
    let changes = [with_row(new(), None, None, Some(row())), with_row(new(), None, None, Some(row()))];
    assert_eq!(sent(&changes), format!(r#"{{"create":[{ROW},{ROW},{RECORD},{RECORD}]}}"#));
    let old = || Change::delete(owned_record(), DeleteReason::NoLongerWanted);
    let changes =
        [with_row(old(), Some(read_row(HERITAGE)), Some(row()), None), with_row(old(), None, None, None)];
    assert_eq!(sent(&changes), format!(r#"{{"delete":[{RECORD},{RECORD},{ROW}]}}"#));
}

#[test]
fn an_update_always_brings_the_row_along() {
    let change = Change::update(owned_record(), owned_wish(), vec![UpdateReason::Targets]);
    let changes = [with_row(change, Some(read_row(HERITAGE)), Some(row()), Some(row()))];
    assert_eq!(sent(&changes), format!(r#"{{"updateOld":[{RECORD},{ROW}],"updateNew":[{RECORD},{ROW}]}}"#));
}

/// Recorded as registry/old-format-migrated: the row of an older form is read, the one of today is missing.
#[test]
fn a_missing_row_marks_the_old_side() {
    let mut old = owned_record();
    old.ownership.row_missing = true;
    let change = Change::update(old.clone(), owned_wish(), vec![UpdateReason::OwnershipRow]);
    let changes = [with_row(change, None, Some(row()), Some(row()))];
    let (old_record, old_row) = (marked(RECORD), marked(ROW));
    assert_eq!(
        sent(&changes),
        format!(r#"{{"updateOld":[{old_record},{old_row}],"updateNew":[{RECORD},{ROW}]}}"#)
    );

    // The mark is set once, whoever set it.
    let mut expected = row();
    expected.properties.set("txt/force-update", "true");
    let change = Change::delete(old, DeleteReason::NoLongerWanted);
    let changes = [with_row(change, None, Some(expected), None)];
    assert_eq!(sent(&changes), format!(r#"{{"delete":[{old_record},{old_row}]}}"#));
}

#[test]
fn a_delete_names_the_row_that_v0_22_expects() {
    let change = Change::delete(owned_record(), DeleteReason::NoLongerWanted);
    let delete = with_row(change, None, Some(row()), None);
    assert_eq!(sent(&[delete]), format!(r#"{{"delete":[{RECORD},{ROW}]}}"#));
}

/// Not in any recording: ExternalDNS knows one prefix only.
#[test]
fn a_row_that_moves_to_another_name_leaves_the_record_out_of_it() {
    let mut old = owned_record();
    old.ownership.row_moved = true;
    let reasons = vec![UpdateReason::RowMoved, UpdateReason::FormerRows];
    let change = Change::update(old.clone(), owned_wish(), reasons);
    let former =
        Record::from_text(ZoneId::new("webhook"), "own.a-web.example.org", RecordType::Txt, &[HERITAGE])
            .unwrap();
    let mut changes = [with_row(change, None, None, Some(row()))];
    assert_eq!(sent(&changes), format!(r#"{{"create":[{ROW}]}}"#));
    changes[0].rows.push(RowChange { read: Some(former), expected: None, write: None });
    let former = r#"{"dnsName":"own.a-web.example.org","targets":["\"heritage=external-dns,external-dns/owner=me,external-dns/resource=crd/default/web\""],"recordType":"TXT"}"#;
    assert_eq!(sent(&changes), format!(r#"{{"create":[{ROW}],"delete":[{former}]}}"#));
    let reasons = vec![UpdateReason::Targets, UpdateReason::RowMoved];
    let change = Change::update(old, owned_wish(), reasons);
    let changes = [with_row(change, None, None, Some(row()))];
    assert_eq!(
        sent(&changes),
        format!(r#"{{"create":[{ROW}],"updateOld":[{RECORD}],"updateNew":[{RECORD}]}}"#)
    );
}

#[test]
fn a_create_does_not_repeat_a_row_that_stands() {
    let new = || Change::create(owned_wish(), CreateReason::New);
    let changes = [with_row(new(), Some(read_row(HERITAGE)), None, Some(row()))];
    assert_eq!(sent(&changes), format!(r#"{{"create":[{RECORD}]}}"#));

    let stale = "heritage=external-dns,external-dns/owner=me";
    let changes = [with_row(new(), Some(read_row(stale)), None, Some(row()))];
    let old = format!(r#"{{"dnsName":"a-web.example.org","targets":["{stale}"],"recordType":"TXT"}}"#);
    assert_eq!(sent(&changes), format!(r#"{{"create":[{RECORD}],"updateOld":[{old}],"updateNew":[{ROW}]}}"#));
}

#[test]
fn old_records_are_spelled_as_they_were_read() {
    let mut old =
        Record::from_text(ZoneId::new("z"), "Web.Example.org.", RecordType::Cname, &["CDN.net."]).unwrap();
    old.properties.set("webhook/x", "1");
    let change = Change::delete(old, DeleteReason::NoLongerWanted);
    assert_eq!(
        sent(&[ZoneChange { change, rows: Vec::new() }]),
        r#"{"delete":[{"dnsName":"Web.Example.org.","targets":["CDN.net."],"recordType":"CNAME","providerSpecific":[{"name":"webhook/x","value":"1"}]}]}"#
    );
}

/// Ours alone: ExternalDNS shares no names. Our row says what the record will point at before it does, and other programs get to
/// see nothing of how the two came here together.
#[test]
fn the_row_of_a_shared_name_comes_before_its_record() {
    let (mut old, mut new) = (owned_record(), owned_wish());
    old.ownership.shared = true;
    zonewright_planner::Statement { targets: new.targets.clone(), ..Default::default() }
        .note_on(&mut new.labels);
    let change = Change::update(old, new, vec![UpdateReason::Targets]);
    let said = r#"{"dnsName":"a-web.example.org","targets":["before"],"recordType":"TXT"}"#;
    let changes = [with_row(change, Some(read_row("before")), None, Some(row()))];
    assert_eq!(sent(&changes), format!(r#"{{"updateOld":[{said},{RECORD}],"updateNew":[{ROW},{RECORD}]}}"#));
}
