//! Wishes in the form in which Route 53 gives them back.
//!
//! What ExternalDNS v0.22 does here (AdjustEndpoints of provider/aws) is done the same way. Beyond that, values are checked, because a
//! wrong one would make the service refuse the whole batch, and written in one spelling; properties that are never read back are
//! dropped, because they would cause an update in every cycle.

use crate::canonical::canonical;
use crate::escape::{canonical_text, wire_text};
use crate::mixture::take_out_mixtures;
use crate::properties::{
    CONTINENT, COUNTRY, EVALUATE_TARGET_HEALTH, FAILOVER, HEALTH_CHECK, HOSTED_ZONE_ID, MULTI_VALUE,
    PROXIMITY_BIAS, PROXIMITY_COORDINATES, PROXIMITY_GROUP, PROXIMITY_REGION, REGION, Routing, SUBDIVISION,
    TARGET_HOSTED_ZONE, WEIGHT, WISHABLE, set,
};
use zonewright_planner::{ALIAS, Endpoint, RecordType, Target, Ttl, ZoneId};
use zonewright_provider_kit::{Adjusted, Rejected};

/// The TTL of records that ask for none, and the one that alias records seem to have.
pub(crate) const DEFAULT_TTL: i64 = 300;

/// The most characters in one value, quotes included.
const LONGEST_VALUE: usize = 4000;

/// <https://docs.aws.amazon.com/Route53/latest/APIReference/API_GeoLocation.html>. Which countries and regions there are changes, and
/// is left to the service.
const CONTINENTS: [&str; 7] = ["AF", "AN", "AS", "EU", "NA", "OC", "SA"];

/// What the flags say about alias records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AliasRules {
    /// `--aws-prefer-cname`.
    pub(crate) prefer_cname: bool,
    /// `--aws-evaluate-target-health`.
    pub(crate) evaluate_target_health: bool,
}

/// Adjusts all wishes. `is_home` says whether a zone is one that a record of this name would go to.
pub(crate) fn adjust(
    rules: AliasRules,
    endpoints: Vec<Endpoint>,
    is_home: impl Fn(&ZoneId, &Endpoint) -> bool,
) -> Adjusted {
    let mut adjusted = Adjusted { endpoints: Vec::with_capacity(endpoints.len()), rejected: Vec::new() };
    let mut twins = Vec::new();
    for mut endpoint in endpoints {
        match adjust_one(rules, &mut endpoint, &is_home) {
            Ok(twin) => {
                twins.extend(twin);
                adjusted.endpoints.push(endpoint);
            }
            Err(why) => adjusted.rejected.push(Rejected {
                text: format!("{} {}: {why}", endpoint.name, endpoint.record_type),
                name: Some(endpoint.name),
                objects: endpoint.objects,
            }),
        }
    }
    // Behind the others, as ExternalDNS has them.
    adjusted.endpoints.append(&mut twins);
    adjusted.rejected.extend(take_out_mixtures(&mut adjusted.endpoints));
    adjusted
}

/// Adjusts one wish; gives the AAAA record that goes with an alias of which nobody said which family it is.
fn adjust_one(
    rules: AliasRules,
    endpoint: &mut Endpoint,
    is_home: impl Fn(&ZoneId, &Endpoint) -> bool,
) -> Result<Option<Endpoint>, String> {
    endpoint.properties.retain(|name| WISHABLE.contains(&name));
    pin(endpoint);
    let is_twofold = adjust_alias(rules, endpoint);
    check_routing(endpoint)?;
    if endpoint.properties.is_alias() && endpoint.record_type.is_address() {
        drop_derived_zone(endpoint, is_home);
    } else {
        endpoint.properties.remove(EVALUATE_TARGET_HEALTH);
        endpoint.properties.remove(TARGET_HOSTED_ZONE);
    }
    adjust_texts(endpoint)?;
    Ok(is_twofold.then(|| Endpoint { record_type: RecordType::Aaaa, ..endpoint.clone() }))
}

/// `aws/hosted-zone-id` says where the record belongs. It is no property of the record, and is never read back as one.
fn pin(endpoint: &mut Endpoint) {
    let pinned = endpoint.properties.remove(HOSTED_ZONE_ID);
    if let Some(id) = pinned.as_deref().map(bare_zone_id).filter(|id| !id.is_empty()) {
        endpoint.zone = Some(ZoneId::new(id));
    }
}

/// Ids come with and without what they are called by.
pub(crate) fn bare_zone_id(id: &str) -> &str {
    id.trim().trim_start_matches("/hostedzone/")
}

