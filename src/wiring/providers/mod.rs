//! `--provider` becomes a provider; how each is made of the flags that are for it has a room of its own.

#[cfg(any(feature = "aws", feature = "aws-sd", feature = "dynamodb"))]
pub(super) mod aws;
#[cfg(feature = "azure")]
mod azure;
#[cfg(feature = "aws-sd")]
mod cloud_map;
#[cfg(feature = "cloudflare")]
mod cloudflare;
#[cfg(feature = "rfc2136")]
mod rfc2136;
#[cfg(feature = "aws")]
mod route53;

use super::StartError;
use crate::cli::{Config, ProviderName};
use std::sync::Arc;
use zonewright_provider_inmemory::{InMemory, InMemoryConfig};
use zonewright_provider_kit::{ProviderError, ReadZones, RequestRecorder, WriteZone};
use zonewright_provider_webhook::{self as webhook, Webhook, WebhookConfig, WebhookStats};

/// Whether this program was built with a provider.
pub fn has_provider(name: ProviderName) -> bool {
    let is_always_there = matches!(name, ProviderName::InMemory | ProviderName::Webhook);
    is_always_there
        || (name == ProviderName::Aws && cfg!(feature = "aws"))
        || (name == ProviderName::AwsSd && cfg!(feature = "aws-sd"))
        || (is_azure(name) && cfg!(feature = "azure"))
        || (name == ProviderName::Cloudflare && cfg!(feature = "cloudflare"))
        || (name == ProviderName::Rfc2136 && cfg!(feature = "rfc2136"))
}

/// Azure DNS goes by two names.
fn is_azure(name: ProviderName) -> bool {
    matches!(name, ProviderName::Azure | ProviderName::AzureDns | ProviderName::AzurePrivateDns)
}

/// A provider, and what belongs to it alone.
pub struct Provider {
    /// Reads.
    pub reader: Arc<dyn ReadZones>,
    /// Writes.
    pub writer: Arc<dyn WriteZone>,
    /// The webhook client, to negotiate with before a single run.
    pub webhook: Option<Webhook>,
    #[cfg(feature = "aws")]
    aws: Option<zonewright_provider_aws::Route53>,
    #[cfg(feature = "aws-sd")]
    cloud_map: Option<zonewright_provider_aws_sd::CloudMap>,
    #[cfg(feature = "azure")]
    azure: Option<zonewright_provider_azure::Azure>,
    #[cfg(feature = "cloudflare")]
    cloudflare: Option<zonewright_provider_cloudflare::Cloudflare>,
}

impl Provider {
    fn new(reader: impl ReadZones + 'static, writer: impl WriteZone + 'static) -> Self {
        Self {
            reader: Arc::new(reader),
            writer: Arc::new(writer),
            webhook: None,
            #[cfg(feature = "aws")]
            aws: None,
            #[cfg(feature = "aws-sd")]
            cloud_map: None,
            #[cfg(feature = "azure")]
            azure: None,
            #[cfg(feature = "cloudflare")]
            cloudflare: None,
        }
    }

    /// What can be said before anything is asked of the service: that there are no credentials, say. None of it is final, so that
    /// nothing ends because of it.
    pub async fn check(&self) -> Vec<ProviderError> {
        #[cfg(feature = "aws")]
        if let Some(aws) = &self.aws {
            return aws.check().await;
        }
        #[cfg(feature = "aws-sd")]
        if let Some(cloud_map) = &self.cloud_map {
            return cloud_map.check().await.err().into_iter().collect();
        }
        #[cfg(feature = "azure")]
        if let Some(azure) = &self.azure {
            return azure.check().await.err().into_iter().collect();
        }
        #[cfg(feature = "cloudflare")]
        if let Some(cloudflare) = &self.cloudflare {
            return cloudflare.check().await.err().into_iter().collect();
        }
        Vec::new()
    }

