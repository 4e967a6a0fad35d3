//! The only place that turns names into implementations: `--source`, `--provider` and `--registry` values become sources, a provider
//! and a registry. Nothing here decides anything.

use crate::cli::{self, Config, ProviderName, RegistryName, SourceName};
use crate::sources::Source;
use crate::sources::annotations::AnnotationKeys;
use crate::sources::crd::CrdSource;
use crate::sources::empty::EmptySource;
use crate::sources::fake::FakeSource;
use crate::sources::gateway::objects::NAMESPACE;
use crate::sources::gateway::{GatewaySource, RouteKind};
use crate::sources::ingress::{CLASS_ANNOTATION, IngressSource};
use crate::sources::node::NodeSource;
use crate::sources::pipeline::{Nat64Prefixes, PipelineSettings, TargetNetworks};
use crate::sources::pod::PodSource;
use crate::sources::service::ServiceSource;
use crate::sources::service::resolve::Resolved;
use crate::sources::settings::{
    Compatibility, GatewaySettings, IngressSettings, NodeSettings, PodSettings, ServiceSettings, Settings,
};
use crate::sources::store::{Caches, Retention, Scope};
use crate::sources::template::{TemplateFlags, Templates};
use crate::sources::tenancy::{DomainPolicy, PolicyFile, Tenancy};
use crate::sync::guard::{Guard, GuardSettings, ZoneShare};
use crate::sync::{HoldAges, ListingCache, Pipeline, PlanSettings};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use zonewright_planner::{DomainFilter, ManagedTypes, Owner, Policy, RecordType};
use zonewright_provider_inmemory::{InMemory, InMemoryConfig};
use zonewright_provider_kit::{ProviderError, ReadZones, RequestRecorder, WriteZone};
use zonewright_provider_webhook::{self as webhook, Webhook, WebhookConfig, WebhookStats};
use zonewright_registry::{NonceSource, Registry, TxtRegistry, TxtSettings};

/// Why the program cannot start. The message names the flag.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    /// Wraps what went wrong; the message must name the flag or file.
    pub fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// All sources, what they share, and handles for those who work around a cycle.
pub struct Sources {
    /// In the order of the flags.
    pub all: Vec<Arc<dyn Source>>,
    /// What they read from.
    pub caches: Caches,
    /// Source `crd`, whose objects have a status to write.
    pub crd: Option<Arc<CrdSource>>,
    /// Source `service` and the addresses it looks up.
    pub service: Option<(Arc<ServiceSource>, Arc<Resolved>)>,
    /// Which namespace may use which domains, with the file that says so.
    pub policy: Option<(Arc<DomainPolicy>, PolicyFile)>,
}

/// Makes the sources.
///
/// # Errors
/// When a template, a filter or a combination of flags cannot work, or the domain policy makes no sense.
pub fn sources(config: &Config) -> Result<Sources, StartError> {
    sources_with(config, &config.sources.names, |_| {})
}

/// Makes sources with settings that differ from what the flags say: to find out what a flag keeps out.
///
/// # Errors
/// As [`sources`].
pub fn sources_with(
    config: &Config,
    names: &[SourceName],
    adjust: impl FnOnce(&mut Settings),
) -> Result<Sources, StartError> {
    let mut settings = settings(config)?;
    adjust(&mut settings);
    let settings = Arc::new(settings);
    let mut caches = Caches::new(retention(config, &settings));
    let mut sources = Sources {
        all: Vec::new(),
        caches: Caches::new(Retention::default()),
        crd: None,
        service: None,
        policy: None,
    };
    for name in names {
        let source: Arc<dyn Source> = match name {
            SourceName::Ingress => Arc::new(IngressSource::new(settings.clone(), &mut caches)),
            SourceName::Node => Arc::new(NodeSource::new(settings.clone(), &mut caches)),
            SourceName::Pod => Arc::new(PodSource::new(settings.clone(), &mut caches)),
            SourceName::Empty => Arc::new(EmptySource),
            SourceName::Fake => Arc::new(FakeSource::new(fake_names(&settings)?, seed())),
            SourceName::Crd => {
                let source = Arc::new(CrdSource::new(settings.clone(), &mut caches));
                sources.crd = Some(source.clone());
                source
            }
            SourceName::Service => {
                let resolved = Arc::<Resolved>::default();
                let source = Arc::new(ServiceSource::new(settings.clone(), &mut caches, resolved.clone()));
                sources.service = Some((source.clone(), resolved));
                source
            }
            other => match RouteKind::of_source(other.as_str()) {
                Some(kind) => Arc::new(GatewaySource::new(kind, settings.clone(), &mut caches)),
                None => return Err(StartError(format!("--source={other} is not part of this version"))),
            },
        };
        sources.all.push(source);
    }
    if let Some(path) = &config.own.domain_policy {
        sources.policy = Some(domain_policy(path, &mut caches)?);
    }
    sources.caches = caches;
    Ok(sources)
}

