//! Who we are to Azure, and how that is told to those who give out tokens.

use crate::cloud::Cloud;
use crate::config::Environment;
use crate::file::Fields;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use zonewright_provider_http::{
    ExposeSecret, Method, Request, Secret, SecretSource, SecretString, Url, below, is_this_machine,
};
use zonewright_provider_kit::ProviderError;

/// The identity that the file selects.
#[derive(Debug, Clone)]
pub(crate) enum Identity {
    /// A service principal with a secret.
    Principal { tenant: String, client_id: String, secret: SecretString, authority: Url },
    /// A workload identity: the token of a service account stands for it.
    Workload { tenant: String, client_id: String, token: Arc<Secret>, file: PathBuf, authority: Url },
    /// A managed identity: whoever is on the machine may have its tokens.
    Managed { which: Managed, endpoint: Endpoint },
}

/// Which of the machine's managed identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Managed {
    /// The one that comes with the machine.
    System,
    /// One with a client id.
    ClientId(String),
    /// One with a resource id.
    ResourceId(String),
}

/// Who gives out the tokens of managed identities.
#[derive(Debug, Clone)]
pub(crate) enum Endpoint {
    /// App Service, Container Apps and others that set `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`.
    Local { url: Url, header: SecretString },
    /// Instance metadata of a virtual machine.
    Metadata(Url),
}

/// Why it cannot be said who we are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MissingIdentity {
    /// Nothing is said at all.
    #[error(
        "it has no credentials: neither aadClientId with aadClientSecret, nor useWorkloadIdentityExtension, nor \
         useManagedIdentityExtension"
    )]
    Nothing,
    /// Something is missing to what was selected.
    #[error("{identity} needs {what}")]
    Part {
        /// What was selected.
        identity: &'static str,
        /// Where the missing part can be put.
        what: &'static str,
    },
    /// An address in the environment cannot be used.
    #[error("{variable} cannot be used: {reason}")]
    Address {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// Instance metadata is at this address on every virtual machine.
const METADATA: &str = "http://169.254.169.254";

impl Identity {
    /// The first that the file names: service principal, workload identity, managed identity. So does ExternalDNS.
    pub(crate) fn of(
        fields: &Fields,
        cloud: &Cloud,
        environment: &Environment,
    ) -> Result<Self, MissingIdentity> {
        let secret = fields.client_secret.expose_secret();
        if is_given(&fields.client_id) && is_given(secret) {
            if fields.tenant_id.is_empty() {
                return Err(part("a service principal", "tenantId"));
            }
            return Ok(Self::Principal {
                tenant: fields.tenant_id.clone(),
                client_id: fields.client_id.clone(),
                secret: fields.client_secret.clone(),
                authority: cloud.authority.clone(),
            });
        }
        if fields.use_workload_identity {
            return Self::workload(fields, cloud, environment);
        }
        if fields.use_managed_identity {
            return Self::managed(fields, environment);
        }
        Err(MissingIdentity::Nothing)
    }

    fn workload(fields: &Fields, cloud: &Cloud, environment: &Environment) -> Result<Self, MissingIdentity> {
        const IDENTITY: &str = "useWorkloadIdentityExtension";
        let either = |field: &str, variable: &Option<String>, what| {
            let given = Some(field).filter(|field| is_given(field)).map(str::to_owned);
            given.or_else(|| variable.clone()).ok_or(part(IDENTITY, what))
        };
        let file = environment.federated_token_file.clone().ok_or(part(
            IDENTITY,
            "AZURE_FEDERATED_TOKEN_FILE, which AKS sets on Pods with the label azure.workload.identity/use: \"true\"",
        ))?;
        let authority = match &environment.authority_host {
            Some(host) if !cloud.is_own => address("AZURE_AUTHORITY_HOST", host)?,
            _ => cloud.authority.clone(),
        };
        Ok(Self::Workload {
            tenant: either(&fields.tenant_id, &environment.tenant_id, "tenantId or AZURE_TENANT_ID")?,
            client_id: either(&fields.client_id, &environment.client_id, "aadClientId or AZURE_CLIENT_ID")?,
            token: Arc::new(Secret::new("AZURE_FEDERATED_TOKEN_FILE", SecretSource::File(file.clone()))),
            file,
            authority,
        })
    }

    fn managed(fields: &Fields, environment: &Environment) -> Result<Self, MissingIdentity> {
        let which = match fields.user_assigned_identity.as_str() {
            "" => Managed::System,
            id if id.starts_with('/') => Managed::ResourceId(id.to_owned()),
            id => Managed::ClientId(id.to_owned()),
        };
        let endpoint = match (&environment.identity_endpoint, &environment.identity_header) {
            (Some(url), Some(header)) => {
                Endpoint::Local { url: address("IDENTITY_ENDPOINT", url)?, header: header.as_str().into() }
            }
            _ => {
                let host = environment.metadata_host.as_deref().unwrap_or(METADATA);
                Endpoint::Metadata(address("AZURE_POD_IDENTITY_AUTHORITY_HOST", host)?)
            }
        };
        Ok(Self::Managed { which, endpoint })
    }

    /// Whom to ask for a token.
    pub(crate) fn address(&self) -> &Url {
        match self {
            Self::Principal { authority, .. } | Self::Workload { authority, .. } => authority,
            Self::Managed { endpoint: Endpoint::Local { url, .. } | Endpoint::Metadata(url), .. } => url,
        }
    }

    /// What to ask for a token for an audience.
    pub(crate) async fn request(&self, audience: &str) -> Result<Request, ProviderError> {
        let what = format!("Azure: getting a token for {self}");
        match self {
            Self::Principal { tenant, client_id, secret, authority } => {
                let fields = [
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id),
                    ("client_secret", secret.expose_secret()),
                    ("scope", &scope(audience)),
                ];
                Ok(form(what, token_url(authority, tenant), &fields).with_secret(secret.expose_secret()))
            }
            Self::Workload { tenant, client_id, token, authority, .. } => {
                let assertion = token.get().await;
                let assertion = assertion
                    .map_err(|error| ProviderError::new(error.class(), format!("{what}: {error}")))?;
                let fields = [
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id),
                    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                    ("client_assertion", assertion.expose_secret()),
                    ("scope", &scope(audience)),
                ];
                Ok(form(what, token_url(authority, tenant), &fields).with_secret(assertion.expose_secret()))
            }
            Self::Managed { which, endpoint } => endpoint.request(what, which, audience),
        }
    }

    /// What may help when no token is to be had.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::Principal { .. } => {
                "check tenantId, aadClientId and aadClientSecret, and whether the secret has expired"
            }
            Self::Workload { .. } => {
                "check client and tenant id, and that the identity has a federated credential for this service account"
            }
            Self::Managed { which: Managed::System, .. } => {
                "check that the machine has a system-assigned identity; if it has user-assigned ones, choose one by \
                 --azure-user-assigned-identity-client-id or userAssignedIdentityID"
            }
            Self::Managed { .. } => "check that this identity is assigned to the machine",
        }
    }
}

