//! `POST /records`: what is asked for, zone by zone, and what came of it.

use super::Shared;
use super::asked::{AllAsked, Asked, Wanted};
use super::shelves::Shelf;
use crate::sync::deliver;
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tracing::{info, warn};
use zonewright_planner::{
    Change, CreateReason, DeleteReason, DnsName, Endpoint, Record, RecordKey, UpdateReason, ZoneId,
};
use zonewright_provider_kit::{
    Adjusted, Capabilities, ErrorClass, ProviderError, ReadZones, RowChange, Zone, ZoneChange,
    normalize_aliases, zone_for, zone_of_new,
};

/// So many refusals are told one by one.
const TOLD: usize = 10;

/// Why not everything was done.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    texts: Vec<String>,
    /// Whether the service wants to be left alone, and for how long if it said so.
    pub(super) throttled: Option<Option<Duration>>,
}

impl Refusals {
    fn add(&mut self, text: String) {
        warn!("{text}");
        self.texts.push(text);
    }

    fn add_error(&mut self, error: &ProviderError, text: String) {
        if let ErrorClass::Throttled { retry_after } = error.class() {
            self.throttled = Some(self.throttled.flatten().max(retry_after));
        }
        self.add(text);
    }

    fn join(&mut self, other: Self) {
        self.texts.extend(other.texts);
        if other.throttled.is_some() {
            self.throttled = Some(self.throttled.flatten().max(other.throttled.flatten()));
        }
    }

    pub(super) fn of(error: &ProviderError) -> Self {
        let mut refusals = Self::default();
        refusals.add_error(error, error.to_string());
        refusals
    }

    /// One line each, the first of them.
    pub(super) fn text(&self) -> String {
        let mut lines: Vec<String> = self.texts.iter().take(TOLD).cloned().collect();
        if self.texts.len() > TOLD {
            lines.push(format!("and {} more", self.texts.len() - TOLD));
        }
        lines.join("\n")
    }

