//! What a double and moto answer differently, written down word by word.

use std::path::Path;

/// A claim about the service, what the double answers, and what moto answers.
pub type Difference = (&'static str, String, String);

/// Holds the differences against those in the file beside this one. `UPDATE_DIFFERENCES=1` writes it anew.
pub fn hold_against(file: &str, found: &[Difference]) {
    let same: Vec<_> =
        found.iter().filter(|(_, ours, theirs)| ours == theirs).map(|(name, ..)| name).collect();
    assert!(same.is_empty(), "moto has learnt this, so that it is common ground now: {same:?}");
    let report: String = found
        .iter()
        .map(|(name, ours, theirs)| {
            format!("{name}\n  double\n{}  moto\n{}\n", indented(ours), indented(theirs))
        })
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(file);
    if std::env::var_os("UPDATE_DIFFERENCES").is_some() {
        std::fs::write(&path, &report).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(report, known, "not what {file} says; UPDATE_DIFFERENCES=1 writes it anew");
}

fn indented(lines: &str) -> String {
    lines.lines().filter(|line| !line.is_empty()).map(|line| format!("    {}\n", line.trim_end())).collect()
}
