//! DNS servers that take dynamic updates: BIND, Knot and others (`--provider=rfc2136`).
//!
//! What is spoken: DNS UPDATE (RFC 2136), zone transfers (RFC 5936, RFC 1995), TSIG (RFC 8945), over TCP or TLS (RFC 7858). Oddities:
//!
//! - An update is carried out as a whole or not at all, and may demand that record sets still are what they were: what somebody else has
//!   changed meanwhile is noticed by the server itself (`update`).
//! - Servers keep quiet about a record that cannot stand beside what is there (a CNAME), so that this is demanded, too.
//! - The only way to list a zone is to have it transferred. The serial says whether that is necessary, and the transfer of changes keeps
//!   what was transferred up to date, our own changes included (`image`).
//! - Without leave to transfer (`--rfc2136-axfr`), nothing is known of what exists: records are added to it, as ExternalDNS does.
//! - The answer is one code for the whole message, which of its records it is about has to be found out by the caller.
//!
//! ```text
//! serial ── changed? ──> changes (IXFR) or everything (AXFR) ── transfer ──> image ── convert ──> records
//! changes ── update ──> one message with prerequisites ── client ──> outcomes
//!                                        client = tsig + transport (TCP, tls) + servers (which one)
//! ```

mod client;
mod config;
mod convert;
mod image;
mod query;
mod refusal;
mod servers;
mod text;
mod tls;
mod transfer;
mod transport;
mod tsig;
mod update;
mod zones;

pub use client::Clock;
pub use config::{ConfigError, Rfc2136Config, system_clock};
pub use servers::Balancing;
pub use tls::{TlsError, TlsSettings};
pub use tsig::{TsigAlgorithm, TsigKey};

use async_trait::async_trait;
use client::{Client, to_error, unwritten};
use convert::{RECORD_TYPES, data_of};
use refusal::{Asked, Failed, rcode};
use servers::Servers;
use std::collections::BTreeMap;
use std::hash::RandomState;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use text::{canonical_naptr, canonical_txt};
use tls::Tls;
use transfer::{Transfer, Transferred};
use transport::Server;
use update::{ROOM, Rules, Update, size_of};
use zones::Zones;
use zonewright_planner::{DnsName, Endpoint, Properties, RecordType, Target, Ttl, ZoneId};
use zonewright_provider_kit::{
    Adjusted, Capabilities, ErrorClass, Listing, ProviderError, ReadZones, Rejected, RequestBudget,
    WriteZone, Zone, ZoneChange,
};

