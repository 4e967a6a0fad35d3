//! Cloud Map: namespaces of services, which have instances. Its protocol takes and gives JSON, and says in a header what is asked.
//!
//! Registering and the like take effect when their operation is done: at once, unless a test gives operations a time.

mod instances;
mod services;

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::log::Operation;
use crate::state::State;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a request's `X-Amz-Target` begins with.
const TARGET: &str = "Route53AutoNaming_v20170314.";

/// The most items that a list shows at once, and how many it shows unasked.
const PAGE: usize = 100;

/// Where a namespace's names are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamespaceKind {
    /// In the public DNS.
    Public,
    /// In the DNS of a network.
    Private,
    /// Not in the DNS.
    Http,
}

impl NamespaceKind {
    fn word(self) -> &'static str {
        match self {
            NamespaceKind::Public => "DNS_PUBLIC",
            NamespaceKind::Private => "DNS_PRIVATE",
            NamespaceKind::Http => "HTTP",
        }
    }
}

/// A service of Cloud Map with its instances, for tests to put in and take out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CloudService {
    /// The id, made up if it is empty when the service is put in.
    pub id: String,
    /// The name below the namespace's.
    pub name: String,
    /// What its owner says about it.
    pub description: Option<String>,
    /// `MULTIVALUE` or `WEIGHTED`, for a service that is in the DNS.
    pub routing: Option<String>,
    /// The types of its records, with their seconds to live.
    pub records: Vec<(String, i64)>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The attributes of its instances, by the instances' ids.
    pub instances: BTreeMap<String, BTreeMap<String, String>>,
}

struct Namespace {
    id: String,
    account: String,
    name: String,
    /// As [`Operation::DiscoverInstances`] calls it: several namespaces may share a name, but not this one.
    http_name: String,
    kind: NamespaceKind,
}

struct Service {
    namespace: String,
    account: String,
    /// Grows with every registration.
    revision: i64,
    has_health_check: bool,
    service: CloudService,
}

/// Something that takes its time.
struct Work {
    account: String,
    kind: &'static str,
    /// The namespace that was made.
    namespace: Option<String>,
    service: String,
    instance: Option<String>,
    due: Duration,
    /// What is done when it is due; nothing once that has happened.
    effect: Option<Effect>,
}

enum Effect {
    Register(BTreeMap<String, String>),
    Deregister,
    Update { description: Option<String>, ttls: Option<Vec<(String, i64)>> },
}

#[derive(Default)]
pub(crate) struct CloudMap {
    namespaces: BTreeMap<String, Namespace>,
    services: BTreeMap<String, Service>,
    works: BTreeMap<String, Work>,
    pub(crate) operation_time: Duration,
    last_id: u64,
    discoveries: usize,
}

impl CloudMap {
    fn next_id(&mut self, prefix: &str) -> String {
        self.last_id += 1;
        format!("{prefix}-{:016}", self.last_id)
    }

    pub(crate) fn add_namespace(&mut self, account: &str, name: &str, kind: NamespaceKind) -> String {
        let id = self.next_id("ns");
        let taken = self.namespaces.values().any(|other| other.account == account && other.http_name == name);
        let http_name = if taken { format!("{name}:{}", self.last_id) } else { name.to_owned() };
        let (account, name) = (account.to_owned(), name.to_owned());
        self.namespaces.insert(id.clone(), Namespace { id: id.clone(), account, name, http_name, kind });
        id
    }

    pub(crate) fn seed(&mut self, namespace: &str, mut service: CloudService) -> Result<String, ApiError> {
        let account = match self.namespaces.get(namespace) {
            Some(namespace) => namespace.account.clone(),
            None => return Err(not_found("NamespaceNotFound", namespace)),
        };
        if service.id.is_empty() {
            service.id = self.next_id("srv");
        }
        let id = service.id.clone();
        let namespace = namespace.to_owned();
        let service = Service { namespace, account, revision: 1, has_health_check: false, service };
        self.services.insert(id.clone(), service);
        Ok(id)
    }

