//! What the service refuses of records, and batches.

use crate::state::{Record, Refusal, State, Zone};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Records beside which no CNAME stands, and the other way round.
fn exclude_each_other(zone: &Zone, a: &Record, b: &Record) -> bool {
    let has_cname = a.record_type == "CNAME" || b.record_type == "CNAME";
    let at_apex = a.name == zone.name;
    // The service answers with the addresses of what a CNAME at the apex points at, so that other types may stand there.
    let is_host = |record: &Record| ["A", "AAAA", "CNAME"].contains(&record.record_type.as_str());
    has_cname && (!at_apex || (is_host(a) && is_host(b)))
}

/// Makes a record of what a client says: of all of it (`base` is `None`), or of what is to change.
pub(crate) fn from_body(
    zone: &Zone,
    quotes_txt: bool,
    id: String,
    body: &Value,
    base: Option<&Record>,
) -> Result<Record, Refusal> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let or_base =
        |given: Option<String>, old: fn(&Record) -> &String| given.or_else(|| base.map(old).cloned());
    let name = or_base(text("name"), |r| &r.name).unwrap_or_default().to_ascii_lowercase();
    let record_type = or_base(text("type"), |r| &r.record_type).unwrap_or_default();
    let mut record = Record {
        id,
        name: name.trim_end_matches('.').to_owned(),
        content: or_base(text("content"), |r| &r.content).unwrap_or_default(),
        data: body.get("data").cloned().or_else(|| base?.data.clone()),
        priority: number(body, "priority").or_else(|| base?.priority),
        ttl: number(body, "ttl").or_else(|| Some(base?.ttl)).unwrap_or(1),
        proxied: body.get("proxied").and_then(Value::as_bool).unwrap_or(base.is_some_and(|r| r.proxied)),
        comment: match body.get("comment") {
            None => base.and_then(|record| record.comment.clone()),
            Some(comment) => comment.as_str().filter(|text| !text.is_empty()).map(str::to_owned),
        },
        tags: match body.get("tags").and_then(Value::as_array) {
            None => base.map(|record| record.tags.clone()).unwrap_or_default(),
            Some(tags) => tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        },
        settings: body.get("settings").cloned().or_else(|| Some(base?.settings.clone())).unwrap_or(json!({})),
        record_type,
    };
    check(zone, &mut record, quotes_txt)?;
    Ok(record)
}

fn number(body: &Value, key: &str) -> Option<u64> {
    body.get(key)?.as_f64().map(|number| number as u64)
}

fn check(zone: &Zone, record: &mut Record, quotes_txt: bool) -> Result<(), Refusal> {
    let is_inside = record.name == zone.name || record.name.ends_with(&format!(".{}", zone.name));
    if !is_inside
        || record.name.len() > 253
        || record.name.split('.').any(|label| label.is_empty() || label.len() > 63)
    {
        return Err(Refusal::invalid(9000, "DNS name is invalid."));
    }
    check_content(record, quotes_txt)?;
    let shortest = if zone.plan == "enterprise" { 30 } else { 60 };
    if record.ttl != 1 && !(shortest..=86_400).contains(&record.ttl) {
        let message =
            format!("Invalid TTL. Must be between {shortest} and 86400 seconds, or 1 for Automatic.");
        return Err(Refusal::invalid(9021, &message));
    }
    if record.proxied && !["A", "AAAA", "CNAME"].contains(&record.record_type.as_str()) {
        return Err(Refusal::invalid(9004, "This record type cannot be proxied."));
    }
    if record.proxied && record.ttl != 1 {
        return Err(Refusal::invalid(9021, "The TTL of a proxied record must be 1 (Automatic)."));
    }
    let longest = if zone.is_free() { 100 } else { 500 };
    if record.comment.as_ref().is_some_and(|comment| comment.chars().count() > longest) {
        return Err(Refusal::invalid(
            9101,
            &format!("Comments must not be longer than {longest} characters."),
        ));
    }
    let most = if zone.is_free() { 0 } else { 20 };
    if record.tags.len() > most {
        return Err(Refusal::invalid(9301, &format!("DNS records of this zone may have {most} tags.")));
    }
    Ok(())
}

