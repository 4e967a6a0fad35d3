//! What hangs on names beside records: custom hostnames (Cloudflare for SaaS) and regions (Regional Services).
//!
//! Both have requests of their own, one for each, and nothing undoes them with the records. A failure is therefore the change's: its
//! zone is read again, and what is missing is planned anew.

use crate::account::Account;
use crate::adjust::{can_be_regional, can_have_custom_hostnames};
use crate::books::{Books, Hostname};
use crate::config::CustomHostnames;
use crate::properties::Names;
use crate::writing::is_of_the_zone;
use std::collections::BTreeMap;
use zonewright_planner::{Change, DnsName, Properties, RecordType};
use zonewright_provider_kit::{ErrorClass, ProviderError, Zone, ZoneChange};

type Outcome = Result<(), ProviderError>;

/// Custom hostnames: names of customers that lead to records of ours.
pub(crate) struct Hostnames<'a> {
    pub(crate) account: &'a Account,
    pub(crate) books: &'a Books,
    pub(crate) names: &'a Names,
    pub(crate) settings: &'a CustomHostnames,
}

impl Hostnames<'_> {
    /// Ends those that no record of these changes has any more. One that only moves to another record does not end: its certificate
    /// would have to be issued again.
    pub(crate) async fn end(&self, zone: &Zone, changes: &[ZoneChange], outcomes: &mut [Outcome]) {
        let stay: Vec<&str> = changes.iter().flat_map(|change| self.after(change)).collect();
        let mut end = End::default();
        for (change, outcome) in changes.iter().zip(outcomes) {
            for hostname in self.before(change) {
                if stay.contains(&hostname) || outcome.is_err() {
                    continue;
                }
                let known = self.books.with(&zone.id, |book| book.hostnames.get(hostname).cloned());
                // Another record's, or gone already.
                let Some(known) = known.filter(|known| known.origin == change.change.name().as_str()) else {
                    continue;
                };
                let done = match end.come() {
                    Some(error) => Err(error),
                    None => self.account.delete_custom_hostname(zone, &known.id).await,
                };
                match end.note(done) {
                    Ok(()) => self.books.with(&zone.id, |book| drop(book.hostnames.remove(hostname))),
                    Err(error) => *outcome = Err(of(hostname, &error)),
                }
            }
        }
    }

    /// Begins those that are new, and leads those that moved to their new record.
    pub(crate) async fn begin(&self, zone: &Zone, changes: &[ZoneChange], outcomes: &mut [Outcome]) {
        let given_up: BTreeMap<&str, &str> = changes
            .iter()
            .flat_map(|change| {
                self.before(change).into_iter().map(move |hostname| (hostname, change.change.name().as_str()))
            })
            .collect();
        let mut end = End::default();
        for (change, outcome) in changes.iter().zip(outcomes) {
            for hostname in self.after(change) {
                if outcome.is_err() {
                    continue;
                }
                let origin = change.change.name();
                let known = self.books.with(&zone.id, |book| book.hostnames.get(hostname).cloned());
                let done = match known {
                    Some(known) if known.origin == origin.as_str() => continue,
                    _ if end.come().is_some() => end.come().map_or(Ok(()), Err),
                    Some(known) if given_up.get(hostname) == Some(&known.origin.as_str()) => {
                        self.lead(zone, hostname, known, origin).await
                    }
                    Some(known) => Err(taken(&known)),
                    None => self.make(zone, hostname, origin).await,
                };
                if let Err(error) = end.note(done) {
                    *outcome = Err(of(hostname, &error));
                }
            }
        }
    }

    async fn make(&self, zone: &Zone, hostname: &str, origin: &DnsName) -> Outcome {
        if let Err(error) = DnsName::parse(hostname) {
            return Err(ProviderError::new(ErrorClass::InvalidRecord, error.to_string()));
        }
        let id = self.account.create_custom_hostname(zone, hostname, origin, self.settings).await?;
        self.note(zone, hostname, Hostname { id, origin: origin.to_string() });
        Ok(())
    }

    async fn lead(&self, zone: &Zone, hostname: &str, known: Hostname, origin: &DnsName) -> Outcome {
        self.account.move_custom_hostname(zone, &known.id, origin).await?;
        self.note(zone, hostname, Hostname { origin: origin.to_string(), ..known });
        Ok(())
    }

    fn note(&self, zone: &Zone, name: &str, hostname: Hostname) {
        self.books.with(&zone.id, |book| drop(book.hostnames.insert(name.to_owned(), hostname)));
    }

    fn before<'a>(&self, change: &'a ZoneChange) -> Vec<&'a str> {
        let (old, _) = sides(&change.change);
        self.of_side(old)
    }

    fn after<'a>(&self, change: &'a ZoneChange) -> Vec<&'a str> {
        let (_, new) = sides(&change.change);
        self.of_side(new)
    }

    fn of_side<'a>(&self, side: Option<(&RecordType, &'a Properties)>) -> Vec<&'a str> {
        let side = side.filter(|(record_type, _)| can_have_custom_hostnames(record_type));
        side.map(|(_, properties)| self.names.custom_hostnames(properties)).unwrap_or_default()
    }
}

