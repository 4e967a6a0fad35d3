//! `status.loadBalancer`: where the load balancer of an Ingress or a Service is reached.

use super::object::null_to_default;
use serde::Deserialize;

/// `status.loadBalancer` of Ingresses and Services.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LoadBalancerStatus {
    /// One entry per address.
    #[serde(deserialize_with = "null_to_default")]
    pub ingress: Box<[LoadBalancerIngress]>,
}

/// One address of a load balancer; both fields may be set.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LoadBalancerIngress {
    /// IP address; empty when unset.
    #[serde(deserialize_with = "null_to_default")]
    pub ip: Box<str>,
    /// Host name; empty when unset.
    #[serde(deserialize_with = "null_to_default")]
    pub hostname: Box<str>,
}

impl LoadBalancerStatus {
    /// Every address and host name.
    pub fn targets(&self) -> Vec<String> {
        self.ingress
            .iter()
            .flat_map(|entry| [&entry.ip, &entry.hostname])
            .filter(|target| !target.is_empty())
            .map(|target| target.to_string())
            .collect()
    }
}
