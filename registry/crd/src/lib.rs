//! The DNSRecord objects of `--registry=crd`, as ExternalDNS v0.22 keeps them (registry/crd/crd.go at commit 2bf1bf8): one object per
//! record set, which holds the record and, in its status, whether the record stands in its zone.
//!
//! ```text
//! read      LIST, in pages, of every owner: the others' objects say which names are taken
//! insert    POST                      what is there already is never overwritten
//! update    GET, PUT                  only while the object still is its owner's
//! mark      PUT status                what came of the record: Programmed or Failed
//! delete    GET, DELETE               only what was looked at, and only while it still is its owner's
//! ```
//!
//! No verbs but those that v0.22 uses, so that its roles are enough. What differs: v0.22 takes what the objects say for what the zones
//! hold, and never looks at these; here objects say whose a record is, and zones are read.
//!
//! Owner of an object is whom label `externaldns.k8s.io/owner` and the record in it both name. Where they disagree nobody knows, and
//! the object is left alone.

mod convert;
mod objects;
#[cfg(test)]
mod tests;

pub use convert::{KIND, OWNER_LABEL, object_name};

use async_trait::async_trait;
use objects::Objects;
use std::sync::Arc;
use zonewright_provider_kit::ProviderError;
use zonewright_registry::{Item, ReadTable, RowError, Statement, WriteTable};

/// The objects of one namespace. Nothing is asked before it is needed.
#[derive(Debug, Clone)]
pub struct DnsRecords(Arc<Objects>);

/// Reads the objects.
#[derive(Debug)]
pub struct DnsRecordsReader(Arc<Objects>);

/// Writes objects.
#[derive(Debug)]
pub struct DnsRecordsWriter(Arc<Objects>);

impl DnsRecords {
    /// The objects in a namespace; `None` for that of the client.
    pub fn new(client: kube::Client, namespace: Option<&str>) -> Self {
        Self(Arc::new(Objects::new(client, namespace)))
    }

    /// The half that can only read.
    pub fn reader(&self) -> DnsRecordsReader {
        DnsRecordsReader(self.0.clone())
    }

    /// The half that writes.
    pub fn writer(&self) -> DnsRecordsWriter {
        DnsRecordsWriter(self.0.clone())
    }
}

#[async_trait]
impl ReadTable for DnsRecordsReader {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn keeps_records(&self) -> bool {
        true
    }

    async fn read(&self) -> Result<Vec<Item>, ProviderError> {
        self.0.read().await
    }
}

#[async_trait]
impl WriteTable for DnsRecordsWriter {
    async fn execute(&self, statements: &[Statement]) -> Vec<Result<(), RowError>> {
        self.0.execute(statements).await
    }
}
