//! Reading.

use super::data::{self, Origin};
use super::scan::{Entry, Item, Word, scan};
use super::{END, EndNote, RECORD, SET, SNAPSHOT, SnapshotNote, ZONE, ZoneFileError, ZoneNote};
use crate::snapshot::json::{SetNote, VERSION, WireRecord};
use crate::snapshot::{Kept, Snapshot, ZoneContents};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use zonewright_planner::{DnsName, RecordType, Ttl};

/// What a zone file turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum ZoneFile {
    /// A snapshot.
    Snapshot(Snapshot),
    /// A file that somebody else wrote: it says neither whose records are nor what providers call the zones.
    Plain {
        /// Its record sets.
        records: Vec<Kept>,
        /// What could not be made sense of, with lines.
        not_understood: Vec<String>,
    },
}

/// Reads a zone file. `origin` is what relative names are relative to before the first `$ORIGIN`.
///
/// # Errors
/// The first mistake.
pub fn read(text: &str, origin: Option<&DnsName>) -> Result<ZoneFile, ZoneFileError> {
    let items = scan(text)?;
    let head = items.iter().find_map(|item| match item {
        Item::Comment { line, text } => Some((*line, note::<SnapshotNote>(text, SNAPSHOT, *line)?)),
        Item::Entry(_) => None,
    });
    let mut reader = Reader {
        origin: origin.map(|origin| Origin(Some(origin.clone()))),
        has_notes: head.is_some(),
        ..Reader::default()
    };
    let head = match head {
        Some((line, head)) => Some((line, head?)),
        None => None,
    };
    if let Some((line, head)) = head.as_ref().filter(|(_, head)| head.version != VERSION) {
        let version = head.version;
        let message =
            format!("this is a snapshot of version {version}, and this program reads version {VERSION} only");
        return Err(ZoneFileError::new(*line, message));
    }
    for item in items {
        match item {
            Item::Comment { line, text } if reader.has_notes => reader.comment(&text, line)?,
            Item::Comment { .. } => {}
            Item::Entry(entry) => reader.entry(entry)?,
        }
    }
    let lines = text.lines().count();
    match head {
        Some((_, head)) => reader.finish(head, lines).map(ZoneFile::Snapshot),
        None => {
            let not_understood = std::mem::take(&mut reader.not_understood);
            let records = reader.sets_done()?;
            Ok(ZoneFile::Plain { records, not_understood })
        }
    }
}

/// What a comment of ours says; `None` if it is none of this kind.
fn note<T: DeserializeOwned>(text: &str, kind: &str, line: usize) -> Option<Result<T, ZoneFileError>> {
    let rest = text.strip_prefix(kind)?;
    if !rest.is_empty() && !rest.starts_with([' ', '\t', '{']) {
        return None;
    }
    let read = serde_json::from_str(rest.trim());
    Some(read.map_err(|error| ZoneFileError::new(line, format!("{kind}: {}", without_place(&error)))))
}

/// A note is one line, and which one is said anyway.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// The lines of one record set.
struct Set {
    line: usize,
    kept: Kept,
    note: Option<(usize, SetNote)>,
}

#[derive(Default)]
struct Reader {
    has_notes: bool,
    origin: Option<Origin>,
    default_ttl: Option<i64>,
    last_ttl: Option<i64>,
    last_name: Option<DnsName>,
    /// What was noted of the record set to come.
    noted: Option<(usize, SetNote)>,
    sets: Vec<Set>,
    places: BTreeMap<(DnsName, RecordType), usize>,
    /// Record sets that no lines could say.
    noted_records: Vec<Kept>,
    zones: Vec<ZoneContents>,
    zone: Option<ZoneContents>,
    end: Option<(usize, EndNote)>,
    not_understood: Vec<String>,
}

