//! Kubernetes Events (`--events-emit`): tells those who own an object what became of the records it asks for.
//!
//! ```text
//! CycleReport ──> news (what is true of which object and record) ──> memory (what was told already) ──> queue
//! ```

mod memory;
mod news;

use crate::cli::EmittedEvent;
use crate::kubernetes::events::{EventQueue, Notice};
use crate::sources::Source;
use crate::sources::labelled::labelled;
use crate::sync::Applied;
use crate::sync::daemon::Observer;
use crate::sync::report::CycleReport;
use k8s_openapi::jiff::Timestamp;
use memory::Memory;
use news::{Context, News};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use zonewright_planner::ObjectRef;

/// What runs came to, as events. Not to be used in a dry run.
pub struct EventTeller {
    chosen: BTreeSet<EmittedEvent>,
    owner: String,
    sources: Vec<Arc<dyn Source>>,
    memory: Mutex<Memory>,
    queue: Arc<EventQueue>,
}

impl EventTeller {
    /// Tells of the chosen kinds. Deleted records have no object; the sources say which one their label means.
    pub fn new(
        chosen: &[EmittedEvent],
        owner: &str,
        sources: Vec<Arc<dyn Source>>,
        queue: Arc<EventQueue>,
    ) -> Self {
        let chosen = chosen.iter().copied().collect();
        Self { chosen, owner: owner.to_owned(), sources, memory: Mutex::default(), queue }
    }

    fn is_chosen(&self, kind: EmittedEvent) -> bool {
        self.chosen.contains(&kind)
    }
}

impl Observer for EventTeller {
    /// What is well is told when it becomes so, and nobody has to remember that.
    fn applied(&self, applied: &[Applied]) {
        let object_of = |label: &str| labelled(&self.sources, label);
        let context = Context { owner: &self.owner, object_of: &object_of };
        let chosen = context.of_made(applied).filter(|fact| self.is_chosen(fact.kind));
        self.queue.add(Timestamp::now(), chosen.map(Notice::from));
    }

    fn ended(&self, report: &CycleReport) {
        if report.dry_run {
            return;
        }
        let object_of = |label: &str| labelled(&self.sources, label);
        let context = Context { owner: &self.owner, object_of: &object_of };
        // A panic elsewhere does not make what is remembered wrong.
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let unsaid = memory.unsaid(&News { report, context }, &|kind| self.is_chosen(kind));
        self.queue.add(Timestamp::now(), unsaid);
    }
}

/// One thing that is true of an object.
#[derive(Debug, Clone)]
struct Fact {
    object: Arc<ObjectRef>,
    kind: EmittedEvent,
    action: &'static str,
    note: String,
}

impl From<Fact> for Notice {
    fn from(fact: Fact) -> Self {
        let is_warning = !matches!(fact.kind, EmittedEvent::RecordReady | EmittedEvent::RecordDeleted);
        Self {
            object: fact.object,
            reason: fact.kind.as_str(),
            action: fact.action,
            is_warning,
            note: fact.note,
        }
    }
}

#[cfg(test)]
mod tests;
