//! Services and EndpointSlices as sources see them.

use crate::kube_object;
use crate::sources::load_balancer::LoadBalancerStatus;
use crate::sources::object::{Kind, Metadata, StringMap, null_to_default};
use serde::Deserialize;

/// The resource `services`.
pub const SERVICE: Kind = Kind::namespaced("v1", "Service", "services");

/// The resource `endpointslices`.
pub const ENDPOINT_SLICE: Kind = Kind::namespaced("discovery.k8s.io/v1", "EndpointSlice", "endpointslices");

/// The label of an EndpointSlice that names its Service.
const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

/// What of a Service matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Metadata.
    pub metadata: Metadata,
    /// What it was asked to be.
    #[serde(deserialize_with = "null_to_default")]
    pub spec: ServiceSpec,
    /// What became of it.
    #[serde(deserialize_with = "null_to_default")]
    pub status: ServiceStatus,
}

/// `spec` of a Service.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServiceSpec {
    /// How it is exposed.
    #[serde(rename = "type", deserialize_with = "null_to_default")]
    pub service_type: ServiceType,
    #[serde(rename = "clusterIP", deserialize_with = "null_to_default")]
    cluster_ip: Box<str>,
    /// Addresses that lead to it by means unknown to Kubernetes.
    #[serde(rename = "externalIPs", deserialize_with = "null_to_default")]
    pub external_ips: Box<[Box<str>]>,
    /// The host name that an ExternalName Service stands for.
    #[serde(deserialize_with = "null_to_default")]
    pub external_name: Box<str>,
    /// `Local` or `Cluster`.
    #[serde(deserialize_with = "null_to_default")]
    external_traffic_policy: Box<str>,
    /// Labels of the Pods behind it.
    #[serde(deserialize_with = "null_to_default")]
    pub selector: StringMap,
    /// Whether Pods count before they are ready.
    #[serde(deserialize_with = "null_to_default")]
    pub publish_not_ready_addresses: bool,
    /// Its ports.
    #[serde(deserialize_with = "null_to_default")]
    pub ports: Box<[ServicePort]>,
}

/// How a Service is exposed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum ServiceType {
    /// Inside the cluster only; what the API server fills in.
    #[default]
    #[serde(rename = "ClusterIP")]
    ClusterIp,
    /// On a port of every Node.
    NodePort,
    /// Behind a load balancer.
    LoadBalancer,
    /// As an alias of a host name.
    ExternalName,
}

impl ServiceType {
    /// Its spelling in the API and in `--service-type-filter`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClusterIp => "ClusterIP",
            Self::NodePort => "NodePort",
            Self::LoadBalancer => "LoadBalancer",
            Self::ExternalName => "ExternalName",
        }
    }
}

impl ServiceSpec {
    /// The address inside the cluster, if there is one.
    pub fn cluster_ip(&self) -> Option<&str> {
        Some(&*self.cluster_ip).filter(|ip| !ip.is_empty() && *ip != "None")
    }

    /// Whether it has no address of its own and stands for its Pods.
    pub fn is_headless(&self) -> bool {
        self.service_type == ServiceType::ClusterIp && &*self.cluster_ip == "None"
    }

    /// Whether only Nodes with a Pod of it answer.
    pub fn is_local(&self) -> bool {
        &*self.external_traffic_policy == "Local"
    }
}

/// One port of a Service.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServicePort {
    /// `TCP`, `UDP`, `SCTP`; empty means TCP.
    #[serde(deserialize_with = "null_to_default")]
    pub protocol: Box<str>,
    /// The port on every Node; 0 for none.
    #[serde(deserialize_with = "null_to_default")]
    pub node_port: u16,
}

/// `status` of a Service.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServiceStatus {
    /// Where its load balancer is reached.
    #[serde(deserialize_with = "null_to_default")]
    pub load_balancer: LoadBalancerStatus,
}

/// What of an EndpointSlice matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EndpointSlice {
    metadata: Metadata,
    #[serde(deserialize_with = "null_to_default")]
    address_type: Box<str>,
    /// The Pods, and what else answers.
    #[serde(deserialize_with = "null_to_default")]
    pub endpoints: Box<[SliceEndpoint]>,
}

kube_object!(Service, EndpointSlice);

impl EndpointSlice {
    /// Namespace and name of its Service.
    pub fn service(&self) -> Option<(&str, &str)> {
        let service = self.metadata.labels.get(SERVICE_NAME_LABEL)?;
        Some((&self.metadata.namespace, service))
    }

    /// Whether its addresses are IP addresses, not host names.
    pub fn has_ip_addresses(&self) -> bool {
        matches!(&*self.address_type, "IPv4" | "IPv6")
    }
}

/// One entry of an EndpointSlice.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SliceEndpoint {
    #[serde(deserialize_with = "null_to_default")]
    addresses: Box<[Box<str>]>,
    #[serde(deserialize_with = "null_to_default")]
    conditions: SliceConditions,
    #[serde(deserialize_with = "null_to_default")]
    target_ref: TargetRef,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SliceConditions {
    ready: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TargetRef {
    #[serde(deserialize_with = "null_to_default")]
    api_version: Box<str>,
    #[serde(deserialize_with = "null_to_default")]
    kind: Box<str>,
    #[serde(deserialize_with = "null_to_default")]
    name: Box<str>,
}

impl SliceEndpoint {
    /// Its first address: the others lead to the same Pod.
    pub fn address(&self) -> Option<&str> {
        self.addresses.first().map(|address| &**address).filter(|address| !address.is_empty())
    }

    /// Whether it takes traffic; not saying so means yes.
    pub fn is_ready(&self) -> bool {
        self.conditions.ready.unwrap_or(true)
    }

    /// The Pod behind it, if it says that it is one.
    pub fn pod_name(&self) -> Option<&str> {
        let TargetRef { api_version, kind, name } = &self.target_ref;
        (&**kind == "Pod" && matches!(&**api_version, "" | "v1")).then_some(&**name)
    }
}
