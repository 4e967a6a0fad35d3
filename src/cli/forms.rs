//! The first word: which form of the command line this is, and what only that form has. Behind it there are flags.

use super::args::{
    ApproveArgs, CleanupArgs, DaemonArgs, ExplainArgs, LintArgs, OwnersArgs, PlanArgs, RbacArgs,
};
use super::argv::Given;
use super::{Exit, PlanFormat, Policy, SourceName, keeping};
use clap::CommandFactory;
use std::collections::BTreeMap;
use zonewright_planner::DnsName;

/// The forms of the command line, by their first word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Daemon,
    Plan,
    Lint,
    Explain,
    Owners,
    Cleanup,
    Snapshot,
    Restore,
    Adopt,
    Approve,
    Rbac,
    Crds,
}

impl Form {
    /// Tells the form, and removes what the grammar of flags does not know.
    pub(super) fn of(mut words: Vec<String>) -> Result<(Self, Vec<String>), String> {
        let form = match words.first().map(String::as_str) {
            Some("plan") => Self::Plan,
            Some("explain") => Self::Explain,
            Some("approve") => Self::Approve,
            Some("rbac") => Self::Rbac,
            Some("crds") => Self::Crds,
            Some("help") => return Ok((Self::Daemon, vec!["--help".into()])),
            Some("lint") => Self::Lint,
            Some("owners") => Self::Owners,
            Some("cleanup") => Self::Cleanup,
            Some("snapshot") => Self::Snapshot,
            Some("restore") => Self::Restore,
            Some("adopt") => Self::Adopt,
            Some(word) if !word.starts_with(['-', '@']) => {
                return Err(format!(
                    "unknown subcommand {word}: there are plan, explain, lint, owners, cleanup, adopt, snapshot, restore, approve, rbac and crds, and flags begin with --"
                ));
            }
            _ => return Ok((Self::Daemon, words)),
        };
        words.remove(0);
        match form {
            Self::Approve | Self::Crds => {}
            Self::Snapshot => words = keeping::long_format(words),
            _ => words.iter_mut().for_each(long_output),
        }
        Ok((form, words))
    }

    pub(super) fn command(self) -> clap::Command {
        match self {
            Self::Daemon => DaemonArgs::command(),
            Self::Plan => PlanArgs::command(),
            Self::Lint => LintArgs::command(),
            Self::Explain => ExplainArgs::command(),
            Self::Owners => OwnersArgs::command(),
            Self::Cleanup => CleanupArgs::command(),
            Self::Snapshot | Self::Restore | Self::Adopt => keeping::clap_command(self),
            Self::Approve => ApproveArgs::command(),
            Self::Rbac => RbacArgs::command(),
            Self::Crds => {
                clap::Command::new("zonewright crds").disable_help_flag(true).disable_version_flag(true)
            }
        }
    }
}

/// Flags of the daemon that are about objects, or about running on. Who looks at records alone may repeat them all.
const ABOUT_OBJECTS: [&str; 7] = [
    "manifests",
    "events",
    "events-emit",
    "leader-elect",
    "domain-policy",
    "fqdn-template",
    "approval-configmap",
];

impl Form {
    /// Sets what goes without saying.
    pub(super) fn settle(self, given: &mut BTreeMap<String, Given>) -> Result<(), Exit> {
        if !matches!(self, Self::Owners | Self::Cleanup | Self::Snapshot | Self::Restore | Self::Adopt) {
            return Ok(());
        }
        ABOUT_OBJECTS.iter().for_each(|flag| drop(given.remove(*flag)));
        set_flag(given, "source", SourceName::Empty.as_str());
        match self {
            Self::Restore => return keeping::settle_restore(given),
            Self::Snapshot | Self::Adopt => keeping::settle(self, given),
            _ => {}
        }
        let mut set = |flag: &str, value: &str| set_flag(given, flag, value);
        set("policy", Policy::Sync.as_str());
        if self == Self::Cleanup {
            set("once", "true");
            let owner = given.get("owner").and_then(|owner| owner.values.first()).filter(|o| !o.is_empty());
            let owner = owner.cloned().ok_or_else(|| {
                Exit::bad_flag(
                    "required flag(s) '--owner' not provided: cleanup deletes what this owner has".into(),
                )
            })?;
            given.insert(
                "txt-owner-id".to_owned(),
                Given { origin: "--owner".to_owned(), values: vec![owner] },
            );
        }
        Ok(())
    }
}

/// Gives a flag this value, whatever was typed.
pub(super) fn set_flag(given: &mut BTreeMap<String, Given>, flag: &str, value: &str) {
    let given_here = Given { origin: format!("--{flag}"), values: vec![value.to_owned()] };
    given.insert(flag.to_owned(), given_here);
}

/// Takes out the one word that is neither a flag nor the value of one. A second one is left, to be refused.
pub(super) fn take_operand(words: &mut Vec<String>) -> Option<String> {
    let is_operand = |index: &usize| {
        !words[*index].starts_with(['-', '@']) && (*index == 0 || words[*index - 1] != "--address")
    };
    (0..words.len()).find(is_operand).map(|index| words.remove(index))
}

/// The name to explain stands before all flags, because a word behind a flag may be its value.
pub(super) fn take_name(words: &mut Vec<String>) -> Result<DnsName, String> {
    match words.first() {
        Some(word) if !word.starts_with(['-', '@']) => {
            DnsName::parse(&words.remove(0)).map_err(|error| error.to_string())
        }
        _ => Err("explain needs a name right behind it: zonewright explain NAME [FLAGS]".to_owned()),
    }
}

pub(super) fn asks_for_help(words: &[String]) -> bool {
    words.iter().any(|word| matches!(word.as_str(), "--help" | "--help-long" | "--help-man" | "--version"))
}

/// What shows something has a short flag: `-o json`, `-ojson`, `-o=json`.
fn long_output(word: &mut String) {
    let Some(rest) = word.strip_prefix("-o") else { return };
    *word = match rest.strip_prefix('=').unwrap_or(rest) {
        "" => "--output".into(),
        value if PlanFormat::ALL.iter().any(|f| f.as_str() == value) => format!("--output={value}"),
        // Something else with one dash, to be refused as that.
        _ => return,
    };
}
