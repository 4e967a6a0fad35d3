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

/// Writes one status. Uses the verb `update` on `dnsendpoints/status`, as the Helm chart grants it.
///
/// # Errors
/// What the API server answered.
pub async fn write(client: &kube::Client, update: &StatusUpdate) -> Result<(), kube::Error> {
    let kind = GroupVersionKind::gvk(KIND.group, KIND.version, KIND.kind);
    let resource = ApiResource::from_gvk_with_plural(&kind, KIND.plural);
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &update.key.namespace, &resource);
    let mut object = DynamicObject::new(&update.key.name, &resource);
    object.metadata.namespace = Some(update.key.namespace.to_string());
    object.metadata.resource_version = Some(update.resource_version.clone());
    object.data = json!({"status": {"observedGeneration": update.generation}});
    api.replace_status(&update.key.name, &PostParams::default(), &object).await.map(|_| ())
}
