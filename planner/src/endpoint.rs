//! Endpoints: what somebody wishes to see in DNS.

use crate::{
    ALIAS, DnsName, Labels, NameError, Properties, RecordType, Target, TargetError, Ttl, Uid, ZoneId,
};
use std::fmt;
use std::sync::Arc;

/// The Kubernetes object a wish comes from. Used in reasons, logs and events; never sent to providers. There is one for each of
/// tens of thousands of objects, so the texts are those of the object that a source holds anyway.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// The `--source` value that read it.
    pub source: &'static str,
    /// `Ingress`, `Service`, …
    pub kind: &'static str,
    /// `networking.k8s.io/v1`, …
    pub api_version: &'static str,
    /// Empty for cluster-scoped objects.
    pub namespace: Arc<str>,
    /// Object name.
    pub name: Arc<str>,
    /// Object UID; empty where unknown (manifests from files).
    pub uid: Uid,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.to_ascii_lowercase();
        match &*self.namespace {
            "" => write!(f, "{kind}/{}", self.name),
            namespace => write!(f, "{kind}/{namespace}/{}", self.name),
        }
    }
}

/// One record set that somebody wishes for: always valid, always in canonical form.
///
/// Targets are sorted and unique. The list may be empty: the name is asked for, but there is nothing to point it at yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The name to publish.
    pub name: DnsName,
    /// The type to publish.
    pub record_type: RecordType,
    /// Tells record sets of one name apart (weighted, geographic, … routing); empty for plain ones.
    pub set_identifier: Arc<str>,
    /// TTL asked for.
    pub ttl: Ttl,
    /// What it points at. Change through [`Endpoint::set_targets`] to keep it sorted and unique.
    pub targets: Vec<Target>,
    /// What will be noted in the ownership record, the owner excepted.
    pub labels: Labels,
    /// Settings for the provider.
    pub properties: Properties,
    /// The zone that it is for. `None`, as for nearly every wish, for wherever its name belongs.
    pub zone: Option<ZoneId>,
    /// The objects that asked.
    pub objects: Vec<Arc<ObjectRef>>,
}

/// Why a wish cannot be expressed as a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The name is not a DNS name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A target does not suit the type.
    #[error("{name} {record_type}: {source}")]
    Target {
        /// The record's name.
        name: DnsName,
        /// The record's type.
        record_type: RecordType,
        /// What is wrong.
        source: TargetError,
    },
    /// Only address and CNAME records can be aliases.
    #[error("{name} {record_type}: the alias property is only for A, AAAA and CNAME records")]
    AliasOnOtherType {
        /// The record's name.
        name: DnsName,
        /// The record's type.
        record_type: RecordType,
    },
    /// PTR records live in reverse zones (RFC 1035 section 3.5, RFC 3596 section 2.5).
    #[error("{name} PTR: the name is not below in-addr.arpa or ip6.arpa")]
    NotAReverseName {
        /// The record's name.
        name: DnsName,
    },
    /// A PTR record that points nowhere.
    #[error("{name} PTR: no targets")]
    NoTargets {
        /// The record's name.
        name: DnsName,
    },
}

impl Endpoint {
    /// Builds a wish from text.
    ///
    /// # Errors
    /// [`EndpointError`] says what about name or targets does not fit the type.
    pub fn new<T: AsRef<str>>(
        name: &str,
        record_type: RecordType,
        targets: &[T],
        properties: Properties,
    ) -> Result<Self, EndpointError> {
        let name = DnsName::parse(name)?;
        if properties.get(ALIAS).is_some() && !can_be_alias(&record_type) {
            return Err(EndpointError::AliasOnOtherType { name, record_type });
        }
        if record_type == RecordType::Ptr {
            check_reverse(&name, targets.is_empty())?;
        }
        let alias = properties.is_alias();
        let parsed = targets.iter().map(|t| Target::parse(&record_type, t.as_ref(), alias)).collect();
        let parsed: Vec<Target> = match parsed {
            Ok(parsed) => parsed,
            Err(source) => return Err(EndpointError::Target { name, record_type, source }),
        };
        Ok(Self::from_parts(name, record_type, parsed, properties))
    }

