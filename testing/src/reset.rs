//! Making the server as good as new between two tests, in a fraction of the time a new one takes.

use crate::error::Context;
use crate::objects::{Key, Kind, or_gone};
use crate::{Error, KubeApiserver, Result};
use futures::{StreamExt, TryStreamExt, future, stream};
use kube::ResourceExt;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Kinds that the daemon writes by itself, so that they may exist without the test having applied any.
const WRITTEN_BY_DAEMON: [(&str, &str); 3] =
    [("v1", "Event"), ("coordination.k8s.io/v1", "Lease"), ("externaldns.k8s.io/v1alpha1", "DNSRecord")];

const TIMEOUT: Duration = Duration::from_secs(30);
const PARALLEL: usize = 16;

impl KubeApiserver {
    /// Removes what tests have made since the start or the last reset: every object of every kind that was
    /// applied or that the daemon writes by itself, and every namespace; and puts back what they changed or
    /// deleted of what the server had made for itself. Custom resource definitions stay.
    ///
    /// Of kinds that a test creates by other means, [`watch_over`](Self::watch_over) has to be told.
    pub async fn reset(&self) -> Result<()> {
        for (api_version, kind) in WRITTEN_BY_DAEMON {
            // Its definition may not be installed; then there are no objects either.
            if let Ok(kind) = self.kind(api_version, kind).await {
                self.touch(&kind).await?;
            }
        }
        let namespaces = self.kind("v1", "Namespace").await?;
        self.touch(&namespaces).await?;
        let kinds: Vec<Arc<Kind>> =
            self.known().used.values().filter(|kind| !kind.is_namespace()).cloned().collect();
        future::try_join_all(kinds.iter().map(|kind| self.clear(kind))).await?;
        // An emptied namespace can go; one with objects in it would take them along unseen.
        self.clear(&namespaces).await?;
        self.restore().await?;
        let mut known = self.known();
        known.used.clear();
        known.applied.clear();
        known.namespaces.clear();
        Ok(())
    }

    /// Makes [`reset`](Self::reset) remove objects of this kind too. To be called before the first is
    /// created.
    pub async fn watch_over(&self, api_version: &str, kind: &str) -> Result<()> {
        let kind = self.kind(api_version, kind).await?;
        self.touch(&kind).await
    }

    /// Notes that objects of this kind may change from now on. The first time, it looks what is there
    /// already.
    pub(crate) async fn touch(&self, kind: &Arc<Kind>) -> Result<()> {
        let id = kind.id();
        if self.known().used.contains_key(&id) {
            return Ok(());
        }
        if !self.known().before.contains_key(&id) {
            let objects = self.list(kind).await?;
            let before = objects.into_iter().map(|object| (kind.key(&object), object)).collect();
            self.known().before.insert(id.clone(), before);
        }
        self.known().used.insert(id, kind.clone());
        Ok(())
    }

    /// Deletes until nothing of ours is left. The answers to the deletions prove it; to list again, only to
    /// see nothing, costs up to 100 ms, because the server first asks etcd whether its cache is current.
    async fn clear(&self, kind: &Arc<Kind>) -> Result<()> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let mut objects = self.list(kind).await?;
            objects.retain(|object| self.is_ours(kind, &kind.key(object)));
            if objects.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Error::Timeout(format!("all objects of {} to go", kind.id())));
            }
            let gone: Vec<bool> = stream::iter(&objects)
                .map(|object| self.force_removal(kind, object))
                .buffer_unordered(PARALLEL)
                .try_collect()
                .await?;
            if gone.iter().all(|gone| *gone) {
                return Ok(());
            }
        }
    }

    async fn force_removal(&self, kind: &Kind, object: &DynamicObject) -> Result<bool> {
        if object.metadata.finalizers.as_ref().is_some_and(|finalizers| !finalizers.is_empty()) {
            let name = object.name_any();
            let patch = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
            let patched = self.api(kind, object).patch(&name, &PatchParams::default(), &patch).await;
            or_gone(patched.map(|_| false).context(|| format!("removing the finalizers of {name}")))?;
        }
        or_gone(self.remove(kind, object).await)
    }

    /// Objects that the server makes for itself may also appear later, but only in `kube-system`: there, only
    /// what the test applied is ours.
    fn is_ours(&self, kind: &Kind, key: &Key) -> bool {
        let known = self.known();
        let was_there = known.before.get(&kind.id()).is_some_and(|before| before.contains_key(key));
        !was_there && (key.1 != "kube-system" || known.applied.contains(key))
    }

    async fn restore(&self) -> Result<()> {
        let changed: Vec<(Arc<Kind>, DynamicObject)> = {
            let known = self.known();
            let find = |kind: &Arc<Kind>, before: &HashMap<Key, DynamicObject>| {
                let touched = before.iter().filter(|(key, _)| known.applied.contains(*key));
                touched.map(|(_, object)| (kind.clone(), object.clone())).collect::<Vec<_>>()
            };
            let used = known.used.iter();
            used.flat_map(|(id, kind)| known.before.get(id).map(|before| find(kind, before)))
                .flatten()
                .collect()
        };
        for (kind, mut object) in changed {
            self.create_or_replace(&kind, &mut object).await?;
        }
        Ok(())
    }

    async fn list(&self, kind: &Kind) -> Result<Vec<DynamicObject>> {
        let list = self.api_all(kind).list(&ListParams::default()).await;
        let mut items = list.context(|| format!("listing {}", kind.id()))?.items;
        for item in &mut items {
            // Lists leave the type out of their items, but writing an item back needs it.
            item.types = Some(kube::core::TypeMeta {
                api_version: kind.resource.api_version.clone(),
                kind: kind.resource.kind.clone(),
            });
        }
        Ok(items)
    }
}
