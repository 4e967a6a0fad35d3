//! Several daemons with owner ids of their own at one zone, with names that they share: whatever they wish, however their calls
//! interleave and wherever they are killed, they come to the union, and each takes only its own along.

use super::{Says, zone};
use crate::sources::Source;
use crate::sources::pipeline::PipelineSettings;
use crate::sync::daemon::Daemon;
use crate::sync::guard::{Guard, GuardSettings};
use crate::sync::{ListingCache, Pipeline, PlanSettings};
use Act::{Die, Rest, Run, Twice, Wish, WishAndDie};
use async_trait::async_trait;
use proptest::prelude::*;
use rstest::rstest;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use zonewright_planner::{
    DnsName, DomainFilter, Endpoint, ManagedTypes, Policy, Record, RecordKey, RecordType,
};
use zonewright_provider_kit::{
    Capabilities, ErrorClass, Listing, Operation, ProviderError, ReadZones, WriteZone, Zone, ZoneChange,
};
use zonewright_registry::{NonceSource, Registry, TxtRegistry, TxtSettings};

const NAME: &str = "www.example.org";
const OWNERS: [&str; 3] = ["blue", "green", "red"];
/// What an owner may wish for. The first three are of one address each, so that owners often wish for the same.
const WISHES: [&[&str]; 7] = [
    &[],
    &["192.0.2.1"],
    &["192.0.2.2"],
    &["192.0.2.1", "192.0.2.3"],
    &["192.0.2.4"],
    &["192.0.2.2", "2001:db8::2"],
    &["192.0.2.5", "192.0.2.6", "192.0.2.7"],
];

/// One zone that everybody writes, an operation at a time. Before each it may let others go first, and there are no transactions: who
/// is killed in the middle of a write leaves half of it.
struct Shaky {
    capabilities: Capabilities,
    records: Mutex<BTreeMap<RecordKey, Record>>,
    random: Mutex<u64>,
    /// Changes and deletes only what is as it was read, as Route 53 does. Otherwise the last writer wins, as with most.
    is_strict: bool,
    writes: AtomicUsize,
    /// What was done, in order.
    journal: Mutex<Vec<String>>,
}

impl Shaky {
    fn new(seed: u64, is_strict: bool) -> Arc<Self> {
        Arc::new(Self {
            capabilities: Capabilities::everything(),
            records: Mutex::default(),
            random: Mutex::new(seed | 1),
            is_strict,
            writes: AtomicUsize::new(0),
            journal: Mutex::default(),
        })
    }

    /// xorshift64.
    fn draw(&self, below: u64) -> u64 {
        let mut random = self.random.lock().unwrap();
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        *random % below
    }

    async fn let_others_go_first(&self) {
        for _ in 0..self.draw(5) {
            tokio::task::yield_now().await;
        }
    }

    fn store(&self, operation: Operation<'_>) -> Result<(), ProviderError> {
        let join =
            |new: &Endpoint| new.targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        self.journal.lock().unwrap().push(match operation {
            Operation::Create(new) => format!("+ {} {} {}", new.name, new.record_type, join(new)),
            Operation::Update(_, new) => format!("~ {} {} {}", new.name, new.record_type, join(new)),
            Operation::Delete(old) => format!("- {} {}", old.name, old.record_type),
        });
        let mut records = self.records.lock().unwrap();
        let conflict = || Err(ProviderError::new(ErrorClass::Conflict, "it is not what it was"));
        if let Operation::Update(old, _) | Operation::Delete(old) = operation {
            let is_as_read = records.get(&old.key()).is_some_and(|there| there.has_targets(&old.targets));
            if self.is_strict && !is_as_read {
                return conflict();
            }
            records.remove(&old.key());
        }
        if let Operation::Create(new) | Operation::Update(_, new) = operation {
            let record = super::stored(&zone("example.org"), new);
            let record = Record { ttl: new.ttl, ..record };
            if self.is_strict && records.contains_key(&record.key()) {
                return conflict();
            }
            records.insert(record.key(), record);
        }
        Ok(())
    }

