//! `docs/SUMMARY.md`, the contents of the site, made from the pages: `UPDATE_DOCS=1 cargo test --test it docs::summary`.

use super::page::{Page, root};
use super::{pages, problems};
use std::fmt::Write;
use std::path::PathBuf;

/// Parts with their folder, and which pages come first; the others follow by their titles.
const PARTS: [(&str, &str, &[&str]); 9] = [
    ("", "", &["introduction", "quick-start", "migrating", "differences"]),
    (
        "Concepts",
        "concepts",
        &[
            "overview",
            "ownership",
            "policies",
            "hold",
            "delete-guard",
            "shared-names",
            "incremental-sync",
            "tenancy",
        ],
    ),
    (
        "Guides",
        "guides",
        &["helm", "image", "preview-in-ci", "high-availability", "observability", "troubleshooting"],
    ),
    ("Sources", "sources", &["overview", "service", "ingress", "gateway", "crd", "node", "pod", "fake"]),
    ("Providers", "providers", &["overview", "aws", "azure", "cloudflare", "rfc2136", "webhook", "inmemory"]),
    ("Registries", "registries", &["overview", "txt", "dynamodb", "aws-sd", "noop"]),
    ("Reference", "reference", &["flags", "environment", "annotations", "plan", "codes", "metrics", "rbac"]),
    ("Security", "security", &["model", "hardening"]),
    ("Contributing", "contributing", &["architecture", "add-a-source", "add-a-provider"]),
];

/// Pages of the root folder that stand at the end.
const LAST: (&str, [&str; 2]) = ("Promises", ["safety", "performance"]);

fn entries(pages: &[Page], folder: &str) -> Vec<(String, String)> {
    let base = PathBuf::from("docs").join(folder);
    let inside = pages.iter().filter(|page| page.path.parent() == Some(&base));
    let mut entries: Vec<_> = inside
        .map(|page| {
            let stem = page.path.file_stem().unwrap().to_str().unwrap().to_owned();
            (stem, page.title.replace('`', ""))
        })
        .collect();
    entries.sort_by(|a, b| a.1.cmp(&b.1));
    entries
}

fn summary() -> String {
    let pages: Vec<Page> = pages().iter().map(|path| Page::read(path)).collect();
    let mut text = "# Summary\n\n<!-- Made from the pages; run `UPDATE_DOCS=1 cargo test --test it docs::summary` after a change. -->\n".to_owned();
    let line = |text: &mut String, folder: &str, (stem, title): &(String, String), bullet: &str| {
        let path = if folder.is_empty() { format!("{stem}.md") } else { format!("{folder}/{stem}.md") };
        writeln!(text, "{bullet}[{title}]({path})").unwrap();
    };
    for (part, folder, first) in PARTS {
        let mut entries = entries(&pages, folder);
        entries.retain(|(stem, _)| !folder.is_empty() || !LAST.1.contains(&stem.as_str()));
        let place = |stem: &str| first.iter().position(|other| *other == stem).unwrap_or(first.len());
        entries.sort_by_key(|(stem, _)| place(stem));
        if entries.is_empty() {
            continue;
        }
        if part.is_empty() {
            text.push('\n');
        } else {
            write!(text, "\n# {part}\n\n").unwrap();
        }
        let bullet = if part.is_empty() { "" } else { "- " };
        entries.iter().for_each(|entry| line(&mut text, folder, entry, bullet));
    }
    write!(text, "\n# {}\n\n", LAST.0).unwrap();
    let last = entries(&pages, "").into_iter().filter(|(stem, _)| LAST.1.contains(&stem.as_str()));
    last.for_each(|entry| line(&mut text, "", &entry, "- "));
    text
}

#[test]
fn the_contents_have_every_page() {
    let (path, text) = (root().join("docs/SUMMARY.md"), summary());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == text,
        "docs/SUMMARY.md is stale; run UPDATE_DOCS=1 cargo test --test it docs::summary"
    );
}

#[test]
fn every_page_has_one_title() {
    let pages: Vec<Page> = pages().iter().map(|path| Page::read(path)).collect();
    let untitled = pages.iter().filter(|page| page.title.is_empty()).map(Page::name);
    problems(&untitled.map(|name| format!("{name} has no title")).collect::<Vec<_>>());
}
