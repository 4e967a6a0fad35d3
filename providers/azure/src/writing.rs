//! Sending changes: one request for each record set, several at once, and in order what belongs together.
//!
//! There are no batches in Azure. What one change consists of is sent one after the other, and so are changes that have a name in
//! common: a CNAME goes before an address comes, everything else comes before something goes. Nothing is sent of a change that cannot
//! be expressed as a whole.

use crate::account::{Account, Call};
use crate::config::Service;
use crate::convert::to_body;
use crate::etags::{Etags, Key};
use crate::place::Place;
use crate::wire::RecordSet;
use futures::stream::{self, StreamExt};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use zonewright_planner::{Change, DnsName, Endpoint, RecordType, Ttl};
use zonewright_provider_http::Method;
use zonewright_provider_kit::{ErrorClass, Operation, ProviderError, Zone, ZoneChange};

/// How many requests are under way at once. Azure takes many more for a moment, and then none for a while.
const AT_ONCE: usize = 8;

/// One zone to be changed.
pub(crate) struct Writing<'a> {
    pub(crate) service: Service,
    pub(crate) account: &'a Account,
    pub(crate) etags: &'a Etags,
    pub(crate) zone: &'a Zone,
    pub(crate) place: Place,
}

/// What is sent about one record set.
#[derive(Debug, PartialEq)]
enum Step {
    Put { key: Key, body: Vec<u8>, is_new: bool },
    Delete { key: Key },
}

type Outcome = Result<(), ProviderError>;

impl Writing<'_> {
    /// Makes changes and tells what became of each.
    pub(crate) async fn apply(&self, changes: &[ZoneChange]) -> Vec<Outcome> {
        let outcomes: Mutex<Vec<Option<Outcome>>> = Mutex::new(vec![None; changes.len()]);
        let set = |i: usize, outcome: Outcome| {
            if let Some(place) = outcomes.lock().unwrap_or_else(PoisonError::into_inner).get_mut(i) {
                *place = Some(outcome);
            }
        };
        // What one request was told that is true for all: credentials, the rate, no answer.
        let stopped: Mutex<Option<ProviderError>> = Mutex::default();
        let groups = stream::iter(groups(changes)).map(|group| {
            let (set, stopped) = (&set, &stopped);
            async move {
                for (i, outcome) in self.group(changes, &group, stopped).await {
                    set(i, outcome);
                }
            }
        });
        groups.buffer_unordered(AT_ONCE).collect::<()>().await;
        let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Err(unanswered()))).collect()
    }

    /// Changes that belong together, one after the other.
    async fn group(
        &self,
        changes: &[ZoneChange],
        group: &[usize],
        stopped: &Mutex<Option<ProviderError>>,
    ) -> Vec<(usize, Outcome)> {
        let steps: Vec<(usize, Result<Vec<Step>, String>)> =
            group.iter().filter_map(|&i| Some((i, steps(self.service, changes.get(i)?)))).collect();
        let mut failed = steps.iter().find_map(|(_, steps)| steps.as_ref().err().cloned());
        let mut outcomes = Vec::with_capacity(group.len());
        for (i, steps) in steps {
            let name = || changes.get(i).map(|change| change.change.name().to_string()).unwrap_or_default();
            let outcome = match (steps, &failed) {
                (Err(why), _) => Err(invalid(&name(), &why)),
                (Ok(_), Some(why)) => {
                    Err(invalid(&name(), &format!("it waits for another change of its name: {why}")))
                }
                (Ok(steps), None) => self.steps(&steps, stopped).await,
            };
            if let (Err(error), None) = (&outcome, &failed) {
                failed = Some(error.to_string());
            }
            outcomes.push((i, outcome));
        }
        outcomes
    }

    async fn steps(&self, steps: &[Step], stopped: &Mutex<Option<ProviderError>>) -> Outcome {
        let stopped = || stopped.lock().unwrap_or_else(PoisonError::into_inner);
        for step in steps {
            if let Some(error) = &*stopped() {
                return Err(error.clone());
            }
            if let Err(error) = self.step(step).await {
                if concerns_all(&error) {
                    let message =
                        format!("zone {}: not sent, because another change failed: {error}", self.zone.id);
                    stopped().get_or_insert(ProviderError::new(error.class(), message));
                }
                return Err(error);
            }
        }
        Ok(())
    }

    async fn step(&self, step: &Step) -> Outcome {
        let operations = self.service.operations();
        let (key, operation, verb, method, body) = match step {
            Step::Put { key, body, is_new: true } => {
                (key, operations.put, "creating", Method::PUT, Some(body))
            }
            Step::Put { key, body, .. } => (key, operations.put, "updating", Method::PUT, Some(body)),
            Step::Delete { key } => (key, operations.delete, "deleting", Method::DELETE, None),
        };
        let (name, record_type) = key;
        let endpoint = self.account.settings().cloud.endpoint;
        let call = Call {
            operation,
            what: &format!("Azure: {verb} {name} {record_type}"),
            method,
            url: self.place.record_url(&endpoint, name, record_type),
            headers: self.condition(step, key).into_iter().collect(),
            body: body.cloned(),
        };
        match self.account.send(&call).await {
            Ok(answer) => {
                let is_put = matches!(step, Step::Put { .. });
                let written = is_put.then(|| answer.json::<RecordSet>().ok()).flatten();
                match is_put {
                    true => self.etags.written(
                        &self.zone.id,
                        key.clone(),
                        written.and_then(|set| set.etag).as_deref(),
                    ),
                    false => self.etags.forget(&self.zone.id, key),
                }
                Ok(())
            }
            Err(error) => {
                if error.class() == ErrorClass::Conflict || error.is_outcome_unknown() {
                    self.etags.forget(&self.zone.id, key);
                }
                Err(error)
            }
        }
    }

    /// What has to be so for the change to be made: that there is nothing yet, or that it is as it was read.
    fn condition(&self, step: &Step, key: &Key) -> Option<(&'static str, String)> {
        let known = || self.etags.get(&self.zone.id, key);
        match step {
            Step::Put { is_new: true, .. } => Some(("if-none-match", "*".to_owned())),
            // There, in whichever version.
            Step::Put { .. } => Some(("if-match", known().unwrap_or_else(|| "*".to_owned()))),
            Step::Delete { .. } => known().map(|etag| ("if-match", etag)),
        }
    }
}

