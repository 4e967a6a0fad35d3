//! Whether the process lives (`/healthz`) and can do its work (`/readyz`).
//!
//! ```text
//! loop ── beat(), cycle_done() ──┐
//! caches ── their status ────────┼─> Health ─> /healthz: the loop gets on; restarting would help if it did not
//! leadership ── its standing ────┘         └─> /readyz: everything is read, and this replica writes or could take over
//! ```
//!
//! A loop that fails gets on, so what is wrong outside (a provider, the API server) never costs the process its life.

use crate::sources::store::{CacheStatus, Caches, Fill};
use crate::sync::daemon::Observer;
use crate::sync::leadership::{Leadership, Role};
use crate::sync::report::CycleReport;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// However short the interval, a loop may be silent for this long: a large zone takes its time.
const LEAST_PATIENCE: Duration = Duration::from_secs(120);
/// How many intervals a loop may be silent.
const INTERVALS: u32 = 3;

/// What is known about the health of the process. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    shared: Arc<Shared>,
}

struct Shared {
    patience: Duration,
    pulse: Mutex<Pulse>,
    has_cycled: AtomicBool,
    caches: OnceLock<Vec<Arc<dyn Fill>>>,
    leadership: OnceLock<Leadership>,
}

#[derive(Clone, Copy)]
struct Pulse {
    last: Instant,
    allowed: Duration,
}

/// The outcome of all checks of an endpoint.
#[derive(Debug, Default)]
pub struct Verdict {
    checks: Vec<(String, Result<(), String>)>,
}

impl Health {
    /// The health of a process that has just started. A loop that gives no sign of life for `patience` is taken for dead.
    pub fn new(patience: Duration) -> Self {
        let pulse = Pulse { last: Instant::now(), allowed: patience };
        Self {
            shared: Arc::new(Shared {
                patience,
                pulse: Mutex::new(pulse),
                has_cycled: AtomicBool::new(false),
                caches: OnceLock::new(),
                leadership: OnceLock::new(),
            }),
        }
    }

    /// How long a loop may be silent that wakes up at every interval, and whose calls take no longer than `longest_call`.
    pub fn patience(interval: Duration, longest_call: Duration) -> Duration {
        LEAST_PATIENCE.max(interval.saturating_mul(INTERVALS)).saturating_add(longest_call)
    }

    /// The loop gets on. To be called whenever it wakes up, and before and after anything that may take long.
    pub fn beat(&self) {
        self.beat_for(self.shared.patience);
    }

    /// The loop gets on, and may now be silent for as long as this.
    pub fn beat_for(&self, allowed: Duration) {
        *self.shared.pulse.lock().unwrap_or_else(PoisonError::into_inner) =
            Pulse { last: Instant::now(), allowed };
    }

    /// A full cycle has ended, well or not.
    pub fn cycle_done(&self) {
        self.shared.has_cycled.store(true, Ordering::Relaxed);
        self.beat();
    }

    /// Makes readiness depend on these caches. The first call counts.
    pub fn watch_caches(&self, caches: &Caches) {
        // A second call would change nothing, as documented.
        let _ = self.shared.caches.set(caches.all().cloned().collect());
    }

    /// Makes readiness depend on the election. The first call counts.
    pub fn watch_leadership(&self, leadership: &Leadership) {
        // A second call would change nothing, as documented.
        let _ = self.shared.leadership.set(leadership.clone());
    }

    /// What `/healthz` says.
    pub fn liveness(&self, now: Instant) -> Verdict {
        let pulse = *self.shared.pulse.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = now.saturating_duration_since(pulse.last);
        let mut verdict = Verdict::default();
        verdict.note(
            "loop",
            match silent > pulse.allowed {
                false => Ok(()),
                true => Err(format!(
                    "no sign of life for {} s, {} s are allowed",
                    silent.as_secs(),
                    pulse.allowed.as_secs()
                )),
            },
        );
        verdict
    }

    /// What `/readyz` says.
    pub fn readiness(&self) -> Verdict {
        let mut verdict = Verdict::default();
        self.check_caches(&mut verdict);
        let role = self.check_leadership(&mut verdict);
        // Who stands by runs no cycles, and is ready to.
        if role == Role::Leader {
            let has_cycled = self.shared.has_cycled.load(Ordering::Relaxed);
            verdict.note("sync", if has_cycled { Ok(()) } else { Err("no cycle has ended yet".into()) });
        }
        verdict
    }

    fn check_caches(&self, verdict: &mut Verdict) {
        let Some(caches) = self.shared.caches.get() else {
            return verdict.note("caches", Err("not made yet".into()));
        };
        for cache in caches {
            let status = match cache.status() {
                CacheStatus::Synced => Ok(()),
                CacheStatus::Pending => Err("not listed yet".to_owned()),
                CacheStatus::Failing(reason) => Err(reason),
            };
            let scope = match cache.scope().namespace.as_str() {
                "" => String::new(),
                namespace => format!(" in namespace {namespace}"),
            };
            verdict.note(&format!("{}{scope}", cache.kind().resource_name()), status);
        }
    }

    fn check_leadership(&self, verdict: &mut Verdict) -> Role {
        let Some(leadership) = self.shared.leadership.get() else { return Role::Leader };
        if !leadership.is_elected() {
            return Role::Leader;
        }
        let standing = leadership.standing();
        let role = if leadership.is_leader() { Role::Leader } else { standing.role };
        verdict.note(
            "leadership",
            match (role, &standing.trouble) {
                (Role::Leader, _) | (Role::Standby, None) => Ok(()),
                (_, Some(trouble)) => Err(trouble.to_string()),
                (Role::Candidate, None) => Err("the lease has not been read yet".to_owned()),
            },
        );
        role
    }
}

