//! The last touches: default TTL, properties of this provider only, aliases.

use super::PipelineSettings;
use zonewright_planner::{ALIAS, Endpoint, RecordType, Ttl};

pub(super) fn apply(mut endpoints: Vec<Endpoint>, settings: &PipelineSettings) -> Vec<Endpoint> {
    for endpoint in &mut endpoints {
        if settings.min_ttl >= 1 && endpoint.ttl.configured().is_none() {
            endpoint.ttl = Ttl::from_seconds(settings.min_ttl);
        }
        retain_own_properties(endpoint, &settings.provider);
        if settings.prefer_alias
            && endpoint.record_type == RecordType::Cname
            && endpoint.properties.get(ALIAS).is_none()
        {
            endpoint.properties.set(ALIAS, "true");
        }
    }
    endpoints
}

/// Drops properties that belong to another provider: `aws/weight` means nothing to a webhook. Names without a slash are
/// common to all. Cloudflare's are named like annotations, so nothing is dropped there.
fn retain_own_properties(endpoint: &mut Endpoint, provider: &str) {
    if provider == "cloudflare" || endpoint.properties.is_empty() {
        return;
    }
    let family = property_family(provider);
    let is_own = |name: &str| name.split_once('/').is_none_or(|(prefix, _)| prefix == family);
    endpoint.properties.retain(is_own);
}

/// What the properties of a provider begin with. Where a provider is known under several names all of them mean one family;
/// ExternalDNS loses the properties there.
fn property_family(provider: &str) -> &str {
    match provider {
        "azure-dns" | "azure-private-dns" => "azure",
        "skydns" => "coredns",
        "scaleway" => "scw",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zonewright_planner::Properties;

    fn run(settings: &PipelineSettings, ttl: i64, properties: &[(&str, &str)]) -> Endpoint {
        let properties: Properties = properties.iter().copied().collect();
        let endpoint = Endpoint::new("a.example.org", RecordType::Cname, &["b.example.org"], properties)
            .unwrap()
            .with_ttl(Ttl::from_seconds(ttl));
        apply(vec![endpoint], settings).remove(0)
    }

    #[test]
    fn min_ttl_is_a_default_and_not_a_floor() {
        let settings = PipelineSettings { min_ttl: 60, ..PipelineSettings::default() };
        assert_eq!([0, -5, 5].map(|ttl| run(&settings, ttl, &[]).ttl.seconds()), [60, 60, 5]);
    }

    #[test]
    fn properties_of_other_providers_go() {
        let settings = PipelineSettings { provider: "webhook".into(), ..PipelineSettings::default() };
        let left = run(&settings, 0, &[("aws/weight", "1"), ("webhook/x", "2"), ("alias", "false")]);
        assert_eq!(left.properties.iter().collect::<Vec<_>>(), [("alias", "false"), ("webhook/x", "2")]);
        let settings = PipelineSettings { provider: "scaleway".into(), ..PipelineSettings::default() };
        assert!(!run(&settings, 0, &[("scw/x", "1")]).properties.is_empty());
    }

    #[test]
    fn prefer_alias_respects_an_explicit_choice() {
        let settings = PipelineSettings { prefer_alias: true, ..PipelineSettings::default() };
        assert_eq!(run(&settings, 0, &[]).properties.get("alias"), Some("true"));
        assert_eq!(run(&settings, 0, &[("alias", "false")]).properties.get("alias"), Some("false"));
    }
}
