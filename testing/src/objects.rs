//! Putting objects of any kind, with their status, into the API server.

use crate::error::Context;
use crate::{Error, KubeApiserver, Result};
use futures::future;
use kube::api::{
    DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams, PropagationPolicy,
    ValidationDirective,
};
use kube::core::discovery::{ApiResource, Scope};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A kind as the server offers it.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) resource: ApiResource,
    pub(crate) namespaced: bool,
    has_status: bool,
}

/// What identifies an object: its kind's group and name, its namespace (empty for none) and its own name.
pub(crate) type Key = (String, String, String);

/// What has been learned about the server so far.
#[derive(Default)]
pub(crate) struct Known {
    /// By `apiVersion` and `kind`.
    kinds: HashMap<(String, String), Arc<Kind>>,
    /// Kinds that tests may have left objects of since the last reset.
    pub(crate) used: HashMap<String, Arc<Kind>>,
    /// What was there before the first test touched the kind, by kind.
    pub(crate) before: HashMap<String, HashMap<Key, DynamicObject>>,
    pub(crate) applied: HashSet<Key>,
    pub(crate) namespaces: HashSet<String>,
}

impl Kind {
    /// Objects of one group and kind are the same objects in each version.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.resource.group, self.resource.kind)
    }

    pub(crate) fn is_namespace(&self) -> bool {
        self.resource.group.is_empty() && self.resource.kind == "Namespace"
    }

    pub(crate) fn key(&self, object: &DynamicObject) -> Key {
        let meta = &object.metadata;
        (self.id(), meta.namespace.clone().unwrap_or_default(), meta.name.clone().unwrap_or_default())
    }
}

impl KubeApiserver {
    /// Creates an object, or replaces the one of that name, and returns what the server made of it.
    ///
    /// Where the status is a subresource it is written too, if the object has one. A namespace that does not
    /// exist is made; it is `default` if the object names none. An object that may not be changed as asked (a
    /// Pod's containers) is deleted and made anew.
    pub async fn apply(&self, object: &Value) -> Result<Value> {
        let (kind, mut object) = self.parse(object).await?;
        self.touch(&kind).await?;
        if let Some(namespace) = object.metadata.namespace.clone() {
            self.ensure_namespace(&namespace).await?;
        }
        let stored = self.create_or_replace(&kind, &mut object).await?;
        let key = kind.key(&stored);
        self.known().applied.insert(key);
        let stored = if kind.has_status && !object.data["status"].is_null() {
            self.replace_status(&kind, &stored, object).await?
        } else {
            stored
        };
        to_value(&stored)
    }

    /// What the server would make of an object if it were applied, as by `kubectl apply --server-side --dry-run=server`. Fields that it
    /// does not know are an error. Of this only the namespace stays.
    pub async fn dry_run(&self, object: &Value) -> Result<Value> {
        let (kind, object) = self.parse(object).await?;
        if let Some(namespace) = &object.metadata.namespace {
            self.ensure_namespace(namespace).await?;
        }
        let params = PatchParams {
            dry_run: true,
            field_validation: Some(ValidationDirective::Strict),
            ..PatchParams::apply("test")
        };
        let what = || format!("applying {} for show", describe(&kind, &object));
        let patch = Patch::Apply(&object);
        to_value(&self.api(&kind, &object).patch(&object.name_any(), &params, &patch).await.context(what)?)
    }

    /// Deletes an object and returns when it is gone; one with finalizers is only marked. That there is no
    /// such object is an error.
    pub async fn delete(&self, object: &Value) -> Result<()> {
        let (kind, object) = self.parse(object).await?;
        self.touch(&kind).await?;
        let key = kind.key(&object);
        self.remove(&kind, &object).await?;
        let mut known = self.known();
        known.applied.insert(key);
        if kind.is_namespace() {
            known.namespaces.remove(object.metadata.name.as_deref().unwrap_or_default());
        }
        Ok(())
    }

    /// The object of that kind and name as the server has it now. Of the given object only `apiVersion`,
    /// `kind`, `metadata.namespace` and `metadata.name` count.
    pub async fn get(&self, object: &Value) -> Result<Value> {
        let (kind, object) = self.parse(object).await?;
        let what = || format!("getting {}", describe(&kind, &object));
        to_value(&self.api(&kind, &object).get(&object.name_any()).await.context(what)?)
    }

    /// Applies the custom resource definitions in a YAML file, or in all YAML files of a folder, and returns
    /// when their kinds are served. Definitions outlive [`reset`](Self::reset).
    ///
    /// For two seconds from then on the server holds back each creation of such an object (it lets other
    /// servers of a cluster catch up), so it pays to install all definitions first.
    pub async fn install_crds(&self, path: &Path) -> Result<()> {
        let mut definitions = Vec::new();
        for file in yaml_files(path)? {
            definitions.extend(read_yaml(&file)?);
        }
        future::try_join_all(definitions.iter().map(|definition| self.install_crd(definition))).await?;
        Ok(())
    }

