//! Work around a cycle that reaches outside.

use crate::sources::crd::{DnsEndpoint, status};
use crate::sources::service::ServiceSource;
use crate::sources::service::resolve::{Resolved, refresh};
use crate::sources::store::Cache;
use crate::sync::daemon::Chores;
use async_trait::async_trait;
use std::sync::Arc;
use tracing::warn;

/// `--resolve-service-load-balancer-hostname`: looks names up before the sources are read.
pub(super) struct LookUpLoadBalancers {
    pub source: Arc<ServiceSource>,
    pub resolved: Arc<Resolved>,
}

#[async_trait]
impl Chores for LookUpLoadBalancers {
    async fn before(&self) {
        refresh(&self.resolved, self.source.names_to_resolve()).await;
    }
}

/// Writes the status of DNSEndpoints.
pub(super) struct WriteStatus {
    pub cache: Arc<Cache<DnsEndpoint>>,
    pub client: kube::Client,
}

#[async_trait]
impl Chores for WriteStatus {
    async fn after(&self) {
        for update in status::outdated(&self.cache) {
            if let Err(error) = status::write(&self.client, &update).await {
                let (namespace, name) = (&update.key.namespace, &update.key.name);
                warn!("status of DNSEndpoint {namespace}/{name} could not be written: {error}");
            }
        }
    }
}
