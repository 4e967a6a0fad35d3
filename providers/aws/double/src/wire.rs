//! Record sets to and from XML, with the constraints that the API's model puts on single fields.

use crate::error::ApiError;
use crate::name::Name;
use crate::record::{Alias, Cidr, GeoLocation, GeoProximity, RecordSet};
use crate::xml::Element;

/// The record types of the API.
pub(crate) const TYPES: [&str; 17] = [
    "SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS", "TLSA",
    "SSHFP", "SVCB", "HTTPS",
];

/// The regions that latency and geoproximity routing know (`ResourceRecordSetRegion` of the model).
#[rustfmt::skip]
const REGIONS: [&str; 39] = [
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1",
    "eu-central-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
    "eu-north-1", "sa-east-1", "cn-north-1", "cn-northwest-1", "ap-east-1", "me-south-1", "me-central-1", "ap-south-1",
    "ap-south-2", "af-south-1", "eu-south-1", "eu-south-2", "ap-southeast-4", "il-central-1", "ca-west-1", "ap-southeast-5",
    "mx-central-1", "ap-southeast-7", "us-gov-east-1", "us-gov-west-1", "ap-east-2", "ap-southeast-6", "eusc-de-east-1",
];

/// The fields of a record set that a client may send.
const FIELDS: [&str; 15] = [
    "Name",
    "Type",
    "SetIdentifier",
    "Weight",
    "Region",
    "GeoLocation",
    "Failover",
    "MultiValueAnswer",
    "TTL",
    "ResourceRecords",
    "AliasTarget",
    "HealthCheckId",
    "TrafficPolicyInstanceId",
    "CidrRoutingConfig",
    "GeoProximityLocation",
];

/// Reads the record set of one change; `at` says which, in messages. What is wrong with a single field is found here, what is
/// wrong between fields in [`crate::rules`].
pub(crate) fn read(element: &Element, at: &str) -> Result<RecordSet, ApiError> {
    element.only(&FIELDS)?;
    let field = Field { element, at };
    let kind = field.required("Type", "type")?;
    field.one_of(&kind, "type", &TYPES)?;
    let failover = element.text_of("Failover")?;
    if let Some(role) = &failover {
        field.one_of(role, "failover", &["PRIMARY", "SECONDARY"])?;
    }
    let region = element.text_of("Region")?;
    if let Some(region) = &region {
        field.one_of(region, "region", &REGIONS)?;
    }
    Ok(RecordSet {
        name: field.required("Name", "name")?,
        kind,
        set_identifier: field.short_text("SetIdentifier", "setIdentifier", 1..=128)?,
        weight: field.number("Weight", "weight", 0, 255)?,
        region,
        geo_location: element.child("GeoLocation").map(|child| read_geo(child, at)).transpose()?,
        failover,
        multi_value: field.flag("MultiValueAnswer", "multiValueAnswer")?.unwrap_or_default(),
        geo_proximity: element
            .child("GeoProximityLocation")
            .map(|child| read_proximity(child, at))
            .transpose()?,
        cidr: element.child("CidrRoutingConfig").map(|child| read_cidr(child, at)).transpose()?,
        ttl: field.number("TTL", "tTL", 0, 2_147_483_647)?,
        values: element
            .child("ResourceRecords")
            .map(|child| read_values(child, at))
            .transpose()?
            .unwrap_or_default(),
        alias: element.child("AliasTarget").map(|child| read_alias(child, at)).transpose()?,
        health_check: field.short_text("HealthCheckId", "healthCheckId", 0..=64)?,
        traffic_policy_instance: field.short_text(
            "TrafficPolicyInstanceId",
            "trafficPolicyInstanceId",
            1..=36,
        )?,
    })
}

fn read_values(element: &Element, at: &str) -> Result<Vec<String>, ApiError> {
    let read = |record: &Element| {
        record.only(&["Value"])?;
        let value = record.required_text("Value")?;
        match value.chars().count() {
            0..=4000 => Ok(value),
            _ => Err(violated(&value, at, "value", "Member must have length less than or equal to 4000")),
        }
    };
    element.members("ResourceRecord")?.iter().map(read).collect()
}

