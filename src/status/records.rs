//! The table of records: everything that exists, and every wish that came to nothing; searched and cut into pages.

use super::{Scene, State, object_texts, zone_text_among};
use crate::sync::board::Pending;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use zonewright_planner::{DnsName, Record, RecordType, Share, Skip, SkipReason, Target, Ttl, ZoneId};
use zonewright_provider_kit::zone_for;

/// Rows of a page.
pub const PAGE: usize = 100;

/// What to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Words that a row must have all of, anywhere in its name, type, targets, owner or objects.
    pub text: String,
    /// Only rows in this state.
    pub state: Option<State>,
    /// Only rows of this zone, by name or id.
    pub zone: String,
    /// Which page, from 1 on.
    pub page: usize,
}

/// One page of the table.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// The rows, by name, type and set identifier.
    pub records: Vec<Row>,
    /// How many rows match in all.
    pub total: usize,
    /// Which page this is, from 1 on.
    pub page: usize,
    /// How many there are; at least 1.
    pub pages: usize,
    /// How many rows of each state match apart from their state.
    pub states: BTreeMap<State, usize>,
}

/// A record, or a wish for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The name as DNS has it.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub record_type: String,
    /// Its set identifier; empty for plain records.
    pub set_identifier: String,
    /// Its zone; empty where there is none for it.
    pub zone: String,
    /// What it points at. Of a wish that is known only by name and type, nothing.
    pub targets: Vec<String>,
    /// In seconds, where it is known.
    pub ttl: Option<i64>,
    /// Whether it is in DNS.
    pub exists: bool,
    /// In one word.
    pub state: State,
    /// Who owns it.
    pub owner: Option<String>,
    /// The objects behind it.
    pub objects: Vec<String>,
    /// Why it is in this state; absent when all is well.
    pub reason: Option<String>,
    /// Of a record that owners share: what each of them has put into it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<SharedPart>,
}

/// What an owner has put into a record that others share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SharedPart {
    /// The owner.
    pub owner: String,
    /// Its targets; none while it is leaving.
    pub targets: Vec<String>,
}

impl std::fmt::Display for SharedPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.targets.as_slice() {
            [] => write!(f, "{}: leaving", self.owner),
            targets => write!(f, "{}: {}", self.owner, targets.join(", ")),
        }
    }
}

/// A row before it is one: borrowed, because nearly all of them are only counted.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    Record(&'a Record),
    Skipped(&'a Skip),
    Pending(&'a DnsName, &'a Pending),
}

/// Looks everything through and gives one page.
pub fn table(scene: Scene<'_>, query: &Query) -> Table {
    let words: Vec<String> = query.text.split_whitespace().map(as_searched).collect();
    let mut states = BTreeMap::new();
    let mut found: Vec<(Item<'_>, State)> = Vec::new();
    let mut buffer = String::new();
    for item in items(scene) {
        if !item.is_in_zone(scene, &query.zone) || !item.has(&words, &mut buffer) {
            continue;
        }
        let state = item.state(scene);
        *states.entry(state).or_insert(0) += 1;
        if query.state.is_none_or(|wanted| wanted == state) {
            found.push((item, state));
        }
    }
    // Parts are sorted by themselves, so that this is a merge for the most part.
    found.sort_by(|(a, _), (b, _)| a.order().cmp(&b.order()));
    let pages = found.len().div_ceil(PAGE).max(1);
    let page = query.page.clamp(1, pages);
    let rows = found.iter().skip((page - 1) * PAGE).take(PAGE);
    Table {
        records: rows.map(|(item, state)| item.row(scene, *state)).collect(),
        total: found.len(),
        page,
        pages,
        states,
    }
}

/// The rows of one name.
pub(super) fn rows_at(scene: Scene<'_>, name: &DnsName) -> Vec<Row> {
    let mut found: Vec<Item<'_>> = scene.world.records_at(name).map(Item::Record).collect();
    found.extend(scene.notes.skips_at(name).iter().filter(|skip| is_new(scene, skip)).map(Item::Skipped));
    let pending = scene.notes.pending_at(name).iter().filter(|pending| is_wish(scene, name, pending));
    found.extend(pending.map(|pending| Item::Pending(name, pending)));
    found.sort_by(|a, b| a.order().cmp(&b.order()));
    found.into_iter().map(|item| item.row(scene, item.state(scene))).collect()
}

fn items<'a>(scene: Scene<'a>) -> impl Iterator<Item = Item<'a>> {
    let skips = scene.notes.skips().filter(move |skip| is_new(scene, skip));
    let pending = scene.notes.pending().filter(move |(name, pending)| is_wish(scene, name, pending));
    let records = scene.world.records().map(Item::Record);
    records.chain(skips.map(Item::Skipped)).chain(pending.map(|(name, pending)| Item::Pending(name, pending)))
}

