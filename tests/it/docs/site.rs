//! The site as mdBook has built it, in `target/book`.

use super::page::root;
use super::{files_below, problems};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

#[test]
#[ignore = "needs the site; tests/docs builds it and runs this"]
fn every_link_of_the_site_leads_somewhere() {
    let link = Regex::new(r#"(?:href|src)="([^"]+)""#).unwrap();
    let anchor = Regex::new(r#"\bid="([^"]+)""#).unwrap();
    let book = Path::new("target/book");
    let mut texts = BTreeMap::new();
    files_below(book, &mut |path| {
        if path.extension().is_some_and(|kind| kind == "html") {
            let text = std::fs::read_to_string(root().join(&path)).unwrap();
            texts.insert(path, text);
        }
    });
    let anchors: BTreeMap<&PathBuf, BTreeSet<&str>> = texts
        .iter()
        .map(|(path, text)| {
            (path, anchor.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect())
        })
        .collect();
    let mut found = Vec::new();
    // The page for what is not there does not know how deep it is.
    for (path, text) in texts.iter().filter(|(path, _)| !path.ends_with("404.html")) {
        for link in link.captures_iter(text).map(|found| found.get(1).unwrap().as_str()) {
            if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
                continue;
            }
            let (file, anchor) =
                link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let Ok(target) = root().join(target).canonicalize() else {
                found.push(format!("{}: {link}", path.display()));
                continue;
            };
            let target = target.strip_prefix(root().canonicalize().unwrap()).unwrap().to_owned();
            let lacks =
                |anchor: &&str| anchors.get(&target).is_some_and(|anchors| !anchors.contains(*anchor));
            if anchor.filter(|anchor| !anchor.is_empty()).as_ref().is_some_and(lacks) {
                found.push(format!("{}: {link}: no such heading", path.display()));
            }
        }
    }
    problems(&found);
    assert!(texts.len() > 30, "{}", texts.len());
}