/// The records of a zone, out of the messages of a transfer as they came over TCP, each after its length (RFC 1035 section 4.2.2).
/// `None` where one is malformed, or where they are not the whole of a zone.
///
/// Whoever is on the way to a server, or in its place, can send these where there is no TSIG key.
pub fn transferred(stream: &[u8], apex: &DnsName, zone: &ZoneId) -> Option<Listing> {
    let mut transfer = Transfer::new(&convert::name_bytes(apex), None, transfer::MOST);
    let mut rest = stream;
    while !transfer.is_complete() {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (message, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        transfer.take(message).ok()?;
        rest = after;
    }
    match transfer.finish() {
        Some(Transferred::Zone(image)) => Some(image.listing(zone)),
        _ => None,
    }
}

/// The provider. Clones, readers and writers share connections and what is known of the zones.
#[derive(Clone)]
pub struct Rfc2136(Arc<Shared>);

struct Shared {
    client: Client,
    zones: Zones,
    rules: Rules,
    capabilities: Capabilities,
}

/// Reads zones.
pub struct Rfc2136Reader(Arc<Shared>);

/// Changes zones.
pub struct Rfc2136Writer(Arc<Shared>);

impl Rfc2136 {
    /// Sets everything up. Nobody is asked yet.
    ///
    /// # Errors
    /// What is missing or wrong, with the flag.
    pub fn new(config: Rfc2136Config) -> Result<Self, ConfigError> {
        if config.hosts.is_empty() {
            return Err(ConfigError::NoHost);
        }
        if config.port == 0 {
            return Err(ConfigError::NoPort);
        }
        let mut servers = Vec::new();
        for host in config.hosts {
            let tls = config.tls.clone().map(Tls::new).transpose()?;
            // An address as in a URL is taken, too.
            let host = host.trim().trim_start_matches('[').trim_end_matches(']').to_owned();
            servers.push(Server::new(host, config.port, tls));
        }
        let client = Client {
            servers: Servers::new(servers, config.balancing),
            key: config.key,
            clock: config.clock,
            budget: RequestBudget::new(config.requests_per_second),
            ids: AtomicUsize::new(0),
            random: RandomState::new(),
        };
        Ok(Self(Arc::new(Shared {
            capabilities: Capabilities {
                record_types: RECORD_TYPES.to_vec(),
                set_identifiers: false,
                changes_per_write: config.batch_changes,
                requests_per_second: client.budget.per_second(),
                ..Capabilities::everything()
            },
            client,
            zones: Zones::new(&config::zone_names(&config.zones)?),
            rules: Rules {
                min_ttl: i64::try_from(config.min_ttl.as_secs()).unwrap_or(i64::MAX),
                reads: config.reads,
            },
        })))
    }

    /// The half that can only read.
    pub fn reader(&self) -> Rfc2136Reader {
        Rfc2136Reader(self.0.clone())
    }

    /// The half that writes.
    pub fn writer(&self) -> Rfc2136Writer {
        Rfc2136Writer(self.0.clone())
    }
}

impl Shared {
    /// Why a wish cannot be written, if it cannot.
    fn adjust(&self, endpoint: &mut Endpoint) -> Result<(), String> {
        // Settings for other providers would differ from what is read back for ever.
        endpoint.properties = Properties::new();
        let ttl = endpoint.ttl.seconds().max(self.rules.min_ttl);
        endpoint.ttl = Ttl::from_seconds(i64::from(self.rules.ttl(Ttl::from_seconds(ttl))));
        let canonical = match endpoint.record_type {
            RecordType::Txt => canonical_txt,
            RecordType::Naptr => canonical_naptr,
            _ => return check(endpoint),
        };
        let targets = endpoint.targets.iter().map(|target| match target {
            Target::Text(text) => Target::Text(canonical(text).into()),
            other => other.clone(),
        });
        endpoint.set_targets(targets.collect());
        check(endpoint)
    }

    /// Sends changes; the errors of those that cannot be written are put down right away.
    async fn write(&self, zone: &Zone, changes: &[ZoneChange], outcomes: &mut [Outcome]) {
        let mut unwritable: BTreeMap<&DnsName, ProviderError> = BTreeMap::new();
        for change in changes {
            if let Err(problem) = self.check_writable(zone, change) {
                let message = format!("{}: {problem}", change.change.name());
                unwritable
                    .insert(change.change.name(), ProviderError::new(ErrorClass::InvalidRecord, message));
            }
        }
        let mut update = Update::default();
        for (change, outcome) in changes.iter().zip(outcomes.iter_mut()) {
            // What else happens at such a name has to wait: a record may give way to the one that cannot be written.
            match unwritable.get(change.change.name()) {
                Some(error) => *outcome = Err(error.clone()),
                None => drop(update.add(change, &self.rules)),
            }
        }
        if update.is_empty() {
            return;
        }
        if let Err(error) = self.send(zone, &update).await {
            if error.class() == ErrorClass::Conflict {
                self.zones.doubt(&zone.id);
            }
            outcomes
                .iter_mut()
                .filter(|outcome| outcome.is_ok())
                .for_each(|outcome| *outcome = Err(error.clone()));
        }
    }

    /// Whether a change can be written at all.
    fn check_writable(&self, zone: &Zone, change: &ZoneChange) -> Result<(), String> {
        let mut update = Update::default();
        update.add(change, &self.rules)?;
        if size_of(change) <= self.room() {
            return Ok(());
        }
        // An estimate that errs on the safe side.
        let message = update.message(&zones::apex(zone), 0, &self.rules);
        let size = message.map_err(|error| error.to_string())?.len();
        if size <= self.room() {
            Ok(())
        } else {
            Err(format!("its {size} bytes do not fit into a message of DNS"))
        }
    }

    /// Sends an update to the first server that takes it.
    async fn send(&self, zone: &Zone, update: &Update) -> Result<(), ProviderError> {
        let apex = zones::apex(zone);
        let mut first: Option<ProviderError> = None;
        for index in self.client.servers.for_writing() {
            let Some(server) = self.client.servers.get(index) else { continue };
            self.client.turn().await?;
            let message = update.message(&apex, self.client.id(), &self.rules).map_err(unwritten);
            let sent = match message {
                Ok(message) => self.client.update(server, message).await,
                Err(failed) => Err(failed),
            };
            let Err(failed) = sent else {
                self.client.servers.served(index);
                return Ok(());
            };
            let goes_on = failed.may_be_asked_elsewhere(Asked::Update);
            let is_refusal = matches!(failed, Failed::Refused(rcode::REFUSED, None));
            let mut error = to_error(failed, Asked::Update, zone.id.as_str(), server);
            if is_refusal && self.takes_nothing(server, &apex).await {
                let message = format!("{error}; it takes no update of this zone at all from us");
                error = ProviderError::new(ErrorClass::Auth, message);
            }
            if !goes_on {
                return Err(error);
            }
            first.get_or_insert(error);
        }
        Err(first.unwrap_or_else(|| ProviderError::new(ErrorClass::Permanent, "there is no server")))
    }

    /// Whether a server refuses even an update that changes nothing. Then it is not about what was in the update that it refused.
    async fn takes_nothing(&self, server: &Server, apex: &[u8]) -> bool {
        let Ok(message) = Update::default().message(apex, self.client.id(), &self.rules) else {
            return false;
        };
        if self.client.turn().await.is_err() {
            return false;
        }
        matches!(self.client.update(server, message).await, Err(Failed::Refused(rcode::REFUSED, None)))
    }

    /// How many bytes changes may take in a message.
    fn room(&self) -> usize {
        ROOM - self.client.key.as_ref().map_or(0, TsigKey::room)
    }
}

type Outcome = Result<(), ProviderError>;

/// Whether every target can be written.
fn check(endpoint: &Endpoint) -> Result<(), String> {
    endpoint.targets.iter().try_for_each(|target| data_of(&endpoint.record_type, target).map(drop))
}

#[async_trait]
impl ReadZones for Rfc2136Reader {
    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        Ok(self.0.zones.all())
    }

    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        if !self.0.rules.reads {
            return Ok(Listing::default());
        }
        self.0.zones.records(&self.0.client, zone).await
    }

    async fn adjust(&self, endpoints: Vec<Endpoint>) -> Result<Adjusted, ProviderError> {
        let mut adjusted = Adjusted::default();
        for mut endpoint in endpoints {
            match self.0.adjust(&mut endpoint) {
                Ok(()) => adjusted.endpoints.push(endpoint),
                Err(problem) => adjusted.rejected.push(Rejected {
                    text: format!("{} {}: {problem}", endpoint.name, endpoint.record_type),
                    name: Some(endpoint.name),
                    objects: endpoint.objects,
                }),
            }
        }
        Ok(adjusted)
    }
}

