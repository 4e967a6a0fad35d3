//! A plan for people at a terminal of 100 columns.
//!
//! ```text
//!   ~ A      shop.example.org  203.0.113.10 => 203.0.113.20     sign, type, name, contents; wrapped, they stay in their column
//!            targets changed, from ingress/web/shop             why, and for whom
//! ```

use super::contents::{Part, parts};
use super::skips::SHOWN_OF_NEWS;
use super::{Preview, because, clean, how_to_approve, objects, problems, skips, why, why_withheld, with_set};
use crate::sources::outcome::Severity;
use anstyle::{AnsiColor, Style};
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;
use zonewright_planner::{Change, DeleteReason, Record, Skip};

const CREATE: Style = AnsiColor::Green.on_default();
const UPDATE: Style = AnsiColor::Yellow.on_default();
const DELETE: Style = AnsiColor::Red.on_default();
const SKIP: Style = AnsiColor::Cyan.on_default();
const PLAIN: Style = Style::new();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

const COLUMNS: usize = 100;
/// Longer names push their contents to the next line instead of all others' to the right.
const NAME_COLUMNS: usize = 40;
/// `CNAME`; longer types are rare and push only their own line.
const TYPE_COLUMNS: usize = 5;
/// Where names begin: after indent, sign and type.
const NAME_COLUMN: usize = 2 + 2 + TYPE_COLUMNS + 2;
/// What a target list may take before the rest is counted.
const LIST_LINES: usize = 6;

/// A piece of text in one style.
type Span = (Style, String);

/// One record and what becomes of it.
struct Entry {
    style: Style,
    sign: char,
    record_type: String,
    name: String,
    contents: Contents,
    why: String,
}

enum Contents {
    Of(Vec<Part>),
    Reason(String),
}

pub(super) fn render(preview: Preview<'_>) -> String {
    let zones: Vec<(String, Vec<Entry>)> = preview
        .by_zone()
        .into_iter()
        .map(|(zone, changes)| (zone, changes.into_iter().map(change_entry).collect()))
        .collect();
    let shown = skips::shown(&preview.report.plan.skips);
    let skipped: Vec<Entry> = shown.skips.iter().map(|skip| skip_entry(skip)).collect();
    // One set of columns for the whole plan.
    let withheld: Vec<Vec<Entry>> = preview
        .report
        .withheld
        .iter()
        .map(|withheld| withheld.deletes.iter().take(SHOWN_OF_NEWS).map(withheld_entry).collect())
        .collect();
    let widths = zones
        .iter()
        .flat_map(|(_, entries)| entries)
        .chain(&skipped)
        .chain(withheld.iter().flatten())
        .map(|e| e.name.width());
    let names = widths.filter(|width| *width <= NAME_COLUMNS).max().unwrap_or(0);
    let mut out = String::new();
    for (zone, entries) in &zones {
        heading(&mut out, zone);
        entries.iter().for_each(|entry| write_entry(&mut out, entry, names));
        out.push('\n');
    }
    for (withheld, entries) in preview.report.withheld.iter().zip(&withheld) {
        heading(&mut out, "Withheld by the delete guard");
        wrapped(&mut out, 2, PLAIN, &clean(&why_withheld(withheld)));
        wrapped(&mut out, 2, PLAIN, &how_to_approve(withheld));
        entries.iter().for_each(|entry| write_entry(&mut out, entry, names));
        if withheld.deletes.len() > entries.len() {
            wrapped(&mut out, 4, FAINT, &format!("and {} more", withheld.deletes.len() - entries.len()));
        }
        out.push('\n');
    }
    if !skipped.is_empty() {
        heading(&mut out, "Left alone");
        skipped.iter().for_each(|entry| write_entry(&mut out, entry, names));
        for (count, reason) in shown.more {
            wrapped(&mut out, 4, FAINT, &format!("and {count} more: {}", clean(&reason)));
        }
        out.push('\n');
    }
    let found = problems::for_people(preview);
    write_problems(&mut out, &found);
    write_summary(&mut out, preview, found.len());
    out
}

