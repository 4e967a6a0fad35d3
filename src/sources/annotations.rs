//! Annotations: which keys are read, and what their values mean. Facts: ExternalDNS v0.22, source/annotations.

use super::annotation_check;
use super::object::StringMap;
use std::sync::Arc;
use zonewright_planner::{ALIAS, Properties, RECORD_TYPE, SHARED, Ttl};

/// The annotation prefix of ExternalDNS since v0.22.
pub const CURRENT_PREFIX: &str = "external-dns.kubernetes.io/";
/// The annotation prefix before v0.22, read as well unless a prefix is chosen.
pub const OLDER_PREFIX: &str = "external-dns.alpha.kubernetes.io/";

/// Suffixes of the keys that sources read by themselves.
pub mod key {
    /// Names to publish.
    pub const HOSTNAME: &str = "hostname";
    /// Names to publish with cluster-internal addresses.
    pub const INTERNAL_HOSTNAME: &str = "internal-hostname";
    /// Targets in place of the computed ones.
    pub const TARGET: &str = "target";
    /// Time to live.
    pub const TTL: &str = "ttl";
    /// Who is to process the object.
    pub const CONTROLLER: &str = "controller";
    /// Set identifier.
    pub const SET_IDENTIFIER: &str = "set-identifier";
    /// NodePort address choice.
    pub const ACCESS: &str = "access";
    /// Headless target choice.
    pub const ENDPOINTS_TYPE: &str = "endpoints-type";
    /// Where an Ingress takes its names from.
    pub const INGRESS_HOSTNAME_SOURCE: &str = "ingress-hostname-source";
    /// Where a Gateway API route takes its names from.
    pub const GATEWAY_HOSTNAME_SOURCE: &str = "gateway-hostname-source";
}

/// The prefixes under which annotations are read; of a key under several, the first prefix wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationKeys {
    prefixes: Vec<String>,
    any_controller: bool,
}

impl Default for AnnotationKeys {
    fn default() -> Self {
        Self { prefixes: vec![CURRENT_PREFIX.to_owned(), OLDER_PREFIX.to_owned()], any_controller: false }
    }
}

impl AnnotationKeys {
    /// Only this prefix is read (`--annotation-prefix`).
    pub fn only(prefix: &str) -> Self {
        Self { prefixes: vec![prefix.to_owned()], any_controller: false }
    }

    /// The same, and objects that are meant for another controller count as well. Only to find out which those are.
    #[must_use]
    pub fn of_any_controller(mut self) -> Self {
        self.any_controller = true;
        self
    }

    /// The prefixes in order of precedence.
    pub fn prefixes(&self) -> &[String] {
        &self.prefixes
    }

    /// The annotations of one object.
    pub fn of<'a>(&'a self, map: &'a StringMap) -> Annotations<'a> {
        Annotations { keys: self, map }
    }
}

/// The annotations of one object, read through the active prefixes.
#[derive(Debug, Clone, Copy)]
pub struct Annotations<'a> {
    keys: &'a AnnotationKeys,
    map: &'a StringMap,
}

