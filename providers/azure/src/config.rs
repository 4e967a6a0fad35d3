//! What flags and environment say, already checked.

use crate::place::Place;
use std::path::PathBuf;
use std::time::Duration;
use zonewright_planner::DomainFilter;
use zonewright_provider_kit::RequestRecorder;

/// Which of the two services holds the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Azure DNS: `--provider=azure`, `--provider=azure-dns`.
    Public,
    /// Azure Private DNS: `--provider=azure-private-dns`.
    Private,
}

impl Service {
    /// The built-in role that may do everything that is done here.
    pub(crate) fn role(self) -> &'static str {
        match self {
            Self::Public => "DNS Zone Contributor",
            Self::Private => "Private DNS Zone Contributor",
        }
    }
}

/// Which zones are managed.
#[derive(Debug, Clone)]
pub struct ZoneFilter {
    /// `--domain-filter` and its siblings, tested against the names of zones.
    pub domains: DomainFilter,
    /// `--zone-id-filter`: a resource id passes that ends in one of these; none for all. One that is a whole resource id of a zone
    /// names that zone, wherever it is.
    pub ids: Vec<String>,
    /// `--zone-name-filter`: zones of these names pass, whatever the others say; `None` for no such.
    pub names: Option<DomainFilter>,
}

impl ZoneFilter {
    /// Whether zones of the resource group may pass that are not named by their whole id.
    pub(crate) fn needs_a_list(&self) -> bool {
        let mut ids = self.ids.iter().filter(|id| !id.is_empty()).peekable();
        self.names.is_some() || ids.peek().is_none() || ids.any(|id| Place::parse(id).is_none())
    }
}

/// The environment variables that Azure's own clients read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `AZURE_TENANT_ID`.
    pub tenant_id: Option<String>,
    /// `AZURE_CLIENT_ID`.
    pub client_id: Option<String>,
    /// `AZURE_FEDERATED_TOKEN_FILE`.
    pub federated_token_file: Option<PathBuf>,
    /// `AZURE_AUTHORITY_HOST`.
    pub authority_host: Option<String>,
    /// `IDENTITY_ENDPOINT`.
    pub identity_endpoint: Option<String>,
    /// `IDENTITY_HEADER`.
    pub identity_header: Option<String>,
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST`: where instance metadata is, instead of at `http://169.254.169.254`.
    pub metadata_host: Option<String>,
}

impl Environment {
    /// Reads variables through a function. Empty ones are like absent ones.
    pub fn read(read: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name| read(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        Self {
            tenant_id: get("AZURE_TENANT_ID"),
            client_id: get("AZURE_CLIENT_ID"),
            federated_token_file: get("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from),
            authority_host: get("AZURE_AUTHORITY_HOST"),
            identity_endpoint: get("IDENTITY_ENDPOINT"),
            identity_header: get("IDENTITY_HEADER"),
            metadata_host: get("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
        }
    }
}

/// What flags put in the place of what the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--azure-resource-group`.
    pub resource_group: Option<String>,
    /// `--azure-subscription-id`.
    pub subscription_id: Option<String>,
    /// `--azure-user-assigned-identity-client-id`.
    pub user_assigned_identity: Option<String>,
}

/// Settings of the provider.
#[derive(Debug, Clone)]
pub struct AzureConfig {
    /// Public or private zones.
    pub service: Service,
    /// `--azure-config-file`.
    pub file: PathBuf,
    /// Flags that stand above the file.
    pub overrides: Overrides,
    /// What Azure's clients find in the environment.
    pub environment: Environment,
    /// Zones.
    pub zones: ZoneFilter,
    /// `--azure-zones-cache-duration`: how long a list of zones may be used again.
    pub zones_cache: Duration,
    /// `--azure-maxretries-count`: how often a request is tried again; as for Azure's clients 0 is the default of 3, and less is never.
    pub retries: i32,
    /// `--provider-requests-per-second`; `None` for as many as the service takes.
    pub requests_per_second: Option<f64>,
    /// Is told of every request.
    pub recorder: RequestRecorder,
}

/// What Azure's clients do when nothing is said.
const DEFAULT_RETRIES: u32 = 3;

impl AzureConfig {
    /// How often a request is tried again.
    pub(crate) fn retries(&self) -> u32 {
        match self.retries {
            0 => DEFAULT_RETRIES,
            times => u32::try_from(times).unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_are_like_absent_ones() {
        let environment = Environment::read(|name| match name {
            "AZURE_TENANT_ID" => Some(" t ".to_owned()),
            "AZURE_CLIENT_ID" => Some(String::new()),
            _ => None,
        });
        let expected = Environment { tenant_id: Some("t".to_owned()), ..Environment::default() };
        assert_eq!(environment, expected);
    }
}
