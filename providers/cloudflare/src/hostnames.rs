//! What hangs on names beside records: custom hostnames (Cloudflare for SaaS) and regions (Regional Services).
//!
//! Both have requests of their own, one for each, and nothing undoes them with the records. A failure is therefore the change's: its
//! zone is read again, and what is missing is planned anew.

use crate::account::Account;
use crate::adjust::{can_be_regional, can_have_custom_hostnames};
use crate::books::{Books, Hostname};
use crate::config::CustomHostnames;
use crate::properties::Names;
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
                let done = self.account.delete_custom_hostname(zone, &known.id).await;
                match done {
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
        for (change, outcome) in changes.iter().zip(outcomes) {
            for hostname in self.after(change) {
                if outcome.is_err() {
                    continue;
                }
                let origin = change.change.name();
                let known = self.books.with(&zone.id, |book| book.hostnames.get(hostname).cloned());
                let done = match known {
                    Some(known) if known.origin == origin.as_str() => continue,
                    Some(known) if given_up.get(hostname) == Some(&known.origin.as_str()) => {
                        self.lead(zone, hostname, known, origin).await
                    }
                    Some(known) => Err(taken(&known)),
                    None => self.make(zone, hostname, origin).await,
                };
                if let Err(error) = done {
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
        for (change, outcome) in changes.iter().zip(outcomes.iter_mut()) {
            let Some((_, properties)) = sides(&change.change).1.filter(|(kind, _)| can_be_regional(kind))
            else {
                continue;
            };
            let region = self.names.region_of(properties);
            let other = wanted.insert(change.change.name(), region).filter(|other| *other != region);
            if let (Some(other), Ok(())) = (other, &*outcome) {
                let message = format!(
                    "Cloudflare: {}: a name has one region for all of its records, and they ask for {other:?} and {region:?}",
                    change.change.name()
                );
                *outcome = Err(ProviderError::new(ErrorClass::InvalidRecord, message));
            }
        }
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
            if let Err(error) = self.reach(zone, name, region).await {
                *outcome = Err(error);
            }
        }
    }

    fn has_records(&self, zone: &Zone, name: &DnsName) -> bool {
        let types = [RecordType::A, RecordType::Aaaa, RecordType::Cname];
        let sets = types.map(|record_type| self.books.set(name, &record_type));
        self.books.with(&zone.id, |book| sets.iter().any(|set| !book.entries(*set).is_empty()))
    }

    async fn reach(&self, zone: &Zone, name: &DnsName, region: &str) -> Outcome {
        let there = self.books.with(&zone.id, |book| book.regions.get(name.as_str()).cloned());
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
