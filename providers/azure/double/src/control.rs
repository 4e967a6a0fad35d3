//! What a test does with the double.

use crate::call::Operation;
use crate::faults::{Fault, When};
use crate::log::Request;
use crate::record::RecordSet;
use crate::server;
use crate::state::{NewZone, Shared, State, Zone};
use crate::tokens::Proof;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::Instant;
use zonewright_double::{Serving, serve};

/// Resource Manager and those who give tokens, on a free loopback port. They stop when this is dropped.
pub struct AzureDouble {
    address: SocketAddr,
    shared: Shared,
    _server: Serving,
}

/// Why the double could not be set up as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No port could be had.
    #[error("listening for Azure calls")]
    Listen(#[source] std::io::Error),
    /// There is no such zone.
    #[error("there is no zone {0}")]
    NoZone(String),
}

impl AzureDouble {
    /// Starts with no zones and nobody who may have tokens.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(Error::Listen)?;
        let address = listener.local_addr().map_err(Error::Listen)?;
        let shared = Shared::new(State::new());
        let base = format!("http://{address}");
        let (state, started) = (shared.clone(), Instant::now());
        let server = serve(listener, move |parts, body| {
            server::handle(state.clone(), base.clone(), started, parts, body)
        });
        Ok(Self { address, shared, _server: server })
    }

    /// Resource Manager's endpoint, Entra ID's authority and the host of instance metadata.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What `IDENTITY_ENDPOINT` takes; `IDENTITY_HEADER` is `identity-header`.
    pub fn identity_endpoint(&self) -> String {
        format!("http://{}/msi/token", self.address)
    }

    /// Makes a zone, with the record sets that every zone has, and gives its resource id.
    pub fn create_zone(&self, zone: NewZone) -> String {
        self.shared.lock().add_zone(zone)
    }

    /// Removes a zone with all that is in it, if it is there.
    pub fn remove_zone(&self, id: &str) {
        self.shared.lock().zones.remove(&id.to_ascii_lowercase());
    }

    /// Puts record sets into a zone, over those of the same name and type. Nothing is looked at: a test may begin with what the
    /// service would not take today.
    ///
    /// # Errors
    /// When there is no such zone.
    pub fn seed(&self, zone: &str, sets: impl IntoIterator<Item = RecordSet>) -> Result<(), Error> {
        let mut state = self.shared.lock();
        let done = sets.into_iter().all(|set| state.seed(zone, &set));
        if done { Ok(()) } else { Err(Error::NoZone(zone.to_owned())) }
    }

    /// What is in a zone, by name and type, without the record sets that every zone has.
    pub fn records(&self, zone: &str) -> Vec<RecordSet> {
        let is_own = |set: &RecordSet| set.name == "@" && ["SOA", "NS"].contains(&set.record_type.as_str());
        self.all_records(zone).into_iter().filter(|set| !is_own(set)).collect()
    }

    /// Everything in a zone.
    pub fn all_records(&self, zone: &str) -> Vec<RecordSet> {
        let state = self.shared.lock();
        let read = |zone: &Zone| -> Vec<RecordSet> {
            let sets = zone.sets.iter();
            let set = sets.map(|((_, record_type), set)| {
                RecordSet::read(&set.name, record_type, zone.spelling(), &set.properties)
            });
            set.collect()
        };
        state.zones.get(&zone.to_ascii_lowercase()).map(read).unwrap_or_default()
    }

    /// How many record sets a zone has, those included that every zone has.
    pub fn record_count(&self, zone: &str) -> usize {
        self.shared.lock().zones.get(&zone.to_ascii_lowercase()).map_or(0, |zone| zone.sets.len())
    }

    /// Lets a service principal have tokens for a secret; a second time, for another secret.
    pub fn add_principal(&self, tenant: &str, client: &str, secret: &str) {
        self.prove(tenant, client, Proof::Secret(secret.to_owned()));
    }

    /// Lets a workload identity have tokens for the token of its service account.
    pub fn add_workload(&self, tenant: &str, client: &str, assertion: &str) {
        self.prove(tenant, client, Proof::Assertion(assertion.to_owned()));
    }

    fn prove(&self, tenant: &str, client: &str, proof: Proof) {
        self.shared.lock().tokens.principals.insert((tenant.to_owned(), client.to_owned()), proof);
    }

    /// Gives the machine an identity of its own.
    pub fn add_system_identity(&self) {
        self.shared.lock().tokens.has_system_identity = true;
    }

    /// Assigns an identity to the machine.
    pub fn assign_identity(&self, client: &str, resource_id: &str) {
        self.shared.lock().tokens.assigned.push((client.to_owned(), resource_id.to_owned()));
    }

    /// Gives tokens for this alone.
    pub fn expect_audience(&self, audience: &str) {
        self.shared.lock().tokens.audience = Some(audience.to_owned());
    }

    /// How long tokens hold; an hour unless told.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.shared.lock().tokens.lifetime = lifetime;
    }

    /// Makes all tokens invalid that were given so far.
    pub fn withdraw_tokens(&self) {
        self.shared.lock().tokens.withdraw();
    }

    /// Sends refusals without the `error` around them.
    pub fn answer_bare(&self) {
        self.shared.lock().bare = true;
    }

    /// Lets something go wrong.
    pub fn inject(&self, when: When, fault: Fault) {
        self.shared.lock().faults.add(when.turns, when, fault);
    }

    /// Lets nothing go wrong any more.
    pub fn withdraw_faults(&self) {
        self.shared.lock().faults.clear();
    }

    /// Everything that was asked since it was last forgotten.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().log.asked.requests().to_vec()
    }

    /// Forgets what was asked.
    pub fn forget_requests(&self) {
        self.shared.lock().log.forget();
    }

    /// How often something was asked since it was last forgotten.
    pub fn count(&self, operation: Operation) -> usize {
        let state = self.shared.lock();
        state.log.asked.requests().iter().filter(|request| request.operation == operation).count()
    }

    /// The most requests that were under way at once.
    pub fn most_at_once(&self) -> usize {
        self.shared.lock().log.most_at_once
    }

    /// Requests, or answers of the double, that were not as the APIs are published. They were refused.
    pub fn violations(&self) -> Vec<String> {
        self.shared.lock().log.violations.clone()
    }
}
