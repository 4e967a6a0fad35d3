//! What was asked of the double.

use serde_json::Value;

/// The calls that the double knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "named as in the API")]
pub enum Operation {
    ListZones,
    GetZone,
    ListRecords,
    GetRecord,
    CreateRecord,
    PatchRecord,
    PutRecord,
    DeleteRecord,
    Batch,
    ListHostnames,
    CreateHostname,
    EditHostname,
    DeleteHostname,
    ListRegions,
    CreateRegion,
    EditRegion,
    DeleteRegion,
    /// Anything else; it is refused.
    Unknown,
}

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What was asked for.
    pub operation: Operation,
    /// HTTP method.
    pub method: String,
    /// The path below the base, without the query.
    pub path: String,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// The zone it was about.
    pub zone: Option<String>,
    /// Who asked: token, or key.
    pub credentials: Option<String>,
    /// The body of the request.
    pub body: Option<Value>,
    /// The status of the answer; 0 when the connection was closed instead.
    pub status: u16,
    /// The body of the answer.
    pub answer: Option<Value>,
}
