//! Secrets: never shown, and read anew where they stand in a file.

use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use zonewright_provider_kit::files::{SMALL, read_text};
use zonewright_provider_kit::{ErrorClass, ProviderError};

/// Where a secret stands.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// It is known.
    Value(SecretString),
    /// In a file, which may change at any time: Kubernetes renews the files of a mounted Secret.
    File(PathBuf),
}

impl SecretSource {
    /// A value as it stands in an environment variable: itself, or `file:` and a path. White space around it does not count.
    /// `None` when it is empty.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.strip_prefix("file:") {
            Some(path) => Some(Self::File(PathBuf::from(path))),
            None if text.is_empty() => None,
            None => Some(Self::Value(text.into())),
        }
    }
}

/// A secret that can be asked for again and again.
///
/// A file is read each time: it is small, and no time of change has to be trusted, which is the same for two files within one tick.
/// While it cannot be read, or is empty, the last good one counts: a rotation that goes wrong half-way breaks nothing.
#[derive(Debug)]
pub struct Secret {
    /// What to call it in messages: `CF_API_TOKEN`.
    name: &'static str,
    source: SecretSource,
    last: Mutex<Option<SecretString>>,
}

impl Secret {
    /// A secret with a name for messages.
    pub fn new(name: &'static str, source: SecretSource) -> Self {
        Self { name, source, last: Mutex::default() }
    }

    /// The secret as it is now.
    ///
    /// # Errors
    /// Of class `Auth`, naming secret and file, when there has never been one.
    pub async fn get(&self) -> Result<SecretString, ProviderError> {
        let path = match &self.source {
            SecretSource::Value(value) => return Ok(value.clone()),
            SecretSource::File(path) => path,
        };
        match read(path) {
            Ok(secret) => {
                *self.last() = Some(secret.clone());
                Ok(secret)
            }
            Err(reason) => {
                let error = format!("{}: file {}: {reason}", self.name, path.display());
                let last = self.last().clone();
                let Some(last) = last else { return Err(ProviderError::new(ErrorClass::Auth, error)) };
                tracing::warn!(%error, "a secret cannot be read anew; the last one is used");
                Ok(last)
            }
        }
    }

    /// Whether another secret than this one is to be had now: worth a second try when the service refuses the first.
    pub async fn has_changed_from(&self, used: &SecretString) -> bool {
        matches!(self.get().await, Ok(now) if now.expose_secret() != used.expose_secret())
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<SecretString>> {
        // Nothing here leaves it half-done.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In place, for it is small and on this machine.
fn read(path: &Path) -> Result<SecretString, String> {
    let text = read_text(path, SMALL).map_err(|error| error.to_string())?;
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        secret => Ok(secret.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn value(secret: &Secret) -> String {
        secret.get().await.unwrap().expose_secret().to_owned()
    }

    #[tokio::test]
    async fn a_file_is_read_anew_and_a_broken_one_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let source = SecretSource::parse(&format!(" file:{} ", path.display())).unwrap();
        let secret = Secret::new("CF_API_TOKEN", source);
        let error = secret.get().await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Auth);
        let text = error.to_string();
        assert!(text.contains("CF_API_TOKEN") && text.contains("token:"), "{text}");

        std::fs::write(&path, "one\n").unwrap();
        assert_eq!(value(&secret).await, "one");
        let used = secret.get().await.unwrap();
        assert!(!secret.has_changed_from(&used).await);
        std::fs::write(&path, "two\n").unwrap();
        assert!(secret.has_changed_from(&used).await);
        assert_eq!(value(&secret).await, "two");
        std::fs::write(&path, " \n").unwrap();
        assert_eq!(value(&secret).await, "two");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(value(&secret).await, "two");
    }

    #[tokio::test]
    async fn a_value_is_trimmed_and_never_shown() {
        let secret = Secret::new("KEY", SecretSource::parse("  abc\n").unwrap());
        assert_eq!(value(&secret).await, "abc");
        assert!(!format!("{secret:?}").contains("abc"));
        assert!(SecretSource::parse(" ").is_none());
    }
}
