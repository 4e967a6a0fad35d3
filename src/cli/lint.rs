//! The command line of `lint`: files as operands, and nothing that has to be said about a cluster or a provider.

use super::argv::{Kind, variable};
use super::built;
use super::names::SourceName;
use std::collections::BTreeMap;

/// The words with `--manifests=` before each operand, and with what a daemon has to be told and a check need not be.
pub(super) fn completed(
    words: Vec<String>,
    kinds: &BTreeMap<String, Kind>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Vec<String> {
    let mut completed = Vec::new();
    let mut is_value = false;
    for word in words {
        let is_operand = !is_value && (word == "-" || !word.starts_with(['-', '@']));
        // The next word is the value of a flag that has one and does not hold it yet.
        let flag = word.strip_prefix("--").filter(|_| !is_value);
        is_value = flag.and_then(|flag| kinds.get(flag)).is_some_and(|kind| *kind != Kind::Switch);
        completed.push(if is_operand { format!("--manifests={word}") } else { word });
    }
    let is_given = |flag: &str| {
        let long = format!("--{flag}");
        let in_words = completed.iter().any(|word| {
            word.strip_prefix(&long).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        });
        in_words || env(&variable(flag)).is_some_and(|value| !value.is_empty())
    };
    let mut more = Vec::new();
    if !is_given("source") {
        let sources = SourceName::ALL.iter().filter(|name| built::reads_objects(**name));
        more.extend(sources.map(|name| format!("--source={name}")));
    }
    if !is_given("provider") {
        more.push("--provider=inmemory".to_owned());
    }
    if !is_given("manifests") {
        more.push("--manifests=-".to_owned());
    }
    completed.extend(more);
    completed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_manifests_and_values_of_flags_are_not() {
        let kinds = BTreeMap::from([
            ("namespace".to_owned(), Kind::Single),
            ("source".to_owned(), Kind::List),
            ("events".to_owned(), Kind::Switch),
        ]);
        let read = |words: &[&str], env: &dyn Fn(&str) -> Option<String>| {
            completed(words.iter().map(ToString::to_string).collect(), &kinds, env).join(" ")
        };
        let none = |_: &str| None;
        let words = ["a.yaml", "--namespace", "x", "--events", "b", "--source=crd", "-", "@flags"];
        let expected = "--manifests=a.yaml --namespace x --events --manifests=b --source=crd --manifests=- @flags \
                        --provider=inmemory";
        assert_eq!(read(&words, &none), expected);
        let source = |name: &str| (name == "EXTERNAL_DNS_SOURCE").then(|| "crd".to_owned());
        assert_eq!(read(&[], &source), "--provider=inmemory --manifests=-");
        let all = read(&[], &none);
        assert!(all.contains("--source=ingress") && !all.contains("--source=fake"), "{all}");
    }
}