/// A failure that everything after it would share: nothing more is asked then.
#[derive(Default)]
struct End(Option<ProviderError>);

impl End {
    fn come(&self) -> Option<ProviderError> {
        self.0.clone()
    }

    fn note(&mut self, outcome: Outcome) -> Outcome {
        if let Err(error) = &outcome
            && is_of_the_zone(error)
        {
            self.0.get_or_insert_with(|| error.clone());
        }
        outcome
    }
}

fn taken(known: &Hostname) -> ProviderError {
    let whose = match known.origin.as_str() {
        "" => "the zone's fallback origin".to_owned(),
        origin => origin.to_owned(),
    };
    ProviderError::new(ErrorClass::InvalidRecord, format!("it exists and leads to {whose}"))
}

fn of(hostname: &str, error: &ProviderError) -> ProviderError {
    let message = format!("custom hostname {hostname:?}: {error}");
    let told = ProviderError::new(error.class(), message);
    if error.is_outcome_unknown() { told.with_unknown_outcome() } else { told }
}

/// Regions: hostnames whose traffic is decrypted in one part of the world alone.
pub(crate) struct Regions<'a> {
    pub(crate) account: &'a Account,
    pub(crate) books: &'a Books,
    pub(crate) names: &'a Names,
}

impl Regions<'_> {
    /// Brings names to the regions that their records ask for. A name without records of such types any more has none.
    pub(crate) async fn set(&self, zone: &Zone, changes: &[ZoneChange], outcomes: &mut [Outcome]) {
        let mut wanted: BTreeMap<&DnsName, &str> = BTreeMap::new();
        for change in changes {
            let new = sides(&change.change).1.filter(|(kind, _)| can_be_regional(kind));
            if let Some((_, properties)) = new {
                // All of them ask for the same: the adjust step has seen to it.
                wanted.insert(change.change.name(), self.names.region_of(properties));
            }
        }
        let mut end = End::default();
        for (change, outcome) in changes.iter().zip(outcomes) {
            let name = change.change.name();
            if outcome.is_err() || !can_be_regional(change.change.record_type()) {
                continue;
            }
            let region = match wanted.get(name) {
                Some(region) => region,
                None if self.has_records(zone, name) => continue,
                None => "",
            };
            let done = match end.come() {
                // What is as it should be needs nobody to be asked.
                Some(error) if !self.is_at(zone, name, region) => Err(error),
                _ => self.reach(zone, name, region).await,
            };
            if let Err(error) = end.note(done) {
                *outcome = Err(error);
            }
        }
    }

    fn has_records(&self, zone: &Zone, name: &DnsName) -> bool {
        let types = [RecordType::A, RecordType::Aaaa, RecordType::Cname];
        let sets = types.map(|record_type| self.books.set(name, &record_type));
        self.books.with(&zone.id, |book| sets.iter().any(|set| !book.entries(*set).is_empty()))
    }

    fn region_at(&self, zone: &Zone, name: &DnsName) -> Option<String> {
        self.books.with(&zone.id, |book| book.regions.get(name.as_str()).cloned())
    }

    fn is_at(&self, zone: &Zone, name: &DnsName, region: &str) -> bool {
        self.region_at(zone, name).unwrap_or_default() == region
    }

    async fn reach(&self, zone: &Zone, name: &DnsName, region: &str) -> Outcome {
        let there = self.region_at(zone, name);
        match (there.as_deref(), region) {
            (None, "") => return Ok(()),
            (Some(there), region) if there == region => return Ok(()),
            (Some(_), "") => self.account.delete_region(zone, name.as_str()).await?,
            (there, region) => self.account.set_region(zone, name.as_str(), region, there.is_none()).await?,
        }
        self.books.with(&zone.id, |book| match region {
            "" => drop(book.regions.remove(name.as_str())),
            region => drop(book.regions.insert(name.to_string(), region.to_owned())),
        });
        Ok(())
    }
}

type Side<'a> = Option<(&'a RecordType, &'a Properties)>;

/// What a record was and what it is to be.
fn sides(change: &Change) -> (Side<'_>, Side<'_>) {
    match change {
        Change::Create { new, .. } => (None, Some((&new.record_type, &new.properties))),
        Change::Update { old, new, .. } => {
            (Some((&old.record_type, &old.properties)), Some((&new.record_type, &new.properties)))
        }
        Change::Delete { old, .. } => (Some((&old.record_type, &old.properties)), None),
    }
}
