//! `--source=crd`: DNSEndpoint objects (externaldns.k8s.io/v1alpha1), which spell out records.

pub mod status;

use super::annotations::{AnnotationKeys, CURRENT_PREFIX, OLDER_PREFIX};
use super::object::{Key, Kind, Metadata, Object, StringMap, null_to_default};
use super::outcome::{Common, Outcome};
use super::settings::Settings;
use super::store::{Cache, Caches, Fill, Scope};
use super::{Source, Which};
use crate::kube_object;
use serde::Deserialize;
use status::Condition;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use zonewright_planner::{
    DnsName, Endpoint, HoldReason, Labels, Properties, RESOURCE, RecordType, STATEMENT_LABELS, Ttl, Uid,
};

/// The resource.
pub const KIND: Kind = Kind::namespaced("externaldns.k8s.io/v1alpha1", "DNSEndpoint", "dnsendpoints");

/// What of a DNSEndpoint matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DnsEndpoint {
    metadata: Metadata,
    #[serde(deserialize_with = "null_to_default")]
    spec: Spec,
    #[serde(deserialize_with = "null_to_default")]
    status: Status,
}

kube_object!(labels only filtered: DnsEndpoint);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(deserialize_with = "null_to_default")]
    endpoints: Box<[Option<Entry>]>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    observed_generation: i64,
    #[serde(deserialize_with = "status::conditions")]
    conditions: Box<[Condition]>,
}

/// One wanted record, field by field as on the wire.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry {
    #[serde(deserialize_with = "null_to_default")]
    dns_name: Box<str>,
    #[serde(deserialize_with = "null_to_default")]
    targets: Box<[Box<str>]>,
    #[serde(deserialize_with = "null_to_default")]
    record_type: Box<str>,
    #[serde(deserialize_with = "null_to_default")]
    set_identifier: Box<str>,
    #[serde(rename = "recordTTL", deserialize_with = "null_to_default")]
    record_ttl: i64,
    #[serde(deserialize_with = "null_to_default")]
    labels: StringMap,
    #[serde(deserialize_with = "null_to_default")]
    provider_specific: Box<[Property]>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Property {
    name: Box<str>,
    value: Box<str>,
}

/// What an object asked for when it was looked at: what is said of it in its status is said of that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visit {
    /// The UID of the object: one of the same name may take its place.
    pub uid: Uid,
    /// The generation that was looked at.
    pub generation: i64,
    /// The names it asks for.
    pub names: Box<[DnsName]>,
    /// Those for which it cannot say what they point at.
    pub holds: Box<[(DnsName, HoldReason)]>,
    /// Whether it asks for something else that is left out, because not even the name makes sense.
    pub leaves_out: bool,
}

impl Visit {
    fn of(object: &DnsEndpoint, outcome: &Outcome) -> Self {
        let hold = |hold: &zonewright_planner::Hold| Some((hold.name.clone()?, hold.reason.clone()));
        let holds: Box<[_]> = outcome.holds.iter().filter_map(hold).collect();
        let wanted = outcome.endpoints.iter().map(|endpoint| &endpoint.name);
        let names: BTreeSet<&DnsName> = wanted.chain(holds.iter().map(|(name, _)| name)).collect();
        Self {
            uid: object.metadata.uid.clone(),
            generation: object.metadata.generation,
            names: names.into_iter().cloned().collect(),
            leaves_out: object.spec.endpoints.iter().flatten().count()
                > outcome.endpoints.len() + outcome.holds.len(),
            holds,
        }
    }
}

/// The source.
pub struct CrdSource {
    settings: Arc<Settings>,
    endpoints: Arc<Cache<DnsEndpoint>>,
    /// What was looked at since it was last asked; absent while nobody asks.
    visits: OnceLock<Mutex<BTreeMap<Key, Visit>>>,
}

impl CrdSource {
    /// The `--source` value.
    pub const NAME: &'static str = "crd";

    /// Takes its caches.
    pub fn new(settings: Arc<Settings>, caches: &mut Caches) -> Self {
        let scope = Scope { namespace: settings.namespace.clone(), ..Scope::default() };
        Self { endpoints: caches.of(KIND, scope), settings, visits: OnceLock::new() }
    }