impl Reader {
    fn comment(&mut self, text: &str, line: usize) -> Result<(), ZoneFileError> {
        if let Some(zone) = note::<ZoneNote>(text, ZONE, line) {
            let ZoneNote { name, id, not_understood } = zone?;
            let name = name.map(|name| DnsName::parse(&name)).transpose();
            let name = name.map_err(|error| ZoneFileError::new(line, error))?;
            self.zone_done()?;
            self.zone = Some(ZoneContents { id, name, records: Vec::new(), not_understood });
        } else if let Some(noted) = note::<SetNote>(text, SET, line) {
            self.noted_is_used()?;
            self.noted = Some((line, noted?));
        } else if let Some(record) = note::<WireRecord>(text, RECORD, line) {
            let kept = record?.check().map_err(|error| ZoneFileError::new(line, error))?;
            self.noted_records.push(kept);
        } else if let Some(end) = note::<EndNote>(text, END, line) {
            self.end = Some((line, end?));
        }
        Ok(())
    }

    /// A note belongs to the record set behind it.
    fn noted_is_used(&self) -> Result<(), ZoneFileError> {
        match &self.noted {
            Some((line, _)) => Err(ZoneFileError::new(*line, format!("{SET}: no record stands behind it"))),
            None => Ok(()),
        }
    }

    fn entry(&mut self, entry: Entry) -> Result<(), ZoneFileError> {
        let line = entry.line;
        let error = |message: String| ZoneFileError::new(line, message);
        let Some(first) = entry.words.first() else { return Ok(()) };
        if !entry.is_indented && !first.is_quoted && first.text.starts_with('$') {
            return self.directive(&entry).map_err(error);
        }
        let mut words = entry.words.as_slice();
        if !entry.is_indented {
            words = &words[1..];
            match data::name(&first.text, self.origin.as_ref()) {
                Ok(name) => self.last_name = name,
                // Other servers take names that providers do not.
                Err(why) if self.origin.is_some() || first.text.ends_with('.') => {
                    self.last_name = None;
                    self.not_understood.push(format!("line {line}: {why}"));
                    return Ok(());
                }
                Err(why) => return Err(error(why)),
            }
        }
        let (ttl, words) = self.ttl_and_class(words).map_err(error)?;
        let Some((record_type, words)) = words.split_first() else {
            return Err(error("there is a name, and no record behind it".to_owned()));
        };
        let record_type = type_of(record_type).map_err(error)?;
        let Some(name) = self.last_name.clone() else {
            let what = format!("line {line}: a record of type {record_type} without a name that can be used");
            self.not_understood.push(what);
            return Ok(());
        };
        let ttl = Ttl::from_seconds(ttl.or(self.default_ttl).or(self.last_ttl).unwrap_or_default());
        let told = |why: String| error(format!("{name} {record_type}: {why}"));
        let target = data::target(&record_type, words, self.origin.as_ref()).map_err(told)?;
        self.add(line, Kept::plain(name, record_type, ttl, vec![target]))
    }

    fn add(&mut self, line: usize, kept: Kept) -> Result<(), ZoneFileError> {
        let place = (kept.name.clone(), kept.record_type.clone());
        let known = self.places.get(&place).copied();
        if known.is_some() {
            self.noted_is_used()?;
        }
        match known.and_then(|at| self.sets.get_mut(at)) {
            Some(set) => {
                // A set has one TTL (RFC 2181, section 5.2). Of several the least does no harm.
                let ttl = set.kept.ttl.min(kept.ttl);
                let targets = set.kept.targets.iter().chain(&kept.targets).cloned().collect();
                set.kept = Kept::plain(kept.name, kept.record_type, ttl, targets);
            }
            None => {
                self.places.insert(place, self.sets.len());
                self.sets.push(Set { line, kept, note: self.noted.take() });
            }
        }
        Ok(())
    }

    fn directive(&mut self, entry: &Entry) -> Result<(), String> {
        let words: Vec<&str> = entry.words.iter().map(|word| word.text.as_str()).collect();
        match words.as_slice() {
            [directive, name] if directive.eq_ignore_ascii_case("$ORIGIN") => {
                self.origin = Some(Origin(data::name(name, self.origin.as_ref())?));
            }
            [directive, ttl] if directive.eq_ignore_ascii_case("$TTL") => {
                self.default_ttl = Some(ttl_of(ttl).ok_or_else(|| format!("{ttl} is not a TTL"))?);
            }
            [directive, ..] if directive.eq_ignore_ascii_case("$INCLUDE") => {
                return Err("$INCLUDE is not followed: put both files into one".to_owned());
            }
            _ => return Err(format!("{} is not understood", words.join(" "))),
        }
        Ok(())
    }

