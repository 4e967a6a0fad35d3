//! One daemon in a storm: objects change all the time, everything around the daemon fails at random, and it is killed at any
//! moment and started again. Whenever the storm calms down, the records become those of the objects, and stay.

use super::judge::Judge;
use super::model::{Model, SOURCES, foreign_records, thieves};
use super::random::Random;
use super::{Size, report};
use crate::cluster::daemon::{Daemon, PROMPT};
use crate::cluster::objects::normal;
use crate::cluster::source_faults::grant;
use crate::cluster::world::{Provider, own_cluster, own_crds, provider_flags, test, with};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use zonewright_testing::{ApiFault, ApiProxy, ApiRule, Call, KubeApiserver, Verb};

const NAMESPACE: &str = "storm";
const USER: &str = "storm";
const MEDIA_TYPE: &str = "application/external.dns.webhook+json;version=1";
/// Statuses that say that a record is to blame, if it came alone: it is then left alone for half a minute and more.
const BLAMING: [u16; 4] = [400, 404, 409, 413];
const PASSING: [u16; 7] = [401, 403, 429, 500, 502, 503, 504];
const READ: &[&str] = &["list", "watch"];
const RULES: [(&str, &[&str], &[&str]); 5] = [
    ("", &["services", "pods", "nodes", "namespaces"], READ),
    ("discovery.k8s.io", &["endpointslices"], READ),
    ("networking.k8s.io", &["ingresses"], READ),
    ("gateway.networking.k8s.io", &["*"], READ),
    ("externaldns.k8s.io", &["*"], &["list", "watch", "get", "update", "patch"]),
];
const PATHS: [&str; 6] = ["", "/services", "/ingresses", "/httproutes", "/gateways", "/dnsendpoints"];

#[derive(Default)]
struct Counts {
    kills: usize,
    kills_in_a_call: usize,
    calms: usize,
    provider_faults: BTreeMap<&'static str, usize>,
    /// Prepared, and withdrawn before the daemon made such a call.
    unmet: usize,
    /// Ownership records seen in calms that a write which ended half-way has left.
    leftovers: usize,
    api_events: BTreeMap<&'static str, usize>,
}

struct Storm {
    size: Size,
    random: Random,
    cluster: KubeApiserver,
    proxy: ApiProxy,
    provider: Provider,
    judge: Judge,
    model: Model,
    flags: Vec<String>,
    daemon: Daemon,
    /// The logs of earlier lives, for whoever has to find out.
    logs: Vec<String>,
    counts: Counts,
    /// Whether this life has been told that a record is to blame.
    was_blamed: bool,
    rights_are_taken: bool,
    definition_is_away: bool,
}

impl Storm {
    async fn start(size: Size) -> Self {
        let cluster = own_cluster().await;
        grant(&cluster, USER, "all", &RULES).await;
        let model = Model::new(NAMESPACE, size.of(12, 24));
        model.prepare(&cluster).await;
        for thief in thieves(NAMESPACE) {
            cluster.apply(&thief).await.unwrap();
        }
        let provider = Provider::start().await;
        provider.0.set_records(foreign_records());
        let judge = Judge::watch(&provider.0);
        let proxy = ApiProxy::start(&cluster.kubeconfig_for(USER).unwrap()).await.unwrap();
        // Small pages, so that lists have several.
        proxy.page(3);
        let kubeconfig = proxy.write_kubeconfig(cluster.dir().join("proxy.kubeconfig")).unwrap();
        let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
        let flags = with(
            &provider.flags_in(&cluster, NAMESPACE, &SOURCES),
            &[
                &kubeconfig,
                // Of a few objects, some turns delete more at once than anybody does who means it.
                "--no-delete-guard",
                "--webhook-provider-read-timeout=500ms",
                "--webhook-provider-write-timeout=500ms",
                "--kube-api-request-timeout=2s",
            ],
        );
        let daemon = Daemon::start(&flags);
        let random = Random::new(size.seed);
        eprintln!("faults: storm begins with seed {}", size.seed);
        Self {
            size,
            random,
            cluster,
            proxy,
            provider,
            judge,
            model,
            flags,
            daemon,
            logs: Vec::new(),
            counts: Counts::default(),
            was_blamed: false,
            rights_are_taken: false,
            definition_is_away: false,
        }
    }

