//! Changes as one UPDATE message (RFC 2136), which the server carries out as a whole or not at all.
//!
//! ```text
//! changes ── operations ──> record sets, each with what it was and what it is to be
//!     prerequisites   it still is what it was; nothing new stands where nothing stood
//!     updates         whatever goes, then whatever comes
//! ```
//!
//! Nobody sees anything in between: a name that had an answer before and has one afterwards has one all the time.

use crate::convert::{SOA, data_of, name_bytes, type_code};
use hickory_proto::ProtoError;
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::NULL;
use hickory_proto::rr::{DNSClass, Name, RData, Record as Rr, RecordType as Code};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};
use std::collections::BTreeMap;
use zonewright_planner::{DnsName, Endpoint, Record, RecordType, Target, Ttl};
use zonewright_provider_kit::{Operation, ZoneChange};

/// The most bytes of a message, with room for its header and signature (RFC 1035 section 4.2.2: the length in front has 16 bits).
pub(crate) const ROOM: usize = 64_000;

/// The numbers of types that a CNAME excludes and that are likely to stand at a name.
const BESIDE: [u16; 10] = [1, 2, 15, 16, 28, 33, 35, 39, 64, 65];
const CNAME: u16 = 5;
const NS: u16 = 2;
/// Whatever type: the name is not in use.
const ANY: u16 = 255;

/// How records are written.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// `--rfc2136-min-ttl`.
    pub(crate) min_ttl: i64,
    /// Whether what exists is known, so that it can be insisted on.
    pub(crate) reads: bool,
}

impl Rules {
    /// The TTL to write.
    pub(crate) fn ttl(&self, ttl: Ttl) -> u32 {
        let seconds = ttl.seconds().max(self.min_ttl).max(0);
        // The highest bit is no part of it (RFC 2181 section 8).
        u32::try_from(seconds).unwrap_or(u32::MAX).min(i32::MAX as u32)
    }
}

/// What becomes of record sets: by name and type, so that a CNAME never stands beside what it replaces.
#[derive(Debug, Default)]
pub(crate) struct Update {
    sets: BTreeMap<(DnsName, u16), Set>,
}

/// What one was, and what it is to be.
#[derive(Debug)]
struct Set {
    before: Option<Vec<Vec<u8>>>,
    after: Option<(u32, Vec<Vec<u8>>)>,
}