#[async_trait]
impl WriteZone for Rfc2136Writer {
    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Outcome> {
        let mut outcomes = vec![Ok(()); changes.len()];
        let mut done = 0;
        while done < changes.len() {
            let rest = changes.get(done..).unwrap_or_default();
            let now = self.fitting(zone, rest).clamp(1, rest.len());
            let (Some(part), Some(parts)) = (rest.get(..now), outcomes.get_mut(done..done + now)) else {
                break;
            };
            self.0.write(zone, part, parts).await;
            done += now;
        }
        outcomes
    }

    fn fitting(&self, _: &Zone, changes: &[ZoneChange]) -> usize {
        let room = self.0.room();
        let within = changes.iter().scan(0, |sum, change| {
            *sum += size_of(change);
            Some(*sum)
        });
        let most = within.take_while(|sum| *sum <= room).count().max(1);
        whole_names(changes, most)
    }
}

/// No more than so many changes, and not parted within a name where that can be helped.
fn whole_names(changes: &[ZoneChange], most: usize) -> usize {
    let name = |i: usize| changes.get(i).map(|change| change.change.name());
    if most >= changes.len() {
        return changes.len();
    }
    (1..=most).rev().find(|&i| name(i) != name(i - 1)).unwrap_or(most)
}

#[cfg(test)]
mod tests;
