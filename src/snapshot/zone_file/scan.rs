//! Entries: what stands on one line, or between parentheses on several.

use super::ZoneFileError;

/// What a file is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// A directive or a record.
    Entry(Entry),
    /// A comment that fills its line, without the semicolon.
    Comment {
        /// Its line.
        line: usize,
        /// What it says.
        text: String,
    },
}

/// The words of a directive or a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Entry {
    /// The line that it begins on.
    pub(super) line: usize,
    /// Whether there is white space before its first word: it is about the same name as the one before.
    pub(super) is_indented: bool,
    /// Its words; never none.
    pub(super) words: Vec<Word>,
}

/// A word, its escapes as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Without the quotes around it.
    pub(super) text: String,
    /// Whether there were some.
    pub(super) is_quoted: bool,
}

/// Parts a file into its items.
pub(super) fn scan(text: &str) -> Result<Vec<Item>, ZoneFileError> {
    let mut scanner = Scanner { items: Vec::new(), entry: Entry::default(), line: 1, opened: Vec::new() };
    // Others may end their lines with both, and begin with a mark that says UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for line in text.split('\n') {
        scanner.line(line.strip_suffix('\r').unwrap_or(line))?;
        scanner.line += 1;
    }
    match scanner.opened.last() {
        Some(line) => Err(ZoneFileError::new(*line, "this parenthesis is never closed")),
        None => Ok(scanner.items),
    }
}

struct Scanner {
    items: Vec<Item>,
    entry: Entry,
    line: usize,
    /// The lines of the parentheses that are open.
    opened: Vec<usize>,
}

impl Scanner {
    fn line(&mut self, text: &str) -> Result<(), ZoneFileError> {
        let is_first = self.opened.is_empty();
        if is_first {
            self.entry =
                Entry { line: self.line, is_indented: text.starts_with([' ', '\t', '(']), words: Vec::new() };
            if let Some(comment) = text.trim_start().strip_prefix(';') {
                self.items.push(Item::Comment { line: self.line, text: comment.trim().to_owned() });
                return Ok(());
            }
        }
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches([' ', '\t']);
            let Some(first) = rest.chars().next() else { break };
            rest = match first {
                ';' => break,
                '(' => {
                    self.opened.push(self.line);
                    &rest[1..]
                }
                ')' => {
                    self.opened
                        .pop()
                        .ok_or_else(|| self.error("a parenthesis is closed that was never opened"))?;
                    &rest[1..]
                }
                '"' => self.quoted(&rest[1..])?,
                _ => self.bare(rest),
            };
        }
        if self.opened.is_empty() && !self.entry.words.is_empty() {
            self.items.push(Item::Entry(std::mem::take(&mut self.entry)));
        }
        Ok(())
    }

    fn quoted<'a>(&mut self, text: &'a str) -> Result<&'a str, ZoneFileError> {
        let end = end_of(text, |c| c == '"');
        let (inside, rest) = text.split_at(end);
        let rest = rest.strip_prefix('"').ok_or_else(|| self.error("a quote is never closed on its line"))?;
        self.entry.words.push(Word { text: inside.to_owned(), is_quoted: true });
        Ok(rest)
    }

    fn bare<'a>(&mut self, text: &'a str) -> &'a str {
        let (word, rest) = text.split_at(end_of(text, |c| matches!(c, ' ' | '\t' | ';' | '(' | ')' | '"')));
        self.entry.words.push(Word { text: word.to_owned(), is_quoted: false });
        rest
    }

    fn error(&self, message: &str) -> ZoneFileError {
        ZoneFileError::new(self.line, message)
    }
}

/// Where the first character that ends something stands, escaped ones aside.
fn end_of(text: &str, ends: impl Fn(char) -> bool) -> usize {
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if ends(character) {
            return at;
        }
    }
    text.len()
}
