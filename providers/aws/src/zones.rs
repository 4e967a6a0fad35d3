//! Hosted zones: which there are, which are managed, whose they are.

use crate::account::Account;
use crate::adjust::bare_zone_id;
use crate::config::{ZoneFilter, ZoneType};
use crate::escape::decode_name;
use aws_sdk_route53::types::{HostedZone, ResourceTagSet, Tag};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tracing::warn;
use zonewright_planner::{DnsName, ZoneId};
use zonewright_provider_kit::{ProviderError, Zone};

/// A managed zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) zone: Zone,
    pub(crate) is_private: bool,
}

/// What is known of the zones of all accounts.
#[derive(Debug, Default)]
struct Known {
    /// By account; `None` until its zones were listed for the first time.
    by_account: Vec<Option<Vec<Found>>>,
    /// Those of them that are private: asked for at every wish.
    private: Arc<BTreeSet<ZoneId>>,
    /// When all of them were listed.
    complete_since: Option<Instant>,
}

/// The zones of all accounts.
#[derive(Debug)]
pub(crate) struct Zones {
    filter: ZoneFilter,
    cache: Duration,
    known: Mutex<Known>,
}

impl Zones {
    pub(crate) fn new(filter: ZoneFilter, cache: Duration, accounts: usize) -> Self {
        let known = Known { by_account: vec![None; accounts], ..Known::default() };
        Self { filter, cache, known: Mutex::new(known) }
    }

    #[cfg(test)]
    pub(crate) fn filter(&self) -> &ZoneFilter {
        &self.filter
    }

    #[cfg(test)]
    pub(crate) fn cache(&self) -> Duration {
        self.cache
    }

    /// Lists the zones of every account, or takes those that were listed not long ago.
    ///
    /// An account whose zones cannot be listed any more keeps the ones that it had: a shorter list would make its names fall to zones
    /// above. One whose zones could never be listed is an error, for the same reason.
    pub(crate) async fn list(&self, accounts: &[Account]) -> Result<Vec<Zone>, ProviderError> {
        if self.is_fresh() {
            return Ok(self.all());
        }
        let begun = Instant::now();
        let mut is_complete = true;
        for (i, account) in accounts.iter().enumerate() {
            match self.list_account(account).await {
                Ok(zones) => {
                    if let Some(known) = self.known().by_account.get_mut(i) {
                        *known = Some(zones);
                    }
                }
                Err(error) if self.known().by_account.get(i).is_some_and(Option::is_some) => {
                    is_complete = false;
                    warn!("the zones that were known before are kept: {error}");
                }
                Err(error) => return Err(error),
            }
        }
        let mut known = self.known();
        let private = known.by_account.iter().flatten().flatten().filter(|found| found.is_private);
        known.private = Arc::new(private.map(|found| found.zone.id.clone()).collect());
        known.complete_since = is_complete.then_some(begun);
        drop(known);
        Ok(self.all())
    }

    async fn list_account(&self, account: &Account) -> Result<Vec<Found>, ProviderError> {
        let mut found: Vec<Found> =
            account.hosted_zones().await?.iter().filter_map(|zone| self.take(zone)).collect();
        let wanted = TagFilter::parse(&self.filter.tags);
        if !wanted.is_empty() && !found.is_empty() {
            let ids: Vec<String> = found.iter().map(|found| found.zone.id.to_string()).collect();
            let tags = by_zone(account.tags(&ids).await?);
            // Of zones that the answer leaves out nothing is known against them; so does ExternalDNS.
            found.retain(|found| tags.get(found.zone.id.as_str()).is_none_or(|tags| wanted.admits(tags)));
        }
        Ok(found)
    }

