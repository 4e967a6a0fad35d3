//! The flags of `snapshot`, `restore` and `adopt`.

use super::argv::Given;
use super::flags::Flags;
use super::forms::{Form, asks_for_help, set_flag};
use super::names::{ColorChoice, PlanFormat, Policy, SnapshotFormat};
use super::{Command, Config, Exit, PlanOptions};
use crate::adoption::Pattern;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What `snapshot` writes, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotOptions {
    /// Names or ids of zones; empty for all.
    pub zones: Vec<String>,
    /// In which form.
    pub format: SnapshotFormat,
    /// `None` for standard output.
    pub file: Option<PathBuf>,
}

/// What `restore` restores, and how it shows that. The owner is that of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreOptions {
    /// The snapshot; `-` for standard input.
    pub file: PathBuf,
    /// Names or ids of zones; empty for all that the snapshot has.
    pub zones: Vec<String>,
    /// Whether what is missing is put back whoever owned it.
    pub all_owners: bool,
    /// Whether what differs is then put back, too.
    pub overwrite: bool,
    /// How it is shown.
    pub plan: PlanOptions,
}

/// What `adopt` adopts, and how it shows that. The owner is that of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptOptions {
    /// Names and patterns.
    pub patterns: Vec<Pattern>,
    /// Files with more of them; `-` for standard input.
    pub files: Vec<PathBuf>,
    /// Whose the records have to be; `None` for nobody's.
    pub from_owner: Option<String>,
    /// Names or ids of zones; empty for all.
    pub zones: Vec<String>,
    /// How it is shown.
    pub plan: PlanOptions,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright snapshot", disable_help_flag = true, disable_version_flag = true)]
