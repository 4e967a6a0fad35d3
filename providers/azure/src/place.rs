//! Where zones and record sets are: resource ids, and addresses below Azure Resource Manager.

use crate::config::Service;
use zonewright_planner::{DnsName, RecordType, ZoneId};
use zonewright_provider_http::{Url, below};

/// The place of a zone. Names are unique in a resource group only, so that this is what a zone is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) service: Service,
    pub(crate) subscription: String,
    pub(crate) resource_group: String,
    pub(crate) name: DnsName,
}

impl Service {
    /// What its zones are called in resource ids.
    fn kind(self) -> &'static str {
        match self {
            Self::Public => "dnsZones",
            Self::Private => "privateDnsZones",
        }
    }

    /// The version of the API; those of ExternalDNS v0.22.
    fn version(self) -> &'static str {
        match self {
            Self::Public => "2018-05-01",
            Self::Private => "2024-06-01",
        }
    }

    /// The list of all record sets is spelled differently, and `Microsoft.Network` takes no offence at either; the published APIs do.
    fn everything(self) -> &'static str {
        match self {
            Self::Public => "all",
            Self::Private => "ALL",
        }
    }
}

impl Place {
    /// Reads a resource id of a zone: `/subscriptions/…/resourceGroups/…/providers/Microsoft.Network/dnsZones/example.org`. Upper and
    /// lower case are the same.
    pub(crate) fn parse(id: &str) -> Option<Self> {
        let parts: Vec<&str> = id.trim_end_matches('/').split('/').collect();
        let ["", subscriptions, subscription, groups, group, providers, network, kind, name] = parts[..]
        else {
            return None;
        };
        let fixed = [
            (subscriptions, "subscriptions"),
            (groups, "resourceGroups"),
            (providers, "providers"),
            (network, "Microsoft.Network"),
        ];
        if !fixed.iter().all(|(part, expected)| part.eq_ignore_ascii_case(expected)) {
            return None;
        }
        let services = [Service::Public, Service::Private];
        let service = services.into_iter().find(|service| kind.eq_ignore_ascii_case(service.kind()))?;
        Some(Self {
            service,
            subscription: subscription.to_owned(),
            resource_group: group.to_owned(),
            name: DnsName::parse(name).ok()?,
        })
    }

    /// Its resource id.
    pub(crate) fn id(&self) -> ZoneId {
        let Self { service, subscription, resource_group, name } = self;
        ZoneId::new(format!(
            "/subscriptions/{subscription}/resourceGroups/{resource_group}/providers/Microsoft.Network/{}/{name}",
            service.kind()
        ))
    }

    /// The same for the same zone, however it is spelled.
    pub(crate) fn key(&self) -> String {
        self.id().as_str().to_ascii_lowercase()
    }

    /// The address of its list of record sets. At most 1000 come in an answer, and 100 where nobody asks for more.
    pub(crate) fn records_url(&self, endpoint: &Url) -> Url {
        let mut url = self.url(endpoint, &[self.name.as_str(), self.service.everything()]);
        url.query_pairs_mut().append_pair("$top", PAGE);
        url
    }

    /// The address of a record set.
    pub(crate) fn record_url(&self, endpoint: &Url, name: &DnsName, record_type: &RecordType) -> Url {
        let relative = relative(name, &self.name);
        self.url(endpoint, &[self.name.as_str(), record_type.as_str(), relative])
    }

    fn url(&self, endpoint: &Url, below_zones: &[&str]) -> Url {
        let zones = zones(endpoint, self.service, &self.subscription, &self.resource_group);
        versioned(below(&zones, below_zones), self.service)
    }
}

/// "Invalid $top value: '1001'. It must be a number between '1' and '1000'.", the service says.
const PAGE: &str = "1000";

/// The address of the list of zones of a resource group.
pub(crate) fn zones_url(endpoint: &Url, service: Service, subscription: &str, resource_group: &str) -> Url {
    let mut url = versioned(zones(endpoint, service, subscription, resource_group), service);
    url.query_pairs_mut().append_pair("$top", PAGE);
    url
}

fn zones(endpoint: &Url, service: Service, subscription: &str, resource_group: &str) -> Url {
    let group = ["subscriptions", subscription, "resourceGroups", resource_group];
    below(&below(endpoint, &group), &["providers", "Microsoft.Network", service.kind()])
}

fn versioned(mut url: Url, service: Service) -> Url {
    url.query_pairs_mut().append_pair("api-version", service.version());
    url
}

/// A name as it is called in its zone; `@` for the zone's own.
pub(crate) fn relative<'a>(name: &'a DnsName, zone: &DnsName) -> &'a str {
    match name.as_str().strip_suffix(zone.as_str()) {
        Some("") => "@",
        Some(relative) => relative.trim_end_matches('.'),
        // Nobody asks for a name in another zone.
        None => name.as_str(),
    }
}

/// The name that is called so in a zone.
pub(crate) fn absolute(relative: &str, zone: &DnsName) -> String {
    match relative {
        "@" => zone.to_string(),
        relative => format!("{relative}.{zone}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn name(text: &str) -> DnsName {
        DnsName::parse(text).unwrap()
    }

    #[rstest]
    #[case("example.org", "@")]
    #[case("www.example.org", "www")]
    #[case("*.example.org", "*")]
    #[case("*.a.example.org", "*.a")]
    #[case("_sip._tcp.example.org", "_sip._tcp")]
    #[case("xn--bcher-kva.example.org", "xn--bcher-kva")]
    fn names_are_relative_to_their_zone(#[case] full: &str, #[case] expected: &str) {
        let zone = name("example.org");
        assert_eq!(relative(&name(full), &zone), expected);
        assert_eq!(absolute(expected, &zone), full);
    }

    #[test]
    fn resource_ids_are_the_same_in_any_case() {
        let id =
            "/subscriptions/S1/resourceGroups/Group/providers/Microsoft.Network/privateDnsZones/Example.org";
        let place = Place::parse(id).unwrap();
        assert_eq!((place.service, place.name.as_str()), (Service::Private, "example.org"));
        assert_eq!(Place::parse(&id.to_ascii_lowercase()).unwrap().key(), place.key());
        assert_eq!(
            place.id().as_str(),
            "/subscriptions/S1/resourceGroups/Group/providers/Microsoft.Network/privateDnsZones/example.org"
        );
        for wrong in [
            "example.org",
            "/subscriptions/S1",
            "/x/S1/resourceGroups/g/providers/Microsoft.Network/dnsZones/a",
        ] {
            assert_eq!(Place::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_are_those_of_the_published_apis() {
        let id = "/subscriptions/s/resourcegroups/g/providers/microsoft.network/dnszones/example.org";
        let (endpoint, place) = (Url::parse("https://m/").unwrap(), Place::parse(id).unwrap());
        let url = |full: &str| place.record_url(&endpoint, &name(full), &RecordType::Txt).to_string();
        let zones = "https://m/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/dnsZones";
        assert_eq!(url("*.example.org"), format!("{zones}/example.org/TXT/*?api-version=2018-05-01"));
        assert_eq!(url("example.org"), format!("{zones}/example.org/TXT/@?api-version=2018-05-01"));
        assert_eq!(url("0/25.example.org"), format!("{zones}/example.org/TXT/0%2F25?api-version=2018-05-01"));
        assert_eq!(
            place.records_url(&endpoint).to_string(),
            format!("{zones}/example.org/all?api-version=2018-05-01&%24top=1000")
        );
    }
}
