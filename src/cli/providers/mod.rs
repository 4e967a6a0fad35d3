//! The flags of each provider. One file per provider, or per family that shares its flags.

pub(super) mod alibaba;
pub(super) mod aws;
pub(super) mod azure;
pub(super) mod cloudflare;
pub(super) mod coredns;
pub(super) mod exoscale;
pub(super) mod general;
pub(super) mod godaddy;
pub(super) mod google;
pub(super) mod inmemory;
pub(super) mod ns1;
pub(super) mod oci;
pub(super) mod ovh;
pub(super) mod pdns;
pub(super) mod pihole;
pub(super) mod rfc2136;
pub(super) mod webhook;

use super::names::ProviderName;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

#[derive(Debug, Args)]
pub(super) struct ProvidersArgs {
    #[command(flatten)]
    pub(super) general: general::GeneralArgs,
    #[command(flatten)]
    alibaba: alibaba::AlibabaArgs,
    #[command(flatten)]
    aws: aws::AwsArgs,
    #[command(flatten)]
    azure: azure::AzureArgs,
    #[command(flatten)]
    cloudflare: cloudflare::CloudflareArgs,
    #[command(flatten)]
    coredns: coredns::CoreDnsArgs,
    #[command(flatten)]
    exoscale: exoscale::ExoscaleArgs,
    #[command(flatten)]
    godaddy: godaddy::GoDaddyArgs,
    #[command(flatten)]
    google: google::GoogleArgs,
    #[command(flatten)]
    inmemory: inmemory::InMemoryArgs,
    #[command(flatten)]
    ns1: ns1::Ns1Args,
    #[command(flatten)]
    oci: oci::OciArgs,
    #[command(flatten)]
    ovh: ovh::OvhArgs,
    #[command(flatten)]
    pdns: pdns::PdnsArgs,
    #[command(flatten)]
    pihole: pihole::PiholeArgs,
    #[command(flatten)]
    rfc2136: rfc2136::Rfc2136Args,
    #[command(flatten)]
    webhook: webhook::WebhookArgs,
}

/// The settings of all providers, each of which is handed only its own.
#[derive(Debug, Clone)]
pub struct ProvidersConfig {
    /// What concerns more than one provider, the choice among them included.
    pub general: general::GeneralConfig,
    /// Provider `alibabacloud`.
    pub alibaba: alibaba::AlibabaConfig,
    /// Providers `aws` and `aws-sd`, and registry `dynamodb`.
    pub aws: aws::AwsConfig,
    /// Providers `azure`, `azure-dns` and `azure-private-dns`.
    pub azure: azure::AzureConfig,
    /// Provider `cloudflare`.
    pub cloudflare: cloudflare::CloudflareConfig,
    /// Providers `coredns` and `skydns`.
    pub coredns: coredns::CoreDnsConfig,
    /// Provider `exoscale`.
    pub exoscale: exoscale::ExoscaleConfig,
    /// Provider `godaddy`.
    pub godaddy: godaddy::GoDaddyConfig,
    /// Provider `google`.
    pub google: google::GoogleConfig,
    /// Provider `inmemory`.
    pub inmemory: inmemory::InMemoryConfig,
    /// Provider `ns1`.
    pub ns1: ns1::Ns1Config,
    /// Provider `oci`.
    pub oci: oci::OciConfig,
    /// Provider `ovh`.
    pub ovh: ovh::OvhConfig,
    /// Provider `pdns`.
    pub pdns: pdns::PdnsConfig,
    /// Provider `pihole`.
    pub pihole: pihole::PiholeConfig,
    /// Provider `rfc2136`.
    pub rfc2136: rfc2136::Rfc2136Config,
    /// Provider `webhook`, and the server that offers a provider to others.
    pub webhook: webhook::WebhookConfig,
}

impl ProvidersArgs {
    /// What cannot be judged without knowing the provider is judged for `name` only, as in ExternalDNS.
    pub(super) fn check(
        self,
        name: ProviderName,
        warnings: &mut Vec<String>,
    ) -> Result<ProvidersConfig, String> {
        let Self {
            general,
            alibaba,
            aws,
            azure,
            cloudflare,
            coredns,
            exoscale,
            godaddy,
            google,
            inmemory,
            ns1,
            oci,
            ovh,
            pdns,
            pihole,
            rfc2136,
            webhook,
        } = self;
        Ok(ProvidersConfig {
            azure: azure.check(name)?,
            rfc2136: rfc2136.check(name, warnings)?,
            webhook: webhook.check(name)?,
            general: general.check(name),
            alibaba: alibaba.check(),
            aws: aws.check(),
            cloudflare: cloudflare.check(),
            coredns: coredns.check(),
            exoscale: exoscale.check(),
            godaddy: godaddy.check(),
            google: google.check(),
            inmemory: inmemory.check()?,
            ns1: ns1.check(),
            oci: oci.check(),
            ovh: ovh.check(),
            pdns: pdns.check(),
            pihole: pihole.check(),
        })
    }
}

/// A secret that was given.
fn given(secret: SecretString) -> Option<SecretString> {
    Some(secret).filter(|secret| !secret.expose_secret().is_empty())
}
