//! Caches of objects, and the registry that hands them out.

use super::changes::{Changes, News, Readers};
use super::objects::Objects;
use crate::sources::Which;
use crate::sources::object::{Key, Kind, KubeObject, Metadata, Object};
use serde_json::Value;
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::{Notify, watch};
use zonewright_planner::Uid;

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
    objects: Objects<T>,
    undecodable: BTreeMap<Key, String>,
    status: CacheStatus,
}

impl<T: KubeObject> Contents<T> {
    /// One object.
    pub fn get(&self, namespace: &str, name: &str) -> Option<&Arc<Object<T>>> {
        self.objects.get(namespace, name)
    }

    /// All objects, ordered by namespace and name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Object<T>>> {
        self.objects.iter()
    }

    /// All objects, or those of some keys that exist, ordered by namespace and name.
    pub fn which<'a>(&'a self, which: Which<'a>) -> Box<dyn Iterator<Item = &'a Arc<Object<T>>> + 'a> {
        match which {
            Which::All => Box::new(self.iter()),
            Which::Only(keys) => Box::new(keys.iter().filter_map(|key| self.get(&key.namespace, &key.name))),
        }
    }

    /// The objects of one namespace, ordered by name.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Object<T>>> {
        self.objects.in_namespace(namespace)
    }

    /// Objects that exist but whose present form could not be decoded, and why. Where an earlier form could be, that one
    /// is still among the objects; otherwise all that is known is that the object must not lose what it owns.
    pub fn undecodable(&self) -> impl Iterator<Item = (&Key, &str)> {
        self.undecodable.iter().map(|(key, reason)| (key, reason.as_str()))
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
    namespaces: Namespaces,
    readers: Readers,
    scout: Scout<T>,
    wanted: watch::Sender<bool>,
    any_changed: watch::Sender<()>,
}

/// Looks at every object before it can be seen in the cache: whoever finds it there finds other caches wanted that it depends on.
struct Scout<T>(OnceLock<Looker<T>>);

type Looker<T> = Box<dyn Fn(&T) + Send + Sync>;

impl<T> std::fmt::Debug for Scout<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scout({})", self.0.get().is_some())
    }
}

/// What of an object is kept beyond the fields of its type.
#[derive(Debug, Default)]
pub struct Retention {
    /// Keep whole objects, because a template may ask for any field.
    pub whole_objects: bool,
    /// Annotation keys that begin with one of these are kept; all, when empty.
    pub annotation_prefixes: Vec<String>,
    /// The labels that `--label-filter` looks at. Of objects whose labels nobody else reads the others are dropped; `None` keeps
    /// all.
    pub filtered_labels: Option<Vec<String>>,
}

/// The names of namespaces: thousands of objects bear the same.
#[derive(Debug, Default)]
struct Namespaces(Mutex<BTreeSet<Arc<str>>>);

impl Namespaces {
    /// The one text that all objects of a namespace share.
    fn share(&self, name: &mut Arc<str>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(name) {
            Some(shared) => *name = shared.clone(),
            None => {
                if known.len().is_power_of_two() {
                    known.retain(|name| Arc::strong_count(name) > 1);
                }
                known.insert(name.clone());
            }
        }
    }
}

impl Retention {
    fn trim<T: KubeObject>(&self, object: &mut T) {
        let metadata = object.metadata_mut();
        if !self.annotation_prefixes.is_empty() {
            metadata
                .annotations
                .retain(|key| self.annotation_prefixes.iter().any(|prefix| key.starts_with(prefix.as_str())));
        }
        if let (true, Some(read)) = (T::LABELS_ARE_ONLY_FILTERED, &self.filtered_labels) {
            metadata.labels.retain(|key| read.iter().any(|label| label == key));
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
        let mut relist = self.begin_relist();
        objects.into_iter().for_each(|object| relist.add(object));
        relist.commit();
    }

    /// Adds or replaces one object.
    pub fn apply(&self, object: Object<T>) {
        let object = self.entry(object);
        let key = object.fields.metadata().key();
        self.write(|contents, news| {
            news.state |= contents.undecodable.remove(&key).is_some();
            news.note(key, contents.objects.insert(object));
        });
    }

    /// Removes one object.
    pub fn remove(&self, key: &Key) {
        self.write(|contents, news| {
            news.state |= contents.undecodable.remove(key).is_some();
            if let Some(before) = contents.objects.remove(key) {
                news.note(key.clone(), Some(before));
            }
        });
    }

    /// Notes how complete the cache is. What it holds stays: stale objects are better than none.
    pub fn set_status(&self, status: CacheStatus) {
        if self.read().status != status {
            self.write(|contents, news| {
                contents.status = status;
                news.state = true;
            });
        }
    }

    /// Shows every object to `scout` before anybody else sees it. The first call counts.
    pub fn scouted(&self, scout: impl Fn(&T) + Send + Sync + 'static) {
        // A second call would change nothing, as documented.
        let _ = self.scout.0.set(Box::new(scout));
    }

    /// Fills the cache from now on. Until then it counts as complete and is empty: nothing depends on it.
    pub fn want(&self) {
        if !*self.wanted.borrow() {
            // First, so that nobody takes the empty cache for a complete one.
            self.set_status(CacheStatus::Pending);
            self.wanted.send_replace(true);
        }
    }

    fn begin_relist(&self) -> PendingRelist<'_, T> {
        let status = CacheStatus::Synced;
        PendingRelist { cache: self, objects: Objects::default(), undecodable: BTreeMap::new(), status }
    }

