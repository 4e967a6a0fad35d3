//! Pods as sources see them: kept small, because clusters have many.

use super::object::{Kind, Metadata, StringMap, null_to_default};
use crate::kube_object;
use serde::{Deserialize, Deserializer};

/// The resource.
pub const KIND: Kind = Kind::namespaced("v1", "Pod", "pods");

/// What of a Pod matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// Metadata.
    pub metadata: Metadata,
    /// Where and as what it runs.
    #[serde(deserialize_with = "null_to_default")]
    pub spec: Spec,
    /// How it runs.
    #[serde(deserialize_with = "null_to_default")]
    pub status: Status,
}

kube_object!(Pod);

/// `spec` of a Pod.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    /// The Node it is bound to; empty until then.
    #[serde(deserialize_with = "null_to_default")]
    pub node_name: Box<str>,
    /// Its name below that of a headless Service; empty for none.
    #[serde(deserialize_with = "null_to_default")]
    pub hostname: Box<str>,
    /// Whether it uses the network of its Node.
    #[serde(deserialize_with = "null_to_default")]
    pub host_network: bool,
}

/// `status` of a Pod.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Status {
    #[serde(deserialize_with = "null_to_default")]
    phase: Box<str>,
    /// Address of its Node; empty until it is bound.
    #[serde(rename = "hostIP", deserialize_with = "null_to_default")]
    pub host_ip: Box<str>,
    /// Its first address; empty until it has one.
    #[serde(rename = "podIP", deserialize_with = "null_to_default")]
    pub pod_ip: Box<str>,
    #[serde(rename = "podIPs", deserialize_with = "null_to_default")]
    pod_ips: Box<[PodIp]>,
    #[serde(rename = "conditions", deserialize_with = "has_ready_condition")]
    ready: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodIp {
    #[serde(deserialize_with = "null_to_default")]
    ip: Box<str>,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    condition_type: String,
    status: String,
}

fn has_ready_condition<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let conditions = Option::<Vec<Condition>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(conditions.iter().any(|condition| condition.condition_type == "Ready" && condition.status == "True"))
}

impl Pod {
    /// Whether its containers run.
    pub fn is_running(&self) -> bool {
        &*self.status.phase == "Running"
    }

    /// Whether it reports to be ready.
    pub fn is_ready(&self) -> bool {
        self.status.ready
    }

    /// Its first address, if it has one yet.
    pub fn address(&self) -> Option<&str> {
        Some(&*self.status.pod_ip).filter(|ip| !ip.is_empty())
    }

    /// All its addresses.
    pub fn addresses(&self) -> Vec<&str> {
        self.status.pod_ips.iter().map(|ip| &*ip.ip).filter(|ip| !ip.is_empty()).collect()
    }

    /// Whether the selector of a Service fits. An empty one fits every Pod, as in ExternalDNS.
    pub fn is_selected_by(&self, selector: &StringMap) -> bool {
        selector.iter().all(|(key, value)| self.metadata.labels.get(key) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(json: serde_json::Value) -> Pod {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn readiness_is_a_condition() {
        let with = |conditions: serde_json::Value| pod(json!({"status": {"conditions": conditions}}));
        assert!(
            with(json!([{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True"}]))
                .is_ready()
        );
        assert!(!with(json!([{"type": "Ready", "status": "False"}])).is_ready());
        assert!(!with(json!([{"type": "ContainersReady", "status": "True"}])).is_ready());
        assert!(!with(json!(null)).is_ready());
    }

    #[test]
    fn addresses_that_are_not_there_yet_are_none() {
        let pending = pod(json!({"status": {"phase": "Pending", "podIP": "", "podIPs": [{"ip": ""}]}}));
        assert_eq!((pending.address(), pending.addresses()), (None, vec![]));
        let dual =
            pod(json!({"status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "::1"}]}}));
        assert_eq!((dual.address(), dual.addresses()), (Some("10.0.0.1"), vec!["10.0.0.1", "::1"]));
    }

    #[test]
    fn a_selector_needs_every_label() {
        let pod = pod(json!({"metadata": {"labels": {"app": "db", "tier": "back"}}}));
        let selected = |pairs: &[(&str, &str)]| pod.is_selected_by(&pairs.iter().copied().collect());
        assert!(selected(&[("app", "db")]) && selected(&[("app", "db"), ("tier", "back")]) && selected(&[]));
        assert!(!selected(&[("app", "web")]) && !selected(&[("app", "db"), ("zone", "a")]));
    }
}
