//! Writing to a zone that refuses some of what it is sent, with the writes counted.

use super::{Applied, Books, Delivery, Manner};
use async_trait::async_trait;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use zonewright_planner::{
    Change, CreateReason, DeleteReason, DnsName, Endpoint, Properties, Record, RecordType, ZoneId,
};
use zonewright_provider_kit::{ErrorClass, ProviderError, WriteZone, Zone, ZoneChange};

/// Refuses a write for the sake of one bad name in it, or answers name by name.
struct Fussy {
    bad: BTreeSet<DnsName>,
    error: ProviderError,
    precise: bool,
    writes: Mutex<Vec<Vec<DnsName>>>,
}

impl Fussy {
    fn new(bad: &[usize], class: ErrorClass) -> Self {
        let error = ProviderError::new(class, "no");
        let bad = bad.iter().map(|&n| name(n)).collect();
        Self { bad, error, precise: false, writes: Mutex::default() }
    }

    fn writes(&self) -> usize {
        self.writes.lock().unwrap().len()
    }

    fn run(&self, changes: Vec<Change>, limit: usize, manner: &Manner) -> Told {
        let zone = Zone { id: ZoneId::new("z"), name: None };
        let stop = CancellationToken::new();
        let mut settled = Vec::new();
        let mut tell = |applied: Vec<Applied>| settled.extend(applied);
        let limit = NonZeroUsize::new(limit);
        let delivery = Delivery { writer: self, zone: &zone, limit, manner, books: &NoRows, stop: &stop };
        futures::executor::block_on(delivery.write(changes, &mut tell));
        let mut told = Told::default();
        for done in settled {
            let name = done.change.change.name().clone();
            match (done.outcome, done.own_fault) {
                (Ok(()), _) => told.done.push(name),
                (Err(_), true) => told.to_blame.push(name),
                (Err(_), false) => told.failed.push(name),
            }
        }
        told
    }
}

struct NoRows;

impl Books for NoRows {
    fn decorate(&self, changes: Vec<Change>) -> Vec<ZoneChange> {
        changes.into_iter().map(|change| ZoneChange { change, rows: Vec::new() }).collect()
    }

    fn absorb(&self, _: &[Applied]) {}
}

#[derive(Default)]
struct Told {
    done: Vec<DnsName>,
    to_blame: Vec<DnsName>,
    failed: Vec<DnsName>,
}

impl Told {
    fn counts(&self) -> (usize, usize, usize) {
        (self.done.len(), self.to_blame.len(), self.failed.len())
    }
}

#[async_trait]
impl WriteZone for Fussy {
    async fn apply(&self, _: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        let names: Vec<DnsName> = changes.iter().map(|change| change.change.name().clone()).collect();
        let outcome = |bad| if bad { Err(self.error.clone()) } else { Ok(()) };
        let outcomes = match self.precise {
            true => names.iter().map(|name| outcome(self.bad.contains(name))).collect(),
            false => vec![outcome(names.iter().any(|name| self.bad.contains(name))); names.len()],
        };
        self.writes.lock().unwrap().push(names);
        outcomes
    }
}

fn name(n: usize) -> DnsName {
    DnsName::parse(&format!("n{n:05}.example.org")).unwrap()
}

fn create(n: usize) -> Change {
    let new = Endpoint::new(name(n).as_str(), RecordType::A, &["192.0.2.1"], Properties::new()).unwrap();
    Change::create(new, CreateReason::New)
}

/// A change of type: a delete and a create of one name.
fn pair(n: usize) -> [Change; 2] {
    let old = Record::from_text(ZoneId::new("z"), name(n).as_str(), RecordType::Cname, &["b.org"]).unwrap();
    let delete = Change::delete(old, DeleteReason::TypeChanged { to: RecordType::A });
    [delete, create(n)]
}

fn creates(n: usize) -> Vec<Change> {
    (0..n).map(create).collect()
}

fn log2_rounded_up(n: usize) -> usize {
    n.next_power_of_two().ilog2() as usize
}

