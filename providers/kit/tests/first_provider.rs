//! A whole provider in one file, to copy when a new one begins (docs/contributing/add-a-provider.md).
//!
//! The service is a folder: `FOLDER/example.org.json` holds zone `example.org`, a list of record sets.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use zonewright_planner::{DnsName, Endpoint, Record, RecordType, Ttl, ZoneId};
use zonewright_provider_kit::{
    Capabilities, ErrorClass, Listing, Operation, ProviderError, ReadZones, WriteZone, Zone, ZoneChange,
};

/// A record set as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    name: String,
    #[serde(rename = "type")]
    record_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
    values: Vec<String>,
}

/// Reads the zones of a folder.
pub struct Reader {
    folder: PathBuf,
    capabilities: Capabilities,
}

/// Writes the zones of a folder.
pub struct Writer {
    folder: PathBuf,
}

impl Reader {
    /// Nothing is read yet.
    pub fn new(folder: &Path) -> Self {
        let capabilities = Capabilities { set_identifiers: false, ..Capabilities::everything() };
        Self { folder: folder.to_owned(), capabilities }
    }
}

impl Writer {
    /// Nothing is read yet.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }
}

#[async_trait]
impl ReadZones for Reader {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        let mut zones = Vec::new();
        for file in fs::read_dir(&self.folder).map_err(|error| away(&self.folder, error))? {
            let path = file.map_err(|error| away(&self.folder, error))?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let name = DnsName::parse(name).map_err(|error| away(&path, error))?;
            zones.push(Zone { id: ZoneId::new(name.as_str()), name: Some(name) });
        }
        Ok(zones)
    }

    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        let mut listing = Listing::default();
        for entry in read(&self.folder, zone)? {
            match to_record(zone, &entry) {
                Some(record) => listing.records.push(record),
                None => listing.unreadable.push(format!("{} {}", entry.name, entry.record_type)),
            }
        }
        Ok(listing)
    }
}

#[async_trait]
impl WriteZone for Writer {
    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        let written = read(&self.folder, zone).and_then(|mut entries| {
            for operation in changes.iter().flat_map(ZoneChange::operations) {
                carry_out(&mut entries, operation);
            }
            write(&self.folder, zone, &entries)
        });
        vec![written; changes.len()]
    }
}

fn carry_out(entries: &mut Vec<Entry>, operation: Operation<'_>) {
    match operation {
        Operation::Create(new) => entries.push(to_entry(new)),
        Operation::Update(old, new) => {
            remove(entries, old);
            entries.push(to_entry(new));
        }
        Operation::Delete(old) => remove(entries, old),
    }
}

fn remove(entries: &mut Vec<Entry>, old: &Record) {
    entries
        .retain(|entry| entry.name != old.spelled_name() || entry.record_type != old.record_type.to_string());
}

fn to_entry(endpoint: &Endpoint) -> Entry {
    Entry {
        name: endpoint.name.to_string(),
        record_type: endpoint.record_type.to_string(),
        ttl: endpoint.ttl.configured(),
        values: endpoint.targets.iter().map(ToString::to_string).collect(),
    }
}

fn to_record(zone: &Zone, entry: &Entry) -> Option<Record> {
    let record_type = RecordType::from_text(&entry.record_type);
    let mut record = Record::from_text(zone.id.clone(), &entry.name, record_type, &entry.values).ok()?;
    record.ttl = entry.ttl.map_or(Ttl::UNSET, Ttl::from_seconds);
    Some(record)
}

fn path(folder: &Path, zone: &Zone) -> PathBuf {
    folder.join(format!("{}.json", zone.id))
}

fn read(folder: &Path, zone: &Zone) -> Result<Vec<Entry>, ProviderError> {
    let path = path(folder, zone);
    let text = fs::read_to_string(&path).map_err(|error| away(&path, error))?;
    serde_json::from_str(&text).map_err(|error| away(&path, error))
}

fn write(folder: &Path, zone: &Zone, entries: &[Entry]) -> Result<(), ProviderError> {
    let path = path(folder, zone);
    let text = serde_json::to_string_pretty(entries).map_err(|error| away(&path, error))?;
    fs::write(&path, text).map_err(|error| away(&path, error))
}

fn away(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> ProviderError {
    ProviderError::new(ErrorClass::Unavailable, format!("jsonfile provider: {}", path.display()))
        .caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zonewright_provider_kit::battery::Battery;

    #[tokio::test]
    async fn the_battery_is_green() {
        let folder = tempfile::tempdir().unwrap();
        for zone in ["example.org", "2.0.192.in-addr.arpa"] {
            fs::write(folder.path().join(format!("{zone}.json")), "[]").unwrap();
        }
        let (reader, writer) = (Reader::new(folder.path()), Writer::new(folder.path()));
        Battery::new(&reader, &writer, "example.org".parse().unwrap()).run().await.unwrap();
    }
}
