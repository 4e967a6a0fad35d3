//! The index: which object touches which DNS name, so that after a change only the names concerned are planned again.
//!
//! ```text
//! feeds of the caches ──> objects concerned ──(compared with what they came to before)──> dirty names
//! dirty names ──(index)──> objects ──(sources, then the same stages as ever)──> wishes for these names
//! ```
//!
//! Nothing of an outcome is kept but its names and a fingerprint. Invariant: once a change has been taken in, every name at
//! which wishes or holds may differ from those of the last answer has been reported dirty.

#[cfg(test)]
mod tests;
mod touched;

use super::empty::EmptySource;
use super::object::Key;
use super::outcome::Outcome;
use super::pipeline::{Desired, PipelineSettings, gather};
use super::store::{Changes, Fill};
use super::{Affected, Source, Which, Wishes};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::time::Instant;
use touched::Touched;
use zonewright_planner::{DnsName, Hold};

/// So many changed objects that others depend on are not traced to those one by one: asking about all is then quicker.
const MOST_TRACED: usize = 64;

/// How often wishes are worked out anew because something changed meanwhile. Each time takes well under a millisecond, so that
/// only a flood of changes gets here; what it left out is dirty again at the next update.
const MOST_ROUNDS: usize = 16;

/// What has to be planned again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dirty {
    /// These names.
    pub names: BTreeSet<DnsName>,
    /// Everything: a source became complete or incomplete, an object no longer holds whatever it owns, something is or was
    /// wrong with an object that has no names, or names depend on each other (PTR). Also before the first full cycle.
    pub everything: bool,
}

impl Dirty {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && !self.everything
    }

    /// Adds what came later.
    pub fn extend(&mut self, later: Dirty) {
        self.names.extend(later.names);
        self.everything |= later.everything;
    }
}

/// One cache as one source reads it.
struct Feed {
    /// The source's place.
    source: usize,
    cache: Arc<dyn Fill>,
    is_primary: bool,
    changes: Changes,
}

/// What all sources want, by object and by name. One per daemon.
pub struct SourceIndex {
    sources: Vec<Arc<dyn Source>>,
    settings: PipelineSettings,
    feeds: Vec<Feed>,
    /// What the domain policy reads beside the rules, and which rules were applied last.
    namespaces: Option<Changes>,
    rules: u64,
    wake: Arc<Notify>,
    touched: Touched,
    is_filled: bool,
    /// When the first was taken in of what nobody has asked about yet.
    news_since: Option<Instant>,
}

impl SourceIndex {
    /// Begins to listen to the sources' caches.
    pub fn new(sources: Vec<Arc<dyn Source>>, settings: PipelineSettings) -> Self {
        let wake = Arc::new(Notify::new());
        let mut feeds = Vec::new();
        for (place, source) in sources.iter().enumerate() {
            for (position, cache) in source.caches().into_iter().enumerate() {
                let changes = cache.subscribe(&wake);
                feeds.push(Feed { source: place, cache, is_primary: position == 0, changes });
            }
        }
        let namespaces = settings.tenancy.policy.as_ref().and_then(|policy| policy.subscribe(&wake));
        Self {
            sources,
            settings,
            feeds,
            namespaces,
            rules: 0,
            wake,
            touched: Touched::default(),
            is_filled: false,
            news_since: None,
        }
    }

    /// Is notified when there may be something to [`update`](Self::update). A notification that nobody waits for is kept.
    pub fn wake(&self) -> Arc<Notify> {
        self.wake.clone()
    }

    /// When the first was taken in of all that [`update`](Self::update) has told of since the last call.
    pub fn take_news_since(&mut self) -> Option<Instant> {
        self.news_since.take()
    }

    /// Whether a source makes its wishes up anew each time it is asked: it has no caches that could say when they change.
    pub fn makes_things_up(&self) -> bool {
        self.sources.iter().any(|source| source.caches().is_empty() && source.name() != EmptySource::NAME)
    }

    /// Whether a name can be planned again on its own, although no object changed: not where wishes are made up anew, nor where names
    /// depend on each other (PTR).
    pub fn can_repeat_names(&self) -> bool {
        self.settings.create_ptr.is_none() && !self.makes_things_up()
    }

    /// The same sources and stages, for those who look through them beside the loop.
    pub fn wishes(&self) -> Wishes {
        Wishes::new(self.sources.clone(), self.settings.clone())
    }

    /// Everything that is wanted: the first step of a full cycle.
    pub fn collect(&mut self) -> Desired {
        // What changes from here on is told again by the next update: once too often is harmless.
        for feed in &self.feeds {
            feed.changes.take();
        }
        self.policy_has_changed();
        self.is_filled = true;
        let touched = &mut self.touched;
        touched.begin();
        let mut ignored = Dirty::default();
        let mut desired = gather(&self.sources, &self.settings, Vec::new(), |place, source, take| {
            // A source without caches makes its wishes up; there is nothing to remember of it.
            let is_lasting = !source.caches().is_empty();
            source.visit(Which::All, &mut |mut outcome| {
                if is_lasting {
                    touched.observe(place, &mut outcome, &mut ignored);
                }
                take(outcome);
            });
            touched.remove_unseen(place, &mut ignored);
        });
        touched.shrink();
        // They stay until the plan is made, which is the peak of a cycle.
        desired.endpoints.shrink_to_fit();
        desired
    }

