//! Zones and which of them a name belongs to.

use zonewright_planner::{DnsName, Endpoint, ZoneId};

/// A zone as a provider lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Zone {
    /// The provider's identifier.
    pub id: ZoneId,
    /// The zone's apex; `None` where the provider does not say which zones it has (webhook): it takes every name.
    pub name: Option<DnsName>,
}

impl Zone {
    /// Whether a name lies in this zone.
    pub fn contains(&self, name: &DnsName) -> bool {
        self.name.as_ref().is_none_or(|apex| name.is_in(apex))
    }
}

/// The zone that a new record belongs to: the one with the longest name that contains it, on label boundaries; of
/// equals the one with the smallest id, so that the choice never depends on the order of the listing.
pub fn zone_for<'a>(zones: &'a [Zone], name: &DnsName) -> Option<&'a Zone> {
    let labels = |zone: &Zone| zone.name.as_ref().map_or(0, DnsName::label_count);
    zones
        .iter()
        .filter(|zone| zone.contains(name))
        .max_by(|a, b| labels(a).cmp(&labels(b)).then_with(|| b.id.cmp(&a.id)))
}

/// The zone that a new record goes to: the one that it is for, or else the one that its name belongs to.
pub fn zone_of_new<'a>(zones: &'a [Zone], new: &Endpoint) -> Option<&'a Zone> {
    match &new.zone {
        Some(id) => zones.iter().find(|zone| zone.id == *id && zone.contains(&new.name)),
        None => zone_for(zones, &new.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn zones() -> Vec<Zone> {
        [("1", "example.org"), ("2", "k8s.example.org"), ("4", "twin.org"), ("3", "twin.org")]
            .iter()
            .map(|(id, name)| Zone { id: ZoneId::new(*id), name: DnsName::parse(name).ok() })
            .collect()
    }

    #[rstest]
    #[case("www.example.org", Some("1"))]
    #[case("example.org", Some("1"))]
    #[case("a.k8s.example.org", Some("2"))]
    #[case("circus-k8s.example.org", Some("1"))]
    #[case("anexample.org", None)]
    #[case("a.twin.org", Some("3"))]
    fn the_longest_suffix_wins(#[case] name: &str, #[case] expected: Option<&str>) {
        let zones = zones();
        let found = zone_for(&zones, &DnsName::parse(name).unwrap());
        assert_eq!(found.map(|zone| zone.id.as_str()), expected);
    }
}