    fn targets(&self, record_type: &RecordType) -> BTreeSet<String> {
        let records = self.records.lock().unwrap();
        let named = records.values().filter(|r| r.name.as_str() == NAME && r.record_type == *record_type);
        named.flat_map(|record| record.targets.iter().map(ToString::to_string)).collect()
    }

    fn all(&self) -> BTreeMap<RecordKey, Record> {
        self.records.lock().unwrap().clone()
    }

    fn rows(&self) -> Vec<String> {
        let records = self.records.lock().unwrap();
        let rows = records.values().filter(|record| record.record_type == RecordType::Txt);
        rows.map(|row| row.targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect()
    }

    /// Somebody else's hand.
    fn put(&self, name: &str, record_type: RecordType, targets: &[&str]) {
        let record = Record::from_text(zone("example.org").id, name, record_type, targets).unwrap();
        self.records.lock().unwrap().insert(record.key(), record);
    }
}

struct Access(Arc<Shaky>);

#[async_trait]
impl ReadZones for Access {
    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        self.0.let_others_go_first().await;
        Ok(vec![zone("example.org")])
    }

    async fn records(&self, _: &Zone) -> Result<Listing, ProviderError> {
        self.0.let_others_go_first().await;
        self.0.journal.lock().unwrap().push("list".to_owned());
        let records = self.0.records.lock().unwrap().values().cloned().collect();
        Ok(Listing { records, unreadable: Vec::new() })
    }
}

#[async_trait]
impl WriteZone for Access {
    async fn apply(&self, _: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        let mut outcomes = Vec::new();
        for change in changes {
            let mut outcome = Ok(());
            for operation in change.operations() {
                self.0.let_others_go_first().await;
                self.0.writes.fetch_add(1, Ordering::Relaxed);
                outcome = outcome.and_then(|()| self.0.store(operation));
            }
            outcomes.push(outcome);
        }
        outcomes
    }
}

/// One cluster's daemon, which may be killed and started again.
struct Instance {
    owner: &'static str,
    shaky: Arc<Shaky>,
    source: Arc<Says>,
    shared: bool,
    daemon: Daemon,
    stop: CancellationToken,
}

impl Instance {
    fn new(owner: &'static str, shaky: &Arc<Shaky>) -> Self {
        Self::sharing(owner, shaky, true)
    }

    fn sharing(owner: &'static str, shaky: &Arc<Shaky>, shared: bool) -> Self {
        let source = Arc::<Says>::default();
        let daemon = start(owner, shaky, &source, shared);
        Self { owner, shaky: shaky.clone(), source, shared, daemon, stop: CancellationToken::new() }
    }

    fn wish(&self, targets: &'static [&'static str]) {
        *self.source.0.lock().unwrap() = if targets.is_empty() { vec![] } else { vec![(NAME, targets)] };
    }

    fn lose_targets(&self) {
        *self.source.0.lock().unwrap() = vec![(NAME, &[])];
    }

    async fn cycle(&mut self) -> Vec<&'static str> {
        let report = self.daemon.cycle(&self.stop).await;
        report.plan.skips.iter().map(|skip| skip.reason.code()).collect()
    }

    /// A run that ends with the process after so many turns of the others, wherever it is by then.
    async fn killed_after(&mut self, turns: u32) {
        let killer = async {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            _ = self.daemon.cycle(&self.stop) => {}
            () = killer => {}
        }
        self.restart();
    }

    fn restart(&mut self) {
        self.daemon = start(self.owner, &self.shaky, &self.source, self.shared);
    }

    fn restart_with_guard(&mut self) {
        let guard = std::mem::take(&mut self.daemon.guard);
        self.restart();
        self.daemon.guard = guard;
    }
}

