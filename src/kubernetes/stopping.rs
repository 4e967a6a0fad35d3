//! Stopping a daemon that runs as a Deployment: to zero, and then waiting until nothing of it is left.
//!
//! A Pod that is asked to end writes on for as long as it is given, and even a Deployment of no replicas may be about to make one if its
//! controller has not seen the change yet. So both have to be over: what the controller has to do, and the last Pod.

use super::describe;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use kube::core::Selector;
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;
use tracing::info;

/// How often it is looked at while it ends.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A Deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentName {
    /// `None` for the namespace of the Pod, or of the kubeconfig's context.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// Scales a Deployment to zero, and returns when none of its Pods is left, however long that takes. Needs `get` on the Deployment, `patch`
/// on its scale, and `list` on Pods.
///
/// # Errors
/// When a call fails, or there is no such Deployment: then nobody can tell whether it is at an end.
pub async fn stop_deployment(client: &kube::Client, deployment: &DeploymentName) -> Result<(), String> {
    let namespace = deployment.namespace.as_deref().unwrap_or(client.default_namespace());
    let DeploymentName { name, .. } = deployment;
    let what = format!("Deployment {namespace}/{name}");
    let failed = |doing: &str, error| format!("{what} cannot be {doing}: {}", describe(error));
    let kind = |group, kind| ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
    let deployments: Api<DynamicObject> =
        Api::namespaced_with(client.clone(), namespace, &kind("apps", "Deployment"));
    let pods: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &kind("", "Pod"));

    let none = Patch::Merge(json!({"spec": {"replicas": 0}}));
    let scaled = deployments.patch_scale(name, &PatchParams::default(), &none).await;
    scaled.map_err(|error| failed("scaled to zero", error))?;
    info!("{what} is scaled to zero");

    let mut told = Left::Nothing;
    loop {
        let now = deployments.get(name).await.map_err(|error| failed("read", error))?;
        let left = match has_settled(&now) {
            false => Left::Work,
            true => {
                let selector = selector(&now).map_err(|error| format!("{what}: {error}"))?;
                let listed = pods.list(&ListParams::default().labels_from(&selector)).await;
                let listed = listed
                    .map_err(|error| format!("the Pods of {what} cannot be listed: {}", describe(error)))?;
                Left::of(&listed.items)
            }
        };
        if left == Left::Nothing {
            info!("{what} has no Pods any more");
            return Ok(());
        }
        if left != told {
            info!("{what} is not at an end yet: {left}");
        }
        told = left;
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// What still has to end.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    /// The controller has not done all that it was asked to.
    Work,
    /// Names of Pods.
    Pods(Vec<String>),
}

impl Left {
    /// Of the Pods with the Deployment's labels. One whose containers have all ended does nothing any more, though it may be kept.
    fn of(pods: &[DynamicObject]) -> Self {
        let has_ended = |pod: &&DynamicObject| {
            ["Succeeded", "Failed"].iter().any(|end| pod.data["status"]["phase"] == *end)
        };
        let running = pods.iter().filter(|pod| !has_ended(pod));
        let names: Vec<String> = running.filter_map(|pod| pod.metadata.name.clone()).collect();
        if names.is_empty() { Self::Nothing } else { Self::Pods(names) }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing is left"),
            Self::Work => f.write_str("its controller has not scaled it yet"),
            Self::Pods(names) => write!(f, "there is still {}", names.join(", ")),
        }
    }
}

/// Whether the controller has seen that none is wanted, and makes none any more.
fn has_settled(deployment: &DynamicObject) -> bool {
    let status = &deployment.data["status"];
    let seen = status["observedGeneration"].as_i64();
    seen >= Some(deployment.metadata.generation.unwrap_or_default())
        && status["replicas"].as_i64().unwrap_or_default() == 0
}

fn selector(deployment: &DynamicObject) -> Result<Selector, String> {
    let selector: Value = deployment.data["spec"]["selector"].clone();
    let selector: LabelSelector =
        serde_json::from_value(selector).map_err(|error| format!("its selector: {error}"))?;
    selector.try_into().map_err(|error| format!("its selector: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> DynamicObject {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_deployment_has_settled_when_its_controller_has_seen_the_last_change() {
        let deployment = |status: Value| {
            object(json!({"metadata": {"name": "dns", "generation": 2}, "spec": {}, "status": status}))
        };
        assert!(!has_settled(&deployment(json!({}))));
        assert!(!has_settled(&deployment(json!({"observedGeneration": 1}))));
        assert!(!has_settled(&deployment(json!({"observedGeneration": 2, "replicas": 1}))));
        assert!(has_settled(&deployment(json!({"observedGeneration": 2, "replicas": 0}))));
        assert!(has_settled(&deployment(json!({"observedGeneration": 3}))));
    }

    #[test]
    fn pods_count_until_their_containers_have_ended() {
        let pod =
            |name: &str, phase: &str| object(json!({"metadata": {"name": name}, "status": {"phase": phase}}));
        let ended = [pod("a", "Succeeded"), pod("b", "Failed")];
        assert_eq!(Left::of(&ended), Left::Nothing);
        let others = ["Pending", "Running", "Unknown"].map(|phase| pod(&phase.to_lowercase(), phase));
        let left = Left::of(&[ended.as_slice(), others.as_slice()].concat());
        assert_eq!(left.to_string(), "there is still pending, running, unknown");
    }
}
