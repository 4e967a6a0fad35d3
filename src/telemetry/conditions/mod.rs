//! The status of DNSEndpoints: `Accepted`, `Ready` and the generation that was looked at.
//!
//! ```text
//! visits of the source ─┐
//! CycleReport ──────────┴─> Standings (what is true of each object) ──> Board ──> StatusWriter ──> API server
//! ```
//!
//! A status is written when what there is to say changes, never because of what stands in the object: another daemon that reads the
//! same objects may say something else there, and both would write for ever.

mod standings;
mod verdict;
mod writer;

pub use writer::StatusWriter;

use crate::sources::crd::status::{self, Condition, Standing};
use crate::sources::crd::{CrdSource, DnsEndpoint};
use crate::sources::object::Key;
use crate::sources::store::Cache;
use crate::sync::daemon::Observer;
use crate::sync::report::CycleReport;
use standings::Standings;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use verdict::{Finding, Verdict};

const ACCEPTED: &str = "Accepted";
const READY: &str = "Ready";

/// Judges objects after each run. Not to be used in a dry run.
pub struct StatusKeeper {
    source: Arc<CrdSource>,
    standings: Mutex<Standings>,
    board: Arc<Board>,
}

impl StatusKeeper {
    /// Judges the objects of a source, from now on.
    pub fn new(source: Arc<CrdSource>) -> Self {
        // What is looked at is remembered from the first time that somebody asks.
        drop(source.take_visits());
        let board = Arc::new(Board::new(source.cache()));
        Self { source, standings: Mutex::default(), board }
    }

    /// What there is to write.
    pub fn board(&self) -> Arc<Board> {
        self.board.clone()
    }
}

impl Observer for StatusKeeper {
    fn ended(&self, report: &CycleReport) {
        let visits = self.source.take_visits();
        let cache = self.source.cache();
        // A panic elsewhere does not make what is remembered wrong.
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        standings.note(visits, report);
        if report.names.is_none() {
            let contents = cache.read();
            let exists = |key: &Key| contents.get(&key.namespace, &key.name).is_some();
            standings.retain(exists);
            self.board.lists().said.retain(|key, _| exists(key));
        }
        self.board.put_up(standings.verdicts());
    }
}

/// What was said of each object, and what is still to be said.
pub struct Board {
    cache: Arc<Cache<DnsEndpoint>>,
    lists: Mutex<Lists>,
    filled: Notify,
    is_idle: watch::Sender<bool>,
}

#[derive(Default)]
struct Lists {
    waiting: BTreeMap<Key, Verdict>,
    said: BTreeMap<Key, Verdict>,
    /// The installed definition knows no conditions, so the API server drops them.
    drops_conditions: bool,
}

impl Board {
    fn new(cache: Arc<Cache<DnsEndpoint>>) -> Self {
        Self { cache, lists: Mutex::default(), filled: Notify::new(), is_idle: watch::Sender::new(true) }
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is true now; what was said already, by us or before we started, is not said again.
    fn put_up<'a>(&self, verdicts: impl Iterator<Item = (&'a Key, &'a Verdict)>) {
        let mut lists = self.lists();
        for (key, verdict) in verdicts {
            if lists.said.get(key) == Some(verdict) {
                lists.waiting.remove(key);
                continue;
            }
            let Some(standing) = status::of(&self.cache, key) else { continue };
            let is_first = !lists.said.contains_key(key);
            if is_first && verdict.is_said_in(&standing) {
                lists.said.insert(key.clone(), verdict.clone());
            } else {
                lists.waiting.insert(key.clone(), verdict.clone());
            }
        }
        if !lists.waiting.is_empty() {
            self.is_idle.send_replace(false);
            self.filled.notify_one();
        }
    }

    /// Waits until everything is written or given up, but no longer than this.
    pub async fn drain(&self, patience: Duration) {
        let mut is_idle = self.is_idle.subscribe();
        // The sender is ours, so waiting cannot fail; running out of patience is no error either.
        drop(tokio::time::timeout(patience, is_idle.wait_for(|idle| *idle)).await);
    }
}

impl Verdict {
    fn findings(&self) -> [(&'static str, &Finding); 2] {
        [(ACCEPTED, &self.accepted), (READY, &self.ready)]
    }

    /// Whether a status says this already.
    fn is_said_in(&self, standing: &Standing) -> bool {
        let says = |(name, finding): &(&str, &Finding)| {
            let mut conditions = standing.conditions.iter();
            conditions.any(|c| {
                (&*c.r#type, &*c.status, &*c.reason) == (*name, finding.status(), finding.reason)
                    && *c.message == *finding.message
            })
        };
        standing.uid == self.uid
            && standing.observed_generation == self.generation
            && self.findings().iter().all(says)
    }

    /// The status that says this, given the one that is there. Conditions of others stay; the time of ours moves only when they turn.
    fn written_over(&self, standing: Standing, now: &str) -> Standing {
        let mut conditions = standing.conditions;
        for (name, finding) in self.findings() {
            let before = conditions.iter_mut().find(|condition| &*condition.r#type == name);
            let since = before.as_ref().filter(|condition| &*condition.status == finding.status());
            let condition = Condition {
                r#type: name.into(),
                status: finding.status().into(),
                observed_generation: self.generation,
                last_transition_time: since.map_or_else(|| now.into(), |c| c.last_transition_time.clone()),
                reason: finding.reason.into(),
                message: finding.message.as_str().into(),
            };
            match before {
                Some(before) => *before = condition,
                None => conditions.push(condition),
            }
        }
        Standing { observed_generation: self.generation, conditions, ..standing }
    }
}

impl Finding {
    fn status(&self) -> &'static str {
        if self.is_true { "True" } else { "False" }
    }
}

#[cfg(test)]
mod tests;
