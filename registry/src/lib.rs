//! Ownership registries (placeholder while the crate is being written).
use std::collections::BTreeMap;
use zonewright_planner::{Change, Endpoint, Owner, Record, RecordKey};
use zonewright_provider_kit::ZoneChange;
/// Registry.
pub enum Registry { /// noop
 Noop }
/// Rows.
#[derive(Debug, Default)]
pub struct Rows;
impl Rows { /// applied
 pub fn applied(&mut self, _c: &ZoneChange) {} }
/// Owned.
#[derive(Debug, Default)]
pub struct Owned { /// r
 pub records: Vec<Record>, /// r
 pub rows: Rows, /// r
 pub claims: BTreeMap<RecordKey, Owner>, /// r
 pub warnings: Vec<String> }
impl Registry {
 /// owner
 pub fn owner(&self) -> Option<&Owner> { None }
 /// read
 pub fn read(&self, records: Vec<Record>) -> Owned { Owned { records, ..Owned::default() } }
 /// decorate
 pub fn decorate(&self, change: Change, _rows: &Rows) -> ZoneChange { ZoneChange { change, rows: Vec::new() } }
 /// writable
 pub fn writable(&self, _e: &Endpoint) -> Result<(), String> { Ok(()) }
}
