//! Services: made, listed, changed and deleted, and their tags.

use super::{
    Asked, CloudMap, CloudService, Effect, Filter, NamespaceKind, Service, arn, invalid, not_found, page,
};
use crate::error::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Types with their seconds to live.
type Records = Vec<(String, i64)>;

/// The most tags of a resource.
const MOST_TAGS: usize = 50;

impl CloudMap {
    pub(super) fn list_services(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let conditions: [(&str, &[&str]); 2] = [("NAMESPACE_ID", &["EQ"]), ("RESOURCE_OWNER", &["EQ"])];
        let filters: Result<Vec<Filter>, ApiError> =
            asked.list("Filters")?.iter().map(|value| Filter::read(value, &conditions)).collect();
        let filters = filters?;
        for filter in filters.iter().filter(|filter| filter.name == "NAMESPACE_ID") {
            let id = filter.values.first().map(String::as_str).unwrap_or_default();
            if self.namespaces.get(id).is_none_or(|namespace| namespace.account != asked.account) {
                return Err(invalid(format!("There is no namespace with the id {id}")));
            }
        }
        let fits = |service: &Service| {
            filters.iter().all(|filter| match &*filter.name {
                "NAMESPACE_ID" => filter.fits(&service.namespace),
                _ => filter.fits("SELF"),
            })
        };
        let mine = self.services.iter().filter(|(_, service)| service.account == asked.account);
        let items = mine.filter(|(_, service)| fits(service)).map(|(id, service)| (id.clone(), service));
        page(asked, items, "Services", |service| summary(service, false))
    }

    pub(super) fn create_service(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let name = asked.required("Name")?;
        check_name(name)?;
        let id = asked.required("NamespaceId")?;
        let namespace = self.namespaces.get(id).filter(|namespace| namespace.account == asked.account);
        let namespace = namespace.ok_or_else(|| not_found("NamespaceNotFound", id))?;
        // Names of the DNS have no case.
        let twin = self
            .services
            .values()
            .find(|other| other.namespace == id && other.service.name.to_lowercase() == name.to_lowercase());
        if let Some(twin) = twin {
            let message = format!("Service already exists: {}", twin.service.id);
            return Err(ApiError::new(400, "ServiceAlreadyExists", message));
        }
        let dns = asked.fields.get("DnsConfig").filter(|dns| !dns.is_null());
        let http_only = asked.text("Type")? == Some("HTTP") || namespace.kind == NamespaceKind::Http;
        if dns.is_some() == http_only {
            return Err(invalid("a service in the DNS needs a DnsConfig, and another has none"));
        }
        let given = |name: &str| asked.fields.get(name).is_some_and(|value| !value.is_null());
        if given("HealthCheckConfig")
            && (given("HealthCheckCustomConfig") || namespace.kind == NamespaceKind::Private)
        {
            return Err(invalid(
                "HealthCheckConfig is for public namespaces, and not with HealthCheckCustomConfig",
            ));
        }
        let (routing, records) = dns.map(read_dns).transpose()?.unwrap_or_default();
        let has_health_check = given("HealthCheckConfig");
        let service = CloudService {
            id: String::new(),
            name: name.to_owned(),
            description: description(asked.text("Description")?)?,
            routing,
            records,
            tags: read_tags(asked.list("Tags")?)?,
            instances: BTreeMap::new(),
        };
        let id = self.seed(id, service)?;
        if let Some(service) = self.services.get_mut(&id) {
            service.has_health_check = has_health_check;
        }
        Ok(json!({ "Service": summary(self.service(asked.account, &id)?, true) }))
    }

    pub(super) fn update_service(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let service = self.service(asked.account, asked.required("Id")?)?;
        let Some(change) = asked.fields.get("Service").filter(|change| change.is_object()) else {
            return Err(invalid("Service must not be null"));
        };
        let dns = change.get("DnsConfig").filter(|dns| !dns.is_null());
        let ttls = dns.map(|dns| read_records(dns.get("DnsRecords"))).transpose()?;
        let types = |records: &[(String, i64)]| {
            let mut types: Vec<String> = records.iter().map(|(kind, _)| kind.clone()).collect();
            types.sort();
            types
        };
        if ttls.as_ref().is_some_and(|ttls| types(ttls) != types(&service.service.records)) {
            return Err(invalid("the record types of a service cannot be changed"));
        }
        let description = description(change.get("Description").and_then(Value::as_str))?;
        let id = service.service.id.clone();
        let effect = Effect::Update { description, ttls };
        self.begin(asked.account, "UPDATE_SERVICE", &id, None, effect, asked.now)
    }

    pub(super) fn delete_service(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let service = self.service(asked.account, asked.required("Id")?)?;
        let id = service.service.id.clone();
        let pending = self.works.values().any(|work| work.service == id && work.effect.is_some());
        if !service.service.instances.is_empty() || pending {
            let message =
                "Service contains registered instances; delete the instances before deleting the service";
            return Err(ApiError::new(409, "ResourceInUse", message));
        }
        self.services.remove(&id);
        Ok(json!({}))
    }

