//! A name in several zones has one row.

use super::{Instance, Shared, none, record, wish};
use zonewright_planner::{DnsName, Record, ZoneId};

const WEB: &str = "web.example.org";
const KEY: &str = "web.example.org#A#";

fn in_zone(zone: &str) -> Record {
    Record { zone: ZoneId::new(zone), ..record(WEB, "A", "192.0.2.1") }
}

fn with_homes(service: &Shared, homes: &[&str]) -> Instance {
    let mut me = Instance::of(service, "me");
    let homes = homes.iter().map(|id| ZoneId::new(*id)).collect();
    me.homes = [(DnsName::parse(WEB).unwrap(), homes)].into();
    me
}

#[test]
fn a_row_is_written_once_and_stays_while_one_zone_has_the_record() {
    let service = Shared::default();
    let mut me = with_homes(&service, &["private", "public"]);
    let wishes = [wish(WEB, "A", "192.0.2.1")];
    let told = me.cycle(&wishes, &none());
    assert_eq!(told.done, [format!("+row {KEY}"), format!("+A {WEB}"), format!("+A {WEB}")]);
    assert!(me.cycle(&wishes, &none()).done.is_empty());
    // One of them goes by hand and comes back.
    service.0.lock().unwrap().zone.pop();
    assert_eq!(me.cycle(&wishes, &none()).done, [format!("+A {WEB}")]);
    let told = me.cycle(&[], &none());
    assert_eq!(told.done, [format!("-A {WEB}"), format!("-A {WEB}"), format!("-row {KEY}")]);
}

#[test]
fn a_zone_that_refuses_to_delete_keeps_the_row() {
    let service = Shared::with(&[(KEY, "me")], vec![in_zone("private"), in_zone("public")]);
    let mut me = with_homes(&service, &["private", "public"]);
    service.0.lock().unwrap().steps_left = Some(1);
    assert_eq!(me.cycle(&[], &none()).done, [format!("-A {WEB}")]);
    service.0.lock().unwrap().steps_left = None;
    assert_eq!(service.rows().len(), 1);
    assert_eq!(me.cycle(&[], &none()).done, [format!("-A {WEB}"), format!("-row {KEY}")]);
}