/// `n` and some of the numbers below it.
fn some_bad() -> impl Strategy<Value = (usize, Vec<usize>)> {
    (1usize..120)
        .prop_flat_map(|n| (Just(n), proptest::sample::subsequence((0..n).collect::<Vec<_>>(), 0..=n)))
}

proptest! {
    #[test]
    fn bad_ones_are_found_in_few_writes_and_the_others_applied((n, bad) in some_bad()) {
        for class in [ErrorClass::InvalidRecord, ErrorClass::Conflict] {
            let fussy = Fussy::new(&bad, class);
            let told = fussy.run(creates(n), 0, &Manner::default());
            let k = bad.len();
            prop_assert_eq!(told.counts(), (n - k, k, 0));
            let allowed = 1 + 2 * k * log2_rounded_up(n);
            prop_assert!(fussy.writes() <= allowed, "{} writes, {allowed} allowed", fussy.writes());
        }
    }

    #[test]
    fn changes_of_one_name_are_never_parted((n, bad) in some_bad(), limit in 2usize..20) {
        let changes: Vec<Change> = (0..n).flat_map(pair).collect();
        let fussy = Fussy::new(&bad, ErrorClass::InvalidRecord);
        let told = fussy.run(changes, limit, &Manner::default());
        prop_assert_eq!(told.counts(), (2 * (n - bad.len()), 2 * bad.len(), 0));
        for names in fussy.writes.lock().unwrap().iter() {
            let all: BTreeSet<&DnsName> = names.iter().collect();
            prop_assert_eq!(names.len(), 2 * all.len());
        }
    }
}

#[test]
fn of_a_thousand_five_are_found() {
    let fussy = Fussy::new(&[0, 17, 500, 501, 999], ErrorClass::InvalidRecord);
    assert_eq!(fussy.run(creates(1000), 0, &Manner::default()).counts(), (995, 5, 0));
    assert!(fussy.writes() <= 1 + 2 * 5 * 10, "{}", fussy.writes());
}

#[test]
fn who_answers_change_by_change_is_believed() {
    let mut fussy = Fussy::new(&[3], ErrorClass::InvalidRecord);
    fussy.precise = true;
    assert_eq!(fussy.run(creates(10), 0, &Manner::default()).counts(), (9, 1, 0));
    assert_eq!(fussy.writes(), 1);
}

#[test]
fn what_is_about_the_zone_is_not_searched() {
    let lost = ProviderError::new(ErrorClass::InvalidRecord, "no").with_unknown_outcome();
    let throttled = ErrorClass::Throttled { retry_after: None };
    let classes = [ErrorClass::Auth, throttled, ErrorClass::Unavailable];
    let errors = classes.map(|class| ProviderError::new(class, "no")).into_iter().chain([lost]);
    for error in errors {
        let mut fussy = Fussy::new(&[3], ErrorClass::Auth);
        fussy.error = error;
        assert_eq!(fussy.run(creates(10), 5, &Manner::default()).counts(), (0, 0, 5), "{:?}", fussy.error);
        assert_eq!(fussy.writes(), 1, "the second batch waits, too");
    }
}

#[test]
fn a_hunt_finds_who_makes_the_service_stumble() {
    let fussy = Fussy::new(&[3], ErrorClass::Unavailable);
    let manner = Manner { hunt: true, ..Manner::default() };
    assert_eq!(fussy.run(creates(10), 0, &manner).counts(), (9, 1, 0));
}

#[test]
fn a_hunt_in_a_service_that_is_down_is_short_and_blames_nobody() {
    let all: Vec<usize> = (0..5000).collect();
    let fussy = Fussy::new(&all, ErrorClass::Unavailable);
    let manner = Manner { hunt: true, ..Manner::default() };
    assert_eq!(fussy.run(creates(5000), 0, &manner).counts(), (0, 0, 5000));
    assert_eq!(fussy.writes(), 1 + 2 * 13);
}

