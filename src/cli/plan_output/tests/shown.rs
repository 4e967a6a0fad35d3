//! The forms for people.

use super::*;
use crate::cli::plan_output::Format;
use insta::assert_snapshot;
use unicode_width::UnicodeWidthStr;
use zonewright_planner::*;

#[test]
fn nothing_to_do() {
    let stage = Stage::new(Vec::new(), Vec::new());
    assert_eq!(stage.plain(), "Nothing to do.\n");
    assert_eq!(
        stage.show(Format::Markdown),
        "### DNS plan: 0 to create, 0 to update, 0 to delete, 0 left alone\n"
    );
    let stage = Stage::new(Vec::new(), every_skip().into_iter().take(1).collect());
    assert_snapshot!("nothing_to_do_but_something_left_alone", stage.plain());
}

#[test]
fn every_change_in_text_and_markdown() {
    let stage = Stage::new(every_change(), Vec::new());
    assert_snapshot!("every_change_text", stage.plain());
    assert_snapshot!("every_change_markdown", stage.show(Format::Markdown));
}

#[test]
fn colours_tell_what_happens() {
    let stage = with_every_problem(Stage::new(every_change(), every_skip()));
    // Escapes as something that a reviewer can see.
    assert_snapshot!("coloured", stage.show(Format::Text).replace('\x1b', "^"));
}

#[test]
fn every_reason_to_leave_something_alone() {
    let stage = Stage::new(Vec::new(), every_skip());
    assert_snapshot!("every_skip_text", stage.plain());
    assert_snapshot!("every_skip_markdown", stage.show(Format::Markdown));
}

#[test]
fn problems_follow_the_plan() {
    let changes = vec![create("a.example.org A 192.0.2.1", "service/web/a")];
    let stage = with_every_problem(Stage::new(changes, Vec::new()));
    assert_snapshot!("problems_text", stage.plain());
    assert_snapshot!("problems_markdown", stage.show(Format::Markdown));
}

#[test]
fn the_many_do_not_bury_the_few() {
    let many = |count: usize, prefix: &str, reason: SkipReason| {
        let skips: Vec<Skip> = (0..count)
            .map(|n| {
                skip(&format!("{prefix}{n:03}.example.org A 192.0.2.1"), "service/web/a", reason.clone())
            })
            .collect();
        skips
    };
    let skips = [
        many(815, "filtered", SkipReason::DomainFilter),
        many(4, "frozen", SkipReason::PolicyFreezes(Policy::CreateOnly)),
        many(22, "held", SkipReason::Held(HoldReason::NoTarget)),
        many(1, "unowned", SkipReason::Unowned),
    ];
    let stage = Stage::new(Vec::new(), skips.concat());
    assert_snapshot!("many_skips_text", stage.plain());
    let markdown = stage.show(Format::Markdown);
    assert!(markdown.contains("| | and 812 more | outside the domain filter |\n"), "{markdown}");
    let document: serde_json::Value = serde_json::from_str(&stage.show(Format::Json)).unwrap();
    assert_eq!(document["skips"].as_array().unwrap().len(), 842);
}

#[test]
fn long_lists_show_the_difference() {
    let list =
        |range: std::ops::Range<u8>| range.map(|n| format!("198.51.100.{n}")).collect::<Vec<_>>().join(",");
    let changes = vec![
        create(&format!("all.example.org A {} ttl=60", list(0..60)), "node//all"),
        delete(&format!("none.example.org A {}", list(0..8)), "node//none"),
        update(
            &format!("pool.example.org A {} ttl=60", list(0..20)),
            &format!("pool.example.org A {} ttl=90", list(2..30)),
            "node//pool",
            vec![ttl_changed(60, 90), UpdateReason::Targets],
        ),
        update(
            "six.example.org AAAA 2001:db8:aaaa:bbbb:cccc:dddd:eeee:1",
            "six.example.org AAAA 2001:db8:aaaa:bbbb:cccc:dddd:eeee:2",
            "node//six",
            vec![UpdateReason::Targets],
        ),
    ];
    let stage = Stage::new(changes, Vec::new());
    assert_snapshot!("long_lists_text", stage.plain());
    assert_snapshot!("long_lists_markdown", stage.show(Format::Markdown));
}

#[test]
fn names_in_any_script_and_of_any_length_keep_their_columns() {
    let long = "a-name-that-is-longer-than-the-column-of-names-could-ever-be.example.org";
    let changes = vec![
        create("www.bücher.example A 192.0.2.1", "service/web/a"),
        create("日本語.bücher.example A 192.0.2.1", "service/web/b"),
        create("*.bücher.example A 192.0.2.1", "service/web/c"),
        create(&format!("{long} A 192.0.2.1 ttl=60"), "service/web/d"),
    ];
    let skips = vec![skip(&format!("{long} A 192.0.2.1"), "service/web/e", SkipReason::Unowned)];
    let stage = Stage::new(changes, skips);
    assert_snapshot!("names_text", stage.plain());
    assert_snapshot!("names_markdown", stage.show(Format::Markdown));
}

#[test]
fn a_hundred_columns_are_enough() {
    let list = (0..60).map(|n| format!("198.51.100.{n}")).collect::<Vec<_>>().join(",");
    let mut changes = every_change();
    changes.push(create(&format!("all.example.org A {list}"), "node//all"));
    let stage = with_every_problem(Stage::new(changes, every_skip()));
    for line in stage.plain().lines() {
        assert!(line.width() <= 100, "{}: {line}", line.width());
        assert_eq!(line.trim_end(), line, "trailing space");
    }
}

#[test]
fn nothing_that_was_read_steers_the_terminal_or_the_page() {
    let mut new = wish("a.example.org TXT x", "service/web/a");
    new.targets = vec![Target::Text("\x1b[2J\u{202e}| `code` @team <img>".into())];
    let owner = Owner::new("@team | *bold* <b>").unwrap();
    let skips = vec![skip("b.example.org A 192.0.2.1", "service/web/b", SkipReason::ForeignOwner { owner })];
    let stage = Stage::new(vec![Change::create(new, CreateReason::New)], skips);
    assert!(stage.plain().contains("\\u{1b}[2J\\u{202e}| `code`"), "{}", stage.plain());
    let markdown = stage.show(Format::Markdown);
    assert!(markdown.contains("| `` \\u{1b}[2J\\u{202e}\\| `code` @team <img> `` |"), "{markdown}");
    assert!(markdown.contains(r#""&#64;team \| \*bold\* &lt;b&gt;""#), "{markdown}");
}

#[test]
fn what_the_delete_guard_withholds() {
    let stage = with_withheld(Stage::new(every_change().into_iter().take(1).collect(), every_skip()));
    assert_snapshot!("withheld_text", stage.plain());
    assert_snapshot!("withheld_markdown", stage.show(Format::Markdown));
}
