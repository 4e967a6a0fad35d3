//! A request as the double sees it.

use bytes::Bytes;
use http::request::Parts;
use percent_encoding::percent_decode_str;

/// The calls that the double knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// The zones of a resource group.
    ListZones,
    /// All record sets of a zone.
    ListRecordSets,
    /// Creates or replaces a record set.
    PutRecordSet,
    /// Removes a record set.
    DeleteRecordSet,
    /// A token of Entra ID.
    GetToken,
    /// A token of a managed identity.
    GetIdentityToken,
    /// Anything else; it is refused.
    Unknown,
}

/// A request that has been read, and which call it is.
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) method: String,
    /// Path as it came, without the query.
    pub(crate) path: String,
    /// Its parts, decoded.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn read(parts: Parts, body: Bytes) -> Self {
        let path = parts.uri.path().to_owned();
        let segments: Vec<String> = path
            .split('/')
            .skip(1)
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let query =
            form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let method = parts.method.to_string();
        let operation = classify(&method, &segments);
        Self { operation, method, path, segments, query, parts, body }
    }

    /// A part of the path.
    pub(crate) fn segment(&self, index: usize) -> &str {
        self.segments.get(index).map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The resource id of the zone that it is about, in lower case.
    pub(crate) fn zone(&self) -> Option<String> {
        let is_about_one = matches!(
            self.operation,
            Operation::ListRecordSets | Operation::PutRecordSet | Operation::DeleteRecordSet
        );
        is_about_one
            .then(|| format!("/{}", self.segments.iter().take(8).cloned().collect::<Vec<_>>().join("/")))
            .map(|id| id.to_ascii_lowercase())
    }

    /// The record set that it is about: `A www`.
    pub(crate) fn record(&self) -> Option<String> {
        (self.segments.len() == 10).then(|| format!("{} {}", self.segment(8), self.segment(9)))
    }

    /// The fields of a form in the body.
    pub(crate) fn form(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(&self.body).into_owned().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

fn classify(method: &str, segments: &[String]) -> Operation {
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (method, segments.as_slice()) {
        ("POST", [_, "oauth2", "v2.0", "token"] | ["adfs", "oauth2", "token"]) => Operation::GetToken,
        ("GET", ["metadata", "identity", "oauth2", "token"] | ["msi", "token"]) => {
            Operation::GetIdentityToken
        }
        ("GET", ["subscriptions", _, _, _, "providers", _, _]) => Operation::ListZones,
        ("GET", ["subscriptions", _, _, _, "providers", _, _, _, _]) => Operation::ListRecordSets,
        ("PUT", ["subscriptions", _, _, _, "providers", _, _, _, _, _]) => Operation::PutRecordSet,
        ("DELETE", ["subscriptions", _, _, _, "providers", _, _, _, _, _]) => Operation::DeleteRecordSet,
        _ => Operation::Unknown,
    }
}
