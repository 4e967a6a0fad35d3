//! The answer to the negotiation: the names that a client should ask for. Pure.

use zonewright_planner::DomainFilter;
use zonewright_provider_kit::Zone;

/// What was said by a flag counts, then what the provider says, then its zones, if they have names: a client that knows them leaves
/// other names alone, instead of being refused.
pub(super) fn offer(flag: &DomainFilter, provider: DomainFilter, zones: &[Zone]) -> DomainFilter {
    if !matches!(flag, DomainFilter::All) {
        return flag.clone();
    }
    if !matches!(provider, DomainFilter::All) {
        return provider;
    }
    let names: Option<Vec<&str>> = zones.iter().map(|zone| Some(zone.name.as_ref()?.as_str())).collect();
    match names {
        Some(names) => DomainFilter::from_suffixes(&names, &[]).unwrap_or_default(),
        None => DomainFilter::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zonewright_planner::ZoneId;

    fn text(flag: &[&str], provider: &[&str], zones: &[Option<&str>]) -> String {
        let filter = |list: &[&str]| DomainFilter::from_suffixes(list, &[]).unwrap();
        let zone = |name: &Option<&str>| Zone {
            id: ZoneId::new(name.unwrap_or("all")),
            name: name.map(|name| name.parse().unwrap()),
        };
        let zones: Vec<Zone> = zones.iter().map(zone).collect();
        serde_json::to_string(&offer(&filter(flag), filter(provider), &zones)).unwrap()
    }

    #[test]
    fn the_flag_counts_then_the_provider_then_the_zones() {
        let zones = [Some("example.org"), Some("example.com")];
        assert_eq!(text(&["a.org"], &["b.org"], &zones), r#"{"include":["a.org"]}"#);
        assert_eq!(text(&[], &["b.org"], &zones), r#"{"include":["b.org"]}"#);
        assert_eq!(text(&[], &[], &zones), r#"{"include":["example.com","example.org"]}"#);
        assert_eq!(text(&[], &[], &[None]), "{}");
        assert_eq!(text(&[], &[], &[]), "{}");
    }
}
