//! Snapshots as zone files (RFC 1035, section 5), and zone files of others.
//!
//! What a zone file cannot say stands in comments, so that name servers can read the file, and this program can read all of it:
//!
//! ```text
//! ; zonewright-snapshot {"version":1,"provider":"aws","registry":"txt"}      first line
//! ; zonewright-zone {"name":"example.org","id":"Z1"}                         before the records of a zone
//! ; zonewright-set {"owner":"me"}                                            more about the record set on the next line
//! ; zonewright-record {"name":"example.org","type":"A","targets":[…]}        a record set that a zone file cannot have
//! ; zonewright-end {"records":2}                                             last line, so that a cut file is noticed
//! ```
//!
//! The parsers there are do not fit: that of hickory-proto 0.26 drops comments, says no line numbers, gives up a whole file for one type
//! that it does not know, and opens what `$INCLUDE` names. What is needed of the data of records is little.

mod data;
mod read;
mod scan;
#[cfg(test)]
mod tests;
mod write;

pub use read::{ZoneFile, read};
pub use write::write;

use serde::{Deserialize, Serialize};

/// A mistake in a zone file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ZoneFileError {
    /// Its line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl ZoneFileError {
    fn new(line: usize, message: impl std::fmt::Display) -> Self {
        Self { line, message: message.to_string() }
    }
}

const SNAPSHOT: &str = "zonewright-snapshot";
const ZONE: &str = "zonewright-zone";
const SET: &str = "zonewright-set";
const RECORD: &str = "zonewright-record";
const END: &str = "zonewright-end";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotNote {
    version: u64,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    registry: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneNote {
    name: Option<String>,
    id: String,
    #[serde(default, rename = "notUnderstood", skip_serializing_if = "Vec::is_empty")]
    not_understood: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndNote {
    records: usize,
}