    /// Kills the daemon, which must be alive, and starts it again.
    async fn kill(&mut self) {
        self.is_alive();
        self.daemon.signal("KILL");
        self.daemon.ended(PROMPT).await;
        self.counts.kills += 1;
        // What it sent is on its way to be carried out; whoever comes next sees the outcome, as with a real restart.
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.was_blamed = false;
        let next = Daemon::start(&self.flags);
        let before = std::mem::replace(&mut self.daemon, next);
        if self.logs.len() == 3 {
            self.logs.remove(0);
        }
        self.logs.push(before.log().join("\n"));
    }

    fn is_alive(&mut self) {
        if !self.daemon.is_alive() {
            self.judge.blame(format!("the daemon ended by itself:\n{}", self.daemon.log().join("\n")));
        }
        self.verdict("during the storm");
    }

    #[track_caller]
    fn verdict(&self, when: &str) {
        self.judge.acquits(&format!("{when}, seed {}", self.size.seed));
    }

    /// A life up to a moment that nobody knows: faults are prepared, and objects change.
    async fn live(&mut self) {
        if self.random.once_in(2) {
            for _ in 0..1 + self.random.below(3) {
                self.provider_fault();
            }
        }
        if self.random.once_in(3) {
            self.api_fault().await;
        }
        for _ in 0..2 + self.random.below(6) {
            self.model.operate(&self.cluster, &self.judge, &mut self.random).await;
            let pause = self.random.up_to(Duration::from_millis(200));
            tokio::time::sleep(pause).await;
        }
        match self.random.below(3) {
            0 => self.reach_a_call().await,
            _ => {
                let longest = Duration::from_millis(if self.random.once_in(3) { 2000 } else { 400 });
                tokio::time::sleep(self.random.up_to(longest)).await;
            }
        }
    }

    /// Waits until the daemon is in the middle of a call: sent, not answered; done or not.
    async fn reach_a_call(&mut self) {
        let call = self.random.one_of(&[Call::Apply, Call::Apply, Call::Apply, Call::Records]);
        let before = self.provider.0.count(call);
        self.provider.0.stall_next(call, Duration::from_secs(20), self.random.once_in(2));
        self.model.operate(&self.cluster, &self.judge, &mut self.random).await;
        let deadline = Instant::now() + Duration::from_millis(1500);
        while self.provider.0.count(call) == before && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.counts.kills_in_a_call += usize::from(self.provider.0.count(call) > before);
    }

    fn provider_fault(&mut self) {
        if self.random.once_in(10)
            && let Some(name) = self.model.any_name(&mut self.random)
        {
            // Until the storm calms down, or another name takes its place.
            self.provider.0.refuse_names(&[&name], self.random.one_of(&BLAMING));
            self.was_blamed = true;
            *self.counts.provider_faults.entry("one name refused").or_default() += 1;
            return;
        }
        let call =
            self.random.one_of(&[Call::Records, Call::Adjust, Call::Apply, Call::Apply, Call::Negotiate]);
        let provider = &self.provider.0;
        let random = &mut self.random;
        let status = random.one_of(&PASSING);
        let name = match (random.below(9), call) {
            (0, _) => {
                provider.throttle_next(call, 429, 1);
                "429 with Retry-After"
            }
            (1, Call::Apply) => {
                provider.lose_next_answer(call, status);
                "done, answer lost"
            }
            (2 | 3, Call::Apply) => {
                provider.apply_next_in_part(status, random.below(5));
                "done in part"
            }
            (1, _) => {
                provider.say_next(call, 200, MEDIA_TYPE, "[{\"dnsName\": \"web.exam");
                "bad JSON"
            }
            (2, _) => {
                provider.halve_next_answer(call);
                "half a page"
            }
            (3, _) => {
                provider.hang_up_next(call);
                "reset"
            }
            (4, _) => {
                provider.say_next(call, 200, "text/html", "<html>Welcome to the proxy!</html>");
                "another answers"
            }
            (5, _) => {
                provider.stall_next(call, Duration::from_secs(3), random.once_in(2));
                "time-out"
            }
            (6, _) => {
                provider.fail_next(call, random.one_of(&BLAMING));
                self.was_blamed |= call == Call::Apply;
                "400, 404, 409 or 413"
            }
            _ => {
                provider.fail_next(call, status);
                "401, 403, 429 or 5xx"
            }
        };
        *self.counts.provider_faults.entry(name).or_default() += 1;
    }

