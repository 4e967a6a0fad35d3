//! Caches of objects, and the registry that hands them out.

use crate::sources::object::{Key, Kind, KubeObject, Object};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::watch;

/// Which objects of a kind a cache holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scope {
    /// One namespace; empty for all.
    pub namespace: String,
    /// Label selector that the API server applies, in its text form; empty for all.
    pub labels: String,
}

/// How complete a cache is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheStatus {
    /// The first list has not arrived yet.
    Pending,
    /// Everything is here, and changes keep arriving.
    Synced,
    /// Listing or watching fails: the reason names the resource and what the API server said.
    Failing(String),
}

/// What a cache holds at one moment.
#[derive(Debug)]
pub struct Contents<T> {
    objects: BTreeMap<Key, Arc<Object<T>>>,
    status: CacheStatus,
}

impl<T> Contents<T> {
    /// One object.
    pub fn get(&self, namespace: &str, name: &str) -> Option<&Arc<Object<T>>> {
        self.objects.get(&Key::new(namespace, name))
    }

    /// All objects, ordered by namespace and name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Object<T>>> {
        self.objects.values()
    }

    /// The objects of one namespace, ordered by name.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Object<T>>> {
        self.objects
            .range(Key::new(namespace, "")..)
            .take_while(move |(key, _)| &*key.namespace == namespace)
            .map(|(_, object)| object)
    }

    /// How complete this is.
    pub fn status(&self) -> &CacheStatus {
        &self.status
    }
}

/// The objects of one kind in one scope.
#[derive(Debug)]
pub struct Cache<T> {
    kind: Kind,
    scope: Scope,
    retention: Arc<Retention>,
    contents: RwLock<Contents<T>>,
    changed: watch::Sender<()>,
}

/// What of an object is kept beyond the fields of its type.
#[derive(Debug, Default)]
pub struct Retention {
    /// Keep whole objects, because a template may ask for any field.
    pub whole_objects: bool,
    /// Annotation keys that begin with one of these are kept; all, when empty.
    pub annotation_prefixes: Vec<String>,
}

impl Retention {
    fn trim<T: KubeObject>(&self, object: &mut T) {
        let metadata = object.metadata_mut();
        if !self.annotation_prefixes.is_empty() {
            metadata
                .annotations
                .retain(|key| self.annotation_prefixes.iter().any(|prefix| key.starts_with(prefix.as_str())));
        }
    }
}

impl<T: KubeObject> Cache<T> {
    /// Which resource this holds.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Looks at the contents. Hold the guard briefly: the writer waits for it.
    pub fn read(&self) -> RwLockReadGuard<'_, Contents<T>> {
        // A panic elsewhere does not make what is stored here wrong: every write is one assignment.
        self.contents.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces everything after a complete list.
    pub fn replace(&self, objects: impl IntoIterator<Item = Object<T>>) {
        let objects = objects.into_iter().map(|object| self.entry(object)).collect();
        self.write(|contents| *contents = Contents { objects, status: CacheStatus::Synced });
    }

    /// Adds or replaces one object.
    pub fn apply(&self, object: Object<T>) {
        let (key, object) = self.entry(object);
        self.write(|contents| {
            contents.objects.insert(key, object);
        });
    }

    /// Removes one object.
    pub fn remove(&self, key: &Key) {
        self.write(|contents| {
            contents.objects.remove(key);
        });
    }

    /// Notes how complete the cache is. What it holds stays: stale objects are better than none.
    pub fn set_status(&self, status: CacheStatus) {
        if self.read().status != status {
            self.write(|contents| contents.status = status);
        }
    }

    fn entry(&self, mut object: Object<T>) -> (Key, Arc<Object<T>>) {
        self.retention.trim(&mut object.fields);
        if !self.retention.whole_objects {
            object.whole = None;
        }
        (object.fields.metadata().key(), Arc::new(object))
    }

    fn write(&self, change: impl FnOnce(&mut Contents<T>)) {
        change(&mut self.contents.write().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(());
    }
}

/// What fills a cache needs to know of it, whatever the type of its objects.
pub trait Fill: Send + Sync {
    /// Which resource to read.
    fn kind(&self) -> &Kind;
    /// Which part of it.
    fn scope(&self) -> &Scope;
    /// How complete the cache is.
    fn status(&self) -> CacheStatus;
    /// Notes how complete the cache is.
    fn set_status(&self, status: CacheStatus);
    /// Replaces the contents with these whole objects; those that cannot be decoded are left out and described.
    fn replace_from_json(&self, objects: Vec<serde_json::Value>) -> Vec<String>;
    /// For the code that starts the watch of the concrete type.
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<T: KubeObject> Fill for Cache<T> {
    fn kind(&self) -> &Kind {
        &self.kind
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn status(&self) -> CacheStatus {
        self.read().status.clone()
    }

    fn set_status(&self, status: CacheStatus) {
        Cache::set_status(self, status);
    }

    fn replace_from_json(&self, objects: Vec<serde_json::Value>) -> Vec<String> {
        let mut problems = Vec::new();
        let decoded = objects.into_iter().filter_map(|whole| match T::deserialize(&whole) {
            Ok(fields) => Some(Object { fields, whole: Some(whole) }),
            Err(error) => {
                let name = |field: &str| whole["metadata"][field].as_str().unwrap_or_default().to_owned();
                problems.push(format!("{} {}/{}: {error}", self.kind.kind, name("namespace"), name("name")));
                None
            }
        });
        let decoded: Vec<Object<T>> = decoded.collect();
        self.replace(decoded);
        problems
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// Hands out caches; one per kind and scope.
pub struct Caches {
    retention: Arc<Retention>,
    caches: Vec<(Arc<dyn Fill>, Arc<dyn Any + Send + Sync>)>,
    changed: watch::Sender<()>,
}

impl Caches {
    /// A registry without caches.
    pub fn new(retention: Retention) -> Self {
        Self { retention: Arc::new(retention), caches: Vec::new(), changed: watch::Sender::new(()) }
    }

    /// The cache of a kind in a scope; made on first request.
    pub fn of<T: KubeObject>(&mut self, kind: Kind, scope: Scope) -> Arc<Cache<T>> {
        let existing = self
            .caches
            .iter()
            .filter(|(fill, _)| *fill.kind() == kind && *fill.scope() == scope)
            .find_map(|(_, any)| any.clone().downcast::<Cache<T>>().ok());
        if let Some(cache) = existing {
            return cache;
        }
        let cache = Arc::new(Cache::<T> {
            kind,
            scope,
            retention: self.retention.clone(),
            contents: RwLock::new(Contents { objects: BTreeMap::new(), status: CacheStatus::Pending }),
            changed: self.changed.clone(),
        });
        self.caches.push((cache.clone(), cache.clone()));
        cache
    }

    /// Every cache, to be filled.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn Fill>> {
        self.caches.iter().map(|(fill, _)| fill)
    }

    /// Fires after any change in any cache.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}
