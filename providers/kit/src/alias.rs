//! The `alias` property in one form.

use zonewright_planner::{ALIAS, Endpoint, Properties, RecordType};

/// Rewrites `alias=A` on A records and `alias=AAAA` on AAAA records to `alias=true`, which is what the planner and the
/// ownership rows look at. ExternalDNS does it after the adjust step of every provider (provider/factory/alias_normalizer.go
/// at v0.22), so whoever calls [`ReadZones::adjust`](crate::ReadZones::adjust) calls this on the answer.
#[must_use]
pub fn normalize_aliases(mut endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
    for endpoint in &mut endpoints {
        normalize_alias(&endpoint.record_type, &mut endpoint.properties);
    }
    endpoints
}

/// [`normalize_aliases`] for the properties of one record.
pub fn normalize_alias(record_type: &RecordType, properties: &mut Properties) {
    if record_type.is_address() && properties.get(ALIAS) == Some(record_type.as_str()) {
        properties.set(ALIAS, "true");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("A", "A", "true")]
    #[case("AAAA", "AAAA", "true")]
    #[case("A", "AAAA", "AAAA")]
    #[case("AAAA", "A", "A")]
    #[case("A", "false", "false")]
    #[case("A", "a", "a")]
    #[case("CNAME", "CNAME", "CNAME")]
    fn an_alias_of_its_own_type_is_simply_an_alias(
        #[case] record_type: &str,
        #[case] before: &str,
        #[case] after: &str,
    ) {
        let properties: Properties = [(ALIAS, before)].into_iter().collect();
        let target = if record_type == "AAAA" { "2001:db8::1" } else { "192.0.2.1" };
        let record_type = RecordType::from_text(record_type);
        let endpoint = Endpoint::new("a.example.org", record_type, &[target], properties).unwrap();
        let endpoints = normalize_aliases(vec![endpoint]);
        assert_eq!(endpoints[0].properties.get(ALIAS), Some(after));
    }
}
