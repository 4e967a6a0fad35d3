//! What a zone holds, as it was transferred and as transfers of changes have kept it since.
//!
//! It makes an unchanged zone cost one small query, and a changed one no more than its changes. There may be hundreds of thousands of
//! record sets, so that each is one allocation: owner, type, TTL and data one after the other.

use crate::convert::{to_record, type_of};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use zonewright_planner::ZoneId;
use zonewright_provider_kit::Listing;

/// Record sets of a zone, of the types that are read.
#[derive(Debug, Default)]
pub(crate) struct Image {
    pub(crate) serial: u32,
    sets: BTreeSet<Set>,
}

/// A record as in a message, in the one form of names and data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rr {
    pub(crate) owner: Vec<u8>,
    pub(crate) code: u16,
    pub(crate) ttl: u32,
    pub(crate) data: Vec<u8>,
}

/// The changes from one serial to another: what goes and what comes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) removed: Vec<Rr>,
    pub(crate) added: Vec<Rr>,
}

impl Image {
    /// An empty zone.
    pub(crate) fn new(serial: u32) -> Self {
        Self { serial, sets: BTreeSet::new() }
    }

    /// Adds a record. Its TTL is that of the whole set: there is but one (RFC 2181 section 5.2).
    pub(crate) fn add(&mut self, rr: &Rr) {
        let key = key(rr);
        let mut set = self.sets.take(&key[..]).unwrap_or_else(|| Set::new(&key));
        set.add(rr.ttl, &rr.data);
        self.sets.insert(set);
    }

    /// Takes a record out; false where there is none.
    fn remove(&mut self, rr: &Rr) -> bool {
        let Some(set) = self.sets.take(&key(rr)[..]) else { return false };
        let Some(left) = set.without(&rr.data) else { return false };
        if left.data().next().is_some() {
            self.sets.insert(left);
        }
        true
    }

    /// Makes the changes; false where they do not fit what is here, which then is of no use any more.
    #[must_use]
    pub(crate) fn apply(&mut self, differences: &[Difference], serial: u32) -> bool {
        for Difference { removed, added } in differences {
            if !removed.iter().all(|rr| self.remove(rr)) {
                return false;
            }
            added.iter().for_each(|rr| self.add(rr));
        }
        self.serial = serial;
        true
    }

    /// Everything, for the planner.
    pub(crate) fn listing(&self, zone: &ZoneId) -> Listing {
        let mut listing = Listing { records: Vec::with_capacity(self.sets.len()), unreadable: Vec::new() };
        for set in &self.sets {
            let Some(record_type) = type_of(set.code()) else { continue };
            let data: Vec<&[u8]> = set.data().collect();
            match to_record(zone, set.owner(), record_type.clone(), set.ttl(), &data) {
                Ok(record) => listing.records.push(record),
                Err(error) => listing.unreadable.push(format!("{record_type}: {error}")),
            }
        }
        listing
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.sets.len()
    }
}

fn key(rr: &Rr) -> Vec<u8> {
    let mut key = Vec::with_capacity(rr.owner.len() + 2);
    key.extend_from_slice(&rr.owner);
    key.extend_from_slice(&rr.code.to_be_bytes());
    key
}

/// Owner, type, TTL, then each value with its length. Owner and type are what it is found by; an owner ends with the only empty label.
#[derive(Debug)]
struct Set(Box<[u8]>);

impl Set {
    fn new(key: &[u8]) -> Self {
        Self([key, &[0; 4]].concat().into())
    }

    fn key(&self) -> &[u8] {
        self.0.get(..self.key_length()).unwrap_or_default()
    }

    fn key_length(&self) -> usize {
        let mut at = 0;
        while let Some(&length) = self.0.get(at).filter(|length| **length > 0) {
            at += 1 + usize::from(length);
        }
        at + 3
    }

    fn owner(&self) -> &[u8] {
        let key = self.key();
        key.get(..key.len().saturating_sub(2)).unwrap_or_default()
    }

    fn code(&self) -> u16 {
        self.key().last_chunk().map_or(0, |code| u16::from_be_bytes(*code))
    }

    fn rest(&self) -> &[u8] {
        self.0.get(self.key_length()..).unwrap_or_default()
    }

