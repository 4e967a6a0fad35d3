//! What record sets the services take.

use crate::answer::Refusal;
use crate::record::Spelling;
use crate::state::Zone;
use serde_json::{Map, Value};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The most characters in all strings of a TXT record set.
const LONGEST_TEXT: usize = 4096;

/// Looks at a record set before it is stored.
pub(crate) fn check(
    zone: &Zone,
    name: &str,
    record_type: &str,
    properties: &Map<String, Value>,
) -> Result<(), Refusal> {
    check_name(zone, name)?;
    let spelling = zone.spelling();
    let ttl = properties.get(spelling.ttl()).and_then(Value::as_i64);
    if !ttl.is_some_and(|ttl| (1..=i64::from(i32::MAX)).contains(&ttl)) {
        return Err(Refusal::bad(
            "The TTL specified for this recordset is invalid. TTL must be between 1 and 2147483647.",
        ));
    }
    let values = values_of(spelling, record_type, properties)?;
    let is_alias = properties.contains_key("targetResource");
    if is_alias && !values.is_empty() {
        return Err(Refusal::bad("A record set has either values or a target resource."));
    }
    if values.len() > zone.max_records {
        return Err(Refusal::bad(format!(
            "Adding records to record set {name} would exceed the maximum of {} records.",
            zone.max_records
        )));
    }
    if record_type == "CNAME" && values.is_empty() && !is_alias {
        return Err(Refusal::bad("A CNAME record set has exactly one record."));
    }
    for (i, value) in values.iter().enumerate() {
        check_value(record_type, value)?;
        if values.iter().take(i).any(|other| other == value) {
            return Err(Refusal::bad(format!("The record set {name} holds a record twice.")));
        }
    }
    let length: usize = values.iter().flat_map(strings).map(|string| string.chars().count()).sum();
    if record_type == "TXT" && length > LONGEST_TEXT {
        return Err(Refusal::bad(format!(
            "The TXT record set {name} is longer than {LONGEST_TEXT} characters."
        )));
    }
    check_neighbours(zone, name, record_type)
}

fn check_name(zone: &Zone, name: &str) -> Result<(), Refusal> {
    let wrong = || {
        let message = format!(
            "The domain name '{name}.{}' is invalid. The provided record set relative name '{name}' is invalid.",
            zone.name
        );
        Err(Refusal::bad(message))
    };
    if name == "@" {
        return Ok(());
    }
    let is_label = |(i, label): (usize, &str)| {
        let is_wildcard = i == 0 && label == "*";
        let fits = (1..=63).contains(&label.len());
        is_wildcard || (fits && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)))
    };
    let fits = name.len() + zone.name.len() < 254;
    if fits && name.split('.').enumerate().all(is_label) { Ok(()) } else { wrong() }
}

/// The values of the type, and that there are none of another.
fn values_of(
    spelling: Spelling,
    record_type: &str,
    properties: &Map<String, Value>,
) -> Result<Vec<Value>, Refusal> {
    let own = spelling.field(record_type);
    let foreign = properties
        .keys()
        .find(|key| (key.ends_with("Record") || key.ends_with("Records")) && Some(*key) != own.as_ref());
    if let Some(foreign) = foreign {
        return Err(Refusal::bad(format!("A record set of type {record_type} has no {foreign}.")));
    }
    Ok(match own.and_then(|field| properties.get(&field)) {
        Some(Value::Array(values)) => values.clone(),
        Some(value) => vec![value.clone()],
        None => Vec::new(),
    })
}

fn check_value(record_type: &str, value: &Value) -> Result<(), Refusal> {
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    let number = |name: &str| value[name].as_i64().is_some_and(|number| (0..=65535).contains(&number));
    let is_host = |name: &str| is_host(text(name));
    let (fits, shown) = match record_type {
        "A" => (text("ipv4Address").parse::<Ipv4Addr>().is_ok(), text("ipv4Address")),
        "AAAA" => (text("ipv6Address").parse::<Ipv6Addr>().is_ok(), text("ipv6Address")),
        "CNAME" => (is_host("cname"), text("cname")),
        "NS" => (is_host("nsdname"), text("nsdname")),
        "PTR" => (is_host("ptrdname"), text("ptrdname")),
        "MX" => (number("preference") && is_host("exchange"), text("exchange")),
        "SRV" => {
            (number("priority") && number("weight") && number("port") && is_host("target"), text("target"))
        }
        "TXT" => {
            let strings = strings(value);
            let all_fit = strings.iter().all(|string| string.len() <= 255);
            (all_fit && !strings.is_empty(), "a string of a TXT record holds 255 characters")
        }
        _ => (true, ""),
    };
    if fits {
        Ok(())
    } else {
        Err(Refusal::bad(format!("The value '{shown}' of a record of type {record_type} is invalid.")))
    }
}

fn strings(value: &Value) -> Vec<String> {
    let strings = value["value"].as_array().into_iter().flatten();
    strings.map(|string| string.as_str().unwrap_or_default().to_owned()).collect()
}

fn is_host(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    text == "." || (name.len() < 254 && name.split('.').all(is_label))
}

/// A CNAME stands alone. The messages are as users report them.
fn check_neighbours(zone: &Zone, name: &str, record_type: &str) -> Result<(), Refusal> {
    if record_type == "CNAME" && name == "@" {
        return Err(Refusal::bad("A CNAME record cannot be at the zone apex."));
    }
    let lower = name.to_ascii_lowercase();
    let here =
        zone.sets.range((lower.clone(), String::new())..).take_while(|((other, _), _)| *other == lower);
    let others = here.map(|((_, other), _)| other).filter(|other| *other != record_type);
    let conflict = |message: String| Err(Refusal::new(409, "Conflict", message));
    let (mut others, is_cname) = (others.peekable(), record_type == "CNAME");
    match is_cname {
        true if others.peek().is_some() => conflict(
            "The CNAME record could not be created because another record with the same name already exists in this zone."
                .to_owned(),
        ),
        false if others.any(|other| other == "CNAME") => conflict(
            "The record could not be created because a CNAME record with the same name already exists in this zone."
                .to_owned(),
        ),
        _ => Ok(()),
    }
}