    fn entry(&self, mut object: Object<T>) -> Arc<Object<T>> {
        self.retention.trim(&mut object.fields);
        self.namespaces.share(&mut object.fields.metadata_mut().namespace);
        if !self.retention.whole_objects {
            object.whole = None;
        }
        if let Some(scout) = self.scout.0.get() {
            scout(&object.fields);
        }
        Arc::new(object)
    }

    /// Decodes an object from the wire: straight into its fields, unless the whole of it is to be kept.
    fn decode(&self, json: &str) -> serde_json::Result<Object<T>> {
        if !self.retention.whole_objects {
            return Ok(Object { fields: serde_json::from_str(json)?, whole: None });
        }
        let mut whole: Value = serde_json::from_str(json)?;
        let fields = T::deserialize(&whole)?;
        self.complete(&mut whole);
        Ok(Object { fields, whole: Some(Box::new(whole)) })
    }

    /// Gives every whole object the same form, wherever it comes from: the items of a list leave their kind to the list,
    /// and managed fields are half of many objects and of no use to a template.
    fn complete(&self, whole: &mut Value) {
        let Some(object) = whole.as_object_mut() else { return };
        object.entry("kind").or_insert_with(|| self.kind.kind.into());
        object.entry("apiVersion").or_insert_with(|| self.kind.api_version.into());
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
    }

    /// The object as it is held already, if it is of the very same version.
    fn known(&self, fields: &T) -> Option<Arc<Object<T>>> {
        let metadata = fields.metadata();
        fn version(metadata: &Metadata) -> (&Uid, &str) {
            (&metadata.uid, &metadata.resource_version)
        }
        let held = self.read().get(&metadata.namespace, &metadata.name)?.clone();
        let is_same =
            !metadata.resource_version.is_empty() && version(held.fields.metadata()) == version(metadata);
        is_same.then_some(held)
    }

    /// Whether the reason is new for this object.
    fn is_news(&self, key: &Key, reason: &str) -> bool {
        self.read().undecodable.get(key).is_none_or(|known| known != reason)
    }

    fn write(&self, change: impl FnOnce(&mut Contents<T>, &mut News)) {
        let mut contents = self.contents.write().unwrap_or_else(PoisonError::into_inner);
        let mut news = News::default();
        change(&mut contents, &mut news);
        // Still under the lock: nobody sees the new contents without being able to find the news of them.
        self.readers.tell(&news);
        drop(contents);
        self.any_changed.send_replace(());
    }
}

/// A new list on its way in; the cache changes only when it is complete.
struct PendingRelist<'a, T> {
    cache: &'a Cache<T>,
    objects: Objects<T>,
    undecodable: BTreeMap<Key, String>,
    /// How complete the list will be.
    status: CacheStatus,
}

impl<T: KubeObject> PendingRelist<'_, T> {
    fn add(&mut self, object: Object<T>) {
        self.objects.insert(self.cache.entry(object));
    }

    fn commit(self) {
        let Self { cache, mut objects, undecodable, status } = self;
        cache.write(|contents, news| {
            for key in undecodable.keys() {
                if let Some(earlier) = contents.objects.get(&key.namespace, &key.name) {
                    objects.insert(earlier.clone());
                }
            }
            objects.shrink();
            contents.objects.differences(&objects, |key, before| news.note(key, before));
            news.state = contents.status != status || contents.undecodable != undecodable;
            *contents = Contents { objects, undecodable, status };
        });
    }
}

impl<T: KubeObject> Relist for PendingRelist<'_, T> {
    fn add_json(&mut self, json: &str) -> Result<(), Undecodable> {
        match self.cache.decode(json) {
            Ok(object) => {
                // What has not changed is not held twice while the list comes in: that would double the cache's memory.
                match self.cache.known(&object.fields) {
                    Some(known) => {
                        self.objects.insert(known);
                    }
                    None => self.add(object),
                }
                Ok(())
            }
            Err(error) => {
                let key = key_of(json);
                let reason = error.to_string();
                let is_news = self.cache.is_news(&key, &reason);
                self.undecodable.insert(key.clone(), reason.clone());
                Err(Undecodable { key, reason, is_news })
            }
        }
    }

    fn commit(self: Box<Self>) {
        PendingRelist::commit(*self);
    }
}

/// An object that exists but cannot be decoded into the fields that its source needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecodable {
    /// Which object; empty when not even that can be told.
    pub key: Key,
    /// What is wrong with it.
    pub reason: String,
    /// Whether the cache did not know yet; for logging once.
    pub is_news: bool,
}

