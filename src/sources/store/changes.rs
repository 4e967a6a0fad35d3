//! What has changed in a cache since a reader last asked, so that it need not look at everything again.
//!
//! ```text
//! Cache ──(note, under its write lock)──> Feed of each reader ──(take)──> News
//! ```
//!
//! Who sees the new contents of a cache also finds the news of it in the feed, or has taken them.

use crate::sources::object::{Key, KubeObject, Object};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Beyond this many objects a feed no longer tells them apart: looking at everything is then as quick, and a reader that does
/// not take its news does not fill the memory with them.
const MOST_OBJECTS: usize = 4096;

/// An object as it was, whatever its type.
type Before = Option<Arc<dyn Any + Send + Sync>>;

/// An object that was added, replaced or removed.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which.
    pub key: Key,
    before: Before,
}

impl Change {
    /// The object as it was when the reader last asked; `None` when it was not there.
    pub fn before<T: KubeObject>(&self) -> Option<&Object<T>> {
        self.before.as_ref()?.downcast_ref()
    }
}

/// What has changed.
#[derive(Debug, Default)]
pub struct News {
    objects: BTreeMap<Key, Before>,
    /// Whether so much has changed that `objects` does not say what.
    pub too_many: bool,
    /// Whether the cache became complete or incomplete, or other objects than before cannot be decoded.
    pub state: bool,
    /// When the first of it was taken in.
    pub since: Option<Instant>,
}

impl News {
    /// The objects that changed, each once.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = Change> {
        self.objects.iter().map(|(key, before)| Change { key: key.clone(), before: before.clone() })
    }

    /// Notes an object; what it was at the first of several changes is kept.
    pub(super) fn note<T: KubeObject>(&mut self, key: Key, before: Option<Arc<Object<T>>>) {
        self.note_any(key, before.map(|object| object as Arc<dyn Any + Send + Sync>));
    }

    fn note_any(&mut self, key: Key, before: Before) {
        if !self.too_many {
            self.objects.entry(key).or_insert(before);
            self.too_many = self.objects.len() > MOST_OBJECTS;
        }
        if self.too_many {
            self.objects.clear();
        }
    }

    fn is_empty(&self) -> bool {
        self.objects.is_empty() && !self.too_many && !self.state
    }

    fn absorb(&mut self, later: &News) {
        self.since.get_or_insert_with(Instant::now);
        self.state |= later.state;
        self.too_many |= later.too_many;
        for (key, before) in &later.objects {
            self.note_any(key.clone(), before.clone());
        }
        if self.too_many {
            self.objects.clear();
        }
    }
}

#[derive(Debug)]
struct Feed {
    pending: Mutex<News>,
    wake: Arc<Notify>,
}

impl Feed {
    fn pending(&self) -> MutexGuard<'_, News> {
        // What is noted here stays right when somebody else panics: at worst a change is told twice.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader's end of a feed. The feed ends when it is dropped.
#[derive(Debug)]
pub struct Changes(Arc<Feed>);

impl Changes {
    /// What has changed since the last call, or since the feed was made.
    pub fn take(&self) -> News {
        std::mem::take(&mut *self.0.pending())
    }

    /// Whether nothing has.
    pub fn is_empty(&self) -> bool {
        self.0.pending().is_empty()
    }
}

/// The readers of one cache.
#[derive(Debug, Default)]
pub(super) struct Readers(Mutex<Vec<Weak<Feed>>>);

impl Readers {
    fn feeds(&self) -> MutexGuard<'_, Vec<Weak<Feed>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A feed for one more; `wake` is notified when there is news.
    pub(super) fn subscribe(&self, wake: &Arc<Notify>) -> Changes {
        let feed = Arc::new(Feed { pending: Mutex::default(), wake: wake.clone() });
        self.feeds().push(Arc::downgrade(&feed));
        Changes(feed)
    }

    /// Tells all of them.
    pub(super) fn tell(&self, news: &News) {
        if news.is_empty() {
            return;
        }
        self.feeds().retain(|feed| {
            let Some(feed) = feed.upgrade() else { return false };
            feed.pending().absorb(news);
            feed.wake.notify_one();
            true
        });
    }
}