struct SnapshotArgs {
    /// Form of the snapshot; -o for short
    #[arg(long, default_value = "json", value_name = "FORM", help_heading = "Snapshot")]
    format: SnapshotFormat,
    /// Write it into this file, which is replaced as a whole, and not to standard output
    #[arg(long, value_name = "FILE", help_heading = "Snapshot")]
    output: Option<PathBuf>,
    /// Only the zone of this name or provider's id (repeatable)
    #[arg(long, value_name = "ZONE", help_heading = "Snapshot")]
    zone: Vec<String>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright restore", disable_help_flag = true, disable_version_flag = true)]
struct RestoreArgs {
    /// Whose records are restored [default: --txt-owner-id]
    #[arg(long, default_value = "", value_name = "OWNER", help_heading = "Restore")]
    owner: String,
    /// Put back everything that is missing, whoever owned it, with its ownership records as they were; change and delete nothing
    #[arg(long, action = clap::ArgAction::Set, default_value_t, help_heading = "Restore")]
    all_owners: bool,
    /// With --all-owners, also change back what is there and differs
    #[arg(long, action = clap::ArgAction::Set, default_value_t, help_heading = "Restore")]
    overwrite: bool,
    /// Only in the zone of this name or provider's id (repeatable)
    #[arg(long, value_name = "ZONE", help_heading = "Restore")]
    zone: Vec<String>,
    /// Form of the plan that is shown; -o for short
    #[arg(long, default_value = "text", value_name = "FORM", help_heading = "Restore")]
    output: PlanFormat,
    /// Whether it is coloured; auto for on a terminal
    #[arg(long, default_value = "auto", value_name = "WHEN", help_heading = "Restore")]
    color: ColorChoice,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright adopt", disable_help_flag = true, disable_version_flag = true)]
struct AdoptArgs {
    /// Read names and patterns from this file, one on each line, or - for standard input (repeatable)
    #[arg(long, value_name = "FILE", help_heading = "Adoption")]
    from: Vec<PathBuf>,
    /// Adopt records of this owner, instead of those of nobody
    #[arg(long, default_value = "", value_name = "OWNER", help_heading = "Adoption")]
    from_owner: String,
    /// Only in the zone of this name or provider's id (repeatable)
    #[arg(long, value_name = "ZONE", help_heading = "Adoption")]
    zone: Vec<String>,
    /// Form of the plan that is shown; -o for short
    #[arg(long, default_value = "text", value_name = "FORM", help_heading = "Adoption")]
    output: PlanFormat,
    /// Whether it is coloured; auto for on a terminal
    #[arg(long, default_value = "auto", value_name = "WHEN", help_heading = "Adoption")]
    color: ColorChoice,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn clap_command(form: Form) -> clap::Command {
    match form {
        Form::Snapshot => SnapshotArgs::command(),
        Form::Restore => RestoreArgs::command(),
        _ => AdoptArgs::command(),
    }
}

/// Takes out the words before all flags: what a word behind a flag is, only the flag knows.
pub(super) fn take_operands(form: Form, words: &mut Vec<String>) -> Vec<String> {
    if !matches!(form, Form::Restore | Form::Adopt) || asks_for_help(words) {
        return Vec::new();
    }
    let is_operand = |word: &&String| *word == "-" || !word.starts_with(['-', '@']);
    let count = words.iter().take_while(is_operand).count();
    words.drain(..count).collect()
}

/// Here `--output` names a file, so `-o` is short for another flag: `-o bind`, `-obind`, `-o=bind`.
pub(super) fn long_format(words: Vec<String>) -> Vec<String> {
    let long = |word: String| match word.strip_prefix("-o").map(|rest| rest.strip_prefix('=').unwrap_or(rest))
    {
        Some("") => "--format".to_owned(),
        Some(value) if SnapshotFormat::ALL.iter().any(|f| f.as_str() == value) => format!("--format={value}"),
        // Something else with one dash, to be refused as that.
        _ => word,
    };
    words.into_iter().map(long).collect()
}

/// What goes without saying for `snapshot` and `adopt`. Nothing is taken over that was not asked for.
pub(super) fn settle(form: Form, given: &mut BTreeMap<String, Given>) {
    given.remove("migrate-from-txt-owner");
    // Of other subcommands it is the form of what they show, and a file would be written that is called so.
    if form == Form::Snapshot && given.get("output").is_some_and(|output| output.origin != "--output") {
        given.remove("output");
    }
    if form == Form::Adopt {
        set_flag(given, "once", "true");
        if let Some(from) = given.get("from-owner").and_then(|from| from.values.first()).cloned() {
            let given_here = Given { origin: "--from-owner".to_owned(), values: vec![from] };
            given.insert("migrate-from-txt-owner".to_owned(), given_here);
        }
    }
}

/// What goes without saying for `restore`: what is there and not in the snapshot stays, unless the policy is named that deletes it.
pub(super) fn settle_restore(given: &mut BTreeMap<String, Given>) -> Result<(), Exit> {
    set_flag(given, "once", "true");
    given.remove("migrate-from-txt-owner");
    if !given.contains_key("policy") {
        set_flag(given, "policy", Policy::UpsertOnly.as_str());
    }
    // Rows under former names are none of the snapshot's business, and only one policy goes with it.
    given.remove("txt-prune-old-rows");
    let owner = given.get("owner").and_then(|owner| owner.values.first()).filter(|owner| !owner.is_empty());
    if let Some(owner) = owner.cloned() {
        let registry = given.get("registry").and_then(|registry| registry.values.first());
        if registry.is_some_and(|registry| registry == "noop") {
            return Err(Exit::bad_config(
                "--owner has no meaning with --registry=noop, where nobody owns anything".into(),
            ));
        }
        let given_here = Given { origin: "--owner".to_owned(), values: vec![owner] };
        given.insert("txt-owner-id".to_owned(), given_here);
    }
    Ok(())
}

/// What the words mean. An error is a mistake, or `Err(Err(…))` what clap says of them.
pub(super) fn command(
    form: Form,
    matches: &ArgMatches,
    operands: Vec<String>,
    check: impl FnOnce(Flags, bool) -> Result<Config, Exit>,
) -> Result<Command, Result<Exit, clap::Error>> {
    let bad = |message: &str| Ok(Exit::bad_flag(message.to_owned()));
    match form {
        Form::Snapshot => {
            let SnapshotArgs { format, output, zone, flags } =
                SnapshotArgs::from_arg_matches(matches).map_err(Err)?;
            let is_form = |path: &PathBuf| SnapshotFormat::ALL.iter().any(|f| path.as_os_str() == f.as_str());
            if let Some(form) = output.as_ref().filter(|path| is_form(path)) {
                let form = form.display();
                return Err(bad(&format!(
                    "--output={form}: this names a file; -o {form} or --format={form} chooses the form, and ./{form} is a file"
                )));
            }
            let config = check(flags, true).map_err(Ok)?;
            Ok(Command::Snapshot(Box::new(config), SnapshotOptions { zones: zone, format, file: output }))
        }
        Form::Restore => {
            let RestoreArgs { owner, all_owners, overwrite, zone, output, color, flags } =
                RestoreArgs::from_arg_matches(matches).map_err(Err)?;
            let [file] = operands.as_slice() else {
                return Err(bad("restore needs one file right behind it: zonewright restore FILE [FLAGS]"));
            };
            if all_owners && !owner.is_empty() {
                return Err(bad("--owner and --all-owners exclude each other"));
            }
            if overwrite && !all_owners {
                return Err(bad(
                    "--overwrite is for --all-owners: what belongs to one owner is changed back anyway",
                ));
            }
            let preview = flags.schedule.dry_run();
            let config = check(flags, preview).map_err(Ok)?;
            let plan = PlanOptions { format: output, color };
            let options = RestoreOptions { file: file.into(), zones: zone, all_owners, overwrite, plan };
            Ok(Command::Restore(Box::new(config), options))
        }
        _ => {
            let AdoptArgs { from, from_owner, zone, output, color, flags } =
                AdoptArgs::from_arg_matches(matches).map_err(Err)?;
            let pattern = |text: &String| Pattern::parse(text).map_err(|error| bad(&error));
            let patterns = operands.iter().map(pattern).collect::<Result<Vec<_>, _>>()?;
            if patterns.is_empty() && from.is_empty() {
                return Err(bad(
                    "adopt needs names right behind it, or a file of them: zonewright adopt NAME|PATTERN... [--from=FILE] [FLAGS]",
                ));
            }
            let preview = flags.schedule.dry_run();
            let config = check(flags, preview).map_err(Ok)?;
            if from_owner == config.registry.owner {
                return Err(bad("--from-owner is the owner that adopts; --txt-owner-id says who that is"));
            }
            let from_owner = super::non_empty(from_owner);
            let plan = PlanOptions { format: output, color };
            Ok(Command::Adopt(
                Box::new(config),
                AdoptOptions { patterns, files: from, from_owner, zones: zone, plan },
            ))
        }
    }
}
