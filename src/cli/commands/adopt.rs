//! `zonewright adopt`: records that were made without us become ours as they are.

use super::carrying_out::{carry_out, chosen_or_all, start_log};
use super::looking::{FAILED, Outcome, look, status};
use super::output;
use super::plan;
use super::prepare::prepare;
use crate::adoption::{Adoption, Pattern, parse_list};
use crate::cli::{AdoptOptions, Config, RegistryName};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use zonewright_planner::Owner;

pub(super) async fn run(config: &Config, options: &AdoptOptions, stop: &CancellationToken) -> u8 {
    let work = adopt(config, options, stop);
    if config.schedule.dry_run {
        return look(config, stop, work).await;
    }
    start_log(config);
    status(work.await)
}

async fn adopt(config: &Config, options: &AdoptOptions, stop: &CancellationToken) -> Outcome {
    match config.registry.name {
        RegistryName::Noop => {
            return Err("--registry=noop: there nobody owns a record, and all are in our care anyway".into());
        }
        RegistryName::AwsSd => {
            return Err("--registry=aws-sd: it is the service that has an owner in AWS Cloud Map, and to adopt one its description \
                        would have to be changed; do that there"
                .into());
        }
        _ => {}
    }
    let mut patterns = options.patterns.clone();
    for path in &options.files {
        patterns.extend(read_list(path).map_err(|error| format!("--from={}: {error}", path.display()))?);
    }
    if patterns.is_empty() {
        return Err("there is no name to adopt: zonewright adopt NAME|PATTERN..., or --from=FILE".into());
    }
    let dry_run = config.schedule.dry_run;
    let mut prepared = prepare(config, !dry_run, None, stop).await?;
    prepared.settle(true).await;
    let zones = prepared.daemon.pipeline.reader.zones().await?;
    let adoption = Arc::new(Adoption {
        patterns,
        from: options.from_owner.as_deref().and_then(Owner::new),
        zones: chosen_or_all(&zones, &options.zones)?,
        found: Default::default(),
    });
    prepared.daemon.errand = Some(adoption.clone());
    let code = match dry_run {
        true => plan::show(&mut prepared, options.plan).await?,
        false => carry_out(&mut prepared, "adopt", stop).await?,
    };
    let found = adoption.found();
    if !found.unmatched.is_empty() {
        let names = found.unmatched.join(", ");
        return Err(format!("nothing is adopted, because no record is called {names}").into());
    }
    if found.ours > 0 && code != FAILED {
        let owner = &config.registry.owner;
        let what = if found.ours == 1 { "record set belongs" } else { "record sets belong" };
        output::message(&format!("{} {what} to owner {owner:?} already", found.ours), false);
    }
    if dry_run && found.adopted > 0 {
        let owner = &config.registry.owner;
        output::message(
            &format!(
                "note: what no object asks for, a daemon with --txt-owner-id={owner} and --policy=sync deletes once it owns it; \
                 `zonewright plan` shows that after the adoption"
            ),
            false,
        );
    }
    Ok(code)
}

fn read_list(path: &Path) -> Result<Vec<Pattern>, String> {
    let text = match path == Path::new("-") {
        true => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        }
        false => std::fs::read_to_string(path),
    };
    parse_list(&text.map_err(|error| error.to_string())?)
}
