//! `--source=fake`: made-up records of every type, other ones at every reading, to try a provider out.

use super::outcome::{Common, Outcome};
use super::store::Fill;
use super::{Source, Which};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use zonewright_planner::{ObjectRef, RecordType, Uid};

/// The source.
pub struct FakeSource {
    base_names: Vec<String>,
    state: AtomicU64,
}

impl FakeSource {
    /// The `--source` value.
    pub const NAME: &'static str = "fake";

    /// Makes records below each base name. The seed decides everything that follows.
    pub fn new(base_names: Vec<String>, seed: u64) -> Self {
        Self { base_names, state: AtomicU64::new(seed) }
    }

    /// The object that `--fqdn-template` is applied to at start, to give the base names.
    pub fn template_object() -> serde_json::Value {
        serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "fake", "namespace": "default"}})
    }

    /// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators"): nothing here needs to be unpredictable.
    fn next(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15_u64;
        let mut z = self.state.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn label(&self) -> String {
        let mut bits = self.next();
        let mut letter = || {
            let letter = char::from(b'a' + (bits % 26) as u8);
            bits /= 26;
            letter
        };
        (0..4).map(|_| letter()).collect()
    }

    fn ipv4(&self) -> Ipv4Addr {
        // TEST-NET-1, RFC 5737.
        Ipv4Addr::new(192, 0, 2, 1 + (self.next() % 253) as u8)
    }

    fn ipv6(&self) -> Ipv6Addr {
        // The documentation prefix, RFC 3849.
        let random = self.next().to_be_bytes();
        let word = |i: usize| u16::from_be_bytes([random[i], random[i + 1]]);
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, word(0), word(2), word(4), word(6))
    }

    fn outcome(&self, record_type: RecordType, base: &str) -> Outcome {
        let name = match record_type {
            RecordType::Ptr => format!("{}.2.0.192.in-addr.arpa", 1 + self.next() % 253),
            _ => format!("{}.{base}", self.label()),
        };
        let object = ObjectRef {
            source: Self::NAME,
            kind: "Pod",
            api_version: "v1",
            namespace: "default".into(),
            name: "fake".into(),
            uid: Uid::default(),
        };
        let common = Common {
            set_identifier: Self::NAME.into(),
            resource: Some(format!("fake/default/{name}").into()),
            ..Common::default()
        };
        let targets: Vec<String> = self.base_names.iter().map(|_| self.target(&record_type, base)).collect();
        let mut outcome = Outcome::new(Arc::new(object));
        outcome.push(&name, record_type, &targets, &common);
        outcome
    }

    fn target(&self, record_type: &RecordType, base: &str) -> String {
        let host = || format!("{}.{base}", self.label());
        match record_type {
            RecordType::A => self.ipv4().to_string(),
            RecordType::Aaaa => self.ipv6().to_string(),
            RecordType::Mx => format!("10 {}", host()),
            RecordType::Srv => format!("10 5 443 {}.", host()),
            RecordType::Naptr => format!("100 10 \"S\" \"SIP+D2U\" \"\" {}.", host()),
            RecordType::Txt => format!("\"{}\"", self.label()),
            _ => host(),
        }
    }
}

impl Source for FakeSource {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn resource_prefixes(&self) -> &'static [&'static str] {
        &["fake/"]
    }

    fn caches(&self) -> Vec<Arc<dyn Fill>> {
        Vec::new()
    }

    /// Only everything at once can be asked for: what is made up is another thing each time.
    fn visit(&self, which: Which<'_>, take: &mut dyn FnMut(Outcome)) {
        if let Which::All = which {
            for base in &self.base_names {
                RecordType::ALL.into_iter().for_each(|record_type| take(self.outcome(record_type, base)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_made_and_every_reading_differs() {
        let source = FakeSource::new(vec!["example.com".into(), "example.org".into()], 7);
        let first = source.outcomes();
        assert_eq!(first.len(), 20);
        assert!(first.iter().all(|o| o.problems.is_empty() && o.endpoints.len() == 1), "{first:?}");
        let again = FakeSource::new(vec!["example.com".into(), "example.org".into()], 7).outcomes();
        let names = |outcomes: &[Outcome]| -> Vec<String> {
            outcomes.iter().map(|o| o.endpoints[0].name.to_string()).collect()
        };
        assert_eq!(names(&first), names(&again));
        assert_ne!(names(&first), names(&source.outcomes()));
    }
}