/// What people read in messages.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal { tenant, client_id, .. } => {
                write!(f, "service principal {client_id} of tenant {tenant}")
            }
            Self::Workload { tenant, client_id, file, .. } => {
                write!(f, "workload identity {client_id} of tenant {tenant} (token in {})", file.display())
            }
            Self::Managed { which, endpoint } => {
                match which {
                    Managed::System => f.write_str("the system-assigned managed identity")?,
                    Managed::ClientId(id) => write!(f, "the managed identity with client id {id}")?,
                    Managed::ResourceId(id) => write!(f, "the managed identity {id}")?,
                }
                match endpoint {
                    Endpoint::Local { .. } => f.write_str(" (from IDENTITY_ENDPOINT)"),
                    Endpoint::Metadata(_) => f.write_str(" (from instance metadata)"),
                }
            }
        }
    }
}

impl Endpoint {
    fn request(&self, what: String, which: &Managed, audience: &str) -> Result<Request, ProviderError> {
        let (mut url, version, resource_id) = match self {
            Self::Local { url, .. } => (url.clone(), "2019-08-01", "mi_res_id"),
            Self::Metadata(host) => {
                (below(host, &["metadata", "identity", "oauth2", "token"]), "2018-02-01", "msi_res_id")
            }
        };
        let mut query = url.query_pairs_mut();
        query.append_pair("api-version", version).append_pair("resource", audience);
        match which {
            Managed::System => {}
            Managed::ClientId(id) => drop(query.append_pair("client_id", id)),
            Managed::ResourceId(id) => drop(query.append_pair(resource_id, id)),
        }
        drop(query);
        let request = Request::new("GetToken", what, Method::GET, url).that_brings_secrets();
        match self {
            Self::Local { header, .. } => request.secret_header("x-identity-header", header.expose_secret()),
            Self::Metadata(_) => request.header("metadata", "true"),
        }
    }
}

/// Some clusters write `msi` where a service principal would stand, to say that there is none.
fn is_given(value: &str) -> bool {
    !value.is_empty() && !value.eq_ignore_ascii_case("msi")
}

fn part(identity: &'static str, what: &'static str) -> MissingIdentity {
    MissingIdentity::Part { identity, what }
}

/// HTTPS, or plain HTTP that does not leave the machine: loopback, and the link-local addresses at which machines find out about
/// themselves.
fn address(variable: &'static str, text: &str) -> Result<Url, MissingIdentity> {
    let wrong = |reason: String| MissingIdentity::Address { variable, reason };
    let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
    let is_link_local = url.host_str().and_then(|host| host.parse::<std::net::Ipv4Addr>().ok());
    let stays_here = is_this_machine(&url) || is_link_local.is_some_and(|address| address.is_link_local());
    match url.scheme() {
        "https" => Ok(url),
        "http" if stays_here => Ok(url),
        _ => Err(wrong("it is neither https:// nor on this machine".to_owned())),
    }
}

