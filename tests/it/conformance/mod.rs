//! Recorded behaviour of ExternalDNS v0.22, and what Zonewright does with the same cases.
//!
//! `tests/conformance/AREA/NAME.yaml` is a case, `NAME.expected.json` what ExternalDNS answered. Where we answer differently on
//! purpose the case is listed in `differences.txt` with its reason, and `NAME.ours.json` is what we answer. Every case runs twice:
//! from files (always; but not those that keep something in the API server), and against a real API server (`kubernetes`).
//!
//! `UPDATE_OURS=1` writes the files of listed differences anew; look at the diff as at code.

mod case;
mod compare;
mod objects;
mod run;

use case::{Case, load_cases};
use compare::{Verdict, judge};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// Lines `AREA/NAME reason`; blank lines and comments do not count.
fn listed(file: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, reason) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            (name.to_owned(), reason.trim().to_owned())
        })
        .collect()
}

/// Only these cases, for work on one of them: `CASE=plan/rename cargo test conformance`.
fn selected(case: &Case) -> bool {
    std::env::var("CASE").map_or(true, |wanted| case.name.contains(&wanted))
}

/// Compares answers with what is expected and gives one line per fault. Other cases run `elsewhere`.
fn faults(answers: Vec<(Case, Vec<serde_json::Value>)>, elsewhere: &[Case]) -> Vec<String> {
    let differences = listed("differences.txt");
    let mut faults = Vec::new();
    let mut seen: BTreeSet<String> = elsewhere.iter().map(|case| case.name.clone()).collect();
    for (case, answer) in answers {
        seen.insert(case.name.clone());
        let is_difference = differences.contains_key(&case.name);
        let upstream = judge(&case.expected, &answer);
        match (is_difference, upstream) {
            (false, Verdict::Same) => {}
            (false, Verdict::Different(why)) => faults.push(format!("{}: {why}", case.name)),
            (true, Verdict::Same) => {
                faults.push(format!(
                    "{}: listed as a difference, but we answer as ExternalDNS does",
                    case.name
                ));
            }
            (true, Verdict::Different(_)) => faults.extend(fault_of_ours(&case, &answer)),
        }
    }
    if std::env::var("CASE").is_err() {
        let unknown = differences.keys().filter(|name| !seen.contains(*name));
        faults
            .extend(unknown.map(|name| format!("{name}: listed as a difference, but there is no such case")));
    }
    faults
}

fn fault_of_ours(case: &Case, answer: &[serde_json::Value]) -> Option<String> {
    let path = folder().join(format!("{}.ours.json", case.name));
    if std::env::var("UPDATE_OURS").is_ok() {
        let normal: Vec<_> = answer.iter().map(compare::normal_answer).collect();
        std::fs::write(&path, format!("{:#}\n", serde_json::Value::Array(normal))).unwrap();
        return None;
    }
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Some(format!("{}: a listed difference without {}", case.name, path.display()));
    };
    let expected: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    match judge(&expected, answer) {
        Verdict::Same => None,
        Verdict::Different(why) => Some(format!("{} (ours): {why}", case.name)),
    }
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "{} cases are answered wrongly:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_files() {
    let mut answers = Vec::new();
    let cases = load_cases(&folder()).into_iter().filter(selected);
    let (elsewhere, cases): (Vec<Case>, Vec<Case>) = cases.partition(Case::needs_cluster);
    for case in cases {
        let answer = run::from_files(&case).await;
        answers.push((case, answer));
    }
    assert!(!answers.is_empty());
    report(&faults(answers, &elsewhere));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubernetes() {
    let server = run::cluster().await;
    let mut answers = Vec::new();
    for case in load_cases(&folder()).into_iter().filter(selected) {
        let answer = run::in_cluster(&case, &server).await;
        answers.push((case, answer));
    }
    assert!(!answers.is_empty());
    report(&faults(answers, &[]));
}
