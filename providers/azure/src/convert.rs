//! Our records <-> record sets of Azure.

use crate::config::Service;
use crate::place::absolute;
use crate::wire::{self, RecordSet};
use serde_json::{Map, Value, json};
use zonewright_planner::{DnsName, Endpoint, NameError, Properties, Record, RecordType, Target, Ttl, ZoneId};

/// The TTL of records that ask for none. ExternalDNS writes the same.
pub(crate) const DEFAULT_TTL: i64 = 300;

/// What the name of a property that holds metadata begins with.
pub(crate) const METADATA: &str = "azure/metadata-";

/// The most bytes in one string of a TXT record (RFC 1035 section 3.3).
const LONGEST_STRING: usize = 255;

/// What the service holds, as a record; `None` for what is not for us: types that are never planned, and the records of virtual
/// machines that register themselves, which are Azure's own.
///
/// An alias record set has no values, but a resource that they come from. It is a record all the same, with the id of the resource as
/// its target, so that nobody takes its name for free.
pub(crate) fn to_record(zone: &ZoneId, apex: &DnsName, set: RecordSet) -> Option<Result<Record, NameError>> {
    let record_type = RecordType::from_text(set.kind.rsplit('/').next().unwrap_or_default());
    let is_ours_to_see = record_type.is_known() && !set.properties.is_auto_registered;
    is_ours_to_see.then(|| known_to_record(zone, apex, record_type, set))
}

fn known_to_record(
    zone: &ZoneId,
    apex: &DnsName,
    record_type: RecordType,
    set: RecordSet,
) -> Result<Record, NameError> {
    let RecordSet { name, properties: from, .. } = set;
    let metadata = from.metadata.iter().flatten();
    let metadata: Properties =
        metadata.filter_map(|(key, value)| Some((format!("{METADATA}{key}"), value.as_deref()?))).collect();
    let ttl = Ttl::from_seconds(from.ttl.unwrap_or(DEFAULT_TTL));
    let resource = from.target_resource.as_ref().and_then(|resource| resource.id.clone());
    let values = if resource.is_some() { Vec::new() } else { values(&record_type, from) };
    let mut record = Record::from_text(zone.clone(), &absolute(&name, apex), record_type, &values)?;
    if let Some(id) = resource {
        record.targets = vec![Target::Text(id.into())];
    }
    record.ttl = ttl;
    record.properties = metadata;
    Ok(record)
}

fn values(record_type: &RecordType, from: wire::Properties) -> Vec<String> {
    fn all<T>(values: Option<Vec<T>>, text: impl Fn(T) -> String) -> Vec<String> {
        values.into_iter().flatten().map(text).collect()
    }
    match record_type {
        RecordType::A => all(from.a_records, |value| value.address),
        RecordType::Aaaa => all(from.aaaa_records, |value| value.address),
        RecordType::Cname => from.cname_record.and_then(|value| value.cname).into_iter().collect(),
        RecordType::Mx => all(from.mx_records, |value| format!("{} {}", value.preference, value.exchange)),
        RecordType::Ns => all(from.ns_records, |value| value.nsdname),
        RecordType::Ptr => all(from.ptr_records, |value| value.ptrdname),
        RecordType::Srv => all(from.srv_records, |wire::Srv { priority, weight, port, target }| {
            // The dot at its end may be there or not; ours have one.
            format!("{priority} {weight} {port} {}.", target.trim_end_matches('.'))
        }),
        RecordType::Txt => all(from.txt_records, |value| value.value.concat()),
        _ => Vec::new(),
    }
}

