//! Who asks for one name: all sources looked through for it, outside of the loop. For `explain` and the page of a name.
//!
//! Looking through everything costs milliseconds at tens of thousands of objects; the index is not used, because it belongs to the
//! loop and changes under it.

use super::outcome::{Outcome, Problem};
use super::pipeline::{Desired, PipelineSettings, gather};
use super::store::CacheStatus;
use super::{Source, Which};
use std::collections::BTreeSet;
use std::sync::Arc;
use zonewright_planner::{DnsName, Endpoint, Hold, ObjectRef};

/// The sources and the stages behind them.
#[derive(Clone)]
pub struct Wishes {
    pub(super) sources: Vec<Arc<dyn Source>>,
    pub(super) settings: PipelineSettings,
}

/// An object that has something to do with a name.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The object.
    pub object: Arc<ObjectRef>,
    /// What it wishes at the name, before the stages that all wishes go through.
    pub endpoints: Vec<Endpoint>,
    /// Why it holds the name, or everything it ever owned.
    pub holds: Vec<Hold>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// Everything the sources say about a name.
#[derive(Debug, Default)]
pub struct Asked {
    /// The objects that ask for it, in the order of sources, namespaces and names; and those that failed, whose names nobody knows.
    pub objects: Vec<Asking>,
    /// What is left after the stages: filters on targets, default targets, PTR.
    pub desired: Desired,
}

/// The state of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStatus {
    /// The `--source` value.
    pub name: &'static str,
    /// Each resource that it reads, with the namespace if it reads only one, and how complete that is.
    pub caches: Vec<(String, CacheStatus)>,
}

impl Wishes {
    /// Puts sources and stages together.
    pub fn new(sources: Vec<Arc<dyn Source>>, settings: PipelineSettings) -> Self {
        Self { sources, settings }
    }

    /// What all objects say about a name.
    pub fn at(&self, name: &DnsName) -> Asked {
        let mut objects = Vec::new();
        // A PTR record is made of other names' addresses.
        let may_be_derived = self.settings.create_ptr.is_some() && name.as_str().ends_with(".arpa");
        let mut desired = gather(&self.sources, &self.settings, Vec::new(), |_, source, take| {
            source.visit(Which::All, &mut |mut outcome| {
                objects.extend(asking(&outcome, name));
                outcome.problems.retain(|_| false);
                outcome.endpoints.retain(|endpoint| may_be_derived || endpoint.name == *name);
                outcome.holds.retain(|hold| hold.name.as_ref().is_none_or(|held| held == name));
                take(outcome);
            });
        });
        desired.endpoints.retain(|endpoint| endpoint.name == *name);
        Asked { objects, desired }
    }

    /// Names that are asked for and that somebody who meant something else may have mistyped, with the objects, the likeliest first.
    pub fn similar_to(&self, name: &DnsName, most: usize) -> Vec<(DnsName, Arc<ObjectRef>)> {
        let mut found: BTreeSet<(usize, DnsName, Arc<ObjectRef>)> = BTreeSet::new();
        for source in &self.sources {
            source.visit(Which::All, &mut |outcome| {
                for other in names(&outcome).into_iter().filter(|other| *other != name) {
                    if let Some(distance) = distance(name, other) {
                        found.insert((distance, other.clone(), outcome.object.clone()));
                        if found.len() > most {
                            found.pop_last();
                        }
                    }
                }
            });
        }
        found.into_iter().map(|(_, name, object)| (name, object)).collect()
    }

    /// How complete each source is.
    pub fn status(&self) -> Vec<SourceStatus> {
        let of_source = |source: &Arc<dyn Source>| SourceStatus {
            name: source.name(),
            caches: source
                .caches()
                .iter()
                .map(|cache| {
                    let namespace = &cache.scope().namespace;
                    let place = if namespace.is_empty() { String::new() } else { format!(" in {namespace}") };
                    (format!("{}{place}", cache.kind().resource_name()), cache.status())
                })
                .collect(),
        };
        self.sources.iter().map(of_source).collect()
    }
}

fn names(outcome: &Outcome) -> BTreeSet<&DnsName> {
    let wished = outcome.endpoints.iter().map(|endpoint| &endpoint.name);
    wished.chain(outcome.holds.iter().filter_map(|hold| hold.name.as_ref())).collect()
}

fn asking(outcome: &Outcome, name: &DnsName) -> Option<Asking> {
    let endpoints: Vec<_> = outcome.endpoints.iter().filter(|e| e.name == *name).cloned().collect();
    let is_ours = |hold: &&Hold| hold.name.as_ref().is_none_or(|held| held == name);
    let holds: Vec<_> = outcome.holds.iter().filter(is_ours).cloned().collect();
    let asks = !endpoints.is_empty() || !holds.is_empty();
    // What is wrong may be the very name.
    let is_named = |problem: &Problem| problem.message.contains(name.as_str());
    (asks || outcome.problems.iter().any(is_named)).then(|| Asking {
        object: outcome.object.clone(),
        endpoints,
        holds,
        problems: outcome.problems.clone(),
    })
}

/// How far two names are from each other; `None` for too far to be a slip. A wildcard that covers the name is nearest of all.
fn distance(wanted: &DnsName, other: &DnsName) -> Option<usize> {
    if let Some(rest) = other.as_str().strip_prefix("*.")
        && wanted.as_str().split_once('.').is_some_and(|(_, parent)| parent == rest)
    {
        return Some(0);
    }
    // The same host in another domain is a frequent mistake, too.
    let host = |name: &DnsName| name.as_str().split('.').next().map(str::to_owned);
    let is_same_host = host(wanted) == host(other) && wanted.label_count() > 1;
    let most = (wanted.as_str().len() / 6).clamp(1, 3);
    let edits = edits(wanted.as_str(), other.as_str(), most);
    edits.or(is_same_host.then_some(most + 1))
}

/// The number of letters inserted, left out, replaced or swapped with their neighbours (the optimal string alignment distance), if
/// it is at most `most`.
fn edits(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=b.len()).collect());
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let mut least =
                (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swaps = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swaps {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        if row.iter().min().is_none_or(|least| *least > most) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("shop", "shop", Some(0))]
    #[case("shop", "sohp", Some(1))]
    #[case("shop", "shp", Some(1))]
    #[case("shop", "shoop", Some(1))]
    #[case("shop", "chip", Some(2))]
    #[case("shop", "mail", None)]
    fn letters_apart(#[case] a: &str, #[case] b: &str, #[case] expected: Option<usize>) {
        assert_eq!(edits(a, b, 2), expected);
        assert_eq!(edits(b, a, 2), expected);
    }

    #[rstest]
    #[case("shop.example.org", "*.example.org", Some(0))]
    #[case("a.shop.example.org", "*.example.org", None)]
    #[case("shop.example.org", "shpo.example.org", Some(1))]
    #[case("shop.example.org", "shop.example.net", Some(3))]
    #[case("shop.example.org", "shop.internal.example.com", Some(3))]
    #[case("shop.example.org", "mail.example.org", None)]
    fn names_apart(#[case] wanted: &str, #[case] other: &str, #[case] expected: Option<usize>) {
        let name = |text: &str| DnsName::parse(text).unwrap();
        assert_eq!(distance(&name(wanted), &name(other)), expected);
    }
}
