//! What a browser gets to see.

use super::{message_page, name_page, status_page};
use crate::sources::outcome::{Problem, Severity};
use crate::status::explain::{Findings, explain};
use crate::status::testing::{Stage, every_reason, name, object, record, wish};
use crate::status::{Query, State, overview, table};
use crate::sync::report::CycleReport;
use std::sync::Arc;
use zonewright_planner::*;

const EVIL: &str = "\"><script>alert('1')</script>&\u{202e}\u{7}";

/// Every tag is closed by its own end, and nothing is left open.
fn assert_well_formed(page: &str) {
    const VOID: [&str; 5] = ["meta", "link", "input", "br", "wbr"];
    let body = page.strip_prefix("<!DOCTYPE html>\n").unwrap();
    let mut open: Vec<&str> = Vec::new();
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or_else(|| panic!("unclosed tag: <{piece}"));
        assert!(!text.contains('>'), "a > that is not escaped: {piece}");
        let word = tag.split([' ', '/']).find(|word| !word.is_empty()).unwrap();
        match tag.starts_with('/') {
            true => assert_eq!(open.pop(), Some(word), "after {text:?}"),
            false if VOID.contains(&word) => {}
            false => open.push(word),
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }
    assert!(open.is_empty(), "{open:?}");
}

fn page(stage: &Stage, query: &Query) -> String {
    let found = table(stage.scene(), query);
    let page = status_page(&overview(stage.scene(), found.states.clone()), &found, query);
    assert_well_formed(&page);
    page
}

#[test]
fn every_state_is_shown_in_well_formed_html() {
    let reasons = every_reason();
    let skips = reasons.iter().enumerate().map(|(n, reason)| {
        Skip::of_wish(&wish(&format!("n{n}.example.org"), RecordType::A, "192.0.2.1"), reason.clone())
    });
    let stage = Stage::new(vec![record("ok.example.org", "192.0.2.1", "me")]).with_skips(skips.collect());
    let page = page(&stage, &Query::default());
    for reason in reasons {
        assert!(page.contains(State::of(&reason).as_str()), "{reason:?}");
    }
    assert!(page.contains("href=\"./name/ok.example.org\""));
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let mut evil = record("evil.example.org", "192.0.2.1", EVIL);
    evil.set_identifier = EVIL.into();
    evil.targets = vec![Target::Text(EVIL.into())];
    let mut stage = Stage::new(vec![evil]);
    let mut report = CycleReport::default();
    let odd = Skip {
        name: name("odd.example.org"),
        record_type: RecordType::from_text(EVIL),
        set_identifier: EVIL.into(),
        reason: SkipReason::Unsupported { why: EVIL.into() },
        objects: vec![object(EVIL, EVIL)],
    };
    report.plan.add_skips(vec![odd]);
    report.odd.push(EVIL.to_owned());
    report.problems.push(Problem {
        object: object(EVIL, EVIL),
        severity: Severity::Error,
        message: EVIL.into(),
        invalid: None,
    });
    stage.note(&report);
    stage.rules.provider = EVIL.to_owned();
    let page = page(&stage, &Query { text: String::new(), zone: EVIL.to_owned(), ..Query::default() });
    let searched = self::page(&stage, &Query { text: EVIL.to_owned(), ..Query::default() });
    let all = self::page(&stage, &Query::default());
    let explained = ["evil.example.org", "odd.example.org"]
        .map(|host| name_page(&explain(stage.scene(), &name(host), &Findings::default())));
    explained.iter().for_each(|page| assert_well_formed(page));
    let message = message_page(EVIL, EVIL, "./");
    assert_well_formed(&message);
    for page in [&page, &searched, &all, &message].into_iter().chain(&explained) {
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains('\u{202e}') && !page.contains('\u{7}'));
    }
    assert!(all.contains("&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;\\u{202e}\\u{7}"));
}

#[test]
fn nothing_on_the_page_acts_and_nothing_comes_from_elsewhere() {
    let stage = Stage::new(vec![record("a.example.org", "192.0.2.1", "me")]);
    let page = page(&stage, &Query::default());
    assert_eq!(page.matches("<form").count(), 1);
    assert!(page.contains("<form method=\"get\""));
    for forbidden in ["<script", "style=", "onclick", "http://", "https://", "href=\"/", "src="] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn links_keep_the_search() {
    let records = (0..250).map(|n| record(&format!("n{n}.example.org"), "192.0.2.1", "me")).collect();
    let stage = Stage::new(records);
    let query =
        Query { text: "n & 192".into(), state: Some(State::InSync), zone: "example.org".into(), page: 2 };
    let found = page(&stage, &query);
    assert!(found.contains("./?q=n%20%26%20192&amp;state=in-sync&amp;zone=example.org#records"));
    let query = Query { text: "n".into(), page: 2, ..query };
    let found = page(&stage, &query);
    assert!(
        found.contains(
            "rel=\"next\" href=\"./?q=n&amp;state=in-sync&amp;zone=example.org&amp;page=3#records\""
        )
    );
    assert!(found.contains("rel=\"prev\" href=\"./?q=n&amp;state=in-sync&amp;zone=example.org#records\""));
    assert!(found.contains("250 rows, page 2 of 3"));
}

#[test]
fn headings_follow_each_other_and_tables_say_what_their_cells_are() {
    let stage = Stage::new(vec![record("a.example.org", "192.0.2.1", "me")]);
    let findings =
        Findings { similar: vec![(name("b.example.org"), object("web", "b"))], ..Findings::default() };
    let of_name = name_page(&explain(stage.scene(), &name("a.example.org"), &findings));
    for page in [page(&stage, &Query::default()), of_name] {
        assert_well_formed(&page);
        assert_eq!(page.matches("<h1").count(), 1);
        assert_eq!(page.matches("<table").count(), page.matches("<caption>").count());
        assert!(page.contains("scope=\"col\""));
        assert_eq!(page.matches("<input type=\"search\"").count(), page.matches("<label for=\"q\"").count());
        assert!(page.contains("<html lang=\"en\">"));
    }
}

#[test]
fn international_names_are_readable() {
    let stage = Stage::new(vec![record("bücher.example.org", "192.0.2.1", "me")]);
    let page = page(&stage, &Query::default());
    assert!(page.contains("name/xn--bcher-kva.example.org\">bücher.<wbr>example.<wbr>org</a>"), "{page}");
}

#[test]
fn what_is_withheld_comes_first_with_its_command() {
    let mut stage = Stage::new(vec![record("a.example.org", "192.0.2.1", "me")]);
    let withheld = crate::sync::guard::Withheld {
        zone: ZoneId::new("example.org"),
        zone_name: None,
        hash: "4f1c2a90b7d3".into(),
        deletes: vec![record("a.example.org", "192.0.2.1", "me")],
        owned: 1,
        recent: 0,
        limit: crate::sync::guard::Limit::Max(1),
        returned: None,
    };
    stage.note(&CycleReport { withheld: vec![Arc::new(withheld)], ..CycleReport::default() });
    let page = page(&stage, &Query::default());
    let alert = page.find("1 delete withheld").unwrap();
    assert!(alert < page.find("<h2>Overview").unwrap());
    assert!(page.contains("<code>zonewright approve 4f1c2a90b7d3</code>"));
}
