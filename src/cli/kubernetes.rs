//! The connection to the API server.

use super::values;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(next_help_heading = "Kubernetes")]
pub(super) struct KubernetesArgs {
    /// URL of the API server, instead of the one in the kubeconfig file; without effect inside a cluster
    #[arg(long, default_value = "")]
    server: String,
    /// Path of a kubeconfig file; without it ~/.kube/config, and where that is missing the pod's service account
    #[arg(long, default_value = "")]
    kubeconfig: String,
    /// Longest time a request to the API server may take; 0s for no limit
    #[arg(long, default_value = "30s", value_parser = values::duration)]
    kube_api_request_timeout: Duration,
    /// Former name of --kube-api-request-timeout; other than 30s it overrides that flag (deprecated)
    #[arg(long, default_value = "30s", value_parser = values::duration)]
    request_timeout: Duration,
    /// Requests per second to the API server, on average
    #[arg(long, default_value = "5", value_parser = values::int)]
    kube_api_qps: i32,
    /// Requests to the API server that may be made at once
    #[arg(long, default_value = "10", value_parser = values::int)]
    kube_api_burst: i32,
}

/// How to reach the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesConfig {
    /// URL that replaces the one of the kubeconfig file.
    pub server: Option<String>,
    /// The kubeconfig file; `None` for the usual places.
    pub kubeconfig: Option<PathBuf>,
    /// Longest time of a request; `None` for no limit.
    pub request_timeout: Option<Duration>,
    /// Requests per second, at least 1.
    pub qps: u32,
    /// Requests at once, at least 1.
    pub burst: u32,
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

impl KubernetesArgs {
    pub(super) fn check(self, warnings: &mut Vec<String>) -> Result<KubernetesConfig, String> {
        let Self {
            server,
            kubeconfig,
            kube_api_request_timeout,
            request_timeout,
            kube_api_qps,
            kube_api_burst,
        } = self;
        let mut timeout = kube_api_request_timeout;
        if request_timeout != DEFAULT_TIMEOUT {
            warnings.push("--request-timeout is deprecated, use --kube-api-request-timeout instead".into());
            timeout = request_timeout;
        }
        Ok(KubernetesConfig {
            server: super::non_empty(server),
            kubeconfig: super::non_empty(kubeconfig).map(PathBuf::from),
            request_timeout: (!timeout.is_zero()).then_some(timeout),
            qps: positive("kube-api-qps", kube_api_qps)?,
            burst: positive("kube-api-burst", kube_api_burst)?,
        })
    }
}

fn positive(flag: &str, value: i32) -> Result<u32, String> {
    u32::try_from(value)
        .ok()
        .filter(|value| *value > 0)
        .ok_or_else(|| format!("--{flag} must be greater than 0"))
}
