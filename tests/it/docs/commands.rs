//! Every command in the documentation, typed as it stands there.

use super::page::{Block, Item, Page, root};
use super::sandbox::{Sandbox, is_shown, timeless};
use super::{pages, problems};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Pages that are tried at a time.
const AT_A_TIME: usize = 3;

/// The statuses with which a block may end if nothing is said: 2 is how `plan` says that there are changes.
const USUAL: [i32; 2] = [0, 2];

/// What became of the blocks of a page.
#[derive(Default)]
struct Report {
    run: usize,
    compared: usize,
    /// Where, and why.
    not_run: Vec<(String, String)>,
    problems: Vec<String>,
    /// Blocks that show something else than what is printed, by their line and length.
    other: Vec<(usize, usize, usize, String)>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_does_what_the_page_shows() {
    let wanted = std::env::var("PAGE").unwrap_or_default();
    let begun = std::time::Instant::now();
    let permits = Arc::new(Semaphore::new(AT_A_TIME));
    let pages = pages().into_iter().filter(|page| page.display().to_string().contains(&wanted));
    let tried = pages.map(|path| {
        let permits = permits.clone();
        tokio::spawn(async move {
            let _permit = permits.acquire().await.unwrap();
            let page = Page::read(&path);
            let report = try_page(&page, |_| true, None).await;
            rewrite(&page, &report);
            report
        })
    });
    let mut all = Report::default();
    for report in futures::future::join_all(tried).await {
        let report = report.unwrap();
        all.run += report.run;
        all.compared += report.compared;
        all.not_run.extend(report.not_run);
        all.problems.extend(report.problems);
    }
    all.not_run.iter().for_each(|(place, why)| eprintln!("not run: {place}: {why}"));
    let counts = (all.run, all.compared, all.not_run.len());
    eprintln!(
        "{} blocks run, {} results compared, {} blocks not run, {:.0?}",
        counts.0,
        counts.1,
        counts.2,
        begun.elapsed()
    );
    problems(&all.problems);
    assert!(!wanted.is_empty() || (all.run > 70 && all.compared > 60), "{counts:?}: these are too few");
}

/// For `tests/quick-start`: as somebody types it who has just cloned the repository.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "builds the program in this repository; tests/quick-start runs it"]
async fn quick_start_in_place() {
    let page = Page::read(Path::new("README.md"));
    let report = try_page(&page, |block| block.section == "Quick start", Some(Sandbox::in_place())).await;
    problems(&report.problems);
    assert!(report.compared >= 3 && report.not_run.is_empty(), "the README shows no results to compare with");
}

async fn try_page(page: &Page, is_meant: impl Fn(&Block) -> bool, sandbox: Option<Sandbox>) -> Report {
    let mut report = Report::default();
    let mut typist = Typist { page, sandbox, last: Last::Nothing };
    for item in &page.items {
        match item {
            Item::Block(block) if is_meant(block) => typist.block(block, &mut report).await,
            Item::Block(_) => {}
            Item::Comment(comment) => {
                if let Some(commands) = comment.strip_prefix("run: ") {
                    typist.hidden(commands, &mut report).await;
                }
            }
        }
    }
    report
}

/// What the block before came to.
enum Last {
    /// There is none, or it was no command.
    Nothing,
    NotRun,
    Printed(String),
}

struct Typist<'a> {
    page: &'a Page,
    /// Made for the first command.
    sandbox: Option<Sandbox>,
    last: Last,
}

impl Typist<'_> {
    async fn block(&mut self, block: &Block, report: &mut Report) {
        let place = format!("{}:{}", self.page.name(), block.line + 1);
        let note = block.note.as_deref().unwrap_or_default();
        if let Some(name) = note.strip_prefix("file: ") {
            self.sandbox().await.save(name, &block.text);
        }
        let last = std::mem::replace(&mut self.last, Last::Nothing);
        match block.info.as_str() {
            "sh" => match note.strip_prefix("not run: ") {
                Some(why) => {
                    report.not_run.push((place.clone(), why.to_owned()));
                    report.problems.extend(misread(&place, &block.text).await);
                    self.last = Last::NotRun;
                }
                None => self.command(block, &place, report).await,
            },
            "text" => match last {
                Last::Nothing => report.problems.push(format!(
                    "{place}: a block marked `text` is what the command before it prints, and there is none; leave out the mark"
                )),
                Last::NotRun => {}
                Last::Printed(printed) => {
                    report.compared += 1;
                    if !is_shown(&timeless(&block.text), &timeless(&printed)) {
                        report.problems.push(format!(
                            "{place}: shown is\n{}\nprinted is\n{printed}",
                            block.text.trim_end()
                        ));
                        report.other.push((block.line, block.length, block.indent, printed));
                    }
                }
            },
            _ => {}
        }
    }

    async fn command(&mut self, block: &Block, place: &str, report: &mut Report) {
        let expected = block.note.as_deref().and_then(|note| note.strip_prefix("exits: "));
        let expected: Option<i32> = expected.map(|status| status.parse().unwrap());
        let typed = self.sandbox().await.type_in(&block.text).await;
        report.run += 1;
        let is_fine = |status: i32| expected.map_or(USUAL.contains(&status), |expected| status == expected);
        if !typed.status.is_some_and(is_fine) {
            let status = typed.status.map_or("no end".to_owned(), |status| format!("status {status}"));
            report.problems.push(format!("{place}: {status}\n{}\nprinted is\n{}", block.text, typed.output));
        }
        self.last = Last::Printed(typed.output);
    }

    /// What nobody sees, but what has to be there.
    async fn hidden(&mut self, commands: &str, report: &mut Report) {
        let typed = self.sandbox().await.type_in(commands).await;
        if typed.status != Some(0) {
            report.problems.push(format!("{}: {commands}\nprinted is\n{}", self.page.name(), typed.output));
        }
    }

    async fn sandbox(&mut self) -> &mut Sandbox {
        if self.sandbox.is_none() {
            let needs = self.page.items.iter().find_map(|item| match item {
                Item::Comment(comment) => comment.strip_prefix("needs: "),
                Item::Block(_) => None,
            });
            let needs: Vec<String> =
                needs.unwrap_or_default().split(',').map(|need| need.trim().to_owned()).collect();
            let needs: Vec<String> = needs.into_iter().filter(|need| !need.is_empty()).collect();
            self.sandbox = Some(Sandbox::new(&needs).await);
        }
        self.sandbox.as_mut().unwrap()
    }
}

