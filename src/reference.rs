//! Pages of `docs/reference` that are made from the program itself. `UPDATE_DOCS=1 cargo test --lib reference` writes them anew.

/// What every page says below its title.
pub(crate) const GENERATED: &str =
    "<!-- Generated from the program; run `UPDATE_DOCS=1 cargo test --lib reference` after a change. -->";

/// Holds a page against what it has to be.
pub(crate) fn hold(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == text, "docs/reference/{name} is stale; run UPDATE_DOCS=1 cargo test --lib reference");
}
