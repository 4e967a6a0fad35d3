//! Which objects are read and what of them is published.

use super::names::{Compatibility, ServiceType, SourceName};
use super::values::{self, Optional};
use crate::sources::selector::{Selector, is_label_value};
use clap::Args;

const CRD_API_VERSION: &str = "externaldns.k8s.io/v1alpha1";
const CRD_KIND: &str = "DNSEndpoint";

#[derive(Debug, Args)]
#[command(next_help_heading = "Sources")]
pub(super) struct SourcesArgs {
    /// Kind of object to read DNS names from (required; repeatable)
    #[arg(long, value_name = "NAME")]
    source: Vec<SourceName>,
    /// Only annotations with this prefix are read; without the flag both external-dns.kubernetes.io/ and the older
    /// external-dns.alpha.kubernetes.io/ are
    #[arg(long, value_name = "PREFIX/")]
    annotation_prefix: Option<String>,
    /// Also understand the annotations of an older tool
    #[arg(long, default_value = "", value_name = "TOOL", value_parser = values::optional::<Compatibility>())]
    compatibility: Optional<Compatibility>,
    /// Targets for objects that have none of their own (DNSEndpoints) (repeatable)
    #[arg(long, value_name = "TARGET")]
    default_targets: Vec<String>,
    /// Use --default-targets even for objects that have targets (deprecated)
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    force_default_targets: bool,
    /// Service types that are read; all if not given (repeatable)
    #[arg(long, value_name = "TYPE", value_parser = values::optional::<ServiceType>())]
    service_type_filter: Vec<Optional<ServiceType>>,
    /// Publish Services of type ClusterIP
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    publish_internal_services: bool,
    /// For headless Services, publish the addresses of the hosts instead of those of the pods
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    publish_host_ip: bool,
    /// For headless Services, publish addresses that are not ready too
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    always_publish_not_ready_addresses: bool,
    /// Publish the addresses behind a load balancer's host name (A and AAAA) instead of the name (CNAME)
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    resolve_service_load_balancer_hostname: bool,
    /// Changes of EndpointSlices count as events; they always do, so that this changes nothing
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    listen_endpoint_events: bool,
    /// Ingress classes that are read; all if not given (repeatable)
    #[arg(long, value_name = "CLASS")]
    ingress_class: Vec<String>,
    /// Do not read names from the rules of Ingresses
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    ignore_ingress_rules_spec: bool,
    /// Do not read names from the TLS section of Ingresses
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    ignore_ingress_tls_spec: bool,
    /// Only Gateways of this name count as parents of routes
    #[arg(long, default_value = "", value_name = "NAME")]
    gateway_name: String,
    /// Only Gateways in this namespace count as parents of routes
    #[arg(long, default_value = "", value_name = "NAMESPACE")]
    gateway_namespace: String,
    /// Only Gateways with these labels count as parents of routes; a label selector without !=, > and <
    #[arg(long, default_value = "", value_name = "SELECTOR")]
    gateway_label_filter: String,
    /// Read ListenerSets too (needs the resources of Gateway API 1.5)
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    gateway_listener_sets: bool,
    /// Leave out nodes that are cordoned
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    exclude_unschedulable: bool,
    /// Publish the internal IPv6 addresses of nodes too
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    expose_internal_ipv6: bool,
    /// Domain below which pods are published
    #[arg(long, default_value = "", value_name = "DOMAIN")]
    pod_source_domain: String,
    /// Leave out pods that are not on the network of their host
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    ignore_non_host_network_pods: bool,
    /// Accepted for compatibility: DNSEndpoints have this API version, there is no other
    #[arg(long, default_value = CRD_API_VERSION, value_name = "GROUP/VERSION")]
    crd_source_apiversion: String,
    /// Accepted for compatibility: DNSEndpoints are of this kind, there is no other
    #[arg(long, default_value = CRD_KIND, value_name = "KIND")]
    crd_source_kind: String,
    /// Address of the server that source connector asks
    #[arg(long, default_value = "localhost:8080", value_name = "HOST:PORT")]
    connector_source_server: String,
    /// Namespace of Gloo Proxies (repeatable)
    #[arg(long, default_value = "gloo-system", value_name = "NAMESPACE")]
    gloo_namespace: Vec<String>,
    /// Name of the router whose host name an OpenShift Route points to
    #[arg(long, default_value = "", value_name = "NAME")]
    openshift_router_name: String,
    /// API version of Skipper RouteGroups
    #[arg(long, default_value = "zalando.org/v1", value_name = "GROUP/VERSION")]
    skipper_routegroup_groupversion: String,
    /// Read Traefik resources of the group traefik.containo.us too
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    traefik_enable_legacy: bool,
    /// Do not read Traefik resources of the group traefik.io
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    traefik_disable_new: bool,
    /// Resource that source unstructured reads, as resource.version.group or, for the core group, resource.version
    /// (repeatable)
    #[arg(long, value_name = "RESOURCE")]
    unstructured_resource: Vec<String>,
}

