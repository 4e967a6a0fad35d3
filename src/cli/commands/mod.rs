//! What the subcommands do.

mod adopt;
mod approve;
mod carrying_out;
mod chores;
mod cleanup;
mod daemon;
mod explain;
mod lint;
mod looking;
mod output;
mod owners;
mod plan;
mod prepare;
mod rbac;
mod restore;
mod serve;
mod snapshot;
mod telling;

use super::{Command, Exit, parse};
use std::ffi::OsString;
use tokio_util::sync::CancellationToken;

/// Reads the command line, does what it says, and gives the exit status. `stop` ends the daemon.
pub async fn run(
    args: impl IntoIterator<Item = OsString>,
    env: &dyn Fn(&str) -> Option<String>,
    stop: CancellationToken,
) -> u8 {
    match parse(args.into_iter(), env) {
        Err(Exit { code, message, to_stdout }) => {
            output::message(&message, to_stdout);
            code
        }
        Ok(Command::Crds) => {
            let definitions = concat!(
                include_str!("../../crds/dnsendpoints.externaldns.k8s.io.yaml"),
                "---\n",
                include_str!("../../crds/dnsrecords.externaldns.k8s.io.yaml"),
            );
            u8::from(!output::text(definitions))
        }
        Ok(Command::Rbac(config, account)) => rbac::run(&config, &account),
        Ok(Command::Approve { hash, address }) => approve::run(hash.as_deref(), &address).await,
        Ok(Command::Lint(config, format)) => lint::run(&config, format, &stop).await,
        Ok(Command::Plan(config, options)) => plan::run(&config, options, &stop).await,
        Ok(Command::Explain(config, options)) => explain::run(&config, &options, &stop).await,
        Ok(Command::Owners(config, format)) => owners::run(&config, format, &stop).await,
        Ok(Command::Cleanup(config, options)) => cleanup::run(&config, &options, &stop).await,
        Ok(Command::Snapshot(config, options)) => snapshot::run(&config, &options, &stop).await,
        Ok(Command::Restore(config, options)) => restore::run(&config, &options, &stop).await,
        Ok(Command::Adopt(config, options)) => adopt::run(&config, &options, &stop).await,
        Ok(Command::Run(config)) => daemon::run(&config, stop).await,
    }
}
