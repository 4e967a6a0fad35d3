//! Pages of `docs/reference` that are written by hand, held against what they are about. Others are made from the program: `src/reference.rs`.

use super::page::root;
use super::{files_below, problems};
use regex::Regex;
use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Words in quotes after `=>`, between the beginning of a function and its end.
fn answers(path: &str, function: &str) -> BTreeSet<String> {
    let text = read(path);
    let (_, body) = text.split_once(function).unwrap_or_else(|| panic!("{path} has no {function}"));
    let body = body.split("\n    }\n").next().unwrap();
    let answer = Regex::new(r#"(?:=>|=> \{)\s*"([a-z-]+)""#).unwrap();
    answer.captures_iter(body).map(|found| found.get(1).unwrap().as_str().to_owned()).collect()
}

/// The words in the first column of the tables of a section.
fn first_column(page: &str, section: &str) -> BTreeSet<String> {
    let (_, text) = page.split_once(&format!("\n## {section}\n")).unwrap();
    let rows = text.split("\n## ").next().unwrap().lines();
    let row = Regex::new(r"^\| `([^`]+)` \|").unwrap();
    rows.filter_map(|line| Some(row.captures(line)?.get(1).unwrap().as_str().to_owned())).collect()
}

#[test]
fn every_code_of_what_is_left_alone_is_explained() {
    let page = read("docs/reference/codes.md");
    let mut codes = answers("planner/src/plan/skip.rs", "pub fn code(&self)");
    codes.extend(answers("planner/src/plan/refusal.rs", "pub fn code(&self)"));
    assert!(codes.len() > 20, "{codes:?}");
    assert_eq!(first_column(&page, "Left alone"), codes);
}

#[test]
fn every_code_of_a_change_is_explained() {
    let page = read("docs/reference/codes.md");
    let schema: serde_json::Value = serde_json::from_str(&read("docs/reference/plan.schema.json")).unwrap();
    let codes = schema["$defs"]["change"]["properties"]["codes"]["items"]["enum"].as_array().unwrap();
    let codes: BTreeSet<String> = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    assert_eq!(first_column(&page, "Changes"), codes);
    let metric = answers("planner/src/plan/mod.rs", "pub fn reason_code(&self)");
    assert!(metric.len() > 10, "{metric:?}");
    for code in metric {
        assert!(page.contains(&format!("| `{code}` |")), "{code} of the metric is missing");
    }
}

#[test]
fn every_class_of_errors_is_explained() {
    let classes = answers("providers/kit/src/error.rs", "pub fn code(self)");
    assert_eq!(first_column(&read("docs/reference/codes.md"), "Errors of providers"), classes);
}

#[test]
fn every_field_of_a_plan_is_explained() {
    let schema: serde_json::Value = serde_json::from_str(&read("docs/reference/plan.schema.json")).unwrap();
    let fields: BTreeSet<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    let page = read("docs/reference/plan.md");
    assert_eq!(first_column(&page, "JSON"), fields);
    for part in ["change", "skip"] {
        for field in schema["$defs"][part]["properties"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{field}`")), "field {field} of a {part} is missing");
        }
    }
}

#[test]
fn every_variable_that_is_read_is_explained() {
    let name = Regex::new(r#""((?:AZURE|CF|CLOUDFLARE|IDENTITY|POD)_[A-Z_]+)""#).unwrap();
    let page = read("docs/reference/environment.md");
    let (mut missing, mut found) = (BTreeSet::new(), 0);
    let mut look = |path: std::path::PathBuf| {
        let is_ours = path.extension().is_some_and(|kind| kind == "rs")
            && !path
                .components()
                .any(|part| ["tests", "double", "tests.rs"].iter().any(|other| part.as_os_str() == *other));
        for variable in is_ours.then(|| read(path.to_str().unwrap())).iter().flat_map(|text| {
            name.captures_iter(text)
                .map(|found| found.get(1).unwrap().as_str().to_owned())
                .collect::<Vec<_>>()
        }) {
            found += 1;
            if !page.contains(&format!("`{variable}`")) {
                missing.insert(format!(
                    "{}: {variable} is missing in docs/reference/environment.md",
                    path.display()
                ));
            }
        }
    };
    ["src", "providers"].into_iter().for_each(|folder| files_below(Path::new(folder), &mut look));
    problems(&missing.into_iter().collect::<Vec<_>>());
    assert!(found > 8, "{found}");
}