    fn into_result(self) -> Result<(), Self> {
        if self.texts.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// What is asked for in one zone; the flag says whether something that is not there yet belongs there.
type InZone = BTreeMap<RecordKey, (Asked, bool)>;

/// Does what is asked for, as far as it can be done.
pub(super) async fn write(shared: &Shared, asked: AllAsked) -> Result<(), Refusals> {
    if asked.is_empty() {
        return Ok(());
    }
    let reader = shared.reader.as_ref();
    let zones = reader.zones().await.map_err(|error| Refusals::of(&error))?;
    let (asked, mut refusals) =
        canonical(reader, &zones, asked).await.map_err(|error| Refusals::of(&error))?;
    let by_zone = place(shared, &zones, asked, &mut refusals);
    let written = by_zone.into_iter().map(|(zone, asked)| write_zone(shared, zone, asked));
    for told in join_all(written).await {
        refusals.join(told);
    }
    refusals.into_result()
}

/// Gives wishes the provider's own form: a client may have left that out, and which zone a wish is for is not said in the protocol.
/// Ownership rows have no other form than their own.
async fn canonical(
    reader: &dyn ReadZones,
    zones: &[Zone],
    mut all: AllAsked,
) -> Result<(AllAsked, Refusals), ProviderError> {
    let mut refusals = Refusals::default();
    // Where zones have no names the provider is another webhook, and adjusting a call that the client has made.
    if zones.iter().all(|zone| zone.name.is_none()) {
        return Ok((all, refusals));
    }
    let wishes =
        all.values().filter(|asked| asked.row_of.is_none()).filter_map(|asked| asked.wanted.endpoint());
    let Adjusted { endpoints, rejected } = reader.adjust(wishes.cloned().collect()).await?;
    for rejected in rejected {
        refusals.add(rejected.text);
    }
    for new in normalize_aliases(endpoints) {
        let key = RecordKey {
            name: new.name.clone(),
            record_type: new.record_type.clone(),
            set_identifier: new.set_identifier.clone(),
        };
        if let Some(asked) = all.get_mut(&key) {
            asked.wanted = match &asked.wanted {
                Wanted::Created(_) => Wanted::Created(new),
                _ => Wanted::Replaced(new),
            };
        }
    }
    Ok((all, refusals))
}

/// Finds the zones of everything.
fn place(shared: &Shared, zones: &[Zone], asked: AllAsked, refusals: &mut Refusals) -> Vec<(Zone, InZone)> {
    let reader = shared.reader.as_ref();
    let has_zone = |name: &DnsName| zone_for(zones, name).is_some();
    // A record whose ownership row has no place would be nobody's for ever.
    let homeless: BTreeMap<DnsName, DnsName> = asked
        .iter()
        .filter(|(key, asked)| asked.wanted.endpoint().is_some() && !has_zone(&key.name))
        .filter_map(|(key, asked)| Some((asked.row_of.clone()?, key.name.clone())))
        .collect();
    let mut by_zone: BTreeMap<ZoneId, (Zone, InZone)> = BTreeMap::new();
    for (key, asked) in asked {
        let passes = |name: &DnsName| shared.config.filter.matches(name);
        if !passes(&key.name) && !asked.row_of.as_ref().is_some_and(passes) {
            refusals.add(format!(
                "{} {}: the name is not one of those of --domain-filter",
                key.name, key.record_type
            ));
            continue;
        }
        if let (Wanted::Created(_), Some(row)) = (&asked.wanted, homeless.get(&key.name)) {
            refusals.add(format!(
                "{} {}: its ownership record {row} lies in no zone; a --txt-prefix such as \"%{{record_type}}.\" keeps it inside",
                key.name, key.record_type
            ));
            continue;
        }
        let homes = homes(reader, zones, &key.name, asked.wanted.endpoint());
        if homes.is_empty() && asked.row_of.is_none() && asked.wanted != Wanted::Gone {
            refusals.add(format!("{} {}: no zone takes the name", key.name, key.record_type));
        }
        // What is there may be somewhere else than where it would go today.
        for zone in zones.iter().filter(|zone| zone.contains(&key.name)) {
            let is_home = homes.contains(&zone.id);
            if is_home || !matches!(asked.wanted, Wanted::Created(_)) {
                let (_, in_zone) =
                    by_zone.entry(zone.id.clone()).or_insert_with(|| (zone.clone(), InZone::new()));
                in_zone.insert(key.clone(), (asked.clone(), is_home));
            }
        }
    }
    by_zone.into_values().collect()
}

/// The zones that a new record goes to.
fn homes(reader: &dyn ReadZones, zones: &[Zone], name: &DnsName, new: Option<&Endpoint>) -> BTreeSet<ZoneId> {
    if let Some(new) = new.filter(|new| new.zone.is_some()) {
        return zone_of_new(zones, new).map(|zone| zone.id.clone()).into_iter().collect();
    }
    match reader.homes(zones, name) {
        Some(homes) => homes.into_iter().collect(),
        None => zone_for(zones, name).map(|zone| zone.id.clone()).into_iter().collect(),
    }
}

async fn write_zone(shared: &Shared, zone: Zone, asked: InZone) -> Refusals {
    let reader = shared.reader.as_ref();
    let shelf = shared.shelves.of(&zone);
    let mut shelf = shelf.lock().await;
    if let Err(error) = shelf.fill(reader, &zone).await {
        return Refusals::of(&error);
    }
    let mut refusals = Refusals::default();
    let changes = changes(&shelf, &zone, asked, reader.capabilities(), &mut refusals);
    let Some(writer) = &shared.writer else {
        for change in &changes {
            info!(zone.id = %zone.id, "dry run: {} is left undone", told(&change.change));
        }
        return refusals;
    };
    let (mut open, mut made) = (changes.len(), 0);
    let mut is_sure = true;
    for applied in deliver(reader, writer.as_ref(), &zone, changes).await {
        open -= 1;
        match applied.outcome {
            Ok(()) => {
                info!(zone.id = %zone.id, "{} is done", told(&applied.change.change));
                shelf.note(&zone, &applied.change);
                made += 1;
            }
            Err(error) => {
                is_sure = false;
                refusals.add_error(&error, format!("{}: {error}", told(&applied.change.change)));
            }
        }
    }
    if open > 0 {
        is_sure = false;
        refusals.add(format!("zone {}: {open} changes were not sent because of what failed before", zone.id));
    }
    if !is_sure {
        shelf.forget();
    }
    if made > 0 {
        info!(zone.id = %zone.id, "{made} changes made");
    }
    refusals
}

fn told(change: &Change) -> String {
    let what = match change {
        Change::Create { .. } => "create",
        Change::Update { .. } => "update",
        Change::Delete { .. } => "delete",
    };
    let set_identifier = match &**change.set_identifier() {
        "" => String::new(),
        set_identifier => format!(" ({set_identifier})"),
    };
    format!("{what} {} {}{set_identifier}", change.name(), change.record_type())
}

/// What has to be written, each record with its ownership rows; deletes before what takes their place.
fn changes(
    shelf: &Shelf,
    zone: &Zone,
    asked: InZone,
    capabilities: &Capabilities,
    refusals: &mut Refusals,
) -> Vec<ZoneChange> {
    let (rows, records): (Vec<_>, Vec<_>) =
        asked.into_iter().partition(|(_, (asked, _))| asked.row_of.is_some());
    let mut refused = |key: &RecordKey, why: String| {
        refusals.add(format!("{} {}: {why}", key.name, key.record_type));
    };
    let (mut ready, mut without_row) = (Vec::new(), BTreeSet::new());
    for (key, (asked, is_home)) in rows {
        match (change(shelf.get(&key), &asked, is_home), asked.row_of.clone()) {
            (Ok(Some(change)), Some(of)) => {
                let (read, write) = (shelf.get(&key).cloned(), asked.wanted.endpoint().cloned());
                ready.push((of, change, RowChange { read, expected: asked.old, write }));
            }
            (Ok(_), _) => {}
            (Err(why), of) => {
                refused(&key, why);
                without_row.extend(of);
            }
        }
    }
    let mut changes = Vec::new();
    for (key, (asked, is_home)) in records {
        let can_be_stored = match asked.wanted.endpoint() {
            Some(new) => capabilities.check_in(zone, new).map_err(|why| why.to_string()),
            None => Ok(()),
        };
        let is_new = matches!(asked.wanted, Wanted::Created(_));
        let has_row = match is_new && without_row.contains(&key.name) {
            true => Err("its ownership record cannot be written".to_owned()),
            false => Ok(()),
        };
        match can_be_stored.and(has_row).and_then(|()| change(shelf.get(&key), &asked, is_home)) {
            Ok(change) => changes.extend(change.map(|change| ZoneChange { change, rows: Vec::new() })),
            Err(why) => refused(&key, why),
        }
    }
    attach(&mut changes, ready);
    changes.sort_by(|a, b| order(&a.change).cmp(&order(&b.change)));
    changes
}

/// What has to be done to one record set.
fn change(existing: Option<&Record>, asked: &Asked, is_home: bool) -> Result<Option<Change>, String> {
    let with_labels = |old: &Record| {
        let mut old = old.clone();
        if old.labels == Default::default() {
            old.labels.clone_from(&asked.old_labels);
        }
        old
    };
    Ok(match (&asked.wanted, existing) {
        (Wanted::Impossible(why), _) => return Err(why.clone()),
        (Wanted::Gone, None) => None,
        (Wanted::Gone, Some(old)) => Some(Change::delete(with_labels(old), DeleteReason::NoLongerWanted)),
        (Wanted::Created(new) | Wanted::Replaced(new), Some(old)) if is_as_wanted(old, new) => None,
        (Wanted::Created(_), Some(old)) => {
            return Err(format!(
                "cannot be created: it is there already, with {}",
                old.spelled_targets().join(", ")
            ));
        }
        (Wanted::Replaced(new), Some(old)) => {
            Some(Change::update(with_labels(old), new.clone(), vec![UpdateReason::Targets]))
        }
        (Wanted::Created(new) | Wanted::Replaced(new), None) => {
            is_home.then(|| Change::create(new.clone(), CreateReason::New))
        }
    })
}

fn is_as_wanted(old: &Record, new: &Endpoint) -> bool {
    let has_ttl = new.ttl.configured().is_none() || new.ttl == old.ttl;
    has_ttl && old.has_targets(&new.targets) && old.properties == new.properties
}

/// Gives rows to the changes of their records, so that they are written together. Of several record types at one name it is the one
/// that the row is called after, as far as that can be told. A row whose record stays as it is goes alone.
fn attach(changes: &mut Vec<ZoneChange>, rows: Vec<(DnsName, Change, RowChange)>) {
    let mut places: BTreeMap<(DnsName, String), Vec<usize>> = BTreeMap::new();
    for (i, change) in changes.iter().enumerate() {
        let place = (change.change.name().clone(), change.change.set_identifier().to_string());
        places.entry(place).or_default().push(i);
    }
    for (of, change, row) in rows {
        let place = (of, change.set_identifier().to_string());
        let candidates = places.get(&place).map_or(&[][..], Vec::as_slice);
        let fit = |i: &&usize| {
            let record_type =
                changes.get(**i).map(|change| change.change.record_type().as_str().to_lowercase());
            let record_type = record_type.unwrap_or_default();
            // `aaaa-` ends with `a-`, so that the longest counts.
            if change.name().as_str().contains(&record_type) { record_type.len() } else { 0 }
        };
        match candidates.iter().max_by_key(fit).and_then(|i| changes.get_mut(*i)) {
            Some(owner) => owner.rows.push(row),
            None => changes.push(ZoneChange { change, rows: Vec::new() }),
        }
    }
}

fn order(change: &Change) -> (&DnsName, u8, &str) {
    let rank = match change {
        Change::Delete { .. } => 0,
        Change::Update { .. } => 1,
        Change::Create { .. } => 2,
    };
    (change.name(), rank, change.record_type().as_str())
}
