//! Making a service what it has to be.
//!
//! | there is | wanted | requests |
//! |---|---|---|
//! | no service | records | create it, register its instances |
//! | a service of the right shape | other records | update it where TTL or description differ, register what is new, then remove what is old |
//! | a service of another shape | records | remove its instances and itself, then as if there was none: a service cannot change its types |
//! | a service | nothing | remove its instances, and itself if it is to be tidied up |
//!
//! Instances that stay are not touched. All changes of a name are made together: they are about one service.

use crate::Shared;
use crate::api::{NewService, Submitted};
use crate::books::Namespace;
use crate::service::{
    Content, Instance, Published, Service, Sets, Shape, Summary, attributes, check_name, instance_id,
    instances_for,
};
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;
use zonewright_planner::{Change, DeleteReason, DnsName, Endpoint, Labels, RecordType};
use zonewright_provider_kit::{ErrorClass, ProviderError, Zone, ZoneChange};

/// How often something is tried that another operation is in the way of.
const TRIES: usize = 3;

/// What is to become of a name.
struct Wanted {
    sets: Sets,
    /// `None` to leave the one that is there.
    description: Option<String>,
    /// A service without records goes, too.
    tidies_up: bool,
}

/// What is asked about an instance.
#[derive(Clone, Copy)]
enum Request<'a> {
    /// In a service of these types.
    Register(&'a [RecordType]),
    Deregister,
}

/// A service on its way.
struct Job<'a> {
    shared: &'a Shared,
    zone: &'a Zone,
    name: &'a DnsName,
    /// The name below that of the namespace.
    service_name: String,
}

/// Carries out the changes of one name, and gives the service that stands there then.
pub(crate) async fn write(
    shared: &Shared,
    zone: &Zone,
    namespace: &Namespace,
    name: &DnsName,
    changes: &[&ZoneChange],
) -> Result<Option<Service>, ProviderError> {
    let below = name.as_str().strip_suffix(namespace.name.as_str()).and_then(|rest| rest.strip_suffix('.'));
    let job = Job { shared, zone, name, service_name: below.unwrap_or_default().to_owned() };
    check_name(&job.service_name).map_err(|why| job.invalid(&why))?;
    let mut current = shared.books.service(&zone.id, name);
    if let Some(service) = current.as_mut() {
        job.check_ownership(service, changes)?;
        if service.content.is_none() {
            let instances = shared.api.instances(&namespace.http_name, service).await?;
            service.content = Some(Content { instances, known_at: Instant::now() });
        }
    }
    let wanted = wanted(shared.cleanup, current.as_ref(), changes);
    job.run(current, &wanted).await
}

/// What stands at a name once the changes are made.
fn wanted(cleanup: bool, current: Option<&Service>, changes: &[&ZoneChange]) -> Wanted {
    let sets = current.map(Service::sets).unwrap_or_default();
    let mut wanted = Wanted { sets, description: None, tidies_up: cleanup };
    for change in changes {
        match &change.change {
            Change::Create { new, .. } | Change::Update { new, .. } => {
                let set = (new.targets.clone(), new.ttl.configured());
                let before = wanted.sets.insert(new.record_type.clone(), set);
                if let (Some((_, ttl @ None)), Some((_, before))) =
                    (wanted.sets.get_mut(&new.record_type), before)
                {
                    *ttl = before;
                }
                wanted.description = description(new);
            }
            Change::Delete { old, reason } => {
                wanted.sets.remove(&old.record_type);
                wanted.tidies_up |= *reason == DeleteReason::LeftoverRow;
            }
        }
    }
    wanted
}

/// What the service is to say of itself. Without a registry nobody owns anything, and there is nothing to say.
fn description(new: &Endpoint) -> Option<String> {
    new.labels.owner().map(|_| new.labels.to_ownership_text())
}

