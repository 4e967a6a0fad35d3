//! A DNS provider without a DNS server (`--provider=inmemory`): for first steps, previews and tests.
//!
//! Its zones are those of `--inmemory-zone`. It is as strict as a server that takes conditions: a record set is created only
//! where there is none, changed and deleted only while it is what it was thought to be, and a CNAME stands alone at its name.
//! A record and its ownership rows are one transaction.
//!
//! With `--inmemory-records FILE` the records are read from a file at the start and written back after every change, so that
//! they survive the process. The file is a list of endpoints as in a DNSEndpoint, in YAML or JSON by the file's extension:
//!
//! ```yaml
//! - dnsName: www.example.org
//!   targets:
//!   - 192.0.2.1
//!   recordType: A
//!   recordTTL: 300
//! ```
//!
//! Which names it takes:
//!
//! | `--inmemory-zone` | `--inmemory-records` | takes |
//! |---|---|---|
//! | given | any | names in these zones; a file with others is an error |
//! | none | a file | every name: the file is the zone |
//! | none | none | none, so nothing is ever written. ExternalDNS logs such changes as if it made them |

mod file;
mod store;
#[cfg(test)]
mod tests;

pub use file::{EntryProblem, FileError, Place};

use async_trait::async_trait;
use file::RecordFile;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Store;
use tokio::sync::Mutex;
use zonewright_planner::{DnsName, NameError, ZoneId};
use zonewright_provider_kit::{
    Capabilities, ErrorClass, Listing, ProviderError, ReadZones, WriteZone, Zone, ZoneChange,
};

/// What the flags say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InMemoryConfig {
    /// `--inmemory-zone`; blank values mean nothing, as in ExternalDNS, whose default is one blank.
    pub zones: Vec<String>,
    /// `--inmemory-records`.
    pub records: Option<PathBuf>,
}

/// Why there can be no provider.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A zone is no DNS name.
    #[error("--inmemory-zone: {0}")]
    Zone(#[from] NameError),
    /// The file of records cannot be used.
    #[error("--inmemory-records {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<FileError>,
    },
}

/// The provider. Clones, readers and writers share one set of records.
#[derive(Clone)]
pub struct InMemory(Arc<Shared>);

struct Shared {
    zones: Vec<Zone>,
    capabilities: Capabilities,
    state: Mutex<State>,
}

struct State {
    store: Store,
    file: Option<RecordFile>,
}

/// Reads the zones.
pub struct InMemoryReader(Arc<Shared>);

/// Writes the zones and, where there is one, the file.
pub struct InMemoryWriter(Arc<Shared>);

impl InMemory {
    /// Sets up the zones and reads the file. A file that does not exist is an empty one; it appears with the first change.
    ///
    /// # Errors
    /// When a zone is no DNS name, or the file cannot be read, understood, or fitted into the zones.
    pub fn open(config: &InMemoryConfig) -> Result<Self, OpenError> {
        let zones = zones(config)?;
        let mut store = Store::new(&zones);
        let file = match &config.records {
            Some(path) => {
                let opened = open_file(path, &zones, &mut store);
                Some(
                    opened
                        .map_err(|source| OpenError::File { path: path.clone(), source: Box::new(source) })?,
                )
            }
            None => None,
        };
        let capabilities = Capabilities::everything();
        Ok(Self(Arc::new(Shared { zones, capabilities, state: Mutex::new(State { store, file }) })))
    }

    /// The half that can only read.
    pub fn reader(&self) -> InMemoryReader {
        InMemoryReader(self.0.clone())
    }

    /// The half that writes.
    pub fn writer(&self) -> InMemoryWriter {
        InMemoryWriter(self.0.clone())
    }
}

fn open_file(path: &Path, zones: &[Zone], store: &mut Store) -> Result<RecordFile, FileError> {
    let file = RecordFile::new(path)?;
    file.load(zones, store)?;
    Ok(file)
}

fn zones(config: &InMemoryConfig) -> Result<Vec<Zone>, NameError> {
    let given = config.zones.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    let mut names = given.map(DnsName::parse).collect::<Result<Vec<_>, _>>()?;
    names.sort();
    names.dedup();
    if names.is_empty() && config.records.is_some() {
        return Ok(vec![Zone { id: ZoneId::new("inmemory"), name: None }]);
    }
    Ok(names.into_iter().map(|name| Zone { id: ZoneId::new(name.as_str()), name: Some(name) }).collect())
}

#[async_trait]
impl ReadZones for InMemoryReader {
    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        Ok(self.0.zones.clone())
    }

    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        let state = self.0.state.lock().await;
        let records = state.store.records(&zone.id).ok_or_else(|| no_such_zone(zone))?;
        Ok(Listing { records: records.cloned().collect(), unreadable: Vec::new() })
    }
}

#[async_trait]
impl WriteZone for InMemoryWriter {
    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        let mut state = self.0.state.lock().await;
        let State { store, file } = &mut *state;
        let Some(applied) = store.apply(zone, changes) else {
            return vec![Err(no_such_zone(zone)); changes.len()];
        };
        if let Some(file) = file
            && applied.changed_anything()
            && let Err(error) = file.save(store).await
        {
            // What is not in the file is not there after a restart: then it must not seem to be there now either.
            store.undo(&zone.id, applied.undo);
            let message = format!("inmemory provider: {}", file.path().display());
            let error = ProviderError::new(ErrorClass::Unavailable, message).caused_by(error);
            return applied.outcomes.into_iter().map(|outcome| outcome.and(Err(error.clone()))).collect();
        }
        applied.outcomes
    }
}

fn no_such_zone(zone: &Zone) -> ProviderError {
    ProviderError::new(ErrorClass::Permanent, format!("inmemory provider: there is no zone {}", zone.id))
}
