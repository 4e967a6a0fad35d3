//! A plan for people at a terminal.

use super::{Preview, objects, sides, summary};
use crate::sources::outcome::Severity;
use anstyle::{AnsiColor, Style};
use std::fmt::Write;
use zonewright_planner::{Change, Skip};

const CREATE: Style = AnsiColor::Green.on_default();
const UPDATE: Style = AnsiColor::Yellow.on_default();
const DELETE: Style = AnsiColor::Red.on_default();
const SKIP: Style = AnsiColor::Cyan.on_default();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// Columns of one line: sign and name stand in columns, the rest follows on lines of its own.
struct Line {
    style: Style,
    sign: char,
    name: String,
    record_type: String,
    contents: Vec<String>,
    why: String,
}

pub(super) fn render(preview: Preview<'_>) -> String {
    let report = preview.report;
    let mut out = String::new();
    for (zone, changes) in preview.by_zone() {
        heading(&mut out, &format!("Zone {zone}"));
        table(&mut out, &changes.iter().map(|change| change_line(change)).collect::<Vec<_>>());
    }
    if !report.plan.skips.is_empty() {
        heading(&mut out, "Left alone");
        table(&mut out, &report.plan.skips.iter().map(skip_line).collect::<Vec<_>>());
    }
    problems(&mut out, preview);
    if report.plan.is_empty() {
        let _ = writeln!(out, "{BOLD}Nothing to do.{BOLD:#} {}.", capitalised(&summary(report)));
    } else {
        let _ = writeln!(out, "{BOLD}Plan:{BOLD:#} {}.", summary(report));
    }
    out
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "{BOLD}{text}{BOLD:#}");
}

fn table(out: &mut String, lines: &[Line]) {
    let width =
        |column: fn(&Line) -> &str| lines.iter().map(|line| column(line).chars().count()).max().unwrap_or(0);
    let (names, types) = (width(|line| &line.name), width(|line| &line.record_type));
    let indent = " ".repeat(4 + types + 2 + names + 2);
    for line in lines {
        let (style, mut contents) = (line.style, line.contents.iter());
        let first = contents.next().map(String::as_str).unwrap_or_default();
        let head = format!("  {} {:types$}  {:names$}  {first}", line.sign, line.record_type, line.name);
        let _ = writeln!(out, "{style}{}{style:#}", head.trim_end());
        for more in contents {
            let _ = writeln!(out, "{style}{indent}{more}{style:#}");
        }
        let _ = writeln!(out, "{indent}{FAINT}{}{FAINT:#}", line.why);
    }
    out.push('\n');
}

fn change_line(change: &Change) -> Line {
    let (style, sign) = match change {
        Change::Create { .. } => (CREATE, '+'),
        Change::Update { .. } => (UPDATE, '~'),
        Change::Delete { .. } => (DELETE, '-'),
    };
    let contents = match sides(change) {
        (Some(before), Some(after)) if before == after => vec![after],
        (Some(before), Some(after)) => vec![before, format!("=> {after}")],
        (before, after) => before.into_iter().chain(after).collect(),
    };
    Line {
        style,
        sign,
        name: with_set(&change.name().to_unicode(), change.set_identifier()),
        record_type: change.record_type().to_string(),
        contents,
        why: because(&change.reason(), &objects(change.objects())),
    }
}

fn skip_line(skip: &Skip) -> Line {
    Line {
        style: SKIP,
        sign: '!',
        name: with_set(&skip.name.to_unicode(), &skip.set_identifier),
        record_type: skip.record_type.to_string(),
        contents: vec![skip.reason.to_string()],
        why: because("", &objects(&skip.objects)),
    }
}

fn with_set(name: &str, set_identifier: &str) -> String {
    if set_identifier.is_empty() { name.to_owned() } else { format!("{name} [{set_identifier}]") }
}

fn because(reason: &str, objects: &[String]) -> String {
    let from = objects.join(", ");
    match (reason.is_empty(), from.is_empty()) {
        (false, false) => format!("{reason}, from {from}"),
        (true, false) => format!("from {from}"),
        (_, true) => reason.to_owned(),
    }
}

fn problems(out: &mut String, preview: Preview<'_>) {
    let report = preview.report;
    let mut lines: Vec<(Style, String)> = Vec::new();
    for problem in &report.problems {
        let style = if problem.severity == Severity::Error { DELETE } else { UPDATE };
        lines.push((style, format!("{}: {}", problem.object, problem.message)));
    }
    for source in &report.incomplete {
        lines.push((DELETE, format!("source {} is incomplete: {}", source.source, source.reason)));
    }
    for (zone, error) in &report.unreadable {
        lines.push((DELETE, format!("zone {zone} could not be read: {error}")));
    }
    for what in &report.rejected {
        lines.push((UPDATE, format!("the provider's adjust step returned something unusable: {what}")));
    }
    if lines.is_empty() {
        return;
    }
    heading(out, "Problems");
    for (style, line) in lines {
        let _ = writeln!(out, "  {style}{line}{style:#}");
    }
    out.push('\n');
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
