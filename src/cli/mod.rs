//! The command line: every flag of ExternalDNS v0.22 and its environment variable -> checked, typed configuration.
//!
//! ```text
//! words, environment ── argv ──> values by flag ── clap (…Args) ──> typed values ── check() ──> Config
//!                       grammar                    choices, defaults            what goes together
//! ```
//!
//! Each concern has one file with what was typed (`…Args`, private) and what it means (`…Config`, public); `check` takes the one
//! apart to make the other, so that a forgotten flag does not compile. Nothing else in the program reads flags or environment, and
//! nothing here reads the process's own: both are handed in.

mod args;
mod argv;
mod built;
mod command;
mod commands;
mod explain_output;
mod filters;
mod flags;
mod forms;
mod guard;
mod help;
mod keeping;
mod kubernetes;
mod leadership;
mod lint;
mod mistakes;
mod names;
mod own;
mod plan_output;
mod planning;
mod providers;
mod rbac;
mod registry;
mod schedule;
mod sources;
mod telemetry;
mod templates;
#[cfg(test)]
mod tests;
mod values;

pub use command::{CleanupOptions, Command, ExplainOptions, PlanOptions};
pub use commands::run;
pub use filters::FiltersConfig;
pub use flags::Config;
pub use guard::{ConfigMapName, GuardConfig};
pub use keeping::{AdoptOptions, RestoreOptions, SnapshotOptions};
pub use kubernetes::KubernetesConfig;
pub use leadership::LeadershipConfig;
pub use names::{
    CertificateAuthority, ColorChoice, Compatibility, EmittedEvent, LoadBalancing, LogFormat, LogLevel,
    OciZoneScope, PlanFormat, Policy, ProviderName, RegistryName, ReportFormat, ServiceType, SnapshotFormat,
    SourceName, TlsVersion, ZoneVisibility,
};
pub use own::OwnConfig;
pub use planning::PlanningConfig;
pub use providers::ProvidersConfig;
pub use providers::alibaba::AlibabaConfig;
pub use providers::aws::AwsConfig;
pub use providers::azure::AzureConfig;
pub use providers::cloudflare::CloudflareConfig;
pub use providers::coredns::CoreDnsConfig;
pub use providers::exoscale::ExoscaleConfig;
pub use providers::general::GeneralConfig;
pub use providers::godaddy::GoDaddyConfig;
pub use providers::google::GoogleConfig;
pub use providers::inmemory::InMemoryConfig;
pub use providers::ns1::Ns1Config;
pub use providers::oci::OciConfig;
pub use providers::ovh::OvhConfig;
pub use providers::pdns::PdnsConfig;
pub use providers::pihole::PiholeConfig;
pub use providers::rfc2136::Rfc2136Config;
pub use providers::webhook::WebhookConfig;
pub use registry::{RegistryConfig, TxtConfig};
pub use schedule::ScheduleConfig;
pub use sources::{
    GatewayConfig, IngressConfig, NodesConfig, PodConfig, ProductsConfig, ServiceConfig, SourcesConfig,
};
pub use telemetry::TelemetryConfig;
pub use templates::TemplatesConfig;

use args::{ApproveArgs, CleanupArgs, DaemonArgs, ExplainArgs, LintArgs, OwnersArgs, PlanArgs, RbacArgs};
use argv::{Given, Kind, Request, Surroundings};
use clap::FromArgMatches;
use forms::{Form, asks_for_help, take_name, take_operand};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use zonewright_planner::DnsName;
use zonewright_provider_kit::files::{SMALL, read_text};

/// The end of the program before it began: help, version or a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Exit status: 0, or 1 for a mistake.
    pub code: u8,
    /// What to print, without a final line break.
    pub message: String,
    /// Whether to print it to standard output rather than standard error.
    pub to_stdout: bool,
}

impl Exit {
    fn text(message: String) -> Self {
        Self { code: 0, message: message.trim_end().to_owned(), to_stdout: true }
    }

    fn bad_flag(message: String) -> Self {
        Self { code: 1, message: format!("flag parsing error: {message} (try --help)"), to_stdout: false }
    }

    fn bad_config(message: String) -> Self {
        Self { code: 1, message: format!("config validation failed: {message}"), to_stdout: false }
    }
}

/// Names the flag, and not the value: it may be a key.
fn not_utf_8(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    match text.split_once('=') {
        Some((flag, _)) if flag.starts_with("--") => format!("the value of {flag} is not UTF-8"),
        _ => "one of the words is not UTF-8".to_owned(),
    }
}

