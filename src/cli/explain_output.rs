//! What `zonewright explain` shows: the same in text and JSON.

use super::plan_output::{clean, words};
use crate::status::State;
use crate::status::explain::{Check, Explanation, ObjectRow, OwnershipRow, Verdict};
use anstyle::{AnsiColor, Style};
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

const GOOD: Style = AnsiColor::Green.on_default();
const WARN: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const NEWS: Style = AnsiColor::Cyan.on_default();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const PLAIN: Style = Style::new();

const COLUMNS: usize = 100;

/// For programs. The form is that of `/api/names/NAME`.
pub(super) fn json(explanation: &Explanation) -> String {
    // Strings, numbers and lists of them cannot fail to be written.
    serde_json::to_string_pretty(explanation).map(|text| text + "\n").unwrap_or_default()
}

/// For people, with colour codes; whoever prints it strips them where they are not wanted.
pub(super) fn text(explanation: &Explanation) -> String {
    let mut out = String::new();
    objects(&mut out, explanation);
    checks(&mut out, explanation);
    records(&mut out, explanation);
    plan(&mut out, explanation);
    left_alone(&mut out, explanation);
    if !explanation.incomplete.is_empty() {
        heading(&mut out, "Could not be read completely");
        explanation.incomplete.iter().for_each(|what| line(&mut out, 2, BAD, what));
        out.push('\n');
    }
    let style = match explanation.verdict {
        Verdict::Published => GOOD,
        Verdict::Changes | Verdict::LeftAlone => WARN,
        Verdict::Withheld => BAD,
        Verdict::NotAskedFor => NEWS,
    };
    line(&mut out, 0, style.bold(), &explanation.summary);
    out
}

fn objects(out: &mut String, explanation: &Explanation) {
    heading(out, "Objects that ask for it");
    if explanation.objects.is_empty() {
        line(out, 2, FAINT, "none");
    }
    explanation.objects.iter().for_each(|object| object_lines(out, object));
    if !explanation.filtered.is_empty() {
        out.push('\n');
        heading(out, "Objects that would, but for a filter");
        for row in &explanation.filtered {
            line(out, 2, WARN, &row.object);
            line(out, 4, PLAIN, &format!("kept out by {}", row.filter));
        }
    }
    if !explanation.similar.is_empty() {
        out.push('\n');
        heading(out, "Names like it that are asked for");
        for row in &explanation.similar {
            let what = if row.is_wildcard { ", a wildcard that answers for it" } else { "" };
            line(out, 2, PLAIN, &format!("{} by {}{what}", row.name, row.object));
        }
    }
    out.push('\n');
}

fn object_lines(out: &mut String, object: &ObjectRow) {
    line(out, 2, BOLD, &object.object);
    object.wishes.iter().for_each(|wish| line(out, 4, PLAIN, &format!("wishes {wish}")));
    object.holds.iter().for_each(|hold| line(out, 4, WARN, &format!("holds it: {hold}")));
    object.problems.iter().for_each(|problem| line(out, 4, BAD, problem));
}

fn checks(out: &mut String, explanation: &Explanation) {
    heading(out, "Filters and zone");
    let width = explanation.checks.iter().map(|check| check.check.width()).max().unwrap_or_default();
    for Check { check, passes, detail } in &explanation.checks {
        let (style, word) = if *passes { (GOOD, "passes") } else { (BAD, "fails ") };
        let check = clean(check);
        let pad = " ".repeat(width.saturating_sub(check.width()));
        let _ = writeln!(out, "  {check}{pad}  {style}{word}{style:#}  {}", clean(detail));
    }
    if !explanation.other_zones.is_empty() {
        let what = match explanation.zone {
            Some(_) => "shorter zones that contain it, too",
            None => "the zones there are",
        };
        line(out, 2, FAINT, &format!("{what}: {}", explanation.other_zones.join(", ")));
    }
    out.push('\n');
}

