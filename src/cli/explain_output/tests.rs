//! What people get to read.

use super::*;
use crate::status::explain::{Findings, explain};
use crate::status::testing::{Stage, every_reason, name, record, table};
use zonewright_planner::Skip;

#[test]
fn every_reason_is_said_with_what_helps() {
    for reason in every_reason() {
        let record = record("shop.example.org", "192.0.2.1", "me");
        let stage =
            Stage::new(vec![record.clone()]).with_skips(vec![Skip::of_record(&record, reason.clone())]);
        let explanation = explain(stage.scene(), &name("shop.example.org"), &Findings::default());
        let plain = anstream::adapter::strip_str(&text(&explanation)).to_string();
        assert!(plain.contains(&format!("({})", reason.code())), "{plain}");
        let words: String = plain.split_whitespace().collect();
        let advice: String = crate::status::advice(&reason).split_whitespace().collect();
        assert!(words.contains(&advice), "{plain}");
        assert!(plain.lines().all(|line| line.width() <= 140), "{plain}");
    }
}

#[test]
fn what_would_steer_a_terminal_is_shown_as_its_escape() {
    let mut evil = record("shop.example.org", "192.0.2.1", "a\x1b[2Jb");
    evil.set_identifier = "\x1b]0;x\x07".into();
    let stage = Stage::new(vec![evil]);
    let explanation = explain(stage.scene(), &name("shop.example.org"), &Findings::default());
    let shown = anstream::adapter::strip_str(&text(&explanation)).to_string();
    assert!(!shown.contains(['\x1b', '\x07']), "{shown}");
    let ours = text(&explanation);
    assert!(!ours.contains("\x1b[2J") && !ours.contains("\x1b]0"));
}

#[tokio::test]
async fn rows_of_a_table_are_shown_with_the_table() {
    let mut stage = Stage::new(vec![record("shop.example.org", "192.0.2.1", "me")]);
    stage.rules.registry = table(&[("shop.example.org#A#", "me"), ("shop.example.org#AAAA#", "blue")]).await;
    let explanation = explain(stage.scene(), &name("shop.example.org"), &Findings::default());
    let plain = anstream::adapter::strip_str(&text(&explanation)).to_string();
    let expected = [
        "  ownership record of A: shop.example.org#A# in table external-dns",
        "  ownership record of AAAA without its record: owner \"blue\", shop.example.org#AAAA# in table",
    ];
    for expected in expected {
        assert!(plain.lines().any(|line| line == expected), "{plain}");
    }
    let document: serde_json::Value = serde_json::from_str(&json(&explanation)).unwrap();
    assert_eq!(document["ownership"][1]["owner"], "blue");
    assert_eq!(document["ownership"][1]["table"], "external-dns");
}

#[test]
fn json_has_everything_in_the_same_order_each_time() {
    let stage = Stage::new(vec![record("shop.example.org", "192.0.2.1", "me")]);
    let explained = || explain(stage.scene(), &name("shop.example.org"), &Findings::default());
    assert_eq!(json(&explained()), json(&explained()));
    let document: serde_json::Value = serde_json::from_str(&json(&explained())).unwrap();
    assert_eq!(document["records"][0]["state"], "in-sync");
    assert_eq!(document["verdict"], "published");
}
