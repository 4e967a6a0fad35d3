//! Three replicas and one lease, while leaders are killed, stopped for longer than the lease, cut off from the API server and ended
//! in good order. At every write the lease is read: it must be held by whoever writes, or two would write in turns.

use super::judge::Judge;
use super::model::{Model, SOURCES, foreign_records};
use super::random::Random;
use super::{Size, report};
use crate::cluster::daemon::{Daemon, PROMPT, until_async};
use crate::cluster::objects::normal;
use crate::cluster::world::{Provider, own_cluster, test, with};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use zonewright_testing::{ApiProxy, Call, KubeApiserver};

const NAMESPACE: &str = "replicas";
const REPLICAS: usize = 3;
const LEASE: Duration = Duration::from_secs(3);
const ELECTION: [&str; 6] = [
    "--leader-elect",
    "--leader-election-namespace=default",
    "--leader-election-lease-name=storm",
    "--leader-election-lease-duration=3s",
    "--leader-election-renew-deadline=2s",
    "--leader-election-retry-period=500ms",
];

/// A write as it took effect.
#[derive(Debug, Clone, PartialEq)]
struct Write {
    door: usize,
    /// Who held the lease, and since when.
    holder: String,
    acquired: String,
}

struct Replica {
    daemon: Daemon,
    proxy: ApiProxy,
    flags: Vec<String>,
    /// Under which names it has led, in this life and earlier ones.
    identities: BTreeSet<String>,
}

struct Group {
    size: Size,
    random: Random,
    cluster: Arc<KubeApiserver>,
    provider: Provider,
    judge: Judge,
    model: Model,
    replicas: Vec<Replica>,
    writes: Arc<Mutex<Vec<Write>>>,
    counts: BTreeMap<&'static str, usize>,
    slowest: Duration,
}

fn lease() -> Value {
    json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"namespace": "default", "name": "storm"}})
}

async fn holder_and_time(cluster: &KubeApiserver) -> (String, String) {
    let spec = cluster.get(&lease()).await.map_or(Value::Null, |lease| lease["spec"].clone());
    let text = |field: &str| spec[field].as_str().unwrap_or_default().to_owned();
    (text("holderIdentity"), text("acquireTime"))
}

impl Replica {
    /// The names under which it has led, from its log.
    fn note_identities(&mut self) {
        let lines = self.daemon.log();
        let led = lines.iter().filter(|line| line.contains("this replica leads now"));
        let names = led.filter_map(|line| line.split(", as ").nth(1)?.split(')').next().map(str::to_owned));
        self.identities.extend(names);
    }

    /// Starts it anew after its end.
    fn start_again(&mut self) {
        self.note_identities();
        self.daemon = Daemon::start(&self.flags);
    }
}

impl Group {
    async fn start(size: Size) -> Self {
        let cluster = Arc::new(own_cluster().await);
        let model = Model::new(NAMESPACE, 8);
        model.prepare(&cluster).await;
        let provider = Provider::start().await;
        provider.0.set_records(foreign_records());
        let judge = Judge::watch(&provider.0);
        let writes: Arc<Mutex<Vec<Write>>> = Arc::default();
        let (journal, lessor) = (writes.clone(), cluster.clone());
        provider.0.set_gate(Arc::new(move |door| {
            let (journal, lessor) = (journal.clone(), lessor.clone());
            Box::pin(async move {
                let (holder, acquired) = holder_and_time(&lessor).await;
                journal.lock().unwrap().push(Write { door, holder, acquired });
            })
        }));
        let mut replicas = Vec::new();
        for index in 0..REPLICAS {
            let proxy = ApiProxy::start(&cluster.kubeconfig_path()).await.unwrap();
            let kubeconfig = cluster.dir().join(format!("replica{index}.kubeconfig"));
            let kubeconfig = proxy.write_kubeconfig(kubeconfig).unwrap();
            let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
            let url = format!("--webhook-provider-url={}", provider.0.open_door().await.unwrap());
            let flags = with(&provider.flags_in(&cluster, NAMESPACE, &SOURCES), &ELECTION);
            let more = [&kubeconfig, &url, "--no-delete-guard", "--kube-api-request-timeout=2s"];
            let flags = with(&flags, &more);
            let daemon = Daemon::start(&flags);
            replicas.push(Replica { daemon, proxy, flags, identities: BTreeSet::new() });
        }
        let random = Random::new(size.seed);
        eprintln!("faults: replicas begin with seed {}", size.seed);
        Self {
            size,
            random,
            cluster,
            provider,
            judge,
            model,
            replicas,
            writes,
            counts: BTreeMap::new(),
            slowest: Duration::ZERO,
        }
    }

    async fn leader(&mut self) -> usize {
        self.leader_but("").await
    }

