//! The status of DNSEndpoints: which generation was looked at, and what came of it.

use super::{DnsEndpoint, KIND};
use crate::sources::object::Key;
use crate::sources::store::Cache;
use kube::api::{Api, DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use zonewright_planner::Uid;

/// A condition in the form that Kubernetes gives it (meta/v1). Those of others pass through here unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Condition {
    /// What it is about.
    pub r#type: Box<str>,
    /// `True`, `False` or `Unknown`.
    pub status: Box<str>,
    /// The generation of which it is said.
    pub observed_generation: i64,
    /// Since when the status is as it is.
    pub last_transition_time: Box<str>,
    /// Why, in a word.
    pub reason: Box<str>,
    /// Why, in a sentence.
    pub message: Box<str>,
}

/// Reads conditions. Of a form that is not ours there are none: a status must never make an object unreadable.
pub(super) fn conditions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<[Condition]>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// What an object's status says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// What a write has to be based on; one on top of anything newer is refused.
    pub resource_version: String,
    /// The UID of the object.
    pub uid: Uid,
    /// The generation of the object.
    pub generation: i64,
    /// The generation that was looked at.
    pub observed_generation: i64,
    /// Conditions, ours and those of others.
    pub conditions: Vec<Condition>,
}

/// The status of one object as it is known here; `None` when the object is gone.
pub fn of(cache: &Cache<DnsEndpoint>, key: &Key) -> Option<Standing> {
    let contents = cache.read();
    let fields = &contents.get(&key.namespace, &key.name)?.fields;
    Some(Standing {
        resource_version: fields.metadata.resource_version.to_string(),
        uid: fields.metadata.uid.clone(),
        generation: fields.metadata.generation,
        observed_generation: fields.status.observed_generation,
        conditions: fields.status.conditions.to_vec(),
    })
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

/// Writes one status, and tells whether conditions are kept: the definition of ExternalDNS v0.22 has none, and then the API server
/// drops them. Uses the verb `update` on `dnsendpoints/status`, as the Helm chart grants it.
///
/// # Errors
/// What the API server answered.
pub async fn write(client: &kube::Client, key: &Key, standing: &Standing) -> Result<bool, StatusError> {
    let kind = GroupVersionKind::gvk(KIND.group, KIND.version, KIND.kind);
    let resource = ApiResource::from_gvk_with_plural(&kind, KIND.plural);
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &key.namespace, &resource);
    let mut object = DynamicObject::new(&key.name, &resource);
    object.metadata.namespace = Some(key.namespace.to_string());
    object.metadata.resource_version = Some(standing.resource_version.clone());
    let mut status = json!({"observedGeneration": standing.observed_generation});
    if !standing.conditions.is_empty() {
        status["conditions"] = json!(standing.conditions);
    }
    object.data = json!({"status": status});
    let written = api.replace_status(&key.name, &PostParams::default(), &object).await?;
    Ok(written.data["status"]["conditions"].is_array())
}
