//! `docs/reference/flags.md`, made from the flags themselves.

use crate::cli::argv::{Kind, variable};
use crate::cli::{Form, built, kind_of};
use clap::Arg;
use std::fmt::Write;

const INTRODUCTION: &str = "\
# Flags

<!-- Generated from the program; run `UPDATE_DOCS=1 cargo test --lib reference` after a change. -->

The flags are those of ExternalDNS v0.22, and a few more. Flags marked *later* are for a source, provider or
registry that this version does not have yet: they are accepted at their default, and refused otherwise.

- `--flag=value` or `--flag value`; a value that begins with `-` needs the first form.
- A switch takes no value: `--events` or `--no-events`.
- A flag marked *repeatable* may be given several times. Values are not split at commas. Any other flag may be
  given once.
- Each flag may be given in the environment instead, in the variable named beside it: a switch as `true` or `false`,
  the values of a repeatable flag as lines. The command line wins; an empty variable counts as not set.
- `@FILE` on the command line stands for the lines of that file, one word each; lines that begin with `#` are skipped.
- Durations are numbers with units: `90s`, `1h30m`, `1.5s`, `2d`, `1w` (units `ns us ms s m h d w`).
";

fn flag_reference() -> String {
    let command = Form::Plan.command();
    let mut text = INTRODUCTION.to_owned();
    let mut headings: Vec<&str> = vec![];
    for argument in command.get_arguments() {
        let heading = argument.get_help_heading().unwrap();
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    for heading in headings {
        let only = if heading == "Preview" { " (`zonewright plan` only)" } else { "" };
        writeln!(text, "\n## {heading}{only}\n\n| Flag | Default | Meaning |\n|---|---|---|").unwrap();
        for argument in command.get_arguments().filter(|a| a.get_help_heading() == Some(heading)) {
            writeln!(text, "{}", row(argument)).unwrap();
        }
    }
    text
}

fn row(argument: &Arg) -> String {
    let name = argument.get_long().unwrap();
    let kind = kind_of(argument);
    let shown = if kind == Kind::Switch { format!("--[no-]{name}") } else { format!("--{name}") };
    let defaults: Vec<_> = argument.get_default_values().iter().filter_map(|d| d.to_str()).collect();
    let default = match (kind, defaults.join(", ").as_str()) {
        (_, "") => String::new(),
        (Kind::Switch, "true") => "on".into(),
        (Kind::Switch, _) => "off".into(),
        (_, text) => format!("`{text}`"),
    };
    let mut meaning = argument.get_help().unwrap().to_string().replace('|', "\\|");
    // A switch has the possible values true and false, which cannot be typed.
    let values: Vec<_> =
        argument.get_possible_values().into_iter().filter(|_| kind != Kind::Switch).collect();
    let choices: Vec<_> =
        values.iter().filter(|v| !v.is_hide_set()).map(|v| format!("`{}`", v.get_name())).collect();
    if !choices.is_empty() {
        write!(meaning, ": {}", choices.join(" ")).unwrap();
    }
    if built::is_for_later(name) {
        meaning.push_str(" — *later*");
    }
    format!("| `{shown}`<br>`{}` | {default} | {meaning} |", variable(name))
}

#[test]
fn flag_reference_is_up_to_date() {
    crate::reference::hold("flags.md", &flag_reference());
}

#[test]
fn every_flag_has_a_heading_and_help_that_says_whether_it_repeats() {
    for argument in Form::Plan.command().get_arguments() {
        let name = argument.get_long().unwrap();
        assert!(argument.get_help_heading().is_some(), "--{name}");
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        assert!(!help.is_empty(), "--{name}");
        assert_eq!(help.contains("repeatable"), kind_of(argument) == Kind::List, "--{name}: {help}");
    }
}
