//! One program for all targets: `FUZZ_TARGET` says which. `fuzz/run` sets it.

#![no_main]

mod targets;

use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;
use targets::Target;

static TARGET: OnceLock<Target> = OnceLock::new();

fuzz_target!(
    init: {
        let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let known = targets::ALL.iter().find(|(name, _)| *name == wanted);
        let (_, target) = known.expect("FUZZ_TARGET has to name a target");
        let _ = TARGET.set(*target);
    },
    |data: &[u8]| TARGET.get().expect("set above")(data)
);
