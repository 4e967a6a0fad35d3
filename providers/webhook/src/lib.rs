//! The client of the ExternalDNS webhook provider protocol (`--provider=webhook`).
//!
//! A webhook provider is an HTTP server, usually a sidecar, that keeps records somewhere. It has one list of records and does
//! not say which zones it has, so there is one [`Zone`] here, without a name, that takes every name.
//!
//! ```text
//! GET  /                 which names are your business?        any 2xx, media type exactly as defined
//! GET  /records          what exists                           200
//! POST /adjustendpoints  wishes out, canonical wishes back     200
//! POST /records          changes, ownership rows included      204
//! ```
//!
//! Nothing is asked when the client is made. The negotiation happens when [`ReadZones::domain_filter`] is first called and
//! until it has succeeded once; its answer is kept for the life of the process, as in ExternalDNS. A provider that is not up
//! yet is thus an error of the reader like any other: whoever runs cycles waits between them and no answer ends the process.
//! A single run (`--once`) calls [`Webhook::negotiate`] first to give a starting sidecar a few seconds.
//!
//! A change set is one request, and the provider answers for all of it: one outcome, given to every change.

mod adjust;
mod changes;
mod client;
mod config;
mod negotiate;
mod rows;
mod stats;
#[cfg(test)]
mod tests;

pub use client::{RequestRecord, RequestRecorder};
pub use config::{ConfigError, MAX_CHANGES, UrlText, WebhookConfig};
pub use rows::{NotAList, rows_of};
pub use stats::{CallStats, WebhookStats};

use adjust::{Body, Sent};
use async_trait::async_trait;
use client::Client;
use std::sync::Arc;
use tokio::sync::OnceCell;
use zonewright_planner::{DnsName, DomainFilter, Endpoint, ZoneId};
use zonewright_provider_kit::wire::{WireEndpoint, to_json};
use zonewright_provider_kit::{
    Adjusted, Capabilities, ErrorClass, Listing, ProviderError, ReadZones, WriteZone, Zone, ZoneChange,
};

/// ExternalDNS's number of attempts to negotiate, for [`Webhook::negotiate`].
pub const NEGOTIATION_ATTEMPTS: u32 = 5;

/// A webhook provider. Clones, readers and writers share one connection pool and one negotiation.
#[derive(Clone)]
pub struct Webhook(Arc<Shared>);

struct Shared {
    client: Client,
    capabilities: Capabilities,
    filter: OnceCell<DomainFilter>,
    stats: Arc<WebhookStats>,
}

/// Reads from a webhook provider.
pub struct WebhookReader(Arc<Shared>);

/// Writes to a webhook provider.
pub struct WebhookWriter(Arc<Shared>);

impl Webhook {
    /// Prepares a client. Nothing is sent yet.
    ///
    /// # Errors
    /// When the URL is no HTTP URL, or the machine has no CA certificates and the URL needs them.
    pub fn new(config: &WebhookConfig) -> Result<Self, ConfigError> {
        Self::recorded(config, None)
    }

    /// As [`Webhook::new`]; `recorder` is told of every request.
    ///
    /// # Errors
    /// As [`Webhook::new`].
    pub fn recorded(config: &WebhookConfig, recorder: Option<RequestRecorder>) -> Result<Self, ConfigError> {
        Ok(Self(Arc::new(Shared {
            client: Client::new(config, recorder)?,
            // What the provider cannot hold it removes in its adjust step; the protocol has no other way to say so.
            capabilities: Capabilities {
                changes_per_write: config.max_changes,
                requests_per_second: config.requests_per_second.filter(|rate| *rate > 0.0),
                ..Capabilities::everything()
            },
            filter: OnceCell::new(),
            stats: Arc::default(),
        })))
    }

    /// Negotiates, asking up to `attempts` times while the provider cannot be reached, is overloaded or answers 5xx. Pauses
    /// grow from half a second: [`NEGOTIATION_ATTEMPTS`] take four seconds plus the time of the calls.
    ///
    /// # Errors
    /// The last attempt's; a refusal or a wrong media type at once.
    pub async fn negotiate(&self, attempts: u32) -> Result<(), ProviderError> {
        negotiate::with_attempts(attempts, || async { self.0.filter().await.map(drop) }).await
    }

