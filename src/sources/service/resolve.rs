//! `--resolve-service-load-balancer-hostname`: addresses in place of load balancers' host names.
//!
//! Sources do no I/O. Before a cycle, whoever runs it asks the source which names it needs and has them looked up here; the
//! source then reads the answers.

use futures::StreamExt;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// How many names are looked up at a time: each lookup holds a thread of the blocking pool.
const CONCURRENT_LOOKUPS: usize = 16;
/// Longer than the five seconds that resolvers wait for one server (resolv.conf(5)), so that the second one has its chance.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(8);

/// Addresses of host names, as of the last [`refresh`].
#[derive(Debug, Default)]
pub struct Resolved(RwLock<BTreeMap<String, Vec<IpAddr>>>);

impl Resolved {
    /// The addresses of a name; `None` when it did not resolve or was never looked up.
    pub fn lookup(&self, host: &str) -> Option<Vec<IpAddr>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(host).cloned()
    }

    /// Replaces all answers. Whether they differ from those before.
    pub fn replace(&self, answers: BTreeMap<String, Vec<IpAddr>>) -> bool {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let differ = *held != answers;
        *held = answers;
        differ
    }
}

/// Looks names up with the system's resolver and keeps the answers, and only those. Whether any answer changed.
pub async fn refresh(resolved: &Resolved, names: Vec<String>) -> bool {
    let answers: BTreeMap<String, Vec<IpAddr>> = futures::stream::iter(names)
        .map(|name| async move { addresses(&name).await.map(|addresses| (name, addresses)) })
        .buffer_unordered(CONCURRENT_LOOKUPS)
        .filter_map(std::future::ready)
        .collect()
        .await;
    resolved.replace(answers)
}

async fn addresses(name: &str) -> Option<Vec<IpAddr>> {
    let lookup = tokio::net::lookup_host((name, 0));
    let found = tokio::time::timeout(LOOKUP_TIMEOUT, lookup).await.ok()?.ok()?;
    let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    addresses.sort();
    addresses.dedup();
    (!addresses.is_empty()).then_some(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_latest_answers_are_kept() {
        let resolved = Resolved::default();
        resolved.replace([("old.example.net".to_owned(), vec!["192.0.2.1".parse().unwrap()])].into());
        // Address literals resolve without a name server; a name with an empty label never does.
        refresh(&resolved, vec!["192.0.2.7".to_owned(), "a..invalid".to_owned()]).await;
        assert_eq!(resolved.lookup("192.0.2.7"), Some(vec!["192.0.2.7".parse().unwrap()]));
        assert_eq!(resolved.lookup("a..invalid"), None);
        assert_eq!(resolved.lookup("old.example.net"), None);
    }
}
