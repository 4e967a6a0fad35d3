//! Providers `aws` (Route 53) and `aws-sd` (Cloud Map).

use super::given;
use crate::cli::names::ZoneVisibility;
use crate::cli::values::{self, Optional};
use crate::cli::{non_empty, without_blanks};
use clap::Args;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider aws, aws-sd")]
pub(in crate::cli) struct AwsArgs {
    /// Which zones are managed, if not all: public or private ones
    #[arg(long, default_value = "", value_parser = values::optional::<ZoneVisibility>(), value_name = "TYPE")]
    aws_zone_type: Optional<ZoneVisibility>,
    /// Only zones with this tag (NAME or NAME=VALUE) are managed (repeatable)
    #[arg(long, value_name = "TAG")]
    aws_zone_tags: Vec<String>,
    /// Profile of the credentials file to use; several for several accounts (repeatable)
    #[arg(long, value_name = "NAME")]
    aws_profile: Vec<String>,
    /// Role to take on
    #[arg(long, default_value = "", value_name = "ARN")]
    aws_assume_role: String,
    /// External id to give when taking on the role
    #[arg(long, default_value = "", value_parser = values::secret, value_name = "ID")]
    aws_assume_role_external_id: SecretString,
    /// Most changes in one request
    #[arg(long, default_value = "1000", value_parser = values::count, value_name = "N")]
    aws_batch_change_size: u32,
    /// Most bytes of record values in one request
    #[arg(long, default_value = "32000", value_parser = values::count, value_name = "BYTES")]
    aws_batch_change_size_bytes: u32,
    /// Most record values in one request
    #[arg(long, default_value = "1000", value_parser = values::count, value_name = "N")]
    aws_batch_change_size_values: u32,
    /// Pause between requests with changes
    #[arg(long, default_value = "1s", value_parser = values::duration)]
    aws_batch_change_interval: Duration,
    /// Let alias records follow the health of their targets
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    aws_evaluate_target_health: bool,
    /// How often a request is tried in all; 0 for as often as it takes
    #[arg(long, default_value = "3", value_parser = values::count, value_name = "N")]
    aws_api_retries: u32,
    /// Write CNAME records where alias records would do
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    aws_prefer_cname: bool,
    /// How long a list of zones may be used again; 0s for not at all
    #[arg(long, default_value = "0s", value_parser = values::duration)]
    aws_zones_cache_duration: Duration,
    /// Manage also the zones above those of --domain-filter
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    aws_zone_match_parent: bool,
    /// Cloud Map: remove services without instances
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    aws_sd_service_cleanup: bool,
    /// Cloud Map: tag for the services it creates (repeatable)
    #[arg(long, value_parser = values::tag, value_name = "NAME=VALUE")]
    aws_sd_create_tag: Vec<(String, String)>,
}

/// Settings of the AWS services.
#[derive(Debug, Clone)]
pub struct AwsConfig {
    /// Which zones are managed; `None` for all.
    pub zone_type: Option<ZoneVisibility>,
    /// Tags that zones must carry.
    pub zone_tags: Vec<String>,
    /// Profiles of the credentials file, one per account.
    pub profiles: Vec<String>,
    /// Role to take on.
    pub assume_role: Option<String>,
    /// External id to give with the role.
    pub assume_role_external_id: Option<SecretString>,
    /// Most changes in one request.
    pub batch_change_size: u32,
    /// Most bytes of record values in one request.
    pub batch_change_size_bytes: u32,
    /// Most record values in one request.
    pub batch_change_size_values: u32,
    /// Pause between requests with changes.
    pub batch_change_interval: Duration,
    /// Whether alias records follow the health of their targets.
    pub evaluate_target_health: bool,
    /// How often a request is tried in all; zero for as often as it takes.
    pub api_retries: u32,
    /// Whether CNAME records are preferred to alias records.
    pub prefer_cname: bool,
    /// How long a list of zones may be used again.
    pub zones_cache_duration: Duration,
    /// Whether zones above the wanted domains count.
    pub zone_match_parent: bool,
    /// Cloud Map: whether services without instances are removed.
    pub sd_service_cleanup: bool,
    /// Cloud Map: tags for new services.
    pub sd_create_tags: BTreeMap<String, String>,
}

impl AwsArgs {
    pub(super) fn check(self) -> AwsConfig {
        let Self {
            aws_zone_type,
            aws_zone_tags,
            aws_profile,
            aws_assume_role,
            aws_assume_role_external_id,
            aws_batch_change_size,
            aws_batch_change_size_bytes,
            aws_batch_change_size_values,
            aws_batch_change_interval,
            aws_evaluate_target_health,
            aws_api_retries,
            aws_prefer_cname,
            aws_zones_cache_duration,
            aws_zone_match_parent,
            aws_sd_service_cleanup,
            aws_sd_create_tag,
        } = self;
        AwsConfig {
            zone_type: aws_zone_type.0,
            zone_tags: without_blanks(aws_zone_tags),
            profiles: without_blanks(aws_profile),
            assume_role: non_empty(aws_assume_role),
            assume_role_external_id: given(aws_assume_role_external_id),
            batch_change_size: aws_batch_change_size,
            batch_change_size_bytes: aws_batch_change_size_bytes,
            batch_change_size_values: aws_batch_change_size_values,
            batch_change_interval: aws_batch_change_interval,
            evaluate_target_health: aws_evaluate_target_health,
            api_retries: aws_api_retries,
            prefer_cname: aws_prefer_cname,
            zones_cache_duration: aws_zones_cache_duration,
            zone_match_parent: aws_zone_match_parent,
            sd_service_cleanup: aws_sd_service_cleanup,
            sd_create_tags: aws_sd_create_tag.into_iter().collect(),
        }
    }
}
