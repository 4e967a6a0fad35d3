//! Record sets as tests write them down.

use serde_json::{Map, Value, json};

/// A record set: name relative to its zone, type, TTL, values as they stand in zone files. Values of TXT are whole texts, which
/// are cut into strings of 255 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSet {
    /// Relative name, `@` for the zone's own.
    pub name: String,
    /// Type.
    pub record_type: String,
    /// Seconds.
    pub ttl: i64,
    /// Values, sorted.
    pub values: Vec<String>,
    /// Metadata, sorted.
    pub metadata: Vec<(String, String)>,
    /// The resource that an alias record set points at.
    pub target_resource: Option<String>,
    /// Written by a virtual machine's registration (private zones).
    pub auto_registered: bool,
}

impl RecordSet {
    /// A plain record set.
    pub fn new(name: &str, record_type: &str, ttl: i64, values: &[&str]) -> Self {
        let mut values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        values.sort();
        Self {
            name: name.to_owned(),
            record_type: record_type.to_owned(),
            ttl,
            values,
            metadata: Vec::new(),
            target_resource: None,
            auto_registered: false,
        }
    }

    /// The same with metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: &[(&str, &str)]) -> Self {
        self.metadata =
            metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.metadata.sort();
        self
    }

    /// An alias record set: no values, but a resource.
    #[must_use]
    pub fn alias_of(mut self, resource: &str) -> Self {
        self.target_resource = Some(resource.to_owned());
        self.values.clear();
        self
    }

    /// One that Azure keeps for a virtual machine.
    #[must_use]
    pub fn registered(mut self) -> Self {
        self.auto_registered = true;
        self
    }

    /// The properties in a spelling.
    pub(crate) fn properties(&self, spelling: Spelling) -> Map<String, Value> {
        let mut properties = Map::new();
        properties.insert(spelling.ttl().to_owned(), self.ttl.into());
        if !self.metadata.is_empty() {
            let metadata: Map<String, Value> =
                self.metadata.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
            properties.insert("metadata".to_owned(), metadata.into());
        }
        if let Some(resource) = &self.target_resource {
            properties.insert("targetResource".to_owned(), json!({ "id": resource }));
        }
        if spelling == Spelling::Private {
            properties.insert("isAutoRegistered".to_owned(), self.auto_registered.into());
        }
        let mut values: Vec<Value> =
            self.values.iter().map(|value| to_value(spelling, &self.record_type, value)).collect();
        if let (Some(field), false) = (spelling.field(&self.record_type), values.is_empty()) {
            let is_list = self.record_type != "CNAME" && self.record_type != "SOA";
            properties.insert(field, if is_list { values.into() } else { values.remove(0) });
        }
        properties
    }

    /// Reads the properties back.
    pub(crate) fn read(name: &str, record_type: &str, spelling: Spelling, from: &Map<String, Value>) -> Self {
        let field = spelling.field(record_type).and_then(|field| from.get(&field));
        let values = match field {
            Some(Value::Array(values)) => values.iter().map(|value| to_text(record_type, value)).collect(),
            Some(value) => vec![to_text(record_type, value)],
            None => Vec::new(),
        };
        let metadata = from.get("metadata").and_then(Value::as_object).into_iter().flatten();
        let mut set =
            Self::new(name, record_type, from.get(spelling.ttl()).and_then(Value::as_i64).unwrap_or(0), &[]);
        set.values = values;
        set.values.sort();
        set.metadata = metadata.map(|(key, value)| (key.clone(), text(value))).collect();
        set.target_resource =
            from.get("targetResource").and_then(|resource| resource["id"].as_str()).map(str::to_owned);
        set.auto_registered = from.get("isAutoRegistered") == Some(&Value::Bool(true));
        set
    }
}

/// The two services spell fields differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    Public,
    Private,
}

impl Spelling {
    pub(crate) fn ttl(self) -> &'static str {
        if self == Self::Public { "TTL" } else { "ttl" }
    }

    /// The field that holds the values of a type.
    pub(crate) fn field(self, record_type: &str) -> Option<String> {
        let ending = if matches!(record_type, "CNAME" | "SOA") { "Record" } else { "Records" };
        let is_known =
            ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SRV", "TXT", "SOA", "CAA"].contains(&record_type);
        let lower = record_type.to_ascii_lowercase();
        is_known.then(|| match self {
            Self::Public if record_type == "CAA" => "caaRecords".to_owned(),
            Self::Public => format!("{record_type}{ending}"),
            Self::Private => format!("{lower}{ending}"),
        })
    }
}

fn to_value(spelling: Spelling, record_type: &str, value: &str) -> Value {
    let minimum = if spelling == Spelling::Public { "minimumTTL" } else { "minimumTtl" };
    let words: Vec<&str> = value.split_whitespace().collect();
    let number = |i: usize| words.get(i).and_then(|word| word.parse::<i64>().ok()).unwrap_or(0);
    let word = |i: usize| words.get(i).copied().unwrap_or_default();
    match record_type {
        "A" => json!({ "ipv4Address": value }),
        "AAAA" => json!({ "ipv6Address": value }),
        "CNAME" => json!({ "cname": value }),
        "NS" => json!({ "nsdname": value }),
        "PTR" => json!({ "ptrdname": value }),
        "MX" => json!({ "preference": number(0), "exchange": word(1) }),
        "SRV" => json!({ "priority": number(0), "weight": number(1), "port": number(2), "target": word(3) }),
        "CAA" => json!({ "flags": number(0), "tag": word(1), "value": word(2) }),
        "SOA" => {
            json!({ "host": word(0), "email": word(1), "serialNumber": 1, "refreshTime": 3600, "retryTime": 300,
            "expireTime": 2_419_200, minimum: 300 })
        }
        _ => json!({ "value": strings(value) }),
    }
}

fn strings(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(255).map(|chunk| chunk.iter().collect()).collect()
}

fn to_text(record_type: &str, value: &Value) -> String {
    let field = |name: &str| text(&value[name]);
    let join = |names: &[&str]| names.iter().map(|name| field(name)).collect::<Vec<_>>().join(" ");
    match record_type {
        "A" => field("ipv4Address"),
        "AAAA" => field("ipv6Address"),
        "CNAME" => field("cname"),
        "NS" => field("nsdname"),
        "PTR" => field("ptrdname"),
        "MX" => join(&["preference", "exchange"]),
        "SRV" => join(&["priority", "weight", "port", "target"]),
        "CAA" => join(&["flags", "tag", "value"]),
        "SOA" => join(&["host", "email"]),
        _ => value["value"].as_array().into_iter().flatten().map(text).collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