/// Namespaces are watched only if their labels matter.
fn domain_policy(path: &Path, caches: &mut Caches) -> Result<(Arc<DomainPolicy>, PolicyFile), StartError> {
    let (file, rules) =
        PolicyFile::open(path).map_err(|error| StartError(format!("--domain-policy: {error}")))?;
    let namespaces = rules.needs_labels().then(|| caches.of(NAMESPACE, Scope::default()));
    Ok((Arc::new(DomainPolicy::new(rules, namespaces)), file))
}

fn settings(config: &Config) -> Result<Settings, StartError> {
    let Config { sources, templates, filters, .. } = config;
    if !sources.ingress.classes.is_empty()
        && filters.annotation_filter.keys().any(|key| key == CLASS_ANNOTATION)
    {
        return Err(StartError(format!(
            "--ingress-class and an --annotation-filter on {CLASS_ANNOTATION} exclude each other"
        )));
    }
    let flags = TemplateFlags {
        fqdn: templates.fqdn.clone(),
        target: templates.target.clone(),
        fqdn_target: templates.fqdn_target.clone(),
        combine: templates.combine,
    };
    let annotation_keys = match &sources.annotation_prefix {
        Some(prefix) => AnnotationKeys::only(prefix),
        None => AnnotationKeys::default(),
    };
    Ok(Settings {
        annotation_keys,
        annotation_filter: filters.annotation_filter.clone(),
        label_filter: filters.label_filter.clone(),
        namespace: filters.namespace.clone().unwrap_or_default(),
        templates: Templates::parse(&flags).map_err(StartError::of)?,
        ignore_hostname_annotation: templates.ignore_hostname_annotation,
        compatibility: sources.compatibility.map(|compatibility| match compatibility {
            cli::Compatibility::Mate => Compatibility::Mate,
            cli::Compatibility::Molecule => Compatibility::Molecule,
            cli::Compatibility::KopsDnsController => Compatibility::KopsDnsController,
        }),
        targets_are_replaced: sources.force_default_targets && !sources.default_targets.is_empty(),
        nodes: NodeSettings {
            exclude_unschedulable: sources.nodes.exclude_unschedulable,
            expose_internal_ipv6: sources.nodes.expose_internal_ipv6,
        },
        service: ServiceSettings {
            types: sources.service.types.iter().map(ToString::to_string).collect(),
            publish_internal: sources.service.publish_internal,
            publish_host_ip: sources.service.publish_host_ip,
            always_publish_not_ready: sources.service.always_publish_not_ready,
            resolve_load_balancer_hostname: sources.service.resolve_load_balancer_hostname,
        },
        ingress: IngressSettings {
            classes: sources.ingress.classes.clone(),
            ignore_rules: sources.ingress.ignore_rules,
            ignore_tls: sources.ingress.ignore_tls,
        },
        gateway: GatewaySettings {
            name: sources.gateway.name.clone().unwrap_or_default(),
            namespace: sources.gateway.namespace.clone().unwrap_or_default(),
            label_filter: sources.gateway.label_filter.clone(),
            listener_sets: sources.gateway.listener_sets,
        },
        pod: PodSettings {
            source_domain: sources.pod.source_domain.clone().unwrap_or_default(),
            ignore_non_host_network: sources.pod.ignore_non_host_network,
        },
    })
}

