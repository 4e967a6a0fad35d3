//! Any number of DNS daemons side by side: against the same real API server and the same neutral provider, one after the other,
//! with the same flags. `benches/side-by-side` runs it; `docs/performance.md` says what is measured and what came out.
//!
//! ```text
//! API server full of objects ──> daemon ──> provider in memory (webhook, or the Route 53 double)
//!        ▲                                       │
//!        └── changes ── this program <── arrivals ┘     the clock of both ends is the same
//! ```

mod arguments;
mod cluster;
mod daemon;
mod measure;
mod pods;
mod provider;
mod table;

use arguments::Arguments;
use clap::Parser;
use cluster::Cluster;
use std::io::Write;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut cluster = Cluster::start(arguments.kind).await?;
    if arguments.pods > 0 {
        tell(&format!("adding {} Pods", arguments.pods));
        cluster.add_pods(arguments.pods, arguments.headless).await?;
    }
    let mut sizes = arguments.sizes.clone();
    // Filled further from size to size: filling is what takes longest.
    sizes.sort_unstable();
    for size in sizes {
        tell(&format!("filling the API server: {size} objects"));
        cluster.fill(size).await?;
        let mut columns = Vec::new();
        for candidate in &arguments.daemons {
            tell(&format!("measuring {} with {size} objects", candidate.name));
            columns.push(measure::measure(&arguments, candidate, &mut cluster).await?);
        }
        let title =
            format!("{size} objects ({}), --interval={}", arguments.kind.source(), arguments.interval);
        writeln!(std::io::stdout(), "{}", table::table(&title, &columns))?;
    }
    Ok(())
}

/// Progress goes beside the tables, so that these can be kept.
fn tell(what: &str) {
    // Nobody to tell is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{what}");
}
