//! A service and its instances, as far as they are about DNS: reading them as records, and working out what they have to become.
//! Pure functions.

use aws_sdk_servicediscovery::types::{
    HealthCheckConfig, RecordType as WireType, RoutingPolicy, ServiceSummary,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use tokio::time::Instant;
use zonewright_planner::{DnsName, Endpoint, Labels, Properties, Record, RecordType, Target, Ttl, ZoneId};

/// What a service is created with where nobody asks for a TTL (ExternalDNS v0.22, provider/awssd).
pub(crate) const DEFAULT_TTL: i64 = 300;

/// The longest id of an instance (`InstanceId` of the API).
const LONGEST_ID: usize = 64;

/// What an instance says about itself.
const IPV4: &str = "AWS_INSTANCE_IPV4";
const IPV6: &str = "AWS_INSTANCE_IPV6";
const CNAME: &str = "AWS_INSTANCE_CNAME";
const ALIAS: &str = "AWS_ALIAS_DNS_NAME";

/// The records that an instance stands for: an address, a pair of them, or a host.
pub(crate) type Published = Vec<(RecordType, Target)>;

/// An instance of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instance {
    pub(crate) id: String,
    /// Nothing where its attributes make no sense with its service.
    pub(crate) published: Published,
}

/// What stands in the list of services.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Summary {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    /// The types of its records with their TTLs. None for a service that is not in the DNS.
    pub(crate) types: BTreeMap<RecordType, i64>,
    pub(crate) is_weighted: bool,
    /// Given back with every update, which would remove it otherwise.
    pub(crate) health_check: Option<HealthCheckConfig>,
    /// How many it has, where that is told.
    pub(crate) instances: Option<usize>,
}

/// A service.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) summary: Summary,
    pub(crate) labels: Labels,
    /// `None` while nobody has looked.
    pub(crate) content: Option<Content>,
}

/// The instances of a service.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) instances: Vec<Instance>,
    pub(crate) known_at: Instant,
}

/// What a service is created for, and cannot change any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) types: Vec<RecordType>,
    pub(crate) is_weighted: bool,
}

/// What is to stand at a name: by type, with the TTL that is asked for.
pub(crate) type Sets = BTreeMap<RecordType, (Vec<Target>, Option<i64>)>;

