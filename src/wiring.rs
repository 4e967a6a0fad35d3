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
use zonewright_registry::{AwsSdRegistry, NonceSource, Registry, TxtRegistry, TxtSettings, WriteTable};
#[cfg(feature = "dynamodb")]
use zonewright_registry::{TableRegistry, TableSettings};

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
    Ok(Settings {
        annotation_keys: annotation_keys(config),
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

fn annotation_keys(config: &Config) -> AnnotationKeys {
    match &config.sources.annotation_prefix {
        Some(prefix) => AnnotationKeys::only(prefix),
        None => AnnotationKeys::default(),
    }
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
    is_always_there
        || (name == ProviderName::Aws && cfg!(feature = "aws"))
        || (name == ProviderName::AwsSd && cfg!(feature = "aws-sd"))
        || (is_azure(name) && cfg!(feature = "azure"))
        || (name == ProviderName::Cloudflare && cfg!(feature = "cloudflare"))
}

/// Azure DNS goes by two names.
fn is_azure(name: ProviderName) -> bool {
    matches!(name, ProviderName::Azure | ProviderName::AzureDns | ProviderName::AzurePrivateDns)
}

/// Whether this program was built with a registry.
pub const fn has_registry(name: RegistryName) -> bool {
    let is_dynamodb = matches!(name, RegistryName::DynamoDb);
    let is_aws_sd = matches!(name, RegistryName::AwsSd);
    matches!(name, RegistryName::Txt | RegistryName::Noop)
        || (is_dynamodb && cfg!(feature = "dynamodb"))
        || (is_aws_sd && cfg!(feature = "aws-sd"))
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
    #[cfg(feature = "aws-sd")]
    cloud_map: Option<zonewright_provider_aws_sd::CloudMap>,
    #[cfg(feature = "azure")]
    azure: Option<zonewright_provider_azure::Azure>,
    #[cfg(feature = "cloudflare")]
    cloudflare: Option<zonewright_provider_cloudflare::Cloudflare>,
}

impl Provider {
    fn new(reader: impl ReadZones + 'static, writer: impl WriteZone + 'static) -> Self {
        Self {
            reader: Arc::new(reader),
            writer: Arc::new(writer),
            webhook: None,
            #[cfg(feature = "aws")]
            aws: None,
            #[cfg(feature = "aws-sd")]
            cloud_map: None,
            #[cfg(feature = "azure")]
            azure: None,
            #[cfg(feature = "cloudflare")]
            cloudflare: None,
        }
    }

    /// What can be said before anything is asked of the service: that there are no credentials, say. None of it is final, so that
    /// nothing ends because of it.
    pub async fn check(&self) -> Vec<ProviderError> {
        #[cfg(feature = "aws")]
        if let Some(aws) = &self.aws {
            return aws.check().await;
        }
        #[cfg(feature = "aws-sd")]
        if let Some(cloud_map) = &self.cloud_map {
            return cloud_map.check().await.err().into_iter().collect();
        }
        #[cfg(feature = "azure")]
        if let Some(azure) = &self.azure {
            return azure.check().await.err().into_iter().collect();
        }
        #[cfg(feature = "cloudflare")]
        if let Some(cloudflare) = &self.cloudflare {
            return cloudflare.check().await.err().into_iter().collect();
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
    #[cfg_attr(
        not(any(
            feature = "aws",
            feature = "aws-sd",
            feature = "azure",
            feature = "cloudflare",
            feature = "dynamodb"
        )),
        expect(dead_code, reason = "nobody else is built in")
    )]
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
            let aws = zonewright_provider_aws::Route53::new(aws_config(config, recorders)?);
            Ok(Provider { aws: Some(aws.clone()), ..Provider::new(aws.reader(), aws.writer()) })
        }
        #[cfg(feature = "aws-sd")]
        ProviderName::AwsSd => {
            let cloud_map = zonewright_provider_aws_sd::CloudMap::new(cloud_map_config(config, recorders)?);
            let provider = Provider::new(cloud_map.reader(), cloud_map.writer());
            Ok(Provider { cloud_map: Some(cloud_map), ..provider })
        }
        #[cfg(feature = "azure")]
        name if is_azure(name) => {
            let settings = azure_config(config, recorders)?;
            let azure = zonewright_provider_azure::Azure::new(settings).map_err(StartError::of)?;
            Ok(Provider { azure: Some(azure.clone()), ..Provider::new(azure.reader(), azure.writer()) })
        }
        #[cfg(feature = "cloudflare")]
        ProviderName::Cloudflare => {
            use zonewright_provider_cloudflare::Cloudflare;
            let cloudflare =
                Cloudflare::new(cloudflare_config(config, recorders)?).map_err(StartError::of)?;
            let provider = Provider::new(cloudflare.reader(), cloudflare.writer());
            Ok(Provider { cloudflare: Some(cloudflare), ..provider })
        }
        other => Err(StartError(format!("--provider={other} is not part of this version"))),
    }
}

