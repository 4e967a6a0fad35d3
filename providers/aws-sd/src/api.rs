//! The requests that are made, and what their errors mean.

use crate::config::{CloudMapConfig, NamespaceType};
use crate::endpoint::BareHost;
use crate::service::{Instance, Service, Summary, wire_type};
use aws_sdk_servicediscovery::Client;
use aws_sdk_servicediscovery::config::Builder;
use aws_sdk_servicediscovery::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_servicediscovery::operation::deregister_instance::DeregisterInstanceError;
use aws_sdk_servicediscovery::operation::register_instance::RegisterInstanceError;
use aws_sdk_servicediscovery::types::{
    DnsConfig, DnsConfigChange, DnsRecord, HealthStatusFilter, NamespaceFilter, NamespaceFilterName,
    NamespaceSummary, NamespaceType as WireNamespaceType, Operation, RoutingPolicy, ServiceChange,
    ServiceFilter, ServiceFilterName, Tag,
};
use aws_smithy_runtime_api::http::Response;
use std::collections::{BTreeMap, HashMap};
use tokio::sync::OnceCell;
use zonewright_aws_config::{Access, Connection, NameOperation, Service as AwsService, connect, of_request};
use zonewright_planner::RecordType;
use zonewright_provider_kit::{ErrorClass, Pages, ProviderError, RequestBudget};

/// The most services in one answer.
const PAGE: i32 = 100;

/// The most instances that a service can have (Developer Guide, "service quotas"), and that one answer shows.
const MOST_INSTANCES: i32 = 1000;

/// What is particular to Cloud Map.
const CLOUD_MAP: AwsService = AwsService {
    region: "the one that the namespaces are in",
    page: "docs/providers/aws-cloud-map.md",
    class: |code| match code {
        "InvalidInput" | "InvalidInputException" => Some(ErrorClass::InvalidRecord),
        // Somebody else is at work on it, or it is not what it was.
        "DuplicateRequest"
        | "ResourceInUse"
        | "ServiceAlreadyExists"
        | "ServiceNotFound"
        | "InstanceNotFound" => Some(ErrorClass::Conflict),
        "NamespaceNotFound" | "ResourceLimitExceeded" | "TooManyTagsException" => Some(ErrorClass::Permanent),
        _ => None,
    },
};

/// Cloud Map in one account and region.
#[derive(Debug)]
pub(crate) struct Api {
    access: Access,
    budget: RequestBudget,
    tags: Vec<Tag>,
    /// Set up when it is first needed: files and metadata services may not be there yet when the program starts.
    connection: OnceCell<Connection<Client>>,
}

/// What a service is made with.
pub(crate) struct NewService<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) routing: RoutingPolicy,
    pub(crate) ttls: &'a BTreeMap<RecordType, i64>,
}

/// A request that is carried out later.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Submitted {
    /// As this operation.
    As(String),
    /// Nothing was left to do.
    Done,
    /// Not at all, because this operation is at work on the same thing.
    Behind(String),
}

impl Api {
    pub(crate) fn new(config: &CloudMapConfig, budget: RequestBudget) -> Self {
        let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build().ok();
        Self {
            access: config.access.clone(),
            budget,
            tags: config.tags.iter().filter_map(tag).collect(),
            connection: OnceCell::new(),
        }
    }

    /// One that needs nothing to be set up.
    #[cfg(test)]
    pub(crate) fn connected(config: &CloudMapConfig, connection: Connection<Client>) -> Self {
        let connection = OnceCell::new_with(Some(connection));
        Self { connection, ..Self::new(config, RequestBudget::default()) }
    }

    #[cfg(test)]
    pub(crate) async fn client_for_tests(&self) -> Client {
        self.client().await.unwrap().clone()
    }

    async fn connection(&self) -> Result<&Connection<Client>, ProviderError> {
        let connect = async || {
            let config = connect(&CLOUD_MAP, &self.access, None, self.budget.clone()).await?;
            let client = |config: &_| {
                let config = Builder::from(config).interceptor(BareHost).interceptor(NameOperation);
                Client::from_conf(config.build())
            };
            Ok(Connection::new(&config, client))
        };
        self.connection.get_or_try_init(connect).await
    }

    async fn client(&self) -> Result<&Client, ProviderError> {
        Ok(&self.connection().await?.client)
    }

    /// Whether region and credentials can be had at all.
    pub(crate) async fn check(&self) -> Result<(), ProviderError> {
        self.connection().await?.check().await
    }

