//! `zonewright explain`: why a name is, or is not, published.

mod kept_out;

use super::looking::{FAILED, Outcome, look};
use super::output;
use super::prepare::{Prepared, prepare};
use crate::cli::explain_output;
use crate::cli::{Config, ExplainOptions, ReportFormat};
use crate::status::explain::{Explanation, Findings, Verdict, explain};
use crate::status::{Clock, Scene};
use crate::sync::World;
use crate::sync::board::Notes;
use std::time::SystemTime;
use tokio_util::sync::CancellationToken;
use zonewright_planner::DnsName;

/// Names like the one in question that are shown.
const SIMILAR: usize = 5;

pub(super) async fn run(config: &Config, options: &ExplainOptions, stop: &CancellationToken) -> u8 {
    look(config, stop, answer(config, options, stop)).await
}

async fn answer(config: &Config, options: &ExplainOptions, stop: &CancellationToken) -> Outcome {
    let mut prepared = prepare(config, false, None, stop).await?;
    prepared.settle(true).await;
    let (report, world) = prepared.daemon.preview().await.map_err(|failure| failure.to_string())?;
    let mut notes = Notes::default();
    notes.note(&report, &prepared.daemon.faults, SystemTime::now());
    let findings = find(config, &prepared, &options.name).await?;
    let mut explanation = shown(config, &prepared, &options.name, (&world, &notes), &findings);
    explanation.incomplete.extend(prepared.manifest_problems.iter().map(|what| format!("manifests: {what}")));
    let written = match options.format {
        ReportFormat::Text => output::coloured(&explain_output::text(&explanation), options.color),
        ReportFormat::Json => output::text(&explain_output::json(&explanation)),
    };
    Ok(match written && explanation.incomplete.is_empty() {
        true => code(explanation.verdict),
        false => FAILED,
    })
}

fn shown(
    config: &Config,
    prepared: &Prepared,
    name: &DnsName,
    (world, notes): (&World, &Notes),
    findings: &Findings,
) -> Explanation {
    let rules = prepared.rules(config);
    let sources = prepared.daemon.wishes().status();
    let scene = Scene { world, notes, sources: &sources, rules: &rules, standing: None, clock: Clock::now() };
    explain(scene, name, findings)
}

/// Asks the sources, and where nobody asks for the name, looks at what comes near.
async fn find(
    config: &Config,
    prepared: &Prepared,
    name: &DnsName,
) -> Result<Findings, crate::wiring::StartError> {
    let wishes = prepared.daemon.wishes();
    let asked = wishes.at(name);
    if asked.objects.iter().any(|asking| !asking.endpoints.is_empty()) {
        return Ok(Findings { asked, ..Findings::default() });
    }
    let similar = wishes.similar_to(name, SIMILAR);
    let known = asked.objects.iter().map(|asking| asking.object.to_string()).collect();
    let filtered = kept_out::find(config, prepared, name, &known).await?;
    Ok(Findings { asked, similar, filtered })
}

/// The exit status. The same numbers as those of `plan` mean the same.
fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Published => 0,
        Verdict::Changes => 2,
        Verdict::Withheld => 3,
        Verdict::LeftAlone | Verdict::NotAskedFor => 4,
    }
}