/// Whether there is no use in sending anything else now.
fn concerns_all(error: &ProviderError) -> bool {
    matches!(error.class(), ErrorClass::Auth | ErrorClass::Throttled { .. } | ErrorClass::Unavailable)
}

fn invalid(name: &str, why: &str) -> ProviderError {
    ProviderError::new(ErrorClass::InvalidRecord, format!("{name} cannot be written: {why}"))
}

fn unanswered() -> ProviderError {
    ProviderError::new(ErrorClass::Unavailable, "it is not known what became of this change")
        .with_unknown_outcome()
}

/// Places of changes that have a name in common, in the order in which they are to be made.
fn groups(changes: &[ZoneChange]) -> Vec<Vec<usize>> {
    let mut by_name: HashMap<&DnsName, Vec<usize>> = HashMap::new();
    for (i, change) in changes.iter().enumerate() {
        names(change).for_each(|name| by_name.entry(name).or_default().push(i));
    }
    let mut is_placed = vec![false; changes.len()];
    let mut groups = Vec::new();
    for first in 0..changes.len() {
        let (mut group, mut waiting) = (Vec::new(), vec![first]);
        while let Some(i) = waiting.pop() {
            if !std::mem::replace(&mut is_placed[i], true) {
                group.push(i);
                // Who comes first to a name brings all others that have it.
                waiting.extend(names(&changes[i]).filter_map(|name| by_name.remove(name)).flatten());
            }
        }
        if !group.is_empty() {
            group.sort_unstable();
            in_order(changes, &mut group);
            groups.push(group);
        }
    }
    groups
}

fn names(change: &ZoneChange) -> impl Iterator<Item = &DnsName> {
    change.operations().into_iter().map(|operation| match operation {
        Operation::Create(new) | Operation::Update(_, new) => &new.name,
        Operation::Delete(old) => &old.name,
    })
}

/// A CNAME stands alone, so that what goes has to go first where one is involved. Elsewhere what comes comes first: no moment without an
/// answer.
fn in_order(changes: &[ZoneChange], group: &mut [usize]) {
    let change = |i: &usize| changes.get(*i).map(|change| &change.change);
    let is_cname = |i: &usize| change(i).is_some_and(|change| *change.record_type() == RecordType::Cname);
    let deletes_first = group.iter().any(is_cname);
    group.sort_by_key(|i| matches!(change(i), Some(Change::Delete { .. })) != deletes_first);
}

/// What is to be sent for a change, in order.
fn steps(service: Service, change: &ZoneChange) -> Result<Vec<Step>, String> {
    let put = |new: &Endpoint, ttl: Ttl, is_new: bool| {
        check_asterisk(&new.name)?;
        let body = to_body(service, new, ttl)?.to_string().into_bytes();
        Ok::<_, String>(Step::Put { key: (new.name.clone(), new.record_type.clone()), body, is_new })
    };
    let mut steps = Vec::new();
    for operation in change.operations() {
        match operation {
            Operation::Create(new) => steps.push(put(new, Ttl::UNSET, true)?),
            Operation::Update(old, new) if (&old.name, &old.record_type) != (&new.name, &new.record_type) => {
                steps.push(Step::Delete { key: (old.name.clone(), old.record_type.clone()) });
                steps.push(put(new, old.ttl, true)?);
            }
            Operation::Update(old, new) => steps.push(put(new, old.ttl, false)?),
            Operation::Delete(old) => {
                steps.push(Step::Delete { key: (old.name.clone(), old.record_type.clone()) })
            }
        }
    }
    Ok(steps)
}

/// "A wildcard ('*' character) is permitted either as the single character in the name, or as the first label in the name." Ownership
/// records of wildcards are called otherwise unless that is replaced.
fn check_asterisk(name: &DnsName) -> Result<(), String> {
    let below = name.as_str().strip_prefix("*.").unwrap_or(name.as_str());
    match below.contains('*') {
        true => Err(format!(
            "Azure takes an asterisk for a whole first label only, and not in {name}; --txt-wildcard-replacement=any gives ownership \
             records of wildcards another name"
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
