//! Rows that make no sense, and rows that are spelled otherwise: nothing panics, and nothing that is not understood is touched.

use super::{Instance, Item, Shared, item, none, record, wish};
use proptest::prelude::*;
use zonewright_planner::Labels;

#[test]
fn rows_that_make_no_sense_are_told_and_left_alone() {
    let keys = [
        "",
        "#",
        "##",
        "web.example.org",
        "web.example.org#A",
        "a..b#A#",
        "web.example.org##",
        "web.example.org#A#",
    ];
    let service =
        Shared::with(&keys.map(|key| (key, "me")), vec![record("web.example.org", "A", "192.0.2.1")]);
    {
        let mut service = service.0.lock().unwrap();
        let odd = Item { key: None, owner: None, labels: Labels::new(), has_odd_labels: true };
        service.rows.insert("no text".to_owned(), odd);
        service.rows.get_mut("web.example.org#A#").unwrap().has_odd_labels = true;
    }
    let mut me = Instance::of(&service, "me");
    let told = me.cycle(&[], &none());
    assert_eq!(told.done, ["-A web.example.org", "-row web.example.org#A#"]);
    assert_eq!(service.rows().len(), keys.len());
    let [keys, labels] = told.warnings.as_slice() else { panic!("{:?}", told.warnings) };
    assert!(keys.starts_with("table external-dns: 8 rows are left alone because their keys"), "{keys}");
    assert!(labels.starts_with("table external-dns: 1 rows have labels that are no text"), "{labels}");
}

#[test]
fn a_row_without_owner_keeps_its_name_taken() {
    let service = Shared::with(&[("web.example.org#A#", "")], Vec::new());
    let mut me = Instance::of(&service, "me");
    let wishes = [wish("web.example.org", "A", "192.0.2.1")];
    let owned = me.registry.read(Vec::new());
    futures::executor::block_on(me.registry.refresh(me.now)).unwrap();
    let error = me.registry.keeps_clear(&wishes[0], &owned.rows).unwrap_err();
    assert_eq!(error, "its row in table external-dns names no owner");
    // Should it be planned all the same, it is not made.
    assert_eq!(me.cycle(&wishes, &none()).failures.len(), 1);
    assert!(service.zone().is_empty());
}

/// v0.22 writes names as they are wished for, and then does not find them again in the provider's spelling.
#[test]
fn rows_in_another_spelling_are_ours_and_are_removed_as_they_are_spelled() {
    let keys = ["Upper.example.org#A#", "bücher.example.org#A#", "dot.example.org.#A#"];
    let names = ["upper.example.org", "xn--bcher-kva.example.org", "dot.example.org"];
    let zone = names.iter().map(|name| record(name, "A", "192.0.2.1")).collect();
    let service = Shared::with(&keys.map(|key| (key, "me")), zone);
    let mut me = Instance::of(&service, "me");
    let wishes: Vec<_> = names.iter().map(|name| wish(name, "A", "192.0.2.1")).collect();
    assert!(me.cycle(&wishes, &none()).done.is_empty());
    let told = me.cycle(&[], &none());
    assert_eq!(told.done.len(), 6);
    assert!(service.rows().is_empty(), "{:?}", service.rows());
}

#[test]
fn of_two_spellings_of_one_key_ours_counts() {
    let keys = [("Web.example.org#A#", "me"), ("web.example.org#A#", "me")];
    let service = Shared::with(&keys, vec![record("web.example.org", "A", "192.0.2.1")]);
    let told = Instance::of(&service, "me").cycle(&[], &none());
    assert_eq!(told.done, ["-A web.example.org", "-row web.example.org#A#"]);
    assert!(told.warnings[0].contains("\"Web.example.org#A#\""));
}

#[test]
fn a_txt_record_that_the_table_knows_is_a_record_whatever_it_says() {
    let text = "\"heritage=external-dns,external-dns/owner=them\"";
    let service =
        Shared::with(&[("a-web.example.org#TXT#", "me")], vec![record("a-web.example.org", "TXT", text)]);
    let me = Instance::of(&service, "me");
    futures::executor::block_on(me.registry.refresh(me.now)).unwrap();
    let listing = service.0.lock().unwrap().zone.clone();
    let owned = me.registry.read(listing);
    assert_eq!(owned.records[0].labels.owner(), Some("me"));
    assert!(me.registry.writable(&wish("t.example.org", "TXT", text)).is_err());
}

proptest! {
    /// Whatever stands in a table, one run settles it, and nothing panics.
    #[test]
    fn any_table_comes_to_rest(
        rows in proptest::collection::vec(("[#.a-zA\\PC]{0,12}", "(me|them|)", any::<bool>()), 0..12),
        named in proptest::collection::vec(("(web|two|\\*)", "(A|AAAA|CNAME|TXT|SPF)", "(|eu|e#u)", "(me|them|)"), 0..6),
    ) {
        let service = Shared::with(&[], vec![record("web.example.org", "A", "192.0.2.1")]);
        {
            let mut service = service.0.lock().unwrap();
            for (key, owner, odd) in rows {
                let row = Item { has_odd_labels: odd, ..item(&key, &owner) };
                service.rows.insert(key, row);
            }
            for (name, kind, set, owner) in named {
                let key = format!("{name}.example.org#{kind}#{set}");
                service.rows.insert(key.clone(), item(&key, &owner));
            }
        }
        let foreign = |service: &Shared| {
            service.rows().into_iter().filter(|(_, owner)| owner != "me").collect::<Vec<_>>()
        };
        let before = foreign(&service);
        let wishes = [wish("web.example.org", "A", "192.0.2.1"), wish("two.example.org", "A", "192.0.2.2")];
        let mut me = Instance::of(&service, "me");
        me.cycle(&wishes, &none());
        prop_assert!(me.cycle(&wishes, &none()).done.is_empty());
        prop_assert_eq!(foreign(&service), before);
    }
}
