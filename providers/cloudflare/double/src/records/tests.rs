//! The double refuses what the service refuses.

use super::*;
use rstest::rstest;
use std::collections::BTreeMap;

fn state(plan: &str) -> State {
    let mut state = State::default();
    let zone = Zone {
        id: "z".to_owned(),
        name: "example.org".to_owned(),
        plan: plan.to_owned(),
        shows_plan: true,
        records: Default::default(),
        hostnames: Vec::new(),
        regions: BTreeMap::new(),
        batch_limit: None,
        saas: true,
    };
    state.zones.insert("z".to_owned(), zone);
    state
}

fn a(name: &str, content: &str) -> Value {
    json!({"type": "A", "name": name, "content": content})
}

/// The number that tells what is wrong: that of the reason, if there is one.
fn code(refusal: &Refusal) -> i64 {
    let error = &refusal.errors[0];
    error["error_chain"][0]["code"].as_i64().or(error["code"].as_i64()).unwrap()
}

#[rstest]
#[case("free", a("a.example.org", "192.0.2.256"), 9005)]
#[case("free", a("a.example.org", "host.example.net"), 9005)]
#[case("free", a("a.example.net", "192.0.2.1"), 9000)]
#[case("free", a("a..example.org", "192.0.2.1"), 9000)]
#[case("free", json!({"type": "CNAME", "name": "a.example.org", "content": "192.0.2.1"}), 9005)]
#[case("free", json!({"type": "MX", "name": "a.example.org", "content": "mail.example.net"}), 9005)]
#[case("free", json!({"type": "SRV", "name": "a.example.org", "content": "1 2 3 host.example.net"}), 9005)]
#[case("free", json!({"type": "DNAME", "name": "a.example.org", "content": "host.example.net"}), 9009)]
#[case("free", json!({"type": "A", "name": "a.example.org", "content": "192.0.2.1", "ttl": 30}), 9021)]
#[case("enterprise", json!({"type": "A", "name": "a.example.org", "content": "192.0.2.1", "ttl": 29}), 9021)]
#[case("free", json!({"type": "A", "name": "a.example.org", "content": "192.0.2.1", "ttl": 60, "proxied": true}), 9021)]
#[case("free", json!({"type": "TXT", "name": "a.example.org", "content": "t", "proxied": true}), 9004)]
#[case("free", json!({"type": "A", "name": "a.example.org", "content": "192.0.2.1", "tags": ["a:b"]}), 9301)]
#[case("free", json!({"type": "A", "name": "a.example.org", "content": "192.0.2.1", "comment": "c".repeat(101)}), 9101)]
#[case("pro", json!({"type": "A", "name": "a.example.org", "content": "192.0.2.1", "comment": "c".repeat(501)}), 9101)]
fn bad_records_are_refused(#[case] plan: &str, #[case] body: Value, #[case] expected: i64) {
    let refusal = state(plan).create_record("z", &body).unwrap_err();
    assert_eq!(code(&refusal), expected);
    let batch = json!({"posts": [a("b.example.org", "192.0.2.1"), body]});
    let mut state = state(plan);
    assert_eq!(code(&state.batch("z", &batch).unwrap_err()), expected);
    assert!(state.zones["z"].records.len() == 0, "all or nothing");
}

#[test]
fn records_exclude_each_other() {
    let mut state = state("free");
    let cname = |name: &str| json!({"type": "CNAME", "name": name, "content": "host.example.net"});
    let txt = |name: &str| json!({"type": "TXT", "name": name, "content": "\"t\""});
    state.create_record("z", &a("a.example.org", "192.0.2.1")).unwrap();
    state.create_record("z", &a("a.example.org", "192.0.2.2")).unwrap();
    assert_eq!(code(&state.create_record("z", &a("A.example.org", "192.0.2.1")).unwrap_err()), 81058);
    assert_eq!(code(&state.create_record("z", &cname("a.example.org")).unwrap_err()), 81053);
    state.create_record("z", &cname("c.example.org")).unwrap();
    assert_eq!(code(&state.create_record("z", &a("c.example.org", "192.0.2.1")).unwrap_err()), 81054);
    assert_eq!(code(&state.create_record("z", &txt("c.example.org")).unwrap_err()), 81054);
    state.create_record("z", &cname("example.org")).unwrap();
    state.create_record("z", &txt("example.org")).unwrap();
    assert_eq!(code(&state.create_record("z", &a("example.org", "192.0.2.1")).unwrap_err()), 81054);
}

#[test]
fn a_batch_deletes_before_it_creates_and_has_a_limit() {
    let mut state = state("free");
    let created = state.create_record("z", &a("a.example.org", "192.0.2.1")).unwrap();
    let cname = json!({"type": "CNAME", "name": "a.example.org", "content": "host.example.net"});
    let swap = json!({"posts": [cname], "deletes": [{"id": created["id"]}]});
    let result = state.batch("z", &swap).unwrap();
    assert_eq!(
        (result["deletes"].as_array().unwrap().len(), &result["posts"][0]["type"]),
        (1, &json!("CNAME"))
    );
    assert_eq!(code(&state.batch("z", &swap).unwrap_err()), 81044, "what is gone is gone");

    let posts = |count: usize| -> Vec<Value> {
        (0..count).map(|n| a(&format!("n{n}.example.org"), "192.0.2.1")).collect()
    };
    assert_eq!(state.batch("z", &json!({"posts": posts(201)})).unwrap_err().status, 413);
    state.batch("z", &json!({"posts": posts(200)})).unwrap();
}

#[test]
fn a_patch_leaves_what_it_does_not_say() {
    let mut state = state("free");
    let body =
        json!({"type": "A", "name": "a.example.org", "content": "192.0.2.1", "ttl": 300, "comment": "c"});
    let created = state.create_record("z", &body).unwrap();
    let id = created["id"].as_str().unwrap();
    let patched = state.change_record("z", id, &json!({"content": "192.0.2.2"}), false).unwrap();
    assert_eq!(
        (&patched["ttl"], &patched["comment"], &patched["id"]),
        (&json!(300), &json!("c"), &created["id"])
    );
    let cleared = state.change_record("z", id, &json!({"comment": null}), false).unwrap();
    assert_eq!(cleared["comment"], json!(null));
    let put = state.change_record("z", id, &a("a.example.org", "192.0.2.3"), true).unwrap();
    assert_eq!(put["ttl"], 1);
}