    fn ttl(&self) -> u32 {
        self.rest().first_chunk().map_or(0, |ttl| u32::from_be_bytes(*ttl))
    }

    fn data(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.rest().get(4..).unwrap_or_default();
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_first_chunk()?;
            let (data, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            rest = tail;
            Some(data)
        })
    }

    fn with<'a>(&self, ttl: u32, data: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut bytes = [self.key(), &ttl.to_be_bytes()].concat();
        for data in data {
            // Data of a record is never longer (RFC 1035 section 3.2.1).
            bytes.extend_from_slice(&(data.len() as u16).to_be_bytes());
            bytes.extend_from_slice(data);
        }
        Self(bytes.into())
    }

    /// In order, so that what is listed does not depend on what came first.
    fn add(&mut self, ttl: u32, new: &[u8]) {
        let before = self.data().take_while(|data| *data < new);
        let after = self.data().skip_while(|data| *data <= new);
        *self = self.with(ttl, before.chain([new]).chain(after));
    }

    /// `None` where it is not there.
    fn without(&self, gone: &[u8]) -> Option<Self> {
        let is_there = self.data().any(|data| data == gone);
        is_there.then(|| self.with(self.ttl(), self.data().filter(|data| *data != gone)))
    }
}

impl Borrow<[u8]> for Set {
    fn borrow(&self) -> &[u8] {
        self.key()
    }
}

impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Set {}

impl PartialOrd for Set {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Set {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(other.key())
    }
}

/// Whether a serial is later than another (RFC 1982).
pub(crate) fn is_later(serial: u32, than: u32) -> bool {
    let ahead = serial.wrapping_sub(than);
    ahead != 0 && ahead < 1 << 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::parse_name;
    use rstest::rstest;

    fn rr(name: &str, ttl: u32, last: u8) -> Rr {
        Rr { owner: parse_name(name).unwrap(), code: 1, ttl, data: vec![192, 0, 2, last] }
    }

    fn lines(image: &Image) -> Vec<String> {
        let line = |record: zonewright_planner::Record| {
            let targets: Vec<String> = record.targets.iter().map(ToString::to_string).collect();
            format!("{} {} {}", record.name, record.ttl.seconds(), targets.join(","))
        };
        image.listing(&ZoneId::new("z")).records.into_iter().map(line).collect()
    }

    #[test]
    fn values_of_one_name_are_one_set() {
        let mut image = Image::default();
        for rr in [rr("b.org", 60, 1), rr("a.org", 60, 1), rr("b.org", 300, 2), rr("b.org", 300, 1)] {
            image.add(&rr);
        }
        assert_eq!(lines(&image), ["a.org 60 192.0.2.1", "b.org 300 192.0.2.1,192.0.2.2"]);
    }

    #[test]
    fn differences_are_applied_in_order() {
        let mut image = Image::default();
        image.add(&rr("a.org", 60, 1));
        let to_two = Difference { removed: vec![rr("a.org", 60, 1)], added: vec![rr("a.org", 60, 2)] };
        let to_three = Difference { removed: vec![rr("a.org", 60, 2)], added: vec![rr("b.org", 60, 3)] };
        assert!(image.apply(&[to_two, to_three], 7));
        assert_eq!((lines(&image), image.serial), (vec!["b.org 60 192.0.2.3".to_owned()], 7));
        let absent = Difference { removed: vec![rr("b.org", 60, 9)], added: Vec::new() };
        assert!(!image.apply(&[absent], 8));
    }

    #[test]
    fn names_that_are_none_are_told_and_left_out() {
        let mut image = Image::default();
        image.add(&rr("a\\032b.org", 60, 1));
        let listing = image.listing(&ZoneId::new("z"));
        assert_eq!((listing.records.len(), listing.unreadable.len()), (0, 1));
        assert!(listing.unreadable[0].contains("032b.org"), "{:?}", listing.unreadable);
    }

    #[rstest]
    #[case(2, 1, true)]
    #[case(1, 2, false)]
    #[case(1, 1, false)]
    #[case(0, u32::MAX, true)]
    #[case(u32::MAX, 0, false)]
    fn serials_go_round(#[case] serial: u32, #[case] than: u32, #[case] expected: bool) {
        assert_eq!(is_later(serial, than), expected);
    }
}