    async fn api_fault(&mut self) {
        let random = &mut self.random;
        let name = match random.below(18) {
            0 if self.size.is_long || !self.counts.api_events.contains_key("restart") => {
                self.cluster.restart_apiserver().await.unwrap();
                "restart"
            }
            1 | 2 => {
                let kept = random.below(RULES.len());
                grant(&self.cluster, USER, "all", &RULES[kept..=kept]).await;
                self.rights_are_taken = true;
                self.proxy.cut();
                "rights taken away"
            }
            3 => {
                self.serve_definition(false).await;
                "version not served"
            }
            4 if self.size.is_long => {
                self.remove_definition().await;
                "CRD removed"
            }
            5 | 6 => {
                self.proxy.cut_off();
                let time = random.up_to(Duration::from_millis(800));
                tokio::time::sleep(time).await;
                self.proxy.heal();
                "cut off"
            }
            7 | 8 => {
                self.proxy.cut();
                "watches dropped"
            }
            _ => {
                for _ in 0..1 + random.below(4) {
                    let rule = rule(random);
                    self.proxy.add(rule);
                }
                // Watches that live would not meet them.
                self.proxy.cut();
                "single answers"
            }
        };
        *self.counts.api_events.entry(name).or_default() += 1;
    }

    async fn serve_definition(&mut self, served: bool) {
        if served == self.definition_is_away {
            let mut definition = self.cluster.get(&definition()).await.unwrap();
            definition["spec"]["versions"][0]["served"] = json!(served);
            self.cluster.apply(&definition).await.unwrap();
            self.definition_is_away = !served;
            // Objects of this kind cannot be written meanwhile.
            if !served {
                let time = self.random.up_to(Duration::from_millis(1500));
                tokio::time::sleep(time).await;
                Box::pin(self.serve_definition(true)).await;
            } else {
                self.cluster.install_crds(&own_crds()).await.unwrap();
            }
        }
    }

