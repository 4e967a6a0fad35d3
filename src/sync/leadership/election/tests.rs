use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SECOND: Duration = Duration::from_secs(1);
const TIMING: Timing = Timing {
    lease: Duration::from_secs(15),
    renew_deadline: Duration::from_secs(10),
    retry: Duration::from_secs(2),
};

fn wall(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn version(number: u64) -> Version {
    Version(number.to_string())
}

fn lease_of(holder: &str, renewed: i64) -> Lease {
    let duration = Some(TIMING.lease);
    Lease {
        holder: holder.into(),
        duration,
        acquired: Some(wall(0)),
        renewed: Some(wall(renewed)),
        transitions: 4,
    }
}

fn candidate() -> (Election, Instant) {
    (Election::new("me".into(), TIMING), Instant::now())
}

/// Reads a lease of somebody else, that nobody renews any more.
fn standby() -> (Election, Instant) {
    let (mut me, t0) = candidate();
    assert_eq!(me.read(t0, wall(0), Some((version(1), lease_of("other", 0)))), None);
    (me, t0)
}

fn leader() -> (Election, Instant) {
    let (mut me, t0) = candidate();
    let write = me.read(t0, wall(0), None).unwrap();
    me.written(t0, version(1), write.lease);
    (me, t0)
}

#[test]
fn where_there_is_no_lease_one_is_made() {
    let (mut me, t0) = candidate();
    assert_eq!(me.next(t0, wall(7)), Step::Read);
    let write = me.read(t0, wall(7), None).unwrap();
    assert_eq!(write.replaces, None);
    assert_eq!((write.lease.holder.as_str(), write.lease.transitions), ("me", 0));
    assert_eq!((write.lease.acquired, write.lease.renewed), (Some(wall(7)), Some(wall(7))));
    assert!(!me.leads(t0));
    me.written(t0, version(1), write.lease);
    assert!(me.leads(t0) && me.leads(t0 + SECOND * 9) && !me.leads(t0 + SECOND * 10));
}

#[test]
fn a_renewal_counts_from_its_beginning_and_keeps_what_the_lease_says() {
    let (mut me, t0) = leader();
    let Step::Write(write) = me.next(t0 + SECOND * 2, wall(2)) else { panic!("asks first") };
    assert_eq!(write.replaces, Some(version(1)));
    assert_eq!((write.lease.acquired, write.lease.renewed), (Some(wall(0)), Some(wall(2))));
    assert_eq!(write.lease.transitions, 0);
    // The answer comes five seconds later, which are lost.
    me.written(t0 + SECOND * 2, version(2), write.lease);
    assert_eq!(me.leads_until(), Some(t0 + SECOND * 12));
}

#[test]
fn a_lease_is_judged_by_when_it_was_seen_to_change_not_by_its_times() {
    let (mut me, t0) = candidate();
    // Renewed an hour ago, says its holder, whose clock is slow.
    let theirs = |renewed| Some((version(1), lease_of("other", renewed)));
    assert_eq!(me.read(t0, wall(3600), theirs(0)), None);
    assert_eq!(me.read(t0 + SECOND * 14, wall(3614), theirs(1)), None);
    assert_eq!(me.read(t0 + SECOND * 28, wall(3628), theirs(1)), None);
    let write = me.read(t0 + SECOND * 29, wall(3629), theirs(1)).unwrap();
    assert_eq!((write.replaces, write.lease.transitions), (Some(version(1)), 5));
    assert_eq!(write.lease.acquired, Some(wall(3629)));
}

#[test]
fn the_duration_in_the_lease_counts_and_ours_where_it_has_none() {
    for (duration, seconds) in [(Some(SECOND * 60), 60), (Some(SECOND), 1), (None, 15)] {
        let (mut me, t0) = candidate();
        let stored = || Some((version(1), Lease { duration, ..lease_of("other", 0) }));
        assert_eq!(me.read(t0, wall(0), stored()), None);
        assert_eq!(me.read(t0 + SECOND * seconds - Duration::from_millis(1), wall(0), stored()), None);
        assert!(me.read(t0 + SECOND * seconds, wall(0), stored()).is_some(), "{duration:?}");
    }
}

#[test]
fn a_change_of_the_object_that_is_none_of_the_lease_extends_nothing() {
    let (mut me, t0) = standby();
    assert_eq!(me.read(t0 + SECOND * 10, wall(0), Some((version(2), lease_of("other", 0)))), None);
    let write = me.read(t0 + SECOND * 15, wall(0), Some((version(3), lease_of("other", 0)))).unwrap();
    assert_eq!(write.replaces, Some(version(3)));
}

#[test]
fn a_released_lease_is_taken_at_once() {
    let (mut me, t0) = standby();
    let write = me.read(t0 + SECOND, wall(1), Some((version(2), lease_of("", 1)))).unwrap();
    assert_eq!((write.replaces, write.lease.transitions), (Some(version(2)), 5));
}

#[test]
fn after_a_failure_the_lease_is_read_before_it_is_written_and_the_fence_stays_where_it_was() {
    let (mut me, t0) = leader();
    me.failed();
    assert_eq!(me.next(t0 + SECOND * 2, wall(2)), Step::Read);
    assert!(me.leads(t0 + SECOND * 9) && !me.leads(t0 + SECOND * 10));
    // It had been carried out.
    let stored = Some((version(2), lease_of("me", 2)));
    let write = me.read(t0 + SECOND * 4, wall(4), stored).unwrap();
    assert_eq!((write.replaces, write.lease.transitions), (Some(version(2)), 4));
}

#[test]
fn whoever_finds_another_holder_stops_at_once() {
    let (mut me, t0) = leader();
    assert_eq!(me.read(t0 + SECOND, wall(1), Some((version(9), lease_of("other", 1)))), None);
    assert!(!me.leads(t0 + SECOND));
    assert_eq!(me.holder(), Some("other"));
}

#[test]
fn only_ones_own_lease_can_be_given_up_and_only_as_it_is_known() {
    let (mut me, t0) = leader();
    let write = me.release(wall(3)).unwrap();
    assert_eq!((write.replaces.clone(), write.lease.holder.as_str()), (Some(version(1)), ""));
    assert_eq!((write.lease.duration, write.lease.transitions), (Some(SECOND), 0));
    me.failed();
    assert_eq!(me.release(wall(3)), None);
    me.written(t0, version(2), write.lease);
    assert!(!me.leads(t0));
    assert_eq!(me.release(wall(3)), None);
    assert_eq!(standby().0.release(wall(3)), None);
}

#[test]
fn leaders_keep_the_beat_and_standbys_spread_but_are_there_when_the_lease_runs_out() {
    let (me, t0) = leader();
    assert_eq!(me.pause(t0, 1.0), SECOND * 2);
    let (me, t0) = standby();
    assert_eq!(me.pause(t0, 0.0), SECOND * 2);
    assert_eq!(me.pause(t0, 1.0), SECOND * 12 / 5);
    assert_eq!(me.pause(t0 + SECOND * 14, 1.0), SECOND);
    assert_eq!(me.pause(t0 + SECOND * 16, 0.0), SECOND * 2);
}

/// A lease in an API server, and candidates that come and go: calls take their time or fail with or without effect, processes
/// stop for a while wherever they are, some release, some are killed. One step of the world at a time, in order of time.
struct World {
    random: u64,
    t0: Instant,
    now: u64,
    stored: Option<(u64, Lease)>,
    writes: u64,
    candidates: Vec<Candidate>,
    events: BTreeMap<(u64, u64), Event>,
    reigns: BTreeMap<usize, u64>,
}

struct Candidate {
    election: Election,
    began: u64,
    generation: u64,
}

enum Call {
    Read,
    Write(Write),
}

enum Answer {
    Stored(Option<(Version, Lease)>),
    Written(Version, Lease),
    Trouble,
}

enum Event {
    Wake(usize, u64),
    Arrives(usize, u64, Call),
    Answered(usize, u64, Answer),
}

impl World {
    fn new(seed: u64, candidates: usize) -> Self {
        let mut world = Self {
            random: seed | 1,
            t0: Instant::now(),
            now: 0,
            stored: None,
            writes: 0,
            candidates: Vec::new(),
            events: BTreeMap::new(),
            reigns: BTreeMap::new(),
        };
        for index in 0..candidates {
            world.candidates.push(Candidate::new(index, 0));
            let delay = world.below(3000);
            world.after(delay, Event::Wake(index, 0));
        }
        world
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % limit
    }

    /// Mostly quick, sometimes slow, now and then so slow that every deadline has passed.
    fn delay(&mut self) -> u64 {
        match self.below(20) {
            0 => self.below(40_000),
            1..4 => self.below(6_000),
            _ => self.below(50),
        }
    }

    fn after(&mut self, delay: u64, event: Event) {
        self.writes += 1;
        self.events.insert((self.now + delay, self.writes), event);
    }

    fn instant(&self, millisecond: u64) -> Instant {
        self.t0 + Duration::from_millis(millisecond)
    }

    fn clocks(&self) -> (Instant, Timestamp) {
        (self.instant(self.now), Timestamp::from_millisecond(self.now as i64).unwrap())
    }

    fn run(&mut self, until: u64) {
        while let Some(((at, _), event)) = self.events.pop_first().filter(|((at, _), _)| *at < until) {
            self.now = at;
            match event {
                Event::Wake(index, generation) if self.lives(index, generation) => self.wake(index),
                Event::Arrives(index, generation, call) => self.arrive(index, generation, call),
                Event::Answered(index, generation, answer) if self.lives(index, generation) => {
                    self.answered(index, answer);
                }
                Event::Wake(..) | Event::Answered(..) => {}
            }
            self.check();
        }
    }

    fn lives(&self, index: usize, generation: u64) -> bool {
        self.candidates[index].generation == generation
    }

    fn send(&mut self, index: usize, call: Call) {
        let (generation, delay) = (self.candidates[index].generation, self.delay());
        if self.below(15) == 0 {
            // The caller's patience ends while the call is still on its way.
            self.after(delay / 2, Event::Answered(index, generation, Answer::Trouble));
            return self.after(delay, Event::Arrives(index, u64::MAX, call));
        }
        self.after(delay, Event::Arrives(index, generation, call));
    }

    fn wake(&mut self, index: usize) {
        let (now, wall) = self.clocks();
        match self.below(200) {
            0 => {
                let generation = self.candidates[index].generation + 1;
                self.candidates[index] = Candidate::new(index, generation);
                let delay = self.below(5000);
                return self.after(delay, Event::Wake(index, generation));
            }
            1..4 => {
                if let Some(write) = self.candidates[index].election.release(wall) {
                    return self.send(index, Call::Write(write));
                }
            }
            _ => {}
        }
        let candidate = &mut self.candidates[index];
        candidate.began = (now - self.t0).as_millis() as u64;
        match candidate.election.next(now, wall) {
            Step::Read => self.send(index, Call::Read),
            Step::Write(write) => self.send(index, Call::Write(write)),
        }
    }

    /// The call arrives at the API server, also that of a candidate which was killed meanwhile.
    fn arrive(&mut self, index: usize, generation: u64, call: Call) {
        // `generation`: who waits for the answer, if anybody does.
        let (is_lost, is_forgotten) = (self.below(15) == 0, self.below(15) == 0);
        let current = self.stored.as_ref().map(|(number, lease)| (version(*number), lease.clone()));
        let answer = match call {
            _ if is_lost => Answer::Trouble,
            Call::Read => Answer::Stored(current),
            Call::Write(write) if write.replaces == current.map(|(version, _)| version) => {
                self.writes += 1;
                self.stored = Some((self.writes, write.lease.clone()));
                Answer::Written(version(self.writes), write.lease)
            }
            Call::Write(_) => Answer::Trouble,
        };
        let delay = self.delay();
        let answer = if is_forgotten { Answer::Trouble } else { answer };
        self.after(delay, Event::Answered(index, generation, answer));
    }

    fn answered(&mut self, index: usize, answer: Answer) {
        let (now, wall) = self.clocks();
        let candidate = &mut self.candidates[index];
        match answer {
            Answer::Stored(stored) => {
                if let Some(write) = candidate.election.read(now, wall, stored) {
                    candidate.began = self.now;
                    return self.send(index, Call::Write(write));
                }
            }
            Answer::Written(version, lease) => {
                let began = self.t0 + Duration::from_millis(candidate.began);
                candidate.election.written(began, version, lease);
                *self.reigns.entry(index).or_default() += 1;
            }
            Answer::Trouble => candidate.election.failed(),
        }
        let (pause, generation) =
            (candidate.election.pause(now, 0.5).as_millis() as u64, candidate.generation);
        let stopped = if self.below(30) == 0 { self.below(40_000) } else { 0 };
        self.after(pause + stopped, Event::Wake(index, generation));
    }

    fn check(&self) {
        let now = self.instant(self.now);
        let leaders = self.candidates.iter().filter(|candidate| candidate.election.leads(now));
        let leaders: Vec<_> = leaders.map(|candidate| &candidate.election.identity).collect();
        assert!(leaders.len() < 2, "at {} ms {leaders:?} lead", self.now);
    }
}

impl Candidate {
    fn new(index: usize, generation: u64) -> Self {
        let election = Election::new(format!("{index}_{generation}"), TIMING);
        Self { election, began: 0, generation }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn never_do_two_lead_at_once(seed in any::<u64>(), candidates in 2..5usize) {
        let mut world = World::new(seed, candidates);
        world.run(600_000);
        // Ten minutes of all that are no time without a leader either.
        prop_assert!(world.reigns.values().sum::<u64>() > 10, "{:?}", world.reigns);
    }
}
