//! The flags that all forms share, and what they mean together.

use super::args::DaemonArgs;
use super::argv::Given;
use super::{
    Exit, FiltersConfig, GuardConfig, KubernetesConfig, LeadershipConfig, OwnConfig, PlanningConfig, Policy,
    ProviderName, ProvidersConfig, RegistryConfig, ScheduleConfig, SourcesConfig, TelemetryConfig,
    TemplatesConfig, built, filters, guard, kubernetes, leadership, own, planning, providers, registry,
    schedule, sources, telemetry, templates,
};
use clap::{Args, CommandFactory};
use std::collections::BTreeMap;

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

/// Everything that can be typed. The order is that of the help.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    own: own::OwnArgs,
    #[command(flatten)]
    guard: guard::GuardArgs,
    #[command(flatten)]
    leadership: leadership::LeadershipArgs,
    #[command(flatten)]
    pub(super) schedule: schedule::ScheduleArgs,
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
    pub(super) providers: providers::ProvidersArgs,
}

impl Flags {
    pub(super) fn check(self, preview: bool, given: &BTreeMap<String, Given>) -> Result<Config, Exit> {
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
    pub(super) fn meaning(self, provider: ProviderName, preview: bool) -> Result<Config, String> {
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
        if providers.webhook.server && !preview {
            serving_fits(&schedule, &leadership, &mut warnings);
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

/// A server has no loop, and whoever calls it decides.
fn serving_fits(schedule: &ScheduleConfig, leadership: &LeadershipConfig, warnings: &mut Vec<String>) {
    let without_effect = [("--once", schedule.once), ("--leader-elect", leadership.elect)];
    for (flag, _) in without_effect.into_iter().filter(|(_, is_set)| *is_set) {
        warnings.push(format!("{flag} has no effect with --webhook-server"));
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