fn check_content(record: &mut Record, quotes_txt: bool) -> Result<(), Refusal> {
    let bad = |what: &str| Err(Refusal::invalid(9005, &format!("Content for {what} is invalid.")));
    let content = record.content.clone();
    match record.record_type.as_str() {
        "A" => match content.parse::<Ipv4Addr>() {
            Ok(ip) => record.content = ip.to_string(),
            Err(_) => return bad("A record"),
        },
        "AAAA" => match content.parse::<Ipv6Addr>() {
            Ok(ip) => record.content = ip.to_string(),
            Err(_) => return bad("AAAA record"),
        },
        "CNAME" | "NS" | "PTR" => {
            if !is_host(&content) {
                return bad("a record that points at a name");
            }
            record.content = content.to_ascii_lowercase().trim_end_matches('.').to_owned();
        }
        "MX" => {
            if record.priority.is_none_or(|priority| priority > 65_535)
                || !(is_host(&content) || content == ".")
            {
                return bad("MX record");
            }
        }
        "TXT" => check_txt(record, quotes_txt)?,
        "SRV" => {
            let data = record.data.clone().unwrap_or_default();
            let target = data.get("target").and_then(Value::as_str).unwrap_or_default().to_owned();
            let fields = ["priority", "weight", "port"].map(|key| number(&data, key));
            let [Some(priority), Some(weight), Some(port)] = fields else { return bad("SRV record") };
            if !(is_host(&target) || target == ".") || [priority, weight, port].iter().any(|n| *n > 65_535) {
                return bad("SRV record");
            }
            record.content = format!("{weight} {port} {target}");
            record.priority = Some(priority);
        }
        "NAPTR" => {
            let data = record.data.clone().unwrap_or_default();
            let fields =
                ["flags", "service", "regex", "replacement"].map(|key| data.get(key).and_then(Value::as_str));
            let [Some(flags), Some(service), Some(regex), Some(replacement)] = fields else {
                return bad("NAPTR record");
            };
            let [Some(order), Some(preference)] = ["order", "preference"].map(|key| number(&data, key))
            else {
                return bad("NAPTR record");
            };
            record.content =
                format!("{order} {preference} \"{flags}\" \"{service}\" \"{regex}\" {replacement}");
        }
        "CAA" => {}
        _ => return Err(Refusal::invalid(9009, "DNS record type is invalid.")),
    }
    Ok(())
}

/// Kept letter for letter; the service may put quotes around what has none.
fn check_txt(record: &mut Record, quotes_txt: bool) -> Result<(), Refusal> {
    if record.content.is_empty() || record.content.len() > 4096 {
        return Err(Refusal::invalid(9005, "Content for TXT record is invalid."));
    }
    if quotes_txt && !record.content.starts_with('"') {
        record.content = format!("\"{}\"", record.content);
    }
    Ok(())
}

fn is_host(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    !name.is_empty()
        && name.len() <= 253
        && name.parse::<Ipv4Addr>().is_err()
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_*".contains(&byte))
        })
}

/// Whether a record may stand beside those that are there.
fn admit(zone: &Zone, record: &Record) -> Result<(), Refusal> {
    for other in zone.records.beside(record) {
        let is_same = (&other.record_type, &other.content, &other.priority, &other.data)
            == (&record.record_type, &record.content, &record.priority, &record.data);
        if is_same {
            return Err(Refusal::new(400, 81058, "An identical record already exists."));
        }
        if exclude_each_other(zone, record, other) {
            return Err(match other.record_type.as_str() {
                "CNAME" => Refusal::new(400, 81054, "A CNAME record with that host already exists."),
                _ => Refusal::new(400, 81053, "An A, AAAA, or CNAME record with that host already exists."),
            });
        }
    }
    Ok(())
}

fn missing() -> Refusal {
    Refusal::new(404, 81044, "Record does not exist.")
}

fn place(zone: &Zone, id: &str) -> Result<usize, Refusal> {
    zone.records.position(id).ok_or_else(missing)
}

