//! Wishes in the form in which Cloudflare gives them back.
//!
//! What ExternalDNS v0.22 does here (AdjustEndpoints) is done the same way. Beyond that, whatever the service would change, cut or refuse
//! is settled before it is planned: limits of TTLs and comments depend on the plan of the zone; properties that are never read back are
//! dropped, because they would cause an update in every cycle.

use crate::config::{CloudflareConfig, Plan};
use crate::convert::canonical;
use crate::properties::{Names, can_be_proxied, sorted_words, words};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracing::warn;
use zonewright_planner::{DnsName, Endpoint, RecordType, Ttl};
use zonewright_provider_kit::Rejected;

/// The longest TTL that the service takes.
const LONGEST_TTL: i64 = 86_400;

/// "Automatic".
const AUTOMATIC_TTL: i64 = 1;

/// What flags say about records.
pub(crate) struct Rules {
    pub(crate) names: Names,
    proxied: bool,
    comment: Option<String>,
    custom_hostnames: bool,
    /// The region of names that say nothing; `None` where regions are not managed.
    region: Option<String>,
}

impl Rules {
    pub(crate) fn new(config: &CloudflareConfig) -> Self {
        Self {
            names: Names::new(&config.annotation_prefix),
            proxied: config.proxied,
            comment: config.comment.clone(),
            custom_hostnames: config.custom_hostnames.is_some(),
            region: config.regional_services.clone(),
        }
    }

    /// One wish. `plan` is that of its zone.
    pub(crate) fn adjust(&self, endpoint: &mut Endpoint, plan: Plan) {
        let names = &self.names;
        endpoint.properties.retain(|name| names.has(name));
        let targets =
            endpoint.targets.iter().map(|target| canonical(&endpoint.record_type, target)).collect();
        endpoint.set_targets(targets);
        let proxied = self.proxied(endpoint);
        names.set_proxied(&mut endpoint.properties, proxied);
        endpoint.ttl = if proxied { Ttl::UNSET } else { ttl_within(endpoint.ttl, plan) };
        self.comment(endpoint, plan);
        self.tags(endpoint);
        self.custom_hostname(endpoint);
        self.region(endpoint);
    }

    /// A name has one region for all of its records. Where wishes ask for several, those that ask for another one than the first by type
    /// are rejected, and with them the name: what it has stays as it is. Each run has to decide the same, or the name would go to and fro.
    pub(crate) fn take_out_other_regions(&self, endpoints: &mut Vec<Endpoint>) -> Vec<Rejected> {
        let region = |endpoint: &Endpoint| self.names.region_of(&endpoint.properties).to_owned();
        let mut first: BTreeMap<DnsName, (RecordType, String)> = BTreeMap::new();
        for endpoint in endpoints.iter().filter(|endpoint| can_be_regional(&endpoint.record_type)) {
            let mine = (endpoint.record_type.clone(), region(endpoint));
            match first.get_mut(&endpoint.name) {
                Some(known) if mine < *known => *known = mine,
                Some(_) => {}
                None => drop(first.insert(endpoint.name.clone(), mine)),
            }
        }
        let mut rejected = Vec::new();
        endpoints.retain(|endpoint| {
            let known = first.get(&endpoint.name).filter(|_| can_be_regional(&endpoint.record_type));
            let Some((other, wanted)) = known.filter(|(_, wanted)| *wanted != region(endpoint)) else { return true };
            let Endpoint { name, record_type, objects, .. } = endpoint;
            let text = format!(
                "{name} {record_type} of {}: a name has one region for all of its records; this one is to have {:?}, and that of \
                 type {other} {wanted:?}",
                objects_of(endpoint),
                region(endpoint)
            );
            rejected.push(Rejected { name: Some(name.clone()), objects: objects.clone(), text });
            false
        });
        rejected
    }

    fn proxied(&self, endpoint: &Endpoint) -> bool {
        if !can_be_proxied(&endpoint.record_type) {
            return false;
        }
        match endpoint.properties.get(&self.names.proxied).map(parse_bool) {
            None => self.proxied,
            Some(Ok(proxied)) => proxied,
            Some(Err(value)) => {
                let objects = objects_of(endpoint);
                warn!(
                    record.name = %endpoint.name, record.type = %endpoint.record_type, objects,
                    "{} is {value:?}, which is neither true nor false; --cloudflare-proxied decides", self.names.proxied
                );
                self.proxied
            }
        }
    }

    /// Cut here rather than when it is written: what is asked for is then what is read back.
    fn comment(&self, endpoint: &mut Endpoint, plan: Plan) {
        let name = &self.names.comment;
        let own = endpoint.properties.get(name).filter(|comment| !comment.trim().is_empty());
        let comment = own.or(self.comment.as_deref()).unwrap_or_default();
        let cut: String = comment.chars().take(plan.comment()).collect();
        match cut.trim_end() {
            "" => drop(endpoint.properties.remove(name)),
            cut => {
                let cut: Arc<str> = cut.into();
                endpoint.properties.set(name.clone(), cut);
            }
        }
    }

    fn tags(&self, endpoint: &mut Endpoint) {
        let name = &self.names.tags;
        let sorted = endpoint.properties.get(name).and_then(|list| sorted_words(words(list)));
        set_or_remove(endpoint, name, sorted);
    }

    fn custom_hostname(&self, endpoint: &mut Endpoint) {
        let name = &self.names.custom_hostname;
        let is_managed = self.custom_hostnames && can_have_custom_hostnames(&endpoint.record_type);
        let sorted = endpoint.properties.get(name).filter(|_| is_managed).and_then(|list| {
            // What is no name of a host stays as it is, so that the write can say so of its object.
            let canonical =
                |word| DnsName::parse(word).map_or_else(|_| word.to_owned(), |name| name.to_string());
            let hostnames: Vec<String> = words(list).map(canonical).collect();
            sorted_words(hostnames.iter().map(String::as_str))
        });
        set_or_remove(endpoint, name, sorted);
    }

    /// A name that is bound to no region has an empty one, as in ExternalDNS.
    fn region(&self, endpoint: &mut Endpoint) {
        let name = &self.names.region;
        let region = self.region.as_deref().filter(|_| can_be_regional(&endpoint.record_type));
        let region = region.map(|default| endpoint.properties.get(name).unwrap_or(default).trim().to_owned());
        set_or_remove(endpoint, name, region);
    }
}

fn set_or_remove(endpoint: &mut Endpoint, name: &Arc<str>, value: Option<String>) {
    match value {
        Some(value) => endpoint.properties.set(name.clone(), value),
        None => drop(endpoint.properties.remove(name)),
    }
}

/// Custom hostnames lead to these alone, as in ExternalDNS.
pub(crate) fn can_have_custom_hostnames(record_type: &RecordType) -> bool {
    matches!(record_type, RecordType::A | RecordType::Cname)
}

/// Names of these types can be bound to a region.
pub(crate) fn can_be_regional(record_type: &RecordType) -> bool {
    can_be_proxied(record_type)
}

/// The nearest TTL that the service takes.
fn ttl_within(ttl: Ttl, plan: Plan) -> Ttl {
    match ttl.configured() {
        None => Ttl::UNSET,
        Some(AUTOMATIC_TTL) => ttl,
        Some(seconds) => Ttl::from_seconds(seconds.clamp(plan.shortest_ttl(), LONGEST_TTL)),
    }
}

/// What Go's ParseBool takes.
fn parse_bool(value: &str) -> Result<bool, &str> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        other => Err(other),
    }
}

fn objects_of(endpoint: &Endpoint) -> String {
    endpoint.objects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
