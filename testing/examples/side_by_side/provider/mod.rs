//! Where the records go, with a note of when they were all there and of how often it was called.

mod route53;
mod webhook;

use crate::Result;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What kind of provider the daemons write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Service {
    /// A webhook provider that takes little time of its own.
    Webhook,
    /// The Route 53 double, with one hosted zone; it does not limit the rate.
    Route53,
}

/// A running provider. It stops when this is dropped.
pub enum Provider {
    Webhook(webhook::Provider),
    Route53(route53::Provider),
}

/// How often each call was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Webhook: `GET /records`. Route 53: `ListHostedZones` and `ListResourceRecordSets`, page by page.
    pub lists: usize,
    /// Webhook: `POST /adjustendpoints`. Route 53 knows no such thing.
    pub adjusts: usize,
    /// Webhook: `POST /records`. Route 53: `ChangeResourceRecordSets`.
    pub writes: usize,
}

impl Calls {
    /// Those made since an earlier count.
    pub fn since(self, earlier: Calls) -> Calls {
        Calls {
            lists: self.lists - earlier.lists,
            adjusts: self.adjusts - earlier.adjusts,
            writes: self.writes - earlier.writes,
        }
    }
}

impl Provider {
    /// Starts without records.
    pub async fn start(service: Service) -> Result<Self> {
        Ok(match service {
            Service::Webhook => Self::Webhook(webhook::Provider::start().await?),
            Service::Route53 => Self::Route53(route53::Provider::start().await?),
        })
    }

    /// The flags that make a daemon use it.
    pub fn flags(&self) -> Vec<String> {
        match self {
            Self::Webhook(provider) => {
                vec!["--provider=webhook".to_owned(), format!("--webhook-provider-url={}", provider.url())]
            }
            Self::Route53(_) => {
                vec!["--provider=aws".to_owned(), "--aws-batch-change-interval=0s".to_owned()]
            }
        }
    }

    /// The environment for that.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Webhook(_) => Vec::new(),
            Self::Route53(provider) => vec![
                ("AWS_ENDPOINT_URL", provider.url()),
                ("AWS_REGION", "us-east-1".to_owned()),
                ("AWS_ACCESS_KEY_ID", "AKIATEST".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ],
        }
    }

    /// The calls so far.
    pub fn calls(&self) -> Calls {
        match self {
            Self::Webhook(provider) => provider.calls(),
            Self::Route53(provider) => provider.calls(),
        }
    }

    /// Waits from now on for these names to have records that look like this.
    pub fn expect(&mut self, wanted: HashMap<String, String>) {
        match self {
            Self::Webhook(provider) => provider.expect(wanted),
            Self::Route53(provider) => provider.expect(wanted),
        }
    }

    /// When the write arrived with which everything expected was there.
    pub async fn fulfilled(&mut self, patience: Duration) -> Result<Instant> {
        match self {
            Self::Webhook(provider) => provider.fulfilled(patience).await,
            Self::Route53(provider) => provider.fulfilled(patience).await,
        }
    }
}