    /// The services of a namespace by name.
    pub(crate) fn services(&mut self, namespace: &str, now: Duration) -> Vec<CloudService> {
        self.settle(now);
        let of_namespace = self.services.values().filter(|service| service.namespace == namespace);
        let mut services: Vec<CloudService> = of_namespace.map(|service| service.service.clone()).collect();
        services.sort_by(|one, other| one.name.cmp(&other.name));
        services
    }

    /// Lets everything take effect that is due.
    fn settle(&mut self, now: Duration) {
        for work in self.works.values_mut().filter(|work| work.due <= now) {
            let Some(effect) = work.effect.take() else { continue };
            let Some(service) = self.services.get_mut(&work.service) else { continue };
            let instance = work.instance.clone().unwrap_or_default();
            match effect {
                Effect::Register(attributes) => {
                    service.service.instances.insert(instance, attributes);
                    service.revision += 1;
                }
                Effect::Deregister => {
                    service.service.instances.remove(&instance);
                    service.revision += 1;
                }
                Effect::Update { description, ttls } => {
                    service.service.description = description.or(service.service.description.take());
                    // What an update does not mention it takes away (reference of UpdateService).
                    service.service.records = ttls.unwrap_or_default();
                }
            }
        }
    }

    /// Begins something, and gives the id to ask after.
    fn begin(
        &mut self,
        account: &str,
        kind: &'static str,
        service: &str,
        instance: Option<&str>,
        effect: Effect,
        now: Duration,
    ) -> Result<Value, ApiError> {
        let same = |work: &Work| {
            work.effect.is_some() && work.service == service && work.instance.as_deref() == instance
        };
        if let Some((id, _)) = self.works.iter().find(|(_, work)| same(work)) {
            let message = format!("Another operation of type {kind} is already in progress: {id}");
            let duplicate_of = Some(id.clone());
            return Err(ApiError { duplicate_of, ..ApiError::new(409, "DuplicateRequest", message) });
        }
        let id = self.next_id("op");
        let work = Work {
            account: account.to_owned(),
            kind,
            namespace: None,
            service: service.to_owned(),
            instance: instance.map(str::to_owned),
            due: now + self.operation_time,
            effect: Some(effect),
        };
        self.works.insert(id.clone(), work);
        self.settle(now);
        Ok(json!({ "OperationId": id }))
    }

    fn service(&self, account: &str, id: &str) -> Result<&Service, ApiError> {
        // An ARN ends in the id.
        let id = id.rsplit('/').next().unwrap_or(id);
        let service = self.services.get(id).filter(|service| service.account == account);
        service.ok_or_else(|| not_found("ServiceNotFound", id))
    }
}

fn not_found(code: &str, id: &str) -> ApiError {
    ApiError::new(404, code, format!("There is nothing with the id {id}"))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::invalid_input(message)
}

/// Which call a request is, by its target.
pub(crate) fn classify(target: &str) -> Operation {
    match target.strip_prefix(TARGET) {
        Some("CreatePublicDnsNamespace") => Operation::CreatePublicDnsNamespace,
        Some("CreatePrivateDnsNamespace") => Operation::CreatePrivateDnsNamespace,
        Some("ListNamespaces") => Operation::ListNamespaces,
        Some("ListServices") => Operation::ListServices,
        Some("CreateService") => Operation::CreateService,
        Some("UpdateService") => Operation::UpdateService,
        Some("DeleteService") => Operation::DeleteService,
        Some("ListInstances") => Operation::ListInstances,
        Some("DiscoverInstances") => Operation::DiscoverInstances,
        Some("DiscoverInstancesRevision") => Operation::DiscoverInstancesRevision,
        Some("RegisterInstance") => Operation::RegisterInstance,
        Some("DeregisterInstance") => Operation::DeregisterInstance,
        Some("GetOperation") => Operation::GetOperation,
        Some("ListTagsForResource") => Operation::ListCloudMapTags,
        Some("TagResource") => Operation::TagCloudMapResource,
        Some("UntagResource") => Operation::UntagCloudMapResource,
        _ => Operation::UnknownCloudMap,
    }
}

/// A call's fields, with who makes it and when.
struct Asked<'a> {
    account: &'a str,
    fields: Map<String, Value>,
    now: Duration,
}

