//! Azure Resource Manager, as far as it is about zones and record sets.

use crate::answer::{Answer, Refusal};
use crate::call::{Call, Operation};
use crate::published;
use crate::record::Spelling;
use crate::rules;
use crate::state::{State, Stored, Zone};
use serde_json::{Map, Value, json};

/// The most that a page may hold.
const LONGEST_PAGE: usize = 1000;
const DEFAULT_PAGE: usize = 100;

/// Does what is asked, or refuses. What does not conform to the published APIs is refused, and so is an answer of ours.
pub(crate) fn answer(state: &mut State, call: &Call, base: &str) -> Answer {
    let operation = match published::find(call) {
        Ok(operation) => operation,
        Err(why) => return Refusal::new(400, "NotPublished", why).of_manager(false),
    };
    let bare = state.bare;
    let answer = admit(state, call)
        .and_then(|()| perform(state, call, base))
        .unwrap_or_else(|refusal| refusal.of_manager(bare));
    // What users report differs from the description; it is sent only where a test asks for it.
    if bare && answer.error.is_some() {
        return answer;
    }
    match operation.check_answer(answer.status, &answer.body) {
        Ok(()) => answer,
        Err(why) => Refusal::new(500, "NotPublished", format!("the answer: {why}")).of_manager(false),
    }
}

fn admit(state: &mut State, call: &Call) -> Result<(), Refusal> {
    let token = call.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    state.tokens.admit(token)
}

fn perform(state: &mut State, call: &Call, base: &str) -> Result<Answer, Refusal> {
    match call.operation {
        Operation::ListZones => list_zones(state, call, base),
        Operation::ListRecordSets => list_sets(state, call, base),
        Operation::PutRecordSet => put(state, call),
        Operation::DeleteRecordSet => delete(state, call),
        _ => Err(Refusal::new(405, "MethodNotAllowed", "the double does not do this")),
    }
}

fn list_zones(state: &State, call: &Call, base: &str) -> Result<Answer, Refusal> {
    let (subscription, group) = (call.segment(1), call.segment(3));
    let kind = if call.segment(6) == "dnsZones" { Spelling::Public } else { Spelling::Private };
    let is_there = |zone: &&Zone| zone.subscription.eq_ignore_ascii_case(subscription);
    let in_group = |zone: &&Zone| is_there(zone) && zone.group.eq_ignore_ascii_case(group);
    if !state.zones.values().any(|zone| is_there(&zone)) {
        let message = format!("The subscription '{subscription}' could not be found.");
        return Err(Refusal::new(404, "SubscriptionNotFound", message));
    }
    if !state.zones.values().any(|zone| in_group(&zone)) {
        let message = format!("Resource group '{group}' could not be found.");
        return Err(Refusal::new(404, "ResourceGroupNotFound", message));
    }
    let zones = state.zones.values().filter(|zone| in_group(zone) && zone.kind == kind);
    page(call, base, zones.map(|zone| (zone.name.clone(), zone)), Zone::document)
}

fn list_sets(state: &State, call: &Call, base: &str) -> Result<Answer, Refusal> {
    let id = call.zone().unwrap_or_default();
    let Some(zone) = state.zones.get(&id) else {
        return Err(Refusal::new(404, "ResourceNotFound", format!("The Resource '{id}' was not found.")));
    };
    let sets = zone.sets.iter().map(|(key, set)| (format!("{} {}", key.0, key.1), (key, set)));
    page(call, base, sets, |((_, record_type), set)| zone.set_document(record_type, set))
}

