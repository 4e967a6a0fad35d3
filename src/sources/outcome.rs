//! What one object comes to: wishes, names to hold, and what is wrong with it.

use std::sync::Arc;
use zonewright_planner::{
    DnsName, Endpoint, Hold, HoldReason, ObjectRef, Properties, RESOURCE, RecordType, Ttl, suitable_type,
};

/// Something wrong with an object. The others go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The object.
    pub object: Arc<ObjectRef>,
    /// How bad.
    pub severity: Severity,
    /// What is wrong and what was done about it; names neither object nor source.
    pub message: String,
    /// The type of the wish that was dropped as malformed, if one was.
    pub invalid: Option<RecordType>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A detail was ignored; the rest of the object counts. ExternalDNS also goes on here.
    Warning,
    /// The object was skipped and what it owned is held. ExternalDNS fails the whole run here, so `--once` ends with 1.
    Error,
}

/// What all endpoints of one object have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Common {
    /// TTL asked for.
    pub ttl: Ttl,
    /// Set identifier asked for.
    pub set_identifier: Arc<str>,
    /// Settings for the provider.
    pub properties: Properties,
    /// The `resource` label; `None` for sources that write none.
    pub resource: Option<Arc<str>>,
}

/// What one object comes to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The object.
    pub object: Arc<ObjectRef>,
    /// What it wishes.
    pub endpoints: Vec<Endpoint>,
    /// Names it asks for without being able to say what they point at.
    pub holds: Vec<Hold>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

impl Outcome {
    /// Nothing yet.
    pub fn new(object: Arc<ObjectRef>) -> Self {
        Self { object, endpoints: Vec::new(), holds: Vec::new(), problems: Vec::new() }
    }

    /// Publishes a name with targets of any kind: one endpoint per record type, in the order A, AAAA, CNAME. Without
    /// targets the name is held. A name or target that cannot be is reported.
    pub fn publish<T: AsRef<str>>(&mut self, host: &str, targets: &[T], common: &Common) {
        let Some(name) = self.valid_name(host) else { return };
        if targets.is_empty() {
            self.hold(name, common, HoldReason::NoTarget);
            return;
        }
        let before = self.endpoints.len();
        let mut invalid = None;
        for record_type in [RecordType::A, RecordType::Aaaa, RecordType::Cname] {
            let mut of_type: Vec<&str> = targets
                .iter()
                .map(AsRef::as_ref)
                .filter(|target| suitable_type(target) == record_type)
                .collect();
            of_type.retain(|target| {
                let checked = zonewright_planner::Target::parse(&record_type, target, false);
                if let Err(error) = &checked {
                    invalid = Some(error.to_string());
                    self.warn(format!("{name}: {error}; the target is left out"));
                }
                checked.is_ok()
            });
            if !of_type.is_empty() {
                self.push(name.as_str(), record_type, &of_type, common);
            }
        }
        if let (Some(why), true) = (invalid, self.endpoints.len() == before) {
            self.hold(name, common, HoldReason::Invalid(why));
        }
    }

    /// Adds one endpoint of a given type; what is malformed is reported, and the name held.
    pub fn push<T: AsRef<str>>(
        &mut self,
        name: &str,
        record_type: RecordType,
        targets: &[T],
        common: &Common,
    ) {
        match Endpoint::new(name, record_type.clone(), targets, common.properties.clone()) {
            Ok(endpoint) => {
                let mut endpoint = endpoint
                    .with_ttl(common.ttl)
                    .with_set_identifier(common.set_identifier.clone())
                    .with_object(self.object.clone());
                if let Some(resource) = &common.resource {
                    endpoint = endpoint.with_label(RESOURCE, resource.clone());
                }
                if self.endpoints.is_empty() {
                    // Nearly every object has one, and a list grows to four at once.
                    self.endpoints.reserve_exact(1);
                }
                self.endpoints.push(endpoint);
            }
            Err(error) => {
                let message = format!("{error}; the record is left out");
                self.report(Severity::Warning, message, Some(record_type));
                if let Ok(name) = DnsName::parse(name) {
                    self.hold(name, common, HoldReason::Invalid(error.to_string()));
                }
            }
        }
    }