/// What caches keep of each object: the annotations and labels that somebody may read.
fn retention(config: &Config, settings: &Settings) -> Retention {
    let mut prefixes: Vec<String> = settings.annotation_keys.prefixes().to_vec();
    prefixes.push(CLASS_ANNOTATION.to_owned());
    prefixes.extend(config.filters.annotation_filter.keys().map(str::to_owned));
    if settings.compatibility.is_some() {
        prefixes.extend(["zalando.org/", "domainName", "dns.alpha.kubernetes.io/"].map(str::to_owned));
    }
    Retention {
        whole_objects: settings.templates.needs_whole_objects(),
        annotation_prefixes: prefixes,
        filtered_labels: Some(settings.label_filter.keys().map(str::to_owned).collect()),
    }
}

fn fake_names(settings: &Settings) -> Result<Vec<String>, StartError> {
    let templates = settings.templates.scoped(FakeSource::NAME);
    let names = match templates.has_fqdn() {
        true => templates.fqdn(&FakeSource::template_object()).map_err(StartError::of)?,
        false => Vec::new(),
    };
    Ok(if names.is_empty() { vec!["example.com".to_owned()] } else { names })
}

/// Made-up records and pauses differ from one start to the next.
fn seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}

/// The stages between sources and planner.
pub fn stages(config: &Config, policy: Option<&Arc<DomainPolicy>>) -> PipelineSettings {
    let Config { sources, filters, planning, providers, .. } = config;
    PipelineSettings {
        tenancy: Tenancy {
            policy: policy.cloned(),
            refuse_across_namespaces: config.own.refuse_names_across_namespaces,
            holders: None,
        },
        default_targets: sources.default_targets.clone(),
        force_default_targets: sources.force_default_targets,
        nat64: Nat64Prefixes::new(planning.nat64_networks.clone()),
        target_networks: TargetNetworks {
            include: filters.target_nets.clone(),
            exclude: filters.exclude_target_nets.clone(),
        },
        create_ptr: managed_types(config).contains(&RecordType::Ptr).then_some(planning.create_ptr),
        min_ttl: i64::try_from(planning.min_ttl_seconds).unwrap_or(i64::MAX),
        provider: providers.general.name.to_string(),
        prefer_alias: planning.prefer_alias,
    }
}

/// Whether this program was built with a provider.
pub fn has_provider(name: ProviderName) -> bool {
    let is_always_there = matches!(name, ProviderName::InMemory | ProviderName::Webhook);
    is_always_there || (name == ProviderName::Aws && cfg!(feature = "aws"))
}

/// A provider, and what belongs to it alone.
pub struct Provider {
    /// Reads.
    pub reader: Arc<dyn ReadZones>,
    /// Writes.
    pub writer: Arc<dyn WriteZone>,
    /// The webhook client, to negotiate with before a single run.
    pub webhook: Option<Webhook>,
    #[cfg(feature = "aws")]
    aws: Option<zonewright_provider_aws::Route53>,
}

impl Provider {
    fn new(reader: impl ReadZones + 'static, writer: impl WriteZone + 'static) -> Self {
        Self {
            reader: Arc::new(reader),
            writer: Arc::new(writer),
            webhook: None,
            #[cfg(feature = "aws")]
            aws: None,
        }
    }

    /// What can be said before anything is asked of the service: that there are no credentials, say. None of it is final, so that
    /// nothing ends because of it.
    pub async fn check(&self) -> Vec<ProviderError> {
        #[cfg(feature = "aws")]
        if let Some(aws) = &self.aws {
            return aws.check().await;
        }
        Vec::new()
    }

    /// The counters of the webhook client.
    pub fn webhook_stats(&self) -> Option<Arc<WebhookStats>> {
        self.webhook.as_ref().map(Webhook::stats)
    }
}