fn read_alias(element: &Element, at: &str) -> Result<Alias, ApiError> {
    element.only(&["HostedZoneId", "DNSName", "EvaluateTargetHealth"])?;
    let field = Field { element, at };
    element.required("EvaluateTargetHealth")?;
    let evaluate = field.flag("EvaluateTargetHealth", "aliasTarget.evaluateTargetHealth")?;
    let zone = element.required_text("HostedZoneId")?;
    if zone.chars().count() > 32 {
        let constraint = "Member must have length less than or equal to 32";
        return Err(violated(&zone, at, "aliasTarget.hostedZoneId", constraint));
    }
    Ok(Alias {
        zone: zone.trim_start_matches("/hostedzone/").to_owned(),
        name: field.required("DNSName", "aliasTarget.dNSName")?,
        evaluate_target_health: evaluate.unwrap_or_default(),
    })
}

fn read_geo(element: &Element, at: &str) -> Result<GeoLocation, ApiError> {
    element.only(&["ContinentCode", "CountryCode", "SubdivisionCode"])?;
    let field = Field { element, at };
    Ok(GeoLocation {
        continent: field.short_text("ContinentCode", "geoLocation.continentCode", 2..=2)?,
        country: field.short_text("CountryCode", "geoLocation.countryCode", 1..=2)?,
        subdivision: field.short_text("SubdivisionCode", "geoLocation.subdivisionCode", 1..=3)?,
    })
}

fn read_proximity(element: &Element, at: &str) -> Result<GeoProximity, ApiError> {
    element.only(&["AWSRegion", "LocalZoneGroup", "Coordinates", "Bias"])?;
    let field = Field { element, at };
    let coordinates = |child: &Element| {
        child.only(&["Latitude", "Longitude"])?;
        let latitude = child.required_text("Latitude")?;
        let longitude = child.required_text("Longitude")?;
        for (value, name, digits, bound) in
            [(&latitude, "latitude", 2, 90.0), (&longitude, "longitude", 3, 180.0)]
        {
            if !is_coordinate(value, digits, bound) {
                let pattern = format!(
                    "Member must satisfy regular expression pattern: [-+]?[0-9]{{1,{digits}}}(\\.[0-9]{{0,2}})?"
                );
                return Err(violated(
                    value,
                    at,
                    &format!("geoProximityLocation.coordinates.{name}"),
                    &pattern,
                ));
            }
        }
        Ok((latitude, longitude))
    };
    Ok(GeoProximity {
        region: field.short_text("AWSRegion", "geoProximityLocation.aWSRegion", 1..=64)?,
        local_zone_group: field.short_text(
            "LocalZoneGroup",
            "geoProximityLocation.localZoneGroup",
            1..=64,
        )?,
        coordinates: element.child("Coordinates").map(coordinates).transpose()?,
        bias: field.number("Bias", "geoProximityLocation.bias", -99, 99)?,
    })
}

/// A decimal number with at most two digits behind the point.
fn is_coordinate(text: &str, digits: usize, bound: f64) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (1..=digits).contains(&whole.len())
        && part.len() <= 2
        && numeric(whole)
        && numeric(part)
        && unsigned.parse::<f64>().is_ok_and(|value| value <= bound)
}

fn read_cidr(element: &Element, at: &str) -> Result<Cidr, ApiError> {
    element.only(&["CollectionId", "LocationName"])?;
    let field = Field { element, at };
    element.required("LocationName")?;
    Ok(Cidr {
        collection: element.required_text("CollectionId")?,
        location: field
            .short_text("LocationName", "cidrRoutingConfig.locationName", 1..=16)?
            .unwrap_or_default(),
    })
}

struct Field<'a> {
    element: &'a Element,
    at: &'a str,
}

impl Field<'_> {
    fn required(&self, tag: &str, member: &str) -> Result<String, ApiError> {
        let text = self.element.required_text(tag)?;
        match text.chars().count() {
            0..=1024 => Ok(text),
            _ => Err(violated(&text, self.at, member, "Member must have length less than or equal to 1024")),
        }
    }

    fn one_of(&self, value: &str, member: &str, known: &[&str]) -> Result<(), ApiError> {
        if known.contains(&value) {
            return Ok(());
        }
        let constraint = format!("Member must satisfy enum value set: [{}]", known.join(", "));
        Err(violated(value, self.at, member, &constraint))
    }

    fn short_text(
        &self,
        tag: &str,
        member: &str,
        length: std::ops::RangeInclusive<usize>,
    ) -> Result<Option<String>, ApiError> {
        let Some(text) = self.element.text_of(tag)? else { return Ok(None) };
        let found = text.chars().count();
        if found > *length.end() {
            let constraint = format!("Member must have length less than or equal to {}", length.end());
            return Err(violated(&text, self.at, member, &constraint));
        }
        if found < *length.start() {
            let constraint = format!("Member must have length greater than or equal to {}", length.start());
            return Err(violated(&text, self.at, member, &constraint));
        }
        Ok(Some(text))
    }

    fn number(&self, tag: &str, member: &str, least: i64, most: i64) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.element.text_of(tag)? else { return Ok(None) };
        let Ok(number) = text.trim().parse::<i64>() else {
            return Err(ApiError::malformed(format!("'{text}' is not a number in '{tag}'")));
        };
        if number < least {
            let constraint = format!("Member must have value greater than or equal to {least}");
            return Err(violated(&text, self.at, member, &constraint));
        }
        if number > most {
            let constraint = format!("Member must have value less than or equal to {most}");
            return Err(violated(&text, self.at, member, &constraint));
        }
        Ok(Some(number))
    }

    fn flag(&self, tag: &str, member: &str) -> Result<Option<bool>, ApiError> {
        match self.element.text_of(tag)?.as_deref().map(str::trim) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(violated(other, self.at, member, "Member must be true or false")),
        }
    }
}

