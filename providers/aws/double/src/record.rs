//! Record sets as plain values, for tests to put in and take out.

/// A record set: everything that shares a name, a type and a set identifier. The fields are those of the API, and as there
/// nothing keeps senseless combinations from being written down; the service refuses them.
///
/// Names and alias targets may be given in any spelling; they come back in the service's: lower case, a trailing dot, `\052`
/// for `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct RecordSet {
    /// The name, escaped and with its trailing dot when it comes from the service.
    pub name: String,
    /// `A`, `TXT` and so on.
    pub kind: String,
    /// Tells the members of a routing set from each other.
    pub set_identifier: Option<String>,
    /// Weighted routing: 0 to 255.
    pub weight: Option<i64>,
    /// Latency routing: the region of the resource.
    pub region: Option<String>,
    /// Geolocation routing.
    pub geo_location: Option<GeoLocation>,
    /// Failover routing: `PRIMARY` or `SECONDARY`.
    pub failover: Option<String>,
    /// Multivalue answer routing.
    pub multi_value: bool,
    /// Geoproximity routing.
    pub geo_proximity: Option<GeoProximity>,
    /// Routing by the client's network.
    pub cidr: Option<Cidr>,
    /// Seconds; none with an alias.
    pub ttl: Option<i64>,
    /// The values in the order and spelling in which they were written.
    pub values: Vec<String>,
    /// Where an alias points.
    pub alias: Option<Alias>,
    /// The health check that decides whether this is answered.
    pub health_check: Option<String>,
    /// Which traffic policy instance made this.
    pub traffic_policy_instance: Option<String>,
}

/// Where an alias points.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Alias {
    /// The zone id of the target: of this zone, or of the service that owns the target.
    pub zone: String,
    /// The target's name.
    pub name: String,
    /// Whether the target's health counts.
    pub evaluate_target_health: bool,
}

/// Where a client is: a continent, or a country with perhaps a part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct GeoLocation {
    /// `AF`, `AN`, `AS`, `EU`, `NA`, `OC` or `SA`.
    pub continent: Option<String>,
    /// Two letters, or `*` for everywhere else.
    pub country: Option<String>,
    /// A state of the United States, or an oblast of Ukraine.
    pub subdivision: Option<String>,
}

/// Where a resource is: exactly one of region, local zone group and coordinates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct GeoProximity {
    /// An AWS region.
    pub region: Option<String>,
    /// A local zone group.
    pub local_zone_group: Option<String>,
    /// Latitude and longitude, as they were written.
    pub coordinates: Option<(String, String)>,
    /// How much larger or smaller the region is made: -99 to 99.
    pub bias: Option<i64>,
}

/// A place in a collection of networks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cidr {
    /// The id of the collection.
    pub collection: String,
    /// The name of the location, or `*`.
    pub location: String,
}

impl RecordSet {
    /// A record set with simple routing.
    pub fn new(name: &str, kind: &str, ttl: i64, values: &[&str]) -> Self {
        RecordSet {
            name: name.to_owned(),
            kind: kind.to_owned(),
            ttl: Some(ttl),
            values: values.iter().map(|&value| value.to_owned()).collect(),
            ..RecordSet::default()
        }
    }

    /// An alias with simple routing that evaluates its target's health.
    pub fn alias(name: &str, kind: &str, target_zone: &str, target: &str) -> Self {
        RecordSet {
            name: name.to_owned(),
            kind: kind.to_owned(),
            alias: Some(Alias {
                zone: target_zone.to_owned(),
                name: target.to_owned(),
                evaluate_target_health: true,
            }),
            ..RecordSet::default()
        }
    }

    /// The same as a member of a weighted set.
    pub fn weighted(self, set_identifier: &str, weight: i64) -> Self {
        RecordSet { set_identifier: Some(set_identifier.to_owned()), weight: Some(weight), ..self }
    }

    /// The same as a member of a latency set.
    pub fn in_region(self, set_identifier: &str, region: &str) -> Self {
        let region = Some(region.to_owned());
        RecordSet { set_identifier: Some(set_identifier.to_owned()), region, ..self }
    }

    /// The policies that this record set follows, by the names that the service has for them: none is simple routing, and more
    /// than one is a mistake.
    pub(crate) fn policies(&self) -> Vec<&'static str> {
        let all = [
            (self.weight.is_some(), "weighted"),
            (self.region.is_some(), "latency"),
            (self.failover.is_some(), "failover"),
            (self.geo_location.is_some(), "geolocation"),
            (self.multi_value, "multivalue answer"),
            (self.geo_proximity.is_some(), "geoproximity"),
            (self.cidr.is_some(), "CIDR"),
        ];
        all.into_iter().filter_map(|(follows, policy)| follows.then_some(policy)).collect()
    }

    /// `[name='…', type='…']`, as the service's messages have it.
    pub(crate) fn described(&self) -> String {
        match &self.set_identifier {
            None => format!("[name='{}', type='{}']", self.name, self.kind),
            Some(id) => format!("[name='{}', type='{}', set-identifier='{id}']", self.name, self.kind),
        }
    }
}