impl Verdict {
    fn note(&mut self, name: &str, outcome: Result<(), String>) {
        self.checks.push((name.to_owned(), outcome));
    }

    /// Whether all is well.
    pub fn is_good(&self) -> bool {
        self.checks.iter().all(|(_, outcome)| outcome.is_ok())
    }

    /// One line per check, in the form of the Kubernetes API server.
    pub fn lines(&self, endpoint: &str) -> String {
        let mut text = String::new();
        for (name, outcome) in &self.checks {
            // Writing to a string cannot fail.
            let _ = match outcome {
                Ok(()) => writeln!(text, "[+]{name} ok"),
                Err(reason) => writeln!(text, "[-]{name} failed: {reason}"),
            };
        }
        let verdict = if self.is_good() { "passed" } else { "failed" };
        let _ = writeln!(text, "{endpoint} check {verdict}");
        text
    }
}

impl Observer for Health {
    fn started(&self) {
        self.beat();
    }

    fn ended(&self, _: &CycleReport) {
        self.cycle_done();
    }

    fn stands_by(&self) {
        self.beat();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube_object;
    use crate::sources::object::{Kind, Metadata};
    use crate::sources::store::{Cache, Retention, Scope};

    const SECOND: Duration = Duration::from_secs(1);

    #[derive(Debug, serde::Deserialize)]
    struct Thing {
        metadata: Metadata,
    }
    kube_object!(Thing);

    const INGRESS: Kind = Kind {
        group: "networking.k8s.io",
        version: "v1",
        api_version: "networking.k8s.io/v1",
        kind: "Ingress",
        plural: "ingresses",
        namespaced: true,
    };
    const NODE: Kind = Kind {
        group: "",
        version: "v1",
        api_version: "v1",
        kind: "Node",
        plural: "nodes",
        namespaced: false,
    };

    fn health_with_caches() -> (Health, Arc<Cache<Thing>>, Arc<Cache<Thing>>) {
        let mut caches = Caches::new(Retention::default());
        let scope = Scope { namespace: "shop".to_owned(), labels: String::new() };
        let (ingresses, nodes) = (caches.of(INGRESS, scope), caches.of(NODE, Scope::default()));
        let health = Health::new(SECOND * 120);
        health.watch_caches(&caches);
        (health, ingresses, nodes)
    }

    #[test]
    fn patience_grows_with_the_interval() {
        assert_eq!(Health::patience(SECOND, SECOND * 10), SECOND * 130);
        assert_eq!(Health::patience(SECOND * 3600, SECOND * 10), SECOND * 10_810);
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_falls_silent_is_dead_and_one_that_wakes_up_lives() {
        let health = Health::new(SECOND * 120);
        let after = |seconds| health.liveness(Instant::now() + SECOND * seconds);
        assert!(after(120).is_good());
        assert_eq!(
            after(131).lines("healthz"),
            "[-]loop failed: no sign of life for 131 s, 120 s are allowed\nhealthz check failed\n"
        );
        tokio::time::advance(SECOND * 125).await;
        assert!(!after(0).is_good());
        health.beat();
        assert_eq!(after(0).lines("healthz"), "[+]loop ok\nhealthz check passed\n");
        health.beat_for(SECOND * 600);
        assert!(after(600).is_good() && !after(601).is_good());
        health.cycle_done();
        assert!(!after(121).is_good());
    }

    #[tokio::test]
    async fn ready_is_who_has_read_everything_and_run_once() {
        assert_eq!(
            Health::new(SECOND).readiness().lines("readyz"),
            "[-]caches failed: not made yet\n[-]sync failed: no cycle has ended yet\nreadyz check failed\n"
        );
        let (health, ingresses, nodes) = health_with_caches();
        nodes.replace([]);
        let reason = "cannot list ingresses.networking.k8s.io: 403 Forbidden: no";
        ingresses.set_status(CacheStatus::Failing(reason.to_owned()));
        health.cycle_done();
        assert_eq!(
            health.readiness().lines("readyz"),
            format!(
                "[-]ingresses.networking.k8s.io in namespace shop failed: {reason}\n[+]nodes ok\n[+]sync ok\n\
                 readyz check failed\n"
            )
        );
        ingresses.replace([]);
        assert!(health.readiness().is_good());
    }

    #[tokio::test(start_paused = true)]
    async fn a_standby_is_ready_without_a_cycle_once_it_has_read_the_lease() {
        let (health, ingresses, nodes) = health_with_caches();
        ingresses.replace([]);
        let leadership = crate::sync::leadership::testing::standing(Role::Candidate, None);
        health.watch_leadership(&leadership);
        assert!(
            health
                .readiness()
                .lines("readyz")
                .contains("[-]leadership failed: the lease has not been read yet")
        );
        crate::sync::leadership::testing::set(&leadership, Role::Standby, None);
        assert!(health.readiness().lines("readyz").contains("[-]nodes failed: not listed yet"));
        nodes.replace([]);
        assert!(health.readiness().is_good(), "{}", health.readiness().lines("readyz"));
        crate::sync::leadership::testing::set(&leadership, Role::Standby, Some("403 Forbidden"));
        assert!(health.readiness().lines("readyz").contains("[-]leadership failed: 403 Forbidden"));
    }
}