    /// The replica that holds the lease, once that is another than this holder.
    async fn leader_but(&mut self, former: &str) -> usize {
        let (cluster, replicas) = (&self.cluster, &mut self.replicas);
        let mut found = None;
        until_async("a leader", async || {
            let (holder, _) = holder_and_time(cluster).await;
            replicas.iter_mut().for_each(Replica::note_identities);
            let led = replicas.iter().position(|replica| replica.identities.contains(&holder));
            found = led.filter(|_| holder != former);
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    async fn operate(&mut self, times: usize) {
        for _ in 0..times {
            self.model.operate(&self.cluster, &self.judge, &mut self.random).await;
            tokio::time::sleep(self.random.up_to(Duration::from_millis(150))).await;
        }
    }

    /// Something happens to the leader, and another replica takes over.
    async fn change_of_leader(&mut self, event: &'static str) {
        *self.counts.entry(event).or_default() += 1;
        let first = self.leader().await;
        let (holder, _) = holder_and_time(&self.cluster).await;
        if self.random.once_in(2) {
            // In the middle of writing: this is how far it gets, and nobody knows.
            self.provider.0.apply_next_in_part(500, self.random.below(4));
        }
        self.operate(2).await;
        let began = Instant::now();
        match event {
            "leaders killed" => self.kill(first).await,
            "leaders ended in good order" => {
                self.replicas[first].daemon.stop().await;
                self.replicas[first].start_again();
            }
            "leaders stopped for longer than the lease" => self.replicas[first].daemon.signal("STOP"),
            _ => self.replicas[first].proxy.cut_off(),
        }
        self.operate(2).await;
        let next = self.leader_but(&holder).await;
        self.slowest = self.slowest.max(began.elapsed());
        self.operate(2).await;
        // Back while another leads, and in the middle of its writing.
        match event {
            "leaders stopped for longer than the lease" => {
                tokio::time::sleep(self.random.up_to(LEASE)).await;
                self.replicas[first].daemon.signal("CONT");
            }
            "leaders cut off from the API server" => self.replicas[first].proxy.heal(),
            _ => {}
        }
        self.operate(3).await;
        if self.random.once_in(3) {
            *self.counts.entry("standbys killed").or_default() += 1;
            let standby = (next + 1) % REPLICAS;
            self.kill(standby).await;
        }
    }

    async fn kill(&mut self, index: usize) {
        self.are_alive();
        self.replicas[index].daemon.signal("KILL");
        self.replicas[index].daemon.ended(PROMPT).await;
        self.replicas[index].start_again();
    }

    fn are_alive(&mut self) {
        for replica in &mut self.replicas {
            if !replica.daemon.is_alive() {
                self.judge.blame(format!("a replica ended by itself:\n{}", replica.daemon.log().join("\n")));
            }
        }
        self.judge.acquits(&format!("seed {}", self.size.seed));
    }

    async fn calm(&mut self) {
        self.provider.0.forget_calls();
        self.model.restore(&self.cluster).await;
        let expected = normal([self.model.records(), foreign_records()].concat());
        let deadline = Instant::now() + self.size.patience();
        while self.model.without_leftovers(self.provider.0.records()).0 != expected {
            self.are_alive();
            assert!(Instant::now() < deadline, "seed {}: {expected:#?}", self.size.seed);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let leader = self.leader().await;
        let applies = self.provider.0.count(Call::Apply);
        self.replicas[leader].daemon.until_cycles_pass(2).await;
        assert_eq!(self.provider.0.count(Call::Apply), applies, "quiet");
        self.are_alive();
        self.model.is_settled();
    }

    /// Every write came from whoever held the lease. How many times of leading had writes.
    fn terms(&mut self) -> usize {
        self.replicas.iter_mut().for_each(Replica::note_identities);
        let writes = self.writes.lock().unwrap().clone();
        for (index, write) in writes.iter().enumerate() {
            let writer = &self.replicas[write.door - 1];
            assert!(
                writer.identities.contains(&write.holder),
                "seed {}: write {index} came through door {} while {:?} held the lease; it led as {:?}",
                self.size.seed,
                write.door,
                write.holder,
                writer.identities
            );
        }
        let terms = writes.chunk_by(|a, b| (&a.holder, &a.acquired) == (&b.holder, &b.acquired));
        let terms: Vec<&Write> = terms.map(|writes| &writes[0]).collect();
        let distinct: BTreeSet<_> = terms.iter().map(|write| (&write.holder, &write.acquired)).collect();
        assert_eq!(distinct.len(), terms.len(), "somebody wrote again after another had: {terms:?}");
        terms.len()
    }
}

const EVENTS: [&str; 4] = [
    "leaders killed",
    "leaders stopped for longer than the lease",
    "leaders cut off from the API server",
    "leaders ended in good order",
];

#[test]
fn three_replicas_never_write_in_turns() {
    test(async {
        let began = Instant::now();
        let mut group = Group::start(Size::from_environment()).await;
        group.leader().await;
        let mut events = EVENTS.to_vec();
        if group.size.is_long {
            events = (0..48).map(|_| group.random.one_of(&EVENTS)).collect();
        }
        let between_calms = group.size.of(2, 3);
        for (round, event) in events.into_iter().enumerate() {
            group.change_of_leader(event).await;
            if round % between_calms == 1 {
                group.calm().await;
            }
        }
        group.calm().await;
        let terms = group.terms();
        for replica in &mut group.replicas {
            replica.daemon.stop().await;
        }
        assert!(terms > EVENTS.len() / 2, "there was something to write in {terms} terms only");
        let (writes, looks) = group.judge.counts();
        let mut counts: Vec<(&str, String)> =
            group.counts.iter().map(|(event, count)| (*event, count.to_string())).collect();
        counts.extend([
            ("operations on objects", group.model.operations.to_string()),
            ("writes", format!("{writes}, {looks} records looked at after them")),
            ("terms with writes", format!("{terms}, none within another")),
            (
                "slowest takeover",
                format!("{:.1} s with a lease of {} s", group.slowest.as_secs_f64(), LEASE.as_secs()),
            ),
            ("ended by itself", "0".to_owned()),
        ]);
        report("three replicas", &group.size, began.elapsed(), &counts);
    });
}
