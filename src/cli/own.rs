//! The flags that ExternalDNS does not have.

use super::values;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(next_help_heading = "Zonewright's own")]
pub(super) struct OwnArgs {
    /// Read objects from this file or folder, or - for standard input, instead of an API server (repeatable)
    #[arg(long, value_name = "PATH")]
    manifests: Vec<PathBuf>,
    /// Keep the records of provider inmemory in this file
    #[arg(long, value_name = "FILE")]
    inmemory_records: Option<PathBuf>,
    /// Keep the records of an object that is still there but has no target at the moment
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    hold_missing_targets: bool,
    /// Longest time such records are kept, counted from when this process first saw the object without a target; 0s for as
    /// long as the object is there
    #[arg(long, default_value = "0s", value_parser = values::duration)]
    hold_max_age: Duration,
    /// Give each name to one namespace: what objects of other namespaces wish at it is left alone, instead of merged
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    refuse_names_across_namespaces: bool,
    /// Read from this file which namespaces may use which domains
    #[arg(long, value_name = "FILE")]
    domain_policy: Option<PathBuf>,
    /// Most requests per second to the DNS service, listing included; 0 for no limit; if not given, what suits the provider
    #[arg(long, value_name = "NUMBER", value_parser = values::rate)]
    provider_requests_per_second: Option<f64>,
}

/// Settings beyond those of ExternalDNS.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnConfig {
    /// Files and folders that stand in for the API server, `-` for standard input; none for the API server itself.
    pub manifests: Vec<PathBuf>,
    /// The file behind provider `inmemory`.
    pub inmemory_records: Option<PathBuf>,
    /// Whether records of objects without a target stay.
    pub hold_missing_targets: bool,
    /// For how long at most; zero for as long as the object is there.
    pub hold_max_age: Duration,
    /// Whether a name is given to one namespace only.
    pub refuse_names_across_namespaces: bool,
    /// The file that says which namespaces may use which domains.
    pub domain_policy: Option<PathBuf>,
    /// The most requests per second to the provider; zero for no limit, `None` for what the provider declares.
    pub provider_requests_per_second: Option<f64>,
}

impl OwnArgs {
    pub(super) fn is_offline(&self) -> bool {
        !self.manifests.is_empty()
    }

    pub(super) fn check(self) -> OwnConfig {
        let Self {
            manifests,
            inmemory_records,
            hold_missing_targets,
            hold_max_age,
            refuse_names_across_namespaces,
            domain_policy,
            provider_requests_per_second,
        } = self;
        OwnConfig {
            manifests,
            inmemory_records,
            hold_missing_targets,
            hold_max_age,
            refuse_names_across_namespaces,
            domain_policy,
            provider_requests_per_second,
        }
    }
}