fn start(owner: &str, shaky: &Arc<Shaky>, source: &Arc<Says>, shared: bool) -> Daemon {
    let mut txt = TxtSettings::new(owner, NonceSource::from_seed([0; 32]));
    if shared {
        txt.shared_names = vec![DnsName::parse("example.org").unwrap()];
    }
    let pipeline = Pipeline {
        reader: Arc::new(Access(shaky.clone())),
        writer: Some(Arc::new(Access(shaky.clone()))),
        registry: Arc::new(Registry::Txt(Box::new(TxtRegistry::new(txt).unwrap()))),
        settings: PlanSettings {
            policy: Policy::Sync,
            managed: ManagedTypes::default(),
            filter: DomainFilter::All,
            hold_missing_targets: true,
        },
    };
    let mut daemon =
        Daemon::new(vec![source.clone() as Arc<dyn Source>], PipelineSettings::default(), pipeline);
    // Listings are used for long, as they are by default.
    daemon.listing = ListingCache { across_writes: Duration::from_secs(3600), ..ListingCache::default() };
    daemon
}

/// Runs of all, again and again, until two rounds in a row wrote nothing and nobody wants to look again. Says whether that happened.
async fn settle(instances: &mut [Instance], shaky: &Shaky) -> bool {
    let mut quiet = 0;
    for _ in 0..40 {
        let before = shaky.writes.load(Ordering::Relaxed);
        futures::future::join_all(instances.iter_mut().map(Instance::cycle)).await;
        tokio::time::advance(Duration::from_secs(5)).await;
        let is_quiet = shaky.writes.load(Ordering::Relaxed) == before
            && instances.iter().all(|instance| instance.daemon.settling.next_due().is_none());
        quiet = if is_quiet { quiet + 1 } else { 0 };
        if quiet == 2 {
            return true;
        }
    }
    false
}

/// What an owner does while the others do something, too.
#[derive(Debug, Clone)]
enum Act {
    Rest,
    Run,
    Wish(usize),
    /// Two runs after each other, as quick ones are while somebody else is at one.
    Twice(usize),
    Die(u32),
    WishAndDie(usize, u32),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => Just(Act::Rest),
        3 => Just(Act::Run),
        3 => (0..WISHES.len()).prop_map(Act::Wish),
        2 => (0..WISHES.len()).prop_map(Act::Twice),
        2 => (0..30u32).prop_map(Act::Die),
        2 => (0..WISHES.len(), 0..30u32).prop_map(|(wish, turns)| Act::WishAndDie(wish, turns)),
    ]
}

async fn perform(instance: &mut Instance, act: Act, wish: &mut usize) {
    if let Act::Wish(new) | Act::Twice(new) | Act::WishAndDie(new, _) = act {
        *wish = new;
        instance.wish(WISHES[new]);
    }
    match act {
        Act::Rest => {}
        Act::Run | Act::Wish(_) => drop(instance.cycle().await),
        Act::Twice(_) => {
            instance.cycle().await;
            instance.cycle().await;
        }
        Act::Die(turns) | Act::WishAndDie(_, turns) => instance.killed_after(turns).await,
    }
}

fn union(wishes: &[usize], record_type: &RecordType) -> BTreeSet<String> {
    let all = wishes.iter().flat_map(|wish| WISHES[*wish]);
    let of_type = all.filter(|target| zonewright_planner::suitable_type(target) == *record_type);
    of_type.map(|target| (*target).to_owned()).collect()
}

