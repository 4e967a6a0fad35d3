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
/// TXT.
pub struct TxtRegistry;
/// TXT.
pub struct TxtConfig { /// x
 pub owner: Owner, /// x
 pub migrate_from: Option<Owner>, /// x
 pub prefix: String, /// x
 pub suffix: String, /// x
 pub wildcard_replacement: String, /// x
 pub encrypt: bool, /// x
 pub aes_key: Option<secrecy::SecretString>, /// x
 pub managed: zonewright_planner::ManagedTypes }
impl TxtRegistry { /// x
 pub fn new(_c: TxtConfig) -> Result<Registry, String> { Ok(Registry::Noop) } }
impl Registry { /// x
 pub fn noop() -> Self { Self::Noop } }