/// Whether what was left alone does not exist, so that it has a row of its own. Of several at one record set the first has it.
fn is_new(scene: Scene<'_>, skip: &Skip) -> bool {
    let same =
        |other: &&Skip| other.record_type == skip.record_type && other.set_identifier == skip.set_identifier;
    let exists = scene.world.records_at(&skip.name).any(|record| is_of(skip, record));
    !exists
        && scene.notes.skips_at(&skip.name).iter().find(same).is_some_and(|first| std::ptr::eq(first, skip))
}

fn is_wish(scene: Scene<'_>, name: &DnsName, pending: &Pending) -> bool {
    pending.action == "create" && !scene.world.records_at(name).any(|record| pending.is_about(record))
}

fn is_of(skip: &Skip, record: &Record) -> bool {
    skip.record_type == record.record_type && skip.set_identifier == record.set_identifier
}

impl<'a> Item<'a> {
    fn name(self) -> &'a DnsName {
        match self {
            Self::Record(record) => &record.name,
            Self::Skipped(skip) => &skip.name,
            Self::Pending(name, _) => name,
        }
    }

    fn record_type(self) -> &'a RecordType {
        match self {
            Self::Record(record) => &record.record_type,
            Self::Skipped(skip) => &skip.record_type,
            Self::Pending(_, pending) => &pending.record_type,
        }
    }

    fn set_identifier(self) -> &'a str {
        match self {
            Self::Record(record) => &record.set_identifier,
            Self::Skipped(skip) => &skip.set_identifier,
            Self::Pending(_, pending) => &pending.set_identifier,
        }
    }

    fn targets(self) -> &'a [Target] {
        match self {
            Self::Record(record) => &record.targets,
            Self::Skipped(_) => &[],
            Self::Pending(_, pending) => &pending.targets,
        }
    }

    fn ttl(self) -> Ttl {
        match self {
            Self::Record(record) => record.ttl,
            Self::Skipped(_) => Ttl::UNSET,
            Self::Pending(_, pending) => pending.ttl,
        }
    }

    fn owner(self) -> Option<&'a str> {
        match self {
            Self::Record(record) => record.labels.owner(),
            // Nobody's record, and yet somebody's name.
            Self::Skipped(Skip { reason: SkipReason::Claimed { owner }, .. }) => Some(owner.as_str()),
            _ => None,
        }
    }

    fn zone_id(self, scene: Scene<'a>) -> Option<&'a ZoneId> {
        match self {
            Self::Record(record) => Some(&record.zone),
            Self::Pending(_, Pending { zone: Some(zone), .. }) => Some(zone),
            _ => zone_for(&scene.world.zones, self.name()).map(|zone| &zone.id),
        }
    }

    fn order(self) -> (&'a DnsName, &'a RecordType, &'a str) {
        (self.name(), self.record_type(), self.set_identifier())
    }

    /// What was left alone about it, if anything.
    fn skip(self, scene: Scene<'a>) -> Option<&'a Skip> {
        match self {
            Self::Record(record) => {
                scene.notes.skips_at(&record.name).iter().find(|skip| is_of(skip, record))
            }
            Self::Skipped(skip) => Some(skip),
            Self::Pending(..) => None,
        }
    }

    fn pending(self, scene: Scene<'a>) -> Option<&'a Pending> {
        match self {
            Self::Record(record) => {
                scene.notes.pending_at(&record.name).iter().find(|pending| pending.is_about(record))
            }
            Self::Skipped(_) => None,
            Self::Pending(_, pending) => Some(pending),
        }
    }

    pub(super) fn state(self, scene: Scene<'a>) -> State {
        if let Some(skip) = self.skip(scene) {
            return self.state_of_skipped(scene, State::of(&skip.reason));
        }
        if self.pending(scene).is_some() {
            return State::Pending;
        }
        let Self::Record(record) = self else { return State::Pending };
        let settings = &scene.rules.settings;
        let is_ours = record.is_owned_by(scene.rules.registry.owner());
        let is_covered = settings.managed.contains(&record.record_type)
            && settings.filter.matches(&record.name)
            && scene.world.filter.matches(&record.name);
        match (is_ours, record.labels.owner().unwrap_or_default()) {
            (true, _) if is_covered => State::InSync,
            (true, _) => State::Filtered,
            (false, "") => State::Unowned,
            (false, _) => State::Foreign,
        }
    }

    /// What cannot be ours is not held by us, whatever it might have been kept for.
    fn state_of_skipped(self, scene: Scene<'a>, state: State) -> State {
        let Self::Record(record) = self else { return state };
        let is_ours = record.is_owned_by(scene.rules.registry.owner());
        match (state, record.labels.owner().unwrap_or_default()) {
            (State::Held, "") if !is_ours => State::Unowned,
            (State::Held, _) if !is_ours => State::Foreign,
            (state, _) => state,
        }
    }

    fn is_in_zone(self, scene: Scene<'a>, wanted: &str) -> bool {
        if wanted.is_empty() {
            return true;
        }
        let zone = self.zone_id(scene);
        let zone = zone.and_then(|id| scene.world.zones.iter().find(|zone| zone.id == *id));
        zone.is_some_and(|zone| {
            zone.id.as_str() == wanted || zone.name.as_ref().is_some_and(|name| name.as_str() == wanted)
        })
    }

    /// Whether each word is in one of the columns.
    fn has(self, words: &[String], buffer: &mut String) -> bool {
        words.iter().all(|word| {
            let contains = |text: &str| contains_ignoring_case(text, word);
            contains(self.name().as_str())
                || self.record_type().as_str().eq_ignore_ascii_case(word)
                || self.owner().is_some_and(contains)
                || contains(self.set_identifier())
                || self.is_of_object(word, buffer)
                || self.targets().iter().any(|target| written(buffer, target).contains(word.as_str()))
        })
    }

    fn is_of_object(self, word: &str, buffer: &mut String) -> bool {
        let objects = match self {
            Self::Record(record) => {
                return record.labels.resource().is_some_and(|text| contains_ignoring_case(text, word));
            }
            Self::Skipped(skip) => &skip.objects,
            Self::Pending(_, pending) => &pending.objects,
        };
        objects.iter().any(|object| written(buffer, object).contains(word))
    }

    fn objects(self, scene: Scene<'a>) -> Vec<String> {
        let skip = self.skip(scene).map(|skip| object_texts(&skip.objects)).unwrap_or_default();
        let pending = self.pending(scene).map(|pending| object_texts(&pending.objects)).unwrap_or_default();
        let mut objects = [skip, pending].concat();
        if let (true, Self::Record(record)) = (objects.is_empty(), self) {
            objects.extend(record.labels.resource().map(str::to_owned));
        }
        objects
    }

    fn reason(self, scene: Scene<'a>, state: State) -> Option<String> {
        if let Some(skip) = self.skip(scene) {
            return Some(skip.reason.to_string());
        }
        if let Some(pending) = self.pending(scene) {
            return Some(format!("to {}: {}", pending.action, pending.reason));
        }
        match (state, self.owner()) {
            (State::Foreign, Some(owner)) => Some(format!("belongs to owner {owner:?}")),
            (State::Unowned, _) => Some("no ownership record, so it is not ours to change".to_owned()),
            (State::Filtered, _) => {
                Some("ours, but outside of the domain filter or of the managed types".to_owned())
            }
            _ => None,
        }
    }

    fn row(self, scene: Scene<'a>, state: State) -> Row {
        let zone = self.zone_id(scene);
        let zone = zone.and_then(|id| scene.world.zones.iter().find(|zone| zone.id == *id));
        Row {
            name: self.name().to_string(),
            record_type: self.record_type().to_string(),
            set_identifier: self.set_identifier().to_owned(),
            zone: zone.map(|zone| zone_text_among(zone, scene.world)).unwrap_or_default(),
            targets: self.targets().iter().map(ToString::to_string).collect(),
            ttl: self.ttl().configured(),
            exists: matches!(self, Self::Record(_)),
            state,
            owner: self.owner().filter(|owner| !owner.is_empty()).map(str::to_owned),
            objects: self.objects(scene),
            reason: self.reason(scene, state),
            shared: self.shared(scene),
        }
    }

    fn shared(self, scene: Scene<'a>) -> Vec<SharedPart> {
        let Self::Record(record) = self else { return Vec::new() };
        if !record.ownership.shared {
            return Vec::new();
        }
        let of_record = scene
            .world
            .shares_at(&record.name)
            .filter(|(key, share)| key.record_type == record.record_type && share.row.zone == record.zone);
        of_record.map(|(_, share)| part_of(share)).collect()
    }
}

pub(super) fn part_of(share: &Share) -> SharedPart {
    SharedPart {
        owner: share.owner.to_string(),
        targets: share.says.targets.iter().map(ToString::to_string).collect(),
    }
}

/// A word in the form in which names and objects are looked through: that of DNS, as far as it can be part of a name.
fn as_searched(word: &str) -> String {
    match DnsName::parse(word) {
        Ok(name) if !word.is_ascii() => name.to_string(),
        _ => word.to_lowercase(),
    }
}

/// Something as lower-case text, in a buffer that is used again and again.
fn written<'b>(buffer: &'b mut String, what: &impl std::fmt::Display) -> &'b str {
    buffer.clear();
    // Writing to a text cannot fail.
    let _ = write!(buffer, "{what}");
    buffer.make_ascii_lowercase();
    buffer
}

/// Whether `word`, which is lower-case, is in a text. Names are lower-case already.
fn contains_ignoring_case(text: &str, word: &str) -> bool {
    text.contains(word)
        || (text.bytes().any(|byte| byte.is_ascii_uppercase()) && text.to_ascii_lowercase().contains(word))
}
