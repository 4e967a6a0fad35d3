//! What sources are told: the flags that concern them, already checked.

use super::annotations::AnnotationKeys;
use super::selector::Selector;
use super::template::Templates;

/// Settings of all sources. Each source takes what concerns it.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Which annotation prefixes are read (`--annotation-prefix`).
    pub annotation_keys: AnnotationKeys,
    /// `--annotation-filter`, on the annotations of primary objects.
    pub annotation_filter: Selector,
    /// `--label-filter`, on the labels of primary objects.
    pub label_filter: Selector,
    /// `--namespace`; empty for all.
    pub namespace: String,
    /// `--fqdn-template` and its siblings.
    pub templates: Templates,
    /// `--ignore-hostname-annotation`.
    pub ignore_hostname_annotation: bool,
    /// `--compatibility`.
    pub compatibility: Option<Compatibility>,
    /// `--force-default-targets` with default targets: what an object points at will be replaced, so it need not be valid.
    pub targets_are_replaced: bool,
    /// Node addresses, for every source that publishes them.
    pub nodes: NodeSettings,
    /// Source `service`.
    pub service: ServiceSettings,
    /// Source `ingress`.
    pub ingress: IngressSettings,
    /// Sources `gateway-*`.
    pub gateway: GatewaySettings,
    /// Source `pod`.
    pub pod: PodSettings,
}

/// Annotation styles of older tools (`--compatibility`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compatibility {
    /// Mate: `zalando.org/dnsname`.
    Mate,
    /// Molecule Software's route53-kubernetes: label `dns=route53`, annotation `domainName`.
    Molecule,
    /// kOps' DNS controller: `dns.alpha.kubernetes.io/external` and `…/internal`.
    KopsDnsController,
}

/// Which addresses of Nodes are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSettings {
    /// `--exclude-unschedulable` (default true): cordoned Nodes do not count.
    pub exclude_unschedulable: bool,
    /// `--expose-internal-ipv6`: internal IPv6 addresses count as external ones.
    pub expose_internal_ipv6: bool,
}

impl Default for NodeSettings {
    fn default() -> Self {
        Self { exclude_unschedulable: true, expose_internal_ipv6: false }
    }
}

/// Settings of source `service`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceSettings {
    /// `--service-type-filter`; empty for all. Values are checked.
    pub types: Vec<String>,
    /// `--publish-internal-services`.
    pub publish_internal: bool,
    /// `--publish-host-ip`.
    pub publish_host_ip: bool,
    /// `--always-publish-not-ready-addresses`.
    pub always_publish_not_ready: bool,
    /// `--resolve-service-load-balancer-hostname`.
    pub resolve_load_balancer_hostname: bool,
}

/// Settings of source `ingress`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IngressSettings {
    /// `--ingress-class`; empty for all.
    pub classes: Vec<String>,
    /// `--ignore-ingress-rules-spec`.
    pub ignore_rules: bool,
    /// `--ignore-ingress-tls-spec`.
    pub ignore_tls: bool,
}

/// Settings of sources `gateway-*`.
#[derive(Debug, Clone, Default)]
pub struct GatewaySettings {
    /// `--gateway-name`; empty for all.
    pub name: String,
    /// `--gateway-namespace`; empty for all.
    pub namespace: String,
    /// `--gateway-label-filter`.
    pub label_filter: Selector,
    /// `--gateway-listener-sets`.
    pub listener_sets: bool,
}

/// Settings of source `pod`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodSettings {
    /// `--pod-source-domain`; empty for none.
    pub source_domain: String,
    /// `--ignore-non-host-network-pods`.
    pub ignore_non_host_network: bool,
}