    /// What was looked at since the last call. What was looked at before the first call is not remembered.
    pub fn take_visits(&self) -> BTreeMap<Key, Visit> {
        let visits = self.visits.get_or_init(Mutex::default);
        // A panic elsewhere does not make the list wrong.
        std::mem::take(&mut *visits.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_visit(&self, object: &DnsEndpoint, outcome: &Outcome) {
        let Some(visits) = self.visits.get() else { return };
        let mut visits = visits.lock().unwrap_or_else(PoisonError::into_inner);
        visits.insert(object.metadata.key(), Visit::of(object, outcome));
    }

    /// The objects, for those who write their status.
    pub fn cache(&self) -> Arc<Cache<DnsEndpoint>> {
        self.endpoints.clone()
    }

    fn outcome(&self, object: &Object<DnsEndpoint>) -> Outcome {
        let metadata = &object.fields.metadata;
        let resource = format!("crd/{}/{}", metadata.namespace, metadata.name);
        let mut outcome = Outcome::new(metadata.object_ref(Self::NAME, &KIND));
        for entry in object.fields.spec.endpoints.iter().flatten() {
            self.add(entry, &resource, &mut outcome);
        }
        outcome
    }

    fn add(&self, entry: &Entry, resource: &str, outcome: &mut Outcome) {
        let common = Common {
            ttl: Ttl::from_seconds(entry.record_ttl),
            set_identifier: (&*entry.set_identifier).into(),
            properties: properties(entry, &self.settings.annotation_keys),
            resource: Some(resource.into()),
        };
        let Some(name) = outcome.valid_name(&entry.dns_name) else { return };
        let record_type = RecordType::from_text(&entry.record_type);
        if let Some(fault) = fault_of_dots(&record_type, &entry.targets) {
            outcome.warn(format!("{name} {record_type}: {fault}; the record is left out"));
            outcome.hold(name, &common, HoldReason::Invalid(fault));
            return;
        }
        // A CNAME without target cannot be filled in: ExternalDNS drops it before default targets are looked at.
        if entry.targets.is_empty() && matches!(record_type, RecordType::Cname | RecordType::Dname) {
            outcome.hold(name, &common, HoldReason::NoTarget);
            return;
        }
        let before = outcome.endpoints.len();
        if self.settings.targets_are_replaced {
            // Only what will stand in their place is checked, so neither targets nor type need fit. Any type that may be empty will do.
            outcome.push::<&str>(name.as_str(), RecordType::A, &[], &common);
        } else {
            outcome.push(name.as_str(), record_type, &entry.targets, &common);
        }
        let labels = labels(entry, &name, outcome);
        if let Some(endpoint) = outcome.endpoints.get_mut(before) {
            set_labels(endpoint, labels, resource);
        }
    }
}

fn set_labels(endpoint: &mut Endpoint, labels: Labels, resource: &str) {
    endpoint.labels = labels;
    endpoint.labels.set(RESOURCE, resource);
}

/// The labels of an entry go into the ownership record; what could not be read back from there is left out.
fn labels(entry: &Entry, name: &DnsName, outcome: &mut Outcome) -> Labels {
    let mut labels = Labels::new();
    for (key, value) in entry.labels.iter() {
        match Labels::check(key, value) {
            Ok(()) if key.starts_with(STATEMENT_LABELS) => {
                outcome.warn(format!(
                    "{name}: labels that begin with {STATEMENT_LABELS} are ours; {key:?} is left out"
                ));
            }
            Ok(()) => labels.set(key, value),
            Err(error) => outcome.warn(format!("{name}: {error}; the label is left out")),
        }
    }
    labels
}

/// Properties named like annotations (Cloudflare's) may carry the older prefix; they mean the same under the current one.
fn properties(entry: &Entry, keys: &AnnotationKeys) -> Properties {
    let reads_both = keys.prefixes().iter().any(|prefix| prefix == CURRENT_PREFIX);
    let name = |name: &str| match name.strip_prefix(OLDER_PREFIX) {
        Some(rest) if reads_both && keys.prefixes().len() > 1 => format!("{CURRENT_PREFIX}{rest}"),
        _ => name.to_owned(),
    };
    entry.provider_specific.iter().map(|p| (name(&p.name), &*p.value)).collect()
}

/// ExternalDNS's rule on trailing dots of targets: names behind a CNAME or DNAME may have one, TXT, MX and SRV are free, NAPTR
/// needs one, nothing else may have one.
fn fault_of_dots(record_type: &RecordType, targets: &[Box<str>]) -> Option<String> {
    match record_type {
        RecordType::Cname | RecordType::Dname | RecordType::Txt | RecordType::Mx | RecordType::Srv => None,
        RecordType::Naptr => targets
            .iter()
            .find(|target| !target.ends_with('.'))
            .map(|target| format!("target {target:?} must end with a dot (try \"{target}.\")")),
        _ => targets.iter().find(|target| target.ends_with('.')).map(|target| {
            format!("target {target:?} must not end with a dot (try {:?})", target.trim_end_matches('.'))
        }),
    }
}

impl Source for CrdSource {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn resource_prefixes(&self) -> &'static [&'static str] {
        &["crd/"]
    }

    fn caches(&self) -> Vec<Arc<dyn Fill>> {
        vec![self.endpoints.clone()]
    }

    /// Neither the controller annotation nor any other is honoured here.
    fn visit(&self, which: Which<'_>, take: &mut dyn FnMut(Outcome)) {
        let settings = &self.settings;
        self.endpoints
            .read()
            .which(which)
            .filter(|object| {
                let metadata = &object.fields.metadata;
                settings.annotation_filter.matches(|key| metadata.annotations.get(key))
                    && settings.label_filter.matches(|key| metadata.labels.get(key))
            })
            .for_each(|object| {
                let outcome = self.outcome(object);
                self.note_visit(&object.fields, &outcome);
                take(outcome);
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::store::CacheStatus;
    use serde_json::json;

    fn outcome(entries: serde_json::Value) -> Outcome {
        outcome_under(Settings::default(), entries)
    }

    fn outcome_under(settings: Settings, entries: serde_json::Value) -> Outcome {
        let object = json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"endpoints": entries},
        });
        let mut caches = Caches::new(Default::default());
        let source = CrdSource::new(Arc::new(settings), &mut caches);
        for cache in caches.all() {
            assert_eq!(
                cache.replace_from_json(vec![object.clone()], CacheStatus::Synced),
                Vec::<String>::new()
            );
        }
        source.outcomes().remove(0)
    }

    #[test]
    fn an_entry_becomes_an_endpoint_as_it_is() {
        let outcome = outcome(json!([null, {
            "dnsName": "Web.example.org.", "recordType": "A", "targets": ["192.0.2.2", "192.0.2.1"], "recordTTL": 60,
            "setIdentifier": "blue", "labels": {"owner": "someone", "resource": "x", "team": "a"},
            "providerSpecific": [{"name": "webhook/x", "value": "1"}, {"name": "flag"}],
        }]));
        let endpoint = &outcome.endpoints[0];
        assert_eq!(endpoint.name.as_str(), "web.example.org");
        assert_eq!(endpoint.ttl.seconds(), 60);
        assert_eq!(&*endpoint.set_identifier, "blue");
        assert_eq!(endpoint.labels.resource(), Some("crd/default/web"));
        assert_eq!(endpoint.labels.get("team"), Some("a"));
        assert_eq!(endpoint.properties.get("flag"), Some(""));
    }

    #[test]
    fn an_invalid_entry_is_held_and_the_others_count() {
        let outcome = outcome(json!([
            {"dnsName": "a.example.org", "recordType": "A", "targets": ["192.0.2.1."]},
            {"dnsName": "b.example.org", "recordType": "A", "targets": ["192.0.2.256"]},
            {"dnsName": "c.example.org", "recordType": "NAPTR", "targets": ["100 10 \"s\" \"x\" \"\" a.example.org"]},
            {"dnsName": "d.example.org", "recordType": "CNAME"},
            {"dnsName": "e.example.org", "recordType": "A", "targets": ["192.0.2.1"]},
        ]));
        let held: Vec<&str> =
            outcome.holds.iter().filter_map(|h| h.name.as_ref()).map(DnsName::as_str).collect();
        assert_eq!(held, ["a.example.org", "b.example.org", "c.example.org", "d.example.org"]);
        assert_eq!(outcome.endpoints.len(), 1);
    }

    #[test]
    fn an_entry_whose_targets_will_be_replaced_need_not_be_valid() {
        let settings = Settings { targets_are_replaced: true, ..Settings::default() };
        let outcome = outcome_under(
            settings,
            json!([
                {"dnsName": "a.example.org", "recordType": "MX", "targets": ["192.0.2.1"]},
                {"dnsName": "b.example.org", "recordType": "A", "targets": ["192.0.2.1."]},
                {"dnsName": "c.example.org", "recordType": "CNAME"},
            ]),
        );
        assert_eq!(outcome.endpoints.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["a.example.org"]);
        assert!(outcome.endpoints[0].targets.is_empty());
        assert_eq!(outcome.holds.len(), 2);
    }

    #[test]
    fn a_label_that_would_forge_another_is_left_out() {
        let outcome = outcome(json!([{
            "dnsName": "a.example.org", "recordType": "A", "targets": ["192.0.2.1"],
            "labels": {"note": "x,external-dns/owner=evil"},
        }]));
        assert_eq!(outcome.endpoints[0].labels.get("note"), None);
        assert!(outcome.problems[0].message.contains("note"));
    }
}
