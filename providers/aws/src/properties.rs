//! The properties that Route 53 knows, as ExternalDNS calls them: `aws/…`, from annotations `aws-…` and from DNSEndpoint objects.

use std::sync::{Arc, LazyLock};
use zonewright_planner::{ALIAS, Properties};

pub(crate) const TARGET_HOSTED_ZONE: &str = "aws/target-hosted-zone";
pub(crate) const HOSTED_ZONE_ID: &str = "aws/hosted-zone-id";
pub(crate) const EVALUATE_TARGET_HEALTH: &str = "aws/evaluate-target-health";
pub(crate) const WEIGHT: &str = "aws/weight";
pub(crate) const REGION: &str = "aws/region";
pub(crate) const FAILOVER: &str = "aws/failover";
pub(crate) const MULTI_VALUE: &str = "aws/multi-value-answer";
pub(crate) const CONTINENT: &str = "aws/geolocation-continent-code";
pub(crate) const COUNTRY: &str = "aws/geolocation-country-code";
pub(crate) const SUBDIVISION: &str = "aws/geolocation-subdivision-code";
pub(crate) const PROXIMITY_REGION: &str = "aws/geoproximity-region";
pub(crate) const PROXIMITY_GROUP: &str = "aws/geoproximity-local-zone-group";
pub(crate) const PROXIMITY_COORDINATES: &str = "aws/geoproximity-coordinates";
pub(crate) const PROXIMITY_BIAS: &str = "aws/geoproximity-bias";
pub(crate) const HEALTH_CHECK: &str = "aws/health-check-id";
/// Ours alone, and only ever read: what a record must have to be deleted exactly. Nobody can wish for them.
pub(crate) const CIDR_COLLECTION: &str = "aws/cidr-collection-id";
pub(crate) const CIDR_LOCATION: &str = "aws/cidr-location-name";

/// Those that a wish may have when it is planned; any other would never be read back and so cause endless updates.
pub(crate) const WISHABLE: [&str; 16] = [
    ALIAS,
    TARGET_HOSTED_ZONE,
    EVALUATE_TARGET_HEALTH,
    WEIGHT,
    REGION,
    FAILOVER,
    MULTI_VALUE,
    CONTINENT,
    COUNTRY,
    SUBDIVISION,
    PROXIMITY_REGION,
    PROXIMITY_GROUP,
    PROXIMITY_COORDINATES,
    PROXIMITY_BIAS,
    HEALTH_CHECK,
    HOSTED_ZONE_ID,
];

/// How answers are chosen among record sets of one name and type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Routing {
    Weighted,
    Latency,
    Failover,
    MultiValue,
    Geolocation,
    Geoproximity,
    Cidr,
}

impl Routing {
    /// By what property each is told.
    const SIGNS: [(&'static str, Self); 12] = [
        (WEIGHT, Self::Weighted),
        (REGION, Self::Latency),
        (FAILOVER, Self::Failover),
        (MULTI_VALUE, Self::MultiValue),
        (CONTINENT, Self::Geolocation),
        (COUNTRY, Self::Geolocation),
        (SUBDIVISION, Self::Geolocation),
        (PROXIMITY_REGION, Self::Geoproximity),
        (PROXIMITY_GROUP, Self::Geoproximity),
        (PROXIMITY_COORDINATES, Self::Geoproximity),
        (PROXIMITY_BIAS, Self::Geoproximity),
        (CIDR_COLLECTION, Self::Cidr),
    ];

    /// What users call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Weighted => "weight",
            Self::Latency => "region",
            Self::Failover => "failover",
            Self::MultiValue => "multivalue answer",
            Self::Geolocation => "geolocation",
            Self::Geoproximity => "geoproximity",
            Self::Cidr => "CIDR",
        }
    }

    /// All that are asked for, each once.
    pub(crate) fn all_of(properties: &Properties) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for (name, routing) in Self::SIGNS {
            if properties.get(name).is_some() && found.last() != Some(&routing) {
                found.push(routing);
            }
        }
        found
    }
}

/// Whether a record set has to go before the one that takes its place can come: another policy, or another place. Two record sets of
/// a name cannot be for one place, so that two that change theirs would be in each other's way.
pub(crate) fn is_routed_differently(old: &Properties, new: &Properties) -> bool {
    let places = [
        REGION,
        FAILOVER,
        CONTINENT,
        COUNTRY,
        SUBDIVISION,
        PROXIMITY_REGION,
        PROXIMITY_GROUP,
        PROXIMITY_COORDINATES,
        CIDR_COLLECTION,
        CIDR_LOCATION,
    ];
    Routing::all_of(old) != Routing::all_of(new) || places.iter().any(|name| old.get(name) != new.get(name))
}

/// Names and values that thousands of records share.
pub(crate) fn shared(text: &str) -> Arc<str> {
    static SHARED: LazyLock<Vec<Arc<str>>> = LazyLock::new(|| {
        let names = WISHABLE.into_iter().chain([CIDR_COLLECTION, CIDR_LOCATION, "true", "false"]);
        names.map(Arc::from).collect()
    });
    SHARED.iter().find(|shared| ***shared == *text).cloned().unwrap_or_else(|| text.into())
}

/// Sets a property without a text of its own where there is a shared one.
pub(crate) fn set(properties: &mut Properties, name: &str, value: &str) {
    properties.set(shared(name), shared(value));
}
