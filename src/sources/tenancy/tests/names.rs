use super::wish;
use crate::sources::tenancy::{NameHolders, SharedName, names};
use std::collections::{BTreeMap, BTreeSet};
use zonewright_planner::{DnsName, Endpoint, Hold, HoldReason};

/// The labels that are in DNS.
#[derive(Debug, Default)]
struct Rows(BTreeMap<&'static str, BTreeSet<String>>);

impl NameHolders for Rows {
    fn labels_at(&self, name: &DnsName) -> BTreeSet<String> {
        self.0.get(name.as_str()).cloned().unwrap_or_default()
    }
}

fn rows(rows: &[(&'static str, &str)]) -> Rows {
    let mut all = Rows::default();
    for (name, label) in rows {
        all.0.entry(*name).or_default().insert((*label).to_owned());
    }
    all
}

fn hold(of: &Endpoint, name: Option<&str>) -> Hold {
    Hold {
        object: of.objects[0].clone(),
        name: name.map(|name| DnsName::parse(name).unwrap()),
        set_identifier: of.set_identifier.clone(),
        resource: of.labels.resource().map(str::to_owned),
        reason: HoldReason::NoTarget,
    }
}

/// Who is left, who is refused and for whose sake, and what is held for whom.
fn part(wishes: &[Endpoint], holds: &[Hold], rows: &Rows) -> (Vec<String>, Vec<String>, Vec<String>) {
    let mut wishes = [wishes.to_vec()];
    let mut all = holds.to_vec();
    let skips = names::part(&mut wishes, &mut all, Some(rows));
    let mut left: Vec<String> = wishes[0].iter().map(|wish| wish.objects[0].to_string()).collect();
    let mut refused: Vec<String> =
        skips.iter().map(|skip| format!("{} {}", skip.objects[0], skip.reason)).collect();
    let held = all[holds.len()..].iter().map(|hold| hold.object.to_string());
    let mut held: Vec<String> = held.collect();
    left.sort();
    refused.sort();
    held.sort();
    (left, refused, held)
}

const NAME: &str = "web.example.org";

fn refused(object: &str, winner: &str) -> String {
    format!("ingress/{object} the name is that of ingress/{winner}, which is in another namespace")
}

#[test]
fn the_ownership_record_decides_and_not_the_order_of_names() {
    let wishes = [wish("a/web", NAME, "192.0.2.1"), wish("b/web", NAME, "192.0.2.2")];
    let (left, told, held) = part(&wishes, &[], &rows(&[(NAME, "ingress/b/web")]));
    assert_eq!((left, told), (vec!["ingress/b/web".to_owned()], vec![refused("a/web", "b/web")]));
    assert!(held.is_empty(), "what is there is the other's");
}

#[test]
fn a_name_nobody_has_goes_to_the_first_namespace_that_can_publish_it() {
    let with_targets = [wish("c/web", NAME, "192.0.2.3"), wish("b/web", NAME, "192.0.2.2")];
    assert_eq!(part(&with_targets, &[], &rows(&[])).0, ["ingress/b/web"]);
    let waiting = hold(&wish("a/web", NAME, ""), Some(NAME));
    assert_eq!(part(&with_targets, &[waiting], &rows(&[])).0, ["ingress/b/web"]);
}

#[test]
fn objects_of_one_namespace_share_a_name_as_ever() {
    let wishes = [
        wish("a/one", NAME, "192.0.2.1"),
        wish("a/two", NAME, "192.0.2.2"),
        wish("b/web", NAME, "192.0.2.3"),
        wish("b/web", "other.example.org", "192.0.2.3"),
    ];
    // The one that the record names is gone; its namespace still asks for the name.
    let (left, told, _) = part(&wishes, &[], &rows(&[(NAME, "ingress/a/gone")]));
    assert_eq!(left, ["ingress/a/one", "ingress/a/two", "ingress/b/web"]);
    assert_eq!(told, [refused("b/web", "a/one")]);
}

#[test]
fn a_namespace_that_no_longer_asks_hands_over() {
    let wishes = [wish("b/web", NAME, "192.0.2.2"), wish("c/web", NAME, "192.0.2.3")];
    let (left, told, _) = part(&wishes, &[], &rows(&[(NAME, "ingress/a/web")]));
    assert_eq!((left, told), (vec!["ingress/b/web".to_owned()], vec![refused("c/web", "b/web")]));
    assert_eq!(part(&wishes[..1], &[], &rows(&[(NAME, "ingress/a/web")])).0, ["ingress/b/web"]);
}

#[test]
fn who_has_lost_its_target_or_cannot_be_understood_still_has_the_name() {
    let wishes = [wish("b/web", NAME, "192.0.2.2")];
    let holder = wish("c/web", NAME, "");
    let rows = rows(&[(NAME, "ingress/c/web")]);
    for name in [Some(NAME), None] {
        let (left, told, _) = part(&wishes, &[hold(&holder, name)], &rows);
        assert_eq!((left, told), (vec![], vec![refused("b/web", "c/web")]));
    }
    // Of another name nothing is said.
    let others = hold(&wish("c/web", "x.example.org", ""), Some("x.example.org"));
    assert_eq!(part(&wishes, &[others], &rows).0, ["ingress/b/web"]);
}

#[test]
fn a_set_of_its_own_is_held_and_the_winners_is_not() {
    let of_b = wish("b/web", NAME, "192.0.2.2").with_set_identifier("blue");
    let wishes = [wish("a/web", NAME, "192.0.2.1"), of_b];
    let (left, told, held) = part(&wishes, &[], &rows(&[(NAME, "ingress/a/web"), (NAME, "ingress/b/web")]));
    assert_eq!((left, told), (vec!["ingress/a/web".to_owned()], vec![refused("b/web", "a/web")]));
    assert_eq!(held, ["ingress/b/web"]);
}

#[test]
fn who_shares_a_record_is_named() {
    let one = wish("a/web", NAME, "192.0.2.1");
    let mut both = one.clone();
    both.add_objects(wish("b/web", NAME, "192.0.2.2").objects);
    assert_eq!(SharedName::of(&one), None);
    let text = SharedName::of(&both).unwrap().to_string();
    assert!(text.contains("ingress/a/web, ingress/b/web"), "{text}");
    let mut neighbours = one;
    neighbours.add_objects(wish("a/other", NAME, "192.0.2.2").objects);
    assert_eq!(SharedName::of(&neighbours), None);
}