    /// Builds a wish from parts that are already parsed.
    pub fn from_parts(
        name: DnsName,
        record_type: RecordType,
        targets: Vec<Target>,
        properties: Properties,
    ) -> Self {
        let mut endpoint = Self {
            name,
            record_type,
            // The one empty text that all share.
            set_identifier: Arc::default(),
            ttl: Ttl::UNSET,
            targets: Vec::new(),
            labels: Labels::new(),
            properties,
            zone: None,
            objects: Vec::new(),
        };
        endpoint.set_targets(targets);
        endpoint
    }

    /// Replaces the targets, sorting them and dropping repetitions.
    pub fn set_targets(&mut self, mut targets: Vec<Target>) {
        targets.sort();
        targets.dedup();
        targets.shrink_to_fit();
        self.targets = targets;
    }

    /// The same wish with a TTL.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Ttl) -> Self {
        self.ttl = ttl;
        self
    }

    /// The same wish with a set identifier.
    #[must_use]
    pub fn with_set_identifier(mut self, set_identifier: impl Into<Arc<str>>) -> Self {
        self.set_identifier = set_identifier.into();
        self
    }

    /// The same wish for one zone alone.
    #[must_use]
    pub fn with_zone(mut self, zone: ZoneId) -> Self {
        self.zone = Some(zone);
        self
    }

    /// The same wish with a label.
    #[must_use]
    pub fn with_label(mut self, key: &'static str, value: impl AsRef<str>) -> Self {
        self.labels.set(key, value);
        self
    }

    /// The same wish with an object behind it.
    #[must_use]
    pub fn with_object(mut self, object: Arc<ObjectRef>) -> Self {
        self.add_objects([object]);
        self
    }

    /// Adds objects, each once.
    pub fn add_objects(&mut self, objects: impl IntoIterator<Item = Arc<ObjectRef>>) {
        for object in objects {
            if !self.objects.contains(&object) {
                if self.objects.is_empty() {
                    // Nearly every wish has one object, and a list grows to four at once.
                    self.objects.reserve_exact(1);
                }
                self.objects.push(object);
            }
        }
    }
}

fn can_be_alias(record_type: &RecordType) -> bool {
    matches!(record_type, RecordType::A | RecordType::Aaaa | RecordType::Cname)
}

fn check_reverse(name: &DnsName, no_targets: bool) -> Result<(), EndpointError> {
    let below = |zone: &str| {
        name.as_str().strip_suffix(zone).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
    };
    if !below("in-addr.arpa") && !below("ip6.arpa") {
        return Err(EndpointError::NotAReverseName { name: name.clone() });
    }
    if no_targets { Err(EndpointError::NoTargets { name: name.clone() }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn targets_are_sorted_and_unique() {
        let endpoint = Endpoint::new(
            "a.example.org",
            RecordType::A,
            &["10.0.0.1", "9.9.9.9", "10.0.0.1"],
            Properties::new(),
        )
        .unwrap();
        let texts: Vec<String> = endpoint.targets.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["9.9.9.9", "10.0.0.1"]);
    }

    #[rstest]
    #[case("1.2.0.192.in-addr.arpa", true)]
    #[case("1.8.b.d.0.1.0.0.2.ip6.arpa", true)]
    #[case("in-addr.arpa", false)]
    #[case("xin-addr.arpa", false)]
    #[case("a.example.org", false)]
    fn ptr_names_are_reverse_names(#[case] name: &str, #[case] fits: bool) {
        let made = Endpoint::new(name, RecordType::Ptr, &["a.example.org"], Properties::new());
        assert_eq!(made.is_ok(), fits, "{made:?}");
    }

    #[test]
    fn alias_is_for_addresses_and_cnames() {
        let alias: Properties = [("alias", "false")].into_iter().collect();
        assert!(Endpoint::new("a.example.org", RecordType::Txt, &["x"], alias.clone()).is_err());
        assert!(Endpoint::new("a.example.org", RecordType::Cname, &["b.example.org"], alias).is_ok());
        let alias: Properties = [("alias", "true")].into_iter().collect();
        assert!(Endpoint::new("a.example.org", RecordType::A, &["lb.example.net"], alias).is_ok());
    }
}
