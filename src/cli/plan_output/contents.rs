//! What a record holds before and after: its targets, then each of its settings.

use super::clean;
use zonewright_planner::{Change, Properties, Target, Ttl};

/// The targets of a record, or one of its settings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Empty for the targets.
    pub(super) key: String,
    /// What stands there; `None` where nothing does, or where the record is not there yet.
    pub(super) old: Option<Vec<String>>,
    /// What will stand there; `None` where nothing will.
    pub(super) new: Option<Vec<String>>,
}

impl Part {
    pub(super) fn is_changed(&self) -> bool {
        self.old != self.new
    }

    /// `192.0.2.1, 192.0.2.2` or `ttl=300`.
    pub(super) fn side(&self, side: Option<&Vec<String>>) -> String {
        let values = side.map_or("none".to_owned(), |values| values.join(", "));
        if self.key.is_empty() { values } else { format!("{}={values}", self.key) }
    }
}

/// The parts of a changed record, the targets first.
pub(super) fn parts(change: &Change) -> Vec<Part> {
    let (old, new) = match change {
        Change::Create { new, .. } => (None, Some(side(&new.targets, new.ttl, &new.properties))),
        Change::Delete { old, .. } => (Some(side(&old.targets, old.ttl, &old.properties)), None),
        Change::Update { old, new, .. } => {
            // No TTL asked for means that the present one stays, and targets are a set.
            let ttl = if new.ttl.configured().is_some() { new.ttl } else { old.ttl };
            let old_targets = if old.has_targets(&new.targets) { &new.targets } else { &old.targets };
            (
                Some(side(old_targets, old.ttl, &old.properties)),
                Some(side(&new.targets, ttl, &new.properties)),
            )
        }
    };
    // A record that comes or goes has no other side to compare with.
    let (is_create, is_delete) = (old.is_none(), new.is_none());
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let mut keys: Vec<&String> = new.iter().chain(&old).map(|(key, _)| key).collect();
    keys.sort_by_key(|key| (!key.is_empty(), *key != "ttl", *key));
    keys.dedup();
    let value = |side: &[(String, Vec<String>)], key: &str| {
        side.iter().find(|(name, _)| name == key).map(|(_, values)| values.clone())
    };
    keys.into_iter()
        .map(|key| {
            let (old, new) = (value(&old, key), value(&new, key));
            Part {
                key: key.clone(),
                old: if is_create { new.clone() } else { old.clone() },
                new: if is_delete { old } else { new },
            }
        })
        .collect()
}

fn side(targets: &[Target], ttl: Ttl, properties: &Properties) -> Vec<(String, Vec<String>)> {
    let targets = targets.iter().map(|target| clean(&target.to_string())).collect();
    let ttl = ttl.configured().map(|ttl| ("ttl".to_owned(), vec![ttl.to_string()]));
    let properties = properties.iter().map(|(name, value)| (clean(name), vec![clean(value)]));
    std::iter::once((String::new(), targets)).chain(ttl).chain(properties).collect()
}
