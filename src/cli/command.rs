//! What the program can be asked to do.

use super::{AdoptOptions, ColorChoice, Config, PlanFormat, ReportFormat, RestoreOptions, SnapshotOptions};
use crate::kubernetes::DeploymentName;
use crate::kubernetes::permissions::ServiceAccount;
use zonewright_planner::DnsName;

/// What the program is to do.
#[derive(Debug)]
pub enum Command {
    /// Run the daemon (which with `--once` ends by itself).
    Run(Box<Config>),
    /// Show what a run would change.
    Plan(Box<Config>, PlanOptions),
    /// Say why a name is, or is not, published.
    Explain(Box<Config>, ExplainOptions),
    /// Let through what the delete guard of a running daemon withholds, or say what that is.
    Approve {
        /// What is approved; `None` to say what could be.
        hash: Option<String>,
        /// Where the daemon serves metrics.
        address: String,
    },
    /// Say who owns how many records.
    Owners(Box<Config>, ReportFormat),
    /// Delete the records of an owner that is gone, or show that.
    Cleanup(Box<Config>, CleanupOptions),
    /// Write down what the zones hold.
    Snapshot(Box<Config>, SnapshotOptions),
    /// Make the zones hold again what a snapshot says, or show that.
    Restore(Box<Config>, RestoreOptions),
    /// Take records that were made without us into our ownership, or show that.
    Adopt(Box<Config>, AdoptOptions),
    /// Look for mistakes in manifests.
    Lint(Box<Config>, ReportFormat),
    /// Print the roles that a daemon with these flags needs.
    Rbac(Box<Config>, ServiceAccount),
    /// Print the custom resource definitions.
    Crds,
}

/// How `plan` shows its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanOptions {
    /// In which form.
    pub format: PlanFormat,
    /// Whether in colour.
    pub color: ColorChoice,
}

/// What `cleanup` deletes, and how it shows that. The owner is that of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanupOptions {
    /// Names or ids of zones; empty for all.
    pub zones: Vec<String>,
    /// What has to be stopped first.
    pub stop_deployment: Option<DeploymentName>,
    /// How it is shown.
    pub plan: PlanOptions,
}

/// What `explain` explains, and how it shows that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainOptions {
    /// The name.
    pub name: DnsName,
    /// In which form.
    pub format: ReportFormat,
    /// Whether in colour.
    pub color: ColorChoice,
}
