//! Our records <-> resource record sets of Route 53.

use crate::adjust::{DEFAULT_TTL, bare_zone_id};
use crate::canonical::canonical;
use crate::escape::{canonical_text, decode_name, encode_name, wire_text};
use crate::properties::{
    CIDR_COLLECTION, CIDR_LOCATION, CONTINENT, COUNTRY, EVALUATE_TARGET_HEALTH, FAILOVER, HEALTH_CHECK,
    MULTI_VALUE, PROXIMITY_BIAS, PROXIMITY_COORDINATES, PROXIMITY_GROUP, PROXIMITY_REGION, REGION,
    SUBDIVISION, TARGET_HOSTED_ZONE, WEIGHT, set,
};
use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::types::{
    AliasTarget, CidrRoutingConfig, Coordinates, GeoLocation, GeoProximityLocation, ResourceRecord,
    ResourceRecordSet, ResourceRecordSetFailover, ResourceRecordSetRegion, RrType,
};
use zonewright_planner::{
    ALIAS, DnsName, Endpoint, NameError, Properties, Record, RecordType, Target, Ttl, ZoneId,
};

/// What the service holds, as a record; `None` for types that are never planned.
pub(crate) fn to_record(zone: &ZoneId, set: &ResourceRecordSet) -> Option<Result<Record, NameError>> {
    let record_type = RecordType::from_text(set.r#type().as_str());
    if !record_type.is_known() || (set.alias_target().is_some() && !can_be_alias(&record_type)) {
        return None;
    }
    Some(known_to_record(zone, set, record_type))
}

fn can_be_alias(record_type: &RecordType) -> bool {
    record_type.is_address() || *record_type == RecordType::Cname
}

fn known_to_record(
    zone: &ZoneId,
    set: &ResourceRecordSet,
    record_type: RecordType,
) -> Result<Record, NameError> {
    let name = decode_name(set.name());
    let mut record = match set.alias_target() {
        Some(alias) => {
            let target = decode_name(alias.dns_name());
            Record::from_text(zone.clone(), &name, record_type, &[target])?
        }
        None => {
            let values = set.resource_records().iter().map(|value| match record_type {
                RecordType::Txt => canonical_text(value.value()),
                _ => value.value().into(),
            });
            Record::from_text(zone.clone(), &name, record_type.clone(), &values.collect::<Vec<_>>())?
        }
    };
    // Aliases have none of their own, and seem to have this one in ExternalDNS.
    record.ttl = Ttl::from_seconds(set.ttl().unwrap_or(DEFAULT_TTL));
    record.properties = properties(zone, set, &record);
    if let Some(identifier) = set.set_identifier() {
        record.set_identifier = identifier.into();
    }
    Ok(record)
}

fn properties(zone: &ZoneId, from: &ResourceRecordSet, record: &Record) -> Properties {
    let mut properties = Properties::new();
    match from.alias_target() {
        Some(alias) => {
            set(&mut properties, ALIAS, "true");
            let follows_health = if alias.evaluate_target_health() { "true" } else { "false" };
            set(&mut properties, EVALUATE_TARGET_HEALTH, follows_health);
            let lies_in = bare_zone_id(alias.hosted_zone_id());
            if lies_in != derived_zone(zone, record.targets.first()) {
                set(&mut properties, TARGET_HOSTED_ZONE, lies_in);
            }
        }
        None if record.record_type == RecordType::Cname => set(&mut properties, ALIAS, "false"),
        None => {}
    }
    if from.set_identifier().is_some() {
        for (name, value) in routing(from) {
            set(&mut properties, name, &value);
        }
    }
    if let Some(id) = from.health_check_id() {
        set(&mut properties, HEALTH_CHECK, id);
    }
    properties
}

/// Where an alias target lies if nothing else is said: in the zone of the service, or else in the record's own.
fn derived_zone<'a>(zone: &'a ZoneId, target: Option<&Target>) -> &'a str {
    match target {
        Some(Target::Name(host)) => canonical(host).map_or(zone.as_str(), |found| found.zone),
        _ => zone.as_str(),
    }
}

fn routing(from: &ResourceRecordSet) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, Option<String>)> = vec![
        (WEIGHT, from.weight().map(|weight| weight.to_string())),
        (REGION, from.region().map(|region| region.as_str().to_owned())),
        (FAILOVER, from.failover().map(|role| role.as_str().to_owned())),
        (MULTI_VALUE, from.multi_value_answer().filter(|is_one| *is_one).map(|_| "true".to_owned())),
    ];
    if let Some(place) = from.geo_location() {
        found.push((CONTINENT, place.continent_code().map(str::to_owned)));
        if place.continent_code().is_none() {
            found.push((COUNTRY, place.country_code().map(str::to_owned)));
            found.push((SUBDIVISION, place.subdivision_code().map(str::to_owned)));
        }
    }
    if let Some(place) = from.geo_proximity_location() {
        let coordinates = place.coordinates().map(|at| format!("{},{}", at.latitude(), at.longitude()));
        found.push((PROXIMITY_REGION, place.aws_region().map(str::to_owned)));
        found.push((PROXIMITY_GROUP, place.local_zone_group().map(str::to_owned)));
        found.push((PROXIMITY_COORDINATES, coordinates));
        found.push((PROXIMITY_BIAS, Some(place.bias().unwrap_or_default().to_string())));
    }
    if let Some(cidr) = from.cidr_routing_config() {
        found.push((CIDR_COLLECTION, Some(cidr.collection_id().to_owned())));
        found.push((CIDR_LOCATION, Some(cidr.location_name().to_owned())));
    }
    found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// A record set to be written. `ttl` is the one that holds where the wish asks for none.