    /// What may stand between a name and a type, in either order.
    fn ttl_and_class<'w>(&mut self, mut words: &'w [Word]) -> Result<(Option<i64>, &'w [Word]), String> {
        let (mut ttl, mut has_class) = (None, false);
        while let Some((word, rest)) = words.split_first() {
            let class = ["IN", "CH", "HS", "CS"].iter().find(|class| class.eq_ignore_ascii_case(&word.text));
            match (class, ttl_of(&word.text)) {
                (Some(&"IN"), _) if !has_class => has_class = true,
                (Some(class), _) if !has_class => {
                    return Err(format!("records of class {class} are not understood"));
                }
                (_, Some(seconds)) if ttl.is_none() => {
                    ttl = Some(seconds);
                    self.last_ttl = ttl;
                }
                _ => break,
            }
            words = rest;
        }
        Ok((ttl, words))
    }

    /// The record sets since the last zone began.
    fn sets_done(&mut self) -> Result<Vec<Kept>, ZoneFileError> {
        self.noted_is_used()?;
        self.places.clear();
        let mut records = std::mem::take(&mut self.noted_records);
        for Set { line, kept, note } in std::mem::take(&mut self.sets) {
            records.push(match note {
                None => kept,
                Some((line_of_note, note)) => {
                    let record = WireRecord::from(&kept).with(note);
                    record.check().map_err(|error| ZoneFileError::new(line_of_note.min(line), error))?
                }
            });
        }
        Ok(records)
    }

    fn zone_done(&mut self) -> Result<(), ZoneFileError> {
        let first = self.sets.first().map(|set| set.line);
        let records = self.sets_done()?;
        match self.zone.take() {
            Some(zone) => self.zones.push(ZoneContents { records, ..zone }),
            None if records.is_empty() => {}
            None => {
                let message = format!("a record before the first {ZONE}");
                return Err(ZoneFileError::new(first.unwrap_or(1), message));
            }
        }
        self.last_name = None;
        Ok(())
    }

    fn finish(mut self, head: SnapshotNote, lines: usize) -> Result<Snapshot, ZoneFileError> {
        self.zone_done()?;
        let mut snapshot = Snapshot { provider: head.provider, registry: head.registry, zones: self.zones };
        snapshot.sort();
        match self.end {
            Some((_, end)) if end.records == snapshot.len() => {}
            Some((line, end)) => {
                let message = format!(
                    "{END}: it has {} record sets, and there are {} before it. After records are taken out or put in, correct the number",
                    end.records,
                    snapshot.len()
                );
                return Err(ZoneFileError::new(line, message));
            }
            None => {
                let message = format!("the file is cut: its last line, {END}, is missing");
                return Err(ZoneFileError::new(lines, message));
            }
        }
        if let Some(what) = self.not_understood.into_iter().next() {
            let (line, message) = what.split_once(": ").unwrap_or_default();
            let line = line.trim_start_matches("line ").parse().unwrap_or(1);
            return Err(ZoneFileError::new(line, message));
        }
        Ok(snapshot)
    }
}

fn type_of(word: &Word) -> Result<RecordType, String> {
    let text = word.text.to_ascii_uppercase();
    let is_type = !word.is_quoted && text.starts_with(|c: char| c.is_ascii_uppercase());
    match is_type && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        true => Ok(RecordType::from_text(&text)),
        false => Err(format!("{:?} is neither a TTL, nor a class, nor a type", word.text)),
    }
}

/// Seconds, or numbers with units as BIND writes them: `1h30m`.
fn ttl_of(text: &str) -> Option<i64> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(i64::from(seconds));
    }
    let (mut total, mut number) = (0_i64, None);
    for character in text.chars() {
        match character.to_digit(10) {
            Some(digit) => {
                number = Some(number.unwrap_or(0_i64).checked_mul(10)?.checked_add(i64::from(digit))?)
            }
            None => {
                let seconds = match character.to_ascii_lowercase() {
                    's' => 1,
                    'm' => 60,
                    'h' => 3600,
                    'd' => 86_400,
                    'w' => 604_800,
                    _ => return None,
                };
                total = total.checked_add(number.take()?.checked_mul(seconds)?)?;
            }
        }
    }
    number.is_none().then_some(total).filter(|total| u32::try_from(*total).is_ok())
}