#[cfg(feature = "aws")]
fn aws_config(
    config: &Config,
    recorders: &ProviderRecorders,
) -> Result<zonewright_provider_aws::AwsConfig, StartError> {
    use zonewright_provider_aws::{AwsConfig, ZoneFilter, ZoneType};
    let settings = &config.providers.aws;
    Ok(AwsConfig {
        access: aws_access(config, recorders),
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

/// How to get into AWS.
#[cfg(any(feature = "aws", feature = "aws-sd", feature = "dynamodb"))]
fn aws_access(config: &Config, recorders: &ProviderRecorders) -> zonewright_aws_config::Access {
    let settings = &config.providers.aws;
    zonewright_aws_config::Access {
        profiles: settings.profiles.clone(),
        assume_role: settings.assume_role.clone(),
        external_id: settings.assume_role_external_id.clone(),
        attempts: settings.api_retries,
        requests_per_second: config.own.provider_requests_per_second,
        recorder: recorders.others.clone(),
    }
}

#[cfg(feature = "aws-sd")]
fn cloud_map_config(
    config: &Config,
    recorders: &ProviderRecorders,
) -> Result<zonewright_provider_aws_sd::CloudMapConfig, StartError> {
    use zonewright_provider_aws_sd::{CloudMapConfig, NamespaceType};
    let settings = &config.providers.aws;
    let owners = match config.registry.name {
        RegistryName::Noop => Vec::new(),
        _ => [Some(&config.registry.owner), config.registry.migrate_from.as_ref()]
            .into_iter()
            .filter_map(|owner| Owner::new(owner?))
            .collect(),
    };
    Ok(CloudMapConfig {
        access: aws_access(config, recorders),
        namespace_type: settings.zone_type.map(|visibility| match visibility {
            cli::ZoneVisibility::Public => NamespaceType::Public,
            cli::ZoneVisibility::Private => NamespaceType::Private,
        }),
        domains: domain_filter(config)?,
        tags: settings.sd_create_tags.clone(),
        cleanup: settings.sd_service_cleanup,
        owners,
        // A list that is made because it is time for one looks at everything again; one after a failure only where it has to.
        trust: config.schedule.drift_interval.unwrap_or(config.schedule.interval) / 2,
    })
}

#[cfg(feature = "azure")]
fn azure_config(
    config: &Config,
    recorders: &ProviderRecorders,
) -> Result<zonewright_provider_azure::AzureConfig, StartError> {
    use zonewright_provider_azure::{AzureConfig, Environment, Overrides, Service, ZoneFilter};
    let settings = &config.providers.azure;
    let names = &config.filters.zone_name_filter;
    let names = (!names.is_empty())
        .then(|| DomainFilter::from_suffixes(names, &[]))
        .transpose()
        .map_err(|error| StartError(format!("--zone-name-filter: {error}")))?;
    Ok(AzureConfig {
        service: match config.providers.general.name {
            ProviderName::AzurePrivateDns => Service::Private,
            _ => Service::Public,
        },
        file: settings.config_file.clone(),
        overrides: Overrides {
            resource_group: settings.resource_group.clone(),
            subscription_id: settings.subscription_id.clone(),
            user_assigned_identity: settings.user_assigned_identity_client_id.clone(),
        },
        environment: Environment::read(|name| std::env::var(name).ok()),
        zones: ZoneFilter {
            domains: domain_filter(config)?,
            ids: config.filters.zone_id_filter.clone(),
            names,
        },
        zones_cache: settings.zones_cache_duration,
        retries: settings.max_retries,
        requests_per_second: config.own.provider_requests_per_second,
        recorder: recorders.others.clone(),
    })
}

/// Its credentials and its address come from the environment, as in ExternalDNS.
#[cfg(feature = "cloudflare")]
fn cloudflare_config(
    config: &Config,
    recorders: &ProviderRecorders,
) -> Result<zonewright_provider_cloudflare::CloudflareConfig, StartError> {
    use zonewright_provider_cloudflare::{Access, CloudflareConfig, CustomHostnames, LARGEST_PAGE};
    let settings = &config.providers.cloudflare;
    let general = &config.providers.general;
    let access = Access::from_environment(|name| std::env::var(name).ok()).map_err(StartError::of)?;
    let authority = settings.custom_hostnames_certificate_authority;
    let has_regions = settings.regional_services || settings.region_key.is_some();
    Ok(CloudflareConfig {
        access: Access {
            requests_per_second: config.own.provider_requests_per_second,
            recorder: recorders.others.clone(),
            ..access
        },
        zone_ids: config.filters.zone_id_filter.clone(),
        domains: domain_filter(config)?,
        records_per_page: settings.records_per_page.unwrap_or(LARGEST_PAGE),
        proxied: settings.proxied,
        comment: settings.record_comment.clone(),
        custom_hostnames: settings.custom_hostnames.then(|| CustomHostnames {
            min_tls_version: settings.custom_hostnames_min_tls_version.to_string(),
            certificate_authority: (authority != cli::CertificateAuthority::None)
                .then(|| authority.to_string()),
        }),
        regional_services: has_regions.then(|| settings.region_key.clone().unwrap_or_default()),
        annotation_prefix: annotation_keys(config).prefixes().first().cloned().unwrap_or_default(),
        batch_changes: general.batch_change_size,
        batch_interval: general.batch_change_interval,
    })
}

/// Puts provider, registry and rules together. Without a writer nothing can be written.
///
/// # Errors
/// When a domain filter cannot work.
pub fn pipeline(
    config: &Config,
    registry: Registry,
    reader: Arc<dyn ReadZones>,
    writer: Option<Arc<dyn WriteZone>>,
) -> Result<Pipeline, StartError> {
    let settings = PlanSettings {
        policy: policy(config),
        managed: managed_types(config),
        filter: domain_filter(config)?,
        hold_missing_targets: config.own.hold_missing_targets,
    };
    Ok(Pipeline { reader, writer, registry: Arc::new(registry), settings })
}

fn policy(config: &Config) -> Policy {
    match config.planning.policy {
        cli::Policy::Sync => Policy::Sync,
        cli::Policy::UpsertOnly => Policy::UpsertOnly,
        cli::Policy::CreateOnly => Policy::CreateOnly,
    }
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

/// A registry, and what writes where it keeps ownership if that is not in the zones.
pub struct Ownership {
    /// Says who owns what. It can read only.
    pub registry: Registry,
    table: Option<Arc<dyn WriteTable>>,
}

impl Ownership {
    /// A writer of zones that writes ownership, too, wherever it stands.
    pub fn writing(&self, zones: Arc<dyn WriteZone>) -> Arc<dyn WriteZone> {
        match (&self.registry, &self.table) {
            (Registry::Table(registry), Some(table)) => Arc::new(registry.writing(zones, table.clone())),
            _ => zones,
        }
    }
}

/// Makes the registry. Nothing is asked of anybody yet.
///
/// # Errors
/// When its settings cannot work.
#[cfg_attr(not(feature = "dynamodb"), expect(unused_variables, reason = "the others stand in the zones"))]
pub fn registry(config: &Config, recorders: &ProviderRecorders) -> Result<Ownership, StartError> {
    let in_zones = |registry| Ownership { registry, table: None };
    match config.registry.name {
        RegistryName::Noop => Ok(in_zones(Registry::Noop)),
        RegistryName::Txt => Ok(in_zones(Registry::Txt(Box::new(txt_registry(config)?)))),
        #[cfg(feature = "dynamodb")]
        RegistryName::DynamoDb => {
            use zonewright_registry_dynamodb::{DynamoDb, DynamoDbConfig};
            let table = DynamoDb::new(DynamoDbConfig {
                table: config.registry.dynamodb_table.clone(),
                region: config.registry.dynamodb_region.clone(),
                access: aws_access(config, recorders),
            });
            let managed = managed_types(config);
            let registry = TableRegistry::new(TableSettings {
                txt: txt_registry(config)?,
                prunes_txt: policy(config) == Policy::Sync,
                managed,
                reader: Arc::new(table.reader()),
            });
            Ok(Ownership {
                registry: Registry::Table(Box::new(registry)),
                table: Some(Arc::new(table.writer())),
            })
        }
        RegistryName::AwsSd => {
            let settings = &config.registry;
            let owner = Owner::new(&settings.owner);
            let owner = owner
                .ok_or_else(|| StartError("registry aws-sd needs an owner id (--txt-owner-id)".into()))?;
            let migrate_from = settings.migrate_from.as_deref().and_then(Owner::new);
            let cleanup = config.providers.aws.sd_service_cleanup;
            Ok(in_zones(Registry::AwsSd(AwsSdRegistry::new(owner, migrate_from, cleanup))))
        }
        other => Err(StartError(format!("--registry={other} is not part of this version"))),
    }
}

fn txt_registry(config: &Config) -> Result<TxtRegistry, StartError> {
    let settings = &config.registry;
    let nonces = NonceSource::from_system()
        .map_err(|error| StartError(format!("--txt-encrypt-enabled: no randomness to be had: {error}")))?;
    let txt = TxtSettings {
        owner: Owner::new(&settings.owner),
        migrate_from: settings.migrate_from.as_deref().and_then(Owner::new),
        prefix: settings.txt.prefix.clone(),
        suffix: settings.txt.suffix.clone(),
        former_prefixes: settings.txt.former_prefixes.clone(),
        former_suffixes: settings.txt.former_suffixes.clone(),
        prune_former: settings.txt.prune_former,
        wildcard_replacement: settings.txt.wildcard_replacement.clone(),
        // Another registry only reads such rows.
        encrypt: settings.txt.encrypt && settings.name == RegistryName::Txt,
        key: settings.txt.aes_key.clone(),
        managed: managed_types(config),
        nonces,
        shared_names: settings.txt.shared_names.clone(),
    };
    TxtRegistry::new(txt).map_err(StartError::of)
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
        RegistryName::Txt | RegistryName::DynamoDb => config.registry.txt.cache_interval,
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