impl State {
    pub(crate) fn create_record(&mut self, zone: &str, body: &Value) -> Result<Value, Refusal> {
        let id = self.new_id();
        let quotes = self.quotes_txt;
        let zone = self.zone_mut(zone)?;
        let record = from_body(zone, quotes, id, body, None)?;
        admit(zone, &record)?;
        zone.records.push(record.clone());
        Ok(record.to_json())
    }

    /// Changes what is said (`is_whole` false), or everything.
    pub(crate) fn change_record(
        &mut self,
        zone: &str,
        id: &str,
        body: &Value,
        is_whole: bool,
    ) -> Result<Value, Refusal> {
        let quotes = self.quotes_txt;
        let zone = self.zone_mut(zone)?;
        let at = place(zone, id)?;
        let old = zone.records.get(at).filter(|_| !is_whole);
        let record = from_body(zone, quotes, id.to_owned(), body, old)?;
        admit(zone, &record)?;
        let json = record.to_json();
        zone.records.replace(at, record);
        Ok(json)
    }

    pub(crate) fn delete_record(&mut self, zone: &str, id: &str) -> Result<Value, Refusal> {
        let zone = self.zone_mut(zone)?;
        let at = place(zone, id)?;
        Ok(zone.records.remove(at).to_json())
    }

    /// All or nothing, in the order of the documentation: deletes, patches, puts, posts. Changes are made together
    /// and looked at then: two records may swap their values.
    pub(crate) fn batch(&mut self, zone: &str, body: &Value) -> Result<Value, Refusal> {
        let list = |key: &str| body.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let (deletes, patches, puts, posts) = (list("deletes"), list("patches"), list("puts"), list("posts"));
        let count = deletes.len() + patches.len() + puts.len() + posts.len();
        let known = self.zone_mut(zone)?;
        if count == 0 {
            return Err(Refusal::new(400, 9207, "No operations were given."));
        }
        if count > known.operations() {
            let message = format!("A batch of this zone has at most {} operations.", known.operations());
            return Err(Refusal::new(413, 9208, &message));
        }
        let before = known.clone();
        let done = self.batch_steps(zone, [deletes, patches, puts, posts]);
        if done.is_err() {
            self.zones.insert(zone.to_owned(), before);
        }
        done
    }

    fn batch_steps(&mut self, zone: &str, lists: [Vec<Value>; 4]) -> Result<Value, Refusal> {
        let [deletes, patches, puts, posts] = lists;
        let id = |value: &Value| value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut result = json!({"deletes": [], "patches": [], "puts": [], "posts": []});
        let mut push = |key: &str, value: Value| {
            if let Some(list) = result.get_mut(key).and_then(Value::as_array_mut) {
                list.push(value);
            }
        };
        for value in &deletes {
            push("deletes", self.delete_record(zone, &id(value))?);
        }
        self.change_together(zone, &patches, false)?.into_iter().for_each(|value| push("patches", value));
        self.change_together(zone, &puts, true)?.into_iter().for_each(|value| push("puts", value));
        for value in &posts {
            push("posts", self.create_record(zone, value)?);
        }
        Ok(result)
    }

    fn change_together(
        &mut self,
        zone: &str,
        bodies: &[Value],
        is_whole: bool,
    ) -> Result<Vec<Value>, Refusal> {
        let quotes = self.quotes_txt;
        let zone = self.zone_mut(zone)?;
        let mut changed = Vec::new();
        for body in bodies {
            let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
            let at = place(zone, id)?;
            let old = zone.records.get(at).filter(|_| !is_whole);
            let record = from_body(zone, quotes, id.to_owned(), body, old)?;
            zone.records.replace(at, record.clone());
            changed.push(record);
        }
        for record in &changed {
            admit(zone, record)?;
        }
        Ok(changed.iter().map(Record::to_json).collect())
    }

    pub(crate) fn zone_mut(&mut self, id: &str) -> Result<&mut Zone, Refusal> {
        let message = format!("Could not route to /zones/{id}, perhaps your object identifier is invalid?");
        self.zones.get_mut(id).ok_or_else(|| Refusal::new(404, 7003, &message))
    }
}

#[cfg(test)]
mod tests;
