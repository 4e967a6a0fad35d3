//! The file of `--inmemory-records`: read once, replaced as a whole after every change.

use crate::store::Store;
use std::borrow::Cow;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use zonewright_planner::EndpointError;
use zonewright_provider_kit::files::{LARGE, read_text};
use zonewright_provider_kit::wire::WireEndpoint;
use zonewright_provider_kit::{ProviderError, Zone, zone_for};

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `.yaml` or `.yml`
    Yaml,
    /// `.json`
    Json,
}

/// Why a file of records cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The extension says nothing.
    #[error("the name must end in .yaml, .yml or .json")]
    Extension,
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is not YAML, or not a list of endpoints.
    #[error("not a list of endpoints: {0}")]
    Yaml(#[source] serde_saphyr::Error),
    /// It is not JSON, or not a list of endpoints.
    #[error("not a list of endpoints: {0}")]
    Json(#[source] serde_json::Error),
    /// The records cannot be written as YAML.
    #[error("cannot be written as YAML: {0}")]
    Unwritable(#[source] serde_saphyr::ser_error::Error),
    /// One entry is wrong.
    #[error("{place}: {problem}")]
    Entry {
        /// Which one.
        place: Place,
        /// What is wrong with it.
        problem: Box<EntryProblem>,
    },
}

/// Where an entry stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1.
    pub entry: usize,
    /// Its first line, where the format tells.
    pub line: Option<u64>,
    /// Name and type as written.
    pub record: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "entry {}", self.entry)?;
        if let Some(line) = self.line {
            write!(f, " (line {line})")?;
        }
        if !self.record.is_empty() {
            write!(f, ", {}", self.record)?;
        }
        Ok(())
    }
}

/// What is wrong with an entry.
#[derive(Debug, thiserror::Error)]
pub enum EntryProblem {
    /// `null` or nothing.
    #[error("it is empty")]
    Null,
    /// A key that means nothing: probably a misspelt one.
    #[error(
        "unknown key {0:?}; known are dnsName, recordType, targets, setIdentifier, recordTTL, labels, providerSpecific"
    )]
    UnknownKey(String),
    /// Something without which it is no record.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Name or targets are wrong.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// No zone takes it.
    #[error("the name is in none of the zones {0}")]
    NoZone(String),
    /// It cannot stand beside an entry before it.
    #[error("{0}")]
    Refused(ProviderError),
}

/// A file that holds the records.
pub(crate) struct RecordFile {
    path: PathBuf,
    format: Format,
}

/// An entry and the line it begins on.
struct Entry<'a> {
    line: Option<u64>,
    endpoint: Option<WireEndpoint<'a>>,
}

impl RecordFile {
    pub(crate) fn new(path: &Path) -> Result<Self, FileError> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let format = match extension.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Format::Yaml,
            "json" => Format::Json,
            _ => return Err(FileError::Extension),
        };
        Ok(Self { path: path.to_owned(), format })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Fills the store with what the file says.
    pub(crate) fn load(&self, zones: &[Zone], store: &mut Store) -> Result<(), FileError> {
        let text = match read_text(&self.path, LARGE) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for (i, entry) in parse(&text, self.format)?.into_iter().enumerate() {
            let record = entry.endpoint.as_ref().map(WireEndpoint::describe).unwrap_or_default();
            let place = Place { entry: i + 1, line: entry.line, record };
            add(entry.endpoint, zones, store)
                .map_err(|problem| FileError::Entry { place, problem: Box::new(problem) })?;
        }
        Ok(())
    }

    /// Replaces the file: whoever reads it, and whenever the process dies, there is a whole one.
    pub(crate) async fn save(&self, store: &Store) -> Result<(), FileError> {
        let text = render(store, self.format)?;
        let path = self.path.clone();
        match tokio::task::spawn_blocking(move || replace(&path, &text)).await {
            Ok(written) => Ok(written?),
            Err(gone) => Err(io::Error::other(gone).into()),
        }
    }
}

fn parse(text: &str, format: Format) -> Result<Vec<Entry<'_>>, FileError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    match format {
        Format::Yaml => parse_yaml(text).map_err(FileError::Yaml),
        Format::Json => {
            let list: Option<Vec<Option<WireEndpoint>>> =
                serde_json::from_str(text).map_err(FileError::Json)?;
            let list = list.unwrap_or_default();
            Ok(list.into_iter().map(|endpoint| Entry { line: None, endpoint }).collect())
        }
    }
}

fn parse_yaml(text: &str) -> Result<Vec<Entry<'_>>, serde_saphyr::Error> {
    let mut options = serde_saphyr::Options::default();
    // The limits are against documents of strangers. This one is the operator's own and may hold a large zone.
    options.budget = None;
    // One line, as every other error.
    options.with_snippet = false;
    let list: Option<Vec<serde_saphyr::Spanned<Option<WireEndpoint>>>> =
        serde_saphyr::from_str_with_options(text, options)?;
    let entry = |spanned: serde_saphyr::Spanned<Option<_>>| Entry {
        line: Some(spanned.referenced.line()),
        endpoint: spanned.value,
    };
    Ok(list.unwrap_or_default().into_iter().map(entry).collect())
}

fn add(endpoint: Option<WireEndpoint<'_>>, zones: &[Zone], store: &mut Store) -> Result<(), EntryProblem> {
    let endpoint = endpoint.ok_or(EntryProblem::Null)?;
    if let Some(key) = endpoint.unknown_keys.first() {
        return Err(EntryProblem::UnknownKey(key.clone()));
    }
    if endpoint.dns_name.is_empty() {
        return Err(EntryProblem::Missing("dnsName"));
    }
    if endpoint.record_type.is_empty() {
        return Err(EntryProblem::Missing("recordType"));
    }
    let endpoint = endpoint.to_endpoint()?;
    let zone = zone_for(zones, &endpoint.name).ok_or_else(|| EntryProblem::NoZone(list(zones)))?;
    store.create(zone, &endpoint).map_err(EntryProblem::Refused)
}

fn list(zones: &[Zone]) -> String {
    zones.iter().map(|zone| zone.id.as_str()).collect::<Vec<_>>().join(", ")
}

fn render(store: &Store, format: Format) -> Result<String, FileError> {
    let records: Vec<WireEndpoint> = store.all().into_iter().map(WireEndpoint::from).collect();
    match format {
        Format::Yaml => {
            let mut options = serde_saphyr::SerializerOptions::default();
            // A value is one line, however long: readers and diffs cope better than with folded blocks.
            options.prefer_block_scalars = false;
            serde_saphyr::to_string_with_options(&records, options).map_err(FileError::Unwritable)
        }
        Format::Json => {
            serde_json::to_string_pretty(&records).map(|text| text + "\n").map_err(FileError::Json)
        }
    }
}

/// Writes beside the file and renames. A link keeps pointing where it points, and permissions stay.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).map_or(Cow::Borrowed(path), Cow::Owned);
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let beside = path.with_file_name(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let written =
        write_synced(&beside, text, fs::metadata(&path).ok().map(|metadata| metadata.permissions()))
            .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // The old file is intact; an unfinished one beside it would only puzzle.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write_synced(path: &Path, text: &str, permissions: Option<fs::Permissions>) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
