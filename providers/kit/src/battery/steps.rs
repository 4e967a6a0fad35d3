//! The states of the ladder, as data.

use super::{Battery, Problem};
use crate::Capabilities;
use zonewright_planner::{Endpoint, Properties, RecordType, Ttl};

/// A state to reach from the one before.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) wishes: Vec<Endpoint>,
}

const TTL: i64 = 300;

impl Battery<'_> {
    pub(super) fn steps(&self, capabilities: &Capabilities) -> Result<Vec<Step>, Problem> {
        let can = |record_type: RecordType| capabilities.record_types.contains(&record_type);
        let (a, cname, txt) = (can(RecordType::A), can(RecordType::Cname), can(RecordType::Txt));
        let mut steps = Vec::new();
        let mut add = |admitted: bool, name, wishes: Vec<Endpoint>| {
            if admitted {
                steps.push(Step { name, wishes });
            }
        };
        add(a, "create", vec![self.a("host", &["192.0.2.1"], TTL)?]);
        add(a, "change target", vec![self.a("host", &["192.0.2.2"], TTL)?]);
        add(a, "change TTL", vec![self.a("host", &["192.0.2.2"], 2 * TTL)?]);
        add(true, "delete", Vec::new());
        let (apex, wildcards) = (capabilities.apex, capabilities.wildcards);
        add(a && apex, "apex", vec![self.a("", &["192.0.2.3"], TTL)?]);
        add(a && apex, "change the apex", vec![self.a("", &["192.0.2.4"], TTL)?]);
        add(
            a && wildcards,
            "wildcard",
            vec![self.a("*", &["192.0.2.5"], TTL)?, self.a("*.deeper", &["192.0.2.6"], TTL)?],
        );
        add(txt, "underscore", vec![self.txt("_underscore.host", "\"a b\"")?]);
        add(
            cname,
            "underscore CNAME",
            vec![self.wish("_under_score", RecordType::Cname, &["host.example.net"], TTL)?],
        );
        add(txt, "long TXT", vec![self.txt("long", &long_text('p'))?]);
        add(txt, "change a long TXT", vec![self.txt("long", &long_text('q'))?]);
        add(
            txt,
            "several TXT values",
            vec![self.wish("long", RecordType::Txt, &["\"one\"", "\"two words\""], TTL)?],
        );
        add(a, "many targets", vec![self.many_targets(40)?]);
        add(a, "fewer targets", vec![self.many_targets(20)?]);
        add(true, "every type", self.every_type(capabilities, 0)?);
        add(true, "change every type", self.every_type(capabilities, 1)?);
        add(a && cname, "before a type change", vec![self.a("type", &["192.0.2.7"], TTL)?]);
        add(
            a && cname,
            "A to CNAME",
            vec![self.wish("type", RecordType::Cname, &["host.example.net"], TTL)?],
        );
        add(a && cname, "CNAME to A", vec![self.a("type", &["192.0.2.8"], TTL)?]);
        let sets = a && capabilities.set_identifiers;
        add(sets, "set identifiers", vec![self.set("blue", "192.0.2.9")?, self.set("green", "192.0.2.10")?]);
        add(sets, "change one set", vec![self.set("blue", "192.0.2.9")?, self.set("green", "192.0.2.11")?]);
        add(sets, "remove one set", vec![self.set("green", "192.0.2.11")?]);
        add(a, "big batch", self.big(1)?);
        add(a, "change a big batch", self.big(2)?);
        add(true, "tidy up", Vec::new());
        Ok(steps)
    }

    pub(super) fn wish(
        &self,
        prefix: &str,
        record_type: RecordType,
        targets: &[&str],
        ttl: i64,
    ) -> Result<Endpoint, Problem> {
        let base = if record_type == RecordType::Ptr { &self.reverse } else { self.base.as_str() };
        let name = if prefix.is_empty() { base.to_owned() } else { format!("{prefix}.{base}") };
        let endpoint = Endpoint::new(&name, record_type, targets, Properties::new())?;
        Ok(endpoint.with_ttl(Ttl::from_seconds(ttl)))
    }

    pub(super) fn a(&self, prefix: &str, targets: &[&str], ttl: i64) -> Result<Endpoint, Problem> {
        self.wish(prefix, RecordType::A, targets, ttl)
    }

    fn txt(&self, prefix: &str, text: &str) -> Result<Endpoint, Problem> {
        self.wish(prefix, RecordType::Txt, &[text], TTL)
    }

    fn set(&self, set_identifier: &str, target: &str) -> Result<Endpoint, Problem> {
        let mut endpoint = self.a("set", &[target], TTL)?.with_set_identifier(set_identifier);
        endpoint.properties = self.set_identifier_properties.clone();
        Ok(endpoint)
    }

    /// Without a TTL: the provider's default must not make it differ either.
    fn many_targets(&self, count: u8) -> Result<Endpoint, Problem> {
        let targets: Vec<String> = (1..=count).map(|host| format!("198.51.100.{host}")).collect();
        let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
        self.a("many", &targets, Ttl::UNSET.seconds())
    }

    fn every_type(&self, capabilities: &Capabilities, version: usize) -> Result<Vec<Endpoint>, Problem> {
        let known = capabilities.record_types.iter().filter(|record_type| record_type.is_known());
        known
            .map(|record_type| {
                let (prefix, versions) = sample(record_type);
                self.wish(prefix, record_type.clone(), versions[version], TTL)
            })
            .collect()
    }

    fn big(&self, version: u8) -> Result<Vec<Endpoint>, Problem> {
        (0..self.big_batch)
            .map(|i| self.a(&format!("big-{i}"), &[&format!("203.0.113.{version}")], TTL))
            .collect()
    }
}

/// More than the 255 octets that one string of a TXT record holds (RFC 1035 section 3.3.14); shaped like a DKIM key.
fn long_text(filler: char) -> String {
    format!("\"v=DKIM1; k=rsa; p={}\"", filler.to_string().repeat(500))
}

/// A name and two values for a type, in the spelling of the planner.
fn sample(record_type: &RecordType) -> (&'static str, [&'static [&'static str]; 2]) {
    match record_type {
        RecordType::A => ("type-a", [&["192.0.2.20"], &["192.0.2.21", "192.0.2.22"]]),
        RecordType::Aaaa => ("type-aaaa", [&["2001:db8::20"], &["2001:db8::21", "2001:db8::22"]]),
        RecordType::Cname => ("type-cname", [&["one.example.net"], &["two.example.net"]]),
        RecordType::Txt => ("type-txt", [&["\"v=spf1 -all\""], &["\"v=spf1 mx -all\""]]),
        RecordType::Srv => {
            ("_sip._tcp", [&["10 20 5060 one.example.net."], &["10 30 5061 two.example.net."]])
        }
        RecordType::Ns => ("type-ns", [&["ns1.example.net"], &["ns1.example.net", "ns2.example.net"]]),
        RecordType::Ptr => ("20", [&["one.example.net"], &["two.example.net"]]),
        RecordType::Mx => {
            ("type-mx", [&["10 one.example.net"], &["10 one.example.net", "20 two.example.net"]])
        }
        RecordType::Naptr => (
            "type-naptr",
            [
                &["100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:one@example.net!\" ."],
                &["100 20 \"u\" \"E2U+sip\" \"!^.*$!sip:two@example.net!\" ."],
            ],
        ),
        RecordType::Dname => ("type-dname", [&["one.example.net"], &["two.example.net"]]),
        // Never declared as plannable; a text value would do.
        RecordType::Other(_) => ("type-other", [&["one"], &["two"]]),
    }
}
