//! The figures as a Markdown table: one row each, one column for each daemon.

use crate::measure::{Burst, Figures};
use crate::provider::Calls;
use std::time::Duration;

/// The table of one size.
pub fn table(title: &str, columns: &[Figures]) -> String {
    let mut text = format!("## {title}\n\n|");
    for cell in std::iter::once("").chain(columns.iter().map(|column| &*column.name)) {
        text.push_str(&format!(" {cell} |"));
    }
    text.push_str(&format!("\n|---|{}\n", "---:|".repeat(columns.len())));
    for (name, figure) in ROWS {
        let cells: Vec<Option<String>> = columns.iter().map(figure).collect();
        if cells.iter().any(Option::is_some) {
            let cells: Vec<String> = cells.into_iter().map(Option::unwrap_or_default).collect();
            text.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
        }
    }
    text
}

type Figure = fn(&Figures) -> Option<String>;

const ROWS: [(&str, Figure); 14] = [
    ("start to converged", |f| Some(seconds(f.converged))),
    ("CPU for that", |f| Some(seconds(f.start_cpu))),
    ("calls for that", |f| Some(calls(f.start_calls))),
    ("peak memory up to there", |f| Some(mebibytes(f.start_memory))),
    ("idle CPU", |f| f.idle.map(|share| format!("{:.2} % of a core", share * 100.0))),
    ("one change, median", |f| median(&f.latencies).map(milliseconds)),
    ("one change, worst", |f| f.latencies.iter().copied().reduce(f64::max).map(milliseconds)),
    ("one change at a bare watch, median", |f| median(&f.watch_latencies).map(milliseconds)),
    ("calls for one change", |f| usual(&f.change_calls)),
    ("burst, as fast as the API server takes it", |f| f.burst.as_ref().map(burst)),
    ("burst, all at once", |f| f.burst_at_once.as_ref().map(burst)),
    ("peak memory over all", |f| Some(mebibytes(f.memory))),
    ("restart with nothing to do: CPU", |f| Some(seconds(f.restart_cpu))),
    ("restart with nothing to do: peak memory", |f| Some(mebibytes(f.restart_memory))),
];

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1000.0)
}

fn mebibytes(size: f64) -> String {
    format!("{size:.1} MiB")
}

fn calls(calls: Calls) -> String {
    let adjusts = if calls.adjusts > 0 { format!("{} adjust, ", calls.adjusts) } else { String::new() };
    format!("{} list, {adjusts}{} write", calls.lists, calls.writes)
}

fn burst(burst: &Burst) -> String {
    format!(
        "{:.2} s after {:.2} s of changes; {}",
        burst.converged.as_secs_f64(),
        burst.changing.as_secs_f64(),
        calls(burst.calls)
    )
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

/// What most changes took.
fn usual(all: &[Calls]) -> Option<String> {
    let often = |wanted: &&Calls| all.iter().filter(|other| other == wanted).count();
    all.iter().max_by_key(often).map(|usual| {
        let share = often(&usual) * 100 / all.len().max(1);
        format!("{} ({share} % of them)", calls(*usual))
    })
}