    /// Every namespace of a type that is in the DNS, or of both.
    pub(crate) async fn namespaces(
        &self,
        wanted: Option<NamespaceType>,
    ) -> Result<Vec<NamespaceSummary>, ProviderError> {
        let what = "Cloud Map: listing namespaces";
        let wanted = wanted.map(|wanted| match wanted {
            NamespaceType::Public => WireNamespaceType::DnsPublic,
            NamespaceType::Private => WireNamespaceType::DnsPrivate,
        });
        let filter = wanted.as_ref().map(|wanted| {
            let filter = NamespaceFilter::builder().name(NamespaceFilterName::Type).values(wanted.as_str());
            filter.build().map_err(|error| impossible(what, error))
        });
        let filter = filter.transpose()?;
        let client = self.client().await?;
        let mut namespaces = Vec::new();
        let mut pages = Pages::default();
        let mut token = None;
        loop {
            let request = client.list_namespaces().max_results(PAGE).set_next_token(token);
            let page = request.set_filters(filter.clone().map(|filter| vec![filter])).send().await;
            let page = page.map_err(|error| of_request(&CLOUD_MAP, what, error, false))?;
            namespaces.extend(page.namespaces.unwrap_or_default());
            token = page.next_token;
            let Some(next) = &token else { break };
            pages.turn(what, next)?;
        }
        // Of namespaces that are not in the DNS there is nothing to manage, and no filter for them.
        namespaces.retain(|namespace| match (&wanted, namespace.r#type()) {
            (Some(wanted), Some(found)) => found == wanted,
            (None, Some(found)) => *found != WireNamespaceType::Http,
            (_, None) => false,
        });
        Ok(namespaces)
    }

    /// Every service of a namespace.
    pub(crate) async fn services(&self, namespace: &str) -> Result<Vec<Summary>, ProviderError> {
        let what = format!("Cloud Map: listing the services of namespace {namespace}");
        let filter = ServiceFilter::builder().name(ServiceFilterName::NamespaceId).values(namespace);
        let filter = filter.build().map_err(|error| impossible(&what, error))?;
        let client = self.client().await?;
        let mut services = Vec::new();
        let mut pages = Pages::default();
        let mut token = None;
        loop {
            let request = client.list_services().max_results(PAGE).filters(filter.clone());
            let page = request.set_next_token(token).send().await;
            let page = page.map_err(|error| of_request(&CLOUD_MAP, &what, error, false))?;
            services.extend(page.services().iter().map(Summary::read));
            token = page.next_token;
            let Some(next) = &token else { return Ok(services) };
            pages.turn(&what, next)?;
        }
    }

    /// The instances of a service. Discovery tells them all at once, is meant to be asked often, and is what the policies of those allow
    /// who come from ExternalDNS. It may not have heard of a new service yet; the list of instances has.
    pub(crate) async fn instances(
        &self,
        http_name: &str,
        service: &Service,
    ) -> Result<Vec<Instance>, ProviderError> {
        let what = format!("Cloud Map: listing the instances of service {}", service.summary.name);
        let request = self.client().await?.discover_instances().namespace_name(http_name);
        let request = request.service_name(&service.summary.name).max_results(MOST_INSTANCES);
        match request.health_status(HealthStatusFilter::All).send().await {
            Ok(found) => {
                let instance = |found: &aws_sdk_servicediscovery::types::HttpInstanceSummary| {
                    read_instance(service, found.instance_id(), found.attributes())
                };
                Ok(found.instances().iter().map(instance).collect())
            }
            Err(error) if is_one_of(&error, &["ServiceNotFound", "NamespaceNotFound"]) => {
                self.listed_instances(&what, service).await
            }
            Err(error) => Err(of_request(&CLOUD_MAP, &what, error, false)),
        }
    }

    async fn listed_instances(&self, what: &str, service: &Service) -> Result<Vec<Instance>, ProviderError> {
        let client = self.client().await?;
        let mut instances = Vec::new();
        let mut pages = Pages::default();
        let mut token = None;
        loop {
            let request = client.list_instances().service_id(&service.summary.id).max_results(PAGE);
            let page = request.set_next_token(token).send().await;
            let page = page.map_err(|error| of_request(&CLOUD_MAP, what, error, false))?;
            let instance = |found: &aws_sdk_servicediscovery::types::InstanceSummary| {
                read_instance(service, found.id(), found.attributes())
            };
            instances.extend(page.instances().iter().map(instance));
            token = page.next_token;
            let Some(next) = &token else { return Ok(instances) };
            pages.turn(what, next)?;
        }
    }

    /// Makes a service, and gives its id.
    pub(crate) async fn create_service(
        &self,
        what: &str,
        new: NewService<'_>,
    ) -> Result<String, ProviderError> {
        let dns =
            DnsConfig::builder().routing_policy(new.routing).set_dns_records(Some(dns_records(new.ttls)?));
        let dns = dns.build().map_err(|error| impossible(what, error))?;
        let request = self.client().await?.create_service().name(new.name).namespace_id(new.namespace);
        let request = request.description(new.description).dns_config(dns);
        let tags = Some(self.tags.clone()).filter(|tags| !tags.is_empty());
        let made = request.set_tags(tags).send().await;
        let made = made.map_err(|error| of_request(&CLOUD_MAP, what, error, true))?;
        let id = made.service.and_then(|service| service.id);
        id.ok_or_else(|| {
            let message = format!("{what}: the answer does not say which service was made");
            ProviderError::new(ErrorClass::Unavailable, message).with_unknown_outcome()
        })
    }

