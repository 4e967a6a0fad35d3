//! Why a test's surroundings could not be provided.

use std::path::PathBuf;

/// Tests mostly `unwrap` these, so `Debug` prints the readable message with its causes.
#[derive(thiserror::Error)]
pub enum Error {
    /// The install script has not been run, or not since a version was changed.
    #[error("{} is missing: run tests/setup/install-test-components", .0.display())]
    NotInstalled(PathBuf),
    /// A program ended, or was not ready in time; with the end of its log.
    #[error("{program} {problem}; the end of its log:\n{log}")]
    Process {
        /// Which program.
        program: &'static str,
        /// What it did or failed to do.
        problem: &'static str,
        /// The last lines it wrote.
        log: String,
    },
    /// A file, folder or socket of the test's own could not be used.
    #[error("{what}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A key or certificate could not be made.
    #[error("making keys and certificates")]
    Identity(#[from] rcgen::Error),
    /// The client for the API server could not be set up.
    #[error("setting up a client for the API server")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The API server refused, or could not be asked.
    #[error("{what}")]
    Api {
        /// The operation and its object.
        what: String,
        /// The answer.
        source: kube::Error,
    },
    /// An object given by the test is not one.
    #[error("not a Kubernetes object: {0}")]
    Object(String),
    /// A manifest given by the test is not YAML.
    #[error("{} is not readable as YAML: {problem}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        problem: String,
    },
    /// The server did not get where the test wants it in the time allowed.
    #[error("timed out waiting for {0}")]
    Timeout(String),
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")?;
        if let Error::Api { source: kube::Error::Api(status), .. } = self {
            // The client's own rendering says this twice, with every field.
            return write!(f, ": {} {}: {}", status.code, status.reason, status.message);
        }
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error {
    /// The HTTP status with which the API server refused, if that is what happened.
    pub fn status(&self) -> Option<u16> {
        match self {
            Error::Api { source: kube::Error::Api(status), .. } => Some(status.code),
            _ => None,
        }
    }
}

/// Adapters that say what was being attempted.
pub(crate) trait Context<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> Context<T> for Result<T, std::io::Error> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Io { what: what(), source })
    }
}

impl<T> Context<T> for Result<T, kube::Error> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Api { what: what(), source })
    }
}