fn change_entry(change: &Change) -> Entry {
    let (style, sign) = match change {
        Change::Create { .. } => (CREATE, '+'),
        Change::Update { .. } => (UPDATE, '~'),
        Change::Delete { .. } => (DELETE, '-'),
    };
    Entry {
        style,
        sign,
        record_type: change.record_type().to_string(),
        name: clean(&with_set(change.name(), change.set_identifier())),
        contents: Contents::Of(parts(change)),
        why: clean(&why(change)),
    }
}

fn withheld_entry(record: &Record) -> Entry {
    // What it holds is shown as that of any delete. Why it would go is in the line above all of them.
    let change = Change::delete(record.clone(), DeleteReason::NoLongerWanted);
    let made_for = record.labels.resource().map(|resource| format!("it was made for {resource}"));
    Entry { sign: '!', style: SKIP, why: clean(&made_for.unwrap_or_default()), ..change_entry(&change) }
}

fn skip_entry(skip: &Skip) -> Entry {
    Entry {
        style: SKIP,
        sign: '!',
        record_type: skip.record_type.to_string(),
        name: clean(&with_set(&skip.name, &skip.set_identifier)),
        contents: Contents::Reason(clean(&skip.reason.to_string())),
        why: clean(&because("", &objects(&skip.objects))),
    }
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "{BOLD}{text}{BOLD:#}");
}

fn write_entry(out: &mut String, entry: &Entry, names: usize) {
    let Entry { style, sign, record_type, name, contents, why } = entry;
    let column = NAME_COLUMN + names + 2;
    let head = format!("  {sign} {record_type:TYPE_COLUMNS$}  {name}");
    let width = COLUMNS - column;
    let lines = match contents {
        Contents::Of(parts) => content_lines(parts, width),
        Contents::Reason(reason) => {
            words(reason, width).into_iter().map(|line| vec![(PLAIN, line)]).collect()
        }
    };
    let mut lines = lines.into_iter();
    let fits = head.width() + 2 <= column;
    let _ = write!(out, "{style}{head}{style:#}");
    if let Some(first) = if fits { lines.next() } else { None } {
        out.push_str(&" ".repeat(column - head.width()));
        write_spans(out, &first);
    }
    out.push('\n');
    for line in lines {
        out.push_str(&" ".repeat(column));
        write_spans(out, &line);
        out.push('\n');
    }
    wrapped(out, NAME_COLUMN, FAINT, why);
}

fn write_spans(out: &mut String, spans: &[Span]) {
    for (style, text) in spans {
        let _ = write!(out, "{style}{text}{style:#}");
    }
}

/// All parts on one line if they fit, else each on lines of its own.
fn content_lines(parts: &[Part], width: usize) -> Vec<Vec<Span>> {
    let mut line: Vec<Span> = Vec::new();
    for part in parts {
        if !line.is_empty() {
            line.push((PLAIN, "  ".to_owned()));
        }
        line.extend(one_line(part));
    }
    if line.is_empty() || spans_width(&line) <= width {
        return if line.is_empty() { Vec::new() } else { vec![line] };
    }
    parts.iter().flat_map(|part| part_lines(part, width)).collect()
}

fn one_line(part: &Part) -> Vec<Span> {
    if !part.is_changed() {
        return vec![(PLAIN, part.side(part.new.as_ref()))];
    }
    let key = if part.key.is_empty() { String::new() } else { format!("{}=", part.key) };
    let values = |side: &Option<Vec<String>>| side.as_ref().map_or("none".to_owned(), |v| v.join(", "));
    vec![(PLAIN, key), (DELETE, values(&part.old)), (PLAIN, " => ".to_owned()), (CREATE, values(&part.new))]
}

