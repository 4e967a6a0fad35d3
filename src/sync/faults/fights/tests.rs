use super::*;
use zonewright_planner::{Endpoint, Properties, Record, RecordType, UpdateReason, ZoneId};

const MINUTE: Duration = Duration::from_secs(60);

fn record(target: &str) -> Record {
    Record::from_text(ZoneId::new("z"), "a.example.org", RecordType::A, &[target]).unwrap()
}

fn update(from: &str, to: &str) -> Change {
    let new = Endpoint::new("a.example.org", RecordType::A, &[to], Properties::new()).unwrap();
    Change::update(record(from), new, vec![UpdateReason::Targets])
}

/// One of two daemons with the same owner id.
struct Instance {
    target: &'static str,
    fights: Fights,
    jitter: Jitter,
    writes: Vec<Duration>,
}

impl Instance {
    fn new(target: &'static str, seed: u64) -> Self {
        Self { target, fights: Fights::default(), jitter: Jitter::new(seed), writes: Vec::new() }
    }

    /// A cycle that lists, plans and writes.
    fn cycle(&mut self, stored: &mut String, start: Instant, now: Instant) {
        let site = Site::in_zone(ZoneId::new("z"), &update("192.0.2.9", "192.0.2.8"));
        if *stored == self.target {
            return self.fights.forget(&BTreeSet::new(), |_| true, now);
        }
        let change = update(stored, self.target);
        self.fights.planned(&site, &change, now, &mut self.jitter);
        self.fights.forget(&[&site].into(), |_| true, now);
        if self.fights.reason(&site, &change, now).is_none() {
            *stored = self.target.to_owned();
            self.fights.wrote(&site, &change, now);
            self.writes.push(now - start);
        }
    }
}

fn fight(cycles: u32) -> [Instance; 2] {
    let mut both = [Instance::new("192.0.2.1", 1), Instance::new("192.0.2.2", 2)];
    let (mut stored, start) = ("192.0.2.1".to_owned(), Instant::now());
    for minute in 0..cycles {
        for (n, instance) in both.iter_mut().enumerate() {
            instance.cycle(&mut stored, start, start + MINUTE * minute + MINUTE / 2 * n as u32);
        }
    }
    both
}

#[test]
fn two_with_one_owner_id_write_ever_more_rarely() {
    for minutes in [10u32, 60, 24 * 60, 7 * 24 * 60] {
        // Three writes, one for each doubling of the hold-off from two minutes on, and then one an hour.
        let doublings = (f64::from(minutes) / 2.0).log2().ceil();
        let allowed = 3.0 + doublings + f64::from(minutes) / 48.0;
        for instance in fight(minutes) {
            let writes = instance.writes.len();
            assert!(writes as f64 <= allowed, "{writes} writes in {minutes} minutes, {allowed} allowed");
            assert!(writes >= 3, "it gives in only for a while: {writes} writes in {minutes} minutes");
        }
    }
}

#[test]
fn a_day_of_fighting_is_a_few_dozen_writes() {
    let [one, other] = fight(24 * 60);
    assert!(one.writes.len() + other.writes.len() < 70, "{} {}", one.writes.len(), other.writes.len());
    // The one that holds off longer is the one that tells.
    assert!(one.fights.iter().count() + other.fights.iter().count() > 0);
}

#[test]
fn when_the_other_gives_in_it_is_forgotten() {
    let [mut one, _] = fight(120);
    let (mut stored, start) = ("192.0.2.2".to_owned(), Instant::now() + MINUTE * 200);
    for minute in 0..240 {
        one.cycle(&mut stored, start, start + MINUTE * minute);
    }
    assert_eq!(stored, "192.0.2.1", "within the longest hold-off");
    assert!(one.fights.is_empty());
}

#[test]
fn a_wish_that_changes_is_no_fight() {
    let (mut fights, mut jitter, start) = (Fights::default(), Jitter::new(1), Instant::now());
    let targets = ["192.0.2.1", "192.0.2.2"];
    for n in 0..50 {
        let (now, from, to) = (start + MINUTE * n, targets[n as usize % 2], targets[(n as usize + 1) % 2]);
        let change = update(from, to);
        let site = Site::in_zone(ZoneId::new("z"), &change);
        fights.planned(&site, &change, now, &mut jitter);
        assert_eq!(fights.reason(&site, &change, now), None);
        fights.wrote(&site, &change, now);
    }
    assert_eq!(fights.iter().count(), 0);
}

#[test]
fn somebody_who_changes_it_back_now_and_then_is_no_fight() {
    let (mut fights, mut jitter, start) = (Fights::default(), Jitter::new(1), Instant::now());
    let change = update("192.0.2.1", "192.0.2.2");
    let site = Site::in_zone(ZoneId::new("z"), &change);
    for n in 0..20 {
        let now = start + MINUTE * 30 * n;
        fights.planned(&site, &change, now, &mut jitter);
        fights.forget(&[&site].into(), |_| true, now);
        assert_eq!(fights.reason(&site, &change, now), None);
        fights.wrote(&site, &change, now);
    }
}