/// What the sources are told.
#[derive(Debug, Clone)]
pub struct SourcesConfig {
    /// The chosen sources, each once, in the order given.
    pub names: Vec<SourceName>,
    /// The only annotation prefix, when one was chosen; otherwise both known ones are read. Ends in `/`.
    pub annotation_prefix: Option<String>,
    /// The older tool whose annotations count too.
    pub compatibility: Option<Compatibility>,
    /// Targets for objects without any.
    pub default_targets: Vec<String>,
    /// Whether the default targets also replace an object's own.
    pub force_default_targets: bool,
    /// Source `service`.
    pub service: ServiceConfig,
    /// Source `ingress`.
    pub ingress: IngressConfig,
    /// Sources `gateway-*`.
    pub gateway: GatewayConfig,
    /// Which nodes and which of their addresses are published, by any source.
    pub nodes: NodesConfig,
    /// Source `pod`.
    pub pod: PodConfig,
    /// The sources of single products.
    pub products: ProductsConfig,
}

/// Settings of source `service`.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// Service types that are read; empty for all.
    pub types: Vec<ServiceType>,
    /// Whether Services of type ClusterIP are published.
    pub publish_internal: bool,
    /// Whether headless Services publish host addresses.
    pub publish_host_ip: bool,
    /// Whether headless Services publish addresses that are not ready.
    pub always_publish_not_ready: bool,
    /// Whether host names of load balancers are resolved.
    pub resolve_load_balancer_hostname: bool,
    /// Whether changes of EndpointSlices trigger a run.
    pub listen_endpoint_events: bool,
}

/// Settings of source `ingress`.
#[derive(Debug, Clone)]
pub struct IngressConfig {
    /// Classes that are read; empty for all.
    pub classes: Vec<String>,
    /// Whether the rules are left aside.
    pub ignore_rules: bool,
    /// Whether the TLS section is left aside.
    pub ignore_tls: bool,
}

/// Which Gateways count for the sources `gateway-*`.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// The one name.
    pub name: Option<String>,
    /// The one namespace.
    pub namespace: Option<String>,
    /// On the labels of Gateways.
    pub label_filter: Selector,
    /// Whether ListenerSets are read.
    pub listener_sets: bool,
}

/// Which nodes and addresses are published.
#[derive(Debug, Clone)]
pub struct NodesConfig {
    /// Whether cordoned nodes are left out.
    pub exclude_unschedulable: bool,
    /// Whether internal IPv6 addresses are published.
    pub expose_internal_ipv6: bool,
}

/// Settings of source `pod`.
#[derive(Debug, Clone)]
pub struct PodConfig {
    /// The domain below which pods are published.
    pub source_domain: Option<String>,
    /// Whether pods with a network of their own are left out.
    pub ignore_non_host_network: bool,
}

/// Settings of the sources for single products.
#[derive(Debug, Clone)]
pub struct ProductsConfig {
    /// Source `connector`: address of the server.
    pub connector_server: String,
    /// Source `gloo-proxy`: namespaces.
    pub gloo_namespaces: Vec<String>,
    /// Source `openshift-route`: the router.
    pub openshift_router_name: Option<String>,
    /// Source `skipper-routegroup`: group and version.
    pub skipper_group_version: String,
    /// Source `traefik-proxy`: whether the old group is read too.
    pub traefik_legacy: bool,
    /// Source `traefik-proxy`: whether the new group is not read.
    pub traefik_disable_new: bool,
    /// Source `unstructured`: the resources.
    pub unstructured_resources: Vec<String>,
}

impl SourcesArgs {
    pub(super) fn is_source_missing(&self) -> bool {
        self.source.is_empty()
    }