async fn whatever_happens(
    seed: u64,
    is_strict: bool,
    steps: Vec<[Act; 3]>,
    pauses: Vec<u64>,
) -> Result<(), TestCaseError> {
    let shaky = Shaky::new(seed, is_strict);
    let mut instances = OWNERS.map(|owner| Instance::new(owner, &shaky));
    let mut wishes = [0; 3];
    for (acts, pause) in steps.into_iter().zip(pauses) {
        let all = instances.iter_mut().zip(acts).zip(&mut wishes);
        futures::future::join_all(all.map(|((instance, act), wish)| perform(instance, act, wish))).await;
        tokio::time::advance(Duration::from_millis(pause)).await;
    }
    prop_assert!(settle(&mut instances, &shaky).await, "they never come to rest: {:?}", shaky.rows());
    for record_type in [RecordType::A, RecordType::Aaaa] {
        prop_assert_eq!(shaky.targets(&record_type), union(&wishes, &record_type), "{:?}", shaky.rows());
    }
    prop_assert!(shaky.rows().iter().all(|row| !row.contains("leaving")), "{:?}", shaky.rows());
    // Killed for good in the middle of whatever it did, and cleaned up after by a daemon of its owner id that wants nothing.
    for gone in 0..instances.len() {
        instances[gone].restart();
        instances[gone].wish(WISHES[0]);
        wishes[gone] = 0;
        prop_assert!(settle(&mut instances, &shaky).await);
        for record_type in [RecordType::A, RecordType::Aaaa] {
            prop_assert_eq!(shaky.targets(&record_type), union(&wishes, &record_type));
        }
    }
    prop_assert!(shaky.records.lock().unwrap().is_empty(), "{:?}", shaky.rows());
    Ok(())
}

proptest! {
    #[test]
    fn they_come_to_the_union_whatever_happens(
        seed in any::<u64>(),
        is_strict in any::<bool>(),
        steps in prop::collection::vec([act(), act(), act()], 1..10),
        pauses in prop::collection::vec(0..3000u64, 10),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(whatever_happens(seed, is_strict, steps, pauses))?;
    }
}

/// What the property found, once in ten thousand cases: one deletes the record while another joins it, one takes its row back while
/// another writes what the row said, one joins by its row alone a record that another is about to delete.
#[rstest]
#[case(14673813401198780954, true, vec![[Die(1), Rest, Die(1)], [Wish(1), Die(0), Twice(5)], [Die(2), Run, Wish(3)],
    [Twice(3), Wish(1), Wish(2)], [Wish(0), Rest, WishAndDie(0, 6)], [Twice(0), Run, Run]], vec![0, 0, 1, 1, 0, 2000])]
#[case(464679777130746620, true, vec![[Twice(3), Run, Rest], [Rest, Wish(1), Rest], [Die(0), Twice(2), Run],
    [WishAndDie(5, 3), Wish(0), Rest], [Run, Wish(3), WishAndDie(6, 0)], [Run, Wish(1), Run], [Run, Run, Twice(0)]],
    vec![1, 0, 1, 0, 2000, 2000, 0])]
#[case(16056499540048632462, false, vec![[Die(2), WishAndDie(5, 0), Wish(1)], [Die(2), Die(13), Run],
    [Twice(5), Wish(0), Rest]], vec![0, 0, 0])]
#[tokio::test(start_paused = true)]
async fn collisions_that_left_something_behind(
    #[case] seed: u64,
    #[case] is_strict: bool,
    #[case] steps: Vec<[Act; 3]>,
    #[case] pauses: Vec<u64>,
) {
    whatever_happens(seed, is_strict, steps, pauses).await.unwrap();
}

fn addresses(shaky: &Shaky) -> Vec<String> {
    shaky.targets(&RecordType::A).into_iter().collect()
}

/// Two that share the name, each with an address.
async fn blue_and_green(shaky: &Arc<Shaky>) -> [Instance; 2] {
    let mut both = ["blue", "green"].map(|owner| Instance::new(owner, shaky));
    both[0].wish(WISHES[1]);
    both[1].wish(WISHES[2]);
    assert!(settle(&mut both, shaky).await);
    assert_eq!(addresses(shaky), ["192.0.2.1", "192.0.2.2"]);
    both
}

