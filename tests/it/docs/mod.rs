//! The documentation, held against the program.
//!
//! Every page of `docs/`, and the READMEs of the root and of the chart, are read. The blocks of a page are typed in their order into one
//! shell, in a folder of its own that has `examples/` and `charts/`, with `zonewright`, `kubectl`, `helm` and `aws` on the path:
//!
//! ````text
//! ```sh                                 commands that are typed; status 0 or 2 (which is how `plan` says that there are changes)
//! ```text                               right after it: what they print. `...` alone on a line stands for any lines; times do not count
//! <!-- exits: 4 -->                     before a block of commands: the status that they have to end with
//! <!-- not run: needs a registry -->    before a block of commands: why it cannot be run here. The flags of `zonewright` in it are
//!                                       read by the program's own parser all the same
//! <!-- file: web.yaml -->               before any block: it is saved under this name
//! <!-- run: mkdir deploy -->            typed, and not shown
//! <!-- needs: cluster, webhook -->      once on a page, before its first block: what has to be there. `cluster` (an API server),
//!                                       `gateway-api` (its definitions), `aws` (moto), `dynamodb`, `webhook` (a webhook provider, as
//!                                       localhost:8888), `bind` and `knot` (with zone example.org, as ns1.example.org and
//!                                       ns2.example.org, and the secret of key zonewright in the environment). The daemon's own address, localhost:7979, is another port in truth
//! ````
//!
//! `PAGE=sources/service cargo test --test it docs::commands` tries pages with this in their name, and with `UPDATE_DOCS=1` writes what
//! was printed into them.

mod commands;
mod links;
mod page;
mod references;
mod sandbox;
mod site;
mod summary;

use page::root;
use std::path::{Path, PathBuf};

/// All pages, from the root of the repository.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "charts/zonewright/README.md"].map(PathBuf::from).into();
    files_below(Path::new("docs"), &mut |path| {
        pages.extend(path.extension().is_some_and(|kind| kind == "md").then_some(path))
    });
    pages.retain(|path| path != Path::new("docs/SUMMARY.md"));
    pages.sort();
    pages
}

/// Every file below a folder, both from the root of the repository.
fn files_below(folder: &Path, take: &mut impl FnMut(PathBuf)) {
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() { files_below(&path, take) } else { take(path) }
    }
}

/// Fails with all of them, if there are any.
fn problems(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems\n\n{}", problems.len(), problems.join("\n\n"));
}
