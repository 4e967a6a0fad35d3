//! Looks at the zone after every write, before anybody else can, and notes what must never be.
//!
//! The harness tells beforehand what it is about to do to an object; so a name counts as wanted from before its object asks for
//! it until just before the object stops asking. A name that was given up is asked for again only once its record is gone:
//! within one such time no delay, however long, excuses a missing record.

use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use zonewright_testing::{Effect, WebhookStandIn, Witness};

#[derive(Clone, Default)]
pub struct Judge(Arc<Mutex<Case>>);

#[derive(Default)]
struct Case {
    wanted: HashMap<String, Wanted>,
    /// Every name that was ever wanted.
    asked_for: HashSet<String>,
    foreign: Vec<Value>,
    violations: Vec<String>,
    writes: usize,
    looks: usize,
}

#[derive(Default)]
struct Wanted {
    targets: HashSet<String>,
    is_published: bool,
}

impl Judge {
    /// Watches over a provider, whose records so far are somebody else's and must stay as they are.
    pub fn watch(provider: &WebhookStandIn) -> Self {
        let judge = Self::default();
        judge.case().foreign = provider.records();
        provider.set_witness(judge.witness());
        judge
    }

    fn witness(&self) -> Witness {
        let judge = self.clone();
        Box::new(move |effect| judge.case().look(effect))
    }

    fn case(&self) -> MutexGuard<'_, Case> {
        self.0.lock().unwrap()
    }

    /// An object is about to ask for this name with this target; what it had before is right as well.
    pub fn wants(&self, name: &str, target: &str) {
        let mut case = self.case();
        case.asked_for.insert(name.to_owned());
        case.wanted.entry(name.to_owned()).or_default().targets.insert(target.to_owned());
    }

    /// The object is about to go, or to ask for another name.
    pub fn gives_up(&self, name: &str) {
        self.case().wanted.remove(name);
    }

    pub fn blame(&self, violation: String) {
        self.case().violations.push(violation);
    }

    /// Writes seen, and single records looked at.
    pub fn counts(&self) -> (usize, usize) {
        let case = self.case();
        (case.writes, case.looks)
    }

    pub fn violations(&self) -> Vec<String> {
        self.case().violations.clone()
    }

    #[track_caller]
    pub fn acquits(&self, what: &str) {
        let violations = self.violations();
        assert!(violations.is_empty(), "{what}:\n{}", violations.join("\n"));
    }
}

impl Case {
    fn look(&mut self, effect: &Effect<'_>) {
        self.writes += 1;
        self.looks += effect.after.len();
        let mut found = Vec::new();
        let mut by_name: HashMap<&str, Vec<&Value>> = HashMap::new();
        effect
            .after
            .iter()
            .for_each(|record| by_name.entry(text(record, "dnsName")).or_default().push(record));
        self.look_at_wanted(&by_name, &mut found);
        self.look_at_foreign(effect.after, &mut found);
        self.look_at_ours(effect.after, &by_name, &mut found);
        let write = format!("write {} through door {}: {}", self.writes, effect.door, effect.changes);
        self.violations.extend(found.into_iter().map(|what| format!("{what} after {write}")));
    }

    fn look_at_wanted(&mut self, by_name: &HashMap<&str, Vec<&Value>>, found: &mut Vec<String>) {
        for (name, wanted) in &mut self.wanted {
            let records = by_name.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
            let mut answers = records.iter().filter(|record| is_answer(record)).peekable();
            if answers.peek().is_some() {
                wanted.is_published = true;
            } else if wanted.is_published {
                found.push(format!("{name} is wanted and absent"));
            }
            for target in answers.flat_map(|record| record["targets"].as_array().into_iter().flatten()) {
                if !wanted.targets.contains(target.as_str().unwrap_or_default()) {
                    found.push(format!("{name} points to {target}, which its object never had"));
                }
            }
        }
    }

    fn look_at_foreign(&self, after: &[Value], found: &mut Vec<String>) {
        for record in &self.foreign {
            if after.iter().filter(|other| *other == record).count() != 1 {
                found.push(format!("a foreign record was touched: {record}"));
            }
        }
    }

    /// What is not foreign is ours: it has a reason, is there once, and has its ownership record.
    fn look_at_ours(&self, after: &[Value], by_name: &HashMap<&str, Vec<&Value>>, found: &mut Vec<String>) {
        let mut seen = HashSet::new();
        for record in after.iter().filter(|record| !self.foreign.contains(record)) {
            let (name, kind) = (text(record, "dnsName"), text(record, "recordType"));
            if !seen.insert((name, kind)) {
                found.push(format!("{name} {kind} was created twice"));
            }
            let asked =
                if is_answer(record) { name } else { name.split_once('-').map_or(name, |(_, rest)| rest) };
            if !self.asked_for.contains(asked) {
                found.push(format!("nobody asked for {name} {kind}"));
            }
            let row = format!("{}-{name}", kind.to_lowercase());
            if is_answer(record) && !by_name.contains_key(row.as_str()) {
                found.push(format!("{name} {kind} has no ownership record"));
            }
        }
    }
}

fn is_answer(record: &Value) -> bool {
    text(record, "recordType") != "TXT"
}

fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record[field].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::objects::owned_a;
    use serde_json::json;

    fn after(judge: &Judge, before: Vec<Value>, after: Vec<Value>) -> Vec<String> {
        let changes = json!({});
        judge.witness()(&Effect { door: 0, changes: &changes, before: &before, after: &after });
        std::mem::take(&mut judge.case().violations)
    }

    /// A judge that finds nothing proves nothing.
    #[test]
    fn the_judge_sees_what_must_not_be() {
        let web = |address| owned_a("web.example.org", address, "me", "service/x/web");
        let foreign = json!({"dnsName": "old.example.org", "recordType": "A", "targets": ["192.0.2.99"]});
        let with_foreign = |ours: Vec<Value>| [vec![foreign.clone()], ours].concat();
        let judge = Judge::default();
        judge.case().foreign = vec![foreign.clone()];
        let finds = |records: Vec<Value>, expected: &str| {
            let found = after(&judge, Vec::new(), records);
            assert!(found.len() == 1 && found[0].starts_with(expected), "{expected}: {found:?}");
        };
        judge.wants("web.example.org", "192.0.2.1");
        assert!(after(&judge, Vec::new(), with_foreign(Vec::new())).is_empty(), "not there yet");
        assert!(after(&judge, Vec::new(), with_foreign(web("192.0.2.1"))).is_empty());
        finds(with_foreign(Vec::new()), "web.example.org is wanted and absent");
        finds(with_foreign(web("192.0.2.2")), "web.example.org points to \"192.0.2.2\"");
        finds(web("192.0.2.1"), "a foreign record was touched");
        finds(with_foreign(web("192.0.2.1")[..1].to_vec()), "web.example.org A has no ownership record");
        let stray = owned_a("stray.example.org", "192.0.2.1", "me", "service/x/stray");
        let found = after(&judge, Vec::new(), with_foreign([web("192.0.2.1"), stray].concat()));
        assert_eq!(found.iter().filter(|what| what.starts_with("nobody asked for")).count(), 2, "{found:?}");
        let twice = [web("192.0.2.1"), web("192.0.2.1")[..1].to_vec()].concat();
        finds(with_foreign(twice), "web.example.org A was created twice");
        judge.gives_up("web.example.org");
        assert!(after(&judge, Vec::new(), with_foreign(Vec::new())).is_empty(), "given up");
    }
}
