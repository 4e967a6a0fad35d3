//! A page of Markdown as far as these tests look into it: its blocks of code, its headings, its links.

use regex::Regex;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A block of code.
pub struct Block {
    /// The line on which its text begins, counted from 0.
    pub line: usize,
    /// How many lines its text has.
    pub length: usize,
    /// What stands behind the fence; empty for an indented block.
    pub info: String,
    /// How far it is indented; also whether it is a list's.
    pub indent: usize,
    /// Its text, without what it is indented by.
    pub text: String,
    /// The comment right before it.
    pub note: Option<String>,
    /// The heading of level two above it.
    pub section: String,
}

/// What happens on a page, in its order.
pub enum Item {
    Block(Block),
    /// A comment of HTML that stands alone.
    Comment(String),
}

/// One page.
pub struct Page {
    /// From the root of the repository.
    pub path: PathBuf,
    pub lines: Vec<String>,
    pub items: Vec<Item>,
    /// Title of the page, and all anchors that its headings make.
    pub title: String,
    pub anchors: Vec<String>,
    /// Lines, counted from 0, with what they link to.
    pub links: Vec<(usize, String)>,
    /// Lines, counted from 0, that are text.
    pub prose: Vec<usize>,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Page {
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        Self::parse(path, &text)
    }

    pub fn parse(path: &Path, text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut page = Self {
            path: path.to_owned(),
            lines,
            items: Vec::new(),
            title: String::new(),
            anchors: Vec::new(),
            links: Vec::new(),
            prose: Vec::new(),
        };
        let mut reader =
            Reader { page: &mut page, at: 0, section: String::new(), in_list: false, slugs: Vec::new() };
        while reader.next() {}
        page
    }

    pub fn name(&self) -> String {
        self.path.display().to_string()
    }
}

struct Reader<'a> {
    page: &'a mut Page,
    at: usize,
    section: String,
    in_list: bool,
    /// What anchors are made of, repetitions included.
    slugs: Vec<String>,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> Option<&str> {
        self.page.lines.get(at).map(String::as_str)
    }

    /// Takes what begins on the next line; `false` where there is none.
    fn next(&mut self) -> bool {
        let Some(line) = self.line(self.at).map(str::to_owned) else { return false };
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let after_blank =
            self.at == 0 || self.line(self.at - 1).is_some_and(|before| before.trim().is_empty());
        if let Some(info) = trimmed.strip_prefix("```") {
            self.fenced(info.trim().to_owned(), indent);
        } else if trimmed.starts_with("<!--") {
            self.comment();
        } else if indent >= 4 && after_blank && !self.in_list && !trimmed.is_empty() {
            self.indented();
        } else {
            self.prose(&line, trimmed, indent);
        }
        true
    }

    fn prose(&mut self, line: &str, trimmed: &str, indent: usize) {
        static ITEM: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*([-*]|\d+\.) ").unwrap());
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        if (1..=6).contains(&level) && line[level..].starts_with(' ') {
            self.heading(level, line[level..].trim().to_owned());
        }
        if ITEM.is_match(line) {
            self.in_list = true;
        } else if indent == 0 && !trimmed.is_empty() {
            self.in_list = false;
        }
        let links = links_of(line).into_iter().map(|link| (self.at, link));
        self.page.links.extend(links.collect::<Vec<_>>());
        self.page.prose.push(self.at);
        self.at += 1;
    }

    fn heading(&mut self, level: usize, text: String) {
        if level == 1 && self.page.title.is_empty() {
            self.page.title = text.clone();
        }
        if level <= 2 {
            self.section = text.clone();
        }
        let slug = slug(&text);
        let before = self.slugs.iter().filter(|other| **other == slug).count();
        self.page.anchors.push(if before == 0 { slug.clone() } else { format!("{slug}-{before}") });
        self.slugs.push(slug);
    }

    fn comment(&mut self) {
        let mut text = String::new();
        while let Some(line) = self.line(self.at).map(str::to_owned) {
            self.at += 1;
            text.push_str(line.trim());
            text.push('\n');
            if line.contains("-->") {
                break;
            }
        }
        let inner = text.trim().trim_start_matches("<!--").split("-->").next().unwrap_or_default();
        self.page.items.push(Item::Comment(inner.trim().to_owned()));
    }

    fn fenced(&mut self, info: String, indent: usize) {
        let begin = self.at + 1;
        let ends = |line: &str| line.trim() == "```";
        let length = self.page.lines[begin..].iter().take_while(|line| !ends(line)).count();
        assert!(begin + length < self.page.lines.len(), "{}:{begin}: no end of the block", self.page.name());
        self.take(begin, length, info, indent);
        self.at = begin + length + 1;
    }

    fn indented(&mut self) {
        let begin = self.at;
        let is_part = |line: &&String| line.starts_with("    ") || line.trim().is_empty();
        let mut length = self.page.lines[begin..].iter().take_while(is_part).count();
        while self.page.lines[begin + length - 1].trim().is_empty() {
            length -= 1;
        }
        self.take(begin, length, "indented".to_owned(), 4);
        self.at = begin + length;
    }

    fn take(&mut self, begin: usize, length: usize, info: String, indent: usize) {
        let mut text = String::new();
        for line in &self.page.lines[begin..begin + length] {
            let blank = line.len() - line.trim_start().len();
            text.push_str(&line[blank.min(indent)..]);
            text.push('\n');
        }
        let before = self.page.lines[..begin].iter().rev().skip(usize::from(info != "indented"));
        let is_noted =
            before.into_iter().find(|line| !line.trim().is_empty()).is_some_and(|l| l.contains("-->"));
        let note = match self.page.items.last() {
            Some(Item::Comment(note)) if is_noted => Some(note.clone()),
            _ => None,
        };
        let section = self.section.clone();
        self.page.items.push(Item::Block(Block { line: begin, length, info, indent, text, note, section }));
    }
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn slug(heading: &str) -> String {
    static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\[([^\]]*)\]\([^)]*\)").unwrap());
    let text = LINK.replace_all(heading, "$1").to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn links_of(line: &str) -> Vec<String> {
    static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"`[^`]*`").unwrap());
    static LINK: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"\]\(([^)\s]+)\)|(?:src|href|srcset)="([^"]+)""#).unwrap());
    let line = CODE.replace_all(line, "");
    LINK.captures_iter(&line)
        .map(|found| found.get(1).or(found.get(2)).unwrap().as_str().to_owned())
        .collect()
}

#[test]
fn a_page_is_read_as_it_is_rendered() {
    let text = "# A `b` & [c](d.md)\n\nText [x](y.md#z).\n\n<!-- not run: why -->\n```sh\na\n```\n\n- item\n\n  ```text\n  b\n    c\n  ```\n\
                \nEnd.\n\n    indented\n\n## Twice\n\n## Twice\n";
    let page = Page::parse(Path::new("x.md"), text);
    assert_eq!(page.anchors, ["a-b--c", "twice", "twice-1"]);
    assert_eq!(page.links, [(0, "d.md".to_owned()), (2, "y.md#z".to_owned())]);
    let blocks = page.items.iter().filter_map(|item| match item {
        Item::Block(block) => Some((&*block.info, &*block.text, block.note.as_deref(), block.line)),
        Item::Comment(_) => None,
    });
    let blocks: Vec<_> = blocks.collect();
    let expected = [
        ("sh", "a\n", Some("not run: why"), 6),
        ("text", "b\n  c\n", None, 12),
        ("indented", "indented\n", None, 18),
    ];
    assert_eq!(blocks, expected);
}