fn violated(value: &str, at: &str, member: &str, constraint: &str) -> ApiError {
    ApiError::invalid_input(format!(
        "1 validation error detected: Value '{value}' at '{at}.{member}' failed to satisfy constraint: {constraint}"
    ))
}

/// A record set as lists show it.
pub(crate) fn write(set: &RecordSet) -> Element {
    let mut element = Element::new("ResourceRecordSet")
        .with(Element::leaf("Name", &set.name))
        .with(Element::leaf("Type", &set.kind))
        .with_text("SetIdentifier", set.set_identifier.as_ref())
        .with_text("Weight", set.weight)
        .with_text("Region", set.region.as_ref())
        .with_all(set.geo_location.as_ref().map(write_geo))
        .with_text("Failover", set.failover.as_ref())
        .with_text("MultiValueAnswer", set.multi_value.then_some(true))
        .with_text("TTL", set.ttl);
    if !set.values.is_empty() {
        let record = |value| Element::new("ResourceRecord").with(Element::leaf("Value", value));
        element = element.with(Element::new("ResourceRecords").with_all(set.values.iter().map(record)));
    }
    element
        .with_all(set.alias.as_ref().map(write_alias))
        .with_text("HealthCheckId", set.health_check.as_ref())
        .with_text("TrafficPolicyInstanceId", set.traffic_policy_instance.as_ref())
        .with_all(set.cidr.as_ref().map(write_cidr))
        .with_all(set.geo_proximity.as_ref().map(write_proximity))
}

fn write_alias(alias: &Alias) -> Element {
    Element::new("AliasTarget")
        .with(Element::leaf("HostedZoneId", &alias.zone))
        .with(Element::leaf("DNSName", &alias.name))
        .with(Element::leaf("EvaluateTargetHealth", alias.evaluate_target_health))
}

fn write_geo(geo: &GeoLocation) -> Element {
    Element::new("GeoLocation")
        .with_text("ContinentCode", geo.continent.as_ref())
        .with_text("CountryCode", geo.country.as_ref())
        .with_text("SubdivisionCode", geo.subdivision.as_ref())
}

fn write_cidr(cidr: &Cidr) -> Element {
    Element::new("CidrRoutingConfig")
        .with(Element::leaf("CollectionId", &cidr.collection))
        .with(Element::leaf("LocationName", &cidr.location))
}

fn write_proximity(proximity: &GeoProximity) -> Element {
    let coordinates = proximity.coordinates.as_ref().map(|(latitude, longitude)| {
        Element::new("Coordinates")
            .with(Element::leaf("Latitude", latitude))
            .with(Element::leaf("Longitude", longitude))
    });
    Element::new("GeoProximityLocation")
        .with_text("AWSRegion", proximity.region.as_ref())
        .with_text("LocalZoneGroup", proximity.local_zone_group.as_ref())
        .with_all(coordinates)
        .with_text("Bias", proximity.bias)
}

/// The same in the service's spelling of names and ids.
pub(crate) fn normalised(mut set: RecordSet) -> Result<RecordSet, String> {
    let normal = |text: &str| {
        Name::parse(text).map(|name| name.as_str().to_owned()).map_err(|fatal| fatal.in_text(text))
    };
    set.name = normal(&set.name)?;
    if let Some(alias) = &mut set.alias {
        alias.name = normal(&alias.name)?;
        alias.zone = alias.zone.trim_start_matches("/hostedzone/").to_owned();
    }
    Ok(set)
}
