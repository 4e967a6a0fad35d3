//! How approvals reach the loop: requests in a queue, and what is withheld for everybody to look at.

use super::{ApproveError, Approved, Guard, Withheld};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::info;
use zonewright_planner::DnsName;

/// More requests than this wait for the queue.
const QUEUE: usize = 16;

/// The loop's end.
#[derive(Debug)]
pub struct Approvals {
    requests: mpsc::Receiver<Request>,
    withheld: watch::Sender<Vec<Arc<Withheld>>>,
}

/// The end of whoever brings approvals.
#[derive(Debug, Clone)]
pub struct ApprovalHandle {
    requests: mpsc::Sender<Request>,
    withheld: watch::Receiver<Vec<Arc<Withheld>>>,
}

/// Something that the loop is to tell the guard.
#[derive(Debug)]
pub struct Request(Kind);

#[derive(Debug)]
enum Kind {
    Approve { hash: String, reply: oneshot::Sender<Result<Approved, ApproveError>> },
    Spent(Vec<String>),
}

/// The loop has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the daemon is about to end")]
pub struct Ended;

/// Both ends.
pub fn approvals() -> (ApprovalHandle, Approvals) {
    let (sender, requests) = mpsc::channel(QUEUE);
    let (withheld, looked_at) = watch::channel(Vec::new());
    (ApprovalHandle { requests: sender, withheld: looked_at }, Approvals { requests, withheld })
}

impl Approvals {
    /// The next request; `None` once nobody can make one any more. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> Option<Request> {
        self.requests.recv().await
    }

    /// Shows what is withheld. Called after each review and each request.
    pub fn publish(&self, guard: &Guard) {
        let now = guard.withheld();
        self.withheld.send_if_modified(|shown| {
            let is_news = *shown != now;
            *shown = now;
            is_news
        });
    }
}

impl Request {
    /// Tells the guard, and gives the answer to whoever asked. What comes back is to be planned now.
    pub fn settle(self, guard: &mut Guard) -> BTreeSet<DnsName> {
        match self.0 {
            Kind::Spent(hashes) => {
                guard.note_spent(hashes);
                BTreeSet::new()
            }
            Kind::Approve { hash, reply } => {
                let answer = guard.approve(&hash);
                if let Ok(Approved { zone, deletes, .. }) = &answer {
                    info!(zone.id = %zone, "withheld deletes approved: {hash}, {deletes} records");
                }
                let names = answer.as_ref().map(|approved| approved.names.clone()).unwrap_or_default();
                // Whoever asked may have gone away; the approval stands all the same.
                let _ = reply.send(answer);
                names
            }
        }
    }
}

impl ApprovalHandle {
    /// What is withheld.
    pub fn withheld(&self) -> Vec<Arc<Withheld>> {
        self.withheld.borrow().clone()
    }

    /// Waits until something is withheld.
    ///
    /// # Errors
    /// When the loop has ended.
    pub async fn until_something_is_withheld(&mut self) -> Result<(), Ended> {
        self.withheld.wait_for(|withheld| !withheld.is_empty()).await.map(drop).map_err(|_| Ended)
    }

    /// Approves a hash.
    ///
    /// # Errors
    /// When the loop has ended; inside, when the guard refuses.
    pub async fn approve(&self, hash: &str) -> Result<Result<Approved, ApproveError>, Ended> {
        let (reply, answer) = oneshot::channel();
        let request = Request(Kind::Approve { hash: hash.to_owned(), reply });
        self.requests.send(request).await.map_err(|_| Ended)?;
        answer.await.map_err(|_| Ended)
    }

    /// Tells the guard of hashes that were used up elsewhere.
    ///
    /// # Errors
    /// When the loop has ended.
    pub async fn spent(&self, hashes: Vec<String>) -> Result<(), Ended> {
        self.requests.send(Request(Kind::Spent(hashes))).await.map_err(|_| Ended)
    }
}
