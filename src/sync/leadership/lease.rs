//! The lease as the Kubernetes API keeps it: `leases.coordination.k8s.io`, verbs `get`, `create`, `update`.

use super::election::{Lease, Version, Write};
use async_trait::async_trait;
use http::StatusCode;
use k8s_openapi::api::coordination::v1::{Lease as Object, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Client;
use kube::api::{Api, PostParams};
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A lease as it is stored.
pub type Stored = (Version, Lease);

/// Where a lease is kept.
#[async_trait]
pub trait LeaseStore: Send + Sync {
    /// For people: which lease this is.
    fn name(&self) -> &str;

    /// What is stored; `None` when nothing is.
    async fn read(&self) -> Result<Option<Stored>, LeaseTrouble>;

    /// Stores a lease if what it replaces is still there, and gives what is stored then.
    async fn write(&self, write: &Write) -> Result<Stored, LeaseTrouble>;
}

/// Why a lease was not read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeaseTrouble {
    /// Somebody else wrote it first.
    #[error("somebody else wrote it first")]
    Outrun,
    /// What the API server, or the way to it, said.
    #[error("{0}")]
    Failed(String),
}

impl From<kube::Error> for LeaseTrouble {
    fn from(error: kube::Error) -> Self {
        let kube::Error::Api(status) = &error else {
            // The innermost cause is the plainest, such as `Connection refused`.
            let mut innermost: &dyn Error = &error;
            while let Some(source) = innermost.source() {
                innermost = source;
            }
            return Self::Failed(innermost.to_string());
        };
        if status.code == StatusCode::CONFLICT.as_u16() {
            return Self::Outrun;
        }
        let phrase = StatusCode::from_u16(status.code).ok().and_then(|code| code.canonical_reason());
        let phrase = phrase.unwrap_or(&status.reason);
        Self::Failed(format!("{} {phrase}: {}", status.code, status.message))
    }
}

/// A lease in a cluster.
pub struct ClusterLease {
    api: Api<Object>,
    object: String,
    name: String,
    /// The whole object, so that labels and whatever else others put there survive our writes.
    last: Mutex<Option<Object>>,
}

impl ClusterLease {
    /// The lease of that name. `client` should be used for nothing else: renewals must not wait behind other calls for the
    /// rate limit.
    pub fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            object: name.to_owned(),
            name: format!("{namespace}/{name}"),
            last: Mutex::new(None),
        }
    }

    fn remember(&self, object: Option<Object>) -> Option<Stored> {
        let stored = object.as_ref().map(understand);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = object;
        stored
    }

    fn last(&self) -> Option<Object> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl LeaseStore for ClusterLease {
    fn name(&self) -> &str {
        &self.name
    }

    async fn read(&self) -> Result<Option<Stored>, LeaseTrouble> {
        let object = self.api.get_opt(&self.object).await?;
        Ok(self.remember(object))
    }

    async fn write(&self, write: &Write) -> Result<Stored, LeaseTrouble> {
        let params = PostParams::default();
        let object = match &write.replaces {
            None => {
                let object = put(Object::default(), &self.object, write);
                self.api.create(&params, &object).await?
            }
            Some(_) => {
                let object = put(self.last().unwrap_or_default(), &self.object, write);
                match self.api.replace(&self.object, &params, &object).await {
                    // Somebody deleted it.
                    Err(kube::Error::Api(status)) if status.code == StatusCode::NOT_FOUND.as_u16() => {
                        return Err(LeaseTrouble::Outrun);
                    }
                    answer => answer?,
                }
            }
        };
        self.remember(Some(object)).ok_or(LeaseTrouble::Outrun)
    }
}

fn understand(object: &Object) -> Stored {
    let version = object.metadata.resource_version.clone().unwrap_or_default();
    let spec = object.spec.clone().unwrap_or_default();
    let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let lease = Lease {
        holder: spec.holder_identity.unwrap_or_default(),
        duration: seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs),
        acquired: spec.acquire_time.map(|time| time.0),
        renewed: spec.renew_time.map(|time| time.0),
        transitions: spec.lease_transitions.unwrap_or_default(),
    };
    (Version(version), lease)
}

fn put(mut object: Object, name: &str, write: &Write) -> Object {
    let Write { replaces, lease } = write;
    object.metadata.name = Some(name.to_owned());
    object.metadata.resource_version = replaces.as_ref().map(|version| version.0.clone());
    object.spec = Some(LeaseSpec {
        holder_identity: Some(lease.holder.clone()),
        lease_duration_seconds: lease.duration.map(whole_seconds),
        acquire_time: lease.acquired.map(MicroTime),
        renew_time: lease.renewed.map(MicroTime),
        lease_transitions: Some(lease.transitions),
        ..object.spec.unwrap_or_default()
    });
    object
}

/// Rounded up: a lease must not look shorter than it is.
fn whole_seconds(duration: Duration) -> i32 {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json, to_value};

    #[test]
    fn what_others_wrote_on_the_lease_survives() {
        let object: Object = from_value(json!({
            "metadata": {"name": "zonewright", "namespace": "dns", "resourceVersion": "7", "labels": {"a": "b"}},
            "spec": {"holderIdentity": "one", "leaseDurationSeconds": 15, "leaseTransitions": 3, "strategy": "Oldest",
                     "acquireTime": "2026-01-01T00:00:00.000001Z", "renewTime": "2026-01-01T00:00:01.000002Z"},
        }))
        .unwrap();
        let (version, mut lease) = understand(&object);
        assert_eq!((version.0.as_str(), lease.holder.as_str(), lease.transitions), ("7", "one", 3));
        assert_eq!(lease.duration, Some(Duration::from_secs(15)));
        lease.holder = "two".to_owned();
        lease.duration = Some(Duration::from_millis(1200));
        let written = to_value(put(object, "zonewright", &Write { replaces: Some(version), lease })).unwrap();
        assert_eq!(written["metadata"]["labels"], json!({"a": "b"}));
        assert_eq!(written["metadata"]["resourceVersion"], "7");
        assert_eq!(
            written["spec"],
            json!({"holderIdentity": "two", "leaseDurationSeconds": 2, "leaseTransitions": 3, "strategy": "Oldest",
                   "acquireTime": "2026-01-01T00:00:00.000001Z", "renewTime": "2026-01-01T00:00:01.000002Z"})
        );
    }

    #[test]
    fn a_lease_that_says_nothing_is_free() {
        let (_, lease) = understand(&Object::default());
        assert_eq!((lease.holder.as_str(), lease.duration), ("", None));
    }
}