impl<'a> Annotations<'a> {
    /// The value of a key, given without prefix.
    pub fn get(&self, suffix: &str) -> Option<&'a str> {
        self.keys.prefixes.iter().find_map(|prefix| self.at(prefix, suffix))
    }

    /// The value of a key of two parts. They are not put together: every object is asked for two dozen keys.
    fn at(&self, prefix: &str, suffix: &str) -> Option<&'a str> {
        let mut entries = self.map.iter();
        entries.find(|(key, _)| key.strip_prefix(prefix) == Some(suffix)).map(|(_, value)| value)
    }

    /// Whether the object is ours to process: `controller` is absent or exactly `dns-controller`.
    pub fn are_for_us(&self) -> bool {
        self.keys.any_controller
            || self.get(key::CONTROLLER).is_none_or(|controller| controller == "dns-controller")
    }

    /// The `hostname` items.
    pub fn hostnames(&self) -> Vec<String> {
        self.get(key::HOSTNAME).map(host_list).unwrap_or_default()
    }

    /// The `internal-hostname` items.
    pub fn internal_hostnames(&self) -> Vec<String> {
        self.get(key::INTERNAL_HOSTNAME).map(host_list).unwrap_or_default()
    }

    /// The `target` items; empty when the annotation is absent or blank.
    pub fn targets(&self) -> Vec<String> {
        let without_dot = |item: String| item.strip_suffix('.').map(str::to_owned).unwrap_or(item);
        self.get(key::TARGET).map(host_list).unwrap_or_default().into_iter().map(without_dot).collect()
    }

    /// The TTL.
    ///
    /// # Errors
    /// Describes a value that is not one; the TTL then counts as unset.
    pub fn ttl(&self) -> Result<Ttl, String> {
        self.get(key::TTL).map_or(Ok(Ttl::UNSET), parse_ttl)
    }

    /// The set identifier; empty when absent.
    pub fn set_identifier(&self) -> Arc<str> {
        // Nearly none has one; nothing is the one empty text that all share.
        self.get(key::SET_IDENTIFIER).map(Arc::from).unwrap_or_default()
    }

    /// The provider-specific properties.
    pub fn properties(&self) -> Properties {
        let mut properties = Properties::new();
        // Later prefixes first, so that the values of the first prefix overwrite theirs.
        for prefix in self.keys.prefixes.iter().rev() {
            for (full_key, value) in self.map.iter() {
                let Some(suffix) = full_key.strip_prefix(prefix.as_str()) else { continue };
                // A value without a meaning overwrites, too: an `alias` of `false` under the first prefix is no alias.
                let counts = self.get(suffix) == Some(value);
                if let (true, Some(name)) = (counts, self.property(suffix, value)) {
                    properties.set(name, value);
                }
            }
        }
        properties
    }

    /// The property that an annotation sets, if any.
    fn property(&self, suffix: &str, value: &str) -> Option<String> {
        match suffix {
            // Only the literal `true` means anything in an annotation; the other values are for DNSEndpoints.
            ALIAS => (value == "true").then(|| ALIAS.to_owned()),
            RECORD_TYPE => Some(RECORD_TYPE.to_owned()),
            SHARED => ["true", "false"].contains(&value).then(|| SHARED.to_owned()),
            "azure-tags" => Some("azure/tags".to_owned()),
            _ => family_property(suffix).or_else(|| self.cloudflare_property(suffix)),
        }
    }

    /// Cloudflare's properties are named like the annotation itself, prefix included; under the older prefix they keep the
    /// current prefix's name, so that moving from one to the other changes no record.
    fn cloudflare_property(&self, suffix: &str) -> Option<String> {
        const NAMES: [&str; 5] = [
            "cloudflare-custom-hostname",
            "cloudflare-proxied",
            "cloudflare-region-key",
            "cloudflare-record-comment",
            "cloudflare-tags",
        ];
        let name = NAMES.iter().find(|name| suffix.contains(**name))?;
        Some(format!("{}{name}", self.keys.prefixes.first()?))
    }

    /// What does not do what whoever wrote it may think, on an object of this kind.
    pub fn oddities(&self, group: &str, kind: &str) -> Vec<String> {
        annotation_check::oddities(self.keys, group, kind, self.map)
    }

    /// Keys whose values under two prefixes differ: the first prefix's value is used, which may surprise.
    pub fn contradictions(&self) -> Vec<String> {
        let Some((first, others)) = self.keys.prefixes.split_first() else { return Vec::new() };
        let mut contradictions = Vec::new();
        for (full_key, value) in self.map.iter() {
            let Some(suffix) = full_key.strip_prefix(first.as_str()) else { continue };
            for other in others {
                if self.at(other, suffix).is_some_and(|other_value| other_value != value) {
                    contradictions.push(format!(
                        "annotation {full_key}={value:?} contradicts {other}{suffix}; the former is used"
                    ));
                }
            }
        }
        contradictions
    }
}

fn family_property(suffix: &str) -> Option<String> {
    ["aws", "scw", "webhook", "coredns"].iter().find_map(|family| {
        let rest = suffix.strip_prefix(family)?.strip_prefix('-')?;
        Some(format!("{family}/{rest}"))
    })
}

