//! `azure.json`: subscription, resource group, cloud, and who we are.
//!
//! The file is that of the Azure cloud provider of Kubernetes, so that it has many more fields than are read here. As in Go, where it
//! comes from, upper and lower case of field names are the same, and `null` is like nothing.

use crate::cloud::{Cloud, CloudFields};
use crate::config::AzureConfig;
use crate::identity::{Identity, MissingIdentity};
use serde_json::{Map, Value};
use std::path::PathBuf;
use zonewright_provider_http::SecretString;
use zonewright_provider_kit::ProviderError;
use zonewright_provider_kit::files::{SMALL, read_text};

/// Everything that the file, flags above it and the environment say together.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) cloud: Cloud,
    pub(crate) subscription: String,
    pub(crate) resource_group: String,
    pub(crate) identity: Identity,
}

/// Why nothing can begin. The message names the file and, if it is about one, the field.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("--azure-config-file: {0} cannot be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// It is not JSON.
    #[error("--azure-config-file: {0} is not JSON: {1}")]
    NotJson(PathBuf, serde_json::Error),
    /// It is JSON, but not an object.
    #[error("--azure-config-file: {0} does not hold a JSON object")]
    NotAnObject(PathBuf),
    /// One of its fields makes no sense.
    #[error("--azure-config-file: {file}: field {field}: {reason}")]
    Field {
        /// The file.
        file: PathBuf,
        /// The field as it is spelled in the documentation.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// There can be no connection.
    #[error("Azure: {0}")]
    Connection(ProviderError),
    /// It says nothing about who we are.
    #[error("--azure-config-file: {0}: {1}")]
    Identity(PathBuf, MissingIdentity),
}

/// The fields that are read, text and switches apart.
#[derive(Default)]
pub(crate) struct Fields {
    pub(crate) cloud: String,
    pub(crate) tenant_id: String,
    pub(crate) subscription_id: String,
    pub(crate) resource_group: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretString,
    pub(crate) use_workload_identity: bool,
    pub(crate) use_managed_identity: bool,
    pub(crate) user_assigned_identity: String,
    pub(crate) authority: String,
    pub(crate) audience: String,
    pub(crate) endpoint: String,
}

impl Settings {
    /// Reads the file as it is now.
    pub(crate) fn read(config: &AzureConfig) -> Result<Self, FileError> {
        let path = &config.file;
        let text = read_text(path, SMALL).map_err(|error| FileError::Unreadable(path.clone(), error))?;
        Self::parse(text.as_bytes(), config)
    }

    fn parse(text: &[u8], config: &AzureConfig) -> Result<Self, FileError> {
        let AzureConfig { file: path, overrides, environment, .. } = config;
        let field = |field, reason: String| FileError::Field { file: path.clone(), field, reason };
        let document: Value =
            serde_json::from_slice(text).map_err(|error| FileError::NotJson(path.clone(), error))?;
        let Value::Object(document) = document else { return Err(FileError::NotAnObject(path.clone())) };
        let mut fields = Fields::of(&document).map_err(|(name, reason)| field(name, reason))?;
        let replace = |place: &mut String, by: &Option<String>| {
            if let Some(by) = by {
                place.clone_from(by);
            }
        };
        replace(&mut fields.subscription_id, &overrides.subscription_id);
        replace(&mut fields.resource_group, &overrides.resource_group);
        replace(&mut fields.user_assigned_identity, &overrides.user_assigned_identity);

        let cloud = Cloud::of(&CloudFields {
            name: &fields.cloud,
            authority: &fields.authority,
            endpoint: &fields.endpoint,
            audience: &fields.audience,
        });
        let cloud = cloud.map_err(|error| field(error.field, error.reason))?;
        let identity = Identity::of(&fields, &cloud, environment)
            .map_err(|error| FileError::Identity(path.clone(), error))?;
        if config.zones.needs_a_list() {
            let needed = |value: &str, name, flag| match value {
                "" => Err(field(name, format!("it is not there, and neither is {flag}"))),
                _ => Ok(()),
            };
            needed(&fields.subscription_id, "subscriptionId", "--azure-subscription-id")?;
            needed(&fields.resource_group, "resourceGroup", "--azure-resource-group")?;
        }
        Ok(Self {
            cloud,
            subscription: fields.subscription_id,
            resource_group: fields.resource_group,
            identity,
        })
    }
}

impl Fields {
    fn of(document: &Map<String, Value>) -> Result<Self, (&'static str, String)> {
        let find = |name: &str| {
            // The last one counts, as in Go.
            let mut same = document.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
            same.next_back().map(|(_, value)| value)
        };
        let text = |name: &'static str| match find(name) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.trim().to_owned()),
            Some(other) => Err((name, format!("it has to be a text, and is {}", kind(other)))),
        };
        let switch = |name: &'static str| match find(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(other) => Err((name, format!("it has to be true or false, and is {}", kind(other)))),
        };
        // Known, checked, and of no use, as in ExternalDNS.
        text("location")?;
        Ok(Self {
            cloud: text("cloud")?,
            tenant_id: text("tenantId")?,
            subscription_id: text("subscriptionId")?,
            resource_group: text("resourceGroup")?,
            client_id: text("aadClientId")?,
            client_secret: text("aadClientSecret")?.into(),
            use_workload_identity: switch("useWorkloadIdentityExtension")?,
            use_managed_identity: switch("useManagedIdentityExtension")?,
            user_assigned_identity: text("userAssignedIdentityID")?,
            authority: text("activeDirectoryAuthorityHost")?,
            audience: text("resourceManagerAudience")?,
            endpoint: text("resourceManagerEndpoint")?,
        })
    }
}

/// What a value is, without the value: it might be a secret in the wrong place.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
