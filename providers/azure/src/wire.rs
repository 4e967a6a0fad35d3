//! Record sets as the services write them. The two spell the same fields differently: `ARecords` and `TTL` here, `aRecords` and `ttl`
//! there; both are read.

use serde::Deserialize;
use std::collections::BTreeMap;

/// A record set of a list, or the answer to a write.
#[derive(Debug, Deserialize)]
pub(crate) struct RecordSet {
    pub(crate) name: String,
    /// `Microsoft.Network/dnszones/A`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) etag: Option<String>,
    #[serde(default)]
    pub(crate) properties: Properties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Properties {
    #[serde(alias = "TTL")]
    pub(crate) ttl: Option<i64>,
    pub(crate) metadata: Option<BTreeMap<String, Option<String>>>,
    pub(crate) target_resource: Option<Resource>,
    #[serde(default)]
    pub(crate) is_auto_registered: bool,
    #[serde(alias = "ARecords")]
    pub(crate) a_records: Option<Vec<A>>,
    #[serde(alias = "AAAARecords")]
    pub(crate) aaaa_records: Option<Vec<Aaaa>>,
    #[serde(alias = "CNAMERecord")]
    pub(crate) cname_record: Option<Cname>,
    #[serde(alias = "MXRecords")]
    pub(crate) mx_records: Option<Vec<Mx>>,
    #[serde(alias = "NSRecords")]
    pub(crate) ns_records: Option<Vec<Ns>>,
    #[serde(alias = "PTRRecords")]
    pub(crate) ptr_records: Option<Vec<Ptr>>,
    #[serde(alias = "SRVRecords")]
    pub(crate) srv_records: Option<Vec<Srv>>,
    #[serde(alias = "TXTRecords")]
    pub(crate) txt_records: Option<Vec<Txt>>,
}

/// What an alias record set points at.
#[derive(Debug, Deserialize)]
pub(crate) struct Resource {
    pub(crate) id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct A {
    #[serde(rename = "ipv4Address")]
    pub(crate) address: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Aaaa {
    #[serde(rename = "ipv6Address")]
    pub(crate) address: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Cname {
    pub(crate) cname: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Mx {
    pub(crate) preference: i64,
    pub(crate) exchange: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Ns {
    pub(crate) nsdname: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Ptr {
    pub(crate) ptrdname: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Srv {
    pub(crate) priority: i64,
    pub(crate) weight: i64,
    pub(crate) port: i64,
    pub(crate) target: String,
}

/// One TXT record: strings of at most 255 bytes, which belong together.
#[derive(Debug, Deserialize)]
pub(crate) struct Txt {
    #[serde(default)]
    pub(crate) value: Vec<String>,
}

/// A zone of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct ListedZone {
    pub(crate) id: String,
    pub(crate) name: String,
}
