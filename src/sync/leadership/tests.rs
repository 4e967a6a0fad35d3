use super::election::{Lease, Version, Write};
use super::*;
use async_trait::async_trait;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{advance, sleep, timeout};
use zonewright_planner::{Change, DeleteReason, Endpoint, Properties, Record, RecordType, ZoneId};
use zonewright_provider_kit::{ErrorClass, ProviderError, WriteZone, Zone, ZoneChange};

const SECOND: Duration = Duration::from_secs(1);
const TIMING: Timing = Timing {
    lease: Duration::from_secs(15),
    renew_deadline: Duration::from_secs(10),
    retry: Duration::from_secs(2),
};

/// One lease in memory, shared by all who hold a clone.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    stored: Option<(u64, Lease)>,
    latency: Duration,
    trouble: Option<&'static str>,
}

impl Memory {
    fn set(&self, change: impl FnOnce(&mut Inside)) {
        change(&mut self.0.lock().unwrap());
    }

    fn holder(&self) -> String {
        self.0.lock().unwrap().stored.as_ref().map(|(_, lease)| lease.holder.clone()).unwrap_or_default()
    }

    async fn on_the_way(&self) -> Result<(), LeaseTrouble> {
        let latency = self.0.lock().unwrap().latency;
        sleep(latency).await;
        let trouble = self.0.lock().unwrap().trouble;
        trouble.map_or(Ok(()), |trouble| Err(LeaseTrouble::Failed(trouble.to_owned())))
    }
}

#[async_trait]
impl LeaseStore for Memory {
    fn name(&self) -> &str {
        "dns/zonewright"
    }

    async fn read(&self) -> Result<Option<Stored>, LeaseTrouble> {
        self.on_the_way().await?;
        let stored = self.0.lock().unwrap().stored.clone();
        Ok(stored.map(|(number, lease)| (Version(number.to_string()), lease)))
    }

    async fn write(&self, write: &Write) -> Result<Stored, LeaseTrouble> {
        self.on_the_way().await?;
        let mut inside = self.0.lock().unwrap();
        let number = inside.stored.as_ref().map(|(number, _)| *number);
        if write.replaces != number.map(|number| Version(number.to_string())) {
            return Err(LeaseTrouble::Outrun);
        }
        let next = number.unwrap_or_default() + 1;
        inside.stored = Some((next, write.lease.clone()));
        Ok((Version(next.to_string()), write.lease.clone()))
    }
}

fn campaign(store: &Memory, identity: &str) -> (Leadership, CancellationToken) {
    let abandon = CancellationToken::new();
    let campaign = Campaign::new(store.clone(), identity.to_owned(), TIMING);
    let leadership = campaign.leadership();
    campaign.start(abandon.clone());
    (leadership, abandon)
}

/// Waits until this replica has a role, and tells how long that took.
async fn until_role(leadership: &Leadership, role: Role) -> Duration {
    let began = Instant::now();
    let mut changes = leadership.changes();
    let wait = changes.wait_for(|standing| standing.role == role);
    timeout(SECOND * 60, wait).await.expect("in vain").unwrap();
    began.elapsed()
}

async fn leader_and_standby(store: &Memory) -> (Leadership, CancellationToken, Leadership) {
    let (first, abandon) = campaign(store, "first");
    until_role(&first, Role::Leader).await;
    let (second, _) = campaign(store, "second");
    until_role(&second, Role::Standby).await;
    (first, abandon, second)
}

#[tokio::test(start_paused = true)]
async fn one_leads_and_the_other_takes_over_when_the_lease_runs_out() {
    let store = Memory::default();
    let (first, abandon, second) = leader_and_standby(&store).await;
    assert_eq!(first.enter(), Office::Entered);
    assert_eq!((first.enter(), second.enter()), (Office::Held, Office::Out));
    sleep(SECOND * 100).await;
    assert!(first.may_write(Instant::now()) && first.enter() == Office::Held);
    assert_eq!((second.standing().role, second.standing().holder.as_deref()), (Role::Standby, Some("first")));

    // As after a kill: nothing more is heard from it.
    abandon.cancel();
    let took = until_role(&second, Role::Leader).await;
    assert!(took >= SECOND * 13 && took <= SECOND * 18, "{took:?}");
    assert!(!first.is_leader());
    assert_eq!(store.holder(), "second");
}