    /// With its definition, every object of the kind is deleted.
    async fn remove_definition(&mut self) {
        self.model.lose_custom_objects(&self.judge);
        self.cluster.delete(&definition()).await.unwrap();
        let time = self.random.up_to(Duration::from_millis(1500));
        tokio::time::sleep(time).await;
        // Until the old one is wholly gone, the new one cannot be made.
        while self.cluster.get(&definition()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.cluster.install_crds(&own_crds()).await.unwrap();
    }

    /// Everything works again: the records become those of the objects, and then there is nothing more to do.
    async fn calm(&mut self) {
        self.counts.calms += 1;
        self.proxy.heal();
        if std::mem::take(&mut self.rights_are_taken) {
            grant(&self.cluster, USER, "all", &RULES).await;
        }
        self.counts.unmet += self.provider.0.faults_left();
        self.provider.0.forget_calls();
        self.model.restore(&self.cluster).await;
        if self.was_blamed && !(self.size.is_long && self.random.once_in(3)) {
            // It would wait for its time, which is right, and long.
            self.kill().await;
        }
        let expected = normal([self.model.records(), foreign_records()].concat());
        let deadline = Instant::now() + self.size.patience();
        loop {
            let (records, leftovers) = self.model.without_leftovers(self.provider.0.records());
            if records == expected {
                self.counts.leftovers += leftovers;
                break;
            }
            self.is_alive();
            assert!(
                Instant::now() < deadline,
                "seed {}, calm {}: the records are\n{}\nbut should be\n{}",
                self.size.seed,
                self.counts.calms,
                lines(&records),
                lines(&expected)
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let applies = self.provider.applies();
        self.daemon.until_cycles_pass(2).await;
        assert_eq!(
            self.provider.applies(),
            applies,
            "a second cycle found something to do: {:?}",
            self.provider.0.applied()
        );
        self.is_alive();
        self.model.is_settled();
    }

    /// A daemon that has seen nothing of all this comes to the same zone.
    async fn compare_with_a_clean_run(&self) {
        let clean = Provider::start().await;
        clean.0.set_records(foreign_records());
        let url = provider_flags(&clean.0.url()).pop().unwrap();
        let mut daemon = Daemon::start(&with(&self.flags, &[&url]));
        let (records, _) = self.model.without_leftovers(self.provider.0.records());
        clean.until_records_are("a clean run", records).await;
        daemon.stop().await;
    }
}

impl Drop for Storm {
    /// The daemon shows the log of its last life itself.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("earlier lives:\n{}\n-- killed --", self.logs.join("\n-- killed --\n"));
        }
    }
}

fn rule(random: &mut Random) -> ApiRule {
    let verb = random.one_of(&[Verb::Any, Verb::List, Verb::NextPage, Verb::Watch]);
    let bytes = 1 + random.below(3000);
    let fault = match random.below(10) {
        0 => ApiFault::Refused(403),
        1 => ApiFault::Refused(404),
        2 => ApiFault::Refused(429),
        3 => ApiFault::Refused(random.one_of(&[500, 503, 504])),
        4 | 5 => ApiFault::Gone,
        6 => ApiFault::BreaksOff(bytes),
        7 => ApiFault::EndsEarly(bytes),
        8 => match random.once_in(2) {
            true => ApiFault::Silent(Duration::from_secs(1)),
            false => ApiFault::Dawdles(500, Duration::from_millis(20)),
        },
        _ => ApiFault::Nonsense,
    };
    ApiRule { verb, path: random.one_of(&PATHS), fault, times: 1 + random.below(3) }
}

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "dnsendpoints.externaldns.k8s.io"},
    })
}

fn lines(records: &[Value]) -> String {
    records.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

fn listed(counts: &BTreeMap<&'static str, usize>) -> String {
    let listed: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
    format!("{} ({})", counts.values().sum::<usize>(), listed.join(", "))
}

#[test]
fn a_daemon_that_is_killed_again_and_again_in_a_storm_harms_nothing() {
    test(async {
        let began = Instant::now();
        let mut storm = Storm::start(Size::from_environment()).await;
        let (calms, lives) = (storm.size.of(4, 36), storm.size.of(3, 6));
        for _ in 0..calms {
            for _ in 0..lives {
                storm.live().await;
                storm.kill().await;
            }
            // This one has to get over everything without dying.
            storm.live().await;
            storm.calm().await;
        }
        storm.compare_with_a_clean_run().await;
        storm.daemon.stop().await;
        storm.verdict("at the end");
        let (writes, looks) = storm.judge.counts();
        assert!(writes > 0 && storm.model.len() > 0 && storm.counts.kills >= calms * lives);
        report(
            "one daemon in a storm",
            &storm.size,
            began.elapsed(),
            &[
                (
                    "kills",
                    format!(
                        "{} ({} in the middle of a provider call)",
                        storm.counts.kills, storm.counts.kills_in_a_call
                    ),
                ),
                ("operations on objects", storm.model.operations.to_string()),
                (
                    "provider faults",
                    format!(
                        "{}, less {} that met no call",
                        listed(&storm.counts.provider_faults),
                        storm.counts.unmet
                    ),
                ),
                ("API server events", listed(&storm.counts.api_events)),
                ("API answers spoiled", listed(&storm.proxy.faults())),
                ("writes", format!("{writes}, {looks} records looked at after them")),
                ("calms", format!("{}, each converged and then quiet", storm.counts.calms)),
                (
                    "ownership records that half a write had left, over all calms",
                    storm.counts.leftovers.to_string(),
                ),
                ("ended by itself", "0".to_owned()),
            ],
        );
    });
}
