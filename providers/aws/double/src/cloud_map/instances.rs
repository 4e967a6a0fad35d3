//! Instances: registered, listed, discovered and deregistered.

use super::{Asked, CloudMap, Effect, Service, invalid, not_found, page};
use crate::error::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

/// How many instances are discovered unasked, and at most.
const DISCOVERED: usize = 100;
const MOST_DISCOVERED: usize = 1000;
/// Instances of a service (Developer Guide, "Cloud Map service quotas").
const MOST_INSTANCES: usize = 1000;
/// Attributes of an instance, and all their characters.
const MOST_ATTRIBUTES: usize = 30;
const MOST_CHARACTERS: usize = 5000;

type Attributes = BTreeMap<String, String>;

impl CloudMap {
    pub(super) fn list_instances(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let service = self.service(asked.account, asked.required("ServiceId")?)?;
        let items = service.service.instances.iter().map(|item| (item.0.clone(), item));
        page(asked, items, "Instances", |(id, attributes)| json!({ "Id": id, "Attributes": attributes }))
    }

    fn discovered(&self, asked: &Asked<'_>) -> Result<(&str, &Service), ApiError> {
        let (namespace_name, name) = (asked.required("NamespaceName")?, asked.required("ServiceName")?);
        let mut namespaces = self.namespaces.values().filter(|namespace| namespace.account == asked.account);
        let namespace = namespaces.find(|namespace| namespace.http_name == namespace_name);
        let namespace = namespace.ok_or_else(|| not_found("NamespaceNotFound", namespace_name))?;
        let mut services = self.services.values().filter(|service| service.namespace == namespace.id);
        let service = services.find(|service| service.service.name == name);
        Ok((&namespace.http_name, service.ok_or_else(|| not_found("ServiceNotFound", name))?))
    }

    /// Instances come in any order, which here is another one every time, and not in pages: what is too much is left out.
    pub(super) fn discover(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        self.discoveries += 1;
        let most = asked.number("MaxResults", MOST_DISCOVERED)?.unwrap_or(DISCOVERED);
        let wanted = attributes(asked.fields.get("QueryParameters"))?;
        if let Some(status) = asked.text("HealthStatus")?
            && !matches!(status, "HEALTHY" | "UNHEALTHY" | "ALL" | "HEALTHY_OR_ELSE_ALL")
        {
            return Err(invalid(format!("'{status}' is not a health status")));
        }
        let (namespace, service) = self.discovered(asked)?;
        let fits = |found: &Attributes| wanted.iter().all(|(key, value)| found.get(key) == Some(value));
        let mut found: Vec<Value> = service
            .service
            .instances
            .iter()
            .filter(|(_, attributes)| fits(attributes))
            .map(|(id, attributes)| {
                json!({
                    "InstanceId": id,
                    "NamespaceName": namespace,
                    "ServiceName": service.service.name,
                    "HealthStatus": "HEALTHY",
                    "Attributes": attributes,
                })
            })
            .collect();
        if !found.is_empty() {
            let turn = self.discoveries % found.len();
            found.rotate_left(turn);
        }
        found.truncate(most);
        Ok(json!({ "Instances": found, "InstancesRevision": service.revision }))
    }

    pub(super) fn revision(&self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        Ok(json!({ "InstancesRevision": self.discovered(asked)?.1.revision }))
    }

    pub(super) fn register(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let service = self.service(asked.account, asked.required("ServiceId")?)?;
        let instance = asked.required("InstanceId")?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_/:.@-".contains(&byte);
        if instance.len() > 64 || !instance.bytes().all(allowed) {
            return Err(invalid(format!("'{instance}' is not an id for an instance")));
        }
        let attributes = attributes(asked.fields.get("Attributes"))?;
        check(service, &attributes)?;
        let instances = &service.service.instances;
        if instances.len() >= MOST_INSTANCES && !instances.contains_key(instance) {
            let message = format!("A service has at most {MOST_INSTANCES} instances");
            return Err(ApiError::new(400, "ResourceLimitExceeded", message));
        }
        let id = service.service.id.clone();
        let effect = Effect::Register(attributes);
        self.begin(asked.account, "REGISTER_INSTANCE", &id, Some(instance), effect, asked.now)
    }

    pub(super) fn deregister(&mut self, asked: &Asked<'_>) -> Result<Value, ApiError> {
        let service = self.service(asked.account, asked.required("ServiceId")?)?;
        let instance = asked.required("InstanceId")?;
        if !service.service.instances.contains_key(instance) {
            return Err(not_found("InstanceNotFound", instance));
        }
        let id = service.service.id.clone();
        self.begin(asked.account, "DEREGISTER_INSTANCE", &id, Some(instance), Effect::Deregister, asked.now)
    }
}

fn attributes(value: Option<&Value>) -> Result<Attributes, ApiError> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(Attributes::new()) };
    let Some(map) = value.as_object() else { return Err(invalid("Attributes is not a map")) };
    let mut found = Attributes::new();
    for (key, value) in map {
        let Some(value) = value.as_str() else {
            return Err(invalid(format!("the attribute '{key}' is not a text")));
        };
        if !(1..=255).contains(&key.len()) || value.len() > 1024 {
            return Err(invalid(format!("the attribute '{key}' is too long")));
        }
        found.insert(key.clone(), value.to_owned());
    }
    let characters: usize = found.iter().map(|(key, value)| key.len() + value.len()).sum();
    if found.len() > MOST_ATTRIBUTES || characters > MOST_CHARACTERS {
        return Err(invalid(format!(
            "more than {MOST_ATTRIBUTES} attributes or {MOST_CHARACTERS} characters"
        )));
    }
    Ok(found)
}

/// Whether an instance has what its service's records are made of (reference of RegisterInstance, `Attributes`).
fn check(service: &Service, attributes: &Attributes) -> Result<(), ApiError> {
    let has = |key: &str| attributes.contains_key(key);
    let kinds: Vec<&str> = service.service.records.iter().map(|(kind, _)| kind.as_str()).collect();
    if has("AWS_ALIAS_DNS_NAME") {
        let addresses = kinds.iter().all(|kind| matches!(*kind, "A" | "AAAA")) && !kinds.is_empty();
        let alone = !attributes.keys().any(|key| key.starts_with("AWS_INSTANCE_"));
        if service.service.routing.as_deref() != Some("WEIGHTED") || !addresses {
            return Err(invalid(
                "AWS_ALIAS_DNS_NAME needs a service of type A or AAAA with the routing policy WEIGHTED",
            ));
        }
        return match alone && !service.has_health_check {
            true => Ok(()),
            false => Err(invalid(
                "AWS_ALIAS_DNS_NAME goes neither with AWS_INSTANCE attributes nor with health checks",
            )),
        };
    }
    for kind in kinds {
        let key = match kind {
            "A" => "AWS_INSTANCE_IPV4",
            "AAAA" => "AWS_INSTANCE_IPV6",
            "CNAME" => "AWS_INSTANCE_CNAME",
            _ => "AWS_INSTANCE_PORT",
        };
        let Some(value) = attributes.get(key) else {
            return Err(invalid(format!("a service of type {kind} needs the attribute {key}")));
        };
        let valid = match kind {
            "A" => value.parse::<Ipv4Addr>().is_ok(),
            "AAAA" => value.parse::<Ipv6Addr>().is_ok(),
            "CNAME" => crate::name::Name::parse(value).is_ok(),
            _ => value.parse::<u16>().is_ok(),
        };
        if !valid {
            return Err(invalid(format!("'{value}' is not a value for {key}")));
        }
    }
    Ok(())
}