/// Splits a list of names: blanks go, commas separate. Empty items stay out: they can never be names.
pub fn host_list(value: &str) -> Vec<String> {
    value
        .split(',')
        .map(|item| item.replace(' ', "").trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

/// Reads a TTL: a Go duration or whole seconds, from 1 to 2147483647 (RFC 2181 section 8).
fn parse_ttl(value: &str) -> Result<Ttl, String> {
    let seconds = match super::duration::parse_go_duration(value) {
        Some(nanoseconds) => Some(nanoseconds / 1_000_000_000),
        None => value.parse::<i64>().ok().map(i128::from),
    };
    match seconds {
        Some(seconds @ 1..=2_147_483_647) => Ok(Ttl::from_seconds(seconds as i64)),
        Some(_) => {
            Err(format!("ttl {value:?} is not between 1 second and 2147483647 seconds; it is ignored"))
        }
        None => Err(format!("ttl {value:?} is neither seconds nor a duration such as 10m; it is ignored")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn map(entries: &[(&str, &str)]) -> StringMap {
        entries.iter().copied().collect()
    }

    #[rstest]
    #[case(" example.com , example.org ", &["example.com", "example.org"])]
    #[case("a.com,\nb.com\n", &["a.com", "b.com"])]
    #[case("", &[])]
    #[case("a.com,", &["a.com"])]
    fn host_lists(#[case] value: &str, #[case] expected: &[&str]) {
        assert_eq!(host_list(value), expected);
    }

    #[rstest]
    #[case("600", Some(600))]
    #[case("10m", Some(600))]
    #[case("1h30m", Some(5400))]
    #[case("20.5s", Some(20))]
    #[case(".5m", Some(30))]
    #[case("+60", Some(60))]
    #[case("999999", Some(999_999))]
    #[case("500ms", None)]
    #[case("0", None)]
    #[case("-5m", None)]
    #[case("4294967296", None)]
    #[case("", None)]
    #[case("foo", None)]
    #[case(" 60", None)]
    #[case("1d", None)]
    fn ttls(#[case] value: &str, #[case] expected: Option<i64>) {
        assert_eq!(parse_ttl(value).ok().and_then(Ttl::configured), expected);
    }

    #[test]
    fn the_current_prefix_wins_key_by_key() {
        let keys = AnnotationKeys::default();
        let map = map(&[
            ("external-dns.alpha.kubernetes.io/hostname", "old.example.org"),
            ("external-dns.alpha.kubernetes.io/ttl", "60"),
            ("external-dns.kubernetes.io/hostname", "new.example.org"),
        ]);
        let annotations = keys.of(&map);
        assert_eq!(annotations.hostnames(), ["new.example.org"]);
        assert_eq!(annotations.ttl(), Ok(Ttl::from_seconds(60)));
        assert_eq!(annotations.contradictions().len(), 1);
        let only = AnnotationKeys::only(OLDER_PREFIX);
        assert_eq!(only.of(&map).hostnames(), ["old.example.org"]);
    }

    #[test]
    fn properties_come_from_known_families() {
        let keys = AnnotationKeys::default();
        let map = map(&[
            ("external-dns.kubernetes.io/alias", "true"),
            ("external-dns.kubernetes.io/aws-weight", "10"),
            ("external-dns.kubernetes.io/azure-other", "x"),
            ("external-dns.kubernetes.io/azure-tags", "a=b, c=d"),
            ("external-dns.alpha.kubernetes.io/cloudflare-proxied", "true"),
            ("external-dns.kubernetes.io/record-type", ""),
            ("external-dns.kubernetes.io/hostname", "a"),
        ]);
        let properties = keys.of(&map).properties();
        let expected = [
            ("alias", "true"),
            ("aws/weight", "10"),
            ("azure/tags", "a=b, c=d"),
            ("external-dns.kubernetes.io/cloudflare-proxied", "true"),
            ("record-type", ""),
        ];
        assert_eq!(properties.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_alias_other_than_true_means_nothing() {
        let keys = AnnotationKeys::default();
        let map = map(&[("external-dns.kubernetes.io/alias", "AAAA")]);
        assert!(keys.of(&map).properties().is_empty());
    }
}