    /// Takes in what changed since the last call, and says at which names something else may be wanted now.
    pub fn update(&mut self) -> Dirty {
        let mut dirty = Dirty { everything: !self.is_filled, ..Dirty::default() };
        dirty.everything |= self.policy_has_changed();
        let mut concerned: Vec<Concerned> = self.sources.iter().map(|_| Concerned::default()).collect();
        for feed in &self.feeds {
            let news = feed.changes.take();
            dirty.everything |= news.state;
            self.news_since = self.news_since.into_iter().chain(news.since).min();
            let (Some(source), Some(concerned)) =
                (self.sources.get(feed.source), concerned.get_mut(feed.source))
            else {
                continue;
            };
            if news.too_many || (!feed.is_primary && news.objects().len() > MOST_TRACED) {
                concerned.all = true;
                continue;
            }
            for change in news.objects() {
                match source.affected(feed.cache.kind(), &change) {
                    Affected::Objects(keys) => concerned.keys.extend(keys),
                    Affected::All => concerned.all = true,
                }
            }
        }
        let opaque = self.opaque_claims();
        for (place, concerned) in concerned.into_iter().enumerate() {
            self.look_again(place, &concerned, &mut dirty);
        }
        // An object that nobody understands any more keeps the names that it has in DNS from other namespaces.
        dirty.everything |= opaque != self.opaque_claims();
        // A PTR record is made of every wish with its address, so that one name may change many others.
        dirty.everything |= self.settings.create_ptr.is_some() && !dirty.names.is_empty();
        dirty
    }

    /// Whether other rules apply than when this was last asked, or the same to other Namespaces.
    fn policy_has_changed(&mut self) -> bool {
        let Some(policy) = &self.settings.tenancy.policy else { return false };
        let news = self.namespaces.as_ref().filter(|namespaces| !namespaces.is_empty()).map(Changes::take);
        let rules = std::mem::replace(&mut self.rules, policy.version());
        news.is_some() || rules != self.rules
    }

    /// What claims names that nobody knows, where that matters.
    fn opaque_claims(&self) -> BTreeSet<String> {
        match self.settings.tenancy.refuse_across_namespaces {
            true => self.touched.unnamed_holds().filter_map(|hold| hold.resource.clone()).collect(),
            false => BTreeSet::new(),
        }
    }

    fn look_again(&mut self, place: usize, concerned: &Concerned, dirty: &mut Dirty) {
        let Some(source) = self.sources.get(place) else { return };
        let touched = &mut self.touched;
        if concerned.all {
            touched.begin();
            source.visit(Which::All, &mut |mut outcome| touched.observe(place, &mut outcome, dirty));
            touched.remove_unseen(place, dirty);
        } else if !concerned.keys.is_empty() {
            let mut gone = concerned.keys.clone();
            source.visit(Which::Only(&concerned.keys), &mut |mut outcome| {
                gone.remove(&key_of(&outcome));
                touched.observe(place, &mut outcome, dirty);
            });
            gone.iter().for_each(|key| touched.remove(place, key, dirty));
        }
    }

    /// What is wanted at the dirty names, exactly as [`collect`](Self::collect) would say it of these names. Holds without a
    /// name and incomplete sources are all there, as they may concern any name. What changed meanwhile is taken in and
    /// added to `dirty`, so that the answer shows one moment; look at `dirty.everything` afterwards.
    pub fn desired_for(&mut self, dirty: &mut Dirty) -> Desired {
        let mut rounds = 0;
        loop {
            dirty.extend(self.update());
            let desired = self.restricted(&dirty.names);
            rounds += 1;
            if rounds == MOST_ROUNDS || self.feeds.iter().all(|feed| feed.changes.is_empty()) {
                return desired;
            }
        }
    }

    fn restricted(&self, names: &BTreeSet<DnsName>) -> Desired {
        let keys = self.touched.objects_at(self.sources.len(), names);
        let unnamed: Vec<Hold> = self.touched.unnamed_holds().cloned().collect();
        let mut desired = gather(&self.sources, &self.settings, unnamed, |place, source, take| {
            let which = match keys.get(place) {
                // The addresses of other names may belong to a PTR record among these.
                _ if self.settings.create_ptr.is_some() => Which::All,
                Some(keys) if !keys.is_empty() => Which::Only(keys),
                _ => return,
            };
            let is_concerned =
                |outcome: &Outcome| keys.get(place).is_some_and(|keys| keys.contains(&key_of(outcome)));
            source.visit(which, &mut |mut outcome| {
                if !is_concerned(&outcome) {
                    outcome.problems.clear();
                }
                if self.settings.create_ptr.is_none() {
                    outcome.endpoints.retain(|endpoint| names.contains(&endpoint.name));
                }
                outcome.holds.retain(|hold| hold.name.as_ref().is_some_and(|name| names.contains(name)));
                take(outcome);
            });
        });
        desired.endpoints.retain(|endpoint| names.contains(&endpoint.name));
        desired.holds.retain(|hold| hold.name.as_ref().is_none_or(|name| names.contains(name)));
        desired.refused.retain(|skip| names.contains(&skip.name));
        desired.shared.retain(|shared| names.contains(&shared.name));
        desired
    }

    /// Every object that touches a name, with its source's place.
    pub fn objects_at(&self, name: &DnsName) -> Vec<(usize, Key)> {
        let keys = self.touched.objects_at(self.sources.len(), &BTreeSet::from([name.clone()]));
        let of_source = |(place, keys): (usize, BTreeSet<Key>)| keys.into_iter().map(move |key| (place, key));
        keys.into_iter().enumerate().flat_map(of_source).collect()
    }
}

/// The objects of one source that may come to something else.
#[derive(Default)]
struct Concerned {
    keys: BTreeSet<Key>,
    all: bool,
}

/// Which object an outcome is of.
fn key_of(outcome: &Outcome) -> Key {
    Key { namespace: outcome.object.namespace.clone(), name: outcome.object.name.clone() }
}
