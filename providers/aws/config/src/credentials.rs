//! From flags and environment to a client: region, credentials, connection.
//!
//! The SDK reads what ExternalDNS reads: `AWS_REGION`, `AWS_ACCESS_KEY_ID` and its siblings, `AWS_SHARED_CREDENTIALS_FILE`,
//! `AWS_CONFIG_FILE`, `AWS_PROFILE`, `AWS_WEB_IDENTITY_TOKEN_FILE` with `AWS_ROLE_ARN` (IRSA),
//! `AWS_CONTAINER_CREDENTIALS_FULL_URI` (Pod Identity), instance metadata, `AWS_ENDPOINT_URL` and its siblings by service
//! (`AWS_ENDPOINT_URL_ROUTE_53`), and the usual proxy variables. Single sign-on is left out: it is for people, and brings two more clients.

use crate::connection::{budgeted, http_client};
use crate::errors::{credentials_hint, of_causes};
use crate::recording::recorded;
use crate::{Access, Service};
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use secrecy::ExposeSecret;
use std::time::Duration;
use zonewright_provider_kit::{ErrorClass, ProviderError, RequestBudget};

/// How long connecting may take, and waiting for an answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// What the SDK calls the profile of the flag when it says where it has looked.
pub(crate) const OF_PROFILE: &str = "--aws-profile";

/// What AWS logs show beside the role.
const SESSION_NAME: &str = "zonewright";

/// What the clients of a service are made of, for one profile or for the default chain. Region and files are read; nothing is asked
/// of the service. Whatever is asked with it waits for its turn in the budget, and is told of.
///
/// # Errors
/// When no region is set.
pub async fn connect(
    service: &Service,
    access: &Access,
    profile: Option<&str>,
    budget: RequestBudget,
) -> Result<SdkConfig, ProviderError> {
    let http = http_client();
    let config = load(service, access, profile, None, &http).await?;
    let http = budgeted(recorded(http, access.recorder.clone()), budget);
    Ok(config.into_builder().http_client(http).build())
}

/// The configuration of a client for another service of AWS (a registry's), with the credentials of `access` but for its profiles,
/// which ExternalDNS keeps for zones. `region` counts more than that of the environment.
///
/// # Errors
/// When no region is known.
pub async fn sdk_config(
    service: &Service,
    access: &Access,
    region: Option<&str>,
) -> Result<SdkConfig, ProviderError> {
    let http = http_client();
    let config = load(service, access, None, region, &http).await?;
    Ok(config.into_builder().http_client(recorded(http, access.recorder.clone())).build())
}

async fn load(
    service: &Service,
    access: &Access,
    profile: Option<&str>,
    region: Option<&str>,
    http: &SharedHttpClient,
) -> Result<SdkConfig, ProviderError> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .retry_config(retries(access.attempts))
        .timeout_config(timeouts());
    if let Ok(name) = AppName::new(SESSION_NAME) {
        loader = loader.app_name(name);
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    let mut config = loader.load().await;
    let Some(region) = config.region().cloned() else { return Err(no_region(service, profile)) };
    if let Some(profile) = profile {
        let provider =
            ProviderConfig::without_region().with_http_client(http.clone()).with_region(Some(region));
        let provider = SharedCredentialsProvider::new(of_profile(profile, &provider));
        config = config.into_builder().credentials_provider(provider).build();
    }
    if let Some(role) = &access.assume_role {
        config = assume(config, role, access).await;
    }
    Ok(config)
}

fn no_region(service: &Service, profile: Option<&str>) -> ProviderError {
    let whose = profile.map(|profile| format!(" of profile {profile}")).unwrap_or_default();
    let which = service.region;
    ProviderError::new(
        ErrorClass::Auth,
        format!("the AWS region{whose} is not known: set AWS_REGION ({which}), or region in the profile"),
    )
}

/// Credentials of a profile and of nothing else; where it has none of its own, those of the machine, as the SDK for Go does it.
fn of_profile(profile: &str, provider: &ProviderConfig) -> CredentialsProviderChain {
    let of_file = ProfileFileCredentialsProvider::builder().configure(provider).profile_name(profile).build();
    CredentialsProviderChain::first_try(OF_PROFILE, of_file)
        .or_else("Container", EcsCredentialsProvider::builder().configure(provider).build())
        .or_else("InstanceMetadata", ImdsCredentialsProvider::builder().configure(provider).build())
}

async fn assume(config: SdkConfig, role: &str, access: &Access) -> SdkConfig {
    let mut provider = AssumeRoleProvider::builder(role).session_name(SESSION_NAME).configure(&config);
    if let Some(external_id) = &access.external_id {
        provider = provider.external_id(external_id.expose_secret());
    }
    // With the credentials of the configuration.
    let provider = match config.credentials_provider() {
        Some(base) => provider.build_from_provider(base).await,
        None => provider.build().await,
    };
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

fn retries(attempts: u32) -> RetryConfig {
    let attempts = if attempts == 0 { u32::MAX } else { attempts };
    RetryConfig::standard().with_max_attempts(attempts)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).build()
}

/// A client of a service, and what it takes its credentials from.
#[derive(Debug)]
pub struct Connection<C> {
    /// The client.
    pub client: C,
    /// `None` where no source of credentials is configured.
    pub credentials: Option<SharedCredentialsProvider>,
}

impl<C> Connection<C> {
    /// A connection of what [`connect`] has found.
    pub fn new(config: &SdkConfig, client: impl FnOnce(&SdkConfig) -> C) -> Self {
        Self { client: client(config), credentials: config.credentials_provider() }
    }

    /// Looks for credentials.
    ///
    /// # Errors
    /// Why there are none, and what would help.
    pub async fn check(&self) -> Result<(), ProviderError> {
        let missing = |why: &str, hint: &str| {
            ProviderError::new(ErrorClass::Auth, format!("no AWS credentials: {why}; {hint}"))
        };
        let Some(credentials) = &self.credentials else {
            return Err(missing("no source of them is configured", credentials_hint("")));
        };
        match credentials.provide_credentials().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let text = of_causes(&error);
                Err(missing(&text, credentials_hint(&text)))
            }
        }
    }
}
