//! `status.observedGeneration` of DNSEndpoints: tells that this generation was looked at.

use super::{DnsEndpoint, KIND};
use crate::sources::object::Key;
use crate::sources::store::Cache;
use kube::api::{Api, DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::json;

/// A status that is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusUpdate {
    /// The object.
    pub key: Key,
    /// What the object looked like when it was read; a write on top of anything newer is refused.
    pub resource_version: String,
    /// The generation that was looked at.
    pub generation: i64,
}

/// Every object whose status does not name its current generation. Nothing in the steady state.
pub fn outdated(cache: &Cache<DnsEndpoint>) -> Vec<StatusUpdate> {
    let contents = cache.read();
    let behind = contents.iter().map(|object| &object.fields).filter(|fields| {
        fields.metadata.generation != 0 && fields.status.observed_generation != fields.metadata.generation
    });
    behind
        .map(|fields| StatusUpdate {
            key: fields.metadata.key(),
            resource_version: fields.metadata.resource_version.to_string(),
            generation: fields.metadata.generation,
        })
        .collect()
}

/// Why a status was not written.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// Somebody changed or deleted the object in the meantime. The cache will tell, and then there is another status to write.
    #[error("the object has changed")]
    Outrun,
    /// We may not. The API server says who may not do what.
    #[error("403 Forbidden: {0}")]
    Refused(String),
    /// The API server said something else.
    #[error("{code} {reason}: {message}")]
    Answered {
        /// HTTP status.
        code: u16,
        /// In a word.
        reason: String,
        /// In a sentence.
        message: String,
    },
    /// There was no answer.
    #[error("{0}")]
    Unanswered(String),
}

impl From<kube::Error> for StatusError {
    fn from(error: kube::Error) -> Self {
        let kube::Error::Api(status) = error else {
            // The innermost cause is the plainest, such as `Connection refused`.
            let causes =
                std::iter::successors(Some(&error as &dyn std::error::Error), |cause| cause.source());
            return Self::Unanswered(causes.last().map(ToString::to_string).unwrap_or_default());
        };
        match status.code {
            404 | 409 => Self::Outrun,
            403 => Self::Refused(status.message.clone()),
            code => Self::Answered { code, reason: status.reason.clone(), message: status.message.clone() },
        }
    }
}

/// Writes one status. Uses the verb `update` on `dnsendpoints/status`, as the Helm chart grants it.
///
/// # Errors
/// What the API server answered.
pub async fn write(client: &kube::Client, update: &StatusUpdate) -> Result<(), StatusError> {
    let kind = GroupVersionKind::gvk(KIND.group, KIND.version, KIND.kind);
    let resource = ApiResource::from_gvk_with_plural(&kind, KIND.plural);
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &update.key.namespace, &resource);
    let mut object = DynamicObject::new(&update.key.name, &resource);
    object.metadata.namespace = Some(update.key.namespace.to_string());
    object.metadata.resource_version = Some(update.resource_version.clone());
    object.data = json!({"status": {"observedGeneration": update.generation}});
    api.replace_status(&update.key.name, &PostParams::default(), &object).await?;
    Ok(())
}
