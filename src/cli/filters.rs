//! Which objects, names, targets and zones count.

use super::values::{self, Pattern};
use crate::sources::selector::Selector;
use clap::Args;
use ipnet::IpNet;
use regex::Regex;

#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct FiltersArgs {
    /// Namespace whose objects are read; all if not given
    #[arg(long, default_value = "")]
    namespace: String,
    /// Only objects with these labels are read; a label selector
    #[arg(long, default_value = "", value_name = "SELECTOR")]
    label_filter: String,
    /// Only objects with these annotations are read; a label selector without !=, > and <
    #[arg(long, default_value = "", value_name = "SELECTOR")]
    annotation_filter: String,
    /// Only names at or below this domain count; with a leading dot, only names below it (repeatable)
    #[arg(long, value_name = "DOMAIN")]
    domain_filter: Vec<String>,
    /// Names at or below this domain do not count (repeatable)
    #[arg(long, value_name = "DOMAIN")]
    exclude_domains: Vec<String>,
    /// Only names that match this regular expression count; --domain-filter and --exclude-domains are then not used
    #[arg(long, default_value = "", value_name = "REGEX", value_parser = values::pattern)]
    regex_domain_filter: Pattern,
    /// Names that match this regular expression do not count; --domain-filter and --exclude-domains are then not used
    #[arg(long, default_value = "", value_name = "REGEX", value_parser = values::pattern)]
    regex_domain_exclusion: Pattern,
    /// Zones of this name are managed, too, whatever the domain filter says (Azure) (repeatable)
    #[arg(long, value_name = "ZONE")]
    zone_name_filter: Vec<String>,
    /// Only zones with this id are managed (repeatable)
    #[arg(long, value_name = "ID")]
    zone_id_filter: Vec<String>,
    /// Only targets in this network are published (repeatable)
    #[arg(long, value_name = "CIDR")]
    target_net_filter: Vec<String>,
    /// Targets in this network are not published (repeatable)
    #[arg(long, value_name = "CIDR")]
    exclude_target_net: Vec<String>,
}

/// What counts. Empty lists let everything pass.
#[derive(Debug, Clone)]
pub struct FiltersConfig {
    /// The one namespace that is read.
    pub namespace: Option<String>,
    /// On the labels of objects.
    pub label_filter: Selector,
    /// On the annotations of objects.
    pub annotation_filter: Selector,
    /// Domains as typed, blank ones left out.
    pub domain_filter: Vec<String>,
    /// Domains as typed, blank ones left out.
    pub exclude_domains: Vec<String>,
    /// If this or the next is set, the two lists above are not used.
    pub regex_domain_filter: Option<Regex>,
    /// Names that match do not count.
    pub regex_domain_exclusion: Option<Regex>,
    /// Zone names.
    pub zone_name_filter: Vec<String>,
    /// Zone ids.
    pub zone_id_filter: Vec<String>,
    /// Networks of published targets, host bits cleared. What is no network was left out with a warning.
    pub target_nets: Vec<IpNet>,
    /// Networks of targets that are not published.
    pub exclude_target_nets: Vec<IpNet>,
}

impl FiltersArgs {
    pub(super) fn check(self, warnings: &mut Vec<String>) -> Result<FiltersConfig, String> {
        let Self {
            namespace,
            label_filter,
            annotation_filter,
            domain_filter,
            exclude_domains,
            regex_domain_filter,
            regex_domain_exclusion,
            zone_name_filter,
            zone_id_filter,
            target_net_filter,
            exclude_target_net,
        } = self;
        let label_filter = Selector::parse(&label_filter)
            .map_err(|error| format!("--label-filter does not specify a valid label selector: {error}"))?;
        let annotation_filter = Selector::parse_structured(&annotation_filter).map_err(|error| {
            format!("--annotation-filter does not specify a valid label selector: {error}")
        })?;
        Ok(FiltersConfig {
            namespace: super::non_empty(namespace),
            label_filter,
            annotation_filter,
            domain_filter: domains("domain-filter", domain_filter)?,
            exclude_domains: domains("exclude-domains", exclude_domains)?,
            regex_domain_filter: regex_domain_filter.0,
            regex_domain_exclusion: regex_domain_exclusion.0,
            zone_name_filter: domains("zone-name-filter", zone_name_filter)?,
            zone_id_filter: super::without_blanks(zone_id_filter),
            target_nets: networks("target-net-filter", target_net_filter, warnings),
            exclude_target_nets: networks("exclude-target-net", exclude_target_net, warnings),
        })
    }
}

/// A domain with a comma or a blank inside matches no name: somebody meant a list.
pub(super) fn domains(flag: &str, values: Vec<String>) -> Result<Vec<String>, String> {
    let values = super::without_blanks(values);
    let is_list = |value: &&String| value.trim().contains(|c: char| c == ',' || c.is_whitespace());
    match values.iter().find(is_list) {
        Some(value) => Err(format!(
            "--{flag}={value} can never match a name: lists are not split, repeat the flag instead: {}",
            super::repeated(flag, value)
        )),
        None => Ok(values),
    }
}

/// ExternalDNS goes on without what is no network, so this only warns.
fn networks(flag: &str, values: Vec<String>, warnings: &mut Vec<String>) -> Vec<IpNet> {
    let mut nets = Vec::new();
    for value in values {
        match value.trim().parse::<IpNet>() {
            Ok(net) => nets.push(net.trunc()),
            Err(_) => warnings.push(format!(
                "--{flag}={value} is not a network and is ignored{}",
                if value.contains(',') {
                    format!("; repeat the flag instead: {}", super::repeated(flag, &value))
                } else if value.trim().parse::<std::net::IpAddr>().is_ok() {
                    "; a single address needs a length, such as /32 or /128".into()
                } else {
                    String::new()
                }
            )),
        }
    }
    nets
}