/// The body that writes a record set. `ttl` is the one that holds where the wish asks for none.
pub(crate) fn to_body(service: Service, new: &Endpoint, ttl: Ttl) -> Result<Value, String> {
    let (field, values) = records(&new.record_type, &new.targets)?;
    let (field, ttl_field) = match service {
        Service::Public => (field.0, "TTL"),
        Service::Private => (field.1, "ttl"),
    };
    let ttl = new.ttl.configured().or(ttl.configured()).unwrap_or(DEFAULT_TTL);
    let mut properties = Map::new();
    properties.insert(ttl_field.to_owned(), ttl.into());
    properties.insert(field.to_owned(), values);
    let metadata: Map<String, Value> =
        metadata(&new.properties).map(|(k, v)| (k.to_owned(), v.into())).collect();
    if !metadata.is_empty() {
        properties.insert("metadata".to_owned(), metadata.into());
    }
    Ok(json!({ "properties": properties }))
}

/// Names and values of metadata.
pub(crate) fn metadata(properties: &Properties) -> impl Iterator<Item = (&str, &str)> {
    properties.iter().filter_map(|(name, value)| Some((name.strip_prefix(METADATA)?, value)))
}

/// The field of a type as the public and as the private service spell it, and what is to be in it.
fn records(
    record_type: &RecordType,
    targets: &[Target],
) -> Result<((&'static str, &'static str), Value), String> {
    let field = match record_type {
        RecordType::A => ("ARecords", "aRecords"),
        RecordType::Aaaa => ("AAAARecords", "aaaaRecords"),
        RecordType::Cname => ("CNAMERecord", "cnameRecord"),
        RecordType::Mx => ("MXRecords", "mxRecords"),
        RecordType::Ns => ("NSRecords", "nsRecords"),
        RecordType::Ptr => ("PTRRecords", "ptrRecords"),
        RecordType::Srv => ("SRVRecords", "srvRecords"),
        RecordType::Txt => ("TXTRecords", "txtRecords"),
        other => return Err(format!("Azure has no {other} records")),
    };
    let values: Result<Vec<Value>, String> =
        targets.iter().map(|target| value(record_type, target)).collect();
    let mut values = values?;
    match record_type {
        RecordType::Cname if values.len() == 1 => Ok((field, values.remove(0))),
        RecordType::Cname => Err("a CNAME record has exactly one target".to_owned()),
        _ => Ok((field, values.into())),
    }
}

fn value(record_type: &RecordType, target: &Target) -> Result<Value, String> {
    Ok(match (record_type, target) {
        (RecordType::A, Target::V4(address)) => json!({ "ipv4Address": address.to_string() }),
        (RecordType::Aaaa, Target::V6(address)) => json!({ "ipv6Address": address.to_string() }),
        (RecordType::Cname, Target::Name(name)) => json!({ "cname": name.as_str() }),
        (RecordType::Ns, Target::Name(name)) => json!({ "nsdname": name.as_str() }),
        (RecordType::Ptr, Target::Name(name)) => json!({ "ptrdname": name.as_str() }),
        (RecordType::Mx, Target::Mx { preference, exchange }) => {
            json!({ "preference": preference, "exchange": host(exchange.as_ref()) })
        }
        (RecordType::Srv, Target::Srv { priority, weight, port, host: target }) => {
            json!({ "priority": priority, "weight": weight, "port": port, "target": host(target.as_ref()) })
        }
        (RecordType::Txt, Target::Text(text)) => json!({ "value": strings(text) }),
        (record_type, target) => {
            return Err(format!("{target} is no target of an {record_type} record in Azure"));
        }
    })
}

fn host(name: Option<&DnsName>) -> &str {
    name.map_or(".", DnsName::as_str)
}

/// A text in pieces that a string of a TXT record can hold. Quotes are characters like others here: so ExternalDNS writes them, and
/// ownership records have to stay as they are.
fn strings(text: &str) -> Vec<&str> {
    let mut strings = Vec::new();
    let mut rest = text;
    while rest.len() > LONGEST_STRING {
        let end = (0..=LONGEST_STRING).rev().find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
        let (string, tail) = rest.split_at(end);
        strings.push(string);
        rest = tail;
    }
    strings.push(rest);
    strings
}

#[cfg(test)]
mod tests;