    /// `annotation_filter` is wanted because the Ingress class may be chosen in one of two ways, not in both.
    pub(super) fn check(
        self,
        annotation_filter: &Selector,
        warnings: &mut Vec<String>,
    ) -> Result<SourcesConfig, String> {
        let Self {
            source,
            annotation_prefix,
            compatibility,
            default_targets,
            force_default_targets,
            service_type_filter,
            publish_internal_services,
            publish_host_ip,
            always_publish_not_ready_addresses,
            resolve_service_load_balancer_hostname,
            listen_endpoint_events,
            ingress_class,
            ignore_ingress_rules_spec,
            ignore_ingress_tls_spec,
            gateway_name,
            gateway_namespace,
            gateway_label_filter,
            gateway_listener_sets,
            exclude_unschedulable,
            expose_internal_ipv6,
            pod_source_domain,
            ignore_non_host_network_pods,
            crd_source_apiversion,
            crd_source_kind,
            connector_source_server,
            gloo_namespace,
            openshift_router_name,
            skipper_routegroup_groupversion,
            traefik_enable_legacy,
            traefik_disable_new,
            unstructured_resource,
        } = self;
        let names = each_once(source);
        check_prefix(annotation_prefix.as_deref())?;
        check_crd("crd-source-apiversion", &crd_source_apiversion, CRD_API_VERSION)?;
        check_crd("crd-source-kind", &crd_source_kind, CRD_KIND)?;
        if names.contains(&SourceName::Ingress) {
            check_classes(&ingress_class, annotation_filter)?;
        }
        if force_default_targets {
            warnings.push("--force-default-targets is deprecated".into());
        }
        Ok(SourcesConfig {
            names,
            annotation_prefix,
            compatibility: compatibility.0,
            default_targets,
            force_default_targets,
            service: ServiceConfig {
                types: service_types(service_type_filter),
                publish_internal: publish_internal_services,
                publish_host_ip,
                always_publish_not_ready: always_publish_not_ready_addresses,
                resolve_load_balancer_hostname: resolve_service_load_balancer_hostname,
                listen_endpoint_events,
            },
            ingress: IngressConfig {
                classes: ingress_class,
                ignore_rules: ignore_ingress_rules_spec,
                ignore_tls: ignore_ingress_tls_spec,
            },
            gateway: GatewayConfig {
                name: super::non_empty(gateway_name),
                namespace: super::non_empty(gateway_namespace),
                label_filter: Selector::parse_structured(&gateway_label_filter).map_err(|error| {
                    format!("--gateway-label-filter does not specify a valid label selector: {error}")
                })?,
                listener_sets: gateway_listener_sets,
            },
            nodes: NodesConfig { exclude_unschedulable, expose_internal_ipv6 },
            pod: PodConfig {
                source_domain: super::non_empty(pod_source_domain),
                ignore_non_host_network: ignore_non_host_network_pods,
            },
            products: ProductsConfig {
                connector_server: connector_source_server,
                gloo_namespaces: gloo_namespace,
                openshift_router_name: super::non_empty(openshift_router_name),
                skipper_group_version: skipper_routegroup_groupversion,
                traefik_legacy: traefik_enable_legacy,
                traefik_disable_new,
                unstructured_resources: unstructured_resource,
            },
        })
    }
}

/// An empty value among the types switches the filter off, whatever else is given.
fn service_types(given: Vec<Optional<ServiceType>>) -> Vec<ServiceType> {
    let types: Option<Vec<ServiceType>> = given.into_iter().map(|Optional(choice)| choice).collect();
    each_once(types.unwrap_or_default())
}

fn each_once<T: PartialEq>(values: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(values.len());
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

fn check_prefix(prefix: Option<&str>) -> Result<(), String> {
    match prefix {
        Some("") => Err("--annotation-prefix cannot be empty".into()),
        Some(prefix) if !prefix.ends_with('/') => {
            Err(format!("--annotation-prefix must end with '/': did you mean {prefix}/?"))
        }
        _ => Ok(()),
    }
}

/// ExternalDNS ignores these flags; whoever sets them to something else would wait for objects that are never read.
fn check_crd(flag: &str, value: &str, only: &str) -> Result<(), String> {
    if value == only {
        return Ok(());
    }
    Err(format!(
        "--{flag}={value}: the crd source reads {CRD_KIND} of {CRD_API_VERSION} and nothing else; leave the flag out"
    ))
}

/// The class is matched like a label (`kubernetes.io/ingress.class in (…)`), hence the restriction on its characters.
fn check_classes(classes: &[String], annotation_filter: &Selector) -> Result<(), String> {
    if classes.is_empty() {
        return Ok(());
    }
    if annotation_filter.keys().any(|key| key == "kubernetes.io/ingress.class") {
        return Err(
            "--ingress-class and an --annotation-filter on kubernetes.io/ingress.class exclude each other"
                .into(),
        );
    }
    match classes.iter().find(|class| !is_label_value(class)) {
        Some(class) => {
            Err(format!("--ingress-class={class}: not a legal class name{}", super::comma_hint(class)))
        }
        None => Ok(()),
    }
}