    async fn install_crd(&self, definition: &Value) -> Result<()> {
        let (kind, mut object) = self.parse(definition).await?;
        self.create_or_replace(&kind, &mut object).await?;
        let spec = &definition["spec"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let group = text(&spec["group"]);
        let versions = spec["versions"].as_array().into_iter().flatten();
        for version in versions.filter(|version| version["served"] == json!(true)) {
            let version = text(&version["name"]);
            self.wait_until_served(&format!("{group}/{version}"), &text(&spec["names"]["kind"])).await?;
        }
        Ok(())
    }

    async fn wait_until_served(&self, api_version: &str, kind: &str) -> Result<()> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            // Listed in discovery comes first; only then can objects be listed.
            if let Ok(kind) = self.kind(api_version, kind).await
                && self.api_all(&kind).list_metadata(&Default::default()).await.is_ok()
            {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Error::Timeout(format!("{api_version} {kind} to be served")));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Creating is tried first: in tests it is the common case.
    pub(crate) async fn create_or_replace(
        &self,
        kind: &Kind,
        object: &mut DynamicObject,
    ) -> Result<DynamicObject> {
        object.metadata.resource_version = None;
        object.metadata.uid = None;
        let params = PostParams::default();
        let api = self.api(kind, object);
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let error = match api.create(&params, object).await {
                Err(error) if is(&error, "AlreadyExists") => match self.replace(&api, object).await {
                    Err(error) => error,
                    Ok(stored) => return Ok(stored),
                },
                Err(error) if is_passing(&error) && Instant::now() < deadline => {
                    tokio::time::sleep(POLL_INTERVAL).await;
                    continue;
                }
                result => return result.context(|| format!("creating {}", describe(kind, object))),
            };
            if is(&error, "Invalid") {
                or_gone(self.remove(kind, object).await)?;
            } else if !is(&error, "Conflict") && !is(&error, "NotFound") {
                return Err(error).context(|| format!("replacing {}", describe(kind, object)));
            }
            // Someone else wrote or deleted it in between, or it is gone now: again.
            if Instant::now() > deadline {
                return Err(Error::Timeout(format!("{} to be replaceable", describe(kind, object))));
            }
        }
    }

    async fn replace(&self, api: &Api<DynamicObject>, object: &DynamicObject) -> kube::Result<DynamicObject> {
        let name = object.name_any();
        let mut object = object.clone();
        object.metadata.resource_version = api.get(&name).await?.metadata.resource_version;
        api.replace(&name, &PostParams::default(), &object).await
    }

    async fn replace_status(
        &self,
        kind: &Kind,
        stored: &DynamicObject,
        mut object: DynamicObject,
    ) -> Result<DynamicObject> {
        let params = PostParams::default();
        let api = self.api(kind, stored);
        let name = stored.name_any();
        object.metadata.resource_version.clone_from(&stored.metadata.resource_version);
        loop {
            match api.replace_status(&name, &params, &object).await {
                Err(error) if is(&error, "Conflict") => {
                    let live =
                        api.get(&name).await.context(|| format!("getting {}", describe(kind, stored)))?;
                    object.metadata.resource_version = live.metadata.resource_version;
                }
                result => {
                    return result.context(|| format!("writing the status of {}", describe(kind, stored)));
                }
            }
        }
    }

    /// Deletes without grace period and tells whether the object is gone; finalizers may keep it.
    pub(crate) async fn remove(&self, kind: &Kind, object: &DynamicObject) -> Result<bool> {
        let what = || format!("deleting {}", describe(kind, object));
        let params = DeleteParams {
            grace_period_seconds: Some(0),
            propagation_policy: Some(PropagationPolicy::Background),
            ..DeleteParams::default()
        };
        let name = object.name_any();
        match self.api(kind, object).delete(&name, &params).await {
            Err(error) => Err(error).context(what),
            Ok(_) if kind.is_namespace() => self.finalize_namespace(&name).await.map(|()| true),
            Ok(answer) => Ok(answer.left().is_none_or(|object| !is_pending(&object))),
        }
    }

