//! What a test does with the double.

use crate::access::{ACCOUNT, Role};
use crate::cloud_map::{CloudService, NamespaceKind};
use crate::error::{ApiError, BatchErrorForm};
use crate::faults::{Fault, When};
use crate::hosted_zones::{self, NewZone};
use crate::log::{Operation, Request, Service, busiest_second};
use crate::name::Name;
use crate::record::RecordSet;
use crate::state::{Shared, State};
use crate::zone::Key;
use crate::{server, wire};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use zonewright_double::{Serving, serve};

/// Route 53, Cloud Map and STS on a free loopback port. They stop when this is dropped.
pub struct AwsDouble {
    address: SocketAddr,
    shared: Shared,
    _server: Serving,
}

/// Why the double could not be set up as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No port could be had.
    #[error("listening for AWS calls")]
    Listen(#[source] std::io::Error),
    /// The service would not have such a zone or record.
    #[error("{0}")]
    Refused(String),
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Error::Refused(format!("{}: {}", error.code, error.message))
    }
}

impl AwsDouble {
    /// Starts with no zones, letting everybody in.
    pub async fn start() -> Result<Self, Error> {
        Self::start_on(0).await
    }

    /// As [`start`](Self::start), on this loopback port.
    pub async fn start_on(port: u16) -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(Error::Listen)?;
        let address = listener.local_addr().map_err(Error::Listen)?;
        let started = tokio::time::Instant::now();
        let shared = Shared::new(State::new(Arc::new(move || started.elapsed())));
        let state = shared.clone();
        let server = serve(listener, move |parts, body| server::handle(state.clone(), parts, body));
        Ok(AwsDouble { address, shared, _server: server })
    }

    /// What `AWS_ENDPOINT_URL` takes.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a zone, with the two record sets that every zone has, and gives its id without `/hostedzone/`.
    pub fn create_zone(&self, zone: NewZone) -> Result<String, Error> {
        Ok(hosted_zones::add(&mut self.shared.lock(), zone)?)
    }

    /// Removes a zone with all that is in it, if it is there.
    pub fn remove_zone(&self, zone: &str) {
        self.shared.lock().zones.remove(zone);
    }

    /// Sets a zone's tag.
    pub fn tag_zone(&self, zone: &str, key: &str, value: &str) {
        if let Some(zone) = self.shared.lock().zones.get_mut(zone) {
            zone.tags.insert(key.to_owned(), value.to_owned());
        }
    }

    /// Puts record sets into a zone, over those of the same name, type and set identifier. Only names are looked at: a test may
    /// begin with what the service would not take today.
    pub fn seed(&self, zone: &str, sets: impl IntoIterator<Item = RecordSet>) -> Result<(), Error> {
        let mut state = self.shared.lock();
        let zone = state.zones.get_mut(zone).ok_or_else(|| ApiError::no_such_zone(zone))?;
        for set in sets {
            let set = wire::normalised(set).map_err(Error::Refused)?;
            let name = Name::parse(&set.name).map_err(|fatal| Error::Refused(fatal.in_text(&set.name)))?;
            zone.records.insert(Key::of(&name, &set), set);
        }
        Ok(())
    }

    /// What is in a zone, in the order of the lists, without the two record sets that every zone has. Nothing if there is no
    /// such zone.
    pub fn records(&self, zone: &str) -> Vec<RecordSet> {
        let state = self.shared.lock();
        let Some(zone) = state.zones.get(zone) else { return Vec::new() };
        zone.records.values().filter(|set| !zone.is_own(set)).cloned().collect()
    }

    /// As [`records`](Self::records), with the zone's own NS and SOA.
    pub fn all_records(&self, zone: &str) -> Vec<RecordSet> {
        let state = self.shared.lock();
        state.zones.get(zone).map(|zone| zone.records.values().cloned().collect()).unwrap_or_default()
    }

    /// Lets record sets refer to this health check.
    pub fn add_health_check(&self, id: &str) {
        self.shared.lock().health_checks.insert(id.to_owned());
    }

    /// Lets aliases into the zone of a service point at names with this ending. Those of the AWS General Reference are known.
    pub fn add_alias_zone(&self, zone: &str, ending: &str) {
        self.shared.lock().alias_zones.add(zone, ending);
    }

    /// Knows this access key; from the first one on only known keys, and those of assumed roles, are let in.
    pub fn add_key(&self, key: &str, account: &str) {
        self.shared.lock().access.add_key(key, account);
    }

    /// Lets this role be assumed.
    pub fn add_role(&self, role: Role) {
        self.shared.lock().access.roles.push(role);
    }

    /// From now on each account has so many requests a second, the service's five for instance; `None` is no limit.
    pub fn limit_rate(&self, per_second: Option<u32>) {
        let mut state = self.shared.lock();
        state.rate = per_second;
        state.buckets.clear();
    }

    /// Takes the time for the rate, the log and the state of changes from here; from the runtime's clock otherwise.
    pub fn set_clock(&self, clock: impl Fn() -> Duration + Send + Sync + 'static) {
        let mut state = self.shared.lock();
        state.clock = Arc::new(clock);
        state.buckets.clear();
    }

    /// From now on a change batch takes this long (by the runtime's clock), and its zone takes no other one meanwhile.
    pub fn set_change_time(&self, time: Duration) {
        self.shared.lock().change_time = time;
    }

    /// How long a change is `PENDING`.
    pub fn set_sync_time(&self, time: Duration) {
        self.shared.lock().sync_time = time;
    }

    /// How refused change batches are reported.
    pub fn set_batch_error_form(&self, form: BatchErrorForm) {
        self.shared.lock().batch_errors = form;
    }

    /// Makes a namespace of Cloud Map in [`ACCOUNT`], and gives its id.
    pub fn create_namespace(&self, name: &str, kind: NamespaceKind) -> String {
        self.shared.lock().cloud_map.add_namespace(ACCOUNT, name, kind)
    }

    /// Puts a service of Cloud Map into a namespace, and gives its id. Nothing is looked at: a test may begin with what the
    /// service would not take today.
    pub fn seed_service(&self, namespace: &str, service: CloudService) -> Result<String, Error> {
        Ok(self.shared.lock().cloud_map.seed(namespace, service)?)
    }

    /// The services in a namespace of Cloud Map, by name.
    pub fn services(&self, namespace: &str) -> Vec<CloudService> {
        let mut state = self.shared.lock();
        let now = state.now();
        state.cloud_map.services(namespace, now)
    }

    /// How long Cloud Map's operations are `PENDING` before they take effect.
    pub fn set_operation_time(&self, time: Duration) {
        self.shared.lock().cloud_map.operation_time = time;
    }

    /// Makes something go wrong.
    pub fn inject(&self, when: When, fault: Fault) {
        self.shared.lock().faults.add(when.turns, when, fault);
    }

    /// From now on every change batch with this name in it is refused, for reasons that no client could have foreseen. The
    /// message is all that is said about it: whether it gives the name away is up to the test.
    pub fn refuse_name(&self, name: &str, message: &str) -> Result<(), Error> {
        let name = Name::parse(name).map_err(|fatal| Error::Refused(fatal.in_text(name)))?;
        self.shared.lock().refused.insert(name, message.to_owned());
        Ok(())
    }

    /// Accepts all names again.
    pub fn accept_names(&self) {
        self.shared.lock().refused.clear();
    }

    /// Takes back all faults.
    pub fn withdraw_faults(&self) {
        self.shared.lock().faults.clear();
    }

    /// How many faults still wait for their request; those for all requests do not count.
    pub fn faults_left(&self) -> usize {
        self.shared.lock().faults.left()
    }

    /// Everything that was asked, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().log.requests().to_vec()
    }

    /// How often a call was made, failures included.
    pub fn count(&self, operation: Operation) -> usize {
        self.shared.lock().log.requests().iter().filter(|request| request.operation == operation).count()
    }

    /// The largest number of Route 53 calls within any one second.
    pub fn busiest_second(&self) -> usize {
        let state = self.shared.lock();
        let counted =
            state.log.requests().iter().filter(|request| request.operation.service() == Service::Route53);
        busiest_second(counted.map(|request| request.at).collect())
    }

    /// Forgets what was asked.
    pub fn forget_requests(&self) {
        self.shared.lock().log.forget();
    }
}
