//! The one state behind all connections.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A state that connections and tests look at. Clones are the same state.
#[derive(Default)]
pub struct Shared<S>(Arc<Mutex<S>>);

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S> Shared<S> {
    /// Shares a state.
    pub fn new(state: S) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// Waits for everybody else to look away. One who panicked while looking is no reason not to look: the test that made it panic
    /// fails for that.
    pub fn lock(&self) -> MutexGuard<'_, S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
