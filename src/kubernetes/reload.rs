//! Credentials that change while the program runs: files are looked at before calls, and read again when they differ.
//!
//! What is compared is what the files hold, so it makes no difference whether they are written in place or, as mounted Secrets
//! are, swapped by a link. Nothing runs between calls.

use super::ClusterAccess;
use super::access::{AccessError, Connection, of_call};
use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tower::{BoxError, Service};

/// Many calls in a row need one look.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// What is broken may be put right by a file that nobody looks at yet, such as one that only the new kubeconfig names.
const BETWEEN_RETRIES: Duration = Duration::from_secs(2);

/// A service over the connection that the files describe at the time of each call.
#[derive(Clone)]
pub struct Reloading {
    access: Arc<ClusterAccess>,
    home: Option<PathBuf>,
    state: Arc<Mutex<State>>,
}

struct State {
    connection: Connection,
    print: u64,
    looked: Instant,
    /// When reading failed last, and with which message.
    failed: Option<(Instant, String)>,
}

impl Reloading {
    /// Goes on from a connection that was just made.
    pub fn new(access: ClusterAccess, home: Option<PathBuf>, connection: Connection) -> Self {
        let print = fingerprint(&connection.files);
        let state = State { connection, print, looked: Instant::now(), failed: None };
        Self { access: Arc::new(access), home, state: Arc::new(Mutex::new(state)) }
    }

    async fn current(&self) -> Client {
        match self.look() {
            Ok(client) => client,
            Err(files) => self.reload(&files).await,
        }
    }

    /// The connection as it is, or the files that have changed. One caller is told of a change; meanwhile the others go on.
    fn look(&self) -> Result<Client, Vec<PathBuf>> {
        let mut state = self.state();
        let now = Instant::now();
        if now.duration_since(state.looked) >= BETWEEN_LOOKS {
            state.looked = now;
            let print = fingerprint(&state.connection.files);
            let is_retry = state
                .failed
                .as_ref()
                .is_some_and(|(failed, _)| now.duration_since(*failed) >= BETWEEN_RETRIES);
            if print != state.print || is_retry {
                state.print = print;
                return Err(state.connection.files.clone());
            }
        }
        Ok(state.connection.client.clone())
    }

    async fn reload(&self, files: &[PathBuf]) -> Client {
        let loaded: Result<Connection, AccessError> = self.access.load(self.home.as_deref()).await;
        let mut state = self.state();
        match loaded {
            Ok(connection) => {
                // A file that is named for the first time belongs to what is compared from now on.
                if connection.files != files {
                    state.print = fingerprint(&connection.files);
                }
                state.connection = connection;
                state.failed = None;
                tracing::info!("credentials for the Kubernetes API have changed and are in use");
            }
            Err(error) => {
                // A mistake in YAML comes with a drawing, which is no use in a log.
                let error = error.to_string().lines().next().unwrap_or_default().to_owned();
                if state.failed.as_ref().is_none_or(|(_, known)| *known != error) {
                    tracing::warn!("{error}; calls go on with what was read before");
                }
                state.failed = Some((Instant::now(), error));
            }
        }
        state.connection.client.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic elsewhere does not make it wrong: its parts are assigned one by one, and any mix of them works.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the files hold, in a number; a file that cannot be read counts as such.
fn fingerprint(files: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).ok().hash(&mut hasher);
    }
    hasher.finish()
}

impl Service<Request<Body>> for Reloading {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    /// Does nothing before it is polled: whoever waits for the rate limit has the credentials of when its turn comes.
    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { this.current().await.send(request).await.map_err(of_call) })
    }
}
