//! What the fields of one record set say about each other, whatever else is in the zone. Breaking these makes the whole request
//! an `InvalidInput`.

use crate::error::ApiError;
use crate::record::{GeoLocation, GeoProximity, RecordSet};

const POLICY_FIELDS: &str =
    "[Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig]";
const CONTENT: &str = "[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]";
const CONTINENTS: [&str; 7] = ["AF", "AN", "AS", "EU", "NA", "OC", "SA"];

/// Checks the record set of a change with this action.
pub(crate) fn check(action: &str, set: &RecordSet) -> Result<(), ApiError> {
    let problem = content(set).or_else(|| routing(set)).or_else(|| type_of_policy(set));
    let problem = problem.or_else(|| set.geo_location.as_ref().and_then(geo_location));
    let Some(problem) = problem.or_else(|| set.geo_proximity.as_ref().and_then(geo_proximity)) else {
        return Ok(());
    };
    let identifier = set.set_identifier.as_deref().unwrap_or("null");
    Err(ApiError::invalid_input(format!(
        "Invalid request: {problem} in Change with [Action={action}, Name={}, Type={}, SetIdentifier={identifier}]",
        set.name, set.kind
    )))
}

fn content(set: &RecordSet) -> Option<String> {
    let basic = set.ttl.is_some() || !set.values.is_empty();
    let complete = set.ttl.is_some() && !set.values.is_empty();
    let others = usize::from(set.alias.is_some()) + usize::from(set.traffic_policy_instance.is_some());
    match (others, basic) {
        (0, true) if set.ttl.is_none() => Some("Missing field 'TTL'".to_owned()),
        (0, true) if !complete => Some("Missing field 'ResourceRecords'".to_owned()),
        (0, true) | (1, false) => None,
        (0, false) => Some(format!("Expected exactly one of {CONTENT}, but found none")),
        _ => Some(format!("Expected exactly one of {CONTENT}, but found more than one")),
    }
}

fn routing(set: &RecordSet) -> Option<String> {
    match (set.policies().len(), &set.set_identifier) {
        (0, None) | (1, Some(_)) => None,
        (0, Some(_)) => Some(format!("Expected exactly one of {POLICY_FIELDS}, but found none")),
        (1, None) => Some("Missing field 'SetIdentifier'".to_owned()),
        _ => Some(format!("Expected exactly one of {POLICY_FIELDS}, but found more than one")),
    }
}

/// Which types take part in routing: all but NS and SOA; multivalue answers are neither aliases nor CNAMEs (reference of
/// ResourceRecordSet, `Type` and `MultiValueAnswer`).
fn type_of_policy(set: &RecordSet) -> Option<String> {
    let kind = &*set.kind;
    if matches!(kind, "NS" | "SOA") && (set.set_identifier.is_some() || set.alias.is_some()) {
        return Some(format!("{kind} supports neither routing policies nor aliases, but found one"));
    }
    if set.multi_value && (kind == "CNAME" || set.alias.is_some()) {
        return Some("MultiValueAnswer supports neither aliases nor CNAME, but found one".to_owned());
    }
    None
}

fn geo_location(geo: &GeoLocation) -> Option<String> {
    let code =
        |text: &str| text == "*" || text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    match (geo.continent.as_deref(), geo.country.as_deref(), geo.subdivision.as_deref()) {
        (None, None, None) => Some("GeoLocation is empty".to_owned()),
        (Some(_), None, Some(_)) | (Some(_), Some(_), _) => {
            Some("ContinentCode cannot be combined with CountryCode or SubdivisionCode".to_owned())
        }
        (Some(continent), None, None) if !CONTINENTS.contains(&continent) => {
            Some(format!("'{continent}' is not a continent"))
        }
        (None, Some(country), _) if !code(country) => Some(format!("'{country}' is not a country")),
        (None, None, Some(_)) => Some("Missing field 'CountryCode'".to_owned()),
        // The reference names the United States alone; the developer guide adds Ukraine.
        (None, Some(country), Some(_)) if country != "US" && country != "UA" => {
            Some(format!("SubdivisionCode is not supported for '{country}'"))
        }
        _ => None,
    }
}

fn geo_proximity(place: &GeoProximity) -> Option<String> {
    let ways = [place.region.is_some(), place.local_zone_group.is_some(), place.coordinates.is_some()];
    let fields = "[AWSRegion, LocalZoneGroup, or Coordinates]";
    match ways.into_iter().filter(|way| *way).count() {
        1 => None,
        0 => Some(format!("Expected exactly one of {fields}, but found none")),
        _ => Some(format!("Expected exactly one of {fields}, but found more than one")),
    }
}