    /// Gives a service another description and other TTLs. Its health check goes along: what an update does not mention it removes.
    pub(crate) async fn update_service(
        &self,
        what: &str,
        service: &Summary,
        description: &str,
        ttls: &BTreeMap<RecordType, i64>,
    ) -> Result<Submitted, ProviderError> {
        let dns = DnsConfigChange::builder().set_dns_records(Some(dns_records(ttls)?)).build();
        let dns = dns.map_err(|error| impossible(what, error))?;
        let change = ServiceChange::builder().description(description).dns_config(dns);
        let change = change.set_health_check_config(service.health_check.clone()).build();
        let request = self.client().await?.update_service().id(&service.id).service(change);
        match request.send().await {
            Ok(answer) => Ok(submitted(answer.operation_id)),
            Err(error) => Err(of_request(&CLOUD_MAP, what, error, true)),
        }
    }

    /// Removes a service, which must not have any instances. One that is gone already is as good.
    pub(crate) async fn delete_service(&self, what: &str, id: &str) -> Result<(), ProviderError> {
        match self.client().await?.delete_service().id(id).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_one_of(&error, &["ServiceNotFound"]) => Ok(()),
            Err(error) => Err(of_request(&CLOUD_MAP, what, error, true)),
        }
    }

    /// Registers an instance, or changes the one with this id.
    pub(crate) async fn register(
        &self,
        what: &str,
        service: &str,
        instance: &str,
        attributes: HashMap<String, String>,
    ) -> Result<Submitted, ProviderError> {
        let request = self.client().await?.register_instance().service_id(service).instance_id(instance);
        match request.set_attributes(Some(attributes)).send().await {
            Ok(answer) => Ok(submitted(answer.operation_id)),
            Err(error) => {
                let other = match error.as_service_error() {
                    Some(RegisterInstanceError::DuplicateRequest(other)) => other.duplicate_operation_id(),
                    _ => None,
                };
                match other {
                    Some(other) => Ok(Submitted::Behind(other.to_owned())),
                    None => Err(of_request(&CLOUD_MAP, what, error, true)),
                }
            }
        }
    }

    /// Removes an instance. One that is gone already is as good.
    pub(crate) async fn deregister(
        &self,
        what: &str,
        service: &str,
        instance: &str,
    ) -> Result<Submitted, ProviderError> {
        let request = self.client().await?.deregister_instance().service_id(service).instance_id(instance);
        match request.send().await {
            Ok(answer) => Ok(submitted(answer.operation_id)),
            Err(error) if is_one_of(&error, &["InstanceNotFound", "ServiceNotFound"]) => Ok(Submitted::Done),
            Err(error) => {
                let other = match error.as_service_error() {
                    Some(DeregisterInstanceError::DuplicateRequest(other)) => other.duplicate_operation_id(),
                    _ => None,
                };
                match other {
                    Some(other) => Ok(Submitted::Behind(other.to_owned())),
                    None => Err(of_request(&CLOUD_MAP, what, error, true)),
                }
            }
        }
    }

    /// How an operation is getting on.
    pub(crate) async fn operation(&self, what: &str, id: &str) -> Result<Option<Operation>, ProviderError> {
        let answer = self.client().await?.get_operation().operation_id(id).send().await;
        Ok(answer.map_err(|error| of_request(&CLOUD_MAP, what, error, false))?.operation)
    }
}

fn read_instance(
    service: &Service,
    id: Option<&str>,
    attributes: Option<&HashMap<String, String>>,
) -> Instance {
    let published = attributes.map(|attributes| service.published(attributes)).unwrap_or_default();
    Instance { id: id.unwrap_or_default().to_owned(), published }
}

fn submitted(operation: Option<String>) -> Submitted {
    operation.map_or(Submitted::Done, Submitted::As)
}

fn dns_records(ttls: &BTreeMap<RecordType, i64>) -> Result<Vec<DnsRecord>, ProviderError> {
    let record = |(record_type, ttl): (&RecordType, &i64)| {
        let record = DnsRecord::builder().r#type(wire_type(record_type)).ttl(*ttl).build();
        record.map_err(|error| impossible("Cloud Map", error))
    };
    ttls.iter().map(record).collect()
}

/// What the SDK says of a request that it cannot make.
fn impossible(what: &str, error: impl std::fmt::Display) -> ProviderError {
    ProviderError::new(ErrorClass::Permanent, format!("{what}: {error}"))
}

fn is_one_of<E: ProvideErrorMetadata>(error: &SdkError<E, Response>, codes: &[&str]) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(|code| codes.contains(&code))
}
