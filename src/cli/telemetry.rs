//! Logs and metrics.

use super::names::{LogFormat, LogLevel};
use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Metrics and logs")]
pub(super) struct TelemetryArgs {
    /// How log lines look
    #[arg(long, default_value = "text")]
    log_format: LogFormat,
    /// The least important log lines that are written
    #[arg(long, default_value = "info")]
    log_level: LogLevel,
    /// Where metrics and health are served
    #[arg(long, default_value = ":7979", value_name = "[HOST]:PORT")]
    metrics_address: String,
}

/// What is told about the running program, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryConfig {
    /// How log lines look.
    pub log_format: LogFormat,
    /// The least important log lines that are written.
    pub log_level: LogLevel,
    /// `host:port`; without a host on every address.
    pub metrics_address: String,
}

impl TelemetryArgs {
    pub(super) fn check(self) -> TelemetryConfig {
        let Self { log_format, log_level, metrics_address } = self;
        TelemetryConfig { log_format, log_level, metrics_address }
    }
}