impl Summary {
    pub(crate) fn read(summary: &ServiceSummary) -> Self {
        let dns = summary.dns_config();
        let records = dns.map_or(&[][..], |dns| dns.dns_records());
        Self {
            id: summary.id().unwrap_or_default().to_owned(),
            name: summary.name().unwrap_or_default().to_owned(),
            description: summary.description().unwrap_or_default().to_owned(),
            types: records
                .iter()
                .map(|record| (RecordType::from_text(record.r#type().as_str()), record.ttl()))
                .collect(),
            is_weighted: dns.and_then(|dns| dns.routing_policy()) == Some(&RoutingPolicy::Weighted),
            health_check: summary.health_check_config().cloned(),
            instances: summary.instance_count().and_then(|count| usize::try_from(count).ok()),
        }
    }

    fn is_of(&self, types: &[RecordType]) -> bool {
        self.types.len() == types.len()
            && types.iter().all(|record_type| self.types.contains_key(record_type))
    }
}

impl Service {
    pub(crate) fn new(summary: Summary) -> Self {
        let labels = Labels::from_ownership_text(&summary.description).unwrap_or_default();
        Self { summary, labels, content: None }
    }

    pub(crate) fn instances(&self) -> &[Instance] {
        self.content.as_ref().map_or(&[], |content| &content.instances)
    }

    /// What an instance with these attributes stands for. The types of the service say which of them count.
    pub(crate) fn published(&self, attributes: &HashMap<String, String>) -> Published {
        let of = |record_type: RecordType, key: &str| {
            let text = attributes.get(key).filter(|text| !text.is_empty())?;
            Some((record_type.clone(), Target::parse(&record_type, text, false).ok()?))
        };
        let has = |record_type: &RecordType| self.summary.types.contains_key(record_type);
        let alias = of(RecordType::Cname, ALIAS);
        if has(&RecordType::Cname) {
            return of(RecordType::Cname, CNAME).or(alias).into_iter().collect();
        }
        if alias.is_some() && !self.summary.types.is_empty() {
            return alias.into_iter().collect();
        }
        let address = |record_type: RecordType, key| match has(&record_type) {
            true => of(record_type, key),
            false => None,
        };
        address(RecordType::A, IPV4).into_iter().chain(address(RecordType::Aaaa, IPV6)).collect()
    }

    /// What stands at its name now.
    pub(crate) fn sets(&self) -> Sets {
        let mut sets = Sets::new();
        for (record_type, target) in self.instances().iter().flat_map(|instance| &instance.published) {
            let ttl = self.ttl_of(record_type);
            let (targets, _) = sets.entry(record_type.clone()).or_insert_with(|| (Vec::new(), ttl));
            targets.push(target.clone());
        }
        for (targets, _) in sets.values_mut() {
            targets.sort();
            targets.dedup();
        }
        sets
    }

    /// That of the type, or for an alias that of the addresses it stands for.
    fn ttl_of(&self, record_type: &RecordType) -> Option<i64> {
        let types = &self.summary.types;
        types.get(record_type).or_else(|| types.values().next()).copied()
    }

    /// As records. A service that holds nothing, or was not looked into, becomes records without targets: its name is taken.
    pub(crate) fn records(&self, zone: &ZoneId, name: &DnsName) -> Vec<Record> {
        let mut sets = self.sets();
        if sets.is_empty() {
            let empty =
                |(record_type, ttl): (&RecordType, &i64)| (record_type.clone(), (Vec::new(), Some(*ttl)));
            sets = self.summary.types.iter().map(empty).collect();
        }
        let record = |(record_type, (targets, ttl)): (RecordType, (Vec<Target>, Option<i64>))| {
            let ttl = Ttl::from_seconds(ttl.unwrap_or_default());
            let as_wished = Endpoint::from_parts(name.clone(), record_type, targets, Properties::new());
            let labels = self.labels.clone();
            Record { labels, ..Record::from_endpoint(zone.clone(), &as_wished.with_ttl(ttl)) }
        };
        sets.into_iter().map(record).collect()
    }

    /// Whether it can hold what another shape is needed for otherwise.
    fn is(&self, shape: &Shape) -> bool {
        self.summary.is_of(&shape.types) && self.summary.is_weighted == shape.is_weighted
    }
}

impl Shape {
    /// The shape for what is to stand at a name: the one that is there, wherever it will do, because another one means to do without
    /// the name for a while. `None` where nothing is to stand there.
    pub(crate) fn of(sets: &Sets, current: Option<&Service>) -> Result<Option<Self>, &'static str> {
        let shape = |types: &[RecordType], is_weighted| Shape { types: types.to_vec(), is_weighted };
        let is_there = |shape: &Shape| current.is_some_and(|service| service.is(shape));
        let types: Vec<RecordType> = sets.keys().cloned().collect();
        match types[..] {
            [] => Ok(None),
            [RecordType::Cname] => {
                let (plain, alias) = (shape(&[RecordType::Cname], true), shape(&[RecordType::A], true));
                let can_be_alias = sets.values().flat_map(|(targets, _)| targets).all(is_load_balancer);
                Ok(Some(if can_be_alias && !is_there(&plain) { alias } else { plain }))
            }
            [RecordType::A] | [RecordType::Aaaa] | [RecordType::A, RecordType::Aaaa] => {
                let (multivalue, weighted) = (shape(&types, false), shape(&types, true));
                Ok(Some(if is_there(&weighted) { weighted } else { multivalue }))
            }
            _ => Err("a service holds addresses or a CNAME, and nothing else"),
        }
    }

    pub(crate) fn fits(&self, service: &Service) -> bool {
        service.is(self)
    }

    pub(crate) fn routing(&self) -> RoutingPolicy {
        if self.is_weighted { RoutingPolicy::Weighted } else { RoutingPolicy::Multivalue }
    }

    /// The types with their TTLs: those that are asked for, or else those that are there.
    pub(crate) fn ttls(&self, sets: &Sets, current: Option<&Service>) -> BTreeMap<RecordType, i64> {
        let ttl = |record_type: &RecordType| {
            // An alias stands for addresses.
            let set = sets.get(record_type).or_else(|| sets.get(&RecordType::Cname));
            let there = || current.and_then(|service| service.summary.types.get(record_type).copied());
            set.and_then(|(_, ttl)| *ttl).or_else(there).unwrap_or(DEFAULT_TTL)
        };
        self.types.iter().map(|record_type| (record_type.clone(), ttl(record_type))).collect()
    }
}

/// The instances that publish these sets. Where there are addresses of both kinds each instance needs one of each, so those of the
/// shorter list serve again.
pub(crate) fn instances_for(sets: &Sets) -> Vec<Published> {
    let lists: Vec<(&RecordType, &Vec<Target>)> =
        sets.iter().map(|(record_type, (targets, _))| (record_type, targets)).collect();
    let count = lists.iter().map(|(_, targets)| targets.len()).max().unwrap_or_default();
    let instance = |i: usize| {
        let target = |(record_type, targets): &(&RecordType, &Vec<Target>)| {
            let target = targets.iter().cycle().nth(i)?;
            Some(((*record_type).clone(), target.clone()))
        };
        lists.iter().filter_map(target).collect()
    };
    (0..count).map(instance).collect()
}

/// The attributes of an instance in a service of some types.
pub(crate) fn attributes(published: &Published, types: &[RecordType]) -> HashMap<String, String> {
    let key = |record_type: &RecordType| match record_type {
        RecordType::A => IPV4,
        RecordType::Aaaa => IPV6,
        _ if types.contains(&RecordType::Cname) => CNAME,
        _ => ALIAS,
    };
    published.iter().map(|(record_type, target)| (key(record_type).to_owned(), target.to_string())).collect()
}

/// The id of an instance: its target, as in ExternalDNS v0.22, which removes instances by it.
pub(crate) fn instance_id(published: &Published) -> String {
    let targets: Vec<String> =
        published.iter().map(|(_, target)| target.to_string().to_ascii_lowercase()).collect();
    let id = targets.join("/");
    if id.len() <= LONGEST_ID {
        return id;
    }
    Sha256::digest(id.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether Cloud Map can alias to it: the names of load balancers as ExternalDNS v0.22 knows them,
/// `NAME.REGION.elb.amazonaws.com` and `NAME.elb.REGION.amazonaws.com`.
fn is_load_balancer(target: &Target) -> bool {
    let name = target.to_string();
    let Some(rest) = name.strip_suffix(".amazonaws.com") else { return false };
    let labels: Vec<&str> = rest.split('.').collect();
    matches!(labels[..], [_, .., _, "elb"] | [_, .., "elb", _])
}

/// The type on the wire.
pub(crate) fn wire_type(record_type: &RecordType) -> WireType {
    WireType::from(record_type.as_str())
}

/// Why no service can have this name: labels of letters, digits, dashes and underscores, 127 characters in all (`ServiceName` of the
/// API).
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 127 {
        return Err(format!(
            "the name of a service has at most 127 characters, and {name} has {}",
            name.len()
        ));
    }
    match name.split('.').all(is_label) {
        true => Ok(()),
        false => Err(format!("{name:?} cannot be the name of a service")),
    }
}

#[cfg(test)]
mod tests;
