//! The documents of the API: only what is used of them.

use serde::{Deserialize, Serialize};

/// What every answer is wrapped into.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope<T> {
    #[serde(default)]
    pub(crate) success: bool,
    #[serde(default = "Vec::new")]
    pub(crate) errors: Vec<Message>,
    pub(crate) result: Option<T>,
    pub(crate) result_info: Option<ResultInfo>,
}

/// An error, which may have reasons of its own.
#[derive(Debug, Deserialize)]
pub(crate) struct Message {
    #[serde(default)]
    pub(crate) code: i64,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) error_chain: Vec<Message>,
}

/// Where a page stands in its list. JSON has one kind of number, and the API does not promise whole ones.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct ResultInfo {
    pub(crate) total_count: Option<f64>,
}

/// A zone.
#[derive(Debug, Deserialize)]
pub(crate) struct WireZone {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) plan: Option<WirePlan>,
}

/// What is paid for a zone.
#[derive(Debug, Deserialize)]
pub(crate) struct WirePlan {
    pub(crate) legacy_id: Option<String>,
    pub(crate) is_subscribed: Option<bool>,
}

/// A record as it is read.
#[derive(Debug, Deserialize)]
pub(crate) struct WireRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) record_type: String,
    pub(crate) content: Option<String>,
    /// Its fields depend on the type; those of SRV and NAPTR are [`WireData`].
    pub(crate) data: Option<serde_json::Value>,
    pub(crate) priority: Option<f64>,
    pub(crate) ttl: Option<f64>,
    pub(crate) proxied: Option<bool>,
    pub(crate) comment: Option<String>,
    pub(crate) tags: Option<Vec<String>>,
}

/// The fields of SRV and NAPTR records.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct WireData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) weight: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) preference: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flags: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) regex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replacement: Option<String>,
}

/// A record as it is written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Body {
    /// Of a record that exists, in a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) record_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<WireData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<u16>,
    pub(crate) ttl: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proxied: Option<bool>,
    /// `Some(None)` takes away what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tags: Option<Vec<String>>,
}

/// Operations that are carried out together, in this order: deletes, patches, posts.
#[derive(Debug, Default, Serialize)]
pub(crate) struct WireBatch {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) deletes: Vec<WireId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) patches: Vec<Body>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) posts: Vec<Body>,
}

/// The record that this is about.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WireId {
    pub(crate) id: String,
}

/// What became of a batch. Only the new records have anything to tell.
#[derive(Debug, Deserialize)]
pub(crate) struct WireBatchResult {
    pub(crate) posts: Option<Vec<WireId>>,
}

/// A custom hostname (Cloudflare for SaaS).
#[derive(Debug, Deserialize)]
pub(crate) struct WireHostname {
    pub(crate) id: String,
    pub(crate) hostname: String,
    pub(crate) custom_origin_server: Option<String>,
}

/// A custom hostname to make.
#[derive(Debug, Serialize)]
pub(crate) struct NewHostname<'a> {
    pub(crate) hostname: &'a str,
    pub(crate) custom_origin_server: &'a str,
    pub(crate) ssl: NewSsl<'a>,
}

/// Its certificate.
#[derive(Debug, Serialize)]
pub(crate) struct NewSsl<'a> {
    pub(crate) method: &'static str,
    #[serde(rename = "type")]
    pub(crate) validation: &'static str,
    pub(crate) bundle_method: &'static str,
    /// On plans other than Enterprise it must not even be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate_authority: Option<&'a str>,
    pub(crate) settings: SslSettings<'a>,
}

/// What is asked of those who connect.
#[derive(Debug, Serialize)]
pub(crate) struct SslSettings<'a> {
    pub(crate) min_tls_version: &'a str,
}

/// Another origin for a custom hostname.
#[derive(Debug, Serialize)]
pub(crate) struct NewOrigin<'a> {
    pub(crate) custom_origin_server: &'a str,
}

/// A hostname that is served from one region.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WireRegional {
    pub(crate) hostname: String,
    pub(crate) region_key: String,
}

/// Another region for such a hostname.
#[derive(Debug, Serialize)]
pub(crate) struct NewRegion<'a> {
    pub(crate) region_key: &'a str,
}