/// A complete list on its way into a cache. Dropped without `commit`, it leaves the cache as it was.
pub trait Relist: Send {
    /// Takes the next object, as JSON.
    ///
    /// # Errors
    /// When the object cannot be decoded; `commit` will then keep what the cache holds of it.
    fn add_json(&mut self, json: &str) -> Result<(), Undecodable>;
    /// The list is complete: swaps it in, whole.
    fn commit(self: Box<Self>);
}

/// What fills a cache needs to know of it, whatever the type of its objects.
pub trait Fill: Send + Sync {
    /// Which resource to read.
    fn kind(&self) -> &Kind;
    /// Which part of it.
    fn scope(&self) -> &Scope;
    /// How complete the cache is.
    fn status(&self) -> CacheStatus;
    /// Becomes true when somebody needs the cache filled.
    fn wanted(&self) -> watch::Receiver<bool>;
    /// From now on tells what changes; `wake` is notified whenever there is something to take.
    fn subscribe(&self, wake: &Arc<Notify>) -> Changes;
    /// Notes how complete the cache is.
    fn set_status(&self, status: CacheStatus);
    /// Objects that exist but whose present form could not be decoded, and why.
    fn undecodable(&self) -> Vec<(Key, String)>;
    /// Adds or replaces one object, given as JSON.
    ///
    /// # Errors
    /// When the object cannot be decoded; what the cache holds of it stays.
    fn apply_json(&self, json: &str) -> Result<(), Undecodable>;
    /// Removes one object.
    fn remove(&self, key: &Key);
    /// Begins to take in a complete list.
    fn relist(&self) -> Box<dyn Relist + '_>;
    /// Replaces the contents with these whole objects, and says how complete they are; those that cannot be decoded are described.
    fn replace_from_json(&self, objects: Vec<Value>, status: CacheStatus) -> Vec<String>;
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

    fn wanted(&self) -> watch::Receiver<bool> {
        self.wanted.subscribe()
    }

    fn subscribe(&self, wake: &Arc<Notify>) -> Changes {
        self.readers.subscribe(wake)
    }

    fn set_status(&self, status: CacheStatus) {
        Cache::set_status(self, status);
    }

    fn undecodable(&self) -> Vec<(Key, String)> {
        self.read().undecodable().map(|(key, reason)| (key.clone(), reason.to_owned())).collect()
    }

    fn apply_json(&self, json: &str) -> Result<(), Undecodable> {
        match self.decode(json) {
            Ok(object) => {
                self.apply(object);
                Ok(())
            }
            Err(error) => {
                let key = key_of(json);
                let reason = error.to_string();
                let is_news = self.is_news(&key, &reason);
                self.write(|contents, news| {
                    let known = contents.undecodable.insert(key.clone(), reason.clone());
                    news.state = known.as_ref() != Some(&reason);
                });
                Err(Undecodable { key, reason, is_news })
            }
        }
    }

    fn remove(&self, key: &Key) {
        Cache::remove(self, key);
    }

    fn relist(&self) -> Box<dyn Relist + '_> {
        Box::new(self.begin_relist())
    }

    fn replace_from_json(&self, objects: Vec<Value>, status: CacheStatus) -> Vec<String> {
        let mut problems = Vec::new();
        let mut relist = PendingRelist { status, ..self.begin_relist() };
        for mut whole in objects {
            match T::deserialize(&whole) {
                Ok(fields) => {
                    self.complete(&mut whole);
                    relist.add(Object { fields, whole: Some(Box::new(whole)) });
                }
                Err(error) => {
                    let field = |name: &str| whole["metadata"][name].as_str().unwrap_or_default();
                    let key = Key::new(field("namespace"), field("name"));
                    problems.push(format!("{} {}: {error}", self.kind.kind, key.path()));
                    relist.undecodable.insert(key, error.to_string());
                }
            }
        }
        relist.commit();
        problems
    }
}

/// The namespace and name of an object that could not be decoded otherwise; empty where they cannot be read either.
fn key_of(json: &str) -> Key {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Named {
        metadata: Names,
    }
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Names {
        namespace: String,
        name: String,
    }
    let Names { namespace, name } = serde_json::from_str::<Named>(json).unwrap_or_default().metadata;
    Key::new(&namespace, &name)
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

    /// The cache of a kind in a scope; made on first request, and filled.
    pub fn of<T: KubeObject>(&mut self, kind: Kind, scope: Scope) -> Arc<Cache<T>> {
        let cache = self.of_wanted_later(kind, scope);
        cache.want();
        cache
    }

    /// The same, filled once somebody wants it: [`Cache::want`].
    pub fn of_wanted_later<T: KubeObject>(&mut self, kind: Kind, scope: Scope) -> Arc<Cache<T>> {
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
            contents: RwLock::new(Contents {
                objects: Objects::default(),
                undecodable: BTreeMap::new(),
                status: CacheStatus::Synced,
            }),
            namespaces: Namespaces::default(),
            readers: Readers::default(),
            scout: Scout(OnceLock::new()),
            wanted: watch::Sender::new(false),
            any_changed: self.changed.clone(),
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