/// One page of a list, with the address of the next.
fn page<T>(
    call: &Call,
    base: &str,
    all: impl Iterator<Item = (String, T)>,
    document: impl Fn(T) -> Value,
) -> Result<Answer, Refusal> {
    let size = match call.query("$top") {
        None => DEFAULT_PAGE,
        Some(top) => top.parse().ok().filter(|size| (1..=LONGEST_PAGE).contains(size)).ok_or_else(|| {
            Refusal::bad(format!("Invalid $top value: '{top}'. It must be a number between '1' and '1000'."))
        })?,
    };
    let start = call.query("$skipToken").unwrap_or_default().to_owned();
    let mut rest = all.skip_while(|(key, _)| !start.is_empty() && *key < start).peekable();
    let values: Vec<Value> = rest.by_ref().take(size).map(|(_, item)| document(item)).collect();
    let mut body = json!({ "value": values });
    if let Some((key, _)) = rest.peek() {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in ["api-version", "$top"] {
            query.extend_pairs(call.query(name).map(|value| (name, value)));
        }
        let query = query.append_pair("$skipToken", key).finish();
        body["nextLink"] = format!("{base}{}?{query}", call.path).into();
    }
    Ok(Answer::json(200, &body))
}

fn put(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let (record_type, name) = (call.segment(8).to_owned(), call.segment(9).to_owned());
    let etag = state.new_etag();
    let zone = zone_of(state, call)?;
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let properties: Map<String, Value> = body["properties"].as_object().cloned().unwrap_or_default();
    let key = (name.to_ascii_lowercase(), record_type.clone());
    let existing = zone.sets.get(&key).cloned();
    conditions(call, existing.as_ref())?;
    if existing.is_none() && (record_type == "SOA" || (record_type == "NS" && name == "@")) {
        return Err(Refusal::bad(format!("The {record_type} record set at the apex cannot be created.")));
    }
    rules::check(zone, &name, &record_type, &properties)?;
    if existing.is_none() && zone.sets.len() >= zone.max_sets {
        let message = format!("The zone holds {} record sets already.", zone.max_sets);
        return Err(Refusal::new(400, "RecordSetLimitExceeded", message));
    }
    let status = if existing.is_some() { 200 } else { 201 };
    let name = existing.map_or(name, |set| set.name);
    let stored = Stored { name, etag: etag.clone(), properties };
    let document = zone.set_document(&record_type, &stored);
    zone.sets.insert(key, stored);
    let mut answer = Answer::json(status, &document);
    answer.headers.push(("etag", etag));
    Ok(answer)
}

fn delete(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let (record_type, name) = (call.segment(8).to_owned(), call.segment(9).to_owned());
    let zone = zone_of(state, call)?;
    let key = (name.to_ascii_lowercase(), record_type.clone());
    let Some(existing) = zone.sets.get(&key) else { return Ok(Answer::empty(204)) };
    conditions(call, Some(existing))?;
    if record_type == "SOA" || (record_type == "NS" && name == "@") {
        return Err(Refusal::bad(format!("The {record_type} record set at the apex cannot be deleted.")));
    }
    zone.sets.remove(&key);
    Ok(Answer::empty(200))
}

fn zone_of<'a>(state: &'a mut State, call: &Call) -> Result<&'a mut Zone, Refusal> {
    let id = call.zone().unwrap_or_default();
    let missing =
        format!("Can not perform requested operation on nested resource. Parent resource '{id}' not found.");
    state.zones.get_mut(&id).ok_or_else(|| Refusal::new(404, "ParentResourceNotFound", missing))
}

fn conditions(call: &Call, existing: Option<&Stored>) -> Result<(), Refusal> {
    let failed = |condition: &str, header: &str| {
        let current = existing.map(|set| set.etag.as_str()).unwrap_or_default();
        let message = format!(
            "The condition '{condition}' in the {header} header was not satisfied. The current was '{current}'."
        );
        Err(Refusal::new(412, "PreconditionFailed", message))
    };
    if let Some(expected) = call.header("if-match")
        && !existing.is_some_and(|set| expected == "*" || set.etag == expected)
    {
        return failed(expected, "If-Match");
    }
    match call.header("if-none-match") {
        Some("*") if existing.is_some() => failed("*", "If-None-Match"),
        _ => Ok(()),
    }
}