pub(crate) fn wanted(zone: &ZoneId, new: &Endpoint, ttl: Ttl) -> Result<ResourceRecordSet, BuildError> {
    Parts {
        zone,
        name: &new.name,
        record_type: &new.record_type,
        set_identifier: &new.set_identifier,
        ttl: new.ttl.configured().or(ttl.configured()).unwrap_or(DEFAULT_TTL),
        values: new.targets.iter().map(ToString::to_string).collect(),
        properties: &new.properties,
    }
    .build()
}

/// A record set as it is stored: what deletes it has to name all of it exactly.
pub(crate) fn existing(old: &Record) -> Result<ResourceRecordSet, BuildError> {
    Parts {
        zone: &old.zone,
        name: &old.name,
        record_type: &old.record_type,
        set_identifier: &old.set_identifier,
        // Written by us without a TTL, and not read since.
        ttl: if old.ttl == Ttl::UNSET { DEFAULT_TTL } else { old.ttl.seconds() },
        values: old.spelled_targets(),
        properties: &old.properties,
    }
    .build()
}

/// What a record set is made of, whether it exists or is wanted.
struct Parts<'a> {
    zone: &'a ZoneId,
    name: &'a DnsName,
    record_type: &'a RecordType,
    set_identifier: &'a str,
    ttl: i64,
    values: Vec<String>,
    properties: &'a Properties,
}

impl Parts<'_> {
    fn build(self) -> Result<ResourceRecordSet, BuildError> {
        let get = |name: &str| self.properties.get(name);
        let mut set = ResourceRecordSet::builder()
            .name(encode_name(self.name.as_str()))
            .r#type(RrType::from(self.record_type.as_str()))
            .set_health_check_id(get(HEALTH_CHECK).map(str::to_owned));
        // Rows carry the properties of their records, and are no aliases for all that.
        let alias_of = match self.properties.is_alias() && can_be_alias(self.record_type) {
            true => self.values.first(),
            false => None,
        };
        set = match alias_of {
            Some(target) => set.alias_target(self.alias(target)?),
            None => {
                let is_text = *self.record_type == RecordType::Txt;
                let on_wire = |value: &String| match is_text {
                    true => wire_text(value).into_owned(),
                    false => value.clone(),
                };
                let values =
                    self.values.iter().map(|value| ResourceRecord::builder().value(on_wire(value)).build());
                set.set_resource_records(Some(values.collect::<Result<_, _>>()?)).ttl(self.ttl)
            }
        };
        if !self.set_identifier.is_empty() {
            set = set
                .set_identifier(self.set_identifier)
                .set_weight(get(WEIGHT).and_then(|weight| weight.parse().ok()))
                .set_region(get(REGION).map(ResourceRecordSetRegion::from))
                .set_failover(get(FAILOVER).map(ResourceRecordSetFailover::from))
                .set_multi_value_answer(get(MULTI_VALUE).map(|_| true))
                .set_geo_location(geo_location(self.properties))
                .set_geo_proximity_location(geo_proximity(self.properties)?)
                .set_cidr_routing_config(cidr(self.properties)?);
        }
        set.build()
    }

    fn alias(&self, target: &str) -> Result<AliasTarget, BuildError> {
        let host = DnsName::parse(target).ok().map(Target::Name);
        let lies_in = self.properties.get(TARGET_HOSTED_ZONE).map(bare_zone_id);
        AliasTarget::builder()
            .dns_name(encode_name(target))
            .hosted_zone_id(lies_in.unwrap_or_else(|| derived_zone(self.zone, host.as_ref())))
            .evaluate_target_health(self.properties.get(EVALUATE_TARGET_HEALTH) == Some("true"))
            .build()
    }
}

fn geo_location(properties: &Properties) -> Option<GeoLocation> {
    let get = |name: &str| properties.get(name).map(str::to_owned);
    let (continent, country, subdivision) = (get(CONTINENT), get(COUNTRY), get(SUBDIVISION));
    if continent.is_none() && country.is_none() {
        return None;
    }
    let place = GeoLocation::builder();
    Some(match continent {
        Some(continent) => place.continent_code(continent).build(),
        None => place.set_country_code(country).set_subdivision_code(subdivision).build(),
    })
}

fn geo_proximity(properties: &Properties) -> Result<Option<GeoProximityLocation>, BuildError> {
    let get = |name: &str| properties.get(name).map(str::to_owned);
    let coordinates = get(PROXIMITY_COORDINATES);
    let coordinates = coordinates.as_deref().and_then(|text| text.split_once(','));
    let coordinates = coordinates
        .map(|(latitude, longitude)| Coordinates::builder().latitude(latitude).longitude(longitude).build())
        .transpose()?;
    let (region, group) = (get(PROXIMITY_REGION), get(PROXIMITY_GROUP));
    if region.is_none() && group.is_none() && coordinates.is_none() {
        return Ok(None);
    }
    let bias = properties.get(PROXIMITY_BIAS).and_then(|bias| bias.parse().ok());
    let place = GeoProximityLocation::builder()
        .set_aws_region(region)
        .set_local_zone_group(group)
        .set_coordinates(coordinates)
        .set_bias(bias);
    Ok(Some(place.build()))
}

fn cidr(properties: &Properties) -> Result<Option<CidrRoutingConfig>, BuildError> {
    let (Some(collection), Some(location)) = (properties.get(CIDR_COLLECTION), properties.get(CIDR_LOCATION))
    else {
        return Ok(None);
    };
    CidrRoutingConfig::builder().collection_id(collection).location_name(location).build().map(Some)
}

#[cfg(test)]
mod tests;