impl Job<'_> {
    fn error(&self, class: ErrorClass, why: &str) -> ProviderError {
        ProviderError::new(class, format!("Cloud Map: {} in namespace {}: {why}", self.name, self.zone.id))
    }

    fn invalid(&self, why: &str) -> ProviderError {
        self.error(ErrorClass::InvalidRecord, why)
    }

    /// What is being done, for errors.
    fn doing(&self, what: &str) -> String {
        format!("Cloud Map: {what} for {}", self.name)
    }

    /// A new record does not join a service of somebody else's. Planning sees to that where it can; services of types that it has nothing
    /// to do with are not part of its picture.
    fn check_ownership(&self, service: &Service, changes: &[&ZoneChange]) -> Result<(), ProviderError> {
        let owner = |labels: &Labels| labels.owner().map(str::to_owned);
        let is_planned = changes.iter().any(|change| !matches!(change.change, Change::Create { .. }));
        let foreign = changes.iter().find_map(|change| match &change.change {
            Change::Create { new, .. } => {
                owner(&new.labels).filter(|new| owner(&service.labels).as_ref() != Some(new))
            }
            _ => None,
        });
        match foreign {
            Some(_) if !is_planned => {
                let id = &service.summary.id;
                let whose = match owner(&service.labels) {
                    Some(owner) => format!("belongs to the owner {owner}"),
                    None => "belongs to nobody that we know of".to_owned(),
                };
                Err(self.invalid(&format!("service {id} has this name, and {whose}")))
            }
            _ => Ok(()),
        }
    }

    async fn run(&self, current: Option<Service>, wanted: &Wanted) -> Result<Option<Service>, ProviderError> {
        let shape = Shape::of(&wanted.sets, current.as_ref()).map_err(|why| self.invalid(why))?;
        match (current, shape) {
            (None, None) => Ok(None),
            (None, Some(shape)) => self.create(&shape, wanted).await.map(Some),
            (Some(service), None) => self.empty(service, wanted.tidies_up).await,
            (Some(service), Some(shape)) if shape.fits(&service) => {
                self.adapt(service, &shape, wanted).await.map(Some)
            }
            (Some(service), Some(shape)) => {
                let odd = service.instances().iter().find(|instance| instance.published.is_empty());
                if let Some(odd) = odd {
                    let (id, odd) = (&service.summary.id, &odd.id);
                    let why = format!(
                        "service {id} would have to be replaced, and nobody knows what its instance {odd} is for"
                    );
                    return Err(self.invalid(&why));
                }
                let description = service.summary.description.clone();
                let replaced = service.summary.id.clone();
                self.empty(service, false).await?;
                self.shared
                    .api
                    .delete_service(&self.doing(&format!("replacing service {replaced}")), &replaced)
                    .await?;
                let description = wanted.description.clone().or(Some(description));
                self.create(&shape, &Wanted { sets: wanted.sets.clone(), description, ..*wanted })
                    .await
                    .map(Some)
            }
        }
    }

    async fn create(&self, shape: &Shape, wanted: &Wanted) -> Result<Service, ProviderError> {
        let ttls = shape.ttls(&wanted.sets, None);
        // ExternalDNS gives the empty text where it has nothing to say.
        let description = wanted.description.clone().unwrap_or_default();
        let new = NewService {
            namespace: self.zone.id.as_str(),
            name: &self.service_name,
            description: &description,
            routing: shape.routing(),
            ttls: &ttls,
        };
        let id = self.shared.api.create_service(&self.doing("creating a service"), new).await?;
        let mut service = Service::new(Summary {
            id,
            name: self.service_name.clone(),
            description,
            types: ttls,
            is_weighted: shape.is_weighted,
            health_check: None,
            instances: Some(0),
        });
        service.content = Some(Content { instances: Vec::new(), known_at: Instant::now() });
        self.fill(service, shape, wanted).await
    }

    async fn adapt(
        &self,
        mut service: Service,
        shape: &Shape,
        wanted: &Wanted,
    ) -> Result<Service, ProviderError> {
        let ttls = shape.ttls(&wanted.sets, Some(&service));
        let description = wanted.description.as_ref().unwrap_or(&service.summary.description).clone();
        if ttls != service.summary.types || description != service.summary.description {
            let what = self.doing(&format!("updating service {}", service.summary.id));
            let updated =
                self.shared.api.update_service(&what, &service.summary, &description, &ttls).await?;
            let operations = self.operations([updated]);
            self.shared.waiter.wait(&self.shared.api, &what, operations).await?;
            service = Service {
                content: service.content,
                ..Service::new(Summary { description, types: ttls, ..service.summary })
            };
        }
        self.fill(service, shape, wanted).await
    }

    /// Registers what is missing, and then removes what is not wanted: there is no moment without an answer.
    async fn fill(
        &self,
        mut service: Service,
        shape: &Shape,
        wanted: &Wanted,
    ) -> Result<Service, ProviderError> {
        let mut missing: Vec<Published> = instances_for(&wanted.sets);
        let (mut staying, mut surplus): (Vec<Instance>, Vec<Instance>) = (Vec::new(), Vec::new());
        for instance in service.content.take().map(|content| content.instances).unwrap_or_default() {
            match missing.iter().position(|published| *published == instance.published) {
                Some(at) => {
                    missing.swap_remove(at);
                    staying.push(instance);
                }
                // It was not put there by us, and nobody knows what for.
                None if instance.published.is_empty() => staying.push(instance),
                None => surplus.push(instance),
            }
        }
        let new: Vec<Instance> = missing
            .into_iter()
            .map(|published| Instance { id: instance_id(&published), published })
            .collect();
        self.register(&service, shape, &new).await?;
        // What was registered under the id of another one has taken its place.
        let taken: BTreeSet<&str> = new.iter().map(|instance| instance.id.as_str()).collect();
        surplus.retain(|instance| !taken.contains(instance.id.as_str()));
        staying.retain(|instance| !taken.contains(instance.id.as_str()));
        self.deregister(&service, &surplus).await?;
        staying.extend(new);
        Ok(with_instances(service, staying))
    }

    /// Removes everything that is understood, and the service with it where that is wanted.
    async fn empty(&self, service: Service, and_delete: bool) -> Result<Option<Service>, ProviderError> {
        let (gone, staying): (Vec<Instance>, Vec<Instance>) =
            service.instances().iter().cloned().partition(|instance| !instance.published.is_empty());
        self.deregister(&service, &gone).await?;
        if !and_delete || !staying.is_empty() {
            return Ok(Some(with_instances(service, staying)));
        }
        let what = self.doing(&format!("deleting service {}", service.summary.id));
        match self.shared.api.delete_service(&what, &service.summary.id).await {
            Ok(()) => Ok(None),
            // The instances may still be there, if nobody can tell. It is tidied up later.
            Err(error) if error.class() == ErrorClass::Conflict && !self.shared.waiter.can_tell() => {
                Ok(Some(with_instances(service, staying)))
            }
            Err(error) => Err(error),
        }
    }

    async fn register(
        &self,
        service: &Service,
        shape: &Shape,
        new: &[Instance],
    ) -> Result<(), ProviderError> {
        for instance in new {
            let fits = instance.published.iter().all(|(record_type, target)| match record_type {
                RecordType::Cname => true,
                _ => target.ip().is_some(),
            });
            if !fits {
                return Err(self.invalid("a service holds addresses where the record is one of addresses"));
            }
        }
        self.submit(service, Request::Register(&shape.types), new).await
    }

    async fn deregister(&self, service: &Service, gone: &[Instance]) -> Result<(), ProviderError> {
        self.submit(service, Request::Deregister, gone).await
    }

    /// Sends a request for each of some instances, waits until all is done, and sends those again that something was in the way of.
    async fn submit(
        &self,
        service: &Service,
        request: Request<'_>,
        instances: &[Instance],
    ) -> Result<(), ProviderError> {
        let doing = match request {
            Request::Register(_) => "registering",
            Request::Deregister => "removing",
        };
        let mut left: Vec<&Instance> = instances.iter().collect();
        for _ in 0..TRIES {
            let (mut operations, mut again) = (Vec::new(), Vec::new());
            for instance in left {
                let what = self.doing(&format!("{doing} {}", instance.id));
                match self.send(service, request, instance, &what).await? {
                    Submitted::As(operation) => operations.push(operation),
                    Submitted::Done => {}
                    Submitted::Behind(operation) => {
                        operations.push(operation);
                        again.push(instance);
                    }
                }
            }
            self.shared.waiter.wait(&self.shared.api, &self.doing(doing), operations).await?;
            if again.is_empty() {
                return Ok(());
            }
            left = again;
        }
        Err(self.error(ErrorClass::Conflict, "somebody else keeps working on the same instances"))
    }

    async fn send(
        &self,
        service: &Service,
        request: Request<'_>,
        instance: &Instance,
        what: &str,
    ) -> Result<Submitted, ProviderError> {
        let (api, id) = (&self.shared.api, &service.summary.id);
        match request {
            Request::Register(types) => {
                api.register(what, id, &instance.id, attributes(&instance.published, types)).await
            }
            Request::Deregister => api.deregister(what, id, &instance.id).await,
        }
    }

    fn operations(&self, submitted: impl IntoIterator<Item = Submitted>) -> Vec<String> {
        let operation = |submitted| match submitted {
            Submitted::As(operation) | Submitted::Behind(operation) => Some(operation),
            Submitted::Done => None,
        };
        submitted.into_iter().filter_map(operation).collect()
    }
}

fn with_instances(mut service: Service, instances: Vec<Instance>) -> Service {
    service.summary.instances = Some(instances.len());
    service.content = Some(Content { instances, known_at: Instant::now() });
    service
}

/// Changes by name, in the order in which the names come first, with their places.
pub(crate) fn by_name(changes: &[ZoneChange]) -> Vec<(&DnsName, Vec<usize>)> {
    let mut places: BTreeMap<&DnsName, usize> = BTreeMap::new();
    let mut names: Vec<(&DnsName, Vec<usize>)> = Vec::new();
    for (i, change) in changes.iter().enumerate() {
        let name = change.change.name();
        let place = *places.entry(name).or_insert_with(|| {
            names.push((name, Vec::new()));
            names.len() - 1
        });
        if let Some((_, changes)) = names.get_mut(place) {
            changes.push(i);
        }
    }
    names
}
