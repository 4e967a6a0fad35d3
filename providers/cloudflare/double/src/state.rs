//! What the double knows.

use crate::contract::Contract;
use crate::faults::Faults;
use crate::log::Exchange;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// When everything was made.
pub(crate) const THEN: &str = "2026-01-01T00:00:00Z";

/// A refusal in the service's form.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) errors: Vec<Value>,
    pub(crate) retry_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: i64, message: &str) -> Self {
        Self { status, errors: vec![json!({"code": code, "message": message})], retry_after: None }
    }

    /// A wrong value: the general error with its reason.
    pub(crate) fn invalid(code: i64, message: &str) -> Self {
        let reason = json!([{"code": code, "message": message}]);
        let error = json!({"code": 1004, "message": "DNS Validation Error", "error_chain": reason});
        Self { status: 400, errors: vec![error], retry_after: None }
    }
}

/// Everything.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) zones: BTreeMap<String, Zone>,
    /// Tokens, and the zones that each may see; `None` for all.
    pub(crate) tokens: BTreeMap<String, Option<BTreeSet<String>>>,
    /// Keys and the addresses that belong to them.
    pub(crate) keys: BTreeMap<String, String>,
    pub(crate) faults: Faults,
    pub(crate) log: Vec<Exchange>,
    pub(crate) violations: Vec<String>,
    pub(crate) contract: Contract,
    /// Requests that are still let through before 429.
    pub(crate) allowance: Option<(usize, u64)>,
    /// There is no batch operation.
    pub(crate) no_batches: bool,
    /// TXT values without quotes get some.
    pub(crate) quotes_txt: bool,
    next_id: u64,
}

/// A zone.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) plan: String,
    pub(crate) shows_plan: bool,
    /// In the order in which they were made.
    pub(crate) records: Records,
    pub(crate) hostnames: Vec<Hostname>,
    pub(crate) regions: BTreeMap<String, String>,
    /// Another limit of a batch than the plan's.
    pub(crate) batch_limit: Option<usize>,
    pub(crate) saas: bool,
}

/// Records, cheap to keep a copy of: there may be tens of thousands, and a batch that fails changes none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    list: Vec<Arc<Record>>,
    /// How many records have a name.
    names: HashMap<String, usize>,
}

impl Records {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.list.iter().map(AsRef::as_ref)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Record>> {
        self.list.clone()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Record> {
        self.list.get(at).map(AsRef::as_ref)
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.list.iter().position(|record| record.id == id)
    }

    /// The others of a record's name.
    pub(crate) fn beside<'a>(&'a self, record: &'a Record) -> impl Iterator<Item = &'a Record> {
        // Most names are new, and nobody needs to look through everything for them.
        let is_known = self.names.contains_key(&record.name);
        let all = self.iter().take(if is_known { self.len() } else { 0 });
        all.filter(|other| other.id != record.id && other.name == record.name)
    }

    pub(crate) fn push(&mut self, record: Record) {
        *self.names.entry(record.name.clone()).or_default() += 1;
        self.list.push(Arc::new(record));
    }

    pub(crate) fn remove(&mut self, at: usize) -> Arc<Record> {
        let record = self.list.remove(at);
        if let Some(count) = self.names.get_mut(&record.name) {
            *count -= 1;
            if *count == 0 {
                self.names.remove(&record.name);
            }
        }
        record
    }

    pub(crate) fn replace(&mut self, at: usize, record: Record) {
        self.remove(at);
        self.push(record);
    }
}

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) record_type: String,
    pub(crate) content: String,
    pub(crate) data: Option<Value>,
    pub(crate) priority: Option<u64>,
    pub(crate) ttl: u64,
    pub(crate) proxied: bool,
    pub(crate) comment: Option<String>,
    pub(crate) tags: Vec<String>,
    /// What people set by hand; the provider must leave it alone.
    pub(crate) settings: Value,
}

/// A custom hostname.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hostname {
    pub(crate) id: String,
    pub(crate) hostname: String,
    pub(crate) origin: Option<String>,
    pub(crate) ssl: Value,
}

impl State {
    /// An id as the service makes them.
    pub(crate) fn new_id(&mut self) -> String {
        self.next_id += 1;
        // Spread over all digits, so that nothing depends on their order.
        format!("{:032x}", u128::from(self.next_id).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
    }
}

impl Zone {
    pub(crate) fn is_free(&self) -> bool {
        self.plan == "free"
    }

    /// Operations in one batch.
    pub(crate) fn operations(&self) -> usize {
        self.batch_limit.unwrap_or(if self.is_free() { 200 } else { 3500 })
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut zone = json!({
            "id": self.id, "name": self.name, "status": "active", "development_mode": 0,
            "owner": {"id": self.id, "name": "Owner", "type": "user"},
            "account": {"id": self.id, "name": "Account"},
            "meta": {"step": 2, "page_rule_quota": 3, "phishing_detected": false},
            "name_servers": ["ada.ns.example.net", "bob.ns.example.net"],
            "original_name_servers": ["ns1.example.net"], "original_registrar": "A registrar",
            "original_dnshost": "A host", "created_on": THEN, "modified_on": THEN, "activated_on": THEN,
        });
        if self.shows_plan {
            zone["plan"] = json!({"id": self.id, "legacy_id": self.plan, "is_subscribed": !self.is_free()});
        }
        zone
    }
}

impl Record {
    pub(crate) fn to_json(&self) -> Value {
        let can_be_proxied = ["A", "AAAA", "CNAME"].contains(&self.record_type.as_str());
        let mut record = json!({
            "id": self.id, "name": self.name, "type": self.record_type, "content": self.content,
            "ttl": self.ttl, "proxiable": can_be_proxied, "proxied": self.proxied, "comment": self.comment,
            "tags": self.tags, "settings": self.settings, "meta": {}, "created_on": THEN, "modified_on": THEN,
        });
        if let Some(data) = &self.data {
            record["data"] = data.clone();
        }
        if let Some(priority) = self.priority {
            record["priority"] = json!(priority);
        }
        record
    }
}

impl Hostname {
    pub(crate) fn to_json(&self) -> Value {
        let mut hostname = json!({
            "id": self.id, "hostname": self.hostname, "ssl": self.ssl, "status": "active", "created_at": THEN,
        });
        if let Some(origin) = &self.origin {
            hostname["custom_origin_server"] = json!(origin);
        }
        hostname
    }
}
