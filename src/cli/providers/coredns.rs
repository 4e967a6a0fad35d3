//! Providers `coredns` and `skydns` (etcd).

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider coredns, skydns")]
pub(in crate::cli) struct CoreDnsArgs {
    /// Path in etcd below which records lie
    #[arg(long, default_value = "/skydns/", value_name = "PATH")]
    coredns_prefix: String,
    /// Keep the owner inside each entry, and look only at our own entries
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    coredns_strictly_owned: bool,
}

/// Settings of CoreDNS with etcd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreDnsConfig {
    /// Path in etcd below which records lie.
    pub prefix: String,
    /// Whether the owner is kept inside each entry.
    pub strictly_owned: bool,
}

impl CoreDnsArgs {
    pub(super) fn check(self) -> CoreDnsConfig {
        let Self { coredns_prefix, coredns_strictly_owned } = self;
        CoreDnsConfig { prefix: coredns_prefix, strictly_owned: coredns_strictly_owned }
    }
}