    /// Parses a name; a malformed one is reported and gives `None`.
    pub fn valid_name(&mut self, host: &str) -> Option<DnsName> {
        match DnsName::parse(host) {
            Ok(name) => Some(name),
            Err(error) => {
                self.warn(format!("{error}; the name is left out"));
                None
            }
        }
    }

    /// Holds a name: whatever stands there stays.
    pub fn hold(&mut self, name: DnsName, common: &Common, reason: HoldReason) {
        self.holds.push(Hold {
            object: self.object.clone(),
            name: Some(name),
            set_identifier: common.set_identifier.clone(),
            resource: common.resource.as_deref().map(str::to_owned),
            reason,
        });
    }

    /// Gives up on the object: nothing of it is published, and whatever it owns stays.
    pub fn fail(&mut self, common: &Common, message: impl Into<String>) {
        let message = message.into();
        self.endpoints.clear();
        self.holds.clear();
        self.holds.push(Hold {
            object: self.object.clone(),
            name: None,
            set_identifier: common.set_identifier.clone(),
            resource: common.resource.as_deref().map(str::to_owned),
            reason: HoldReason::Invalid(message.clone()),
        });
        self.report(Severity::Error, message, None);
    }

    /// Reports a detail that was ignored.
    pub fn warn(&mut self, message: impl Into<String>) {
        self.report(Severity::Warning, message.into(), None);
    }

    fn report(&mut self, severity: Severity, message: String, invalid: Option<RecordType>) {
        self.problems.push(Problem { object: self.object.clone(), severity, message, invalid });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome() -> Outcome {
        Outcome::new(Arc::new(ObjectRef {
            source: "ingress",
            kind: "Ingress",
            api_version: "networking.k8s.io/v1",
            namespace: "default".into(),
            name: "web".into(),
            uid: "".into(),
        }))
    }

    fn types(outcome: &Outcome) -> Vec<&str> {
        outcome.endpoints.iter().map(|e| e.record_type.as_str()).collect()
    }

    #[test]
    fn targets_are_split_by_type() {
        let mut outcome = outcome();
        outcome.publish(
            "a.example.org",
            &["lb.example.net", "192.0.2.1", "::1", "192.0.2.2"],
            &Common::default(),
        );
        assert_eq!(types(&outcome), ["A", "AAAA", "CNAME"]);
        assert_eq!(outcome.endpoints[0].targets.len(), 2);
        assert!(outcome.holds.is_empty());
    }

    #[test]
    fn a_name_without_targets_is_held() {
        let mut outcome = outcome();
        outcome.publish::<&str>("a.example.org", &[], &Common::default());
        assert_eq!(outcome.holds[0].reason, HoldReason::NoTarget);
    }

    #[test]
    fn a_bad_target_is_left_out_and_the_rest_published() {
        let mut outcome = outcome();
        outcome.publish("a.example.org", &["", "b c", "fe80::1%eth0", "192.0.2.1"], &Common::default());
        assert_eq!(types(&outcome), ["A"]);
        assert_eq!(outcome.problems.len(), 3);
        assert!(outcome.holds.is_empty());
        outcome.publish("b.example.org", &["b c"], &Common::default());
        assert_eq!(outcome.holds.len(), 1);
    }

    #[test]
    fn a_failed_object_publishes_nothing_and_holds_what_it_owned() {
        let mut outcome = outcome();
        let common = Common { resource: Some("ingress/default/web".into()), ..Common::default() };
        outcome.publish("a.example.org", &["192.0.2.1"], &common);
        outcome.fail(&common, "template failed");
        assert!(outcome.endpoints.is_empty());
        assert_eq!(outcome.holds[0].name, None);
        assert_eq!(outcome.problems[0].severity, Severity::Error);
    }
}
