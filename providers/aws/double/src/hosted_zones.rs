//! The hosted zones' part of Route 53's API, with their tags.

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::name::Name;
use crate::route53::{page_size, submit};
use crate::state::State;
use crate::xml::Element;
use crate::zone::Zone;
use std::collections::BTreeMap;

/// The most zones that a list shows at once, and how many it shows unasked.
const PAGE: usize = 100;
/// The most resources whose tags are told at once, and the most tags in a request.
const MOST_TAGS: usize = 10;

pub(crate) fn list(state: &State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let size = page_size(call, PAGE)?;
    let marker = call.query("marker").unwrap_or_default();
    if call.query("delegationsetid").is_some() {
        return Err(ApiError::new(400, "NoSuchDelegationSet", "There is no such delegation set"));
    }
    let private_only = match call.query("hostedzonetype") {
        None => false,
        Some("PrivateHostedZone") => true,
        Some(other) => {
            return Err(ApiError::invalid_input(format!("Invalid value for HostedZoneType: '{other}'")));
        }
    };
    let wanted = |zone: &&Zone| zone.account == account && (zone.private || !private_only);
    let mut zones = state.zones.range(marker.to_owned()..).map(|(_, zone)| zone).filter(wanted);
    let page: Vec<Element> = zones.by_ref().take(size).map(zone_element).collect();
    let next = zones.next();
    let answer = Element::root("ListHostedZonesResponse")
        .with(Element::new("HostedZones").with_all(page))
        .with(Element::leaf("Marker", marker))
        .with(Element::leaf("IsTruncated", next.is_some()))
        .with_text("NextMarker", next.map(|zone| &zone.id))
        .with(Element::leaf("MaxItems", size));
    Ok(Answer::xml(200, &answer))
}

pub(crate) fn list_by_name(state: &State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let size = page_size(call, PAGE)?;
    let (name, id) = (call.query("dnsname"), call.query("hostedzoneid"));
    if id.is_some() && name.is_none() {
        return Err(ApiError::invalid_input("HostedZoneId requires DNSName"));
    }
    let invalid = |fatal: crate::name::Fatal| ApiError::new(400, "InvalidDomainName", fatal.why);
    let start = name.map(Name::parse).transpose().map_err(invalid)?;
    let start = (start.map(|name| name.sort_key()).unwrap_or_default(), id.unwrap_or_default().to_owned());
    let sorted: BTreeMap<(String, String), &Zone> = state
        .zones
        .values()
        .filter(|zone| zone.account == account)
        .map(|zone| ((zone.name.sort_key(), zone.id.clone()), zone))
        .collect();
    let mut zones = sorted.range(start..).map(|(_, zone)| *zone);
    let page: Vec<Element> = zones.by_ref().take(size).map(zone_element).collect();
    let next = zones.next();
    let answer = Element::root("ListHostedZonesByNameResponse")
        .with(Element::new("HostedZones").with_all(page))
        .with_text("DNSName", name)
        .with_text("HostedZoneId", id)
        .with(Element::leaf("IsTruncated", next.is_some()))
        .with_text("NextDNSName", next.map(|zone| &zone.name))
        .with_text("NextHostedZoneId", next.map(|zone| &zone.id))
        .with(Element::leaf("MaxItems", size));
    Ok(Answer::xml(200, &answer))
}

fn zone_element(zone: &Zone) -> Element {
    Element::new("HostedZone")
        .with(Element::leaf("Id", format!("/hostedzone/{}", zone.id)))
        .with(Element::leaf("Name", &zone.name))
        .with(Element::leaf("CallerReference", &zone.caller_reference))
        .with(
            Element::new("Config")
                .with_text("Comment", zone.comment.as_ref())
                .with(Element::leaf("PrivateZone", zone.private)),
        )
        .with(Element::leaf("ResourceRecordSetCount", zone.records.len()))
}

fn delegation_set(zone: &Zone) -> Option<Element> {
    let servers = zone.name_servers.iter().map(|server| Element::leaf("NameServer", server));
    (!zone.private).then(|| Element::new("DelegationSet").with(Element::new("NameServers").with_all(servers)))
}

fn network(network: &(String, String)) -> Element {
    Element::new("VPC").with(Element::leaf("VPCRegion", &network.0)).with(Element::leaf("VPCId", &network.1))
}

pub(crate) fn get(state: &State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let zone = state.zone(account, call.id(0))?;
    let networks = zone.private.then(|| Element::new("VPCs").with_all(zone.networks.iter().map(network)));
    let answer = Element::root("GetHostedZoneResponse")
        .with(zone_element(zone))
        .with_all(delegation_set(zone))
        .with_all(networks);
    Ok(Answer::xml(200, &answer))
}