    /// A zone that passes the filters on id, visibility and name.
    fn take(&self, zone: &HostedZone) -> Option<Found> {
        let id = bare_zone_id(zone.id());
        let filter = &self.filter;
        if !filter.ids.is_empty() && !filter.ids.iter().any(|suffix| id.ends_with(bare_zone_id(suffix))) {
            return None;
        }
        let is_private = zone.config().is_some_and(|config| config.private_zone());
        let visibility = if is_private { ZoneType::Private } else { ZoneType::Public };
        if filter.zone_type.is_some_and(|wanted| wanted != visibility) {
            return None;
        }
        let name = DnsName::parse(&decode_name(zone.name())).ok()?;
        let is_wanted = match filter.match_parent {
            true => filter.domains.matches_zone(&name),
            false => filter.domains.matches(&name),
        };
        is_wanted.then(|| Found { zone: Zone { id: ZoneId::new(id), name: Some(name) }, is_private })
    }

    fn is_fresh(&self) -> bool {
        self.known().complete_since.is_some_and(|since| since.elapsed() < self.cache)
    }

    /// Every zone once, in the order of the accounts.
    fn all(&self) -> Vec<Zone> {
        let mut seen = BTreeSet::new();
        let known = self.known();
        let zones = known.by_account.iter().flatten().flatten().map(|found| found.zone.clone());
        zones.filter(|zone| seen.insert(zone.id.clone())).collect()
    }

    /// Which account a zone belongs to.
    pub(crate) fn account_of(&self, zone: &ZoneId) -> Option<usize> {
        let has = |zones: &Option<Vec<Found>>| zones.iter().flatten().any(|found| found.zone.id == *zone);
        self.known().by_account.iter().position(has)
    }

    /// Where records of this name stand if private zones among these contain it: in each of those, and in the closest public one. `None`
    /// without such: then it is the closest zone.
    pub(crate) fn homes(&self, zones: &[Zone], name: &DnsName) -> Option<Vec<ZoneId>> {
        let private = self.known().private.clone();
        if private.is_empty() {
            return None;
        }
        let (inside, outside): (Vec<&Zone>, Vec<&Zone>) =
            zones.iter().filter(|zone| zone.contains(name)).partition(|zone| private.contains(&zone.id));
        if inside.is_empty() {
            return None;
        }
        let length = |zone: &&&Zone| zone.name.as_ref().map_or(0, |name| name.as_str().len());
        let closest = outside.iter().min_by(|a, b| length(b).cmp(&length(a)).then_with(|| a.id.cmp(&b.id)));
        let mut homes: Vec<ZoneId> = inside.iter().chain(closest).map(|zone| zone.id.clone()).collect();
        homes.sort();
        Some(homes)
    }

    /// Whether a record of this name goes to a zone, as far as the zones are known.
    pub(crate) fn is_home(&self, zone: &ZoneId, name: &DnsName) -> bool {
        let zones = self.all();
        match self.homes(&zones, name) {
            Some(homes) => homes.contains(zone),
            None => zonewright_provider_kit::zone_for(&zones, name).is_some_and(|home| home.id == *zone),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing here leaves it half-done.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn by_zone(sets: Vec<ResourceTagSet>) -> BTreeMap<String, Vec<Tag>> {
    let named = |set: ResourceTagSet| Some((set.resource_id?, set.tags.unwrap_or_default()));
    sets.into_iter().filter_map(named).collect()
}

/// `--aws-zone-tags`: `key`, or `key=value`.
#[derive(Debug, PartialEq, Eq)]
struct TagFilter(Vec<(String, Option<String>)>);

impl TagFilter {
    fn parse(texts: &[String]) -> Self {
        let parse = |text: &String| match text.split_once('=') {
            Some((key, value)) => (key.trim().to_owned(), Some(value.trim().to_owned())),
            None => (text.trim().to_owned(), None),
        };
        Self(texts.iter().map(parse).filter(|(key, _)| !key.is_empty()).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn admits(&self, tags: &[Tag]) -> bool {
        self.0.iter().all(|(key, value)| {
            tags.iter().any(|tag| {
                tag.key() == Some(key) && value.as_deref().is_none_or(|value| tag.value() == Some(value))
            })
        })
    }
}

#[cfg(test)]
mod tests;
