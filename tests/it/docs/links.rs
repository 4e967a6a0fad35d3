//! Links: from pages to pages and files, and from the program, the chart and the tests to pages.

use super::page::{Page, root};
use super::{files_below, pages, problems};
use regex::Regex;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Pages beside those whose commands are typed.
const OTHERS: [&str; 5] = [
    "CHANGELOG.md",
    "benches/README.md",
    "docs/SUMMARY.md",
    "tests/conformance/README.md",
    "tests/setup/README.md",
];

/// Where texts are that name pages of ours.
const FOLDERS: [&str; 11] = [
    "benches",
    "charts",
    "docs",
    "examples",
    "planner",
    "providers",
    "registry",
    "src",
    "testing",
    "tests",
    ".ci",
];

/// The path without `..` and `.`; `None` where it leaves the repository.
fn normal(path: &Path) -> Option<PathBuf> {
    path.components().try_fold(PathBuf::new(), |mut normal, component| match component {
        Component::ParentDir => normal.pop().then_some(normal),
        Component::CurDir => Some(normal),
        other => {
            normal.push(other);
            Some(normal)
        }
    })
}

/// Anchors of pages, read once each.
#[derive(Default)]
struct Anchors(BTreeMap<PathBuf, Vec<String>>);

impl Anchors {
    /// What is wrong with a link to this place, from the root of the repository.
    fn problem(&mut self, path: &Path, anchor: Option<&str>) -> Option<String> {
        if !root().join(path).exists() {
            return Some(format!("there is no {}", path.display()));
        }
        let anchor = anchor.filter(|_| path.extension().is_some_and(|kind| kind == "md"))?;
        let anchors = self.0.entry(path.to_owned()).or_insert_with(|| Page::read(path).anchors);
        (!anchors.iter().any(|other| other == anchor))
            .then(|| format!("{} has no heading for #{anchor}", path.display()))
    }
}

#[test]
fn every_link_leads_somewhere() {
    let (mut anchors, mut found, mut count) = (Anchors::default(), Vec::new(), 0);
    for path in pages().into_iter().chain(OTHERS.map(PathBuf::from)) {
        let page = Page::read(&path);
        for (line, link) in &page.links {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            count += 1;
            let (file, anchor) =
                link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let target = match file {
                "" => Some(path.clone()),
                _ => normal(&path.parent().unwrap().join(file)),
            };
            let problem = match target {
                Some(target) => anchors.problem(&target, anchor),
                None => Some("it leaves the repository".to_owned()),
            };
            found.extend(problem.map(|what| format!("{}:{}: {link}: {what}", page.name(), line + 1)));
        }
    }
    problems(&found);
    assert!(count > 100, "{count}");
}

#[test]
fn every_page_that_the_program_names_is_there() {
    let named = Regex::new(r"\bdocs/[A-Za-z0-9_./-]*\.(?:md|json|svg)(?:#[a-z0-9_-]+)?").unwrap();
    let (mut anchors, mut found, mut count) = (Anchors::default(), Vec::new(), 0);
    let mut look = |path: PathBuf| {
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { return };
        for (number, line) in text.lines().enumerate() {
            // That program has pages, too.
            let is_theirs = ["ExternalDNS", "external-dns/", "v0.22", "upstream", "://"]
                .iter()
                .any(|word| line.contains(word));
            for name in named.find_iter(line).map(|name| name.as_str()).filter(|_| !is_theirs) {
                count += 1;
                let (file, anchor) =
                    name.split_once('#').map_or((name, None), |(file, anchor)| (file, Some(anchor)));
                let problem = anchors.problem(Path::new(file), anchor);
                found.extend(problem.map(|what| format!("{}:{}: {what}", path.display(), number + 1)));
            }
        }
    };
    FOLDERS.iter().for_each(|folder| files_below(Path::new(folder), &mut look));
    let files = ["Cargo.toml", "deny.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    files.into_iter().for_each(|file| look(file.into()));
    problems(&found);
    assert!(count > 20, "{count}");
}
