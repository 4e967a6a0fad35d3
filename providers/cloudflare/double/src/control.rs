//! What tests do with the double.

use crate::api::BASE;
use crate::faults::{Fault, When};
use crate::log::{Exchange, Operation};
use crate::server::{Shared, handle};
use crate::state::{Hostname, Record, Records, Zone};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::net::TcpListener;
use zonewright_double::{Serving, serve};

/// A running double. It stops when it is dropped.
pub struct CloudflareDouble {
    url: String,
    shared: Shared,
    _server: Serving,
}

/// The token that may see everything.
const TOKEN: &str = "token-of-all-zones";

impl CloudflareDouble {
    /// Starts on a free loopback port, with one token and no zones.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start() -> Result<Self, std::io::Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}{BASE}", listener.local_addr()?);
        let shared = Shared::default();
        shared.lock().tokens.insert(TOKEN.to_owned(), None);
        let state = shared.clone();
        let server = serve(listener, move |parts, body| handle(state.clone(), parts, body));
        Ok(Self { url, shared, _server: server })
    }

    /// For `CLOUDFLARE_BASE_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A token that may see everything.
    pub fn token(&self) -> &str {
        TOKEN
    }

    /// Adds a zone with a plan (`free`, `pro`, `business`, `enterprise`) and returns its id.
    pub fn add_zone(&self, name: &str, plan: &str) -> String {
        let mut state = self.shared.lock();
        let id = state.new_id();
        let zone = Zone {
            id: id.clone(),
            name: name.to_owned(),
            plan: plan.to_owned(),
            shows_plan: true,
            records: Records::default(),
            hostnames: Vec::new(),
            regions: BTreeMap::new(),
            batch_limit: None,
            saas: true,
        };
        state.zones.insert(id.clone(), zone);
        id
    }

    fn with_zone<R: Default>(&self, zone: &str, change: impl FnOnce(&mut Zone) -> R) -> R {
        self.shared.lock().zones.get_mut(zone).map(change).unwrap_or_default()
    }

    /// Answers about the zone do not say what its plan is.
    pub fn hide_plan(&self, zone: &str) {
        self.with_zone(zone, |zone| zone.shows_plan = false);
    }

    /// Gives the zone another limit of operations in a batch than its plan's.
    pub fn limit_batches(&self, zone: &str, operations: usize) {
        self.with_zone(zone, |zone| zone.batch_limit = Some(operations));
    }

    /// Takes Cloudflare for SaaS away from a zone.
    pub fn end_saas(&self, zone: &str) {
        self.with_zone(zone, |zone| zone.saas = false);
    }

    /// There are no batches, as if the service were older.
    pub fn without_batches(&self) {
        self.shared.lock().no_batches = true;
    }

    /// TXT values without quotes get some.
    pub fn quote_txt(&self) {
        self.shared.lock().quotes_txt = true;
    }

    /// Lets a token see these zones alone. Without zones it exists and sees none.
    pub fn add_token(&self, token: &str, zones: &[&str]) {
        let zones = zones.iter().map(|zone| (*zone).to_owned()).collect();
        self.shared.lock().tokens.insert(token.to_owned(), Some(zones));
    }

    /// Takes a token away.
    pub fn revoke_token(&self, token: &str) {
        self.shared.lock().tokens.remove(token);
    }

    /// Lets a token see everything.
    pub fn add_full_token(&self, token: &str) {
        self.shared.lock().tokens.insert(token.to_owned(), None);
    }

    /// Lets a key of a whole account in.
    pub fn add_key(&self, email: &str, key: &str) {
        self.shared.lock().keys.insert(key.to_owned(), email.to_owned());
    }

    /// From now on so many requests pass, and then none; `None` for any number.
    pub fn allow(&self, requests: Option<usize>, retry_after: u64) {
        self.shared.lock().allowance = requests.map(|requests| (requests, retry_after));
    }

    /// Puts a plain record there, and returns its id.
    pub fn seed(&self, zone: &str, record_type: &str, name: &str, content: &str) -> String {
        self.seed_with(zone, record_type, name, content, &json!({}))
    }

    /// Puts a record there with what else it has: `ttl`, `proxied`, `comment`, `tags`, `priority`, `data`, `settings`. Nothing is checked.
    pub fn seed_with(
        &self,
        zone: &str,
        record_type: &str,
        name: &str,
        content: &str,
        more: &Value,
    ) -> String {
        let mut state = self.shared.lock();
        let id = state.new_id();
        let tags = more["tags"].as_array().cloned().unwrap_or_default();
        let record = Record {
            id: id.clone(),
            name: name.to_owned(),
            record_type: record_type.to_owned(),
            content: content.to_owned(),
            data: more.get("data").cloned(),
            priority: more["priority"].as_u64(),
            ttl: more["ttl"].as_u64().unwrap_or(1),
            proxied: more["proxied"].as_bool().unwrap_or_default(),
            comment: more["comment"].as_str().map(str::to_owned),
            tags: tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            settings: more.get("settings").cloned().unwrap_or_else(|| json!({})),
        };
        if let Some(zone) = state.zones.get_mut(zone) {
            zone.records.push(record);
        }
        id
    }

    /// Puts a custom hostname there.
    pub fn seed_hostname(&self, zone: &str, hostname: &str, origin: Option<&str>) -> String {
        let id = self.shared.lock().new_id();
        let hostname = Hostname {
            id: id.clone(),
            hostname: hostname.to_owned(),
            origin: origin.map(str::to_owned),
            ssl: json!({"method": "http", "type": "dv"}),
        };
        self.with_zone(zone, |zone| zone.hostnames.push(hostname));
        id
    }

    /// Removes a record by hand, as somebody would in the dashboard.
    pub fn remove(&self, zone: &str, id: &str) {
        self.with_zone(zone, |zone| {
            if let Some(at) = zone.records.position(id) {
                zone.records.remove(at);
            }
        });
    }

    /// The records of a zone as the API shows them, by type, name and content.
    pub fn records(&self, zone: &str) -> Vec<Value> {
        let mut records = self.with_zone(zone, |zone| zone.records.all());
        records.sort_by(|a, b| {
            (&a.record_type, &a.name, &a.content).cmp(&(&b.record_type, &b.name, &b.content))
        });
        records.iter().map(|record| record.to_json()).collect()
    }

    /// How many records a zone has.
    pub fn size(&self, zone: &str) -> usize {
        self.with_zone(zone, |zone| zone.records.len())
    }

    /// How many records have this content.
    pub fn with_content(&self, zone: &str, content: &str) -> usize {
        self.with_zone(zone, |zone| zone.records.iter().filter(|record| record.content == content).count())
    }

    /// `TYPE NAME CONTENT` of every record of a zone, sorted.
    pub fn lines(&self, zone: &str) -> Vec<String> {
        let records = self.with_zone(zone, |zone| zone.records.all());
        let line = |record: &Record| format!("{} {} {}", record.record_type, record.name, record.content);
        let mut lines: Vec<String> = records.iter().map(|record| line(record)).collect();
        lines.sort();
        lines
    }

    /// The custom hostnames of a zone as the API shows them.
    pub fn hostnames(&self, zone: &str) -> Vec<Value> {
        self.with_zone(zone, |zone| zone.hostnames.iter().map(Hostname::to_json).collect())
    }

    /// The regions of hostnames.
    pub fn regions(&self, zone: &str) -> BTreeMap<String, String> {
        self.with_zone(zone, |zone| zone.regions.clone())
    }

    /// Lets something go wrong.
    pub fn inject(&self, when: When, fault: Fault) {
        self.shared.lock().faults.add(when.turns, when, fault);
    }

    /// Lets everything go right again.
    pub fn withdraw_faults(&self) {
        self.shared.lock().faults.clear();
    }

    /// Everything that was asked.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.lock().log.clone()
    }

    /// How often an operation was asked for.
    pub fn count(&self, operation: Operation) -> usize {
        self.shared.lock().log.iter().filter(|exchange| exchange.operation == operation).count()
    }

    /// How much was asked in all.
    pub fn requests(&self) -> usize {
        self.shared.lock().log.len()
    }

    /// Forgets what was asked.
    pub fn forget(&self) {
        self.shared.lock().log.clear();
    }

    /// In what requests and answers were not as the API's description has them.
    pub fn violations(&self) -> Vec<String> {
        self.shared.lock().violations.clone()
    }
}