impl Asked<'_> {
    fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(serialization(name)),
        }
    }

    fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| {
            invalid(format!(
                "1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must not be null"
            ))
        })
    }

    fn number(&self, name: &str, most: usize) -> Result<Option<usize>, ApiError> {
        match self.fields.get(name).filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(value) => match value.as_u64().and_then(|number| usize::try_from(number).ok()) {
                Some(number) if (1..=most).contains(&number) => Ok(Some(number)),
                _ => Err(invalid(format!("{name} must have a value between 1 and {most}"))),
            },
        }
    }

    fn list(&self, name: &str) -> Result<&[Value], ApiError> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(serialization(name)),
        }
    }
}

fn serialization(name: &str) -> ApiError {
    ApiError::new(400, "SerializationException", format!("Unexpected value for {name}"))
}

pub(crate) fn answer(state: &mut State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let now = state.now();
    let Ok(Value::Object(fields)) = serde_json::from_slice(&call.body) else {
        return Err(ApiError::new(400, "SerializationException", "The body is not a JSON object"));
    };
    let asked = Asked { account, fields, now };
    let map = &mut state.cloud_map;
    map.settle(now);
    let answer = match call.operation {
        Operation::CreatePublicDnsNamespace => map.create_namespace(&asked, NamespaceKind::Public),
        Operation::CreatePrivateDnsNamespace => map.create_namespace(&asked, NamespaceKind::Private),
        Operation::ListNamespaces => map.list_namespaces(&asked),
        Operation::ListServices => map.list_services(&asked),
        Operation::CreateService => map.create_service(&asked),
        Operation::UpdateService => map.update_service(&asked),
        Operation::DeleteService => map.delete_service(&asked),
        Operation::ListInstances => map.list_instances(&asked),
        Operation::DiscoverInstances => map.discover(&asked),
        Operation::DiscoverInstancesRevision => map.revision(&asked),
        Operation::RegisterInstance => map.register(&asked),
        Operation::DeregisterInstance => map.deregister(&asked),
        Operation::GetOperation => map.operation(&asked),
        Operation::ListCloudMapTags => map.tags(&asked),
        Operation::TagCloudMapResource => map.tag(&asked),
        Operation::UntagCloudMapResource => map.untag(&asked),
        _ => Err(ApiError::new(400, "UnknownOperationException", "There is no such operation")),
    };
    answer.map(|answer| Answer::json(200, &answer))
}

pub(crate) fn refusal(error: &ApiError) -> Value {
    let mut refusal = json!({ "__type": error.code, "Message": error.message, "message": error.message });
    if let Some(operation) = &error.duplicate_of {
        refusal["DuplicateOperationId"] = json!(operation);
    }
    refusal
}

/// One page of a list, and the token for the next. Tokens are the keys of the items with which pages begin.
fn page<T>(
    asked: &Asked<'_>,
    items: impl Iterator<Item = (String, T)>,
    name: &str,
    show: impl Fn(T) -> Value,
) -> Result<Value, ApiError> {
    let size = asked.number("MaxResults", PAGE)?.unwrap_or(PAGE);
    let start = asked.text("NextToken")?.unwrap_or_default().to_owned();
    let mut items = items.skip_while(|(key, _)| *key < start);
    let shown: Vec<Value> = items.by_ref().take(size).map(|(_, item)| show(item)).collect();
    let mut answer = json!({ name: shown });
    if let Some((key, _)) = items.next() {
        answer["NextToken"] = json!(key);
    }
    Ok(answer)
}

/// A filter of a list: what it looks at, and whether that fits.
struct Filter {
    name: String,
    values: Vec<String>,
    condition: String,
}

impl Filter {
    fn read(value: &Value, conditions: &[(&str, &[&str])]) -> Result<Self, ApiError> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let name = text("Name").unwrap_or_default();
        let condition = text("Condition").unwrap_or_else(|| "EQ".to_owned());
        let Some((_, allowed)) = conditions.iter().find(|(known, _)| *known == name) else {
            return Err(invalid(format!("'{name}' is not a filter")));
        };
        if !allowed.contains(&&*condition) {
            return Err(invalid(format!("'{condition}' is not supported for the filter {name}")));
        }
        let values = value["Values"].as_array().map(Vec::as_slice).unwrap_or_default();
        let values: Vec<String> =
            values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect();
        if values.is_empty() || values.len() > 1 && condition != "IN" {
            return Err(invalid(format!("the filter {name} needs exactly one value for {condition}")));
        }
        Ok(Filter { name, values, condition })
    }

    fn fits(&self, found: &str) -> bool {
        match &*self.condition {
            "BEGINS_WITH" => self.values.iter().any(|value| found.starts_with(value)),
            _ => self.values.iter().any(|value| found == value),
        }
    }
}

