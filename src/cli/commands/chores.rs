//! Work before a full run that reaches outside.

use crate::sources::service::ServiceSource;
use crate::sources::service::resolve::{Resolved, refresh};
use crate::sync::daemon::Chores;
use async_trait::async_trait;
use std::sync::Arc;

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
