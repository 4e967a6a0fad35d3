//! A plan as a comment on a pull request.

use super::{Preview, objects, sides, summary};
use std::fmt::Write;

pub(super) fn render(preview: Preview<'_>) -> String {
    let report = preview.report;
    let mut out = format!("### DNS plan: {}\n", summary(report));
    for (zone, changes) in preview.by_zone() {
        let _ = write!(
            out,
            "\n#### {}\n\n| | Type | Name | Before | After | Why |\n|---|---|---|---|---|---|\n",
            code(&zone)
        );
        for change in changes {
            let (before, after) = sides(change);
            let side = |side: Option<String>| side.map(|text| code(&text)).unwrap_or_default();
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} |",
                change.action(),
                change.record_type(),
                code(&named(change.name().as_str(), change.set_identifier())),
                side(before),
                side(after),
                why(&change.reason(), &objects(change.objects())),
            );
        }
    }
    if !report.plan.skips.is_empty() {
        out.push_str("\n#### Left alone\n\n| Type | Name | Why |\n|---|---|---|\n");
        for skip in &report.plan.skips {
            let name = code(&named(skip.name.as_str(), &skip.set_identifier));
            let why = why(&skip.reason.to_string(), &objects(&skip.objects));
            let _ = writeln!(out, "| {} | {name} | {why} |", skip.record_type);
        }
    }
    problems(&mut out, preview);
    out
}

fn problems(out: &mut String, preview: Preview<'_>) {
    let report = preview.report;
    let of_objects = report.problems.iter().map(|p| format!("{}: {}", p.object, p.message));
    let of_sources =
        report.incomplete.iter().map(|s| format!("source {} is incomplete: {}", s.source, s.reason));
    let of_zones = report.unreadable.iter().map(|(z, e)| format!("zone {z} could not be read: {e}"));
    let lines: Vec<String> =
        of_objects.chain(of_sources).chain(of_zones).chain(report.rejected.iter().cloned()).collect();
    if !lines.is_empty() {
        out.push_str("\n#### Problems\n\n");
        lines.iter().for_each(|line| {
            let _ = writeln!(out, "- {}", cell(line));
        });
    }
}

fn named(name: &str, set_identifier: &str) -> String {
    if set_identifier.is_empty() { name.to_owned() } else { format!("{name} [{set_identifier}]") }
}

fn why(reason: &str, objects: &[String]) -> String {
    if objects.is_empty() {
        cell(reason)
    } else {
        format!("{}, from {}", cell(reason), code(&objects.join(", ")))
    }
}

/// Code spans cannot escape a backtick, so a longer fence goes round text that has one (CommonMark section 6.1).
fn code(text: &str) -> String {
    let text = cell(text);
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// A bar or a line break would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