/// Who is told of every request to the provider over HTTP.
#[derive(Default)]
pub struct ProviderRecorders {
    /// Of those of the webhook protocol.
    pub webhook: Option<webhook::RequestRecorder>,
    /// Of those of all other providers.
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "no other provider is built in"))]
    pub others: RequestRecorder,
}

/// Makes the provider. Nothing is asked of it yet.
///
/// # Errors
/// When its settings cannot work.
pub fn provider(config: &Config, recorders: &ProviderRecorders) -> Result<Provider, StartError> {
    match config.providers.general.name {
        ProviderName::InMemory => {
            let settings = InMemoryConfig {
                zones: config.providers.inmemory.zones.clone(),
                records: config.own.inmemory_records.clone(),
            };
            let provider = InMemory::open(&settings).map_err(StartError::of)?;
            Ok(Provider::new(provider.reader(), provider.writer()))
        }
        ProviderName::Webhook => {
            let settings = &config.providers.webhook;
            let settings = WebhookConfig {
                url: settings.url.clone(),
                read_timeout: settings.read_timeout,
                write_timeout: settings.write_timeout,
                max_body_size: settings.max_body_size.map_or(0, |limit| i64::try_from(limit).unwrap_or(0)),
                max_changes: settings.max_changes,
                // The protocol declares no limit, so there is only what the operator knows.
                requests_per_second: config.own.provider_requests_per_second,
            };
            let webhook = Webhook::recorded(&settings, recorders.webhook.clone()).map_err(StartError::of)?;
            let provider = Provider::new(webhook.reader(), webhook.writer());
            Ok(Provider { webhook: Some(webhook), ..provider })
        }
        #[cfg(feature = "aws")]
        ProviderName::Aws => {
            let aws = zonewright_provider_aws::Route53::new(aws_config(config, recorders.others.clone())?);
            Ok(Provider { aws: Some(aws.clone()), ..Provider::new(aws.reader(), aws.writer()) })
        }
        other => Err(StartError(format!("--provider={other} is not part of this version"))),
    }
}

#[cfg(feature = "aws")]
fn aws_config(
    config: &Config,
    recorder: RequestRecorder,
) -> Result<zonewright_provider_aws::AwsConfig, StartError> {
    use zonewright_provider_aws::{Access, AwsConfig, ZoneFilter, ZoneType};
    let settings = &config.providers.aws;
    Ok(AwsConfig {
        access: Access {
            profiles: settings.profiles.clone(),
            assume_role: settings.assume_role.clone(),
            external_id: settings.assume_role_external_id.clone(),
            attempts: settings.api_retries,
            requests_per_second: config.own.provider_requests_per_second,
            recorder,
        },
        zones: ZoneFilter {
            ids: config.filters.zone_id_filter.clone(),
            zone_type: settings.zone_type.map(|visibility| match visibility {
                cli::ZoneVisibility::Public => ZoneType::Public,
                cli::ZoneVisibility::Private => ZoneType::Private,
            }),
            tags: settings.zone_tags.clone(),
            domains: domain_filter(config)?,
            match_parent: settings.zone_match_parent,
        },
        zones_cache: settings.zones_cache_duration,
        batch_changes: settings.batch_change_size,
        batch_bytes: settings.batch_change_size_bytes,
        batch_values: settings.batch_change_size_values,
        batch_interval: settings.batch_change_interval,
        evaluate_target_health: settings.evaluate_target_health,
        prefer_cname: settings.prefer_cname,
    })
}

/// Puts provider, registry and rules together. Without a writer nothing can be written.
///
/// # Errors
/// When the registry's settings or a domain filter cannot work.
pub fn pipeline(
    config: &Config,
    reader: Arc<dyn ReadZones>,
    writer: Option<Arc<dyn WriteZone>>,
) -> Result<Pipeline, StartError> {
    let settings = PlanSettings {
        policy: match config.planning.policy {
            cli::Policy::Sync => Policy::Sync,
            cli::Policy::UpsertOnly => Policy::UpsertOnly,
            cli::Policy::CreateOnly => Policy::CreateOnly,
        },
        managed: managed_types(config),
        filter: domain_filter(config)?,
        hold_missing_targets: config.own.hold_missing_targets,
    };
    Ok(Pipeline { reader, writer, registry: registry(config)?, settings })
}

