//! How much goes into one request.

use crate::changes::to_wire;
use aws_sdk_route53::types::{Change as WireChange, ChangeAction};
use zonewright_provider_kit::{Zone, ZoneChange};

/// What the service takes at most (`ChangeResourceRecordSets`): 1000 values and 32,000 characters of them.
/// <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests-changeresourcerecordsets>
pub(crate) const OF_SERVICE: Limits = Limits { changes: 1000, bytes: 32_000, values: 1000 };

/// What one request may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) changes: usize,
    pub(crate) bytes: usize,
    pub(crate) values: usize,
}

/// What some changes take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Size {
    changes: usize,
    bytes: usize,
    values: usize,
}

impl Limits {
    /// As the flags say, but never more than the service takes.
    pub(crate) fn new(changes: u32, bytes: u32, values: u32) -> Self {
        let within = |flag: u32, most: usize| usize::try_from(flag).unwrap_or(most).clamp(1, most);
        Self {
            changes: within(changes, OF_SERVICE.changes),
            bytes: within(bytes, OF_SERVICE.bytes),
            values: within(values, OF_SERVICE.values),
        }
    }

    /// How many of these changes, from the first on, go into one request. Changes of one name are not parted where they fit, and one
    /// name that is too much by itself goes alone: the service has the last word on it.
    pub(crate) fn fitting(&self, zone: &Zone, changes: &[ZoneChange]) -> usize {
        let mut total = Size::default();
        let name = |i: usize| changes.get(i).map(|change| change.change.name());
        let mut border = 0;
        for (i, change) in changes.iter().enumerate() {
            if i > 0 && name(i) != name(i - 1) {
                border = i;
            }
            // What cannot be expressed takes no room, and is refused when it is sent.
            total = to_wire(zone, change).unwrap_or_default().iter().fold(total, Size::with);
            if !self.admit(total) && border > 0 {
                return border;
            }
        }
        changes.len()
    }

    fn admit(&self, size: Size) -> bool {
        size.changes <= self.changes && size.bytes <= self.bytes && size.values <= self.values
    }
}

impl Size {
    fn with(self, change: &WireChange) -> Self {
        // "If the value of the Action element is UPSERT, each ResourceRecord element and each character is counted twice."
        let times = if *change.action() == ChangeAction::Upsert { 2 } else { 1 };
        let (bytes, values) = change.resource_record_set().map_or((0, 0), |set| match set.alias_target() {
            Some(alias) => (alias.dns_name().len(), 1),
            None => {
                let records = set.resource_records();
                (records.iter().map(|record| record.value().len()).sum(), records.len())
            }
        });
        Self {
            changes: self.changes + 1,
            bytes: self.bytes + times * bytes,
            values: self.values + times * values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use zonewright_planner::{
        Change, CreateReason, Endpoint, Properties, Record, RecordType, UpdateReason, ZoneId,
    };

    fn zone() -> Zone {
        Zone { id: ZoneId::new("Z1"), name: None }
    }

    fn wish(name: &str, targets: usize) -> Endpoint {
        let targets: Vec<String> = (0..targets).map(|i| format!("192.0.2.{i}")).collect();
        Endpoint::new(name, RecordType::A, &targets, Properties::new()).unwrap()
    }

    fn create(name: &str, targets: usize) -> ZoneChange {
        let change = Change::create(wish(name, targets), CreateReason::New);
        ZoneChange { change, rows: Vec::new() }
    }

    fn update(name: &str, targets: usize) -> ZoneChange {
        let new = wish(name, targets);
        let old = Record::from_endpoint(ZoneId::new("Z1"), &new);
        let change = Change::update(old, new, vec![UpdateReason::Targets]);
        ZoneChange { change, rows: Vec::new() }
    }

    fn many(make: fn(&str, usize) -> ZoneChange, count: usize, targets: usize) -> Vec<ZoneChange> {
        (0..count).map(|i| make(&format!("n{i:05}.example.org"), targets)).collect()
    }

    #[rstest]
    #[case::changes(many(create, 2000, 1), OF_SERVICE, 1000)]
    #[case::upserts_count_twice(many(update, 2000, 1), OF_SERVICE, 500)]
    #[case::values(many(create, 2000, 10), OF_SERVICE, 100)]
    #[case::bytes(many(create, 2000, 1), Limits { bytes: 95, ..OF_SERVICE }, 10)]
    #[case::all_of_them(many(create, 10, 1), OF_SERVICE, 10)]
    #[case::too_much_alone(many(create, 10, 5), Limits { values: 2, ..OF_SERVICE }, 1)]
    fn requests_are_filled_to_the_first_limit(
        #[case] changes: Vec<ZoneChange>,
        #[case] limits: Limits,
        #[case] fitting: usize,
    ) {
        assert_eq!(limits.fitting(&zone(), &changes), fitting);
    }

    #[test]
    fn changes_of_one_name_stay_together() {
        let changes = [create("a.org", 1), create("b.org", 1), create("b.org", 1), create("c.org", 1)];
        let limits = |changes| Limits { changes, ..OF_SERVICE };
        assert_eq!(limits(2).fitting(&zone(), &changes), 1);
        assert_eq!(limits(3).fitting(&zone(), &changes), 3);
        assert_eq!(limits(1).fitting(&zone(), &changes[1..]), 2, "a name that does not fit goes alone");
    }

    #[test]
    fn flags_cannot_exceed_the_service() {
        assert_eq!(Limits::new(5000, 1_000_000, 0), Limits { changes: 1000, bytes: 32_000, values: 1 });
    }
}
