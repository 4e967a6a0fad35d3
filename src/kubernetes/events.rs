//! Writing Kubernetes Events (events.k8s.io/v1): a bounded queue and one task that empties it.
//!
//! ```text
//! notice ──> EventQueue (when full the oldest goes, and is counted) ──> EventWriter ──> API server
//! ```
//!
//! Putting a notice into the queue never waits, so that no run does. kube's own recorder is not used: it folds repetitions into
//! series, for which it needs the right to patch events and a memory of its own; what comes here is never a repetition.

use http::StatusCode;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, PostParams};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use zonewright_planner::ObjectRef;

/// As ExternalDNS names itself, so that whoever filters events by it keeps finding them.
const CONTROLLER: &str = "external-dns";
/// Where events about objects of the whole cluster go, as Kubernetes itself has it.
pub(super) const NAMESPACE_OF_CLUSTER_WIDE: &str = "default";
/// The API server's limit for object names, and for the text of an event (apis/events validation).
const MAX_NAME: usize = 253;
const MAX_NOTE: usize = 1024;
/// A first run may have something to tell of every record; of more than these nobody could read all.
const CAPACITY: usize = 1000;
/// How often one event is tried, and the first pause between two tries.
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Something to tell those who own an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The object.
    pub object: Arc<ObjectRef>,
    /// `RecordReady`, …: the `reason` of the event.
    pub reason: &'static str,
    /// What was done, in a word: the `action` of the event.
    pub action: &'static str,
    /// Whether somebody should look at it.
    pub is_warning: bool,
    /// The text.
    pub note: String,
}

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOutcome {
    /// It is in the API server.
    Written,
    /// The API server did not take it.
    Failed,
    /// The queue was full of newer ones.
    Dropped,
}

impl EventOutcome {
    /// A short fixed word for metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// Told what became of each notice.
pub type EventRecorder = Arc<dyn Fn(EventOutcome) + Send + Sync>;

/// Notices on their way.
pub struct EventQueue {
    waiting: Mutex<VecDeque<(Timestamp, Notice)>>,
    capacity: usize,
    recorder: EventRecorder,
    filled: Notify,
    is_idle: tokio::sync::watch::Sender<bool>,
}

impl EventQueue {
    /// An empty queue.
    pub fn new(recorder: EventRecorder) -> Arc<Self> {
        Arc::new(Self::with_capacity(CAPACITY, recorder))
    }