    /// The half that can only read.
    pub fn reader(&self) -> WebhookReader {
        WebhookReader(self.0.clone())
    }

    /// The half that writes.
    pub fn writer(&self) -> WebhookWriter {
        WebhookWriter(self.0.clone())
    }

    /// The counters behind `external_dns_webhook_provider_*`.
    pub fn stats(&self) -> Arc<WebhookStats> {
        self.0.stats.clone()
    }
}

impl Shared {
    async fn filter(&self) -> Result<&DomainFilter, ProviderError> {
        self.filter
            .get_or_try_init(|| async {
                let filter = self.client.negotiate().await?;
                tracing::info!(filter = filter.describe(), "webhook provider is up");
                Ok(filter)
            })
            .await
    }

    async fn list(&self) -> Result<Listing, ProviderError> {
        let mut listing = Listing::default();
        let zone = zone_id();
        let each = |count, row: Option<WireEndpoint<'_>>| match row
            .as_ref()
            .map(|row| row.to_record(zone.clone()))
        {
            Some(Ok(record)) => listing.records.push(record),
            Some(Err(error)) => listing.unreadable.push(unusable(count, row.as_ref(), &error)),
            None => listing.unreadable.push(format!("row {count} is null")),
        };
        self.client.records(each).await?;
        Ok(listing)
    }

    async fn adjust(&self, endpoints: Vec<Endpoint>) -> Result<Adjusted, ProviderError> {
        let endpoints = Arc::new(endpoints);
        let body = Body::new(endpoints.clone());
        let length = body.length().map_err(unwritable)?;
        let mut sent = Sent::new(endpoints);
        let mut spoiled = Vec::new();
        let each = |count, row: Option<WireEndpoint<'_>>| match row.as_ref().map(WireEndpoint::to_endpoint) {
            Some(Ok(endpoint)) => sent.take_back(endpoint),
            Some(Err(error)) => {
                let name = row.as_ref().and_then(|row| DnsName::parse(&row.dns_name).ok());
                spoiled.push((name, unusable(count, row.as_ref(), &error)));
            }
            None => spoiled.push((None, format!("row {count} is null"))),
        };
        self.client.adjust(body, length, each).await?;
        let rejected = sent.attribute(spoiled);
        Ok(Adjusted { endpoints: sent.into_returned(), rejected })
    }

    async fn apply(&self, changes: &[ZoneChange]) -> Result<(), ProviderError> {
        let body = to_json(&changes::to_wire(changes)).map_err(unwritable)?;
        self.client.apply(body).await
    }
}

#[async_trait]
impl ReadZones for WebhookReader {
    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn domain_filter(&self) -> Result<DomainFilter, ProviderError> {
        self.0.filter().await.cloned()
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        Ok(vec![Zone { id: zone_id(), name: None }])
    }

    async fn records(&self, _zone: &Zone) -> Result<Listing, ProviderError> {
        self.0.stats.records.count(self.0.list().await)
    }

    async fn adjust(&self, endpoints: Vec<Endpoint>) -> Result<Adjusted, ProviderError> {
        self.0.stats.adjust_endpoints.count(self.0.adjust(endpoints).await)
    }
}

#[async_trait]
impl WriteZone for WebhookWriter {
    async fn apply(&self, _zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        if changes.is_empty() {
            return Vec::new();
        }
        let outcome = self.0.stats.apply_changes.count(self.0.apply(changes).await);
        vec![outcome; changes.len()]
    }
}

fn zone_id() -> ZoneId {
    ZoneId::new("webhook")
}

fn unusable(count: usize, row: Option<&WireEndpoint<'_>>, error: &dyn std::error::Error) -> String {
    let row = row.map(WireEndpoint::describe).unwrap_or_default();
    format!("row {count}, {row}: {error}")
}

fn unwritable(cause: serde_json::Error) -> ProviderError {
    ProviderError::new(ErrorClass::Permanent, "webhook provider: the request cannot be written")
        .caused_by(cause)
}