    /// What the namespace controller does once a namespace is empty.
    async fn finalize_namespace(&self, name: &str) -> Result<()> {
        let what = || format!("finalizing namespace {name}");
        let body =
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name }, "spec": {} });
        let request = http::Request::put(format!("/api/v1/namespaces/{name}/finalize"))
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into_bytes())
            .map_err(kube::Error::HttpError)
            .context(what)?;
        self.client.request_text(request).await.context(what)?;
        Ok(())
    }

    async fn ensure_namespace(&self, namespace: &str) -> Result<()> {
        if self.known().namespaces.contains(namespace) {
            return Ok(());
        }
        let kind = self.kind("v1", "Namespace").await?;
        let object = DynamicObject::new(namespace, &kind.resource).data(json!({}));
        match self.api_all(&kind).create(&PostParams::default(), &object).await {
            Err(error) if !is(&error, "AlreadyExists") => {
                return Err(error).context(|| format!("creating namespace {namespace}"));
            }
            _ => {}
        }
        self.known().namespaces.insert(namespace.to_owned());
        Ok(())
    }

    /// Reads an object given by a test; a namespaced one without a namespace goes to `default`, as with
    /// kubectl.
    async fn parse(&self, object: &Value) -> Result<(Arc<Kind>, DynamicObject)> {
        let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
        let kind = self.kind(&text("apiVersion"), &text("kind")).await?;
        let mut object: DynamicObject =
            serde_json::from_value(object.clone()).map_err(|error| Error::Object(error.to_string()))?;
        if object.metadata.name.as_deref().unwrap_or_default().is_empty() {
            return Err(Error::Object(format!("a {} without a name", kind.resource.kind)));
        }
        if !kind.namespaced {
            object.metadata.namespace = None;
        } else if object.metadata.namespace.as_deref().unwrap_or_default().is_empty() {
            object.metadata.namespace = Some("default".to_owned());
        }
        Ok((kind, object))
    }

    pub(crate) async fn kind(&self, api_version: &str, kind: &str) -> Result<Arc<Kind>> {
        let id = (api_version.to_owned(), kind.to_owned());
        if let Some(known) = self.known().kinds.get(&id) {
            return Ok(known.clone());
        }
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let gvk = GroupVersionKind::gvk(group, version, kind);
        let (resource, capabilities) = kube::discovery::pinned_kind(&self.client, &gvk)
            .await
            .context(|| format!("looking up {api_version} {kind}"))?;
        let found = Arc::new(Kind {
            resource,
            namespaced: capabilities.scope == Scope::Namespaced,
            has_status: capabilities
                .subresources
                .iter()
                .any(|(subresource, _)| subresource.plural == "status"),
        });
        self.known().kinds.insert(id, found.clone());
        Ok(found)
    }

    pub(crate) fn api(&self, kind: &Kind, object: &DynamicObject) -> Api<DynamicObject> {
        match &object.metadata.namespace {
            Some(namespace) => Api::namespaced_with(self.client(), namespace, &kind.resource),
            None => self.api_all(kind),
        }
    }

    pub(crate) fn api_all(&self, kind: &Kind) -> Api<DynamicObject> {
        Api::all_with(self.client(), &kind.resource)
    }

    /// Never held across an await. A panic elsewhere cannot leave it half changed in a way that matters.
    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refusals that pass by themselves: the server learns a moment late that an address or a port of a deleted Service is free again,
/// and a loaded machine makes it answer 429 or 5xx.
fn is_passing(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => {
            status.code == 429 || status.code >= 500 || status.message.contains("already allocated")
        }
        _ => false,
    }
}

/// Whether the server refused for this reason.
pub(crate) fn is(error: &kube::Error, reason: &str) -> bool {
    matches!(error, kube::Error::Api(status) if status.reason == reason)
}

/// An object on its way out, as a deletion answers with it. One that is gone looks the same but for what
/// keeps it.
fn is_pending(object: &DynamicObject) -> bool {
    let meta = &object.metadata;
    meta.finalizers.as_ref().is_some_and(|finalizers| !finalizers.is_empty())
        || meta.deletion_grace_period_seconds.is_some_and(|seconds| seconds > 0)
}

/// Someone else may delete the same object: then it is gone as well.
pub(crate) fn or_gone(result: Result<bool>) -> Result<bool> {
    match result {
        Err(Error::Api { source, .. }) if is(&source, "NotFound") => Ok(true),
        other => other,
    }
}

fn describe(kind: &Kind, object: &DynamicObject) -> String {
    let namespace = object.metadata.namespace.as_deref().map(|namespace| format!("{namespace}/"));
    format!("{} {}{}", kind.resource.kind, namespace.unwrap_or_default(), object.name_any())
}

fn to_value(object: &DynamicObject) -> Result<Value> {
    serde_json::to_value(object).map_err(|error| Error::Object(error.to_string()))
}

fn yaml_files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let what = || format!("reading {}", path.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(path).context(what)? {
        let file = entry.context(what)?.path();
        if file.extension().is_some_and(|extension| extension == "yaml") {
            files.push(file);
        }
    }
    Ok(files)
}

fn read_yaml(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path).context(|| format!("reading {}", path.display()))?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text)
        .map_err(|error| Error::Yaml { path: path.to_owned(), problem: error.to_string() })?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}
