//! The whole program under faults: killed at any moment, with an API server, a provider and a lease that fail in every way
//! we know, and a [`judge`](judge::Judge) who looks at the zone after every write.
//!
//! ```text
//! Model ── objects ──> API server ──> ApiProxy (faults) ──> daemon(s) ──> WebhookStandIn (faults) ──> Judge
//! ```
//!
//! The normal test run has the short form; `tests/faults --long` runs the long one. What happens is random and follows
//! from a seed that is printed; when it happens also depends on the machine.

mod judge;
mod model;
mod outages;
mod random;
mod replicas;
mod storm;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How much is done.
struct Size {
    is_long: bool,
    seed: u64,
}

impl Size {
    fn from_environment() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let seed = variable("FAULTS_SEED").map(|seed| seed.parse().expect("FAULTS_SEED is a number"));
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        Self { is_long: variable("FAULTS").as_deref() == Some("long"), seed: seed.unwrap_or_else(now) }
    }

    fn of<T>(&self, short: T, long: T) -> T {
        if self.is_long { long } else { short }
    }

    /// Until when what must come about has to: longer than any back-off of the daemon.
    fn patience(&self) -> Duration {
        Duration::from_secs(120)
    }
}

/// Prints what a scenario came to, so that it can be compared.
fn report(scenario: &str, size: &Size, took: Duration, counts: &[(&str, String)]) {
    let counts: Vec<String> = counts.iter().map(|(what, count)| format!("{what}: {count}")).collect();
    eprintln!(
        "faults: {scenario}, seed {}, {:.0} s\n  {}",
        size.seed,
        took.as_secs_f64(),
        counts.join("\n  ")
    );
}
