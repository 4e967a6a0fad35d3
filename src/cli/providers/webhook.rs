//! Provider `webhook`, and the server that offers a provider to others.

use crate::cli::names::ProviderName;
use crate::cli::values;
use clap::Args;
use std::num::NonZeroUsize;
use std::time::Duration;
use zonewright_provider_webhook::UrlText;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider webhook")]
pub(in crate::cli) struct WebhookArgs {
    /// URL of the webhook server
    #[arg(long, default_value = "http://localhost:8888", value_name = "URL")]
    webhook_provider_url: String,
    /// Longest time for reading an answer
    #[arg(long, default_value = "5s", value_parser = values::duration)]
    webhook_provider_read_timeout: Duration,
    /// Longest time for sending changes
    #[arg(long, default_value = "10s", value_parser = values::duration)]
    webhook_provider_write_timeout: Duration,
    /// Server: longest time for reading the header of a request
    #[arg(long, default_value = "5s", value_parser = values::duration)]
    webhook_provider_read_header_timeout: Duration,
    /// Server: how long an idle connection is kept
    #[arg(long, default_value = "30s", value_parser = values::duration)]
    webhook_provider_idle_timeout: Duration,
    /// Most bytes of a request or answer; 0 for no limit
    #[arg(long, default_value = "33554432", value_parser = values::int64, value_name = "BYTES")]
    webhook_provider_max_body_size: i64,
    /// Most changes of one request, ownership records not counted; 0 for all at once, as in ExternalDNS
    #[arg(long, default_value = "5000", value_name = "NUMBER")]
    webhook_provider_max_changes: u32,
    /// Serve the provider to others instead of running the loop
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    webhook_server: bool,
    /// Server: address and port that it listens on; whoever can reach it can change records
    #[arg(long, default_value = "127.0.0.1:8888", value_name = "HOST:PORT")]
    webhook_server_address: String,
}

/// Settings of the webhook protocol, both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookConfig {
    /// URL of the webhook server.
    pub url: UrlText,
    /// Longest time for reading an answer.
    pub read_timeout: Duration,
    /// Longest time for sending changes.
    pub write_timeout: Duration,
    /// Server: longest time for reading the header of a request.
    pub read_header_timeout: Duration,
    /// Server: how long an idle connection is kept.
    pub idle_timeout: Duration,
    /// Most bytes of a request or answer; `None` for no limit.
    pub max_body_size: Option<u64>,
    /// Most changes of one request; `None` for all at once.
    pub max_changes: Option<NonZeroUsize>,
    /// Whether to serve the provider to others.
    pub server: bool,
    /// Server: what it listens on; a port alone is one of every address of the machine.
    pub server_address: String,
}

impl WebhookArgs {
    pub(super) fn check(self, name: ProviderName) -> Result<WebhookConfig, String> {
        let Self {
            webhook_provider_url,
            webhook_provider_read_timeout,
            webhook_provider_write_timeout,
            webhook_provider_read_header_timeout,
            webhook_provider_idle_timeout,
            webhook_provider_max_body_size,
            webhook_provider_max_changes,
            webhook_server,
            webhook_server_address,
        } = self;
        check_url(name, &webhook_provider_url)?;
        Ok(WebhookConfig {
            url: UrlText(webhook_provider_url),
            read_timeout: webhook_provider_read_timeout,
            write_timeout: webhook_provider_write_timeout,
            read_header_timeout: webhook_provider_read_header_timeout,
            idle_timeout: webhook_provider_idle_timeout,
            max_body_size: u64::try_from(webhook_provider_max_body_size).ok().filter(|bytes| *bytes > 0),
            max_changes: usize::try_from(webhook_provider_max_changes).ok().and_then(NonZeroUsize::new),
            server: webhook_server,
            server_address: match webhook_server_address.strip_prefix(':') {
                Some(port) => format!("[::]:{port}"),
                None => webhook_server_address,
            },
        })
    }
}

/// ExternalDNS finds out about a URL it cannot use when it first calls it, and then says so obscurely.
fn check_url(name: ProviderName, url: &str) -> Result<(), String> {
    if name != ProviderName::Webhook {
        return Ok(());
    }
    match reqwest::Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => Ok(()),
        _ => Err(format!(
            "--webhook-provider-url={}: expected a URL such as http://localhost:8888",
            UrlText(url.to_owned())
        )),
    }
}