#[tokio::test(start_paused = true)]
async fn a_release_hands_over_at_once() {
    let store = Memory::default();
    let (first, _, second) = leader_and_standby(&store).await;
    let began = Instant::now();
    first.release().await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(!first.is_leader() && first.enter() == Office::Out);
    assert_eq!(store.holder(), "");
    assert!(until_role(&second, Role::Leader).await <= SECOND * 12 / 5);
    // Whoever does not lead has nothing to give up.
    first.release().await;
    assert_eq!(store.holder(), "second");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_nobody_answers_does_not_hold_up_the_end() {
    let store = Memory::default();
    let (first, ..) = leader_and_standby(&store).await;
    store.set(|inside| inside.latency = SECOND * 3600);
    let began = Instant::now();
    first.release().await;
    assert!(began.elapsed() <= SECOND * 3 && !first.is_leader());
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_a_leader_stands_down_before_the_lease_runs_out_and_comes_back() {
    for latency in [Duration::ZERO, SECOND * 3600] {
        let store = Memory::default();
        let (leadership, _) = campaign(&store, "only");
        until_role(&leadership, Role::Leader).await;
        assert_eq!(leadership.enter(), Office::Entered);
        sleep(SECOND * 20 + SECOND / 2).await;
        store.set(|inside| (inside.trouble, inside.latency) = (Some("503 Service Unavailable"), latency));
        let took = until_role(&leadership, Role::Standby).await;
        assert!(took > SECOND * 7 && took <= SECOND * 10, "{took:?}");
        assert!(!leadership.may_write(Instant::now()));
        assert!(leadership.standing().trouble.is_some());

        sleep(SECOND * 60).await;
        store.set(|inside| (inside.trouble, inside.latency) = (None, Duration::ZERO));
        until_role(&leadership, Role::Leader).await;
        assert_eq!(leadership.standing().trouble, None);
        // What was read before the gap must not be written upon.
        assert!(!leadership.may_write(Instant::now()));
        assert_eq!((leadership.enter(), leadership.enter()), (Office::Entered, Office::Held));
        assert!(leadership.may_write(Instant::now()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_trouble_costs_nothing() {
    let store = Memory::default();
    let (leadership, _) = campaign(&store, "only");
    until_role(&leadership, Role::Leader).await;
    leadership.enter();
    for _ in 0..10 {
        store.set(|inside| inside.trouble = Some("429 Too Many Requests"));
        sleep(SECOND * 5).await;
        store.set(|inside| inside.trouble = None);
        sleep(SECOND * 5).await;
        assert_eq!(leadership.enter(), Office::Held);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_taken_away_by_hand_is_noticed() {
    let store = Memory::default();
    let (leadership, _) = campaign(&store, "only");
    until_role(&leadership, Role::Leader).await;
    store.set(|inside| {
        let (number, lease) = inside.stored.as_mut().unwrap();
        (*number, lease.holder) = (77, "somebody".to_owned());
    });
    assert!(until_role(&leadership, Role::Standby).await <= SECOND * 2);
    assert_eq!(leadership.standing().holder.as_deref(), Some("somebody"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_known_before_the_lease_was_read() {
    let store = Memory::default();
    store.set(|inside| inside.trouble = Some("403 Forbidden"));
    let (leadership, _) = campaign(&store, "only");
    sleep(SECOND * 30).await;
    let standing = leadership.standing();
    assert_eq!((standing.role, standing.trouble.as_deref()), (Role::Candidate, Some("403 Forbidden")));
    assert_eq!(leadership.enter(), Office::Out);
}

/// A provider whose writes consist of two requests, with a wait for the answer between.
#[derive(Default)]
struct TwoSteps {
    requests: AtomicUsize,
    answered: Notify,
}

#[async_trait]
impl WriteZone for TwoSteps {
    async fn apply(&self, _: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.answered.notified().await;
        self.requests.fetch_add(1, Ordering::SeqCst);
        vec![Ok(()); changes.len()]
    }
}

struct Scene {
    provider: Arc<TwoSteps>,
    fenced: Arc<Fenced>,
    leadership: Leadership,
}

impl Scene {
    fn new(leadership: Leadership) -> Self {
        let provider = Arc::new(TwoSteps::default());
        let fenced = Arc::new(Fenced::new(provider.clone(), leadership.clone()));
        Self { provider, fenced, leadership }
    }

    /// A replica whose lease is as the test says, without a task that renews it.
    fn led() -> Self {
        let scene = Self::new(Leadership::elected().0);
        scene.fence_falls_in(SECOND * 10);
        assert_eq!(scene.leadership.enter(), Office::Entered);
        scene
    }

    fn fence_falls_in(&self, time: Duration) {
        let now = Instant::now();
        self.leadership.shared.as_ref().unwrap().set_fence(now, Some(now + time));
    }

    async fn begin(&self) -> tokio::task::JoinHandle<Vec<Result<(), ProviderError>>> {
        let (fenced, requests) = (self.fenced.clone(), self.requests());
        let write = tokio::spawn(async move { fenced.apply(&zone(), &changes()).await });
        while self.requests() == requests && !write.is_finished() {
            tokio::task::yield_now().await;
        }
        write
    }

    fn requests(&self) -> usize {
        self.provider.requests.load(Ordering::SeqCst)
    }
}

fn zone() -> Zone {
    Zone { id: ZoneId::new("example.org"), name: None }
}

fn changes() -> Vec<ZoneChange> {
    let endpoint =
        Endpoint::new("web.example.org", RecordType::A, &["192.0.2.1"], Properties::default()).unwrap();
    let old = Record::from_endpoint(ZoneId::new("example.org"), &endpoint);
    let change = Change::delete(old, DeleteReason::NoLongerWanted);
    vec![ZoneChange { change, rows: Vec::new() }; 2]
}

fn are_refused(outcomes: &[Result<(), ProviderError>]) -> bool {
    outcomes.len() == 2
        && outcomes.iter().all(|outcome| {
            outcome.as_ref().is_err_and(|error| {
                error.class() == ErrorClass::Unavailable
                    && error.to_string().contains("not the leader any more")
            })
        })
}

#[tokio::test(start_paused = true)]
async fn without_election_everything_is_written() {
    let scene = Scene::new(Leadership::always());
    assert_eq!(scene.leadership.enter(), Office::Held);
    let write = scene.begin().await;
    sleep(SECOND * 3600).await;
    scene.provider.answered.notify_one();
    assert!(write.await.unwrap().iter().all(Result::is_ok));
    scene.leadership.release().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_the_zones_were_read_in_this_time_of_leading() {
    let scene = Scene::new(Leadership::elected().0);
    assert!(are_refused(&scene.begin().await.await.unwrap()));
    scene.fence_falls_in(SECOND * 10);
    assert!(are_refused(&scene.begin().await.await.unwrap()));
    assert_eq!(scene.requests(), 0);
    assert_eq!(scene.leadership.enter(), Office::Entered);
    scene.provider.answered.notify_one();
    assert!(scene.begin().await.await.unwrap().iter().all(Result::is_ok));
}

/// The second request of a write must not go out although its turn came before the process noticed that time had passed.
#[tokio::test(start_paused = true)]
async fn a_process_that_was_stopped_for_longer_than_the_lease_sends_nothing_more() {
    let scene = Scene::led();
    let (fenced, provider) = (scene.fenced.clone(), scene.provider.clone());
    let (zone, changes) = (zone(), changes());
    let mut write = Box::pin(fenced.apply(&zone, &changes));
    assert!(futures::poll!(&mut write).is_pending());
    advance(SECOND * 20).await;
    provider.answered.notify_one();
    let std::task::Poll::Ready(outcomes) = futures::poll!(&mut write) else { panic!("it goes on") };
    assert!(are_refused(&outcomes));
    assert_eq!(scene.requests(), 1);
    assert!(are_refused(&scene.begin().await.await.unwrap()));
    assert_eq!(scene.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_lasts_as_long_as_the_lease_is_renewed_and_no_longer() {
    let scene = Scene::led();
    let write = scene.begin().await;
    for _ in 0..10 {
        sleep(SECOND * 8).await;
        scene.fence_falls_in(SECOND * 10);
    }
    assert!(!write.is_finished());
    let began = Instant::now();
    assert!(are_refused(&write.await.unwrap()));
    assert_eq!((began.elapsed(), scene.requests()), (SECOND * 10, 1));
}

#[tokio::test(start_paused = true)]
async fn a_write_of_an_earlier_time_of_leading_does_not_go_on_in_a_later_one() {
    let scene = Scene::led();
    let (fenced, provider) = (scene.fenced.clone(), scene.provider.clone());
    let (zone, changes) = (zone(), changes());
    let mut write = Box::pin(fenced.apply(&zone, &changes));
    assert!(futures::poll!(&mut write).is_pending());
    advance(SECOND * 20).await;
    scene.fence_falls_in(SECOND * 10);
    scene.leadership.enter();
    provider.answered.notify_one();
    assert!(are_refused(&write.await));
    assert_eq!(scene.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_given_up_after_the_last_write_and_none_begins_meanwhile() {
    let store = Memory::default();
    let (first, _, second) = leader_and_standby(&store).await;
    let scene = Scene::new(first.clone());
    first.enter();
    let write = scene.begin().await;
    let release = tokio::spawn(async move { first.release().await });
    // Longer than the lease: it is renewed meanwhile.
    sleep(SECOND * 40).await;
    assert!(!release.is_finished() && store.holder() == "first");
    assert!(are_refused(&scene.begin().await.await.unwrap()));
    scene.provider.answered.notify_one();
    assert!(write.await.unwrap().iter().all(Result::is_ok));
    release.await.unwrap();
    assert_eq!(store.holder(), "");
    assert_eq!(second.standing().role, Role::Standby);
}

#[tokio::test]
async fn a_campaign_that_never_started_holds_up_no_end() {
    let campaign = Campaign::new(Memory::default(), "me".to_owned(), TIMING);
    let leadership = campaign.leadership();
    drop(campaign);
    leadership.release().await;
}

#[test]
fn no_two_processes_have_the_same_name() {
    let (one, other) = (identity(Some("zonewright-0")), identity(Some("zonewright-0")));
    assert!(one.starts_with("zonewright-0_") && other.starts_with("zonewright-0_") && one != other);
    assert!(identity(None).len() > 17 && identity(Some(" ")).starts_with("zonewright_"));
}
