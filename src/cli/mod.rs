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

mod argv;
mod built;
mod commands;
mod explain_output;
mod filters;
mod guard;
mod help;
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

pub use commands::run;
pub use filters::FiltersConfig;
pub use guard::{ConfigMapName, GuardConfig};
pub use kubernetes::KubernetesConfig;
pub use leadership::LeadershipConfig;
pub use names::{
    CertificateAuthority, ColorChoice, Compatibility, EmittedEvent, LoadBalancing, LogFormat, LogLevel,
    OciZoneScope, PlanFormat, Policy, ProviderName, RegistryName, ReportFormat, ServiceType, SourceName,
    TlsVersion, ZoneVisibility,
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

use crate::kubernetes::permissions::ServiceAccount;
use argv::{Given, Kind, Request, Surroundings};
use clap::{Args, CommandFactory, FromArgMatches, Parser};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use zonewright_planner::DnsName;
use zonewright_provider_kit::files::{SMALL, read_text};

/// What the program is to do.
#[derive(Debug)]
pub enum Command {
    /// Run the daemon (which with `--once` ends by itself).
    Run(Box<Config>),
    /// Show what a run would change.
    Plan(Box<Config>, PlanOptions),
    /// Say why a name is, or is not, published.
    Explain(Box<Config>, ExplainOptions),
    /// Let through what the delete guard of a running daemon withholds, or say what that is.
    Approve {
        /// What is approved; `None` to say what could be.
        hash: Option<String>,
        /// Where the daemon serves metrics.
        address: String,
    },
    /// Say who owns how many records.
    Owners(Box<Config>, ReportFormat),
    /// Delete the records of an owner that is gone, or show that.
    Cleanup(Box<Config>, CleanupOptions),
    /// Look for mistakes in manifests.
    Lint(Box<Config>, ReportFormat),
    /// Print the roles that a daemon with these flags needs.
    Rbac(Box<Config>, ServiceAccount),
    /// Print the custom resource definitions.
    Crds,
}

/// Everything that can be set, checked. Its `Debug` form shows no secret.
#[derive(Debug, Clone)]
pub struct Config {
    /// The connection to the API server.
    pub kubernetes: KubernetesConfig,
    /// What is read and published.
    pub sources: SourcesConfig,
    /// Templates for names and targets.
    pub templates: TemplatesConfig,
    /// What counts.
    pub filters: FiltersConfig,
    /// What may change.
    pub planning: PlanningConfig,
    /// How ownership is kept.
    pub registry: RegistryConfig,
    /// The DNS service, and the settings of all of them.
    pub providers: ProvidersConfig,
    /// Logs and metrics.
    pub telemetry: TelemetryConfig,
    /// When to run.
    pub schedule: ScheduleConfig,
    /// Which replica writes.
    pub leadership: LeadershipConfig,
    /// What ExternalDNS does not have.
    pub own: OwnConfig,
    /// How much may be deleted.
    pub guard: GuardConfig,
    /// To be logged once the log is set up: deprecated flags, flags without effect, values that are ignored.
    pub warnings: Vec<String>,
}

/// How `plan` shows its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanOptions {
    /// In which form.
    pub format: PlanFormat,
    /// Whether in colour.
    pub color: ColorChoice,
}

/// What `cleanup` deletes, and how it shows that. The owner is that of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanupOptions {
    /// Names or ids of zones; empty for all.
    pub zones: Vec<String>,
    /// How it is shown.
    pub plan: PlanOptions,
}

/// What `explain` explains, and how it shows that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainOptions {
    /// The name.
    pub name: DnsName,
    /// In which form.
    pub format: ReportFormat,
    /// Whether in colour.
    pub color: ColorChoice,
}

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
    let operand = match form {
        Form::Approve => take_operand(&mut words),
        Form::Explain if !asks_for_help(&words) => {
            Some(take_name(&mut words).map_err(Exit::bad_flag)?.to_string())
        }
        _ => None,
    };
    let command = form.command();
    let kinds = command
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
            let CleanupArgs { owner: _, zone, output, color, flags } = args;
            let preview = flags.schedule.dry_run();
            let config = flags.check(preview, &given)?;
            let plan = PlanOptions { format: output, color };
            Ok(Command::Cleanup(Box::new(config), CleanupOptions { zones: zone, plan }))
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

/// The forms of the command line, by their first word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Daemon,
    Plan,
    Lint,
    Explain,
    Owners,
    Cleanup,
    Approve,
    Rbac,
    Crds,
}

