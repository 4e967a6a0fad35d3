//! Endpoints and changes as JSON (or YAML): the form of the webhook protocol and of record files.
//!
//! It is the form of Go's `encoding/json` for ExternalDNS's structs, in both directions. Written: keys in a fixed order,
//! empty fields left out, `<`, `>` and `&` escaped. Read: keys in any case, unknown keys ignored, `null` for "nothing", of
//! repeated keys the last.

mod decode;
mod encode;

pub use encode::to_json;

use crate::normalize_alias;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use zonewright_planner::{
    Endpoint, EndpointError, Labels, NameError, Properties, Record, RecordType, STATEMENT_LABELS, Target,
    Ttl, ZoneId,
};

/// The media type of the webhook protocol. Clients compare it byte by byte.
pub const MEDIA_TYPE: &str = "application/external.dns.webhook+json;version=1";

/// An endpoint or record as on the wire: texts, nothing checked. Borrows where it can, so that a long list is written and
/// read without a second copy of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireEndpoint<'a> {
    /// The name as written, with or without trailing dot.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub dns_name: Cow<'a, str>,
    /// The targets as written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Cow<'a, str>>,
    /// The type as written; case matters.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub record_type: Cow<'a, str>,
    /// Empty for plain record sets.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub set_identifier: Cow<'a, str>,
    /// Seconds; zero for "not set".
    #[serde(rename = "recordTTL", skip_serializing_if = "is_zero")]
    pub record_ttl: i64,
    /// Labels by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// Properties in the order in which they were given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub provider_specific: Vec<WireProperty<'a>>,
    /// Keys that mean nothing: ignored by the protocol, a mistake in a file that people write.
    #[serde(skip)]
    pub unknown_keys: Vec<String>,
}

/// A provider-specific property as on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WireProperty<'a> {
    /// Its name.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub name: Cow<'a, str>,
    /// Its value; an empty one is left out.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub value: Cow<'a, str>,
}

/// The body of `POST /records`: what to do, in four lists. `update_old` and `update_new` belong together row by row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireChanges<T> {
    /// What to create.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub create: Vec<T>,
    /// What is to be replaced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub update_old: Vec<T>,
    /// What replaces it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub update_new: Vec<T>,
    /// What to remove.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delete: Vec<T>,
}

impl<T> Default for WireChanges<T> {
    fn default() -> Self {
        Self { create: Vec::new(), update_old: Vec::new(), update_new: Vec::new(), delete: Vec::new() }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl<'a> From<&'a Endpoint> for WireEndpoint<'a> {
    /// Canonical name and targets.
    fn from(endpoint: &'a Endpoint) -> Self {
        Self {
            dns_name: endpoint.name.as_str().into(),
            targets: endpoint.targets.iter().map(target_text).collect(),
            record_type: endpoint.record_type.as_str().into(),
            set_identifier: (&*endpoint.set_identifier).into(),
            record_ttl: endpoint.ttl.seconds(),
            labels: labels_out(&endpoint.labels),
            provider_specific: properties_out(&endpoint.properties),
            unknown_keys: Vec::new(),
        }
    }
}

impl<'a> From<&'a Record> for WireEndpoint<'a> {
    /// Name and targets letter for letter as they were read.
    fn from(record: &'a Record) -> Self {
        let targets = match record.spelling.as_deref() {
            Some(spelling) => spelling.targets.iter().map(Cow::from).collect(),
            None => record.targets.iter().map(target_text).collect(),
        };
        Self {
            dns_name: record.spelled_name().into(),
            targets,
            record_type: record.record_type.as_str().into(),
            set_identifier: (&*record.set_identifier).into(),
            record_ttl: record.ttl.seconds(),
            labels: labels_out(&record.labels),
            provider_specific: properties_out(&record.properties),
            unknown_keys: Vec::new(),
        }
    }
}

impl WireEndpoint<'_> {
    /// The record of a zone that this describes.
    ///
    /// # Errors
    /// When the name is not a DNS name. Targets that do not fit the type are kept as text.
    pub fn to_record(&self, zone: ZoneId) -> Result<Record, NameError> {
        let mut record = Record::from_text(zone, &self.dns_name, self.record_type(), &self.targets)?;
        if !self.set_identifier.is_empty() {
            record.set_identifier = Arc::from(&*self.set_identifier);
        }
        record.ttl = Ttl::from_seconds(self.record_ttl);
        record.labels = self.labels();
        record.properties = self.properties();
        Ok(record)
    }

    /// The wish that this describes. An alias of its own type (`alias=A` on an A record) is taken as `alias=true`, because
    /// only then may host names stand behind it.
    ///
    /// # Errors
    /// When name or targets do not fit the type.
    pub fn to_endpoint(&self) -> Result<Endpoint, EndpointError> {
        let record_type = self.record_type();
        let mut properties = self.properties();
        normalize_alias(&record_type, &mut properties);
        let mut endpoint = Endpoint::new(&self.dns_name, record_type, &self.targets, properties)?;
        if !self.set_identifier.is_empty() {
            endpoint.set_identifier = Arc::from(&*self.set_identifier);
        }
        endpoint.ttl = Ttl::from_seconds(self.record_ttl);
        endpoint.labels = self.labels();
        Ok(endpoint)
    }

    /// Name and type for messages about a row that cannot be used.
    pub fn describe(&self) -> String {
        let separator = if self.record_type.is_empty() { "" } else { " " };
        format!("{:?}{separator}{}", self.dns_name, self.record_type.escape_debug())
    }

    fn record_type(&self) -> RecordType {
        RecordType::from_text(&self.record_type)
    }

    fn labels(&self) -> Labels {
        self.labels
            .iter()
            .map(|(key, value)| (&**key, &**value))
            .filter(|(key, _)| is_for_others(key))
            .collect()
    }

    fn properties(&self) -> Properties {
        self.provider_specific.iter().map(|property| (&*property.name, &*property.value)).collect()
    }
}

fn target_text(target: &Target) -> Cow<'_, str> {
    match target {
        Target::Name(name) => name.as_str().into(),
        Target::Text(text) => (&**text).into(),
        other => other.to_string().into(),
    }
}

fn labels_out(labels: &Labels) -> BTreeMap<Cow<'_, str>, Cow<'_, str>> {
    let labels = labels.iter().filter(|(key, _)| is_for_others(key));
    labels.map(|(key, value)| (key.into(), value.into())).collect()
}

/// What planner and registry tell each other is nobody else's business.
fn is_for_others(key: &str) -> bool {
    !key.starts_with(STATEMENT_LABELS)
}

fn properties_out(properties: &Properties) -> Vec<WireProperty<'_>> {
    properties.iter().map(|(name, value)| WireProperty { name: name.into(), value: value.into() }).collect()
}

#[cfg(test)]
mod tests;
