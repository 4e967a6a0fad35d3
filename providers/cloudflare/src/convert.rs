//! Records of Cloudflare, which have one value each, and record sets: pure functions.

use crate::properties::{Attributes, MIXED, Names, can_be_proxied};
use crate::text::{Naptr, canonical_txt, wire_txt};
use crate::wire::{Body, WireData, WireRecord};
use std::collections::BTreeMap;
use zonewright_planner::{DnsName, NameError, Record, RecordType, Target, Ttl, ZoneId};

/// Every plannable type but DNAME, which the service does not have.
pub(crate) const RECORD_TYPES: [RecordType; 9] = [
    RecordType::A,
    RecordType::Aaaa,
    RecordType::Cname,
    RecordType::Txt,
    RecordType::Srv,
    RecordType::Ns,
    RecordType::Ptr,
    RecordType::Mx,
    RecordType::Naptr,
];

/// Records of one name and type, in the order of their values.
pub(crate) struct Group {
    pub(crate) name: DnsName,
    pub(crate) record_type: RecordType,
    pub(crate) members: Vec<Member>,
}

/// A record of a group.
pub(crate) struct Member {
    pub(crate) id: String,
    /// As Cloudflare writes it.
    text: String,
    pub(crate) target: Target,
    pub(crate) attributes: Attributes,
}

/// Sorts records into groups. Types that are never planned are left out; names that are none are told.
pub(crate) fn group(records: Vec<WireRecord>) -> (Vec<Group>, Vec<String>) {
    let mut groups: BTreeMap<(DnsName, RecordType), Vec<Member>> = BTreeMap::new();
    let mut unreadable = Vec::new();
    for record in records {
        let record_type = RecordType::from_text(&record.record_type);
        if !RECORD_TYPES.contains(&record_type) {
            continue;
        }
        match DnsName::parse(&record.name) {
            Ok(name) => {
                let member = Member::new(&record_type, record);
                groups.entry((name, record_type)).or_default().push(member);
            }
            Err(error) => unreadable.push(format!("{record_type}: {error}")),
        }
    }
    let groups = groups.into_iter().map(|((name, record_type), mut members)| {
        members.sort_by(|a, b| (&a.target, &a.id).cmp(&(&b.target, &b.id)));
        Group { name, record_type, members }
    });
    (groups.collect(), unreadable)
}

impl Member {
    fn new(record_type: &RecordType, record: WireRecord) -> Self {
        let text = text_of(record_type, &record);
        let target =
            Target::parse(record_type, &text, false).unwrap_or_else(|_| Target::Text((*text).into()));
        Self { attributes: Attributes::of_record(&record), id: record.id, text, target }
    }
}

/// A value in the spelling of the planner.
fn text_of(record_type: &RecordType, record: &WireRecord) -> String {
    let content = record.content.clone().unwrap_or_default();
    let data = || serde_json::from_value::<WireData>(record.data.clone()?).ok();
    match record_type {
        RecordType::Mx => format!("{} {}", whole(record.priority), or_root(&content)),
        RecordType::Srv => match data() {
            Some(WireData { priority, weight, port, target: Some(target), .. }) => {
                let target = target.trim_end_matches('.');
                format!("{} {} {} {target}.", whole(priority), whole(weight), whole(port))
            }
            _ => content,
        },
        RecordType::Naptr => {
            data().and_then(naptr).or_else(|| Naptr::parse(&content)).map_or(content, |n| n.to_text())
        }
        RecordType::Txt => canonical_txt(&content),
        _ => content,
    }
}

fn naptr(data: WireData) -> Option<Naptr> {
    Some(Naptr {
        order: data.order? as u16,
        preference: data.preference? as u16,
        flags: data.flags.unwrap_or_default(),
        service: data.service.unwrap_or_default(),
        regex: data.regex.unwrap_or_default(),
        replacement: data.replacement.filter(|name| !name.is_empty()).unwrap_or_else(|| ".".to_owned()),
    })
}

/// A number of sixteen bits, as all of these are.
fn whole(number: Option<f64>) -> u16 {
    number.unwrap_or_default() as u16
}

fn or_root(name: &str) -> &str {
    if name.is_empty() { "." } else { name }
}