impl Update {
    /// Adds a change.
    ///
    /// # Errors
    /// What cannot be written, and why. Then nothing of the change is in here.
    pub(crate) fn add(&mut self, change: &ZoneChange, rules: &Rules) -> Result<(), String> {
        let mut sets = Vec::new();
        for operation in change.operations() {
            sets.push(match operation {
                Operation::Create(new) => (key(&new.name, &new.record_type)?, None, Some(after(new, rules)?)),
                Operation::Update(old, new) => {
                    (key(&new.name, &new.record_type)?, Some(before(old)?), Some(after(new, rules)?))
                }
                Operation::Delete(old) => (key(&old.name, &old.record_type)?, Some(before(old)?), None),
            });
        }
        for (key, before, after) in sets {
            match self.sets.get_mut(&key) {
                // Of one set that is touched twice, the first knows what it was and the last what it is to be.
                Some(set) => set.after = after,
                None => drop(self.sets.insert(key, Set { before, after })),
            }
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// The message, unsigned.
    pub(crate) fn message(&self, apex: &[u8], id: u16, rules: &Rules) -> Result<Vec<u8>, ProtoError> {
        let mut message = Message::new(id, MessageType::Query, OpCode::Update);
        let mut zone = Query::query(name(apex)?, Code::from(SOA));
        zone.set_query_class(DNSClass::IN);
        message.add_query(zone);
        if rules.reads {
            message.insert_answers(self.prerequisites()?);
        }
        message.insert_authorities(self.updates(apex)?);
        message.to_vec()
    }

    fn prerequisites(&self) -> Result<Vec<Rr>, ProtoError> {
        let mut list = Vec::new();
        for ((owner, code), set) in &self.sets {
            let owner_name = name(&name_bytes(owner))?;
            match &set.before {
                Some(values) => {
                    for data in values {
                        list.push(rr(&owner_name, *code, DNSClass::IN, 0, Some(data)));
                    }
                }
                None => list.push(rr(&owner_name, *code, DNSClass::NONE, 0, None)),
            }
            if set.before.is_none() && set.after.is_some() {
                for code in self.must_be_absent(owner, *code) {
                    list.push(rr(&owner_name, code, DNSClass::NONE, 0, None));
                }
            }
        }
        Ok(list)
    }

    /// Servers pass over a CNAME that is added beside other records, and over others beside a CNAME, without a word (RFC 2136 section
    /// 3.4.2.2). So those must not be there, unless they go in this very message.
    fn must_be_absent(&self, owner: &DnsName, code: u16) -> Vec<u16> {
        let others: &[u16] = match code {
            CNAME if self.has_one_set(owner) => &[ANY],
            CNAME => &BESIDE,
            _ => &[CNAME],
        };
        let is_known = |code: &u16| self.sets.contains_key(&(owner.clone(), *code));
        let is_first = |of: u16| {
            let new = |code: &u16| {
                self.sets
                    .get(&(owner.clone(), *code))
                    .is_some_and(|set| set.before.is_none() && set.after.is_some())
            };
            // One prerequisite is enough for all that are new at a name.
            !BESIDE.iter().take_while(|code| **code != of).any(new)
        };
        if code != CNAME && !is_first(code) {
            return Vec::new();
        }
        others.iter().copied().filter(|code| !is_known(code)).collect()
    }

    fn has_one_set(&self, owner: &DnsName) -> bool {
        self.sets.range((owner.clone(), 0)..=(owner.clone(), u16::MAX)).count() == 1
    }

    fn updates(&self, apex: &[u8]) -> Result<Vec<Rr>, ProtoError> {
        let (mut first, mut then, mut last) = (Vec::new(), Vec::new(), Vec::new());
        for ((owner, code), Set { before, after }) in &self.sets {
            let bytes = name_bytes(owner);
            let owner = name(&bytes)?;
            let values = after.as_ref().map_or(&[][..], |(_, values)| values);
            if *code == NS && bytes == apex {
                // A set that a zone cannot be without is never removed as a whole (RFC 2136 section 3.4.2.3).
                let gone = before.iter().flatten().filter(|data| !values.contains(data));
                last.extend(gone.map(|data| rr(&owner, *code, DNSClass::NONE, 0, Some(data))));
            } else if before.is_some() {
                // Its values are known to be these. What stays of them is added again, with the TTL of all.
                first.push(rr(&owner, *code, DNSClass::ANY, 0, None));
            }
            for data in values {
                let ttl = after.as_ref().map_or(0, |(ttl, _)| *ttl);
                then.push(rr(&owner, *code, DNSClass::IN, ttl, Some(data)));
            }
        }
        Ok([first, then, last].concat())
    }
}

/// More bytes than the change takes in a message.
pub(crate) fn size_of(change: &ZoneChange) -> usize {
    let size = |name: &DnsName, targets: &[Target]| {
        // Names are compressed, but nobody has to rely on it: owner, type, class, TTL, length, data.
        let fixed = name.as_str().len() + 12;
        targets.iter().map(|target| fixed + target_size(target)).sum::<usize>() + (BESIDE.len() + 2) * fixed
    };
    let operation = |operation: &Operation<'_>| match operation {
        Operation::Create(new) => size(&new.name, &new.targets),
        Operation::Update(old, new) => size(&old.name, &old.targets) + size(&new.name, &new.targets),
        Operation::Delete(old) => size(&old.name, &old.targets),
    };
    change.operations().iter().map(operation).sum()
}

fn target_size(target: &Target) -> usize {
    match target {
        Target::V4(_) => 4,
        Target::V6(_) => 16,
        Target::Name(name) => name.as_str().len() + 2,
        Target::Mx { exchange, .. } => exchange.as_ref().map_or(0, |name| name.as_str().len()) + 4,
        Target::Srv { host, .. } => host.as_ref().map_or(0, |name| name.as_str().len()) + 8,
        // A length for every 255 bytes.
        Target::Text(text) => text.len() + text.len() / 128 + 8,
    }
}

fn key(name: &DnsName, record_type: &RecordType) -> Result<(DnsName, u16), String> {
    let code = type_code(record_type).ok_or_else(|| format!("{record_type} records are not written"))?;
    Ok((name.clone(), code))
}

fn before(old: &Record) -> Result<Vec<Vec<u8>>, String> {
    values(&old.record_type, &old.targets)
}

fn after(new: &Endpoint, rules: &Rules) -> Result<(u32, Vec<Vec<u8>>), String> {
    Ok((rules.ttl(new.ttl), values(&new.record_type, &new.targets)?))
}

fn values(record_type: &RecordType, targets: &[Target]) -> Result<Vec<Vec<u8>>, String> {
    let mut values =
        targets.iter().map(|target| data_of(record_type, target)).collect::<Result<Vec<_>, _>>()?;
    if values.is_empty() {
        return Err("a record set without values cannot be written".to_owned());
    }
    if *record_type == RecordType::Cname && values.len() > 1 {
        return Err("a CNAME record has one target".to_owned());
    }
    values.sort();
    values.dedup();
    Ok(values)
}

fn rr(owner: &Name, code: u16, class: DNSClass, ttl: u32, data: Option<&Vec<u8>>) -> Rr {
    let code = Code::from(code);
    let mut rr = match data {
        Some(data) => {
            let data = RData::Unknown { code, rdata: NULL::with(data.clone()) };
            Rr::from_rdata(owner.clone(), ttl, data)
        }
        None => Rr::update0(owner.clone(), ttl, code),
    };
    rr.dns_class = class;
    rr
}

/// A name for messages.
pub(crate) fn name(bytes: &[u8]) -> Result<Name, ProtoError> {
    Ok(Name::read(&mut BinDecoder::new(bytes))?)
}

#[cfg(test)]
#[path = "update/tests.rs"]
mod tests;