/// Reads the command line (the program's name first, as [`std::env::args_os`] gives it) and the environment.
///
/// # Errors
/// When there is nothing to run: help, version, or a mistake.
pub fn parse(
    args: impl Iterator<Item = OsString>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Command, Exit> {
    let words: Vec<String> = args
        .skip(1)
        .map(|word| word.into_string().map_err(|word| Exit::bad_flag(not_utf_8(&word))))
        .collect::<Result<_, _>>()?;
    let (form, mut words) = Form::of(words).map_err(Exit::bad_flag)?;
    let operands = keeping::take_operands(form, &mut words);
    let operand = match form {
        Form::Approve => take_operand(&mut words),
        Form::Explain if !asks_for_help(&words) => {
            Some(take_name(&mut words).map_err(Exit::bad_flag)?.to_string())
        }
        _ => None,
    };
    let command = form.command();
    let kinds: BTreeMap<String, Kind> = command
        .get_arguments()
        .filter_map(|argument| Some((argument.get_long()?.to_owned(), kind_of(argument))))
        .collect();
    match form {
        Form::Lint => words = lint::completed(words, &kinds, env),
        Form::Rbac => words = rbac::completed(words, env),
        _ => {}
    }
    let around = Surroundings { env, read_file: &|path| read_text(Path::new(path), SMALL) };
    let mut given = match argv::read(words, &kinds, &around).map_err(Exit::bad_flag)? {
        Request::Help => return Err(Exit::text(help::text(form))),
        Request::Version => return Err(Exit::text(format!("zonewright {}", env!("CARGO_PKG_VERSION")))),
        Request::Unknown(name) => return Err(Exit::bad_flag(mistakes::unknown_flag(&name, command))),
        Request::Flags(given) => given,
    };
    form.settle(&mut given)?;
    if kinds.contains_key(REGISTRY_NAMESPACE) {
        registry_namespace(&mut given, env);
    }
    let matches = command
        .try_get_matches_from(canonical(&given))
        .map_err(|error| Exit::bad_flag(mistakes::describe(&error, &given)))?;
    let typed = |error: clap::Error| Exit::bad_flag(mistakes::describe(&error, &given));
    match form {
        Form::Crds => Ok(Command::Crds),
        Form::Approve => {
            let ApproveArgs { address } = ApproveArgs::from_arg_matches(&matches).map_err(typed)?;
            Ok(Command::Approve { hash: operand, address })
        }
        Form::Daemon => {
            let flags = DaemonArgs::from_arg_matches(&matches).map_err(typed)?.flags;
            let preview = flags.schedule.dry_run();
            let mut config = flags.check(preview, &given)?;
            config.leadership.pod = env("POD_NAME");
            Ok(Command::Run(Box::new(config)))
        }
        Form::Plan => {
            let PlanArgs { flags, output, color } = PlanArgs::from_arg_matches(&matches).map_err(typed)?;
            let config = flags.check(true, &given)?;
            Ok(Command::Plan(Box::new(config), PlanOptions { format: output, color }))
        }
        Form::Owners => {
            let OwnersArgs { flags, output } = OwnersArgs::from_arg_matches(&matches).map_err(typed)?;
            Ok(Command::Owners(Box::new(flags.check(true, &given)?), output))
        }
        Form::Cleanup => {
            let args = CleanupArgs::from_arg_matches(&matches).map_err(typed)?;
            let CleanupArgs { owner: _, zone, stop_deployment, output, color, flags } = args;
            let preview = flags.schedule.dry_run();
            let config = flags.check(preview, &given)?;
            let plan = PlanOptions { format: output, color };
            let options = CleanupOptions { zones: zone, stop_deployment, plan };
            Ok(Command::Cleanup(Box::new(config), options))
        }
        Form::Snapshot | Form::Restore | Form::Adopt => {
            keeping::command(form, &matches, operands, |flags, preview| flags.check(preview, &given))
                .map_err(|error| error.unwrap_or_else(typed))
        }
        Form::Lint => {
            let LintArgs { flags, output } = LintArgs::from_arg_matches(&matches).map_err(typed)?;
            Ok(Command::Lint(Box::new(flags.check(true, &given)?), output))
        }
        Form::Rbac => {
            let RbacArgs { flags, service_account } = RbacArgs::from_arg_matches(&matches).map_err(typed)?;
            let config = flags.check(true, &given)?;
            Ok(Command::Rbac(Box::new(config), service_account))
        }
        Form::Explain => {
            let ExplainArgs { flags, output, color } =
                ExplainArgs::from_arg_matches(&matches).map_err(typed)?;
            let config = flags.check(true, &given)?;
            let name = DnsName::parse(&operand.unwrap_or_default())
                .map_err(|error| Exit::bad_flag(error.to_string()))?;
            Ok(Command::Explain(Box::new(config), ExplainOptions { name, format: output, color }))
        }
    }
}

/// `--crd-registry-namespace`.
const REGISTRY_NAMESPACE: &str = "crd-registry-namespace";

/// Where nobody says in which namespace DNSRecord objects are, it is that of the Pod, as in ExternalDNS: where that is in a variable,
/// by it, and else as the client says.
fn registry_namespace(given: &mut BTreeMap<String, Given>, env: &dyn Fn(&str) -> Option<String>) {
    let is_given =
        given.get(REGISTRY_NAMESPACE).is_some_and(|given| given.values.iter().any(|v| !v.is_empty()));
    if let (false, Some(namespace)) =
        (is_given, env("POD_NAMESPACE").filter(|namespace| !namespace.is_empty()))
    {
        let here = Given { origin: "POD_NAMESPACE".to_owned(), values: vec![namespace] };
        given.insert(REGISTRY_NAMESPACE.to_owned(), here);
    }
}

fn kind_of(argument: &clap::Arg) -> Kind {
    if matches!(argument.get_action(), clap::ArgAction::Append) {
        Kind::List
    } else if argument.get_value_parser().type_id() == std::any::TypeId::of::<bool>() {
        Kind::Switch
    } else {
        Kind::Single
    }
}

fn canonical(given: &BTreeMap<String, Given>) -> Vec<String> {
    let values = given.iter().flat_map(|(name, g)| g.values.iter().map(move |v| format!("--{name}={v}")));
    std::iter::once("zonewright".to_owned()).chain(values).collect()
}

fn non_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn without_blanks(values: Vec<String>) -> Vec<String> {
    values.into_iter().filter(|value| !value.trim().is_empty()).collect()
}

/// `a,b` as `--flag=a --flag=b`.
fn repeated(flag: &str, list: &str) -> String {
    let parts = list.split([',', ' ']).filter(|part| !part.is_empty());
    parts.map(|part| format!("--{flag}={part}")).collect::<Vec<_>>().join(" ")
}

/// A word on commas, for a wrong value that has one.
fn comma_hint(value: &str) -> &'static str {
    if value.contains(',') { "; lists are not split, repeat the flag for each value" } else { "" }
}
