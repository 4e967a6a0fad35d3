//! What the flags say, already checked.

use std::collections::BTreeMap;
use std::time::Duration;
use zonewright_aws_config::Access;
use zonewright_planner::{DomainFilter, Owner};

/// Which namespaces are managed by their visibility.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamespaceType {
    /// Those that everybody can ask.
    Public,
    /// Those of a VPC.
    Private,
}

/// Settings of the provider.
#[derive(Debug, Clone)]
pub struct CloudMapConfig {
    /// Credentials and requests. Profiles are not looked at, as in ExternalDNS.
    pub access: Access,
    /// `--aws-zone-type`.
    pub namespace_type: Option<NamespaceType>,
    /// `--domain-filter` and its siblings, tested against the names of namespaces.
    pub domains: DomainFilter,
    /// `--aws-sd-create-tag`: for services that are created.
    pub tags: BTreeMap<String, String>,
    /// `--aws-sd-service-cleanup`: a service goes with its last instance.
    pub cleanup: bool,
    /// Whose services are of interest: ours, and those of the owner that is taken over from. Services of others are listed without
    /// targets, which spares the request that would show them. None where ownership is not kept (registry noop): then
    /// services without instances are not listed, because nobody could tell whose they are.
    pub owners: Vec<Owner>,
    /// How long it is believed what a service holds, while its entry in the list of services stays the same.
    pub trust: Duration,
}

/// AWS says of no request but `DiscoverInstances` how many it takes. This many are taken, and leave room for others.
pub const DEFAULT_REQUESTS_PER_SECOND: f64 = 20.0;

impl Default for CloudMapConfig {
    /// The defaults of the flags.
    fn default() -> Self {
        Self {
            access: Access { attempts: 3, ..Access::default() },
            namespace_type: None,
            domains: DomainFilter::All,
            tags: BTreeMap::new(),
            cleanup: false,
            owners: Vec::new(),
            trust: Duration::ZERO,
        }
    }
}