fn arn(account: &str, kind: &str, id: &str) -> String {
    format!("arn:aws:servicediscovery:us-east-1:{account}:{kind}/{id}")
}

impl CloudMap {
    /// Is done at once, whatever other operations take.
    fn create_namespace(&mut self, asked: &Asked<'_>, kind: NamespaceKind) -> Result<Value, ApiError> {
        let name = asked.required("Name")?;
        if kind == NamespaceKind::Private {
            asked.required("Vpc")?;
        }
        if crate::name::Name::parse(name).is_err() || name.len() > 253 {
            return Err(invalid(format!("'{name}' is not a name for a namespace")));
        }
        let same =
            |other: &Namespace| other.account == asked.account && other.kind == kind && other.name == name;
        if self.namespaces.values().any(same) {
            let message = format!("There is a namespace with the name {name}");
            return Err(ApiError::new(400, "NamespaceAlreadyExists", message));
        }
        let namespace = Some(self.add_namespace(asked.account, name, kind));
        let id = self.next_id("op");
        let work = Work {
            account: asked.account.to_owned(),
            kind: "CREATE_NAMESPACE",
            namespace,
            service: String::new(),
            instance: None,
            due: asked.now,
            effect: None,
        };
        self.works.insert(id.clone(), work);
        Ok(json!({ "OperationId": id }))
    }

    fn list_namespaces(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let conditions: [(&str, &[&str]); 4] = [
            ("TYPE", &["EQ", "IN"]),
            ("NAME", &["EQ", "BEGINS_WITH"]),
            ("HTTP_NAME", &["EQ", "BEGINS_WITH"]),
            ("RESOURCE_OWNER", &["EQ"]),
        ];
        let filters: Result<Vec<Filter>, ApiError> =
            asked.list("Filters")?.iter().map(|value| Filter::read(value, &conditions)).collect();
        let filters = filters?;
        let fits = |namespace: &Namespace| {
            filters.iter().all(|filter| match &*filter.name {
                "TYPE" => filter.fits(namespace.kind.word()),
                "NAME" => filter.fits(&namespace.name),
                "HTTP_NAME" => filter.fits(&namespace.http_name),
                _ => filter.fits("SELF"),
            })
        };
        let mine = self.namespaces.values().filter(|namespace| namespace.account == asked.account);
        let items =
            mine.filter(|namespace| fits(namespace)).map(|namespace| (namespace.id.clone(), namespace));
        page(asked, items, "Namespaces", |namespace| {
            let count = self.services.values().filter(|service| service.namespace == namespace.id).count();
            json!({
                "Id": namespace.id,
                "Arn": arn(&namespace.account, "namespace", &namespace.id),
                "Name": namespace.name,
                "Type": namespace.kind.word(),
                "ServiceCount": count,
                "Properties": { "HttpProperties": { "HttpName": namespace.http_name } },
            })
        })
    }

    fn operation(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let id = asked.required("OperationId")?;
        let work = self.works.get(id).filter(|work| work.account == asked.account);
        let work = work.ok_or_else(|| not_found("OperationNotFound", id))?;
        let mut targets = json!({});
        let service = Some(&work.service).filter(|service| !service.is_empty());
        let named = [
            ("NAMESPACE", work.namespace.as_ref()),
            ("SERVICE", service),
            ("INSTANCE", work.instance.as_ref()),
        ];
        for (kind, id) in named {
            if let Some(id) = id {
                targets[kind] = json!(id);
            }
        }
        let status = if work.effect.is_some() { "PENDING" } else { "SUCCESS" };
        Ok(json!({ "Operation": { "Id": id, "Type": work.kind, "Status": status, "Targets": targets } }))
    }
}