/// <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow>. AD FS has no tenants and no versions.
fn token_url(authority: &Url, tenant: &str) -> Url {
    match tenant.eq_ignore_ascii_case("adfs") {
        true => below(authority, &["adfs", "oauth2", "token"]),
        false => below(authority, &[tenant, "oauth2", "v2.0", "token"]),
    }
}

fn scope(audience: &str) -> String {
    format!("{audience}/.default")
}

fn form(what: String, url: Url, fields: &[(&str, &str)]) -> Request {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Request::new("GetToken", what, Method::POST, url)
        .that_brings_secrets()
        .body("application/x-www-form-urlencoded", body.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::CloudFields;
    use rstest::rstest;

    fn cloud(name: &str) -> Cloud {
        let (authority, endpoint, audience) = ("https://own/", "https://manager/", "https://audience");
        Cloud::of(&CloudFields { name, authority, endpoint, audience }).unwrap()
    }

    fn workload() -> Fields {
        Fields { use_workload_identity: true, ..Fields::default() }
    }

    fn environment() -> Environment {
        Environment {
            tenant_id: Some("t".to_owned()),
            client_id: Some("c".to_owned()),
            federated_token_file: Some("/token".into()),
            ..Environment::default()
        }
    }

    /// `AZURE_AUTHORITY_HOST` is that of the cluster's cloud; only a cloud whose addresses stand in the file knows better.
    #[rstest]
    #[case("", None, "https://login.microsoftonline.com/t/oauth2/v2.0/token")]
    #[case("AzureChinaCloud", None, "https://login.chinacloudapi.cn/t/oauth2/v2.0/token")]
    #[case(
        "",
        Some("https://login.microsoftonline.us/"),
        "https://login.microsoftonline.us/t/oauth2/v2.0/token"
    )]
    #[case("AzureStackCloud", Some("https://login.microsoftonline.us/"), "https://own/t/oauth2/v2.0/token")]
    fn authorities(#[case] name: &str, #[case] host: Option<&str>, #[case] expected: &str) {
        let environment = Environment { authority_host: host.map(str::to_owned), ..environment() };
        let identity = Identity::of(&workload(), &cloud(name), &environment).unwrap();
        assert_eq!(token_url(identity.address(), "t").as_str(), expected);
    }

    #[test]
    fn the_file_stands_above_the_environment() {
        let fields = Fields { tenant_id: "x".to_owned(), client_id: "msi".to_owned(), ..workload() };
        let identity = Identity::of(&fields, &cloud(""), &environment()).unwrap();
        assert_eq!(identity.to_string(), "workload identity c of tenant x (token in /token)");
    }

    #[test]
    fn what_is_missing_is_said() {
        let missing = |fields: &Fields, environment: &Environment| {
            Identity::of(fields, &cloud(""), environment).unwrap_err().to_string()
        };
        let without = |change: fn(&mut Environment)| {
            let mut environment = environment();
            change(&mut environment);
            missing(&workload(), &environment)
        };
        assert!(without(|e| e.tenant_id = None).contains("tenantId or AZURE_TENANT_ID"));
        assert!(without(|e| e.client_id = None).contains("aadClientId or AZURE_CLIENT_ID"));
        assert!(without(|e| e.federated_token_file = None).contains("AZURE_FEDERATED_TOKEN_FILE"));
        assert!(
            without(|e| e.authority_host = Some("http://192.0.2.1".to_owned()))
                .contains("AZURE_AUTHORITY_HOST")
        );
        assert!(missing(&Fields::default(), &environment()).contains("no credentials"));
    }

    /// Plain HTTP is for what never leaves the machine.
    #[rstest]
    #[case("http://169.254.169.254", true)]
    #[case("http://127.0.0.1:41741/msi/token", true)]
    #[case("https://identity.example/", true)]
    #[case("http://192.0.2.1/", false)]
    #[case("169.254.169.254", false)]
    fn identity_endpoints(#[case] url: &str, #[case] expected: bool) {
        assert_eq!(address("IDENTITY_ENDPOINT", url).is_ok(), expected);
    }

    #[test]
    fn ad_fs_has_no_tenants() {
        let url = Url::parse("https://adfs.local/").unwrap();
        assert_eq!(token_url(&url, "ADFS").as_str(), "https://adfs.local/adfs/oauth2/token");
    }

    #[test]
    fn secrets_are_not_shown() {
        let fields = Fields {
            tenant_id: "t".to_owned(),
            client_id: "c".to_owned(),
            client_secret: "canary".to_owned().into(),
            ..Fields::default()
        };
        let identity = Identity::of(&fields, &cloud(""), &Environment::default()).unwrap();
        assert!(!format!("{identity:?} {identity}").contains("canary"));
    }
}