#[test]
fn a_write_whose_outcome_is_unknown_is_not_repeated() {
    let mut fussy = Fussy::new(&[3], ErrorClass::Unavailable);
    fussy.error = fussy.error.with_unknown_outcome();
    let suspects = [name(3)].into();
    assert_eq!(fussy.run(creates(10), 0, &Manner { hunt: true, suspects }).counts(), (9, 0, 1));
    let names = fussy.writes.lock().unwrap().concat();
    assert_eq!(names.len(), 10, "everything was sent once");
}

#[test]
fn suspects_go_apart_and_harm_nobody() {
    let fussy = Fussy::new(&[3], ErrorClass::Unavailable);
    let manner = Manner { hunt: false, suspects: [name(3)].into() };
    assert_eq!(fussy.run(creates(10), 0, &manner).counts(), (9, 1, 0));
    assert_eq!(*fussy.writes.lock().unwrap().last().unwrap(), [name(3)]);
    assert_eq!(fussy.writes(), 2);
}

#[test]
fn a_zone_that_refuses_everything_is_not_flooded() {
    let all: Vec<usize> = (0..5000).collect();
    for class in [ErrorClass::InvalidRecord, ErrorClass::Permanent] {
        let fussy = Fussy::new(&all, class);
        let (done, to_blame, failed) = fussy.run(creates(5000), 0, &Manner::default()).counts();
        assert_eq!((done, to_blame + failed, fussy.writes()), (0, 5000, 256));
        assert!(to_blame > 100, "those found must not keep the rest from being tried next time");
    }
}

#[test]
fn a_lone_change_is_blamed_only_if_the_class_says_so() {
    for (class, blamed) in [(ErrorClass::InvalidRecord, 1), (ErrorClass::Permanent, 0)] {
        let fussy = Fussy::new(&[0], class);
        assert_eq!(fussy.run(creates(1), 0, &Manner::default()).counts(), (0, blamed, 1 - blamed));
    }
}

/// Takes so many names at once, with a pause in between.
struct Narrow {
    most: usize,
    fussy: Fussy,
}

#[async_trait]
impl WriteZone for Narrow {
    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        self.fussy.apply(zone, changes).await
    }

    fn fitting(&self, _: &Zone, changes: &[ZoneChange]) -> usize {
        changes.len().min(self.most)
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// What became of seven creates, change by change.
async fn seven(writer: &Narrow, stop: &CancellationToken) -> Vec<Result<(), ProviderError>> {
    let zone = Zone { id: ZoneId::new("z"), name: None };
    let mut told = Vec::new();
    let mut tell = |done: Vec<Applied>| told.extend(done.into_iter().map(|done| done.outcome));
    let changes = (0..7).map(create).collect();
    let manner = Manner::default();
    let delivery = Delivery { writer, zone: &zone, limit: None, manner: &manner, books: &NoRows, stop };
    delivery.write(changes, &mut tell).await;
    told
}

/// The pause is between writes that follow each other, not within the search for a bad change.
#[tokio::test(start_paused = true)]
async fn a_writer_says_how_much_it_takes_and_how_often() {
    for (bad, writes, pauses) in [(&[][..], vec![3, 3, 1], 2), (&[1], vec![3, 2, 1, 1, 1, 3, 1], 2)] {
        let writer = Narrow { most: 3, fussy: Fussy::new(bad, ErrorClass::InvalidRecord) };
        let begun = tokio::time::Instant::now();
        let outcomes = seven(&writer, &CancellationToken::new()).await;
        assert_eq!(outcomes.len(), 7);
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), bad.len());
        let sizes: Vec<usize> = writer.fussy.writes.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(sizes, writes);
        assert_eq!(begun.elapsed(), Duration::from_secs(10) * pauses);
    }
}

/// While it pauses it can be stopped; what was not sent is not told of.
#[tokio::test(start_paused = true)]
async fn a_pause_ends_with_the_program() {
    let writer = Narrow { most: 3, fussy: Fussy::new(&[], ErrorClass::InvalidRecord) };
    let stop = CancellationToken::new();
    let (outcomes, ()) = tokio::join!(seven(&writer, &stop), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        stop.cancel();
    });
    assert_eq!(outcomes.len(), 3);
}
