//! `--help`.

use super::Form;
use super::argv::Kind;
use clap::{Arg, ArgAction};
use std::any::TypeId;
use std::time::Duration;

const COLUMNS: usize = 100;

const SUBCOMMANDS: &str = "\
Subcommands (before all flags; without one, the daemon runs):
  plan      Show what a run would change, and why, and change nothing
  explain   Say why a name is, or is not, published
  lint      Look for mistakes in manifests, without a cluster and a provider
  owners    Say who owns how many records in which zone
  cleanup   Delete what an owner has that is gone for good
  adopt     Take records that were made without this program into its ownership, as they are
  snapshot  Write down what the zones hold, as JSON or as a zone file
  restore   Make the zones hold again what a snapshot says
  approve   Let through deletes that the guard of a running daemon withholds, or list them
  rbac      Print the roles that a daemon with the same flags needs
  crds      Print the custom resource definitions that the daemon uses
";

const ENVIRONMENT: &str = "\
Each flag can also be given in the environment: --txt-owner-id=me as EXTERNAL_DNS_TXT_OWNER_ID=me, a
switch as true or false, the values of a repeatable flag as lines. The command line wins. @FILE on
the command line stands for the lines of that file. Durations are written 90s, 1h30m, 2d or 1w.
";

/// The text for one form of the command line.
pub(super) fn text(form: Form) -> String {
    let (usage, before) = match form {
        Form::Daemon => (
            "zonewright --provider=NAME --source=NAME --policy=POLICY [FLAGS]\n       zonewright SUBCOMMAND [FLAGS]",
            SUBCOMMANDS,
        ),
        Form::Approve => ("zonewright approve [HASH] [--address=[HOST]:PORT]", ""),
        Form::Explain => ("zonewright explain NAME --provider=NAME --source=NAME [FLAGS]", ""),
        Form::Plan => ("zonewright plan --provider=NAME --source=NAME [FLAGS]", ""),
        Form::Owners => ("zonewright owners --provider=NAME [FLAGS]", ""),
        Form::Cleanup => {
            ("zonewright cleanup --owner=OWNER [--zone=ZONE]... [--dry-run] --provider=NAME [FLAGS]", "")
        }
        Form::Snapshot => (
            "zonewright snapshot [-o json|bind] [--output=FILE] [--zone=ZONE]... --provider=NAME [FLAGS]",
            "",
        ),
        Form::Restore => (
            "zonewright restore FILE [--zone=ZONE]... [--owner=OWNER] [--dry-run] --provider=NAME [FLAGS]\n       \
             zonewright restore FILE [--zone=ZONE]... --all-owners [--overwrite] [--dry-run] --provider=NAME [FLAGS]",
            "",
        ),
        Form::Adopt => {
            ("zonewright adopt NAME|PATTERN... [--zone=ZONE]... [--dry-run] --provider=NAME [FLAGS]", "")
        }
        Form::Lint => ("zonewright lint [FILE|FOLDER|-]... [FLAGS]", ""),
        Form::Rbac => ("zonewright rbac --source=NAME [--service-account=NAMESPACE/NAME] [FLAGS]", ""),
        Form::Crds => {
            return "Print the custom resource definitions that the daemon uses.\n\nUsage: zonewright crds\n"
                .into();
        }
    };
    let about = match form {
        Form::Plan => {
            "Shows what a run would change, and why, and changes nothing.\n\n\
             Exit status: 0 nothing to do, 2 changes, 3 deletes withheld by the guard, 1 error."
        }
        Form::Explain => {
            "Says why a name is, or is not, published: objects, filters, zone, owner, plan. Changes nothing.\n\n\
             Exit status: 0 published as it is asked for, 2 the next run changes something, 3 deletes withheld by\n\
             the guard, 4 left alone or not asked for, 1 error."
        }
        Form::Lint => {
            "Looks for mistakes in manifests: unknown annotations, annotations on the wrong kind of object, malformed\n\
             names, targets and values. Takes the flags of the daemon; without --source, all sources count.\n\n\
             Exit status: 0 nothing found, 1 something found, or an error."
        }
        Form::Rbac => {
            "Prints the roles that a daemon with the same flags needs, and their bindings: exactly what its sources read and\n\
             what it writes into the cluster."
        }
        Form::Owners => {
            "Says who owns how many records in which zone, and how many have no owner. Changes nothing. Takes the flags\n\
             of the daemon; those about objects are ignored.\n\n\
             Exit status: 0, or 1 for an error."
        }
        Form::Cleanup => {
            "Deletes all records of an owner, with their ownership records: of a cluster that is gone for good. Its daemon\n\
             would make them again: stop it first, or have it stopped with --stop-deployment. Takes the flags of that\n\
             daemon; those about objects are ignored.\n\
             With --dry-run it shows what it would do. The delete guard has its say: what it withholds is shown with a\n\
             hash, and deleted with --approve-hash=HASH.\n\n\
             Exit status: 0 done or nothing to do, 2 changes shown by --dry-run, 3 deletes withheld by the guard, 1 error."
        }
        Form::Snapshot => {
            "Writes down what the zones hold: every record set that the provider reports, ownership records included, with\n\
             owners, TTLs and settings. Changes nothing. Takes the flags of the daemon; those about objects are ignored.\n\n\
             Exit status: 0, or 1 for an error, and then nothing is written."
        }
        Form::Restore => {
            "Makes the zones hold again what a snapshot says, or any zone file. Of one owner: what is missing is created, what\n\
             differs is changed, and with --policy=sync what is not in the snapshot is deleted, which the delete guard\n\
             watches. With --all-owners: what is missing is created, whoever owned it, and no more. Takes the flags of the\n\
             daemon; those about objects are ignored. FILE is - for standard input. With --dry-run it shows what it would do.\n\n\
             Exit status: 0 done or nothing to do, 2 changes shown by --dry-run, 3 deletes withheld by the guard, 1 error."
        }
        Form::Adopt => {
            "Takes records that nobody owns into the ownership of --txt-owner-id: their ownership records are written, and they\n\
             themselves stay as they are. In a pattern each * stands for any text, dots included. Says of each record that it\n\
             leaves alone why. Takes the flags of the daemon; those about objects are ignored. With --dry-run it shows what it\n\
             would do. A daemon with --policy=sync deletes what it owns and no object asks for.\n\n\
             Exit status: 0 done or nothing to do, 2 changes shown by --dry-run, 1 error."
        }
        Form::Approve => {
            "Lets through the deletes that the guard of a running daemon withholds under this hash: exactly these,\n\
             once. Without a hash, says what is withheld."
        }
        _ => {
            "Zonewright keeps DNS records in step with Kubernetes objects. It takes the flags of ExternalDNS."
        }
    };
    let separator = if before.is_empty() { "" } else { "\n" };
    let command = form
        .command()
        .mut_args(readable)
        .override_usage(usage)
        .help_template(format!(
            "{about}\n\n{{usage-heading}} {{usage}}\n\n{before}{separator}{{all-args}}\n\n{ENVIRONMENT}"
        ))
        .term_width(COLUMNS);
    let text = command.clone().render_help().to_string();
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Switches as `--[no-]x`, and no mention of empty defaults.
fn readable(argument: Arg) -> Arg {
    let defaults = argument.get_default_values();
    let is_empty = defaults.iter().all(|d| d.is_empty());
    let is_on = defaults.iter().any(|d| d == "true");
    if super::kind_of(&argument) == Kind::Switch {
        let name = format!("[no-]{}", argument.get_long().unwrap_or_default());
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let help = if is_on { format!("{help} [default: on]") } else { help };
        return argument.long(name).action(ArgAction::SetTrue).help(help);
    }
    let is_duration = argument.get_value_parser().type_id() == TypeId::of::<Duration>();
    let argument = if is_duration { argument.value_name("DURATION") } else { argument };
    argument.hide_default_value(is_empty)
}