    fn with_capacity(capacity: usize, recorder: EventRecorder) -> Self {
        let (waiting, filled) = (Mutex::default(), Notify::new());
        Self { waiting, capacity, recorder, filled, is_idle: tokio::sync::watch::Sender::new(true) }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(Timestamp, Notice)>> {
        // A panic elsewhere does not make the list wrong.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what happened at a moment. Where there is no room, what waits longest goes.
    pub fn add(&self, at: Timestamp, notices: impl IntoIterator<Item = Notice>) {
        let mut waiting = self.waiting();
        for notice in notices {
            if waiting.len() == self.capacity {
                waiting.pop_front();
                (self.recorder)(EventOutcome::Dropped);
            }
            waiting.push_back((at, notice));
        }
        if !waiting.is_empty() {
            self.is_idle.send_replace(false);
            self.filled.notify_one();
        }
    }

    /// Everything that waits to be written.
    #[cfg(test)]
    pub fn take(&self) -> Vec<Notice> {
        self.waiting().drain(..).map(|(_, notice)| notice).collect()
    }

    async fn next(&self) -> (Timestamp, Notice) {
        loop {
            {
                let mut waiting = self.waiting();
                match waiting.pop_front() {
                    Some(next) => return next,
                    None => self.is_idle.send_replace(true),
                };
            }
            self.filled.notified().await;
        }
    }

    /// Waits until everything is written or given up, but no longer than this.
    pub async fn drain(&self, patience: Duration) {
        let mut is_idle = self.is_idle.subscribe();
        // The sender is ours, so waiting cannot fail; running out of patience is no error either.
        drop(tokio::time::timeout(patience, is_idle.wait_for(|idle| *idle)).await);
    }
}

/// Empties a queue into the API server.
pub struct EventWriter {
    client: kube::Client,
    queue: Arc<EventQueue>,
    /// Names are made of the time, and must differ.
    last_name: i128,
    /// Whether it was said that events cannot be written.
    warned: bool,
}

impl EventWriter {
    /// The client should be one of its own: its rate limit then delays nothing but events.
    pub fn new(client: kube::Client, queue: Arc<EventQueue>) -> Self {
        Self { client, queue, last_name: 0, warned: false }
    }

    /// Writes until `stop` fires.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let next = stop.run_until_cancelled(async {
                let (at, notice) = self.queue.next().await;
                self.write(at, notice).await;
            });
            if next.await.is_none() {
                return;
            }
        }
    }

    async fn write(&mut self, at: Timestamp, notice: Notice) {
        let nanosecond = at.as_nanosecond().max(self.last_name + 1);
        self.last_name = nanosecond;
        let event = event_of(at, nanosecond, notice);
        let namespace = event.metadata.namespace.clone().unwrap_or_default();
        let api: Api<Event> = Api::namespaced(self.client.clone(), &namespace);
        let mut pause = FIRST_PAUSE;
        for attempt in 1..=ATTEMPTS {
            let Err(error) = api.create(&PostParams::default(), &event).await else {
                self.warned = false;
                (self.queue.recorder)(EventOutcome::Written);
                return;
            };
            if attempt == ATTEMPTS || !may_pass(&error) {
                (self.queue.recorder)(EventOutcome::Failed);
                self.complain(&namespace, &error);
                return;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// A lasting condition is one line. That a namespace is gone, or about to go, is none.
    fn complain(&mut self, namespace: &str, error: &kube::Error) {
        if is_of_a_namespace_that_goes(error) {
            return debug!("no event in namespace {namespace}: {error}");
        }
        if !std::mem::replace(&mut self.warned, true) {
            warn!(
                "Kubernetes Events cannot be written (--events-emit needs `create` on events.events.k8s.io): {error}"
            );
        }
    }
}

/// Whether trying again may help.
fn may_pass(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 429 || status.code >= 500,
        _ => true,
    }
}

fn is_of_a_namespace_that_goes(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else { return false };
    let causes = status.details.as_ref().map(|details| details.causes.as_slice()).unwrap_or_default();
    status.code == StatusCode::NOT_FOUND.as_u16()
        || causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
}

/// The event in the form that ExternalDNS gives it.
fn event_of(at: Timestamp, nanosecond: i128, notice: Notice) -> Event {
    let object = &notice.object;
    let reference = ObjectReference {
        api_version: Some(object.api_version.to_owned()),
        kind: Some(object.kind.to_owned()),
        name: Some(object.name.to_string()),
        namespace: Some(object.namespace.to_string()).filter(|namespace| !namespace.is_empty()),
        uid: Some(object.uid.to_string()).filter(|uid| !uid.is_empty()),
        ..ObjectReference::default()
    };
    let namespace = match &*object.namespace {
        "" => NAMESPACE_OF_CLUSTER_WIDE,
        namespace => namespace,
    };
    Event {
        metadata: ObjectMeta {
            name: Some(name_of(&object.name, nanosecond)),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        },
        event_time: Some(MicroTime(at)),
        reporting_controller: Some(CONTROLLER.to_owned()),
        reporting_instance: Some(format!("{CONTROLLER}/source/{}", object.source)),
        action: Some(notice.action.to_owned()),
        reason: Some(notice.reason.to_owned()),
        type_: Some(if notice.is_warning { "Warning" } else { "Normal" }.to_owned()),
        note: Some(shortened(notice.note)),
        related: reference.uid.is_some().then(|| reference.clone()),
        regarding: Some(reference),
        ..Event::default()
    }
}

fn name_of(object: &str, nanosecond: i128) -> String {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let object: String = object.to_ascii_lowercase().chars().map(|c| if fits(c) { c } else { '-' }).collect();
    let suffix = format!(".{nanosecond:x}");
    let object = object.get(..MAX_NAME - suffix.len()).unwrap_or(&object);
    // What is cut off may leave a character at the end that may only stand in the middle.
    format!("{}{suffix}", object.trim_matches(['-', '.']))
}

fn shortened(mut note: String) -> String {
    if note.len() > MAX_NOTE {
        let end = note.floor_char_boundary(MAX_NOTE - 3);
        note.truncate(end);
        note.push_str("...");
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn notice(name: &str, note: &str) -> Notice {
        let object = ObjectRef {
            source: "ingress",
            kind: "Ingress",
            api_version: "networking.k8s.io/v1",
            namespace: "shop".into(),
            name: name.into(),
            uid: "u-1".into(),
        };
        Notice {
            object: Arc::new(object),
            reason: "RecordReady",
            action: "Created",
            is_warning: false,
            note: note.to_owned(),
        }
    }

    #[tokio::test]
    async fn a_full_queue_lets_the_oldest_go_and_counts_it() {
        let dropped = Arc::new(AtomicUsize::new(0));
        let count = dropped.clone();
        let recorder: EventRecorder = Arc::new(move |outcome| {
            assert_eq!(outcome, EventOutcome::Dropped);
            count.fetch_add(1, Ordering::Relaxed);
        });
        let queue = EventQueue::with_capacity(2, recorder);
        queue.add(Timestamp::UNIX_EPOCH, ["a", "b", "c"].map(|note| notice("web", note)));
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
        assert_eq!(queue.next().await.1.note, "b");
        assert_eq!(queue.next().await.1.note, "c");
    }

    #[tokio::test(start_paused = true)]
    async fn draining_waits_for_the_writer_but_not_for_ever() {
        let queue = EventQueue::new(Arc::new(|_| {}));
        queue.drain(Duration::from_secs(5)).await;
        queue.add(Timestamp::UNIX_EPOCH, [notice("web", "a")]);
        let started = tokio::time::Instant::now();
        queue.drain(Duration::from_secs(5)).await;
        assert_eq!(started.elapsed(), Duration::from_secs(5), "nobody writes");
        let emptied = queue.clone();
        tokio::spawn(async move {
            loop {
                emptied.next().await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        queue.drain(Duration::from_secs(5)).await;
        assert_eq!(started.elapsed(), Duration::from_secs(6), "what is under way is waited for");
    }

    #[test]
    fn an_event_names_its_object_as_external_dns_does() {
        let at = Timestamp::new(1_700_000_000, 5).unwrap();
        let event = event_of(at, at.as_nanosecond(), notice("Web_1", "hello"));
        assert_eq!(event.metadata.name.unwrap(), "web-1.17979cfe362a0005");
        assert_eq!(event.metadata.namespace.unwrap(), "shop");
        assert_eq!(event.reporting_controller.unwrap(), "external-dns");
        assert_eq!(event.reporting_instance.unwrap(), "external-dns/source/ingress");
        assert_eq!((event.type_.unwrap(), event.reason.unwrap()), ("Normal".into(), "RecordReady".into()));
        assert_eq!(event.regarding.clone().unwrap().uid.unwrap(), "u-1");
        assert_eq!(event.related, event.regarding);
    }

    #[test]
    fn what_the_api_server_would_refuse_is_cut() {
        let at = Timestamp::UNIX_EPOCH;
        let event = event_of(at, 1, notice(&format!("{}-b", "a".repeat(250)), &"é".repeat(600)));
        let name = event.metadata.name.unwrap();
        assert!(name.len() <= MAX_NAME && name.ends_with("a.1"), "{name}");
        let note = event.note.unwrap();
        assert!(note.len() <= MAX_NOTE && note.ends_with("é..."), "{note}");
    }
}