/// Decides whether it is an alias. Returns whether the wish stands for an A and an AAAA record.
fn adjust_alias(rules: AliasRules, endpoint: &mut Endpoint) -> bool {
    match endpoint.record_type {
        RecordType::A | RecordType::Aaaa => {
            let own_type = endpoint.record_type.as_str();
            match endpoint.properties.get(ALIAS) {
                Some("true") => complete_alias(rules, endpoint),
                Some(family) if family == own_type => {
                    set(&mut endpoint.properties, ALIAS, "true");
                    complete_alias(rules, endpoint);
                }
                _ => {
                    endpoint.properties.remove(ALIAS);
                }
            }
            false
        }
        RecordType::Cname => adjust_cname(rules, endpoint),
        _ => {
            endpoint.properties.remove(ALIAS);
            false
        }
    }
}

fn adjust_cname(rules: AliasRules, endpoint: &mut Endpoint) -> bool {
    let is_of_aws = || match endpoint.targets.first() {
        Some(Target::Name(host)) => canonical(host).is_some_and(|found| found.is_automatic),
        _ => false,
    };
    let becomes = match endpoint.properties.get(ALIAS) {
        None if !rules.prefer_cname && is_of_aws() => Some((RecordType::A, true)),
        Some("true") => Some((RecordType::A, true)),
        Some("A") => Some((RecordType::A, false)),
        Some("AAAA") => Some((RecordType::Aaaa, false)),
        _ => None,
    };
    let Some((record_type, is_twofold)) = becomes else {
        set(&mut endpoint.properties, ALIAS, "false");
        return false;
    };
    endpoint.record_type = record_type;
    set(&mut endpoint.properties, ALIAS, "true");
    complete_alias(rules, endpoint);
    is_twofold
}

fn complete_alias(rules: AliasRules, endpoint: &mut Endpoint) {
    if endpoint.ttl.configured().is_some() {
        endpoint.ttl = Ttl::from_seconds(DEFAULT_TTL);
    }
    let follows_health = match endpoint.properties.get(EVALUATE_TARGET_HEALTH) {
        Some(value) => value == "true",
        None => rules.evaluate_target_health,
    };
    set(&mut endpoint.properties, EVALUATE_TARGET_HEALTH, if follows_health { "true" } else { "false" });
    // An alias has one target. ExternalDNS writes the first and would find the others missing for ever.
    endpoint.targets.truncate(1);
}

/// The zone of an alias target is noted only where it does not follow from the target: then it need not be asked for, either.
fn drop_derived_zone(endpoint: &mut Endpoint, is_home: impl Fn(&ZoneId, &Endpoint) -> bool) {
    let Some(given) = endpoint.properties.get(TARGET_HOSTED_ZONE) else { return };
    let given = bare_zone_id(given).to_owned();
    let derived = match endpoint.targets.first() {
        Some(Target::Name(host)) => canonical(host).map(|found| found.zone),
        _ => None,
    };
    let follows = match derived {
        Some(zone) => zone == given,
        None => is_home(&ZoneId::new(given.as_str()), endpoint),
    };
    if follows || given.is_empty() {
        endpoint.properties.remove(TARGET_HOSTED_ZONE);
    } else {
        set(&mut endpoint.properties, TARGET_HOSTED_ZONE, &given);
    }
}

/// One spelling of every value that decides on routing, and no value that the service would refuse.
fn check_routing(endpoint: &mut Endpoint) -> Result<(), String> {
    adjust_multi_value(endpoint)?;
    for name in [CONTINENT, COUNTRY, SUBDIVISION, FAILOVER] {
        rewrite(endpoint, name, |value| Ok(value.trim().to_ascii_uppercase()))?;
    }
    for name in [REGION, PROXIMITY_REGION, PROXIMITY_GROUP, HEALTH_CHECK] {
        rewrite(endpoint, name, |value| Ok(value.trim().to_owned()))?;
    }
    rewrite(endpoint, WEIGHT, |value| number(value, 0, 255))?;
    rewrite(endpoint, PROXIMITY_BIAS, |value| number(value, -99, 99))?;
    rewrite(endpoint, PROXIMITY_COORDINATES, coordinates)?;
    rewrite(endpoint, FAILOVER, |value| match value {
        "PRIMARY" | "SECONDARY" => Ok(value.to_owned()),
        _ => Err("PRIMARY or SECONDARY".to_owned()),
    })?;
    rewrite(endpoint, CONTINENT, |value| match CONTINENTS.contains(&value) {
        true => Ok(value.to_owned()),
        false => Err(format!("one of {}", CONTINENTS.join(", "))),
    })?;
    rewrite(endpoint, COUNTRY, |value| {
        match value.len() == 2 && value.bytes().all(|b| b.is_ascii_uppercase()) {
            false if value != "*" => Err("a country code of two letters, or *".to_owned()),
            _ => Ok(value.to_owned()),
        }
    })?;
    check_places(endpoint)?;
    check_identifier(endpoint)
}