    /// The tags of the service with this ARN.
    fn tags_of(&mut self, asked: &Asked<'_>) -> Result<&mut BTreeMap<String, String>, ApiError> {
        let wanted = asked.required("ResourceARN")?;
        let mut services = self.services.values_mut();
        let service = services.find(|service| {
            service.account == asked.account
                && arn(&service.account, "service", &service.service.id) == wanted
        });
        let service = service.ok_or_else(|| not_found("ResourceNotFoundException", wanted))?;
        Ok(&mut service.service.tags)
    }

    pub(super) fn tags(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let tags = self.tags_of(asked)?.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
        Ok(json!({ "Tags": tags.collect::<Vec<_>>() }))
    }

    pub(super) fn tag(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let added = read_tags(asked.list("Tags")?)?;
        let tags = self.tags_of(asked)?;
        if tags.keys().chain(added.keys()).collect::<std::collections::BTreeSet<_>>().len() > MOST_TAGS {
            return Err(too_many_tags());
        }
        tags.extend(added);
        Ok(json!({}))
    }

    pub(super) fn untag(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let keys = asked.list("TagKeys")?;
        self.tags_of(asked)?.retain(|key, _| !keys.iter().any(|other| other == key));
        Ok(json!({}))
    }
}

/// A service as lists show it, or as it is told when it is made, with the namespace it is in.
fn summary(service: &Service, with_namespace: bool) -> Value {
    let CloudService { id, name, description, routing, records, instances, .. } = &service.service;
    let mut summary = json!({
        "Id": id,
        "Arn": arn(&service.account, "service", id),
        "Name": name,
        "InstanceCount": instances.len(),
        "Type": if records.is_empty() { "HTTP" } else { "DNS_HTTP" },
    });
    if let Some(description) = description {
        summary["Description"] = json!(description);
    }
    if !records.is_empty() {
        let records: Vec<Value> =
            records.iter().map(|(kind, ttl)| json!({ "Type": kind, "TTL": ttl })).collect();
        summary["DnsConfig"] = json!({ "RoutingPolicy": routing, "DnsRecords": records });
    }
    if with_namespace {
        summary["NamespaceId"] = json!(service.namespace);
    }
    summary
}

/// Labels of letters, digits, dashes and underscores, without dashes at their ends; 127 characters in all (`ServiceName`).
fn check_name(name: &str) -> Result<(), ApiError> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    match name.len() <= 127 && (name == "." || name.split('.').all(label)) {
        true => Ok(()),
        false => Err(invalid(format!("'{name}' is not a name for a service"))),
    }
}

fn description(text: Option<&str>) -> Result<Option<String>, ApiError> {
    match text {
        Some(text) if text.chars().count() > 1024 => {
            Err(invalid("Description has more than 1024 characters"))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

fn read_tags(list: &[Value]) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for tag in list {
        match (tag["Key"].as_str(), tag["Value"].as_str()) {
            (Some(key), Some(value)) if (1..=128).contains(&key.len()) && value.len() <= 256 => {
                tags.insert(key.to_owned(), value.to_owned());
            }
            _ => return Err(invalid("a tag needs a key and a value")),
        }
    }
    if tags.len() > MOST_TAGS { Err(too_many_tags()) } else { Ok(tags) }
}

fn too_many_tags() -> ApiError {
    ApiError::new(400, "TooManyTagsException", format!("A resource has at most {MOST_TAGS} tags"))
}

/// The routing policy, which is `MULTIVALUE` where nothing is said, and the records.
fn read_dns(dns: &Value) -> Result<(Option<String>, Records), ApiError> {
    let routing = dns["RoutingPolicy"].as_str().unwrap_or("MULTIVALUE");
    if !matches!(routing, "MULTIVALUE" | "WEIGHTED") {
        return Err(invalid(format!("'{routing}' is not a routing policy")));
    }
    let records = read_records(dns.get("DnsRecords"))?;
    if routing == "MULTIVALUE" && records.iter().any(|(kind, _)| kind == "CNAME") {
        return Err(invalid("a service of type CNAME needs the routing policy WEIGHTED"));
    }
    Ok((Some(routing.to_owned()), records))
}

/// One of `A`, `AAAA`, both, `SRV` and `CNAME` (reference of CreateService).
fn read_records(list: Option<&Value>) -> Result<Records, ApiError> {
    let mut records = Vec::new();
    for record in list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
        match (record["Type"].as_str(), record["TTL"].as_i64()) {
            (Some(kind), Some(ttl)) if (0..=2_147_483_647).contains(&ttl) => {
                records.push((kind.to_owned(), ttl))
            }
            _ => return Err(invalid("a DnsRecord needs a type and a time to live")),
        }
    }
    let mut types: Vec<&str> = records.iter().map(|(kind, _)| kind.as_str()).collect();
    types.sort_unstable();
    match types[..] {
        ["A"] | ["AAAA"] | ["A", "AAAA"] | ["SRV"] | ["CNAME"] => Ok(records),
        _ => Err(invalid(format!("a service cannot have records of the types {}", types.join(", ")))),
    }
}
