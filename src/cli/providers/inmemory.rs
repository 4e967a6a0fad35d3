//! Provider `inmemory`, for trying things out.

use crate::cli::filters;
use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider inmemory")]
pub(in crate::cli) struct InMemoryArgs {
    /// Zone that it holds (repeatable)
    #[arg(long, value_name = "ZONE")]
    inmemory_zone: Vec<String>,
}

/// Settings of provider inmemory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InMemoryConfig {
    /// The zones that it holds.
    pub zones: Vec<String>,
}

impl InMemoryArgs {
    pub(super) fn check(self) -> Result<InMemoryConfig, String> {
        let Self { inmemory_zone } = self;
        Ok(InMemoryConfig { zones: filters::domains("inmemory-zone", inmemory_zone)? })
    }
}