fn managed_types(config: &Config) -> ManagedTypes {
    ManagedTypes::new(config.planning.managed_types.iter().cloned(), &config.planning.excluded_types)
}

fn domain_filter(config: &Config) -> Result<DomainFilter, StartError> {
    let filters = &config.filters;
    if filters.regex_domain_filter.is_some() || filters.regex_domain_exclusion.is_some() {
        let (include, exclude) =
            (filters.regex_domain_filter.clone(), filters.regex_domain_exclusion.clone());
        return Ok(DomainFilter::from_regexes(include, exclude));
    }
    DomainFilter::from_suffixes(&filters.domain_filter, &filters.exclude_domains)
        .map_err(|error| StartError(format!("--domain-filter or --exclude-domains: {error}")))
}

/// Makes the registry.
///
/// # Errors
/// When its settings cannot work.
pub fn registry(config: &Config) -> Result<Registry, StartError> {
    let settings = &config.registry;
    match settings.name {
        RegistryName::Noop => Ok(Registry::Noop),
        RegistryName::Txt => {
            let nonces = NonceSource::from_system().map_err(|error| {
                StartError(format!("--txt-encrypt-enabled: no randomness to be had: {error}"))
            })?;
            let txt = TxtSettings {
                owner: Owner::new(&settings.owner),
                migrate_from: settings.migrate_from.as_deref().and_then(Owner::new),
                prefix: settings.txt.prefix.clone(),
                suffix: settings.txt.suffix.clone(),
                former_prefixes: settings.txt.former_prefixes.clone(),
                former_suffixes: settings.txt.former_suffixes.clone(),
                prune_former: settings.txt.prune_former,
                wildcard_replacement: settings.txt.wildcard_replacement.clone(),
                encrypt: settings.txt.encrypt,
                key: settings.txt.aes_key.clone(),
                managed: managed_types(config),
                nonces,
                shared_names: settings.txt.shared_names.clone(),
            };
            TxtRegistry::new(txt).map(|txt| Registry::Txt(Box::new(txt))).map_err(StartError::of)
        }
        other => Err(StartError(format!("--registry={other} is not part of this version"))),
    }
}

/// The delete guard, with what is approved in advance.
pub fn guard(config: &Config) -> Guard {
    let settings = &config.guard;
    let zone = |(zone, share): &(String, u32)| ZoneShare { zone: zone.clone(), share: *share };
    let mut guard = Guard::new(GuardSettings {
        enabled: settings.enabled,
        share: settings.share,
        floor: settings.floor as usize,
        max: settings.max as usize,
        zones: settings.zones.iter().map(zone).collect(),
        window: config.schedule.interval,
    });
    guard.expect(settings.approved.iter().cloned());
    guard
}

/// How long names are held.
pub fn hold_ages(config: &Config) -> HoldAges {
    HoldAges::new(config.own.hold_max_age)
}

/// The memory of failures, still empty.
pub fn faults(config: &Config) -> crate::sync::Faults {
    crate::sync::Faults::new(config.schedule.interval, seed())
}

/// How long a listing may be used again, of a service that takes so many requests per second.
pub fn listing_cache(config: &Config, requests_per_second: Option<f64>) -> ListingCache {
    let across_writes = match config.registry.name {
        RegistryName::Txt => config.registry.txt.cache_interval,
        _ => Duration::ZERO,
    };
    let schedule = &config.schedule;
    ListingCache {
        across_writes: across_writes.max(schedule.drift_interval.unwrap_or(schedule.interval)),
        until_write: config.providers.general.cache_time,
        stretch: match (schedule.drift_interval, requests_per_second) {
            (Some(_), _) => 0,
            (None, Some(_)) => ListingCache::OF_LIMITED_SERVICE,
            (None, None) => ListingCache::OF_UNLIMITED_SERVICE,
        },
    }
}
