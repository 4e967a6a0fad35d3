//! Several replicas, one of which writes.

use super::values;
use crate::sync::leadership::{JITTER, Timing};
use clap::Args;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(next_help_heading = "High availability")]
pub(super) struct LeadershipArgs {
    /// Elect one of several replicas by a Lease; the others keep their caches warm and write nothing
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    leader_elect: bool,
    /// Namespace of the Lease; without it the pod's own, and outside a cluster that of the kubeconfig's context
    #[arg(long, default_value = "", value_name = "NAMESPACE")]
    leader_election_namespace: String,
    /// Name of the Lease; without it zonewright- and the --txt-owner-id
    #[arg(long, default_value = "", value_name = "NAME")]
    leader_election_lease_name: String,
    /// For how long an unchanged Lease keeps the other replicas from taking over
    #[arg(long, default_value = "15s", value_parser = values::duration)]
    leader_election_lease_duration: Duration,
    /// For how long the leader writes after it began its last successful renewal
    #[arg(long, default_value = "10s", value_parser = values::duration)]
    leader_election_renew_deadline: Duration,
    /// Time between two attempts to have or keep the Lease
    #[arg(long, default_value = "2s", value_parser = values::duration)]
    leader_election_retry_period: Duration,
}

/// Settings of the election.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadershipConfig {
    /// Whether there is one.
    pub elect: bool,
    /// Namespace of the lease; `None` for that of the process.
    pub namespace: Option<String>,
    /// Name of the lease; `None` for one made of the owner id.
    pub lease_name: Option<String>,
    /// How long things may take.
    pub timing: Timing,
    /// The Pod's name, from `POD_NAME`; without it the machine's name is that of the replica.
    pub pod: Option<String>,
}

impl LeadershipArgs {
    pub(super) fn check(self) -> Result<LeadershipConfig, String> {
        let Self {
            leader_elect,
            leader_election_namespace,
            leader_election_lease_name,
            leader_election_lease_duration: lease,
            leader_election_renew_deadline: renew_deadline,
            leader_election_retry_period: retry,
        } = self;
        let timing = Timing { lease, renew_deadline, retry };
        if leader_elect {
            check_timing(&timing)?;
        }
        Ok(LeadershipConfig {
            elect: leader_elect,
            namespace: super::non_empty(leader_election_namespace),
            lease_name: super::non_empty(leader_election_lease_name),
            timing,
            pod: None,
        })
    }
}

/// The rules of client-go, which make it certain that a leader stops before another one starts; and a lease counts in seconds.
fn check_timing(timing: &Timing) -> Result<(), String> {
    let Timing { lease, renew_deadline, retry } = *timing;
    if retry.is_zero() {
        return Err("--leader-election-retry-period must be greater than 0".into());
    }
    if renew_deadline <= retry.mul_f64(JITTER) {
        return Err(format!(
            "--leader-election-renew-deadline={renew_deadline:?} must be greater than {JITTER} times \
             --leader-election-retry-period={retry:?}"
        ));
    }
    if lease <= renew_deadline {
        return Err(format!(
            "--leader-election-lease-duration={lease:?} must be greater than \
             --leader-election-renew-deadline={renew_deadline:?}"
        ));
    }
    if lease < Duration::from_secs(1) {
        return Err("--leader-election-lease-duration must be at least 1s".into());
    }
    Ok(())
}

impl LeadershipConfig {
    /// The name of the lease. It goes with the owner id, because two daemons with one owner id are replicas of each other.
    pub fn lease_name(&self, owner: &str) -> String {
        match &self.lease_name {
            Some(name) => name.clone(),
            None => default_lease_name(owner),
        }
    }
}

/// Names of objects are lower-case DNS names. An owner id that is none keeps what fits, and a hash that tells it from others.
fn default_lease_name(owner: &str) -> String {
    /// With the hash, less than the 253 characters that a name may have.
    const LONGEST: usize = 200;
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = owner.len() <= LONGEST
        && owner.bytes().all(|byte| is_alphanumeric(byte) || byte == b'-')
        && owner.bytes().last().is_some_and(is_alphanumeric);
    if fits {
        return format!("zonewright-{owner}");
    }
    let kept = owner.to_ascii_lowercase();
    let kept: String = kept
        .bytes()
        .map(|byte| if is_alphanumeric(byte) { char::from(byte) } else { '-' })
        .take(LONGEST)
        .collect();
    format!("zonewright-{kept}-{:08x}", fnv1a(owner))
}

/// FNV-1a: the same in every version of the program, unlike the hash of the standard library.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("default", "zonewright-default")]
    #[case("cluster-7", "zonewright-cluster-7")]
    #[case("Team_A", "zonewright-team-a-")]
    #[case("team_a", "zonewright-team-a-")]
    #[case("ends-", "zonewright-ends--")]
    #[case("", "zonewright--811c9dc5")]
    #[case("a.b", "zonewright-a-b-")]
    fn the_lease_is_named_after_the_owner(#[case] owner: &str, #[case] begins: &str) {
        let name = default_lease_name(owner);
        assert!(name.starts_with(begins), "{name}");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{name}");
    }

    #[test]
    fn owners_that_look_alike_have_leases_of_their_own() {
        let long = "x".repeat(300);
        let owners = ["team-a", "Team-A", "team_a", "team.a", "team-a-", &long, &long[1..]];
        let names: std::collections::BTreeSet<_> =
            owners.iter().map(|owner| default_lease_name(owner)).collect();
        assert_eq!(names.len(), owners.len());
        assert!(names.iter().all(|name| name.len() < 253));
    }

    #[rstest]
    #[case(15.0, 10.0, 2.0, None)]
    #[case(3.0, 2.0, 0.5, None)]
    #[case(10.0, 10.0, 2.0, Some("--leader-election-lease-duration=10s must be greater"))]
    #[case(15.0, 2.4, 2.0, Some("--leader-election-renew-deadline=2.4s must be greater than 1.2 times"))]
    #[case(15.0, 10.0, 0.0, Some("--leader-election-retry-period must be greater than 0"))]
    #[case(0.5, 0.4, 0.1, Some("--leader-election-lease-duration must be at least 1s"))]
    fn times_that_could_let_two_lead_are_refused(
        #[case] lease: f64,
        #[case] renew: f64,
        #[case] retry: f64,
        #[case] mistake: Option<&str>,
    ) {
        let [lease, renew_deadline, retry] = [lease, renew, retry].map(Duration::from_secs_f64);
        let checked = check_timing(&Timing { lease, renew_deadline, retry });
        match (checked, mistake) {
            (Ok(()), None) => {}
            (Err(message), Some(mistake)) => assert!(message.contains(mistake), "{message}"),
            (checked, _) => panic!("{checked:?}"),
        }
    }
}
