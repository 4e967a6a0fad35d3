//! Wishes in the form in which Azure gives them back.
//!
//! The annotation `azure-tags` (`a=b,c=d`) becomes one property for each name, in an order of its own: ExternalDNS notes the order in
//! which it came across them, too, and updates records because of it. Properties that Azure would not give back are dropped.

use crate::config::Service;
use crate::convert::{DEFAULT_TTL, METADATA, to_body};
use zonewright_planner::{Endpoint, RecordType, Ttl};
use zonewright_provider_kit::{Adjusted, Rejected};

/// The property of the annotation.
const TAGS: &str = "azure/tags";
/// Where ExternalDNS keeps the list of names. A tag of this name could not be told from it.
const KEYS: &str = "azure/metadata-keys";

/// The longest TTL in seconds (RFC 2181 section 8), and the API's.
const LONGEST_TTL: i64 = i32::MAX as i64;

/// Adjusts all wishes.
pub(crate) fn adjust(service: Service, endpoints: Vec<Endpoint>) -> Adjusted {
    let mut adjusted = Adjusted { endpoints: Vec::with_capacity(endpoints.len()), rejected: Vec::new() };
    for mut endpoint in endpoints {
        match adjust_one(service, &mut endpoint) {
            Ok(()) => adjusted.endpoints.push(endpoint),
            Err(why) => adjusted.rejected.push(Rejected {
                text: format!("{} {}: {why}", endpoint.name, endpoint.record_type),
                name: Some(endpoint.name),
                objects: endpoint.objects,
            }),
        }
    }
    adjusted
}

fn adjust_one(service: Service, endpoint: &mut Endpoint) -> Result<(), String> {
    adjust_metadata(endpoint)?;
    if endpoint.ttl.configured().is_some_and(|ttl| ttl > LONGEST_TTL) {
        return Err(format!("a TTL of {} is longer than {LONGEST_TTL} seconds", endpoint.ttl.seconds()));
    }
    if endpoint.record_type == RecordType::Cname && endpoint.targets.len() > 1 {
        // DNS has one. ExternalDNS takes the first, too.
        endpoint.targets.truncate(1);
    }
    let is_ours = endpoint.record_type.is_known() && service.record_types().contains(&endpoint.record_type);
    if is_ours && !endpoint.targets.is_empty() {
        to_body(service, endpoint, Ttl::from_seconds(DEFAULT_TTL))?;
    }
    Ok(())
}

fn adjust_metadata(endpoint: &mut Endpoint) -> Result<(), String> {
    if endpoint.properties.is_empty() {
        return Ok(());
    }
    endpoint.properties.remove(KEYS);
    if let Some(tags) = endpoint.properties.remove(TAGS) {
        for (key, value) in parse_tags(&tags) {
            let property = format!("{METADATA}{key}");
            if property == KEYS {
                return Err("azure-tags: a tag cannot be called \"keys\"".to_owned());
            }
            endpoint.properties.set(property, value);
        }
    }
    let is_told = |name: &str| name.strip_prefix(METADATA).is_some_and(|key| !key.is_empty());
    endpoint.properties.retain(is_told);
    Ok(())
}

/// `a=b, c=d`. What has no name or no value is left out, as in ExternalDNS.
fn parse_tags(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(',').filter_map(|tag| {
        let (key, value) = tag.split_once('=')?;
        let (key, value) = (key.trim(), value.trim());
        (!key.is_empty() && !value.is_empty()).then_some((key, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use zonewright_planner::Properties;

    fn wish(properties: &[(&str, &str)]) -> Endpoint {
        let properties: Properties = properties.iter().copied().collect();
        Endpoint::new("a.example.org", RecordType::A, &["192.0.2.1"], properties).unwrap()
    }

    fn adjusted(properties: &[(&str, &str)]) -> Vec<(String, String)> {
        let endpoint = adjust(Service::Public, vec![wish(properties)]).endpoints.remove(0);
        let again = adjust(Service::Public, vec![endpoint.clone()]).endpoints.remove(0);
        assert_eq!(again, endpoint, "once is enough");
        endpoint.properties.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn tags_become_properties_in_one_order() {
        let expected = vec![
            ("azure/metadata-a".to_owned(), "1".to_owned()),
            ("azure/metadata-b".to_owned(), "2=3".to_owned()),
        ];
        assert_eq!(adjusted(&[("azure/tags", " b = 2=3 , a=1, =x, y=, z")]), expected);
        assert_eq!(adjusted(&[("azure/tags", "a=0,a=1,b=2=3")]), expected, "the last one counts");
        // As ExternalDNS hands them to webhooks and DNSEndpoints spell them.
        let spelled =
            [("azure/metadata-a", "1"), ("azure/metadata-b", "2=3"), ("azure/metadata-keys", "b,a")];
        assert_eq!(adjusted(&spelled), expected);
    }

    #[test]
    fn what_is_never_read_back_goes() {
        assert_eq!(adjusted(&[("alias", "false"), ("azure/other", "x"), ("azure/metadata-", "x")]), []);
    }

    #[test]
    fn what_cannot_be_written_is_said_and_kept_out() {
        let alias = Endpoint::new(
            "b.example.org",
            RecordType::A,
            &["lb.example.net"],
            [("alias", "true")].into_iter().collect(),
        );
        let long = wish(&[]).with_ttl(Ttl::from_seconds(LONGEST_TTL + 1));
        let adjusted =
            adjust(Service::Public, vec![alias.unwrap(), long, wish(&[("azure/tags", "keys=x")]), wish(&[])]);
        assert_eq!(adjusted.endpoints, [wish(&[])]);
        let texts: Vec<&str> = adjusted.rejected.iter().map(|rejected| rejected.text.as_str()).collect();
        assert!(texts[0].contains("b.example.org A: lb.example.net is no target"), "{texts:?}");
        assert!(texts[1].contains("TTL of 2147483648"), "{texts:?}");
        assert!(texts[2].contains("\"keys\""), "{texts:?}");
    }
}