#[tokio::test(start_paused = true)]
async fn who_loses_its_target_keeps_its_part_and_who_leaves_takes_it_along() {
    let shaky = Shaky::new(1, false);
    let mut both = blue_and_green(&shaky).await;
    both[0].lose_targets();
    assert_eq!(both[0].cycle().await, ["held"]);
    assert!(settle(&mut both, &shaky).await);
    assert_eq!(addresses(&shaky), ["192.0.2.1", "192.0.2.2"]);
    both[0].wish(WISHES[0]);
    assert!(settle(&mut both, &shaky).await);
    assert_eq!(addresses(&shaky), ["192.0.2.2"]);
    assert_eq!(shaky.rows().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_says_stays_and_is_told_and_outlives_all_owners() {
    let shaky = Shaky::new(1, false);
    let mut both = blue_and_green(&shaky).await;
    shaky.put(NAME, RecordType::A, &["192.0.2.1", "192.0.2.2", "192.0.2.9"]);
    both.iter_mut().for_each(Instance::restart);
    assert_eq!(both[0].cycle().await, ["unattributed"]);
    for instance in &both {
        instance.wish(WISHES[0]);
    }
    assert!(settle(&mut both, &shaky).await);
    assert_eq!((addresses(&shaky), shaky.rows().len()), (vec!["192.0.2.9".to_owned()], 0));
    both[0].wish(WISHES[1]);
    both[0].restart();
    assert_eq!(both[0].cycle().await, ["unowned"]);
}

#[tokio::test(start_paused = true)]
async fn the_last_part_of_ours_counts_for_the_delete_guard() {
    let shaky = Shaky::new(1, false);
    let mut both = blue_and_green(&shaky).await;
    both[0].daemon.guard =
        Guard::new(GuardSettings { enabled: true, share: 100, floor: 0, max: 0, ..GuardSettings::default() });
    both[0].wish(WISHES[4]);
    assert!(both[0].cycle().await.is_empty(), "another target is no delete");
    assert!(settle(&mut both, &shaky).await);
    both[0].wish(WISHES[0]);
    both[0].daemon.guard =
        Guard::new(GuardSettings { enabled: true, share: 10, floor: 1, ..GuardSettings::default() });
    both[0].restart_with_guard();
    assert_eq!(both[0].cycle().await, ["guard"]);
    assert_eq!(addresses(&shaky), ["192.0.2.2", "192.0.2.4"]);
}

/// From a record of its own to a shared one and back, with the flag and without it.
#[tokio::test(start_paused = true)]
async fn an_owner_may_begin_and_end_to_share() {
    let shaky = Shaky::new(1, true);
    let mut blue = Instance::sharing("blue", &shaky, false);
    blue.wish(WISHES[1]);
    blue.cycle().await;
    let ordinary = shaky.all();
    let mut green = Instance::new("green", &shaky);
    green.wish(WISHES[2]);
    assert_eq!(green.cycle().await, ["foreign-owner"], "it is blue's alone");
    blue.shared = true;
    blue.restart();
    let writes = shaky.writes.load(Ordering::Relaxed);
    let mut both = [blue, green];
    both[0].cycle().await;
    assert_eq!(shaky.writes.load(Ordering::Relaxed), writes + 2, "one row comes, one goes");
    assert_eq!(addresses(&shaky), ["192.0.2.1"]);
    // It sees that with its next listing.
    both[1].restart();
    assert!(settle(&mut both, &shaky).await);
    assert_eq!(addresses(&shaky), ["192.0.2.1", "192.0.2.2"]);
    let [mut blue, green] = both;
    blue.shared = false;
    blue.restart();
    let mut both = [blue, green];
    assert!(settle(&mut both, &shaky).await);
    assert_eq!(addresses(&shaky), ["192.0.2.1", "192.0.2.2"], "green still shares it");
    both[1].wish(WISHES[0]);
    assert!(settle(&mut both, &shaky).await);
    both[0].restart();
    assert!(settle(&mut both, &shaky).await);
    assert_eq!(shaky.all(), ordinary);
}

/// A listing that is old enough to be wrong is good enough for names of our own, and never for those of others, too.
#[tokio::test(start_paused = true)]
async fn nothing_shared_is_written_on_an_old_listing() {
    let shaky = Shaky::new(1, false);
    let [mut blue, mut green] = blue_and_green(&shaky).await;
    blue.wish(WISHES[3]);
    while !addresses(&shaky).contains(&"192.0.2.3".to_owned()) {
        blue.cycle().await;
    }
    // Green has not listed since, and would write the record without what is new in it.
    green.wish(WISHES[4]);
    let writes = shaky.writes.load(Ordering::Relaxed);
    green.cycle().await;
    assert_eq!(shaky.writes.load(Ordering::Relaxed), writes);
    assert!(green.daemon.settling.next_due().is_some_and(|due| due <= tokio::time::Instant::now()));
    green.cycle().await;
    assert_eq!(addresses(&shaky), ["192.0.2.1", "192.0.2.3", "192.0.2.4"]);
}

/// A provider that keeps something else than it is told must not be written to at every look.
#[tokio::test(start_paused = true)]
async fn looks_that_lead_to_writes_become_rarer() {
    let shaky = Shaky::new(1, false);
    let mut blue = Instance::new("blue", &shaky);
    blue.wish(WISHES[1]);
    let mut pauses = Vec::new();
    for _ in 0..4 {
        shaky.records.lock().unwrap().retain(|_, record| record.record_type == RecordType::Txt);
        blue.cycle().await;
        let due = blue.daemon.settling.next_due();
        pauses.extend(due.map(|due| (due - tokio::time::Instant::now()).as_secs()));
        tokio::time::advance(Duration::from_secs(70)).await;
    }
    // The fourth time it counts as a fight.
    assert_eq!(pauses, [2, 4, 8]);
}

/// Every operation of a life without the opt-in, letter for letter, beside a name that others share; and no listing more than
/// before.
#[tokio::test(start_paused = true)]
async fn without_the_opt_in_nothing_changes() {
    let shaky = Shaky::new(1, true);
    let mut others = [Instance::new("green", &shaky)];
    *others[0].source.0.lock().unwrap() = vec![("shared.example.org", &["192.0.2.9"])];
    assert!(settle(&mut others, &shaky).await);
    let of_others = shaky.all();
    shaky.journal.lock().unwrap().clear();
    let mut blue = Instance::sharing("blue", &shaky, false);
    for wish in [WISHES[1], WISHES[3], WISHES[5], WISHES[0]] {
        blue.wish(wish);
        assert!(blue.cycle().await.is_empty());
        assert!(blue.cycle().await.is_empty());
        assert_eq!(blue.daemon.settling.next_due(), None);
    }
    let row =
        "\"heritage=external-dns,external-dns/owner=blue,external-dns/resource=ingress/x/www.example.org\"";
    let expected = [
        "list".to_owned(),
        format!("+ a-www.example.org TXT {row}"),
        "+ www.example.org A 192.0.2.1".to_owned(),
        "~ www.example.org A 192.0.2.1, 192.0.2.3".to_owned(),
        "~ www.example.org A 192.0.2.2".to_owned(),
        format!("+ aaaa-www.example.org TXT {row}"),
        "+ www.example.org AAAA 2001:db8::2".to_owned(),
        "- www.example.org A".to_owned(),
        "- a-www.example.org TXT".to_owned(),
        "- www.example.org AAAA".to_owned(),
        "- aaaa-www.example.org TXT".to_owned(),
    ];
    assert_eq!(*shaky.journal.lock().unwrap(), expected);
    assert_eq!(shaky.all(), of_others);
    // What others share is theirs to an owner that does not, there or not.
    *blue.source.0.lock().unwrap() = vec![("shared.example.org", &["192.0.2.1"])];
    assert_eq!(blue.cycle().await, ["foreign-owner"]);
    shaky.records.lock().unwrap().retain(|_, record| record.record_type == RecordType::Txt);
    blue.restart();
    assert_eq!(blue.cycle().await, ["claimed"]);
}
