//! What may change, and how endpoints are adjusted before they are planned.

use super::names::Policy;
use super::values::{self, Optional};
use clap::Args;
use ipnet::Ipv6Net;
use std::time::Duration;
use zonewright_planner::RecordType;

#[derive(Debug, Args)]
#[command(next_help_heading = "Policy and planning")]
pub(super) struct PlanningArgs {
    /// Which changes are made: all (sync), all but deletions (upsert-only), or only new records (create-only)
    /// (required, except for the preview with plan or --dry-run)
    #[arg(long, default_value = "", value_parser = values::optional::<Policy>())]
    policy: Optional<Policy>,
    /// Record type to manage (repeatable)
    #[arg(long, value_name = "TYPE", default_values_t = ["A", "AAAA", "CNAME"].map(String::from))]
    managed_record_types: Vec<String>,
    /// Record type not to manage (repeatable)
    #[arg(long, value_name = "TYPE")]
    exclude_record_types: Vec<String>,
    /// TTL of records for which the object names none; a bare number is seconds
    #[arg(long, default_value = "0s", value_parser = values::duration_or_seconds)]
    min_ttl: Duration,
    /// Add a PTR record for each A and AAAA record; needs PTR among --managed-record-types
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    create_ptr: bool,
    /// For each AAAA record in this NAT64 network, add an A record for the address inside; a /96 (repeatable)
    #[arg(long, value_name = "CIDR")]
    nat64_networks: Vec<String>,
    /// Ask providers to answer CNAMEs like addresses (ALIAS), where they can
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    prefer_alias: bool,
}

/// What is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanningConfig {
    /// Which changes are made.
    pub policy: Policy,
    /// Managed record types; at least one of them exists.
    pub managed_types: Vec<RecordType>,
    /// Record types that are left alone all the same.
    pub excluded_types: Vec<RecordType>,
    /// TTL in whole seconds where none is set; 0 for none.
    pub min_ttl_seconds: u64,
    /// Whether PTR records are added.
    pub create_ptr: bool,
    /// NAT64 networks, each a /96.
    pub nat64_networks: Vec<Ipv6Net>,
    /// Whether CNAMEs are marked as aliases.
    pub prefer_alias: bool,
}

impl PlanningArgs {
    /// The policy; a preview without one shows everything.
    pub(super) fn policy(&self, preview: bool) -> Result<Policy, String> {
        self.policy.0.or(preview.then_some(Policy::Sync)).ok_or_else(|| {
            "--policy must be set explicitly (one of: sync, upsert-only, create-only)".to_owned()
        })
    }

    pub(super) fn check(self, preview: bool, warnings: &mut Vec<String>) -> Result<PlanningConfig, String> {
        let policy = self.policy(preview)?;
        let Self {
            policy: _,
            managed_record_types,
            exclude_record_types,
            min_ttl,
            create_ptr,
            nat64_networks,
            prefer_alias,
        } = self;
        if create_ptr && !managed_record_types.iter().any(|t| t == "PTR") {
            return Err("--create-ptr requires PTR in --managed-record-types".into());
        }
        let managed_types = types("managed-record-types", managed_record_types, warnings)?;
        let excluded_types = types("exclude-record-types", exclude_record_types, warnings)?;
        if !managed_types.iter().any(RecordType::is_known) {
            return Err(format!("--managed-record-types names no record type there is ({})", known_types()));
        }
        Ok(PlanningConfig {
            policy,
            managed_types,
            excluded_types,
            min_ttl_seconds: min_ttl.as_secs(),
            create_ptr,
            nat64_networks: nat64_networks.iter().map(|text| nat64(text)).collect::<Result<_, _>>()?,
            prefer_alias,
        })
    }
}

/// Reads record types. A misspelt one can never match, so it is refused; one that is merely unknown has a warning, as ExternalDNS
/// goes on with the others (recorded case `wrappers/flag-managed-type-unknown`).
fn types(flag: &str, values: Vec<String>, warnings: &mut Vec<String>) -> Result<Vec<RecordType>, String> {
    let mut found = Vec::new();
    for value in super::without_blanks(values) {
        let record_type = RecordType::from_text(&value);
        if !record_type.is_known() {
            let meant = RecordType::from_text(&value.trim().to_ascii_uppercase());
            if value.contains(',') {
                return Err(format!(
                    "--{flag}={value} can never match a record type: lists are not split, repeat the flag instead: {}",
                    super::repeated(flag, &value.to_ascii_uppercase())
                ));
            }
            if meant.is_known() {
                return Err(format!(
                    "--{flag}={value} can never match a record type: did you mean --{flag}={meant}?"
                ));
            }
            warnings.push(format!(
                "--{flag}={value} is not a record type and matches nothing (there are {})",
                known_types()
            ));
        }
        found.push(record_type);
    }
    Ok(found)
}

fn known_types() -> String {
    RecordType::ALL.map(|t| t.to_string()).join(", ")
}

/// The only length for which the embedded address lies in the last 32 bits (RFC 6052, section 2.2).
fn nat64(text: &str) -> Result<Ipv6Net, String> {
    match text.parse::<Ipv6Net>() {
        Ok(net) if net.prefix_len() == 96 => Ok(net.trunc()),
        Ok(_) => Err(format!("--nat64-networks={text}: the network must be a /96")),
        Err(_) => Err(format!(
            "--nat64-networks={text}: not an IPv6 network such as 64:ff9b::/96{}",
            super::comma_hint(text)
        )),
    }
}