/// It is there or not. ExternalDNS reads it back without a value and so updates a record that has one for ever.
fn adjust_multi_value(endpoint: &mut Endpoint) -> Result<(), String> {
    match endpoint.properties.get(MULTI_VALUE).map(|value| value.trim().to_ascii_lowercase()).as_deref() {
        None => {}
        Some("false") => {
            endpoint.properties.remove(MULTI_VALUE);
        }
        Some("" | "true") => set(&mut endpoint.properties, MULTI_VALUE, "true"),
        Some(other) => return Err(wrong(MULTI_VALUE, other, "true or false")),
    }
    Ok(())
}

fn check_places(endpoint: &mut Endpoint) -> Result<(), String> {
    let has = |name: &str| endpoint.properties.get(name).is_some();
    let proximity =
        [PROXIMITY_REGION, PROXIMITY_GROUP, PROXIMITY_COORDINATES].iter().filter(|name| has(name)).count();
    if proximity > 1 {
        return Err(format!(
            "{PROXIMITY_REGION}, {PROXIMITY_GROUP} and {PROXIMITY_COORDINATES} exclude each other"
        ));
    }
    if proximity == 0 && has(PROXIMITY_BIAS) {
        return Err(format!("{PROXIMITY_BIAS} needs a place to be near to, such as {PROXIMITY_REGION}"));
    }
    if has(SUBDIVISION) && !has(COUNTRY) && !has(CONTINENT) {
        return Err(format!("{SUBDIVISION} needs {COUNTRY}"));
    }
    if has(CONTINENT) {
        // The service takes one or the other; ExternalDNS lets the continent win.
        endpoint.properties.remove(COUNTRY);
        endpoint.properties.remove(SUBDIVISION);
    }
    if proximity == 1 && endpoint.properties.get(PROXIMITY_BIAS).is_none() {
        set(&mut endpoint.properties, PROXIMITY_BIAS, "0");
    }
    Ok(())
}

fn check_identifier(endpoint: &Endpoint) -> Result<(), String> {
    let routing = Routing::all_of(&endpoint.properties);
    match (endpoint.set_identifier.chars().count(), routing.as_slice()) {
        (0, []) | (1..=128, [_]) => Ok(()),
        (0, _) => Err("a routing policy (weight, region, …) needs a set identifier".to_owned()),
        (1..=128, []) => {
            Err("a set identifier needs a routing policy, such as aws-weight, aws-region or aws-failover"
                .to_owned())
        }
        (1..=128, _) => Err(format!("only one routing policy is possible, not {routing:?}")),
        (length, _) => Err(format!("the set identifier has {length} characters, Route 53 allows 128")),
    }
}

fn rewrite(
    endpoint: &mut Endpoint,
    name: &str,
    rewrite: impl FnOnce(&str) -> Result<String, String>,
) -> Result<(), String> {
    let Some(value) = endpoint.properties.get(name) else { return Ok(()) };
    let new = if value.trim().is_empty() { Err("a value".to_owned()) } else { rewrite(value) };
    let new = new.map_err(|allowed| wrong(name, value, &allowed))?;
    set(&mut endpoint.properties, name, &new);
    Ok(())
}

fn wrong(name: &str, value: &str, allowed: &str) -> String {
    format!("{name} is {value:?}, where Route 53 wants {allowed}")
}

fn number(value: &str, least: i64, most: i64) -> Result<String, String> {
    let number: Option<i64> = value.trim().parse().ok();
    let number = number.filter(|number| (least..=most).contains(number));
    number.map(|number| number.to_string()).ok_or_else(|| format!("a number from {least} to {most}"))
}

fn coordinates(value: &str) -> Result<String, String> {
    let within = |text: &str, most: f64| {
        let number: Option<f64> = text.parse().ok();
        number.is_some_and(|number| number.abs() <= most)
    };
    let parts = value.split_once(',').map(|(latitude, longitude)| (latitude.trim(), longitude.trim()));
    match parts {
        Some((latitude, longitude)) if within(latitude, 90.0) && within(longitude, 180.0) => {
            Ok(format!("{latitude},{longitude}"))
        }
        _ => Err("latitude and longitude in degrees, such as 49.22,-74.01".to_owned()),
    }
}

/// TXT values in their one form, and no value longer than the service takes.
fn adjust_texts(endpoint: &mut Endpoint) -> Result<(), String> {
    if endpoint.record_type == RecordType::Txt {
        let in_form = |target: &Target| match target {
            Target::Text(text) => Target::Text(canonical_text(text).as_ref().into()),
            other => other.clone(),
        };
        if endpoint.targets.iter().any(|target| in_form(target) != *target) {
            endpoint.set_targets(endpoint.targets.iter().map(in_form).collect());
        }
    }
    let length = |target: &Target| match target {
        Target::Text(text) if endpoint.record_type == RecordType::Txt => wire_text(text).len(),
        Target::Text(text) => text.len(),
        _ => 0,
    };
    match endpoint.targets.iter().map(length).max() {
        Some(length) if length > LONGEST_VALUE => {
            Err(format!("a value has {length} characters, Route 53 allows {LONGEST_VALUE}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
