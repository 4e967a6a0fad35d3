//! `--source` values become sources, and the flags about objects their settings.

use super::{StartError, annotation_keys, managed_types, seed};
use crate::cli::{self, Config, SourceName};
use crate::sources::Source;
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
use std::path::Path;
use std::sync::Arc;
use zonewright_planner::RecordType;

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
