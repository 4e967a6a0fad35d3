//! The record sets' part of Route 53's API, and which request is which call.

use crate::batch::{self, Action, Change, Surroundings};
use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::hosted_zones;
use crate::log::Operation;
use crate::name::Name;
use crate::state::{State, Submitted};
use crate::wire;
use crate::xml::Element;
use crate::zone::Key;
use http::Method;

/// The service's words while a zone is being changed.
pub(crate) const PRIOR_REQUEST: &str =
    "The request was rejected because Route 53 was still processing a prior request.";

/// The most record sets that a list shows at once, and how many it shows unasked.
const PAGE: usize = 300;

/// Which call a request is, with the ids in its path.
pub(crate) fn classify(method: &Method, path: &str) -> (Operation, Vec<String>) {
    let Some(path) = path.strip_prefix("/2013-04-01/") else { return (Operation::Unknown, Vec::new()) };
    let parts: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    let decoded = |part: &&str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    let (operation, ids) = match (method.as_str(), &parts[..]) {
        ("GET", ["hostedzone"]) => (Operation::ListHostedZones, &parts[..0]),
        ("POST", ["hostedzone"]) => (Operation::CreateHostedZone, &parts[..0]),
        ("GET", ["hostedzonesbyname"]) => (Operation::ListHostedZonesByName, &parts[..0]),
        ("GET", ["hostedzone", _]) => (Operation::GetHostedZone, &parts[1..2]),
        ("DELETE", ["hostedzone", _]) => (Operation::DeleteHostedZone, &parts[1..2]),
        ("GET", ["hostedzone", _, "rrset"]) => (Operation::ListResourceRecordSets, &parts[1..2]),
        ("POST", ["hostedzone", _, "rrset"]) => (Operation::ChangeResourceRecordSets, &parts[1..2]),
        ("GET", ["change", _]) => (Operation::GetChange, &parts[1..2]),
        ("POST", ["tags", _]) => (Operation::ListTagsForResources, &parts[1..2]),
        ("GET", ["tags", _, _]) => (Operation::ListTagsForResource, &parts[1..3]),
        ("POST", ["tags", _, _]) => (Operation::ChangeTagsForResource, &parts[1..3]),
        _ => (Operation::Unknown, &parts[..0]),
    };
    (operation, ids.iter().map(decoded).collect())
}

pub(crate) fn answer(state: &mut State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    match call.operation {
        Operation::ListHostedZones => hosted_zones::list(state, call, account),
        Operation::ListHostedZonesByName => hosted_zones::list_by_name(state, call, account),
        Operation::GetHostedZone => hosted_zones::get(state, call, account),
        Operation::CreateHostedZone => hosted_zones::create(state, call, account),
        Operation::DeleteHostedZone => hosted_zones::delete(state, call, account),
        Operation::ListTagsForResource => hosted_zones::tags_of(state, call, account),
        Operation::ListTagsForResources => hosted_zones::tags_of_several(state, call, account),
        Operation::ChangeTagsForResource => hosted_zones::change_tags(state, call, account),
        Operation::ListResourceRecordSets => list(state, call, account),
        Operation::ChangeResourceRecordSets => change(state, call, account),
        Operation::GetChange => get_change(state, call, account),
        _ => Err(ApiError::new(404, "UnknownOperationException", "There is no such operation")),
    }
}

/// How many items a page is to have.
pub(crate) fn page_size(call: &Call, most: usize) -> Result<usize, ApiError> {
    match call.query("maxitems") {
        None => Ok(most),
        Some(text) => match text.parse::<usize>() {
            Ok(size) if size > 0 => Ok(size.min(most)),
            _ => Err(ApiError::invalid_input(format!("Invalid value for MaxItems: '{text}'"))),
        },
    }
}

fn list(state: &State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let zone = state.zone(account, call.id(0))?;
    let size = page_size(call, PAGE)?;
    let start = start(call)?;
    let mut sets = zone.records.range(start..).map(|(_, set)| set);
    let page: Vec<Element> = sets.by_ref().take(size).map(wire::write).collect();
    let next = sets.next();
    let answer = Element::root("ListResourceRecordSetsResponse")
        .with(Element::new("ResourceRecordSets").with_all(page))
        .with(Element::leaf("IsTruncated", next.is_some()))
        .with_text("NextRecordName", next.map(|set| &set.name))
        .with_text("NextRecordType", next.map(|set| &set.kind))
        .with_text("NextRecordIdentifier", next.and_then(|set| set.set_identifier.as_ref()))
        .with(Element::leaf("MaxItems", size));
    Ok(Answer::xml(200, &answer))
}

