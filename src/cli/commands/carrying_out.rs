//! What the subcommands have in common that change records: each is one run of the daemon, or a few.

use super::looking::{FAILED, Outcome};
use super::plan;
use super::prepare::{Prepared, approvals_were_met};
use crate::cli::Config;
use crate::telemetry::logs;
use std::collections::BTreeSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use zonewright_planner::{DnsName, ZoneId};
use zonewright_provider_kit::Zone;

const DONE: u8 = 0;

/// A record that owners share is left in two steps: first the targets go, then what was said of them.
const MOST_RUNS: usize = 3;

/// Starts the log of a subcommand that changes something.
pub(super) fn start_log(config: &Config) {
    logs::start(config.telemetry.log_format, config.telemetry.log_level);
    config.warnings.iter().for_each(|warning| warn!("{warning}"));
}

/// Runs until there is nothing left to do. `command` is what can be run again when something fails.
pub(super) async fn carry_out(prepared: &mut Prepared, command: &str, stop: &CancellationToken) -> Outcome {
    for _ in 0..MOST_RUNS {
        let report = prepared.daemon.cycle(stop).await;
        if stop.is_cancelled() {
            return Err(
                format!("ended by a signal before everything was done; {command} can be run again").into()
            );
        }
        approvals_were_met(&prepared.daemon.guard)?;
        if !report.succeeded() {
            error!("not everything could be done; {command} can be run again");
            return Ok(FAILED);
        }
        if !report.withheld.is_empty() {
            return Ok(plan::WITHHELD);
        }
        if report.planned == 0 {
            break;
        }
    }
    Ok(DONE)
}

/// The zones of these names or ids. A name may be that of several (split horizon).
pub(super) fn chosen(all: &[Zone], wanted: &[String]) -> Result<BTreeSet<ZoneId>, String> {
    let mut chosen = BTreeSet::new();
    for text in wanted {
        let name = DnsName::parse(text).ok();
        let is_it = |zone: &&Zone| zone.id.as_str() == text || (name.is_some() && zone.name == name);
        let before = chosen.len();
        chosen.extend(all.iter().filter(is_it).map(|zone| zone.id.clone()));
        if chosen.len() == before && !all.iter().any(|zone| is_it(&zone)) {
            let known: Vec<String> = all.iter().map(shown).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(format!("--zone={text}: the provider has no such zone; it has {known}"));
        }
    }
    Ok(chosen)
}

/// The same, and `None` where none are named: all of them.
pub(super) fn chosen_or_all(all: &[Zone], wanted: &[String]) -> Result<Option<BTreeSet<ZoneId>>, String> {
    if wanted.is_empty() { Ok(None) } else { chosen(all, wanted).map(Some) }
}

fn shown(zone: &Zone) -> String {
    match &zone.name {
        Some(name) if name.as_str() != zone.id.as_str() => format!("{name} ({})", zone.id),
        _ => zone.id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_chosen_by_name_or_id() {
        let zone = |id: &str, name: &str| Zone { id: ZoneId::new(id), name: DnsName::parse(name).ok() };
        let all = [zone("Z1", "example.org"), zone("Z2", "example.org"), zone("Z3", "example.net")];
        let ids = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
            chosen(&all, &wanted).map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(ids(&["Example.org."]).unwrap(), "Z1 Z2");
        assert_eq!(ids(&["Z3", "example.org", "Z1"]).unwrap(), "Z1 Z2 Z3");
        assert_eq!(
            ids(&["Z4"]).unwrap_err(),
            "--zone=Z4: the provider has no such zone; it has example.org (Z1), example.org (Z2), example.net (Z3)"
        );
    }
}