    /// The counters of the webhook client.
    pub fn webhook_stats(&self) -> Option<Arc<WebhookStats>> {
        self.webhook.as_ref().map(Webhook::stats)
    }
}

/// Who is told of every request to the provider over HTTP.
#[derive(Default)]
pub struct ProviderRecorders {
    /// Of those of the webhook protocol.
    pub webhook: Option<webhook::RequestRecorder>,
    /// Of those of all other providers.
    #[cfg_attr(
        not(any(
            feature = "aws",
            feature = "aws-sd",
            feature = "azure",
            feature = "cloudflare",
            feature = "dynamodb"
        )),
        expect(dead_code, reason = "nobody else is built in")
    )]
    pub others: RequestRecorder,
}

/// Makes the provider. Nothing is asked of it yet.
///
/// # Errors
/// When its settings cannot work.
pub fn provider(config: &Config, recorders: &ProviderRecorders) -> Result<Provider, StartError> {
    match config.providers.general.name {
        ProviderName::InMemory => {
            let settings = InMemoryConfig {
                zones: config.providers.inmemory.zones.clone(),
                records: config.own.inmemory_records.clone(),
            };
            let provider = InMemory::open(&settings).map_err(StartError::of)?;
            Ok(Provider::new(provider.reader(), provider.writer()))
        }
        ProviderName::Webhook => {
            let settings = &config.providers.webhook;
            let settings = WebhookConfig {
                url: settings.url.clone(),
                read_timeout: settings.read_timeout,
                write_timeout: settings.write_timeout,
                max_body_size: settings.max_body_size.map_or(0, |limit| i64::try_from(limit).unwrap_or(0)),
                max_changes: settings.max_changes,
                // The protocol declares no limit, so there is only what the operator knows.
                requests_per_second: config.own.provider_requests_per_second,
            };
            let webhook = Webhook::recorded(&settings, recorders.webhook.clone()).map_err(StartError::of)?;
            let provider = Provider::new(webhook.reader(), webhook.writer());
            Ok(Provider { webhook: Some(webhook), ..provider })
        }
        #[cfg(feature = "aws")]
        ProviderName::Aws => {
            let aws = zonewright_provider_aws::Route53::new(route53::config(config, recorders)?);
            Ok(Provider { aws: Some(aws.clone()), ..Provider::new(aws.reader(), aws.writer()) })
        }
        #[cfg(feature = "aws-sd")]
        ProviderName::AwsSd => {
            let cloud_map = zonewright_provider_aws_sd::CloudMap::new(cloud_map::config(config, recorders)?);
            let provider = Provider::new(cloud_map.reader(), cloud_map.writer());
            Ok(Provider { cloud_map: Some(cloud_map), ..provider })
        }
        #[cfg(feature = "azure")]
        name if is_azure(name) => {
            let settings = azure::config(config, recorders)?;
            let azure = zonewright_provider_azure::Azure::new(settings).map_err(StartError::of)?;
            Ok(Provider { azure: Some(azure.clone()), ..Provider::new(azure.reader(), azure.writer()) })
        }
        #[cfg(feature = "cloudflare")]
        ProviderName::Cloudflare => {
            use zonewright_provider_cloudflare::Cloudflare;
            let cloudflare =
                Cloudflare::new(cloudflare::config(config, recorders)?).map_err(StartError::of)?;
            let provider = Provider::new(cloudflare.reader(), cloudflare.writer());
            Ok(Provider { cloudflare: Some(cloudflare), ..provider })
        }
        #[cfg(feature = "rfc2136")]
        ProviderName::Rfc2136 => {
            use zonewright_provider_rfc2136::Rfc2136;
            let rfc2136 = Rfc2136::new(rfc2136::config(config)?).map_err(StartError::of)?;
            Ok(Provider::new(rfc2136.reader(), rfc2136.writer()))
        }
        other => Err(StartError(format!("--provider={other} is not part of this version"))),
    }
}
