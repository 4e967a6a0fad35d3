//! A plan as a comment on a pull request.

use super::contents::{Part, parts};
use super::skips::SHOWN_OF_NEWS;
use super::{Preview, because, clean, how_to_approve, objects, problems, skips, why, why_withheld, with_set};
use crate::sources::outcome::Severity;
use std::fmt::Write;
use zonewright_planner::Change;

/// More targets than this are counted; GitHub cuts comments at 65,536 characters.
const TARGETS_SHOWN: usize = 10;

pub(super) fn render(preview: Preview<'_>) -> String {
    let report = preview.report;
    let found = problems::for_people(preview);
    let plan = &report.plan;
    let mut out = format!(
        "### DNS plan: {} to create, {} to update, {} to delete, {} left alone",
        plan.count("create"),
        plan.count("update"),
        plan.count("delete"),
        skips::count(&plan.skips)
    );
    if preview.withheld() > 0 {
        out.push_str(&format!(", **{} withheld**", preview.withheld()));
    }
    match found.len() {
        0 => out.push('\n'),
        1 => out.push_str(", 1 problem\n"),
        n => out.push_str(&format!(", {n} problems\n")),
    }
    for (zone, changes) in preview.by_zone() {
        let _ = write!(
            out,
            "\n#### {}\n\n| | Type | Name | Before | After | Why |\n|---|---|---|---|---|---|\n",
            cell(&zone)
        );
        changes.iter().for_each(|change| row(&mut out, change));
    }
    withheld(&mut out, preview);
    left_alone(&mut out, preview);
    if !found.is_empty() {
        out.push_str("\n#### Problems\n\n");
        for problem in found {
            let severity = if problem.severity == Severity::Error { "**error**" } else { "warning" };
            let _ = writeln!(out, "- {severity}: {}: {}", cell(&problem.about), cell(problem.message.trim()));
        }
    }
    out
}

fn row(out: &mut String, change: &Change) {
    let parts = parts(change);
    let (before, after) = match change {
        Change::Create { .. } => (String::new(), side(&parts, |part| &part.new)),
        Change::Delete { .. } => (side(&parts, |part| &part.old), String::new()),
        Change::Update { .. } => (side(&parts, |part| &part.old), side(&parts, |part| &part.new)),
    };
    let name = code(&with_set(change.name(), change.set_identifier()));
    let (action, record_type) = (change.action(), change.record_type());
    let why = cell(&why(change));
    let _ = writeln!(out, "| {action} | {record_type} | {name} | {before} | {after} | {why} |");
}

fn side(parts: &[Part], side: fn(&Part) -> &Option<Vec<String>>) -> String {
    let texts: Vec<String> = parts
        .iter()
        .filter_map(|part| {
            let values = side(part).as_ref()?;
            if values.len() <= TARGETS_SHOWN {
                return Some(code(&part.side(Some(values))));
            }
            let first: Vec<String> = values.iter().take(TARGETS_SHOWN).cloned().collect();
            Some(format!("{} and {} more", code(&part.side(Some(&first))), values.len() - TARGETS_SHOWN))
        })
        .collect();
    texts.join(" ")
}

fn withheld(out: &mut String, preview: Preview<'_>) {
    for withheld in &preview.report.withheld {
        let why = cell(&why_withheld(withheld));
        let how = how_to_approve(withheld);
        let _ = write!(
            out,
            "\n#### Withheld by the delete guard\n\n{why} {how}\n\n| Type | Name | Now |\n|---|---|---|\n"
        );
        for record in withheld.deletes.iter().take(SHOWN_OF_NEWS) {
            let name = code(&with_set(&record.name, &record.set_identifier));
            let targets: Vec<String> =
                record.targets.iter().take(TARGETS_SHOWN).map(|target| code(&target.to_string())).collect();
            let _ = writeln!(out, "| {} | {name} | {} |", record.record_type, targets.join(" "));
        }
        if withheld.deletes.len() > SHOWN_OF_NEWS {
            let _ = writeln!(out, "| | and {} more | |", withheld.deletes.len() - SHOWN_OF_NEWS);
        }
    }
}

fn left_alone(out: &mut String, preview: Preview<'_>) {
    let shown = skips::shown(&preview.report.plan.skips);
    if shown.skips.is_empty() {
        return;
    }
    out.push_str("\n#### Left alone\n\n| Type | Name | Why |\n|---|---|---|\n");
    for skip in shown.skips {
        let name = code(&with_set(&skip.name, &skip.set_identifier));
        let why = cell(&because(&skip.reason.to_string(), &objects(&skip.objects)));
        let _ = writeln!(out, "| {} | {name} | {why} |", skip.record_type);
    }
    for (count, reason) in shown.more {
        let _ = writeln!(out, "| | and {count} more | {} |", cell(&reason));
    }
}

/// Code spans cannot escape a backtick, so a longer fence goes round text that has some (CommonMark section 6.1). A bar ends a
/// cell even there (GFM section 4.10).
fn code(text: &str) -> String {
    let text = clean(text).replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Words for a cell or a line: nothing in them is markup, and nobody is mentioned.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(&text.replace(['\n', '\r'], " ")).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            c => out.push(c),
        }
    }
    out
}