fn part_lines(part: &Part, width: usize) -> Vec<Vec<Span>> {
    let line = one_line(part);
    if spans_width(&line) <= width {
        return vec![line];
    }
    if !part.key.is_empty() {
        let sides = [(DELETE, "", &part.old), (CREATE, "=> ", &part.new)];
        let changed =
            sides.map(|(style, mark, side)| vec![(style, mark.to_owned() + &part.side(side.as_ref()))]);
        return if part.is_changed() { changed.into() } else { vec![line] };
    }
    let (old, new) = (part.old.as_deref().unwrap_or_default(), part.new.as_deref().unwrap_or_default());
    if !part.is_changed() {
        return list_lines(new.iter().collect(), "", PLAIN, width);
    }
    // Of long lists people want the difference.
    let gone = old.iter().filter(|target| !new.contains(target)).collect();
    let added = new.iter().filter(|target| !old.contains(target)).collect();
    let stay = new.iter().filter(|target| old.contains(target)).count();
    let mut lines = list_lines(gone, "- ", DELETE, width);
    lines.extend(list_lines(added, "+ ", CREATE, width));
    if stay > 0 {
        lines.push(vec![(FAINT, format!("  and {stay} stay"))]);
    }
    lines
}

/// A list over several lines, broken after commas.
fn list_lines(items: Vec<&String>, mark: &str, style: Style, width: usize) -> Vec<Vec<Span>> {
    let mut lines: Vec<String> = Vec::new();
    let total = items.len();
    for (index, item) in items.into_iter().enumerate() {
        let item = if index + 1 < total { format!("{item},") } else { item.clone() };
        let is_full = lines.len() == LIST_LINES;
        match lines.last_mut() {
            None => lines.push(mark.to_owned() + &item),
            Some(line) if line.width() + 1 + item.width() <= width => {
                line.push(' ');
                line.push_str(&item);
            }
            Some(_) if is_full => {
                lines.push(format!("{}and {} more", " ".repeat(mark.len()), total - index));
                break;
            }
            Some(_) => lines.push(" ".repeat(mark.len()) + &item),
        }
    }
    lines.into_iter().map(|line| vec![(style, line)]).collect()
}

fn spans_width(spans: &[Span]) -> usize {
    spans.iter().map(|(_, text)| text.width()).sum()
}

/// Words, broken between them, from a column on.
fn wrapped(out: &mut String, column: usize, style: Style, text: &str) {
    for line in words(text, COLUMNS - column) {
        let _ = writeln!(out, "{}{style}{line}{style:#}", " ".repeat(column));
    }
}

/// A text in lines of this width, broken between words.
pub(in crate::cli) fn words(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn write_problems(out: &mut String, found: &[problems::Problem]) {
    if found.is_empty() {
        return;
    }
    heading(out, "Problems");
    for problem in found {
        let (style, word) = match problem.severity {
            Severity::Error => (DELETE, "error"),
            Severity::Warning => (UPDATE, "warning"),
        };
        let _ = writeln!(out, "  {style}{word:7}{style:#}  {}", clean(&problem.about));
        wrapped(out, NAME_COLUMN, PLAIN, &clean(&problem.message.replace(['\n', '\r'], " ")));
    }
    out.push('\n');
}

fn write_summary(out: &mut String, preview: Preview<'_>, problems: usize) {
    let plan = &preview.report.plan;
    let counted = |style: Style, count: usize, what: &str| match count {
        0 => format!("none {what}"),
        count => format!("{style}{count} {what}{style:#}"),
    };
    let mut sums = Vec::new();
    if !plan.is_empty() {
        sums.push(counted(CREATE, plan.count("create"), "to create"));
        sums.push(counted(UPDATE, plan.count("update"), "to update"));
        sums.push(counted(DELETE, plan.count("delete"), "to delete"));
    }
    if preview.withheld() > 0 {
        sums.push(counted(DELETE, preview.withheld(), "withheld"));
    }
    let left_alone = skips::count(&plan.skips);
    if left_alone > 0 {
        sums.push(counted(SKIP, left_alone, "left alone"));
    }
    if problems > 0 {
        let style = if preview.succeeded() { UPDATE } else { DELETE };
        sums.push(counted(style, problems, if problems == 1 { "problem" } else { "problems" }));
    }
    let is_nothing = plan.is_empty() && preview.withheld() == 0;
    let title = match (is_nothing, preview.succeeded()) {
        (true, true) => "Nothing to do",
        (true, false) => "Nothing to do, as far as could be read",
        (false, _) => "Plan",
    };
    match sums.as_slice() {
        [] => drop(writeln!(out, "{BOLD}{title}.{BOLD:#}")),
        _ => drop(writeln!(out, "{BOLD}{title}:{BOLD:#} {}.", sums.join(", "))),
    }
}
