//! What the flags say, already checked.

use std::time::Duration;
use zonewright_aws_config::Access;
use zonewright_planner::DomainFilter;

/// Which hosted zones are managed by their visibility.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneType {
    /// Those that everybody can ask.
    Public,
    /// Those of a VPC.
    Private,
}

/// Which hosted zones are managed.
#[derive(Debug, Clone)]
pub struct ZoneFilter {
    /// `--zone-id-filter`: an id passes that ends in one of these; none for all.
    pub ids: Vec<String>,
    /// `--aws-zone-type`.
    pub zone_type: Option<ZoneType>,
    /// `--aws-zone-tags`, as given: `key` or `key=value`, all of which must hold.
    pub tags: Vec<String>,
    /// `--domain-filter` and its siblings, tested against the names of zones.
    pub domains: DomainFilter,
    /// `--aws-zone-match-parent`: zones above the domains count, too.
    pub match_parent: bool,
}

/// Settings of the provider.
#[derive(Debug, Clone)]
pub struct AwsConfig {
    /// Credentials and requests.
    pub access: Access,
    /// Zones.
    pub zones: ZoneFilter,
    /// `--aws-zones-cache-duration`: how long a list of zones may be used again.
    pub zones_cache: Duration,
    /// `--aws-batch-change-size`.
    pub batch_changes: u32,
    /// `--aws-batch-change-size-bytes`.
    pub batch_bytes: u32,
    /// `--aws-batch-change-size-values`.
    pub batch_values: u32,
    /// `--aws-batch-change-interval`: the pause between the requests of one zone.
    pub batch_interval: Duration,
    /// `--aws-evaluate-target-health`.
    pub evaluate_target_health: bool,
    /// `--aws-prefer-cname`.
    pub prefer_cname: bool,
}

/// Route 53 takes five requests a second of an account. One is left to others, and to requests that arrive a little closer to each
/// other than they were sent.
pub const DEFAULT_REQUESTS_PER_SECOND: f64 = 4.0;

impl Default for AwsConfig {
    /// The defaults of the flags.
    fn default() -> Self {
        Self {
            access: Access { attempts: 3, ..Access::default() },
            zones: ZoneFilter {
                ids: Vec::new(),
                zone_type: None,
                tags: Vec::new(),
                domains: DomainFilter::All,
                match_parent: false,
            },
            zones_cache: Duration::ZERO,
            batch_changes: 1000,
            batch_bytes: 32_000,
            batch_values: 1000,
            batch_interval: Duration::from_secs(1),
            evaluate_target_health: true,
            prefer_cname: false,
        }
    }
}
