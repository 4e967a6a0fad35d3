//! The quick start, as typed.

use super::{Copy, example, quickstart_flags, run};
use insta::assert_snapshot;

#[test]
fn the_preview_tells_the_story_in_colour() {
    let before = std::fs::read(example("records.yaml")).unwrap();
    let records = "--inmemory-records=examples/quickstart/records.yaml";
    let ended = run(&["plan", "@examples/quickstart/flags", records, "--color=always"]);
    assert_eq!((ended.code, &*ended.stderr), (Some(2), ""));
    // Escapes as something that a reviewer can see.
    assert_snapshot!("story", ended.stdout.replace('\x1b', "^"));
    let plain = anstream::adapter::strip_str(&ended.stdout).to_string();
    assert!(include_str!("../../../README.md").contains(&format!("```text\n{plain}```\n")), "{plain}");
    assert_eq!(std::fs::read(example("records.yaml")).unwrap(), before, "a preview writes nothing");
}

#[test]
fn the_daemon_does_what_the_preview_said_and_then_has_nothing_to_do() {
    let copy = Copy::new();
    let once = copy.once();
    assert_eq!((once.code, &*once.stdout), (Some(0), ""), "{once:?}");
    for line in [
        "created A api.example.org -> 203.0.113.30 (new; service/backend/api)",
        "updated A shop.example.org -> 203.0.113.20 (was 203.0.113.10) (targets changed; ingress/web/shop)",
        "deleted A old-shop.example.org -> 203.0.113.12 (no object asks for it)",
        "3 created, 1 updated, 1 deleted, 0 failed",
        "A payments.example.org is left alone: belongs to owner \"cluster-blue\"",
    ] {
        assert!(once.stderr.contains(line), "{line:?} is missing in\n{}", once.stderr);
    }
    let records = std::fs::read_to_string(copy.path("records.yaml")).unwrap();
    assert!(!records.contains("old-shop") && records.contains("a-api.example.org"), "{records}");

    let again = copy.once();
    assert_eq!(again.code, Some(0));
    assert!(again.stderr.contains("All records are already up to date"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(copy.path("records.yaml")).unwrap(), records);
    let plan = copy.plan(&[]);
    assert_eq!(plan.code, Some(0));
    assert!(plan.stdout.ends_with("Nothing to do: 2 left alone.\n"), "{}", plan.stdout);
}

#[test]
fn json_and_markdown_tell_the_same_story() {
    let copy = Copy::new();
    let json = copy.plan(&["-o", "json"]);
    assert_eq!(json.code, Some(2));
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["summary"], serde_json::json!({"create": 3, "update": 1, "delete": 1, "skip": 2}));
    let schema = include_str!("../../../docs/reference/plan.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    assert!(jsonschema::is_valid(&schema, &document));
    let markdown = copy.plan(&["-o", "markdown"]);
    assert_snapshot!("markdown", markdown.stdout);
}

#[test]
fn standard_input_can_hold_the_manifests() {
    let copy = Copy::new();
    let flags = quickstart_flags("-", &copy.text("records.yaml"));
    let words: Vec<&str> = std::iter::once("plan").chain(flags.iter().map(String::as_str)).collect();
    let ended =
        super::run_with_stdin(&words, &std::fs::read_to_string(example("manifests/api.yaml")).unwrap());
    assert_eq!(ended.code, Some(2));
    assert!(ended.stdout.contains("+ AAAA   api.example.org"), "{}", ended.stdout);
}
