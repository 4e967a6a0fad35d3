//! The daemon's entry point: signals in, exit status out.

use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Exit status of a process that ends because of a signal it got twice, as shells report SIGINT.
const INTERRUPTED: i32 = 130;

#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    let stop = CancellationToken::new();
    if let (Ok(terminate), Ok(interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    {
        tokio::spawn(stop_on_signals(stop.clone(), terminate, interrupt));
    }
    // Passing over what is not UTF-8 would ignore a setting in silence; spelled like this it is refused, or seen.
    let env = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    ExitCode::from(zonewright::cli::run(std::env::args_os(), &env, stop).await)
}

/// The first signal asks for a graceful end, the second one ends the process at once.
async fn stop_on_signals(stop: CancellationToken, mut terminate: Signal, mut interrupt: Signal) {
    for attempt in 1.. {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if attempt > 1 {
            std::process::exit(INTERRUPTED);
        }
        stop.cancel();
    }
}