fn is_missing_file(word: &str) -> bool {
    word.strip_prefix('@').is_some_and(|file| !root().join(file).exists())
}

/// What the real parser has against the flags in commands that are not run.
async fn misread(place: &str, commands: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for mut words in Sandbox::read_only(commands).await {
        // A file of flags that only the reader has: whatever is in it, it has these.
        if let Some(place) = words.iter().position(|word| is_missing_file(word)) {
            let needed =
                ["--provider=inmemory", "--source=service", "--policy=sync"].into_iter().filter(|flag| {
                    let (name, _) = flag.split_once('=').unwrap_or((flag, ""));
                    !words.iter().any(|word| word.split('=').next() == Some(name))
                });
            let needed: Vec<String> = needed.map(str::to_owned).collect();
            words.splice(place..=place, needed);
        }
        let line = std::iter::once("zonewright".to_owned()).chain(words.iter().cloned()).map(Into::into);
        if let Err(exit) = zonewright::cli::parse(line, &|_| None)
            && exit.code != 0
        {
            problems.push(format!("{place}: zonewright {}\n{}", words.join(" "), exit.message));
        }
    }
    problems
}

/// With `UPDATE_DOCS=1` the page shows what was printed, except where it leaves out lines.
fn rewrite(page: &Page, report: &Report) {
    if std::env::var_os("UPDATE_DOCS").is_none() {
        return;
    }
    let mut lines = page.lines.clone();
    for (line, length, indent, printed) in report.other.iter().rev() {
        if lines[*line..line + length].iter().any(|line| line.trim() == "...") {
            continue;
        }
        let printed = printed.trim_end().lines().map(|text| format!("{:indent$}{}", "", text.trim_end()));
        let printed: Vec<String> = printed.map(|line| line.trim_end().to_owned()).collect();
        lines.splice(*line..line + length, printed);
    }
    if lines != page.lines {
        std::fs::write(root().join(&page.path), lines.join("\n") + "\n").unwrap();
    }
}

/// Programs by which a block shows that it has commands.
const PROGRAMS: [&str; 12] = [
    "zonewright",
    "target/debug/zonewright",
    "kubectl",
    "helm",
    "aws",
    "az",
    "cargo",
    "docker",
    "podman",
    "git",
    "curl",
    "export",
];

#[test]
fn every_command_is_marked() {
    let mut found = Vec::new();
    for path in pages() {
        let page = Page::read(&path);
        let mut tell =
            |line: usize, what: String| found.push(format!("{}:{}: {what}", page.name(), line + 1));
        for item in &page.items {
            let Item::Block(block) = item else { continue };
            if let Some(what) = unmarked(block).or_else(|| odd_note(block)) {
                tell(block.line, what);
            }
        }
        // Code within a list, indented further.
        for line in page.prose.iter().filter(|line| page.lines[**line].starts_with("    ")) {
            if let Some(program) = program_of(&page.lines[*line]) {
                tell(*line, format!("a command ({program}) without a fence; mark it `sh`"));
            }
        }
    }
    problems(&found);
}

fn program_of(text: &str) -> Option<&str> {
    let first = text.trim_start().trim_start_matches("$ ").split_whitespace().next()?;
    let is_script = first.starts_with("tests/") || first.starts_with("benches/");
    (is_script || PROGRAMS.contains(&first)).then_some(first)
}

fn unmarked(block: &Block) -> Option<String> {
    // A script, which is saved and not typed.
    if block.note.as_deref().is_some_and(|note| note.starts_with("file: ")) {
        return None;
    }
    match (block.info.as_str(), program_of(&block.text)) {
        ("bash" | "shell" | "console" | "zsh", _) => {
            Some(format!("a block marked {}; mark it `sh`", block.info))
        }
        ("" | "indented", Some(program)) => {
            Some(format!("a command ({program}) in a block that is not marked `sh`"))
        }
        _ => None,
    }
}

/// What is wrong with the comment before a block of commands.
fn odd_note(block: &Block) -> Option<String> {
    let note = block.note.as_deref().filter(|_| block.info == "sh")?;
    let (kind, rest) = note.split_once(": ").unwrap_or((note, ""));
    match kind {
        "not run" if rest.len() < 8 => Some("why is it not run?".to_owned()),
        "exits" if rest.parse::<i32>().is_err() => Some(format!("no exit status: {rest}")),
        "not run" | "exits" | "run" | "needs" | "ANCHOR" | "ANCHOR_END" => None,
        _ => Some(format!("nobody knows what the comment before it means: {note}")),
    }
}