pub(crate) fn create(state: &mut State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let request = Element::parse_request(&call.body, "CreateHostedZoneRequest")?;
    request.only(&["Name", "VPC", "CallerReference", "HostedZoneConfig", "DelegationSetId"])?;
    let reference = request.required_text("CallerReference")?;
    if !(1..=128).contains(&reference.chars().count()) {
        return Err(ApiError::invalid_input("CallerReference must have 1 to 128 characters"));
    }
    let name = request.required_text("Name")?;
    let config = request.child("HostedZoneConfig");
    config.map(|config| config.only(&["Comment", "PrivateZone"])).transpose()?;
    let of_config = |name: &str| config.map_or(Ok(None), |config| config.text_of(name));
    let private = of_config("PrivateZone")?.as_deref() == Some("true");
    let network = request.child("VPC").map(read_network).transpose()?;
    if private != network.is_some() {
        return Err(ApiError::invalid_input("A private hosted zone needs a VPC, and a public one has none"));
    }
    let new = NewZone {
        name,
        private,
        account: account.to_owned(),
        comment: of_config("Comment")?,
        caller_reference: Some(reference),
        network,
        ..NewZone::default()
    };
    let id = add(state, new)?;
    let info = submit(state, account, None);
    let zone = state.zone(account, &id)?;
    let document = Element::root("CreateHostedZoneResponse")
        .with(zone_element(zone))
        .with(info)
        .with_all(delegation_set(zone))
        .with_all(zone.networks.first().map(self::network));
    let mut answer = Answer::xml(201, &document);
    answer.headers.push(("location", format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{id}")));
    Ok(answer)
}

fn read_network(element: &Element) -> Result<(String, String), ApiError> {
    element.only(&["VPCRegion", "VPCId"])?;
    Ok((element.required_text("VPCRegion")?, element.required_text("VPCId")?))
}

/// A zone to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewZone {
    /// Its name; several zones may have the same one.
    pub name: String,
    /// Its id without `/hostedzone/`, for tests that need to know it; made up otherwise.
    pub id: Option<String>,
    /// Whether it answers only inside networks.
    pub private: bool,
    /// Whose it is; [`ACCOUNT`](crate::ACCOUNT) unless a test tells accounts apart.
    pub account: String,
    /// What its owner says about it.
    pub comment: Option<String>,
    /// What keeps it from being made twice; made up otherwise.
    pub caller_reference: Option<String>,
    /// Region and id of a private zone's network; made up otherwise.
    pub network: Option<(String, String)>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

impl Default for NewZone {
    fn default() -> Self {
        NewZone {
            name: String::new(),
            id: None,
            private: false,
            account: crate::access::ACCOUNT.to_owned(),
            comment: None,
            caller_reference: None,
            network: None,
            tags: Vec::new(),
        }
    }
}

impl NewZone {
    /// A public zone.
    pub fn public(name: &str) -> Self {
        NewZone { name: name.to_owned(), ..NewZone::default() }
    }

    /// A private zone.
    pub fn private(name: &str) -> Self {
        NewZone { private: true, ..NewZone::public(name) }
    }

    /// The same with this id.
    pub fn with_id(self, id: &str) -> Self {
        NewZone { id: Some(id.to_owned()), ..self }
    }

    /// The same with one more tag.
    pub fn with_tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The same in another account.
    pub fn in_account(self, account: &str) -> Self {
        NewZone { account: account.to_owned(), ..self }
    }
}

/// Makes the zone and gives its id.
pub(crate) fn add(state: &mut State, new: NewZone) -> Result<String, ApiError> {
    let name = Name::parse(&new.name).map_err(|fatal| ApiError::new(400, "InvalidDomainName", fatal.why))?;
    let number = state.next_id();
    let reference = new.caller_reference.unwrap_or_else(|| format!("made-by-the-test-{number}"));
    let mine = || state.zones.values().filter(|zone| zone.account == new.account);
    if mine().any(|zone| zone.caller_reference == reference) {
        let message = format!(
            "A hosted zone has already been created with the specified caller reference: {reference}"
        );
        return Err(ApiError::new(409, "HostedZoneAlreadyExists", message));
    }
    let network = new.network.unwrap_or_else(|| ("us-east-1".to_owned(), format!("vpc-{number:08x}")));
    if new.private && mine().any(|zone| zone.name == name && zone.networks.contains(&network)) {
        let message =
            format!("The VPC {} is already associated with a hosted zone of the name {name}", network.1);
        return Err(ApiError::new(400, "ConflictingDomainExists", message));
    }
    let id = new.id.unwrap_or_else(|| format!("Z{number:020}"));
    let mut zone = Zone {
        id: id.clone(),
        account: new.account,
        name,
        private: new.private,
        comment: new.comment,
        caller_reference: reference,
        networks: if new.private { vec![network] } else { Vec::new() },
        name_servers: name_servers(number),
        tags: new.tags.into_iter().collect(),
        records: BTreeMap::new(),
        busy: false,
    };
    zone.add_own_records();
    if state.zones.contains_key(&id) {
        return Err(ApiError::new(
            409,
            "HostedZoneAlreadyExists",
            format!("There is a zone with the id {id}"),
        ));
    }
    state.zones.insert(id.clone(), zone);
    Ok(id)
}

fn name_servers(number: u64) -> Vec<String> {
    let domains = ["com", "net", "org", "co.uk"].into_iter().zip([0, 512, 1024, 1536]);
    let number = number % 512;
    domains.map(|(domain, base)| format!("ns-{}.awsdns-{:02}.{domain}", base + number, number % 64)).collect()
}

pub(crate) fn delete(state: &mut State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let zone = state.zone(account, call.id(0))?;
    if zone.records.values().any(|set| !zone.is_own(set)) {
        let message =
            "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
        return Err(ApiError::new(400, "HostedZoneNotEmpty", message));
    }
    state.zones.remove(call.id(0));
    let info = submit(state, account, None);
    Ok(Answer::xml(200, &Element::root("DeleteHostedZoneResponse").with(info)))
}

/// The tags of a zone or health check. Health checks have none here.
fn tag_set(state: &State, account: &str, kind: &str, id: &str) -> Result<Element, ApiError> {
    let tags = match kind {
        "hostedzone" => state.zone(account, id)?.tags.clone(),
        "healthcheck" if state.health_checks.contains(id) => BTreeMap::new(),
        "healthcheck" => {
            let message = format!("A health check with id {id} does not exist.");
            return Err(ApiError::new(404, "NoSuchHealthCheck", message));
        }
        _ => return Err(ApiError::invalid_input(format!("Invalid value for ResourceType: '{kind}'"))),
    };
    let tags = tags.iter().map(|(key, value)| {
        Element::new("Tag").with(Element::leaf("Key", key)).with(Element::leaf("Value", value))
    });
    Ok(Element::new("ResourceTagSet")
        .with(Element::leaf("ResourceType", kind))
        .with(Element::leaf("ResourceId", id))
        .with(Element::new("Tags").with_all(tags)))
}

pub(crate) fn tags_of(state: &State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let tags = tag_set(state, account, call.id(0), call.id(1))?;
    Ok(Answer::xml(200, &Element::root("ListTagsForResourceResponse").with(tags)))
}

pub(crate) fn tags_of_several(state: &State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let request = Element::parse_request(&call.body, "ListTagsForResourcesRequest")?;
    request.only(&["ResourceIds"])?;
    let ids = request.required("ResourceIds")?.members("ResourceId")?;
    at_most_ten("resourceIds", ids.len())?;
    let tags: Result<Vec<Element>, ApiError> =
        ids.iter().map(|id| tag_set(state, account, call.id(0), &id.text)).collect();
    let answer =
        Element::root("ListTagsForResourcesResponse").with(Element::new("ResourceTagSets").with_all(tags?));
    Ok(Answer::xml(200, &answer))
}

fn at_most_ten(what: &str, count: usize) -> Result<(), ApiError> {
    if count <= MOST_TAGS {
        return Ok(());
    }
    Err(ApiError::invalid_input(format!(
        "1 validation error detected: Value at '{what}' failed to satisfy constraint: Member must have length less than or \
         equal to {MOST_TAGS}"
    )))
}

pub(crate) fn change_tags(state: &mut State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let request = Element::parse_request(&call.body, "ChangeTagsForResourceRequest")?;
    request.only(&["AddTags", "RemoveTagKeys"])?;
    tag_set(state, account, call.id(0), call.id(1))?;
    let added = request.child("AddTags").map(|list| list.members("Tag")).transpose()?.unwrap_or_default();
    let removed =
        request.child("RemoveTagKeys").map(|list| list.members("Key")).transpose()?.unwrap_or_default();
    at_most_ten("addTags", added.len())?;
    at_most_ten("removeTagKeys", removed.len())?;
    let mut changed = Vec::new();
    for tag in added {
        tag.only(&["Key", "Value"])?;
        changed.push((tag.required_text("Key")?, tag.text_of("Value")?.unwrap_or_default()));
    }
    if let Some(zone) = state.zones.get_mut(call.id(1)) {
        zone.tags.retain(|key, _| removed.iter().all(|removed| removed.text != *key));
        zone.tags.extend(changed);
    }
    Ok(Answer::xml(200, &Element::root("ChangeTagsForResourceResponse")))
}