/// A value in the one form in which values are compared.
pub(crate) fn canonical(record_type: &RecordType, target: &Target) -> Target {
    match (record_type, target) {
        (RecordType::Txt, Target::Text(text)) => Target::Text(canonical_txt(text).into()),
        (RecordType::Naptr, Target::Text(text)) => match Naptr::parse(text) {
            Some(naptr) => Target::Text(naptr.to_text().into()),
            None => target.clone(),
        },
        _ => target.clone(),
    }
}

impl Group {
    /// The record set. Where its records differ, it has what the first of them has, and a property that says so.
    pub(crate) fn to_record(&self, zone: ZoneId, names: &Names) -> Result<Record, NameError> {
        let texts: Vec<&str> = self.members.iter().map(|member| member.text.as_str()).collect();
        let mut record = Record::from_text(zone, self.name.as_str(), self.record_type.clone(), &texts)?;
        // Records are found by their ids, so that nobody needs to know how their values are spelled.
        record.spelling = None;
        let all: Vec<Attributes> = self.members.iter().map(|member| member.attributes.clone()).collect();
        if let Some(first) = all.first() {
            record.ttl = Ttl::from_seconds(first.ttl);
            record.properties = first.to_properties(names);
        }
        if let Some(fields) = Attributes::differences(&all) {
            record.properties.set(MIXED, &*fields);
        }
        Ok(record)
    }
}

/// Why a value cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{target:?} is no value of a {record_type} record")]
pub(crate) struct NoValue {
    record_type: RecordType,
    target: String,
}

/// One record to write. Without an id it is a new one, and says only what is not the default.
pub(crate) fn to_body(
    id: Option<String>,
    name: &DnsName,
    record_type: &RecordType,
    target: &Target,
    attributes: &Attributes,
) -> Result<Body, NoValue> {
    let is_new = id.is_none();
    let unless_default = |is_default: bool| !is_new || !is_default;
    let comment = (!attributes.comment.is_empty()).then(|| attributes.comment.clone());
    let mut body = Body {
        id,
        name: name.to_string(),
        record_type: record_type.to_string(),
        content: None,
        data: None,
        priority: None,
        ttl: attributes.ttl,
        proxied: can_be_proxied(record_type).then_some(attributes.proxied),
        comment: unless_default(comment.is_none()).then_some(comment),
        tags: unless_default(attributes.tags.is_empty()).then(|| attributes.tags.clone()),
    };
    let host = |name: &Option<DnsName>| name.as_ref().map_or_else(|| ".".to_owned(), DnsName::to_string);
    match (record_type, target) {
        (RecordType::A, Target::V4(ip)) => body.content = Some(ip.to_string()),
        (RecordType::Aaaa, Target::V6(ip)) => body.content = Some(ip.to_string()),
        (RecordType::Cname | RecordType::Ns | RecordType::Ptr, Target::Name(name)) => {
            body.content = Some(name.to_string());
        }
        (RecordType::Mx, Target::Mx { preference, exchange }) => {
            (body.content, body.priority) = (Some(host(exchange)), Some(*preference));
        }
        (RecordType::Srv, Target::Srv { priority, weight, port, host: target }) => {
            body.data = Some(WireData {
                priority: Some((*priority).into()),
                weight: Some((*weight).into()),
                port: Some((*port).into()),
                target: Some(host(target)),
                ..WireData::default()
            });
        }
        (RecordType::Txt, Target::Text(text)) => body.content = Some(wire_txt(text)),
        (RecordType::Naptr, Target::Text(text)) if Naptr::parse(text).is_some() => {
            body.data = Naptr::parse(text).map(naptr_data);
        }
        _ => return Err(NoValue { record_type: record_type.clone(), target: target.to_string() }),
    }
    Ok(body)
}

fn naptr_data(naptr: Naptr) -> WireData {
    WireData {
        order: Some(naptr.order.into()),
        preference: Some(naptr.preference.into()),
        flags: Some(naptr.flags),
        service: Some(naptr.service),
        regex: Some(naptr.regex),
        replacement: Some(naptr.replacement),
        ..WireData::default()
    }
}