fn records(out: &mut String, explanation: &Explanation) {
    heading(out, "Records");
    if explanation.records.is_empty() && explanation.ownership.is_empty() {
        line(out, 2, FAINT, "none of this name");
    }
    for row in &explanation.records {
        let style = match row.state {
            State::InSync => GOOD,
            State::Foreign | State::Unowned | State::Policy | State::Filtered => NEWS,
            State::Withheld | State::Quarantined | State::Fought | State::Unsupported => BAD,
            State::Conflict | State::Pending | State::Waiting | State::Held | State::Denied => WARN,
        };
        let set = set_text(&row.set_identifier);
        let there = if row.exists { row.targets.join(", ") } else { "not in DNS".to_owned() };
        let ttl = row.ttl.filter(|_| row.exists).map(|ttl| format!("  ttl={ttl}")).unwrap_or_default();
        let owner = match &row.owner {
            _ if !row.shared.is_empty() => "  shared".to_owned(),
            Some(owner) => format!("  owner {owner:?}"),
            None if row.exists => "  nobody's".to_owned(),
            None => String::new(),
        };
        let (record_type, state) = (clean(&row.record_type), row.state.as_str());
        let zone = if explanation.zones.len() > 1 { format!("  in {}", row.zone) } else { String::new() };
        let rest = clean(&format!("{there}{ttl}{owner}{zone}"));
        let _ = writeln!(out, "  {record_type:5}{}  {style}{state}{style:#}  {rest}", clean(&set));
    }
    for row in &explanation.ownership {
        let set = set_text(&row.set_identifier);
        let place = match (&row.row, &row.table) {
            (Some(key), Some(table)) => Some(format!("{key} in table {table}")),
            (row, _) => row.clone(),
        };
        let text = match (place, row.exists) {
            (Some(place), _) if row.shares.is_some() => share_text(row, &place),
            (Some(place), true) => format!("ownership record of {}{set}: {place}", row.record_type),
            (place, false) => format!(
                "ownership record of {}{set} without its record: owner {:?}{}",
                row.record_type,
                row.owner.as_deref().unwrap_or_default(),
                place.map(|place| format!(", {place}")).unwrap_or_default()
            ),
            (None, true) => continue,
        };
        line(out, 2, FAINT, &text);
    }
    out.push('\n');
}

/// What an owner has put into a shared record, and where it says so.
fn share_text(row: &OwnershipRow, name: &str) -> String {
    let owner = row.owner.as_deref().unwrap_or_default();
    let targets = row.shares.as_deref().unwrap_or_default();
    let what =
        if targets.is_empty() { "is leaving".to_owned() } else { format!("has {}", targets.join(", ")) };
    let absent = if row.exists { "" } else { ", which does not exist" };
    format!("owner {owner:?} {what} in the {} record{absent}, says {name}", row.record_type)
}

fn plan(out: &mut String, explanation: &Explanation) {
    if explanation.plan.is_empty() {
        return;
    }
    heading(out, "The next run");
    for row in &explanation.plan {
        let (style, sign) = match row.action {
            "create" => (GOOD, '+'),
            "update" => (WARN, '~'),
            _ => (BAD, '-'),
        };
        let head = clean(&format!("{}{}", row.record_type, set_text(&row.set_identifier)));
        let _ = writeln!(out, "  {style}{sign} {head:5}{style:#}  {}", clean(&row.targets.join(", ")));
        let zone = if explanation.zones.len() > 1 { format!("in {}: ", row.zone) } else { String::new() };
        line(out, 11, FAINT, &format!("{zone}{}", row.reason));
    }
    out.push('\n');
}

fn left_alone(out: &mut String, explanation: &Explanation) {
    if explanation.left_alone.is_empty() {
        return;
    }
    heading(out, "Left alone");
    for row in &explanation.left_alone {
        let head = clean(&format!("{}{}", row.record_type, set_text(&row.set_identifier)));
        let mut reason = words(&clean(&row.reason), COLUMNS - 11).into_iter();
        let first = reason.next().unwrap_or_default();
        let _ = write!(out, "  {NEWS}! {head:5}{NEWS:#}  {first}");
        for rest in reason {
            let _ = write!(out, "\n{:11}{rest}", "");
        }
        let _ = writeln!(out, " {FAINT}({}){FAINT:#}", row.code);
        line(out, 11, PLAIN, &format!("{}.", row.advice));
        if let Some(at) = &row.next_try {
            line(out, 11, FAINT, &format!("next try: {at}"));
        }
    }
    out.push('\n');
}

fn set_text(set_identifier: &str) -> String {
    if set_identifier.is_empty() { String::new() } else { format!(" [{set_identifier}]") }
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "{BOLD}{text}{BOLD:#}");
}

/// A text from a column on, broken between words.
fn line(out: &mut String, column: usize, style: Style, text: &str) {
    for line in words(&clean(text), COLUMNS - column) {
        let _ = writeln!(out, "{}{style}{line}{style:#}", " ".repeat(column));
    }
}

#[cfg(test)]
mod tests;