/// Where a list begins: at a name, or at a type within it, or at a set identifier within that. Each needs the one before.
fn start(call: &Call) -> Result<Key, ApiError> {
    let (name, kind, identifier) = (call.query("name"), call.query("type"), call.query("identifier"));
    let sort_key = match name {
        Some(text) => {
            Name::parse(text).map_err(|fatal| ApiError::invalid_input(fatal.in_text(text)))?.sort_key()
        }
        None if kind.is_some() || identifier.is_some() => {
            return Err(ApiError::invalid_input(
                "The input is not valid: StartRecordType requires StartRecordName",
            ));
        }
        None => String::new(),
    };
    if identifier.is_some() && kind.is_none() {
        let message = "The input is not valid: StartRecordIdentifier requires StartRecordType";
        return Err(ApiError::invalid_input(message));
    }
    if let Some(kind) = kind.filter(|kind| !wire::TYPES.contains(kind)) {
        return Err(ApiError::invalid_input(format!("Invalid value for StartRecordType: '{kind}'")));
    }
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    Ok(Key { name: sort_key, kind: text(kind), identifier: text(identifier) })
}

fn change(state: &mut State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    state.zone(account, call.id(0))?;
    let (comment, changes) = read_batch(call)?;
    let around = Surroundings {
        alias_zones: &state.alias_zones,
        health_checks: &state.health_checks,
        refused: &state.refused,
    };
    let zone = state.zones.get_mut(call.id(0)).ok_or_else(|| ApiError::no_such_zone(call.id(0)))?;
    batch::apply(zone, changes, &around)?;
    let info = submit(state, account, comment);
    Ok(Answer::xml(200, &Element::root("ChangeResourceRecordSetsResponse").with(info)))
}

fn read_batch(call: &Call) -> Result<(Option<String>, Vec<Change>), ApiError> {
    let request = Element::parse_request(&call.body, "ChangeResourceRecordSetsRequest")?;
    request.only(&["ChangeBatch"])?;
    let batch = request.required("ChangeBatch")?;
    batch.only(&["Comment", "Changes"])?;
    let comment = batch.text_of("Comment")?;
    if comment.as_ref().is_some_and(|comment| comment.chars().count() > 256) {
        let message = "1 validation error detected: Value at 'changeBatch.comment' failed to satisfy constraint: Member \
                       must have length less than or equal to 256";
        return Err(ApiError::invalid_input(message));
    }
    let mut changes = Vec::new();
    for (index, element) in batch.required("Changes")?.members("Change")?.iter().enumerate() {
        let at = format!("changeBatch.changes.{}.member", index + 1);
        element.only(&["Action", "ResourceRecordSet"])?;
        let word = element.required_text("Action")?;
        let Some(action) = Action::parse(&word) else {
            return Err(ApiError::invalid_input(format!(
                "1 validation error detected: Value '{word}' at '{at}.action' failed to satisfy constraint: Member must \
                 satisfy enum value set: [CREATE, DELETE, UPSERT]"
            )));
        };
        let set = wire::read(element.required("ResourceRecordSet")?, &format!("{at}.resourceRecordSet"))?;
        changes.push(Change { action, set });
    }
    Ok((comment, changes))
}

/// Notes a change that was taken, for GetChange.
pub(crate) fn submit(state: &mut State, account: &str, comment: Option<String>) -> Element {
    let id = format!("C{:020}", state.next_id());
    let timestamp = format!("{:.3}", jiff::Timestamp::now());
    let submitted = Submitted { account: account.to_owned(), at: state.now(), timestamp, comment };
    // Even where the name servers take no time, the answer says what it always says.
    let info = change_info(&id, &submitted, "PENDING");
    state.submitted.insert(id, submitted);
    info
}

fn change_info(id: &str, submitted: &Submitted, status: &str) -> Element {
    Element::new("ChangeInfo")
        .with(Element::leaf("Id", format!("/change/{id}")))
        .with(Element::leaf("Status", status))
        .with(Element::leaf("SubmittedAt", &submitted.timestamp))
        .with_text("Comment", submitted.comment.as_ref())
}

fn get_change(state: &State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let id = call.id(0);
    let Some(submitted) = state.submitted.get(id).filter(|submitted| submitted.account == account) else {
        let message = format!("A change with the specified change ID does not exist: {id}");
        return Err(ApiError::new(404, "NoSuchChange", message));
    };
    let done = state.now() >= submitted.at + state.sync_time;
    let info = change_info(id, submitted, if done { "INSYNC" } else { "PENDING" });
    Ok(Answer::xml(200, &Element::root("GetChangeResponse").with(info)))
}
