//! The file behind `--domain-policy`, which may change while the program runs.

use super::policy::{Judge, Rules};
use crate::sources::gateway::objects::Namespace;
use crate::sources::store::{Cache, Changes, Fill};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Notify;
use tracing::{error, info};
use zonewright_provider_kit::files::{SMALL, read_text};

/// How often the file is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// The rules in use.
#[derive(Debug)]
pub struct DomainPolicy {
    rules: RwLock<Arc<Rules>>,
    /// Counts the changes of the rules.
    version: AtomicU64,
    namespaces: Option<Arc<Cache<Namespace>>>,
    readers: Mutex<Vec<Arc<Notify>>>,
}

impl DomainPolicy {
    /// Puts rules to use; `namespaces` for those that select by labels.
    pub fn new(rules: Rules, namespaces: Option<Arc<Cache<Namespace>>>) -> Self {
        Self {
            rules: RwLock::new(Arc::new(rules)),
            version: AtomicU64::new(0),
            namespaces,
            readers: Mutex::default(),
        }
    }

    /// The rules of this moment, ready to be applied.
    pub fn judge(&self) -> Judge {
        Judge::new(self)
    }

    /// Replaces the rules, and wakes who applies them.
    ///
    /// # Errors
    /// When they select by labels and Namespaces are not watched; the rules stay as they are.
    pub fn replace(&self, rules: Rules) -> Result<(), String> {
        if rules.needs_labels() && self.namespaces.is_none() {
            return Err(
                "namespaceSelector is used for the first time, which takes a restart, because until now \
                        Namespaces are not watched"
                    .to_owned(),
            );
        }
        // A panic elsewhere does not make what is stored here wrong: every write is one assignment.
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
        self.version.fetch_add(1, Ordering::Release);
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.iter().for_each(|reader| reader.notify_one());
        Ok(())
    }

    /// Differs when the rules do.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// From now on `wake` is notified of new rules, and of changes of Namespaces where they matter.
    pub fn subscribe(&self, wake: &Arc<Notify>) -> Option<Changes> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(wake.clone());
        self.namespaces.as_ref().map(|namespaces| namespaces.subscribe(wake))
    }

    pub(super) fn rules(&self) -> Arc<Rules> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn namespaces(&self) -> Option<&Arc<Cache<Namespace>>> {
        self.namespaces.as_ref()
    }
}

/// A file as it was last seen.
#[derive(Debug)]
pub struct PolicyFile {
    path: PathBuf,
    text: Result<String, String>,
}

impl PolicyFile {
    /// Reads it for the first time.
    ///
    /// # Errors
    /// When it cannot be read or makes no sense: without rules nothing may start.
    pub fn open(path: &Path) -> Result<(Self, Rules), String> {
        let text = read(path);
        let rules = parse(path, &text)?;
        Ok((Self { path: path.to_owned(), text }, rules))
    }

    /// What it says now, if that differs from the last time.
    pub fn look(&mut self) -> Option<Result<Rules, String>> {
        let text = read(&self.path);
        if text == self.text {
            return None;
        }
        let rules = parse(&self.path, &text);
        self.text = text;
        Some(rules)
    }
}

fn read(path: &Path) -> Result<String, String> {
    read_text(path, SMALL).map_err(|error| format!("{}: {error}", path.display()))
}

fn parse(path: &Path, text: &Result<String, String>) -> Result<Rules, String> {
    Rules::parse(&path.display().to_string(), text.as_ref().map_err(Clone::clone)?)
}

/// Keeps the rules as the file says, looking at it again and again. While it is broken those from before stay.
pub async fn follow(mut file: PolicyFile, policy: Arc<DomainPolicy>) {
    loop {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let Some(rules) = file.look() else { continue };
        let path = file.path.display();
        match rules.and_then(|rules| policy.replace(rules).map_err(|error| format!("{path}: {error}"))) {
            Ok(()) => info!("the domain policy {path} has changed and is in use"),
            Err(error) => error!("--domain-policy: {error}; the rules from before stay in use"),
        }
    }
}