impl Form {
    /// Tells the form, and removes what the grammar of flags does not know.
    fn of(mut words: Vec<String>) -> Result<(Self, Vec<String>), String> {
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
            Some(word) if !word.starts_with(['-', '@']) => {
                return Err(format!(
                    "unknown subcommand {word}: there are plan, explain, lint, owners, cleanup, approve, rbac and crds, and flags begin with --"
                ));
            }
            _ => return Ok((Self::Daemon, words)),
        };
        words.remove(0);
        if !matches!(form, Self::Approve | Self::Crds) {
            words.iter_mut().for_each(long_output);
        }
        Ok((form, words))
    }

    fn command(self) -> clap::Command {
        match self {
            Self::Daemon => DaemonArgs::command(),
            Self::Plan => PlanArgs::command(),
            Self::Lint => LintArgs::command(),
            Self::Explain => ExplainArgs::command(),
            Self::Owners => OwnersArgs::command(),
            Self::Cleanup => CleanupArgs::command(),
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
    fn settle(self, given: &mut BTreeMap<String, Given>) -> Result<(), Exit> {
        if !matches!(self, Self::Owners | Self::Cleanup) {
            return Ok(());
        }
        ABOUT_OBJECTS.iter().for_each(|flag| drop(given.remove(*flag)));
        let mut set = |flag: &str, value: &str| {
            let given_here = Given { origin: format!("--{flag}"), values: vec![value.to_owned()] };
            given.insert(flag.to_owned(), given_here);
        };
        set("source", SourceName::Empty.as_str());
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

/// Takes out the one word that is neither a flag nor the value of one. A second one is left, to be refused.
fn take_operand(words: &mut Vec<String>) -> Option<String> {
    let is_operand = |index: &usize| {
        !words[*index].starts_with(['-', '@']) && (*index == 0 || words[*index - 1] != "--address")
    };
    (0..words.len()).find(is_operand).map(|index| words.remove(index))
}

/// The name to explain stands before all flags, because a word behind a flag may be its value.
fn take_name(words: &mut Vec<String>) -> Result<DnsName, String> {
    match words.first() {
        Some(word) if !word.starts_with(['-', '@']) => {
            DnsName::parse(&words.remove(0)).map_err(|error| error.to_string())
        }
        _ => Err("explain needs a name right behind it: zonewright explain NAME [FLAGS]".to_owned()),
    }
}

fn asks_for_help(words: &[String]) -> bool {
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

#[derive(Debug, Parser)]
#[command(name = "zonewright", disable_help_flag = true, disable_version_flag = true)]
struct DaemonArgs {
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright plan", disable_help_flag = true, disable_version_flag = true)]
struct PlanArgs {
    /// Form of the result; -o for short
    #[arg(long, default_value = "text", value_name = "FORM", help_heading = "Preview")]
    output: PlanFormat,
    /// Whether the result is coloured; auto for on a terminal
    #[arg(long, default_value = "auto", value_name = "WHEN", help_heading = "Preview")]
    color: ColorChoice,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright explain", disable_help_flag = true, disable_version_flag = true)]
struct ExplainArgs {
    /// Form of the answer; -o for short
    #[arg(long, default_value = "text", value_name = "FORM", help_heading = "Answer")]
    output: ReportFormat,
    /// Whether the answer is coloured; auto for on a terminal
    #[arg(long, default_value = "auto", value_name = "WHEN", help_heading = "Answer")]
    color: ColorChoice,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright owners", disable_help_flag = true, disable_version_flag = true)]
struct OwnersArgs {
    /// Form of the answer; -o for short
    #[arg(long, default_value = "text", value_name = "FORM", help_heading = "Answer")]
    output: ReportFormat,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright cleanup", disable_help_flag = true, disable_version_flag = true)]
struct CleanupArgs {
    /// Whose records are deleted; --txt-owner-id does not count here
    #[arg(long, default_value = "", value_name = "OWNER", help_heading = "Cleanup")]
    owner: String,
    /// Only in the zone of this name or provider's id (repeatable)
    #[arg(long, value_name = "ZONE", help_heading = "Cleanup")]
    zone: Vec<String>,
    /// Form of the plan that is shown; -o for short
    #[arg(long, default_value = "text", value_name = "FORM", help_heading = "Cleanup")]
    output: PlanFormat,
    /// Whether it is coloured; auto for on a terminal
    #[arg(long, default_value = "auto", value_name = "WHEN", help_heading = "Cleanup")]
    color: ColorChoice,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright approve", disable_help_flag = true, disable_version_flag = true)]
struct ApproveArgs {
    /// The --metrics-address of the daemon, which takes approvals only from its own machine or Pod
    #[arg(long, default_value = "127.0.0.1:7979", value_name = "[HOST]:PORT", help_heading = "Approval")]
    address: String,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright lint", disable_help_flag = true, disable_version_flag = true)]
struct LintArgs {
    /// Form of the result; -o for short
    #[arg(long, default_value = "text", value_name = "FORM", help_heading = "Check")]
    output: ReportFormat,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright rbac", disable_help_flag = true, disable_version_flag = true)]
struct RbacArgs {
    /// The service account of the daemon; the roles are called like it
    #[arg(long, default_value = "zonewright/zonewright", value_parser = rbac::service_account, value_name = "NAMESPACE/NAME",
        help_heading = "Roles")]
    service_account: ServiceAccount,
    #[command(flatten)]
    flags: Flags,
}

/// Everything that can be typed. The order is that of the help.
#[derive(Debug, Args)]
struct Flags {
    #[command(flatten)]
    own: own::OwnArgs,
    #[command(flatten)]
    guard: guard::GuardArgs,
    #[command(flatten)]
    leadership: leadership::LeadershipArgs,
    #[command(flatten)]
    schedule: schedule::ScheduleArgs,
    #[command(flatten)]
    planning: planning::PlanningArgs,
    #[command(flatten)]
    registry: registry::RegistryArgs,
    #[command(flatten)]
    sources: sources::SourcesArgs,
    #[command(flatten)]
    templates: templates::TemplatesArgs,
    #[command(flatten)]
    filters: filters::FiltersArgs,
    #[command(flatten)]
    kubernetes: kubernetes::KubernetesArgs,
    #[command(flatten)]
    telemetry: telemetry::TelemetryArgs,
    #[command(flatten)]
    providers: providers::ProvidersArgs,
}

impl Flags {
    fn check(self, preview: bool, given: &BTreeMap<String, Given>) -> Result<Config, Exit> {
        let provider = self.provider().map_err(Exit::bad_flag)?;
        let mut config = self.meaning(provider, preview).map_err(Exit::bad_config)?;
        let changed = built::changed(given, &DaemonArgs::command());
        built::refuse_missing(&config, &changed).map_err(Exit::bad_config)?;
        config.warnings.extend(built::without_effect(provider, &changed));
        Ok(config)
    }

    /// The provider, once it is sure that no required flag is missing.
    fn provider(&self) -> Result<ProviderName, String> {
        let provider = self.providers.general.provider();
        let missing_source = self.sources.is_source_missing().then_some("'--source'");
        match (provider, missing_source) {
            (Some(provider), None) => Ok(provider),
            (provider, source) => {
                let provider = provider.is_none().then_some("'--provider'");
                let missing: Vec<_> = provider.into_iter().chain(source).collect();
                Err(format!("required flag(s) {} not provided", missing.join(", ")))
            }
        }
    }

    /// The order of the checks is that of ExternalDNS, so that of several mistakes the same one is named.
    fn meaning(self, provider: ProviderName, preview: bool) -> Result<Config, String> {
        let Self {
            own,
            guard,
            leadership,
            schedule,
            planning,
            registry,
            sources,
            templates,
            filters,
            kubernetes,
            telemetry,
            providers,
        } = self;
        let mut warnings = Vec::new();
        planning.policy(preview)?;
        let providers = providers.check(provider, &mut warnings)?;
        let templates = templates.check()?;
        let registry = registry.check()?.fitting(provider, &mut warnings)?;
        let filters = filters.check(&mut warnings)?;
        let sources = sources.check(&filters.annotation_filter, &mut warnings)?;
        let kubernetes = kubernetes.check(&mut warnings)?;
        let planning = planning.check(preview, &mut warnings)?;
        if registry.txt.prune_former && planning.policy != Policy::Sync {
            return Err(
                "--txt-prune-old-rows deletes ownership records, which only --policy=sync does".into()
            );
        }
        let run =
            guard::Run { is_preview: preview, is_single: schedule.once(), is_offline: own.is_offline() };
        let guard = guard.check(run, &mut warnings)?;
        let (schedule, own) = (schedule.check(), own.check());
        let leadership = leadership.check()?;
        if leadership.elect {
            leadership_fits(&schedule, &own, preview, &mut warnings)?;
        }
        Ok(Config {
            kubernetes,
            sources,
            templates,
            filters,
            planning,
            registry,
            providers,
            telemetry: telemetry.check(),
            schedule,
            leadership,
            own,
            guard,
            warnings,
        })
    }
}

/// What has no place for an election says so.
fn leadership_fits(
    schedule: &ScheduleConfig,
    own: &OwnConfig,
    preview: bool,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    if schedule.dry_run {
        warnings.push("--leader-elect has no effect with --dry-run, which writes nothing".into());
    }
    if preview {
        return Ok(());
    }
    if schedule.once {
        return Err(
            "--leader-elect and --once exclude each other: a single run cannot wait for its turn".into()
        );
    }
    if !own.manifests.is_empty() {
        return Err(
            "--leader-elect needs an API server for its Lease, and --manifests stands in for one".into()
        );
    }
    Ok(())
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
