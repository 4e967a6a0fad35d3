//! Approving in the cluster, without a shell: a ConfigMap in which people write hashes (`--approval-configmap`).
//!
//! ```yaml
//! data:
//!   approve: 4f1c2a90b7d3      # what to let through
//!   spent: 96e47976660b        # what has been let through
//! ```
//!
//! A hash is moved from the one key to the other before anything is released, on top of exactly what was read. If that cannot be
//! written nothing is released, and after a restart what has been spent is still there: an approval counts at most once.

use super::describe;
use crate::sync::guard::ApprovalHandle;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, PostParams};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often the ConfigMap is looked at while something is withheld.
const POLL_INTERVAL: Duration = Duration::from_secs(10);
/// How many spent hashes are kept; older ones are forgotten.
const KEPT: usize = 200;
const APPROVE: &str = "approve";
const SPENT: &str = "spent";

/// Brings approvals from a ConfigMap to the daemon.
pub struct ApprovalConfigMap {
    api: Api<ConfigMap>,
    namespace: String,
    name: String,
    approvals: ApprovalHandle,
    /// What went wrong the last time, so that a lasting condition is one line.
    told: Option<String>,
}

impl ApprovalConfigMap {
    /// A ConfigMap, in the client's own namespace unless another is named.
    pub fn new(client: kube::Client, namespace: Option<&str>, name: &str, approvals: ApprovalHandle) -> Self {
        let namespace = namespace.unwrap_or(client.default_namespace()).to_owned();
        let api = Api::namespaced(client, &namespace);
        Self { api, namespace, name: name.to_owned(), approvals, told: None }
    }

    /// Looks at the ConfigMap as long as something is withheld, until `stop` fires.
    pub async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(async {
            while self.approvals.until_something_is_withheld().await.is_ok() {
                let outcome = self.look().await;
                self.tell(outcome.err());
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        })
        .await;
    }

    fn tell(&mut self, trouble: Option<String>) {
        if let Some(trouble) = trouble.as_ref().filter(|_| self.told != trouble) {
            warn!("ConfigMap {}/{} (--approval-configmap): {trouble}", self.namespace, self.name);
        }
        self.told = trouble;
    }

    async fn look(&self) -> Result<(), String> {
        let map = self.api.get_opt(&self.name).await.map_err(|error| {
            format!("it cannot be read, so nothing is approved there: {}", describe(error))
        })?;
        let mut map = map.ok_or("it does not exist, so nothing is approved there")?;
        let spent = words(&map, SPENT);
        // Of an earlier life of the daemon: what is withheld now under such a hash gets another.
        let ended = "the daemon is about to end";
        self.approvals.spent(spent.clone()).await.map_err(|_| ended.to_owned())?;
        let approved = words(&map, APPROVE);
        if let Some(again) = approved.iter().find(|hash| spent.contains(hash)) {
            return Err(format!(
                "{again} has been approved before, and an approval counts once; take it out"
            ));
        }
        let withheld: Vec<String> =
            self.approvals.withheld().iter().map(|withheld| withheld.hash.clone()).collect();
        for hash in approved.iter().filter(|hash| withheld.contains(hash)) {
            map = self.spend(map, hash).await.map_err(|error| {
                format!(
                    "{hash} is not let through, because it cannot be marked as spent: {}",
                    describe(error)
                )
            })?;
            let answer = self.approvals.approve(hash).await.map_err(|_| ended.to_owned())?;
            answer.map_err(|error| format!("the approval came too late: {error}"))?;
        }
        Ok(())
    }

    /// Moves a hash from the one key to the other. The API server refuses it if the ConfigMap has changed since it was read.
    async fn spend(&self, map: ConfigMap, hash: &str) -> kube::Result<ConfigMap> {
        self.api.replace(&self.name, &PostParams::default(), &with_spent(map, hash)).await
    }
}

fn with_spent(mut map: ConfigMap, hash: &str) -> ConfigMap {
    let approved: Vec<String> = words(&map, APPROVE).into_iter().filter(|other| other != hash).collect();
    let mut spent = words(&map, SPENT);
    spent.push(hash.to_owned());
    let spent = spent.split_off(spent.len().saturating_sub(KEPT));
    let data = map.data.get_or_insert_with(BTreeMap::new);
    data.insert(APPROVE.to_owned(), approved.join("\n"));
    data.insert(SPENT.to_owned(), spent.join("\n"));
    map
}

fn words(map: &ConfigMap, key: &str) -> Vec<String> {
    let text = map.data.as_ref().and_then(|data| data.get(key)).map(String::as_str).unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(approve: &str, spent: &str) -> ConfigMap {
        let data = [(APPROVE, approve), (SPENT, spent), ("note", "kept")];
        let data = data.map(|(key, value)| (key.to_owned(), value.to_owned()));
        ConfigMap { data: Some(data.into()), ..ConfigMap::default() }
    }

    #[test]
    fn a_hash_moves_and_the_rest_stays() {
        assert_eq!(with_spent(map(" b a\nc ", "x y"), "a"), map("b\nc", "x\ny\na"));
    }

    #[test]
    fn spent_hashes_do_not_fill_the_map() {
        let many: Vec<String> = (0..KEPT).map(|n| n.to_string()).collect();
        let spent = words(&with_spent(map("a", &many.join(" ")), "a"), SPENT);
        assert_eq!((spent.len(), spent[0].as_str(), spent[KEPT - 1].as_str()), (KEPT, "1", "a"));
    }
}
