//! The flags of each form: its own, and those that all share.

use super::flags::Flags;
use super::{ColorChoice, PlanFormat, ReportFormat, rbac, values};
use crate::kubernetes::DeploymentName;
use crate::kubernetes::permissions::ServiceAccount;
use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "zonewright", disable_help_flag = true, disable_version_flag = true)]
pub(super) struct DaemonArgs {
    #[command(flatten)]
    pub(super) flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright plan", disable_help_flag = true, disable_version_flag = true)]
pub(super) struct PlanArgs {
    /// Form of the result; -o for short
    #[arg(long, default_value = "text", value_name = "FORM", help_heading = "Preview")]
    pub(super) output: PlanFormat,
    /// Whether the result is coloured; auto for on a terminal
    #[arg(long, default_value = "auto", value_name = "WHEN", help_heading = "Preview")]
    pub(super) color: ColorChoice,
    #[command(flatten)]
    pub(super) flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright explain", disable_help_flag = true, disable_version_flag = true)]
pub(super) struct ExplainArgs {
    /// Form of the answer; -o for short
    #[arg(long, default_value = "text", value_name = "FORM", help_heading = "Answer")]
    pub(super) output: ReportFormat,
    /// Whether the answer is coloured; auto for on a terminal
    #[arg(long, default_value = "auto", value_name = "WHEN", help_heading = "Answer")]
    pub(super) color: ColorChoice,
    #[command(flatten)]
    pub(super) flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright owners", disable_help_flag = true, disable_version_flag = true)]
pub(super) struct OwnersArgs {
    /// Form of the answer; -o for short
    #[arg(long, default_value = "text", value_name = "FORM", help_heading = "Answer")]
    pub(super) output: ReportFormat,
    #[command(flatten)]
    pub(super) flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright cleanup", disable_help_flag = true, disable_version_flag = true)]
pub(super) struct CleanupArgs {
    /// Whose records are deleted; --txt-owner-id does not count here
    #[arg(long, default_value = "", value_name = "OWNER", help_heading = "Cleanup")]
    pub(super) owner: String,
    /// Only in the zone of this name or provider's id (repeatable)
    #[arg(long, value_name = "ZONE", help_heading = "Cleanup")]
    pub(super) zone: Vec<String>,
    /// First scale this Deployment to zero and wait until none of its Pods is left: the owner's daemon
    #[arg(long, value_parser = deployment, value_name = "[NAMESPACE/]NAME", help_heading = "Cleanup")]
    pub(super) stop_deployment: Option<DeploymentName>,
    /// Form of the plan that is shown; -o for short
    #[arg(long, default_value = "text", value_name = "FORM", help_heading = "Cleanup")]
    pub(super) output: PlanFormat,
    /// Whether it is coloured; auto for on a terminal
    #[arg(long, default_value = "auto", value_name = "WHEN", help_heading = "Cleanup")]
    pub(super) color: ColorChoice,
    #[command(flatten)]
    pub(super) flags: Flags,
}

fn deployment(text: &str) -> Result<DeploymentName, String> {
    values::object_name(text).map(|(namespace, name)| DeploymentName { namespace, name })
}

#[derive(Debug, Parser)]
#[command(name = "zonewright approve", disable_help_flag = true, disable_version_flag = true)]
pub(super) struct ApproveArgs {
    /// The --metrics-address of the daemon, which takes approvals only from its own machine or Pod
    #[arg(long, default_value = "127.0.0.1:7979", value_name = "[HOST]:PORT", help_heading = "Approval")]
    pub(super) address: String,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright lint", disable_help_flag = true, disable_version_flag = true)]
pub(super) struct LintArgs {
    /// Form of the result; -o for short
    #[arg(long, default_value = "text", value_name = "FORM", help_heading = "Check")]
    pub(super) output: ReportFormat,
    #[command(flatten)]
    pub(super) flags: Flags,
}

#[derive(Debug, Parser)]
#[command(name = "zonewright rbac", disable_help_flag = true, disable_version_flag = true)]
pub(super) struct RbacArgs {
    /// The service account of the daemon; the roles are called like it
    #[arg(long, default_value = "zonewright/zonewright", value_parser = rbac::service_account, value_name = "NAMESPACE/NAME",
        help_heading = "Roles")]
    pub(super) service_account: ServiceAccount,
    #[command(flatten)]
    pub(super) flags: Flags,
}
