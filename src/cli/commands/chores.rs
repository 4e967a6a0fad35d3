//! Work around a cycle that reaches outside.

use crate::sources::crd::status::StatusError;
use crate::sources::crd::{DnsEndpoint, status};
use crate::sources::service::ServiceSource;
use crate::sources::service::resolve::{Resolved, refresh};
use crate::sources::store::Cache;
use crate::sync::daemon::Chores;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::warn;

/// `--resolve-service-load-balancer-hostname`: looks names up before the sources are read.
pub(super) struct LookUpLoadBalancers {
    pub source: Arc<ServiceSource>,
    pub resolved: Arc<Resolved>,
}

#[async_trait]
impl Chores for LookUpLoadBalancers {
    fn comes_before_names(&self) -> bool {
        true
    }

    async fn before(&self) -> bool {
        refresh(&self.resolved, self.source.names_to_resolve()).await
    }
}

/// Writes the status of DNSEndpoints.
pub(super) struct WriteStatus {
    cache: Arc<Cache<DnsEndpoint>>,
    client: kube::Client,
    /// What went wrong the last time, so that a lasting condition is one line.
    told: Mutex<BTreeSet<String>>,
}

impl WriteStatus {
    pub fn new(cache: Arc<Cache<DnsEndpoint>>, client: kube::Client) -> Self {
        Self { cache, client, told: Mutex::default() }
    }
}

#[async_trait]
impl Chores for WriteStatus {
    async fn after(&self) {
        let mut failed = BTreeMap::new();
        for update in status::outdated(&self.cache) {
            let namespace = update.key.namespace.to_string();
            if failed.contains_key(&namespace) {
                continue;
            }
            match status::write(&self.client, &update).await {
                Ok(()) | Err(StatusError::Outrun) => {}
                // Permission is given by namespace: what one object is refused the others are, and asking for each takes time.
                Err(error @ StatusError::Refused(_)) => drop(failed.insert(namespace, error)),
                Err(error) => drop(failed.insert(update.key.path(), error)),
            }
        }
        // A panic elsewhere does not make the list wrong.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for (what, error) in failed.iter().filter(|(what, _)| !told.contains(*what)) {
            warn!("status of DNSEndpoint {what} cannot be written: {error}");
        }
        *told = failed.into_keys().collect();
    }
}
