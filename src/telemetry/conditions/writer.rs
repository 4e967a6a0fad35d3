//! Takes what there is to say from the board to the API server, in the background.

use super::verdict::Verdict;
use super::{Board, Lists};
use crate::sources::crd::status::{self, StatusError};
use crate::sources::object::Key;
use k8s_openapi::jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often a status is tried whose object somebody else keeps changing, and the pause in between, in which the cache catches up.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);

/// Writes what is on the board.
pub struct StatusWriter {
    client: kube::Client,
    board: Arc<Board>,
    now: fn() -> Timestamp,
    /// What was complained of, so that a lasting condition is one line: namespaces where we may not write, and objects.
    told: BTreeSet<String>,
}

impl StatusWriter {
    /// Writes through this client.
    pub fn new(client: kube::Client, board: Arc<Board>) -> Self {
        Self { client, board, now: Timestamp::now, told: BTreeSet::new() }
    }

    /// Writes until `stop` fires.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let next = stop.run_until_cancelled(async {
                let (key, verdict) = self.board.next().await;
                self.write(&key, verdict).await;
            });
            if next.await.is_none() {
                return;
            }
        }
    }

    async fn write(&mut self, key: &Key, verdict: Verdict) {
        for _ in 0..ATTEMPTS {
            let Some(standing) = status::of(&self.board.cache, key) else { return };
            if (&standing.uid, standing.generation) != (&verdict.uid, verdict.generation) {
                // It changed since; what is said of the new form comes with the run that looks at it.
                return;
            }
            let needs_no_more =
                self.board.lists().drops_conditions && standing.observed_generation == verdict.generation;
            if needs_no_more {
                return self.board.said(key, verdict);
            }
            let now = (self.now)().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            let written = verdict.written_over(standing, &now);
            match status::write(&self.client, key, &written).await {
                Ok(keeps_conditions) => {
                    self.told.remove(&*key.namespace);
                    self.told.remove(&key.path());
                    self.note_definition(keeps_conditions);
                    return self.board.said(key, verdict);
                }
                Err(StatusError::Outrun) => tokio::time::sleep(PAUSE).await,
                Err(error) => return self.give_up(key, &error),
            }
        }
    }

    fn note_definition(&self, keeps_conditions: bool) {
        let before = std::mem::replace(&mut self.board.lists().drops_conditions, !keeps_conditions);
        if !keeps_conditions && !before {
            warn!(
                "the installed definition of DNSEndpoint knows no conditions, so their status tells only which generation was looked \
                 at; `zonewright crds` prints the one that does"
            );
        }
    }

    /// What could not be written is put up again by the next full run, because it was not said.
    fn give_up(&mut self, key: &Key, error: &StatusError) {
        let what = match error {
            // Permission is given by namespace: what one object is refused the others are, and asking for each takes time.
            StatusError::Refused(_) => {
                self.board.lists().waiting.retain(|other, _| other.namespace != key.namespace);
                key.namespace.to_string()
            }
            _ => key.path(),
        };
        if self.told.insert(what.clone()) {
            warn!("status of DNSEndpoint {what} cannot be written: {error}");
        }
    }
}

impl Board {
    async fn next(&self) -> (Key, Verdict) {
        loop {
            {
                let mut lists = self.lists();
                let Lists { waiting, .. } = &mut *lists;
                match waiting.pop_first() {
                    Some(next) => return next,
                    None => self.is_idle.send_replace(true),
                };
            }
            self.filled.notified().await;
        }
    }

    fn said(&self, key: &Key, verdict: Verdict) {
        self.lists().said.insert(key.clone(), verdict);
    }
}
