//! Every seed of `fuzz/seeds`, and every input that was once found to break something, through its target. So targets are built with
//! every test, and what was mended stays so. `fuzz/run` looks for more.

#[path = "../../fuzz/targets/mod.rs"]
mod targets;

use std::path::Path;

#[test]
fn seeds_and_what_was_found_pass() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (name, target) in targets::ALL {
        let folder = seeds.join(name);
        let files =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut count = 0;
        for file in files {
            let path = file.unwrap().path();
            println!("{}", path.display());
            target(&std::fs::read(&path).unwrap());
            count += 1;
        }
        assert!(count > 0, "{name} has no seeds");
    }
    for folder in std::fs::read_dir(&seeds).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        assert!(targets::ALL.iter().any(|(known, _)| *known == name), "{name} is the folder of no target");
    }
}

/// A cheap search of its own: seeds with one byte changed, cut or doubled.
#[test]
fn seeds_with_small_changes_pass() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (name, target) in targets::ALL {
        for file in std::fs::read_dir(seeds.join(name)).unwrap() {
            let seed = std::fs::read(file.unwrap().path()).unwrap();
            let step = (seed.len() / 16).max(1);
            for at in (0..seed.len()).step_by(step) {
                let mut changed = seed.clone();
                changed[at] ^= 0x15;
                target(&changed);
                target(&seed[..at]);
                target(&[&seed[..at], &seed[at.saturating_sub(step)..]].concat());
            }
        }
    }
}
